//! Registering agents, one or thousands at once: all or nothing, every fault named by its line (spec R1.02, R1.03, R1.07, R1.08). Floor 3.

use std::collections::{HashMap, HashSet};

use entities::agent::{self, AgentState, AgentTier, Capabilities, PermissionSet};
use entities::audit::AuditAction;
use entities::id::AgentId;
use entities::json::JsonText;
use sea_orm::{DbErr, SqlErr};
use serde_json::json;

use super::check::{self, Faults, Line};
use super::{Register, Registered};
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::auth::secret::Secret;
use crate::error::{Error, Fault, Result};
use crate::service::{Service, Settings};
use crate::store::{Entry, Tx};

/// Whether agents are given a secret when they are registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::service) enum Secrets {
    /// One each, shown once.
    Made,
    /// None until one is made for them: the agents of a fleet file.
    Later,
}

/// Registrations checked as far as it can be done without the database.
#[derive(Debug)]
pub(in crate::service) struct Prepared {
    drafts: Vec<Draft>,
    faults: Faults,
    secrets: Vec<Secret>,
}

/// One line, parsed.
#[derive(Debug)]
struct Draft {
    /// Its place in the call, where the call is in bulk.
    index: Option<usize>,
    /// None where it is malformed, which is a fault.
    id: Option<AgentId>,
    name: String,
    tier: AgentTier,
    supervisor_id: Option<AgentId>,
    permissions: PermissionSet,
    capabilities: Capabilities,
    config: JsonText,
    secret_sha256: Option<Vec<u8>>,
}

/// registerAgent, registerAgents: `operation` says which, and so whether faults name a line. AGENT_REGISTERED for each.
///
/// # Errors
/// BAD_USER_INPUT with every fault of every line; FORBIDDEN for permissions that the caller may not grant (spec R1.08); LIMIT_EXCEEDED
/// for too many lines.
#[tracing::instrument(name = "agent.register", skip_all, fields(count = lines.len()))]
pub async fn register(
    service: &Service,
    caller: &Caller,
    lines: Vec<Register>,
    operation: Operation,
) -> Result<Vec<Registered>> {
    service.allow(caller, operation)?;
    check::bulk(lines.len(), service.settings.max_bulk)?;
    let numbered = operation != Operation::RegisterAgent;
    let prepared = prepare(lines, &service.settings, Secrets::Made, numbered)?;
    let (agents, secrets) = service
        .perform(caller, operation, async |tx: &mut Tx| {
            register_in_unit(tx, prepared).await
        })
        .await?;
    Ok(agents
        .into_iter()
        .zip(secrets)
        .map(|(agent, secret)| Registered { agent, secret })
        .collect())
}

/// Parses and checks lines, and makes secrets: what a unit of work should not wait for.
pub(in crate::service) fn prepare(
    lines: Vec<Register>,
    settings: &Settings,
    secrets: Secrets,
    numbered: bool,
) -> Result<Prepared> {
    let mut faults = Faults::default();
    let mut made = Vec::new();
    let mut drafts = Vec::with_capacity(lines.len());
    for (place, line) in lines.into_iter().enumerate() {
        let index = numbered.then_some(place);
        let secret_sha256 = match secrets {
            Secrets::Later => None,
            Secrets::Made => {
                let secret = Secret::generate().map_err(Error::internal)?;
                let hash = secret.sha256().to_vec();
                made.push(secret);
                Some(hash)
            }
        };
        let mut checked = Line {
            index,
            faults: &mut faults,
        };
        drafts.push(Draft::of(line, &mut checked, settings, secret_sha256));
    }
    for (place, first) in check::repetitions(drafts.iter().map(|draft| draft.id.as_ref())) {
        let message = format!("is that of line {} too", first + 1);
        faults.add(
            numbered.then_some(place),
            Fault::of("id", "unique", message),
        );
    }
    Ok(Prepared {
        drafts,
        faults,
        secrets: made,
    })
}

impl Draft {
    fn of(
        line: Register,
        checked: &mut Line<'_>,
        settings: &Settings,
        secret_sha256: Option<Vec<u8>>,
    ) -> Self {
        let tier = line.tier;
        if let (None, Some(up)) = (&line.supervisor_id, tier.supervisor()) {
            let message = format!("an agent of tier {tier} needs a supervisor of tier {up}");
            checked.fault("supervisorId", "required", message);
        }
        Self {
            index: checked.index,
            id: checked.new_id(&line.id, tier),
            name: checked.name(line.name),
            tier,
            supervisor_id: line
                .supervisor_id
                .and_then(|id| checked.id("supervisorId", &id)),
            permissions: match line.permissions {
                Some(named) => checked.permissions(named, tier),
                None => tier.ceiling(),
            },
            capabilities: checked.capabilities(line.capabilities.unwrap_or_default()),
            config: match line.config {
                Some(config) => checked.config(&config, settings.max_document_bytes),
                None => JsonText::empty_object(),
            },
            secret_sha256,
        }
    }
}

impl Prepared {
    /// Leaves out the agents that are registered already.
    pub(in crate::service) async fn keep_missing(&mut self, tx: &Tx) -> Result<()> {
        let ids: Vec<AgentId> = self.ids().cloned().collect();
        let known = super::rows(tx, &ids).await?;
        self.drafts
            .retain(|draft| draft.id.as_ref().is_none_or(|id| !known.contains_key(id)));
        Ok(())
    }

    fn ids(&self) -> impl Iterator<Item = &AgentId> {
        self.drafts.iter().filter_map(|draft| draft.id.as_ref())
    }

    /// What only the database can say: which ids are taken, and who the supervisors are.
    async fn check_against(&mut self, tx: &Tx) -> Result<()> {
        let tiers: HashMap<&AgentId, AgentTier> = self
            .drafts
            .iter()
            .filter_map(|draft| Some((draft.id.as_ref()?, draft.tier)))
            .collect();
        let supervisors = self
            .drafts
            .iter()
            .filter_map(|draft| draft.supervisor_id.as_ref())
            .filter(|id| !tiers.contains_key(id));
        let asked: HashSet<AgentId> = tiers.keys().copied().chain(supervisors).cloned().collect();
        let asked: Vec<AgentId> = asked.into_iter().collect();
        let known = super::tiers(tx, &asked).await?;
        for draft in &self.drafts {
            let mut line = Line {
                index: draft.index,
                faults: &mut self.faults,
            };
            if let Some(id) = draft.id.as_ref().filter(|id| known.contains_key(id)) {
                line.fault("id", "unique", format!("agent {id} is registered already"));
            }
            if let Some(supervisor) = &draft.supervisor_id {
                let tier = known.get(supervisor).or_else(|| tiers.get(supervisor));
                line.supervisor(draft.tier, supervisor, tier.copied());
            }
        }
        Ok(())
    }
}

/// Registers what was prepared. Gives the rows in the order of the lines, with the secrets that were made for them.
pub(in crate::service) async fn register_in_unit(
    tx: &mut Tx,
    mut prepared: Prepared,
) -> Result<(Vec<agent::Model>, Vec<Secret>)> {
    prepared.check_against(tx).await?;
    prepared.faults.check()?;
    let granted: PermissionSet = prepared
        .drafts
        .iter()
        .flat_map(|draft| draft.permissions.iter())
        .collect();
    policy::may_grant(tx.caller(), granted)?;
    let now = tx.now();
    let agents: Vec<agent::Model> = prepared
        .drafts
        .into_iter()
        .filter_map(|draft| {
            Some(agent::Model {
                id: draft.id?,
                name: draft.name,
                tier: draft.tier,
                supervisor_id: draft.supervisor_id,
                permissions: draft.permissions,
                capabilities: draft.capabilities,
                config: draft.config,
                state: AgentState::Operational,
                status_reason: None,
                secret_sha256: draft.secret_sha256,
                created_at: now,
                last_active_at: None,
                leases_lost: 0,
            })
        })
        .collect();
    if !agents.is_empty() {
        let rows = agents
            .iter()
            .map(|agent| (agent.clone(), Entry::new(AuditAction::AgentRegistered)))
            .collect();
        tx.insert_all::<agent::Entity>(rows)
            .await
            .map_err(taken_meanwhile)?;
    }
    Ok((agents, prepared.secrets))
}

/// An id that was free a moment ago and is not any more: sent again, the call hears which.
fn taken_meanwhile(error: Error) -> Error {
    let taken = matches!(&error, Error::Internal(cause) if cause
        .0
        .downcast_ref::<DbErr>()
        .is_some_and(|error| matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))));
    if taken {
        Error::conflict_with(
            "an id of this call was registered by somebody else at the same moment: send it again",
            json!({"retryable": true}),
        )
    } else {
        error
    }
}
