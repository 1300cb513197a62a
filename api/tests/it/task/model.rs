//! Random verbs by random agents against a small model of the rules; rows and folded entries must equal it.

use std::collections::BTreeMap;

use entities::audit::recorded::{Recorded, fold};
use entities::audit::{AuditEntity, entry};
use entities::task::{Model, TaskStatus};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Map, Value, json};
use ziggie::auth::actor::Caller;
use ziggie::service::task::{self, Rejection};

use super::{Studio, outcome};
use crate::world::on_each_database;

/// Who acts: the operator, the director who made every task, a specialist, another's specialist, the first specialist's report.
const SYSTEM: usize = 0;
const DIRECTOR: usize = 1;
const SPECIALIST: usize = 2;
const MICRO: usize = 4;
const TIERS: [u8; 5] = [4, 3, 2, 2, 1];

#[derive(Debug, Clone, Copy)]
enum Verb {
    Assign { to: usize },
    Start,
    RequestReview,
    Approve,
    Reject { reassign: bool },
    Complete,
    Fail,
    Retry,
    Cancel,
}

/// What the model knows of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    status: TaskStatus,
    holder: Option<usize>,
    reviewer: Option<usize>,
    attempt: i32,
    rejections: i32,
    failures: i32,
    /// What its holder answered the attempt with: the same again is the same reply.
    answered: Option<&'static str>,
}

impl Known {
    const NEW: Self = Self {
        status: TaskStatus::Pending,
        holder: None,
        reviewer: None,
        attempt: 0,
        rejections: 0,
        failures: 0,
        answered: None,
    };

    fn sees(&self, who: usize) -> bool {
        match who {
            SYSTEM | DIRECTOR => true,
            SPECIALIST => matches!(self.holder, Some(SPECIALIST | MICRO)),
            _ => self.holder == Some(who),
        }
    }

    /// What a verb comes to: the task afterwards, or the code.
    fn after(&self, who: usize, verb: Verb) -> Result<Self, &'static str> {
        use TaskStatus as S;
        let tier = TIERS[who];
        let statically = match verb {
            Verb::Assign { .. } | Verb::RequestReview => tier >= 2,
            Verb::Approve | Verb::Reject { .. } => tier >= 3,
            _ => true,
        };
        if !statically {
            return Err("FORBIDDEN");
        }
        if !self.sees(who) {
            return Err("NOT_FOUND");
        }
        let maker_or_higher = who == DIRECTOR || tier > TIERS[DIRECTOR];
        let holder = self.holder == Some(who);
        let related = match verb {
            Verb::Assign { .. } => {
                maker_or_higher || (self.status == S::Rejected && self.reviewer == Some(who))
            }
            Verb::Retry | Verb::Cancel => maker_or_higher,
            Verb::Start | Verb::RequestReview | Verb::Fail => holder,
            Verb::Complete => holder || (self.status == S::Approved && self.reviewer == Some(who)),
            Verb::Approve | Verb::Reject { .. } => !holder,
        };
        if !related {
            return Err("FORBIDDEN");
        }
        let mut next = self.clone();
        let answer = match verb {
            Verb::RequestReview => Some("requestReview"),
            // What was approved is completed without an answer of its own.
            Verb::Complete if self.status != S::Approved => Some("completeTask"),
            Verb::Fail => Some("failTask"),
            _ => None,
        };
        if holder && answer.is_some() && self.answered == answer && self.status != S::Assigned {
            return Ok(next);
        }
        match verb {
            Verb::Start => next.answered = None,
            _ if answer.is_some() => next.answered = answer,
            _ => {}
        }
        next.status = match (self.status, verb) {
            (S::Assigned, Verb::Assign { to }) if self.holder == Some(to) => {
                return Err("CONFLICT");
            }
            (S::Pending | S::Assigned | S::Rejected, Verb::Assign { to }) => {
                if to != who && TIERS[to] >= tier {
                    return Err("FORBIDDEN");
                }
                next.holder = Some(to);
                S::Assigned
            }
            (S::Assigned, Verb::Start) => {
                next.attempt += 1;
                S::InProgress
            }
            (S::InProgress, Verb::RequestReview) => S::ReviewRequested,
            (S::ReviewRequested, Verb::Approve) => {
                next.reviewer = Some(who);
                S::Approved
            }
            (S::ReviewRequested, Verb::Reject { reassign }) => {
                next.reviewer = Some(who);
                next.rejections += 1;
                if reassign { S::Assigned } else { S::Rejected }
            }
            (S::InProgress | S::Approved, Verb::Complete) => S::Completed,
            (S::InProgress, Verb::Fail) => {
                next.failures += 1;
                S::Failed
            }
            (S::Failed, Verb::Retry) => {
                // To the same holder, who must be one to whom the caller may give work.
                let to = self.holder.unwrap_or(who);
                if to != who && TIERS[to] >= tier {
                    return Err("FORBIDDEN");
                }
                S::Assigned
            }
            (S::Pending | S::Assigned | S::InProgress | S::ReviewRequested, Verb::Cancel) => {
                S::Cancelled
            }
            _ => return Err("INVALID_TRANSITION"),
        };
        Ok(next)
    }
}

fn verb() -> impl Strategy<Value = Verb> {
    use proptest::prelude::*;
    prop_oneof![
        3 => (0usize..5).prop_map(|to| Verb::Assign { to }),
        4 => Just(Verb::Start),
        3 => Just(Verb::RequestReview),
        2 => Just(Verb::Approve),
        2 => any::<bool>().prop_map(|reassign| Verb::Reject { reassign }),
        2 => Just(Verb::Complete),
        1 => Just(Verb::Fail),
        2 => Just(Verb::Retry),
        1 => Just(Verb::Cancel),
    ]
}

async fn call(
    studio: &Studio,
    who: &Caller,
    names: &[String; 5],
    task: &Model,
    known: &Known,
    verb: Verb,
) -> &'static str {
    let service = studio.service();
    let id = task.id.to_string();
    let result = match verb {
        Verb::Assign { to } => task::assign(service, who, &id, &names[to], None).await,
        Verb::Start => task::start(service, who, &id).await,
        Verb::RequestReview => task::request_review(service, who, &id, None, json!({"a": 1})).await,
        Verb::Approve => task::approve(service, who, &id, None, None).await,
        Verb::Reject { reassign } => {
            let rejection = Rejection {
                output_sha256: None,
                feedback: "again".into(),
                reassign,
                deadline: None,
            };
            task::reject(service, who, &id, rejection).await
        }
        Verb::Complete => {
            let output = (known.status != TaskStatus::Approved).then(|| json!({"a": 2}));
            task::complete(service, who, &id, None, output).await
        }
        Verb::Fail => task::fail(service, who, &id, None, "x".into(), true).await,
        Verb::Retry => task::retry(service, who, &id, None, None).await,
        Verb::Cancel => task::cancel(service, who, &id, Some("enough".into())).await,
    };
    outcome(&result)
}

/// Folds a task's entries: the statuses by the paths, the rest by what was set.
async fn folded(studio: &Studio, task: &Model) -> Map<String, Value> {
    let entries = entry::Entity::find()
        .filter(entry::Column::EntityType.eq(AuditEntity::Task))
        .filter(entry::Column::EntityId.eq(task.id.to_string()))
        .order_by_asc(entry::Column::Ordinal)
        .all(&studio.service().db)
        .await
        .unwrap();
    let mut row = Map::new();
    for entry in entries {
        let metadata = entry.metadata.value();
        let Some(set) = metadata["set"].as_object() else {
            // An answer that was refused changed nothing.
            continue;
        };
        let path = metadata["path"].as_array();
        if let (Some(status), Some(path)) = (row.get("status"), path) {
            assert_eq!(
                path.first(),
                Some(status),
                "each path begins where the last one ended"
            );
        }
        fold(&mut row, set);
        if let Some(status) = path.and_then(|path| path.last()) {
            row.insert("status".into(), status.clone());
        }
    }
    row
}

#[tokio::test(flavor = "multi_thread")]
async fn random_verbs_by_random_agents_keep_to_the_model() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let callers = [
            &studio.world.operator,
            &studio.director,
            &studio.specialist,
            &studio.other_specialist,
            &studio.micro,
        ];
        let names = callers.map(|caller| caller.agent_id().unwrap().to_string());
        let seed = [0x5a; 32];
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let steps = proptest::collection::vec((0usize..5, 0usize..6, verb()), 900);
        let mut tasks = Vec::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (who, which, verb) in steps.new_tree(&mut runner).unwrap().current() {
            // Six tasks at a time; one that has ended makes room for a new one.
            if tasks.len() <= which {
                tasks.push((studio.created().await, Known::NEW));
            }
            let index = which.min(tasks.len() - 1);
            if tasks[index].1.status.is_terminal() && counts.values().sum::<usize>() % 3 == 0 {
                tasks.push((studio.created().await, Known::NEW));
                let last = tasks.len() - 1;
                tasks.swap(index, last);
            }
            let (task, known) = &mut tasks[index];
            let expected = known.after(who, verb);
            let found = call(&studio, callers[who], &names, task, known, verb).await;
            let wanted = match &expected {
                Ok(next) => next.status.as_str(),
                Err(code) => code,
            };
            assert_eq!(found, wanted, "{verb:?} by {} of {known:?}", names[who]);
            *counts.entry(wanted).or_default() += 1;
            if let Ok(next) = expected {
                *known = next;
            }
        }
        for word in [
            "COMPLETED",
            "CANCELLED",
            "APPROVED",
            "FAILED",
            "FORBIDDEN",
            "NOT_FOUND",
            "INVALID_TRANSITION",
        ] {
            assert!(
                counts.contains_key(word),
                "the run never came to {word}: {counts:?}"
            );
        }
        for (task, known) in &tasks {
            let row = task::get(
                studio.service(),
                &studio.world.operator,
                &task.id.to_string(),
            )
            .await
            .unwrap();
            let holder = known.holder.map(|holder| names[holder].clone());
            assert_eq!(row.assignee_id.as_ref().map(ToString::to_string), holder);
            assert_eq!(
                (
                    row.status,
                    row.attempt,
                    row.rejection_count,
                    row.failure_count
                ),
                (
                    known.status,
                    known.attempt,
                    known.rejections,
                    known.failures
                )
            );
            assert_eq!(folded(&studio, task).await, row.recorded());
        }
    })
    .await;
}
