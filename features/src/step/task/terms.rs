//! The terms on which a task is made or given: everything that may be said of it after its name.

use std::{str::FromStr, time::Duration};

use anyhow::{Context as _, Error, Result, bail, ensure};
use chrono::{SecondsFormat, TimeDelta};
use cucumber::Parameter;
use serde_json::{Value, json};

use crate::{
    step::phrase::unquote,
    word::{Agent, Priority, Span, Task, TaskType},
    world::Studio,
};

/// ` of type DRAW_CONCEPT to L2-CHAR-001 with priority HIGH under the key "k", due in ten minutes`, in any order.
#[derive(Clone, Debug, Parameter)]
#[param(
    name = "terms",
    regex = r"(?:(?: of type| to| with| without| under| labelled|, due) .+)?"
)]
pub(super) struct Terms {
    task_type: TaskType,
    pub(super) to: Option<Agent>,
    priority: Option<Priority>,
    pub(super) input: Value,
    label: Option<(String, String)>,
    parent: Option<Task>,
    key: Option<String>,
    due: Option<Due>,
}

#[derive(Clone, Copy, Debug)]
enum Due {
    In(Duration),
    AMinuteAgo,
}

impl FromStr for Terms {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut terms = Self {
            task_type: "DRAW_SKETCH".parse()?,
            to: None,
            priority: None,
            input: json!({ "prompt": "a fox in armour" }),
            label: None,
            parent: None,
            key: None,
            due: None,
        };
        let mut rest = text;
        while !rest.is_empty() {
            rest = terms.take(rest)?;
        }
        Ok(terms)
    }
}

impl Terms {
    /// Takes one clause from the beginning of `text` and returns what is left.
    fn take<'a>(&mut self, text: &'a str) -> Result<&'a str> {
        if let Some(rest) = text.strip_prefix(" of type ") {
            let (word, rest) = word(rest);
            self.task_type = word.parse()?;
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix(" with priority ") {
            let (word, rest) = word(rest);
            self.priority = Some(word.parse()?);
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix(" with the prompt ") {
            let (prompt, rest) = quoted(rest)?;
            self.input = json!({ "prompt": prompt });
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix(" with the number 7 as prompt") {
            self.input = json!({ "prompt": 7 });
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix(" with the palette ") {
            let (colors, rest) = quoted(rest)?;
            self.input["palette"] = colors.split(", ").collect();
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix(" without a prompt") {
            self.input = json!({});
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix(" labelled ") {
            let (name, rest) = quoted(rest)?;
            let (value, rest) = quoted(rest.strip_prefix(" as ").context("labelled as what?")?)?;
            self.label = Some((name, value));
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix(" under the key ") {
            let (key, rest) = quoted(rest)?;
            self.key = Some(key);
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix(" under ") {
            let end = rest.find(" task").context("under which task?")? + " task".len();
            self.parent = Some(rest[..end].parse()?);
            return Ok(&rest[end..]);
        }
        if let Some(rest) = text.strip_prefix(", due in ") {
            self.due = Some(Due::In(rest.parse::<Span>().map_err(Error::msg)?.0));
            return Ok("");
        }
        if let Some(rest) = text.strip_prefix(", due a minute ago") {
            self.due = Some(Due::AMinuteAgo);
            return Ok(rest);
        }
        if let Some(rest) = text
            .strip_prefix(" to ")
            .or_else(|| text.strip_prefix(" with "))
        {
            let (agent, rest) = agent(rest);
            ensure!(
                agent.starts_with(|letter: char| letter.is_ascii_uppercase())
                    || agent.starts_with("the "),
                "{agent} is nobody"
            );
            self.to = Some(agent.parse()?);
            return Ok(rest);
        }
        bail!("no terms are called so:{text}")
    }

    /// The same terms for somebody else.
    pub(super) fn to(mut self, agent: &Agent) -> Self {
        self.to = Some(agent.clone());
        self
    }

    /// The same terms with a deadline so far from now.
    pub(super) fn due_in(mut self, time: Duration) -> Self {
        self.due = Some(Due::In(time));
        self
    }

    /// The input of createTask, executeTask and (with somebody to delegate to) delegateTask.
    pub(super) fn order(&self, studio: &Studio) -> Result<Value> {
        let mut order = json!({ "type": self.task_type.as_str(), "input": self.input });
        let mut put = |field: &str, value: Option<Value>| {
            if let Some(value) = value {
                order[field] = value;
            }
        };
        put("toAgentId", self.to.as_ref().map(|agent| json!(agent.id())));
        put(
            "priority",
            self.priority
                .as_ref()
                .map(|priority| json!(priority.as_str())),
        );
        put(
            "metadata",
            self.label
                .as_ref()
                .map(|(name, value)| json!({ name.as_str(): value })),
        );
        put(
            "parentId",
            self.parent
                .as_ref()
                .map(|parent| studio.task_id(parent))
                .transpose()?
                .map(Value::from),
        );
        put("idempotencyKey", self.key.as_deref().map(Value::from));
        put("deadline", self.deadline(studio)?.map(Value::from));
        Ok(order)
    }

    /// The deadline as the API takes it, if one was said.
    pub(super) fn deadline(&self, studio: &Studio) -> Result<Option<String>> {
        let from_now = match self.due {
            None => return Ok(None),
            Some(Due::In(time)) => TimeDelta::from_std(time).context("a span of time")?,
            Some(Due::AMinuteAgo) => TimeDelta::minutes(-1),
        };
        Ok(Some(
            (studio.now() + from_now).to_rfc3339_opts(SecondsFormat::Micros, true),
        ))
    }
}

/// The first word and the rest.
fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find([' ', ',']).unwrap_or(text.len()))
}

/// Somebody's name and the rest; `the operator` has two words.
fn agent(text: &str) -> (&str, &str) {
    match text.strip_prefix("the operator") {
        Some(rest) => ("the operator", rest),
        None => word(text),
    }
}

/// What stands between the quotation marks at the beginning, and the rest.
fn quoted(text: &str) -> Result<(String, &str)> {
    let end = text
        .get(1..)
        .and_then(|text| text.find('"'))
        .context("quotation marks")?
        + 2;
    Ok((unquote(&text[..end]), &text[end..]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn terms_are_read_in_any_order() {
        let terms: Terms =
            r#" of type DRAW_CONCEPT to L2-CHAR-001 with priority HIGH with the prompt "a goose" under the key "k 1""#
                .parse()
                .expect("terms");
        assert_eq!(terms.task_type.as_str(), "DRAW_CONCEPT");
        assert_eq!(terms.to.as_ref().map(Agent::id), Some("L2-CHAR-001"));
        assert_eq!(terms.priority.as_ref().map(Priority::as_str), Some("HIGH"));
        assert_eq!(terms.input, json!({ "prompt": "a goose" }));
        assert_eq!(terms.key.as_deref(), Some("k 1"));
    }

    #[test]
    fn a_parent_and_a_deadline_are_read() {
        let terms: Terms = " to the operator under the portrait task, due in ten minutes"
            .parse()
            .expect("terms");
        assert_eq!(terms.to.as_ref().map(Agent::id), Some("SYSTEM-001"));
        assert_eq!(
            terms.parent.as_ref().map(Task::as_str),
            Some("the portrait task")
        );
        assert!(matches!(terms.due, Some(Due::In(time)) if time == Duration::from_secs(600)));
    }

    #[test]
    fn unknown_terms_are_refused() {
        assert!(" with a smile".parse::<Terms>().is_err());
        assert!(" happily".parse::<Terms>().is_err());
    }
}
