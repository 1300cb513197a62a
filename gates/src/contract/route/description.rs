//! An OpenAPI 3.1 description, as far as responses are concerned.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Map, Value};
use thiserror::Error;

use super::path::Template;

/// The methods that a path may have.
const METHODS: [&str; 8] = [
    "get", "head", "post", "put", "patch", "delete", "options", "trace",
];

/// What is wrong with a description.
#[derive(Debug, Error)]
#[error("{place}: {what}")]
pub struct Malformed {
    place: String,
    what: String,
}

/// The routes of a server and what each may answer.
#[derive(Debug)]
pub struct Description {
    paths: Vec<(Template, BTreeMap<String, Operation>)>,
}

/// A method of a path.
#[derive(Debug)]
pub(super) struct Operation {
    /// `GET /assets/{id}/content`.
    pub(super) name: String,
    /// By status.
    pub(super) responses: BTreeMap<u16, Declared>,
}

/// A response that is declared.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) headers: Vec<Header>,
    /// By media type, which may end in `/*`.
    pub(super) content: Vec<(String, Content)>,
}

/// A header that is declared.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) required: bool,
    schema: Validator,
}

/// A body that is declared.
#[derive(Debug)]
pub(super) struct Content {
    schema: Validator,
}

/// What a request is for.
pub(super) enum Found<'a> {
    NoPath,
    NoMethod,
    Operation(&'a Operation),
}

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// When it is none, or is not in order: a reference that leads nowhere, an operation without a summary, a response without a description, a schema
    /// that is none, a parameter of a path that is not declared or not in the path.
    pub fn read(text: &str) -> Result<Self, Malformed> {
        let document: Value =
            serde_json::from_str(text).map_err(|error| malformed("it", error.to_string()))?;
        let version = document["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.1.") {
            return Err(malformed("openapi", format!("`{version}` is not 3.1")));
        }
        let reader = Reader {
            document: &document,
        };
        reader.references("#", &document)?;
        for (name, schema) in object(&document["components"], "schemas")? {
            reader.schema(&format!("the schema {name}"), schema)?;
        }
        let mut paths = Vec::new();
        for (path, item) in object(&document, "paths")? {
            paths.push(reader.path(path, item)?);
        }
        Ok(Self { paths })
    }

    pub(super) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.paths
            .iter()
            .flat_map(|(_, operations)| operations.values())
    }

    /// All operations, sorted: `GET /livez`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.operations().map(|one| one.name.clone()).collect();
        names.sort_unstable();
        names
    }

    pub(super) fn find(&self, method: &str, path: &str) -> Found<'_> {
        let fitting = self
            .paths
            .iter()
            .filter_map(|(template, operations)| Some((template.fit(path)?, operations)));
        match fitting.max_by(|(one, _), (other, _)| one.cmp(other)) {
            None => Found::NoPath,
            Some((_, operations)) => operations
                .get(&method.to_ascii_lowercase())
                .map_or(Found::NoMethod, Found::Operation),
        }
    }
}

impl Declared {
    /// What is declared for a media type, the type itself before a range of them.
    pub(super) fn content(&self, media: &str) -> Option<&Content> {
        let range = media.split('/').next().unwrap_or_default();
        let named = |wanted: &str| {
            let mut all = self.content.iter();
            all.find_map(|(known, content)| (known == wanted).then_some(content))
        };
        named(media).or_else(|| named(&format!("{range}/*")))
    }
}

impl Header {
    pub(super) fn fits(&self, value: &Value) -> bool {
        self.schema.is_valid(value)
    }
}

impl Content {
    pub(super) fn faults(&self, body: &Value) -> Vec<String> {
        let errors = self.schema.iter_errors(body);
        errors
            .map(|error| {
                let what: String = error.to_string().chars().take(200).collect();
                format!("`{}` of the body: {what}", error.instance_path())
            })
            .collect()
    }
}

struct Reader<'a> {
    document: &'a Value,
}

impl<'a> Reader<'a> {
    /// That every reference within leads somewhere.
    fn references(&self, place: &str, within: &Value) -> Result<(), Malformed> {
        match within {
            Value::Object(fields) => {
                if fields.contains_key("$ref") {
                    self.resolve(place, within)?;
                }
                fields
                    .iter()
                    .try_for_each(|(key, value)| self.references(&format!("{place}/{key}"), value))
            }
            Value::Array(values) => values
                .iter()
                .try_for_each(|value| self.references(place, value)),
            _ => Ok(()),
        }
    }

    fn resolve<'v>(&self, place: &str, value: &'v Value) -> Result<&'v Value, Malformed>
    where
        'a: 'v,
    {
        let Some(reference) = value.get("$ref") else {
            return Ok(value);
        };
        let pointer = reference.as_str().and_then(|text| text.strip_prefix('#'));
        let found = pointer.and_then(|pointer| self.document.pointer(pointer));
        found.ok_or_else(|| malformed(place, format!("{reference} leads nowhere")))
    }

    fn path(
        &self,
        path: &str,
        item: &'a Value,
    ) -> Result<(Template, BTreeMap<String, Operation>), Malformed> {
        let common = item.get("parameters");
        let mut operations = BTreeMap::new();
        let mut with_slashes = Vec::new();
        for (method, operation) in object(item, "")? {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let name = format!("{} {path}", method.to_ascii_uppercase());
            let own = operation.get("parameters");
            let parameters = common.into_iter().chain(own);
            with_slashes.extend(self.parameters(&name, path, parameters)?);
            said(&name, operation, "summary")?;
            said(&name, operation, "operationId")?;
            let mut responses = BTreeMap::new();
            for (status, response) in object(operation, "responses")? {
                let place = format!("{name} {status}");
                let number = status.parse::<u16>();
                let number = number.map_err(|_| malformed(&place, "the status is no number"))?;
                responses.insert(number, self.response(&place, response)?);
            }
            if !responses.keys().any(|status| *status < 300) {
                return Err(malformed(&name, "no success is declared"));
            }
            operations.insert(method.clone(), Operation { name, responses });
        }
        let template = Template::read(path, |name| with_slashes.iter().any(|one| one == name));
        Ok((template, operations))
    }

    /// The parameters of the path that may have slashes in them.
    fn parameters(
        &self,
        place: &str,
        path: &str,
        lists: impl Iterator<Item = &'a Value>,
    ) -> Result<Vec<String>, Malformed> {
        let (mut declared, mut with_slashes) = (Vec::new(), Vec::new());
        for parameter in lists.filter_map(Value::as_array).flatten() {
            let parameter = self.resolve(place, parameter)?;
            let name = said(place, parameter, "name")?;
            said(&format!("{place} {name}"), parameter, "description")?;
            self.schema(&format!("{place} {name}"), &parameter["schema"])?;
            if parameter["in"] == "path" {
                declared.push(name);
                if parameter["x-slashes"] == true {
                    with_slashes.push(name.to_owned());
                }
            }
        }
        let mut in_path: Vec<&str> = path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        in_path.sort_unstable();
        declared.sort_unstable();
        if in_path != declared {
            let what =
                format!("its path has the parameters {in_path:?}, declared are {declared:?}");
            return Err(malformed(place, what));
        }
        Ok(with_slashes)
    }

    fn response(&self, place: &str, response: &'a Value) -> Result<Declared, Malformed> {
        let response = self.resolve(place, response)?;
        said(place, response, "description")?;
        let (mut headers, mut content) = (Vec::new(), Vec::new());
        for (name, header) in fields(&response["headers"]) {
            let header = self.resolve(place, header)?;
            headers.push(Header {
                name: name.to_ascii_lowercase(),
                required: header["required"] == true,
                schema: self.schema(&format!("{place} {name}"), &header["schema"])?,
            });
        }
        for (media, declared) in fields(&response["content"]) {
            let schema = declared.get("schema").unwrap_or(&Value::Bool(true));
            let schema = self.schema(&format!("{place} {media}"), schema)?;
            content.push((media.clone(), Content { schema }));
        }
        Ok(Declared { headers, content })
    }

    /// A schema, with the document's components around it for what it refers to.
    fn schema(&self, place: &str, schema: &Value) -> Result<Validator, Malformed> {
        let mut root = Map::new();
        root.insert("components".to_owned(), self.document["components"].clone());
        root.insert("allOf".to_owned(), Value::Array(vec![schema.clone()]));
        jsonschema::draft202012::options()
            .build(&Value::Object(root))
            .map_err(|error| malformed(place, error.to_string()))
    }
}

fn malformed(place: &str, what: impl Into<String>) -> Malformed {
    Malformed {
        place: place.to_owned(),
        what: what.into(),
    }
}

/// The fields of an object that may be absent.
fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The fields of what has to be an object: `value` itself, or what it has under `key`.
fn object<'v>(value: &'v Value, key: &str) -> Result<&'v Map<String, Value>, Malformed> {
    let found = if key.is_empty() { value } else { &value[key] };
    found
        .as_object()
        .ok_or_else(|| malformed(key, "not an object"))
}

/// A text that has to be there.
fn said<'v>(place: &str, value: &'v Value, key: &str) -> Result<&'v str, Malformed> {
    let text = value[key].as_str().filter(|text| !text.is_empty());
    text.ok_or_else(|| malformed(place, format!("has no {key}")))
}
