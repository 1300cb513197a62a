//! Headers and `connection_init` → `Caller` (spec R2.02, R2.03). Floor 5.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::http::header::{AUTHORIZATION, HeaderMap, USER_AGENT};
use entities::id::RequestId;
use serde_json::{Map, Value};

use super::boundary;
use crate::auth::actor::{Caller, Origin};
use crate::error::{Error, Result};
use crate::service::{Service, session};

/// The other name of `Authorization: Bearer`.
const AGENT_TOKEN: &str = "x-agent-token";
/// More of a client's name for itself is not kept.
const MAX_USER_AGENT: usize = 200;

/// What a client shows of itself.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credential {
    /// Nothing: a stranger.
    None,
    /// A token.
    Token(Arc<str>),
    /// Something that is no token, or two that differ.
    Unusable,
}

impl Credential {
    /// What the headers say, under either name.
    pub(super) fn of_headers(headers: &HeaderMap) -> Self {
        let bearer = headers.get_all(AUTHORIZATION).iter();
        let bearer = bearer.map(|value| value.to_str().ok().and_then(bearer_token));
        let plain = headers.get_all(AGENT_TOKEN).iter();
        let plain = plain.map(|value| value.to_str().ok().map(str::trim));
        Self::of(bearer.chain(plain))
    }

    /// What the payload of `connection_init` says, under either name in any case.
    pub(super) fn of_payload(payload: &Map<String, Value>) -> Self {
        // Null says the same as nothing at all.
        let said = payload.iter().filter(|(_, value)| !value.is_null());
        Self::of(said.filter_map(|(name, value)| {
            if name.eq_ignore_ascii_case(AUTHORIZATION.as_str()) {
                Some(value.as_str().and_then(bearer_token))
            } else if name.eq_ignore_ascii_case(AGENT_TOKEN) {
                Some(value.as_str().map(str::trim))
            } else {
                None
            }
        }))
    }

    fn of<'a>(mut shown: impl Iterator<Item = Option<&'a str>>) -> Self {
        match shown.next() {
            None => Self::None,
            Some(Some(token)) if !token.is_empty() && shown.all(|other| other == Some(token)) => {
                Self::Token(token.into())
            }
            Some(_) => Self::Unusable,
        }
    }

    /// Whose it is. UNAUTHENTICATED, in the one uniform way, for everything that is not the token of a live session.
    pub(super) async fn caller(&self, service: &Service, origin: Origin) -> Result<Caller> {
        match self {
            Self::None => Ok(session::anonymous(origin)),
            Self::Token(token) => session::caller(service, token, origin).await,
            Self::Unusable => {
                let stranger = session::anonymous(origin);
                service
                    .denials
                    .report_authentication(&stranger, "UNUSABLE_CREDENTIAL", None);
                Err(Error::Unauthenticated)
            }
        }
    }
}

/// RFC 6750: the scheme in any case, one token.
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Where a request comes from.
pub(super) fn origin(
    request_id: RequestId,
    address: Option<IpAddr>,
    headers: &HeaderMap,
) -> Origin {
    let user_agent = headers.get(USER_AGENT).map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.chars()
            .filter(|char| !char.is_control())
            .take(MAX_USER_AGENT)
            .collect::<String>()
    });
    Origin {
        request_id,
        ip_address: address,
        user_agent: user_agent.map(Into::into),
        trace_id: boundary::trace_parent(headers).map(|parent| parent.trace.into()),
        started: Instant::now(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    fn shown(headers: &[(&'static str, &str)]) -> Credential {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Credential::of_headers(&map)
    }

    fn is_token(credential: &Credential, token: &str) -> bool {
        *credential == Credential::Token(token.into())
    }

    #[test]
    fn both_headers_carry_a_token_and_neither_makes_a_stranger() {
        assert!(is_token(
            &shown(&[("authorization", "Bearer a.b.c")]),
            "a.b.c"
        ));
        assert!(is_token(
            &shown(&[("authorization", "bearer   a.b.c ")]),
            "a.b.c"
        ));
        assert!(is_token(&shown(&[("x-agent-token", "a.b.c")]), "a.b.c"));
        assert!(is_token(
            &shown(&[("authorization", "Bearer a"), ("x-agent-token", "a")]),
            "a"
        ));
        assert!(shown(&[("accept", "*/*")]) == Credential::None);
    }

    #[test]
    fn two_tokens_that_differ_and_what_is_no_token_are_refused() {
        for headers in [
            &[("authorization", "Bearer a"), ("x-agent-token", "b")][..],
            &[("authorization", "Bearer a"), ("authorization", "Bearer b")],
            &[("authorization", "Basic YTpi")],
            &[("authorization", "a.b.c")],
            &[("authorization", "Bearer")],
            &[("authorization", "")],
            &[("x-agent-token", " ")],
            &[("authorization", "Bearer a"), ("x-agent-token", "")],
        ] {
            assert!(shown(headers) == Credential::Unusable, "{headers:?}");
        }
    }

    #[test]
    fn connection_init_takes_either_name_in_any_case() {
        let of = |payload: Value| Credential::of_payload(payload.as_object().unwrap());
        assert!(is_token(&of(json!({"Authorization": "Bearer a"})), "a"));
        assert!(is_token(
            &of(json!({"authorization": "Bearer a", "other": 1})),
            "a"
        ));
        assert!(is_token(&of(json!({"X-Agent-Token": "a"})), "a"));
        assert!(of(json!({"authorization": 7})) == Credential::Unusable);
        assert!(of(json!({"authorization": null})) == Credential::None);
        assert!(of(json!({"token": "a"})) == Credential::None);
    }

    #[test]
    fn a_user_agent_is_cut() {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, "x".repeat(1_000).parse().unwrap());
        let origin = origin(RequestId::new(uuid::Uuid::nil()), None, &headers);
        assert_eq!(origin.user_agent.unwrap().len(), MAX_USER_AGENT);
    }
}
