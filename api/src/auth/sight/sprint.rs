//! Who may see a sprint (spec R1.09). Floor 1.

use entities::agent::AgentTier;
use entities::id::AgentId;

/// Whether `viewer` may see the sprint: its lead, every L1, and the holders of its tasks; SYSTEM sees all.
pub fn sees_sprint(
    viewer: &AgentId,
    tier: AgentTier,
    lead: &AgentId,
    holds_task_of_it: bool,
) -> bool {
    tier >= AgentTier::L1 || viewer == lead || holds_task_of_it
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_lead_its_holders_and_directors_see_a_sprint() {
        let [lead, other]: [AgentId; 2] = ["L2-A-1", "L2-B-1"].map(|id| id.parse().unwrap());
        for (viewer, tier, holds, sees) in [
            (&lead, AgentTier::L2, false, true),
            (&other, AgentTier::L2, false, false),
            (&other, AgentTier::L2, true, true),
            (&other, AgentTier::L3, true, true),
            (&other, AgentTier::L1, false, true),
            (&other, AgentTier::System, false, true),
        ] {
            assert_eq!(
                sees_sprint(viewer, tier, &lead, holds),
                sees,
                "{viewer} {tier} {holds}"
            );
        }
    }
}
