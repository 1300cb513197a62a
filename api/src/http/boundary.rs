//! Who is outside: the client behind proxies, the pages that may ask, and what a proxy says of a request. Floor 5.
//!
//! A header that a client can write is worth nothing. Only what a trusted proxy has added counts, and it adds at the right: so the list of
//! addresses is read from there, as long as whoever stands in it is trusted too.

use std::net::IpAddr;

use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, ETAG, FORWARDED, HeaderMap, RETRY_AFTER,
};
use axum::http::{HeaderName, HeaderValue, Method};
use entities::id::RequestId;
use ipnet::IpNet;
use std::time::Duration;
use tower_http::cors::CorsLayer;
use uuid::Uuid;

/// The id of a request, in and out.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
/// How long a browser may remember what it may ask.
const PREFLIGHT_KEPT: Duration = Duration::from_secs(600);

/// In which header the trusted proxies say who asks. Another that a client sends is passed over: proxies pass on what they do not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedBy {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// What the edge believes of what is outside. By default nothing, and no page may ask.
#[derive(Debug, Clone, Default)]
pub struct Boundary {
    /// The networks whose word is taken for who asks.
    pub trusted_proxies: Vec<IpNet>,
    /// By which header.
    pub forwarded_by: ForwardedBy,
    /// The origins (`https://board.example`) of pages that may ask and open sockets.
    pub allowed_origins: Vec<HeaderValue>,
}

impl Boundary {
    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|net| net.contains(&address))
    }

    /// Who asks: the last address that no trusted proxy has, or the peer.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let header = match self.forwarded_by {
            ForwardedBy::XForwardedFor => X_FORWARDED_FOR,
            ForwardedBy::Forwarded => FORWARDED,
        };
        let values = headers.get_all(header).iter().rev();
        // What is no text breaks the chain as what is no address does.
        let hops = values.flat_map(|value| value.to_str().unwrap_or("?").rsplit(','));
        for hop in hops {
            let address = match self.forwarded_by {
                ForwardedBy::XForwardedFor => address(hop),
                ForwardedBy::Forwarded => element(hop),
            };
            // A hop that says nothing of use: the one that wrote it is all that is known.
            let Some(address) = address else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    /// The id that a trusted proxy has given a request: one of ours, or a UUID.
    pub(super) fn request_id(&self, peer: IpAddr, headers: &HeaderMap) -> Option<RequestId> {
        if !self.trusts(peer.to_canonical()) {
            return None;
        }
        let text = headers.get(REQUEST_ID)?.to_str().ok()?;
        let of_uuid = || Uuid::try_parse(text).ok().map(RequestId::new);
        text.parse().ok().or_else(of_uuid)
    }

    /// Whether a page may open a socket: who sends no origin is no browser.
    pub(super) fn allows_page(&self, origin: Option<&HeaderValue>) -> bool {
        origin.is_none_or(|origin| self.allowed_origins.contains(origin))
    }

    /// What browsers ask before pages may (the Fetch standard, "CORS protocol"); none where none may.
    pub(super) fn cors(&self) -> Option<CorsLayer> {
        let origins = self.allowed_origins.clone();
        let layer = CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT])
            .allow_headers([
                ACCEPT,
                AUTHORIZATION,
                CONTENT_TYPE,
                HeaderName::from_static("last-event-id"),
                HeaderName::from_static("x-agent-token"),
                TRACE_PARENT,
            ])
            .expose_headers([CONTENT_RANGE, ETAG, RETRY_AFTER, REQUEST_ID])
            .max_age(PREFLIGHT_KEPT);
        (!self.allowed_origins.is_empty()).then_some(layer)
    }
}

/// The trace that a request belongs to, as its sender says (W3C Trace Context, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TraceParent<'a> {
    /// The trace: 32 hexadecimal digits.
    pub(super) trace: &'a str,
    /// The span of the sender's that the request is a part of: 16.
    pub(super) span: &'a str,
    /// Two; the lowest bit says that the trace is recorded.
    pub(super) flags: &'a str,
}

/// What the header says, where it is well-formed.
pub(super) fn trace_parent(headers: &HeaderMap) -> Option<TraceParent<'_>> {
    let text = headers.get(TRACE_PARENT)?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let (flags, more) = (parts.next()?, parts.next());
    let is_hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_some = |part: &str| part.bytes().any(|byte| byte != b'0');
    let is_good = is_hex(version, 2)
        && version != "ff"
        && is_hex(trace, 32)
        && is_some(trace)
        && is_hex(span, 16)
        && is_some(span)
        && is_hex(flags, 2)
        // Later versions may say more.
        && (more.is_none() || version != "00");
    is_good.then_some(TraceParent { trace, span, flags })
}

/// `for=…` of an element of `Forwarded`.
fn element(text: &str) -> Option<IpAddr> {
    text.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for")
            .then(|| address(value.trim_matches('"')))?
    })
}

/// An address, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        // An IPv4 address has a port behind its only colon; an IPv6 address without brackets has none.
        None => match text.split_once(':') {
            Some((address, port)) if !port.contains(':') => address,
            _ => text,
        },
    };
    bare.parse()
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    const PROXY: &str = "10.0.0.1";

    fn boundary(forwarded_by: ForwardedBy) -> Boundary {
        Boundary {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            forwarded_by,
            allowed_origins: vec![HeaderValue::from_static("https://board.example")],
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn client(by: ForwardedBy, peer: &str, pairs: &[(&'static str, &str)]) -> String {
        let client = boundary(by).client(peer.parse().unwrap(), &headers(pairs));
        client.to_string()
    }

    #[test]
    fn a_list_is_read_from_the_right_through_trusted_hops_alone() {
        for (peer, lines, wanted) in [
            (PROXY, &[][..], PROXY),
            (PROXY, &["203.0.113.7"], "203.0.113.7"),
            ("192.0.2.9", &["203.0.113.7"], "192.0.2.9"),
            (PROXY, &["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
            (PROXY, &["1.1.1.1, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
            (
                PROXY,
                &["1.1.1.1", "203.0.113.7", "10.0.0.2"],
                "203.0.113.7",
            ),
            (PROXY, &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (PROXY, &["203.0.113.7, unknown, 10.0.0.2"], "10.0.0.2"),
            (PROXY, &["203.0.113.7,"], PROXY),
            (PROXY, &["203.0.113.7:4711"], "203.0.113.7"),
            (PROXY, &["[2001:db8::7]:4711"], "2001:db8::7"),
            (PROXY, &["2001:db8::7"], "2001:db8::7"),
            (PROXY, &["::ffff:203.0.113.7"], "203.0.113.7"),
            ("::ffff:10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("fd00::1", &["203.0.113.7"], "203.0.113.7"),
        ] {
            let pairs: Vec<_> = lines
                .iter()
                .map(|line| ("x-forwarded-for", *line))
                .collect();
            let found = client(ForwardedBy::XForwardedFor, peer, &pairs);
            assert_eq!(found, wanted, "{peer} {lines:?}");
        }
    }

    #[test]
    fn the_other_header_is_passed_over() {
        let both = [
            ("forwarded", "for=203.0.113.7;proto=https"),
            ("x-forwarded-for", "198.51.100.1"),
        ];
        let found = client(ForwardedBy::XForwardedFor, PROXY, &both);
        assert_eq!(found, "198.51.100.1");
        assert_eq!(client(ForwardedBy::Forwarded, PROXY, &both), "203.0.113.7");
        for (line, wanted) in [
            (
                "for=1.1.1.1, For=\"[2001:db8::7]:4711\";by=10.0.0.1",
                "2001:db8::7",
            ),
            ("proto=https;for=203.0.113.7, for=10.0.0.2", "203.0.113.7"),
            ("for=203.0.113.7, for=_hidden", PROXY),
            ("for=203.0.113.7, proto=https", PROXY),
        ] {
            let found = client(ForwardedBy::Forwarded, PROXY, &[("forwarded", line)]);
            assert_eq!(found, wanted, "{line}");
        }
    }

    #[test]
    fn ids_of_requests_are_taken_from_trusted_proxies() {
        let uuid = Uuid::from_u128(7);
        let ours = RequestId::new(uuid);
        let id = |peer: &str, text: &str| {
            let headers = headers(&[("x-request-id", text)]);
            boundary(ForwardedBy::default()).request_id(peer.parse().unwrap(), &headers)
        };
        assert_eq!(id(PROXY, &uuid.to_string()), Some(ours));
        assert_eq!(id(PROXY, &ours.to_string()), Some(ours));
        assert_eq!(id("192.0.2.9", &ours.to_string()), None);
        assert_eq!(id(PROXY, "1; drop table"), None);
    }

    #[test]
    fn only_pages_of_the_list_open_sockets() {
        let boundary = boundary(ForwardedBy::default());
        let allows =
            |origin: &'static str| boundary.allows_page(Some(&HeaderValue::from_static(origin)));
        assert!(boundary.allows_page(None) && allows("https://board.example"));
        for other in [
            "null",
            "",
            "http://board.example",
            "https://board.example.evil.example",
        ] {
            assert!(!allows(other), "{other}");
        }
        assert!(!Boundary::default().allows_page(Some(&HeaderValue::from_static("null"))));
        assert!(Boundary::default().cors().is_none());
    }

    #[test]
    fn a_trace_is_known_by_its_well_formed_parent() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |text: &str| {
            let headers = headers(&[("traceparent", text)]);
            trace_parent(&headers).map(|parent| parent.trace.to_owned())
        };
        assert_eq!(
            of(&format!("00-{trace}-00f067aa0ba902b7-01")),
            Some(trace.to_owned())
        );
        assert_eq!(
            of(&format!("01-{trace}-00f067aa0ba902b7-01-more")),
            Some(trace.to_owned())
        );
        for wrong in [
            String::new(),
            format!("00-{trace}-00f067aa0ba902b7"),
            format!("00-{trace}-00f067aa0ba902b7-01-more"),
            format!("ff-{trace}-00f067aa0ba902b7-01"),
            format!("00-{trace}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
        ] {
            assert_eq!(of(&wrong), None, "{wrong}");
        }
    }

    proptest! {
        /// Whatever a client writes into the header, what its own proxy adds behind it is what counts.
        #[test]
        fn a_client_cannot_choose_its_address(written in "[ -~]{0,60}", lines in 1usize..3) {
            for (by, name, added) in [
                (ForwardedBy::XForwardedFor, "x-forwarded-for", "203.0.113.7"),
                (ForwardedBy::Forwarded, "forwarded", "for=203.0.113.7"),
            ] {
                let last = format!("{written}, {added}");
                let mut pairs = vec![(name, written.as_str()); lines - 1];
                pairs.push((name, last.as_str()));
                prop_assert_eq!(client(by, PROXY, &pairs), "203.0.113.7");
            }
        }
    }
}
