//! The bytes of an audit entry that enter the tree, and their hash. Floor 0.
//!
//! Canonical bytes: RFC 8785 JSON with `"v": 1`. What is absent is left out. Times are RFC 3339, UTC, with microseconds.

use chrono::SecondsFormat;
use serde::de::IgnoredAny;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::entry;
use crate::json::{JsonText, canonical};

/// The canonical bytes of an entry.
///
/// They are put together in the order of their names, as RFC 8785 sorts them; metadata and commitments are kept as canonical text and go in
/// as they are.
pub fn canonical_bytes(entry: &entry::Model) -> String {
    let mut text = String::with_capacity(320 + entry.metadata.as_str().len());
    let mut put = |name: &str, value: &str| {
        text.push(if text.is_empty() { '{' } else { ',' });
        text.push('"');
        text.push_str(name);
        text.push_str("\":");
        text.push_str(value);
    };
    let quoted = |value: &dyn std::fmt::Display| Value::String(value.to_string()).to_string();
    put("action", &quoted(&entry.action));
    if let Some(actor_id) = &entry.actor_id {
        put("actorId", &quoted(actor_id));
    }
    if let Some(cause_id) = &entry.cause_id {
        put("causeId", &quoted(cause_id));
    }
    let created_at = entry
        .created_at
        .to_rfc3339_opts(SecondsFormat::Micros, true);
    put("createdAt", &quoted(&created_at));
    if let Some(duration_ms) = entry.duration_ms {
        put("durationMs", &canonical(&duration_ms.into()));
    }
    put("entityId", &quoted(&entry.entity_id));
    put("entityType", &quoted(&entry.entity_type));
    put("id", &quoted(&entry.id));
    put("metadata", document(&entry.metadata));
    put("personal", document(&entry.personal));
    if let Some(request_id) = &entry.request_id {
        put("requestId", &quoted(request_id));
    }
    if let Some(session_id) = &entry.session_id {
        put("sessionId", &quoted(session_id));
    }
    put("v", "1");
    text.push('}');
    text
}

/// The text of a document, as it is. What is not one document could pass for several members of the entry; it counts as none.
fn document(text: &JsonText) -> &str {
    match serde_json::from_str::<IgnoredAny>(text.as_str()) {
        Ok(_) => text.as_str(),
        Err(_) => "null",
    }
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
    use crate::json::hex;
    use chrono::DateTime;
    use serde_json::json;
    use uuid::Uuid;

    fn entry() -> entry::Model {
        entry::Model {
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
        }
    }

    #[test]
    fn the_canonical_bytes_are_as_published() {
        let bytes = canonical_bytes(&entry());
        insta::assert_snapshot!(bytes);
        insta::assert_snapshot!(hex(&leaf_hash(&bytes)));
    }

    #[test]
    fn they_are_canonical_whatever_the_entry_says() {
        let full = entry::Model {
            session_id: Some(crate::id::SessionId::new(Uuid::from_u128(1))),
            request_id: Some(crate::id::RequestId::new(Uuid::from_u128(2))),
            cause_id: Some(AuditId::new(Uuid::from_u128(3))),
            entity_id: "\"\\\u{8}\u{1f}\n\u{7f}\u{2028}é😀/".into(),
            duration_ms: Some(i64::MAX),
            ..entry()
        };
        for entry in [entry(), full] {
            let bytes = canonical_bytes(&entry);
            let value: Value = serde_json::from_str(&bytes).unwrap();
            assert_eq!(bytes, canonical(&value));
            assert_eq!(value["v"], 1);
            assert_eq!(value["entityId"], entry.entity_id);
        }
    }

    #[test]
    fn what_was_moved_into_a_document_does_not_pass_for_a_member() {
        let request_id = crate::id::RequestId::new(Uuid::from_u128(2));
        let whole = entry::Model {
            request_id: Some(request_id),
            ..entry()
        };
        let text = format!("{{}},\"requestId\":\"{request_id}\"");
        let moved = entry::Model {
            personal: <JsonText as sea_orm::sea_query::ValueType>::try_from(text.into()).unwrap(),
            ..entry()
        };
        assert_ne!(canonical_bytes(&whole), canonical_bytes(&moved));
    }
}
