//! Which task is next: most urgent, then oldest, of those that an agent can do and may be given (spec R3.06). Floor 3.
//!
//! The partial index `tasks_claimable` holds only what can be claimed, by type and in this order, so that a look costs the same however many
//! tasks there are.

use entities::agent::{self, AgentPermission, AgentTier};
use entities::id::TaskId;
use entities::task;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement, Value};

use super::super::super::Service;
use crate::auth::policy::{Reach, delegation_permission};
use crate::error::Result;
use crate::store::Tx;

/// The type whose next task comes first.
pub(super) async fn best_type(
    service: &Service,
    tx: &Tx,
    claimer: &agent::Model,
    types: &[String],
) -> Result<Option<String>> {
    if let [only] = types {
        return Ok(Some(only.clone()));
    }
    let mut look = Look::new(service, tx, claimer);
    let arms: Vec<String> = types
        .iter()
        .map(|name| {
            let next = look.next_of(name, "type_name, priority, created_at, id");
            format!("SELECT * FROM ({next}) AS next")
        })
        .collect();
    let sql = format!(
        "SELECT type_name FROM ({}) AS candidates ORDER BY priority DESC, created_at, id LIMIT 1",
        arms.join(" UNION ALL ")
    );
    let found = tx.query_one_raw(look.statement(sql)).await?;
    Ok(found.map(|row| row.try_get("", "type_name")).transpose()?)
}

/// The next task of a type, locked so that nobody else takes it; what others have locked is passed over.
pub(super) async fn lock_next(
    service: &Service,
    tx: &Tx,
    claimer: &agent::Model,
    type_name: &str,
) -> Result<Option<task::Model>> {
    let mut look = Look::new(service, tx, claimer);
    let next = look.next_of(type_name, "id");
    let lock = match look.backend {
        DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    let found = tx
        .query_one_raw(look.statement(format!("{next}{lock}")))
        .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    let id: TaskId = row.try_get("", "id")?;
    Ok(task::Entity::find_by_id(id).one(tx).await?)
}

/// A statement in the making: its values, and the conditions that depend on who claims.
struct Look {
    backend: DbBackend,
    conditions: String,
    values: Vec<Value>,
}

impl Look {
    fn new(service: &Service, tx: &Tx, claimer: &agent::Model) -> Self {
        let backend = tx.get_database_backend();
        Self {
            conditions: conditions(claimer, service.settings.reach, backend),
            values: vec![tx.now().into(), claimer.id.clone().into()],
            backend,
        }
    }

    fn next_of(&mut self, type_name: &str, columns: &str) -> String {
        self.values.push(type_name.into());
        let place = self.values.len();
        let conditions = &self.conditions;
        format!(
            "SELECT {columns} FROM tasks WHERE type_name = ${place} AND claimable_at IS NOT NULL AND claimable_at <= $1 \
             AND (deadline IS NULL OR deadline > $1) {conditions} ORDER BY priority DESC, created_at, id LIMIT 1"
        )
    }

    fn statement(self, sql: String) -> Statement {
        Statement::from_sql_and_values(self.backend, sql, self.values)
    }
}

/// The SQL twin of `may_delegate` from a task's creator to the claimer (spec R3.04), and that nobody checks its own work (spec R3.14).
fn conditions(claimer: &agent::Model, reach: Reach, backend: DbBackend) -> String {
    let find = match backend {
        DbBackend::Postgres => "strpos",
        _ => "instr",
    };
    let above = match claimer.tier {
        AgentTier::L3 => "maker.tier IN ('L2', 'L1', 'SYSTEM')",
        AgentTier::L2 => "maker.tier IN ('L1', 'SYSTEM')",
        AgentTier::L1 => "maker.tier = 'SYSTEM'",
        AgentTier::System => "1 = 0",
    };
    let permitted = delegation_permission(claimer.tier).map_or(String::new(), |needed| {
        format!(" AND {find}(maker.permissions, '\"{needed}\"') > 0")
    });
    let in_line = match reach {
        Reach::Fleet => "",
        Reach::Line => {
            " AND (maker.tier = 'SYSTEM' OR EXISTS (SELECT 1 FROM agents AS mine WHERE mine.id = $2 \
             AND (maker.id = mine.supervisor_id OR maker.id = (SELECT above.supervisor_id FROM agents AS above WHERE above.id = mine.supervisor_id))))"
        }
    };
    let review = if claimer
        .permissions
        .contains(AgentPermission::RequestL1Review)
    {
        ""
    } else {
        // A scalar, not NOT EXISTS: PostgreSQL would make a join of that, and sort all that can be claimed to find the first.
        "AND NOT COALESCE((SELECT kind.requires_review FROM task_types AS kind WHERE kind.name = tasks.type_name \
         AND kind.version = tasks.type_version), FALSE)"
    };
    format!(
        "AND (creator_id = $2 OR EXISTS (SELECT 1 FROM agents AS maker WHERE maker.id = tasks.creator_id AND {above}{permitted}{in_line})) \
         {review} AND (check_of_attempt IS NULL OR NOT EXISTS (SELECT 1 FROM tasks AS checked \
         WHERE checked.id = tasks.parent_id AND checked.assignee_id = $2) \
         AND NOT EXISTS (SELECT 1 FROM assets AS made WHERE made.task_id = tasks.parent_id AND made.creator_id = $2))"
    )
}
