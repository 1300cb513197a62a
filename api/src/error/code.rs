//! The codes that clients see (spec R10.06).

/// The closed list of codes that clients see in `extensions.code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// No live session, or a wrong secret.
    Unauthenticated,
    /// The caller's tier, permissions or relation to the object do not allow it.
    Forbidden,
    /// There is no such thing, or the caller may not see it.
    NotFound,
    /// The input breaks a rule that it can be checked against by itself.
    BadUserInput,
    /// The state of things does not allow it now.
    Conflict,
    /// The state table does not allow it.
    InvalidTransition,
    /// Too many requests.
    RateLimited,
    /// A limit on size or number would be crossed.
    LimitExceeded,
    /// The server cannot answer at the moment.
    Unavailable,
    /// A fault of the server.
    Internal,
}

impl Code {
    /// Every code.
    pub const ALL: &'static [Self] = &[
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::BadUserInput,
        Self::Conflict,
        Self::InvalidTransition,
        Self::RateLimited,
        Self::LimitExceeded,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The code as clients see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Conflict => "CONFLICT",
            Self::InvalidTransition => "INVALID_TRANSITION",
            Self::RateLimited => "RATE_LIMITED",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}
