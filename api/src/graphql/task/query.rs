//! What can be asked about tasks. Floor 4.

use async_graphql::{Context, ID, InputObject, Object};
use entities::agent::AgentTier;
use entities::id::AgentId;
use entities::task::{TaskPriority, TaskStatus};

use super::Task;
use crate::auth::policy::Operation;
use crate::error::Error;
use crate::graphql::directive::{authenticated, tier};
use crate::graphql::error::Refusal;
use crate::graphql::guard::Allow;
use crate::graphql::page::{self, Connection};
use crate::graphql::request::Asked;
use crate::graphql::scalar::{Cursor, DateTime};
use crate::service;

/// Which tasks. What is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct TaskFilter {
    /// In one of these statuses.
    status: Option<Vec<TaskStatus>>,
    /// Of one of these types, by name.
    r#type: Option<Vec<String>>,
    /// Of one of these priorities.
    priority: Option<Vec<TaskPriority>>,
    /// Held by this agent.
    assignee_id: Option<ID>,
    /// Created by this agent.
    creator_id: Option<ID>,
    /// Part of this task.
    parent_id: Option<ID>,
    /// Part of this sprint.
    sprint_id: Option<ID>,
    /// Created at this moment or later.
    created_after: Option<DateTime>,
    /// Created before this moment.
    created_before: Option<DateTime>,
    /// Past their deadline without having ended, or not so.
    overdue: Option<bool>,
}

impl TaskFilter {
    /// Narrowed to what one agent holds. BAD_USER_INPUT where it names another.
    pub(in crate::graphql) fn of_assignee(
        self,
        agent: &AgentId,
    ) -> Result<service::task::Filter, Error> {
        let named = self.assignee_id.as_ref();
        if named.is_some_and(|named| named.as_str() != agent.as_str()) {
            let message = format!("must be {agent}, whose tasks these are, or left out");
            return Err(Error::bad_input("filter/assigneeId", "const", message));
        }
        Ok(service::task::Filter {
            assignee_id: Some(agent.to_string()),
            ..self.into()
        })
    }
}

impl From<TaskFilter> for service::task::Filter {
    fn from(filter: TaskFilter) -> Self {
        Self {
            status: filter.status,
            type_name: filter.r#type,
            priority: filter.priority,
            assignee_id: filter.assignee_id.map(Into::into),
            creator_id: filter.creator_id.map(Into::into),
            parent_id: filter.parent_id.map(Into::into),
            sprint_id: filter.sprint_id.map(Into::into),
            created_after: filter.created_after.map(Into::into),
            created_before: filter.created_before.map(Into::into),
            overdue: filter.overdue,
        }
    }
}

/// What can be asked about tasks.
#[derive(Default)]
pub struct TaskQuery;

#[Object(guard = "crate::graphql::guard::Closed")]
impl TaskQuery {
    /// One task. Null with NOT_FOUND when there is none that the caller may see.
    #[graphql(guard = "Allow(Operation::Task)", directive = authenticated::apply())]
    async fn task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<Option<Task>, Refusal> {
        let task = service::task::get(ctx.service(), ctx.caller(), &id).await?;
        Ok(Some(task.into()))
    }

    /// The tasks that the caller may see, or part of them, newest first.
    #[graphql(guard = "Allow(Operation::Tasks)", directive = authenticated::apply())]
    async fn tasks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them.")] filter: Option<TaskFilter>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Task>, Refusal> {
        Task::list(ctx, filter.unwrap_or_default().into(), first, after).await
    }

    /// Tasks that wait for a review that the caller may give, the longest waiting first.
    #[graphql(guard = "Allow(Operation::ReviewQueue)", directive = tier::apply(AgentTier::L1))]
    async fn review_queue(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Task>, Refusal> {
        let page = page::request(ctx, first, after)?;
        let queue = service::task::review_queue(ctx.service(), ctx.caller(), &page).await?;
        Ok(Connection::of(queue))
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{InputType, Value};

    use super::*;
    use crate::fuzz::{fuzz, json};

    #[test]
    fn fuzz_task_filters() {
        const KEYS: &[&str] = &[
            "status",
            "type",
            "priority",
            "assigneeId",
            "creatorId",
            "parentId",
            "sprintId",
            "createdAfter",
            "createdBefore",
            "overdue",
        ];
        const TEXTS: &[&str] = &[
            "PENDING",
            "LOW",
            "L1-ART-001",
            "task_01h455vb4pex5vsknk084sn02q",
            "2026-03-01T09:30:00Z",
            "+262143-01-01T00:00:00Z",
        ];
        // What is taken narrows as it says, or is refused.
        fuzz("fuzz_task_filters", json(KEYS, TEXTS), |value| {
            let value = Value::from_json(value).unwrap_or_default();
            if let Ok(filter) = TaskFilter::parse(Some(value)) {
                let filter: service::task::Filter = filter.into();
                let agent = AgentId::control_center();
                let named = filter.assignee_id.clone();
                let narrowed = TaskFilter {
                    assignee_id: named.clone().map(ID),
                    ..TaskFilter::default()
                };
                let refused = narrowed.of_assignee(&agent).is_err();
                assert_eq!(refused, named.is_some_and(|named| named != agent.as_str()));
            }
        });
    }
}
