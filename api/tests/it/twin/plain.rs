//! Answers without what differs from one installation to the next: ids by the order in which they appear, times and secrets not at all.

use std::collections::HashMap;

use chrono::DateTime;
use serde_json::Value;

/// The prefixes of ids, which have 26 characters after it.
const PREFIXES: [&str; 8] = [
    "asset_", "task_", "sess_", "aud_", "req_", "inst_", "audit_", "notif_",
];
const ID_LENGTH: usize = 26;

/// Remembers which ids have appeared.
#[derive(Default)]
pub(super) struct Plain {
    known: HashMap<String, usize>,
}

impl Plain {
    pub(super) fn of(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(list) => list.iter().map(|value| self.of(value)).collect(),
            Value::Object(map) => map
                .iter()
                .filter(|(key, _)| !is_of_its_own(key))
                .map(|(key, value)| (self.text(key), self.of(value)))
                .collect(),
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        if DateTime::parse_from_rfc3339(text).is_ok() {
            return "a time".to_owned();
        }
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, id)) = first_id(rest) {
            let next = self.known.len();
            let number = *self.known.entry(id.to_owned()).or_insert(next);
            plain.push_str(before);
            plain.push_str(&format!("id {number}"));
            rest = &rest[before.len() + id.len()..];
        }
        plain + rest
    }
}

/// What no two installations have alike.
fn is_of_its_own(key: &str) -> bool {
    [
        "requestId",
        "secret",
        "token",
        "secretSha256",
        "durationMs",
        "retryAfterMs",
    ]
    .contains(&key)
}

fn first_id(text: &str) -> Option<(&str, &str)> {
    PREFIXES
        .iter()
        .filter_map(|prefix| {
            let start = text.find(prefix)?;
            let id = text.get(start..start + prefix.len() + ID_LENGTH)?;
            let suffix = &id[prefix.len()..];
            let good = suffix
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            good.then(|| (&text[..start], id))
        })
        .min_by_key(|(before, _)| before.len())
}
