//! The limits and times that operators may set: those of the use cases and those of the edge (spec R10.05). Floor 6.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::unit;
use crate::auth::policy::Reach;
use crate::http;
use crate::service::Settings;
use crate::service::sprint::Templates;

/// One table of all limits. What each means is said where it is used: [`Settings`] and [`http::Limits`], which also give the defaults.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "documented where they are used")]
pub struct Limits {
    pub reach: Width,
    pub max_depth: u16,
    pub max_children: u64,
    pub max_open_tasks: u64,
    pub max_sprint_tasks: u64,
    pub max_page: u64,
    pub max_bulk: usize,
    #[serde(with = "unit::size")]
    pub max_document_bytes: usize,
    pub max_task_assets: u64,
    pub max_loose_assets: u64,
    #[serde(with = "unit::size")]
    pub max_asset_bytes: usize,
    #[serde(with = "unit::time")]
    pub upload_time: Duration,
    #[serde(with = "unit::time")]
    pub asset_sweep: Duration,
    #[serde(with = "unit::time")]
    pub session_ttl: Duration,
    #[serde(with = "unit::time")]
    pub max_session_ttl: Duration,
    pub max_sessions: u64,
    pub login_failures: u32,
    #[serde(with = "unit::time")]
    pub login_delay: Duration,
    #[serde(with = "unit::time")]
    pub max_login_delay: Duration,
    pub agent_rate: u32,
    pub agent_burst: u32,
    pub address_rate: u32,
    pub address_burst: u32,
    #[serde(with = "unit::time")]
    pub session_sweep: Duration,
    #[serde(with = "unit::time")]
    pub deadline_sweep: Duration,
    #[serde(with = "unit::time")]
    pub lease_sweep: Duration,
    #[serde(with = "unit::time")]
    pub max_claim_wait: Duration,
    pub max_waiting_claims: u64,
    pub max_operations: usize,
    pub max_queued_operations: usize,
    #[serde(with = "unit::time")]
    pub operation_queue_time: Duration,
    #[serde(with = "unit::time")]
    pub last_use_flush: Duration,
    #[serde(with = "unit::time")]
    pub personal_retention: Duration,
    #[serde(with = "unit::time")]
    pub personal_sweep: Duration,
    pub max_notifications: u64,
    #[serde(with = "unit::time")]
    pub notification_ttl: Duration,
    #[serde(with = "unit::time")]
    pub notification_sweep: Duration,
    #[serde(with = "retention")]
    pub audit_retention: Duration,
    pub max_connections: usize,
    #[serde(with = "unit::time")]
    pub header_timeout: Duration,
    #[serde(with = "unit::time")]
    pub body_timeout: Duration,
    #[serde(with = "unit::size")]
    pub max_body_bytes: usize,
    #[serde(with = "unit::time")]
    pub upload_pause: Duration,
    pub max_uploads: usize,
    #[serde(with = "unit::time")]
    pub operation_timeout: Duration,
    pub max_sockets: usize,
    #[serde(with = "unit::time")]
    pub socket_init_timeout: Duration,
    #[serde(with = "unit::time")]
    pub socket_write_timeout: Duration,
    #[serde(with = "unit::time")]
    pub socket_ping: Duration,
    pub max_socket_operations: usize,
    pub max_agent_sockets: usize,
    pub max_agent_subscriptions: usize,
    #[serde(with = "unit::time")]
    pub socket_idle_timeout: Duration,
}

/// A time that is not shorter than entries of the audit log are kept at least (spec R5.08).
mod retention {
    use std::time::Duration;

    use serde::{Deserializer, Serializer, de::Error as _};

    use super::unit::time;
    use crate::service::log::archive::MINIMUM;

    pub(super) fn serialize<S: Serializer>(
        time: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time::serialize(time, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let time = time::deserialize(deserializer)?;
        if time < MINIMUM {
            let (said, least) = (time::text(time), time::text(MINIMUM));
            return Err(D::Error::custom(format!(
                "`{said}` is less than six months: entries of the audit log are kept for {least} at least"
            )));
        }
        Ok(time)
    }
}

/// How far down work may be given (spec R3.04).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Width {
    /// To any agent of a lower tier.
    Fleet,
    /// Only down one's own line of reports.
    Line,
}

impl Default for Limits {
    fn default() -> Self {
        let of_use = Settings::default();
        let of_edge = http::Limits::default();
        Self {
            reach: match of_use.reach {
                Reach::Fleet => Width::Fleet,
                Reach::Line => Width::Line,
            },
            max_depth: of_use.max_depth,
            max_children: of_use.max_children,
            max_open_tasks: of_use.max_open_tasks,
            max_sprint_tasks: of_use.max_sprint_tasks,
            max_page: of_use.max_page,
            max_bulk: of_use.max_bulk,
            max_document_bytes: of_use.max_document_bytes,
            max_task_assets: of_use.max_task_assets,
            max_loose_assets: of_use.max_loose_assets,
            max_asset_bytes: of_use.max_asset_bytes,
            upload_time: of_use.upload_time,
            asset_sweep: of_use.asset_sweep,
            session_ttl: of_use.session_ttl,
            max_session_ttl: of_use.max_session_ttl,
            max_sessions: of_use.max_sessions,
            login_failures: of_use.login_failures,
            login_delay: of_use.login_delay,
            max_login_delay: of_use.max_login_delay,
            agent_rate: of_use.agent_rate,
            agent_burst: of_use.agent_burst,
            address_rate: of_use.address_rate,
            address_burst: of_use.address_burst,
            session_sweep: of_use.session_sweep,
            deadline_sweep: of_use.deadline_sweep,
            lease_sweep: of_use.lease_sweep,
            max_claim_wait: of_use.max_claim_wait,
            max_waiting_claims: of_use.max_waiting_claims,
            max_operations: of_use.max_operations,
            max_queued_operations: of_use.max_queued_operations,
            operation_queue_time: of_use.operation_queue_time,
            last_use_flush: of_use.last_use_flush,
            personal_retention: of_use.personal_retention,
            personal_sweep: of_use.personal_sweep,
            max_notifications: of_use.max_notifications,
            notification_ttl: of_use.notification_ttl,
            notification_sweep: of_use.notification_sweep,
            audit_retention: of_use.audit_retention,
            max_connections: of_edge.max_connections,
            header_timeout: of_edge.header_timeout,
            body_timeout: of_edge.body_timeout,
            max_body_bytes: of_edge.max_body_bytes,
            upload_pause: of_edge.upload_pause,
            max_uploads: of_edge.max_uploads,
            operation_timeout: of_edge.operation_timeout,
            max_sockets: of_edge.max_sockets,
            socket_init_timeout: of_edge.socket_init_timeout,
            socket_write_timeout: of_edge.socket_write_timeout,
            socket_ping: of_edge.socket_ping,
            max_socket_operations: of_edge.max_socket_operations,
            max_agent_sockets: of_edge.max_agent_sockets,
            max_agent_subscriptions: of_edge.max_agent_subscriptions,
            socket_idle_timeout: of_edge.socket_idle_timeout,
        }
    }
}

impl Limits {
    /// Those of the use cases.
    pub fn of_use(&self) -> Settings {
        Settings {
            reach: match self.reach {
                Width::Fleet => Reach::Fleet,
                Width::Line => Reach::Line,
            },
            max_depth: self.max_depth,
            max_children: self.max_children,
            max_open_tasks: self.max_open_tasks,
            // No limit: read from a folder when the server starts.
            templates: Templates::default(),
            max_sprint_tasks: self.max_sprint_tasks,
            max_page: self.max_page,
            max_bulk: self.max_bulk,
            max_document_bytes: self.max_document_bytes,
            max_task_assets: self.max_task_assets,
            max_loose_assets: self.max_loose_assets,
            max_asset_bytes: self.max_asset_bytes,
            upload_time: self.upload_time,
            asset_sweep: self.asset_sweep,
            session_ttl: self.session_ttl,
            max_session_ttl: self.max_session_ttl,
            max_sessions: self.max_sessions,
            login_failures: self.login_failures,
            login_delay: self.login_delay,
            max_login_delay: self.max_login_delay,
            agent_rate: self.agent_rate,
            agent_burst: self.agent_burst,
            address_rate: self.address_rate,
            address_burst: self.address_burst,
            session_sweep: self.session_sweep,
            deadline_sweep: self.deadline_sweep,
            lease_sweep: self.lease_sweep,
            max_claim_wait: self.max_claim_wait,
            max_waiting_claims: self.max_waiting_claims,
            max_operations: self.max_operations,
            max_queued_operations: self.max_queued_operations,
            operation_queue_time: self.operation_queue_time,
            last_use_flush: self.last_use_flush,
            personal_retention: self.personal_retention,
            personal_sweep: self.personal_sweep,
            max_notifications: self.max_notifications,
            notification_ttl: self.notification_ttl,
            notification_sweep: self.notification_sweep,
            audit_retention: self.audit_retention,
        }
    }

    /// Those of the edge.
    pub fn of_edge(&self) -> http::Limits {
        http::Limits {
            max_connections: self.max_connections,
            header_timeout: self.header_timeout,
            body_timeout: self.body_timeout,
            max_body_bytes: self.max_body_bytes,
            upload_pause: self.upload_pause,
            max_uploads: self.max_uploads,
            operation_timeout: self.operation_timeout,
            max_sockets: self.max_sockets,
            socket_init_timeout: self.socket_init_timeout,
            socket_write_timeout: self.socket_write_timeout,
            socket_ping: self.socket_ping,
            max_socket_operations: self.max_socket_operations,
            max_agent_sockets: self.max_agent_sockets,
            max_agent_subscriptions: self.max_agent_subscriptions,
            socket_idle_timeout: self.socket_idle_timeout,
        }
    }
}
