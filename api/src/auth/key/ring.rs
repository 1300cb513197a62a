//! Floor 1: the ring of signing keys: several verify, one signs (spec R2.05).

use super::{Jwk, Jwks, KeyError, MasterKey, SigningKey, StoredKey};
use chrono::{DateTime, Utc};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{DecodingKey, EncodingKey};
use std::fmt;

/// The keys of an installation, opened. A rotation replaces the whole ring.
pub struct KeyRing {
    signer: Signer,
    /// Youngest first, the signer among them; a handful at most.
    verifiers: Vec<Verifier>,
}

/// The one key that signs.
pub(in crate::auth) struct Signer {
    pub(in crate::auth) kid: String,
    pub(in crate::auth) key: EncodingKey,
}

/// A key whose tokens are accepted.
pub(in crate::auth) struct Verifier {
    kid: String,
    public_key: [u8; 32],
    pub(in crate::auth) key: DecodingKey,
    /// The first moment at which its tokens are refused.
    pub(in crate::auth) verify_until: Option<DateTime<Utc>>,
}

impl KeyRing {
    /// Opens every stored key, retired ones too: only the master key can make a sealed half that fits a public key, so
    /// a public key that somebody slipped into the table verifies nothing. The youngest that is not retired signs.
    ///
    /// # Errors
    /// [`KeyError`] when a key does not open, is not what its row says, is there twice, or none may sign.
    pub fn open(master: &MasterKey, stored: &[StoredKey]) -> Result<Self, KeyError> {
        // Fails when a provider stands already, and then it is this one: the library is built with no other.
        let _already_installed = DEFAULT_PROVIDER.install_default();

        let mut youngest_first: Vec<&StoredKey> = stored.iter().collect();
        // The kid breaks ties, so that every replica chooses the same signer.
        youngest_first.sort_by(|a, b| (b.created_at, &b.kid).cmp(&(a.created_at, &a.kid)));

        let mut signer = None;
        let mut verifiers: Vec<Verifier> = Vec::with_capacity(stored.len());
        for row in youngest_first {
            let key = SigningKey::open(master, &row.kid, &row.sealed_private_key)?;
            if key.public_key().as_slice() != row.public_key {
                return Err(KeyError::Mismatch {
                    kid: row.kid.clone(),
                });
            }
            if verifiers.iter().any(|known| known.kid == row.kid) {
                return Err(KeyError::Duplicate {
                    kid: row.kid.clone(),
                });
            }
            if signer.is_none() && row.retired_at.is_none() {
                signer = Some(Signer {
                    kid: row.kid.clone(),
                    key: key.encoding_key()?,
                });
            }
            verifiers.push(Verifier {
                kid: row.kid.clone(),
                public_key: key.public_key(),
                // Despite its name the library wants the 32 raw bytes here.
                key: DecodingKey::from_ed_der(&key.public_key()),
                verify_until: row.verify_until,
            });
        }
        let signer = signer.ok_or(KeyError::NoSigner)?;
        Ok(Self { signer, verifiers })
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn signing_kid(&self) -> &str {
        &self.signer.kid
    }

    /// The public keys whose tokens are good at this moment (spec R2.05).
    #[must_use]
    pub fn jwks(&self, now: DateTime<Utc>) -> Jwks {
        let verifying = self.verifiers.iter().filter(|key| key.verifies_at(now));
        Jwks {
            keys: verifying.map(|key| Jwk::new(&key.public_key)).collect(),
        }
    }

    pub(in crate::auth) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The key of exactly this id, whether or not its time is over.
    pub(in crate::auth) fn verifier(&self, kid: &str) -> Option<&Verifier> {
        self.verifiers.iter().find(|key| key.kid == kid)
    }
}

impl Verifier {
    pub(in crate::auth) fn verifies_at(&self, now: DateTime<Utc>) -> bool {
        self.verify_until.is_none_or(|until| now < until)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("signer", &self.signer.kid)
            .field(
                "verifiers",
                &self
                    .verifiers
                    .iter()
                    .map(|key| &key.kid)
                    .collect::<Vec<_>>(),
            )
            .finish()
    }
}
