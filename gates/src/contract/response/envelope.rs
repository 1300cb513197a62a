//! The body of an answer around its data, and the errors in it (spec R10.06).

use serde_json::{Map, Value};

use super::shown;

/// The closed list of codes that errors have.
pub const CODES: [&str; 10] = [
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "NOT_FOUND",
    "BAD_USER_INPUT",
    "CONFLICT",
    "INVALID_TRANSITION",
    "RATE_LIMITED",
    "LIMIT_EXCEEDED",
    "UNAVAILABLE",
    "INTERNAL",
];

/// What is wrong with a body apart from its data.
pub(super) fn faults(body: &Map<String, Value>) -> Vec<String> {
    let mut faults = keys("the answer", body, &["data", "errors", "extensions"]);
    if body
        .get("extensions")
        .is_some_and(|extensions| !extensions.is_object())
    {
        faults.push("extensions: not an object".to_owned());
    }
    match body.get("errors") {
        None => match body.get("data") {
            None => faults.push("the answer has neither data nor errors".to_owned()),
            Some(Value::Null) => faults.push("data: null without errors".to_owned()),
            Some(_) => {}
        },
        Some(errors) => match errors.as_array() {
            None => faults.push(format!("errors: not a list: {}", shown(errors))),
            Some(errors) if errors.is_empty() => {
                faults.push("errors: an empty list".to_owned());
            }
            Some(errors) => faults.extend(
                errors
                    .iter()
                    .enumerate()
                    .flat_map(|(index, each)| error(&format!("errors[{index}]"), each)),
            ),
        },
    }
    faults
}

/// The codes of the errors, those of the closed list.
pub(super) fn codes(body: &Map<String, Value>) -> impl Iterator<Item = String> {
    let errors = body.get("errors").and_then(Value::as_array);
    errors
        .into_iter()
        .flatten()
        .filter_map(|error| error.pointer("/extensions/code")?.as_str())
        .filter(|code| CODES.contains(code))
        .map(str::to_owned)
}

fn error(place: &str, error: &Value) -> Vec<String> {
    let Some(error) = error.as_object() else {
        return vec![format!("{place}: not an object: {}", shown(error))];
    };
    let mut faults = keys(
        place,
        error,
        &["message", "locations", "path", "extensions"],
    );
    if !error.get("message").is_some_and(Value::is_string) {
        faults.push(format!("{place}.message: not a string"));
    }
    if !error.get("locations").is_none_or(are_locations) {
        faults.push(format!("{place}.locations: not lines and columns"));
    }
    if !error.get("path").is_none_or(is_path) {
        faults.push(format!("{place}.path: not keys and indices"));
    }
    match error.get("extensions").and_then(Value::as_object) {
        Some(extensions) => faults.extend(self::extensions(place, extensions)),
        None => faults.push(format!("{place}.extensions: not an object")),
    }
    faults
}

fn extensions(place: &str, extensions: &Map<String, Value>) -> Vec<String> {
    let mut faults = Vec::new();
    match extensions.get("code").and_then(Value::as_str) {
        Some(code) if CODES.contains(&code) => {}
        Some(code) => faults.push(format!(
            "{place}.extensions.code: {code} is not in the list"
        )),
        None => faults.push(format!("{place}.extensions.code: not a string")),
    }
    if !extensions.get("retryable").is_some_and(Value::is_boolean) {
        faults.push(format!("{place}.extensions.retryable: not a boolean"));
    }
    if !extensions.get("requestId").is_none_or(Value::is_string) {
        faults.push(format!("{place}.extensions.requestId: not a string"));
    }
    faults
}

fn are_locations(locations: &Value) -> bool {
    let counted = |location: &Value, what: &str| location.get(what).is_some_and(Value::is_u64);
    locations.as_array().is_some_and(|locations| {
        locations
            .iter()
            .all(|location| counted(location, "line") && counted(location, "column"))
    })
}

fn is_path(path: &Value) -> bool {
    path.as_array()
        .is_some_and(|path| path.iter().all(|step| step.is_string() || step.is_u64()))
}

/// The keys that do not belong there.
fn keys(place: &str, object: &Map<String, Value>, known: &[&str]) -> Vec<String> {
    object
        .keys()
        .filter(|key| !known.contains(&key.as_str()))
        .map(|key| format!("{place}: has `{key}`, which does not belong there"))
        .collect()
}
