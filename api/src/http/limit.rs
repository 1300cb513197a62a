//! What the edge grants a client (spec R10.05). Floor 5.

use std::time::Duration;

/// Sizes, numbers and times that a connection, a request or a socket may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many connections are held at once; further ones wait to be accepted.
    pub max_connections: usize,
    /// How long the head of a request may take to arrive.
    pub header_timeout: Duration,
    /// How long the body of a request may take to arrive.
    pub body_timeout: Duration,
    /// How many bytes the body of a GraphQL request, or a message over a socket, may have.
    pub max_body_bytes: usize,
    /// How long the upload of an asset's bytes may pause.
    pub upload_pause: Duration,
    /// How many uploads may be under way at once; further ones are UNAVAILABLE.
    pub max_uploads: usize,
    /// How long a query or mutation may run.
    pub operation_timeout: Duration,
    /// How many sockets may be open at once.
    pub max_sockets: usize,
    /// How long a socket may stay without `connection_init`.
    pub socket_init_timeout: Duration,
    /// How long a client may take to read what it is sent over a socket.
    pub socket_write_timeout: Duration,
    /// How often a socket is pinged; one that is silent for three times as long is given up.
    pub socket_ping: Duration,
    /// How many operations may run at once over one socket.
    pub max_socket_operations: usize,
    /// How many sockets one agent may have open at once, or strangers from one network.
    pub max_agent_sockets: usize,
    /// How many subscriptions one agent may follow at once, over whatever connections.
    pub max_agent_subscriptions: usize,
    /// How long a socket may stay without any operation.
    pub socket_idle_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            max_body_bytes: 1024 * 1024,
            upload_pause: Duration::from_secs(10),
            max_uploads: 32,
            operation_timeout: Duration::from_secs(30),
            max_sockets: 10_000,
            socket_init_timeout: Duration::from_secs(10),
            socket_write_timeout: Duration::from_secs(10),
            socket_ping: Duration::from_secs(20),
            max_socket_operations: 500,
            max_agent_sockets: 256,
            max_agent_subscriptions: 2_000,
            socket_idle_timeout: Duration::from_secs(60 * 60),
        }
    }
}
