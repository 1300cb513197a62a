//! Every field of every type, asked at once: each answers what its type declares.

use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition,
};
use entities::sprint::PhaseKind;
use serde_json::{Value, json};
use ziggie::service::asset::register;
use ziggie::service::{gate_run, sprint, task};

use super::{Front, drawing};
use crate::asset::{picture_of, put};
use crate::sprint::{passed, phases};

/// How deep objects are asked within objects.
const DEPTH: usize = 3;

struct Served {
    objects: HashMap<String, Vec<FieldDefinition>>,
    words: HashMap<String, Vec<String>>,
}

fn served() -> Served {
    let mut served = Served {
        objects: HashMap::new(),
        words: HashMap::new(),
    };
    for definition in parse_schema(ziggie::graphql::sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(ty) = definition else {
            continue;
        };
        let name = ty.node.name.node.to_string();
        match ty.node.kind {
            TypeKind::Object(object) => {
                let fields = object.fields.into_iter().map(|field| field.node);
                served.objects.insert(name, fields.collect());
            }
            TypeKind::Enum(words) => {
                let words = words.values.into_iter();
                let words = words.map(|word| word.node.value.node.to_string());
                served.words.insert(name, words.collect());
            }
            _ => {}
        }
    }
    served
}

fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(element) => named(element),
    }
}

impl Served {
    /// A selection of every field of a type that needs no argument.
    fn selection(&self, ty: &str, depth: usize) -> Option<String> {
        let fields = self.objects.get(ty)?;
        let selected = fields.iter().filter_map(|field| {
            let page = field
                .arguments
                .iter()
                .any(|argument| argument.node.name.node == "first");
            let arguments = if page { "(first: 3)" } else { "" };
            let inner = named(&field.ty.node);
            match self.objects.contains_key(inner) {
                true if depth == 0 => None,
                true => {
                    let inner = self.selection(inner, depth - 1)?;
                    Some(format!("{}{arguments} {inner}", field.name.node))
                }
                false => Some(field.name.node.to_string()),
            }
        });
        let selected: Vec<_> = selected.collect();
        (!selected.is_empty()).then(|| format!("{{ __typename {} }}", selected.join(" ")))
    }

    /// What in a value is not as its type declares.
    fn faults(&self, value: &Value, ty: &Type, place: &str, faults: &mut Vec<String>) {
        if value.is_null() {
            if !ty.nullable {
                faults.push(format!("{place} is null"));
            }
            return;
        }
        match &ty.base {
            BaseType::List(element) => match value.as_array() {
                Some(values) => {
                    for (index, value) in values.iter().enumerate() {
                        self.faults(value, element, &format!("{place}/{index}"), faults);
                    }
                }
                None => faults.push(format!("{place} is no list")),
            },
            BaseType::Named(name) => self.named_faults(value, name, place, faults),
        }
    }

    fn named_faults(&self, value: &Value, name: &str, place: &str, faults: &mut Vec<String>) {
        if let Some(fields) = self.objects.get(name) {
            let found = value.as_object().unwrap();
            assert_eq!(found["__typename"], name);
            for field in fields {
                let key = field.name.node.as_str();
                if let Some(value) = found.get(key) {
                    self.faults(value, &field.ty.node, &format!("{place}/{key}"), faults);
                }
            }
            return;
        }
        let fits = match name {
            "Int" => value.as_i64().is_some_and(|int| i32::try_from(int).is_ok()),
            "Long" => value.is_i64(),
            "Float" => value.is_number(),
            "Boolean" => value.is_boolean(),
            "ID" | "String" | "Cursor" => value.is_string(),
            "DateTime" => {
                let text = value.as_str().unwrap_or_default();
                text.len() == "2026-03-01T09:30:00.000000Z".len() && text.ends_with('Z')
            }
            "JSON" => true,
            word => self.words[word].iter().any(|known| value == known),
        };
        if !fits {
            faults.push(format!("{place} is {value}, which is no {name}"));
        }
    }
}

/// A sprint whose gates were judged and whose last task waits.
async fn sprint_with_gates(front: &Front) -> String {
    let (service, operator) = (&front.world.service, &front.world.operator);
    let create = sprint::CreateWorkflow {
        name: "dragons".to_owned(),
        lead_id: "L2-CHAR-001".to_owned(),
        phases: phases(&[
            (PhaseKind::QualityGates, &[]),
            (PhaseKind::Planning, &[1, 1]),
        ]),
    };
    let made = sprint::create_workflow(service, operator, create).await;
    let id = made.unwrap().id.to_string();
    sprint::start(service, operator, &id).await.unwrap();
    let report = passed(service, &id, 5).await;
    let run = gate_run::record(service, operator, report).await.unwrap();
    assert_eq!(run.rating, "5/5");
    id
}

#[tokio::test]
async fn every_field_answers_what_its_type_declares() {
    let front = Front::open().await;
    let service = &front.world.service;
    let parent = front.delegated().await;
    let parent_id = parent.id.to_string();
    task::start(service, &front.specialist, &parent_id)
        .await
        .unwrap();
    let part = task::Create {
        parent_id: Some(parent_id.clone()),
        ..drawing()
    };
    let child = task::delegate(service, &front.specialist, "L3-CHAR-POSE-001", part)
        .await
        .unwrap();
    let child_id = child.id.to_string();
    task::start(service, &front.micro, &child_id).await.unwrap();
    let picture = picture_of(&parent);
    let asset = register(service, &front.specialist, picture).await.unwrap();
    let asset_id = asset.id.to_string();
    put(service, &front.specialist, &asset_id, b"a dragon")
        .await
        .unwrap();
    let output = Some(json!({"done": true}));
    task::complete(service, &front.micro, &child_id, None, output)
        .await
        .unwrap();
    // The operator is told of something too.
    let done = task::execute(service, &front.world.operator, drawing());
    let done = done.await.unwrap().id.to_string();
    let output = Some(json!({}));
    task::complete(service, &front.world.operator, &done, None, output)
        .await
        .unwrap();
    let sprint_id = sprint_with_gates(&front).await;
    front.world.checkpoint().await;
    let entry = front.world.first_entry().await;
    let served = served();
    let arguments = json!({
        "auditInclusionProof": format!("(entryId: \"{entry}\")"),
        "auditConsistencyProof": "(fromSize: \"1\")",
        "agent": "(id: \"L2-CHAR-001\")",
        "asset": format!("(id: \"{asset_id}\")"),
        "sprint": format!("(id: \"{sprint_id}\")"),
        "task": format!("(id: \"{parent_id}\")"),
        "taskType": "(name: \"DRAW\")",
    });
    for root in &served.objects["Query"] {
        let name = root.name.node.as_str();
        let ty = named(&root.ty.node);
        // The interface has but an id, and its own test.
        let Some(selection) = served.selection(ty, DEPTH) else {
            assert!(["node", "nodes"].contains(&name));
            continue;
        };
        let arguments = arguments[name].as_str().unwrap_or_default();
        let text = format!("{{ {name}{arguments} {selection} }}");
        let data = front.data(&front.world.operator, &text, json!({})).await;
        let mut faults = Vec::new();
        served.faults(&data[name], &root.ty.node, name, &mut faults);
        assert!(faults.is_empty(), "{faults:#?}");
    }
}
