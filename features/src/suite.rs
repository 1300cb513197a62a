//! All scenarios in one run: chosen by tag and name, in parallel, with reports and a count that a person can check.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use cucumber::{
    World as _, Writer, WriterExt as _, cli,
    event::ScenarioFinished,
    gherkin::{self, tagexpr::TagOperation},
    tag::Ext as _,
    writer::{Json, Normalize},
};
use futures::FutureExt as _;
use serde_json::Value;

use crate::{
    catalogue::Catalogue,
    database::{Choice, Databases},
    word::Agent,
    worker::Language,
    world::{Host, House, Studio},
};

pub mod evidence;
pub mod junit;
mod mask;
pub mod page;
pub mod record;
mod tally;
pub mod terminal;
mod witness;

use evidence::Evident;
use record::Record;
pub use tally::Tally;
use witness::{Shared, Witness};

/// How often a failed scenario is tried again, to tell what is broken from what is flaky. Both count as failed.
pub const RETRIES: usize = 1;

/// Where the features lie.
#[must_use]
pub fn features() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a run is about.
#[derive(Debug)]
pub struct Options {
    /// Where the features lie.
    pub features: PathBuf,
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
    /// The server of somebody else's on which all scenarios are guests; else each has one of its own.
    pub host: Option<Host>,
    /// Whether the servers of failed scenarios are left up. They are not tried again then.
    pub keep: bool,
}

/// What only a scenario with a server of its own can be: about one of the databases, or `@alone`, since it asks for all that a server has or does
/// what others on it would feel.
const NOT_FOR_GUESTS: [&str; 3] = ["sqlite-only", "postgres-only", "alone"];

/// The servers of failed scenarios that were left up.
pub type Kept = Arc<Mutex<Vec<House>>>;

/// What the column `language` of an example says.
fn language(example: &gherkin::Scenario) -> Option<Language> {
    let cells = witness::example(example);
    let mut named = cells.iter().filter(|(column, _)| column == "language");
    named.next()?.1.parse().ok()
}

/// The tags of a scenario and of what it stands in.
fn tags<'a>(
    feature: &'a gherkin::Feature,
    rule: Option<&'a gherkin::Rule>,
    scenario: &'a gherkin::Scenario,
) -> impl Iterator<Item = &'a String> {
    let above = rule.into_iter().flat_map(|rule| &rule.tags);
    feature.tags.iter().chain(above).chain(&scenario.tags)
}

impl Options {
    /// What was chosen of the whole, for a report; none where all of it is run.
    fn selection(&self) -> Option<String> {
        let tags = self.tags.as_ref().map(|tags| format!("tags {tags:?}"));
        let name = self.name.as_ref().map(|name| format!("name {name}"));
        let own = (self.features != features()).then(|| self.features.display().to_string());
        let without = self
            .without
            .iter()
            .map(|language| format!("without {}", language.name()));
        let guests = self.host.as_ref();
        let guests = guests.map(|host| format!("what can be a guest of {}", host.address));
        let chosen = tags.into_iter().chain(name).chain(own).chain(without);
        let chosen = chosen.chain(guests);
        let chosen: Vec<String> = chosen.collect();
        (!chosen.is_empty()).then(|| chosen.join(", "))
    }

    /// Whether a scenario belongs to this run. One that is for the other database does not: it is left out, not skipped.
    fn choose(
        &self,
        feature: &gherkin::Feature,
        rule: Option<&gherkin::Rule>,
        scenario: &gherkin::Scenario,
    ) -> bool {
        // Beneath `src` lie features that are about the reports, and fail on purpose.
        let path = feature.path.as_deref();
        let within = path.and_then(|path| path.strip_prefix(&self.features).ok());
        if within.is_some_and(|path| path.starts_with("src")) {
            return false;
        }
        if language(scenario).is_some_and(|language| self.without.contains(&language)) {
            return false;
        }
        let tags: Vec<_> = tags(feature, rule, scenario).map(String::as_str).collect();
        let named = |name: &String| scenario.name.to_lowercase().contains(&name.to_lowercase());
        let fits = match self.host {
            // Whose database nobody knows, and who is not asked for the whole of it.
            Some(_) => !tags.iter().any(|tag| NOT_FOR_GUESTS.contains(tag)),
            None => !tags.contains(&self.database.other().only()),
        };
        fits && self
            .tags
            .as_ref()
            .is_none_or(|wanted| wanted.eval(tags.iter()))
            && self.name.as_ref().is_none_or(named)
    }
}

/// Where a run is written down: the record for all of our reports, and Cucumber's own JSON, which other programs read.
///
/// # Errors
/// When there is no place for it.
fn writer<W: Evident + std::fmt::Debug>(
    root: PathBuf,
    json: PathBuf,
) -> Result<(
    impl Writer<W, Cli = impl cli::Args + Default> + cucumber::writer::Normalized,
    Shared,
)> {
    let file = File::create(&json).with_context(|| json.display().to_string())?;
    let (witness, record) = Witness::new(root);
    let writer = Normalize::new(Json::for_tee(file).tee::<W, _>(witness));
    Ok((writer.fail_on_skipped(), record))
}

/// Runs the suite and tells how it went.
///
/// # Errors
/// When it could not be run: no database, no place for the reports. A failed scenario is no error: the tally has it.
pub async fn run(options: Options, kept: Kept) -> Result<Tally> {
    std::fs::create_dir_all(&options.reports)
        .with_context(|| options.reports.display().to_string())?;
    let place = match &options.host {
        None => options.database.to_string(),
        Some(_) => "server".to_owned(),
    };
    let report = |extension: &str| options.reports.join(format!("{place}.{extension}"));
    let (writer, record) = writer::<Studio>(options.features.clone(), report("json"))?;
    let told = Told {
        summary: report("summary.json"),
        junit: report("xml"),
        page: report("html"),
        place: place.clone(),
        selection: options.selection(),
        begun: now(),
    };
    let (root, keep) = (options.features.clone(), options.keep);
    let databases = Arc::new(match &options.host {
        None => Databases::prepare(options.database).await?,
        Some(host) => Databases::of_host(host.clone())?,
    });
    let shared = Arc::clone(&databases);
    Studio::cucumber::<PathBuf>()
        .with_writer(writer)
        .max_concurrent_scenarios(options.concurrency)
        .retries((!keep).then_some(RETRIES))
        .with_cli(cli::Opts::<_, _, _, cli::Empty>::default())
        .before(move |_, _, _, studio| {
            studio.databases = Some(Arc::clone(&shared));
            studio.begun = Some(studio.now());
            async {}.boxed_local()
        })
        .after(move |_, _, scenario, how, studio| {
            let kept = Arc::clone(&kept);
            async move {
                let Some(studio) = studio else {
                    return;
                };
                if matches!(how, ScenarioFinished::StepFailed(..)) {
                    let mut evidence = evidence::gather(studio).await;
                    if keep && let Some(house) = studio.leave() {
                        evidence.kept = Some(house.how_to_get_in());
                        kept.lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(house);
                    }
                    studio.evidence = Some(evidence);
                }
                ask_the_rest(studio).await;
                // The scenario has been judged; what it left behind does not change that.
                if let Err(error) = studio.tear_down().await {
                    eprintln!("after {:?}: {error:#}", scenario.name);
                }
            }
            .boxed_local()
        })
        .filter_run(root.clone(), move |feature, rule, scenario| {
            options.choose(feature, rule, scenario)
        })
        .await;
    databases.finish().await?;
    told.write(record.take(), &root)
}

/// Where the reports of a run go, and what stands at their head.
struct Told {
    summary: PathBuf,
    junit: PathBuf,
    page: PathBuf,
    /// `sqlite`, `postgres`, or `server` where all scenarios were guests.
    place: String,
    selection: Option<String>,
    begun: DateTime<Utc>,
}

impl Told {
    fn write(&self, mut record: Record, root: &Path) -> Result<Tally> {
        let ended = now();
        record.name_outlines(root)?;
        let tally = Tally::of(record);
        let write = |path: &Path, text: String| {
            std::fs::write(path, text).with_context(|| path.display().to_string())
        };
        let catalogue = Catalogue::read()?;
        let summary = tally.summary(&self.place, self.selection.as_deref(), ended);
        write(&self.summary, format!("{summary:#}\n"))?;
        let name = format!("the Gherkin suite on {}", self.place);
        write(
            &self.junit,
            junit::document(&name, tally.record(), &catalogue)?,
        )?;
        let head = page::Head {
            database: self.place.clone(),
            selection: self.selection.clone(),
            build: crate::server::BUILD.to_owned(),
            ended,
            took: (ended - self.begun).to_std().unwrap_or_default(),
        };
        let rules = std::fs::read_to_string(features().join("rules.md")).context("rules.md")?;
        write(&self.page, page::page(&head, &tally, &rules, &catalogue))?;
        Ok(tally)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "when the suite began and ended: a report that is read as old or fresh"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
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
