//! The audit log, read back. Floor 4.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use entities::agent::AgentPermission;
use entities::audit::{AuditAction, AuditEntity};

use super::agent::Agent;
use super::directive::permission;
use super::error::Refusal;
use super::guard::Allow;
use super::page::{self, Connection};
use super::request::Asked;
use super::scalar::{Cursor, DateTime, Json, Long};
use crate::auth::policy::Operation;
use crate::auth::sight;
use crate::service;
use crate::service::audit::Record;

/// An entry of the audit log.
#[derive(Debug, Clone)]
pub struct AuditEntry(Arc<Record>);

impl From<Record> for AuditEntry {
    fn from(record: Record) -> Self {
        Self(Arc::new(record))
    }
}

/// An entry of the audit log: who did what, to what, when, and by which request.
#[Object]
impl AuditEntry {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        ID(self.0.entry.id.to_string())
    }

    /// Its place in the log, counted from 0; null in the moment before it is sequenced.
    async fn sequence(&self) -> Option<String> {
        self.0.sequence.map(|sequence| sequence.to_string())
    }

    /// What happened.
    async fn action(&self) -> AuditAction {
        self.0.entry.action
    }

    /// Who did it; null for a stranger.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<Agent>, Refusal> {
        Agent::load_some(ctx, self.0.entry.actor_id.as_ref()).await
    }

    /// What kind of thing it is about.
    async fn entity_type(&self) -> AuditEntity {
        self.0.entry.entity_type
    }

    /// The id of what it is about.
    async fn entity_id(&self) -> &str {
        &self.0.entry.entity_id
    }

    /// What the action's schema asks for: for tasks the path of statuses and what was set.
    async fn metadata(&self) -> Json {
        Json::from(&self.0.entry.metadata)
    }

    /// By which session; null for a stranger and for what the control center does by itself.
    async fn session_id(&self) -> Option<ID> {
        self.0.entry.session_id.map(|id| ID(id.to_string()))
    }

    /// The address that it came from. Null without ACCESS_AUDIT_LOGS.
    async fn ip_address(&self, ctx: &Context<'_>) -> Option<&str> {
        let address = self.0.ip_address.as_deref();
        address.filter(|_| sight::sees_origin(ctx.caller()))
    }

    /// How long the call had taken when this was written.
    async fn duration_ms(&self) -> Option<Long> {
        self.0.entry.duration_ms.map(Long)
    }

    /// The request that it belongs to. Null without ACCESS_AUDIT_LOGS.
    async fn request_id(&self, ctx: &Context<'_>) -> Option<String> {
        let request_id = self.0.entry.request_id.map(|id| id.to_string());
        request_id.filter(|_| sight::sees_origin(ctx.caller()))
    }

    /// The entry that this one followed from by itself.
    async fn cause_id(&self) -> Option<ID> {
        self.0.entry.cause_id.map(|id| ID(id.to_string()))
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime {
        self.0.entry.created_at.into()
    }
}

/// Which entries. What is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct AuditFilter {
    /// Of one of these actions.
    action: Option<Vec<AuditAction>>,
    /// By this agent.
    actor_id: Option<ID>,
    /// About this kind of thing.
    entity_type: Option<AuditEntity>,
    /// About what has this id.
    entity_id: Option<String>,
    /// Written at this moment or later.
    from: Option<DateTime>,
    /// Written before this moment.
    to: Option<DateTime>,
    /// Of this request.
    request_id: Option<String>,
    /// By this session.
    session_id: Option<ID>,
}

impl From<AuditFilter> for service::audit::Filter {
    fn from(filter: AuditFilter) -> Self {
        Self {
            action: filter.action,
            actor_id: filter.actor_id.map(Into::into),
            entity_type: filter.entity_type,
            entity_id: filter.entity_id,
            from: filter.from.map(Into::into),
            to: filter.to.map(Into::into),
            request_id: filter.request_id,
            session_id: filter.session_id.map(Into::into),
        }
    }
}

/// What can be asked about the audit log.
#[derive(Default)]
pub struct AuditQuery;

#[Object(guard = "crate::graphql::guard::Closed")]
impl AuditQuery {
    /// The audit log, or part of it, newest first.
    #[graphql(guard = "Allow(Operation::AuditLog)", directive = permission::apply(AgentPermission::AccessAuditLogs))]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entries.")] filter: Option<AuditFilter>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<AuditEntry>, Refusal> {
        let page = page::request(ctx, first, after)?;
        let filter = filter.unwrap_or_default().into();
        let entries = service::audit::list(ctx.service(), &filter, &page).await?;
        Ok(Connection::of(entries))
    }
}
