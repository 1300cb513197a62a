//! Versions of task types as tasks refer to them: they never change, so each is read once and kept. Floor 3.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entities::{task, task_type};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::error::{Error, Result};
use crate::service::Service;

/// How many versions are kept.
const MAX_KEPT: usize = 1_024;

/// What was read, by name and version; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    kept: Arc<Mutex<Kept>>,
}

type Kept = HashMap<(String, i32), Arc<task_type::Model>>;

impl Versions {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The terms that a task was made under: its type's version.
pub async fn terms(
    service: &Service,
    db: &impl ConnectionTrait,
    task: &task::Model,
) -> Result<Arc<task_type::Model>> {
    let key = (task.type_name.clone(), task.type_version);
    if let Some(known) = service.versions.kept().get(&key) {
        return Ok(known.clone());
    }
    let found = task_type::Entity::find_by_id(key.clone()).one(db).await?;
    let terms = Arc::new(found.ok_or_else(|| {
        let (name, version) = &key;
        Error::internal(format!("task type {name} version {version} is gone"))
    })?);
    let mut kept = service.versions.kept();
    if kept.len() >= MAX_KEPT {
        kept.clear();
    }
    kept.insert(key, terms.clone());
    Ok(terms)
}
