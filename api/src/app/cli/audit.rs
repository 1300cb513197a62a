//! `ziggie audit`: whether the log holds, and the proof of one entry (spec R5.05). Both read the database alone, beside a server or without one.
//! Floor 6.

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;
use entities::audit::export::AuditExportFormat;
use entities::json::hex;
use entities::word::UnknownWord;
use serde_json::json;

use super::{Place, block_on, log, say};
use crate::app::config::Config;
use crate::app::data_dir::DataDir;
use crate::app::order::Order;
use crate::app::parts::{self, explained};
use crate::app::shelf;
use crate::auth::note::Verifier;
use crate::service::audit::Filter;
use crate::service::log as ledger;
use crate::service::log::archive::Month;
use crate::service::log::export::{self, Sent, Writer};
use crate::service::log::verify::{self, Verdict};
use crate::store::{Database, Snapshot, tree};

/// What can be asked.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Verifies the whole log: entries, tree, checkpoints, numbering, and that folding the entries gives the rows
    #[command(after_help = VERIFYING)]
    Verify {
        /// A public key of the log, as /audit/tlog/key shows it, kept from before; those in the database when left out
        #[arg(long, value_name = "VKEY", value_delimiter = '\n')]
        key: Vec<Verifier>,
        /// A checkpoint kept from before: the log has to begin with what it says
        #[arg(long, value_name = "FILE")]
        kept: Vec<PathBuf>,
        /// An export instead of the database, with its manifest; needs the key
        #[arg(long, value_name = "FILE", group = "body", requires_all = ["manifest", "key"])]
        export: Option<PathBuf>,
        /// An archive instead of the database, with its manifest; needs the key
        #[arg(long, value_name = "FILE", group = "body", requires_all = ["manifest", "key"])]
        archive: Option<PathBuf>,
        /// The manifest of the export or the archive
        #[arg(long, value_name = "FILE", requires = "body")]
        manifest: Option<PathBuf>,
        /// The verdict as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Writes the log to standard output, or part of it, and its manifest to a file; the log knows of it afterwards
    #[command(after_help = EXPORTING)]
    Export {
        /// CSV, a table; or NDJSON, with the proof of each entry
        #[arg(long, value_name = "FORMAT", value_parser = format_of)]
        format: AuditExportFormat,
        /// Which entries, as JSON in the form of the schema's AuditFilter; all of them when left out
        #[arg(long, value_name = "JSON")]
        filter: Option<String>,
        /// Where the manifest goes: rows, SHA-256 and the checkpoint that covers them
        #[arg(long, value_name = "FILE")]
        manifest: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Moves whole months of the log to archives, and out of the database once these have been verified
    #[command(after_help = ARCHIVING)]
    Archive {
        /// The months before this one, such as 2026-01; never the last six. What the setting limits.audit_retention says when left out
        #[arg(long, value_name = "YYYY-MM")]
        before: Option<Month>,
        #[command(flatten)]
        place: Place,
    },
    /// Prints the proof that an entry is in the log, as a .tlog-proof file (C2SP tlog-proof)
    Proof {
        /// The entry's id: audit_…
        entry: String,
        #[command(flatten)]
        place: Place,
    },
}

const VERIFYING: &str = "\
The exit status is 0 when everything holds, 1 when something does not (the first thing that is told is the one to look at), 2 when
the log could not be verified at all.

Example:
  ziggie audit verify --key \"$(cat ziggie.vkey)\" --kept checkpoint-of-january";

const EXPORTING: &str = "\
Example:
  ziggie audit export --format ndjson --filter '{\"actorId\": \"L1-ART-001\"}' --manifest artemis.json > artemis.ndjson
  ziggie audit verify --export artemis.ndjson --manifest artemis.json --key \"$(cat ziggie.vkey)\"";

const ARCHIVING: &str = "\
A server does this by itself, every hour. Archives lie in the store of the assets' bytes, under audit-archive; each is verified by itself:

Example:
  ziggie audit archive --before 2026-01
  ziggie audit verify --archive FIRST-NEXT-….ndjson --manifest FIRST-NEXT-….manifest --key \"$(cat ziggie.vkey)\"";

/// Runs a command.
pub(super) fn run(command: AuditCommand) -> Result<ExitCode> {
    match command {
        AuditCommand::Export {
            format,
            filter,
            manifest,
            place,
        } => {
            export(&place, format, filter.as_deref(), &manifest)?;
            Ok(ExitCode::SUCCESS)
        }
        AuditCommand::Verify {
            key,
            kept,
            export,
            archive,
            manifest,
            json,
            place,
        } => {
            let verified = match (export, archive, manifest) {
                (Some(body), _, Some(manifest)) => verify_file(&body, &manifest, |body, text| {
                    verify::export::file(body, text, &key)
                }),
                (_, Some(body), Some(manifest)) => verify_file(&body, &manifest, |body, text| {
                    verify::archive::file(body, text, &key)
                }),
                _ => verify(&place, key, &kept),
            };
            let (verdict, origin) = match verified {
                Ok(verified) => verified,
                Err(error) => {
                    eprintln!("error: {error:#}");
                    return Ok(ExitCode::from(2));
                }
            };
            say(&if json {
                as_json(&verdict, &origin)
            } else {
                as_text(&verdict, &origin)
            })?;
            Ok(match verdict.flaws.is_empty() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            })
        }
        AuditCommand::Archive { before, place } => {
            let before = before.map(|month| month.to_string());
            super::order(&place, Order::ArchiveLog { before })?;
            Ok(ExitCode::SUCCESS)
        }
        AuditCommand::Proof { entry, place } => {
            let config = place.read_quietly()?;
            let _log = log::start(&config.log)?;
            let database = database(&config)?;
            let proof = block_on(async {
                let snapshot = database.snapshot().await?;
                let origin = ledger::origin(&snapshot).await.map_err(explained)?;
                let proof = ledger::inclusion_in(&snapshot, &origin, &entry).await;
                proof.map_err(explained)
            })?;
            say(&proof.text())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// As the schema writes it, or as one types it.
fn format_of(text: &str) -> Result<AuditExportFormat, UnknownWord> {
    text.to_ascii_uppercase().parse()
}

fn database(config: &Config) -> Result<Database> {
    let data_dir = DataDir::open(&config.data_dir)?;
    Ok(parts::database(config, &data_dir))
}

fn verify(
    place: &Place,
    mut trusted: Vec<Verifier>,
    kept: &[PathBuf],
) -> Result<(Verdict, String)> {
    let config = place.read_quietly()?;
    let _log = log::start(&config.log)?;
    let database = database(&config)?;
    let shelf = shelf::open(&config, &DataDir::open(&config.data_dir)?)?;
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).with_context(|| format!("checkpoint {}", path.display()))
    };
    let kept = kept.iter().map(read).collect::<Result<Vec<_>>>()?;
    block_on(async {
        let snapshot = database.snapshot().await?;
        let origin = ledger::origin(&snapshot).await.map_err(explained)?;
        if trusted.is_empty() {
            let keys = ledger::verifiers(&snapshot, &origin).await;
            trusted = keys.map_err(explained)?;
        }
        let verdict = verify::database(&snapshot, &shelf, &origin, &trusted, &kept).await;
        snapshot.close().await?;
        Ok((verdict.map_err(explained)?, origin))
    })
}

fn verify_file(
    path: &Path,
    manifest: &Path,
    verify: impl FnOnce(BufReader<File>, &str) -> crate::error::Result<Verdict>,
) -> Result<(Verdict, String)> {
    let body = File::open(path).with_context(|| path.display().to_string())?;
    let manifest = std::fs::read_to_string(manifest)
        .with_context(|| format!("manifest {}", manifest.display()))?;
    let verdict = verify(BufReader::new(body), &manifest).map_err(explained)?;
    Ok((verdict, path.display().to_string()))
}

fn export(
    place: &Place,
    format: AuditExportFormat,
    filter: Option<&str>,
    manifest: &Path,
) -> Result<()> {
    let config = place.read_quietly()?;
    let _log = log::start(&config.log)?;
    let database = database(&config)?;
    let filter = serde_json::from_str(filter.unwrap_or("{}")).context("--filter")?;
    let sent = block_on(async {
        let snapshot = database.snapshot().await?;
        let written = write_export(&snapshot, format, &filter, manifest).await;
        snapshot.close().await?;
        written
    })?;
    let order = Order::Exported {
        format,
        filter,
        first: sent.0.0,
        size: sent.0.1,
        rows: sent.1.rows,
        bytes: sent.1.bytes,
        sha256: sent.1.sha256,
    };
    block_on(super::owner::order(&config, order)).map(drop)
}

/// From which number on, where older entries were archived, and up to which signed size.
type Places = (Option<i64>, i64);

async fn write_export(
    snapshot: &Snapshot,
    format: AuditExportFormat,
    filter: &serde_json::Value,
    manifest: &Path,
) -> Result<(Places, Sent)> {
    let signed = tree::latest(snapshot).await.map_err(explained)?;
    let size = signed.context("the log has no checkpoint yet")?.size;
    let first = export::begin(snapshot).await.map_err(explained)?;
    let filter_of = Filter::from_json(filter).map_err(explained)?;
    let mut writer = Writer::new(format, filter_of, first.unwrap_or(0), size);
    let mut output = std::io::stdout().lock();
    while let Some(piece) = writer.next(snapshot).await.map_err(explained)? {
        output.write_all(&piece)?;
    }
    output.flush()?;
    let sent = writer.sent();
    let said = export::manifest_of(snapshot, format, filter, (first, size), &sent).await;
    let text = format!("{:#}\n", said.map_err(explained)?);
    std::fs::write(manifest, text).with_context(|| format!("manifest {}", manifest.display()))?;
    Ok(((first, size), sent))
}

fn as_text(verdict: &Verdict, origin: &str) -> String {
    let Verdict {
        entries,
        checkpoints,
        rows,
        root,
        flaws,
    } = verdict;
    let root = root.map_or(String::new(), |root| format!(", root {}", hex(&root)));
    let mut text =
        format!("{origin}: {entries} entries{root}, {checkpoints} checkpoints, {rows} rows\n");
    for flaw in flaws {
        text += &format!("  {flaw}\n");
    }
    text += match flaws.is_empty() {
        true => "it holds\n",
        false => "IT DOES NOT HOLD: look at the first line above\n",
    };
    text
}

fn as_json(verdict: &Verdict, origin: &str) -> String {
    let flaws = verdict
        .flaws
        .iter()
        .map(|flaw| json!({"place": flaw.place, "entryId": flaw.entry, "what": flaw.what}));
    let value = json!({
        "origin": origin,
        "holds": verdict.flaws.is_empty(),
        "entries": verdict.entries,
        "checkpoints": verdict.checkpoints,
        "rows": verdict.rows,
        "rootHash": verdict.root.map(|root| hex(&root)),
        "flaws": flaws.collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}
