//! What `dev` says when it is ready: where, as whom, and what to try. Floor 6.

use std::path::Path;

use serde_json::{Value, json};

/// The director's first piece of work in the founding fleet, and one call that hands it down.
const DELEGATE: &str = "mutation First($input: DelegateTaskInput!) { delegateTask(input: $input) { id status assignee { id name } } }";

fn input() -> Value {
    json!({
        "toAgentId": "L2-CHAR-001",
        "type": "GENERATE_CHARACTER_CONCEPT",
        "input": {
            "prompt": "a veteran scout in winter gear",
            "style": "painterly",
            "faction": "Northwatch",
            "palette": ["#1F2A44", "#C9D6DF", "#B5523B"],
        },
    })
}

/// The whole text; every command in it can be pasted as it stands.
pub(super) fn text(url: &str, data_dir: &Path) -> String {
    let token = quoted(&data_dir.join("operator.token").to_string_lossy());
    let call = |body: Value| {
        format!(
            "  curl -s {url} \\\n    -H \"Authorization: Bearer $(cat {token})\" \\\n    -H 'Content-Type: application/json' \\\n    -d {}\n",
            quoted(&body.to_string())
        )
    };
    let first = call(json!({"query": DELEGATE, "variables": {"input": input()}}));
    let log = call(
        json!({"query": "{ auditLog(first: 5) { nodes { sequence action actor { id } entityId } } }"}),
    );
    let data_dir = quoted(&data_dir.to_string_lossy());
    format!(
        "
Ziggie is ready. You are SYSTEM-001, the first operator: your token lies in {token} (12 hours, renewed by every start).

Hand a character to the specialist L2-CHAR-001:

{first}
See what the audit log says of it:

{log}
What to try next:
  be the specialist       ziggie token L2-CHAR-001 --data-dir {data_dir}
  startTask, requestReview, and let a director approve: each call says what is allowed next in allowedTransitions
  watch it live           subscription {{ taskUpdates {{ action task {{ id status }} }} }} over WebSocket (graphql-transport-ws) at {url}
  read the whole schema   ziggie schema

Ctrl-C drains and stops; what was done is kept in {data_dir}.
"
    )
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    if plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for text in [
            "plain/path-1.txt",
            "",
            "a b",
            "it's",
            r#"{"a":"$HOME `x` \\"}"#,
            "'",
        ] {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quoted(text))])
                .output();
            assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), text);
        }
    }

    #[test]
    fn the_first_mutation_fits_the_founding_task_type() {
        let types: Value =
            serde_json::from_str(crate::service::founding::FOUNDING_TASK_TYPES).unwrap();
        let named = |kind: &&Value| kind["name"] == input()["type"];
        let kind = types["taskTypes"]
            .as_array()
            .unwrap()
            .iter()
            .find(named)
            .unwrap();
        let schema = jsonschema::validator_for(&kind["inputSchema"]).unwrap();
        assert!(schema.is_valid(&input()["input"]));
    }
}
