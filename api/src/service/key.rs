//! The keys that sign sessions, open in memory and rotated (spec R2.05, R2.06). Floor 3.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use entities::audit::AuditAction;
use entities::id::AgentId;
use entities::{installation, session, signing_key};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::Service;
use crate::auth::actor::Caller;
use crate::auth::key::{Jwks, KeyError, KeyRing, MasterKey, SigningKey, StoredKey};
use crate::auth::policy;
use crate::auth::token::Expected;
use crate::error::{Error, Result};
use crate::store::{Db, Entry, Tx};

/// The `aud` of every token.
const AUDIENCE: &str = "ziggie";
/// What the audit log says that these keys are for.
const PURPOSE: &str = "sessions";
/// How often a token of an unknown key makes this replica look for new ones.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

/// How long another replica may sign with the key before, until it has read of the new one.
const ROTATION_GRACE: TimeDelta = TimeDelta::minutes(1);

/// Why this process must not serve (spec R2.06).
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database was never started.
    #[error("the database has no installation yet: it has to be prepared first")]
    NotPrepared,
    /// A key does not open, most likely because the master key is another installation's.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database.
    #[error("the signing keys cannot be read: {0}")]
    Database(#[from] sea_orm::DbErr),
}

/// The ring of this process; clones share it.
#[derive(Clone)]
pub struct Keys {
    shared: Arc<Shared>,
}

struct Shared {
    master: MasterKey,
    expected: Expected,
    open: RwLock<Open>,
    looked_for_unknown: Mutex<Option<Instant>>,
}

/// The ring and the rows that it was opened from, by which a reload sees whether anything changed.
struct Open {
    rows: Vec<StoredKey>,
    ring: Arc<KeyRing>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Keys").field(&self.ring()).finish()
    }
}

impl Keys {
    /// Opens every key that signs or still verifies.
    pub async fn open(db: &Db, master: &MasterKey) -> Result<Self, OpenError> {
        let installation = installation::Entity::find()
            .one(db)
            .await?
            .ok_or(OpenError::NotPrepared)?;
        let rows = stored(db, db.clock().now()).await?;
        let ring = Arc::new(KeyRing::open(master, &rows)?);
        Ok(Self {
            shared: Arc::new(Shared {
                master: master.clone(),
                expected: Expected {
                    iss: format!("ziggie/{}", installation.id),
                    aud: AUDIENCE.to_owned(),
                },
                open: RwLock::new(Open { rows, ring }),
                looked_for_unknown: Mutex::new(None),
            }),
        })
    }

    /// The ring as it is now.
    pub fn ring(&self) -> Arc<KeyRing> {
        let open = self.shared.open.read();
        open.unwrap_or_else(PoisonError::into_inner).ring.clone()
    }

    /// What every token must say of issuer and audience.
    pub fn expected(&self) -> &Expected {
        &self.shared.expected
    }

    /// The public keys whose tokens are good now.
    pub fn jwks(&self, now: DateTime<Utc>) -> Jwks {
        self.ring().jwks(now)
    }

    /// Reads the keys again, since another replica may have rotated them; says whether anything changed. For a duty, every second.
    ///
    /// # Errors
    /// Of the database, or of a key that does not open: then the ring stays as it was.
    pub async fn reload(&self, db: &Db) -> Result<bool> {
        let rows = stored(db, db.clock().now()).await?;
        let known = {
            let open = self.shared.open.read();
            open.unwrap_or_else(PoisonError::into_inner).rows == rows
        };
        if known {
            return Ok(false);
        }
        let ring = Arc::new(KeyRing::open(&self.shared.master, &rows).map_err(Error::internal)?);
        let mut open = self
            .shared
            .open
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *open = Open { rows, ring };
        Ok(true)
    }

    /// Reloads because of a token whose key is unknown here, at most once a second; says whether the ring changed.
    pub(super) async fn reload_for_unknown(&self, db: &Db) -> bool {
        let due = {
            let mut last = self
                .shared
                .looked_for_unknown
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let due = last.is_none_or(|last| last.elapsed() >= RELOAD_PAUSE);
            if due {
                *last = Some(Instant::now());
            }
            due
        };
        // A database that does not answer is heard of by the query that follows, or by the duty.
        due && self.reload(db).await.unwrap_or(false)
    }
}

/// The keys that sign or still verify at this moment, in one order.
async fn stored(
    connection: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<Vec<StoredKey>, sea_orm::DbErr> {
    let mut rows: Vec<StoredKey> = signing_key::Entity::find()
        .filter(
            Condition::any()
                .add(signing_key::Column::RetiredAt.is_null())
                .add(signing_key::Column::VerifyUntil.gt(now)),
        )
        .all(connection)
        .await?
        .into_iter()
        .map(|row| StoredKey {
            kid: row.kid,
            public_key: row.public_key,
            sealed_private_key: row.sealed_private_key,
            created_at: row.created_at,
            retired_at: row.retired_at,
            verify_until: row.verify_until,
        })
        .collect();
    rows.sort_unstable_by(|a, b| a.kid.cmp(&b.kid));
    Ok(rows)
}

/// A new key, sealed, to be inserted in a unit of work, which gives it its time.
pub(super) fn make(master: &MasterKey, now: DateTime<Utc>) -> Result<signing_key::Model> {
    let key = SigningKey::generate().map_err(Error::internal)?;
    let stored = key.store(master, now).map_err(Error::internal)?;
    Ok(signing_key::Model {
        kid: stored.kid,
        public_key: stored.public_key,
        sealed_private_key: stored.sealed_private_key,
        created_at: stored.created_at,
        retired_at: None,
        verify_until: None,
    })
}

/// Makes another key that signs from now on; the one before verifies until every session that it signed has ended, so that nobody is
/// logged out (spec R2.05). Gives the new `kid`. SIGNING_KEY_ROTATED for each of them.
///
/// # Errors
/// FORBIDDEN but for the control center and operators.
#[tracing::instrument(name = "key.rotate", skip_all)]
pub async fn rotate(service: &Service, caller: &Caller) -> Result<String> {
    let mut made = make(&service.keys.shared.master, service.db.clock().now())?;
    let longest = TimeDelta::from_std(service.settings.max_session_ttl).unwrap_or(TimeDelta::MAX);
    // Two rotations at once come one after the other: the second retires the first one's key.
    let locks = [AgentId::control_center()];
    let outcome = service
        .db
        .write_alone(caller, &locks, async |tx: &mut Tx| {
            policy::may_rotate_keys(tx.caller())?;
            let now = tx.now();
            let verify_until = last_expiry(tx, now + longest).await? + ROTATION_GRACE;
            let signing = signing_key::Entity::find()
                .filter(signing_key::Column::RetiredAt.is_null())
                .all(tx)
                .await?;
            made.created_at = now;
            let kid = made.kid.clone();
            let cause = tx
                .insert::<signing_key::Entity>(made, rotated(&kid))
                .await?;
            for before in signing {
                let mut after = before.clone();
                after.retired_at = Some(now);
                after.verify_until = Some(verify_until);
                let entry = rotated(&before.kid)
                    .with("replacedBy", &kid)
                    .caused_by(cause);
                tx.update::<signing_key::Entity>(&before, after, entry)
                    .await?;
            }
            Ok(kid)
        })
        .await;
    if let Err(Error::Forbidden(denial)) = &outcome {
        service.denials.report(caller, denial);
    }
    let kid = outcome?;
    service.keys.reload(&service.db).await?;
    Ok(kid)
}

/// When the last session ends that there is or that can begin now: some may have begun when sessions could live longer.
async fn last_expiry(
    connection: &impl ConnectionTrait,
    longest: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    let last = session::Entity::find()
        .filter(session::Column::RevokedAt.is_null())
        .order_by_desc(session::Column::ExpiresAt)
        .one(connection)
        .await?;
    Ok(last.map_or(longest, |last| longest.max(last.expires_at)))
}

/// The entry of a key that begins or ceases to sign.
pub(super) fn rotated(kid: &str) -> Entry {
    Entry::new(AuditAction::SigningKeyRotated)
        .with("kid", kid)
        .with("purpose", PURPOSE)
}
