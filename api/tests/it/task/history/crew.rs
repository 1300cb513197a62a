//! Who acts in a history, and what they do through the service.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entities::agent::AgentTier;
use entities::task::{self, Model, TaskPriority, TaskStatus};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use tempfile::TempDir;
use ziggie::auth::actor::Caller;
use ziggie::error::{Error, Result};
use ziggie::service::task::{self as tasks, Claim, Create, Heartbeat};
use ziggie::service::task_type::Define;
use ziggie::service::{Settings, agent};
use ziggie::store::Database;

use super::Step;
use crate::world::{World, anything_goes, drawing, log_in, plain, validator};

/// Three reports of one specialist, and the specialist; with what each can do.
pub(super) const WORKERS: [(&str, &[&str]); 4] = [
    ("L3-CHAR-ONE-001", &["PLAIN", "CHECK"]),
    ("L3-CHAR-TWO-001", &["PLAIN", "CHECKED", "CHECK"]),
    ("L3-CHAR-TEN-001", &["CHECKED", "LIMITED", "CHECK"]),
    ("L2-CHAR-001", &["PLAIN", "LIMITED"]),
];

/// The types that are made by hand.
pub(super) const KINDS: [&str; 3] = ["PLAIN", "CHECKED", "LIMITED"];

/// After how many seconds a task is due that is due at all.
pub(super) const DUE: i64 = 145;

/// The terms of each type, as the model has them too.
pub(super) fn terms(name: &str) -> Define {
    let (lease, start, attempts, backoff, most) = match name {
        "PLAIN" => (60, None, 3, 4, None),
        "CHECKED" => (60, Some(95), 2, 0, None),
        "LIMITED" => (30, None, 3, 4, Some(1)),
        _ => (40, Some(55), 2, 2, None),
    };
    let base = if name == "CHECK" {
        validator(name)
    } else {
        anything_goes(name)
    };
    Define {
        lease_seconds: lease,
        start_timeout_seconds: start,
        max_attempts: attempts,
        backoff_seconds: backoff,
        max_concurrent: most,
        validators: if name == "CHECKED" {
            vec!["CHECK".to_owned()]
        } else {
            Vec::new()
        },
        ..base
    }
}

/// A worker's session; none while it is stopped.
struct Worker {
    secret: String,
    caller: Option<Caller>,
}

pub(super) struct Crew {
    pub(super) world: World,
    director: Caller,
    workers: Vec<Worker>,
}

impl Crew {
    /// An installation of its own, in memory where the machine has a file system there: what is told here is not durability.
    pub(super) async fn hire() -> Self {
        let directory = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new());
        let directory = directory.unwrap();
        let settings = Settings {
            session_ttl: Duration::from_secs(30 * 24 * 3_600),
            ..Settings::default()
        };
        let database = Database::Sqlite(directory.path().join("ziggie.db"));
        let world = World::open(database, settings, Some(directory)).await;
        let director = world.agent("L1-ART-001", AgentTier::L1, None).await;
        for name in ["CHECK", "PLAIN", "CHECKED", "LIMITED"] {
            world.define(terms(name)).await;
        }
        let mut workers = Vec::new();
        for (id, _) in WORKERS.iter().rev() {
            let (tier, above) = match *id {
                "L2-CHAR-001" => (AgentTier::L2, "L1-ART-001"),
                _ => (AgentTier::L3, "L2-CHAR-001"),
            };
            let secret = world.register(plain(id, tier, Some(above))).await;
            let caller = Some(log_in(&world.service, id, &secret).await);
            workers.insert(0, Worker { secret, caller });
        }
        for (id, types) in WORKERS {
            world.make_capable(id, types).await;
        }
        Self {
            world,
            director,
            workers,
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.world.service.db.clock().now()
    }

    pub(super) fn is_awake(&self, who: usize) -> bool {
        self.workers[who].caller.is_some()
    }

    /// What was made since then, oldest first.
    pub(super) async fn rows_since(&self, began: DateTime<Utc>) -> Vec<Model> {
        task::Entity::find()
            .filter(task::Column::CreatedAt.gte(began))
            .order_by_asc(task::Column::CreatedAt)
            .order_by_asc(task::Column::Id)
            .all(&self.world.service.db)
            .await
            .unwrap()
    }

    /// Takes a step; the task that it gave, or the code of the refusal.
    pub(super) async fn take(&mut self, step: Step) -> Result<Option<Model>, &'static str> {
        let service = self.world.service.clone();
        let stranger = self.world.stranger();
        let caller = |who: usize| self.workers[who].caller.as_ref().unwrap_or(&stranger);
        let result = match step {
            Step::Create { kind, urgent, due } => {
                let create = self.order(kind, urgent, due);
                tasks::create(&service, &self.director, create)
                    .await
                    .map(Some)
            }
            Step::Delegate { kind, to } => {
                let create = self.order(kind, false, false);
                tasks::delegate(&service, &self.director, WORKERS[to].0, create)
                    .await
                    .map(Some)
            }
            Step::Claim { who } => tasks::claim(&service, caller(who), Claim::default()).await,
            Step::Start { who, task } => tasks::start(&service, caller(who), &task.to_string())
                .await
                .map(Some),
            Step::Beat { who, task, attempt } => {
                let heartbeat = Heartbeat {
                    attempt: Some(attempt),
                    ..Heartbeat::default()
                };
                tasks::heartbeat(&service, caller(who), &task.to_string(), heartbeat)
                    .await
                    .map(Some)
            }
            Step::HandIn {
                who,
                task,
                attempt,
                content,
                review,
            } => {
                let (id, output) = (task.to_string(), output(content));
                if review {
                    tasks::request_review(&service, caller(who), &id, Some(attempt), output)
                        .await
                        .map(Some)
                } else {
                    tasks::complete(&service, caller(who), &id, Some(attempt), Some(output))
                        .await
                        .map(Some)
                }
            }
            Step::Fail {
                who,
                task,
                attempt,
                retryable,
            } => {
                let (id, error) = (task.to_string(), "the brush broke".to_owned());
                tasks::fail(&service, caller(who), &id, Some(attempt), error, retryable)
                    .await
                    .map(Some)
            }
            Step::Retry { task } => {
                tasks::retry(&service, &self.director, &task.to_string(), None, None)
                    .await
                    .map(Some)
            }
            Step::Cancel { task } => {
                tasks::cancel(&service, &self.director, &task.to_string(), None)
                    .await
                    .map(Some)
            }
            Step::Stop { who } => {
                let (operator, id) = (&self.world.operator, WORKERS[who].0);
                agent::deactivate(&service, operator, id, "rest", false)
                    .await
                    .unwrap();
                self.workers[who].caller = None;
                Ok(None)
            }
            Step::Wake { who } => {
                self.wake(who).await;
                Ok(None)
            }
            Step::Pass { seconds } => {
                service.db.clock().advance(Duration::from_secs(seconds));
                Ok(None)
            }
            Step::Sweep => {
                tasks::cancel_overdue(&service).await.unwrap();
                tasks::expire_leases(&service).await.unwrap();
                tasks::stop_losers(&service).await.unwrap();
                self.notice_losers().await;
                Ok(None)
            }
        };
        result.map_err(|error: Error| error.code().as_str())
    }

    async fn wake(&mut self, who: usize) {
        let (service, operator) = (&self.world.service, &self.world.operator);
        let id = WORKERS[who].0;
        agent::activate(service, operator, id).await.unwrap();
        if self.workers[who].caller.is_none() {
            let caller = log_in(service, id, &self.workers[who].secret).await;
            self.workers[who].caller = Some(caller);
        }
    }

    /// Who was set in ERROR has no session any more.
    async fn notice_losers(&mut self) {
        for (who, (id, _)) in WORKERS.iter().enumerate() {
            let row = entities::agent::Entity::find_by_id(crate::world::id(id));
            let row = row.one(&self.world.service.db).await.unwrap().unwrap();
            if row.state != entities::agent::AgentState::Operational {
                self.workers[who].caller = None;
            }
        }
    }

    fn order(&self, kind: usize, urgent: bool, due: bool) -> Create {
        Create {
            type_name: KINDS[kind].to_owned(),
            priority: if urgent {
                TaskPriority::Critical
            } else {
                TaskPriority::Medium
            },
            deadline: due.then(|| self.now() + chrono::TimeDelta::seconds(DUE)),
            ..drawing()
        }
    }

    /// Ends whatever is left, so that the next history begins with nothing to claim and everybody awake.
    pub(super) async fn clear_up(&mut self, began: DateTime<Utc>) {
        for who in 0..WORKERS.len() {
            // Also forgets the leases that it lost.
            self.take(Step::Stop { who }).await.unwrap();
            self.wake(who).await;
        }
        for row in self.rows_since(began).await {
            if row.check_of_attempt.is_some() || row.status.is_terminal() {
                continue;
            }
            let id = row.id.to_string();
            let (service, operator) = (&self.world.service, &self.world.operator);
            if matches!(row.status, TaskStatus::Failed) {
                let later = Some(self.now() + chrono::TimeDelta::days(1));
                let director = WORKERS[0].0.to_owned();
                tasks::retry(service, operator, &id, Some(director), later)
                    .await
                    .unwrap_or_else(|error| panic!("{row:?}: {error}"));
            }
            tasks::cancel(service, operator, &id, None)
                .await
                .unwrap_or_else(|error| panic!("{row:?}: {error}"));
        }
        let left = self.rows_since(began).await;
        let claimable = left.iter().find(|row| row.claimable_at.is_some());
        assert!(claimable.is_none(), "{claimable:?} is left to be claimed");
    }
}

/// What is handed in: of a check, whether it is content.
fn output(content: bool) -> Value {
    json!({"valid": content})
}
