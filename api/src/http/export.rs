//! `/audit/export/LINK`: the log as a file, for whoever was given the link, and its manifest behind it (spec R5.07). Floor 5.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use entities::audit::export::AuditExportFormat;
use futures::StreamExt;

use super::answer::Refusal;
use super::asset::refusal;
use super::media::Media;
use super::resource::Record;
use super::{Gateway, graphql};
use crate::auth::actor::{Caller, Origin};
use crate::error::{Error, Result};
use crate::service::log::export;
use crate::service::session;

/// How many bodies may be under way: each holds a connection of the database for a page at a time.
pub(super) const AT_ONCE: usize = 4;

/// Answers with the body.
pub(super) async fn body(
    State(gateway): State<Arc<Gateway>>,
    Extension(origin): Extension<Origin>,
    Path(link): Path<String>,
    request: Request,
) -> Response {
    answer(gateway, origin, request, async |gateway, caller| {
        let Ok(place) = gateway.exports.clone().try_acquire_owned() else {
            return Err(Error::Unavailable("too many exports are under way"));
        };
        let row = export::find(&gateway.service, &link).await?;
        let (media, ending) = match row.format {
            AuditExportFormat::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
            AuditExportFormat::Ndjson => ("application/x-ndjson", "ndjson"),
        };
        let name = format!("attachment; filename=\"audit-{}.{ending}\"", row.size);
        let name = HeaderValue::from_str(&name).map_err(Error::internal)?;
        let pieces = export::body(&gateway.service, caller.clone(), row)?;
        // The place is given back when the body ends, however it does.
        let pieces = pieces.map(move |piece| {
            let _held = &place;
            piece.map_err(|error| {
                tracing::warn!(%error, "an export breaks off");
                std::io::Error::other("the export breaks off")
            })
        });
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(media)),
            (CONTENT_DISPOSITION, name),
        ];
        Ok((headers, Body::from_stream(pieces)).into_response())
    })
    .await
}

/// Answers with the manifest.
pub(super) async fn manifest(
    State(gateway): State<Arc<Gateway>>,
    Extension(origin): Extension<Origin>,
    Path(link): Path<String>,
    request: Request,
) -> Response {
    answer(gateway, origin, request, async |gateway, _| {
        let row = export::find(&gateway.service, &link).await?;
        Ok(Json(export::manifest(&gateway.service, &row).await?).into_response())
    })
    .await
}

async fn answer(
    gateway: Arc<Gateway>,
    origin: Origin,
    request: Request,
    run: impl AsyncFnOnce(&Gateway, &Caller) -> Result<Response>,
) -> Response {
    let (head, _) = request.into_parts();
    let request_id = origin.request_id;
    let mut record = Record::begin(gateway.clone(), "export", &head.method, origin.clone());
    if head.method != Method::GET {
        let refusal = Refusal::method("GET");
        record.refused(refusal.status, &refusal.error);
        return refusal.into_http(Media::Json, request_id);
    }
    // The link is all that is needed: whoever asked for it answers for it.
    let caller = session::anonymous(origin);
    match run(&gateway, &caller).await {
        Ok(answer) => {
            record.answered(answer.status());
            answer
        }
        Err(error) => {
            graphql::report(&gateway, &caller, &error);
            if let Some(denial) = error.denial() {
                gateway.service.denials.report(&caller, denial);
            }
            let refusal = refusal(error);
            record.refused(refusal.status, &refusal.error);
            refusal.into_http(Media::Json, request_id)
        }
    }
}
