//! What is planned of a sprint before it begins: its tasks are made of this when it is started. Floor 0.

use sea_orm::entity::prelude::*;

use crate::id::SprintId;

/// The plan of a sprint that has not begun. The sprint's row has the SHA-256 of the text.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sprint_plans")]
pub struct Model {
    /// Whose plan it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sprint_id: SprintId,
    /// JSON: a salt, and of each phase and wave the tasks. The salt keeps the hash from telling what is in it.
    pub plan: String,
}

impl ActiveModelBehavior for ActiveModel {}
