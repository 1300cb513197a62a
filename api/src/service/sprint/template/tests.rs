//! The founding template, and what is said of files that are none.

#![allow(clippy::unwrap_used)]

use entities::sprint::PhaseKind;

use super::*;

fn lead() -> AgentId {
    "L2-CHAR-001".parse().unwrap()
}

#[test]
fn the_founding_template_is_the_character_pipeline_of_the_rules() {
    let phases = Templates::default()
        .phases("character-pipeline", &lead())
        .unwrap();
    let kinds: Vec<_> = phases.iter().map(|phase| phase.kind).collect();
    assert_eq!(kinds, PhaseKind::ALL);
    let shape = |phase: &PlannedPhase| {
        let waves = phase.waves.iter().map(|wave| wave.tasks.len());
        (phase.weight, waves.collect::<Vec<_>>())
    };
    let shapes: Vec<_> = phases.iter().map(shape).collect();
    assert_eq!(
        shapes,
        [
            (5, vec![4]),
            (10, vec![4]),
            (50, vec![3, 6, 6]),
            (15, vec![3]),
            (10, vec![16]),
            (5, vec![]),
            (5, vec![4]),
        ]
    );
    for phase in &phases {
        let usual: i32 = phase.kind.usual_weight().into();
        assert_eq!(phase.weight, usual, "{}", phase.kind);
    }
    let subs = |phase: usize| {
        let tasks = phases[phase].waves.iter().flat_map(|wave| &wave.tasks);
        let named = tasks.filter_map(|task| task.assignee_id.clone());
        named.filter(|id| id.starts_with("L3-")).collect::<Vec<_>>()
    };
    assert_eq!(subs(2).len(), 12);
    assert_eq!(subs(2), subs(4));
}

#[test]
fn every_fault_of_a_file_is_named_by_its_line() {
    let text = "{\n  \"version\": 2,\n  \"name\": \"a-b\",\n  \"phases\": [\n    {\"kind\": \"PLAN\", \"weight\": 100, \"waves\": []},\n    {\"kind\": \"PLANNING\", \"weight\": 100,\n      \"waves\": [{\"tasks\": []}]}\n  ],\n  \"more\": 1\n}";
    let found: Vec<_> = check_file(text)
        .into_iter()
        .map(|fault| (fault.line, fault.pointer))
        .collect();
    assert_eq!(
        found,
        [
            (1, String::new()),
            (2, "/version".to_owned()),
            (5, "/phases/0/kind".to_owned()),
            (7, "/phases/1/waves/0/tasks".to_owned()),
        ]
    );
}

#[test]
fn what_is_no_json_or_weighs_other_than_a_hundred_is_named_too() {
    assert_eq!(check_file("{\n  \"version\": 1,\n  nonsense\n}")[0].line, 3);
    let text = "{\"version\": 1, \"name\": \"a-b\",\n \"phases\": [{\"kind\": \"PLANNING\", \"weight\": 99, \"waves\": []}]}";
    let found = check_file(text);
    assert_eq!((found.len(), found[0].line), (1, 2));
    assert!(found[0].message.contains("99"), "{}", found[0]);
}

#[test]
fn a_folder_of_files_is_read_whole_or_refused_with_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    let good = CHARACTER_PIPELINE
        .replace("character-pipeline", "sound-pipeline")
        .replace("\"lead\": \"L2-CHAR-001\",", "");
    std::fs::write(folder.path().join("a.json"), good).unwrap();
    let templates = Templates::of_folder(folder.path()).unwrap();
    let other: AgentId = "L2-AUDIO-001".parse().unwrap();
    let phases = templates.phases("sound-pipeline", &other).unwrap();
    let first = &phases[0].waves[0].tasks[0];
    assert_eq!(first.assignee_id.as_deref(), Some("L2-AUDIO-001"));
    assert_eq!(first.input["agentId"], "L2-AUDIO-001");
    assert!(templates.phases("character-pipeline", &other).is_err());
    assert!(templates.phases("no-such", &other).is_err());
    std::fs::write(folder.path().join("b.json"), "{\n\"version\": 3}").unwrap();
    let faults = Templates::of_folder(folder.path()).unwrap_err();
    assert!(faults.contains("b.json: line 2: /version"), "{faults}");
}
