//! Proofs and checkpoints, opened by somebody else's reading of the C2SP texts.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, anyhow, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cucumber::{Parameter, gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{Checkpoint, Hash, check_record, check_tree, record_hash};

use super::history::history;
use crate::{
    word::{Agent, Task},
    world::{Outcome, Studio, expect_equal},
};

const LOG: &str = "/audit/tlog";
const KEPT: &str = "the checkpoint that was kept";

const CHECKPOINT: &str = "origin size rootHash signedNote";
const INCLUSION: &str =
    "index leafHash hashes proof checkpoint { origin size rootHash signedNote }";

/// What is asked of the log.
#[derive(Clone, Debug, Parameter)]
#[param(
    name = "evidence",
    regex = "the checkpoint|the proof of nothing|the proof of the last entry of the [a-z-]+ task|what the log was at size \\d+"
)]
enum Evidence {
    Checkpoint,
    OfNothing,
    OfLast(Task),
    AtSize(String),
}

impl FromStr for Evidence {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(task) = text.strip_prefix("the proof of the last entry of ") {
            return Ok(Self::OfLast(task.parse()?));
        }
        if let Some(size) = text.strip_prefix("what the log was at size ") {
            return Ok(Self::AtSize(size.to_owned()));
        }
        Ok(match text {
            "the checkpoint" => Self::Checkpoint,
            "the proof of nothing" => Self::OfNothing,
            other => bail!("no evidence is called {other}"),
        })
    }
}

#[when(expr = "{agent} asks for {evidence}")]
async fn asks_for(studio: &mut Studio, step: &Step, by: Agent, evidence: Evidence) -> Result<()> {
    let inclusion = |id: Value| {
        Call::query("auditInclusionProof")
            .with("entryId", "ID!", id)
            .selecting(INCLUSION)
    };
    let call = match evidence {
        Evidence::Checkpoint => Call::query("auditCheckpoint").selecting(CHECKPOINT),
        Evidence::OfNothing => inclusion(json!("audit_00000000000000000000000000")),
        Evidence::OfLast(task) => {
            let history = history(studio, &task).await?;
            let last = history.as_array().and_then(|entries| entries.last());
            inclusion(last.context("it has no history")?["id"].clone())
        }
        Evidence::AtSize(size) => Call::query("auditConsistencyProof")
            .with("fromSize", "String!", size)
            .selecting("fromSize fromRootHash"),
    };
    // In the moment before it is signed an entry has no proof, and says that asking again will help.
    let answer = studio
        .eventually("what is asked for is signed", async |studio| {
            let answer = studio.send(&by, &call).await?;
            let passes = answer
                .fault()
                .is_some_and(|fault| fault.retryable() == Some(true));
            Ok((!passes).then_some(answer))
        })
        .await?;
    studio.remember(step, &by, call.field(), answer)
}

async fn key(studio: &Studio) -> Result<String> {
    Ok(studio.door()?.get(&format!("{LOG}/key")).await?.body)
}

/// Size and root of a checkpoint that one of the log's keys has signed.
fn open(note: &str, keys: &str) -> Result<(u64, Hash)> {
    let note = Note::from_bytes(note.as_bytes())?;
    let mut known: Vec<Box<dyn signed_note::Verifier>> = Vec::new();
    for key in keys.lines() {
        known.push(Box::new(StandardVerifier::new(key)?));
    }
    note.verify(&VerifierList::new(known))?;
    let checkpoint = Checkpoint::from_bytes(note.text()).map_err(|error| anyhow!("{error}"))?;
    Ok((checkpoint.size(), *checkpoint.hash()))
}

fn text(value: &Value) -> Result<&str> {
    value
        .as_str()
        .with_context(|| format!("{value} is no text"))
}

fn hashes(value: &Value) -> Result<Vec<Hash>> {
    let all = value.as_array().context("hashes")?;
    let hash = |value: &Value| Ok(Hash::parse_hash(text(value)?)?);
    all.iter().map(hash).collect()
}

fn proof(studio: &Studio) -> Result<Value> {
    let last = studio.last()?;
    ensure!(
        last.answer.fault().is_none(),
        "it was refused: {:?}",
        last.answer.fault()
    );
    Ok(Outcome::value(last).clone())
}

#[then("the proof leads to a checkpoint that the log's key has signed")]
async fn leads_to_checkpoint(studio: &mut Studio) -> Result<()> {
    let proof = proof(studio)?;
    let (size, root) = open(
        text(&proof["checkpoint"]["signedNote"])?,
        &key(studio).await?,
    )?;
    expect_equal(
        "its root",
        text(&proof["checkpoint"]["rootHash"])?,
        STANDARD.encode(root.0).as_str(),
    )?;
    let (path, leaf) = (
        hashes(&proof["hashes"])?,
        Hash::parse_hash(text(&proof["leafHash"])?)?,
    );
    check_record(&path, size, root, text(&proof["index"])?.parse()?, leaf)?;
    Ok(())
}

#[then("the proof is the same as its text")]
async fn is_same_as_text(studio: &mut Studio) -> Result<()> {
    let proof = proof(studio)?;
    let mut wanted = format!("c2sp.org/tlog-proof@v1\nindex {}\n", text(&proof["index"])?);
    for hash in proof["hashes"].as_array().context("hashes")? {
        wanted += &format!("{}\n", text(hash)?);
    }
    wanted += &format!("\n{}", text(&proof["checkpoint"]["signedNote"])?);
    expect_equal("the text", text(&proof["proof"])?, wanted.as_str())
}

#[given(expr = "{agent} keeps the checkpoint")]
async fn keeps(studio: &mut Studio, by: Agent) -> Result<()> {
    let call = Call::query("auditCheckpoint").selecting(CHECKPOINT);
    let checkpoint = studio
        .eventually("there is a checkpoint", async |studio| {
            let answer = studio.send(&by, &call).await?;
            Ok(answer
                .fault()
                .is_none()
                .then(|| answer.data["auditCheckpoint"].clone()))
        })
        .await?;
    studio.kept.insert(KEPT, checkpoint);
    Ok(())
}

#[then("the log of its checkpoint begins with the log that was kept")]
async fn begins_with_kept(studio: &mut Studio) -> Result<()> {
    let keys = key(studio).await?;
    let kept = studio.kept.get(KEPT).context("none was kept")?.clone();
    let (old, old_root) = open(text(&kept["signedNote"])?, &keys)?;
    let call = Call::query("auditConsistencyProof")
        .with("fromSize", "String!", old.to_string())
        .selecting("fromSize fromRootHash hashes checkpoint { signedNote }");
    let proof = studio.look(&call).await?;
    expect_equal("its size then", text(&proof["fromSize"])?, &old.to_string())?;
    expect_equal(
        "its root then",
        text(&proof["fromRootHash"])?,
        STANDARD.encode(old_root.0).as_str(),
    )?;
    let (new, new_root) = open(text(&proof["checkpoint"]["signedNote"])?, &keys)?;
    ensure!(old < new, "the log has not grown: {old}, {new}");
    check_tree(&hashes(&proof["hashes"])?, new, new_root, old, old_root)?;
    Ok(())
}

/// The size of the log as everybody can read it.
async fn size(studio: &mut Studio) -> Result<u64> {
    let keys = key(studio).await?;
    studio
        .eventually("there is a checkpoint", async |studio| {
            let page = studio.door()?.get(&format!("{LOG}/checkpoint")).await?;
            Ok(if page.status == 200 {
                Some(open(&page.body, &keys)?.0)
            } else {
                None
            })
        })
        .await
}

async fn tile(studio: &mut Studio, who: &Agent, level: &str) -> Result<gates::client::Content> {
    let size = size(studio).await?;
    ensure!(size < 256, "the scenario's log is small");
    let path = format!("{LOG}/tile/{level}/000.p/{size}");
    Ok(studio.client(who).await?.download(&path).await?)
}

#[then(expr = "{agent} finds the checkpoint of the log, its key and its hashes")]
async fn finds_hashes(studio: &mut Studio, who: Agent) -> Result<()> {
    let hashes = tile(studio, &who, "0").await?;
    expect_equal("the status", hashes.status, 200)?;
    ensure!(
        !hashes.bytes.is_empty() && hashes.bytes.len() % 32 == 0,
        "{} bytes",
        hashes.bytes.len()
    );
    Ok(())
}

#[then(expr = "{agent} is shown no entries of the log")]
async fn is_shown_none(studio: &mut Studio, who: Agent) -> Result<()> {
    let wanted = if who.is_stranger() { 401 } else { 403 };
    expect_equal(
        "the status",
        tile(studio, &who, "entries").await?.status,
        wanted,
    )
}

#[then(expr = "{agent} is shown the entries that the hashes stand for")]
async fn is_shown_entries(studio: &mut Studio, who: Agent) -> Result<()> {
    let bundle = tile(studio, &who, "entries").await?.bytes;
    let hashes = tile(studio, &who, "0").await?.bytes;
    let mut rest = bundle.as_slice();
    for hash in hashes.chunks_exact(32) {
        let Some(([high, low], behind)) = rest.split_first_chunk::<2>() else {
            // One that came between the two requests.
            break;
        };
        let (entry, next) = behind.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        expect_equal(
            "the hash of an entry",
            record_hash(entry).0.as_slice(),
            hash,
        )?;
        rest = next;
    }
    ensure!(rest.is_empty(), "{} bytes are left", rest.len());
    Ok(())
}

/// Waits until everything that the scenario did is under a checkpoint.
#[given("the log has signed that")]
#[when("the log has signed that")]
async fn has_signed(studio: &mut Studio) -> Result<()> {
    // Until then the newest entry of the log is an older one.
    studio.await_sequence().await?;
    let newest = Call::query("auditLog")
        .with("first", "Int", 1)
        .selecting("nodes { sequence }");
    let newest = studio.look(&newest).await?["nodes"][0]["sequence"].clone();
    let newest: u64 = text(&newest)?.parse()?;
    studio
        .eventually("the log is signed", async |studio| {
            Ok((size(studio).await? > newest).then_some(()))
        })
        .await
}

#[then("the log has two public keys")]
async fn has_two_keys(studio: &mut Studio) -> Result<()> {
    expect_equal("its keys", key(studio).await?.lines().count(), 2)
}
