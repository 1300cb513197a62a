//! Floor 1: the manifest of an archive (spec R5.08), which the log's key signs as a note.

use std::fmt;
use std::str::FromStr;

use entities::json::canonical;
use serde::{Deserialize, Serialize};

use super::{NoteError, Verifier, open};

/// What kind of thing a manifest is of: it stands in the signed text, so that nothing else of ours can be taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A range of the log that was moved out of the database.
    Archive,
}

/// What is signed of an archive: which entries it has, which bytes, and the checkpoint to which they are proved.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Which log.
    pub origin: String,
    /// Always an archive.
    pub kind: Kind,
    /// The number of its first entry.
    pub first: u64,
    /// The number behind its last.
    pub next: u64,
    /// How many lines its body has.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256, in lowercase hexadecimal.
    pub sha256: String,
    /// The signed checkpoint, of `next` entries at least.
    pub checkpoint: String,
}

/// The text that is signed: one line of canonical JSON (RFC 8785).
impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = serde_json::to_value(self).map_err(|_| fmt::Error)?;
        writeln!(f, "{}", canonical(&value))
    }
}

impl FromStr for Manifest {
    type Err = NoteError;

    /// Exactly what we write.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let manifest: Self = serde_json::from_str(text)
            .map_err(|_| NoteError::Manifest("it has not the fields of one"))?;
        if manifest.to_string() != text {
            return Err(NoteError::Manifest("it is not spelled as manifests are"));
        }
        if manifest.next.checked_sub(manifest.first) != Some(manifest.rows) || manifest.rows == 0 {
            return Err(NoteError::Manifest("its rows are not those of its range"));
        }
        Ok(manifest)
    }
}

/// What a signed manifest says.
///
/// # Errors
/// As [`open`], and for a text that is no manifest.
pub fn open_manifest(note: &str, trusted: &[Verifier]) -> Result<Manifest, NoteError> {
    open(note, trusted)?.parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        r#"{"bytes":7,"checkpoint":"ziggie/x\n3\nAAAA\n\n\u{2014} x y\n","first":2,"kind":"archive","next":3,"origin":"ziggie/x","#,
        r#""rows":1,"sha256":"00"}"#,
        "\n"
    );

    #[test]
    fn a_manifest_is_one_line_and_read_no_other_way() {
        let text = TEXT.replace("\\u{2014}", "\u{2014}");
        let manifest: Manifest = text.parse().unwrap();
        assert_eq!((manifest.first, manifest.next), (2, 3));
        assert_eq!(manifest.to_string(), text);
        for broken in [
            &text.replace("\"first\"", "\"fist\""),
            &text.replace("archive", "export"),
            &text.replace("\"first\":2", "\"first\":1"),
            &text.replace("\"rows\":1", "\"rows\":2"),
            &text.replace("\"rows\":1", "\"rows\": 1"),
            text.trim_end(),
            "",
        ] {
            assert!(broken.parse::<Manifest>().is_err(), "{broken}");
        }
    }
}
