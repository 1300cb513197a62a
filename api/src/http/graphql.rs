//! `/graphql` over HTTP: POST of JSON, GET for what changes nothing; a GET that asks for an upgrade becomes a socket, and who accepts
//! events gets a stream of them. Floor 5.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::http::header::{CONTENT_LENGTH, HeaderMap, UPGRADE};
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::answer::{Answer, Refusal};
use super::credential::Credential;
use super::intake::{self, Kind, Operation, Parameters};
use super::media::{self, Media};
use super::record::Record;
use super::{Gateway, event_stream, execution, socket};
use crate::auth::actor::{Caller, Origin};
use crate::error::Error;
use crate::service::admission::Urgency;

/// Answers whatever comes to `/graphql`.
pub(super) async fn answer(
    State(gateway): State<Arc<Gateway>>,
    Extension(origin): Extension<Origin>,
    request: Request,
) -> Response {
    let request_id = origin.request_id;
    if request.method() == Method::GET && request.headers().contains_key(UPGRADE) {
        return socket::upgrade(gateway, origin, request).await;
    }
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        _ => "OTHER",
    };
    let mut record = Record::begin(gateway.clone(), method, origin.clone());
    let events = media::accepts_events(request.headers());
    let plain = Media::accepted(request.headers());
    if plain.is_none() && !events {
        let reason = "answers come as application/graphql-response+json, application/json or text/event-stream";
        let refusal = Refusal::new(
            StatusCode::NOT_ACCEPTABLE,
            Error::bad_input("", "accept", reason),
        );
        record.refused(&refusal.error);
        return refusal.into_http(Media::Json, request_id);
    }
    // Who accepts nothing but events is still told by a status what no stream begins with.
    let media = plain.unwrap_or(Media::GraphqlResponse);
    let last_seen = event_stream::last_seen(request.headers());
    let (caller, operation) = match begin(&gateway, request, origin, &mut record).await {
        Ok(Begun { caller, operation }) => (caller, operation),
        Err(Unbegun::Answered(answer)) => {
            record.answered(&answer);
            return answer.into_http(media);
        }
        Err(Unbegun::Refused(refusal)) => {
            record.refused(&refusal.error);
            return refusal.into_http(media, request_id);
        }
    };
    let answer = match operation.kind {
        Some(Kind::Subscription) if events => {
            return event_stream::follow(gateway, media, caller, operation, last_seen, record)
                .await;
        }
        Some(Kind::Subscription) => {
            let reason = "subscriptions come over a WebSocket that speaks graphql-transport-ws, or as text/event-stream";
            Answer::of_error(&Error::bad_input("query", "transport", reason), request_id)
        }
        _ => once(&gateway, operation, caller).await,
    };
    record.answered(&answer);
    match plain {
        Some(media) => answer.into_http(media),
        None => event_stream::of_answer(&answer),
    }
}

/// A request that is ready to be executed.
struct Begun {
    caller: Caller,
    operation: Operation,
}

/// One that is not, and why.
enum Unbegun {
    /// Its token is not good, or its caller asks too much.
    Answered(Answer),
    /// It is no proper request over HTTP.
    Refused(Refusal),
}

impl From<Refusal> for Unbegun {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// From the request to what it asks for, and by whom.
async fn begin(
    gateway: &Gateway,
    request: Request,
    origin: Origin,
    record: &mut Record,
) -> Result<Begun, Unbegun> {
    let request_id = origin.request_id;
    let reads_only = request.method() == Method::GET;
    let credential = Credential::of_headers(request.headers());
    let parameters = parameters(gateway, request).await?;
    let refused = |error| Unbegun::Answered(Answer::of_error(&error, request_id));
    let operation = Operation::parse(parameters, gateway.registered.as_ref());
    let mut operation = operation.map_err(refused)?;
    record.of(&operation);
    admit(gateway, &credential, &mut operation)
        .await
        .map_err(refused)?;
    let caller = credential.caller(&gateway.service, origin).await;
    let caller = caller.map_err(refused)?;
    record.by(&caller);
    spend(gateway, &caller, &mut operation).map_err(refused)?;
    if reads_only && operation.kind == Some(Kind::Mutation) {
        return Err(Refusal::method("POST").into());
    }
    Ok(Begun { caller, operation })
}

/// Gives an operation a place, before the database is asked for anything; it has it until it is answered. Streams need none.
/// Who shows no token has no work under way.
pub(super) async fn admit(
    gateway: &Gateway,
    credential: &Credential,
    operation: &mut Operation,
) -> Result<(), Error> {
    if operation.kind == Some(Kind::Subscription) {
        return Ok(());
    }
    let urgency = match credential {
        Credential::Token(_) => operation.urgency,
        Credential::None | Credential::Unusable => Urgency::Any,
    };
    let place = gateway.service.admission.enter(urgency).await?;
    operation.request.data.insert(place);
    Ok(())
}

/// Takes what an operation costs from its caller's rate, before anything of it is executed.
pub(super) fn spend(
    gateway: &Gateway,
    caller: &Caller,
    operation: &mut Operation,
) -> Result<(), Error> {
    let price = gateway.schema.price(&mut operation.request);
    gateway.service.rates.spend(caller, price)
}

/// Reads what a well-formed request says.
async fn parameters(gateway: &Gateway, request: Request) -> Result<Parameters, Refusal> {
    let malformed = |error| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error);
    if request.method() == Method::GET {
        return Parameters::of_url(request.uri().query().unwrap_or_default()).map_err(malformed);
    }
    if request.method() != Method::POST {
        return Err(Refusal::method("GET, POST"));
    }
    if !media::is_json(request.headers()) {
        let error = Error::bad_input(
            "",
            "contentType",
            "send the request as application/json in UTF-8",
        );
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    if media::is_encoded(request.headers()) {
        let error = Error::bad_input(
            "",
            "contentEncoding",
            "send the request as it is, not compressed",
        );
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    let (head, body) = request.into_parts();
    let body = read(gateway, &head.headers, body).await?;
    let json = intake::json(&body).map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error))?;
    Parameters::of_json(json).map_err(malformed)
}

/// Reads a body within its limits of size and time, whether or not it says its size beforehand.
async fn read(
    gateway: &Gateway,
    headers: &HeaderMap,
    body: Body,
) -> Result<axum::body::Bytes, Refusal> {
    let limit = gateway.limits.max_body_bytes;
    let too_large = |requested: u64| {
        let error = Error::LimitExceeded {
            limit: "bytes of a request body",
            value: limit as u64,
            requested,
        };
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error)
    };
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if let Some(announced) = announced.filter(|announced| *announced > limit as u64) {
        return Err(too_large(announced));
    }
    match tokio::time::timeout(gateway.limits.body_timeout, to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // The body ends at the limit, so that nobody knows by how much it is crossed; or the client left, and hears nothing anyway.
        Ok(Err(_)) => Err(too_large(limit as u64 + 1)),
        Err(_) => {
            let error = Error::Unavailable("the request body did not arrive in time");
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, error))
        }
    }
}

/// Runs a query or mutation to its answer, over whichever transport it came.
pub(super) async fn once(gateway: &Gateway, operation: Operation, caller: Caller) -> Answer {
    let request_id = caller.origin.request_id;
    let parsed = operation.is_parsed;
    let running = gateway.schema.execute(&caller, operation.request);
    match execution::once(running, gateway.limits.operation_timeout).await {
        Ok(response) => Answer::of_response(response, parsed, request_id),
        Err(error) => {
            report(gateway, &caller, &error);
            Answer::of_error(&error, request_id)
        }
    }
}

/// An INTERNAL answer leaves its cause in the log and an entry without one in the audit log (spec R5.04).
pub(super) fn report(gateway: &Gateway, caller: &Caller, error: &Error) {
    if let Error::Internal(cause) = error {
        tracing::error!(request_id = %caller.origin.request_id, cause = %cause.0, "internal error");
        gateway.service.denials.report_fault(caller, "graphql");
    }
}
