//! The one domain error and its one mapping to codes (spec R10.06). Beneath every floor of `api`.

use std::sync::atomic::{AtomicBool, Ordering};

use entities::agent::AgentStatus;
use entities::asset::AssetStatus;
use entities::task::TaskStatus;
use serde_json::{Map, Value, json};

mod code;
mod fault;

pub use code::Code;
pub use fault::Fault;

/// What every fallible function of the house returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why somebody was refused: what the audit entry says (spec R5.04).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The rule that refused, such as `R3.04 may_delegate`.
    pub rule: &'static str,
    /// What it asks for.
    pub needed: String,
    /// What the caller had.
    pub had: String,
}

/// The domain error. Its `Display` is the external half: what the caller may read. Internal causes have no `Display` here; they go to
/// the log beside the request id.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No live session, a refused token, or a wrong secret: one uniform message (spec R2.03).
    #[error(
        "no valid session: authenticate and send the token as `Authorization: Bearer …` or `X-Agent-Token: …`"
    )]
    Unauthenticated,
    /// Not allowed.
    #[error("not allowed by {}: needed {}, had {}", .0.rule, .0.needed, .0.had)]
    Forbidden(Denial),
    /// Not there, or not to be seen; the denial, if any, is for the audit log alone (spec R1.09).
    #[error("there is no {what} {id}")]
    NotFound {
        /// The noun, such as `task`.
        what: &'static str,
        /// The id that was asked for, cut at 80 characters.
        id: String,
        /// Set when there is one that the caller may not see.
        hidden: Option<Denial>,
    },
    /// Input that breaks rules; every fault is listed.
    #[error("{}", summary(.0))]
    BadUserInput(Vec<Fault>),
    /// The state of things does not allow it.
    #[error("{message}")]
    Conflict {
        /// What stands in the way.
        message: String,
        /// What a program needs to react, by name.
        details: Map<String, Value>,
    },
    /// The state table does not allow it (spec R3.02).
    #[error("a task that is {from} cannot become {to}; allowed from here: {}", words(.allowed))]
    InvalidTransition {
        /// Where the task stands.
        from: TaskStatus,
        /// Where the call would have led.
        to: TaskStatus,
        /// Where it can go.
        allowed: Vec<TaskStatus>,
    },
    /// An asset does not change so (spec R4.01).
    #[error("an asset that is {from} cannot become {to}; allowed from here: {}", words(.from.allowed()))]
    InvalidAssetTransition {
        /// Where the asset stands.
        from: AssetStatus,
        /// Where the call would have led.
        to: AssetStatus,
    },
    /// A limit would be crossed.
    #[error("{limit} is limited to {value}, this would be {requested}")]
    LimitExceeded {
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        value: u64,
        /// What was asked for.
        requested: u64,
    },
    /// Too many requests.
    #[error("too many requests: try again in {retry_after_ms} ms")]
    RateLimited {
        /// When to try again, in ms.
        retry_after_ms: u64,
    },
    /// More operations come than can be served.
    #[error("the server is overloaded: try again in {retry_after_ms} ms")]
    Overloaded {
        /// When to try again, in ms.
        retry_after_ms: u64,
    },
    /// The server cannot answer at the moment.
    #[error("unavailable at the moment: {0}")]
    Unavailable(&'static str),
    /// A fault of the server. The cause is logged, never shown.
    #[error("an internal error; the log has more under this request id")]
    Internal(Cause),
}

/// The inner half of an internal error: only the log prints it.
#[derive(Debug)]
pub struct Cause(pub Box<dyn std::error::Error + Send + Sync>, AtomicBool);

impl Cause {
    /// True for the first who asks, who then logs and reports it: an error passes several hands, each of which might be the last.
    pub fn is_news(&self) -> bool {
        !self.1.swap(true, Ordering::Relaxed)
    }
}

fn summary(faults: &[Fault]) -> String {
    match faults {
        [] => "the input is not valid".to_owned(),
        [only] => place(only),
        [first, rest @ ..] => format!("{} (and {} more)", place(first), rest.len()),
    }
}

fn place(fault: &Fault) -> String {
    let line = fault
        .line
        .map_or(String::new(), |line| format!("line {line}: "));
    let pointer = if fault.pointer.is_empty() {
        String::new()
    } else {
        format!("{}: ", fault.pointer)
    };
    format!("{line}{pointer}{}", fault.message)
}

fn words(statuses: &[impl ToString]) -> String {
    if statuses.is_empty() {
        return "nothing".to_owned();
    }
    let words: Vec<_> = statuses.iter().map(ToString::to_string).collect();
    words.join(", ")
}

impl Error {
    /// The code that clients see.
    pub const fn code(&self) -> Code {
        match self {
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Forbidden(_) => Code::Forbidden,
            Self::NotFound { .. } => Code::NotFound,
            Self::BadUserInput(_) => Code::BadUserInput,
            Self::Conflict { .. } => Code::Conflict,
            Self::InvalidTransition { .. } | Self::InvalidAssetTransition { .. } => {
                Code::InvalidTransition
            }
            Self::LimitExceeded { .. } => Code::LimitExceeded,
            Self::RateLimited { .. } => Code::RateLimited,
            Self::Overloaded { .. } | Self::Unavailable(_) => Code::Unavailable,
            Self::Internal(_) => Code::Internal,
        }
    }

    /// Whether the same call may succeed when sent again unchanged.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unauthenticated
            | Self::Forbidden(_)
            | Self::NotFound { .. }
            | Self::BadUserInput(_)
            | Self::InvalidTransition { .. }
            | Self::InvalidAssetTransition { .. }
            | Self::LimitExceeded { .. } => false,
            Self::Conflict { details, .. } => details.get("retryable") == Some(&Value::Bool(true)),
            Self::RateLimited { .. }
            | Self::Overloaded { .. }
            | Self::Unavailable(_)
            | Self::Internal(_) => true,
        }
    }

    /// What a program needs to react, beside code, `retryable` and `requestId`.
    pub fn details(&self) -> Map<String, Value> {
        let value = match self {
            Self::Forbidden(denial) => {
                json!({"rule": denial.rule, "needed": denial.needed, "had": denial.had})
            }
            Self::NotFound { what, id, .. } => json!({"what": what, "id": id}),
            Self::BadUserInput(faults) => json!({"faults": faults}),
            Self::Conflict { details, .. } => Value::Object(details.clone()),
            Self::InvalidTransition { from, to, allowed } => {
                json!({"from": from, "to": to, "allowed": allowed})
            }
            Self::InvalidAssetTransition { from, to } => {
                json!({"from": from, "to": to, "allowed": from.allowed()})
            }
            Self::LimitExceeded {
                limit,
                value,
                requested,
            } => {
                json!({"limit": limit, "value": value, "requested": requested})
            }
            Self::RateLimited { retry_after_ms } | Self::Overloaded { retry_after_ms } => {
                json!({"retryAfterMs": retry_after_ms})
            }
            Self::Unauthenticated | Self::Unavailable(_) | Self::Internal(_) => Value::Null,
        };
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    /// The refusal that the audit log should hear of, if this is one (spec R5.04).
    pub fn denial(&self) -> Option<&Denial> {
        match self {
            Self::Forbidden(denial)
            | Self::NotFound {
                hidden: Some(denial),
                ..
            } => Some(denial),
            _ => None,
        }
    }

    /// NOT_FOUND for something that does not exist.
    pub fn not_found(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound {
            what,
            id: id.to_string().chars().take(80).collect(),
            hidden: None,
        }
    }

    /// NOT_FOUND for something that exists and that the caller may not see (spec R1.09).
    pub fn hidden(what: &'static str, id: impl std::fmt::Display, denial: Denial) -> Self {
        Self::NotFound {
            what,
            id: id.to_string().chars().take(80).collect(),
            hidden: Some(denial),
        }
    }

    /// BAD_USER_INPUT with one fault.
    pub fn bad_input(field: &str, rule: &str, message: impl Into<String>) -> Self {
        Self::BadUserInput(vec![Fault::of(field, rule, message)])
    }

    /// CONFLICT without further details.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict {
            message: message.into(),
            details: Map::new(),
        }
    }

    /// CONFLICT with what a program needs to react.
    pub fn conflict_with(message: impl Into<String>, details: Value) -> Self {
        let details = match details {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        Self::Conflict {
            message: message.into(),
            details,
        }
    }

    /// CONFLICT because an agent is not operational (spec R3.04).
    pub fn not_operational(id: &entities::id::AgentId, status: AgentStatus) -> Self {
        Self::conflict_with(
            format!("agent {id} is not operational: it is {status}"),
            json!({"agentId": id, "status": status}),
        )
    }

    /// INTERNAL with a cause for the log.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Cause(cause.into(), AtomicBool::new(false)))
    }
}

/// A database error is a fault of the server, unless it says that the database cannot be reached or written: then trying again helps.
impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        let unavailable = if is_unreachable(&error) {
            Some("the database cannot be reached")
        } else if is_out_of_time(&error) {
            Some("the database takes too long")
        } else {
            disk_fault(&error)
        };
        match unavailable {
            Some(why) => {
                tracing::warn!(%error, "{why}");
                Self::Unavailable(why)
            }
            None => Self::internal(error),
        }
    }
}

fn sqlx_error(error: &sea_orm::DbErr) -> Option<&sea_orm::sqlx::Error> {
    use sea_orm::{DbErr, RuntimeErr};
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(sqlx))
        | DbErr::Exec(RuntimeErr::SqlxError(sqlx))
        | DbErr::Query(RuntimeErr::SqlxError(sqlx)) => Some(sqlx),
        _ => None,
    }
}

/// The code by which PostgreSQL names what went wrong.
fn postgres_code(error: &sea_orm::DbErr) -> Option<&str> {
    use sea_orm::sqlx::{Error as Sqlx, postgres::PgDatabaseError};
    match sqlx_error(error)? {
        Sqlx::Database(database) => database
            .try_downcast_ref::<PgDatabaseError>()
            .map(PgDatabaseError::code),
        _ => None,
    }
}

fn is_unreachable(error: &sea_orm::DbErr) -> bool {
    use sea_orm::DbErr;
    use sea_orm::sqlx::Error as Sqlx;
    // 57P: the operator stops the server; 08: connection; 40: serialization; 55P03: lock; 53: resources.
    const CLASSES: [&str; 6] = ["57P", "08", "40001", "40P01", "55P03", "53"];
    matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_))
        || matches!(
            sqlx_error(error),
            Some(Sqlx::Io(_) | Sqlx::PoolTimedOut | Sqlx::PoolClosed | Sqlx::WorkerCrashed)
        )
        || postgres_code(error)
            .is_some_and(|code| CLASSES.iter().any(|class| code.starts_with(class)))
}

/// Whether PostgreSQL ended a statement whose time was over (57014, by `statement_timeout`).
fn is_out_of_time(error: &sea_orm::DbErr) -> bool {
    postgres_code(error) == Some("57014")
}

/// Whether a connection turned out to be dead when it was used: its socket is closed, or its server said that it ends it (57P01, 57P02).
pub fn was_dead(error: &sea_orm::DbErr) -> bool {
    matches!(sqlx_error(error), Some(sea_orm::sqlx::Error::Io(_)))
        || matches!(postgres_code(error), Some("57P01" | "57P02"))
}

/// Whether an embedded database says that its disk takes no more, in words for the caller (<https://sqlite.org/rescode.html>).
pub fn disk_fault(error: &sea_orm::DbErr) -> Option<&'static str> {
    use sea_orm::sqlx::{Error as Sqlx, sqlite::SqliteError};
    let Some(Sqlx::Database(database)) = sqlx_error(error) else {
        return None;
    };
    database.try_downcast_ref::<SqliteError>()?;
    // The primary code is in the lowest byte.
    match database.code()?.parse::<u32>().ok()? & 0xff {
        13 => Some("the disk that holds the database is full: nothing was changed"),
        10 => Some(
            "the disk that holds the database fails: whether anything was changed is not known",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internal_error_never_shows_its_cause() {
        let error = Error::from(sea_orm::DbErr::Custom("SELECT secret FROM agents".into()));
        assert_eq!(error.code(), Code::Internal);
        assert!(!error.to_string().contains("SELECT") && error.details().is_empty());
    }

    #[test]
    fn a_refusal_names_rule_need_and_what_was_had() {
        let error = Error::Forbidden(Denial {
            rule: "R3.04 may_delegate",
            needed: "a lower tier".into(),
            had: "L1".into(),
        });
        assert_eq!(
            error.to_string(),
            "not allowed by R3.04 may_delegate: needed a lower tier, had L1"
        );
        assert_eq!(error.details()["rule"], "R3.04 may_delegate");
    }
}
