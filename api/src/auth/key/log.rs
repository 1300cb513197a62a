//! Floor 1: keys that sign checkpoints of the log, and those of them that sign at a moment (spec R5.05).

use std::fmt;

use chrono::{DateTime, Utc};
use ed25519_dalek::Signer as _;
use entities::json::hex;

use super::super::note::{self, Checkpoint, Manifest, Verifier};
use super::super::secret::random;
use super::{KeyError, MasterKey};

/// What the sealed bytes are for; bound into the seal, so that they open as nothing else.
const PURPOSE: &str = "ziggie/log-signing-key";

/// A key of the log. Its private half is wiped when dropped and never printed.
pub struct LogKey {
    ed25519: ed25519_dalek::SigningKey,
    verifier: Verifier,
    name: String,
    id: [u8; 4],
}

/// A key of the log as it is stored; the private half is sealed (spec R2.06).
#[derive(Clone, PartialEq, Eq)]
pub struct StoredLogKey {
    /// Four bytes in lowercase hexadecimal.
    pub key_id: String,
    /// 32 bytes.
    pub public_key: Vec<u8>,
    /// The sealed private half.
    pub sealed_private_key: Vec<u8>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it signs; for good, when there is no end.
    pub signs_until: Option<DateTime<Utc>>,
}

impl fmt::Debug for StoredLogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredLogKey")
            .field("key_id", &self.key_id)
            .field("created_at", &self.created_at)
            .field("signs_until", &self.signs_until)
            .finish_non_exhaustive()
    }
}

impl LogKey {
    /// A new key for the log of this origin, with what is stored of it.
    ///
    /// # Errors
    /// [`KeyError`] without randomness, or when it cannot be sealed.
    pub fn generate(
        origin: &str,
        master: &MasterKey,
        now: DateTime<Utc>,
    ) -> Result<StoredLogKey, KeyError> {
        let seed = random::<32>()?;
        let key = Self::from_seed(origin, &seed)?;
        Ok(StoredLogKey {
            sealed_private_key: master.seal(PURPOSE, &key.key_id(), seed.as_slice())?,
            public_key: key.ed25519.verifying_key().to_bytes().to_vec(),
            key_id: key.key_id(),
            created_at: now,
            signs_until: None,
        })
    }

    fn from_seed(origin: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let ed25519 = ed25519_dalek::SigningKey::from_bytes(seed);
        let public_key = ed25519.verifying_key().to_bytes();
        let id = note::key_id(origin, &public_key);
        let mismatch = |_| KeyError::Mismatch { kid: hex(&id) };
        Ok(Self {
            verifier: Verifier::new(origin, &public_key).map_err(mismatch)?,
            name: origin.to_owned(),
            ed25519,
            id,
        })
    }

    /// Opens a stored key of the log of this origin.
    ///
    /// # Errors
    /// [`KeyError::Open`] under another master key, [`KeyError::Mismatch`] where row and key do not belong together.
    pub fn open(origin: &str, master: &MasterKey, stored: &StoredLogKey) -> Result<Self, KeyError> {
        let mismatch = || KeyError::Mismatch {
            kid: stored.key_id.clone(),
        };
        let seed = master.open(PURPOSE, &stored.key_id, &stored.sealed_private_key)?;
        let key = Self::from_seed(origin, seed.as_slice().try_into().map_err(|_| mismatch())?)?;
        let fits = key.key_id() == stored.key_id
            && key.ed25519.verifying_key().as_bytes().as_slice() == stored.public_key;
        if fits { Ok(key) } else { Err(mismatch()) }
    }

    /// Its id in lowercase hexadecimal.
    pub fn key_id(&self) -> String {
        hex(&self.id)
    }

    /// Its public half.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    fn sign(&self, text: &str) -> String {
        note::signature_line(&self.name, self.id, &self.ed25519.sign(text.as_bytes()))
    }
}

/// The keys that sign at a moment, the youngest first.
pub struct LogSigners(Vec<LogKey>);

impl LogSigners {
    /// Opens what is stored and still signs.
    ///
    /// # Errors
    /// As [`LogKey::open`]; [`KeyError::NoSigner`] where none signs.
    pub fn open(
        origin: &str,
        master: &MasterKey,
        stored: &[StoredLogKey],
        now: DateTime<Utc>,
    ) -> Result<Self, KeyError> {
        let signs = |key: &&StoredLogKey| key.signs_until.is_none_or(|until| now < until);
        let mut youngest_first: Vec<_> = stored.iter().filter(signs).collect();
        youngest_first.sort_by(|a, b| (b.created_at, &b.key_id).cmp(&(a.created_at, &a.key_id)));
        let keys = youngest_first
            .into_iter()
            .map(|key| LogKey::open(origin, master, key));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(KeyError::NoSigner);
        }
        Ok(Self(keys))
    }

    /// The checkpoint as a note that each of the keys has signed.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        self.sign_text(&checkpoint.to_string())
    }

    /// The manifest of an archive as a note that each of the keys has signed. It is one line, and so never a checkpoint.
    pub fn sign_manifest(&self, manifest: &Manifest) -> String {
        self.sign_text(&manifest.to_string())
    }

    fn sign_text(&self, text: &str) -> String {
        let signatures: String = self.0.iter().map(|key| key.sign(text)).collect();
        format!("{text}\n{signatures}")
    }
}

impl fmt::Debug for LogSigners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(LogKey::verifier))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            origin: "ziggie/test".to_owned(),
            size: 7,
            root: [3; 32],
        }
    }

    #[test]
    fn while_keys_overlap_either_of_them_opens_a_checkpoint() {
        let master = MasterKey::generate().unwrap();
        let mut old = LogKey::generate("ziggie/test", &master, now()).unwrap();
        let new = LogKey::generate("ziggie/test", &master, now() + TimeDelta::days(1)).unwrap();
        old.signs_until = Some(now() + TimeDelta::days(31));
        let keys = [old, new];
        let signed = |at| {
            let signers = LogSigners::open("ziggie/test", &master, &keys, at).unwrap();
            signers.sign(&checkpoint())
        };
        let verifier = |key: &StoredLogKey| {
            let public_key = key.public_key.as_slice().try_into().unwrap();
            Verifier::new("ziggie/test", public_key).unwrap()
        };
        let [old, new] = keys.each_ref().map(verifier);
        let during = signed(now() + TimeDelta::days(2));
        for key in [&old, &new] {
            assert_eq!(
                note::open_checkpoint(&during, std::slice::from_ref(key)),
                Ok(checkpoint())
            );
        }
        let after = signed(now() + TimeDelta::days(40));
        assert!(note::open_checkpoint(&after, &[new]).is_ok());
        assert_eq!(
            note::open_checkpoint(&after, &[old]),
            Err(note::NoteError::Unsigned)
        );
    }

    #[test]
    fn a_key_opens_under_its_own_master_key_and_name_alone() {
        let master = MasterKey::generate().unwrap();
        let stored = LogKey::generate("ziggie/test", &master, now()).unwrap();
        assert!(LogKey::open("ziggie/test", &master, &stored).is_ok());
        let other = MasterKey::generate().unwrap();
        assert!(matches!(
            LogKey::open("ziggie/test", &other, &stored),
            Err(KeyError::Open { .. })
        ));
        assert!(matches!(
            LogKey::open("ziggie/other", &master, &stored),
            Err(KeyError::Mismatch { .. })
        ));
    }
}
