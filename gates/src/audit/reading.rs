//! Reads rows over GraphQL: all of them by pages, and single ones again.

use serde_json::Value;

use super::fold::Place;
use super::{AuditError, Kind};
use crate::client::{Call, Client};

/// How many rows of a page; inputs and outputs may be large.
const PAGE: u32 = 50;

const SESSION: &str = "id agent { id } issuedBy { id } createdAt expiresAt revokedAt";

const TASK_TYPE: &str = "name version inputSchema outputSchema requiresReview leaseSeconds startTimeoutSeconds deadlineSeconds \
     maxAttempts backoffSeconds validators maxConcurrent";

/// The fields that are read of a row.
fn fields(kind: Kind) -> &'static str {
    match kind {
        Kind::Agent => {
            "id name tier status statusReason permissions capabilities supervisor { id } config createdAt"
        }
        Kind::TaskType => TASK_TYPE,
        Kind::Task => {
            "id type { name version } status priority creator { id } assignee { id } reviewer { id } parent { id } \
             phase { index sprint { id } } wave accepted metadata input output outputSha256 error reviewFeedback \
             rejectionCount attempt failureCount maxAttempts leaseExpiresAt progress progressMessage validation { status } \
             createdAt assignedAt startedAt reviewRequestedAt reviewedAt completedAt deadline durationMs"
        }
        Kind::Asset => {
            "id kind mediaType status uri byteSize sha256 width height metadata task { id } creator { id } \
             reviewer { id } reviewFeedback createdAt reviewedAt"
        }
        Kind::Session => SESSION,
        Kind::Sprint => {
            "id name template lead { id } creator { id } starter { id } status reason createdAt startedAt finishedAt \
             phases { kind weight status wavesEndedAt evidence gateRun { id } waves { status taskCount begunAt } }"
        }
    }
}

/// A page of rows, and where the next one begins.
pub(super) struct Page {
    pub(super) rows: Vec<Value>,
    pub(super) next: Option<String>,
}

impl Page {
    /// Reads the connection at the end of a pointer.
    fn of(connection: &Value) -> Self {
        let info = &connection["pageInfo"];
        let more = info["hasNextPage"] == true;
        Self {
            rows: connection["nodes"].as_array().cloned().unwrap_or_default(),
            next: info["endCursor"]
                .as_str()
                .filter(|_| more)
                .map(str::to_owned),
        }
    }
}

fn connection(fields: &str) -> String {
    format!("nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }}")
}

/// Asks, and takes a refusal for what cannot be looked at.
pub(super) async fn ask(client: &Client, call: &Call) -> Result<Value, AuditError> {
    let answer = client.send(call).await?;
    match answer.fault() {
        Some(fault) => Err(AuditError::Refused {
            field: call.field(),
            fault: fault.to_string(),
        }),
        None => Ok(answer.at(&format!("/{}", call.field())).clone()),
    }
}

/// A page of the rows of a kind that has a list of its own: `agents`, which come with their first sessions, `tasks`,
/// `assets` or `sprints`.
pub(super) async fn page(
    client: &Client,
    kind: Kind,
    after: Option<String>,
) -> Result<Page, AuditError> {
    let (list, fields) = match kind {
        Kind::Agent | Kind::Session | Kind::TaskType => {
            let sessions = connection(SESSION);
            (
                "agents",
                format!(
                    "{} sessions(first: 20) {{ {sessions} }}",
                    fields(Kind::Agent)
                ),
            )
        }
        Kind::Task => ("tasks", fields(kind).to_owned()),
        Kind::Asset => ("assets", fields(kind).to_owned()),
        Kind::Sprint => ("sprints", fields(kind).to_owned()),
    };
    let call = Call::query(list)
        .with("first", "Int", PAGE)
        .with_some("after", "Cursor", after)
        .selecting(connection(&fields));
    Ok(Page::of(&ask(client, &call).await?))
}

/// All sessions of an agent, whose first ones came with it.
pub(super) async fn sessions(client: &Client, agent: &Value) -> Result<Vec<Value>, AuditError> {
    let Page { mut rows, mut next } = Page::of(&agent["sessions"]);
    if agent["sessions"].is_null() {
        return Err(AuditError::Hidden("the sessions of agents"));
    }
    while let Some(after) = next {
        // The cursor is text of the target's own; it goes into the document as JSON writes it, which is as GraphQL does.
        let after = Value::from(after);
        let sessions = connection(SESSION);
        let call = Call::query("agent")
            .with("id", "ID!", agent["id"].clone())
            .selecting(format!(
                "sessions(first: 100, after: {after}) {{ {sessions} }}"
            ));
        let page = Page::of(&ask(client, &call).await?["sessions"]);
        rows.extend(page.rows);
        next = page.next;
    }
    Ok(rows)
}

/// The latest version of every task type.
pub(super) async fn task_types(client: &Client) -> Result<Vec<Value>, AuditError> {
    let call = Call::query("taskTypes").selecting(TASK_TYPE);
    let types = ask(client, &call).await?;
    Ok(types.as_array().cloned().unwrap_or_default())
}

/// The version of its type that a task was made under.
pub(super) async fn type_of(client: &Client, task: &Value) -> Result<Value, AuditError> {
    let call = Call::query("task")
        .with("id", "ID!", task["id"].clone())
        .selecting(format!("type {{ {TASK_TYPE} }}"));
    Ok(ask(client, &call).await?["type"].clone())
}

/// A row, read again by its id; none where there is none of it.
pub(super) async fn again(
    client: &Client,
    (kind, id): &Place,
) -> Result<Option<Value>, AuditError> {
    let call = match kind {
        Kind::TaskType => {
            let name = id.rsplit_once('@').map_or(id.as_str(), |(name, _)| name);
            Call::query("taskType")
                .with("name", "String!", name)
                .selecting(TASK_TYPE)
        }
        kind => {
            let on = kind.graphql_type();
            let selection = format!("... on {on} {{ {} }}", fields(*kind));
            Call::query("node")
                .with("id", "ID!", id.as_str())
                .selecting(selection)
        }
    };
    let answer = client.send(&call).await?;
    match answer.fault() {
        Some(fault) if fault.code() == "NOT_FOUND" => Ok(None),
        Some(fault) => Err(AuditError::Refused {
            field: call.field(),
            fault: fault.to_string(),
        }),
        None => {
            let row = answer.at(&format!("/{}", call.field())).clone();
            Ok((!row.is_null()).then_some(row))
        }
    }
}
