//! Whether an export holds (spec R5.07), offline: by its manifest and the log's public key alone. Floor 3.

use std::io::BufRead;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entities::audit::leaf::leaf_hash;
use entities::audit::personal::commitment;
use entities::audit::tree::{Hash, includes};
use entities::audit::{MAX_ENTRY_BYTES, export::AuditExportFormat};
use entities::json::{canonical, hex};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

use super::Verdict;
use crate::auth::note::{Checkpoint, Verifier, open_checkpoint};
use crate::error::{Error, Result};

/// What a manifest says.
#[derive(Debug, Deserialize)]
struct Manifest {
    format: AuditExportFormat,
    rows: u64,
    bytes: u64,
    sha256: String,
    checkpoint: String,
}

/// A line of an export as NDJSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    index: String,
    pub(super) entry: Value,
    hashes: Vec<String>,
    pub(super) personal: BTreeMap<String, Personal>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Personal {
    value: String,
    salt: String,
}

/// No line of ours is longer: an entry, its path, its personal values.
const MAX_LINE: u64 = 4 * MAX_ENTRY_BYTES as u64;

/// Verifies an export. Of NDJSON each entry is proved; of CSV, whose rows are not what is hashed, that it is what the manifest says.
///
/// # Errors
/// BAD_USER_INPUT for what is no manifest; UNAVAILABLE where the file cannot be read.
pub fn file(body: impl BufRead, manifest: &str, trusted: &[Verifier]) -> Result<Verdict> {
    let manifest: Manifest = serde_json::from_str(manifest)
        .map_err(|error| Error::bad_input("manifest", "form", error.to_string()))?;
    let mut verdict = Verdict::default();
    let checkpoint = match open_checkpoint(&manifest.checkpoint, trusted) {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            verdict.flaw(
                None,
                None,
                format!("the checkpoint of the manifest does not open: {error}"),
            );
            return Ok(verdict);
        }
    };
    verdict.checkpoints = 1;
    verdict.root = Some(checkpoint.root);
    let mut reader = Reader {
        body,
        hash: Sha256::new(),
        bytes: 0,
    };
    let mut after = None;
    while let Some(line) = reader.line()? {
        if manifest.format == AuditExportFormat::Ndjson {
            verdict.entries += 1;
            after = look(&mut verdict, &line, &checkpoint, after);
        }
    }
    if manifest.format == AuditExportFormat::Ndjson && verdict.entries != manifest.rows {
        let (there, said) = (verdict.entries, manifest.rows);
        verdict.flaw(
            None,
            None,
            format!("it has {there} entries, and its manifest says {said}"),
        );
    }
    if reader.bytes != manifest.bytes || hex(&reader.hash.finalize()) != manifest.sha256 {
        verdict.flaw(None, None, "its bytes are not those of its manifest");
    }
    Ok(verdict)
}

struct Reader<R> {
    body: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: BufRead> Reader<R> {
    /// The next line, of bounded length; none at the end.
    fn line(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut part = std::io::Read::take(&mut self.body, MAX_LINE);
        let read = part.read_until(b'\n', &mut line);
        read.map_err(|_| Error::Unavailable("the export cannot be read"))?;
        self.hash.update(&line);
        self.bytes += line.len() as u64;
        Ok((!line.is_empty()).then_some(line))
    }
}

/// Looks at one line; returns its index.
pub(super) fn look(
    verdict: &mut Verdict,
    line: &[u8],
    checkpoint: &Checkpoint,
    after: Option<u64>,
) -> Option<u64> {
    let number = verdict.entries;
    let Some((index, line)) = read(line) else {
        verdict.flaw(None, None, format!("line {number} is no line of an export"));
        return after;
    };
    let id = line.entry["id"].as_str().and_then(|id| id.parse().ok());
    if after.is_some_and(|after| index <= after) {
        verdict.flaw(
            Some(index),
            id,
            format!("stands in line {number}, behind a later one or itself"),
        );
    }
    let path: Option<Vec<Hash>> = line
        .hashes
        .iter()
        .map(|hash| STANDARD.decode(hash).ok()?.try_into().ok())
        .collect();
    let leaf = leaf_hash(&canonical(&line.entry));
    let proved =
        path.is_some_and(|path| includes(&leaf, index, checkpoint.size, &path, &checkpoint.root));
    if !proved {
        verdict.flaw(
            Some(index),
            id,
            "is not the entry that was signed in this place",
        );
    }
    for (field, personal) in &line.personal {
        let salt = STANDARD.decode(&personal.salt).unwrap_or_default();
        if line.entry["personal"][field] != commitment(&salt, &personal.value) {
            verdict.flaw(
                Some(index),
                id,
                format!("has another {field} than it was written with"),
            );
        }
    }
    Some(index)
}

/// A line and its index; none for what is no line of ours.
pub(super) fn read(line: &[u8]) -> Option<(u64, Line)> {
    let line: Line = serde_json::from_slice(line.strip_suffix(b"\n")?).ok()?;
    Some((line.index.parse().ok()?, line))
}
