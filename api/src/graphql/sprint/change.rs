//! What can be done with sprints. Floor 4.

use async_graphql::{Context, ID, InputObject, Object};
use entities::agent::{AgentPermission, AgentTier};
use entities::sprint::PhaseKind;

use super::Sprint;
use crate::auth::policy::Operation;
use crate::graphql::directive::{permission, tier};
use crate::graphql::error::Refusal;
use crate::graphql::guard::Allow;
use crate::graphql::request::Asked;
use crate::graphql::scalar::Json;
use crate::graphql::task::Task;
use crate::service::sprint as sprints;

/// A sprint to make from a template.
#[derive(Debug, InputObject)]
pub struct CreateSprintInput {
    /// What people call it.
    name: String,
    /// The L2 agent that it builds up.
    lead_id: ID,
    /// The template, such as `character-pipeline`; without one the sprint has the seven phases with their weights and no tasks yet.
    template: Option<String>,
}

/// A task of a wave.
#[derive(Debug, InputObject)]
pub struct WorkflowTaskInput {
    /// Name of its type.
    r#type: String,
    /// By the type's input schema.
    input: Json,
    /// Who is to have it; whoever is capable may claim it when left out.
    assignee_id: Option<ID>,
}

/// A wave: tasks that are done in parallel.
#[derive(Debug, InputObject)]
pub struct WorkflowWaveInput {
    /// Its tasks: one at least.
    tasks: Vec<WorkflowTaskInput>,
}

/// A phase: waves, one after the other.
#[derive(Debug, InputObject)]
pub struct WorkflowPhaseInput {
    /// What it is for.
    kind: PhaseKind,
    /// Its share of the progress, in percent: those of all phases sum to 100.
    weight: i32,
    /// Its waves, in order.
    waves: Vec<WorkflowWaveInput>,
}

/// A workflow of any shape.
#[derive(Debug, InputObject)]
pub struct CreateWorkflowInput {
    /// What people call it.
    name: String,
    /// The L2 agent that leads it.
    lead_id: ID,
    /// Its phases, in order.
    phases: Vec<WorkflowPhaseInput>,
}

impl From<WorkflowWaveInput> for sprints::PlannedWave {
    fn from(wave: WorkflowWaveInput) -> Self {
        let task = |task: WorkflowTaskInput| sprints::PlannedTask {
            type_name: task.r#type,
            input: task.input.0,
            assignee_id: task.assignee_id.map(Into::into),
        };
        Self {
            tasks: wave.tasks.into_iter().map(task).collect(),
        }
    }
}

impl From<WorkflowPhaseInput> for sprints::PlannedPhase {
    fn from(phase: WorkflowPhaseInput) -> Self {
        Self {
            kind: phase.kind,
            weight: phase.weight,
            waves: phase.waves.into_iter().map(Into::into).collect(),
        }
    }
}

/// What can be done with sprints.
#[derive(Default)]
pub struct SprintMutation;

#[Object(guard = "crate::graphql::guard::Closed")]
impl SprintMutation {
    /// Makes a sprint from a template: a draft until it is started.
    #[graphql(guard = "Allow(Operation::CreateSprint)", directive = permission::apply(AgentPermission::CreateWorkflow))]
    async fn create_sprint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to make.")] input: CreateSprintInput,
    ) -> Result<Sprint, Refusal> {
        let create = sprints::Create {
            name: input.name,
            lead_id: input.lead_id.into(),
            template: input.template,
        };
        let made = sprints::create(ctx.service(), ctx.caller(), create).await?;
        Ok(made.into())
    }

    /// Makes a workflow of phases that are given: a draft until it is started.
    #[graphql(guard = "Allow(Operation::CreateWorkflow)", directive = permission::apply(AgentPermission::CreateWorkflow))]
    async fn create_workflow(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to make.")] input: CreateWorkflowInput,
    ) -> Result<Sprint, Refusal> {
        let create = sprints::CreateWorkflow {
            name: input.name,
            lead_id: input.lead_id.into(),
            phases: input.phases.into_iter().map(Into::into).collect(),
        };
        let made = sprints::create_workflow(ctx.service(), ctx.caller(), create).await?;
        Ok(made.into())
    }

    /// Starts a draft: its tasks are made in the caller's name, and the first wave begins.
    #[graphql(guard = "Allow(Operation::StartSprint)", directive = permission::apply(AgentPermission::CreateWorkflow))]
    async fn start_sprint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sprint.")] sprint_id: ID,
    ) -> Result<Sprint, Refusal> {
        let started = sprints::start(ctx.service(), ctx.caller(), &sprint_id).await?;
        Ok(started.into())
    }

    /// Replaces the waves of a phase that has not started, or adds the tasks of one wave to a wave that has not begun.
    #[graphql(guard = "Allow(Operation::ChangeWorkflow)", directive = permission::apply(AgentPermission::ModifyPipeline))]
    async fn change_workflow(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sprint.")] sprint_id: ID,
        #[graphql(desc = "Index of the phase.")] phase: i32,
        #[graphql(
            desc = "Index of the wave whose tasks become more; all waves of the phase are replaced when left out."
        )]
        wave: Option<i32>,
        #[graphql(desc = "The waves; one where a wave is named.")] waves: Vec<WorkflowWaveInput>,
    ) -> Result<Sprint, Refusal> {
        let waves = waves.into_iter().map(Into::into).collect();
        let (service, caller) = (ctx.service(), ctx.caller());
        let changed = sprints::change(service, caller, &sprint_id, phase, wave, waves).await?;
        Ok(changed.into())
    }

    /// Attaches links and assets to a phase: by the sprint's lead, or by an L1.
    #[graphql(guard = "Allow(Operation::AttachEvidence)", directive = tier::apply(AgentTier::L2))]
    async fn attach_evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sprint.")] sprint_id: ID,
        #[graphql(desc = "Index of the phase.")] phase: i32,
        #[graphql(desc = "Links, and ids of assets that the caller sees.")] evidence: Vec<String>,
    ) -> Result<Sprint, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let attached = sprints::attach(service, caller, &sprint_id, phase, evidence).await?;
        Ok(attached.into())
    }

    /// Lets a task of a sprint count as finished although it failed for good or was cancelled.
    #[graphql(guard = "Allow(Operation::AcceptFailedTask)", directive = permission::apply(AgentPermission::ModifyPipeline))]
    async fn accept_failed_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "Why.")] reason: String,
    ) -> Result<Task, Refusal> {
        let accepted = sprints::accept(ctx.service(), ctx.caller(), &task_id, reason).await?;
        Ok(accepted.into())
    }

    /// Gives a sprint up: what is open of it is cancelled, with everything beneath.
    #[graphql(guard = "Allow(Operation::CancelSprint)", directive = permission::apply(AgentPermission::ModifyPipeline))]
    async fn cancel_sprint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sprint.")] sprint_id: ID,
        #[graphql(desc = "Why.")] reason: String,
    ) -> Result<Sprint, Refusal> {
        let cancelled = sprints::cancel(ctx.service(), ctx.caller(), &sprint_id, reason).await?;
        Ok(cancelled.into())
    }
}
