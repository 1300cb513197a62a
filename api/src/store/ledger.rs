//! The ledger: audit entries and their places in the log (spec R5.05). Floor 2.

use entities::audit::{entry, leaf, ledger, personal, queue};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, QueryOrder,
    QuerySelect,
};

use tokio::sync::watch;

use crate::error::{Error, Result};

/// An entry with its personal values, which are kept apart from it.
pub(super) struct Written {
    pub(super) entry: entry::Model,
    pub(super) personal: Vec<personal::Model>,
}

/// How many values go into one INSERT: SQLite takes 32,766 of them.
const VALUES: usize = 20_000;

/// Inserts rows, many in a statement.
pub(super) async fn insert_all<E>(
    connection: &impl ConnectionTrait,
    rows: Vec<E::Model>,
) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let chunk_size = VALUES / E::Column::iter().count().max(1);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk = rows
            .by_ref()
            .take(chunk_size)
            .map(IntoActiveModel::into_active_model);
        E::insert_many(chunk)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

/// Writes entries that are sequenced in the same transaction: SQLite, where one writer numbers.
pub(super) async fn append_sequenced(
    connection: &impl ConnectionTrait,
    written: Vec<Written>,
    first_sequence: i64,
) -> Result<(), DbErr> {
    let mut entries = Vec::with_capacity(written.len());
    let mut values = Vec::new();
    for (mut one, sequence) in written.into_iter().zip(first_sequence..) {
        one.entry.ordinal = sequence;
        entries.push(one.entry);
        values.extend(one.personal);
    }
    let places = entries.iter().map(place).collect();
    insert_all::<entry::Entity>(connection, entries).await?;
    insert_all::<personal::Entity>(connection, values).await?;
    insert_all::<ledger::Entity>(connection, places).await
}

fn place(entry: &entry::Model) -> ledger::Model {
    ledger::Model {
        sequence: entry.ordinal,
        entry_id: entry.id,
        leaf_hash: leaf::leaf_hash(&leaf::canonical_bytes(entry)).to_vec(),
    }
}

/// Writes entries that the sequencer will number: PostgreSQL. Their ordinals come from the database after the compare-and-set of what
/// they report, so that entries of one object stand in the order in which they happened.
pub(super) async fn append_queued(
    connection: &impl ConnectionTrait,
    written: Vec<Written>,
) -> Result<()> {
    let mut entries = Vec::with_capacity(written.len());
    let mut values = Vec::new();
    let ordinals = draw_ordinals(connection, written.len()).await?;
    for (mut one, ordinal) in written.into_iter().zip(ordinals) {
        one.entry.ordinal = ordinal;
        entries.push(one.entry);
        values.extend(one.personal);
    }
    let waiting = entries
        .iter()
        .map(|entry| queue::Model {
            ordinal: entry.ordinal,
            entry_id: entry.id,
        })
        .collect();
    insert_all::<entry::Entity>(connection, entries).await?;
    insert_all::<personal::Entity>(connection, values).await?;
    insert_all::<queue::Entity>(connection, waiting).await?;
    Ok(())
}

async fn draw_ordinals(connection: &impl ConnectionTrait, count: usize) -> Result<Vec<i64>> {
    let sql =
        format!("SELECT nextval('audit_ordinal') AS ordinal FROM generate_series(1, {count})");
    let statement = sea_orm::Statement::from_string(connection.get_database_backend(), sql);
    let mut ordinals = Vec::with_capacity(count);
    for row in connection.query_all_raw(statement).await? {
        ordinals.push(row.try_get::<i64>("", "ordinal")?);
    }
    if ordinals.len() == count {
        Ok(ordinals)
    } else {
        Err(Error::internal("the ordinal counter gave too few"))
    }
}

/// Numbers up to `limit` waiting entries in the order of their ordinals; returns how many. The caller holds the sequencer's lock.
pub(super) async fn sequence_batch(
    connection: &impl ConnectionTrait,
    limit: u64,
) -> Result<usize, DbErr> {
    use sea_orm::{ColumnTrait, QueryFilter};
    let waiting = queue::Entity::find()
        .order_by_asc(queue::Column::Ordinal)
        .limit(limit)
        .all(connection)
        .await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let ids: Vec<_> = waiting.iter().map(|one| one.entry_id).collect();
    let entries = entry::Entity::find()
        .filter(entry::Column::Id.is_in(ids))
        .order_by_asc(entry::Column::Ordinal)
        .all(connection)
        .await?;
    if entries.len() != waiting.len() {
        return Err(DbErr::Custom("an entry of the queue is missing".to_owned()));
    }
    let first = length(connection).await?;
    let places: Vec<_> = entries
        .iter()
        .zip(first..)
        .map(|(entry, sequence)| ledger::Model {
            sequence,
            ..place(entry)
        })
        .collect();
    let count = places.len();
    insert_all::<ledger::Entity>(connection, places).await?;
    let ordinals: Vec<_> = waiting.iter().map(|one| one.ordinal).collect();
    queue::Entity::delete_many()
        .filter(queue::Column::Ordinal.is_in(ordinals))
        .exec(connection)
        .await?;
    Ok(count)
}

/// How many entries are sequenced: the next sequence number.
pub(super) async fn length(connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let last = ledger::Entity::find()
        .select_only()
        .column(ledger::Column::Sequence)
        .order_by_desc(ledger::Column::Sequence)
        .limit(1)
        .into_tuple::<i64>()
        .one(connection)
        .await?;
    Ok(last.map_or(0, |last| last + 1))
}

/// What is numbered and what waits for it, in one snapshot.
pub(super) struct Place {
    /// The last ordinal that waits, if one does.
    pub(super) waiting: Option<i64>,
    /// As [`length`].
    pub(super) length: i64,
}

/// Where the log stands.
pub(super) async fn place_of_all(connection: &impl ConnectionTrait) -> Result<Place, DbErr> {
    place_up_to(connection, i64::MAX).await
}

/// Where the log stands, and whether an entry waits that drew this ordinal or an earlier one.
pub(super) async fn place_up_to(
    connection: &impl ConnectionTrait,
    ordinal: i64,
) -> Result<Place, DbErr> {
    let sql = "SELECT (SELECT max(ordinal) FROM audit_queue WHERE ordinal <= $1) AS waiting, \
        (SELECT coalesce(max(sequence) + 1, 0) FROM ledger) AS length";
    let statement = sea_orm::Statement::from_sql_and_values(
        connection.get_database_backend(),
        sql,
        [ordinal.into()],
    );
    match connection.query_one_raw(statement).await? {
        Some(row) => Ok(Place {
            waiting: row.try_get("", "waiting")?,
            length: row.try_get("", "length")?,
        }),
        None => Err(DbErr::RecordNotFound("the log's place".to_owned())),
    }
}

/// Tells of the log's length. Heads only grow: two readers of the database may report out of order.
pub(super) fn advance(head: &watch::Sender<i64>, length: i64) {
    head.send_if_modified(|known| {
        let grown = length > *known;
        *known = length.max(*known);
        grown
    });
}
