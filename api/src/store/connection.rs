//! The open transaction as the store knows it: every call of the database goes through here. Floor 2.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};

use super::fault;

/// An open transaction; dropped, it is rolled back.
pub(super) struct Connection(DatabaseTransaction);

impl Connection {
    pub(super) fn new(transaction: DatabaseTransaction) -> Self {
        Self(transaction)
    }

    /// Makes it durable.
    pub(super) async fn commit(self) -> Result<(), DbErr> {
        self.0.commit().await
    }

    /// Takes everything back, and has done so when it returns: dropping it would let its locks go a moment later.
    pub(super) async fn roll_back(self) -> Result<(), DbErr> {
        self.0.rollback().await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        fault::note(&statement);
        fault::call(self.0.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        fault::call(self.0.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        fault::note(&statement);
        fault::call(self.0.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        fault::note(&statement);
        fault::call(self.0.query_all_raw(statement)).await
    }
}
