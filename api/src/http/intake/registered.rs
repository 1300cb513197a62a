//! Only documents that were registered run, where a file of them is named: asked for by their SHA-256 (GraphQL over HTTP, appendix "Persisted
//! Documents"; also as Apollo's clients say it), or by a text that has one of these. Whatever else comes is refused before it is parsed. Floor 5.

use std::collections::HashMap;
use std::sync::Arc;

use entities::json::sha256_hex;
use serde_json::{Map, Value};

use super::Parameters;
use crate::error::{Error, Result};

/// How an id says by which rule it was made.
const PREFIX: &str = "sha256:";

/// Documents by the lowercase hexadecimal SHA-256 of their text.
#[derive(Debug, Clone, Default)]
pub struct Registered(HashMap<String, Arc<str>>);

impl Registered {
    /// Of a JSON object: each member is named by the SHA-256 of its text, with or without `sha256:` before it. Else what is wrong.
    pub fn of_json(text: &str) -> Result<Self, String> {
        let named: HashMap<String, String> = serde_json::from_str(text)
            .map_err(|error| format!("no JSON object of documents by their SHA-256: {error}"))?;
        let documents = named.into_iter().map(|(name, document)| {
            let hash = name.strip_prefix(PREFIX).unwrap_or(&name);
            let own = sha256_hex(document.as_bytes());
            if hash.eq_ignore_ascii_case(&own) {
                Ok((own, document.into()))
            } else {
                Err(format!("{name}: the SHA-256 of this document is {own}"))
            }
        });
        documents.collect::<Result<_, _>>().map(Self)
    }

    /// Each of them with its hash.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(hash, document)| (hash.as_str(), document.as_ref()))
    }
}

/// The hash by which a request names its document.
#[derive(Debug, PartialEq)]
pub(super) enum Named {
    /// As `documentId`.
    Id(String),
    /// As `extensions.persistedQuery`.
    Extension(String),
}

impl Named {
    /// What the parameters of a request name.
    pub(super) fn of(id: Option<String>, extensions: &Map<String, Value>) -> Option<Self> {
        let hash = || {
            extensions
                .get("persistedQuery")?
                .get("sha256Hash")?
                .as_str()
        };
        id.map(Self::Id)
            .or_else(|| Some(Self::Extension(hash()?.to_owned())))
    }

    /// The hash itself; none where the id is made by another rule.
    fn hash(&self) -> Option<String> {
        match self {
            Self::Id(id) => id.strip_prefix(PREFIX).map(str::to_ascii_lowercase),
            Self::Extension(hash) => Some(hash.to_ascii_lowercase()),
        }
    }
}

/// The text that a request asks to be executed, if it may be.
pub(super) fn text(parameters: &mut Parameters, registered: Option<&Registered>) -> Result<String> {
    let (text, named) = (parameters.query.take(), parameters.named.take());
    let Some(registered) = registered else {
        return match (text, named) {
            (_, Some(Named::Id(_))) => Err(Error::bad_input(
                "documentId",
                "unknown",
                "no documents are registered here: send the text as `query`",
            )),
            (Some(text), _) => Ok(text),
            (None, _) => Err(Error::bad_input("query", "required", "is missing")),
        };
    };
    let own = text.as_deref().map(|text| sha256_hex(text.as_bytes()));
    let said = named.as_ref().map(Named::hash);
    let hash = match (own, said) {
        (Some(own), None) => Some(own),
        (Some(own), Some(said)) => said.filter(|said| *said == own),
        (None, said) => said.flatten(),
    };
    let found = hash.and_then(|hash| registered.0.get(&hash));
    found.map(ToString::to_string).ok_or_else(|| {
        let message = "only registered documents run here: send `documentId` as `sha256:` and the SHA-256 of one, or its very text";
        Error::bad_input("", "registered", message)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    const TEXT: &str = "{ me { id } }";

    fn asked(body: Value, registered: Option<&Registered>) -> Result<String, String> {
        let mut parameters = Parameters::of_json(body).unwrap();
        text(&mut parameters, registered).map_err(|error| error.to_string())
    }

    #[test]
    fn a_document_runs_by_its_hash_or_its_very_text() {
        let hash = sha256_hex(TEXT.as_bytes());
        let registered = Registered::of_json(&json!({ &hash: TEXT }).to_string()).unwrap();
        let by_id = json!({"documentId": format!("sha256:{hash}")});
        let by_extension =
            json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}});
        let both = json!({"query": TEXT, "documentId": format!("sha256:{hash}")});
        for body in [&by_id, &by_extension, &both, &json!({"query": TEXT})] {
            assert_eq!(
                asked(body.clone(), Some(&registered)).as_deref(),
                Ok(TEXT),
                "{body}"
            );
        }
        for body in [
            json!({"query": "{ me { name } }"}),
            json!({"query": "{ me { id } } "}),
            json!({"query": "{ me { name } }", "documentId": format!("sha256:{hash}")}),
            json!({"documentId": hash}),
            json!({"documentId": format!("md5:{hash}")}),
            json!({"documentId": "sha256:0"}),
            json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0"}}}),
        ] {
            let refused = asked(body.clone(), Some(&registered)).unwrap_err();
            assert!(
                refused.starts_with("only registered documents run here"),
                "{body}: {refused}"
            );
        }
    }

    #[test]
    fn without_a_file_an_id_names_nothing() {
        let refused = asked(json!({"query": TEXT, "documentId": "sha256:0"}), None).unwrap_err();
        assert!(
            refused.starts_with("/documentId: no documents are registered here"),
            "{refused}"
        );
        let said = json!({"query": TEXT, "extensions": {"persistedQuery": {"sha256Hash": "0"}}});
        assert_eq!(asked(said, None).as_deref(), Ok(TEXT));
    }

    #[test]
    fn a_name_must_be_the_hash_of_its_document() {
        for (wrong, complaint) in [
            (
                json!({"0": TEXT}).to_string(),
                "the SHA-256 of this document is",
            ),
            (json!([TEXT]).to_string(), "no JSON object"),
            ("{".to_owned(), "no JSON object"),
        ] {
            let told = Registered::of_json(&wrong).unwrap_err();
            assert!(told.contains(complaint), "{told}");
        }
    }
}
