//! From bytes to one GraphQL operation: the shape of a request, and what its document asks for (GraphQL over HTTP, section "Request").
//! Floor 5.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use async_graphql::{Request, Value, Variables};
use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::graphql::limit;
use crate::service::admission::Urgency;

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
    /// What it is for.
    pub(super) urgency: Urgency,
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
        let meant = document.map(|document| meant(document, wanted.as_deref()));
        let is_parsed = meant.is_some();
        let Meant {
            kind,
            name,
            has_one_root,
            urgency,
        } = meant.unwrap_or_default();
        Ok(Self {
            request,
            is_parsed,
            kind,
            name,
            has_one_root,
            urgency,
        })
    }
}

/// What is told of the operation that is meant.
#[derive(Default)]
struct Meant {
    kind: Option<Kind>,
    name: Option<String>,
    has_one_root: bool,
    urgency: Urgency,
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
    let urgency = operation.map_or(Urgency::Any, |operation| urgency(&operation.node));
    let roots = operation.map(|operation| operation.node.selection_set.node.items.len());
    Meant {
        kind,
        name: name.map(|name| name.chars().take(MAX_LOGGED_NAME).collect()),
        has_one_root: roots == Some(1),
        urgency,
    }
}

/// Fragments at the root are not followed: what hands work in has no need of them.
fn urgency(operation: &OperationDefinition) -> Urgency {
    let items = operation.selection_set.node.items.iter();
    let mut fields = items.map(|item| match &item.node {
        Selection::Field(field) => field.node.name.node.as_str(),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => "",
    });
    match operation.ty {
        OperationType::Mutation => Urgency::of_mutation(&mut fields),
        OperationType::Query | OperationType::Subscription => Urgency::Any,
    }
}

#[cfg(test)]
mod tests;
