//! Logs of unusual measure: rows with more entries than are read at once, a time that went on without one, and numbers that nobody can count to.

use entities::agent::AgentTier;
use ziggie::service::{agent, task, task_type};

use super::tamper::forger::{Forger, tampering, told};
use crate::world::{World, anything_goes, drawing, on_each_database};

/// More entries than are folded at once.
const MANY: usize = 1_100;

async fn rename(world: &World, ids: &[String], name: &str) {
    let line = |id: &String| agent::Update {
        id: id.clone(),
        name: Some(name.to_owned()),
        ..agent::Update::default()
    };
    let lines = ids.iter().map(line).collect();
    agent::update(&world.service, &world.operator, lines)
        .await
        .unwrap();
}

#[tokio::test]
async fn rows_are_held_against_their_entries_however_many_these_are() {
    on_each_database(async |world| {
        let mut ids = Vec::new();
        for number in 0..40 {
            let id = format!("L1-MANY-{number:03}");
            world.agent(&id, AgentTier::L1, None).await;
            ids.push(id);
        }
        for round in 0..MANY / ids.len() {
            rename(&world, &ids, &format!("round {round}")).await;
        }
        // In the middle of its neighbours: they are read with it, and without it again.
        for round in 0..MANY {
            rename(&world, &ids[20..21], &format!("turn {round}")).await;
        }
        world.checkpoint().await;
        let forger = Forger::at_work(world).await;
        let verdict = forger.verdict(&[]).await;
        assert!(verdict.flaws.is_empty(), "{:?}", verdict.flaws);
        for id in ["L1-MANY-020", "L1-MANY-021"] {
            forger
                .run(&format!(
                    "UPDATE agents SET name = 'another' WHERE id = '{id}'"
                ))
                .await;
            let verdict = forger.verdict(&[]).await;
            let row = format!("the row {id} is not what its entries give: name");
            assert!(
                verdict.flaws.iter().any(|flaw| flaw.what == row),
                "{:?}",
                verdict.flaws
            );
        }
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_was_numbered_out_of_reach() {
    tampering(async |forger| {
        forger
            .run("UPDATE ledger SET sequence = 1152921504606846976 WHERE sequence = (SELECT max(sequence) FROM ledger)")
            .await;
        let verdict = forger.verdict(&[]).await;
        told(&verdict, verdict.entries, "the log ends");
        let gap = &verdict.flaws[1];
        assert!(gap.what.starts_with("there are no entries of these numbers"), "{gap}");
        assert_eq!((gap.place, gap.up_to), (Some(verdict.entries), Some((1 << 60) - 1)));
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_went_on_is_no_change_and_one_that_went_is() {
    on_each_database(async |world| {
        let director = world.agent("L1-ART-001", AgentTier::L1, None).await;
        let leased = task_type::Define {
            lease_seconds: 60,
            ..anything_goes("DRAW")
        };
        world.define(leased).await;
        let task = task::execute(&world.service, &director, drawing())
            .await
            .unwrap();
        let alive = task::Heartbeat {
            attempt: Some(task.attempt),
            progress: None,
            message: None,
        };
        task::heartbeat(&world.service, &director, &task.id.to_string(), alive)
            .await
            .unwrap();
        let forger = Forger::at_work(world).await;
        let verdict = forger.verdict(&[]).await;
        assert!(verdict.flaws.is_empty(), "{:?}", verdict.flaws);
        forger.run("UPDATE tasks SET lease_expires_at = NULL").await;
        let flaw = "is not what its entries give: leaseExpiresAt";
        told(&forger.verdict(&[]).await, None, flaw);
    })
    .await;
}
