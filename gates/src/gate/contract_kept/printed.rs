//! What introspection tells, as SDL, so that it can be compared as SDL is.

use std::fmt::Write as _;

use serde_json::Value;

use super::members::{is_own, list, text, told, type_of};

/// The types of a schema that tells of itself (`__schema`). Descriptions and directives are not told.
pub(super) fn sdl(schema: &Value) -> String {
    let mut sdl = String::new();
    for kind in list(&schema["types"]).filter(|kind| is_own(text(&kind["name"]))) {
        // Writing to a string cannot fail.
        let _ = writeln!(sdl, "{}", definition(kind));
    }
    sdl
}

fn definition(kind: &Value) -> String {
    let name = text(&kind["name"]);
    let implements = names(&kind["interfaces"]).join(" & ");
    let implements = match implements.as_str() {
        "" => String::new(),
        some => format!(" implements {some}"),
    };
    let fields = || -> String { list(&kind["fields"]).map(field).collect() };
    match text(&kind["kind"]) {
        "SCALAR" => format!("scalar {name}"),
        "ENUM" => format!("enum {name} {{ {} }}", names(&kind["enumValues"]).join(" ")),
        "UNION" => format!(
            "union {name} = {}",
            names(&kind["possibleTypes"]).join(" | ")
        ),
        "INPUT_OBJECT" => {
            let inputs: Vec<String> = list(&kind["inputFields"]).map(told).collect();
            format!("input {name} {{ {} }}", inputs.join(" "))
        }
        "INTERFACE" => format!("interface {name}{implements} {{ {}}}", fields()),
        _ => format!("type {name}{implements} {{ {}}}", fields()),
    }
}

fn field(field: &Value) -> String {
    let arguments: Vec<String> = list(&field["args"]).map(told).collect();
    let arguments = match arguments.join(" ") {
        none if none.is_empty() => none,
        some => format!("({some})"),
    };
    format!(
        "{}{arguments}: {} ",
        text(&field["name"]),
        type_of(&field["type"])
    )
}

fn names(all: &Value) -> Vec<&str> {
    list(all).map(|one| text(&one["name"])).collect()
}
