//! The five quality gates (spec R8.01): what each is called, what it may say, and what it found.

use std::{fmt, time::Duration};

use serde_json::{Map, Value, json};

pub mod agent_state;
pub mod audit_integrity;
pub mod contract_kept;
pub mod performance;
pub mod suite;

/// One of the five.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// No agent in ERROR or stuck, no orphaned session.
    AgentState = 1,
    /// The Gherkin suite passes.
    Suite,
    /// What is served is what was promised.
    Contract,
    /// Fast enough under a stated load.
    Performance,
    /// The log holds, and gives the rows.
    Audit,
}

impl Gate {
    /// All five, in their order.
    pub const ALL: [Self; 5] = [
        Self::AgentState,
        Self::Suite,
        Self::Contract,
        Self::Performance,
        Self::Audit,
    ];

    /// 1 to 5.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The gate of a number from 1 to 5.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|gate| gate.number() == number)
    }

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AgentState => "agent state",
            Self::Suite => "E2E pass rate",
            Self::Contract => "API contract",
            Self::Performance => "performance",
            Self::Audit => "audit integrity",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gate {} {}", self.number(), self.name())
    }
}

/// What a gate says; the API spells it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Within its limits.
    Passed,
    /// Measured, and a soft limit was crossed.
    Warning,
    /// A limit was crossed, or it could not measure.
    Failed,
}

impl Status {
    /// As the API spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::Warning => "WARNING",
            Self::Failed => "FAILED",
        }
    }
}

/// Where a gate looked (spec R8.02).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the deployment itself, reading.
    Deployment,
    /// At a server that the runner started from the same build.
    Twin,
    /// What reads at the deployment, what writes at a twin.
    Both,
    /// At a server that may be written to (`--allow-writes`).
    Scratch,
}

impl Place {
    /// For a report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Twin => "twin",
            Self::Both => "deployment and twin",
            Self::Scratch => "scratch target",
        }
    }
}

/// What one gate found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which gate.
    pub gate: Gate,
    /// Where it looked.
    pub place: Place,
    /// What it says.
    pub status: Status,
    /// Its figures by name: units are in the names.
    pub figures: Map<String, Value>,
    /// Why it is not PASSED, a line each.
    pub reasons: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Finding {
    /// One that has found nothing wrong yet.
    #[must_use]
    pub fn new(gate: Gate, place: Place) -> Self {
        Self {
            gate,
            place,
            status: Status::Passed,
            figures: Map::new(),
            reasons: Vec::new(),
            took: Duration::ZERO,
        }
    }

    /// One of a gate that could not measure, which is a failure.
    #[must_use]
    pub fn unmeasured(gate: Gate, place: Place, why: impl fmt::Display) -> Self {
        let mut finding = Self::new(gate, place);
        finding.fail(format!("it could not measure: {why}"));
        finding
    }

    /// Adds a figure.
    pub fn figure(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    /// A limit was crossed.
    pub fn fail(&mut self, reason: impl Into<String>) {
        self.status = Status::Failed;
        self.reasons.push(reason.into());
    }

    /// A soft limit was crossed.
    pub fn warn(&mut self, reason: impl Into<String>) {
        self.status = self.status.max(Status::Warning);
        self.reasons.push(reason.into());
    }

    /// Takes in what was found at one of two places, by the name of that place.
    pub fn absorb(&mut self, part: Self) {
        let place = part.place.as_str();
        self.status = self.status.max(part.status);
        self.figures.insert(place.to_owned(), part.figures.into());
        let named = part.reasons.into_iter();
        self.reasons
            .extend(named.map(|reason| format!("{place}: {reason}")));
    }

    /// Its figures, where it looked and why it says what it says, as one object.
    #[must_use]
    pub fn details(&self) -> Value {
        json!({
            "place": self.place.as_str(),
            "figures": self.figures,
            "reasons": self.reasons,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_numbered_from_one_to_five() {
        let numbers = Gate::ALL.map(Gate::number);
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        assert_eq!(Gate::of_number(4), Some(Gate::Performance));
        assert_eq!(Gate::of_number(6), None);
    }

    #[test]
    fn a_failure_stays_one_whatever_else_is_found() {
        let mut finding = Finding::new(Gate::Audit, Place::Twin);
        finding.warn("slow");
        assert_eq!(finding.status, Status::Warning);
        finding.fail("broken");
        finding.warn("slow again");
        assert_eq!(finding.status, Status::Failed);
        assert_eq!(finding.reasons.len(), 3);
    }
}
