//! Floor 1: what a session token says (spec R2.01).

use super::envelope::{Members, members};
use super::{Expected, TokenError};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

/// The claims of a session token. Each must be there and of its type; claims beyond these are ignored (RFC 7519 §4), so
/// that a newer replica can add one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// The installation that issued it.
    pub iss: String,
    /// The API that it is for.
    pub aud: String,
    /// The agent's id.
    pub sub: String,
    /// The session's id.
    pub sid: String,
    /// The agent's tier when it was issued; what the agent may do is what its row says now (spec R1.04).
    pub tier: String,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// From when on it is valid, in seconds since 1970.
    pub nbf: i64,
    /// From when on it is no longer valid, in seconds since 1970.
    pub exp: i64,
}

impl Claims {
    /// The claims for a session from its row. Times are cut to whole seconds: a token never outlives its session.
    #[must_use]
    pub fn for_session(
        expected: &Expected,
        agent_id: impl Into<String>,
        session_id: impl Into<String>,
        tier: impl Into<String>,
        created_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Self {
        Self {
            iss: expected.iss.clone(),
            aud: expected.aud.clone(),
            sub: agent_id.into(),
            sid: session_id.into(),
            tier: tier.into(),
            iat: created_at.timestamp(),
            nbf: created_at.timestamp(),
            exp: expires_at.timestamp(),
        }
    }

    /// Reads the payload of a token whose signature is good.
    pub(super) fn read(payload: &str) -> Result<Self, TokenError> {
        let mut claims = members(payload)?;
        Ok(Self {
            iss: text(&mut claims, "iss")?,
            aud: text(&mut claims, "aud")?,
            sub: text(&mut claims, "sub")?,
            sid: text(&mut claims, "sid")?,
            tier: text(&mut claims, "tier")?,
            iat: seconds(&mut claims, "iat")?,
            nbf: seconds(&mut claims, "nbf")?,
            exp: seconds(&mut claims, "exp")?,
        })
    }
}

fn take(claims: &mut Members, name: &'static str) -> Result<Value, TokenError> {
    claims.remove(name).ok_or(TokenError::MissingClaim(name))
}

fn text(claims: &mut Members, name: &'static str) -> Result<String, TokenError> {
    match take(claims, name)? {
        Value::String(text) => Ok(text),
        _ => Err(TokenError::ClaimType(name)),
    }
}

/// A whole number of seconds that is a date; RFC 7519 would allow fractions, but we issue none.
fn seconds(claims: &mut Members, name: &'static str) -> Result<i64, TokenError> {
    take(claims, name)?
        .as_i64()
        .filter(|seconds| DateTime::from_timestamp(*seconds, 0).is_some())
        .ok_or(TokenError::ClaimType(name))
}
