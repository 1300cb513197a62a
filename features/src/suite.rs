//! All scenarios in one run: chosen by tag and name, in parallel, with reports and a count that a person can check.

use std::{fs::File, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use cucumber::{
    World as _, WriterExt as _, cli,
    gherkin::{self, tagexpr::TagOperation},
    tag::Ext as _,
    writer::{JUnit, Json, Normalize},
};
use futures::FutureExt as _;
use serde_json::Value;

use crate::{
    database::{Choice, Databases},
    word::Agent,
    worker::Language,
    world::Studio,
};

mod tally;

use tally::Witness;
pub use tally::{Failure, Tally};

/// Where the features lie.
#[must_use]
pub fn features() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a run is about.
#[derive(Debug)]
pub struct Options {
    /// On which database.
    pub database: Choice,
    /// Only scenarios with these tags.
    pub tags: Option<TagOperation>,
    /// Only scenarios whose name contains this, in small letters or large.
    pub name: Option<String>,
    /// How many at the same time.
    pub concurrency: usize,
    /// Where the reports go.
    pub reports: PathBuf,
    /// The languages whose worker cannot be run here: examples that are about one of them are left out.
    pub without: Vec<Language>,
}

/// What the column `language` of an example says.
fn language(example: &gherkin::Scenario) -> Option<Language> {
    let rows = &example.examples.first()?.table.as_ref()?.rows;
    let (columns, row) = (rows.first()?, rows.get(1)?);
    let cells = columns.iter().zip(row);
    let mut named = cells.filter(|(column, _)| *column == "language");
    named.next()?.1.parse().ok()
}

impl Options {
    /// What was chosen of the whole, for a report; none where all of it is run.
    fn selection(&self) -> Option<String> {
        let tags = self.tags.as_ref().map(|tags| format!("tags {tags:?}"));
        let name = self.name.as_ref().map(|name| format!("name {name}"));
        let without = self
            .without
            .iter()
            .map(|language| format!("without {}", language.name()));
        let chosen: Vec<String> = tags.into_iter().chain(name).chain(without).collect();
        (!chosen.is_empty()).then(|| chosen.join(", "))
    }

    /// Whether a scenario belongs to this run. One that is for the other database does not: it is left out, not skipped.
    fn choose(&self, feature: &gherkin::Feature, scenario: &gherkin::Scenario) -> bool {
        if language(scenario).is_some_and(|language| self.without.contains(&language)) {
            return false;
        }
        let tags: Vec<_> = feature
            .tags
            .iter()
            .chain(&scenario.tags)
            .map(String::as_str)
            .collect();
        let named = |name: &String| scenario.name.to_lowercase().contains(&name.to_lowercase());
        !tags.contains(&self.database.other().only())
            && self
                .tags
                .as_ref()
                .is_none_or(|wanted| wanted.eval(tags.iter()))
            && self.name.as_ref().is_none_or(named)
    }
}

/// Runs the suite and tells how it went.
///
/// # Errors
/// When it could not be run: no database, no place for the reports. A failed scenario is no error but a [`Failure`].
pub async fn run(options: Options) -> Result<Tally> {
    std::fs::create_dir_all(&options.reports)
        .with_context(|| options.reports.display().to_string())?;
    let report = |extension: &str| {
        let path = options
            .reports
            .join(format!("{}.{extension}", options.database));
        File::create(&path).with_context(|| path.display().to_string())
    };
    let summary = options
        .reports
        .join(format!("{}.summary.json", options.database));
    let (database, selection) = (options.database, options.selection());
    let (witness, tally) = Witness::new();
    let reports =
        Json::for_tee(report("json")?).tee::<Studio, _>(JUnit::for_tee(report("xml")?, 0));
    let writer = Normalize::new(reports.tee::<Studio, _>(witness)).fail_on_skipped();
    let databases = Arc::new(Databases::prepare(options.database).await?);
    let shared = Arc::clone(&databases);
    Studio::cucumber::<PathBuf>()
        .with_writer(writer)
        .with_cli(cli::Opts::<_, _, _, cli::Empty>::default())
        .max_concurrent_scenarios(options.concurrency)
        .before(move |_, _, _, studio| {
            studio.databases = Some(Arc::clone(&shared));
            async {}.boxed_local()
        })
        .after(|_, _, scenario, _, studio| {
            async move {
                let torn_down = match studio {
                    Some(studio) => {
                        ask_the_rest(studio).await;
                        studio.tear_down().await
                    }
                    None => Ok(()),
                };
                // The scenario has been judged; what it left behind does not change that.
                if let Err(error) = torn_down {
                    eprintln!("after {:?}: {error:#}", scenario.name);
                }
            }
            .boxed_local()
        })
        .filter_run(features(), move |feature, _, scenario| {
            options.choose(feature, scenario)
        })
        .await;
    databases.finish().await?;
    let tally = tally.take();
    let told = tally.summary(database, selection);
    std::fs::write(&summary, format!("{told:#}\n"))
        .with_context(|| summary.display().to_string())?;
    Ok(tally)
}

/// How long an answer may take to what only gate 3 wants to know.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks for what of the schema nobody has asked for yet, now that the scenario has left something to be seen. Gate 3 judges what comes of it; where the
/// server is gone, or the operator is not let in any more, there is nothing to ask.
async fn ask_the_rest(studio: &mut Studio) {
    let unasked = match studio.door() {
        Ok(door) => door.unasked(),
        Err(_) => return,
    };
    if unasked.is_empty() {
        return;
    }
    let Ok(operator) = studio.client(&Agent::operator()).await else {
        return;
    };
    let operator = operator.with_patience(PATIENCE);
    for document in unasked {
        if operator.execute(&document, &Value::Null).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
