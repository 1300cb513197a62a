//! What the checks of a hand-in came to. Floor 4.

use std::sync::Arc;

use async_graphql::{Context, Object};
use entities::task::{self, ValidationStatus};

use super::Task;
use crate::graphql::error::Refusal;
use crate::graphql::loader::Checked;
use crate::graphql::request::Asked;
use crate::graphql::scalar::Json;
use crate::service;

/// How the last hand-in of a task is, or was, validated.
pub struct TaskValidation(Arc<task::Model>);

impl TaskValidation {
    pub(super) fn of(row: &Arc<task::Model>) -> Self {
        Self(row.clone())
    }

    async fn load(&self, ctx: &Context<'_>) -> Result<Option<service::task::Validation>, Refusal> {
        if self.0.validation == ValidationStatus::None {
            return Ok(None);
        }
        ctx.reader().load_one(Checked(self.0.clone())).await
    }
}

/// How the last hand-in of a task is, or was, validated.
#[Object]
impl TaskValidation {
    /// NONE until something was handed in that its type has checked; RUNNING while the hand-in is held; then how it came out.
    async fn status(&self) -> ValidationStatus {
        self.0.validation
    }

    /// The checks, as far as the caller may see them: one for each validator of the type.
    async fn checks(&self, ctx: &Context<'_>) -> Result<Vec<Task>, Refusal> {
        let Some(validation) = self.load(ctx).await? else {
            return Ok(Vec::new());
        };
        let ids: Vec<_> = validation.checks.iter().map(|check| check.id).collect();
        let seen = ctx.reader().load_many(ids.iter().copied()).await?;
        Ok(ids.iter().filter_map(|id| seen.get(id).cloned()).collect())
    }

    /// What each ended check found: a list of `{taskId, type, status, valid, findings, error}`.
    async fn findings(&self, ctx: &Context<'_>) -> Result<Json, Refusal> {
        let validation = self.load(ctx).await?;
        let findings = validation.map(|validation| validation.findings());
        Ok(Json(findings.unwrap_or_else(|| serde_json::json!([]))))
    }
}
