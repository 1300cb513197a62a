//! What is wrong with an input, and where.

use serde_json::Value;

/// One fault of an input: in bulk calls the line, in documents the JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// The line of a bulk call, counted from 1 as people count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// JSON pointer (RFC 6901) to what is wrong; empty for the whole.
    pub pointer: String,
    /// The rule that it breaks: a JSON Schema keyword or a rule's name.
    pub rule: String,
    /// What is wrong, for people.
    pub message: String,
    /// What was found there, cut to 200 characters of JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

impl Fault {
    /// A fault of one field of a plain input.
    pub fn of(field: &str, rule: &str, message: impl Into<String>) -> Self {
        Self {
            line: None,
            pointer: if field.is_empty() {
                String::new()
            } else {
                format!("/{field}")
            },
            rule: rule.to_owned(),
            message: message.into(),
            found: None,
        }
    }

    /// The same fault at a place of a bulk call; `index` counts from 0.
    pub fn at_line(self, index: usize) -> Self {
        Self {
            line: Some(index + 1),
            ..self
        }
    }

    /// With what was found.
    pub fn found(self, value: &Value) -> Self {
        let text: String = value.to_string().chars().take(200).collect();
        Self {
            found: Some(text),
            ..self
        }
    }
}
