//! Floor 1: the master key, under which every private key in the database is sealed (spec R2.06).

use super::KeyError;
use crate::auth::secret::{EntropyError, random};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a master key.
const MASTER_KEY_BYTES: usize = 32;

/// First byte of everything sealed: the form below. Another cipher or layout takes the next number.
const FORM: u8 = 1;

/// Bytes of an XChaCha20-Poly1305 nonce: so many that random ones never meet.
const NONCE_BYTES: usize = 24;

/// The text is no master key; it is not repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a master key: expected 32 bytes as 64 hexadecimal digits or in base64")]
pub struct MasterKeyError;

/// 32 bytes that seal the private keys; wiped when dropped, never printed by `Debug`.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; MASTER_KEY_BYTES]>);

impl MasterKey {
    /// A new master key from the operating system's randomness.
    ///
    /// # Errors
    /// [`EntropyError`] when there is none.
    pub fn generate() -> Result<Self, EntropyError> {
        random().map(Self)
    }

    /// Reads a master key as files and variables carry it: 64 hexadecimal digits, or base64 of either alphabet, padded
    /// or not; white space around it does not count.
    ///
    /// # Errors
    /// [`MasterKeyError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let decoded = match text.len() {
            64 => decode_hex(text),
            43 => STANDARD_NO_PAD
                .decode(text)
                .or_else(|_| URL_SAFE_NO_PAD.decode(text))
                .ok(),
            44 => STANDARD
                .decode(text)
                .or_else(|_| URL_SAFE.decode(text))
                .ok(),
            _ => None,
        };
        let decoded = Zeroizing::new(decoded.ok_or(MasterKeyError)?);
        let bytes = decoded.as_slice().try_into().map_err(|_| MasterKeyError)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The text to keep in the master key's file: base64, read back by [`parse`](Self::parse).
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// Form, nonce and ciphertext of `plain`, bound to what it is for and whose it is.
    pub(super) fn seal(&self, purpose: &str, kid: &str, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let nonce = random::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: plain,
            aad: &associated_data(purpose, kid),
        };
        let ciphertext = self
            .cipher()
            .encrypt(XNonce::from_slice(nonce.as_slice()), payload)
            .map_err(|_| KeyError::Seal {
                kid: kid.to_owned(),
            })?;
        Ok([&[FORM], nonce.as_slice(), &ciphertext].concat())
    }

    /// What [`seal`](Self::seal) was given, if master key, purpose, kid and bytes are all the same.
    pub(super) fn open(
        &self,
        purpose: &str,
        kid: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let opened = || {
            let (form, rest) = sealed.split_first()?;
            let (nonce, ciphertext) = rest.split_at_checked(NONCE_BYTES)?;
            if *form != FORM {
                return None;
            }
            let payload = Payload {
                msg: ciphertext,
                aad: &associated_data(purpose, kid),
            };
            self.cipher()
                .decrypt(XNonce::from_slice(nonce), payload)
                .ok()
        };
        opened().map(Zeroizing::new).ok_or_else(|| KeyError::Open {
            kid: kid.to_owned(),
        })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.as_slice().into())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}

/// Purposes hold no zero byte, so that no two pairs of purpose and kid give the same bytes.
fn associated_data(purpose: &str, kid: &str) -> Vec<u8> {
    [&[FORM], purpose.as_bytes(), &[0], kid.as_bytes()].concat()
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}
