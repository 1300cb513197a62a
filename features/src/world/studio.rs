//! The studio as most scenarios find it: two lines of agents and two task types, made through the API like any other.

use anyhow::Result;
use gates::client::Call;
use serde_json::{Value, json};

use super::{Studio, expect_success};
use crate::{tell::Tell as _, word::Agent};

/// Who is registered, with the supervisor: the character line and the music line.
const LINES: [(&str, &str, Option<&str>); 7] = [
    ("L1-ART-001", "ARTEMIS", None),
    ("L2-CHAR-001", "Characters", Some("L1-ART-001")),
    ("L3-CHAR-POSE-001", "Poses", Some("L2-CHAR-001")),
    ("L3-CHAR-COLOR-001", "Colors", Some("L2-CHAR-001")),
    ("L1-AUD-001", "ORPHEUS", None),
    ("L2-MUSIC-001", "Musicians", Some("L1-AUD-001")),
    ("L3-MUSIC-DRUM-001", "Drums", Some("L2-MUSIC-001")),
];

impl Studio {
    /// Opens the house and moves the two lines in.
    ///
    /// # Errors
    /// When the server does not start or refuses.
    pub(crate) async fn open(&mut self) -> Result<()> {
        self.build().await?.open(false).await?;
        self.move_in().await
    }

    /// Moves the two lines into a house that is open.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn move_in(&mut self) -> Result<()> {
        let line = LINES
            .iter()
            .map(|(id, name, supervisor)| registration(id, name, *supervisor));
        let call = Call::mutation("registerAgents")
            .with("input", "[RegisterAgentInput!]!", line.collect::<Vec<_>>())
            .selecting("agent { id } secret");
        let shown = self
            .look(&call)
            .await
            .tell(|| "registering the lines".to_owned())?;
        self.take_secrets(&shown);
        for (name, requires_review) in [("DRAW_SKETCH", false), ("DRAW_CONCEPT", true)] {
            let answer = self
                .send(
                    &Agent::operator(),
                    &definition(name, requires_review, input_schema()),
                )
                .await?;
            expect_success(&answer).tell(|| format!("defining {name}"))?;
        }
        Ok(())
    }

    /// Keeps the secrets of agents as they were shown, one or a list of them.
    pub fn take_secrets(&mut self, shown: &Value) {
        let list = shown
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![shown.clone()]);
        for shown in list {
            if let (Some(id), Some(secret)) =
                (shown["agent"]["id"].as_str(), shown["secret"].as_str())
            {
                self.people
                    .entry(id.to_owned())
                    .or_default()
                    .take_secret(secret);
            }
        }
    }
}

/// The input that registers an agent; its tier is what its id begins with.
#[must_use]
pub fn registration(id: &str, name: &str, supervisor: Option<&str>) -> Value {
    let tier = id.split('-').next().unwrap_or_default();
    json!({ "id": id, "name": name, "tier": tier, "supervisorId": supervisor })
}

/// The call that defines a task type whose output is a sketch. It asks for no lease, so that time can pass.
#[must_use]
pub fn definition(name: &str, requires_review: bool, input_schema: Value) -> Call {
    let output_schema = json!({
        "type": "object",
        "required": ["sketch"],
        "properties": { "sketch": { "type": "string", "minLength": 1 } },
    });
    let input = json!({
        "name": name,
        "inputSchema": input_schema,
        "outputSchema": output_schema,
        "requiresReview": requires_review,
        "leaseSeconds": 0,
    });
    Call::mutation("defineTaskType")
        .with("input", "DefineTaskTypeInput!", input)
        .selecting("name version")
}

/// What the studio's own types want: a prompt, and colors only of its palette.
#[must_use]
pub fn input_schema() -> Value {
    json!({
        "type": "object",
        "required": ["prompt"],
        "properties": {
            "prompt": { "type": "string", "minLength": 1 },
            "palette": { "type": "array", "items": { "enum": ["red", "ochre", "ember"] } },
        },
    })
}
