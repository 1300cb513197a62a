//! The plan of a statement, as either database tells it.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

/// How a database answers a statement.
pub(super) struct Plan {
    pub(super) sql: String,
    pub(super) steps: Vec<String>,
}

impl Plan {
    pub(super) async fn of(connection: &DatabaseConnection, mut statement: Statement) -> Self {
        let (explain, column) = match statement.db_backend {
            DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
            _ => ("EXPLAIN (COSTS OFF)", "QUERY PLAN"),
        };
        let sql = statement.sql.clone();
        statement.sql = format!("{explain} {sql}");
        let rows = connection.query_all_raw(statement).await.unwrap();
        let step = |row: &sea_orm::QueryResult| row.try_get::<String>("", column).unwrap();
        Self {
            sql,
            steps: rows.iter().map(step).collect(),
        }
    }

    /// Whether tasks are read one after the other to find some.
    pub(super) fn reads_all(&self) -> bool {
        self.steps.iter().any(|step| {
            let step = step.trim_start_matches([' ', '-', '>']);
            step.starts_with("Seq Scan on tasks") || step.starts_with("SCAN tasks")
        })
    }
}
