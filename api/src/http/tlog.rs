//! `/audit/tlog`: the log for whoever follows it from outside (C2SP tlog-tiles). Checkpoint, key and hashes are for everybody: they say that
//! something was logged and nothing of what. Entries are for holders of ACCESS_AUDIT_LOGS. Floor 5.

use std::sync::Arc;

use axum::extract::{Extension, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use entities::audit::tree::TILE_WIDTH;

use super::answer::Refusal;
use super::asset::refusal;
use super::credential::Credential;
use super::media::Media;
use super::resource::Record;
use super::{Gateway, graphql};
use crate::auth::actor::{Caller, Origin};
use crate::auth::policy::Operation;
use crate::error::{Error, Result};
use crate::service::log::{self, Place};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// There is a new checkpoint every second.
const BRIEFLY: HeaderValue = HeaderValue::from_static("public, max-age=1");
/// A key signs for 30 days beside its successor.
const AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");
/// What is signed does not change.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Nor do entries, but a copy of them is for their reader alone.
const FOR_ONE: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
const BY_TOKEN: HeaderValue = HeaderValue::from_static("Authorization, X-Agent-Token");

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Checkpoint,
    Key,
    Tile(u8, Place),
    Entries(Place),
}

/// Answers whatever is asked of the log.
pub(super) async fn answer(
    State(gateway): State<Arc<Gateway>>,
    Extension(origin): Extension<Origin>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let request_id = origin.request_id;
    let mut record = Record::begin(gateway.clone(), "tlog", request.method(), origin.clone());
    let (head, _) = request.into_parts();
    match run(&gateway, &path, &head, origin, &mut record).await {
        Ok(answer) => {
            record.answered(answer.status());
            answer
        }
        Err(refusal) => {
            record.refused(refusal.status, &refusal.error);
            refusal.into_http(Media::Json, request_id)
        }
    }
}

async fn run(
    gateway: &Gateway,
    path: &str,
    request: &Parts,
    origin: Origin,
    record: &mut Record,
) -> Result<Response, Refusal> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Err(Refusal::method("GET, HEAD"));
    }
    let Some(wanted) = wanted(path) else {
        let nothing = Error::not_found("part of the log", path);
        return Err(Refusal::new(StatusCode::NOT_FOUND, nothing));
    };
    let caller = match wanted {
        Wanted::Entries(_) => {
            let credential = Credential::of_headers(&request.headers);
            let caller = credential.caller(&gateway.service, origin).await;
            caller.map_err(refusal)?
        }
        Wanted::Checkpoint | Wanted::Key | Wanted::Tile(..) => {
            crate::service::session::anonymous(origin)
        }
    };
    record.by(&caller);
    gateway.service.rates.spend(&caller, 1).map_err(refusal)?;
    let found = find(gateway, &caller, wanted).await;
    found.map_err(|error| {
        graphql::report(gateway, &caller, &error);
        refusal(error)
    })
}

async fn find(gateway: &Gateway, caller: &Caller, wanted: Wanted) -> Result<Response> {
    let service = &gateway.service;
    let text = |cached, text: String| ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, cached)], text);
    let bytes = |cached, bytes: Vec<u8>| ([(CONTENT_TYPE, BYTES), (CACHE_CONTROL, cached)], bytes);
    Ok(match wanted {
        Wanted::Checkpoint => text(BRIEFLY, log::latest(service).await?.row.note).into_response(),
        Wanted::Key => {
            let keys = service.log_keys.verifiers(&service.db).await?;
            let lines = keys.iter().map(|key| format!("{key}\n"));
            text(AN_HOUR, lines.collect()).into_response()
        }
        Wanted::Tile(level, place) => {
            bytes(FOR_EVER, log::tile(service, level, place).await?).into_response()
        }
        Wanted::Entries(place) => {
            service.allow(caller, Operation::AuditLog)?;
            let bundle = log::bundle(service, place).await?;
            ([(VARY, BY_TOKEN)], bytes(FOR_ONE, bundle)).into_response()
        }
    })
}

/// `checkpoint`, `key`, `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`, spelled exactly so.
fn wanted(path: &str) -> Option<Wanted> {
    match path {
        "checkpoint" => return Some(Wanted::Checkpoint),
        "key" => return Some(Wanted::Key),
        _ => {}
    }
    let (level, place) = path.strip_prefix("tile/")?.split_once('/')?;
    let place = read_place(place)?;
    match level {
        "entries" => Some(Wanted::Entries(place)),
        level => Some(Wanted::Tile(number(level, 63)?.try_into().ok()?, place)),
    }
}

/// `x001/x234/067`, with `.p/<W>` behind it for a tile that is not full.
fn read_place(text: &str) -> Option<Place> {
    let (index, width) = match text.split_once(".p/") {
        Some((index, width)) => (
            index,
            number(width, TILE_WIDTH - 1).filter(|width| *width > 0)?,
        ),
        None => (text, TILE_WIDTH),
    };
    let mut parts: Vec<&str> = index.split('/').collect();
    let last = parts.pop()?;
    let digits = |part: &str| {
        (part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<u64>().ok())
    };
    let mut value = 0u64;
    for part in &parts {
        value = value
            .checked_mul(1000)?
            .checked_add(digits(part.strip_prefix('x')?)??)?;
    }
    value = value.checked_mul(1000)?.checked_add(digits(last)??)?;
    // Another spelling with zeros before it would be another page of the same.
    let canonical = parts.first().is_none_or(|first| *first != "x000");
    canonical.then_some(Place {
        index: value,
        width,
    })
}

/// A decimal number up to a limit, without zeros before it.
fn number(text: &str, most: u64) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number <= most && number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_tlog_tiles_spells_them() {
        let full = |index| Place { index, width: 256 };
        let known = [
            ("checkpoint", Wanted::Checkpoint),
            ("key", Wanted::Key),
            ("tile/0/000", Wanted::Tile(0, full(0))),
            ("tile/63/x001/x234/067", Wanted::Tile(63, full(1_234_067))),
            (
                "tile/1/002.p/17",
                Wanted::Tile(
                    1,
                    Place {
                        index: 2,
                        width: 17,
                    },
                ),
            ),
            (
                "tile/entries/x001/000.p/255",
                Wanted::Entries(Place {
                    index: 1000,
                    width: 255,
                }),
            ),
        ];
        for (path, meant) in known {
            assert_eq!(wanted(path), Some(meant), "{path}");
        }
    }

    #[test]
    fn nothing_else_is_a_part_of_the_log() {
        for path in [
            "",
            "checkpoint/",
            "tile",
            "tile/0",
            "tile/64/000",
            "tile/00/000",
            "tile/+1/000",
            "tile/-1/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x1/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/07",
            "tile/0/000.p/",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "tile/data/000",
        ] {
            assert_eq!(wanted(path), None, "{path}");
        }
    }

    #[test]
    fn fuzz_tlog_paths() {
        use crate::fuzz::{fuzz, soup};
        const WORDS: &[&str] = &[
            "tile/",
            "entries/",
            "/",
            "0",
            "1",
            "63",
            "64",
            "000",
            "001",
            "x000/",
            "x001/",
            "999",
            ".p/",
            "1",
            "255",
            "256",
            "07",
            "+",
            "-",
            "checkpoint",
            "key",
            "..",
            "%2e",
        ];
        let spelled = |place: Place| {
            let digits = place.index.to_string();
            let width = digits.len().div_ceil(3) * 3;
            let digits = format!("{digits:0>width$}");
            let groups: Vec<&str> = (0..digits.len())
                .step_by(3)
                .map(|at| &digits[at..at + 3])
                .collect();
            let (last, before) = groups.split_last().unwrap_or((&"", &[]));
            let before: String = before.iter().map(|group| format!("x{group}/")).collect();
            let width = match place.width {
                TILE_WIDTH => String::new(),
                width => format!(".p/{width}"),
            };
            format!("{before}{last}{width}")
        };
        // A part of the log has one name.
        fuzz("fuzz_tlog_paths", soup(WORDS, 8), |path| {
            match wanted(&path) {
                None => {}
                Some(Wanted::Checkpoint) => assert_eq!(path, "checkpoint"),
                Some(Wanted::Key) => assert_eq!(path, "key"),
                Some(Wanted::Tile(level, place)) => {
                    assert_eq!(path, format!("tile/{level}/{}", spelled(place)));
                }
                Some(Wanted::Entries(place)) => {
                    assert_eq!(path, format!("tile/entries/{}", spelled(place)));
                }
            }
        });
    }
}
