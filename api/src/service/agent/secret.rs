//! A new secret for an agent (spec R2.01, R1.08). Floor 3.

use entities::agent;
use entities::audit::AuditAction;

use super::{Registered, operator};
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::auth::secret::Secret;
use crate::error::{Error, Result};
use crate::service::Service;
use crate::store::{Entry, Tx};

/// rotateAgentSecret: the old secret is good no more; sessions stay. AGENT_SECRET_ROTATED.
///
/// # Errors
/// NOT_FOUND; FORBIDDEN where the agent holds more than the caller may grant (spec R1.08): its secret is a way to all of it.
#[tracing::instrument(name = "agent.rotate_secret", skip_all, fields(agent.id = id))]
pub async fn rotate_secret(service: &Service, caller: &Caller, id: &str) -> Result<Registered> {
    let id = super::parse_id(id)?;
    let secret = Secret::generate().map_err(Error::internal)?;
    let locks = operator::locks_for([id.clone()]);
    let operation = Operation::RotateAgentSecret;
    let agent = service
        .perform_alone(caller, operation, &locks, async |tx: &mut Tx| {
            let before = super::row_to_change(tx, &id).await?;
            policy::may_grant(tx.caller(), before.permissions)?;
            let mut after = before.clone();
            after.secret_sha256 = Some(secret.sha256().to_vec());
            let entry = Entry::new(AuditAction::AgentSecretRotated);
            tx.update::<agent::Entity>(&before, after.clone(), entry)
                .await?;
            Ok(after)
        })
        .await?;
    Ok(Registered { agent, secret })
}
