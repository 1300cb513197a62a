//! The first start: the installation, its first signing key, the control center and the first operator, in one unit (spec R1.02, R2.06).
//! Floor 3.

use chrono::{DateTime, Utc};
use entities::agent::{self, AgentState, AgentTier, Capabilities};
use entities::audit::AuditAction;
use entities::id::{AgentId, InstallationId};
use entities::json::JsonText;
use entities::{installation, signing_key};
use sea_orm::EntityTrait;

use super::{key, log};
use crate::auth::actor::Caller;
use crate::auth::key::MasterKey;
use crate::auth::secret::Secret;
use crate::error::{Error, Result};
use crate::store::clock::uuid_at;
use crate::store::{Db, Entry, Tx};

/// What preparing the database came to.
#[derive(Debug)]
pub struct FirstStart {
    /// The secret of SYSTEM-001: on the very first start, and never again.
    pub operator_secret: Option<Secret>,
}

/// Makes of a migrated database an installation, if it is none yet. Of replicas that start at once one does, the others find it done.
///
/// `hand_over` puts the operator's secret where the operator finds it. It is called before the installation is committed: a process that
/// dies in between leaves a secret without an installation, which the next start replaces, and never an installation that nobody can enter.
///
/// # Errors
/// Of the database, and of `hand_over`; INTERNAL where the operating system gives no randomness.
pub async fn prepare(
    db: &Db,
    master: &MasterKey,
    hand_over: impl Fn(&Secret) -> Result<()>,
) -> Result<FirstStart> {
    if installation::Entity::find().one(db).await?.is_some() {
        log::ensure_key(db, master).await?;
        return Ok(FirstStart {
            operator_secret: None,
        });
    }
    let secret = Secret::generate().map_err(Error::internal)?;
    let signing_key = key::make(master, db.clock().now())?;
    let itself = Caller::control_center(db.request_id());
    let locks = [AgentId::control_center()];
    let first = db
        .write_alone(&itself, &locks, async |tx: &mut Tx| {
            if installation::Entity::find().one(tx).await?.is_some() {
                return Ok(false);
            }
            found(tx, signing_key, &secret).await?;
            hand_over(&secret)?;
            Ok(true)
        })
        .await?;
    log::ensure_key(db, master).await?;
    Ok(FirstStart {
        operator_secret: first.then_some(secret),
    })
}

async fn found(tx: &mut Tx, mut signing_key: signing_key::Model, secret: &Secret) -> Result<()> {
    let now = tx.now();
    tx.insert_installation(installation::Model {
        singleton: 1,
        id: InstallationId::new(uuid_at(now)),
        created_at: now,
    })
    .await?;
    signing_key.created_at = now;
    let entry = key::rotated(&signing_key.kid);
    tx.insert::<signing_key::Entity>(signing_key, entry).await?;
    let control_center = system_agent(AgentId::control_center(), "Control Center", now);
    let mut operator = system_agent(AgentId::first_operator(), "First Operator", now);
    operator.secret_sha256 = Some(secret.sha256().to_vec());
    let agents =
        [control_center, operator].map(|agent| (agent, Entry::new(AuditAction::AgentRegistered)));
    tx.insert_all::<agent::Entity>(agents.into()).await
}

fn system_agent(id: AgentId, name: &str, now: DateTime<Utc>) -> agent::Model {
    agent::Model {
        id,
        name: name.to_owned(),
        tier: AgentTier::System,
        supervisor_id: None,
        permissions: AgentTier::System.ceiling(),
        capabilities: Capabilities::default(),
        config: JsonText::empty_object(),
        state: AgentState::Operational,
        status_reason: None,
        secret_sha256: None,
        created_at: now,
        last_active_at: None,
        leases_lost: 0,
    }
}
