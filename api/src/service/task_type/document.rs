//! Checking inputs and outputs against the schemas of their type, compiled once and kept (spec R3.13). Floor 3.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entities::json::JsonText;
use entities::task::personal;
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
    input: Schema,
    output: Schema,
}

struct Schema {
    validator: Validator,
    /// Whether it marks anything as personal: most do not.
    has_personal: bool,
}

impl Schema {
    fn compile(schema: &JsonText) -> Result<Self> {
        Ok(Self {
            validator: compile(&schema.value()).map_err(Error::internal)?,
            has_personal: schema.as_str().contains(personal::KEYWORD),
        })
    }

    /// Where a document that keeps to it has values that it marks as personal: JSON pointers, none of them within another.
    fn personal(&self, document: &Value) -> Vec<String> {
        if !self.has_personal {
            return Vec::new();
        }
        // What a specification does not know is an annotation (JSON Schema 2020-12, 6.5), which tells where in the document it applies.
        let evaluation = self.validator.evaluate(document);
        let places = evaluation
            .iter_annotations()
            .filter(|one| one.annotations.value()[personal::KEYWORD] == true)
            .map(|one| one.instance_location.as_str().to_owned());
        personal::outermost(places.collect())
    }
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
            input: Schema::compile(&task_type.input_schema)?,
            output: Schema::compile(&task_type.output_schema)?,
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
    Ok(faults(service, "input", &compiled.input.validator, input))
}

/// The faults of an output.
pub fn output_faults(
    service: &Service,
    task_type: &task_type::Model,
    output: &Value,
) -> Result<Vec<Fault>> {
    let compiled = service.schemas.of(task_type)?;
    Ok(faults(
        service,
        "output",
        &compiled.output.validator,
        output,
    ))
}

/// The faults of an input that the server itself puts together out of documents that were measured before.
pub fn schema_faults(
    service: &Service,
    task_type: &task_type::Model,
    input: &Value,
) -> Result<Vec<Fault>> {
    let compiled = service.schemas.of(task_type)?;
    Ok(violations("input", &compiled.input.validator, input))
}

/// Where an input has personal values (spec R5.08).
pub fn personal_input(
    service: &Service,
    task_type: &task_type::Model,
    input: &Value,
) -> Result<Vec<String>> {
    Ok(service.schemas.of(task_type)?.input.personal(input))
}

/// Where an output has personal values; nowhere in one that is too large to be taken.
pub fn personal_output(
    service: &Service,
    task_type: &task_type::Model,
    output: &Value,
) -> Result<Vec<String>> {
    let schema = &service.schemas.of(task_type)?.output;
    if schema.has_personal && output.to_string().len() > service.settings.max_document_bytes {
        return Ok(Vec::new());
    }
    Ok(schema.personal(output))
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
