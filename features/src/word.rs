//! The words of the scenarios: parameter types that turn what a sentence says into what the API calls it.
//!
//! The suite knows the API over the network only, so its closed words are written here once more, as QA reads them in the
//! contract. A word that the server spells otherwise fails the scenarios that use it.

use std::{convert::Infallible, fmt, str::FromStr, time::Duration};

use cucumber::Parameter;

/// Defines a word: a parameter type that keeps its text.
macro_rules! word {
    ($(#[$doc:meta])* $type:ident, $name:literal, $regex:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $type(String);

        impl Parameter for $type {
            const REGEX: &'static str = $regex;
            const NAME: &'static str = $name;
        }

        impl FromStr for $type {
            type Err = Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self(text.to_owned()))
            }
        }

        impl $type {
            /// The word as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Defines a list of words: `A`, `A and B`, `A, B and C`.
macro_rules! words {
    ($(#[$doc:meta])* $type:ident of $item:ident, $name:literal, $regex:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type(pub Vec<$item>);

        impl Parameter for $type {
            const REGEX: &'static str = $regex;
            const NAME: &'static str = $name;
        }

        impl FromStr for $type {
            type Err = Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.replace(" and ", ", ").split(", ").map(str::parse).collect::<Result<_, _>>().map(Self)
            }
        }

        impl $type {
            /// The words as they were written.
            pub fn texts(&self) -> Vec<&str> {
                self.0.iter().map($item::as_str).collect()
            }
        }
    };
}

word! {
    /// Who acts or is acted upon: a name plate (`L2-CHAR-001`) or what the studio calls somebody.
    Agent, "agent",
    "ARTEMIS|ORPHEUS|the operator|the control center|a stranger|(?:SYSTEM|L[123])(?:-[A-Z0-9]+)+"
}

impl Agent {
    /// The director of the art line.
    #[must_use]
    pub fn artemis() -> Self {
        Self("ARTEMIS".to_owned())
    }

    /// The first operator.
    #[must_use]
    pub fn operator() -> Self {
        Self("the operator".to_owned())
    }

    /// The id behind the name.
    #[must_use]
    pub fn id(&self) -> &str {
        match self.as_str() {
            "ARTEMIS" => "L1-ART-001",
            "ORPHEUS" => "L1-AUD-001",
            "the operator" => "SYSTEM-001",
            "the control center" => "SYSTEM-000",
            plate => plate,
        }
    }

    /// Whether this is somebody whom the server does not know.
    #[must_use]
    pub fn is_stranger(&self) -> bool {
        self.as_str() == "a stranger"
    }

    /// The tier that the name plate begins with.
    #[must_use]
    pub fn tier(&self) -> &str {
        self.id().split('-').next().unwrap_or_default()
    }
}

words! {
    /// Several agents.
    Agents of Agent, "agents",
    r"[A-Z0-9-]+(?:, [A-Z0-9-]+)* and [A-Z0-9-]+|the operator|ARTEMIS|ORPHEUS|(?:SYSTEM|L[123])(?:-[A-Z0-9]+)+"
}

word! {
    /// A rank.
    Tier, "tier", "L1|L2|L3|SYSTEM"
}

word! {
    /// What an agent may be allowed to do.
    Permission, "permission",
    "EXECUTE_TASK|REPORT_STATUS|DELEGATE_TO_L3|AGGREGATE_L3_RESULTS|REQUEST_L1_REVIEW|DELEGATE_TO_L2|APPROVE_ASSET\
     |MODIFY_PIPELINE|CREATE_WORKFLOW|MANAGE_AGENTS|MODIFY_PERMISSIONS|ACCESS_AUDIT_LOGS"
}

words! {
    /// Several permissions.
    Permissions of Permission, "permissions", "[A-Z0-9_]+(?:, [A-Z0-9_]+)*(?: and [A-Z0-9_]+)?"
}

word! {
    /// Where a task stands.
    Status, "status", "PENDING|ASSIGNED|IN_PROGRESS|REVIEW_REQUESTED|APPROVED|REJECTED|COMPLETED|FAILED|CANCELLED"
}

words! {
    /// Several of them, in order.
    Statuses of Status, "statuses", "[A-Z_]+(?:, [A-Z_]+)*(?: and [A-Z_]+)?"
}

word! {
    /// How an agent is.
    AgentStatus, "agentStatus", "ACTIVE|IDLE|PROCESSING|ERROR|INACTIVE"
}

word! {
    /// Why the server refused.
    Code, "code",
    "UNAUTHENTICATED|FORBIDDEN|NOT_FOUND|BAD_USER_INPUT|CONFLICT|INVALID_TRANSITION|RATE_LIMITED|LIMIT_EXCEEDED\
     |UNAVAILABLE|INTERNAL"
}

word! {
    /// What an audit entry says was done.
    Action, "action", "[A-Z]+(?:_[A-Z]+)+"
}

words! {
    /// Several of them, in order.
    Actions of Action, "actions", "[A-Z_]+(?:, [A-Z_]+)*(?: and [A-Z_]+)?"
}

word! {
    /// The name of a task type.
    TaskType, "type", "[A-Z]+(?:_[A-Z0-9]+)+"
}

word! {
    /// How urgent a task is.
    Priority, "priority", "LOW|MEDIUM|HIGH|CRITICAL"
}

word! {
    /// What a task waits for.
    Waiting, "waiting", "CAPABLE_AGENT|CAPACITY|BACKOFF|START|VALIDATION|REVIEW|REASSIGNMENT|RETRY|CHILDREN|WAVE|COMPLETION"
}

word! {
    /// How a hand-in is validated.
    ValidationStatus, "validationStatus", "NONE|RUNNING|PASSED|FAILED"
}

word! {
    /// A task by what the scenario calls it: `the portrait task`.
    Task, "task", "the [a-z-]+ task"
}

words! {
    /// Several tasks, in order.
    Tasks of Task, "tasks", "the [a-z-]+ task(?:, the [a-z-]+ task)*(?: and the [a-z-]+ task)?"
}

word! {
    /// A sprint by what the scenario calls it: `the fox sprint`.
    Sprint, "sprint", "the [a-z-]+ sprint"
}

word! {
    /// Where a sprint, a phase or a wave stands.
    SprintStatus, "sprintStatus", "DRAFT|WAITING|RUNNING|COMPLETED|FAILED|CANCELLED"
}

word! {
    /// An asset by what the scenario calls it: `the fox picture`.
    Picture, "picture", "the [a-z-]+ picture"
}

word! {
    /// Where an asset stands.
    AssetStatus, "assetStatus", "GENERATED|APPROVED|REJECTED|DELETED"
}

/// A number, in words up to twelve or in figures.
#[derive(Clone, Copy, Debug, Parameter, PartialEq, Eq)]
#[param(
    name = "count",
    regex = r"no|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d+"
)]
pub struct Count(pub usize);

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WORDS: [&str; 13] = [
            "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
            "eleven", "twelve",
        ];
        let in_words = WORDS.iter().position(|word| *word == text);
        in_words
            .or_else(|| text.parse().ok())
            .map(Self)
            .ok_or_else(|| format!("{text} is not a number"))
    }
}

/// Several numbers, in figures: `2`, `2 and 4`, `1, 2 and 4`.
#[derive(Clone, Debug, Parameter, PartialEq, Eq)]
#[param(name = "numbers", regex = r"\d+(?:, \d+)*(?: and \d+)?")]
pub struct Numbers(pub Vec<u64>);

impl FromStr for Numbers {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.replace(" and ", ", ");
        numbers
            .split(", ")
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// A time that passes: `five minutes`, `an hour`, `61 seconds`.
#[derive(Clone, Copy, Debug, Parameter, PartialEq, Eq)]
#[param(
    name = "span",
    regex = r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d+) (?:second|minute|hour|day)s?"
)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (count, unit) = text
            .split_once(' ')
            .ok_or_else(|| format!("{text} is not a span of time"))?;
        let count = match count {
            "a" | "an" => 1,
            count => count.parse::<Count>()?.0 as u64,
        };
        let seconds = match unit.trim_end_matches('s') {
            "second" => 1,
            "minute" => 60,
            "hour" => 3_600,
            "day" => 86_400,
            unit => return Err(format!("{unit} is not a unit of time")),
        };
        Ok(Self(Duration::from_secs(count * seconds)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn the_studio_s_names_stand_for_name_plates() {
        let id = |text: &str| text.parse::<Agent>().expect("an agent").id().to_owned();
        assert_eq!(id("ARTEMIS"), "L1-ART-001");
        assert_eq!(id("the operator"), "SYSTEM-001");
        assert_eq!(id("L2-CHAR-001"), "L2-CHAR-001");
    }

    #[test]
    fn lists_are_read_as_they_are_spoken() {
        let list = |text: &str| {
            text.parse::<Statuses>()
                .expect("statuses")
                .texts()
                .join(" ")
        };
        assert_eq!(list("PENDING"), "PENDING");
        assert_eq!(list("PENDING and ASSIGNED"), "PENDING ASSIGNED");
        assert_eq!(
            list("PENDING, ASSIGNED and FAILED"),
            "PENDING ASSIGNED FAILED"
        );
    }

    #[test]
    fn numbers_and_spans_are_read_in_words_and_figures() {
        assert_eq!("no".parse(), Ok(Count(0)));
        assert_eq!("twelve".parse(), Ok(Count(12)));
        assert_eq!("144".parse(), Ok(Count(144)));
        assert_eq!("five minutes".parse(), Ok(Span(Duration::from_secs(300))));
        assert_eq!("an hour".parse(), Ok(Span(Duration::from_secs(3_600))));
        assert!("soon".parse::<Span>().is_err());
        assert_eq!("1, 2 and 4".parse(), Ok(Numbers(vec![1, 2, 4])));
    }
}
