//! Proofs: that an entry is in the log, and that the log has only grown (spec R5.05). Floor 3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entities::audit::tree::{self, Hash};
use entities::audit::{checkpoint, ledger};
use entities::id::AuditId;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::{Published, latest, latest_in};
use crate::error::{Error, Result};
use crate::service::Service;
use crate::store::tree as stored;

/// That an entry is in the log.
#[derive(Debug, Clone)]
pub struct Inclusion {
    /// Its place: its sequence number.
    pub index: u64,
    /// What stands for it in the tree.
    pub leaf_hash: Hash,
    /// From its sibling up to the root's child (RFC 6962 section 2.1.1).
    pub hashes: Vec<Hash>,
    /// The checkpoint that it leads to.
    pub checkpoint: Published,
}

/// The first line of a proof (C2SP tlog-proof).
const FORM: &str = "c2sp.org/tlog-proof@v1";

impl Inclusion {
    /// The same as one text that is verified offline (C2SP tlog-proof).
    pub fn text(&self) -> String {
        let hashes = self.hashes.iter().map(|hash| STANDARD.encode(hash) + "\n");
        let hashes: String = hashes.collect();
        let (index, note) = (self.index, &self.checkpoint.row.note);
        format!("{FORM}\nindex {index}\n{hashes}\n{note}")
    }
}

/// That the log of a checkpoint begins with what it was at another size.
#[derive(Debug, Clone)]
pub struct Consistency {
    /// How many entries it had then.
    pub from_size: u64,
    /// Its root then.
    pub from_root: Hash,
    /// The proof (RFC 6962 section 2.1.2).
    pub hashes: Vec<Hash>,
    /// The checkpoint that it leads to.
    pub checkpoint: Published,
}

/// The proof that an entry is in the log as it was signed last. The operation was allowed to the caller by its permission.
///
/// # Errors
/// NOT_FOUND; CONFLICT, retryable, while the entry is not yet under a checkpoint.
pub async fn inclusion(service: &Service, id: &str) -> Result<Inclusion> {
    inclusion_in(&service.db, service.log_keys.origin(), id).await
}

/// The same in a database that this process does not serve.
///
/// # Errors
/// As [`inclusion`].
pub async fn inclusion_in(db: &impl ConnectionTrait, origin: &str, id: &str) -> Result<Inclusion> {
    let not_found = || Error::not_found("audit entry", id);
    let entry: AuditId = id.parse().map_err(|_| not_found())?;
    let place = ledger::Entity::find().filter(ledger::Column::EntryId.eq(entry));
    let Some(place) = place.one(db).await? else {
        let known = entities::audit::entry::Entity::find_by_id(entry)
            .one(db)
            .await?;
        return Err(known.map_or_else(not_found, |_| not_yet(id)));
    };
    let index = place.sequence.unsigned_abs();
    let checkpoint = match latest_in(db, origin).await {
        Ok(checkpoint) if checkpoint.row.size > place.sequence => checkpoint,
        Ok(_) | Err(Error::Unavailable(_)) => return Err(not_yet(id)),
        Err(error) => return Err(error),
    };
    let path =
        tree::inclusion(index, checkpoint.row.size.unsigned_abs()).ok_or_else(|| not_yet(id))?;
    Ok(Inclusion {
        index,
        leaf_hash: place
            .leaf_hash
            .try_into()
            .map_err(|_| Error::internal("a leaf hash of another length"))?,
        hashes: stored::hashes(db, &path).await?,
        checkpoint,
    })
}

fn not_yet(id: &str) -> Error {
    let message = format!("{id} is not yet under a checkpoint: there is one every second");
    Error::conflict_with(message, json!({"retryable": true}))
}

/// The proof that the log as it was signed last begins with the log of another size. Any size will do: whoever has kept a checkpoint names its
/// size and compares its root.
///
/// # Errors
/// BAD_USER_INPUT for what is no size, or is more than is signed.
pub async fn consistency(service: &Service, from_size: &str) -> Result<Consistency> {
    let fault = |message: String| Error::bad_input("fromSize", "range", message);
    let from: u64 = from_size
        .parse()
        .map_err(|_| fault("must be a number of entries, from 1 on".to_owned()))?;
    let checkpoint = latest(service).await?;
    let size = checkpoint.row.size.unsigned_abs();
    let proof = tree::consistency(from, size)
        .ok_or_else(|| fault(format!("must be from 1 to {size}, which is what is signed")))?;
    Ok(Consistency {
        from_size: from,
        from_root: stored::root(&service.db, from).await?,
        hashes: stored::hashes(&service.db, &proof).await?,
        checkpoint,
    })
}

impl Published {
    /// How many entries it covers.
    pub fn size(&self) -> i64 {
        let checkpoint::Model { size, .. } = self.row;
        size
    }
}
