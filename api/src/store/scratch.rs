//! Rows that are folded from more entries than memory holds: a temporary database of SQLite's own, which keeps a bounded part of it in memory
//! and the rest in a file without a name that goes when it is closed. Nothing of the installation is in it. Floor 2.

use std::collections::HashMap;

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbErr, Statement, Value};
use serde_json::{Map, Value as Json};

/// Folded rows by what they are and their id.
#[derive(Debug)]
pub struct Scratch(DatabaseConnection);

const TABLE: &str = "CREATE TABLE folded (kind TEXT NOT NULL, id TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID";

impl Scratch {
    /// An empty one.
    ///
    /// # Errors
    /// Of the database.
    pub async fn open() -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None::<std::time::Duration>)
            .max_lifetime(None::<std::time::Duration>)
            .test_before_acquire(false)
            .sqlx_logging(false)
            // No name: a temporary file.
            .map_sqlx_sqlite_opts(|sqlite| {
                sqlite.filename("").in_memory(false).shared_cache(false)
            });
        let connection = sea_orm::Database::connect(options).await?;
        connection.execute_unprepared(TABLE).await?;
        Ok(Self(connection))
    }

    fn statement(&self, sql: impl Into<String>, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.0.get_database_backend(), sql, values)
    }

    /// What is known of these rows.
    ///
    /// # Errors
    /// Of the database.
    pub async fn get(
        &self,
        kind: &str,
        ids: impl IntoIterator<Item = String>,
    ) -> Result<HashMap<String, Map<String, Json>>, DbErr> {
        let ids = Json::from(ids.into_iter().collect::<Vec<_>>()).to_string();
        let sql =
            "SELECT id, row FROM folded WHERE kind = ? AND id IN (SELECT value FROM json_each(?))";
        let found = self.statement(sql, vec![kind.into(), ids.into()]);
        let mut rows = HashMap::new();
        for found in self.0.query_all_raw(found).await? {
            let row: String = found.try_get("", "row")?;
            let row = serde_json::from_str(&row).map_err(|error| DbErr::Json(error.to_string()))?;
            rows.insert(found.try_get("", "id")?, row);
        }
        Ok(rows)
    }

    /// Keeps rows in place of what was known of them.
    ///
    /// # Errors
    /// Of the database.
    pub async fn put(
        &self,
        kind: &str,
        rows: HashMap<String, Map<String, Json>>,
    ) -> Result<(), DbErr> {
        let rows = rows.into_iter();
        let rows: Vec<Json> = rows
            .map(|(id, row)| serde_json::json!([id, Json::Object(row).to_string()]))
            .collect();
        let sql =
            "INSERT OR REPLACE INTO folded SELECT ?, value ->> 0, value ->> 1 FROM json_each(?)";
        let rows = Json::from(rows).to_string();
        let put = self.statement(sql, vec![kind.into(), rows.into()]);
        self.0.execute_raw(put).await.map(drop)
    }

    /// The ids of a kind behind one, in order, as many as there are up to a limit.
    ///
    /// # Errors
    /// Of the database.
    pub async fn ids(&self, kind: &str, after: &str, limit: u64) -> Result<Vec<String>, DbErr> {
        let sql =
            format!("SELECT id FROM folded WHERE kind = ? AND id > ? ORDER BY id LIMIT {limit}");
        let found = self.statement(sql, vec![kind.into(), after.into()]);
        let found = self.0.query_all_raw(found).await?;
        found.iter().map(|row| row.try_get("", "id")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_are_kept_by_kind_and_id() {
        let scratch = Scratch::open().await.unwrap();
        let row = |text: &str| Map::from_iter([("name".to_owned(), Json::from(text))]);
        let rows = |text: &str| HashMap::from([("b".to_owned(), row(text))]);
        for (kind, text) in [("TASK", "one"), ("AGENT", "two"), ("TASK", "three")] {
            scratch.put(kind, rows(text)).await.unwrap();
        }
        let ids = ["a", "b"].map(str::to_owned);
        assert_eq!(scratch.get("TASK", ids).await.unwrap(), rows("three"));
        assert_eq!(scratch.ids("AGENT", "", 5).await.unwrap(), ["b"]);
        assert!(scratch.ids("AGENT", "b", 5).await.unwrap().is_empty());
    }
}
