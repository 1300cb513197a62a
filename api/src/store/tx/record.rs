//! How a unit of work writes its entries: who, when, by which request, and what of it is personal. Floor 2.

use std::time::Instant;

use entities::audit::recorded::Recorded;
use entities::audit::{AuditAction, MAX_ENTRY_BYTES, entry, leaf, personal};
use entities::id::{AgentId, AuditId};
use entities::json::JsonText;
use rand::RngCore;
use serde_json::{Map, Value};

use super::super::clock::uuid_at;
use super::super::entry::Entry;
use super::super::ledger::Written;
use super::Tx;
use crate::auth::actor::Origin;
use crate::error::{Error, Result};

impl Tx {
    pub(super) fn write_entry(&mut self, entry: Entry) -> Result<AuditId> {
        let missing = entry
            .action
            .required_metadata()
            .iter()
            .find(|key| !entry.metadata.contains_key(**key));
        if let Some(key) = missing {
            return Err(Error::internal(format!(
                "an entry of {} must carry {key}",
                entry.action
            )));
        }
        let id = AuditId::new(uuid_at(self.now));
        let origin = &self.caller.origin;
        let actor_id = entry.actor.clone();
        let actor_id = actor_id.unwrap_or_else(|| self.caller.agent_id());
        // Who has its own data erased does not leave some behind with that.
        let leaves_nothing = entry.action == AuditAction::PersonalDataErased
            && actor_id.as_ref().map(AgentId::as_str) == entry.entity_id.as_deref();
        let personal = match leaves_nothing {
            true => Vec::new(),
            false => personal_values(id, &entry, origin),
        };
        let commitments: Map<String, Value> = personal
            .iter()
            .map(|one| {
                (
                    one.field.clone(),
                    personal::commitment(&one.salt, &one.value).into(),
                )
            })
            .collect();
        let elapsed = Instant::now()
            .saturating_duration_since(origin.started)
            .as_millis();
        let row = entry::Model {
            id,
            ordinal: 0,
            entity_type: entry.action.entity(),
            action: entry.action,
            actor_id,
            session_id: entry.session_id.or_else(|| self.caller.session_id()),
            entity_id: entry.entity_id.unwrap_or_default(),
            metadata: JsonText::of(&Value::Object(entry.metadata)),
            personal: JsonText::of(&Value::Object(commitments)),
            duration_ms: i64::try_from(elapsed).ok(),
            request_id: Some(origin.request_id),
            cause_id: entry.cause_id,
            created_at: self.now,
        };
        let bytes = leaf::canonical_bytes(&row).len();
        if bytes > MAX_ENTRY_BYTES {
            return Err(Error::LimitExceeded {
                limit: "bytes of an audit entry",
                value: MAX_ENTRY_BYTES as u64,
                requested: bytes as u64,
            });
        }
        self.written.push(Written {
            entry: row,
            personal,
        });
        Ok(id)
    }
}

impl Entry {
    pub(super) fn about_row(mut self, row: &impl Recorded) -> Self {
        self.entity_id.get_or_insert_with(|| row.entity_id());
        self
    }
}

fn personal_values(entry_id: AuditId, entry: &Entry, origin: &Origin) -> Vec<personal::Model> {
    // What the control center does by itself has no address, even while a request of somebody else is its occasion.
    if entry.actor == Some(Some(AgentId::control_center())) {
        return Vec::new();
    }
    let values = [
        (
            "ipAddress",
            origin.ip_address.map(|address| address.to_string()),
        ),
        ("userAgent", origin.user_agent.as_deref().map(str::to_owned)),
    ];
    values
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?)))
        .map(|(field, value)| {
            let mut salt = vec![0u8; 16];
            rand::rng().fill_bytes(&mut salt);
            personal::Model {
                entry_id,
                field: field.to_owned(),
                value,
                salt,
            }
        })
        .collect()
}
