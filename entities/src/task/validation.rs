//! The words of validation (spec R3.14, R3.15). Floor 0.

use super::TaskEvent;
use crate::{closed_word, stored_as_text};

closed_word! {
    /// What became of the checks of a task's last hand-in.
    pub enum ValidationStatus {
        /// Nothing was handed in yet, or its type names no validators.
        None = "NONE",
        /// The hand-in is held until every check has ended.
        Running = "RUNNING",
        /// Every check was content.
        Passed = "PASSED",
        /// One said no, failed for good or was cancelled.
        Failed = "FAILED",
    }
}
stored_as_text!(ValidationStatus);

impl ValidationStatus {
    /// As the log keeps it: absent while there is nothing to say.
    pub(super) fn recorded(self) -> serde_json::Value {
        match self {
            Self::None => serde_json::Value::Null,
            said => serde_json::json!(said),
        }
    }
}

closed_word! {
    /// By which verb a hand-in is held that its checks have not let through yet.
    pub enum Held {
        /// requestReview.
        RequestReview = "REQUEST_REVIEW",
        /// completeTask.
        Complete = "COMPLETE",
    }
}
stored_as_text!(Held);

impl Held {
    /// The step that is taken once every check is content.
    pub const fn event(self) -> TaskEvent {
        match self {
            Self::RequestReview => TaskEvent::RequestReview,
            Self::Complete => TaskEvent::Complete,
        }
    }
}
