//! Templates of sprints: files of a published form, whose faults are named by line (spec R7.04). Floor 3.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use entities::id::AgentId;
use serde::Deserialize;
use serde_json::Value;

use super::super::task_type::compile_schema;
use super::plan::PlannedPhase;
use crate::error::{Error, Result};

mod place;

/// The form of a template file: `api/founding/sprint_template.schema.json`.
pub const TEMPLATE_SCHEMA: &str = include_str!("../../../founding/sprint_template.schema.json");
/// The founding template: the character pipeline.
const CHARACTER_PIPELINE: &str = include_str!("../../../founding/character-pipeline.json");
/// What stands for the id of a sprint's lead.
const LEAD: &str = "$lead";
/// The most bytes of a template file.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How many faults of a file are named.
const MAX_FAULTS: usize = 50;

/// A template that was read and keeps to the form.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Template {
    name: String,
    lead: Option<String>,
    phases: Value,
}

/// The templates that a server knows, by name; clones share nothing and are small.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    own: BTreeMap<String, Template>,
}

/// One fault of a template file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFault {
    /// The line, counted from 1.
    pub line: usize,
    /// JSON pointer to what is wrong; empty for the whole.
    pub pointer: String,
    /// What is wrong, for people.
    pub message: String,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.pointer.is_empty() {
            write!(f, "{}: ", self.pointer)?;
        }
        f.write_str(&self.message)
    }
}

impl Templates {
    /// The founding template and those of a folder: every file there whose name ends in `.json`.
    ///
    /// # Errors
    /// Every fault of every file, by file and line; a folder that cannot be read; a name that two files have.
    pub fn of_folder(folder: &Path) -> Result<Self, String> {
        let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                paths.push(path);
            }
        }
        paths.sort();
        let mut own = BTreeMap::new();
        let mut faults = Vec::new();
        for path in paths {
            let place = path.display();
            let text =
                std::fs::read_to_string(&path).map_err(|error| format!("{place}: {error}"))?;
            match read(&text) {
                Ok(template) if own.contains_key(&template.name) => {
                    faults.push(format!("{place}: another file is named {}", template.name));
                }
                Ok(template) => drop(own.insert(template.name.clone(), template)),
                Err(found) => faults.extend(found.iter().map(|fault| format!("{place}: {fault}"))),
            }
        }
        match faults.is_empty() {
            true => Ok(Self { own }),
            false => Err(faults.join("\n")),
        }
    }

    /// The phases of a template for a sprint of this lead. BAD_USER_INPUT where there is no such template, or another agent is its lead.
    pub(super) fn phases(&self, name: &str, lead: &AgentId) -> Result<Vec<PlannedPhase>> {
        let founding;
        let template = match self.own.get(name) {
            Some(own) => own,
            None => {
                founding = read(CHARACTER_PIPELINE).map_err(|faults| {
                    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
                    Error::internal(faults.join("\n"))
                })?;
                if founding.name != name {
                    return Err(self.unknown(name, &founding.name));
                }
                &founding
            }
        };
        if let Some(named) = &template.lead
            && named != lead.as_str()
        {
            let message = format!("the template {name} is led by {named}");
            return Err(Error::bad_input("leadId", "template", message));
        }
        let mut phases = template.phases.clone();
        put_lead(&mut phases, lead);
        serde_json::from_value(phases).map_err(Error::internal)
    }

    fn unknown(&self, name: &str, founding: &str) -> Error {
        let mut known: Vec<&str> = self.own.keys().map(String::as_str).collect();
        known.push(founding);
        let name = super::super::task_type::shortened(name);
        let message = format!(
            "there is no template {name:?}; known are {}",
            known.join(", ")
        );
        Error::bad_input("template", "known", message)
    }
}

/// Puts the lead's id wherever it is asked for.
fn put_lead(value: &mut Value, lead: &AgentId) {
    match value {
        Value::String(text) if text == LEAD => *text = lead.to_string(),
        Value::Array(items) => items.iter_mut().for_each(|item| put_lead(item, lead)),
        Value::Object(fields) => fields.values_mut().for_each(|field| put_lead(field, lead)),
        _ => {}
    }
}

/// Every fault of a template file, by line; none where it keeps to the form.
pub fn check_file(text: &str) -> Vec<TemplateFault> {
    read(text).err().unwrap_or_default()
}

fn read(text: &str) -> Result<Template, Vec<TemplateFault>> {
    let whole = |line: usize, message: String| {
        vec![TemplateFault {
            line,
            pointer: String::new(),
            message,
        }]
    };
    if text.len() > MAX_BYTES {
        let message = format!("must have at most {MAX_BYTES} bytes, has {}", text.len());
        return Err(whole(1, message));
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| whole(error.line().max(1), format!("is no JSON: {error}")))?;
    let mut faults = faults(text, &value).map_err(|error| whole(1, error))?;
    if let Some(weights) = faulty_weights(&value).filter(|_| faults.is_empty()) {
        faults.push(TemplateFault {
            line: place::line_of(text, "/phases"),
            pointer: "/phases".to_owned(),
            message: format!("the weights must sum to 100, they sum to {weights}"),
        });
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    serde_json::from_value(value).map_err(|error| whole(1, error.to_string()))
}

fn faults(text: &str, value: &Value) -> Result<Vec<TemplateFault>, String> {
    let schema = serde_json::from_str(TEMPLATE_SCHEMA).map_err(|error| error.to_string())?;
    let validator = compile_schema(&schema)?;
    let fault = |error: jsonschema::ValidationError<'_>| {
        let pointer = error.instance_path().to_string();
        TemplateFault {
            line: place::line_of(text, &pointer),
            pointer,
            message: error.to_string().chars().take(300).collect(),
        }
    };
    let mut faults: Vec<_> = validator
        .iter_errors(value)
        .take(MAX_FAULTS)
        .map(fault)
        .collect();
    faults.sort_by(|one, other| (one.line, &one.pointer).cmp(&(other.line, &other.pointer)));
    Ok(faults)
}

/// What the weights sum to, where that is not 100.
fn faulty_weights(value: &Value) -> Option<i64> {
    let phases = value["phases"].as_array()?;
    let sum = phases.iter().filter_map(|phase| phase["weight"].as_i64());
    Some(sum.sum()).filter(|sum| *sum != 100)
}

#[cfg(test)]
mod tests;
