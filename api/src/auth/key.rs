//! Floor 1: the keys that sign sessions, how they are sealed, and which of them sign and verify (spec R2.05, R2.06).

mod jwks;
mod log;
mod master;
mod ring;
#[cfg(test)]
mod tests;

pub use jwks::{Jwk, Jwks};
pub use log::{LogKey, LogSigners, StoredLogKey};
pub use master::{MasterKey, MasterKeyError};
pub use ring::KeyRing;

use super::secret::{EntropyError, random};
use chrono::{DateTime, Utc};
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use jsonwebtoken::EncodingKey;
use std::fmt;

/// What the sealed bytes are for; bound into the seal, so that they open as nothing else.
const PURPOSE: &str = "ziggie/session-signing-key";

/// Why keys cannot be made, sealed or opened. A process that meets one at start must not serve (spec R2.06).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The cipher refused to seal.
    #[error("signing key {kid} could not be sealed")]
    Seal {
        /// The key's id.
        kid: String,
    },
    /// The seal is broken: another master key, or the row is not the one that was sealed.
    #[error(
        "signing key {kid} does not open: the master key is another one, or the stored key was altered"
    )]
    Open {
        /// The row's key id.
        kid: String,
    },
    /// Key id, public and private half do not belong together.
    #[error("signing key {kid} is not what its id and public key say")]
    Mismatch {
        /// The row's key id.
        kid: String,
    },
    /// The same key id twice.
    #[error("signing key {kid} is there twice")]
    Duplicate {
        /// The key id.
        kid: String,
    },
    /// Every key is retired, or there is none.
    #[error("no signing key is left that may sign")]
    NoSigner,
    /// The token library does not take the key.
    #[error("signing key {kid} is refused by the token library")]
    Encoding {
        /// The key's id.
        kid: String,
    },
}

/// One signing key as it is stored; the private half is sealed (spec R2.06).
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// RFC 7638 thumbprint of the public key.
    pub kid: String,
    /// 32 bytes.
    pub public_key: Vec<u8>,
    /// What [`SigningKey::seal`] gave.
    pub sealed_private_key: Vec<u8>,
    /// When it was made; the youngest that is not retired signs.
    pub created_at: DateTime<Utc>,
    /// When it ceased to sign.
    pub retired_at: Option<DateTime<Utc>>,
    /// From when on its tokens are refused; never, when there is none.
    pub verify_until: Option<DateTime<Utc>>,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("kid", &self.kid)
            .field("created_at", &self.created_at)
            .field("retired_at", &self.retired_at)
            .field("verify_until", &self.verify_until)
            .finish_non_exhaustive()
    }
}

/// An Ed25519 key that can sign. Its private half is wiped when dropped and never printed.
pub struct SigningKey {
    kid: String,
    ed25519: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// [`EntropyError`] when there is none.
    pub fn generate() -> Result<Self, EntropyError> {
        random().map(|seed| Self::from_seed(&seed))
    }

    fn from_seed(seed: &[u8; 32]) -> Self {
        let ed25519 = ed25519_dalek::SigningKey::from_bytes(seed);
        Self {
            kid: jwks::thumbprint(ed25519.verifying_key().as_bytes()),
            ed25519,
        }
    }

    /// Its id: the RFC 7638 thumbprint of the public key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.ed25519.verifying_key().to_bytes()
    }

    /// The private half under the master key, bound to the key's id and purpose.
    ///
    /// # Errors
    /// [`KeyError::Entropy`] or [`KeyError::Seal`].
    pub fn seal(&self, master: &MasterKey) -> Result<Vec<u8>, KeyError> {
        master.seal(PURPOSE, &self.kid, self.ed25519.as_bytes())
    }

    /// Opens what [`seal`](Self::seal) gave for the key of this id.
    ///
    /// # Errors
    /// [`KeyError::Open`] for another master key, id or purpose and for altered bytes; [`KeyError::Mismatch`] when what
    /// was sealed is not the key of this id.
    pub fn open(master: &MasterKey, kid: &str, sealed: &[u8]) -> Result<Self, KeyError> {
        let opened = master.open(PURPOSE, kid, sealed)?;
        let mismatch = || KeyError::Mismatch {
            kid: kid.to_owned(),
        };
        let seed = opened.as_slice().try_into().map_err(|_| mismatch())?;
        let key = Self::from_seed(seed);
        if key.kid == kid {
            Ok(key)
        } else {
            Err(mismatch())
        }
    }

    /// The row to store for a key made now: it signs from then on until it is retired.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub fn store(
        &self,
        master: &MasterKey,
        created_at: DateTime<Utc>,
    ) -> Result<StoredKey, KeyError> {
        Ok(StoredKey {
            kid: self.kid.clone(),
            public_key: self.public_key().to_vec(),
            sealed_private_key: self.seal(master)?,
            created_at,
            retired_at: None,
            verify_until: None,
        })
    }

    /// The key in the token library's form.
    fn encoding_key(&self) -> Result<EncodingKey, KeyError> {
        let der = self
            .ed25519
            .to_pkcs8_der()
            .map_err(|_| KeyError::Encoding {
                kid: self.kid.clone(),
            })?;
        Ok(EncodingKey::from_ed_der(der.as_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
