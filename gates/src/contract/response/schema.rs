//! The declared types by name: what an answer is held to.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql_parser::{
    Error, Positioned, parse_schema,
    types::{
        BaseType, FieldDefinition, InputValueDefinition, OperationType, SchemaDefinition, Type,
        TypeDefinition, TypeKind, TypeSystemDefinition,
    },
};

/// What every server declares without its SDL saying so: scalars, and what tells about the schema itself.
const BUILT_IN: &str = include_str!("built_in.graphql");

/// The declared types of a server.
#[derive(Clone, Debug)]
pub struct Schema {
    types: BTreeMap<String, Kind>,
    /// The objects that an interface or union can stand for.
    possible: BTreeMap<String, BTreeSet<String>>,
    roots: Roots,
}

/// What a type is, as far as answers are concerned.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Scalar,
    Enum(BTreeSet<String>),
    Object(Fields),
    Interface(Fields),
    Union,
    Input,
}

type Fields = BTreeMap<String, Field>;

/// A field of an object or interface.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) ty: Type,
    pub(super) arguments: BTreeSet<String>,
    /// Whether there is an argument that must be given.
    pub(super) needs_arguments: bool,
}

#[derive(Clone, Debug)]
struct Roots {
    query: String,
    mutation: String,
    subscription: String,
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// When `sdl` is not SDL.
    pub fn read(sdl: &str) -> Result<Self, Error> {
        let mut schema = Self {
            types: BTreeMap::new(),
            possible: BTreeMap::new(),
            roots: Roots {
                query: "Query".to_owned(),
                mutation: "Mutation".to_owned(),
                subscription: "Subscription".to_owned(),
            },
        };
        for document in [parse_schema(sdl)?, parse_schema(BUILT_IN)?] {
            for definition in &document.definitions {
                match definition {
                    TypeSystemDefinition::Type(definition) => schema.declare(&definition.node),
                    TypeSystemDefinition::Schema(definition) => {
                        schema.roots.rename(&definition.node);
                    }
                    TypeSystemDefinition::Directive(_) => {}
                }
            }
        }
        schema.tell_about_itself();
        Ok(schema)
    }

    pub(super) fn kind(&self, name: &str) -> Option<&Kind> {
        self.types.get(name)
    }

    /// The type that operations of this kind begin at; `None` when they are not served.
    pub(super) fn root(&self, operation: OperationType) -> Option<&str> {
        let name = match operation {
            OperationType::Query => &self.roots.query,
            OperationType::Mutation => &self.roots.mutation,
            OperationType::Subscription => &self.roots.subscription,
        };
        self.types.contains_key(name).then_some(name)
    }

    /// Whether the fields of this type are the entrances of the API.
    pub(super) fn is_root(&self, name: &str) -> bool {
        let Roots {
            query,
            mutation,
            subscription,
        } = &self.roots;
        [query, mutation, subscription]
            .iter()
            .any(|root| *root == name)
    }

    pub(super) fn field(&self, ty: &str, name: &str) -> Option<&Field> {
        self.types.get(ty)?.fields()?.get(name)
    }

    /// The objects that an interface or union can stand for; none for any other type.
    pub(super) fn possible(&self, name: &str) -> impl Iterator<Item = &str> {
        let possible = self.possible.get(name).into_iter().flatten();
        possible.map(String::as_str)
    }

    /// Whether a fragment on `condition` is for the object `object`.
    pub(super) fn is_for(&self, condition: &str, object: &str) -> bool {
        condition == object
            || self
                .possible
                .get(condition)
                .is_some_and(|possible| possible.contains(object))
    }

    pub(super) fn is_interface(&self, name: &str) -> bool {
        matches!(self.kind(name), Some(Kind::Interface(_)))
    }

    /// Type, name and declaration of every field.
    pub(super) fn all_fields(&self) -> impl Iterator<Item = (&str, &str, &Field)> {
        self.types.iter().flat_map(|(ty, kind)| {
            let fields = kind.fields().into_iter().flatten();
            fields.map(move |(name, field)| (ty.as_str(), name.as_str(), field))
        })
    }

    /// Takes a definition; what extends a type is added to what is there.
    fn declare(&mut self, definition: &TypeDefinition) {
        let name = definition.name.node.as_str();
        let kind = match &definition.kind {
            TypeKind::Scalar => Kind::Scalar,
            TypeKind::InputObject(_) => Kind::Input,
            TypeKind::Enum(values) => {
                let values = values.values.iter();
                Kind::Enum(
                    values
                        .map(|value| value.node.value.node.to_string())
                        .collect(),
                )
            }
            TypeKind::Interface(interface) => Kind::Interface(fields(&interface.fields)),
            TypeKind::Object(object) => {
                for interface in &object.implements {
                    self.stands_for(&interface.node, name);
                }
                Kind::Object(fields(&object.fields))
            }
            TypeKind::Union(union) => {
                for member in &union.members {
                    self.stands_for(name, &member.node);
                }
                Kind::Union
            }
        };
        match (self.types.get_mut(name), kind) {
            (Some(Kind::Enum(there)), Kind::Enum(more)) => there.extend(more),
            (Some(Kind::Object(there)), Kind::Object(more))
            | (Some(Kind::Interface(there)), Kind::Interface(more)) => there.extend(more),
            (_, kind) => {
                self.types.insert(name.to_owned(), kind);
            }
        }
    }

    fn stands_for(&mut self, name: &str, object: &str) {
        let possible = self.possible.entry(name.to_owned()).or_default();
        possible.insert(object.to_owned());
    }

    /// Every query root has what tells about the schema, without saying so.
    fn tell_about_itself(&mut self) {
        let Some(Kind::Object(told)) = self.types.remove("__Entrances") else {
            return;
        };
        if let Some(Kind::Object(query)) = self.types.get_mut(&self.roots.query) {
            query.extend(told);
        }
    }
}

impl Kind {
    fn fields(&self) -> Option<&Fields> {
        match self {
            Self::Object(fields) | Self::Interface(fields) => Some(fields),
            Self::Scalar | Self::Enum(_) | Self::Union | Self::Input => None,
        }
    }
}

impl Field {
    /// The name of its type, whatever lists it is in.
    pub(super) fn named(&self) -> &str {
        let mut ty = &self.ty;
        loop {
            match &ty.base {
                BaseType::Named(name) => return name,
                BaseType::List(inner) => ty = inner,
            }
        }
    }
}

impl Roots {
    fn rename(&mut self, definition: &SchemaDefinition) {
        for (own, given) in [
            (&mut self.query, &definition.query),
            (&mut self.mutation, &definition.mutation),
            (&mut self.subscription, &definition.subscription),
        ] {
            if let Some(given) = given {
                *own = given.node.to_string();
            }
        }
    }
}

fn fields(list: &[Positioned<FieldDefinition>]) -> Fields {
    list.iter()
        .map(|field| &field.node)
        .map(|field| {
            let arguments = field.arguments.iter();
            let must = |argument: &InputValueDefinition| {
                !argument.ty.node.nullable && argument.default_value.is_none()
            };
            let declared = Field {
                ty: field.ty.node.clone(),
                needs_arguments: arguments.clone().any(|argument| must(&argument.node)),
                arguments: arguments
                    .map(|argument| argument.node.name.node.to_string())
                    .collect(),
            };
            (field.name.node.to_string(), declared)
        })
        .collect()
}
