//! Who may call what: every operation as everybody, got by really executing it. The table is reviewed like code.
//!
//! Each cell has objects of its own, made so that a call which is allowed succeeds: what is refused here is refused for who
//! calls, not for what they call about.

use std::fmt::Write as _;
use std::time::Duration;

use entities::agent::AgentTier;
use futures::StreamExt;
use serde_json::json;
use ziggie::auth::actor::Caller;
use ziggie::auth::policy::{self, Operation, Place, Requirement};
use ziggie::service::task;

mod call;
mod leak;

use super::{Front, codes, drawing, request};
use crate::world::plain;

/// Who calls: nobody, or an agent of a tier.
const COLUMNS: [Option<AgentTier>; 5] = [
    None,
    Some(AgentTier::L3),
    Some(AgentTier::L2),
    Some(AgentTier::L1),
    Some(AgentTier::System),
];

/// Somebody who calls.
#[derive(Clone)]
struct Member {
    tier: Option<AgentTier>,
    caller: Caller,
    /// Its id; for a stranger that of an operator.
    id: String,
}

impl Member {
    async fn new(front: &Front, tier: Option<AgentTier>, number: usize) -> Self {
        let rank = tier.unwrap_or(AgentTier::System);
        let id = format!("{rank}-CELL-{number}");
        let supervisor = match rank {
            AgentTier::L3 => Some("L2-CHAR-001"),
            AgentTier::L2 => Some("L1-ART-001"),
            AgentTier::L1 | AgentTier::System => None,
        };
        let agent = front.world.agent(&id, rank, supervisor).await;
        let caller = match tier {
            Some(_) => agent,
            None => front.world.stranger(),
        };
        Self { tier, caller, id }
    }

    /// Another one where the call ends the caller's own session.
    async fn spared(&self, front: &Front, operation: Operation, number: usize) -> Self {
        match operation {
            Operation::RotateSession | Operation::ReportAgentError => {
                Self::new(front, self.tier, number).await
            }
            _ => self.clone(),
        }
    }
}

/// One cell: a caller and what it calls about.
struct Cell<'a> {
    front: &'a Front,
    tier: Option<AgentTier>,
    caller: Caller,
    id: String,
    /// Tells the objects of this cell from all others.
    number: usize,
}

impl Cell<'_> {
    /// An agent of no importance, and its secret.
    async fn victim(&self) -> (String, String) {
        let id = format!("L3-VICTIM-{}", self.number);
        let line = plain(&id, AgentTier::L3, Some("L2-CHAR-001"));
        let secret = self.front.world.register(line).await;
        (id, secret)
    }

    /// Who makes the objects of this cell: the caller itself, or an operator in a stranger's place.
    fn maker(&self) -> &Caller {
        match self.tier {
            Some(_) => &self.caller,
            None => &self.front.world.operator,
        }
    }

    /// A task that the maker made for itself and is doing.
    async fn own_task(&self) -> String {
        let made = task::execute(&self.front.world.service, self.maker(), drawing()).await;
        made.unwrap().id.to_string()
    }

    /// A task that nobody holds yet, by the maker if its tier makes tasks.
    async fn pending_task(&self) -> String {
        let maker = match self.tier {
            Some(AgentTier::L3) => &self.front.world.operator,
            _ => self.maker(),
        };
        let made = task::create(&self.front.world.service, maker, drawing()).await;
        made.unwrap().id.to_string()
    }

    /// A task that the caller holds and has not started; an operator takes its own.
    async fn given_task(&self) -> String {
        let service = &self.front.world.service;
        let giver = match self.tier {
            Some(AgentTier::System) => &self.caller,
            _ => &self.front.world.operator,
        };
        let holder = match self.tier {
            Some(_) => self.id.as_str(),
            None => "L1-ART-001",
        };
        let made = task::create(service, giver, drawing()).await.unwrap();
        let id = made.id.to_string();
        task::assign(service, giver, &id, holder, None)
            .await
            .unwrap();
        id
    }

    /// A task that waits for a review, made and held by a specialist.
    async fn reviewed_task(&self) -> String {
        let (service, specialist) = (&self.front.world.service, &self.front.specialist);
        let made = task::execute(service, specialist, drawing()).await.unwrap();
        let id = made.id.to_string();
        task::request_review(service, specialist, &id, None, json!({}))
            .await
            .unwrap();
        id
    }

    /// Somebody has told the caller of something.
    async fn told_of(&self) {
        let id = self.own_task().await;
        let output = Some(json!({}));
        task::complete(&self.front.world.service, self.maker(), &id, None, output)
            .await
            .unwrap();
    }

    /// To whom the caller hands work: one of a lower tier.
    fn lower(&self) -> &'static str {
        match self.tier {
            None | Some(AgentTier::System) => "L1-ART-001",
            Some(AgentTier::L1) => "L2-CHAR-001",
            Some(AgentTier::L2 | AgentTier::L3) => "L3-CHAR-POSE-001",
        }
    }

    /// What came of it: `ok`, or the code of the first error.
    async fn outcome(&self, operation: Operation) -> String {
        let (text, variables) = self.call(operation).await;
        let answer = match operation.place() {
            Place::Subscription => {
                let request = request(text, variables);
                let mut answers = self.front.schema.stream(self.caller.clone(), request);
                let first = tokio::time::timeout(Duration::from_secs(10), answers.next()).await;
                serde_json::to_value(first.unwrap().unwrap()).unwrap()
            }
            _ => self.front.ask(&self.caller, text, variables).await,
        };
        codes(&answer).first().unwrap_or(&"ok").to_string()
    }
}

fn required(requirement: Requirement) -> String {
    match requirement {
        Requirement::Public => "-".to_owned(),
        Requirement::Authenticated => "a session".to_owned(),
        Requirement::Tier(tier) => format!("{tier} or higher"),
        Requirement::Permission(permission) => permission.to_string(),
    }
}

/// What the static policy says of it.
fn expected(operation: Operation, caller: &Caller) -> &'static str {
    match policy::allow(operation, caller) {
        Ok(()) => "ok",
        Err(error) => error.code().as_str(),
    }
}

#[tokio::test]
async fn every_operation_answers_each_kind_of_caller_as_reviewed() {
    let front = Front::open().await;
    let mut table = row(&[
        "operation",
        "requires",
        "anonymous",
        "L3",
        "L2",
        "L1",
        "SYSTEM",
    ]);
    let mut members = Vec::new();
    for (number, tier) in COLUMNS.into_iter().enumerate() {
        members.push(Member::new(&front, tier, number).await);
    }
    for (index, operation) in Operation::ALL.iter().copied().enumerate() {
        let mut cells = vec![
            operation.name().to_owned(),
            required(operation.requirement()),
        ];
        for (column, member) in members.iter().enumerate() {
            let number = 100 + index * COLUMNS.len() + column;
            let Member { tier, caller, id } = member.spared(&front, operation, number).await;
            let cell = Cell {
                front: &front,
                tier,
                caller,
                id,
                number,
            };
            let outcome = cell.outcome(operation).await;
            // Nothing but who calls may be in the way.
            assert_eq!(
                outcome,
                expected(operation, &cell.caller),
                "{operation:?} {tier:?}"
            );
            cells.push(outcome);
        }
        table += &row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
    }
    insta::with_settings!({
        snapshot_path => "..",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("authz", table) });
}

fn row(cells: &[&str]) -> String {
    let widths = [19, 20, 15, 9, 9, 9, 9];
    let mut row = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let _ = write!(row, "{cell:width$} ");
    }
    row.trim_end().to_owned() + "\n"
}
