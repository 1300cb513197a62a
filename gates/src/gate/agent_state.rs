//! Gate 1: no agent in ERROR, none stuck, no orphaned session; how many there are (spec R8.01).

use serde_json::{Map, Value, json};

use super::{Finding, Gate, Place};
use crate::{
    client::Call,
    target::{NotReached, Target, ask},
};

/// The most agents that are named in the report: the figures have how many there are.
const NAMED: usize = 10;

/// Looks at the agents.
///
/// # Errors
/// When the target does not answer.
pub async fn look(target: &Target, place: Place) -> Result<Finding, NotReached> {
    let overview = format!(
        "agentsByTier {{ tier count }} agentsByStatus {{ status count }} orphanedSessions \
         stuckAgents(first: {NAMED}) {{ totalCount nodes {{ id }} }}"
    );
    let fleet = ask(&target.operator, &Call::query("fleet").selecting(overview)).await?;
    let errored = Call::query("agents")
        .with("first", "Int", NAMED)
        .with("filter", "AgentFilter", json!({ "status": ["ERROR"] }))
        .selecting("totalCount nodes { id }");
    let errored = ask(&target.operator, &errored).await?;
    Ok(judge(&fleet, &errored, place))
}

fn judge(fleet: &Value, errored: &Value, place: Place) -> Finding {
    let mut finding = Finding::new(Gate::AgentState, place);
    finding.figure("agentsByTier", counts(&fleet["agentsByTier"], "tier"));
    finding.figure("agentsByStatus", counts(&fleet["agentsByStatus"], "status"));
    for (name, list, what) in [
        ("errored", errored, "in ERROR"),
        (
            "stuck",
            &fleet["stuckAgents"],
            "stuck: PROCESSING and silent for over an hour",
        ),
    ] {
        let Some(count) = list["totalCount"].as_u64() else {
            finding.fail(format!(
                "the target does not say how many agents are {what}"
            ));
            continue;
        };
        finding.figure(name, count);
        if count > 0 {
            finding.fail(format!("{count} agents are {what}: {}", names(list, count)));
        }
    }
    match fleet["orphanedSessions"].as_u64() {
        Some(orphaned) => {
            finding.figure("orphanedSessions", orphaned);
            if orphaned > 0 {
                finding.fail(format!(
                    "{orphaned} sessions have outlived their time or their agent"
                ));
            }
        }
        None => finding.fail("the target does not say how many sessions are orphaned"),
    }
    finding
}

fn counts(list: &Value, key: &str) -> Value {
    let lines = list.as_array().into_iter().flatten();
    lines
        .filter_map(|line| Some((line[key].as_str()?.to_owned(), line["count"].clone())))
        .collect::<Map<_, _>>()
        .into()
}

fn names(list: &Value, count: u64) -> String {
    let nodes = list["nodes"].as_array().into_iter().flatten();
    let named: Vec<&str> = nodes.filter_map(|agent| agent["id"].as_str()).collect();
    let more = count - (named.len() as u64).min(count);
    match more {
        0 => named.join(", "),
        _ => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Status, *};

    fn fleet(stuck: u64, orphaned: Value) -> Value {
        json!({
            "agentsByTier": [{ "tier": "L1", "count": 12 }],
            "agentsByStatus": [{ "status": "IDLE", "count": 12 }],
            "stuckAgents": { "totalCount": stuck, "nodes": [] },
            "orphanedSessions": orphaned,
        })
    }

    #[test]
    fn a_healthy_fleet_passes_with_its_counts() {
        let none = json!({ "totalCount": 0, "nodes": [] });
        let finding = judge(&fleet(0, json!(0)), &none, Place::Twin);
        assert_eq!(finding.status, Status::Passed);
        assert_eq!(finding.figures["agentsByTier"], json!({ "L1": 12 }));
    }

    #[test]
    fn each_of_the_three_ills_fails_it_and_so_does_silence() {
        let none = json!({ "totalCount": 0, "nodes": [] });
        let one = json!({ "totalCount": 3, "nodes": [{ "id": "L2-CHAR-001" }] });
        for (fleet, errored, word) in [
            (fleet(0, json!(0)), &one, "L2-CHAR-001 and 2 more"),
            (fleet(2, json!(0)), &none, "stuck"),
            (fleet(0, json!(4)), &none, "4 sessions"),
            (fleet(0, Value::Null), &none, "does not say"),
            (fleet(0, json!(0)), &Value::Null, "does not say"),
        ] {
            let finding = judge(&fleet, errored, Place::Twin);
            assert_eq!(finding.status, Status::Failed);
            assert!(finding.reasons[0].contains(word), "{:?}", finding.reasons);
        }
    }
}
