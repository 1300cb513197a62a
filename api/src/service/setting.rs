//! Limits and times that operators may set (spec R10.04, R10.05). Floor 3.

use std::time::Duration;

use super::sprint::Templates;
use crate::auth::policy::Reach;

/// What the use cases are bound by. Each crossing of a limit answers LIMIT_EXCEEDED with the limit's name.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether work goes to any agent of a lower tier or only down one's own line (spec R3.04).
    pub reach: Reach,
    /// How many ancestors a task may have (spec R3.05).
    pub max_depth: u16,
    /// How many children a task may have (spec R3.05).
    pub max_children: u64,
    /// How many tasks one agent may hold ASSIGNED, IN_PROGRESS or REVIEW_REQUESTED (spec R3.05).
    pub max_open_tasks: u64,
    /// The templates that sprints are made from, beside the founding one.
    pub templates: Templates,
    /// How many tasks a sprint may have.
    pub max_sprint_tasks: u64,
    /// How many nodes a page may have.
    pub max_page: u64,
    /// How many lines a bulk call may have.
    pub max_bulk: usize,
    /// How many bytes of canonical JSON an input, output or agent configuration may have.
    pub max_document_bytes: usize,
    /// How many assets a task may have, deleted ones not counted.
    pub max_task_assets: u64,
    /// How many assets without a task an agent may have made, deleted ones not counted.
    pub max_loose_assets: u64,
    /// How many bytes an asset may have that are put here.
    pub max_asset_bytes: usize,
    /// How long the upload of an asset's bytes may take.
    pub upload_time: Duration,
    /// How often bytes are cleared away that no asset refers to.
    pub asset_sweep: Duration,
    /// How long a session lives when nothing else is said.
    pub session_ttl: Duration,
    /// How long a session may live at most.
    pub max_session_ttl: Duration,
    /// How many live sessions an agent may have.
    pub max_sessions: u64,
    /// How many wrong secrets in a row begin the delays of `authenticate`.
    pub login_failures: u32,
    /// The first delay; each further one is twice as long. Nothing: nobody is delayed.
    pub login_delay: Duration,
    /// The longest delay.
    pub max_login_delay: Duration,
    /// What an agent may spend in a minute on what it asks for, in tokens; 0: as much as it likes.
    pub agent_rate: u32,
    /// How many tokens an agent that has been quiet may spend at once.
    pub agent_burst: u32,
    /// How many requests may come from an address in a minute, whoever sends them; 0: any number.
    pub address_rate: u32,
    /// How many may come at once from an address that has been quiet.
    pub address_burst: u32,
    /// How often expired sessions are swept.
    pub session_sweep: Duration,
    /// How often deadlines are enforced.
    pub deadline_sweep: Duration,
    /// How often leases that ran out are looked for.
    pub lease_sweep: Duration,
    /// How long a claim may wait for a task.
    pub max_claim_wait: Duration,
    /// How many claims of one agent may wait at once in one process.
    pub max_waiting_claims: u64,
    /// How many queries and mutations are worked on at once in one process; a quarter as many beyond keep or end work under way.
    pub max_operations: usize,
    /// How many may wait for one of those places; further ones are turned away at once.
    pub max_queued_operations: usize,
    /// How long one waits for a place before it is turned away.
    pub operation_queue_time: Duration,
    /// How often last uses are flushed.
    pub last_use_flush: Duration,
    /// How long personal data are kept: addresses, user agents, and values that a type marks `x-personal`.
    pub personal_retention: Duration,
    /// How often personal data older than that are looked for.
    pub personal_sweep: Duration,
    /// How many notifications that it has not acknowledged are kept for an agent; the oldest beyond are dropped.
    pub max_notifications: u64,
    /// How long a notification is kept after it was acknowledged.
    pub notification_ttl: Duration,
    /// How often notifications are swept.
    pub notification_sweep: Duration,
    /// How long entries of the audit log stay in the database before they move to archives; whole months, six of them at least (spec R5.08).
    pub audit_retention: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reach: Reach::Fleet,
            max_depth: 8,
            max_children: 1_000,
            max_open_tasks: 1_000,
            templates: Templates::default(),
            max_sprint_tasks: 5_000,
            max_page: 200,
            max_bulk: 10_000,
            max_document_bytes: 256 * 1024,
            max_task_assets: 1_000,
            max_loose_assets: 1_000,
            max_asset_bytes: 64 * 1024 * 1024,
            upload_time: Duration::from_secs(3_600),
            asset_sweep: Duration::from_secs(60),
            session_ttl: Duration::from_secs(3_600),
            max_session_ttl: Duration::from_secs(30 * 24 * 3_600),
            max_sessions: 100,
            login_failures: 5,
            login_delay: Duration::from_secs(1),
            max_login_delay: Duration::from_secs(60),
            // 1,000 a second: what the gates ask of a server as one operator takes some 350. A burst is ten seconds of it.
            agent_rate: 60_000,
            agent_burst: 10_000,
            // 2,000 a second: the workers of a studio may all be behind one address.
            address_rate: 120_000,
            address_burst: 20_000,
            session_sweep: Duration::from_secs(60),
            deadline_sweep: Duration::from_millis(500),
            lease_sweep: Duration::from_millis(300),
            max_claim_wait: Duration::from_secs(25),
            max_waiting_claims: 16,
            max_operations: 256,
            max_queued_operations: 1_024,
            operation_queue_time: Duration::from_secs(1),
            last_use_flush: Duration::from_secs(10),
            personal_retention: Duration::from_secs(365 * 24 * 3_600),
            personal_sweep: Duration::from_secs(3_600),
            max_notifications: 10_000,
            notification_ttl: Duration::from_secs(30 * 24 * 3_600),
            notification_sweep: Duration::from_secs(600),
            audit_retention: Duration::from_secs(2_556 * 24 * 3_600),
        }
    }
}
