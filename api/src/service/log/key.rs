//! The keys that sign the log, open in memory and rotated (spec R5.05). Floor 3.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use entities::audit::AuditAction;
use entities::id::{AgentId, InstallationId};
use entities::{installation, log_key};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};

use super::super::Service;
use super::super::key::OpenError;
use crate::auth::actor::Caller;
use crate::auth::key::{LogKey, LogSigners, MasterKey, StoredLogKey};
use crate::auth::note::Verifier;
use crate::auth::policy;
use crate::error::{Error, Result};
use crate::store::{Db, Entry, Tx};

/// What the audit log says that these keys are for.
const PURPOSE: &str = "log";
/// How long a key signs beside its successor: long enough for whoever knows only the old one to hear of the new one.
const OVERLAP: TimeDelta = TimeDelta::days(30);

/// The log's keys in this process; clones share them.
#[derive(Clone, Debug)]
pub struct LogKeys {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    master: MasterKey,
    origin: String,
    open: RwLock<Open>,
}

#[derive(Debug)]
struct Open {
    rows: Vec<StoredLogKey>,
    signers: Arc<LogSigners>,
}

/// How checkpoints name the log of an installation.
fn origin_of(id: InstallationId) -> String {
    format!("ziggie/{id}")
}

impl LogKeys {
    /// Opens every key that signs.
    pub async fn open(db: &Db, master: &MasterKey) -> Result<Self, OpenError> {
        let installation = installation::Entity::find().one(db).await?;
        let origin = origin_of(installation.ok_or(OpenError::NotPrepared)?.id);
        let now = db.clock().now();
        let rows = signing(db, now).await?;
        let signers = Arc::new(LogSigners::open(&origin, master, &rows, now)?);
        Ok(Self {
            shared: Arc::new(Shared {
                master: master.clone(),
                origin,
                open: RwLock::new(Open { rows, signers }),
            }),
        })
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        &self.shared.origin
    }

    /// The keys that sign now.
    pub fn signers(&self) -> Arc<LogSigners> {
        let open = self.shared.open.read();
        open.unwrap_or_else(PoisonError::into_inner).signers.clone()
    }

    /// Reads the keys again, since another replica may have rotated them, or the time of one be over. For a duty, every second.
    ///
    /// # Errors
    /// Of the database, or of a key that does not open: then everything stays as it was.
    pub async fn reload(&self, db: &Db) -> Result<()> {
        let now = db.clock().now();
        let rows = signing(db, now).await?;
        let known = {
            let open = self.shared.open.read();
            open.unwrap_or_else(PoisonError::into_inner).rows == rows
        };
        if known {
            return Ok(());
        }
        let signers = LogSigners::open(&self.shared.origin, &self.shared.master, &rows, now);
        let signers = Arc::new(signers.map_err(Error::internal)?);
        let mut open = self
            .shared
            .open
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *open = Open { rows, signers };
        Ok(())
    }

    /// Every key that ever signed, the youngest first, in the form in which verifiers take them: old checkpoints have to open too.
    pub async fn verifiers(&self, db: &Db) -> Result<Vec<Verifier>> {
        verifiers(db, &self.shared.origin).await
    }
}

/// The name of the log of a database.
///
/// # Errors
/// Of the database; NOT_FOUND where it was never started.
pub async fn origin(connection: &impl ConnectionTrait) -> Result<String> {
    let installation = installation::Entity::find().one(connection).await?;
    let found = installation.ok_or_else(|| Error::not_found("installation", "in this database"));
    Ok(origin_of(found?.id))
}

/// Every key that ever signed the log of this name, the youngest first.
///
/// # Errors
/// Of the database; INTERNAL for a row that is no key.
pub async fn verifiers(connection: &impl ConnectionTrait, origin: &str) -> Result<Vec<Verifier>> {
    let mut rows = log_key::Entity::find().all(connection).await?;
    rows.sort_unstable_by(|a, b| (b.created_at, &b.key_id).cmp(&(a.created_at, &a.key_id)));
    let verifier = |row: log_key::Model| {
        let public_key = row
            .public_key
            .as_slice()
            .try_into()
            .map_err(Error::internal)?;
        Verifier::new(origin, public_key).map_err(Error::internal)
    };
    rows.into_iter().map(verifier).collect()
}

/// The keys that sign at this moment, in one order.
async fn signing(
    connection: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<Vec<StoredLogKey>, sea_orm::DbErr> {
    let signs = Condition::any()
        .add(log_key::Column::SignsUntil.is_null())
        .add(log_key::Column::SignsUntil.gt(now));
    let rows = log_key::Entity::find()
        .filter(signs)
        .all(connection)
        .await?;
    let mut keys: Vec<StoredLogKey> = rows.into_iter().map(stored).collect();
    keys.sort_unstable_by(|a, b| a.key_id.cmp(&b.key_id));
    Ok(keys)
}

fn stored(row: log_key::Model) -> StoredLogKey {
    StoredLogKey {
        key_id: row.key_id,
        public_key: row.public_key,
        sealed_private_key: row.sealed_private_key,
        created_at: row.created_at,
        signs_until: row.signs_until,
    }
}

fn make(origin: &str, master: &MasterKey, now: DateTime<Utc>) -> Result<log_key::Model> {
    let key = LogKey::generate(origin, master, now).map_err(Error::internal)?;
    Ok(log_key::Model {
        key_id: key.key_id,
        public_key: key.public_key,
        sealed_private_key: key.sealed_private_key,
        created_at: now,
        retired_at: None,
        signs_until: None,
    })
}

fn rotated(key_id: &str) -> Entry {
    Entry::new(AuditAction::SigningKeyRotated)
        .with("kid", key_id)
        .with("purpose", PURPOSE)
}

/// Makes the log's first key where there is none: at the first start, and in a database from before the log was signed.
///
/// # Errors
/// Of the database; INTERNAL where the operating system gives no randomness.
pub async fn ensure_key(db: &Db, master: &MasterKey) -> Result<()> {
    if log_key::Entity::find().one(db).await?.is_some() {
        return Ok(());
    }
    let itself = Caller::control_center(db.request_id());
    let locks = [AgentId::control_center()];
    db.write_alone(&itself, &locks, async |tx: &mut Tx| {
        let installation = installation::Entity::find().one(tx).await?;
        let Some(installation) = installation else {
            return Err(Error::internal("the log's key before the installation"));
        };
        // Of replicas that start at once one makes it.
        if log_key::Entity::find().one(tx).await?.is_some() {
            return Ok(());
        }
        let key = make(&origin_of(installation.id), master, tx.now())?;
        let entry = rotated(&key.key_id);
        tx.insert::<log_key::Entity>(key, entry).await.map(drop)
    })
    .await
}

/// Makes another key that signs the log from now on; the one before signs beside it for 30 days, so that whoever knows only that one can go on.
/// Gives the new key. SIGNING_KEY_ROTATED for each of them.
///
/// # Errors
/// FORBIDDEN but for the control center and operators.
#[tracing::instrument(name = "log.rotate_key", skip_all)]
pub async fn rotate(service: &Service, caller: &Caller) -> Result<Verifier> {
    let keys = &service.log_keys;
    let locks = [AgentId::control_center()];
    let outcome = service
        .db
        .write_alone(caller, &locks, async |tx: &mut Tx| {
            policy::may_rotate_keys(tx.caller())?;
            let now = tx.now();
            let young = log_key::Column::RetiredAt.is_null();
            let before = log_key::Entity::find().filter(young).all(tx).await?;
            let made = make(keys.origin(), &keys.shared.master, now)?;
            let key_id = made.key_id.clone();
            let cause = tx.insert::<log_key::Entity>(made, rotated(&key_id)).await?;
            for row in before {
                let mut after = row.clone();
                after.retired_at = Some(now);
                after.signs_until = Some(now + OVERLAP);
                let entry = rotated(&row.key_id)
                    .with("replacedBy", &key_id)
                    .caused_by(cause);
                tx.update::<log_key::Entity>(&row, after, entry).await?;
            }
            Ok(key_id)
        })
        .await;
    if let Err(Error::Forbidden(denial)) = &outcome {
        service.denials.report(caller, denial);
    }
    let key_id = outcome?;
    keys.reload(&service.db).await?;
    let all = keys.verifiers(&service.db).await?;
    let made = all.into_iter().find(|key| key.id() == key_id);
    made.ok_or_else(|| Error::internal("the new key is gone"))
}
