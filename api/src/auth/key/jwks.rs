//! Floor 1: public keys as JSON Web Keys (RFC 7517, RFC 8037), served at `/.well-known/jwks.json` (spec R2.05).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The document of every key whose tokens are good now. It is built from Ed25519 public keys and from nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwks {
    /// Youngest first.
    pub keys: Vec<Jwk>,
}

/// One public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwk {
    /// Always `OKP` (RFC 8037).
    pub kty: &'static str,
    /// Always `Ed25519`.
    pub crv: &'static str,
    /// Always `EdDSA`: the one algorithm that is accepted.
    pub alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// RFC 7638 thumbprint of this key.
    pub kid: String,
    /// The public key, base64url without padding.
    pub x: String,
}

impl Jwk {
    /// The key of these 32 bytes.
    #[must_use]
    pub fn new(public_key: &[u8; 32]) -> Self {
        Self {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: thumbprint(public_key),
            x: URL_SAFE_NO_PAD.encode(public_key),
        }
    }
}

/// RFC 7638: SHA-256 of the required members in lexical order without white space, base64url without padding.
pub(super) fn thumbprint(public_key: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public_key);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}
