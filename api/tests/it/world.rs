//! A small world to test services in: a real service over a database of its own, put together as in production.

use std::collections::BTreeSet;
use std::time::Duration;

use entities::agent::AgentTier;
use entities::audit::{AuditAction, checkpoint, entry};
use entities::id::AgentId;
use entities::task::TaskPriority;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use tempfile::TempDir;
use ziggie::auth::actor::{Caller, Origin};
use ziggie::auth::key::MasterKey;
use ziggie::auth::policy::Operation;
use ziggie::service::agent::{self, Register};
use ziggie::service::{Service, Settings, first_start, log, session, task, task_type};
use ziggie::store::clock::Clock;
use ziggie::store::shelf::Shelf;
use ziggie::store::{Database, Db, tree};

/// Names the PostgreSQL server to use beside SQLite: a superuser's URL.
const POSTGRES: &str = "ZIGGIE_TEST_POSTGRES_URL";

/// An installation and its first operator.
pub(crate) struct World {
    pub(crate) service: Service,
    /// SYSTEM-001, by a session of its own.
    pub(crate) operator: Caller,
    pub(crate) operator_secret: String,
    database: Database,
    master: MasterKey,
    /// Where the bytes of assets lie.
    shelf: TempDir,
    /// Removed when the world ends.
    _directory: Option<TempDir>,
}

/// Tells of one scenario on each database at hand: SQLite always, PostgreSQL where a server is named.
pub(crate) async fn on_each_database(scenario: impl AsyncFn(World)) {
    scenario(World::on_sqlite(Settings::default()).await).await;
    on_postgres(scenario).await;
}

/// The same on PostgreSQL alone: what concerns replicas.
pub(crate) async fn on_postgres(scenario: impl AsyncFn(World)) {
    on_empty_postgres(async |url| {
        let database = Database::Postgres {
            url: url.to_owned(),
            max_connections: 10,
        };
        scenario(World::open(database, Settings::default(), None).await).await;
    })
    .await;
}

/// On an empty database of PostgreSQL, by its URL.
pub(crate) async fn on_empty_postgres(scenario: impl AsyncFn(&str)) {
    #[allow(clippy::disallowed_methods, reason = "the tests' one setting")]
    let Ok(server) = std::env::var(POSTGRES) else {
        return;
    };
    let name = format!("it_{}", unique());
    let admin = sea_orm::Database::connect(&server).await.unwrap();
    admin
        .execute_unprepared(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    scenario(&format!("{base}/{name}")).await;
    admin
        .execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)"))
        .await
        .unwrap();
}

/// From the temporary directory's name: unique without a clock or ids of its own.
fn unique() -> String {
    let directory = TempDir::with_prefix("ziggie").unwrap();
    let name = directory.path().file_name().unwrap().to_string_lossy();
    name.chars()
        .map(|char| {
            if char.is_ascii_uppercase() {
                format!("{}_", char.to_ascii_lowercase())
            } else {
                char.to_string()
            }
        })
        .collect()
}

impl World {
    pub(crate) async fn on_sqlite(settings: Settings) -> Self {
        let directory = TempDir::new().unwrap();
        let database = Database::Sqlite(directory.path().join("ziggie.db"));
        Self::open(database, settings, Some(directory)).await
    }

    pub(crate) async fn open(
        database: Database,
        settings: Settings,
        directory: Option<TempDir>,
    ) -> Self {
        database.migrate().await.unwrap();
        let master = MasterKey::generate().unwrap();
        let db = database.open(Clock::default()).await.unwrap();
        let first = first_start::prepare(&db, &master, |_| Ok(()))
            .await
            .unwrap();
        let operator_secret = first.operator_secret.unwrap().expose();
        let shelf = TempDir::new().unwrap();
        let place = Shelf::folder(shelf.path()).unwrap();
        let service = Service::open(db, place, &master, settings).await.unwrap();
        let operator = log_in(&service, "SYSTEM-001", &operator_secret).await;
        Self {
            service,
            operator,
            operator_secret,
            database,
            master,
            shelf,
            _directory: directory,
        }
    }

    /// Another replica of the same installation: PostgreSQL only.
    pub(crate) async fn replica(&self) -> Service {
        let clock = self.service.db.clock().clone();
        let db = self.database.open(clock).await.unwrap();
        let settings = (*self.service.settings).clone();
        let place = Shelf::folder(self.shelf.path()).unwrap();
        Service::open(db, place, &self.master, settings)
            .await
            .unwrap()
    }

    /// Signs everything that is in the log by now, as its duty does in a running server.
    pub(crate) async fn checkpoint(&self) -> checkpoint::Model {
        let db = &self.service.db;
        let settled = db.settled().await.unwrap();
        loop {
            match tree::latest(db).await.unwrap() {
                Some(last) if last.size >= settled => return last,
                // One is due every second.
                _ => db.clock().advance(Duration::from_secs(1)),
            }
            let mut head = db.sequenced();
            head.wait_for(|length| *length >= settled).await.unwrap();
            log::make(&self.service).await.unwrap();
        }
    }

    /// The id of the first entry of the log.
    pub(crate) async fn first_entry(&self) -> String {
        let leaves = tree::leaves(&self.service.db, 0, 1).await.unwrap();
        leaves[0].place.entry_id.to_string()
    }

    /// The folder in which the bytes of its assets lie.
    pub(crate) fn shelf(&self) -> &std::path::Path {
        self.shelf.path()
    }

    /// Where its data are.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The key under which its keys are sealed.
    pub(crate) fn master(&self) -> &MasterKey {
        &self.master
    }

    /// So many replicas of an installation that was never started, in the place of this one: PostgreSQL only.
    pub(crate) async fn empty_replicas(&self, count: usize) -> (MasterKey, Vec<Db>) {
        let outside = self.back_door().await;
        let wipe = "TRUNCATE installation, signing_keys, log_keys, agents, sessions";
        outside.execute_unprepared(wipe).await.unwrap();
        outside.close().await.unwrap();
        let mut replicas = Vec::new();
        for _ in 0..count {
            replicas.push(self.database.open(Clock::default()).await.unwrap());
        }
        (MasterKey::generate().unwrap(), replicas)
    }

    /// The database from outside, past every door.
    pub(crate) async fn back_door(&self) -> sea_orm::DatabaseConnection {
        let url = match &self.database {
            Database::Sqlite(path) => format!("sqlite://{}?mode=rw", path.display()),
            Database::Postgres { url, .. } => url.clone(),
        };
        sea_orm::Database::connect(url).await.unwrap()
    }

    /// Registers an agent with all that its tier can hold, and logs it in.
    pub(crate) async fn agent(
        &self,
        id: &str,
        tier: AgentTier,
        supervisor: Option<&str>,
    ) -> Caller {
        let line = plain(id, tier, supervisor);
        let registered = self.register(line).await;
        log_in(&self.service, id, &registered).await
    }

    /// An agent that was registered before, by another session: the one before may have ended.
    pub(crate) async fn agent_anew(&self, id: &str) -> Caller {
        let itself = Caller::control_center(self.service.db.request_id());
        let issued = session::issue(&self.service, &itself, id, 600)
            .await
            .unwrap();
        call_by(&self.service, &issued.token).await
    }

    /// The operator, by another session.
    pub(crate) async fn operator_anew(&self) -> Caller {
        log_in(&self.service, "SYSTEM-001", &self.operator_secret).await
    }

    /// Registers an agent and gives its secret.
    pub(crate) async fn register(&self, line: Register) -> String {
        let operation = Operation::RegisterAgent;
        let registered = agent::register(&self.service, &self.operator, vec![line], operation)
            .await
            .unwrap();
        registered[0].secret.expose()
    }

    /// Another operator who holds no more than these permissions.
    pub(crate) async fn operator_with(
        &self,
        id: &str,
        permissions: &[entities::agent::AgentPermission],
    ) -> Caller {
        let line = Register {
            permissions: Some(permissions.to_vec()),
            ..plain(id, AgentTier::System, None)
        };
        let secret = self.register(line).await;
        log_in(&self.service, id, &secret).await
    }

    /// Defines DRAW, a type that takes anything and gives anything.
    pub(crate) async fn define_drawing(&self) {
        self.define(anything_goes("DRAW")).await;
    }

    /// Makes an agent capable of these types, and of no others.
    pub(crate) async fn make_capable(&self, id: &str, types: &[&str]) {
        let update = agent::Update {
            id: id.to_owned(),
            name: None,
            supervisor_id: None,
            capabilities: Some(types.iter().map(ToString::to_string).collect()),
            config: None,
            permissions: None,
            active: None,
            reason: None,
        };
        agent::update(&self.service, &self.operator, vec![update])
            .await
            .unwrap();
    }

    /// Defines a type.
    pub(crate) async fn define(&self, define: task_type::Define) {
        task_type::define(&self.service, &self.operator, define)
            .await
            .unwrap();
    }

    /// A task that an agent has made for itself and begun.
    pub(crate) async fn begun(&self, caller: &Caller) -> entities::task::Model {
        task::execute(&self.service, caller, drawing())
            .await
            .unwrap()
    }

    /// Somebody without a session.
    pub(crate) fn stranger(&self) -> Caller {
        session::anonymous(origin(&self.service))
    }

    /// Every entry of an action so far, refusals included, in the order of the log.
    pub(crate) async fn entries(&self, action: AuditAction) -> Vec<entry::Model> {
        self.service.denials.flush().await;
        entry::Entity::find()
            .filter(entry::Column::Action.eq(action))
            .order_by_asc(entry::Column::Ordinal)
            .all(&self.service.db)
            .await
            .unwrap()
    }

    /// What the entries of an action are about.
    pub(crate) async fn subjects(&self, action: AuditAction) -> BTreeSet<String> {
        let entries = self.entries(action).await;
        entries.into_iter().map(|entry| entry.entity_id).collect()
    }
}

/// A registration that says as little as it can.
pub(crate) fn plain(id: &str, tier: AgentTier, supervisor: Option<&str>) -> Register {
    Register {
        id: id.to_owned(),
        name: format!("agent {id}"),
        tier,
        supervisor_id: supervisor.map(str::to_owned),
        permissions: None,
        capabilities: None,
        config: None,
    }
}

/// A type that takes anything and gives anything.
pub(crate) fn anything_goes(name: &str) -> task_type::Define {
    let anything = json!({"type": "object"});
    task_type::Define {
        name: name.to_owned(),
        input_schema: anything.clone(),
        output_schema: anything,
        requires_review: false,
        lease_seconds: 0,
        start_timeout_seconds: None,
        deadline_seconds: None,
        max_attempts: 3,
        backoff_seconds: 0,
        max_concurrent: None,
        validators: Vec::new(),
    }
}

/// A type that validates others.
pub(crate) fn validator(name: &str) -> task_type::Define {
    task_type::Define {
        output_schema: json!({
            "type": "object",
            "required": ["valid"],
            "properties": {"valid": {"type": "boolean"}},
        }),
        ..anything_goes(name)
    }
}

/// A task of the type that [`World::define_drawing`] defines.
pub(crate) fn drawing() -> task::Create {
    task::Create {
        type_name: "DRAW".to_owned(),
        input: json!({}),
        metadata: None,
        priority: TaskPriority::Medium,
        parent_id: None,
        deadline: None,
        idempotency_key: None,
    }
}

/// A request of its own.
pub(crate) fn origin(service: &Service) -> Origin {
    Origin::internal(service.db.request_id())
}

/// Trades a secret for a session and calls by its token.
pub(crate) async fn log_in(service: &Service, id: &str, secret: &str) -> Caller {
    let stranger = session::anonymous(origin(service));
    let issued = session::authenticate(service, &stranger, id, secret)
        .await
        .unwrap();
    call_by(service, &issued.token).await
}

/// Who calls by a token that is good.
pub(crate) async fn call_by(service: &Service, token: &str) -> Caller {
    session::caller(service, token, origin(service))
        .await
        .unwrap()
}

/// An id that is right.
pub(crate) fn id(text: &str) -> AgentId {
    text.parse().unwrap()
}
