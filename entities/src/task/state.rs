//! The one state table of tasks (spec R3.02, R3.03). The diagram and the table of the docs are printed from it. Floor 0.

use crate::{closed_word, stored_as_text};

closed_word! {
    /// Where a task stands.
    pub enum TaskStatus {
        /// Made, held by nobody.
        Pending = "PENDING",
        /// Handed to somebody who has not begun.
        Assigned = "ASSIGNED",
        /// Being done.
        InProgress = "IN_PROGRESS",
        /// Handed in, waiting for a reviewer.
        ReviewRequested = "REVIEW_REQUESTED",
        /// The reviewer agreed.
        Approved = "APPROVED",
        /// The reviewer did not agree.
        Rejected = "REJECTED",
        /// Done; terminal.
        Completed = "COMPLETED",
        /// The attempt failed.
        Failed = "FAILED",
        /// Given up; terminal.
        Cancelled = "CANCELLED",
    }
}
stored_as_text!(TaskStatus);

closed_word! {
    /// What can happen to a task.
    pub enum TaskEvent {
        /// It is handed to somebody.
        Assign = "ASSIGN",
        /// Its assignee begins.
        Start = "START",
        /// Its assignee hands in and asks for review.
        RequestReview = "REQUEST_REVIEW",
        /// A reviewer agrees.
        Approve = "APPROVE",
        /// A reviewer disagrees.
        Reject = "REJECT",
        /// It is done.
        Complete = "COMPLETE",
        /// The attempt fails.
        Fail = "FAIL",
        /// It is handed out again after a failure.
        Retry = "RETRY",
        /// It is given up.
        Cancel = "CANCEL",
    }
}

impl TaskStatus {
    /// Where an event leads from here, or nothing where the event is not legal.
    pub const fn after(self, event: TaskEvent) -> Option<Self> {
        use TaskEvent as E;
        match (self, event) {
            (Self::Pending | Self::Assigned | Self::Rejected, E::Assign) => Some(Self::Assigned),
            (Self::Assigned, E::Start) => Some(Self::InProgress),
            (Self::InProgress, E::RequestReview) => Some(Self::ReviewRequested),
            (Self::ReviewRequested, E::Approve) => Some(Self::Approved),
            (Self::ReviewRequested, E::Reject) => Some(Self::Rejected),
            (Self::InProgress | Self::Approved, E::Complete) => Some(Self::Completed),
            (Self::InProgress, E::Fail) => Some(Self::Failed),
            (Self::Failed, E::Retry) => Some(Self::Assigned),
            (
                Self::Pending | Self::Assigned | Self::InProgress | Self::ReviewRequested,
                E::Cancel,
            ) => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// The statuses that can follow, each once, in the order of the vocabulary.
    pub fn allowed(self) -> Vec<Self> {
        let mut next: Vec<_> = TaskEvent::ALL
            .iter()
            .filter_map(|event| self.after(*event))
            .collect();
        next.sort_unstable();
        next.dedup();
        next
    }

    /// Whether nothing can follow (spec R3.03).
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }

    /// Whether the task is still to be worked on or decided: neither terminal nor failed.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Completed | Self::Cancelled | Self::Failed)
    }
}

/// The state table as Markdown: a row for each status, a column for each event. ARCHITECTURE.md and the README carry it.
pub fn table() -> String {
    use std::fmt::Write;
    let mut text = String::from("| from |");
    for event in TaskEvent::ALL {
        let _ = write!(text, " {event} |");
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(TaskEvent::ALL.len()));
    text.push('\n');
    for status in TaskStatus::ALL {
        let _ = write!(text, "| {status} |");
        for event in TaskEvent::ALL {
            let _ = write!(
                text,
                " {} |",
                status.after(*event).map_or("", TaskStatus::as_str)
            );
        }
        text.push('\n');
    }
    text
}

/// The state table as a Mermaid diagram.
pub fn diagram() -> String {
    use std::fmt::Write;
    let mut text = String::from("stateDiagram-v2\n    [*] --> PENDING\n");
    for status in TaskStatus::ALL {
        for event in TaskEvent::ALL {
            if let Some(next) = status.after(*event) {
                let _ = writeln!(text, "    {status} --> {next}: {event}");
            }
        }
        if status.is_terminal() {
            let _ = writeln!(text, "    {status} --> [*]");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_table_is_as_reviewed() {
        insta::assert_snapshot!("state_table", table());
        insta::assert_snapshot!("state_diagram", diagram());
    }

    #[test]
    fn nothing_follows_a_terminal_status_and_something_follows_every_other() {
        for status in TaskStatus::ALL {
            assert_eq!(
                status.allowed().is_empty(),
                status.is_terminal(),
                "{status}"
            );
        }
    }

    #[test]
    fn every_status_can_be_reached_from_pending() {
        let mut reached = vec![TaskStatus::Pending];
        let mut next = 0;
        while next < reached.len() {
            for status in reached[next].allowed() {
                if !reached.contains(&status) {
                    reached.push(status);
                }
            }
            next += 1;
        }
        assert_eq!(reached.len(), TaskStatus::ALL.len());
    }
}
