//! Migrations: versioned, run once, in order. Floor 0.

use sea_orm_migration::prelude::*;

mod ancestor;
mod archive;
mod asset;
mod collation;
mod engine;
mod founding;
mod notification;
mod personal;
mod sprint;
mod tree;

/// Every migration of the project, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(founding::Migration),
            Box::new(engine::Migration),
            Box::new(asset::Migration),
            Box::new(notification::Migration),
            Box::new(collation::Migration),
            Box::new(tree::Migration),
            Box::new(personal::Migration),
            Box::new(archive::Migration),
            Box::new(sprint::Migration),
            Box::new(ancestor::Migration),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process may die in the middle of one: then nothing of it may be left (SQLite keeps what was done outside a transaction).
    #[test]
    fn every_migration_is_done_whole_or_not_at_all() {
        for migration in Migrator::migrations() {
            assert_eq!(
                migration.use_transaction(),
                Some(true),
                "{}",
                migration.name()
            );
        }
    }
}
