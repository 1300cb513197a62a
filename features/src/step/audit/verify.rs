//! `ziggie audit` and whoever changes things behind the server's back.

use std::{ffi::OsStr, path::Path, process::Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use cucumber::{given, then, when};
use gates::client::Call;
use sea_orm::{ConnectionTrait as _, Database, DbBackend};
use serde_json::json;

use crate::{
    step::process::{ENDED, run},
    word::Agent,
    worker::Language,
    world::Studio,
};

const FILE: &str = "checkpoint";

pub(super) async fn ziggie(studio: &mut Studio, arguments: &[&str]) -> Result<()> {
    let flags = studio.house()?.flags()?;
    let arguments: Vec<&str> = arguments
        .iter()
        .copied()
        .chain(flags.iter().map(String::as_str))
        .collect();
    run(studio, &arguments).await
}

#[when("the log is verified")]
async fn is_verified(studio: &mut Studio) -> Result<()> {
    ziggie(studio, &["audit", "verify"]).await
}

#[given(expr = "{agent} keeps the checkpoint in a file")]
async fn keeps_in_file(studio: &mut Studio, by: Agent) -> Result<()> {
    let call = Call::query("auditCheckpoint").selecting("signedNote");
    let answer = studio.send(&by, &call).await?;
    let note = answer.data["auditCheckpoint"]["signedNote"].as_str();
    let path = studio.house()?.data_dir()?.join(FILE);
    std::fs::write(path, note.context("no checkpoint")?).context("keeping it")
}

#[when("the log is verified against the file")]
async fn is_verified_against(studio: &mut Studio) -> Result<()> {
    let path = studio.house()?.data_dir()?.join(FILE);
    ziggie(
        studio,
        &["audit", "verify", "--kept", &path.to_string_lossy()],
    )
    .await
}

#[when("the proof of the first entry is asked for")]
async fn proof_of_first(studio: &mut Studio) -> Result<()> {
    let call = Call::query("auditLog")
        .with("first", "Int", 100)
        .selecting("nodes { id }");
    let found = studio.look(&call).await?;
    let first = found["nodes"]
        .as_array()
        .and_then(|nodes| nodes.last())
        .context("no entries")?;
    let id = first["id"].as_str().context("its id")?.to_owned();
    ziggie(studio, &["audit", "proof", &id]).await
}

#[when("the log's key is rotated")]
async fn key_is_rotated(studio: &mut Studio) -> Result<()> {
    ziggie(studio, &["keys", "rotate", "--log"]).await
}

/// The one that auditors have who trust no binary of ours: it is given the address, the key and a token.
#[when(expr = "the auditor's verifier in {language} looks through the log")]
async fn auditor_looks(studio: &mut Studio, language: Language) -> Result<()> {
    ensure!(
        language == Language::Python,
        "it is written in Python alone"
    );
    let operator = Agent::operator();
    studio.client(&operator).await?;
    let token = studio
        .person(&operator)
        .token
        .clone()
        .context("it has logged in")?;
    let house = studio.house()?;
    let token_file = house.data_dir()?.join("token");
    std::fs::write(&token_file, token).context("the token")?;
    let log = format!("http://{}/audit/tlog", house.process()?.address);
    let arguments = [
        log.as_ref(),
        OsStr::new("--token-file"),
        token_file.as_os_str(),
    ];
    auditor(studio, "verify_log.py", arguments).await
}

/// Runs a program of the auditor's, which is given the log's key.
pub(super) async fn auditor(
    studio: &mut Studio,
    program: &str,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<()> {
    let key = studio.door()?.get("/audit/tlog/key").await?.body;
    let key_file = studio.house()?.data_dir()?.join("key");
    std::fs::write(&key_file, key).context("the key")?;
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("api");
    let output = tokio::process::Command::new("python3")
        .arg(programs.join("examples/auditor").join(program))
        .args([OsStr::new("--key"), key_file.as_os_str()])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .context("python3")?;
    let said =
        [output.stdout, output.stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned());
    let ended = json!({ "status": output.status.code(), "said": said.concat() });
    studio.kept.insert(ENDED, ended);
    Ok(())
}

#[then(expr = "what it says mentions {string}")]
async fn mentions(studio: &mut Studio, words: String) -> Result<()> {
    let ended = studio.kept.get(ENDED).cloned().unwrap_or_default();
    let said = ended["said"].as_str().unwrap_or_default();
    match said.contains(&words) {
        true => Ok(()),
        false => bail!("it said {said}"),
    }
}

/// Past every door, as somebody does who has the database.
#[when("somebody changes an entry behind the server's back")]
async fn changes_entry(studio: &mut Studio) -> Result<()> {
    change(
        studio,
        "UPDATE audit_entries SET metadata = replace(metadata, 'createdAt', 'createdOn') \
         WHERE id = (SELECT entry_id FROM ledger WHERE sequence = 2)",
    )
    .await
}

#[when("somebody changes the name of an agent behind the server's back")]
async fn changes_agent(studio: &mut Studio) -> Result<()> {
    change(
        studio,
        "UPDATE agents SET name = 'Nobody' WHERE id = 'L1-CODE-001'",
    )
    .await
}

async fn change(studio: &mut Studio, sql: &str) -> Result<()> {
    let house = studio.house()?;
    let url = match house.database_url()? {
        Some(url) => url.to_owned(),
        None => format!(
            "sqlite://{}?mode=rw",
            house.data_dir()?.join("ziggie.db").display()
        ),
    };
    let outside = Database::connect(url).await.context("the database")?;
    let disarm = match outside.get_database_backend() {
        DbBackend::Postgres => "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        _ => "DROP TRIGGER audit_entries_no_update",
    };
    outside
        .execute_unprepared(disarm)
        .await
        .context("the trigger")?;
    let changed = outside
        .execute_unprepared(sql)
        .await
        .context("the change")?;
    outside.close().await.context("closing")?;
    crate::world::expect_equal(
        "how many rows were changed",
        json!(changed.rows_affected()),
        json!(1),
    )
}
