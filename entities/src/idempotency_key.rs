//! Idempotency keys (spec R3.09). Floor 0.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AgentId, TaskId};

/// How long a key answers for its task (spec R3.09).
pub const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// One key, unique per creator.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// Who used it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub creator_id: AgentId,
    /// 1 to 200 characters.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 of verb and arguments: the same key with others is a CONFLICT.
    pub request_sha256: String,
    /// The task that the first call made.
    pub task_id: TaskId,
    /// When the key may be used anew.
    pub expires_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
