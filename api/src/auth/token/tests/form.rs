//! Texts that are no token, or the same token in a second spelling.

use super::*;

#[test]
fn a_token_is_refused_by_its_length_before_it_is_read() {
    let ring = ring();
    let padded = |length: usize| {
        let mut payload = payload();
        payload["padding"] = json!("x".repeat(length));
        sign(&ring, &header(&ring).to_string(), &payload.to_string())
    };
    let longest_seen = (2500..2800)
        .map(padded)
        .inspect(|token| {
            let judged = judge(&ring, token).map(|verified| verified.claims);
            if token.len() <= MAX_TOKEN_BYTES {
                assert_eq!(judged, Ok(claims()));
            } else {
                assert_eq!(judged, Err(TokenError::TooLong));
            }
        })
        .map(|token| token.len())
        .filter(|length| *length <= MAX_TOKEN_BYTES)
        .max();
    assert!(
        longest_seen >= Some(MAX_TOKEN_BYTES - 1),
        "{longest_seen:?}"
    );
    assert_eq!(judge(&ring, &padded(100_000)), Err(TokenError::TooLong));
    assert_eq!(judge(&ring, &".".repeat(100_000)), Err(TokenError::TooLong));
}

#[test]
fn a_truncated_token_is_refused_wherever_it_was_cut() {
    let ring = ring();
    let token = issue(&ring, &claims()).unwrap();
    for length in 0..token.len() {
        assert!(judge(&ring, &token[..length]).is_err(), "{length}");
        assert!(
            judge(&ring, &token[token.len() - length..]).is_err(),
            "{length}"
        );
    }
}

#[test]
fn anything_but_three_parts_is_refused() {
    let ring = ring();
    let token = issue(&ring, &claims()).unwrap();
    let (header, _) = token.split_once('.').unwrap();
    let (_, signature) = token.rsplit_once('.').unwrap();
    for text in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "Bearer".to_owned(),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{token}"),
        format!("{header}..{signature}.."),
        token.replace('.', ".."),
        token.replace('.', ""),
    ] {
        assert_eq!(judge(&ring, &text), Err(TokenError::Malformed), "{text}");
    }
}

#[test]
fn a_part_in_another_spelling_is_refused() {
    let ring = ring();
    let token = issue(&ring, &claims()).unwrap();
    for text in [
        format!("Bearer {token}"),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{token}="),
        format!("{token}=="),
        format!("{token}\0"),
        token.replacen('.', "=.", 1),
        token.replacen('.', "\n.", 1),
        token.replacen('.', ".\u{feff}", 1),
        token.to_uppercase(),
    ] {
        assert!(judge(&ring, &text).is_err(), "{text}");
    }
}

#[test]
fn a_part_that_is_no_json_object_is_refused() {
    let ring = ring();
    let (header, payload) = (header(&ring).to_string(), payload().to_string());
    for text in [
        "",
        "null",
        "[]",
        "\"x\"",
        "1",
        "{",
        "{}{}",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":\"\\ud800\"}",
    ] {
        let no_header = sign(&ring, text, &payload);
        let no_payload = sign(&ring, &header, text);
        assert_eq!(
            judge(&ring, &no_header),
            Err(TokenError::Malformed),
            "{text}"
        );
        assert_eq!(
            judge(&ring, &no_payload),
            Err(TokenError::Malformed),
            "{text}"
        );
    }
    let deep = format!(
        "{}{}",
        "{\"a\":".repeat(300),
        "1".to_owned() + &"}".repeat(300)
    );
    assert_eq!(
        judge(&ring, &sign(&ring, &header, &deep)),
        Err(TokenError::Malformed)
    );
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let ring = ring();
    let (header, payload) = (header(&ring).to_string(), payload().to_string());
    let prefixed = |object: &str, member: &str| object.replacen('{', &format!("{{{member},"), 1);
    let suffixed =
        |object: &str, member: &str| format!("{},{member}}}", &object[..object.len() - 1]);
    let mut forgeries = Vec::new();
    for member in [
        r#""alg":"none""#,
        r#""alg":"EdDSA""#,
        r#""kid":"other""#,
        r#""\u0061lg":"none""#,
    ] {
        for header in [prefixed(&header, member), suffixed(&header, member)] {
            let token = sign(&ring, &header, &payload);
            forgeries.push((header, token));
        }
    }
    for member in [
        r#""exp":9999999999"#,
        r#""\u0065xp":9999999999"#,
        r#""sub":"SYSTEM-001""#,
        r#""tier":"SYSTEM""#,
        r#""more":1,"more":1"#,
    ] {
        for payload in [prefixed(&payload, member), suffixed(&payload, member)] {
            let token = sign(&ring, &header, &payload);
            forgeries.push((payload, token));
        }
    }
    for (text, token) in forgeries {
        assert_eq!(judge(&ring, &token), Err(TokenError::Malformed), "{text}");
    }
}

#[test]
fn a_signature_has_one_spelling_only() {
    let ring = ring();
    let token = issue(&ring, &claims()).unwrap();
    // 64 bytes fill 85 characters and two bits of the last: the other four bits must be zero.
    let (head, last) = token.split_at(token.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for other in alphabet.chars().filter(|other| !last.starts_with(*other)) {
        let respelled = format!("{head}{other}");
        assert_eq!(judge(&ring, &respelled), Err(TokenError::Signature));
    }
}

#[test]
fn a_signature_with_the_group_order_added_is_refused() {
    // L = 2^252 + 27742317777372353535851937790883648493, little endian: S + L satisfies the same equation as S, and a
    // verifier that does not ask for S < L would take both (RFC 8032 §5.1.7).
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let ring = ring();
    let token = issue(&ring, &claims()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for multiple in 1..=7 {
        let mut carry = 0_u16;
        for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
        }
        assert_eq!(carry, 0, "S + {multiple} L still fits");
        let malleated = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature));
        assert_eq!(judge(&ring, &malleated), Err(TokenError::Signature));
    }
}

#[test]
fn the_signature_of_one_token_does_not_fit_another() {
    let ring = ring();
    let mine = issue(&ring, &claims()).unwrap();
    let mut other = claims();
    other.sub = "SYSTEM-001".to_owned();
    let theirs = issue(&ring, &other).unwrap();
    let (_, signature) = mine.rsplit_once('.').unwrap();
    let (signed, _) = theirs.rsplit_once('.').unwrap();
    assert_eq!(
        judge(&ring, &format!("{signed}.{signature}")),
        Err(TokenError::Signature)
    );
}
