//! Notifications: read, acknowledged, swept. They are written with the change that they tell of, by the store (spec R6.04). Floor 3.

use std::collections::HashMap;

use entities::id::NotificationId;
use entities::notification::{self, Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

mod sweep;

pub use sweep::sweep;

use super::Service;
use super::page::{self, Cursor, Page, PageRequest};
use crate::auth::actor::{Actor, Caller};
use crate::auth::policy::Operation;
use crate::auth::sight::hidden_from;
use crate::error::{Error, Fault, Result};
use crate::store::Tx;

const LIST: &str = "notifications";
/// How many notifications one call acknowledges at most.
const MOST_ACKNOWLEDGED: usize = 1_000;

fn reader(caller: &Caller) -> Result<&Actor> {
    caller.actor().ok_or(Error::Unauthenticated)
}

/// One's own notifications, newest first: all, or those that are not acknowledged.
pub async fn list(
    service: &Service,
    caller: &Caller,
    unacknowledged: bool,
    request: &PageRequest,
) -> Result<Page<Model>> {
    let own = Column::AgentId.eq(reader(caller)?.agent.id.clone());
    let open = unacknowledged.then(|| Column::AcknowledgedAt.is_null());
    let all = Entity::find().filter(Condition::all().add(own).add_option(open));
    let total = match request.total {
        true => Some(all.clone().count(&service.db).await?),
        false => None,
    };
    let mut following = all
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(request.limit());
    if let Some((at, id)) = request.after_moment::<NotificationId>(LIST)? {
        following = following.filter(page::before(Column::CreatedAt, at, Column::Id, id));
    }
    let rows = following.all(&service.db).await?;
    Ok(Page::of(request, rows, total, |row: &Model| {
        Cursor::of(LIST, &(row.created_at.timestamp_micros(), row.id))
    }))
}

/// Notifications by their ids, as far as they are the caller's own; that others' were named is reported (spec R5.04).
pub async fn find_many(
    service: &Service,
    caller: &Caller,
    ids: &[NotificationId],
) -> Result<HashMap<NotificationId, Model>> {
    let viewer = &reader(caller)?.agent.id;
    let found = notification::Entity::find()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .all(&service.db)
        .await?;
    let (own, others): (Vec<Model>, Vec<Model>) =
        found.into_iter().partition(|row| row.agent_id == *viewer);
    for _ in others {
        service.denials.report(caller, &hidden_from(viewer));
    }
    Ok(own.into_iter().map(|row| (row.id, row)).collect())
}

/// Acknowledges one's own notifications; returns how many were not acknowledged before. Others' ids count as not there.
///
/// # Errors
/// BAD_USER_INPUT naming every id that is malformed; LIMIT_EXCEEDED for more than 1,000.
#[tracing::instrument(name = "notification.acknowledge", skip_all)]
pub async fn acknowledge(service: &Service, caller: &Caller, ids: &[String]) -> Result<u64> {
    let operation = Operation::AcknowledgeNotifications;
    service.allow(caller, operation)?;
    let named = parsed(ids)?;
    service
        .perform(caller, operation, async |tx: &mut Tx| {
            let agent = tx.actor()?.agent.id.clone();
            tx.acknowledge_notifications(&agent, &named).await
        })
        .await
}

fn parsed(ids: &[String]) -> Result<Vec<NotificationId>> {
    if ids.len() > MOST_ACKNOWLEDGED {
        return Err(Error::LimitExceeded {
            limit: "ids",
            value: MOST_ACKNOWLEDGED as u64,
            requested: ids.len() as u64,
        });
    }
    let (mut named, mut faults) = (Vec::with_capacity(ids.len()), Vec::new());
    for (index, id) in ids.iter().enumerate() {
        match id.parse() {
            Ok(id) => named.push(id),
            Err(_) => {
                let message = "must be the id of a notification";
                faults.push(Fault::of(&format!("ids/{index}"), "id", message));
            }
        }
    }
    if faults.is_empty() {
        Ok(named)
    } else {
        Err(Error::BadUserInput(faults))
    }
}
