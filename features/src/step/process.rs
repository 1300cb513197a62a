//! Sentences about the binary as a process: started, stopped, refused.

use anyhow::{Context as _, Result, bail, ensure};
use cucumber::{given, then, when};
use serde_json::{Value, json};

use crate::{
    process::{self, Ended},
    word::Agent,
    world::{Studio, expect_equal},
};

/// How a program ended that was asked to.
pub(super) const ENDED: &str = "how the process ended";

#[given("the server is started")]
#[when("the server is started")]
async fn is_started(studio: &mut Studio) -> Result<()> {
    studio.build().await?.launch().await
}

#[given("the database was migrated from the command line")]
async fn was_migrated(studio: &mut Studio) -> Result<()> {
    let flags = studio.build().await?.flags()?;
    let mut arguments = vec!["migrate"];
    arguments.extend(flags.iter().map(String::as_str));
    let Ended { status, said } = process::run(&arguments).await?;
    ensure!(status.success(), "{status}: {said}");
    Ok(())
}

#[when("the server is stopped and started again")]
async fn is_restarted(studio: &mut Studio) -> Result<()> {
    is_asked_to_stop(studio).await?;
    ends_with(studio, 0).await?;
    is_started(studio).await
}

#[when("the server is asked to stop")]
async fn is_asked_to_stop(studio: &mut Studio) -> Result<()> {
    let status = studio.build().await?.take_process()?.terminate().await?;
    studio
        .kept
        .insert(ENDED, json!({ "status": status.code(), "said": "" }));
    Ok(())
}

#[then(expr = "it ends with status {int}")]
async fn ends_with(studio: &mut Studio, status: i32) -> Result<()> {
    expect_equal(
        "its status",
        ended(studio)?["status"].clone(),
        json!(status),
    )
}

fn ended(studio: &Studio) -> Result<&Value> {
    studio.kept.get(ENDED).context("no process has ended")
}

#[then("it answers on both addresses")]
async fn answers(studio: &mut Studio) -> Result<()> {
    let page = studio.house()?.admin()?.get("/livez").await?;
    expect_equal("the admin address", page.status, 200)?;
    let page = studio.door()?.get("/.well-known/jwks.json").await?;
    expect_equal("the address", page.status, 200)
}

#[then("nobody but the owner can read the secret")]
async fn secret_is_private(studio: &mut Studio) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = studio.house()?.operator_secret_path()?;
    let mode = std::fs::metadata(&path)
        .with_context(|| path.display().to_string())?
        .permissions()
        .mode();
    ensure!(mode.trailing_zeros() >= 6, "its mode is {mode:o}");
    Ok(())
}

#[then(expr = "{agent} can log in with the secret in the data directory")]
async fn can_log_in(studio: &mut Studio, who: Agent) -> Result<()> {
    studio.log_in(&who).await
}

#[when("a second server is started on the same data directory")]
async fn second_is_started(studio: &mut Studio) -> Result<()> {
    let flags = studio.house()?.flags()?;
    let mut arguments = vec![
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ];
    arguments.extend(flags.iter().map(String::as_str));
    run(studio, &arguments).await
}

#[when(expr = "ziggie is started with {string}")]
async fn is_started_with(studio: &mut Studio, arguments: String) -> Result<()> {
    run(studio, &arguments.split_whitespace().collect::<Vec<_>>()).await
}

/// Runs a command and remembers how it ended.
pub(super) async fn run(studio: &mut Studio, arguments: &[&str]) -> Result<()> {
    let Ended { status, said } = process::run(arguments).await?;
    studio
        .kept
        .insert(ENDED, json!({ "status": status.code(), "said": said }));
    Ok(())
}

#[then(expr = "it does not start, and mentions {string}")]
async fn does_not_start(studio: &mut Studio, word: String) -> Result<()> {
    let ended = ended(studio)?;
    ensure!(
        ended["status"].as_i64().is_some_and(|status| status > 0),
        "it ended with {}",
        ended["status"]
    );
    let said = ended["said"].as_str().unwrap_or_default();
    ensure!(said.contains(&word), "it said {said}");
    Ok(())
}

#[then("the first server still answers")]
async fn still_answers(studio: &mut Studio) -> Result<()> {
    answers(studio).await
}

#[when("the signing key is rotated")]
async fn key_is_rotated(studio: &mut Studio) -> Result<()> {
    let flags = studio.house()?.flags()?;
    let mut arguments = vec!["keys", "rotate"];
    arguments.extend(flags.iter().map(String::as_str));
    let Ended { status, said } = process::run(&arguments).await?;
    if !status.success() {
        bail!("`keys rotate` ended with {status}: {said}");
    }
    Ok(())
}
