//! What can be read of a target, read from it: queries for every field that one reaches, and the routes that only read (spec R8.02). Nothing is
//! changed by it, so that a deployment is asked as any other target.

use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Finding, Promise, differ};
use crate::{
    audit::last_pages,
    client::{Client, Content},
    contract::{
        response::{self, Document, Exercised, Given, Missing},
        route::{Answered, Description, Exchange},
    },
    target::{NotReached, Target},
};

/// A root field that needs an argument, and a query that tells of a value for it.
pub(super) struct Lookup {
    pub(super) field: &'static str,
    argument: &'static str,
    query: &'static str,
    /// Where in its answer the value is. Of a list the last row counts: of the log's first page the newest entry may not be signed for yet.
    at: [&'static str; 2],
}

/// Every root field of queries that needs an argument.
pub(super) const LOOKUPS: [Lookup; 9] = [
    lookup("agent", "id", "{ me { id } }", ["/me", "/id"]),
    lookup(
        "asset",
        "id",
        "{ assets { nodes { id } } }",
        ["/assets/nodes", "/id"],
    ),
    lookup(
        "auditConsistencyProof",
        "fromSize",
        "{ auditCheckpoint { size } }",
        ["/auditCheckpoint", "/size"],
    ),
    lookup(
        "auditInclusionProof",
        "entryId",
        "{ auditLog(first: 100) { nodes { id } } }",
        ["/auditLog/nodes", "/id"],
    ),
    lookup("node", "id", "{ me { id } }", ["/me", "/id"]),
    lookup("nodes", "ids", "{ me { id } }", ["/me", "/id"]),
    lookup(
        "sprint",
        "id",
        "{ sprints { nodes { id } } }",
        ["/sprints/nodes", "/id"],
    ),
    lookup(
        "task",
        "id",
        "{ tasks { nodes { id } } }",
        ["/tasks/nodes", "/id"],
    ),
    lookup(
        "taskType",
        "name",
        "{ taskTypes { name } }",
        ["/taskTypes", "/name"],
    ),
];

const fn lookup(
    field: &'static str,
    argument: &'static str,
    query: &'static str,
    at: [&'static str; 2],
) -> Lookup {
    Lookup {
        field,
        argument,
        query,
        at,
    }
}

impl Lookup {
    /// What its field is given, by what its query was answered; none where there is nothing of the sort.
    fn given(&self, data: &Value) -> Option<String> {
        let [list, value] = self.at;
        let found = data.pointer(list)?;
        let row = found.as_array().map_or(Some(found), |rows| rows.last())?;
        // A list takes a single value for a list of it (GraphQL, input coercion); JSON writes text as GraphQL does.
        let value = row.pointer(value)?;
        Some(format!("({}: {value})", self.argument))
    }
}

/// Routes that are read without a parameter.
const PLAIN: [&str; 3] = [
    "/.well-known/jwks.json",
    "/audit/tlog/checkpoint",
    "/audit/tlog/key",
];

/// Routes of the admin address.
const ADMIN: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// A query by GET: `{ me { id } }`.
const BY_GET: &str = "/graphql?query=%7Bme%7Bid%7D%7D";

/// Whose bytes are read, at most: more would say nothing more.
const SMALL: i64 = 1 << 20;

/// How often a question is put again to who says that it is asked too often, or cannot answer just now.
const AGAIN: u32 = 20;

/// How long until then, where it does not say.
const BETWEEN: Duration = Duration::from_millis(500);

/// Reads a target.
///
/// # Errors
/// When it does not answer.
pub(super) async fn look(
    finding: &mut Finding,
    promise: &Promise,
    target: &Target,
) -> Result<(), NotReached> {
    let schema = match response::Schema::read(&promise.schema) {
        Ok(schema) => schema,
        Err(error) => {
            finding.fail(format!("api/schema.graphql is no SDL: {error}"));
            return Ok(());
        }
    };
    let routes = match Description::read(&promise.routes) {
        Ok(routes) => routes,
        Err(error) => {
            finding.fail(format!("api/openapi.json: {error}"));
            return Ok(());
        }
    };
    let mut reading = Reading {
        target,
        schema: &schema,
        routes: &routes,
        seen: Exercised::default(),
        answered: Answered::default(),
        queries: 0,
        pages: 0,
        faults: BTreeSet::new(),
        refused: BTreeSet::new(),
    };
    reading.fields().await?;
    reading.pages().await?;
    reading.tell(finding);
    Ok(())
}

struct Reading<'a> {
    target: &'a Target,
    schema: &'a response::Schema,
    routes: &'a Description,
    seen: Exercised,
    answered: Answered,
    queries: u64,
    pages: u64,
    faults: BTreeSet<String>,
    refused: BTreeSet<String>,
}

impl Reading<'_> {
    /// Asks for every field: by what needs no arguments, then by single rows for what lists did not show.
    async fn fields(&mut self) -> Result<(), NotReached> {
        self.ask_for_missing(&Given::new()).await?;
        let mut given = Given::new();
        for lookup in &LOOKUPS {
            let data = self.query(lookup.query).await?;
            given.extend(
                lookup
                    .given(&data)
                    .map(|value| (lookup.field.to_owned(), value)),
            );
        }
        self.ask_for_missing(&given).await
    }

    async fn ask_for_missing(&mut self, given: &Given) -> Result<(), NotReached> {
        for Document { text, .. } in documents(self.schema, given, &self.seen) {
            self.query(&text).await?;
        }
        Ok(())
    }

    /// Sends a query, again where it is told to wait; gives the data.
    async fn query(&mut self, document: &str) -> Result<Value, NotReached> {
        let mut body = Value::Null;
        for _ in 0..AGAIN {
            let asked = json!({ "query": document });
            let content = self.target.operator.post("/graphql", &asked).await?;
            self.queries += 1;
            self.look_at("POST", "/graphql", &content);
            body = serde_json::from_slice(&content.bytes).unwrap_or_default();
            let faults = self.seen.take(self.schema, document, &Value::Null, &body);
            let faults = faults.into_iter();
            self.faults
                .extend(faults.map(|fault| format!("{fault} (in {document})")));
            let why = &body["errors"][0]["extensions"];
            if why["retryable"] != true {
                break;
            }
            let wait = why["retryAfterMs"].as_u64();
            sleep(wait.map_or(BETWEEN, Duration::from_millis)).await;
        }
        if let Some(error) = body["errors"].get(0) {
            let (code, message) = (&error["extensions"]["code"], &error["message"]);
            let refusal = format!("{} {} (to {document})", shown(code), shown(message));
            self.refused.insert(refusal);
        }
        Ok(body["data"].take())
    }

    /// Asks each route that only reads.
    async fn pages(&mut self) -> Result<(), NotReached> {
        let target = self.target;
        let operator = &target.operator;
        self.page(operator, &Method::GET, BY_GET).await?;
        for path in PLAIN {
            self.both(operator, path).await?;
        }
        let checkpoint = operator.get("/audit/tlog/checkpoint").await?;
        for path in last_pages(&checkpoint.body).into_iter().flatten() {
            self.both(operator, &path).await?;
        }
        let assets = self
            .query("{ assets(first: 50) { nodes { uri byteSize } } }")
            .await?;
        let rows = assets["assets"]["nodes"].as_array();
        let small = rows.into_iter().flatten().find_map(|asset| {
            let uri = asset["uri"].as_str()?;
            let own = uri.starts_with("/assets/");
            (own && (0..=SMALL).contains(&asset["byteSize"].as_i64()?)).then_some(uri)
        });
        if let Some(path) = small {
            self.both(operator, path).await?;
        }
        if let Some(admin) = &target.admin {
            for path in ADMIN {
                self.both(admin, path).await?;
            }
        }
        Ok(())
    }

    async fn both(&mut self, client: &Client, path: &str) -> Result<(), NotReached> {
        self.page(client, &Method::GET, path).await?;
        self.page(client, &Method::HEAD, path).await
    }

    async fn page(
        &mut self,
        client: &Client,
        method: &Method,
        path: &str,
    ) -> Result<(), NotReached> {
        let content = match *method {
            Method::HEAD => client.head(path).await?,
            _ => client.download(path).await?,
        };
        let path = path.split('?').next().unwrap_or(path);
        self.look_at(method.as_str(), path, &content);
        Ok(())
    }

    fn look_at(&mut self, method: &str, path: &str, content: &Content) {
        self.pages += 1;
        let faults = self.answered.take(
            self.routes,
            &Exchange {
                method,
                path,
                status: content.status,
                headers: &content.headers,
                body: Some(&content.bytes),
            },
        );
        self.faults.extend(faults);
    }

    fn tell(self, finding: &mut Finding) {
        let unseen = wanted(&self.seen.missing(self.schema)).count();
        let all = wanted(&Exercised::default().missing(self.schema)).count();
        finding.figure("readingQueries", self.queries);
        finding.figure("readingResponses", self.pages);
        finding.figure("readingFieldsWithValue", all - unseen);
        finding.figure("readingRoutes", self.answered.json());
        let faults = "responses to what only reads do not fit what is declared";
        differ(finding, faults, self.faults.iter());
        differ(finding, "queries were refused", self.refused.iter());
    }
}

/// Queries for what was not seen with a value.
pub(super) fn documents(
    schema: &response::Schema,
    given: &Given,
    seen: &Exercised,
) -> Vec<Document> {
    let missing = seen.missing(schema);
    response::documents(schema, given, wanted(&missing))
}

fn wanted(missing: &Missing) -> impl Iterator<Item = &String> {
    let fields = missing.fields.iter().chain(&missing.always_null);
    missing.roots.iter().chain(fields)
}

fn shown(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
