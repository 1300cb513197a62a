//! Floor 1: the strict reading of a token's outside: JWS compact serialization (RFC 7515) with exactly the header that
//! we write. Nothing of a token is believed here, and nothing in its header can bring a key along.

use super::{ALGORITHM_NAME, MAX_TOKEN_BYTES, TOKEN_TYPE, TokenError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// The members of a JSON object.
pub(super) type Members = BTreeMap<String, Value>;

/// A token taken apart; neither signature nor claims are judged yet.
pub(super) struct Envelope<'a> {
    /// The key that it says it is signed by.
    pub(super) kid: String,
    /// Header and payload as they were signed.
    pub(super) signed: &'a str,
    /// The encoded claims.
    pub(super) payload: &'a str,
    /// The encoded signature.
    pub(super) signature: &'a str,
}

impl<'a> Envelope<'a> {
    /// Takes a token apart. Its length is judged before anything else.
    pub(super) fn open(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        if payload.contains('.') {
            return Err(TokenError::Malformed);
        }
        Ok(Self {
            kid: key_id(header)?,
            signed,
            payload,
            signature,
        })
    }
}

/// The `kid` of a header that has `alg`, `typ` and `kid`, each as we write it, and nothing else.
fn key_id(header: &str) -> Result<String, TokenError> {
    let mut header = members(header)?;
    if header.remove("alg") != Some(Value::from(ALGORITHM_NAME)) {
        return Err(TokenError::Algorithm);
    }
    if header.remove("typ") != Some(Value::from(TOKEN_TYPE)) {
        return Err(TokenError::Type);
    }
    let kid = header.remove("kid");
    if !header.is_empty() {
        return Err(TokenError::HeaderParameter);
    }
    match kid {
        Some(Value::String(kid)) => Ok(kid),
        _ => Err(TokenError::UnknownKey),
    }
}

/// The JSON object in one part of a token. A name that stands there twice is refused: two readers could each believe
/// another of the two.
pub(super) fn members(part: &str) -> Result<Members, TokenError> {
    let json = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&json)
        .map(|Distinct(members)| members)
        .map_err(|_| TokenError::Malformed)
}

/// A JSON object of distinct names.
struct Distinct(Members);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DistinctVisitor)
    }
}

struct DistinctVisitor;

impl<'de> Visitor<'de> for DistinctVisitor {
    type Value = Distinct;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of distinct names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Distinct, A::Error> {
        let mut members = Members::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("the same name twice"));
            }
        }
        Ok(Distinct(members))
    }
}
