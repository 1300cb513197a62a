//! Bytes on their way out, dressed so that no browser runs anything in them (spec R4.02). Floor 5.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;

use super::range::{self, Part};
use super::refusal;
use crate::auth::actor::Caller;
use crate::error::Error;
use crate::http::Gateway;
use crate::http::answer::Refusal;
use crate::service::asset::{self, Content};

/// What is served as what it says it is: nothing that a browser would run, whoever wrote it. With the ending of its file's name.
const INERT: [(&str, &str); 13] = [
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/webp", "webp"),
    ("image/gif", "gif"),
    ("audio/aac", "aac"),
    ("audio/flac", "flac"),
    ("audio/mp4", "m4a"),
    ("audio/mpeg", "mp3"),
    ("audio/ogg", "ogg"),
    ("audio/opus", "opus"),
    ("audio/wav", "wav"),
    ("audio/webm", "weba"),
    ("text/plain", "txt"),
];
/// Everything else.
const OPAQUE: (&str, &str) = ("application/octet-stream", "bin");

/// No script, no form, no plugin, no other origin, wherever it is embedded.
const POLICY: HeaderValue =
    HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'");
/// Asked for again each time: who may see it changes, and it may be deleted.
const CACHED: HeaderValue = HeaderValue::from_static("private, no-cache");
const BY_TOKEN: HeaderValue = HeaderValue::from_static("Authorization, X-Agent-Token");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Serves the bytes of an asset, or a part of them; for HEAD their description alone.
pub(super) async fn serve(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    id: &str,
    request: &Parts,
) -> Result<Response, Refusal> {
    let found = asset::get_content(&gateway.service, caller, id).await;
    let Some(content) = found.map_err(refusal)? else {
        let gone = Error::not_found("content of asset", id);
        return Err(Refusal::new(StatusCode::GONE, gone));
    };
    let etag = format!("\"{}\"", content.sha256);
    let headers = &request.headers;
    if is_known(headers, &etag) {
        let mut answer = StatusCode::NOT_MODIFIED.into_response();
        dress(answer.headers_mut(), &content, &etag);
        answer.headers_mut().remove(CONTENT_TYPE);
        return Ok(answer);
    }
    // A range is for GET alone.
    let part = match request.method {
        Method::GET => range::asked(headers, content.byte_size, &etag),
        _ => Part::Whole,
    };
    let (status, range) = match part {
        Part::Whole => (StatusCode::OK, 0..content.byte_size),
        Part::Of(range) => (StatusCode::PARTIAL_CONTENT, range),
        Part::Nowhere => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
    };
    let length = range.end - range.start;
    let body = if request.method == Method::HEAD || length == 0 {
        Body::empty()
    } else {
        let wanted = (status == StatusCode::PARTIAL_CONTENT).then(|| range.clone());
        let pieces = content.read(&gateway.service, wanted).await;
        let served = gateway.metrics.asset_bytes_served.clone();
        let pieces = pieces.map_err(refusal)?.inspect(move |piece| {
            if let Ok(piece) = piece {
                served.inc_by(piece.len() as u64);
            }
        });
        Body::from_stream(pieces)
    };
    let mut answer = (status, body).into_response();
    let headers = answer.headers_mut();
    dress(headers, &content, &etag);
    headers.insert(CONTENT_LENGTH, length.into());
    let size = content.byte_size;
    let place = match status {
        StatusCode::PARTIAL_CONTENT => {
            Some(format!("bytes {}-{}/{size}", range.start, range.end - 1))
        }
        StatusCode::RANGE_NOT_SATISFIABLE => Some(format!("bytes */{size}")),
        _ => None,
    };
    insert(headers, CONTENT_RANGE, place);
    Ok(answer)
}

fn dress(headers: &mut HeaderMap, content: &Content, etag: &str) {
    let (media, ending) = media(&content.asset.media_type);
    let name = format!("attachment; filename=\"{}.{ending}\"", content.asset.id);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(CACHE_CONTROL, CACHED);
    headers.insert(VARY, BY_TOKEN);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    insert(headers, CONTENT_DISPOSITION, Some(name));
    insert(headers, ETAG, Some(etag.to_owned()));
}

/// Ids, hashes and numbers are ASCII.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
        headers.insert(name, value);
    }
}

fn media(registered: &str) -> (&'static str, &'static str) {
    let essence = registered.split(';').next().unwrap_or_default().trim();
    let inert = INERT
        .iter()
        .find(|(media, _)| media.eq_ignore_ascii_case(essence));
    *inert.unwrap_or(&OPAQUE)
}

/// Whether the client has these bytes (RFC 9110, 13.1.2; weak comparison).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter();
    let tags = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    tags.map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_run_is_served_as_bytes() {
        for (registered, served) in [
            ("image/png", "image/png"),
            ("IMAGE/PNG; x=y", "image/png"),
            ("text/plain; charset=utf-8", "text/plain"),
            ("audio/mpeg", "audio/mpeg"),
            ("text/html", OPAQUE.0),
            ("image/svg+xml", OPAQUE.0),
            ("text/xml", OPAQUE.0),
            ("application/pdf", OPAQUE.0),
            ("application/javascript", OPAQUE.0),
            ("audio/anything", OPAQUE.0),
            ("text/plain/html", OPAQUE.0),
        ] {
            assert_eq!(media(registered).0, served, "{registered}");
        }
    }
}
