//! Clearing away bytes that no asset refers to: of deleted assets, of uploads that did not end (spec R4.03). Floor 3.

use entities::asset::leftover;

use crate::auth::actor::Caller;
use crate::error::Result;
use crate::service::Service;
use crate::store::Tx;

/// How many keys are looked up at once.
const BATCH: u64 = 100;

/// Clears away what is due; returns how many keys. Harmless when replicas do it at once: nothing that is removed twice is missed.
///
/// # Errors
/// Of the database or of the store: what could not be cleared is tried again.
pub async fn clear_leftovers(service: &Service) -> Result<usize> {
    let itself = Caller::control_center(service.db.request_id());
    let mut cleared = 0;
    loop {
        let doomed = service
            .db
            .write(&itself, async |tx: &mut Tx| tx.doom_keys(BATCH).await)
            .await?;
        let mut failed = None;
        for leftover in &doomed {
            match clear(service, &itself, leftover).await {
                Ok(()) => cleared += 1,
                // One that cannot be removed does not keep the others.
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if (doomed.len() as u64) < BATCH {
            return Ok(cleared);
        }
    }
}

/// Clears one key at once that was reserved and is not needed, or whose asset was deleted. What goes wrong is left for the sweep.
pub(in crate::service) async fn clear_now(service: &Service, key: &str) {
    let itself = Caller::control_center(service.db.request_id());
    let outcome = async {
        let doomed = service
            .db
            .write(&itself, async |tx: &mut Tx| tx.doom_key(key).await)
            .await?;
        match doomed {
            // Taken by now: the answer of the unit that took it was lost, and an asset refers to it.
            None => Ok(()),
            Some(leftover) => clear(service, &itself, &leftover).await,
        }
    };
    if let Err(error) = outcome.await {
        tracing::warn!(%error, "bytes without an asset could not be removed and are tried again");
    }
}

/// The bytes first: while they may be there, the key is known.
async fn clear(service: &Service, itself: &Caller, leftover: &leftover::Model) -> Result<()> {
    let key = leftover.object_key.as_str();
    let upload = leftover.upload_id.as_deref();
    service.shelf.remove(key, upload).await?;
    service
        .db
        .write(itself, async |tx: &mut Tx| tx.forget_key(key).await)
        .await
}
