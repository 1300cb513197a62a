//! The rule of notifications, row by row of its table.

use entities::agent::AgentState;
use entities::audit::AuditAction as Action;
use entities::notification::NotificationKind as Kind;
use entities::task::{DEADLINE, LEASE_EXPIRED, TaskStatus as Status};
use uuid::Uuid;

use super::*;

const MAKER: &str = "L1-ART-001";
const HOLDER: &str = "L2-CHAR-001";

fn id(text: &str) -> AgentId {
    text.parse().unwrap()
}

fn parent() -> TaskId {
    TaskId::new(Uuid::from_u128(1))
}

/// A task of the maker's in the holder's hands.
fn task(status: Status) -> task::Model {
    use entities::json::JsonText;
    task::Model {
        id: TaskId::new(Uuid::from_u128(2)),
        type_name: "DRAW".to_owned(),
        type_version: 1,
        status,
        priority: task::TaskPriority::Medium,
        creator_id: id(MAKER),
        assignee_id: Some(id(HOLDER)),
        reviewer_id: None,
        parent_id: Some(parent()),
        depth: 1,
        metadata: JsonText::empty_object(),
        input: JsonText::empty_object(),
        output: None,
        output_sha256: None,
        error: None,
        review_feedback: None,
        rejection_count: 0,
        attempt: 1,
        failure_count: 0,
        max_attempts: 3,
        lease_expires_at: None,
        progress: 0,
        progress_message: None,
        created_at: chrono::DateTime::UNIX_EPOCH,
        assigned_at: None,
        started_at: None,
        review_requested_at: None,
        reviewed_at: None,
        completed_at: None,
        deadline: None,
        duration_ms: None,
        revision: 0,
        claimable_at: (status == Status::Failed).then_some(chrono::DateTime::UNIX_EPOCH),
        validation: task::ValidationStatus::None,
        held: None,
        check_of_attempt: None,
        personal: None,
        sprint_id: None,
        phase: None,
        wave: None,
        accepted: false,
    }
}

/// A change and who made it.
struct Case {
    action: Action,
    by: &'static str,
    from: Status,
    after: task::Model,
}

impl Case {
    fn of(action: Action, from: Status, to: Status) -> Self {
        Self {
            action,
            by: "L1-ENG-001",
            from,
            after: task(to),
        }
    }

    fn by(self, by: &'static str) -> Self {
        Self { by, ..self }
    }

    fn with(mut self, change: impl FnOnce(&mut task::Model)) -> Self {
        change(&mut self.after);
        self
    }

    fn error(self, error: &str) -> Self {
        self.with(|task| task.error = Some(error.to_owned()))
    }

    fn told(&self) -> Vec<(Kind, To)> {
        let (by, before) = (id(self.by), task(self.from));
        told(&Change {
            action: self.action,
            actor: Some(&by),
            before: &before,
            after: &self.after,
        })
    }

    fn message(&self, kind: Kind) -> String {
        let (by, before) = (id(self.by), task(self.from));
        message::of_task(
            kind,
            &Change {
                action: self.action,
                actor: Some(&by),
                before: &before,
                after: &self.after,
            },
        )
    }
}

#[test]
fn each_change_tells_whom_the_table_names() {
    let maker = || To::Agent(id(MAKER));
    let holder = || To::Agent(id(HOLDER));
    let above = || To::HolderOf(parent());
    let (pending, assigned, begun) = (Status::Pending, Status::Assigned, Status::InProgress);
    let (asked, failed) = (Status::ReviewRequested, Status::Failed);
    let control_center = "SYSTEM-000";
    let assigned_kind = || vec![(Kind::TaskAssigned, holder())];
    let fail = || Case::of(Action::TaskFailed, begun, failed).error("no ink");
    let for_good = || vec![(Kind::TaskFailed, maker()), (Kind::TaskFailed, above())];
    let judged = |kind| vec![(kind, holder()), (kind, maker())];
    let completed = || {
        vec![
            (Kind::TaskCompleted, maker()),
            (Kind::TaskCompleted, above()),
        ]
    };
    // Attempts spent, not retryable, past the deadline: nobody may claim it any more.
    let spent = |task: &mut task::Model| task.claimable_at = None;
    let cases = [
        // Handed over by somebody else, by every way of handing over.
        (
            Case::of(Action::TaskDelegated, pending, assigned),
            assigned_kind(),
        ),
        (
            Case::of(Action::TaskAssigned, assigned, assigned),
            assigned_kind(),
        ),
        (
            Case::of(Action::TaskRetried, failed, assigned),
            assigned_kind(),
        ),
        // To oneself, by oneself; made for nobody; begun.
        (
            Case::of(Action::TaskAssigned, pending, assigned).by(HOLDER),
            vec![],
        ),
        (
            Case::of(Action::TaskRetried, failed, assigned).by(HOLDER),
            vec![],
        ),
        (Case::of(Action::TaskClaimed, pending, begun), vec![]),
        (Case::of(Action::TaskStarted, assigned, begun), vec![]),
        (Case::of(Action::TaskCreated, pending, pending), vec![]),
        (Case::of(Action::TaskProgressReported, begun, begun), vec![]),
        (
            Case::of(Action::TaskValidationStarted, begun, begun),
            vec![],
        ),
        (Case::of(Action::TaskAnswerRefused, begun, begun), vec![]),
        // Reviews, also where the control center asks after a hold.
        (
            Case::of(Action::TaskReviewRequested, begun, asked).by(HOLDER),
            vec![(Kind::ReviewRequested, To::ReviewersFor(id(HOLDER)))],
        ),
        (
            Case::of(Action::TaskReviewRequested, begun, asked).by(control_center),
            vec![(Kind::ReviewRequested, To::ReviewersFor(id(HOLDER)))],
        ),
        (
            Case::of(Action::TaskApproved, asked, Status::Approved),
            judged(Kind::TaskApproved),
        ),
        (
            Case::of(Action::TaskRejected, asked, Status::Rejected),
            judged(Kind::TaskRejected),
        ),
        // Handed back by the rejection: that says it all.
        (
            Case::of(Action::TaskRejected, asked, assigned),
            judged(Kind::TaskRejected),
        ),
        (
            Case::of(Action::TaskCompleted, begun, Status::Completed).by(HOLDER),
            completed(),
        ),
        (
            Case::of(Action::TaskCompleted, Status::Approved, Status::Completed).by(control_center),
            completed(),
        ),
        // Without a parent nobody stands above.
        (
            Case::of(Action::TaskCompleted, begun, Status::Completed)
                .with(|task| task.parent_id = None),
            vec![(Kind::TaskCompleted, maker())],
        ),
        // A failure tells when it is for good.
        (fail(), vec![]),
        (fail().with(spent), for_good()),
        (fail().error(DEADLINE).with(spent), for_good()),
        (
            fail().error(LEASE_EXPIRED).by(control_center),
            vec![(Kind::LeaseLost, holder())],
        ),
        (
            fail().error(LEASE_EXPIRED).with(spent).by(control_center),
            [for_good(), vec![(Kind::LeaseLost, holder())]].concat(),
        ),
        (
            Case::of(Action::TaskCancelled, begun, Status::Cancelled),
            vec![(Kind::TaskCancelled, holder())],
        ),
        (
            Case::of(Action::TaskCancelled, pending, Status::Cancelled)
                .with(|task| task.assignee_id = None),
            vec![],
        ),
        (
            Case::of(Action::TaskValidationFinished, begun, begun).by(control_center),
            vec![(Kind::ValidationFinished, holder())],
        ),
    ];
    let mut kinds = HashSet::new();
    for (case, expected) in cases {
        let told = case.told();
        kinds.extend(told.iter().map(|(kind, _)| *kind));
        assert_eq!(
            told, expected,
            "{} {} → {}",
            case.action, case.from, case.after.status
        );
    }
    // Of reviewed assets the store is told by whoever reviews them.
    kinds.insert(Kind::AssetReviewed);
    assert_eq!(kinds.len(), Kind::ALL.len(), "every kind has a case");
}

fn standing(plate: &str, supervisor: Option<&str>) -> Standing {
    let tier: AgentTier = plate.split('-').next().unwrap().parse().unwrap();
    Standing {
        id: id(plate),
        tier,
        supervisor_id: supervisor.map(id),
        state: AgentState::Operational,
        permissions: tier.ceiling(),
    }
}

#[test]
fn the_director_of_the_line_reviews_if_it_may_else_every_other_that_may() {
    let fleet = |change: &dyn Fn(&mut Standing)| {
        let mut fleet = vec![
            standing("L1-ART-001", None),
            standing("L1-AUD-001", None),
            standing("L1-ENG-001", None),
            standing("L2-CHAR-001", Some("L1-ART-001")),
            standing("L3-POSE-001", Some("L2-CHAR-001")),
            standing("SYSTEM-001", None),
        ];
        fleet.iter_mut().for_each(change);
        fleet
    };
    let asked = |of: &str, fleet: &[Standing]| -> Vec<String> {
        let found = reviewers(&id(of), fleet);
        found.into_iter().map(AgentId::to_string).collect()
    };
    let others = ["L1-AUD-001", "L1-ENG-001"];
    let usual = fleet(&|_| ());
    assert_eq!(asked("L2-CHAR-001", &usual), ["L1-ART-001"]);
    assert_eq!(asked("L3-POSE-001", &usual), ["L1-ART-001"]);
    // Its own director it cannot be, and an operator has none.
    assert_eq!(asked("L1-ART-001", &usual), others);
    assert_eq!(asked("SYSTEM-001", &usual).len(), 3);
    let art = |agent: &mut Standing, change: fn(&mut Standing)| {
        if agent.id.as_str() == "L1-ART-001" {
            change(agent);
        }
    };
    let broken = fleet(&|agent| art(agent, |agent| agent.state = AgentState::Error));
    assert_eq!(asked("L2-CHAR-001", &broken), others);
    let stripped = fleet(&|agent| art(agent, |agent| agent.permissions = AgentTier::L2.ceiling()));
    assert_eq!(asked("L2-CHAR-001", &stripped), others);
    let nobody = fleet(&|agent| agent.state = AgentState::Inactive);
    assert!(asked("L2-CHAR-001", &nobody).is_empty());
}

#[test]
fn a_message_is_a_sentence_with_what_was_said_cut_where_it_is_long() {
    let what = "the DRAW task task_00000000000000000000000002";
    let begun = Status::InProgress;
    let rejected = Case::of(
        Action::TaskRejected,
        Status::ReviewRequested,
        Status::Assigned,
    )
    .with(|task| task.review_feedback = Some("more fox".to_owned()));
    assert_eq!(
        rejected.message(Kind::TaskRejected),
        format!("L1-ENG-001 rejected {what}: more fox")
    );
    let approved = Case::of(
        Action::TaskApproved,
        Status::ReviewRequested,
        Status::Approved,
    );
    assert_eq!(
        approved.message(Kind::TaskApproved),
        format!("L1-ENG-001 approved {what}.")
    );
    let failed = Case::of(Action::TaskFailed, begun, Status::Failed).error(DEADLINE);
    assert_eq!(
        failed.message(Kind::TaskFailed),
        format!("L2-CHAR-001 failed for good at {what}: DEADLINE")
    );
    let asked = Case::of(Action::TaskReviewRequested, begun, Status::ReviewRequested);
    assert_eq!(
        asked.by("SYSTEM-000").message(Kind::ReviewRequested),
        format!("L2-CHAR-001 asks for a review of {what}.")
    );
    let cancelled = Case::of(Action::TaskCancelled, begun, Status::Cancelled);
    let cancelled = cancelled.by("SYSTEM-000").error(&"ü".repeat(501));
    assert_eq!(
        cancelled.message(Kind::TaskCancelled),
        format!("The control center cancelled {what}: {}…", "ü".repeat(500))
    );
}
