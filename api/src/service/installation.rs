//! Which installation this is. Floor 3.

use entities::installation;
use sea_orm::EntityTrait;

use super::Service;
use crate::error::{Error, Result};

/// The installation that this database is.
pub async fn get(service: &Service) -> Result<installation::Model> {
    installation::Entity::find()
        .one(&service.db)
        .await?
        .ok_or_else(|| Error::internal("the database does not say which installation it is"))
}
