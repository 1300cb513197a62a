//! Floor 1: signed notes (C2SP signed-note, version 1.0.0) and what they carry:
//! checkpoints (C2SP tlog-checkpoint) and manifests of archives.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use entities::audit::tree::Hash;
use entities::json::hex;
use sha2::{Digest, Sha256};

mod manifest;

pub use manifest::{Kind, Manifest, open_manifest};

/// The signature type of Ed25519.
const ED25519: u8 = 0x01;
/// What stands before a signature: an em dash and a space.
const MARK: &str = "\u{2014} ";
/// No note of ours is longer: three lines and a handful of signatures.
const MAX_BYTES: usize = 16 * 1024;

/// Why a note, a key or a checkpoint is not good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not in the form of a note.
    #[error("it is no signed note: {0}")]
    Form(&'static str),
    /// None of the keys that are trusted has signed it.
    #[error("no trusted key has signed it")]
    Unsigned,
    /// A trusted key is named, and the signature is not its own.
    #[error("the signature of {0} is not good")]
    Signature(String),
    /// The text is no checkpoint.
    #[error("it is no checkpoint: {0}")]
    Checkpoint(&'static str),
    /// The text is no manifest of an archive.
    #[error("it is no manifest of an archive: {0}")]
    Manifest(&'static str),
    /// The text of a key is not in its form.
    #[error("it is no verifier key: {0}")]
    Key(&'static str),
}

/// The four bytes by which signatures name a key: of SHA-256(name ‖ newline ‖ type ‖ public key).
pub(in crate::auth) fn key_id(name: &str, public_key: &[u8; 32]) -> [u8; 4] {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(public_key)
        .finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

/// The line by which a key signs.
pub(in crate::auth) fn signature_line(name: &str, id: [u8; 4], signature: &Signature) -> String {
    let bytes = [id.as_slice(), &signature.to_bytes()].concat();
    format!("{MARK}{name} {}\n", STANDARD.encode(bytes))
}

/// A public key that is trusted to sign notes.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl Verifier {
    /// The key of a name.
    ///
    /// # Errors
    /// [`NoteError::Key`] for a name that cannot stand in a note, or bytes that are no key.
    pub fn new(name: &str, public_key: &[u8; 32]) -> Result<Self, NoteError> {
        if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter == '+')
        {
            return Err(NoteError::Key(
                "its name is empty, or has a space or a plus",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            id: key_id(name, public_key),
            key: VerifyingKey::from_bytes(public_key)
                .map_err(|_| NoteError::Key("its bytes are no Ed25519 key"))?,
        })
    }

    /// Its id in lowercase hexadecimal.
    pub fn id(&self) -> String {
        hex(&self.id)
    }
}

/// A verifier key in the form of C2SP signed-note: name, id and key with plus signs between.
impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(
            f,
            "{}+{}+{}",
            self.name,
            hex(&self.id),
            STANDARD.encode(key)
        )
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Verifier {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let form = NoteError::Key("it is not name+id+key");
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(form);
        };
        let key = STANDARD.decode(key).map_err(|_| form.clone())?;
        let Some((&ED25519, key)) = key.split_first() else {
            return Err(NoteError::Key("it is not of type Ed25519"));
        };
        let verifier = Self::new(name, key.try_into().map_err(|_| form)?)?;
        if verifier.id() == id {
            Ok(verifier)
        } else {
            Err(NoteError::Key("its id is not that of its name and bytes"))
        }
    }
}

/// The text of a note that a trusted key has signed. Signatures of other keys are passed over; one that names a trusted key has to be good.
///
/// # Errors
/// [`NoteError`], for the note as a whole.
pub fn open<'a>(note: &'a str, trusted: &[Verifier]) -> Result<&'a str, NoteError> {
    if note.len() > MAX_BYTES {
        return Err(NoteError::Form("it is too long"));
    }
    if note.contains(|letter: char| letter.is_ascii_control() && letter != '\n') {
        return Err(NoteError::Form("it has control characters"));
    }
    let split = note
        .rfind("\n\n")
        .ok_or(NoteError::Form("it has no empty line"))?;
    let (text, signatures) = (&note[..=split], &note[split + 2..]);
    let Some(signatures) = signatures.strip_suffix('\n') else {
        return Err(NoteError::Form("it does not end with a signature"));
    };
    let mut signed = false;
    for line in signatures.split('\n') {
        let (name, id, signature) = read_signature(line)?;
        let Some(key) = trusted.iter().find(|key| key.name == name && key.id == id) else {
            continue;
        };
        let good = Signature::from_slice(&signature)
            .is_ok_and(|signature| key.key.verify_strict(text.as_bytes(), &signature).is_ok());
        if !good {
            return Err(NoteError::Signature(key.to_string()));
        }
        signed = true;
    }
    if signed {
        Ok(text)
    } else {
        Err(NoteError::Unsigned)
    }
}

fn read_signature(line: &str) -> Result<(&str, [u8; 4], Vec<u8>), NoteError> {
    let form = || NoteError::Form("a line of its end is no signature");
    let (name, encoded) = line
        .strip_prefix(MARK)
        .and_then(|rest| rest.split_once(' '))
        .ok_or_else(form)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| form())?;
    let (id, signature) = bytes.split_first_chunk::<4>().ok_or_else(form)?;
    if name.is_empty() || signature.is_empty() {
        return Err(form());
    }
    Ok((name, *id, signature.to_vec()))
}

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.origin)?;
        writeln!(f, "{}", self.size)?;
        writeln!(f, "{}", STANDARD.encode(self.root))
    }
}

impl FromStr for Checkpoint {
    type Err = NoteError;

    /// Exactly what we write: nobody extends our checkpoints.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(NoteError::Checkpoint("it has not three lines"));
        };
        let root = STANDARD
            .decode(root)
            .ok()
            .and_then(|root| root.try_into().ok());
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: size
                .parse()
                .map_err(|_| NoteError::Checkpoint("its size is no number"))?,
            root: root.ok_or(NoteError::Checkpoint("its root is no hash"))?,
        };
        // Another spelling of the same would be another text under the signature.
        if checkpoint.to_string() == text {
            Ok(checkpoint)
        } else {
            Err(NoteError::Checkpoint(
                "it is not spelled as checkpoints are",
            ))
        }
    }
}

/// What a signed checkpoint says.
///
/// # Errors
/// As [`open`], and for a text that is no checkpoint.
pub fn open_checkpoint(note: &str, trusted: &[Verifier]) -> Result<Checkpoint, NoteError> {
    open(note, trusted)?.parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn key() -> Verifier {
        KEY.parse().unwrap()
    }

    /// The example of the C2SP text.
    #[test]
    fn the_published_note_opens_with_the_published_key() {
        assert_eq!(key().to_string(), KEY);
        assert_eq!(open(NOTE, &[key()]), Ok("This is an example message.\n"));
    }

    #[test]
    fn nothing_but_the_note_itself_opens() {
        let bent = NOTE.replace("example message", "example massage");
        assert_eq!(
            open(&bent, &[key()]),
            Err(NoteError::Signature(KEY.to_owned()))
        );
        assert_eq!(open(NOTE, &[]), Err(NoteError::Unsigned));
        let other = Verifier::new("example.com/bar", key().key.as_bytes()).unwrap();
        assert_eq!(open(NOTE, &[other]), Err(NoteError::Unsigned));
        for broken in [
            "",
            "no signature\n",
            &NOTE[..NOTE.len() - 1],
            &NOTE.replace('\u{2014}', "-"),
            &NOTE.replace("This", "Th\tis"),
            &"long ".repeat(10_000),
        ] {
            assert!(
                matches!(open(broken, &[key()]), Err(NoteError::Form(_))),
                "{broken:?}"
            );
        }
    }

    #[test]
    fn keys_are_read_strictly() {
        for broken in [
            "",
            "name",
            "name+530d903a",
            &KEY.replace("530d", "530e"),
            &KEY.replace("+A", "+B"),
        ] {
            assert!(
                matches!(broken.parse::<Verifier>(), Err(NoteError::Key(_))),
                "{broken}"
            );
        }
        assert!(Verifier::new("two words", &[0; 32]).is_err());
    }

    #[test]
    fn a_checkpoint_is_written_as_published_and_read_no_other_way() {
        let text =
            "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint: Checkpoint = text.parse().unwrap();
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.to_string(), text);
        for broken in [
            &text.replace("20852163", "020852163"),
            &text.replace("20852163", "+20852163"),
            &text.replace("CsUY", "CsU"),
            &format!("{text}extension\n"),
            text.trim_end(),
            "",
        ] {
            assert!(broken.parse::<Checkpoint>().is_err(), "{broken:?}");
        }
    }

    #[test]
    fn fuzz_notes() {
        use crate::fuzz::{changed, fuzz};
        let checkpoint =
            "example.com/sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let texts = (
            changed(NOTE.to_owned()),
            changed(checkpoint.to_owned()),
            changed(KEY.to_owned()),
        );
        // No text but the one that was signed opens, and a checkpoint has one spelling.
        fuzz("fuzz_notes", texts, |(note, checkpoint, name)| {
            if let Ok(text) = open(&note, &[key()]) {
                assert_eq!(text, "This is an example message.\n", "{note:?}");
            }
            if let Ok(read) = checkpoint.parse::<Checkpoint>() {
                assert_eq!(read.to_string(), checkpoint);
            }
            if let Ok(read) = name.parse::<Verifier>() {
                assert_eq!(read.to_string(), name);
            }
        });
    }
}
