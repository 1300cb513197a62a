//! Archives (spec R5.08): months of the log that lie in the store of the assets' bytes, each verifiable by itself, and no longer in the
//! database. Floor 3.
//!
//! The order is safe against a process that dies at any point and against replicas that do it at once. Both files are put under keys that are
//! used once and written down before (`entities::asset::leftover`), so that what an attempt leaves is cleared away and never taken for
//! another's. They are read back and verified whole. Then one unit makes the archive's row with its entry, under a lock and only where the
//! archives end at that moment. Only after that the database lets the entries go, in the order of their numbers, and whoever
//! comes next goes on where the last one stopped.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use entities::audit::{AuditAction, archive, checkpoint};
use futures::TryStreamExt;
use tokio::sync::watch;

mod month;

pub use month::Month;

use super::export::{Sent, Writer};
use super::verify;
use crate::auth::actor::Caller;
use crate::auth::note::{Kind, Manifest};
use crate::error::{Error, Result};
use crate::service::{Service, asset};
use crate::store::{Entry, Tx, archive as stored, tree};

/// Entries stay in the database for so long at least: six months (spec R5.08).
pub const MINIMUM: Duration = Duration::from_secs(184 * 86_400);
/// How often the duty looks for a month that is old enough.
const PERIOD: Duration = Duration::from_secs(3_600);
/// How long an attempt may take before its files count as left over.
const ATTEMPT: TimeDelta = TimeDelta::hours(24);
/// How many entries leave the database in one unit.
const BATCH: i64 = 1_000;
const DUTY: &str = "audit.retention";

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// The archives that it made, in the order of the log.
    pub archives: Vec<archive::Model>,
    /// How many entries it took out of the database: of these archives, and of one that an earlier run had not ended.
    pub entries: u64,
}

/// Archives what is older than the setting says, every hour, until `shutdown` turns true. To be broken off does it no harm.
pub async fn keep_retention(service: Service, mut shutdown: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let work = async {
        loop {
            ticks.tick().await;
            if let Err(error) = run(&service, None).await {
                crate::service::duty::report(&service, DUTY, &error);
            }
        }
    };
    tokio::select! {
        () = work => {}
        _ = shutdown.wait_for(|down| *down) => {}
    }
}

/// Archives every whole month before `before`; without one, every month that is older than the setting `audit_retention` says. The
/// operation is the data directory's owner's, or the duty's.
///
/// # Errors
/// BAD_USER_INPUT for a month that is not over for six months; of the database and of the store.
#[tracing::instrument(name = "audit.archive", skip_all)]
pub async fn run(service: &Service, before: Option<Month>) -> Result<Done> {
    let now = service.db.clock().now();
    let since = |time: Duration| {
        let time = TimeDelta::from_std(time).map_err(Error::internal)?;
        let moment = now.checked_sub_signed(time);
        Ok::<_, Error>(Month::of(moment.unwrap_or(chrono::DateTime::UNIX_EPOCH)))
    };
    let youngest = since(MINIMUM)?;
    let before = match before {
        Some(before) if before > youngest => {
            let message = format!(
                "entries stay for six months at least: at present {youngest} is the last month that can be named"
            );
            return Err(Error::bad_input("before", "range", message));
        }
        Some(before) => before,
        None => since(service.settings.audit_retention.max(MINIMUM))?,
    };
    let mut done = Done {
        entries: clear(service).await?,
        ..Done::default()
    };
    while let Some(made) = archive_month(service, before).await? {
        tracing::info!(
            first = made.first_sequence,
            next = made.next_sequence,
            "a month of the log was archived"
        );
        done.archives.push(made);
        done.entries += clear(service).await?;
    }
    Ok(done)
}

/// The oldest month of the database, as numbers, where it is over before `before`.
async fn oldest(service: &Service, before: Month) -> Result<Option<Range<i64>>> {
    let first = stored::first_kept(&service.db).await?;
    let Some(written) = stored::written_at(&service.db, first).await? else {
        return Ok(None);
    };
    let month = Month::of(written);
    if month >= before {
        return Ok(None);
    }
    let end = *service.db.sequenced().borrow();
    let next = stored::passes(&service.db, first, end, month.next().begin()).await?;
    Ok((next > first).then_some(first..next))
}

/// Archives one month, if there is one to archive; none where not, or where another replica was before us.
async fn archive_month(service: &Service, before: Month) -> Result<Option<archive::Model>> {
    let Some(places) = oldest(service, before).await? else {
        return Ok(None);
    };
    // Entries of months ago were signed long since, unless nothing has signed meanwhile.
    let signed = tree::latest(&service.db).await?;
    let Some(signed) = signed.filter(|signed| signed.size >= places.end) else {
        return Ok(None);
    };
    let itself = Caller::control_center(service.db.request_id());
    let keys = service.db.write(&itself, async |tx: &mut Tx| {
        let (Range { start, end }, attempt) = (&places, tx.distinction());
        let name = |kind| format!("audit-archive/{start}-{end}-{attempt}.{kind}");
        let keys = Keys {
            body: name("ndjson"),
            manifest: name("manifest"),
        };
        let due_at = tx.now() + ATTEMPT;
        tx.reserve_keys(&[&keys.body, &keys.manifest], due_at)
            .await?;
        Ok(keys)
    });
    let keys = keys.await?;
    let made = make(service, &itself, &keys, places, &signed).await;
    if !matches!(made, Ok(Some(_))) {
        // Also where the answer of the unit was lost that took the keys: then they are not there to be cleared.
        for key in [&keys.body, &keys.manifest] {
            asset::clear_now(service, key).await;
        }
    }
    made
}

/// Where the files of one attempt lie.
struct Keys {
    body: String,
    manifest: String,
}

async fn make(
    service: &Service,
    itself: &Caller,
    keys: &Keys,
    places: Range<i64>,
    signed: &checkpoint::Model,
) -> Result<Option<archive::Model>> {
    let sent = write_body(service, itself, &keys.body, &places, signed.size).await?;
    let number = |number: i64| u64::try_from(number).map_err(Error::internal);
    let manifest = Manifest {
        origin: service.log_keys.origin().to_owned(),
        kind: Kind::Archive,
        first: number(places.start)?,
        next: number(places.end)?,
        rows: number(sent.rows)?,
        bytes: number(sent.bytes)?,
        sha256: sent.sha256.clone(),
        checkpoint: signed.note.clone(),
    };
    let note = service.log_keys.signers().sign_manifest(&manifest);
    let mut writer = service.shelf.write(&keys.manifest).await?;
    put(service, itself, &keys.manifest, &mut writer, note.clone()).await?;
    writer.finish().await?;
    read_back(service, keys, &note).await?;
    let unit = async |tx: &mut Tx| {
        // Of replicas that did the same at once one is the first.
        if tx.lock_archives().await? != places.start {
            return Ok(None);
        }
        if !(tx.take_key(&keys.body).await? && tx.take_key(&keys.manifest).await?) {
            return Err(Error::Unavailable("the archive took too long to write"));
        }
        let row = archive::Model {
            first_sequence: places.start,
            next_sequence: places.end,
            object_key: keys.body.clone(),
            manifest_key: keys.manifest.clone(),
            byte_size: sent.bytes,
            sha256: sent.sha256.clone(),
            checkpoint_size: signed.size,
            manifest: note,
            created_at: tx.now(),
        };
        let entry = Entry::new(AuditAction::AuditArchived);
        tx.insert::<archive::Entity>(row.clone(), entry).await?;
        Ok(Some(row))
    };
    service.db.write(itself, unit).await
}

async fn write_body(
    service: &Service,
    itself: &Caller,
    key: &str,
    places: &Range<i64>,
    signed: i64,
) -> Result<Sent> {
    let mut body = Writer::of_archive(places.clone(), signed);
    let mut writer = service.shelf.write(key).await?;
    while let Some(piece) = body.next(&service.db).await? {
        put(service, itself, key, &mut writer, piece).await?;
    }
    writer.finish().await?;
    Ok(body.sent())
}

async fn put(
    service: &Service,
    itself: &Caller,
    key: &str,
    writer: &mut crate::store::shelf::Writer,
    bytes: impl Into<Bytes>,
) -> Result<()> {
    let mut bytes = bytes.into();
    while !bytes.is_empty() {
        if let Some(upload_id) = writer.put(&mut bytes).await? {
            let note = async |tx: &mut Tx| tx.note_upload(key, &upload_id).await;
            service.db.write(itself, note).await?;
        }
    }
    Ok(())
}

/// Reads both files as whoever comes in ten years will: what does not hold then is not relied upon now.
async fn read_back(service: &Service, keys: &Keys, note: &str) -> Result<()> {
    let stored = verify::archive::manifest_at(&service.shelf, &keys.manifest).await?;
    if stored != note {
        return Err(Error::internal(
            "the manifest of an archive reads back as another",
        ));
    }
    let trusted = service.log_keys.verifiers(&service.db).await?;
    let mut pieces = service.shelf.read(&keys.body, None).await?;
    let mut check = verify::archive::Check::begin(&stored, &trusted).map_err(Error::internal)?;
    while let Some(piece) = pieces.try_next().await? {
        check.take(&piece);
    }
    match check.end().flaws.first() {
        None => Ok(()),
        Some(flaw) => Err(Error::internal(format!(
            "an archive that was just written does not hold: {flaw}"
        ))),
    }
}

/// Takes archived entries out of the database, the oldest first, from where whoever did it before has stopped; returns how many.
async fn clear(service: &Service) -> Result<u64> {
    let end = stored::first_kept(&service.db).await?;
    let mut first = stored::first_present(&service.db, end).await?;
    let itself = Caller::control_center(service.db.request_id());
    let mut cleared = 0;
    while first < end {
        let places = first..end.min(first + BATCH);
        first = places.end;
        let unit = async |tx: &mut Tx| tx.delete_archived(places).await;
        cleared += service.db.write(&itself, unit).await?;
    }
    Ok(cleared)
}
