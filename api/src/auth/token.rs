//! Floor 1: session tokens, signed and judged (spec R2.01, R2.03, R2.05): a JWT (RFC 7519) with one pinned algorithm,
//! EdDSA over Ed25519 (RFC 8037). Whether session and agent are live is not asked here: the token only says whom to ask about.
//!
//! The token library signs and checks signatures. What a token's header and claims may be is decided by this module,
//! since the library would accept more: headers of any shape, arrays of audiences, fractional times, its own clock.

mod claims;
mod envelope;
#[cfg(test)]
mod tests;

pub use claims::Claims;

use super::key::KeyRing;
use chrono::{DateTime, Utc};
use envelope::Envelope;
use jsonwebtoken::{Algorithm, Header};
use sha2::{Digest as _, Sha256};

/// The `typ` of a session token: a JWT made for anything else is none.
pub const TOKEN_TYPE: &str = "ziggie-session+jwt";

/// Longest token that is looked at, in bytes; ours have about 500.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// How far the clock of the replica that issued a token may be ahead of the one that reads it, in seconds. Expiry has no
/// such grace: a token is refused from its `exp` on.
pub const NOT_BEFORE_LEEWAY_SECONDS: i64 = 2;

/// The one algorithm. It is never taken from a token, only compared with what the token says.
const ALGORITHM: Algorithm = Algorithm::EdDSA;
const ALGORITHM_NAME: &str = "EdDSA";

/// Who issues and for whom: of this installation and of nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The `iss` of this installation.
    pub iss: String,
    /// The `aud` of this API.
    pub aud: String,
}

/// A token whose signature and claims are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it says.
    pub claims: Claims,
    /// The first moment at which the same token is refused: its `exp`, or sooner if its key ends sooner. A cache may
    /// answer by [`TokenFingerprint`] before then, and must be emptied when the ring is replaced.
    pub until: DateTime<Utc>,
}

/// SHA-256 of a token's text: what verified tokens are cached by, so that no token is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenFingerprint([u8; 32]);

impl TokenFingerprint {
    /// The fingerprint of this text; `None` for one too long to be a token, which is not worth hashing.
    #[must_use]
    pub fn of(token: &str) -> Option<Self> {
        (token.len() <= MAX_TOKEN_BYTES).then(|| Self(Sha256::digest(token).into()))
    }
}

/// Why a token is refused. For the audit log only: callers hear one uniform UNAUTHENTICATED, whatever the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// Not three parts of base64url, or a part that is no JSON object of distinct names.
    #[error("token is malformed")]
    Malformed,
    /// A header parameter that session tokens do not have, such as `jwk`, `jku`, `x5u`, `x5c` or `crit`.
    #[error("token header has a parameter that session tokens do not have")]
    HeaderParameter,
    /// An `alg` other than EdDSA, or none.
    #[error("token algorithm is not {ALGORITHM_NAME}")]
    Algorithm,
    /// A `typ` other than [`TOKEN_TYPE`], or none.
    #[error("token type is not {TOKEN_TYPE}")]
    Type,
    /// A `kid` that is not on the ring, or none.
    #[error("token is signed by an unknown key")]
    UnknownKey,
    /// A key that is on the ring but verifies no longer.
    #[error("token is signed by a key whose time is over")]
    RetiredKey,
    /// Not the signature of that key over this header and these claims.
    #[error("token signature is wrong")]
    Signature,
    /// A claim is missing.
    #[error("token lacks the claim {0}")]
    MissingClaim(&'static str),
    /// A claim of another JSON type, or a time that is no whole number of seconds in range.
    #[error("token claim {0} has the wrong type")]
    ClaimType(&'static str),
    /// Another issuer.
    #[error("token is of another issuer")]
    Issuer,
    /// Another audience.
    #[error("token is for another audience")]
    Audience,
    /// `exp` has come.
    #[error("token has expired")]
    Expired,
    /// `nbf` has not come.
    #[error("token is not valid yet")]
    NotYetValid,
}

impl TokenError {
    /// The reason as one closed word, for audit metadata and metrics.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "TOO_LONG",
            Self::Malformed => "MALFORMED",
            Self::HeaderParameter => "HEADER_PARAMETER",
            Self::Algorithm => "ALGORITHM",
            Self::Type => "TYPE",
            Self::UnknownKey => "UNKNOWN_KEY",
            Self::RetiredKey => "RETIRED_KEY",
            Self::Signature => "SIGNATURE",
            Self::MissingClaim(_) => "MISSING_CLAIM",
            Self::ClaimType(_) => "CLAIM_TYPE",
            Self::Issuer => "ISSUER",
            Self::Audience => "AUDIENCE",
            Self::Expired => "EXPIRED",
            Self::NotYetValid => "NOT_YET_VALID",
        }
    }
}

/// Why no token can be made of these claims.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The library refused.
    #[error("session token could not be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
    /// It would be refused as too long.
    #[error("session token would be longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
}

/// Signs the claims with the ring's signer.
///
/// # Errors
/// [`IssueError`]; a token that is given can be verified.
pub fn issue(ring: &KeyRing, claims: &Claims) -> Result<String, IssueError> {
    let signer = ring.signer();
    let mut header = Header::new(ALGORITHM);
    header.typ = Some(TOKEN_TYPE.to_owned());
    header.kid = Some(signer.kid.clone());
    let token = jsonwebtoken::encode(&header, claims, &signer.key)?;
    if token.len() > MAX_TOKEN_BYTES {
        return Err(IssueError::TooLong);
    }
    Ok(token)
}

/// Judges a token at this moment: form, type, algorithm, key, signature, issuer, audience, times, in that order, so that
/// claims are read only when they are ours. Pure: what it finds holds until [`Verified::until`].
///
/// # Errors
/// [`TokenError`] for the first thing that is wrong.
pub fn verify(
    ring: &KeyRing,
    expected: &Expected,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Verified, TokenError> {
    let envelope = Envelope::open(token)?;
    let verifier = ring.verifier(&envelope.kid).ok_or(TokenError::UnknownKey)?;
    if !verifier.verifies_at(now) {
        return Err(TokenError::RetiredKey);
    }
    let genuine = jsonwebtoken::crypto::verify(
        envelope.signature,
        envelope.signed.as_bytes(),
        &verifier.key,
        ALGORITHM,
    );
    if !matches!(genuine, Ok(true)) {
        return Err(TokenError::Signature);
    }

    let claims = Claims::read(envelope.payload)?;
    if claims.iss != expected.iss {
        return Err(TokenError::Issuer);
    }
    if claims.aud != expected.aud {
        return Err(TokenError::Audience);
    }
    // Both are whole seconds, so that cutting the fraction of `now` changes neither comparison.
    let seconds = now.timestamp();
    if seconds >= claims.exp {
        return Err(TokenError::Expired);
    }
    if seconds.saturating_add(NOT_BEFORE_LEEWAY_SECONDS) < claims.nbf {
        return Err(TokenError::NotYetValid);
    }
    let expiry = DateTime::from_timestamp(claims.exp, 0).ok_or(TokenError::ClaimType("exp"))?;
    let until = verifier.verify_until.map_or(expiry, |end| end.min(expiry));
    Ok(Verified { claims, until })
}
