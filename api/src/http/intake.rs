//! From bytes to one GraphQL operation: the shape of a request, and what its document asks for (GraphQL over HTTP, section "Request").
//! Floor 5.

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationType};
use async_graphql::{Request, Value, Variables};
use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::graphql::limit;

pub(super) mod bounded;
pub(super) mod registered;

use registered::{Named, Registered};

/// Longer names are cut where they are logged.
const MAX_LOGGED_NAME: usize = 80;

/// The JSON of a body. BAD_USER_INPUT for what is none, and for a batch.
pub(super) fn json(body: &[u8]) -> Result<Json> {
    bounded::check(body)?;
    match serde_json::from_slice(body) {
        Ok(Json::Array(_)) => Err(Error::bad_input(
            "",
            "type",
            "batches are not taken: send one operation a request",
        )),
        Ok(value) => Ok(value),
        Err(error) => Err(Error::bad_input(
            "",
            "json",
            format!("the body is not JSON: {error}"),
        )),
    }
}

/// The parameters of a well-formed request.
#[derive(Debug, PartialEq)]
pub(super) struct Parameters {
    query: Option<String>,
    named: Option<Named>,
    operation_name: Option<String>,
    variables: Map<String, Json>,
    extensions: Map<String, Json>,
}

impl Parameters {
    /// Of a JSON object: a body, or the payload of `subscribe`.
    pub(super) fn of_json(value: Json) -> Result<Self> {
        let mut object = match value {
            Json::Object(object) => object,
            _ => return Err(Error::bad_input("", "type", "must be a JSON object")),
        };
        let query = match object.remove("query") {
            Some(Json::String(query)) => Some(query),
            Some(other) => return Err(wrong_type("query", "a string", &other)),
            None => None,
        };
        let id = text(object.remove("documentId"), "documentId")?;
        let extensions = map(object.remove("extensions"), "extensions")?;
        let named = Named::of(id, &extensions);
        if query.is_none() && named.is_none() {
            return Err(Error::bad_input("query", "required", "is missing"));
        }
        let operation_name = text(object.remove("operationName"), "operationName")?;
        Ok(Self {
            query,
            named,
            operation_name: operation_name.filter(|name| !name.is_empty()),
            variables: map(object.remove("variables"), "variables")?,
            extensions,
        })
    }

    /// Of the query component of a GET. An empty parameter says the same as none.
    pub(super) fn of_url(query: &str) -> Result<Self> {
        let mut object = Map::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = match name.as_ref() {
                _ if value.is_empty() => continue,
                "query" | "operationName" | "documentId" => Json::String(value.into_owned()),
                "variables" | "extensions" => {
                    bounded::check(value.as_bytes())?;
                    serde_json::from_str(&value).map_err(|error| {
                        Error::bad_input(&name, "json", format!("is not JSON: {error}"))
                    })?
                }
                _ => continue,
            };
            if object.insert(name.clone().into_owned(), value).is_some() {
                return Err(Error::bad_input(&name, "unique", "is there twice"));
            }
        }
        Self::of_json(Json::Object(object))
    }
}

fn text(value: Option<Json>, name: &str) -> Result<Option<String>> {
    match value {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong_type(name, "a string or null", &other)),
    }
}

fn map(value: Option<Json>, name: &str) -> Result<Map<String, Json>> {
    match value {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(map)) => Ok(map),
        Some(other) => Err(wrong_type(name, "an object or null", &other)),
    }
}

fn wrong_type(name: &str, wanted: &str, found: &Json) -> Error {
    let fault = crate::error::Fault::of(name, "type", format!("must be {wanted}"));
    Error::BadUserInput(vec![fault.found(found)])
}

/// What kind of operation a document asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
    /// Streams.
    Subscription,
}

impl Kind {
    /// Its name in logs and metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// A request whose document was looked at.
pub(super) struct Operation {
    /// What the schema takes; a document that parses is not parsed again.
    pub(super) request: Request,
    /// Whether the document parses. Where it does not, executing it tells the client why.
    pub(super) is_parsed: bool,
    /// `None` where the document does not say which of its operations is meant: executing it tells the client.
    pub(super) kind: Option<Kind>,
    /// The operation's name, cut for logs.
    pub(super) name: Option<String>,
    /// Whether it selects one thing at its root: only then does a subscription have one place in the log.
    pub(super) has_one_root: bool,
}

impl Operation {
    /// Of well-formed parameters; where documents are registered, of one of these.
    pub(super) fn parse(
        mut parameters: Parameters,
        registered: Option<&Registered>,
    ) -> Result<Self> {
        let mut request = Request::new(registered::text(&mut parameters, registered)?);
        request.variables = Variables::from_json(Json::Object(parameters.variables));
        for (name, value) in parameters.extensions {
            // JSON is always a GraphQL value.
            request
                .extensions
                .0
                .insert(name, Value::from_json(value).unwrap_or_default());
        }
        request.operation_name = parameters.operation_name;
        let wanted = request.operation_name.clone();
        // What is too long, or nests too deeply, is not even parsed.
        let document = limit::check_text(&request.query)
            .ok()
            .and_then(|()| request.parsed_query().ok());
        Ok(
            match document.map(|document| meant(document, wanted.as_deref())) {
                Some(Meant {
                    kind,
                    name,
                    has_one_root,
                }) => Self {
                    request,
                    is_parsed: true,
                    kind,
                    name,
                    has_one_root,
                },
                None => Self {
                    request,
                    is_parsed: false,
                    kind: None,
                    name: None,
                    has_one_root: false,
                },
            },
        )
    }
}

/// What is told of the operation that is meant.
struct Meant {
    kind: Option<Kind>,
    name: Option<String>,
    has_one_root: bool,
}

fn meant(document: &ExecutableDocument, wanted: Option<&str>) -> Meant {
    let (name, operation) = match &document.operations {
        DocumentOperations::Single(operation) => (None, Some(operation)),
        DocumentOperations::Multiple(operations) => {
            let meant = match wanted {
                Some(wanted) => operations.iter().find(|(name, _)| name.as_str() == wanted),
                None if operations.len() == 1 => operations.iter().next(),
                None => None,
            };
            meant.map_or((None, None), |(name, operation)| {
                (Some(name.as_str()), Some(operation))
            })
        }
    };
    let kind = operation.map(|operation| match operation.node.ty {
        OperationType::Query => Kind::Query,
        OperationType::Mutation => Kind::Mutation,
        OperationType::Subscription => Kind::Subscription,
    });
    let roots = operation.map(|operation| operation.node.selection_set.node.items.len());
    Meant {
        kind,
        name: name.map(|name| name.chars().take(MAX_LOGGED_NAME).collect()),
        has_one_root: roots == Some(1),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;
    use serde_json::json;

    fn fault<T: std::fmt::Debug>(result: Result<T>) -> String {
        match result {
            Err(error) if error.code() == Code::BadUserInput => error.to_string(),
            other => format!("not refused: {other:?}"),
        }
    }

    #[test]
    fn parameters_of_the_wrong_type_are_refused_by_name() {
        for (body, complaint) in [
            (json!([]), "must be a JSON object"),
            (json!("{me}"), "must be a JSON object"),
            (json!({}), "/query: is missing"),
            (json!({"qeury": "{me}"}), "/query: is missing"),
            (json!({"query": 7}), "/query: must be a string"),
            (json!({"query": null}), "/query: must be a string"),
            (
                json!({"query": "{me}", "operationName": 7}),
                "/operationName: must be a string or null",
            ),
            (
                json!({"query": "{me}", "variables": [7]}),
                "/variables: must be an object or null",
            ),
            (
                json!({"query": "{me}", "variables": "{}"}),
                "/variables: must be an object or null",
            ),
            (
                json!({"query": "{me}", "extensions": false}),
                "/extensions: must be an object or null",
            ),
        ] {
            assert_eq!(
                fault(Parameters::of_json(body.clone())),
                complaint,
                "{body}"
            );
        }
    }

    #[test]
    fn a_body_is_one_operation_in_json() {
        let batch = "batches are not taken: send one operation a request";
        assert_eq!(fault(json(b"[]")), batch);
        assert_eq!(fault(json(br#"[{"query":"{me}"}]"#)), batch);
        for body in [&b"NONSENSE"[..], b"{\"query\":", b"", b"\xff"] {
            assert!(fault(json(body)).starts_with("the body is not JSON: "));
        }
    }

    #[test]
    fn null_says_the_same_as_nothing_and_unknown_members_are_passed_over() {
        let bare = Parameters::of_json(json!({"query": "{me}"})).unwrap();
        let nulls = json!({"query": "{me}", "operationName": null, "variables": null, "extensions": null, "id": 7});
        assert_eq!(Parameters::of_json(nulls).unwrap(), bare);
        assert_eq!(
            Parameters::of_url("query=%7Bme%7D&variables=&operationName=&foo=bar").unwrap(),
            bare
        );
    }

    #[test]
    fn a_url_carries_variables_as_json() {
        let url =
            "query=query%20A(%24i%3A%20Int)%20%7Bme%7D&operationName=A&variables=%7B%22i%22%3A7%7D";
        let parameters = Parameters::of_url(url).unwrap();
        assert_eq!(parameters.variables, *json!({"i": 7}).as_object().unwrap());
        let operation = Operation::parse(parameters, None).unwrap();
        assert_eq!(
            (operation.kind, operation.name.as_deref()),
            (Some(Kind::Query), Some("A"))
        );
        assert!(
            fault(Parameters::of_url("query=a&variables=7")).starts_with("/variables: must be")
        );
        assert!(
            fault(Parameters::of_url("query=a&variables={")).starts_with("/variables: is not JSON")
        );
        assert_eq!(
            fault(Parameters::of_url("query=a&query=b")),
            "/query: is there twice"
        );
        assert_eq!(fault(Parameters::of_url("")), "/query: is missing");
    }

    #[test]
    fn the_kind_is_that_of_the_operation_that_is_named() {
        let document = "query A { me } mutation B { go } subscription C { taskUpdates }";
        for (name, kind) in [
            (Some("A"), Some(Kind::Query)),
            (Some("B"), Some(Kind::Mutation)),
            (Some("C"), Some(Kind::Subscription)),
            (Some("D"), None),
            (None, None),
        ] {
            let parameters =
                Parameters::of_json(json!({"query": document, "operationName": name})).unwrap();
            assert_eq!(
                Operation::parse(parameters, None).unwrap().kind,
                kind,
                "{name:?}"
            );
        }
        let only = Parameters::of_json(json!({"query": "mutation Only { go }"})).unwrap();
        let only = Operation::parse(only, None).unwrap();
        assert_eq!(
            (only.kind, only.name.as_deref()),
            (Some(Kind::Mutation), Some("Only"))
        );
    }

    #[test]
    fn a_document_nested_without_end_is_refused() {
        let deep = 100_000;
        let nested = |head: &str, open: &str, middle: &str, close: &str, tail: &str| {
            format!(
                "{head}{}{middle}{}{tail}",
                open.repeat(deep),
                close.repeat(deep)
            )
        };
        for document in [
            nested("{a", "{a", "", "}", "}"),
            nested("{a", "{... {a", "", "}}", "}"),
            nested("{a(b:", "[", "1", "]", ")}"),
            nested("{a(b:", "{c:", "1", "}", ")}"),
            nested("query($v: ", "[", "Int", "]", ") {a}"),
        ] {
            let parameters = Parameters::of_json(json!({"query": document})).unwrap();
            assert!(
                !Operation::parse(parameters, None).unwrap().is_parsed,
                "{document:.20}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(body in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(parameters) = json(&body).and_then(Parameters::of_json) {
                let _ = Operation::parse(parameters, None);
            }
        }

        #[test]
        fn no_url_makes_it_fail(url in "[a-z=&%0-9{}\\[\\]\"]{0,80}", query in "\\PC{0,60}") {
            if let Ok(parameters) = Parameters::of_url(&format!("query={query}&{url}")) {
                let _ = Operation::parse(parameters, None);
            }
        }
    }
}
