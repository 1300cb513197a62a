//! What the audit log adds to a mutation: the database's part of creating a task, with and without what is written for the log, by bare
//! prepared statements on one connection; beside it what the server makes of the same.
//!
//! Written for the log are an entry, the personal values behind its commitments, and its number with its leaf hash; on PostgreSQL its place in
//! the queue comes and goes in between. Hashes above the leaves and checkpoints, of which there is one a second or for 256 entries, are left
//! out.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    Statement, TransactionTrait, Value as SqlValue, prelude::Uuid,
};
use serde_json::{Value, json};

use super::{milliseconds, usage};
use crate::{
    database::{Choice, Databases},
    soak::{installation::Installation, staff},
};

/// How many clients create tasks at once while the server is measured.
const CLIENTS: usize = 16;

/// How many transactions of one kind are made before it is the other's turn.
const BLOCK: usize = 50;

/// What a bare transaction took, all of one kind together.
#[derive(Clone, Copy, Debug, Default)]
struct Bare {
    /// Its statements, COMMIT not counted.
    statements: Duration,
    /// All of it.
    whole: Duration,
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    mutations: u32,
    /// One after the other, each.
    plain: Bare,
    audited: Bare,
    /// Of the server for each, with [`CLIENTS`].
    server_cpu: Duration,
    server_wall: Duration,
}

impl Measure {
    fn added(&self) -> (Duration, Duration) {
        let Self { plain, audited, .. } = self;
        (
            audited.statements.saturating_sub(plain.statements) / self.mutations,
            audited.whole.saturating_sub(plain.whole) / self.mutations,
        )
    }

    /// As a JSON object, durations in ms.
    #[must_use]
    pub fn json(&self) -> Value {
        let bare = |one: Bare| {
            json!({
                "statementsMs": milliseconds(one.statements / self.mutations),
                "withCommitMs": milliseconds(one.whole / self.mutations),
            })
        };
        let (statements, whole) = self.added();
        json!({
            "mutations": self.mutations,
            "bareWithoutAudit": bare(self.plain),
            "bareWithAudit": bare(self.audited),
            "auditAdds": { "statementsMs": milliseconds(statements), "withCommitMs": milliseconds(whole) },
            "server": {
                "clients": CLIENTS,
                "cpuMs": milliseconds(self.server_cpu / self.mutations),
                "wallMs": milliseconds(self.server_wall / self.mutations),
            },
        })
    }
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (statements, whole) = self.added();
        write!(
            f,
            "the log adds {statements:?} of statements to a created task, {whole:?} with its commit ({:?} without the log, {:?} with it); \
             the server: {:?} of CPU, {:?} each with {CLIENTS} clients",
            self.plain.whole / self.mutations,
            self.audited.whole / self.mutations,
            self.server_cpu / self.mutations,
            self.server_wall / self.mutations,
        )
    }
}

/// Creates so many tasks through the server, and as many by bare statements of each kind.
///
/// # Errors
/// When the server or the database does not work.
pub async fn run(database: Choice, mutations: usize) -> Result<Measure> {
    let databases = Databases::prepare(database).await?;
    let mut installation = Installation::found(&databases, 1, &[]).await?;
    let pairs = staff::hire(&installation.operator(0)?, CLIENTS, 0).await?;
    let door = installation.client(0)?;
    staff::create_tasks(&door, &pairs, None, 1).await?;
    let process = installation.process_id(0)?;
    let (begun, before) = (Instant::now(), usage::cpu(process)?);
    let each = mutations.div_ceil(CLIENTS);
    staff::create_tasks(&door, &pairs, None, each).await?;
    let made = each * CLIENTS;
    let (server_wall, server_cpu) = (begun.elapsed(), usage::cpu(process)? - before);
    installation.terminate(0).await?;

    let url = match installation.url() {
        Some(url) => url.to_owned(),
        None => format!("sqlite:{}/ziggie.db", installation.data_dir(0)?.display()),
    };
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options).await?;
    if connection.get_database_backend() == DbBackend::Sqlite {
        // As the server has it.
        connection
            .execute_unprepared("PRAGMA synchronous = FULL")
            .await?;
    }
    let mut bench = Bench::on(connection).await?;
    let (mut plain, mut audited) = (Bare::default(), Bare::default());
    for block in 0..2 * made.div_ceil(BLOCK) {
        let (sum, with_audit) = match block % 2 {
            0 => (&mut plain, false),
            _ => (&mut audited, true),
        };
        let left = made - block / 2 * BLOCK;
        for _ in 0..BLOCK.min(left) {
            let took = bench.transaction(with_audit).await?;
            sum.statements += took.statements;
            sum.whole += took.whole;
        }
    }
    bench.connection.close().await?;
    installation.clear().await?;
    databases.finish().await?;
    Ok(Measure {
        mutations: u32::try_from(made)?,
        plain,
        audited,
        server_cpu,
        server_wall,
    })
}

/// The statements that a created task comes to, each a copy of what the server wrote for one.
struct Bench {
    connection: DatabaseConnection,
    /// New ids lie behind all that there are, as those of the server do.
    next: u32,
    ordinal: i64,
    sequence: i64,
    task: String,
    entry: String,
    personal: String,
}

impl Bench {
    async fn on(connection: DatabaseConnection) -> Result<Self> {
        let newest = "SELECT entry_id, sequence, ordinal FROM ledger JOIN audit_entries ON audit_entries.id = entry_id \
             WHERE action = 'TASK_CREATED' ORDER BY sequence DESC LIMIT 1";
        let newest = one(&connection, newest).await?;
        let entry: Uuid = newest.try_get("", "entry_id")?;
        let task = one(&connection, "SELECT id FROM tasks ORDER BY id DESC LIMIT 1").await?;
        let task: Uuid = task.try_get("", "id")?;
        let literal = |id: Uuid| match connection.get_database_backend() {
            DbBackend::Sqlite => format!("X'{}'", id.simple()),
            _ => format!("'{id}'"),
        };
        let copy = async |table: &str, id: &str, of: Uuid, others: &[&str]| -> Result<String> {
            let mut columns: Vec<String> = columns(&connection, table).await?;
            let names = columns.join(", ");
            for (number, column) in [id].iter().chain(others).enumerate() {
                let place = columns.iter().position(|one| one == column);
                columns[place.context("a column")?] = format!("${}", number + 1);
            }
            let mut text = format!(
                "INSERT INTO {table} ({names}) SELECT {} FROM {table}",
                columns.join(", ")
            );
            write!(text, " WHERE {id} = {}", literal(of))?;
            Ok(text)
        };
        Ok(Self {
            task: copy("tasks", "id", task, &[]).await?,
            entry: copy("audit_entries", "id", entry, &["ordinal"]).await?,
            personal: copy("audit_personal", "entry_id", entry, &[]).await?,
            next: 0,
            ordinal: newest.try_get("", "ordinal")?,
            sequence: newest.try_get("", "sequence")?,
            connection,
        })
    }

    async fn transaction(&mut self, with_audit: bool) -> Result<Bare> {
        self.next += 1;
        let id = Uuid::from_u128((0x7fff << 112) | u128::from(self.next));
        let begun = Instant::now();
        let transaction = self.connection.begin().await?;
        execute(&transaction, &self.task, [id.into()]).await?;
        if with_audit {
            self.audit(&transaction, id).await?;
        }
        let statements = begun.elapsed();
        transaction.commit().await?;
        Ok(Bare {
            statements,
            whole: begun.elapsed(),
        })
    }

    async fn audit(&mut self, transaction: &DatabaseTransaction, id: Uuid) -> Result<()> {
        self.sequence += 1;
        let queued = transaction.get_database_backend() == DbBackend::Postgres;
        if queued {
            let drawn = one(transaction, "SELECT nextval('audit_ordinal') AS ordinal").await?;
            self.ordinal = drawn.try_get("", "ordinal")?;
        } else {
            self.ordinal += 1;
        }
        execute(transaction, &self.entry, [id.into(), self.ordinal.into()]).await?;
        execute(transaction, &self.personal, [id.into()]).await?;
        if queued {
            let queue = "INSERT INTO audit_queue (ordinal, entry_id) VALUES ($1, $2)";
            execute(transaction, queue, [self.ordinal.into(), id.into()]).await?;
        }
        let ledger = "INSERT INTO ledger (sequence, entry_id, leaf_hash) VALUES ($1, $2, $3)";
        let leaf_hash = vec![0u8; 32];
        execute(
            transaction,
            ledger,
            [self.sequence.into(), id.into(), leaf_hash.into()],
        )
        .await?;
        if queued {
            let queue = "DELETE FROM audit_queue WHERE ordinal = $1";
            execute(transaction, queue, [self.ordinal.into()]).await?;
        }
        Ok(())
    }
}

async fn columns(connection: &DatabaseConnection, table: &str) -> Result<Vec<String>> {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
        _ => format!(
            "SELECT column_name::text AS name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
        ),
    };
    let rows = connection
        .query_all_raw(Statement::from_string(backend, sql))
        .await?;
    let names = rows.iter().map(|row| row.try_get("", "name"));
    Ok(names.collect::<Result<_, _>>()?)
}

async fn one(connection: &impl ConnectionTrait, sql: &str) -> Result<sea_orm::QueryResult> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await?;
    row.with_context(|| format!("nothing was found by {sql}"))
}

async fn execute<const N: usize>(
    transaction: &DatabaseTransaction,
    sql: &str,
    values: [SqlValue; N],
) -> Result<()> {
    let backend = transaction.get_database_backend();
    transaction
        .execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    Ok(())
}
