//! Tokens: what is taken and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod forgery;
mod form;
mod rotation;

use super::*;
use crate::auth::key::{MasterKey, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, TimeZone as _};
use proptest::prelude::*;
use serde_json::{Value, json};

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2031, 5, 6, 7, 8, 9).unwrap()
}

fn expected() -> Expected {
    Expected {
        iss: "ziggie:inst_here".to_owned(),
        aud: "ziggie-api".to_owned(),
    }
}

fn claims() -> Claims {
    Claims::for_session(
        &expected(),
        "L2-CHAR-001",
        "sess_01h455vb4pex5vsknk084sn02q",
        "L2",
        now(),
        now() + TimeDelta::hours(1),
    )
}

/// A ring of one new key.
fn ring() -> KeyRing {
    let master = MasterKey::generate().unwrap();
    let key = SigningKey::generate().unwrap();
    KeyRing::open(&master, &[key.store(&master, now()).unwrap()]).unwrap()
}

/// The header that a genuine token of this ring has.
fn header(ring: &KeyRing) -> Value {
    json!({"typ": TOKEN_TYPE, "alg": "EdDSA", "kid": ring.signing_kid()})
}

/// The payload that a genuine token has.
fn payload() -> Value {
    serde_json::to_value(claims()).unwrap()
}

/// Whatever header and payload, with the true signature of this ring's signer.
fn sign(ring: &KeyRing, header: &str, payload: &str) -> String {
    let signed = signing_input(header, payload);
    let signature =
        jsonwebtoken::crypto::sign(signed.as_bytes(), &ring.signer().key, ALGORITHM).unwrap();
    format!("{signed}.{signature}")
}

fn signing_input(header: &str, payload: &str) -> String {
    let encode = |json: &str| URL_SAFE_NO_PAD.encode(json);
    format!("{}.{}", encode(header), encode(payload))
}

fn judge(ring: &KeyRing, token: &str) -> Result<Verified, TokenError> {
    verify(ring, &expected(), token, now())
}

/// What becomes of a genuine token at this moment.
fn at(moment: DateTime<Utc>) -> Result<Verified, TokenError> {
    let ring = ring();
    let token = issue(&ring, &claims()).unwrap();
    verify(&ring, &expected(), &token, moment)
}

#[test]
fn an_issued_token_is_verified_with_the_claims_it_was_given() {
    let verified = at(now()).unwrap();
    assert_eq!(verified.claims, claims());
    assert_eq!(verified.until, now() + TimeDelta::hours(1));
}

#[test]
fn an_issued_token_has_the_header_and_the_claims_of_the_rule() {
    let ring = ring();
    let token = issue(&ring, &claims()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(read(parts[0]), header(&ring));
    assert_eq!(
        read(parts[1]),
        json!({
            "iss": "ziggie:inst_here", "aud": "ziggie-api", "sub": "L2-CHAR-001",
            "sid": "sess_01h455vb4pex5vsknk084sn02q", "tier": "L2",
            "iat": now().timestamp(), "nbf": now().timestamp(), "exp": now().timestamp() + 3600,
        })
    );
}

#[test]
fn a_token_is_good_until_its_expiry_and_not_at_it() {
    let expiry = now() + TimeDelta::hours(1);
    assert!(at(expiry - TimeDelta::nanoseconds(1)).is_ok());
    assert_eq!(at(expiry), Err(TokenError::Expired));
    assert_eq!(at(expiry + TimeDelta::days(9)), Err(TokenError::Expired));
}

#[test]
fn a_token_is_good_from_the_leeway_before_its_nbf() {
    let earliest = now() - TimeDelta::seconds(NOT_BEFORE_LEEWAY_SECONDS);
    assert!(at(earliest).is_ok());
    assert_eq!(
        at(earliest - TimeDelta::nanoseconds(1)),
        Err(TokenError::NotYetValid)
    );
}

#[test]
fn a_token_never_outlives_its_session_by_a_fraction() {
    let ends = now() + TimeDelta::milliseconds(90_700);
    let claims = Claims::for_session(&expected(), "L1-ART-001", "sess_x", "L1", now(), ends);
    let ring = ring();
    let token = issue(&ring, &claims).unwrap();
    let verified = judge(&ring, &token).unwrap();
    assert_eq!(verified.until, now() + TimeDelta::seconds(90));
}

#[test]
fn a_claim_added_by_a_newer_replica_is_ignored() {
    let ring = ring();
    let mut payload = payload();
    payload["added_later"] = json!({"any": ["thing"]});
    let token = sign(&ring, &header(&ring).to_string(), &payload.to_string());
    assert_eq!(judge(&ring, &token).unwrap().claims, claims());
}

#[test]
fn no_token_is_issued_that_would_be_refused_as_too_long() {
    let mut long = claims();
    long.tier = "x".repeat(MAX_TOKEN_BYTES);
    assert!(matches!(issue(&ring(), &long), Err(IssueError::TooLong)));
}

#[test]
fn the_fingerprint_is_the_sha_256_of_the_text_and_spares_giants() {
    let of_abc = TokenFingerprint::of("abc").unwrap();
    assert_eq!(of_abc, TokenFingerprint(Sha256::digest("abc").into()));
    assert_ne!(Some(of_abc), TokenFingerprint::of("abd"));
    assert!(TokenFingerprint::of(&"x".repeat(MAX_TOKEN_BYTES)).is_some());
    assert!(TokenFingerprint::of(&"x".repeat(MAX_TOKEN_BYTES + 1)).is_none());
}

proptest! {
    #[test]
    fn every_claim_survives_the_journey(
        sub in "\\PC{0,64}", sid in "\\PC{0,64}", tier in "\\PC{0,16}", life in 1_i64..100_000_000
    ) {
        let ring = ring();
        let expires_at = now() + TimeDelta::seconds(life);
        let claims = Claims::for_session(&expected(), sub, sid, tier, now(), expires_at);
        let token = issue(&ring, &claims).unwrap();
        let verified = Verified { claims, until: expires_at };
        prop_assert_eq!(judge(&ring, &token), Ok(verified));
    }

    #[test]
    fn one_flipped_bit_anywhere_is_refused(position: prop::sample::Index, bit in 0_u8..8) {
        let ring = ring();
        let mut bytes = issue(&ring, &claims()).unwrap().into_bytes();
        let index = position.index(bytes.len());
        bytes[index] ^= 1 << bit;
        let flipped = String::from_utf8_lossy(&bytes);
        prop_assert!(judge(&ring, &flipped).is_err(), "{}", flipped);
    }

    #[test]
    fn no_text_whatever_is_taken_for_a_token(text in "\\PC{0,300}") {
        prop_assert!(judge(&ring(), &text).is_err());
    }

    #[test]
    fn no_signed_json_whatever_brings_the_verifier_down(header in "\\PC{0,80}", payload in "\\PC{0,80}") {
        let ring = ring();
        prop_assert!(judge(&ring, &sign(&ring, &header, &payload)).is_err());
    }
}

#[test]
fn fuzz_tokens() {
    use crate::fuzz::{changed, fuzz, soup};
    const WORDS: &[&str] = &[
        ".", "eyJ", "e30", "AAAA", "==", "-", "_", "{}", "Bearer ", " ",
    ];
    let ring = ring();
    let genuine = issue(&ring, &claims()).unwrap();
    let others = {
        let parts: Vec<String> = genuine.split('.').map(str::to_owned).collect();
        let decoded =
            |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        // Header and claims changed beneath their encoding, under the old signature.
        (
            changed(decoded(&parts[0])),
            changed(decoded(&parts[1])),
            changed(parts[2].clone()),
        )
            .prop_map(|(header, claims, signature)| {
                let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
                format!("{header}.{claims}.{signature}")
            })
    };
    let text = prop_oneof![3 => changed(genuine.clone()), 3 => others, 1 => soup(WORDS, 12)];
    // Nothing but the token itself is good.
    fuzz("fuzz_tokens", text, |text| {
        if verify(&ring, &expected(), &text, now()).is_ok() {
            assert_eq!(text, genuine);
        }
    });
}
