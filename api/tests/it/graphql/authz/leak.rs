//! No operation shows what went wrong inside (spec R10.06): each is asked while each call of the database in turn fails.

use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use ziggie::auth::policy::{Operation, Place};
use ziggie::store::fault::{Fault, Kind};

use super::super::{Front, request};
use super::{Cell, Member};
use crate::leak::inside;

/// What an operation is answered; of a stream the first that it says.
async fn answered(cell: &Cell<'_>, place: Place, text: &str, variables: &Value) -> Value {
    let front = cell.front;
    match place {
        Place::Subscription => {
            let request = request(text, variables.clone());
            let mut answers = front.schema.stream(cell.caller.clone(), request);
            let first = tokio::time::timeout(Duration::from_secs(20), answers.next());
            serde_json::to_value(first.await.expect("the stream says nothing")).unwrap()
        }
        _ => front.ask(&cell.caller, text, variables.clone()).await,
    }
}

#[tokio::test]
async fn no_fault_of_the_database_shows_in_the_answer_of_any_operation() {
    let front = Front::open().await;
    let member = Member::new(&front, Some(entities::agent::AgentTier::System), 0).await;
    let mut untouched = Vec::new();
    for (index, operation) in Operation::ALL.iter().copied().enumerate() {
        let number = 1_000 + index;
        let Member { tier, caller, id } = member.spared(&front, operation, number).await;
        let cell = Cell {
            front: &front,
            tier,
            caller,
            id,
            number,
        };
        // What fails leaves everything as it was: the same call is made until nothing fails any more.
        let (text, variables) = cell.call(operation).await;
        let mut told = 0;
        for at in 0.. {
            let fault = Fault::new(Kind::NotMade, at);
            let asked = answered(&cell, operation.place(), text, &variables);
            let answer = fault.befall(asked).await.to_string();
            if !fault.has_struck() {
                break;
            }
            told += usize::from(answer.contains("\"INTERNAL\""));
            let shown = inside(&answer);
            assert!(
                shown.is_empty(),
                "{operation:?} at {at}: {shown:?} in {answer}"
            );
        }
        if told == 0 {
            untouched.push(operation.name());
        }
    }
    // None is answered without the database.
    assert_eq!(untouched, Vec::<&str>::new());
}
