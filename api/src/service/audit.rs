//! Reading the audit log (spec R5.06). Floor 3.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use entities::agent::AgentPermission;
use entities::audit::{AuditAction, AuditEntity, entry, ledger, personal};
use entities::id::{AgentId, AuditId, RequestId, SessionId, TaskId};
use sea_orm::sea_query::{Alias, Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};

use serde_json::{Value, json};

use super::Service;
use super::page::{Cursor, Page, PageRequest};
use crate::auth::actor::Caller;
use crate::error::{Error, Result};

/// An entry with its place and what of it is personal.
#[derive(Debug, Clone)]
pub struct Record {
    /// The entry.
    pub entry: entry::Model,
    /// Its place in the log; none in the moment before it is sequenced.
    pub sequence: Option<i64>,
    /// The address that it came from; for holders of ACCESS_AUDIT_LOGS.
    pub ip_address: Option<String>,
}

/// What a list of entries is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// One of these actions.
    pub action: Option<Vec<AuditAction>>,
    /// By this agent.
    pub actor_id: Option<String>,
    /// About this kind of thing.
    pub entity_type: Option<AuditEntity>,
    /// About this one.
    pub entity_id: Option<String>,
    /// Written at this moment or later.
    pub from: Option<DateTime<Utc>>,
    /// Written before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Of this request.
    pub request_id: Option<String>,
    /// By this session.
    pub session_id: Option<String>,
}

/// The filter as a condition; none where it names an id that cannot exist, so that nothing matches.
fn condition(filter: &Filter) -> Option<Condition> {
    let actor = filter
        .actor_id
        .as_deref()
        .map(str::parse::<AgentId>)
        .transpose()
        .ok()?;
    let request = filter
        .request_id
        .as_deref()
        .map(str::parse::<RequestId>)
        .transpose()
        .ok()?;
    let session = filter
        .session_id
        .as_deref()
        .map(str::parse::<SessionId>)
        .transpose()
        .ok()?;
    Some(
        Condition::all()
            .add_option(
                filter
                    .action
                    .as_ref()
                    .map(|all| entry::Column::Action.is_in(all.iter().copied())),
            )
            .add_option(actor.map(|id| entry::Column::ActorId.eq(id)))
            .add_option(
                filter
                    .entity_type
                    .map(|kind| entry::Column::EntityType.eq(kind)),
            )
            .add_option(
                filter
                    .entity_id
                    .as_ref()
                    .map(|id| entry::Column::EntityId.eq(id.as_str())),
            )
            .add_option(filter.from.map(|at| entry::Column::CreatedAt.gte(at)))
            .add_option(filter.to.map(|at| entry::Column::CreatedAt.lt(at)))
            .add_option(request.map(|id| entry::Column::RequestId.eq(id)))
            .add_option(session.map(|id| entry::Column::SessionId.eq(id))),
    )
}

impl Filter {
    /// In the form of the contract's `AuditFilter`; what does not narrow is left out.
    pub fn to_json(&self) -> Value {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let fields = [
            ("action", json!(self.action)),
            ("actorId", json!(self.actor_id)),
            ("entityType", json!(self.entity_type)),
            ("entityId", json!(self.entity_id)),
            ("from", json!(self.from.map(time))),
            ("to", json!(self.to.map(time))),
            ("requestId", json!(self.request_id)),
            ("sessionId", json!(self.session_id)),
        ];
        let said = fields.into_iter().filter(|(_, value)| !value.is_null());
        said.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// BAD_USER_INPUT for anything else.
    pub fn from_json(value: &Value) -> Result<Self> {
        fn wrong(error: impl std::fmt::Display) -> Error {
            Error::bad_input("filter", "form", error.to_string())
        }
        fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T> {
            T::deserialize(value).map_err(wrong)
        }
        let filter = Self {
            action: read(&value["action"])?,
            actor_id: read(&value["actorId"])?,
            entity_type: read(&value["entityType"])?,
            entity_id: read(&value["entityId"])?,
            from: read(&value["from"])?,
            to: read(&value["to"])?,
            request_id: read(&value["requestId"])?,
            session_id: read(&value["sessionId"])?,
        };
        // What is not known narrows nothing, and whoever wrote it believes that it does.
        let known = filter.to_json();
        let object = value
            .as_object()
            .ok_or_else(|| wrong("must be an object"))?;
        match object
            .iter()
            .find(|(name, value)| !value.is_null() && known.get(*name).is_none())
        {
            Some((name, _)) => Err(wrong(format!("{name} is nothing to filter by"))),
            None => Ok(filter),
        }
    }
}

/// The sequenced entries of a filter; none where nothing can match.
pub(super) fn sequenced_by(filter: &Filter) -> Option<Select<entry::Entity>> {
    Some(sequenced().filter(condition(filter)?))
}

/// Only what is sequenced: lists, streams and exports show nothing else.
fn sequenced() -> Select<entry::Entity> {
    entry::Entity::find().join_as(
        JoinType::InnerJoin,
        entry::Entity::belongs_to(ledger::Entity)
            .from(entry::Column::Id)
            .to(ledger::Column::EntryId)
            .into(),
        Alias::new("ledger"),
    )
}

/// Sequenced entries, newest first. The operation was allowed to the caller by its permission.
pub async fn list(
    service: &Service,
    filter: &Filter,
    request: &PageRequest,
) -> Result<Page<Record>> {
    let after: Option<i64> = request.after_key("auditLog")?;
    let place = |record: &Record| Cursor::of("auditLog", &record.sequence);
    let Some(condition) = condition(filter) else {
        return Ok(Page::of(request, Vec::new(), Some(0), place));
    };
    let entries = sequenced().filter(condition);
    let total = match request.total {
        true => Some(entries.clone().count(&service.db).await?),
        false => None,
    };
    let sequence = sequence_column(service.db.get_database_backend());
    let rows = entries
        .filter(Condition::all().add_option(after.map(|after| sequence.clone().lt(after))))
        .order_by_desc(sequence)
        .limit(request.limit())
        .all(&service.db)
        .await?;
    let records = records(service, rows, true).await?;
    Ok(Page::of(request, records, total, place))
}

/// What a list is sorted by. On SQLite the one writer numbers as it writes, so the ordinal, which every filter's index carries, is the
/// sequence number; on PostgreSQL units that run at once may be numbered in another order than they drew their ordinals.
pub(super) fn sequence_column(backend: DbBackend) -> Expr {
    match backend {
        DbBackend::Postgres => Expr::col((Alias::new("ledger"), ledger::Column::Sequence)),
        _ => Expr::col((entry::Entity, entry::Column::Ordinal)),
    }
}

/// A task's own entries, oldest first, the latest included at once, sequenced or not. Whoever sees the task may read them; addresses are
/// for holders of ACCESS_AUDIT_LOGS (spec R1.09).
pub async fn history(
    service: &Service,
    caller: &Caller,
    task: TaskId,
    request: &PageRequest,
) -> Result<Page<Record>> {
    let after: Option<i64> = request.after_key("history")?;
    let entries = entry::Entity::find()
        .filter(entry::Column::EntityId.eq(task.to_string()))
        .filter(entry::Column::EntityType.eq(AuditEntity::Task));
    let total = match request.total {
        true => Some(entries.clone().count(&service.db).await?),
        false => None,
    };
    let rows = entries
        .filter(
            Condition::all().add_option(after.map(|ordinal| entry::Column::Ordinal.gt(ordinal))),
        )
        .order_by_asc(entry::Column::Ordinal)
        .limit(request.limit())
        .all(&service.db)
        .await?;
    let records = records(
        service,
        rows,
        caller.holds(AgentPermission::AccessAuditLogs),
    )
    .await?;
    Ok(Page::of(request, records, total, |record| {
        Cursor::of("history", &record.entry.ordinal)
    }))
}

/// One entry by its id, for holders of ACCESS_AUDIT_LOGS; none for others.
pub async fn find(service: &Service, caller: &Caller, id: &str) -> Result<Option<Record>> {
    let Ok(id) = id.parse::<AuditId>() else {
        return Ok(None);
    };
    if !caller.holds(AgentPermission::AccessAuditLogs) {
        return Ok(None);
    }
    let row = entry::Entity::find_by_id(id).one(&service.db).await?;
    Ok(records(service, row.into_iter().collect(), true)
        .await?
        .pop())
}

/// Adds places and addresses: two queries for all of them.
async fn records(
    service: &Service,
    rows: Vec<entry::Model>,
    with_addresses: bool,
) -> Result<Vec<Record>> {
    let ids: Vec<AuditId> = rows.iter().map(|row| row.id).collect();
    let places: HashMap<AuditId, i64> = ledger::Entity::find()
        .select_only()
        .columns([ledger::Column::EntryId, ledger::Column::Sequence])
        .filter(ledger::Column::EntryId.is_in(ids.clone()))
        .into_tuple::<(AuditId, i64)>()
        .all(&service.db)
        .await?
        .into_iter()
        .collect();
    let mut addresses: HashMap<AuditId, String> = HashMap::new();
    if with_addresses {
        let found = personal::Entity::find()
            .filter(personal::Column::EntryId.is_in(ids))
            .filter(personal::Column::Field.eq("ipAddress"))
            .all(&service.db)
            .await?;
        addresses.extend(found.into_iter().map(|row| (row.entry_id, row.value)));
    }
    Ok(rows
        .into_iter()
        .map(|entry| Record {
            sequence: places.get(&entry.id).copied(),
            ip_address: addresses.remove(&entry.id),
            entry,
        })
        .collect())
}
