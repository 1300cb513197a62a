//! JSON as it is stored and hashed: canonical text (RFC 8785), alike on both databases. Floor 0.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A JSON value kept as its canonical text, so that what was hashed is what is read back.
///
/// The column is `text` on both databases: `jsonb` would come back reformatted.
#[derive(Clone, PartialEq, Eq, Hash, sea_orm::DeriveValueType)]
#[sea_orm(column_type = "Text", array_type = "String")]
pub struct JsonText(String);

impl JsonText {
    /// The canonical text of a value.
    pub fn of(value: &Value) -> Self {
        Self(canonical(value))
    }

    /// The empty object.
    pub fn empty_object() -> Self {
        Self("{}".to_owned())
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value; `null` where a row holds text that is not JSON, which only a hand on the database can bring about and which the
    /// ledger's verification names.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or(Value::Null)
    }

    /// Lowercase hexadecimal SHA-256 of the canonical text.
    pub fn sha256(&self) -> String {
        sha256_hex(self.0.as_bytes())
    }
}

impl std::fmt::Debug for JsonText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for JsonText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

/// Canonical JSON text by RFC 8785.
pub fn canonical(value: &Value) -> String {
    // The canonicalizer refuses only numbers that JSON cannot hold, which a `Value` cannot hold either.
    serde_json_canonicalizer::to_string(value).unwrap_or_else(|_| value.to_string())
}

/// Lowercase hexadecimal SHA-256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lowercase hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_does_not_change_the_hash() {
        let one = JsonText::of(&json!({"b": [1, 2.50, "ü"], "a": null}));
        let other =
            JsonText::of(&serde_json::from_str("{\"a\":null,\"b\":[1,2.5,\"\\u00fc\"]}").unwrap());
        assert_eq!(one.as_str(), "{\"a\":null,\"b\":[1,2.5,\"ü\"]}");
        assert_eq!(one.sha256(), other.sha256());
    }
}
