//! Tasks through the service, on every database at hand: each verb in each state by each kind of caller, random verbs against a small
//! model, races, and who sees what.

use serde_json::json;
use ziggie::auth::actor::Caller;
use ziggie::error::Result;
use ziggie::service::{Service, task};

use crate::world::World;
use entities::agent::AgentTier;
use entities::task::TaskPriority;

pub(crate) mod ancestry;
mod history;
mod model;
mod race;
mod scale;
mod seeing;
mod table;

/// Two directors, a specialist of each, and a micro-task agent of the first's.
pub(crate) struct Studio {
    pub(crate) world: World,
    pub(crate) director: Caller,
    pub(crate) other_director: Caller,
    pub(crate) specialist: Caller,
    pub(crate) other_specialist: Caller,
    pub(crate) micro: Caller,
}

impl Studio {
    pub(crate) async fn open(world: World) -> Self {
        let director = world.agent("L1-ART-001", AgentTier::L1, None).await;
        let other_director = world.agent("L1-ENG-001", AgentTier::L1, None).await;
        let specialist = world
            .agent("L2-CHAR-001", AgentTier::L2, Some("L1-ART-001"))
            .await;
        let other_specialist = world
            .agent("L2-NET-001", AgentTier::L2, Some("L1-ENG-001"))
            .await;
        let micro = world
            .agent("L3-CHAR-POSE-001", AgentTier::L3, Some("L2-CHAR-001"))
            .await;
        world.define_drawing().await;
        Self {
            world,
            director,
            other_director,
            specialist,
            other_specialist,
            micro,
        }
    }

    pub(crate) fn service(&self) -> &Service {
        &self.world.service
    }

    /// A task of the first director's.
    pub(crate) async fn created(&self) -> entities::task::Model {
        task::create(self.service(), &self.director, drawing())
            .await
            .unwrap()
    }

    /// A task that the first director has handed to the first specialist.
    pub(crate) async fn delegated(&self) -> entities::task::Model {
        task::delegate(self.service(), &self.director, "L2-CHAR-001", drawing())
            .await
            .unwrap()
    }
}

pub(crate) fn drawing() -> task::Create {
    task::Create {
        type_name: "DRAW".to_owned(),
        input: json!({"what": "a dragon"}),
        metadata: None,
        priority: TaskPriority::Medium,
        parent_id: None,
        deadline: None,
        idempotency_key: None,
    }
}

/// What came of a call: the status that it led to, or the code of the refusal.
pub(crate) fn outcome(result: &Result<entities::task::Model>) -> &'static str {
    match result {
        Ok(task) => task.status.as_str(),
        Err(error) => error.code().as_str(),
    }
}
