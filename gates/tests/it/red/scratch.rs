//! A real server with data of its own, which may be stopped, changed behind its back, and started again.

use std::{fs, path::PathBuf};

use gates::{
    client::{Call, Client},
    process::Process,
    target::Target,
};
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The server; it is killed when dropped.
pub struct Scratch {
    directory: TempDir,
    process: Process,
    token: String,
    /// It, as its operator meets it.
    pub target: Target,
}

impl Scratch {
    /// One with the founding fleet.
    pub async fn start() -> Self {
        Self::in_directory(TempDir::new().unwrap()).await
    }

    async fn in_directory(directory: TempDir) -> Self {
        let process = Process::start("dev", directory.path(), None).await.unwrap();
        let secret = fs::read_to_string(directory.path().join("operator.secret")).unwrap();
        let call = Call::mutation("authenticate")
            .with("agentId", "ID!", "SYSTEM-001")
            .with("secret", "String!", secret.trim())
            .selecting("token");
        let session = asked(&Client::new(&process.address), &call).await;
        let token = session["token"].as_str().unwrap().to_owned();
        let target = Target::reach(&process.address, Some(&process.admin_address), &token).await;
        Self {
            target: target.unwrap(),
            directory,
            process,
            token,
        }
    }

    /// The same server, met through something that stands before it.
    pub async fn behind(&self, address: &str) -> Target {
        let admin = &self.process.admin_address;
        Target::reach(address, Some(admin), &self.token)
            .await
            .unwrap()
    }

    /// A session of an agent.
    pub async fn of(&self, agent: &str) -> Client {
        let issue = Call::mutation("issueSession")
            .with("agentId", "ID!", agent)
            .selecting("token");
        let issued = asked(&self.target.operator, &issue).await;
        self.target
            .operator
            .with_token(issued["token"].as_str().unwrap())
    }

    /// Stops it, changes its database, and starts it again.
    pub async fn changed(self, statements: &str) -> Self {
        let status = self.process.terminate().await.unwrap();
        assert!(status.success(), "it ended with {status}");
        let file: PathBuf = self.directory.path().join("ziggie.db");
        let database = Database::connect(format!("sqlite://{}?mode=rw", file.display()))
            .await
            .unwrap();
        let changed = database.execute_unprepared(statements).await.unwrap();
        assert!(changed.rows_affected() > 0, "nothing was changed");
        database.close().await.unwrap();
        Self::in_directory(self.directory).await
    }

    /// A task that this agent has begun and that no lease takes away.
    pub async fn begun_by(&self, director: &str, specialist: &str) -> String {
        let definition =
            json!({ "name": "RED_CASE", "inputSchema": {}, "outputSchema": {}, "leaseSeconds": 0 });
        let define = Call::mutation("defineTaskType")
            .with("input", "DefineTaskTypeInput!", definition)
            .selecting("version");
        asked(&self.target.operator, &define).await;
        let input =
            json!({ "type": "RED_CASE", "input": { "of": "a red case" }, "toAgentId": specialist });
        let delegate = Call::mutation("delegateTask")
            .with("input", "DelegateTaskInput!", input)
            .selecting("id");
        let task = asked(&self.of(director).await, &delegate).await;
        let id = task["id"].as_str().unwrap().to_owned();
        let start = Call::mutation("startTask")
            .with("taskId", "ID!", id.as_str())
            .selecting("status");
        asked(&self.of(specialist).await, &start).await;
        id
    }
}

/// What a call that must not be refused gives.
pub async fn asked(client: &Client, call: &Call) -> Value {
    let answer = client.send(call).await.unwrap();
    assert!(answer.faults.is_empty(), "{:?}", answer.faults);
    answer.data[call.field()].clone()
}
