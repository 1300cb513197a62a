//! What a service says of a change; the transaction adds who, when and by which request. Floor 2.

use entities::audit::AuditAction;
use entities::id::{AgentId, AuditId, SessionId};
use serde_json::{Map, Value};

/// An audit entry in the making.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(super) action: AuditAction,
    pub(super) entity_id: Option<String>,
    pub(super) metadata: Map<String, Value>,
    pub(super) cause_id: Option<AuditId>,
    pub(super) actor: Option<Option<AgentId>>,
    pub(super) session_id: Option<SessionId>,
}

impl Entry {
    /// An entry of an action. Its object is the row that changes with it, unless [`Entry::about`] says otherwise.
    pub fn new(action: AuditAction) -> Self {
        Self {
            action,
            entity_id: None,
            metadata: Map::new(),
            cause_id: None,
            actor: None,
            session_id: None,
        }
    }

    /// What the entry is about, for entries without a changed row.
    pub fn about(mut self, entity_id: impl std::fmt::Display) -> Self {
        self.entity_id = Some(entity_id.to_string());
        self
    }

    /// Adds to the metadata.
    pub fn with(mut self, key: &str, value: impl serde::Serialize) -> Self {
        // Serialising plain data to a `Value` cannot fail; were it ever to, the entry says so instead of losing the change.
        let value =
            serde_json::to_value(value).unwrap_or_else(|error| Value::String(error.to_string()));
        self.metadata.insert(key.to_owned(), value);
        self
    }

    /// Adds to the metadata what is there.
    pub fn with_some(self, key: &str, value: Option<impl serde::Serialize>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Names the entry that this one followed from by itself.
    pub fn caused_by(mut self, cause: AuditId) -> Self {
        self.cause_id = Some(cause);
        self
    }

    /// In the name of somebody else than the caller: the control center when something follows by itself, nobody for a stranger.
    pub fn by(mut self, actor: Option<AgentId>) -> Self {
        self.actor = Some(actor);
        self
    }

    /// By a session that is not the caller's: one that has just begun, or one that was refused.
    pub fn in_session(mut self, session_id: Option<SessionId>) -> Self {
        self.session_id = session_id;
        self
    }
}
