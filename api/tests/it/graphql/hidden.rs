//! What there is not and what one may not see read alike, wherever an id can be named (spec R1.09).
//!
//! Every argument of every root field that takes an id has its line here, so that a new one must be thought of: either agents may not see
//! all that it can name, and then both answers are compared, or there is nothing to hide.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, InputValueDefinition, Type, TypeKind};
use async_graphql::parser::types::{TypeDefinition, TypeSystemDefinition};
use entities::agent::AgentTier;
use entities::notification;
use entities::sprint::PhaseKind;
use futures::StreamExt;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use ziggie::auth::actor::Caller;
use ziggie::auth::policy::{self, Operation, Place};
use ziggie::service::{asset, gate_run, sprint, task};

mod case;

use super::{Front, codes, drawing, request};
use crate::asset::{picture, put};
use crate::sprint::{passed, phases};
use case::{CASES, IN_TEXTS, NOTHING_TO_HIDE, Noun};

/// Every argument of a root field that takes an id, as `field.argument`, those within input objects included.
fn arguments() -> BTreeSet<String> {
    let definitions = parse_schema(ziggie::graphql::sdl()).unwrap().definitions;
    let types: BTreeMap<String, TypeDefinition> = definitions
        .into_iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(ty) => Some((ty.node.name.node.to_string(), ty.node)),
            _ => None,
        })
        .collect();
    let mut found = BTreeSet::new();
    for root in ["Query", "Mutation", "Subscription"] {
        let TypeKind::Object(root) = &types[root].kind else {
            panic!("{root} is no object")
        };
        for field in &root.fields {
            let name = field.node.name.node.as_str();
            for argument in &field.node.arguments {
                collect(&types, name, &argument.node, &mut found);
            }
        }
    }
    found
}

fn collect(
    types: &BTreeMap<String, TypeDefinition>,
    field: &str,
    argument: &InputValueDefinition,
    found: &mut BTreeSet<String>,
) {
    let ty = named(&argument.ty.node);
    if ty == "ID" {
        found.insert(format!("{field}.{}", argument.name.node));
    } else if let Some(TypeKind::InputObject(input)) = types.get(ty).map(|ty| &ty.kind) {
        for member in &input.fields {
            collect(types, field, &member.node, found);
        }
    }
}

fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(element) => named(element),
    }
}

#[test]
fn every_argument_that_takes_an_id_was_thought_of() {
    let open = |argument: &str| {
        let (_, name) = argument.split_once('.').unwrap();
        NOTHING_TO_HIDE
            .iter()
            .any(|(known, _)| *known == argument || *known == name)
    };
    let compared: BTreeSet<_> = CASES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let nodes = ["node.id", "nodes.ids"].map(str::to_owned);
    let (hiding, _): (BTreeSet<_>, BTreeSet<_>) =
        arguments().into_iter().partition(|one| !open(one));
    assert_eq!(hiding, compared.into_iter().chain(nodes).collect());
}

/// The next id: that of nothing.
fn beside(id: &str) -> String {
    let (head, last) = id.split_at(id.len() - 1);
    format!("{head}{}", if last == "0" { "1" } else { "0" })
}

/// One of everything, none of which concerns the agents of the other line.
pub(super) async fn hidden(front: &Front) -> BTreeMap<Noun, String> {
    let service = &front.world.service;
    let begun = front.delegated().await;
    task::start(service, &front.specialist, &begun.id.to_string())
        .await
        .unwrap();
    // Reviewed: until then every director sees it.
    let painted = asset::register(service, &front.specialist, picture())
        .await
        .unwrap();
    let painted = painted.id.to_string();
    put(service, &front.specialist, &painted, b"a dragon")
        .await
        .unwrap();
    let approved = asset::Review {
        approved: true,
        sha256: None,
        feedback: None,
    };
    asset::review(service, &front.director, &painted, approved)
        .await
        .unwrap();
    let create = sprint::CreateWorkflow {
        name: "dragons".to_owned(),
        lead_id: "L2-CHAR-001".to_owned(),
        phases: phases(&[(PhaseKind::Planning, &[1])]),
    };
    let made = sprint::create_workflow(service, &front.world.operator, create).await;
    let made = made.unwrap().id.to_string();
    sprint::start(service, &front.world.operator, &made)
        .await
        .unwrap();
    let report = passed(service, &made, 5).await;
    let run = gate_run::record(service, &front.world.operator, report)
        .await
        .unwrap();
    let told = notification::Entity::find().one(&service.db).await;
    [
        (Noun::Task, begun.id.to_string()),
        (Noun::Asset, painted),
        (Noun::Sprint, made),
        (
            Noun::Session,
            front.specialist.session_id().unwrap().to_string(),
        ),
        (Noun::Notification, told.unwrap().unwrap().id.to_string()),
        (Noun::GateRun, run.id.to_string()),
        (Noun::Entry, front.world.first_entry().await),
    ]
    .into()
}

/// Agents of another line, to whom nothing of all that is known.
async fn others(front: &Front) -> Vec<(AgentTier, Caller)> {
    let mut others = Vec::new();
    for (tier, supervisor) in [
        (AgentTier::L1, None),
        (AgentTier::L2, Some("L1-FAR-001")),
        (AgentTier::L3, Some("L2-FAR-001")),
    ] {
        let id = format!("{tier}-FAR-001");
        others.push((tier, front.world.agent(&id, tier, supervisor).await));
    }
    others
}

/// The document of a case, by its operation: its arguments and selection behind the field's name.
fn document(name: &str, rest: &str) -> (Operation, String) {
    let field = name.split('.').next().unwrap();
    let mut all = Operation::ALL.iter().copied();
    let operation = all.find(|one| one.name() == field).unwrap();
    let kind = match operation.place() {
        Place::Query => "query",
        Place::Mutation => "mutation",
        Place::Subscription => "subscription",
        Place::Field => panic!("{name} is no root field"),
    };
    // Where documents of JSON are taken, an id is a text in them.
    let ty = if name.ends_with(".output") {
        "JSON"
    } else {
        "ID"
    };
    let own = if rest.contains("$own") {
        ", $own: ID!"
    } else {
        ""
    };
    (
        operation,
        format!("{kind}($id: {ty}!{own}) {{ {field}{rest} }}"),
    )
}

/// What a caller hears of an id, but for the id itself.
async fn heard(
    front: &Front,
    caller: &Caller,
    place: Place,
    text: &str,
    variables: Value,
) -> Value {
    let id = variables["id"].as_str().unwrap().to_owned();
    let answer = match place {
        Place::Subscription => {
            let mut answers = front
                .schema
                .stream(caller.clone(), request(text, variables));
            serde_json::to_value(answers.next().await.unwrap()).unwrap()
        }
        _ => front.ask(caller, text, variables).await,
    };
    assert_ne!(codes(&answer).first(), Some(&"INTERNAL"), "{answer}");
    serde_json::from_str(&answer.to_string().replace(&id, "ID")).unwrap()
}

/// What both are answered, the one hidden and the other not there. They must be the same.
async fn alike(
    front: &Front,
    caller: &Caller,
    place: Place,
    text: &str,
    id: &str,
    own: &Value,
) -> Value {
    let there = json!({"id": id, "own": own});
    let there = heard(front, caller, place, text, there).await;
    let not = json!({"id": beside(id), "own": own});
    let not = heard(front, caller, place, text, not).await;
    assert_eq!(there, not, "{text} by {:?}", caller.agent_id());
    not
}

#[tokio::test]
async fn what_is_hidden_reads_like_what_there_is_not_wherever_an_id_is_named() {
    let front = Front::open().await;
    let (hidden, others) = (hidden(&front).await, others(&front).await);
    for (name, noun, rest) in CASES {
        let (operation, text) = document(name, rest);
        for (_, caller) in others.iter().filter(|(tier, _)| noun.is_hidden_from(*tier)) {
            let (place, id) = (operation.place(), &hidden[noun]);
            let answer = alike(&front, caller, place, &text, id, &Value::Null).await;
            // Refused for what the caller is, it has learnt nothing of the id either.
            if policy::allow(operation, caller).is_err() {
                assert_eq!(codes(&answer), ["FORBIDDEN"], "{name}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_hidden_reads_like_what_there_is_not_by_any_id_of_a_node() {
    let front = Front::open().await;
    let (hidden, others) = (hidden(&front).await, others(&front).await);
    assert_eq!(hidden.len(), Noun::ALL.len());
    for (noun, id) in &hidden {
        for (_, caller) in others.iter().filter(|(tier, _)| noun.is_hidden_from(*tier)) {
            let ask =
                async |text| alike(&front, caller, Place::Query, text, id, &Value::Null).await;
            let one = ask("query($id: ID!) { node(id: $id) { id } }").await;
            assert_eq!(codes(&one), ["NOT_FOUND"], "{noun:?}");
            let many = ask("query($id: ID!) { nodes(ids: [$id]) { id } }").await;
            assert_eq!(many["data"], json!({"nodes": [null]}), "{noun:?}");
        }
        // It is there: whoever may see it does, but for what is an agent's own.
        let text = "query($id: ID!) { node(id: $id) { id } }";
        let seer = match noun {
            Noun::Notification => continue,
            _ => &front.world.operator,
        };
        let seen = front.data(seer, text, json!({"id": id})).await;
        assert_eq!(seen["node"]["id"], json!(id), "{noun:?}");
    }
}

#[tokio::test]
async fn what_is_hidden_reads_like_what_there_is_not_within_texts_too() {
    let front = Front::open().await;
    let (hidden, others) = (hidden(&front).await, others(&front).await);
    let (service, specialist) = (&front.world.service, &others[1].1);
    let create = sprint::CreateWorkflow {
        name: "owls".to_owned(),
        lead_id: "L2-FAR-001".to_owned(),
        phases: phases(&[(PhaseKind::Planning, &[1])]),
    };
    let made = sprint::create_workflow(service, &front.world.operator, create).await;
    let made = made.unwrap().id.to_string();
    sprint::start(service, &front.world.operator, &made)
        .await
        .unwrap();
    let own = task::execute(service, specialist, drawing()).await.unwrap();
    for (name, noun, rest) in IN_TEXTS {
        let (operation, text) = document(name, rest);
        let mine = match operation {
            Operation::AttachEvidence => json!(made),
            _ => json!(own.id),
        };
        let (place, id) = (operation.place(), &hidden[noun]);
        let heard = alike(&front, specialist, place, &text, id, &mine).await;
        assert_eq!(codes(&heard), ["BAD_USER_INPUT"], "{name}: {heard}");
    }
}
