//! Migrations: versioned, run once, in order. Floor 0.

use sea_orm_migration::prelude::*;

mod founding;

/// Every migration of the project, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(founding::Migration)]
    }
}
