//! Batched reads: what the objects of one answer refer to is read in one query for each kind. Floor 4.
//!
//! Nothing is cached: a mutation's answer shows what the mutation made, and a subscription lives long.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};
use entities::id::{AgentId, AssetId, GateRunId, NotificationId, SprintId, TaskId};
use entities::sprint::Tally;
use entities::task::{self, WaitReason};

use super::agent::Agent;
use super::asset::Asset;
use super::error::Refusal;
use super::gate_run::GateRun;
use super::notification::Notification;
use super::sprint::Sprint;
use super::task::Task;
use super::task_type::TaskType;
use crate::auth::actor::Caller;
use crate::service::page::Page;
use crate::service::sprint::WaveKey;
use crate::service::task::Validation;
use crate::service::{self, Service};
use crate::store::fault;

/// Reads in a caller's name.
pub(super) struct Reader {
    service: Service,
    caller: Caller,
}

impl Reader {
    /// The batching reader of one request.
    pub(super) fn batched(service: Service, caller: Caller) -> DataLoader<Self> {
        // A test that counts the statements of a request counts these too.
        let spawn = |work| tokio::spawn(fault::on_behalf(work));
        DataLoader::new(Self { service, caller }, spawn)
    }

    /// The use cases.
    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// Who asks.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// An agent, by its id.
impl Loader<AgentId> for Reader {
    type Value = Agent;
    type Error = Refusal;

    async fn load(&self, keys: &[AgentId]) -> Result<HashMap<AgentId, Agent>, Refusal> {
        let found = service::agent::find_many(&self.service, keys).await?;
        Ok(found
            .into_iter()
            .map(|(id, row)| (id, row.into()))
            .collect())
    }
}

/// Asks whether an agent holds a task that is IN_PROGRESS.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Holds(pub AgentId);

impl Loader<Holds> for Reader {
    type Value = ();
    type Error = Refusal;

    async fn load(&self, keys: &[Holds]) -> Result<HashMap<Holds, ()>, Refusal> {
        let ids: Vec<AgentId> = keys.iter().map(|key| key.0.clone()).collect();
        let holders = service::agent::processing(&self.service, &ids).await?;
        Ok(holders.into_iter().map(|id| (Holds(id), ())).collect())
    }
}

/// A version of a task type, by name and version.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct TypeVersion(pub String, pub i32);

impl Loader<TypeVersion> for Reader {
    type Value = TaskType;
    type Error = Refusal;

    async fn load(&self, keys: &[TypeVersion]) -> Result<HashMap<TypeVersion, TaskType>, Refusal> {
        let versions: Vec<_> = keys.iter().map(|key| (key.0.clone(), key.1)).collect();
        let found = service::task_type::find_versions(&self.service, &versions).await?;
        Ok(found
            .into_iter()
            .map(|((name, version), row)| (TypeVersion(name, version), row.into()))
            .collect())
    }
}

/// A task that the caller named itself: that it may not see it is reported.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Named(pub TaskId);

impl Loader<Named> for Reader {
    type Value = Task;
    type Error = Refusal;

    async fn load(&self, keys: &[Named]) -> Result<HashMap<Named, Task>, Refusal> {
        let ids: Vec<TaskId> = keys.iter().map(|Named(id)| *id).collect();
        let found = service::task::find_named(&self.service, &self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, row)| (Named(id), row.into()))
            .collect())
    }
}

/// A task that the caller may see, by its id.
impl Loader<TaskId> for Reader {
    type Value = Task;
    type Error = Refusal;

    async fn load(&self, keys: &[TaskId]) -> Result<HashMap<TaskId, Task>, Refusal> {
        let found = service::task::find_visible(&self.service, &self.caller, keys).await?;
        Ok(found
            .into_iter()
            .map(|(id, row)| (id, row.into()))
            .collect())
    }
}

/// An asset that the caller may see, by its id.
impl Loader<AssetId> for Reader {
    type Value = Asset;
    type Error = Refusal;

    async fn load(&self, keys: &[AssetId]) -> Result<HashMap<AssetId, Asset>, Refusal> {
        let found = service::asset::find_visible(&self.service, &self.caller, keys).await?;
        Ok(found.into_iter().map(|row| (row.id, row.into())).collect())
    }
}

/// A sprint that the caller may see, by its id.
impl Loader<SprintId> for Reader {
    type Value = Sprint;
    type Error = Refusal;

    async fn load(&self, keys: &[SprintId]) -> Result<HashMap<SprintId, Sprint>, Refusal> {
        let found = service::sprint::find_visible(&self.service, &self.caller, keys).await?;
        Ok(found
            .into_iter()
            .map(|(id, row)| (id, row.into()))
            .collect())
    }
}

/// Asks how the tasks of a sprint stand.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Standing(pub SprintId);

impl Loader<Standing> for Reader {
    type Value = Arc<Tally>;
    type Error = Refusal;

    async fn load(&self, keys: &[Standing]) -> Result<HashMap<Standing, Arc<Tally>>, Refusal> {
        let ids: Vec<SprintId> = keys.iter().map(|key| key.0).collect();
        let found = service::sprint::tallies(&self.service, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, tally)| (Standing(id), Arc::new(tally)))
            .collect())
    }
}

impl Loader<WaveKey> for Reader {
    type Value = Arc<Page<task::Model>>;
    type Error = Refusal;

    async fn load(
        &self,
        keys: &[WaveKey],
    ) -> Result<HashMap<WaveKey, Arc<Page<task::Model>>>, Refusal> {
        let found = service::sprint::wave_pages(&self.service, &self.caller, keys).await?;
        Ok(found
            .into_iter()
            .map(|(key, page)| (key, Arc::new(page)))
            .collect())
    }
}

/// A gate run, by its id, for those who may see them.
impl Loader<GateRunId> for Reader {
    type Value = GateRun;
    type Error = Refusal;

    async fn load(&self, keys: &[GateRunId]) -> Result<HashMap<GateRunId, GateRun>, Refusal> {
        let found = service::gate_run::find_visible(&self.service, &self.caller, keys).await?;
        Ok(found
            .into_iter()
            .map(|(id, row)| (id, row.into()))
            .collect())
    }
}

/// A notification of the caller's, by its id: that it named another's is reported.
impl Loader<NotificationId> for Reader {
    type Value = Notification;
    type Error = Refusal;

    async fn load(
        &self,
        keys: &[NotificationId],
    ) -> Result<HashMap<NotificationId, Notification>, Refusal> {
        let found = service::notification::find_many(&self.service, &self.caller, keys).await?;
        Ok(found
            .into_iter()
            .map(|(id, row)| (id, row.into()))
            .collect())
    }
}

/// Defines a question about a task as it stands in a row.
macro_rules! asked_of_a_row {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub(super) struct $name(pub Arc<task::Model>);

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                (self.0.id, self.0.revision) == (other.0.id, other.0.revision)
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                (self.0.id, self.0.revision).hash(state);
            }
        }
    };
}

asked_of_a_row! {
    /// Asks what a task waits for.
    Waiting
}

asked_of_a_row! {
    /// Asks how the last hand-in of a task is validated.
    Checked
}

impl Loader<Checked> for Reader {
    type Value = Validation;
    type Error = Refusal;

    async fn load(&self, keys: &[Checked]) -> Result<HashMap<Checked, Validation>, Refusal> {
        let rows: Vec<task::Model> = keys.iter().map(|key| (*key.0).clone()).collect();
        let found = service::task::validations(&self.service, &rows).await?;
        Ok(keys.iter().cloned().zip(found).collect())
    }
}

impl Loader<Waiting> for Reader {
    type Value = WaitReason;
    type Error = Refusal;

    async fn load(&self, keys: &[Waiting]) -> Result<HashMap<Waiting, WaitReason>, Refusal> {
        let rows: Vec<task::Model> = keys.iter().map(|key| (*key.0).clone()).collect();
        let reasons = service::task::waiting_for(&self.service, &rows).await?;
        Ok(keys
            .iter()
            .filter_map(|key| Some((key.clone(), *reasons.get(&key.0.id)?)))
            .collect())
    }
}
