//! Who gets a check (spec R3.14): an operational L3 that can do it and has no part in what is checked. Floor 3.

use entities::agent;
use entities::id::AgentId;
use entities::task;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};

use super::super::Service;
use crate::error::Result;
use crate::store::Tx;

/// Whose work it is: nobody checks its own.
pub(super) struct Owners<'a> {
    /// What is checked, with who holds it.
    pub(super) task: &'a task::Model,
    /// Who made the assets that it names.
    pub(super) makers: &'a [AgentId],
}

/// The owner's reports first, then whoever holds the least open work; none where nobody can, or everybody holds as much as the limit allows.
pub(super) async fn find(
    service: &Service,
    tx: &Tx,
    owners: &Owners<'_>,
    validator: &str,
) -> Result<Option<agent::Model>> {
    let backend = tx.get_database_backend();
    let owner = owners.task.assignee_id.as_ref().map_or("", AgentId::as_str);
    let values = [
        format!("\"{validator}\"").into(),
        owner.into(),
        i64::try_from(service.settings.max_open_tasks)
            .unwrap_or(i64::MAX)
            .into(),
    ];
    let statement = Statement::from_sql_and_values(backend, sql(backend, owners.makers), values);
    let Some(row) = tx.query_one_raw(statement).await? else {
        return Ok(None);
    };
    let id: AgentId = row.try_get("", "id")?;
    Ok(agent::Entity::find_by_id(id).one(tx).await?)
}

fn sql(backend: DbBackend, makers: &[AgentId]) -> String {
    let find = match backend {
        DbBackend::Postgres => "strpos",
        _ => "instr",
    };
    // An agent's id holds nothing but `A-Z 0-9 -` (its type sees to that), so it can stand in SQL as it is.
    let mut others = String::new();
    for maker in makers {
        others += &format!(" AND able.id <> '{maker}'");
    }
    format!(
        "SELECT id FROM (SELECT able.id, able.supervisor_id, (SELECT count(*) FROM tasks WHERE tasks.assignee_id = able.id \
         AND tasks.status IN ('ASSIGNED', 'IN_PROGRESS', 'REVIEW_REQUESTED')) AS held \
         FROM agents AS able WHERE able.tier = 'L3' AND able.state = 'OPERATIONAL' \
         AND {find}(able.permissions, '\"EXECUTE_TASK\"') > 0 AND {find}(able.capabilities, $1) > 0 AND able.id <> $2{others}) AS candidates \
         WHERE held < $3 ORDER BY CASE WHEN supervisor_id = $2 THEN 0 ELSE 1 END, held, id LIMIT 1"
    )
}
