//! One answer, followed along what was asked for.

use std::fmt;

use async_graphql_parser::types::{BaseType, Type};
use serde_json::{Map, Value};

use super::{
    Exercised, scalar,
    schema::{Field, Kind},
    selection::{Asked, AskedByKey, Called, DEPTH, Scoped},
    shown,
};

/// How many values of which the type must be guessed may stand in each other: each takes as many tries as it has
/// possible types.
const GUESSES: usize = 3;

/// What one walk found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) faults: Vec<String>,
    pub(super) seen: Exercised,
}

/// Holds the data of an answer, not null, to the operation that was called. With errors beside the data (`refused`) a null
/// may stand for what failed, and does not count as seen.
pub(super) fn walk(called: &Called<'_>, refused: bool, data: &Value) -> Found {
    let mut walk = Walk {
        called,
        refused,
        guesses: 0,
        found: Found::default(),
    };
    let place = Place {
        above: None,
        step: Step::Key("data"),
        depth: 0,
    };
    let kind = called.operation.ty;
    match (called.schema.root(kind), data.as_object()) {
        (None, _) => walk.fault(&place, &format!("answers a {kind}, which is not served")),
        (Some(_), None) => walk.fault(&place, &format!("not an object: {}", shown(data))),
        (Some(root), Some(data)) => {
            let set = &called.operation.selection_set.node;
            walk.object(&place, root, &[Scoped { scope: root, set }], data);
        }
    }
    walk.found
}

struct Walk<'a, 'c> {
    called: &'c Called<'a>,
    refused: bool,
    guesses: usize,
    found: Found,
}

impl<'a> Walk<'a, '_> {
    fn fault(&mut self, place: &Place<'_>, what: &str) {
        self.found.faults.push(format!("{place}: {what}"));
    }

    fn object(
        &mut self,
        place: &Place<'_>,
        object: &str,
        sets: &[Scoped<'a>],
        value: &Map<String, Value>,
    ) {
        let asked = match self.called.asked(object, sets) {
            Some(asked) if place.depth < DEPTH => asked,
            _ => return self.fault(place, &format!("selects deeper than {DEPTH}: not read")),
        };
        for key in value.keys().filter(|key| !asked.contains_key(key.as_str())) {
            self.fault(place, &format!("has `{key}`, which was not asked for"));
        }
        for (key, asked) in &asked {
            match value.get(*key) {
                Some(value) => self.field(&place.under(key), object, asked, value),
                None => self.fault(place, &format!("lacks `{key}`")),
            }
        }
    }

    fn field(&mut self, place: &Place<'_>, object: &str, asked: &Asked<'a>, value: &Value) {
        if asked.name == "__typename" {
            if value != object {
                self.fault(place, &format!("{} is not {object}", shown(value)));
            }
            return;
        }
        let Some(field) = self.called.schema.field(object, asked.name) else {
            let what = format!("{object}.{} is answered and not declared", asked.name);
            return self.fault(place, &what);
        };
        self.saw(object, asked, field, value);
        self.value(place, &field.ty, &self.called.below(asked), value);
    }

    /// Takes down a field for its object and for the interfaces by which it was asked for.
    fn saw(&mut self, object: &str, asked: &Asked<'a>, field: &Field, value: &Value) {
        if value.is_null() && self.refused || is_of_itself(object) || is_of_itself(asked.name) {
            return;
        }
        let mut types = vec![object];
        types.extend(asked.places.iter().map(|(scope, _)| *scope));
        types.retain(|ty| *ty == object || self.called.schema.is_interface(ty));
        types.dedup();
        let given = self.called.given(asked);
        let seen = &mut self.found.seen;
        for ty in types {
            let name = format!("{ty}.{}", asked.name);
            for argument in given.iter().filter(|name| field.arguments.contains(**name)) {
                seen.arguments.insert(format!("{name}({argument})"));
            }
            if !value.is_null() {
                seen.filled.insert(name.clone());
            }
            seen.seen.insert(name);
        }
    }

    fn value(&mut self, place: &Place<'_>, ty: &Type, sets: &[Scoped<'a>], value: &Value) {
        if value.is_null() {
            if !ty.nullable {
                self.fault(place, &format!("null, and the type is {ty}"));
            }
            return;
        }
        match &ty.base {
            BaseType::Named(name) => self.named(place, name, sets, value),
            BaseType::List(inner) => match value.as_array() {
                None => self.fault(place, &format!("{} is not a list", shown(value))),
                Some(values) => {
                    for (index, value) in values.iter().enumerate() {
                        self.value(&place.at(index), inner, sets, value);
                    }
                }
            },
        }
    }

    /// A value, not null, of the type `name`.
    fn named(&mut self, place: &Place<'_>, name: &str, sets: &[Scoped<'a>], value: &Value) {
        match self.called.schema.kind(name) {
            None | Some(Kind::Input) => {
                self.fault(place, &format!("no answer can be of the type {name}"));
            }
            Some(Kind::Scalar) => {
                if let Some(what) = scalar::fault(name, value) {
                    self.fault(place, &format!("{name}: {} {what}", shown(value)));
                }
            }
            Some(Kind::Enum(values)) => match value.as_str().filter(|it| values.contains(*it)) {
                None => self.fault(place, &format!("{} is no value of {name}", shown(value))),
                Some(_) if is_of_itself(name) => {}
                Some(value) => {
                    let value = format!("{name}.{value}");
                    self.found.seen.enum_values.insert(value);
                }
            },
            Some(kind) => match value.as_object() {
                None => self.fault(place, &format!("{} is not an object", shown(value))),
                Some(value) if matches!(kind, Kind::Object(_)) => {
                    self.object(place, name, sets, value);
                }
                Some(value) => self.one_of(place, name, sets, value),
            },
        }
    }

    /// A value of an interface or union: of the type that it names itself, or else of any type that it fits. When it fits
    /// several, only what would have been seen with each of them was seen.
    fn one_of(
        &mut self,
        place: &Place<'_>,
        name: &str,
        sets: &[Scoped<'a>],
        value: &Map<String, Value>,
    ) {
        let mut possible: Vec<_> = self.called.schema.possible(name).collect();
        if let Some(named) = possible.iter().find(|ty| self.is_named(ty, sets, value)) {
            possible = vec![named];
        }
        if possible.len() > 1 && self.guesses == GUESSES {
            return self.fault(place, "too much to guess: select __typename");
        }
        let tries = possible
            .into_iter()
            .map(|object| self.attempt(place, object, sets, value));
        let (fitting, others): (Vec<_>, Vec<_>) = tries.partition(|found| found.faults.is_empty());
        let together = fitting
            .into_iter()
            .map(|found| found.seen)
            .reduce(|mut all, next| {
                all.retain_common(&next);
                all
            });
        match (
            together,
            others.into_iter().min_by_key(|found| found.faults.len()),
        ) {
            (Some(seen), _) => self.found.seen.merge(&seen),
            (None, Some(nearest)) => self.found.faults.extend(nearest.faults),
            (None, None) => self.fault(place, &format!("no object can be a {name}")),
        }
    }

    fn attempt(
        &self,
        place: &Place<'_>,
        object: &str,
        sets: &[Scoped<'a>],
        value: &Map<String, Value>,
    ) -> Found {
        let mut attempt = Walk {
            called: self.called,
            refused: self.refused,
            guesses: self.guesses + 1,
            found: Found::default(),
        };
        attempt.object(place, object, sets, value);
        attempt.found
    }

    /// Whether a `__typename` in the value says that it is of the type `object`.
    fn is_named(&self, object: &str, sets: &[Scoped<'a>], value: &Map<String, Value>) -> bool {
        let says_so = |asked: &AskedByKey<'_>| {
            asked.iter().any(|(key, asked)| {
                asked.name == "__typename" && value.get(*key).is_some_and(|name| name == object)
            })
        };
        self.called
            .asked(object, sets)
            .as_ref()
            .is_some_and(says_so)
    }
}

/// Whether a name belongs to what tells about the schema itself.
fn is_of_itself(name: &str) -> bool {
    name.starts_with("__")
}

/// Where in an answer a value stands; written as `data.tasks.nodes[3].id`.
struct Place<'p> {
    above: Option<&'p Place<'p>>,
    step: Step<'p>,
    /// How many keys lead to it.
    depth: usize,
}

enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    fn under(&'p self, key: &'p str) -> Self {
        Place {
            above: Some(self),
            step: Step::Key(key),
            depth: self.depth + 1,
        }
    }

    fn at(&'p self, index: usize) -> Self {
        Place {
            above: Some(self),
            step: Step::Index(index),
            depth: self.depth,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.above, &self.step) {
            (None, Step::Key(key)) => f.write_str(key),
            (Some(above), Step::Key(key)) => write!(f, "{above}.{key}"),
            (None, Step::Index(index)) => write!(f, "[{index}]"),
            (Some(above), Step::Index(index)) => write!(f, "{above}[{index}]"),
        }
    }
}
