//! The log that proves itself: checkpoints, proofs and tiles (spec R5.05). Floor 3.

use std::time::Duration;

use entities::audit::checkpoint;
use sea_orm::ConnectionTrait;
use tokio::sync::watch;

pub mod archive;
pub mod export;
mod key;
mod proof;
mod tile;
pub mod verify;

pub use key::{LogKeys, ensure_key, origin, rotate, verifiers};
pub use proof::{Consistency, Inclusion, consistency, inclusion, inclusion_in};
pub use tile::{Place, bundle, tile};

use super::Service;
use crate::auth::actor::Caller;
use crate::auth::note::Checkpoint;
use crate::error::{Error, Result};
use crate::store::{Tx, tree};

/// Between a change of the log and its checkpoint, and between two checkpoints of a busy log.
const PAUSE: Duration = Duration::from_secs(1);
/// So many entries do not wait for that.
const ENTRIES: i64 = 256;

/// What is published of a checkpoint.
#[derive(Debug, Clone)]
pub struct Published {
    /// The row.
    pub row: checkpoint::Model,
    /// The log that it is of.
    pub origin: String,
}

/// The checkpoint of the most entries; UNAVAILABLE in the moment before there is a first.
pub async fn latest(service: &Service) -> Result<Published> {
    latest_in(&service.db, service.log_keys.origin()).await
}

async fn latest_in(db: &impl ConnectionTrait, origin: &str) -> Result<Published> {
    let row = tree::latest(db).await?;
    Ok(Published {
        row: row.ok_or(Error::Unavailable("the log has no checkpoint yet"))?,
        origin: origin.to_owned(),
    })
}

/// Makes a checkpoint of what is numbered, if one is due; none where not.
pub async fn make(service: &Service) -> Result<Option<checkpoint::Model>> {
    let sequenced = *service.db.sequenced().borrow();
    let itself = Caller::control_center(service.db.request_id());
    let signers = service.log_keys.signers();
    let sign = |size, root: &_| {
        Ok(signers.sign(&Checkpoint {
            origin: service.log_keys.origin().to_owned(),
            size,
            root: *root,
        }))
    };
    let unit = async |tx: &mut Tx| tx.checkpoint(sequenced, sign).await;
    let made = service.db.write(&itself, unit).await?;
    if let Some(row) = &made {
        tracing::debug!(size = row.size, "the log has a new checkpoint");
    }
    Ok(made)
}

/// Makes checkpoints as the log grows, every second or 256 entries, until `shutdown` turns true; then of what is left.
pub async fn keep_checkpoints(service: Service, mut shutdown: watch::Receiver<bool>) {
    let mut head = service.db.sequenced();
    let mut signed = 0;
    loop {
        let grown = async {
            // The sender lives as long as the database's handle, which is ours.
            let _ = head.wait_for(|length| *length > signed).await;
            let busy = head.wait_for(|length| *length >= signed + ENTRIES);
            let _ = tokio::time::timeout(PAUSE, busy).await;
        };
        let last = tokio::select! {
            () = grown => false,
            _ = shutdown.wait_for(|down| *down) => true,
        };
        match make(&service).await {
            Ok(Some(made)) => signed = made.size,
            // Another replica was before us, or a checkpoint is not due yet.
            Ok(None) => match tree::latest(&service.db).await {
                Ok(row) => signed = row.map_or(signed, |row| row.size),
                Err(error) => super::duty::report(&service, DUTY, &error),
            },
            Err(error) => {
                super::duty::report(&service, DUTY, &error);
                tokio::time::sleep(PAUSE).await;
            }
        }
        if last {
            return;
        }
    }
}

const DUTY: &str = "log.checkpoint";
