//! The stated mix: what is asked, how often, by whom.

use std::{collections::BTreeSet, time::Instant};

use serde_json::{Value, json};

use super::Sample;
use crate::{
    client::{Call, Client},
    target::{NotReached, Target, ask},
};

/// The type of the tasks that are made.
const TASK_TYPE: &str = "GATE_LOAD";
/// How many tasks there are to be asked for.
const KNOWN: usize = 50;

/// A sort of request, or what several of them make together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    /// A task by its id.
    Point,
    /// A page of 20 tasks with their assignees and types.
    Page,
    /// A page of 20 agents.
    Agents,
    /// The overview of the fleet.
    Fleet,
    /// createTask.
    Create,
    /// delegateTask, and what follows it: startTask and completeTask.
    Delegate,
    /// startTask, of a task that was just delegated.
    Start,
    /// completeTask, of one that was just started.
    Complete,
    /// The three together.
    Completion,
}

impl Sort {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Point => "task by id",
            Self::Page => "page of tasks",
            Self::Agents => "page of agents",
            Self::Fleet => "fleet",
            Self::Create => "createTask",
            Self::Delegate => "delegateTask",
            Self::Start => "startTask",
            Self::Complete => "completeTask",
            Self::Completion => "task completion",
        }
    }
}

/// Of ten requests: what is read of a deployment.
const READING: [Sort; 10] = [
    Sort::Point,
    Sort::Point,
    Sort::Point,
    Sort::Point,
    Sort::Point,
    Sort::Page,
    Sort::Page,
    Sort::Page,
    Sort::Agents,
    Sort::Fleet,
];

/// Of ten arrivals on a twin: a lifecycle is three requests, and its share counts so.
const ALL: [Sort; 10] = [
    Sort::Point,
    Sort::Point,
    Sort::Point,
    Sort::Point,
    Sort::Page,
    Sort::Page,
    Sort::Agents,
    Sort::Create,
    Sort::Create,
    Sort::Delegate,
];

/// Who asks, and for what.
pub(super) struct Mix {
    sorts: &'static [Sort; 10],
    operator: Client,
    director: Client,
    specialist: Client,
    /// Who gets what is delegated.
    assignee: String,
    tasks: Vec<String>,
}

impl Mix {
    /// Finds out whom and what to ask for; makes it where writing is allowed.
    pub(super) async fn prepare(target: &Target, writing: bool) -> Result<Self, NotReached> {
        let operator = target.operator.clone();
        let mut mix = Self {
            sorts: if writing { &ALL } else { &READING },
            director: operator.clone(),
            specialist: operator.clone(),
            assignee: String::new(),
            tasks: Vec::new(),
            operator,
        };
        if writing {
            mix.found().await?;
        }
        let page = Call::query("tasks")
            .with("first", "Int", KNOWN)
            .selecting("nodes { id }");
        let page = ask(&mix.operator, &page).await?;
        let nodes = page["nodes"].as_array().into_iter().flatten();
        mix.tasks = nodes
            .filter_map(|task| Some(task["id"].as_str()?.to_owned()))
            .collect();
        Ok(mix)
    }

    async fn found(&mut self) -> Result<(), NotReached> {
        let definition =
            json!({ "name": TASK_TYPE, "inputSchema": {}, "outputSchema": {}, "leaseSeconds": 0 });
        let define = Call::mutation("defineTaskType")
            .with("input", "DefineTaskTypeInput!", definition)
            .selecting("version");
        ask(&self.operator, &define).await?;
        // Of this run alone: a scratch target may have been loaded before.
        let run: String = (0..8)
            .map(|_| char::from(rand::random_range(b'A'..=b'Z')))
            .collect();
        let (director, specialist) = (format!("L1-GATE-{run}"), format!("L2-GATE-{run}"));
        let lines = json!([
            { "id": director, "name": "Load director", "tier": "L1" },
            { "id": specialist, "name": "Load specialist", "tier": "L2", "supervisorId": director },
        ]);
        let register = Call::mutation("registerAgents")
            .with("input", "[RegisterAgentInput!]!", lines)
            .selecting("agent { id }");
        ask(&self.operator, &register).await?;
        self.director = self.issue(&director).await?;
        self.specialist = self.issue(&specialist).await?;
        self.assignee = specialist;
        for _ in 0..KNOWN {
            ask(&self.director, &create()).await?;
        }
        Ok(())
    }

    async fn issue(&self, agent: &str) -> Result<Client, NotReached> {
        let issue = Call::mutation("issueSession")
            .with("agentId", "ID!", agent)
            .selecting("token");
        let issued = ask(&self.operator, &issue).await?;
        Ok(self
            .operator
            .with_token(issued["token"].as_str().unwrap_or_default()))
    }

    /// What the request of a number is.
    pub(super) fn sort(&self, number: u64) -> Sort {
        match self.sorts[usize::try_from(number % 10).unwrap_or_default()] {
            // Where there is no task, none can be asked for.
            Sort::Point if self.tasks.is_empty() => Sort::Page,
            sort => sort,
        }
    }

    /// Every sort that is measured.
    pub(super) fn sorts(&self) -> BTreeSet<Sort> {
        let planned = (0..10).map(|number| self.sort(number));
        let sorts = planned.flat_map(|sort| match sort {
            Sort::Delegate => vec![
                Sort::Delegate,
                Sort::Start,
                Sort::Complete,
                Sort::Completion,
            ],
            sort => vec![sort],
        });
        sorts.collect()
    }

    /// How many requests ten arrivals make.
    pub(super) fn requests_of_ten(&self) -> u32 {
        (0..10)
            .map(|number| match self.sort(number) {
                Sort::Delegate => 3,
                _ => 1,
            })
            .sum()
    }

    /// For a report: how many of ten arrivals are of each sort.
    pub(super) fn told(&self) -> Value {
        let mut told = serde_json::Map::new();
        for sort in (0..10).map(|number| self.sort(number)) {
            let count = told
                .get(sort.name())
                .and_then(Value::as_u64)
                .unwrap_or_default();
            told.insert(sort.name().to_owned(), (count + 1).into());
        }
        told.into()
    }

    /// Sends what an arrival stands for. Times count from the moment when it was due.
    pub(super) async fn perform(&self, sort: Sort, number: u64, due: Instant) -> Vec<Sample> {
        let call = match sort {
            Sort::Point => {
                let known = self.tasks.len().max(1);
                let task = self
                    .tasks
                    .get(usize::try_from(number / 10).unwrap_or_default() % known);
                let id = task.map_or("", String::as_str);
                Call::query("task")
                    .with("id", "ID!", id)
                    .selecting("id status attempt progress")
            }
            Sort::Page => Call::query("tasks").with("first", "Int", 20).selecting(
                "nodes { id status type { name } assignee { id name } } pageInfo { hasNextPage }",
            ),
            Sort::Agents => Call::query("agents")
                .with("first", "Int", 20)
                .selecting("nodes { id name tier status }"),
            Sort::Fleet => Call::query("fleet")
                .selecting("agentsByTier { tier count } agentsByStatus { status count }"),
            Sort::Create => create(),
            Sort::Delegate | Sort::Start | Sort::Complete | Sort::Completion => {
                return self.live(due).await;
            }
        };
        let client = match sort {
            Sort::Create => &self.director,
            _ => &self.operator,
        };
        vec![send(client, &call, sort, due).await.0]
    }

    /// Delegates a task, starts and completes it.
    async fn live(&self, due: Instant) -> Vec<Sample> {
        let mut input = input();
        input["toAgentId"] = json!(self.assignee);
        let delegate = Call::mutation("delegateTask")
            .with("input", "DelegateTaskInput!", input)
            .selecting("id");
        let (delegated, data) = send(&self.director, &delegate, Sort::Delegate, due).await;
        let mut samples = vec![delegated];
        let id = data["delegateTask"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let moving = |field| {
            Call::mutation(field)
                .with("taskId", "ID!", id.as_str())
                .selecting("status")
        };
        let complete = moving("completeTask").with("output", "JSON", json!({}));
        for (sort, call) in [
            (Sort::Start, moving("startTask")),
            (Sort::Complete, complete),
        ] {
            let (sample, _) = send(&self.specialist, &call, sort, Instant::now()).await;
            samples.push(sample);
        }
        let good = samples.iter().all(|sample| sample.good);
        samples.push(Sample {
            sort: Sort::Completion,
            took: due.elapsed(),
            good,
        });
        samples
    }
}

async fn send(client: &Client, call: &Call, sort: Sort, due: Instant) -> (Sample, Value) {
    let answer = client.send(call).await;
    let took = due.elapsed();
    match answer {
        Ok(answer) if answer.faults.is_empty() => (
            Sample {
                sort,
                took,
                good: true,
            },
            answer.data,
        ),
        _ => (
            Sample {
                sort,
                took,
                good: false,
            },
            Value::Null,
        ),
    }
}

fn input() -> Value {
    json!({ "type": TASK_TYPE, "input": { "of": "the load" } })
}

fn create() -> Call {
    Call::mutation("createTask")
        .with("input", "CreateTaskInput!", input())
        .selecting("id")
}
