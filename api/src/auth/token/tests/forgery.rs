//! Every forgery, each made from a genuine token by one alteration and, wherever that is the stronger attack, signed
//! with the true key: so it is the rule in question that refuses it, and not merely the signature.

use super::*;
use jsonwebtoken::EncodingKey;

/// (what it is, the token, why it is refused)
type Forgery = (String, String, TokenError);

fn assert_refused(ring: &KeyRing, forgeries: Vec<Forgery>) {
    for (name, token, reason) in forgeries {
        assert_eq!(judge(ring, &token), Err(reason), "{name}: {token:.200}");
    }
}

fn with(mut object: Value, name: &str, value: &Value) -> Value {
    object[name] = value.clone();
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

/// A genuine token but for this member of its header.
fn header_with(ring: &KeyRing, name: &str, value: &Value) -> String {
    let header = with(header(ring), name, value);
    sign(ring, &header.to_string(), &payload().to_string())
}

/// A genuine token but for this claim.
fn claim_with(ring: &KeyRing, name: &str, value: &Value) -> String {
    let payload = with(payload(), name, value);
    sign(ring, &header(ring).to_string(), &payload.to_string())
}

/// One case for each value that this part of the header must not have.
fn header_cases(ring: &KeyRing, name: &str, values: &Value, reason: TokenError) -> Vec<Forgery> {
    let values = values.as_array().unwrap().iter();
    values
        .map(|value| {
            let token = header_with(ring, name, value);
            (format!("{name} {value:.40}"), token, reason)
        })
        .collect()
}

/// One case for each value that this claim must not have.
fn claim_cases(ring: &KeyRing, name: &str, values: &Value, reason: TokenError) -> Vec<Forgery> {
    let values = values.as_array().unwrap().iter();
    values
        .map(|value| {
            let token = claim_with(ring, name, value);
            (format!("{name} {value:.40}"), token, reason)
        })
        .collect()
}

#[test]
fn the_unaltered_token_of_this_workshop_is_good() {
    let ring = ring();
    let token = sign(&ring, &header(&ring).to_string(), &payload().to_string());
    assert_eq!(judge(&ring, &token).unwrap().claims, claims());
}

#[test]
fn another_algorithm_is_refused() {
    let ring = ring();
    let others = json!([
        "none", "None", "NONE", "", "HS256", "RS256", "PS256", "ES256", "EDDSA", "eddsa",
        "Ed25519", " EdDSA", null, 0, ["EdDSA"], {"alg": "EdDSA"}
    ]);
    let mut forgeries = header_cases(&ring, "alg", &others, TokenError::Algorithm);
    for name in ["none", "nOnE", "NONE"] {
        let header = with(header(&ring), "alg", &json!(name)).to_string();
        let unsigned = format!("{}.", signing_input(&header, &payload().to_string()));
        forgeries.push(("unsigned".to_owned(), unsigned, TokenError::Algorithm));
    }
    let missing = without(header(&ring), "alg").to_string();
    let missing = sign(&ring, &missing, &payload().to_string());
    forgeries.push(("missing alg".to_owned(), missing, TokenError::Algorithm));
    assert_refused(&ring, forgeries);
}

#[test]
fn an_eddsa_header_without_signature_is_refused() {
    let ring = ring();
    let unsigned = signing_input(&header(&ring).to_string(), &payload().to_string());
    assert_eq!(
        judge(&ring, &format!("{unsigned}.")),
        Err(TokenError::Signature)
    );
    assert_eq!(judge(&ring, &unsigned), Err(TokenError::Malformed));
}

#[test]
fn hs256_keyed_with_the_public_key_in_any_form_is_refused() {
    let ring = ring();
    let jwks = ring.jwks(now());
    let raw = URL_SAFE_NO_PAD.decode(&jwks.keys[0].x).unwrap();
    // RFC 8410: SubjectPublicKeyInfo of an Ed25519 key is this prefix and the 32 bytes.
    let der = [
        b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
        raw.as_slice(),
    ]
    .concat();
    let body = base64::engine::general_purpose::STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    let secrets = [
        ("raw", raw.clone()),
        ("DER", der),
        ("PEM", pem.clone().into_bytes()),
        ("trimmed PEM", pem.trim().as_bytes().to_vec()),
        ("x", jwks.keys[0].x.clone().into_bytes()),
        ("JWK", serde_json::to_vec(&jwks.keys[0]).unwrap()),
        ("JWKS", serde_json::to_vec(&jwks).unwrap()),
        ("kid", ring.signing_kid().as_bytes().to_vec()),
        ("nothing", Vec::new()),
    ];
    let mut forgeries = Vec::new();
    for (form, secret) in secrets {
        // With the honest name of its algorithm, and passed off as ours.
        for (alg, reason) in [
            ("HS256", TokenError::Algorithm),
            ("EdDSA", TokenError::Signature),
        ] {
            let header = with(header(&ring), "alg", &json!(alg)).to_string();
            let signed = signing_input(&header, &payload().to_string());
            let key = EncodingKey::from_secret(&secret);
            let mac = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256);
            let token = format!("{signed}.{}", mac.unwrap());
            forgeries.push((format!("{alg} with {form}"), token, reason));
        }
    }
    assert_refused(&ring, forgeries);
}

#[test]
fn another_type_is_refused() {
    let ring = ring();
    let others = json!([
        "JWT",
        "jwt",
        "at+jwt",
        "ziggie-session+JWT",
        "application/ziggie-session+jwt",
        "",
        null,
        1,
        [TOKEN_TYPE]
    ]);
    let mut forgeries = header_cases(&ring, "typ", &others, TokenError::Type);
    let missing = without(header(&ring), "typ").to_string();
    let missing = sign(&ring, &missing, &payload().to_string());
    forgeries.push(("missing typ".to_owned(), missing, TokenError::Type));
    assert_refused(&ring, forgeries);
}

#[test]
fn a_kid_that_is_not_on_the_ring_is_refused() {
    let ring = ring();
    let kid = ring.signing_kid();
    let others = json!([
        "", "unknown", "../../../dev/null", "/dev/null", "file:///dev/zero", "' OR '1'='1", "\u{0}",
        "0", format!("{kid}="), format!("{kid}\n"), &kid[1..], format!("../keys/{kid}"),
        "A".repeat(43), "A".repeat(2000), null, 0, true, [kid], {"kid": kid}
    ]);
    let mut forgeries = header_cases(&ring, "kid", &others, TokenError::UnknownKey);
    let missing = without(header(&ring), "kid").to_string();
    let missing = sign(&ring, &missing, &payload().to_string());
    forgeries.push(("missing kid".to_owned(), missing, TokenError::UnknownKey));
    assert_refused(&ring, forgeries);
}

#[test]
fn a_header_that_brings_its_own_key_or_anything_else_is_refused() {
    let (ring, attacker) = (ring(), ring());
    let jwk = serde_json::to_value(&attacker.jwks(now()).keys[0]).unwrap();
    let parameters = [
        ("jwk", jwk),
        ("jku", json!("https://attacker.example/jwks.json")),
        ("x5u", json!("https://attacker.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("surprise", json!(null)),
    ];
    let mut forgeries = Vec::new();
    for (name, value) in parameters {
        for (whose, signer, kid) in [
            ("ours", &ring, ring.signing_kid()),
            ("the attacker's", &attacker, attacker.signing_kid()),
            (
                "the attacker's under our kid",
                &attacker,
                ring.signing_kid(),
            ),
        ] {
            let header = with(with(header(&ring), name, &value), "kid", &json!(kid));
            let token = sign(signer, &header.to_string(), &payload().to_string());
            let case = format!("{name}, key {whose}");
            forgeries.push((case, token, TokenError::HeaderParameter));
        }
    }
    assert_refused(&ring, forgeries);
}

#[test]
fn the_key_of_another_installation_is_refused() {
    let (ring, other) = (ring(), ring());
    let theirs = issue(&other, &claims()).unwrap();
    assert_eq!(judge(&ring, &theirs), Err(TokenError::UnknownKey));
    let under_our_kid = sign(&other, &header(&ring).to_string(), &payload().to_string());
    assert_eq!(judge(&ring, &under_our_kid), Err(TokenError::Signature));
}

#[test]
fn another_issuer_or_audience_is_refused() {
    let ring = ring();
    let issuers = json!([
        "ziggie:inst_there",
        "",
        "ziggie:inst_here/",
        "ZIGGIE:inst_here"
    ]);
    let audiences = json!(["other-api", "", "ziggie-api ", "ziggie", "Ziggie-API"]);
    let mut forgeries = claim_cases(&ring, "iss", &issuers, TokenError::Issuer);
    forgeries.extend(claim_cases(&ring, "aud", &audiences, TokenError::Audience));
    assert_refused(&ring, forgeries);
}

#[test]
fn a_missing_claim_is_refused_whichever_it_is() {
    let ring = ring();
    let names = ["iss", "aud", "sub", "sid", "tier", "iat", "nbf", "exp"];
    assert_eq!(payload().as_object().unwrap().len(), names.len());
    let missing = |name| {
        let payload = without(payload(), name).to_string();
        let token = sign(&ring, &header(&ring).to_string(), &payload);
        (name.to_owned(), token, TokenError::MissingClaim(name))
    };
    assert_refused(&ring, names.map(missing).into());
}

#[test]
fn a_text_claim_of_another_type_is_refused() {
    let ring = ring();
    for name in ["iss", "aud", "sub", "sid", "tier"] {
        let right = payload()[name].clone();
        let others = json!([[right], [right, "other"], {"0": right}, null, true, 0, []]);
        let reason = TokenError::ClaimType(name);
        assert_refused(&ring, claim_cases(&ring, name, &others, reason));
    }
}

#[test]
fn a_time_of_another_type_or_out_of_range_is_refused() {
    let ring = ring();
    for name in ["iat", "nbf", "exp"] {
        let right = payload()[name].as_i64().unwrap();
        let others = json!([
            right.to_string(), format!("{right}.0"), right as f64, right as f64 + 0.5, 1e300, -1e300,
            u64::MAX, i64::MAX, i64::MIN, 9_000_000_000_000_000_i64, null, true, false, [right],
            {"seconds": right}, "", "never", "2031-05-06T07:08:09Z"
        ]);
        let reason = TokenError::ClaimType(name);
        assert_refused(&ring, claim_cases(&ring, name, &others, reason));
    }
}

#[test]
fn times_that_have_passed_or_not_come_are_refused() {
    let ring = ring();
    let seconds = now().timestamp();
    let past = json!([seconds, seconds - 1, 0, -1, -62_000_000_000_i64]);
    let ahead = json!([seconds + 3, seconds + 3600, seconds + 900_000_000]);
    let mut forgeries = claim_cases(&ring, "exp", &past, TokenError::Expired);
    forgeries.extend(claim_cases(&ring, "nbf", &ahead, TokenError::NotYetValid));
    assert_refused(&ring, forgeries);
}
