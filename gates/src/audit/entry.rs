//! What an entry must look like by itself: canonical, with the members that the log promises and complete metadata (spec R5.03).
//!
//! The words and keys are an auditor's own reading of the spec, not the server's table: where the two part, that shows.

use serde_json::{Map, Value};

/// No entry is longer.
const MAX_BYTES: usize = 32 * 1024;

/// The members that an entry may have.
const MEMBERS: [&str; 12] = [
    "action",
    "actorId",
    "causeId",
    "createdAt",
    "durationMs",
    "entityId",
    "entityType",
    "id",
    "metadata",
    "personal",
    "requestId",
    "sessionId",
];

/// An entry that was looked at.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    value: Value,
}

/// For each action what its entries are about, and which keys their metadata have.
#[rustfmt::skip]
const ACTIONS: &[(&str, &str, &[&str])] = &[
    ("TASK_CREATED", "TASK", &["path", "set"]),
    ("TASK_ASSIGNED", "TASK", &["path", "set", "toAgentId"]),
    ("TASK_DELEGATED", "TASK", &["path", "set", "toAgentId", "taskType"]),
    ("TASK_CLAIMED", "TASK", &["path", "set"]),
    ("TASK_STARTED", "TASK", &["path", "set"]),
    ("TASK_REVIEW_REQUESTED", "TASK", &["path", "set"]),
    ("TASK_APPROVED", "TASK", &["path", "set"]),
    ("TASK_REJECTED", "TASK", &["path", "set", "feedback"]),
    ("TASK_COMPLETED", "TASK", &["path", "set"]),
    ("TASK_FAILED", "TASK", &["path", "set", "error"]),
    ("TASK_RETRIED", "TASK", &["path", "set"]),
    ("TASK_CANCELLED", "TASK", &["path", "set"]),
    ("TASK_PROGRESS_REPORTED", "TASK", &["set"]),
    ("TASK_VALIDATION_STARTED", "TASK", &["set"]),
    ("TASK_VALIDATION_FINISHED", "TASK", &["set"]),
    ("TASK_ANSWER_REFUSED", "TASK", &["attempt"]),
    ("TASK_TYPE_DEFINED", "TASK_TYPE", &["set"]),
    ("ASSET_GENERATED", "ASSET", &["set"]),
    ("ASSET_UPLOADED", "ASSET", &["set", "sha256", "byteSize"]),
    ("ASSET_APPROVED", "ASSET", &["set"]),
    ("ASSET_REJECTED", "ASSET", &["set", "feedback"]),
    ("ASSET_DELETED", "ASSET", &["set", "reason"]),
    ("AGENT_REGISTERED", "AGENT", &["set"]),
    ("AGENT_ACTIVATED", "AGENT", &["set"]),
    ("AGENT_DEACTIVATED", "AGENT", &["set", "reason"]),
    ("AGENT_ERRORED", "AGENT", &["set", "reason"]),
    ("AGENT_PERMISSION_CHANGED", "AGENT", &["set", "added", "removed"]),
    ("AGENT_CONFIG_UPDATED", "AGENT", &["set"]),
    ("AGENT_UPDATED", "AGENT", &["set"]),
    ("AGENT_SECRET_ROTATED", "AGENT", &["set"]),
    ("SESSION_CREATED", "SESSION", &["set", "agentId"]),
    ("SESSION_ROTATED", "SESSION", &["set", "agentId"]),
    ("SESSION_REVOKED", "SESSION", &["set", "agentId"]),
    ("SESSION_EXPIRED", "SESSION", &["agentId"]),
    ("WORKFLOW_CREATED", "WORKFLOW", &["set"]),
    ("WORKFLOW_CHANGED", "WORKFLOW", &["set"]),
    ("WORKFLOW_EVIDENCE_ATTACHED", "WORKFLOW", &["set"]),
    ("WORKFLOW_TASK_ACCEPTED", "WORKFLOW", &["taskId", "reason"]),
    ("WORKFLOW_STARTED", "WORKFLOW", &["set"]),
    ("WORKFLOW_PHASE_ADVANCED", "WORKFLOW", &["set"]),
    ("WORKFLOW_COMPLETED", "WORKFLOW", &["set"]),
    ("WORKFLOW_FAILED", "WORKFLOW", &["set"]),
    ("WORKFLOW_RESUMED", "WORKFLOW", &["set"]),
    ("WORKFLOW_CANCELLED", "WORKFLOW", &["set"]),
    ("GATE_RUN_RECORDED", "GATE", &["set"]),
    ("SIGNING_KEY_ROTATED", "SYSTEM", &["kid", "purpose"]),
    ("ACCESS_DENIED", "SYSTEM", &["rule", "needed", "had"]),
    ("AUTHENTICATION_FAILED", "SYSTEM", &["reason"]),
    ("RATE_LIMIT_EXCEEDED", "SYSTEM", &["limit"]),
    ("SYSTEM_ERROR", "SYSTEM", &["duty"]),
    ("AUDIT_EXPORTED", "AUDIT", &["set"]),
    ("AUDIT_ARCHIVED", "AUDIT", &["set"]),
    ("PERSONAL_DATA_ERASED", "AGENT", &["reason", "count"]),
];

impl Entry {
    /// Reads an entry.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow "entry 17 …".
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MAX_BYTES {
            return Err(format!(
                "has {} bytes and may have {MAX_BYTES}",
                bytes.len()
            ));
        }
        let value: Option<Value> = serde_json::from_slice(bytes).ok();
        let canonical = |value: &Value| serde_json_canonicalizer::to_vec(value).ok();
        let value = value.filter(|value| canonical(value).as_deref() == Some(bytes));
        let entry = Self {
            value: value.ok_or("is not canonical JSON")?,
        };
        entry.check().map(|()| entry)
    }

    fn check(&self) -> Result<(), String> {
        let members = self.value.as_object().ok_or("is no object")?;
        if members.get("v") != Some(&Value::from(1)) {
            return Err("has not \"v\":1".to_owned());
        }
        let stranger = |name: &&String| *name != "v" && !MEMBERS.contains(&name.as_str());
        if let Some(name) = members.keys().find(stranger) {
            return Err(format!("has a member that nobody knows: {name}"));
        }
        for name in ["id", "action", "entityType", "entityId", "createdAt"] {
            if self.text(name).is_empty() {
                return Err(format!("has no {name}"));
            }
        }
        if !is_time(self.text("createdAt")) {
            return Err("has a createdAt that is no time in UTC with microseconds".to_owned());
        }
        for name in ["metadata", "personal"] {
            if !members.get(name).is_some_and(Value::is_object) {
                return Err(format!("has no {name}"));
            }
        }
        self.check_metadata()
    }

    fn check_metadata(&self) -> Result<(), String> {
        let action = self.action();
        let known = ACTIONS.iter().find(|(name, ..)| *name == action);
        let (_, about, keys) =
            known.ok_or_else(|| format!("has an action that nobody knows: {action}"))?;
        if self.entity_type() != *about {
            return Err(format!(
                "is {action} and about {}, not {about}",
                self.entity_type()
            ));
        }
        let metadata = &self.value["metadata"];
        if let Some(key) = keys.iter().find(|key| metadata.get(**key).is_none()) {
            return Err(format!("is {action} and says no {key} in its metadata"));
        }
        if metadata.get("set").is_some_and(|set| !set.is_object()) {
            return Err("has a set that is no object".to_owned());
        }
        let is_path = |path: &Value| {
            let steps = path.as_array();
            steps.is_some_and(|steps| !steps.is_empty() && steps.iter().all(Value::is_string))
        };
        match metadata.get("path") {
            Some(path) if !is_path(path) => Err("has a path that is no list of words".to_owned()),
            _ => Ok(()),
        }
    }

    fn text(&self, name: &str) -> &str {
        self.value[name].as_str().unwrap_or_default()
    }

    pub(super) fn id(&self) -> &str {
        self.text("id")
    }

    pub(super) fn action(&self) -> &str {
        self.text("action")
    }

    pub(super) fn entity_type(&self) -> &str {
        self.text("entityType")
    }

    pub(super) fn entity_id(&self) -> &str {
        self.text("entityId")
    }

    pub(super) fn created_at(&self) -> &str {
        self.text("createdAt")
    }

    /// The columns that it sets, if any.
    pub(super) fn set(&self) -> Option<&Map<String, Value>> {
        self.value["metadata"]["set"].as_object()
    }

    /// The statuses that it leads through, from where it began; empty for none.
    pub(super) fn path(&self) -> &[Value] {
        let path = self.value["metadata"]["path"].as_array();
        path.map_or(&[], Vec::as_slice)
    }
}

/// Whether a text is a time as the log writes it, `2026-01-31T23:59:59.000001Z`. So written, times sort as texts.
fn is_time(text: &str) -> bool {
    let form = b"0000-00-00T00:00:00.000000Z";
    let fits = |(letter, form): (u8, &u8)| match form {
        b'0' => letter.is_ascii_digit(),
        other => letter == *other,
    };
    text.len() == form.len() && text.bytes().zip(form).all(fits)
}

#[cfg(test)]
pub(super) mod tests;
