//! The way of one request through the served schema. Floor 4.

use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
};
use async_graphql::{
    Name, PathSegment, Positioned, Request, Response, ServerError, Value, Variables,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::budget::Budget;
use super::limit::{MAX_ANSWER_BYTES, MAX_ERRORS};
use super::loader::Reader;
use super::shape::{Shape, root};
use super::{Executor, error, limit};
use crate::auth::actor::{Caller, Principal};
use crate::auth::policy::{Operation, Place};
use crate::error::Error;
use crate::service::Service;

/// The served schema over the use cases; clones share it. There is no other way to execute a request: this one knows the caller, judges
/// limits before anything else, and writes codes and nulls into the answer.
#[derive(Clone)]
pub struct Schema {
    executor: Executor,
    shape: Arc<Shape>,
    service: Service,
}

/// What an answer with errors is completed by.
struct Asked {
    text: String,
    operation_name: Option<String>,
}

impl Schema {
    pub(super) fn new(executor: Executor, shape: Arc<Shape>, service: Service) -> Self {
        Self {
            executor,
            shape,
            service,
        }
    }

    /// What a request takes of its caller's rate, in tokens; one for what will be refused.
    pub fn price(&self, request: &mut Request) -> u64 {
        if limit::check_text(&request.query).is_err() {
            return 1;
        }
        let variables = std::mem::take(&mut request.variables);
        let document = request.parsed_query().ok();
        let price = document.and_then(|one| limit::check(one, &variables, &self.shape).ok());
        request.variables = variables;
        price.unwrap_or(1)
    }

    /// Executes a query or a mutation.
    pub async fn execute(&self, caller: &Caller, request: Request) -> Response {
        let asked = Asked::of(&request);
        let budget = Budget::default();
        let response = match self.prepare(caller, &asked, request) {
            Ok(request) => budget.spend(self.executor.execute(request)).await,
            Err(error) => Response::from_errors(vec![error]),
        };
        self.complete(caller, &asked, &budget, response)
    }

    /// Executes any operation: a subscription answers once for each event, anything else once.
    pub fn stream(&self, caller: Caller, request: Request) -> BoxStream<'static, Response> {
        let asked = Asked::of(&request);
        let budget = Budget::default();
        let answers = match self.prepare(&caller, &asked, request) {
            Ok(request) => {
                let events = self.executor.execute_stream(request);
                budget.spend_each(events.boxed()).boxed()
            }
            Err(error) => {
                let refused = Response::from_errors(vec![error]);
                stream::once(std::future::ready(refused)).boxed()
            }
        };
        let schema = self.clone();
        answers
            .map(move |response| schema.complete(&caller, &asked, &budget, response))
            .boxed()
    }

    /// Judges limits and gives resolvers what they stand on.
    fn prepare(
        &self,
        caller: &Caller,
        asked: &Asked,
        mut request: Request,
    ) -> Result<Request, ServerError> {
        limit::check_text(&request.query).map_err(error::of_request)?;
        let variables = std::mem::take(&mut request.variables);
        let document = request.parsed_query()?;
        limit::check(document, &variables, &self.shape).map_err(error::of_request)?;
        if matches!(caller.principal, Principal::Anonymous) && limit::introspects(document) {
            return Err(error::of_request(Error::Unauthenticated));
        }
        // The executor would begin, and fail where the variable is used.
        let operation = asked.operation(document);
        if let Some(missing) = operation.and_then(|one| missing(one, &variables)) {
            let reason = format!("the variable ${missing} is required");
            return Err(error::of_request(Error::bad_input(
                "variables",
                "required",
                reason,
            )));
        }
        request.variables = variables;
        Ok(request.data(Reader::batched(self.service.clone(), caller.clone())))
    }

    /// Completes an answer with errors: codes and request id, null where a field failed. One that came out too long has nothing but the
    /// error that says so.
    fn complete(
        &self,
        caller: &Caller,
        asked: &Asked,
        budget: &Budget,
        mut response: Response,
    ) -> Response {
        let taken = budget.settle();
        if taken > MAX_ANSWER_BYTES {
            let mut error = error::of_request(error::too_long(taken));
            // What was executed has an error with a place.
            error.path = first_place(&response);
            error::complete(&mut error, caller);
            return Response::from_errors(vec![error]);
        }
        if response.errors.is_empty() {
            return response;
        }
        // Only what could be resolved has failed at a place; other texts may not be worth parsing again.
        let placed = response.errors.iter().any(|error| !error.path.is_empty());
        let document = placed.then(|| parse_query(&asked.text).ok()).flatten();
        let document = document.as_ref();
        let executed = document.and_then(|document| Some((document, asked.operation(document)?)));
        if let Some((document, operation)) = executed {
            let Response { data, errors, .. } = &mut response;
            error::null::propagate(data, errors, document, operation, &self.shape);
        }
        let errors = &mut response.errors;
        if errors.len() > MAX_ERRORS {
            let all = errors.len() as u64;
            errors.truncate(MAX_ERRORS);
            errors.push(error::of_request(Error::LimitExceeded {
                limit: "errors in an answer",
                value: MAX_ERRORS as u64,
                requested: all,
            }));
        }
        for error in errors {
            self.report(caller, executed, error);
            error::complete(error, caller);
        }
        response
    }

    /// Logs the faults that reads came upon and reports them to the audit log (spec R5.04); use cases report their own.
    fn report(
        &self,
        caller: &Caller,
        executed: Option<(&ExecutableDocument, &OperationDefinition)>,
        error: &ServerError,
    ) {
        let Some(Error::Internal(cause)) = error::domain(error) else {
            return;
        };
        let operation =
            executed.and_then(|(document, operation)| self.operation(document, operation, error));
        if let Some(operation) = operation.filter(|_| cause.is_news()) {
            let request_id = caller.origin.request_id;
            tracing::error!(operation = operation.name(), %request_id, cause = %cause.0, "internal error");
            self.service.denials.report_internal(caller, operation);
        }
    }

    /// The operation of the policy whose answer an error is in.
    fn operation(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        error: &ServerError,
    ) -> Option<Operation> {
        let Some(PathSegment::Field(key)) = error.path.first() else {
            return None;
        };
        let set = &operation.selection_set.node;
        let (field, _) = self
            .shape
            .selected(document, set, root(operation.ty), key)?;
        let place = match operation.ty {
            OperationType::Query => Place::Query,
            OperationType::Mutation => Place::Mutation,
            OperationType::Subscription => Place::Subscription,
        };
        let mut all = Operation::ALL.iter().copied();
        all.find(|one| one.place() == place && one.name() == field.name.node)
    }
}

/// A variable that must have a value and has none.
fn missing<'a>(operation: &'a OperationDefinition, variables: &Variables) -> Option<&'a Name> {
    let mut defined = operation.variable_definitions.iter();
    let missing = defined.find(|variable| {
        let variable = &variable.node;
        let given = variables.get(&variable.name.node);
        !variable.var_type.node.nullable
            && variable.default_value.is_none()
            && given.is_none_or(|given| *given == Value::Null)
    });
    missing.map(|variable| &variable.node.name.node)
}

/// The first key of what was executed.
fn first_place(response: &Response) -> Vec<PathSegment> {
    let key = match &response.data {
        Value::Object(fields) => fields.keys().next().map(ToString::to_string),
        _ => None,
    };
    vec![PathSegment::Field(key.unwrap_or_default())]
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self {
            text: request.query.clone(),
            operation_name: request.operation_name.clone(),
        }
    }

    /// The operation that was executed.
    fn operation<'a>(&self, document: &'a ExecutableDocument) -> Option<&'a OperationDefinition> {
        let operation: &Positioned<OperationDefinition> = match &document.operations {
            DocumentOperations::Single(only) => only,
            DocumentOperations::Multiple(named) => match &self.operation_name {
                Some(name) => named.get(name.as_str())?,
                None => named.values().next()?,
            },
        };
        Some(&operation.node)
    }
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}
