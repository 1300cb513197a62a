//! Runs the Gherkin suite: `e2e --database sqlite`, `e2e --database postgres --tags @tasks`.
//!
//! The exit status is 0 only when there was something to run and every scenario passed at once. An undefined or skipped step fails
//! its scenario; what passes only when it is tried again is flaky, and counts as failed.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, PoisonError},
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Parser;
use cucumber::gherkin::tagexpr::TagOperation;
use features::{
    catalogue::{self, Catalogue},
    database::Choice,
    rule,
    suite::{self, Kept, Options, Tally, record::Verdict, terminal},
    worker::Language,
    world::{Host, House, NEEDS_ITS_OWN},
};
use gates::target::Target;

/// The Gherkin suite.
#[derive(Debug, Parser)]
struct Arguments {
    /// The database to run on: sqlite or postgres.
    #[arg(long, default_value = "sqlite")]
    database: Choice,
    /// Only scenarios with these tags: `@tasks and not @races`.
    #[arg(long, value_parser = tags)]
    tags: Option<TagOperation>,
    /// Only scenarios whose name contains this.
    #[arg(long)]
    name: Option<String>,
    /// How many scenarios at the same time.
    #[arg(long, default_value_t = 8)]
    concurrency: usize,
    /// Where the reports go (HTML, JUnit, Cucumber JSON and a summary).
    #[arg(long, default_value = "target/e2e")]
    reports: PathBuf,
    /// Hold every response to the types of api/schema.graphql, and keep what of it was seen; for the third gate
    #[arg(long)]
    contract: bool,
    /// Run what can be a guest on a server that somebody else started: `http://127.0.0.1:7400`. Agents, types and tasks stay there
    #[arg(long, value_name = "URL", requires_all = ["token_file", "allow_writes"])]
    server: Option<String>,
    /// A file with a token of that server's first operator (`ziggie token SYSTEM-001`)
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Where that server answers operators
    #[arg(long, value_name = "URL", requires = "server")]
    admin_url: Option<String>,
    /// That server is there to be tried out: the scenarios may leave in it what they make
    #[arg(long, requires = "server")]
    allow_writes: bool,
    /// Where the features lie, when not in the project's own folders: a draft can be tried so
    #[arg(long)]
    features: Option<PathBuf>,
    /// Leave the server of a failed scenario up, say how to get at it, and wait until interrupted
    #[arg(long)]
    keep: bool,
    /// Run nothing; list the sentences that a scenario can be made of, here and in REPORTS/steps.html
    #[arg(long)]
    list_steps: bool,
    /// Run nothing; write the settings for editors, with the words of the sentences, into .vscode/settings.json
    #[arg(long)]
    editors: bool,
    /// Run nothing; write into rules.md which scenarios each rule has.
    #[arg(long)]
    rules: bool,
}

fn tags(text: &str) -> Result<TagOperation> {
    text.parse().map_err(|error| anyhow!("{error}"))
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.rules {
        rule::rewrite(&suite::features()).context("rules.md")?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.list_steps {
        list_steps(&arguments.reports)?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.editors {
        let path = suite::features().with_file_name(".vscode/settings.json");
        let settings = catalogue::settings(&Catalogue::read()?);
        std::fs::write(&path, format!("{settings:#}\n"))
            .with_context(|| path.display().to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.contract {
        let read = |name: &'static str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(name);
            std::fs::read_to_string(&path).context(name)
        };
        let (sdl, routes) = (read("api/schema.graphql")?, read("api/openapi.json")?);
        gates::client::look_at_responses(&sdl, &routes)?;
    }
    if let Some(folder) = &arguments.features
        && !folder.is_dir()
    {
        bail!("{} is no folder", folder.display());
    }
    let without: Vec<Language> = Language::ALL
        .into_iter()
        .filter(|language| !language.is_ready())
        .collect();
    let host = match &arguments.server {
        None => None,
        Some(server) => match reach(server, &arguments).await {
            Ok(host) => Some(host),
            Err(why) => return Ok(why),
        },
    };
    let (database, begun) = (arguments.database, Instant::now());
    let kept = Kept::default();
    let options = Options {
        features: match arguments.features {
            Some(folder) => folder.canonicalize()?,
            None => suite::features(),
        },
        database,
        tags: arguments.tags,
        name: arguments.name,
        concurrency: arguments.concurrency,
        reports: arguments.reports.clone(),
        without: without.clone(),
        host: host.clone(),
        keep: arguments.keep,
    };
    let tally = suite::run(options, Arc::clone(&kept)).await?;
    tell(&tally, &Catalogue::read()?);
    let place = match &host {
        None => database.to_string(),
        Some(_) => "server".to_owned(),
    };
    for (reason, count) in tally.left_out() {
        println!("{place}: left out {count}: {NEEDS_ITS_OWN}{reason}");
    }
    if host.is_some() {
        println!("{place}: left out what is tagged @alone, @sqlite-only or @postgres-only");
    }
    println!(
        "{place}: {} of {} scenarios passed ({} runs with every example), {:.1} s; {}",
        tally.passed(),
        tally.total(),
        tally.examples(),
        begun.elapsed().as_secs_f64(),
        arguments.reports.join(format!("{place}.html")).display()
    );
    for language in without {
        println!(
            "{place}: left out what is about the worker in {}: `cargo xtask workers` prepares it",
            language.name()
        );
    }
    let kept = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
    leave_up(kept).await?;
    Ok(if tally.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The server of somebody else's, once it has answered its operator. Status 2 for a token that cannot be read, 3 where nobody answers or the
/// token is turned away.
async fn reach(server: &str, arguments: &Arguments) -> Result<Host, ExitCode> {
    let plain = |url: &str| {
        let address = url.trim_start_matches("http://");
        let end = address.find('/').unwrap_or(address.len());
        address[..end].to_owned()
    };
    let file = arguments.token_file.clone().unwrap_or_default();
    let token = std::fs::read_to_string(&file).map_err(|error| {
        eprintln!("error: {}: {error}", file.display());
        ExitCode::from(2)
    })?;
    let host = Host {
        address: plain(server),
        admin: arguments.admin_url.as_deref().map(plain),
        token: token.trim().to_owned(),
    };
    match Target::reach(&host.address, None, &host.token).await {
        Ok(_) => Ok(host),
        Err(error) => {
            eprintln!("error: {server}: {error}");
            Err(ExitCode::from(3))
        }
    }
}

/// Says what did not pass.
fn tell(tally: &Tally, catalogue: &Catalogue) {
    for error in &tally.record().unreadable {
        println!("{error}\n");
    }
    let runs = tally.record().runs();
    for (feature, run) in runs.filter(|(_, run)| run.verdict() != Verdict::Passed) {
        println!("{}", terminal::told(feature, run, catalogue));
    }
    for verdict in [Verdict::Failed, Verdict::Flaky, Verdict::Undefined] {
        let count = tally.count(verdict);
        if count > 0 {
            println!("{}: {count}", verdict.word().to_uppercase());
        }
    }
}

/// Leaves the servers of failed scenarios up until somebody has seen enough.
async fn leave_up(kept: Vec<House>) -> Result<()> {
    if kept.is_empty() {
        return Ok(());
    }
    for house in &kept {
        println!("{}", house.how_to_get_in());
    }
    println!("{} left up until you interrupt (Ctrl-C)", kept.len());
    tokio::signal::ctrl_c()
        .await
        .context("waiting for Ctrl-C")?;
    for house in kept {
        house.tear_down().await?;
    }
    Ok(())
}

/// Says which sentences there are, in the terminal and as a page.
fn list_steps(reports: &Path) -> Result<()> {
    let catalogue = Catalogue::read()?.with_examples(&suite::features())?;
    print!("{catalogue}");
    std::fs::create_dir_all(reports).with_context(|| reports.display().to_string())?;
    let path = reports.join("steps.html");
    std::fs::write(&path, catalogue::page(&catalogue))
        .with_context(|| path.display().to_string())?;
    println!("\nThe same as a page: {}", path.display());
    Ok(())
}
