//! What the edge reads of requests, tried with whatever a stranger may send: bodies, URLs, headers.

#![allow(clippy::unwrap_used)]

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE, FORWARDED, HeaderValue};
use proptest::prelude::*;
use serde_json::json;

use super::boundary::{self, Boundary, ForwardedBy};
use super::intake::{self, Operation, Parameters};
use super::{event_stream, media};
use crate::error::Code;
use crate::fuzz::{changed, document, fuzz, json, soup};

/// Whatever is refused is refused as bad input; whatever is not can be looked at.
fn read(parameters: crate::error::Result<Parameters>) {
    match parameters {
        Err(error) => assert_eq!(error.code(), Code::BadUserInput),
        Ok(parameters) => {
            let Ok(operation) = Operation::parse(parameters, None) else {
                return;
            };
            assert!(operation.is_parsed || operation.kind.is_none());
            assert!(operation.name.is_none_or(|name| name.chars().count() <= 80));
        }
    }
}

#[test]
fn fuzz_request_bodies() {
    const KEYS: &[&str] = &["query", "operationName", "variables", "extensions", "id"];
    const TEXTS: &[&str] = &[
        "{me{id}}",
        "query A{me{id}}query B{me{id}}",
        "A",
        "{",
        "subscription{taskUpdates{action}}",
    ];
    let whole = document().prop_map(|query| json!({"query": query, "operationName": "F"}));
    let value = prop_oneof![1 => json(KEYS, TEXTS), 1 => whole];
    let text = value.prop_flat_map(|value| changed(value.to_string()));
    let bytes = prop_oneof![
        4 => text.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ];
    fuzz("fuzz_request_bodies", bytes, |body| {
        read(intake::json(&body).and_then(Parameters::of_json));
    });
}

#[test]
fn fuzz_request_urls() {
    const WORDS: &[&str] = &[
        "query=",
        "variables=",
        "extensions=",
        "operationName=",
        "&",
        "=",
        "%7B",
        "%7D",
        "%22",
        "%",
        "%zz",
        "+",
        "{me}",
        "{}",
        "[]",
        "null",
        "A",
        "%00",
        "%ff",
        ";",
    ];
    fuzz("fuzz_request_urls", soup(WORDS, 30), |url| {
        read(Parameters::of_url(&url))
    });
}

#[test]
fn fuzz_accept() {
    const WORDS: &[&str] = &[
        "application/json",
        "application/graphql-response+json",
        "text/event-stream",
        "text/html",
        "*/*",
        "application/*",
        ";",
        "; ",
        "q=",
        "Q=",
        "0",
        "1",
        "0.5",
        "0.001",
        "1.0000",
        "2",
        "-1",
        "charset=utf-8",
        "charset=\"UTF-8\"",
        "charset=latin1",
        ",",
        ", ",
        "\t",
    ];
    let values = prop::collection::vec(soup(WORDS, 12), 0..3);
    fuzz("fuzz_accept", values, |values| {
        let mut headers = HeaderMap::new();
        for value in values {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.append(ACCEPT, value.clone());
                headers.insert(CONTENT_TYPE, value);
            }
        }
        let (plain, events) = (
            media::Media::accepted(&headers),
            media::accepts_events(&headers),
        );
        // Nothing at all is acceptable to nobody who says nothing.
        assert!(headers.contains_key(ACCEPT) || plain.is_some() && !events);
        media::is_json(&headers);
    });
}

#[test]
fn fuzz_forwarding() {
    const WORDS: &[&str] = &[
        "10.0.0.1",
        "192.0.2.7",
        "2001:db8::1",
        "[2001:db8::1]",
        ":4711",
        ",",
        ", ",
        "for=",
        "For=",
        "\"",
        ";",
        "by=",
        "unknown",
        "_hidden",
        "::ffff:10.0.0.1",
        "=",
        " ",
        "1",
        "00-",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "-00f067aa0ba902b7",
        "-01",
    ];
    let values = prop::collection::vec(soup(WORDS, 10), 0..4);
    fuzz(
        "fuzz_forwarding",
        (values, any::<[u8; 4]>()),
        |(values, peer)| {
            let mut headers = HeaderMap::new();
            for value in values {
                if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                    for name in [
                        "x-forwarded-for",
                        "traceparent",
                        "x-request-id",
                        "last-event-id",
                    ] {
                        headers.append(name, value.clone());
                    }
                    headers.append(FORWARDED, value);
                }
            }
            let peer = peer.into();
            for forwarded_by in [ForwardedBy::XForwardedFor, ForwardedBy::Forwarded] {
                let stranger = Boundary {
                    forwarded_by,
                    ..Boundary::default()
                };
                // Nobody is believed who is not trusted.
                assert_eq!(stranger.client(peer, &headers), peer);
                assert_eq!(stranger.request_id(peer, &headers), None);
                let trusting = Boundary {
                    trusted_proxies: vec!["0.0.0.0/0".parse().unwrap()],
                    forwarded_by,
                    ..Boundary::default()
                };
                trusting.client(peer, &headers);
                trusting.request_id(peer, &headers);
            }
            if let Some(parent) = boundary::trace_parent(&headers) {
                let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
                assert!(parent.trace.len() == 32 && hex(parent.trace));
                assert!(parent.span.len() == 16 && hex(parent.span));
            }
            event_stream::last_seen(&headers);
        },
    );
}
