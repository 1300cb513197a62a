//! Connections that died while they lay idle are passed over, so that a database which was restarted is not noticed twice. Floor 2.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, QueryResult,
    Statement, TransactionTrait,
};

use super::fault;
use crate::error::was_dead;

/// How many connections that turn out to be dead are passed over: as many as a pool may have kept while its server went away and came
/// back. Each is dropped when it is found dead.
const DEAD_CONNECTIONS: usize = 64;

/// The pool, asking again where a connection was dead when it was asked: reading or beginning twice is doing it once.
pub(super) struct Healing<'a>(pub(super) &'a DatabaseConnection);

impl Healing<'_> {
    pub(super) fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    pub(super) async fn query_one_raw(
        &self,
        statement: Statement,
    ) -> Result<Option<QueryResult>, DbErr> {
        fault::note(&statement);
        heal(|| self.0.query_one_raw(statement.clone())).await
    }

    pub(super) async fn query_all_raw(
        &self,
        statement: Statement,
    ) -> Result<Vec<QueryResult>, DbErr> {
        fault::note(&statement);
        heal(|| self.0.query_all_raw(statement.clone())).await
    }

    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        heal(|| self.0.begin()).await
    }
}

async fn heal<T, Asked>(ask: impl Fn() -> Asked) -> Result<T, DbErr>
where
    Asked: Future<Output = Result<T, DbErr>>,
{
    let mut dead = 0..DEAD_CONNECTIONS;
    loop {
        match fault::call(ask()).await {
            Err(error) if was_dead(&error) && dead.next().is_some() => {}
            answer => return answer,
        }
    }
}
