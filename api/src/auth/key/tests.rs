//! Keys: thumbprints, seals, rings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{TimeDelta, TimeZone as _};
use serde_json::json;

/// RFC 8037 appendix A.1.
const RFC8037_D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const RFC8037_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// RFC 8037 appendix A.3.
const RFC8037_THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2031, 5, 6, 7, 8, 9).unwrap()
}

fn rfc8037_key() -> SigningKey {
    let seed = URL_SAFE_NO_PAD.decode(RFC8037_D).unwrap();
    SigningKey::from_seed(&seed.try_into().unwrap())
}

fn open_error(master: &MasterKey, stored: &[StoredKey]) -> KeyError {
    KeyRing::open(master, stored).unwrap_err()
}

#[test]
fn the_kid_is_the_thumbprint_of_rfc_8037() {
    assert_eq!(rfc8037_key().kid(), RFC8037_THUMBPRINT);
}

#[test]
fn a_signature_is_that_of_rfc_8037() {
    let master = MasterKey::generate().unwrap();
    let row = rfc8037_key().store(&master, now()).unwrap();
    let ring = KeyRing::open(&master, &[row]).unwrap();
    let signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let algorithm = jsonwebtoken::Algorithm::EdDSA;
    let signature = jsonwebtoken::crypto::sign(signed, &ring.signer().key, algorithm).unwrap();
    assert_eq!(
        signature,
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    let verifier = ring.verifier(RFC8037_THUMBPRINT).unwrap();
    assert!(jsonwebtoken::crypto::verify(&signature, signed, &verifier.key, algorithm).unwrap());
}

#[test]
fn the_public_document_shows_the_public_half_and_nothing_else() {
    let master = MasterKey::generate().unwrap();
    let row = rfc8037_key().store(&master, now()).unwrap();
    let ring = KeyRing::open(&master, &[row]).unwrap();
    assert_eq!(
        serde_json::to_value(ring.jwks(now())).unwrap(),
        json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": RFC8037_THUMBPRINT, "x": RFC8037_X,
        }]})
    );
}

#[test]
fn the_public_document_lists_the_keys_that_verify_now_youngest_first() {
    let master = MasterKey::generate().unwrap();
    let made = |at| SigningKey::generate().unwrap().store(&master, at).unwrap();
    let mut old = made(now());
    old.retired_at = Some(now());
    old.verify_until = Some(now() + TimeDelta::hours(1));
    let new = made(now() + TimeDelta::minutes(1));
    let ring = KeyRing::open(&master, &[old.clone(), new.clone()]).unwrap();
    let kids = |at| -> Vec<String> { ring.jwks(at).keys.into_iter().map(|key| key.kid).collect() };
    assert_eq!(kids(now()), [new.kid.clone(), old.kid]);
    assert_eq!(kids(now() + TimeDelta::hours(1)), [new.kid]);
}

#[test]
fn a_sealed_key_opens_as_itself() {
    let master = MasterKey::generate().unwrap();
    let key = SigningKey::generate().unwrap();
    let opened = SigningKey::open(&master, key.kid(), &key.seal(&master).unwrap()).unwrap();
    assert_eq!(opened.kid(), key.kid());
    assert_eq!(opened.public_key(), key.public_key());
    assert_eq!(opened.ed25519.as_bytes(), key.ed25519.as_bytes());
}

#[test]
fn a_key_is_sealed_differently_each_time_and_never_shows_itself() {
    let master = MasterKey::generate().unwrap();
    let key = SigningKey::generate().unwrap();
    let (first, second) = (key.seal(&master).unwrap(), key.seal(&master).unwrap());
    assert_ne!(first, second);
    assert!(
        !first
            .windows(32)
            .any(|window| window == key.ed25519.as_bytes())
    );
}

#[test]
fn a_seal_does_not_open_under_another_master_key_kid_or_purpose() {
    let master = MasterKey::generate().unwrap();
    let (key, other) = (
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    );
    let sealed = key.seal(&master).unwrap();
    let refused = |kid: &str| KeyError::Open {
        kid: kid.to_owned(),
    };
    let stranger = MasterKey::generate().unwrap();
    let error = SigningKey::open(&stranger, key.kid(), &sealed).unwrap_err();
    assert_eq!(error, refused(key.kid()));
    let error = SigningKey::open(&master, other.kid(), &sealed).unwrap_err();
    assert_eq!(error, refused(other.kid()));
    let error = master.open("ziggie/other", key.kid(), &sealed).unwrap_err();
    assert_eq!(error, refused(key.kid()));
}

#[test]
fn an_altered_or_shortened_seal_does_not_open() {
    let master = MasterKey::generate().unwrap();
    let key = SigningKey::generate().unwrap();
    let sealed = key.seal(&master).unwrap();
    for index in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[index] ^= 1;
        assert!(
            SigningKey::open(&master, key.kid(), &altered).is_err(),
            "{index}"
        );
        assert!(
            SigningKey::open(&master, key.kid(), &sealed[..index]).is_err(),
            "{index}"
        );
    }
    let longer = [sealed.as_slice(), &[0]].concat();
    assert!(SigningKey::open(&master, key.kid(), &longer).is_err());
}

#[test]
fn a_seal_that_holds_another_key_is_a_mismatch() {
    let master = MasterKey::generate().unwrap();
    let (key, other) = (
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    );
    for wrong in [other.ed25519.as_bytes().as_slice(), b"short", b""] {
        let sealed = master.seal(PURPOSE, key.kid(), wrong).unwrap();
        let error = SigningKey::open(&master, key.kid(), &sealed).unwrap_err();
        assert!(matches!(error, KeyError::Mismatch { .. }));
    }
}

#[test]
fn a_public_key_slipped_into_the_table_keeps_the_ring_shut() {
    let master = MasterKey::generate().unwrap();
    let genuine = SigningKey::generate()
        .unwrap()
        .store(&master, now())
        .unwrap();
    let attacker = SigningKey::generate().unwrap();

    let mut swapped = genuine.clone();
    swapped.public_key = attacker.public_key().to_vec();
    let kid = genuine.kid.clone();
    assert_eq!(open_error(&master, &[swapped]), KeyError::Mismatch { kid });

    let mut added = attacker
        .store(&MasterKey::generate().unwrap(), now())
        .unwrap();
    added.retired_at = Some(now());
    let kid = added.kid.clone();
    let error = open_error(&master, &[genuine.clone(), added.clone()]);
    assert_eq!(error, KeyError::Open { kid });

    added.sealed_private_key = genuine.sealed_private_key.clone();
    let kid = added.kid.clone();
    assert_eq!(
        open_error(&master, &[genuine, added]),
        KeyError::Open { kid }
    );
}

#[test]
fn a_ring_needs_one_key_that_may_sign_and_no_key_twice() {
    let master = MasterKey::generate().unwrap();
    let row = SigningKey::generate()
        .unwrap()
        .store(&master, now())
        .unwrap();
    let mut retired = row.clone();
    retired.retired_at = Some(now());
    assert_eq!(open_error(&master, &[]), KeyError::NoSigner);
    assert_eq!(open_error(&master, &[retired]), KeyError::NoSigner);
    let kid = row.kid.clone();
    let error = open_error(&master, &[row.clone(), row]);
    assert_eq!(error, KeyError::Duplicate { kid });
}

#[test]
fn every_replica_chooses_the_same_signer_in_whatever_order_it_reads() {
    let master = MasterKey::generate().unwrap();
    let made = |at| SigningKey::generate().unwrap().store(&master, at).unwrap();
    let mut rows = [made(now()), made(now()), made(now() - TimeDelta::days(1))];
    let signer = |rows: &[StoredKey]| {
        let ring = KeyRing::open(&master, rows).unwrap();
        ring.signing_kid().to_owned()
    };
    let chosen = signer(&rows);
    assert_ne!(chosen, rows[2].kid, "the youngest signs");
    rows.reverse();
    assert_eq!(signer(&rows), chosen);
}

#[test]
fn a_master_key_is_read_in_each_of_its_spellings() {
    let bytes: Vec<u8> = (0..32).map(|byte| 255 - byte * 5).collect();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let master = MasterKey::parse(&hex).unwrap();
    let sealed = master.seal(PURPOSE, "kid", b"plain").unwrap();
    for text in [
        hex.to_uppercase(),
        STANDARD.encode(&bytes),
        STANDARD.encode(&bytes).trim_end_matches('=').to_owned(),
        URL_SAFE_NO_PAD.encode(&bytes),
        format!("{}=", URL_SAFE_NO_PAD.encode(&bytes)),
        format!("  {hex}\r\n"),
        master.expose().to_string(),
    ] {
        let same = MasterKey::parse(&text).unwrap();
        assert_eq!(
            *same.open(PURPOSE, "kid", &sealed).unwrap(),
            b"plain",
            "{text}"
        );
    }
}

#[test]
fn anything_else_is_no_master_key() {
    for text in [
        String::new(),
        "0".repeat(63),
        "0".repeat(65),
        "g".repeat(64),
        format!("+{}", "0".repeat(63)),
        "é".repeat(32),
        "A".repeat(42),
        // 44 characters of base64 without padding are 33 bytes.
        "A".repeat(44),
        "A".repeat(45),
        format!("{}!", "A".repeat(42)),
        "A".repeat(100_000),
    ] {
        assert!(MasterKey::parse(&text).is_err(), "{text:.70}");
    }
}

#[test]
fn debug_tells_no_private_key() {
    let master = MasterKey::parse(&"ab".repeat(32)).unwrap();
    let key = rfc8037_key();
    let row = key.store(&master, now()).unwrap();
    let ring = KeyRing::open(&master, std::slice::from_ref(&row)).unwrap();
    assert_eq!(format!("{master:?}"), "MasterKey(hidden)");
    assert_eq!(
        format!("{key:?}"),
        format!("SigningKey {{ kid: {RFC8037_THUMBPRINT:?}, .. }}")
    );
    assert_eq!(
        format!("{ring:?}"),
        format!(
            "KeyRing {{ signer: {RFC8037_THUMBPRINT:?}, verifiers: [{RFC8037_THUMBPRINT:?}] }}"
        )
    );
    assert!(!format!("{row:?}").contains("sealed"));
}
