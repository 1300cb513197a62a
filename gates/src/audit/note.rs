//! Verifier keys, signed notes and checkpoints (C2SP signed-note and tlog-checkpoint), as strictly as an auditor reads them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::tree::Hash;

/// Why a text is no key, or not a note that counts.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NoteError {
    /// It is not in the form of an Ed25519 verifier key.
    #[error("it is no Ed25519 verifier key")]
    Key,
    /// It is not in the form of a signed note.
    #[error("it is not in the form of a signed note")]
    Form,
    /// None of the keys has signed it.
    #[error("no key that is trusted has signed it")]
    Unsigned,
    /// A signature in the name of a trusted key does not fit.
    #[error("the signature of {0} is not good")]
    Signature(String),
    /// The note says something else than how large a log is.
    #[error("it is no checkpoint of the log of its key")]
    Checkpoint,
}

/// A public key that is trusted to sign the log.
#[derive(Clone, Debug)]
pub struct Key {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl Key {
    /// Reads the keys of a text, one a line, each `NAME+ID+BASE64`.
    ///
    /// # Errors
    /// [`NoteError::Key`] where a line is no such key, or there is none.
    pub fn read(text: &str) -> Result<Vec<Self>, NoteError> {
        let keys: Option<Vec<Self>> = text.split_whitespace().map(Self::of).collect();
        keys.filter(|keys| !keys.is_empty()).ok_or(NoteError::Key)
    }

    fn of(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, encoded) = rest.split_once('+')?;
        let data = STANDARD.decode(encoded).ok()?;
        let digest = Sha256::new()
            .chain_update(name)
            .chain_update("\n")
            .chain_update(&data)
            .finalize();
        // The first byte names the algorithm: 1 is Ed25519.
        let (own_id, key) = (*digest.first_chunk()?, data.strip_prefix(&[1])?);
        (super::hex(&own_id) == id).then_some(Self {
            name: name.to_owned(),
            id: own_id,
            key: VerifyingKey::from_bytes(key.try_into().ok()?).ok()?,
        })
    }
}

/// How many entries a log has, and the root of the tree over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checkpoint {
    pub(super) size: u64,
    pub(super) root: Hash,
}

impl Checkpoint {
    /// What a signed checkpoint says, when one of `keys` has signed it and every signature in the name of one is good.
    pub(super) fn open(note: &str, keys: &[Key]) -> Result<Self, NoteError> {
        let (text, signer) = open(note, keys)?;
        Self::read(text, &signer.name).ok_or(NoteError::Checkpoint)
    }

    fn read(text: &str, origin: &str) -> Option<Self> {
        let lines: Vec<&str> = text.strip_suffix('\n')?.split('\n').collect();
        let [name, size, root] = lines[..] else {
            return None;
        };
        let number: u64 = size.parse().ok()?;
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        let is_plain = number.to_string() == size;
        (name == origin && is_plain).then_some(Self { size: number, root })
    }
}

/// The text of a note and a key that signed it.
fn open<'a, 'k>(note: &'a str, keys: &'k [Key]) -> Result<(&'a str, &'k Key), NoteError> {
    let gap = note.rfind("\n\n").ok_or(NoteError::Form)?;
    let (text, lines) = (&note[..=gap], &note[gap + 2..]);
    let is_control = |letter: char| letter < ' ' && letter != '\n';
    if note.contains(is_control) || lines.is_empty() || !lines.ends_with('\n') {
        return Err(NoteError::Form);
    }
    let mut signer = None;
    for line in lines.lines() {
        let (name, bytes) = signature(line).ok_or(NoteError::Form)?;
        let named = |key: &&Key| key.name == name && bytes.starts_with(&key.id);
        let Some(key) = keys.iter().find(named) else {
            continue;
        };
        let signature = Signature::from_slice(&bytes[key.id.len()..]);
        let good =
            signature.and_then(|signature| key.key.verify_strict(text.as_bytes(), &signature));
        good.map_err(|_| NoteError::Signature(name.to_owned()))?;
        signer = Some(key);
    }
    signer.map(|key| (text, key)).ok_or(NoteError::Unsigned)
}

/// The name and the bytes of a signature line.
fn signature(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    Some((name, STANDARD.decode(encoded).ok()?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    const ORIGIN: &str = "example.org/log";

    /// A key pair as a server has it: what it shows, and what signs a text.
    pub(in crate::audit) fn pair(seed: u8) -> (String, impl Fn(&str) -> String) {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let data = [&[1], secret.verifying_key().as_bytes().as_slice()].concat();
        let digest = Sha256::digest([ORIGIN.as_bytes(), b"\n", &data].concat());
        let id = digest[..4].to_vec();
        let shown = format!(
            "{ORIGIN}+{}+{}",
            super::super::hex(&id),
            STANDARD.encode(data)
        );
        (shown, move |text: &str| {
            let signature = secret.sign(text.as_bytes()).to_bytes();
            let encoded = STANDARD.encode([id.as_slice(), &signature].concat());
            format!("{text}\n\u{2014} {ORIGIN} {encoded}\n")
        })
    }

    pub(in crate::audit) fn text_of(size: u64, root: &Hash) -> String {
        format!("{ORIGIN}\n{size}\n{}\n", STANDARD.encode(root))
    }

    #[test]
    fn a_signed_checkpoint_opens_and_nothing_else_does() {
        let ((shown, sign), (_, other)) = (pair(1), pair(2));
        let keys = Key::read(&format!("{shown}\n")).unwrap();
        let good = sign(&text_of(17, &[9; 32]));
        let opened = Checkpoint::open(&good, &keys);
        assert_eq!(
            opened,
            Ok(Checkpoint {
                size: 17,
                root: [9; 32]
            })
        );

        let forged = NoteError::Signature(ORIGIN.to_owned());
        let cases = [
            (good.replace("\n17\n", "\n18\n"), forged),
            (other(&text_of(17, &[9; 32])), NoteError::Unsigned),
            (
                sign(&text_of(17, &[9; 32]).replace("17", "017")),
                NoteError::Checkpoint,
            ),
            (
                sign(&text_of(17, &[9; 32]).replace("/log", "/lag")),
                NoteError::Checkpoint,
            ),
            (text_of(17, &[9; 32]), NoteError::Form),
            (good.trim_end().to_owned(), NoteError::Form),
            (good.replace("17", "1\t7"), NoteError::Form),
            (String::new(), NoteError::Form),
        ];
        for (note, fault) in cases {
            assert_eq!(Checkpoint::open(&note, &keys), Err(fault), "{note}");
        }
    }

    #[test]
    fn keys_are_read_strictly() {
        let (shown, _) = pair(1);
        let other_id = shown.replacen('+', "+0", 1);
        for text in ["", "a+b+c", &other_id, &shown[..shown.len() - 4]] {
            assert_eq!(Key::read(text).err(), Some(NoteError::Key), "{text}");
        }
        let both = format!("{shown}\n{}\n", pair(2).0);
        assert_eq!(Key::read(&both).unwrap().len(), 2);
    }

    #[test]
    fn a_signature_of_a_stranger_beside_a_good_one_is_passed_over() {
        let ((shown, sign), (_, stranger)) = (pair(1), pair(2));
        let text = text_of(1, &[3; 32]);
        let beside = stranger(&text).split_off(text.len() + 1);
        let note = format!("{}{beside}", sign(&text));
        assert!(Checkpoint::open(&note, &Key::read(&shown).unwrap()).is_ok());
    }
}
