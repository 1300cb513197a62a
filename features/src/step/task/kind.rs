//! Task types: what a task needs and brings, in versions.

use std::str::FromStr;

use anyhow::{Error, Result, bail};
use cucumber::{Parameter, gherkin::Step, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    word::{Agent, TaskType},
    world::{Studio, definition, expect_equal, input_schema},
};

/// A schema that no type should be given.
#[derive(Clone, Debug, Parameter)]
#[param(
    name = "badSchema",
    regex = "a schema that (?:is no schema|fetches another over HTTP|fetches a file)"
)]
struct BadSchema(Value);

impl FromStr for BadSchema {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(Self(match text {
            "a schema that is no schema" => json!({ "type": "painting" }),
            "a schema that fetches another over HTTP" => {
                json!({ "$ref": "http://127.0.0.1:9/schema.json" })
            }
            "a schema that fetches a file" => json!({ "$ref": "file:///etc/passwd" }),
            other => bail!("no bad schema is called {other}"),
        }))
    }
}

#[when(expr = "{agent} defines the type {type}")]
async fn defines(studio: &mut Studio, step: &Step, by: Agent, task_type: TaskType) -> Result<()> {
    let call = definition(task_type.as_str(), false, input_schema());
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} defines the type {type} anew, for review")]
async fn defines_anew(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task_type: TaskType,
) -> Result<()> {
    let call = definition(task_type.as_str(), true, input_schema());
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} defines the type {type} with {badSchema}")]
async fn defines_badly(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task_type: TaskType,
    schema: BadSchema,
) -> Result<()> {
    let call = definition(task_type.as_str(), false, schema.0);
    studio.act(step, &by, &call).await
}

#[then(expr = "the type {type} has version {int}")]
async fn has_version(studio: &mut Studio, task_type: TaskType, version: u32) -> Result<()> {
    let call = Call::query("taskType")
        .with("name", "String!", task_type.as_str())
        .selecting("version");
    expect_equal(
        "its version",
        studio.look(&call).await?["version"].clone(),
        json!(version),
    )
}
