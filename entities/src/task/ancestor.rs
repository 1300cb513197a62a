//! Who created or holds an ancestor of a task, kept beside it. Floor 0.
//!
//! What is above a task decides who sees it (spec R1.09). Lists would have to walk whole trees to find out what an agent sees by that; kept
//! here, newest first by agent, they read a page of it. Nothing of it is recorded in the log: it follows from the tasks.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AgentId, TaskId};

/// One agent above one task. Who made the task itself is left out: it sees it anyway.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_ancestor_agents")]
pub struct Model {
    /// The task.
    #[sea_orm(primary_key, auto_increment = false)]
    pub task_id: TaskId,
    /// Who created or holds one of its ancestors.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agent_id: AgentId,
    /// When the task was made.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
