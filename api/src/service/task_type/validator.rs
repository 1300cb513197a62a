//! Which types can validate others (spec R3.14): their output says `valid`, and they have neither validators nor review of their own.
//! Floor 3.

use std::collections::{BTreeMap, HashSet};

use entities::task_type;
use sea_orm::ConnectionTrait;
use serde_json::Value;

use super::{Define, is_name, latest_of_all, shortened};
use crate::error::{Error, Fault, Result};

/// The most validators that a type may name.
const MAX_VALIDATORS: usize = 16;

/// What is wrong with the names alone.
pub(super) fn faults_of_names(define: &Define) -> Vec<Fault> {
    let mut faults = Vec::new();
    let names = &define.validators;
    if names.len() > MAX_VALIDATORS {
        let message = format!("must be at most {MAX_VALIDATORS}, are {}", names.len());
        faults.push(Fault::of("validators", "maxItems", message));
    }
    let mut known = HashSet::new();
    for (index, name) in names.iter().take(MAX_VALIDATORS).enumerate() {
        let fault =
            |rule, message: String| Fault::of(&format!("validators/{index}"), rule, message);
        if !is_name(name) {
            let message = format!("{:?} can name no task type", shortened(name));
            faults.push(fault("pattern", message));
        } else if !known.insert(name) {
            faults.push(fault("uniqueItems", format!("{name} is named twice")));
        }
    }
    faults
}

/// What matters here of the version of a type that will be the latest.
struct Shape {
    validators: Vec<String>,
    requires_review: bool,
    says_valid: bool,
}

impl From<&Define> for Shape {
    fn from(define: &Define) -> Self {
        Self {
            validators: define.validators.clone(),
            requires_review: define.requires_review,
            says_valid: says_valid(&define.output_schema),
        }
    }
}

impl From<&task_type::Model> for Shape {
    fn from(row: &task_type::Model) -> Self {
        Self {
            validators: row.validators.0.clone(),
            requires_review: row.requires_review,
            says_valid: says_valid(&row.output_schema.value()),
        }
    }
}

impl Shape {
    /// Why it cannot validate, if it cannot.
    fn unfit(&self) -> Option<&'static str> {
        if !self.says_valid {
            Some("its output must have a required property `valid` of type boolean")
        } else if !self.validators.is_empty() {
            Some("it has validators of its own")
        } else if self.requires_review {
            Some("it requires review")
        } else {
            None
        }
    }
}

fn says_valid(output_schema: &Value) -> bool {
    let required = output_schema["required"].as_array();
    output_schema["properties"]["valid"]["type"] == "boolean"
        && required.is_some_and(|names| names.iter().any(|name| name == "valid"))
}

/// BAD_USER_INPUT where, once these are defined, a type would name a validator that is none.
pub(super) async fn check(db: &impl ConnectionTrait, definitions: &[Define]) -> Result<()> {
    let rows = latest_of_all(db).await?;
    let mut latest: BTreeMap<&str, Shape> = rows
        .iter()
        .map(|(name, row)| (name.as_str(), Shape::from(row)))
        .collect();
    latest.extend(
        definitions
            .iter()
            .map(|define| (define.name.as_str(), Shape::from(define))),
    );
    let mut faults = Vec::new();
    for (line, define) in definitions.iter().enumerate() {
        for (index, name) in define.validators.iter().enumerate() {
            let message = match latest.get(name.as_str()) {
                None => format!("there is no task type {name}"),
                Some(shape) => match shape.unfit() {
                    None => continue,
                    Some(why) => format!("{name} cannot validate: {why}"),
                },
            };
            let fault = Fault::of(&format!("validators/{index}"), "validator", message);
            faults.push(if definitions.len() > 1 {
                fault.at_line(line)
            } else {
                fault
            });
        }
        let user = latest
            .iter()
            .find(|(_, shape)| shape.validators.contains(&define.name));
        if let Some((user, _)) = user.filter(|(user, _)| **user != define.name)
            && let Some(why) = latest.get(define.name.as_str()).and_then(Shape::unfit)
            && !definitions.iter().any(|other| other.name == **user)
        {
            let message = format!("{} validates {user}, but {why}", define.name);
            faults.push(Fault::of("name", "validator", message));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::BadUserInput(faults))
}
