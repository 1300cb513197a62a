//! Which schemas are taken: valid, closed in themselves, and bounded in what checking against them can cost (spec R3.13). Floor 3.

use entities::task::personal;
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use crate::error::Fault;

/// The most bytes of a schema.
const MAX_BYTES: usize = 64 * 1024;
/// How deep a schema may be nested.
const MAX_NESTING: usize = 32;
/// How many subschemas it may have once every reference is followed.
const MAX_EXPANDED: usize = 20_000;
/// The most memory that a compiled pattern may take, in bytes.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// Compiles a schema that was taken: draft 2020-12, offline, patterns by an engine that runs in linear time.
pub(in crate::service) fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(
            PatternOptions::regex()
                .size_limit(MAX_PATTERN_BYTES)
                .dfa_size_limit(MAX_PATTERN_BYTES),
        )
        .offline()
        .build(schema)
        .map_err(|error| error.to_string())
}

/// Every fault of a schema, at its field.
pub(super) fn faults(field: &str, schema: &Value) -> Vec<Fault> {
    let fault = |pointer: &str, rule: &str, message: String| Fault {
        pointer: format!("/{field}{pointer}"),
        ..Fault::of(field, rule, message)
    };
    if !schema.is_object() {
        return vec![fault(
            "",
            "type",
            "must be a JSON Schema: an object".to_owned(),
        )];
    }
    let bytes = schema.to_string().len();
    if bytes > MAX_BYTES {
        let message = format!("must have at most {MAX_BYTES} bytes, has {bytes}");
        return vec![fault("", "maxBytes", message)];
    }
    if let Err((pointer, rule, message)) = walk(schema) {
        return vec![fault(&pointer, rule, message)];
    }
    match jsonschema::draft202012::meta::validate(schema) {
        Err(error) => vec![fault(
            error.instance_path().as_str(),
            "schema",
            error.to_string(),
        )],
        Ok(()) => compile(schema)
            .err()
            .map(|message| fault("", "schema", message))
            .into_iter()
            .collect(),
    }
}

type Wrong = (String, &'static str, String);

/// References may only go to the schema's own `$defs`, and never in a circle; so following them all ends, and its cost can be counted.
fn walk(schema: &Value) -> Result<(), Wrong> {
    let mut walk = Walk {
        root: schema,
        expanded: 0,
    };
    walk.visit(schema, &mut String::new(), &mut Vec::new(), 0)
}

struct Walk<'a> {
    root: &'a Value,
    expanded: usize,
}

impl<'a> Walk<'a> {
    fn visit(
        &mut self,
        value: &'a Value,
        pointer: &mut String,
        following: &mut Vec<&'a str>,
        nesting: usize,
    ) -> Result<(), Wrong> {
        self.expanded += 1;
        if self.expanded > MAX_EXPANDED {
            let message =
                format!("must have at most {MAX_EXPANDED} parts once references are followed");
            return Err((pointer.clone(), "maxParts", message));
        }
        if nesting > MAX_NESTING {
            return Err((
                pointer.clone(),
                "maxDepth",
                format!("must not be nested deeper than {MAX_NESTING}"),
            ));
        }
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    match key.as_str() {
                        "$ref" => self.follow(inner, pointer, following, nesting)?,
                        "$dynamicRef" | "$recursiveRef" | "$id" | "$anchor" | "$dynamicAnchor" => {
                            return Err((
                                pointer.clone(),
                                "reference",
                                format!("must not use {key}"),
                            ));
                        }
                        personal::KEYWORD if !inner.is_boolean() => {
                            let message = "must be true or false".to_owned();
                            return Err((format!("{pointer}/{key}"), "type", message));
                        }
                        // Examples and the like are data, not schemas; definitions are visited where they are used.
                        "const" | "enum" | "default" | "examples" => {}
                        "$defs" if following.is_empty() && nesting == 0 => {}
                        // Their keys are names, not keywords.
                        "properties" | "patternProperties" | "dependentSchemas" => {
                            self.visit_named(key, inner, pointer, following, nesting)?;
                        }
                        _ => self.visit_below(key, inner, pointer, following, nesting)?,
                    }
                }
                Ok(())
            }
            Value::Array(items) => items.iter().enumerate().try_for_each(|(index, inner)| {
                self.visit_below(&index.to_string(), inner, pointer, following, nesting)
            }),
            _ => Ok(()),
        }
    }

    fn visit_named(
        &mut self,
        key: &str,
        schemas: &'a Value,
        pointer: &mut String,
        following: &mut Vec<&'a str>,
        nesting: usize,
    ) -> Result<(), Wrong> {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(key);
        for (name, schema) in schemas.as_object().into_iter().flatten() {
            self.visit_below(name, schema, pointer, following, nesting)?;
        }
        pointer.truncate(length);
        Ok(())
    }

    fn visit_below(
        &mut self,
        key: &str,
        inner: &'a Value,
        pointer: &mut String,
        following: &mut Vec<&'a str>,
        nesting: usize,
    ) -> Result<(), Wrong> {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        self.visit(inner, pointer, following, nesting + 1)?;
        pointer.truncate(length);
        Ok(())
    }

    fn follow(
        &mut self,
        reference: &'a Value,
        pointer: &mut String,
        following: &mut Vec<&'a str>,
        nesting: usize,
    ) -> Result<(), Wrong> {
        let target = reference.as_str().and_then(|text| {
            Some((
                text,
                text.strip_prefix("#/$defs/")
                    .filter(|name| !name.contains('/'))?,
            ))
        });
        let Some((text, name)) = target else {
            return Err((
                pointer.clone(),
                "reference",
                "must refer to #/$defs/… of its own".to_owned(),
            ));
        };
        if following.contains(&text) {
            return Err((
                pointer.clone(),
                "reference",
                format!("{text} refers to itself"),
            ));
        }
        let name = name.replace("~1", "/").replace("~0", "~");
        let Some(definition) = self.root.get("$defs").and_then(|defs| defs.get(&name)) else {
            return Err((pointer.clone(), "reference", format!("{text} is not there")));
        };
        following.push(text);
        self.visit(definition, pointer, following, nesting + 1)?;
        following.pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule_of(schema: Value) -> Option<String> {
        faults("inputSchema", &schema)
            .first()
            .map(|fault| fault.rule.clone())
    }

    #[test]
    fn plain_schemas_and_references_to_own_definitions_are_taken() {
        assert_eq!(rule_of(json!({})), None);
        assert_eq!(
            rule_of(json!({
                "type": "object",
                "properties": {"colour": {"$ref": "#/$defs/colour"}, "$ref": {"const": {"$ref": "data"}}},
                "$defs": {"colour": {"type": "string", "pattern": "^#[0-9a-f]{6}$"}}
            })),
            None
        );
    }

    #[test]
    fn schemas_that_are_invalid_fetch_anything_or_blow_up_are_refused() {
        // Ten references to ten references to …: six levels are a million parts.
        let bomb: serde_json::Map<String, Value> = (0..6)
            .map(|level| {
                let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
                (format!("d{level}"), json!({"allOf": vec![next; 10]}))
            })
            .chain([("d6".to_owned(), json!({}))])
            .collect();
        let deep = (0..40).fold(json!({}), |inner, _| json!({"items": inner}));
        for (schema, rule) in [
            (json!(true), "type"),
            (json!({"type": "strin"}), "schema"),
            (json!({"type": "string", "pattern": "("}), "schema"),
            (json!({"pattern": "(?=a)b"}), "schema"),
            (
                json!({"pattern": "((a{1,1000}){1,1000}){1,1000}"}),
                "schema",
            ),
            (
                json!({"$ref": "https://example.com/schema.json"}),
                "reference",
            ),
            (json!({"$ref": "file:///etc/passwd"}), "reference"),
            (json!({"$ref": "#"}), "reference"),
            (
                json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}),
                "reference",
            ),
            (json!({"$ref": "#/$defs/d0", "$defs": bomb}), "maxParts"),
            (deep, "maxDepth"),
            (json!({"description": "x".repeat(MAX_BYTES)}), "maxBytes"),
        ] {
            assert_eq!(
                rule_of(schema.clone()).as_deref(),
                Some(rule),
                "{schema:.100}"
            );
        }
    }

    #[test]
    fn fuzz_schemas() {
        use crate::fuzz::{fuzz, json};
        const KEYS: &[&str] = &[
            "type",
            "properties",
            "items",
            "prefixItems",
            "$ref",
            "$defs",
            "a",
            "b",
            "pattern",
            "enum",
            "const",
            "allOf",
            "anyOf",
            "oneOf",
            "not",
            "if",
            "then",
            "minimum",
            "multipleOf",
            "maxLength",
            "minItems",
            "uniqueItems",
            "required",
            "additionalProperties",
            "propertyNames",
            "patternProperties",
            "contains",
            "format",
            "unevaluatedProperties",
            "dependentRequired",
            "x-personal",
            "$id",
            "$schema",
            "default",
        ];
        const TEXTS: &[&str] = &[
            "object",
            "array",
            "string",
            "integer",
            "number",
            "null",
            "boolean",
            "#/$defs/a",
            "#/$defs/b",
            "#",
            "a",
            "b",
            "^a+$",
            "(",
            "(a|b)*c",
            "date-time",
            "uri",
            "https://json-schema.org/draft/2020-12/schema",
        ];
        // What is taken compiles, and whatever it is asked about it answers.
        fuzz(
            "fuzz_schemas",
            (json(KEYS, TEXTS), json(KEYS, TEXTS)),
            |(schema, document)| {
                if faults("inputSchema", &schema).is_empty() {
                    let validator = compile(&schema)
                        .map_err(|error| format!("{schema}: {error}"))
                        .unwrap();
                    let faults: Vec<_> = validator.iter_errors(&document).take(20).collect();
                    assert_eq!(
                        faults.is_empty(),
                        validator.is_valid(&document),
                        "{schema} {document}"
                    );
                    for fault in faults {
                        let _ = (
                            fault.instance_path().to_string(),
                            fault.masked().to_string(),
                        );
                    }
                    let _ = validator.evaluate(&document).iter_annotations().count();
                }
            },
        );
    }
}
