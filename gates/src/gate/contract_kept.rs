//! Gate 3: what is served is what was promised (spec R8.01).
//!
//! The served schema is read by introspection, which tells everything but the requirements of root fields; those are tried by the suite. That it is
//! the committed one is looked for in both directions, member by member. What the suite sent and heard says whether every operation and every field was
//! exercised, and whether every response fits its declared types.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context as _;
use serde_json::{Value, json};

use self::members::{of_introspection, of_sdl};
use super::{Finding, Gate, Place};
use crate::{
    client::Call,
    contract::{self, response},
    target::{NotReached, Target, ask},
};

mod members;

/// How many differences of one sort the report names: the figures have how many there are.
const NAMED: usize = 20;

/// What is to be served.
#[derive(Clone, Debug)]
pub struct Promise {
    /// `api/schema.graphql`.
    pub schema: String,
    /// `api/contract.graphql`, which the schema contains; before the first release it stands for the last one.
    pub contract: String,
}

impl Promise {
    /// The two as they lie in the repository.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn committed() -> anyhow::Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("api");
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        Ok(Self {
            schema: read("schema.graphql")?,
            contract: read("contract.graphql")?,
        })
    }
}

/// Compares what is served with what was promised, and reads what the suite exercised.
///
/// # Errors
/// When the target does not answer.
pub async fn look(
    target: &Target,
    place: Place,
    promise: &Promise,
    suite_report: &Path,
) -> Result<Finding, NotReached> {
    let mut finding = Finding::new(Gate::Contract, place);
    let call = Call::query("__schema").selecting(members::INTROSPECTION);
    let served = ask(&target.operator, &call).await?;
    compare(&mut finding, promise, &served);
    exercised(&mut finding, promise, suite_report);
    Ok(finding)
}

fn compare(finding: &mut Finding, promise: &Promise, served: &Value) {
    let (committed, served) = match of_sdl(&promise.schema) {
        Ok(committed) => (committed, of_introspection(served)),
        Err(error) => return finding.fail(format!("api/schema.graphql is no SDL: {error}")),
    };
    finding.figure("members", committed.len());
    differ(
        finding,
        "is promised and not served",
        committed.difference(&served),
    );
    differ(
        finding,
        "is served and not promised",
        served.difference(&committed),
    );
    match contract::missing(&promise.contract, &promise.schema) {
        Ok(lacks) => {
            let lacks: BTreeSet<String> = lacks.into_iter().collect();
            differ(
                finding,
                "is in the contract, or was before, and is not there",
                lacks.iter(),
            );
        }
        Err(error) => finding.fail(format!("the contract is no SDL: {error}")),
    }
}

fn differ<'a>(finding: &mut Finding, how: &str, members: impl Iterator<Item = &'a String>) {
    let members: Vec<&str> = members.map(String::as_str).collect();
    if !members.is_empty() {
        let named = members.get(..NAMED).unwrap_or(&members).join("; ");
        finding.fail(format!("{} {how}: {named}", members.len()));
    }
}

/// Whether every part of the schema was exercised, and every response fitted.
fn exercised(finding: &mut Finding, promise: &Promise, suite_report: &Path) {
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
}

fn judge(finding: &mut Finding, schema: &str, found: &Value) {
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
        "responses do not fit their declared types",
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{super::Status, *};

    const SDL: &str = "type Query { me: String @authenticated }";

    fn promise() -> Promise {
        Promise {
            schema: SDL.to_owned(),
            contract: SDL.to_owned(),
        }
    }

    fn served(field: &str) -> Value {
        let text = json!({ "kind": "SCALAR", "name": "String" });
        let field = json!({ "name": field, "args": [], "type": text });
        json!({ "types": [{ "kind": "OBJECT", "name": "Query", "fields": [field] }] })
    }

    fn compared(promise: &Promise, served: &Value) -> Finding {
        let mut finding = Finding::new(Gate::Contract, Place::Twin);
        compare(&mut finding, promise, served);
        finding
    }

    #[test]
    fn a_field_more_or_less_or_one_that_the_contract_has_alone_is_told() {
        assert_eq!(compared(&promise(), &served("me")).status, Status::Passed);
        let other = compared(&promise(), &served("you"));
        assert_eq!(other.status, Status::Failed);
        assert_eq!(other.reasons.len(), 2);
        let mut wider = promise();
        wider.contract =
            "type Query { me: String @authenticated us: String @authenticated }".to_owned();
        let lacking = compared(&wider, &served("me"));
        assert!(
            lacking.reasons[0].contains("Query.us"),
            "{:?}",
            lacking.reasons
        );
    }

    #[test]
    fn what_was_not_exercised_or_does_not_fit_fails_it() {
        let schema = response::Schema::read(SDL).unwrap();
        let judged = |answer: &Value, also: &[&str]| {
            let mut exercised = response::Exercised::default();
            let faults = exercised.take(&schema, "{ me }", &Value::Null, answer);
            for code in response::CODES {
                let refused = json!({ "errors": [{ "message": "no", "extensions": { "code": code, "retryable": false } }] });
                if !also.contains(&code) {
                    exercised.take(&schema, "{ me }", &Value::Null, &refused);
                }
            }
            let mut finding = Finding::new(Gate::Contract, Place::Twin);
            let found = json!({ "responses": 1, "faults": faults, "exercised": exercised.json() });
            judge(&mut finding, SDL, &found);
            finding
        };
        let good = judged(&json!({ "data": { "me": "I" } }), &[]);
        assert_eq!(good.status, Status::Passed, "{:?}", good.reasons);
        for (answer, missing, word) in [
            (json!({ "data": { "me": 1 } }), vec![], "do not fit"),
            (
                json!({ "data": { "me": null } }),
                vec![],
                "never answered with data",
            ),
            (
                json!({ "data": { "me": "I" } }),
                vec!["CONFLICT"],
                "CONFLICT",
            ),
        ] {
            let finding = judged(&answer, &missing);
            assert_eq!(finding.status, Status::Failed);
            assert!(
                finding.reasons.iter().any(|reason| reason.contains(word)),
                "{:?}",
                finding.reasons
            );
        }
    }

    #[test]
    fn a_suite_that_looked_at_no_response_is_no_measure() {
        let report = tempfile::NamedTempFile::new().unwrap();
        fs::write(report.path(), r#"{"contract": null}"#).unwrap();
        let mut finding = Finding::new(Gate::Contract, Place::Twin);
        exercised(&mut finding, &promise(), report.path());
        assert!(finding.reasons[0].starts_with("it could not measure"));
    }
}
