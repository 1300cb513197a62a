//! The log that proves itself: checkpoints and proofs. Floor 4.

use async_graphql::{Context, ID, Object, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entities::agent::AgentPermission;
use entities::audit::export::AuditExportFormat;
use entities::audit::tree::Hash;

use super::audit::AuditFilter;
use super::directive::permission;
use super::error::Refusal;
use super::guard::Allow;
use super::request::Asked as _;
use super::scalar::DateTime;
use crate::auth::policy::Operation;
use crate::service::log::export::{self, Asked};
use crate::service::log::{self, Consistency, Inclusion, Published};
use crate::service::personal;

/// A signed state of the audit log (C2SP tlog-checkpoint).
#[derive(Debug, Clone, SimpleObject)]
pub struct AuditCheckpoint {
    /// Which log it is of.
    origin: String,
    /// How many entries it covers.
    size: String,
    /// The root of the Merkle tree over them (RFC 6962), in base64.
    root_hash: String,
    /// All of it as signed: what verifiers open with the log's public key, which is at /audit/tlog/key.
    signed_note: String,
}

impl From<Published> for AuditCheckpoint {
    fn from(published: Published) -> Self {
        Self {
            size: published.size().to_string(),
            root_hash: STANDARD.encode(&published.row.root_hash),
            signed_note: published.row.note,
            origin: published.origin,
        }
    }
}

/// That an entry is in the audit log.
#[derive(Debug, Clone, SimpleObject)]
pub struct AuditInclusionProof {
    /// Its place: its sequence number.
    index: String,
    /// SHA-256 of a zero byte and its canonical bytes, in base64.
    leaf_hash: String,
    /// The audit path from its sibling up to the root's child (RFC 6962 section 2.1.1), in base64.
    hashes: Vec<String>,
    /// The checkpoint that it leads to.
    checkpoint: AuditCheckpoint,
    /// The same as one c2sp.org/tlog-proof text.
    proof: String,
}

impl From<Inclusion> for AuditInclusionProof {
    fn from(found: Inclusion) -> Self {
        Self {
            proof: found.text(),
            index: found.index.to_string(),
            leaf_hash: STANDARD.encode(found.leaf_hash),
            hashes: encoded(&found.hashes),
            checkpoint: found.checkpoint.into(),
        }
    }
}

/// That the audit log begins with what it was at another size.
#[derive(Debug, Clone, SimpleObject)]
pub struct AuditConsistencyProof {
    /// How many entries it had then.
    from_size: String,
    /// The root of its tree then, in base64: to be compared with the checkpoint that was kept.
    from_root_hash: String,
    /// The proof (RFC 6962 section 2.1.2), in base64.
    hashes: Vec<String>,
    /// The checkpoint that it leads to.
    checkpoint: AuditCheckpoint,
}

impl From<Consistency> for AuditConsistencyProof {
    fn from(found: Consistency) -> Self {
        Self {
            from_size: found.from_size.to_string(),
            from_root_hash: STANDARD.encode(found.from_root),
            hashes: encoded(&found.hashes),
            checkpoint: found.checkpoint.into(),
        }
    }
}

fn encoded(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

/// An export of the audit log, ready to be fetched.
#[derive(Debug, Clone, SimpleObject)]
pub struct AuditExport {
    /// Where its body is: good for whoever has it, while the caller may read the log.
    url: String,
    /// Rows, SHA-256 and checkpoint, once the body has been sent.
    manifest_url: String,
    /// Until when both are good.
    expires_at: DateTime,
}

impl From<Asked> for AuditExport {
    fn from(asked: Asked) -> Self {
        let url = format!("/audit/export/{}", asked.link.expose());
        Self {
            manifest_url: format!("{url}/manifest"),
            url,
            expires_at: asked.row.expires_at.into(),
        }
    }
}

/// What can be done with the log.
#[derive(Default)]
pub struct LogMutation;

#[Object(guard = "crate::graphql::guard::Closed")]
impl LogMutation {
    /// Makes the link of an export. It freezes the filter and what of the log is signed by now, and lives five minutes.
    #[graphql(guard = "Allow(Operation::ExportAuditLog)", directive = permission::apply(AgentPermission::AccessAuditLogs))]
    async fn export_audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entries; all of them when left out.")] filter: Option<AuditFilter>,
        #[graphql(desc = "As a table, or with the proof of each entry.")] format: AuditExportFormat,
    ) -> Result<AuditExport, Refusal> {
        let filter = filter.unwrap_or_default().into();
        let asked = export::ask(ctx.service(), ctx.caller(), &filter, format).await?;
        Ok(asked.into())
    }

    /// Erases what is personal of an agent: addresses and user agents of what it did, and the values that task types mark `x-personal` in
    /// tasks that it made or holds. Commitments stay in their places, so that every hash and proof still holds. How many values it were.
    #[graphql(guard = "Allow(Operation::ErasePersonalData)", directive = permission::apply(AgentPermission::ManageAgents))]
    async fn erase_personal_data(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose.")] agent_id: ID,
        #[graphql(desc = "Why: it stays in the audit log, so it should name nobody.")]
        reason: String,
    ) -> Result<i32, Refusal> {
        let erased = personal::erase(ctx.service(), ctx.caller(), &agent_id, &reason).await?;
        Ok(i32::try_from(erased).unwrap_or(i32::MAX))
    }
}

/// What can be asked about the log's proofs.
#[derive(Default)]
pub struct LogQuery;

#[Object(guard = "crate::graphql::guard::Closed")]
impl LogQuery {
    /// The last checkpoint of the audit log; there is one every second while the log grows.
    #[graphql(guard = "Allow(Operation::AuditCheckpoint)", directive = permission::apply(AgentPermission::AccessAuditLogs))]
    async fn audit_checkpoint(&self, ctx: &Context<'_>) -> Result<AuditCheckpoint, Refusal> {
        Ok(log::latest(ctx.service()).await?.into())
    }

    /// The proof that an entry is in the log. CONFLICT, retryable, while the entry is not yet under a checkpoint.
    #[graphql(guard = "Allow(Operation::AuditInclusionProof)", directive = permission::apply(AgentPermission::AccessAuditLogs))]
    async fn audit_inclusion_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry.")] entry_id: ID,
    ) -> Result<AuditInclusionProof, Refusal> {
        Ok(log::inclusion(ctx.service(), &entry_id).await?.into())
    }

    /// The proof that the log of the last checkpoint begins with the log of another size: that nothing before it was changed.
    #[graphql(guard = "Allow(Operation::AuditConsistencyProof)", directive = permission::apply(AgentPermission::AccessAuditLogs))]
    async fn audit_consistency_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many entries the log had then: the size of a checkpoint that was kept."
        )]
        from_size: String,
    ) -> Result<AuditConsistencyProof, Refusal> {
        Ok(log::consistency(ctx.service(), &from_size).await?.into())
    }
}
