//! The bytes of an audit entry that enter the tree, and their hash. Floor 0.
//!
//! Canonical bytes: RFC 8785 JSON with `"v": 1`. What is absent is left out. Times are RFC 3339, UTC, with microseconds.

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::entry;
use crate::json::canonical;

/// The canonical bytes of an entry.
pub fn canonical_bytes(entry: &entry::Model) -> String {
    let mut object = Map::from_iter([
        ("v".to_owned(), json!(1)),
        ("id".to_owned(), json!(entry.id)),
        ("action".to_owned(), json!(entry.action)),
        ("entityType".to_owned(), json!(entry.entity_type)),
        ("entityId".to_owned(), json!(entry.entity_id)),
        ("metadata".to_owned(), entry.metadata.value()),
        ("personal".to_owned(), entry.personal.value()),
        (
            "createdAt".to_owned(),
            json!(
                entry
                    .created_at
                    .to_rfc3339_opts(SecondsFormat::Micros, true)
            ),
        ),
    ]);
    let optional = [
        ("actorId", json!(entry.actor_id)),
        ("sessionId", json!(entry.session_id)),
        ("requestId", json!(entry.request_id)),
        ("causeId", json!(entry.cause_id)),
        ("durationMs", json!(entry.duration_ms)),
    ];
    object.extend(
        optional
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.to_owned(), value)),
    );
    canonical(&Value::Object(object))
}

/// RFC 6962 section 2.1: SHA-256(0x00 ‖ leaf).
pub fn leaf_hash(canonical_bytes: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update([0u8])
        .chain_update(canonical_bytes)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditAction, AuditEntity};
    use crate::id::{AgentId, AuditId};
    use crate::json::{JsonText, hex};
    use chrono::DateTime;
    use uuid::Uuid;

    #[test]
    fn the_canonical_bytes_are_as_published() {
        let entry = entry::Model {
            id: AuditId::new(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001)),
            ordinal: 7,
            action: AuditAction::TaskCancelled,
            actor_id: Some(AgentId::first_operator()),
            session_id: None,
            entity_type: AuditEntity::Task,
            entity_id: "task_x".into(),
            metadata: JsonText::of(
                &json!({"set": {"error": "é"}, "path": ["PENDING", "CANCELLED"]}),
            ),
            personal: JsonText::empty_object(),
            duration_ms: Some(3),
            request_id: None,
            cause_id: None,
            created_at: DateTime::from_timestamp_micros(1_700_000_000_120_000).unwrap(),
        };
        let bytes = canonical_bytes(&entry);
        insta::assert_snapshot!(bytes);
        insta::assert_snapshot!(hex(&leaf_hash(&bytes)));
    }
}
