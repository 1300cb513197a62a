//! The audit log as it grows, for holders of ACCESS_AUDIT_LOGS. Floor 3.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entities::agent::AgentPermission;
use entities::audit::{AuditAction, AuditEntity, entry, personal};
use entities::id::{AgentId, AuditId, RequestId, SessionId};
use futures::{Stream, StreamExt, stream};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::super::Service;
use super::super::audit::{Filter, Record};
use super::super::page::Cursor;
use super::{Place, STREAM, Since, noting, up_to_the_first_error};
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::{Denial, Error, Result};
use crate::store::feed::{Event, FeedEnd};

/// An entry that was sequenced.
#[derive(Debug, Clone)]
pub struct AuditUpdate {
    /// Where to resume.
    pub cursor: Cursor,
    /// The entry, with its place.
    pub record: Record,
}

/// Of so many events that wait the addresses are read at once: replaying costs a query for each of these, not for each entry.
const CHUNK: usize = 100;

/// Follows the audit log. It ends with FORBIDDEN when the caller loses the permission: that is an entry too, so that it is noticed where
/// nothing else happens.
pub async fn audit(
    service: &Service,
    caller: &Caller,
    filter: &Filter,
    since: &Since,
) -> Result<impl Stream<Item = Result<AuditUpdate>> + Send + 'static + use<>> {
    let viewer = caller
        .actor()
        .ok_or(Error::Unauthenticated)?
        .agent
        .id
        .clone();
    let after = since.after(service).await?;
    let wanted = Wanted::of(filter);
    let progress = since.progress.clone();
    let events = service.feed.follow(Some(after)).ready_chunks(CHUNK);
    let reading = service.clone();
    let steps = events.then(move |events| {
        let (service, wanted) = (reading.clone(), wanted.clone());
        async move { steps(&service, wanted.as_ref(), events).await }
    });
    let (service, caller) = (service.clone(), caller.clone());
    let passed = progress.clone();
    // What is marked as passed is marked here, when everything before it has left: chunks are read ahead.
    let updates = steps.flat_map(stream::iter).filter_map(move |step| {
        let update = match step {
            Step::Ended(error) => Some(Err(error)),
            Step::Passed(_) | Step::Gave(_) if !may_follow(&service, &viewer) => {
                Some(service.report(&caller, Operation::AuditStream, lost(&service, &viewer)))
            }
            Step::Passed(sequence) => {
                passed.passed(sequence);
                None
            }
            Step::Gave(record) => Some(Ok(*record)),
        };
        std::future::ready(update)
    });
    let updates = noting(updates, progress, |update: &AuditUpdate| &update.cursor);
    Ok(up_to_the_first_error(updates))
}

/// What becomes of an event.
enum Step {
    Ended(Error),
    Passed(i64),
    Gave(Box<AuditUpdate>),
}

/// By what the fleet says now: it has learned of a change before the event of that change comes here.
fn may_follow(service: &Service, viewer: &AgentId) -> bool {
    let fleet = service.feed.fleet();
    let member = fleet.get(viewer);
    member.is_some_and(|member| {
        member
            .permissions
            .contains(AgentPermission::AccessAuditLogs)
    })
}

fn lost(service: &Service, viewer: &AgentId) -> Result<AuditUpdate> {
    let fleet = service.feed.fleet();
    Err(Error::Forbidden(Denial {
        rule: Operation::AuditStream.name(),
        needed: AgentPermission::AccessAuditLogs.as_str().to_owned(),
        had: fleet
            .get(viewer)
            .map(|member| member.permissions.to_string())
            .unwrap_or_default(),
    }))
}

async fn steps(
    service: &Service,
    wanted: Option<&Wanted>,
    events: Vec<Result<Arc<Event>, FeedEnd>>,
) -> Vec<Step> {
    let passes = |event: &Event| wanted.is_some_and(|wanted| wanted.lets_pass(&event.entry));
    let passing = events.iter().flatten().filter(|event| passes(event));
    let addresses = addresses(service, passing.map(|event| event.entry.id).collect()).await;
    let mut addresses = match addresses {
        Ok(addresses) => addresses,
        // Nothing of them was given: who resumes gets all of them.
        Err(error) => return vec![Step::Ended(error)],
    };
    let steps = events.into_iter().map(|event| match event {
        Err(end) => Step::Ended(end.into()),
        Ok(event) if passes(&event) => Step::Gave(Box::new(AuditUpdate {
            cursor: Cursor::of(STREAM, &Place::After(event.sequence)),
            record: Record {
                entry: event.entry.clone(),
                sequence: Some(event.sequence),
                ip_address: addresses.remove(&event.entry.id),
            },
        })),
        Ok(event) => Step::Passed(event.sequence),
    });
    steps.collect()
}

/// Where entries came from, one query for all of them. They are personal and no part of the entry, so that the feed does not carry them.
async fn addresses(service: &Service, of: Vec<AuditId>) -> Result<HashMap<AuditId, String>> {
    if of.is_empty() {
        return Ok(HashMap::new());
    }
    let found = personal::Entity::find()
        .filter(personal::Column::EntryId.is_in(of))
        .filter(personal::Column::Field.eq("ipAddress"))
        .all(&service.db)
        .await?;
    Ok(found
        .into_iter()
        .map(|row| (row.entry_id, row.value))
        .collect())
}

/// A filter whose ids were read: the twin, in memory, of the condition by which lists are narrowed.
#[derive(Debug, Clone)]
struct Wanted {
    action: Option<Vec<AuditAction>>,
    actor_id: Option<AgentId>,
    entity_type: Option<AuditEntity>,
    entity_id: Option<String>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    request_id: Option<RequestId>,
    session_id: Option<SessionId>,
}

impl Wanted {
    /// None where the filter names an id that cannot exist: then nothing passes, as lists of it are empty.
    fn of(filter: &Filter) -> Option<Self> {
        fn id<T: std::str::FromStr>(text: Option<&String>) -> Option<Option<T>> {
            text.map(|text| text.parse()).transpose().ok()
        }
        Some(Self {
            action: filter.action.clone(),
            actor_id: id(filter.actor_id.as_ref())?,
            entity_type: filter.entity_type,
            entity_id: filter.entity_id.clone(),
            from: filter.from,
            to: filter.to,
            request_id: id(filter.request_id.as_ref())?,
            session_id: id(filter.session_id.as_ref())?,
        })
    }

    fn lets_pass(&self, entry: &entry::Model) -> bool {
        fn same<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| Some(wanted) == found)
        }
        let action = self.action.as_ref();
        action.is_none_or(|actions| actions.contains(&entry.action))
            && same(self.actor_id.as_ref(), entry.actor_id.as_ref())
            && same(self.entity_type.as_ref(), Some(&entry.entity_type))
            && same(self.entity_id.as_ref(), Some(&entry.entity_id))
            && self.from.is_none_or(|from| entry.created_at >= from)
            && self.to.is_none_or(|to| entry.created_at < to)
            && same(self.request_id.as_ref(), entry.request_id.as_ref())
            && same(self.session_id.as_ref(), entry.session_id.as_ref())
    }
}
