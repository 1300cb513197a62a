//! Sessions: the row behind a token (spec R2.01). Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::audit::AuditEntity;
use crate::audit::recorded::{Recorded, columns, optional_time, time};
use crate::id::{AgentId, SessionId};

/// One session. The token itself is stored nowhere.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// The token's `sid`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    /// Whose session it is.
    pub agent_id: AgentId,
    /// Who issued it, when it was not the agent itself by its secret.
    pub issued_by: Option<AgentId>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When its token ends to be valid.
    pub expires_at: DateTime<Utc>,
    /// When it was last used; flushed in batches, unaudited (spec R5.01).
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked or rotated away.
    pub revoked_at: Option<DateTime<Utc>>,
    /// The address that it was made from; personal.
    pub ip_address: Option<String>,
}

impl Model {
    /// Whether the session answers for its agent at this moment.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// Not recorded: when the session was last used, and the address, which is personal.
impl Recorded for Model {
    const ENTITY: AuditEntity = AuditEntity::Session;

    fn entity_id(&self) -> String {
        self.id.to_string()
    }

    fn recorded(&self) -> serde_json::Map<String, serde_json::Value> {
        use serde_json::json;
        columns([
            ("agentId", json!(self.agent_id)),
            ("issuedBy", json!(self.issued_by)),
            ("createdAt", time(self.created_at)),
            ("expiresAt", time(self.expires_at)),
            ("revokedAt", optional_time(self.revoked_at)),
        ])
    }
}
