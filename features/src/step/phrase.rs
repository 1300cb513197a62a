//! Phrases: parts of a sentence that may be left out, and mean something when they are there.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail};
use cucumber::Parameter;
use serde_json::{Value, json};

use crate::word::{Agent, Permissions};

/// ` because "repairs"`, or nothing.
#[derive(Clone, Debug, Parameter)]
#[param(name = "reason", regex = r#"(?: because "[^"]*")?"#)]
pub struct Reason(Option<String>);

impl Reason {
    /// What was said, if anything.
    pub fn said(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// What was said, or something.
    pub fn or_some(&self) -> &str {
        self.said().unwrap_or("for the story's sake")
    }
}

impl FromStr for Reason {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(Self(text.strip_prefix(" because ").map(unquote)))
    }
}

/// ` and the whole line`, or nothing.
#[derive(Clone, Copy, Debug, Parameter)]
#[param(name = "line", regex = "(?: and the whole line)?")]
pub struct Line(pub bool);

impl FromStr for Line {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(Self(!text.is_empty()))
    }
}

/// ` under ARTEMIS`, ` under its usual supervisor`, or nothing.
#[derive(Clone, Debug, Parameter)]
#[param(
    name = "place",
    regex = "(?: under (?:its usual supervisor|ARTEMIS|ORPHEUS|the operator|(?:SYSTEM|L[123])(?:-[A-Z0-9]+)+))?"
)]
pub enum Place {
    /// Nobody above.
    Nowhere,
    /// Who usually supervises that tier in the character line.
    Usual,
    /// Somebody.
    Under(Agent),
}

impl Place {
    /// The supervisor of `agent` who is placed so.
    pub fn supervisor_of(&self, agent: &Agent) -> Option<&str> {
        match self {
            Self::Nowhere => None,
            Self::Usual => usual_supervisor(agent.tier()),
            Self::Under(supervisor) => Some(supervisor.id()),
        }
    }
}

/// Who supervises an agent of this tier when nobody in particular does.
pub fn usual_supervisor(tier: &str) -> Option<&'static str> {
    match tier {
        "L3" => Some("L2-CHAR-001"),
        "L2" => Some("L1-ART-001"),
        _ => None,
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text.strip_prefix(" under ") {
            None => Self::Nowhere,
            Some("its usual supervisor") => Self::Usual,
            Some(agent) => Self::Under(agent.parse()?),
        })
    }
}

/// ` with only EXECUTE_TASK and REPORT_STATUS`, or nothing.
#[derive(Clone, Debug, Parameter)]
#[param(
    name = "grant",
    regex = "(?: with only [A-Z0-9_]+(?:, [A-Z0-9_]+)*(?: and [A-Z0-9_]+)?)?"
)]
pub struct Grant(pub Option<Permissions>);

impl FromStr for Grant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(Self(
            text.strip_prefix(" with only ")
                .map(str::parse)
                .transpose()?,
        ))
    }
}

/// What is handed in: ` with the sketch "…"`, ` without output`, ` with nothing in it`, or nothing said.
#[derive(Clone, Debug, Parameter)]
#[param(
    name = "output",
    regex = r#"(?: with the sketch "[^"]*"| without output| with nothing in it)?"#
)]
pub struct Output(pub Option<Value>);

impl Output {
    /// The output of a hand-in that says nothing in particular.
    pub fn usual() -> Self {
        Self(Some(json!({ "sketch": "a fox in armour" })))
    }
}

impl FromStr for Output {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "" => Ok(Self::usual()),
            " without output" => Ok(Self(None)),
            " with nothing in it" => Ok(Self(Some(json!({})))),
            text => {
                let sketch = text
                    .strip_prefix(" with the sketch ")
                    .map(unquote)
                    .context("a hand-in")?;
                Ok(Self(Some(json!({ "sketch": sketch }))))
            }
        }
    }
}

/// Which of many: ` of tier L1`, ` that report to ARTEMIS`, ` created by ORPHEUS`, ` after the cursor "…"`.
#[derive(Clone, Debug, Parameter)]
#[param(
    name = "filter",
    regex = r#"(?: (?:of tier|that report to|that are|capable of|matching|with priority|assigned to|created by) .+)?"#
)]
pub struct Filter(pub Option<Value>);

impl FromStr for Filter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        const CLAUSES: [(&str, &str, bool); 8] = [
            (" of tier ", "tier", false),
            (" that report to ", "supervisorId", false),
            (" that are ", "status", true),
            (" capable of ", "capability", false),
            (" matching ", "search", false),
            (" with priority ", "priority", true),
            (" assigned to ", "assigneeId", false),
            (" created by ", "creatorId", false),
        ];
        if text.is_empty() {
            return Ok(Self(None));
        }
        for (clause, field, is_list) in CLAUSES {
            if let Some(rest) = text.strip_prefix(clause) {
                let wanted = if field.ends_with("Id") {
                    rest.parse::<Agent>()?.id().to_owned()
                } else {
                    unquote(rest)
                };
                return Ok(Self(Some(if is_list {
                    json!({ field: [wanted] })
                } else {
                    json!({ field: wanted })
                })));
            }
        }
        bail!("no filter is called so:{text}")
    }
}

/// The text between quotation marks, or as it is.
pub fn unquote(text: &str) -> String {
    text.trim_matches('"').to_owned()
}
