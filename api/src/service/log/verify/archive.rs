//! Whether an archive holds (spec R5.08): by its file, its manifest and the log's public key alone, offline; and as a part of the log that
//! is verified as a whole. Floor 3.

use std::io::BufRead;

use bytes::{Bytes, BytesMut};
use entities::audit::MAX_ENTRY_BYTES;
use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use super::Verdict;
use super::export::{look, read};
use crate::auth::note::{
    Checkpoint, Manifest, NoteError, Verifier, open_checkpoint, open_manifest,
};
use crate::error::{Error, Result};
use crate::store::shelf::Shelf;

mod part;

pub(super) use part::Parts;

/// No line of ours is longer: an entry and its path.
const MAX_LINE: usize = 4 * MAX_ENTRY_BYTES;

/// Cuts what comes in pieces into lines of bounded length, hashing it.
#[derive(Default)]
struct Lines {
    waiting: BytesMut,
    hash: Sha256,
    bytes: u64,
}

impl Lines {
    fn take(&mut self, piece: &[u8]) {
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
        self.waiting.extend_from_slice(piece);
    }

    /// The next line that is whole; one that does not end in time is given as far as it goes.
    fn next(&mut self) -> Option<Bytes> {
        let end = self.waiting.iter().position(|byte| *byte == b'\n');
        let length = match end {
            Some(end) => end + 1,
            None if self.waiting.len() > MAX_LINE => self.waiting.len(),
            None => return None,
        };
        Some(self.waiting.split_to(length).freeze())
    }

    /// What has no end.
    fn rest(&mut self) -> Option<Bytes> {
        let rest = self.waiting.split().freeze();
        (!rest.is_empty()).then_some(rest)
    }

    /// Whether everything that was taken is what a manifest says.
    fn are_of(&self, manifest: &Manifest) -> bool {
        let hash = entities::json::hex(&self.hash.clone().finalize());
        self.bytes == manifest.bytes && hash == manifest.sha256
    }
}

/// What a manifest and the checkpoint in it say.
fn open(note: &str, trusted: &[Verifier]) -> Result<(Manifest, Checkpoint), NoteError> {
    let manifest = open_manifest(note, trusted)?;
    let checkpoint = open_checkpoint(&manifest.checkpoint, trusted)?;
    if checkpoint.origin != manifest.origin {
        return Err(NoteError::Manifest("its checkpoint is of another log"));
    }
    if checkpoint.size < manifest.next {
        return Err(NoteError::Manifest("its checkpoint does not cover it"));
    }
    Ok((manifest, checkpoint))
}

/// Verifies an archive piece by piece: each entry is proved to the signed checkpoint, and none is missing.
pub struct Check {
    manifest: Manifest,
    checkpoint: Checkpoint,
    lines: Lines,
    verdict: Verdict,
    after: Option<u64>,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check")
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}

impl Check {
    /// Of the archive of a manifest.
    ///
    /// # Errors
    /// [`NoteError`] for a manifest that nobody trusted has signed, or that contradicts itself.
    pub fn begin(manifest: &str, trusted: &[Verifier]) -> Result<Self, NoteError> {
        let (manifest, checkpoint) = open(manifest, trusted)?;
        Ok(Self {
            verdict: Verdict {
                checkpoints: 1,
                root: Some(checkpoint.root),
                ..Verdict::default()
            },
            after: manifest.first.checked_sub(1),
            manifest,
            checkpoint,
            lines: Lines::default(),
        })
    }

    /// The next bytes of its body.
    pub fn take(&mut self, piece: &[u8]) {
        self.lines.take(piece);
        while let Some(line) = self.lines.next() {
            self.line(&line);
        }
    }

    fn line(&mut self, line: &[u8]) {
        self.verdict.entries += 1;
        let Manifest { first, next, .. } = self.manifest;
        let expected = self.after.map_or(first, |after| after + 1);
        if let Some((index, line)) = read(line) {
            if index > expected {
                self.verdict
                    .flaw(Some(expected), None, "is missing from the archive");
            }
            if !(first..next).contains(&index) {
                let what = format!("is none of the archive's entries {first} to {}", next - 1);
                self.verdict.flaw(Some(index), None, what);
            }
            if !line.personal.is_empty() {
                self.verdict
                    .flaw(Some(index), None, "has personal values in an archive");
            }
        }
        let seen = look(&mut self.verdict, line, &self.checkpoint, self.after);
        self.after = seen.max(self.after);
    }

    /// What it came to, when all of the body was taken.
    pub fn end(mut self) -> Verdict {
        if let Some(rest) = self.lines.rest() {
            self.line(&rest);
        }
        let expected = self
            .after
            .map_or(self.manifest.first, |after| after.saturating_add(1));
        if expected < self.manifest.next {
            let what = format!(
                "the archive ends before its entries {expected} to {}",
                self.manifest.next - 1
            );
            self.verdict
                .flaw_between(expected, self.manifest.next - 1, what);
        }
        if !self.lines.are_of(&self.manifest) {
            self.verdict
                .flaw(None, None, "its bytes are not those of its manifest");
        }
        self.verdict
    }
}

/// Verifies an archive offline.
///
/// # Errors
/// UNAVAILABLE where the file cannot be read: what does not hold is in the verdict.
pub fn file(mut body: impl BufRead, manifest: &str, trusted: &[Verifier]) -> Result<Verdict> {
    let mut check = match Check::begin(manifest, trusted) {
        Ok(check) => check,
        Err(error) => {
            let mut verdict = Verdict::default();
            let what = format!("the manifest does not open: {error}");
            verdict.flaw(None, None, what);
            return Ok(verdict);
        }
    };
    loop {
        let piece = body.fill_buf();
        let piece = piece.map_err(|_| Error::Unavailable("the archive cannot be read"))?;
        if piece.is_empty() {
            return Ok(check.end());
        }
        check.take(piece);
        let taken = piece.len();
        body.consume(taken);
    }
}

/// Reads a manifest from the store.
///
/// # Errors
/// Of the store; INTERNAL where it is not there, too long or no text.
pub async fn manifest_at(shelf: &Shelf, key: &str) -> Result<String> {
    /// No manifest of ours is longer.
    const MOST: usize = 16 * 1024;
    let mut pieces = shelf.read(key, None).await?;
    let mut text = Vec::new();
    while let Some(piece) = pieces.try_next().await? {
        text.extend_from_slice(&piece);
        if text.len() > MOST {
            return Err(Error::internal("the manifest of an archive is too long"));
        }
    }
    String::from_utf8(text).map_err(Error::internal)
}
