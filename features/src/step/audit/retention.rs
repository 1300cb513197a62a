//! Archives of the log: made by the owner, verified offline, tampered with.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use cucumber::{given, then, when};
use gates::{
    gate::{Place, Status, audit_integrity},
    target::Target,
};
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::json;

use super::verify::{auditor, ziggie};
use crate::{step::process::run, word::Agent, world::Studio};

/// What gate 5 said.
const GATE: &str = "gate 5";
const REFUSAL: &str = "what the database said";

#[given("the owner has the log archived")]
#[when("the owner has the log archived")]
async fn is_archived(studio: &mut Studio) -> Result<()> {
    ziggie(studio, &["audit", "archive"]).await
}

#[when(expr = "the owner has the log archived before {word}")]
async fn is_archived_before(studio: &mut Studio, month: String) -> Result<()> {
    ziggie(studio, &["audit", "archive", "--before", &month]).await
}

/// Where archives go.
fn archives(studio: &Studio) -> Result<PathBuf> {
    Ok(studio.house()?.data_dir()?.join("assets/audit-archive"))
}

/// The file of this kind of the only archive.
fn file(studio: &Studio, kind: &str) -> Result<PathBuf> {
    let folder = archives(studio)?;
    let files = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files = files.filter_map(|file| Some(file.ok()?.path()));
    let found = files.find(|path| path.extension().is_some_and(|one| one == kind));
    found.with_context(|| format!("no {kind} in {}", folder.display()))
}

#[when("the archive is verified offline")]
async fn is_verified_offline(studio: &mut Studio) -> Result<()> {
    let key = studio.door()?.get("/audit/tlog/key").await?.body;
    let (body, manifest) = (file(studio, "ndjson")?, file(studio, "manifest")?);
    let (body, manifest) = (body.to_string_lossy(), manifest.to_string_lossy());
    let arguments = [
        "audit",
        "verify",
        "--archive",
        &body,
        "--manifest",
        &manifest,
        "--key",
        key.trim(),
    ];
    run(studio, &arguments).await
}

/// The one that auditors have who trust no binary of ours.
#[when("the auditor's verifier looks through the archive")]
async fn auditor_looks(studio: &mut Studio) -> Result<()> {
    let files = [file(studio, "ndjson")?, file(studio, "manifest")?];
    auditor(studio, "verify_archive.py", files).await
}

fn replace(studio: &Studio, kind: &str, from: &str, to: &str) -> Result<()> {
    let path = file(studio, kind)?;
    let text = std::fs::read_to_string(&path).context("the file")?;
    ensure!(text.contains(from), "{from} does not stand in it");
    std::fs::write(&path, text.replacen(from, to, 1)).context("the file")
}

#[when("somebody changes an entry of the archive")]
async fn changes_entry(studio: &mut Studio) -> Result<()> {
    replace(studio, "ndjson", "createdAt", "createdOn")
}

#[when("somebody changes the manifest of the archive")]
async fn changes_manifest(studio: &mut Studio) -> Result<()> {
    replace(studio, "manifest", "\"rows\":", "\"rows\":1")
}

#[when("somebody removes the archive")]
async fn removes(studio: &mut Studio) -> Result<()> {
    for kind in ["ndjson", "manifest"] {
        std::fs::remove_file(file(studio, kind)?).context("the file")?;
    }
    Ok(())
}

/// As `cargo xtask gates --only 5 --archives` does.
#[when("gate 5 reads the log and its archives")]
async fn gate_reads(studio: &mut Studio) -> Result<()> {
    let operator = Agent::operator();
    studio.client(&operator).await?;
    let token = studio.person(&operator).token.clone();
    let token = token.context("it has logged in")?;
    let target = Target::reach(studio.door()?.address(), None, &token).await?;
    let archives = archives(studio)?;
    let finding = audit_integrity::look(&target, Place::Twin, Some(&archives), None).await?;
    let status = finding.status.as_str();
    let said = json!({ "status": status, "details": finding.details() });
    studio.kept.insert(GATE, said);
    Ok(())
}

/// What gate 5 said, which has to have this status.
fn gate_said(studio: &Studio, status: &str) -> Result<String> {
    let said = studio.kept.get(GATE).context("gate 5 was not asked")?;
    ensure!(said["status"] == status, "{said:#}");
    Ok(said["details"]["reasons"].to_string())
}

#[then("gate 5 passes")]
async fn gate_passes(studio: &mut Studio) -> Result<()> {
    gate_said(studio, Status::Passed.as_str()).map(drop)
}

#[then(expr = "gate 5 fails, and mentions {string}")]
async fn gate_fails(studio: &mut Studio, why: String) -> Result<()> {
    let reasons = gate_said(studio, Status::Failed.as_str())?;
    ensure!(reasons.contains(&why), "{reasons}");
    Ok(())
}

/// Past every door, as somebody tries who has the database.
#[when("somebody deletes every entry behind the server's back")]
async fn deletes(studio: &mut Studio) -> Result<()> {
    let house = studio.house()?;
    let file = house.data_dir()?.join("ziggie.db");
    let url = match house.database_url()? {
        Some(url) => url.to_owned(),
        None => format!("sqlite://{}?mode=rw", file.display()),
    };
    let outside = Database::connect(url).await.context("the database")?;
    let deleted = outside
        .execute_unprepared("DELETE FROM audit_entries")
        .await;
    outside.close().await.context("closing")?;
    let said = deleted.err().map(|error| error.to_string());
    studio.kept.insert(REFUSAL, json!(said));
    Ok(())
}

#[then(expr = "the database refuses it, and mentions {string}")]
async fn refuses(studio: &mut Studio, words: String) -> Result<()> {
    let said = studio.kept.get(REFUSAL).context("nobody has tried")?;
    let said = said.as_str().context("it was done")?;
    ensure!(said.contains(&words), "it said {said}");
    Ok(())
}
