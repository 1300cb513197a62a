//! What makes the doors for reading doors for reading only. Floor 2.

use sea_orm::{DbErr, Statement};

/// Refuses every statement that is not a plain query.
pub(super) fn check(statement: &Statement) -> Result<(), DbErr> {
    let sql = statement.sql.trim_start();
    let word = |text: &str| {
        sql.get(..text.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(text))
    };
    let writes = ["INSERT INTO", "UPDATE ", "DELETE FROM", "FOR UPDATE OF"];
    if word("SELECT") || (word("WITH") && !writes.iter().any(|verb| sql.contains(verb))) {
        return Ok(());
    }
    Err(refused())
}

/// What a write through a reading door hears.
pub(super) fn refused() -> DbErr {
    DbErr::Custom(
        "a write through a door for reading: changes go through the methods of Tx".to_owned(),
    )
}

/// Implements a read-only [`sea_orm::ConnectionTrait`] by an expression that gives the connection beneath.
macro_rules! read_only_connection {
    ($type:ty, $self:ident => $connection:expr) => {
        #[async_trait::async_trait]
        impl sea_orm::ConnectionTrait for $type {
            fn get_database_backend(&$self) -> sea_orm::DbBackend {
                $connection.get_database_backend()
            }

            async fn execute_raw(&self, _: sea_orm::Statement) -> Result<sea_orm::ExecResult, sea_orm::DbErr> {
                Err($crate::store::read_only::refused())
            }

            async fn execute_unprepared(&self, _: &str) -> Result<sea_orm::ExecResult, sea_orm::DbErr> {
                Err($crate::store::read_only::refused())
            }

            async fn query_one_raw(
                &$self,
                statement: sea_orm::Statement,
            ) -> Result<Option<sea_orm::QueryResult>, sea_orm::DbErr> {
                $crate::store::read_only::check(&statement)?;
                $connection.query_one_raw(statement).await
            }

            async fn query_all_raw(
                &$self,
                statement: sea_orm::Statement,
            ) -> Result<Vec<sea_orm::QueryResult>, sea_orm::DbErr> {
                $crate::store::read_only::check(&statement)?;
                $connection.query_all_raw(statement).await
            }
        }
    };
}
pub(super) use read_only_connection;

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::DbBackend;

    #[test]
    fn only_plain_queries_pass() {
        let passes = |sql: &str| check(&Statement::from_string(DbBackend::Sqlite, sql)).is_ok();
        assert!(
            passes("SELECT 1")
                && passes(" select 1")
                && passes("WITH a AS (SELECT 1) SELECT * FROM a")
        );
        for sql in [
            "INSERT INTO tasks DEFAULT VALUES RETURNING id",
            "WITH a AS (DELETE FROM tasks RETURNING id) SELECT * FROM a",
            "UPDATE tasks SET status = ''",
            "PRAGMA user_version = 3",
            "",
        ] {
            assert!(!passes(sql), "{sql}");
        }
    }
}
