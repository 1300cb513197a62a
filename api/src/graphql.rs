//! Floor 4, `graphql`: the served schema, one file per noun. Resolvers are one expression: call the use case, convert its answer. What a
//! field requires stands in the policy; here it is declared, enforced by [`guard`] and printed by [`directive`].
//!
//! [`Schema`] is the only way to execute a request: it knows the caller, judges limits first, and writes codes and nulls last.

use std::sync::{Arc, LazyLock};

use async_graphql::{MergedObject, Request, SDLExportOptions, Variables};

mod agent;
mod asset;
mod audit;
mod budget;
mod directive;
mod error;
mod execute;
mod fleet;
mod gate_run;
mod guard;
pub mod limit;
mod live;
mod loader;
mod log;
mod node;
mod notification;
mod page;
mod request;
mod scalar;
mod session;
mod shape;
mod sprint;
mod task;
mod task_type;

pub use error::{crossed, too_long, whole as whole_error};
pub use execute::Schema;
pub use live::{ArrivedAt, LastSeen};

use crate::service::Service;

/// What can be asked.
#[derive(MergedObject, Default)]
struct Query(
    fleet::FleetQuery,
    node::NodeQuery,
    agent::AgentQuery,
    task::TaskQuery,
    task_type::TaskTypeQuery,
    notification::NotificationQuery,
    asset::AssetQuery,
    sprint::SprintQuery,
    gate_run::GateRunQuery,
    audit::AuditQuery,
    log::LogQuery,
);

/// What can be done. Each field is one unit of work: it takes effect wholly, with its audit entries, or not at all.
#[derive(MergedObject, Default)]
struct Mutation(
    session::SessionMutation,
    agent::AgentMutation,
    task_type::TaskTypeMutation,
    task::TaskHandMutation,
    task::TaskMutation,
    notification::NotificationMutation,
    asset::AssetMutation,
    sprint::SprintMutation,
    gate_run::GateRunMutation,
    log::LogMutation,
);

type Executor = async_graphql::Schema<Query, Mutation, live::Subscription>;

/// What can be executed, and its shape: the same for every installation, so that a process which serves several, as tests do, builds it once.
static BUILT: LazyLock<(Executor, Arc<shape::Shape>)> = LazyLock::new(|| {
    let executor = executor();
    let shape = Arc::new(shape::Shape::of(&print(&executor)));
    (executor, shape)
});

/// The served schema over the use cases.
pub fn build(service: Service) -> Schema {
    let (executor, shape) = &*BUILT;
    Schema::new(executor.clone(), Arc::clone(shape), service)
}

/// Whether a document fits the served schema and its limits; else why not. Nothing of it is executed.
pub async fn validate(text: &str) -> Result<(), String> {
    limit::check_text(text).map_err(|error| error.to_string())?;
    let (executor, shape) = &*BUILT;
    // Validation comes before the operation is looked for: one that no document has ends there.
    let mut request = Request::new(text).operation_name("-");
    let document = request.parsed_query().map_err(|error| error.message)?;
    limit::check(document, &Variables::default(), shape).map_err(|error| error.to_string())?;
    let answer = executor.execute(request).await;
    let mut faults = answer.errors.into_iter().map(|error| error.message);
    match faults.find(|fault| !fault.starts_with("Unknown operation named")) {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

/// The served schema in the schema definition language: what `api/schema.graphql` is a copy of. Needs no database. Types are in the order of
/// their names, fields in the order in which they are written.
pub fn sdl() -> String {
    print(&executor())
}

fn print(executor: &Executor) -> String {
    let options = SDLExportOptions::new()
        .prefer_single_line_descriptions()
        .include_specified_by()
        .use_space_ident();
    executor.sdl_with_options(options)
}

fn executor() -> Executor {
    Executor::build(Query::default(), Mutation::default(), live::Subscription).finish()
}

#[cfg(test)]
mod tests;
