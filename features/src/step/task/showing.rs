//! What a task shows of itself.

use anyhow::{Context as _, Result, ensure};
use cucumber::{given, then};
use serde_json::{Value, json};

use crate::{
    word::{Agent, Count, Priority, Span, Status, Statuses, Task, TaskType, Tasks, Waiting},
    world::{Studio, expect_equal, texts},
};

async fn field(studio: &mut Studio, task: &Task, pointer: &str) -> Result<Value> {
    Ok(studio
        .task(task)
        .await?
        .pointer(pointer)
        .cloned()
        .unwrap_or_default())
}

#[then(expr = "{task} is {status}")]
async fn is(studio: &mut Studio, task: Task, status: Status) -> Result<()> {
    expect_equal(
        "its status",
        field(studio, &task, "/status").await?,
        json!(status.as_str()),
    )
}

#[given(expr = "in a moment {task} is {status}")]
#[then(expr = "in a moment {task} is {status}")]
async fn is_in_a_moment(studio: &mut Studio, task: Task, status: Status) -> Result<()> {
    studio
        .eventually(&format!("{task} is {status}"), async |studio| {
            let found = field(studio, &task, "/status").await?;
            Ok((found == json!(status.as_str())).then_some(()))
        })
        .await
}

#[then(expr = "{task} is {status} to {agent}")]
async fn is_assigned(studio: &mut Studio, task: Task, status: Status, who: Agent) -> Result<()> {
    is(studio, task.clone(), status).await?;
    is_held_by(studio, task, who).await
}

#[then(expr = "{task} is held by {agent}")]
async fn is_held_by(studio: &mut Studio, task: Task, who: Agent) -> Result<()> {
    expect_equal(
        "its assignee",
        field(studio, &task, "/assignee/id").await?,
        json!(who.id()),
    )
}

#[then(expr = "{task} is {status} with an error that says {string}")]
async fn is_with_error(
    studio: &mut Studio,
    task: Task,
    status: Status,
    words: String,
) -> Result<()> {
    is(studio, task.clone(), status).await?;
    let error = field(studio, &task, "/error").await?;
    ensure!(
        error.as_str().is_some_and(|error| error.contains(&words)),
        "its error is {error}"
    );
    Ok(())
}

#[then(expr = "the output of {task} is the sketch {string}")]
async fn output_is(studio: &mut Studio, task: Task, sketch: String) -> Result<()> {
    expect_equal(
        "its output",
        field(studio, &task, "/output").await?,
        json!({ "sketch": sketch }),
    )
}

#[then(expr = "{task} has the priority {priority}")]
async fn has_priority(studio: &mut Studio, task: Task, priority: Priority) -> Result<()> {
    expect_equal(
        "its priority",
        field(studio, &task, "/priority").await?,
        json!(priority.as_str()),
    )
}

#[then(expr = "{task} was created by {agent}")]
async fn was_created_by(studio: &mut Studio, task: Task, who: Agent) -> Result<()> {
    expect_equal(
        "its creator",
        field(studio, &task, "/creator/id").await?,
        json!(who.id()),
    )
}

#[then(expr = "{task} was reviewed by {agent}")]
async fn was_reviewed_by(studio: &mut Studio, task: Task, who: Agent) -> Result<()> {
    expect_equal(
        "its reviewer",
        field(studio, &task, "/reviewer/id").await?,
        json!(who.id()),
    )
}

#[then(expr = "the feedback of {task} is {string}")]
async fn feedback_is(studio: &mut Studio, task: Task, feedback: String) -> Result<()> {
    expect_equal(
        "its feedback",
        field(studio, &task, "/reviewFeedback").await?,
        json!(feedback),
    )
}

#[then(expr = "{task} was rejected once and has not failed")]
async fn was_rejected_once(studio: &mut Studio, task: Task) -> Result<()> {
    let task = studio.task(&task).await?;
    expect_equal(
        "its counts",
        (&task["rejectionCount"], &task["failureCount"]),
        (&json!(1), &json!(0)),
    )
}

#[then(expr = "{task} is at attempt {int} with {count} failure(s)")]
async fn is_at_attempt(
    studio: &mut Studio,
    task: Task,
    attempt: u32,
    failures: Count,
) -> Result<()> {
    let task = studio.task(&task).await?;
    expect_equal("its attempt", &task["attempt"], &json!(attempt))?;
    expect_equal("its failures", &task["failureCount"], &json!(failures.0))
}

#[then(expr = "{task} has the prompt {string}")]
async fn has_prompt(studio: &mut Studio, task: Task, prompt: String) -> Result<()> {
    expect_equal(
        "its prompt",
        field(studio, &task, "/input/prompt").await?,
        json!(prompt),
    )
}

#[then(expr = "{task} is labelled {string} as {string}")]
async fn is_labelled(studio: &mut Studio, task: Task, name: String, value: String) -> Result<()> {
    expect_equal(
        "its labels",
        field(studio, &task, "/metadata").await?,
        json!({ name: value }),
    )
}

#[then(expr = "{task} has been assigned, but neither started nor completed")]
async fn has_times(studio: &mut Studio, task: Task) -> Result<()> {
    let task = studio.task(&task).await?;
    ensure!(
        task["createdAt"].is_string() && task["assignedAt"].is_string(),
        "it was never assigned: {task}"
    );
    expect_equal(
        "its other times",
        (&task["startedAt"], &task["completedAt"]),
        (&Value::Null, &Value::Null),
    )
}

#[then(expr = "{task} took about {span}")]
async fn took(studio: &mut Studio, task: Task, span: Span) -> Result<()> {
    let took = field(studio, &task, "/durationMs").await?;
    // A 64-bit integer may come as a number or as its digits.
    let took = took
        .as_u64()
        .or_else(|| took.as_str()?.parse().ok())
        .with_context(|| format!("it took {took}"))?;
    let wanted = u64::try_from(span.0.as_millis())?;
    ensure!(
        (wanted..wanted + 10_000).contains(&took),
        "it took {took} ms"
    );
    Ok(())
}

#[then(expr = "{task} waits for {waiting}")]
async fn waits_for(studio: &mut Studio, task: Task, waiting: Waiting) -> Result<()> {
    expect_equal(
        "what it waits for",
        field(studio, &task, "/waitingFor").await?,
        json!(waiting.as_str()),
    )
}

#[then(expr = "{task} waits for nothing")]
async fn waits_for_nothing(studio: &mut Studio, task: Task) -> Result<()> {
    expect_equal(
        "what it waits for",
        field(studio, &task, "/waitingFor").await?,
        Value::Null,
    )
}

#[then(expr = "{task} may go to {statuses}")]
async fn may_go_to(studio: &mut Studio, task: Task, statuses: Statuses) -> Result<()> {
    let mut allowed = texts(&field(studio, &task, "/allowedTransitions").await?, "");
    let mut wanted: Vec<_> = statuses.texts().into_iter().map(str::to_owned).collect();
    allowed.sort();
    wanted.sort();
    expect_equal("where it may go", allowed, wanted)
}

#[then(expr = "{task} may go nowhere")]
async fn may_go_nowhere(studio: &mut Studio, task: Task) -> Result<()> {
    expect_equal(
        "where it may go",
        field(studio, &task, "/allowedTransitions").await?,
        json!([]),
    )
}

#[then(expr = "{task} is overdue")]
async fn is_overdue(studio: &mut Studio, task: Task) -> Result<()> {
    expect_equal(
        "overdue",
        field(studio, &task, "/overdue").await?,
        json!(true),
    )
}

#[then(expr = "{task} is not overdue")]
async fn is_not_overdue(studio: &mut Studio, task: Task) -> Result<()> {
    expect_equal(
        "overdue",
        field(studio, &task, "/overdue").await?,
        json!(false),
    )
}

#[then(expr = "{task} is of version {int} of {type}")]
async fn is_of_version(
    studio: &mut Studio,
    task: Task,
    version: u32,
    task_type: TaskType,
) -> Result<()> {
    let wanted = json!({ "name": task_type.as_str(), "version": version });
    expect_equal("its type", field(studio, &task, "/type").await?, wanted)
}

#[then(expr = "the children of {task} are {tasks}")]
async fn children_are(studio: &mut Studio, task: Task, children: Tasks) -> Result<()> {
    let found = texts(&field(studio, &task, "/children/nodes").await?, "/id");
    let wanted = children
        .0
        .iter()
        .map(|child| studio.task_id(child))
        .collect::<Result<Vec<_>>>()?;
    expect_equal("its children", found, wanted)
}

#[then(expr = "the parent of {task} is {task}")]
async fn parent_is(studio: &mut Studio, task: Task, parent: Task) -> Result<()> {
    let wanted = studio.task_id(&parent)?;
    expect_equal(
        "its parent",
        field(studio, &task, "/parent/id").await?,
        json!(wanted),
    )
}
