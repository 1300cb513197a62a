//! Sentences about the children of tasks, as they are to begin with.

use anyhow::Result;
use cucumber::then;
use serde_json::json;

use crate::{
    word::Task,
    world::{Studio, expect_equal},
};

/// The task as the operator sees it now has none.
#[then(expr = "{task} has no children")]
async fn has_no_children(studio: &mut Studio, task: Task) -> Result<()> {
    let found = studio.task(&task).await?;
    expect_equal("its children", &found["children"]["nodes"], &json!([]))
}
