//! Exports of the log (spec R5.07): a link that freezes what it is about, a body that is streamed in constant memory, a manifest behind it. Floor 3.

use bytes::Bytes;
use chrono::TimeDelta;
use entities::agent;
use entities::audit::AuditAction;
use entities::audit::export::{self, AuditExportFormat};
use entities::id::{AgentId, ExportId};
use entities::json::JsonText;
use futures::stream::{BoxStream, StreamExt, try_unfold};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

mod csv;
mod ndjson;
mod writer;

pub use writer::{Sent, Writer, manifest as manifest_of};

use super::latest;
use crate::auth::actor::{Caller, Principal};
use crate::auth::policy::{self, Operation};
use crate::auth::secret::Secret;
use crate::error::{Error, Result};
use crate::service::Service;
use crate::service::audit::Filter;
use crate::store::clock::uuid_at;
use crate::store::{Entry, Tx, archive};

/// How long a link is good.
const LINK: TimeDelta = TimeDelta::minutes(5);

/// An export that was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The row.
    pub row: export::Model,
    /// What its link says, this once.
    pub link: Secret,
}

/// Makes the link of an export. It freezes filter and size: what comes later is not in it, whenever it is used.
///
/// # Errors
/// FORBIDDEN; UNAVAILABLE in the moment before the log has a first checkpoint.
#[tracing::instrument(name = "audit.export", skip_all)]
pub async fn ask(
    service: &Service,
    caller: &Caller,
    filter: &Filter,
    format: AuditExportFormat,
) -> Result<Asked> {
    service.allow(caller, Operation::ExportAuditLog)?;
    let size = latest(service).await?.row.size;
    let first_sequence = begin(&service.db).await?;
    let link = Secret::generate().map_err(Error::internal)?;
    let unit = async |tx: &mut Tx| {
        let now = tx.now();
        let row = export::Model {
            id: ExportId::new(uuid_at(now)),
            link_sha256: link.sha256().to_vec(),
            creator_id: tx.actor()?.agent.id.clone(),
            format,
            filter: JsonText::of(&filter.to_json()),
            size,
            first_sequence,
            created_at: now,
            expires_at: now + LINK,
            sent_at: None,
            row_count: None,
            byte_size: None,
            sha256: None,
        };
        let entry = Entry::new(AuditAction::AuditExported);
        tx.insert::<export::Entity>(row.clone(), entry).await?;
        Ok(row)
    };
    let row = service
        .perform(caller, Operation::ExportAuditLog, unit)
        .await?;
    Ok(Asked { row, link })
}

/// From which number on there are entries, where older ones were archived.
///
/// # Errors
/// Of the database.
pub async fn begin(db: &impl ConnectionTrait) -> Result<Option<i64>> {
    let first = archive::first_kept(db).await?;
    Ok((first > 0).then_some(first))
}

/// The export of a link, as long as it is good and who asked for it is still allowed to.
///
/// # Errors
/// NOT_FOUND for a link that is none, or not good any more; FORBIDDEN where who asked may not read the log now.
pub async fn find(service: &Service, link: &str) -> Result<export::Model> {
    let nothing = || Error::not_found("export", "of this link");
    let link = Secret::parse(link).map_err(|_| nothing())?;
    let of_link = export::Column::LinkSha256.eq(link.sha256().to_vec());
    let found = export::Entity::find()
        .filter(of_link)
        .one(&service.db)
        .await?;
    let row = found.ok_or_else(nothing)?;
    if service.db.clock().now() >= row.expires_at {
        return Err(nothing());
    }
    let creator = agent::Entity::find_by_id(row.creator_id.clone())
        .one(&service.db)
        .await?;
    policy::may_still_export(creator.as_ref())?;
    Ok(row)
}

/// The body, piece by piece; when its last piece has been taken, the manifest is there and the log knows of it.
///
/// # Errors
/// BAD_USER_INPUT where the stored filter is none; in the stream, of the database.
pub fn body(
    service: &Service,
    caller: Caller,
    row: export::Model,
) -> Result<BoxStream<'static, Result<Bytes>>> {
    let writer = Writer::new(
        row.format,
        Filter::from_json(&row.filter.value())?,
        row.first_sequence.unwrap_or(0),
        row.size,
    );
    let service = service.clone();
    let state = Some((writer, row, caller));
    let pieces = try_unfold(state, move |state| {
        let service = service.clone();
        async move {
            let Some((mut writer, row, caller)) = state else {
                return Ok(None);
            };
            if let Some(piece) = writer.next(&service.db).await? {
                return Ok(Some((piece, Some((writer, row, caller)))));
            }
            sent(&service, &caller, row, writer.sent()).await?;
            Ok(None)
        }
    });
    Ok(pieces.boxed())
}

/// Keeps that the owner of the database has exported something past the edge: as an export whose link was never good.
///
/// # Errors
/// Of the database.
pub async fn keep(service: &Service, caller: &Caller, export: &Done) -> Result<()> {
    let unit = async |tx: &mut Tx| {
        let now = tx.now();
        let link = Secret::generate().map_err(Error::internal)?;
        let row = export::Model {
            id: ExportId::new(uuid_at(now)),
            link_sha256: link.sha256().to_vec(),
            creator_id: AgentId::control_center(),
            format: export.format,
            filter: JsonText::of(&export.filter),
            size: export.size,
            first_sequence: export.first,
            created_at: now,
            expires_at: now,
            sent_at: Some(now),
            row_count: Some(export.sent.rows),
            byte_size: Some(export.sent.bytes),
            sha256: Some(export.sent.sha256.clone()),
        };
        let entry = Entry::new(AuditAction::AuditExported);
        tx.insert::<export::Entity>(row, entry).await.map(drop)
    };
    service.db.write(caller, unit).await
}

/// An export that was written elsewhere.
#[derive(Debug, Clone)]
pub struct Done {
    /// How it was written.
    pub format: AuditExportFormat,
    /// Which entries.
    pub filter: Value,
    /// From this number on, where older entries were archived.
    pub first: Option<i64>,
    /// Of the first so many.
    pub size: i64,
    /// What was written.
    pub sent: Sent,
}

/// Keeps what the manifest says.
async fn sent(service: &Service, caller: &Caller, row: export::Model, sent: Sent) -> Result<()> {
    let itself = Caller {
        principal: Principal::ControlCenter,
        origin: caller.origin.clone(),
    };
    let unit = async |tx: &mut Tx| {
        let after = export::Model {
            sent_at: Some(tx.now()),
            row_count: Some(sent.rows),
            byte_size: Some(sent.bytes),
            sha256: Some(sent.sha256.clone()),
            ..row.clone()
        };
        let now = export::Entity::find_by_id(row.id).one(tx).await?;
        let before = now.ok_or_else(|| Error::not_found("export", row.id))?;
        let entry = Entry::new(AuditAction::AuditExported);
        tx.update::<export::Entity>(&before, after, entry).await
    };
    service.db.write(&itself, unit).await.map(drop)
}

/// What is said of a body that was sent: whoever has both can see that they belong together, and to which state of the log.
///
/// # Errors
/// CONFLICT, retryable, while the body was not sent to its end.
pub async fn manifest(service: &Service, row: &export::Model) -> Result<Value> {
    let sent = Sent::of(row).ok_or_else(|| {
        Error::conflict_with(
            "the body was not sent to its end yet",
            json!({"retryable": true}),
        )
    })?;
    writer::manifest(
        &service.db,
        row.format,
        &row.filter.value(),
        (row.first_sequence, row.size),
        &sent,
    )
    .await
}
