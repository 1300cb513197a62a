//! One call of one root field, written as a document with variables, so that no caller pastes values into GraphQL text.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Which root a call asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads.
    Query,
    /// Changes.
    Mutation,
    /// Listens.
    Subscription,
}

impl Kind {
    fn keyword(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

#[derive(Clone, Debug)]
struct Argument {
    name: &'static str,
    graphql_type: &'static str,
    value: Value,
}

/// A call of one root field: its arguments with their GraphQL types, and the fields wanted back.
///
/// ```
/// use gates::client::Call;
/// let call = Call::mutation("startTask").with("taskId", "ID!", "task_1").selecting("id status");
/// assert_eq!(call.document(), "mutation($taskId: ID!) { startTask(taskId: $taskId) { id status } }");
/// ```
#[derive(Clone, Debug)]
pub struct Call {
    kind: Kind,
    field: &'static str,
    arguments: Vec<Argument>,
    selection: String,
}

impl Call {
    /// A query of `field`.
    #[must_use]
    pub fn query(field: &'static str) -> Self {
        Self::new(Kind::Query, field)
    }

    /// A mutation by `field`.
    #[must_use]
    pub fn mutation(field: &'static str) -> Self {
        Self::new(Kind::Mutation, field)
    }

    /// A subscription to `field`.
    #[must_use]
    pub fn subscription(field: &'static str) -> Self {
        Self::new(Kind::Subscription, field)
    }

    fn new(kind: Kind, field: &'static str) -> Self {
        Self {
            kind,
            field,
            arguments: Vec::new(),
            selection: String::new(),
        }
    }

    /// The same call with one argument more.
    #[must_use]
    pub fn with(
        mut self,
        name: &'static str,
        graphql_type: &'static str,
        value: impl Into<Value>,
    ) -> Self {
        self.arguments.push(Argument {
            name,
            graphql_type,
            value: value.into(),
        });
        self
    }

    /// The same call with one argument more when there is a value for it.
    #[must_use]
    pub fn with_some(
        self,
        name: &'static str,
        graphql_type: &'static str,
        value: Option<impl Into<Value>>,
    ) -> Self {
        match value {
            Some(value) => self.with(name, graphql_type, value),
            None => self,
        }
    }

    /// The same call asking back `selection`, written as between the braces; empty for a field that is a plain value.
    #[must_use]
    pub fn selecting(mut self, selection: impl Into<String>) -> Self {
        self.selection = selection.into();
        self
    }

    /// The root field.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The GraphQL text.
    #[must_use]
    pub fn document(&self) -> String {
        let mut text = self.kind.keyword().to_owned();
        let separated = |write: &dyn Fn(&Argument) -> String| {
            self.arguments
                .iter()
                .map(write)
                .collect::<Vec<_>>()
                .join(", ")
        };
        if !self.arguments.is_empty() {
            let declared =
                separated(&|argument| format!("${}: {}", argument.name, argument.graphql_type));
            let _ = write!(text, "({declared})");
        }
        let _ = write!(text, " {{ {}", self.field);
        if !self.arguments.is_empty() {
            let passed = separated(&|argument| format!("{0}: ${0}", argument.name));
            let _ = write!(text, "({passed})");
        }
        if !self.selection.is_empty() {
            let _ = write!(text, " {{ {} }}", self.selection);
        }
        text.push_str(" }");
        text
    }

    /// The variables of the document.
    #[must_use]
    pub fn variables(&self) -> Value {
        self.arguments
            .iter()
            .map(|argument| (argument.name.to_owned(), argument.value.clone()))
            .collect::<Map<_, _>>()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_without_arguments_has_no_parentheses() {
        let call = Call::query("me").selecting("id");
        assert_eq!(call.document(), "query { me { id } }");
        assert_eq!(call.variables(), json!({}));
    }

    #[test]
    fn a_plain_field_has_no_selection() {
        let call = Call::mutation("revokeAgentSessions").with("agentId", "ID!", "L1-ART-001");
        assert_eq!(
            call.document(),
            "mutation($agentId: ID!) { revokeAgentSessions(agentId: $agentId) }"
        );
        assert_eq!(call.variables(), json!({ "agentId": "L1-ART-001" }));
    }

    #[test]
    fn an_argument_without_value_is_left_out() {
        let call = Call::subscription("taskUpdates")
            .with_some("taskId", "ID", None::<&str>)
            .with_some("after", "Cursor", Some("c"))
            .selecting("cursor");
        assert_eq!(
            call.document(),
            "subscription($after: Cursor) { taskUpdates(after: $after) { cursor } }"
        );
    }
}
