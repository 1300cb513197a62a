//! The rules of a task type, as a scenario needs them: how long it is leased, how often it is tried, by what it is checked.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail};
use cucumber::{Parameter, gherkin::Step, given, when};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    word::{Agent, Count, Span, TaskType},
    world::{Studio, input_schema},
};

/// `leased for one minute, tried two times at most and backing off for one hour`, in any order. What is not said is without limit.
#[derive(Clone, Debug, Parameter)]
#[param(
    name = "rules",
    regex = "(?:leased for|to be started within|due within|tried|backing off for|limited to|checked by|reviewed|without rules).*"
)]
pub(super) struct Rules(Value);

impl FromStr for Rules {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut rules = json!({ "leaseSeconds": 0, "backoffSeconds": 0 });
        for clause in text.split(", ").flat_map(|clause| clause.split(" and ")) {
            let (field, value) = clause_of(clause)?;
            match (field, rules.get_mut("validators")) {
                ("", _) => {}
                ("validators", Some(Value::Array(named))) => named.push(value[0].clone()),
                _ => rules[field] = value,
            }
        }
        Ok(Self(rules))
    }
}

fn clause_of(clause: &str) -> Result<(&'static str, Value)> {
    let seconds = |text: &str| -> Result<Value> {
        Ok(json!(text.parse::<Span>().map_err(Error::msg)?.0.as_secs()))
    };
    let spans = [
        ("leased for ", "leaseSeconds"),
        ("to be started within ", "startTimeoutSeconds"),
        ("due within ", "deadlineSeconds"),
        ("backing off for ", "backoffSeconds"),
    ];
    for (words, field) in spans {
        if let Some(span) = clause.strip_prefix(words) {
            return Ok((field, seconds(span)?));
        }
    }
    let count =
        |text: &str| -> Result<Value> { Ok(json!(text.parse::<Count>().map_err(Error::msg)?.0)) };
    if let Some(rest) = clause.strip_prefix("tried ") {
        let times = rest
            .strip_suffix(" times at most")
            .or_else(|| rest.strip_suffix(" time at most"));
        return Ok(("maxAttempts", count(times.context("tried how often?")?)?));
    }
    if let Some(rest) = clause.strip_prefix("limited to ") {
        let at_once = rest.strip_suffix(" at once").context("how many at once?")?;
        return Ok(("maxConcurrent", count(at_once)?));
    }
    if let Some(name) = clause.strip_prefix("checked by ") {
        return Ok(("validators", json!([name])));
    }
    match clause {
        "reviewed" => Ok(("requiresReview", json!(true))),
        "without rules" => Ok(("", Value::Null)),
        other => bail!("no rule is called so: {other}"),
    }
}

#[given(expr = "the type {type} is {rules}")]
#[when(expr = "the type {type} is {rules}")]
async fn is(studio: &mut Studio, step: &Step, name: TaskType, rules: Rules) -> Result<()> {
    let output = json!({ "type": "object", "required": ["sketch"], "properties": { "sketch": { "type": "string" } } });
    define(studio, step, &name, output, rules.0).await
}

#[given(expr = "the type {type} checks others")]
async fn checks_others(studio: &mut Studio, step: &Step, name: TaskType) -> Result<()> {
    let rules = Rules::from_str("without rules")?;
    define(studio, step, &name, verdict(), rules.0).await
}

#[given(expr = "the type {type} checks others and is {rules}")]
#[when(expr = "the type {type} checks others and is {rules}")]
async fn checks_others_under(
    studio: &mut Studio,
    step: &Step,
    name: TaskType,
    rules: Rules,
) -> Result<()> {
    define(studio, step, &name, verdict(), rules.0).await
}

fn verdict() -> Value {
    json!({
        "type": "object",
        "required": ["valid"],
        "properties": { "valid": { "type": "boolean" }, "findings": { "type": "array" } },
    })
}

async fn define(
    studio: &mut Studio,
    step: &Step,
    name: &TaskType,
    output: Value,
    mut rules: Value,
) -> Result<()> {
    rules["name"] = json!(name.as_str());
    rules["inputSchema"] = if output == verdict() {
        json!({ "type": "object" })
    } else {
        input_schema()
    };
    rules["outputSchema"] = output;
    let call = Call::mutation("defineTaskType")
        .with("input", "DefineTaskTypeInput!", rules)
        .selecting("name version validators");
    studio.act(step, &Agent::operator(), &call).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn rules_are_read_in_any_order() {
        let rules: Rules =
            "leased for one minute, tried two times at most, checked by CHECK_LINES, checked by CHECK_COLORS and limited to 3 at once"
                .parse()
                .unwrap();
        let expected = json!({
            "leaseSeconds": 60,
            "backoffSeconds": 0,
            "maxAttempts": 2,
            "maxConcurrent": 3,
            "validators": ["CHECK_LINES", "CHECK_COLORS"],
        });
        assert_eq!(rules.0, expected);
        assert!("leased for ever".parse::<Rules>().is_err());
    }
}
