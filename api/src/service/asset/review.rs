//! Judging an asset, and deleting it (spec R4.03). Floor 3.

use entities::asset::{self, AssetStatus};
use entities::audit::AuditAction;

use super::load::{self, Loaded, check_step, stands_in_the_way};
use super::sweep;
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::error::{Error, Result};
use crate::service::Service;
use crate::service::text::{self, MAX_REASON};
use crate::store::{Entry, Tx};

/// What a reviewer says.
#[derive(Debug, Clone)]
pub struct Review {
    /// Whether it agrees.
    pub approved: bool,
    /// The SHA-256 of the bytes that were judged; another by then is CONFLICT.
    pub sha256: Option<String>,
    /// What it has to say; required where it does not agree.
    pub feedback: Option<String>,
}

/// Judges an asset, once.
#[tracing::instrument(name = "asset.review", skip_all, fields(asset.id = id))]
pub async fn review(
    service: &Service,
    caller: &Caller,
    id: &str,
    review: Review,
) -> Result<asset::Model> {
    service
        .perform(caller, Operation::ReviewAsset, async |tx: &mut Tx| {
            let Loaded { asset, actor } = load::load(service, tx, id).await?;
            policy::may_review_asset(&actor, &asset)?;
            let (to, action) = match review.approved {
                true => (AssetStatus::Approved, AuditAction::AssetApproved),
                false => (AssetStatus::Rejected, AuditAction::AssetRejected),
            };
            check_step(&asset, to)?;
            check_feedback(&review)?;
            if review.approved && asset.awaits_bytes() {
                let message = format!("the bytes of asset {} were not put yet", asset.id);
                return Err(stands_in_the_way(&asset, message));
            }
            if review.sha256.is_some() && review.sha256 != asset.sha256 {
                let message = format!("the bytes of asset {} are not those judged", asset.id);
                return Err(stands_in_the_way(&asset, message));
            }
            let entry = Entry::new(action)
                .with_some("feedback", review.feedback.as_deref())
                .with_some("sha256", asset.sha256.as_deref());
            let after = asset::Model {
                status: to,
                reviewer_id: Some(actor.id.clone()),
                review_feedback: review.feedback,
                reviewed_at: Some(tx.now()),
                ..asset.clone()
            };
            let entry = tx
                .update::<asset::Entity>(&asset, after.clone(), entry)
                .await?;
            let feedback = after.review_feedback.as_deref();
            tx.tell_maker(entry, &asset.creator_id, asset.id, asset.task_id, feedback)?;
            Ok(after)
        })
        .await
}

fn check_feedback(review: &Review) -> Result<()> {
    match &review.feedback {
        Some(feedback) => text::check("feedback", feedback, MAX_REASON),
        None if review.approved => Ok(()),
        None => Err(Error::bad_input(
            "feedback",
            "required",
            "say what must become better",
        )),
    }
}

/// Deletes an asset: the row stays and says so, the bytes go. Its row says so before they go, and that they are to go is written down with
/// it, so that a crash in between leaves nothing behind for ever.
#[tracing::instrument(name = "asset.delete", skip_all, fields(asset.id = id))]
pub async fn delete(
    service: &Service,
    caller: &Caller,
    id: &str,
    reason: &str,
) -> Result<asset::Model> {
    let (deleted, key) = service
        .perform(caller, Operation::DeleteAsset, async |tx: &mut Tx| {
            let Loaded { asset, .. } = load::load(service, tx, id).await?;
            check_step(&asset, AssetStatus::Deleted)?;
            text::check("reason", reason, MAX_REASON)?;
            let key = asset.object_key.clone();
            if let Some(key) = &key {
                tx.leave_key(key.clone()).await?;
            }
            let after = asset::Model {
                status: AssetStatus::Deleted,
                object_key: None,
                deleted_at: Some(tx.now()),
                ..asset.clone()
            };
            let entry = Entry::new(AuditAction::AssetDeleted).with("reason", reason);
            tx.update::<asset::Entity>(&asset, after.clone(), entry)
                .await?;
            Ok((after, key))
        })
        .await?;
    if let Some(key) = key {
        sweep::clear_now(service, &key).await;
    }
    Ok(deleted)
}
