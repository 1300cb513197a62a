//! Gate 3: what is served is what was promised (spec R8.01).
//!
//! The served schema is read by introspection, which tells everything but the requirements of root fields; those are tried by the suite. That it is
//! the committed one is looked for in both directions, member by member, and what of it breaks or endangers callers of the last release is named.
//! Queries for all that can be read are sent to the target, and its reading routes are asked: every response has to fit what is declared. What only
//! writing brings about, refusals among it, the suite sent and heard on servers of its own: whether that was all, is read from its report.

use std::{collections::BTreeSet, fs, io, path::Path};

use anyhow::Context as _;
use serde_json::{Value, json};

use self::members::{of_introspection, of_sdl};
use super::{Finding, Gate, Place};
use crate::{
    client::Call,
    contract::{
        self,
        change::{self, Weight},
    },
    target::{NotReached, Target, ask},
};

mod exercised;
mod members;
mod printed;
mod reading;

/// How many differences of one sort the report names: the figures have how many there are.
const NAMED: usize = 20;

/// What is to be served.
#[derive(Clone, Debug)]
pub struct Promise {
    /// `api/schema.graphql`.
    pub schema: String,
    /// `api/contract.graphql`, which the schema contains.
    pub contract: String,
    /// `api/released.graphql`: the schema of the last release, which a release copies there. None before the first one, for which the contract stands.
    pub released: Option<String>,
    /// `api/openapi.json`: the routes.
    pub routes: String,
}

impl Promise {
    /// All as they lie in the repository.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn committed() -> anyhow::Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("api");
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        let released = match fs::read_to_string(folder.join("released.graphql")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => Some(read.context("api/released.graphql")?),
        };
        Ok(Self {
            schema: read("schema.graphql")?,
            contract: read("contract.graphql")?,
            released,
            routes: read("openapi.json")?,
        })
    }

    /// What callers rely on, and where it lies.
    fn relied_on(&self) -> (&str, &str) {
        match &self.released {
            Some(released) => ("api/released.graphql", released),
            None => ("api/contract.graphql", &self.contract),
        }
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
    reading::look(&mut finding, promise, target).await?;
    exercised::look(&mut finding, promise, suite_report);
    Ok(finding)
}

fn compare(finding: &mut Finding, promise: &Promise, served: &Value) {
    changes(finding, promise, served);
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

/// What of the served schema breaks those who call it as it was, which fails, and what may, which is named in the figures alone: a release may grow.
fn changes(finding: &mut Finding, promise: &Promise, served: &Value) {
    let (place, relied_on) = promise.relied_on();
    finding.figure("comparedWith", place);
    let changes = match change::between(relied_on, &printed::sdl(served)) {
        Ok(changes) => changes,
        Err(error) => return finding.fail(format!("{place} or what is served is no SDL: {error}")),
    };
    let of = |weight| {
        let changes = changes.iter().filter(move |change| change.weight == weight);
        changes.map(ToString::to_string).collect::<Vec<_>>()
    };
    let how = format!("break callers of {place}");
    differ(finding, &how, of(Weight::Breaking).iter());
    finding.figure("dangerousChanges", json!(of(Weight::Dangerous)));
}

fn differ<'a>(finding: &mut Finding, how: &str, members: impl Iterator<Item = &'a String>) {
    let members: Vec<&str> = members.map(String::as_str).collect();
    if !members.is_empty() {
        let named = members.get(..NAMED).unwrap_or(&members).join("; ");
        finding.fail(format!("{} {how}: {named}", members.len()));
    }
}

#[cfg(test)]
mod tests;
