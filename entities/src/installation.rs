//! The installation: one database and whatever serves it. Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::InstallationId;

/// The one row that says which installation this database is.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "installation")]
pub struct Model {
    /// Always 1: there is one row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub singleton: i16,
    /// Its id; part of the issuer of every token.
    pub id: InstallationId,
    /// When it was first started.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
