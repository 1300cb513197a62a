//! Evidence of what a phase has brought about (spec R7.02). Floor 3.

use entities::audit::AuditAction;
use entities::id::AssetId;
use entities::sprint::{self, StageStatus};

use super::super::{Service, asset};
use super::{advance, load, stands_in_the_way};
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::error::{Error, Fault, Result};
use crate::service::text;
use crate::store::{Entry, Tx};

/// The most pieces that one call attaches, so that its entry has room for all of them.
const MAX_CALL: usize = 20;
/// The most pieces that a phase has.
const MAX_PHASE: usize = 100;
/// The most characters of a link.
const MAX_LINK: usize = 1_000;

/// Attaches links and assets to a phase, each once.
#[tracing::instrument(name = "sprint.attach_evidence", skip_all, fields(sprint.id = id))]
pub async fn attach(
    service: &Service,
    caller: &Caller,
    id: &str,
    phase: i32,
    evidence: Vec<String>,
) -> Result<sprint::Model> {
    const OPERATION: Operation = Operation::AttachEvidence;
    service.allow(caller, OPERATION)?;
    check(service, caller, &evidence).await?;
    service
        .perform(caller, OPERATION, async |tx: &mut Tx| {
            let super::Loaded { sprint, actor } = load(tx, id).await?;
            policy::may_attach_evidence(&actor, &sprint)?;
            if sprint.status.is_terminal() {
                return Err(stands_in_the_way(&sprint, "nothing is attached to it"));
            }
            let mut after = sprint.clone();
            let of_phase = super::change::phase_of(&mut after, phase)?;
            if of_phase.status == StageStatus::Completed {
                let message = format!("phase {phase} has ended");
                return Err(Error::conflict(message));
            }
            let mut added = Vec::new();
            for one in evidence {
                if !of_phase.evidence.contains(&one) {
                    of_phase.evidence.push(one.clone());
                    added.push(one);
                }
            }
            if added.is_empty() {
                return Ok(sprint);
            }
            if of_phase.evidence.len() > MAX_PHASE {
                return Err(Error::LimitExceeded {
                    limit: "pieces of evidence of a phase",
                    value: MAX_PHASE as u64,
                    requested: of_phase.evidence.len() as u64,
                });
            }
            let attached = Entry::new(AuditAction::WorkflowEvidenceAttached)
                .with("phase", phase)
                .with("evidence", added);
            let (after, _) = tx.change_sprint(&sprint, after, attached).await?;
            advance::settle_from(service, tx, after).await
        })
        .await
}

/// BAD_USER_INPUT where a piece is neither a link nor an asset that the caller may see.
async fn check(service: &Service, caller: &Caller, evidence: &[String]) -> Result<()> {
    let mut faults = Vec::new();
    if evidence.is_empty() || evidence.len() > MAX_CALL {
        let message = format!("must be 1 to {MAX_CALL}, are {}", evidence.len());
        return Err(Error::bad_input("evidence", "items", message));
    }
    let ids: Vec<AssetId> = evidence.iter().filter_map(|one| one.parse().ok()).collect();
    let seen = asset::find_visible(service, caller, &ids).await?;
    for (index, one) in evidence.iter().enumerate() {
        let place = format!("evidence/{index}");
        faults.extend(text::fault(&place, one, MAX_LINK));
        let known = match one.parse::<AssetId>() {
            Ok(id) => seen.iter().any(|row| row.id == id),
            Err(_) => is_link(one),
        };
        if !known {
            let message = "must be a link (https://…) or the id of an asset that the caller sees";
            faults.push(Fault::of(&place, "format", message));
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Error::BadUserInput(faults)),
    }
}

/// Whether a text is an absolute link of the web.
fn is_link(text: &str) -> bool {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !text.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_a_host_and_has_no_blanks() {
        for good in ["https://studio.example/a?b#c", "http://host:80"] {
            assert!(is_link(good), "{good}");
        }
        for bad in [
            "",
            "https://",
            "https:///a",
            "javascript:alert(1)",
            "https://a b",
            "file:///etc",
        ] {
            assert!(!is_link(bad), "{bad}");
        }
    }
}
