//! `/assets/ID/content`: bytes of assets, put once by their maker and served so that nothing in them can run (spec R4.02). Floor 5.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, HeaderMap};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

mod body;
mod range;
mod serve;

use super::answer::Refusal;
use super::credential::Credential;
use super::media::Media;
use super::resource::Record;
use super::{Gateway, graphql};
use crate::auth::actor::{Caller, Origin};
use crate::error::{Code, Error};
use crate::service::asset::{self, Put};
use body::Upload;

/// Answers whatever comes to an asset's bytes.
pub(super) async fn answer(
    State(gateway): State<Arc<Gateway>>,
    Extension(origin): Extension<Origin>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let request_id = origin.request_id;
    let mut record = Record::begin(gateway.clone(), "asset", request.method(), origin.clone());
    match run(&gateway, &id, request, origin, &mut record).await {
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
    gateway: &Arc<Gateway>,
    id: &str,
    request: Request,
    origin: Origin,
    record: &mut Record,
) -> Result<Response, Refusal> {
    let credential = Credential::of_headers(request.headers());
    let known = credential.caller(&gateway.service, origin).await;
    let caller = known.map_err(refusal)?;
    record.by(&caller);
    gateway.service.rates.spend(&caller, 1).map_err(refusal)?;
    let (head, body) = request.into_parts();
    let outcome = match head.method {
        Method::GET | Method::HEAD => serve::serve(gateway, &caller, id, &head).await,
        Method::PUT => put(gateway, &caller, id, &head.headers, body).await,
        _ => Err(Refusal::method("GET, HEAD, PUT")),
    };
    if let Err(refusal) = &outcome {
        graphql::report(gateway, &caller, &refusal.error);
    }
    outcome
}

/// Takes the bytes, and says what was taken.
async fn put(
    gateway: &Gateway,
    caller: &Caller,
    id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if let Some(refusal) = refused_form(headers) {
        return Err(refusal);
    }
    let Ok(_place) = gateway.uploads.try_acquire() else {
        let busy = "too many uploads are under way";
        return Err(refusal(Error::Unavailable(busy)));
    };
    let length = headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let upload = Upload::of(body, gateway);
    let late = upload.late();
    let taken = asset::put_content(&gateway.service, caller, id, length, upload).await;
    let Put { asset, kept } = taken.map_err(|error| match late.get() {
        Some(()) => Refusal::new(StatusCode::REQUEST_TIMEOUT, error),
        None => refusal_of_put(error),
    })?;
    if kept {
        let size = asset.byte_size.and_then(|size| u64::try_from(size).ok());
        gateway
            .metrics
            .asset_bytes_stored
            .inc_by(size.unwrap_or_default());
    }
    let taken = json!({
        "id": asset.id,
        "uri": asset::uri(&asset),
        "byteSize": asset.byte_size,
        "sha256": asset.sha256,
    });
    Ok(Json(taken).into_response())
}

/// Bytes are taken as they are, and all of them.
fn refused_form(headers: &HeaderMap) -> Option<Refusal> {
    let codings = headers.get_all(CONTENT_ENCODING).iter();
    let mut coded = codings.filter(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if coded.next().is_some() {
        let error = Error::bad_input("", "contentEncoding", "send the bytes as they are");
        return Some(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    headers.contains_key(CONTENT_RANGE).then(|| {
        let error = Error::bad_input("", "contentRange", "send all bytes at once");
        Refusal::new(StatusCode::BAD_REQUEST, error)
    })
}

/// Bytes that are not those registered were understood and cannot be taken.
fn refusal_of_put(error: Error) -> Refusal {
    match error.code() {
        Code::BadUserInput => Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error),
        _ => refusal(error),
    }
}

/// The status of an error.
pub(super) fn refusal(error: Error) -> Refusal {
    let status = match error.code() {
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::BadUserInput => StatusCode::BAD_REQUEST,
        Code::Conflict | Code::InvalidTransition => StatusCode::CONFLICT,
        Code::LimitExceeded => StatusCode::PAYLOAD_TOO_LARGE,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Refusal::new(status, error)
}
