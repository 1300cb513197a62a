//! What the suite's clients sent and heard: whether it was all that the schema and the description of the routes declare, and nothing else.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

use super::{Finding, Promise, differ};
use crate::contract::{
    response,
    route::{Answered, Description},
};

/// Whether every part of the schema was exercised, and every response fitted.
pub(super) fn look(finding: &mut Finding, promise: &Promise, suite_report: &Path) {
    let read = fs::read_to_string(suite_report).map_err(|error| error.to_string());
    let read = read
        .and_then(|text| serde_json::from_str::<Value>(&text).map_err(|error| error.to_string()));
    let report = match read {
        Ok(report) if report["contract"].is_object() => report,
        Ok(_) => {
            return finding.fail(
                "it could not measure: the suite did not look at responses (e2e --contract)",
            );
        }
        Err(error) => {
            return finding.fail(format!(
                "it could not measure: {}: {error}",
                suite_report.display()
            ));
        }
    };
    judge(finding, &promise.schema, &report["contract"]);
    judge_routes(finding, &promise.routes, &report["contract"]);
}

pub(super) fn judge(finding: &mut Finding, schema: &str, found: &Value) {
    let schema = match response::Schema::read(schema) {
        Ok(schema) => schema,
        Err(error) => return finding.fail(format!("api/schema.graphql is no SDL: {error}")),
    };
    let faults = found["faults"].as_array().cloned().unwrap_or_default();
    let faults: BTreeSet<String> = faults
        .iter()
        .filter_map(|fault| Some(fault.as_str()?.to_owned()))
        .collect();
    finding.figure("responses", found["responses"].clone());
    differ(
        finding,
        "responses do not fit what is declared",
        faults.iter(),
    );
    let Some(exercised) = response::Exercised::read(&found["exercised"]) else {
        return finding.fail("it could not measure: the report does not say what was exercised");
    };
    let missing = exercised.missing(&schema);
    for (name, what, members) in [
        (
            "rootFieldsNotAnswered",
            "root fields were never answered with data",
            &missing.roots,
        ),
        ("fieldsNotSeen", "fields were never seen", &missing.fields),
        (
            "nullableFieldsOnlyNull",
            "nullable fields were never seen with a value",
            &missing.always_null,
        ),
        (
            "codesNotSeen",
            "error codes were never seen",
            &missing.codes,
        ),
    ] {
        finding.figure(name, json!(members.len()));
        differ(finding, what, members.iter());
    }
}

/// Whether every route was answered as it is described; what was answered otherwise is among the faults of all responses.
pub(super) fn judge_routes(finding: &mut Finding, routes: &str, found: &Value) {
    let description = match Description::read(routes) {
        Ok(description) => description,
        Err(error) => return finding.fail(format!("api/openapi.json: {error}")),
    };
    let Some(answered) = Answered::read(&found["answered"]) else {
        return finding
            .fail("it could not measure: the report does not say which routes were answered");
    };
    finding.figure("pages", found["pages"].clone());
    finding.figure("routes", description.names().len());
    let missing = answered.missing(&description);
    finding.figure("routesNotAnswered", json!(missing.len()));
    differ(
        finding,
        "routes were never answered with a declared success",
        missing.iter(),
    );
}
