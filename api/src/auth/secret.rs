//! Floor 1: the secret by which an agent proves itself (spec R2.01), and the randomness behind every secret here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// What every agent secret begins with, so that scanners of repositories and logs can recognise one.
pub const SECRET_PREFIX: &str = "zgs_";

/// Bytes of randomness in a secret: 256 bits.
const SECRET_BYTES: usize = 32;

/// Characters of 32 bytes in base64url without padding.
const ENCODED_CHARS: usize = 43;

/// What a secret is compared with where nothing is stored.
const NOBODYS_HASH: [u8; 32] = [0; 32];

/// The operating system gave no randomness: nothing secret may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct EntropyError;

/// The text is no agent secret; it is not repeated here, since it may be almost one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an agent secret: expected zgs_ and 43 characters of base64url")]
pub struct SecretError;

/// An agent's secret: 256 random bits, shown once, never stored and never printed by `Debug` (spec R2.01).
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; SECRET_BYTES]>);

impl Secret {
    /// A new secret from the operating system's randomness.
    ///
    /// # Errors
    /// [`EntropyError`] when there is none.
    pub fn generate() -> Result<Self, EntropyError> {
        random().map(Self)
    }

    /// Reads the textual form; one secret has exactly one spelling.
    ///
    /// # Errors
    /// [`SecretError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(SECRET_PREFIX).ok_or(SecretError)?;
        // The length is judged first, so that a huge text costs nothing.
        if encoded.len() != ENCODED_CHARS {
            return Err(SecretError);
        }
        decode(encoded).map(Self).ok_or(SecretError)
    }

    /// The textual form, `zgs_` and base64url without padding: for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> String {
        let mut text = String::with_capacity(SECRET_PREFIX.len() + ENCODED_CHARS);
        text.push_str(SECRET_PREFIX);
        URL_SAFE_NO_PAD.encode_string(self.0.as_slice(), &mut text);
        text
    }

    /// Whether a text is the secret that is stored as this hash. One hash is taken and compared also where nothing is stored, which is so for
    /// agents that there are not, and where the text is no secret: how long a refusal takes says nothing of its reason.
    #[must_use]
    pub fn proves(presented: &str, stored: Option<&[u8]>) -> bool {
        let parsed = Self::parse(presented);
        let is_secret = parsed.is_ok();
        let secret = parsed.unwrap_or_else(|_| Self(Zeroizing::new([0; SECRET_BYTES])));
        let matches = secret.matches(stored.unwrap_or(&NOBODYS_HASH));
        matches && is_secret && stored.is_some()
    }

    /// SHA-256 of the 32 random bytes: all that is ever stored. So much entropy needs no slow hash (spec R2.01).
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        #[cfg(test)]
        tests::HASHES.set(tests::HASHES.get() + 1);
        Sha256::digest(self.0.as_slice()).into()
    }

    /// Whether `stored` is this secret's [`sha256`](Self::sha256), compared in constant time.
    #[must_use]
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.sha256().as_slice().ct_eq(stored).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// `N` bytes of the operating system's randomness, wiped when dropped.
pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, EntropyError> {
    let mut bytes = Zeroizing::new([0; N]);
    OsRng
        .try_fill_bytes(bytes.as_mut_slice())
        .map_err(|_| EntropyError)?;
    Ok(bytes)
}

/// 32 bytes out of base64url; `None` for another length, alphabet, padding, or loose trailing bits.
fn decode(encoded: &str) -> Option<Zeroizing<[u8; SECRET_BYTES]>> {
    let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).ok()?);
    decoded.as_slice().try_into().ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    thread_local! {
        /// How many hashes this thread has taken.
        pub(super) static HASHES: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }

    #[test]
    fn one_hash_is_taken_whatever_is_presented_and_whatever_is_stored() {
        let secret = Secret::generate().unwrap();
        let (right, hash) = (secret.expose(), secret.sha256());
        let wrong = Secret::generate().unwrap().expose();
        let zeros = format!("zgs_{}", "A".repeat(43));
        for (presented, stored, proved) in [
            (right.as_str(), Some(hash.as_slice()), true),
            (&wrong, Some(&hash), false),
            (&right, None, false),
            (&zeros, None, false),
            (&zeros, Some(&NOBODYS_HASH), false),
            ("", Some(&hash), false),
            ("", None, false),
            // No text but that of the secret of zeros proves it.
            ("", Some(&Secret::parse(&zeros).unwrap().sha256()), false),
        ] {
            let before = HASHES.get();
            assert_eq!(Secret::proves(presented, stored), proved, "{presented}");
            assert_eq!(HASHES.get(), before + 1, "{presented}");
        }
    }

    #[test]
    fn a_secret_reads_back_as_itself() {
        let secret = Secret::generate().unwrap();
        let text = secret.expose();
        assert_eq!(text.len(), SECRET_PREFIX.len() + ENCODED_CHARS);
        assert_eq!(Secret::parse(&text).unwrap().sha256(), secret.sha256());
    }

    #[test]
    fn two_secrets_are_never_the_same() {
        assert_ne!(
            Secret::generate().unwrap().sha256(),
            Secret::generate().unwrap().sha256()
        );
    }

    #[test]
    fn the_hash_is_that_of_the_32_bytes() {
        let zeros = Secret::parse(&format!("zgs_{}", "A".repeat(43))).unwrap();
        let expected: [u8; 32] = Sha256::digest([0_u8; 32]).into();
        assert_eq!(zeros.sha256(), expected);
    }

    #[test]
    fn a_secret_matches_its_own_hash_only() {
        let secret = Secret::generate().unwrap();
        let hash = secret.sha256();
        assert!(secret.matches(&hash));
        assert!(!Secret::generate().unwrap().matches(&hash));
        assert!(!secret.matches(&hash[..31]));
        assert!(!secret.matches(&[]));
    }

    #[test]
    fn anything_but_the_one_spelling_is_refused() {
        let body = "A".repeat(43);
        let refused = [
            String::new(),
            "zgs_".to_owned(),
            body.clone(),
            format!("ZGS_{body}"),
            format!("zgs-{body}"),
            format!(" zgs_{body}"),
            format!("zgs_{body}\n"),
            format!("zgs_{body}="),
            format!("zgs_{}", "A".repeat(42)),
            format!("zgs_{}", "A".repeat(44)),
            format!("zgs_{}+", "A".repeat(42)),
            format!("zgs_{}/", "A".repeat(42)),
            // The last character carries two bits that must be zero: B spells A's secret a second way.
            format!("zgs_{}B", "A".repeat(42)),
            format!("zgs_{}é", "A".repeat(41)),
            format!("zgs_{}", "A".repeat(100_000)),
        ];
        for text in refused {
            assert!(Secret::parse(&text).is_err(), "{text:.60}");
        }
    }

    #[test]
    fn neither_debug_nor_errors_tell_the_secret() {
        let secret = Secret::generate().unwrap();
        let text = secret.expose();
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
        let error = Secret::parse(&text[..46]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(&text[4..20]));
    }

    #[test]
    fn fuzz_secrets() {
        use crate::fuzz::{changed, fuzz};
        let genuine = Secret::generate().unwrap().expose();
        fuzz("fuzz_secrets", changed(genuine), |text| {
            if let Ok(secret) = Secret::parse(&text) {
                assert_eq!(secret.expose(), text);
            }
        });
    }
}
