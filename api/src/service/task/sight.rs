//! Which tasks an agent may see (spec R1.09): one task by the pure rule, lists by the same rule in SQL. Floor 3.

use entities::agent::{self, AgentTier};
use entities::task;
use sea_orm::sea_query::Expr;
use sea_orm::{Condition, ConnectionTrait, DbBackend};

use super::super::Service;
use crate::auth::policy::Reach;
use crate::auth::sight::{TaskSight, sees_task};
use crate::error::Result;
use crate::store::task_sights;

/// Whether an agent may see a task that was read.
pub(super) async fn sees(
    service: &Service,
    db: &impl ConnectionTrait,
    viewer: &agent::Model,
    task: &task::Model,
) -> Result<bool> {
    // Most callers stand in a direct relation to the task: those cost no query.
    let direct = TaskSight::of(task, true, Vec::new());
    if sees_by(service, viewer, &direct) {
        return Ok(true);
    }
    let sights = task_sights(db, std::slice::from_ref(task)).await?;
    Ok(sights
        .first()
        .is_some_and(|sight| sees_by(service, viewer, sight)))
}

pub(super) fn sees_by(service: &Service, viewer: &agent::Model, sight: &TaskSight) -> bool {
    sees_task(
        &service.feed.fleet(),
        service.settings.reach,
        &viewer.id,
        viewer.tier,
        sight,
    )
}

/// The condition on `tasks` that leaves what an agent may see; none for SYSTEM, which sees all.
pub(super) fn visible(
    viewer: &agent::Model,
    reach: Reach,
    backend: DbBackend,
) -> Option<Condition> {
    let seen = format!("tasks.id IN ({})", seen_ids(viewer, reach, backend)?);
    Some(Condition::all().add(Expr::cust(seen)))
}

/// A statement that gives the ids of the tasks that an agent may see; none for SYSTEM, which sees all.
pub(in crate::service) fn seen_ids(
    viewer: &agent::Model,
    reach: Reach,
    backend: DbBackend,
) -> Option<String> {
    if viewer.tier == AgentTier::System {
        return None;
    }
    let line = line(viewer);
    let mut arms = vec![
        format!("SELECT id FROM tasks WHERE creator_id IN ({line})"),
        format!("SELECT id FROM tasks WHERE assignee_id IN ({line})"),
        format!("SELECT id FROM tasks WHERE reviewer_id IN ({line})"),
        below(&line),
        claimable(&line, reach, backend),
    ];
    if viewer.tier == AgentTier::L1 {
        arms.push("SELECT id FROM tasks WHERE status = 'REVIEW_REQUESTED'".to_owned());
        arms.push("SELECT id FROM tasks WHERE sprint_id IS NOT NULL".to_owned());
    }
    if viewer.tier == AgentTier::L2 {
        let id = &viewer.id;
        arms.push(format!(
            "SELECT id FROM tasks WHERE sprint_id IN (SELECT id FROM sprints WHERE lead_id = '{id}')"
        ));
    }
    Some(arms.join(" UNION "))
}

/// The agent and its line of reports. An agent's id holds nothing but `A-Z 0-9 -` (its type sees to that), so it can stand in SQL as it is.
fn line(viewer: &agent::Model) -> String {
    let id = &viewer.id;
    match viewer.tier {
        AgentTier::L3 | AgentTier::System => format!("'{id}'"),
        AgentTier::L2 => {
            format!("SELECT id FROM agents WHERE id = '{id}' OR supervisor_id = '{id}'")
        }
        AgentTier::L1 => format!(
            "SELECT id FROM agents WHERE id = '{id}' OR supervisor_id = '{id}' \
             OR supervisor_id IN (SELECT id FROM agents WHERE supervisor_id = '{id}')"
        ),
    }
}

/// What is below tasks that somebody of the line created or holds. CROSS JOIN keeps SQLite from walking every task that has a parent.
fn below(line: &str) -> String {
    format!(
        "SELECT id FROM (WITH RECURSIVE below(id) AS (\
         SELECT child.id FROM (SELECT id FROM tasks WHERE creator_id IN ({line}) \
         UNION SELECT id FROM tasks WHERE assignee_id IN ({line})) AS parent \
         CROSS JOIN tasks child WHERE child.parent_id = parent.id \
         UNION SELECT child.id FROM below CROSS JOIN tasks child WHERE child.parent_id = below.id\
         ) SELECT id FROM below) AS descendants"
    )
}

/// What is claimable and somebody of the line could claim: the SQL twin of [`crate::auth::sight::could_claim`].
fn claimable(line: &str, reach: Reach, backend: DbBackend) -> String {
    let find = if backend == DbBackend::Postgres {
        "strpos"
    } else {
        "instr"
    };
    let holds = |agent: &str, permission: &str| {
        format!("{find}({agent}.permissions, '\"{permission}\"') > 0")
    };
    let executes = holds("able", "EXECUTE_TASK");
    let asks_for_review = holds("able", "REQUEST_L1_REVIEW");
    let to_l3 = holds("maker", "DELEGATE_TO_L3");
    let to_l2 = holds("maker", "DELEGATE_TO_L2");
    let in_line = match reach {
        Reach::Fleet => "",
        Reach::Line => {
            " AND (able.id = maker.id OR maker.tier = 'SYSTEM' OR maker.id = able.supervisor_id \
             OR maker.id = (SELECT above.supervisor_id FROM agents above WHERE above.id = able.supervisor_id))"
        }
    };
    format!(
        "SELECT waiting.id FROM tasks waiting \
         JOIN task_types kind ON kind.name = waiting.type_name AND kind.version = waiting.type_version \
         JOIN agents maker ON maker.id = waiting.creator_id \
         JOIN agents able ON able.id IN ({line}) \
         WHERE waiting.claimable_at IS NOT NULL AND able.state = 'OPERATIONAL' AND {executes} \
         AND {find}(able.capabilities, '\"' || waiting.type_name || '\"') > 0 \
         AND (NOT kind.requires_review OR {asks_for_review}) \
         AND (able.id = maker.id \
         OR (able.tier = 'L3' AND maker.tier IN ('L2', 'L1', 'SYSTEM') AND {to_l3}) \
         OR (able.tier = 'L2' AND maker.tier IN ('L1', 'SYSTEM') AND {to_l2}) \
         OR (able.tier = 'L1' AND maker.tier = 'SYSTEM')){in_line}"
    )
}
