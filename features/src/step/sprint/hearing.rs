//! What is heard of sprints, live.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, given, then, when};

use super::sprint_id;
use crate::{
    word::{Agent, Sprint},
    world::{Feed, Studio, expect_equal},
};

#[given(expr = "{agent} follows {sprint}")]
#[when(expr = "{agent} follows {sprint}")]
async fn follows(studio: &mut Studio, who: Agent, sprint: Sprint) -> Result<()> {
    let id = sprint_id(studio, &sprint)?;
    let client = studio.client(&who).await?;
    let mut feed = Feed::connect(&client).await?;
    feed.follow_sprint(&id, None).await?;
    studio.person(&who).feed = Some(feed);
    Ok(())
}

/// What comes next of the sprint, thing by thing, and how far it is then at least: it is shown as it is when the event is sent.
#[then(expr = "{agent} hears of {sprint}:")]
async fn hears(studio: &mut Studio, step: &Step, who: Agent, sprint: Sprint) -> Result<()> {
    let id = sprint_id(studio, &sprint)?;
    let table = step.table.as_ref().context("what is heard, in a table")?;
    let feed = studio.person(&who).feed.as_mut();
    let feed = feed.with_context(|| format!("{who} follows nothing"))?;
    let mut before = 0.0;
    for row in table.rows.iter().skip(1) {
        let [action, progress] = row.as_slice() else {
            anyhow::bail!("an event has an action and a progress");
        };
        let heard = feed.next().await?;
        expect_equal("what it hears", heard.action.as_str(), action)?;
        expect_equal("of which sprint", &heard.about, &id)?;
        let (least, now): (f64, f64) = (progress.parse()?, heard.progress.unwrap_or_default());
        ensure!(
            now + 1e-9 >= least,
            "the progress is {now} %, not {least} % at least"
        );
        ensure!(
            now + 1e-9 >= before,
            "the progress fell from {before} % to {now} %"
        );
        before = now;
    }
    Ok(())
}
