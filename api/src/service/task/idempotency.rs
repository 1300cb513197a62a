//! Idempotency keys (spec R3.09): the same key and arguments, the same task and no new entry. Floor 3.

use chrono::{DateTime, Utc};
use entities::id::{AgentId, TaskId};
use entities::idempotency_key::{self, KEPT_FOR};
use entities::json::{canonical, sha256_hex};
use entities::task;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;

use super::Create;
use crate::auth::policy::Operation;
use crate::error::{Error, Result};
use crate::store::Tx;

/// A key and what it was used for.
pub(super) struct Request {
    key: String,
    sha256: String,
}

impl Request {
    pub(super) fn of(key: &str, operation: Operation, to: Option<&str>, create: &Create) -> Self {
        let arguments = json!({
            "operation": operation.name(),
            "to": to,
            "type": create.type_name,
            "input": create.input,
            "metadata": create.metadata,
            "priority": create.priority,
            "parentId": create.parent_id,
            "deadline": create.deadline,
        });
        Self {
            key: key.to_owned(),
            sha256: sha256_hex(canonical(&arguments).as_bytes()),
        }
    }

    /// The task that the first call made. CONFLICT where that call had other arguments.
    pub(super) async fn find(
        &self,
        db: &impl ConnectionTrait,
        creator: &AgentId,
        now: DateTime<Utc>,
    ) -> Result<Option<task::Model>> {
        let known = idempotency_key::Entity::find_by_id((creator.clone(), self.key.clone()))
            .one(db)
            .await?
            .filter(|known| now < known.expires_at);
        let Some(known) = known else { return Ok(None) };
        if known.request_sha256 != self.sha256 {
            return Err(Error::conflict_with(
                "this idempotency key was used with other arguments",
                json!({"taskId": known.task_id}),
            ));
        }
        Ok(task::Entity::find_by_id(known.task_id).one(db).await?)
    }

    pub(super) async fn keep(&self, tx: &mut Tx, creator: &AgentId, task_id: TaskId) -> Result<()> {
        let expires_at = tx.now() + KEPT_FOR;
        tx.keep_idempotency_key(idempotency_key::Model {
            creator_id: creator.clone(),
            key: self.key.clone(),
            request_sha256: self.sha256.clone(),
            task_id,
            expires_at,
        })
        .await
    }
}
