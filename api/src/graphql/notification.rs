//! Notifications: what the caller is told. Floor 4.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entities::notification::{self, NotificationKind};

use super::asset::Asset;
use super::directive::authenticated;
use super::error::Refusal;
use super::guard::Allow;
use super::page::{self, Connection};
use super::request::Asked;
use super::scalar::{Cursor, DateTime};
use super::task::Task;
use crate::auth::policy::Operation;
use crate::service;
use crate::service::live::NotificationUpdate;

/// Something that the caller is told.
#[derive(Debug, Clone)]
pub struct Notification(Arc<notification::Model>);

impl From<notification::Model> for Notification {
    fn from(row: notification::Model) -> Self {
        Self(Arc::new(row))
    }
}

/// Something that the caller is told: kept until it is acknowledged.
#[Object]
impl Notification {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// What happened.
    async fn kind(&self) -> NotificationKind {
        self.0.kind
    }

    /// The task that it is about, as it is now; null where there is none, or none that the caller may see any more.
    async fn task(&self, ctx: &Context<'_>) -> Result<Option<Task>, Refusal> {
        match self.0.task_id {
            Some(id) => Ok(ctx.reader().load_one(id).await?),
            None => Ok(None),
        }
    }

    /// The asset that it is about, as it is now; null where there is none, or none that the caller may see any more.
    async fn asset(&self, ctx: &Context<'_>) -> Result<Option<Asset>, Refusal> {
        match self.0.asset_id {
            Some(id) => Ok(ctx.reader().load_one(id).await?),
            None => Ok(None),
        }
    }

    /// What happened, to what, by whom and why, as a sentence. A long reason is cut.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// When it happened.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When the caller acknowledged it; null while it has not.
    async fn acknowledged_at(&self) -> Option<DateTime> {
        self.0.acknowledged_at.map(Into::into)
    }
}

/// Something that the caller is told as it happens.
pub struct NotificationEvent(NotificationUpdate);

impl From<NotificationUpdate> for NotificationEvent {
    fn from(update: NotificationUpdate) -> Self {
        Self(update)
    }
}

/// Something that the caller is told as it happens.
#[Object]
impl NotificationEvent {
    /// Where to resume: the stream goes on after it when this is given as `after`.
    async fn cursor(&self) -> Cursor {
        Cursor(self.0.cursor.clone())
    }

    /// What the caller is told.
    async fn notification(&self) -> Notification {
        Notification(self.0.notification.clone())
    }
}

/// What can be asked about notifications.
#[derive(Default)]
pub struct NotificationQuery;

#[Object(guard = "crate::graphql::guard::Closed")]
impl NotificationQuery {
    /// What the caller was told, newest first.
    #[graphql(guard = "Allow(Operation::Notifications)", directive = authenticated::apply())]
    async fn notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            default_with = "Some(true)",
            desc = "Only what it has not acknowledged; false for all that is kept."
        )]
        unacknowledged: Option<bool>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Notification>, Refusal> {
        let page = page::request(ctx, first, after)?;
        let (service, caller) = (ctx.service(), ctx.caller());
        let open = unacknowledged.unwrap_or(true);
        let found = service::notification::list(service, caller, open, &page).await?;
        Ok(Connection::of(found))
    }
}

/// What is done with notifications.
#[derive(Default)]
pub struct NotificationMutation;

#[Object(guard = "crate::graphql::guard::Closed")]
impl NotificationMutation {
    /// The caller has taken note of these, at most 1,000 at once. Answers how many it had not acknowledged before; ids of others'
    /// notifications count as not there.
    #[graphql(guard = "Allow(Operation::AcknowledgeNotifications)", directive = authenticated::apply())]
    async fn acknowledge_notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] ids: Vec<ID>,
    ) -> Result<i32, Refusal> {
        let ids: Vec<String> = ids.into_iter().map(Into::into).collect();
        let count = service::notification::acknowledge(ctx.service(), ctx.caller(), &ids).await?;
        Ok(page::count(count))
    }
}
