//! Tables of the relational rules.

use super::*;
use chrono::DateTime;
use entities::agent::Capabilities;
use entities::json::JsonText;

fn agent(id: &str, tier: AgentTier) -> agent::Model {
    agent::Model {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        tier,
        supervisor_id: None,
        permissions: tier.ceiling(),
        capabilities: Capabilities::default(),
        config: JsonText::empty_object(),
        state: AgentState::Operational,
        status_reason: None,
        secret_sha256: None,
        created_at: DateTime::UNIX_EPOCH,
        last_active_at: None,
        leases_lost: 0,
    }
}

fn one_of_each() -> Vec<agent::Model> {
    AgentTier::ALL
        .iter()
        .map(|tier| agent(&format!("{tier}-ONE"), *tier))
        .collect()
}

#[test]
fn delegation_goes_down_only() {
    for from in one_of_each() {
        for to in one_of_each() {
            let allowed = may_delegate(&from, &to, &[], Handing::Delegate, Reach::Fleet).is_ok();
            assert_eq!(allowed, to.tier < from.tier, "{} to {}", from.id, to.id);
            let given = may_delegate(&from, &to, &[], Handing::Give, Reach::Fleet).is_ok();
            assert_eq!(
                given,
                to.tier < from.tier || to.id == from.id,
                "{} to {}",
                from.id,
                to.id
            );
        }
    }
}

#[test]
fn delegation_takes_the_permission_for_the_tier() {
    let director = agent("L1-A", AgentTier::L1);
    for (to, needed) in [
        (agent("L2-A", AgentTier::L2), AgentPermission::DelegateToL2),
        (agent("L3-A", AgentTier::L3), AgentPermission::DelegateToL3),
    ] {
        let poor = agent::Model {
            permissions: director.permissions.without([needed].into_iter().collect()),
            ..director.clone()
        };
        assert!(may_delegate(&director, &to, &[], Handing::Give, Reach::Fleet).is_ok());
        let error = may_delegate(&poor, &to, &[], Handing::Give, Reach::Fleet).unwrap_err();
        assert_eq!(error.denial().unwrap().needed, needed.as_str());
    }
}

#[test]
fn within_the_line_only_supervisors_delegate_and_system_reaches_everybody() {
    let to = agent("L3-A", AgentTier::L3);
    let line = ["L2-A".parse().unwrap(), "L1-A".parse().unwrap()];
    for (from, allowed) in [
        (agent("L2-A", AgentTier::L2), true),
        (agent("L1-A", AgentTier::L1), true),
        (agent("L2-B", AgentTier::L2), false),
        (agent("L1-B", AgentTier::L1), false),
        (agent("SYSTEM-001", AgentTier::System), true),
    ] {
        let result = may_delegate(&from, &to, &line, Handing::Delegate, Reach::Line);
        assert_eq!(result.is_ok(), allowed, "{}", from.id);
    }
}

#[test]
fn work_goes_to_operational_agents_only_and_the_conflict_names_the_status() {
    let from = agent("L1-A", AgentTier::L1);
    for (state, status) in [
        (AgentState::Error, "ERROR"),
        (AgentState::Inactive, "INACTIVE"),
    ] {
        let to = agent::Model {
            state,
            ..agent("L2-A", AgentTier::L2)
        };
        let error = may_delegate(&from, &to, &[], Handing::Delegate, Reach::Fleet).unwrap_err();
        assert_eq!(error.code(), crate::error::Code::Conflict);
        assert_eq!(error.details()["status"], status);
    }
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let mut names: Vec<_> = Operation::ALL
        .iter()
        .map(|operation| operation.name())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Operation::ALL.len());
}
