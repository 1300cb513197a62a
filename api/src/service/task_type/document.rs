//! Checking inputs and outputs against the schemas of their type, compiled once and kept (spec R3.13). Floor 3.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entities::task_type;
use jsonschema::Validator;
use serde_json::Value;

use super::schema::compile;
use crate::error::{Error, Fault, Result};
use crate::service::Service;

/// How many faults an answer lists.
const MAX_FAULTS: usize = 20;
/// How many versions are kept compiled.
const MAX_KEPT: usize = 1_024;

struct Compiled {
    input: Validator,
    output: Validator,
}

/// Compiled schemas, by name and version: a version never changes. Clones share them.
#[derive(Clone, Default)]
pub struct Schemas {
    kept: Arc<Mutex<Kept>>,
}

type Kept = HashMap<(String, i32), Arc<Compiled>>;

impl std::fmt::Debug for Schemas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schemas").finish_non_exhaustive()
    }
}

impl Schemas {
    fn of(&self, task_type: &task_type::Model) -> Result<Arc<Compiled>> {
        let key = (task_type.name.clone(), task_type.version);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = kept.get(&key) {
            return Ok(compiled.clone());
        }
        let compiled = Arc::new(Compiled {
            input: compile(&task_type.input_schema.value()).map_err(Error::internal)?,
            output: compile(&task_type.output_schema.value()).map_err(Error::internal)?,
        });
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(key, compiled.clone());
        Ok(compiled)
    }
}

/// The faults of an input.
pub fn input_faults(
    service: &Service,
    task_type: &task_type::Model,
    input: &Value,
) -> Result<Vec<Fault>> {
    let compiled = service.schemas.of(task_type)?;
    Ok(faults(service, "input", &compiled.input, input))
}

/// The faults of an output.
pub fn output_faults(
    service: &Service,
    task_type: &task_type::Model,
    output: &Value,
) -> Result<Vec<Fault>> {
    let compiled = service.schemas.of(task_type)?;
    Ok(faults(service, "output", &compiled.output, output))
}

/// The faults of an input that the server itself puts together out of documents that were measured before.
pub fn schema_faults(
    service: &Service,
    task_type: &task_type::Model,
    input: &Value,
) -> Result<Vec<Fault>> {
    let compiled = service.schemas.of(task_type)?;
    Ok(violations("input", &compiled.input, input))
}

fn faults(service: &Service, field: &str, validator: &Validator, document: &Value) -> Vec<Fault> {
    let bytes = document.to_string().len();
    let limit = service.settings.max_document_bytes;
    if bytes > limit {
        return vec![Fault::of(
            field,
            "maxBytes",
            format!("must have at most {limit} bytes, has {bytes}"),
        )];
    }
    violations(field, validator, document)
}

fn violations(field: &str, validator: &Validator, document: &Value) -> Vec<Fault> {
    validator
        .iter_errors(document)
        .take(MAX_FAULTS)
        .map(|error| {
            Fault {
                line: None,
                pointer: format!("/{field}{}", error.instance_path()),
                rule: error.kind().keyword().to_owned(),
                // Masked: the message names the rule, `found` shows the value, once and cut.
                message: error.masked().to_string(),
                found: None,
            }
            .found(error.instance())
        })
        .collect()
}
