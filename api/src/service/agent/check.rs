//! What registrations and changes of agents must be, as far as it can be said without the database. Floor 3.

use std::collections::HashMap;
use std::hash::Hash;

use entities::agent::{AgentPermission, AgentTier, Capabilities, PermissionSet};
use entities::id::AgentId;
use entities::json::JsonText;
use serde_json::{Value, json};

use super::super::task_type;
use super::super::text::{self, MAX_NAME};
use crate::error::{Error, Fault, Result};

/// The most task types that one agent can be capable of.
const MAX_CAPABILITIES: usize = 200;

/// Every fault of a call, gathered before any is reported.
#[derive(Debug, Default)]
pub(super) struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// Adds one; at a place, counted from 0, where the call is in bulk.
    pub(super) fn add(&mut self, index: Option<usize>, fault: Fault) {
        self.list.push(match index {
            Some(index) => fault.at_line(index),
            None => fault,
        });
    }

    /// BAD_USER_INPUT with all of them, by line, if there is any.
    pub(super) fn check(mut self) -> Result<()> {
        if self.list.is_empty() {
            return Ok(());
        }
        self.list.sort_by_key(|fault| fault.line);
        Err(Error::BadUserInput(self.list))
    }
}

/// One line of a call: takes the faults of its fields and gives what is without fault.
pub(super) struct Line<'a> {
    /// Counted from 0, where the call is in bulk.
    pub(super) index: Option<usize>,
    pub(super) faults: &'a mut Faults,
}

impl Line<'_> {
    /// Adds a fault of a field.
    pub(super) fn fault(&mut self, field: &str, rule: &str, message: impl Into<String>) {
        self.faults.add(self.index, Fault::of(field, rule, message));
    }

    /// An agent's id.
    pub(super) fn id(&mut self, field: &str, id: &str) -> Option<AgentId> {
        let parsed = id.parse().ok();
        if parsed.is_none() {
            let message = "must be 3 to 64 characters of A-Z, 0-9 and the dash";
            let fault = Fault::of(field, "format", message).found(&json!(id));
            self.faults.add(self.index, fault);
        }
        parsed
    }

    /// The id of an agent to be registered: that of its tier, and not the control center's.
    pub(super) fn new_id(&mut self, id: &str, tier: AgentTier) -> Option<AgentId> {
        let parsed = self.id("id", id)?;
        if parsed == AgentId::control_center() {
            self.fault("id", "reserved", "is the control center's own");
        } else if !parsed.fits(tier) {
            let message = format!("must begin with its tier: {tier}- and something after it");
            let fault = Fault::of("id", "prefix", message).found(&json!(id));
            self.faults.add(self.index, fault);
        }
        Some(parsed)
    }

    /// A name.
    pub(super) fn name(&mut self, name: String) -> String {
        if let Some(fault) = text::fault("name", &name, MAX_NAME) {
            self.faults.add(self.index, fault);
        }
        name
    }

    /// The names of task types.
    pub(super) fn capabilities(&mut self, names: Vec<String>) -> Capabilities {
        if names.len() > MAX_CAPABILITIES {
            let message = format!(
                "must be at most {MAX_CAPABILITIES}, there are {}",
                names.len()
            );
            self.fault("capabilities", "maxItems", message);
            return Capabilities::default();
        }
        for (index, name) in names.iter().enumerate() {
            if !task_type::is_name(name) {
                let field = format!("capabilities/{index}");
                let message = "must be the name of a task type: 3 to 64 characters of A-Z, 0-9 and _, a letter first";
                let fault = Fault::of(&field, "pattern", message).found(&json!(name));
                self.faults.add(self.index, fault);
            }
        }
        names.into_iter().collect()
    }

    /// A configuration: a JSON object of bounded size.
    pub(super) fn config(&mut self, config: &Value, max_bytes: usize) -> JsonText {
        if !config.is_object() {
            let fault = Fault::of("config", "type", "must be a JSON object").found(config);
            self.faults.add(self.index, fault);
            return JsonText::empty_object();
        }
        let text = JsonText::of(config);
        let bytes = text.as_str().len();
        if bytes > max_bytes {
            let message =
                format!("must have at most {max_bytes} bytes of canonical JSON, has {bytes}");
            self.fault("config", "maxBytes", message);
        }
        text
    }

    /// Permissions within the ceiling of the tier (spec R1.03).
    pub(super) fn permissions(
        &mut self,
        permissions: Vec<AgentPermission>,
        tier: AgentTier,
    ) -> PermissionSet {
        let wanted: PermissionSet = permissions.into_iter().collect();
        let beyond = wanted.without(tier.ceiling());
        if !beyond.is_empty() {
            let message = format!("{beyond} cannot be held by an agent of tier {tier}");
            let fault = Fault::of("permissions", "ceiling", message).found(&json!(beyond));
            self.faults.add(self.index, fault);
        }
        wanted
    }

    /// That the supervisor of an agent of this tier is one tier up; `tier_of` is the tier of the named one, if it exists (spec R1.02).
    pub(super) fn supervisor(
        &mut self,
        tier: AgentTier,
        supervisor: &AgentId,
        tier_of: Option<AgentTier>,
    ) {
        match (tier.supervisor(), tier_of) {
            (None, _) => {
                let message = format!("must be left out: an agent of tier {tier} has none");
                self.fault("supervisorId", "supervisor", message);
            }
            (Some(_), None) => {
                let message = format!("there is no agent {supervisor}");
                self.fault("supervisorId", "exists", message);
            }
            (Some(up), Some(found)) if up != found => {
                let message = format!(
                    "must be of tier {up}, one above {tier}: {supervisor} is of tier {found}"
                );
                self.fault("supervisorId", "supervisor", message);
            }
            (Some(_), Some(_)) => {}
        }
    }
}

/// The keys that come more than once, with the place of each repetition and of the first.
pub(super) fn repetitions<K: Eq + Hash>(
    keys: impl IntoIterator<Item = Option<K>>,
) -> Vec<(usize, usize)> {
    let mut first = HashMap::new();
    let mut repeated = Vec::new();
    for (place, key) in keys.into_iter().enumerate() {
        let Some(key) = key else { continue };
        match first.get(&key) {
            Some(earlier) => repeated.push((place, *earlier)),
            None => {
                first.insert(key, place);
            }
        }
    }
    repeated
}

/// LIMIT_EXCEEDED for a bulk call of too many lines.
pub(super) fn bulk(lines: usize, max: usize) -> Result<()> {
    if lines <= max {
        return Ok(());
    }
    Err(Error::LimitExceeded {
        limit: "lines of a bulk call",
        value: max as u64,
        requested: lines as u64,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn faults(check: impl FnOnce(&mut Line<'_>)) -> Vec<(String, String)> {
        let mut faults = Faults::default();
        check(&mut Line {
            index: Some(7),
            faults: &mut faults,
        });
        assert!(faults.list.iter().all(|fault| fault.line == Some(8)));
        faults
            .list
            .into_iter()
            .map(|fault| (fault.pointer, fault.rule))
            .collect()
    }

    fn one(pointer: &str, rule: &str) -> Vec<(String, String)> {
        vec![(pointer.to_owned(), rule.to_owned())]
    }

    #[test]
    fn an_id_must_have_the_form_and_the_tier_of_its_agent() {
        let of = |id: &str, tier| {
            faults(|line| {
                line.new_id(id, tier);
            })
        };
        assert_eq!(of("L2-CHAR-001", AgentTier::L2), []);
        assert_eq!(of("L2-CHAR-001", AgentTier::L3), one("/id", "prefix"));
        assert_eq!(of("L2-", AgentTier::L2), one("/id", "prefix"));
        assert_eq!(of("l2-char", AgentTier::L2), one("/id", "format"));
        assert_eq!(of("SYSTEM-000", AgentTier::System), one("/id", "reserved"));
        assert_eq!(of("SYSTEM-002", AgentTier::System), []);
    }

    #[test]
    fn permissions_beyond_the_ceiling_of_the_tier_are_a_fault() {
        for tier in AgentTier::ALL {
            for permission in AgentPermission::ALL {
                let found = faults(|line| {
                    line.permissions(vec![*permission], *tier);
                });
                let within = permission.lowest_tier() <= *tier;
                assert_eq!(found.is_empty(), within, "{permission} for {tier}");
            }
        }
    }

    #[test]
    fn a_supervisor_stands_exactly_one_tier_up() {
        let id: AgentId = "L1-ART-001".parse().unwrap();
        let of = |tier, found| faults(|line| line.supervisor(tier, &id, found));
        assert_eq!(of(AgentTier::L2, Some(AgentTier::L1)), []);
        let fault = |rule| one("/supervisorId", rule);
        assert_eq!(of(AgentTier::L3, Some(AgentTier::L1)), fault("supervisor"));
        assert_eq!(
            of(AgentTier::L1, Some(AgentTier::System)),
            fault("supervisor")
        );
        assert_eq!(of(AgentTier::L2, None), fault("exists"));
    }

    #[test]
    fn capabilities_are_named_like_task_types() {
        let found = faults(|line| {
            line.capabilities(vec!["GOOD".into(), "bad".into()]);
        });
        assert_eq!(found, one("/capabilities/1", "pattern"));
        let found = faults(|line| {
            line.capabilities(vec!["GOOD".into(); MAX_CAPABILITIES + 1]);
        });
        assert_eq!(found, one("/capabilities", "maxItems"));
    }

    #[test]
    fn a_configuration_is_an_object_of_bounded_size() {
        let of = |config: Value| {
            faults(|line| {
                line.config(&config, 10);
            })
        };
        assert_eq!(of(json!({"a": 1234})), []);
        assert_eq!(of(json!({"a": 12345})), one("/config", "maxBytes"));
        assert_eq!(of(json!([1])), one("/config", "type"));
    }

    #[test]
    fn a_repetition_names_the_first_of_its_kind() {
        let keys = [Some('a'), None, Some('b'), Some('a'), None, Some('a')];
        assert_eq!(repetitions(keys), [(3, 0), (5, 0)]);
    }
}
