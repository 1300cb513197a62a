//! Checkpoints of the log ([`Reason::Tree`](super::Reason::Tree)). Floor 2.

use chrono::TimeDelta;
use entities::audit::checkpoint;
use entities::audit::tree::Hash;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel};

use super::super::{tree, tx::Tx};
use crate::error::{Error, Result};

/// Held by whoever makes a checkpoint.
const CHECKPOINT_LOCK: i64 = 0x5a49_4747_4945_0003;
/// A checkpoint is made when the last one is so old (issue "every second or 256 entries") …
const AGE: TimeDelta = TimeDelta::seconds(1);
/// … or so many entries back.
const ENTRIES: u64 = 256;

impl Tx {
    /// Grows the tree and keeps the signed checkpoint of it, where one is due; none where not.
    ///
    /// `sequenced` is how many entries are numbered and durable: no other is ever signed. Whoever signs comes after whoever did before, finds its
    /// checkpoint, and goes on only from a tree in which that one still holds: so two that contradict each other are not signed, by whichever
    /// replica and whatever died in between.
    pub async fn checkpoint(
        &mut self,
        sequenced: i64,
        sign: impl FnOnce(u64, &Hash) -> Result<String>,
    ) -> Result<Option<checkpoint::Model>> {
        let connection = &*self.connection;
        if connection.get_database_backend() == DbBackend::Postgres {
            let lock = format!("SELECT pg_advisory_xact_lock({CHECKPOINT_LOCK})");
            connection.execute_unprepared(&lock).await?;
        }
        let wanted = u64::try_from(sequenced).map_err(Error::internal)?;
        let signed = match tree::latest(connection).await? {
            Some(last) => {
                let size = last.size.unsigned_abs();
                let news = wanted.saturating_sub(size);
                if news == 0 || (news < ENTRIES && self.now() < last.created_at + AGE) {
                    return Ok(None);
                }
                if tree::root(connection, size).await?.as_slice() != last.root_hash {
                    return Err(Error::internal(format!(
                        "the log is not the one that was signed at size {size}: nothing is signed any more"
                    )));
                }
                size
            }
            None => 0,
        };
        let size = tree::grow(connection, wanted).await?;
        if size <= signed {
            return Ok(None);
        }
        let root = tree::root(connection, size).await?;
        let row = checkpoint::Model {
            size: i64::try_from(size).map_err(Error::internal)?,
            root_hash: root.to_vec(),
            note: sign(size, &root)?,
            created_at: self.now(),
        };
        checkpoint::Entity::insert(row.clone().into_active_model())
            .exec_without_returning(connection)
            .await?;
        Ok(Some(row))
    }
}
