//! The form of fleet files and task type files (`api/founding/*.schema.json`). Floor 3.

use entities::agent::{AgentPermission, AgentTier};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::agent::Register;
use super::super::task_type::Define;
use crate::error::{Error, Fault, Result};

/// The version of both forms.
const VERSION: u32 = 1;
/// The most agents of a fleet file.
const MAX_AGENTS: usize = 200_000;
/// The most types of a task types file.
const MAX_TASK_TYPES: usize = 1_000;

/// One agent of a fleet file. SYSTEM agents are never in one, which is checked after reading.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct FleetAgent {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) tier: AgentTier,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) supervisor_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) permissions: Option<Vec<AgentPermission>>,
    pub(super) capabilities: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) config: Option<Map<String, Value>>,
}

impl From<FleetAgent> for Register {
    fn from(agent: FleetAgent) -> Self {
        Self {
            id: agent.id,
            name: agent.name,
            tier: agent.tier,
            supervisor_id: agent.supervisor_id,
            permissions: agent.permissions,
            capabilities: Some(agent.capabilities),
            config: agent.config.map(Value::Object),
        }
    }
}

/// A fleet file as a whole; its lines are read one by one, so that each fault is named by its line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FleetFile {
    version: u32,
    agents: Vec<Value>,
}

/// A task types file as a whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TaskTypesFile {
    version: u32,
    task_types: Vec<Value>,
}

/// Reads a fleet file. BAD_USER_INPUT with every line that does not have the form.
pub(super) fn read_fleet(text: &str) -> Result<Vec<Register>> {
    let file: FleetFile = read(text)?;
    check_version(file.version)?;
    let agents = lines::<FleetAgent>(file.agents, "agents", MAX_AGENTS)?;
    let faults: Vec<Fault> = agents
        .iter()
        .enumerate()
        .filter(|(_, agent)| agent.tier == AgentTier::System)
        .map(|(line, _)| {
            let message = "SYSTEM agents are never in a fleet file";
            Fault::of("tier", "enum", message).at_line(line)
        })
        .collect();
    if !faults.is_empty() {
        return Err(Error::BadUserInput(faults));
    }
    Ok(agents.into_iter().map(Register::from).collect())
}

/// Reads a task types file. BAD_USER_INPUT with every line that does not have the form.
pub(super) fn read_task_types(text: &str) -> Result<Vec<Define>> {
    let file: TaskTypesFile = read(text)?;
    check_version(file.version)?;
    lines(file.task_types, "taskTypes", MAX_TASK_TYPES)
}

/// Writes a fleet file: an agent a line, so that a change of one agent is a change of one line.
pub(super) fn write_fleet(agents: &[FleetAgent]) -> Result<String> {
    let mut lines = Vec::with_capacity(agents.len());
    for agent in agents {
        lines.push(serde_json::to_string(agent).map_err(Error::internal)?);
    }
    let agents = lines.join(",\n    ");
    Ok(format!(
        "{{\n  \"version\": {VERSION},\n  \"agents\": [\n    {agents}\n  ]\n}}\n"
    ))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::bad_input("", "form", error.to_string()))
}

fn check_version(found: u32) -> Result<()> {
    if found == VERSION {
        return Ok(());
    }
    let message = format!("must be {VERSION}, is {found}");
    Err(Error::bad_input("version", "const", message))
}

fn lines<T: DeserializeOwned>(
    values: Vec<Value>,
    limit: &'static str,
    max: usize,
) -> Result<Vec<T>> {
    if values.len() > max {
        return Err(Error::LimitExceeded {
            limit,
            value: max as u64,
            requested: values.len() as u64,
        });
    }
    let mut read = Vec::with_capacity(values.len());
    let mut faults = Vec::new();
    for (line, value) in values.into_iter().enumerate() {
        match serde_json::from_value(value) {
            Ok(one) => read.push(one),
            Err(error) => faults.push(Fault::of("", "form", error.to_string()).at_line(line)),
        }
    }
    if faults.is_empty() {
        Ok(read)
    } else {
        Err(Error::BadUserInput(faults))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn faults<T: std::fmt::Debug>(outcome: Result<T>) -> Vec<Fault> {
        match outcome {
            Err(Error::BadUserInput(faults)) => faults,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_line_that_lacks_the_form_is_named() {
        let text = r#"{"version": 1, "agents": [
            {"id": "L1-A", "name": "A", "tier": "L1", "capabilities": []},
            {"id": "L1-B", "name": "B", "tier": "L9", "capabilities": []},
            {"id": "L1-C", "name": "C", "tier": "L1", "capabilities": [], "secret": "x"}
        ]}"#;
        let found = faults(read_fleet(text));
        let lines: Vec<_> = found.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [Some(2), Some(3)]);
        assert!(found[0].message.contains("AgentTier") && found[1].message.contains("secret"));
    }

    #[test]
    fn a_file_of_another_version_or_with_system_agents_is_refused() {
        let found = faults(read_fleet(r#"{"version": 2, "agents": []}"#));
        assert_eq!(found[0].pointer, "/version");
        let text = r#"{"version": 1, "agents": [{"id": "SYSTEM-002", "name": "A", "tier": "SYSTEM", "capabilities": []}]}"#;
        let found = faults(read_fleet(text));
        assert_eq!(
            (found[0].line, found[0].pointer.as_str()),
            (Some(1), "/tier")
        );
    }

    #[test]
    fn the_founding_files_have_the_form() {
        let fleet = read_fleet(super::super::FOUNDING_FLEET).unwrap();
        assert_eq!(fleet.len(), 1_884);
        let types = read_task_types(super::super::FOUNDING_TASK_TYPES).unwrap();
        assert!(types.iter().any(|one| one.name == "GENERATE_ASSET"));
        for define in &types {
            crate::service::task_type::check_definition(define).unwrap();
        }
    }
}
