//! Sentences about what is served beside GraphQL, and about GraphQL that is none.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail, ensure};
use cucumber::{Parameter, gherkin::Step, then, when};
use gates::client::Page;
use serde_json::{Value, json};

use super::session::decode;
use crate::{
    word::{Agent, Count},
    world::{Studio, expect_equal},
};

const KEYS: &str = "/.well-known/jwks.json";

#[when(expr = "{agent} fetches {string}")]
async fn fetches(studio: &mut Studio, who: Agent, path: String) -> Result<()> {
    let page = studio.client(&who).await?.get(&path).await?;
    studio
        .kept
        .insert("page", json!({ "status": page.status, "body": page.body }));
    Ok(())
}

#[then("the page is found")]
async fn page_is_found(studio: &mut Studio) -> Result<()> {
    expect_equal(
        "the status",
        studio.kept.get("page").map(|page| page["status"].clone()),
        Some(json!(200)),
    )
}

#[then(expr = "it lists the key that signed the token of {agent}")]
async fn lists_key(studio: &mut Studio, who: Agent) -> Result<()> {
    studio.client(&who).await?;
    let token = studio
        .person(&who)
        .token
        .clone()
        .context("it has logged in")?;
    let header = decode(token.split('.').next().unwrap_or_default())?;
    let keys = keys(studio).await?;
    let key = keys.iter().find(|key| key["kid"] == header["kid"]);
    let key = key.with_context(|| format!("no key {} in {keys:?}", header["kid"]))?;
    expect_equal(
        "its kind",
        (&key["kty"], &key["crv"]),
        (&json!("OKP"), &json!("Ed25519")),
    )
}

#[then("it lists no private key")]
async fn lists_no_private_key(studio: &mut Studio) -> Result<()> {
    for key in keys(studio).await? {
        let fields: Vec<_> = key
            .as_object()
            .into_iter()
            .flat_map(|key| key.keys())
            .cloned()
            .collect();
        ensure!(
            !fields
                .iter()
                .any(|field| ["d", "k", "p", "q"].contains(&field.as_str())),
            "a key has {fields:?}"
        );
    }
    Ok(())
}

#[then(expr = "the public keys are {count}")]
async fn so_many_keys(studio: &mut Studio, count: Count) -> Result<()> {
    expect_equal("their number", keys(studio).await?.len(), count.0)
}

async fn keys(studio: &mut Studio) -> Result<Vec<Value>> {
    let page = studio.door()?.get(KEYS).await?;
    let body: Value = serde_json::from_str(&page.body).with_context(|| page.body.clone())?;
    body["keys"].as_array().cloned().context("a list of keys")
}

#[then(expr = "the admin address answers {string} with {int}")]
async fn admin_answers(studio: &mut Studio, path: String, status: u16) -> Result<()> {
    let Page {
        status: found,
        body,
    } = studio.house()?.admin()?.get(&path).await?;
    ensure!(found == status, "it answers {found}: {body}");
    Ok(())
}

/// Something that is no proper GraphQL.
#[derive(Clone, Copy, Debug, Parameter)]
#[param(
    name = "nonsense",
    regex = "a document that does not parse|a field that does not exist|an argument of the wrong type|a query without its argument"
)]
struct Nonsense(&'static str);

impl FromStr for Nonsense {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(Self(match text {
            "a document that does not parse" => "query { me { id",
            "a field that does not exist" => "query { me { shoeSize } }",
            "an argument of the wrong type" => "query { agents(first: \"many\") { totalCount } }",
            "a query without its argument" => "query { task { id } }",
            other => bail!("no nonsense is called {other}"),
        }))
    }
}

#[when(expr = "{agent} sends {nonsense}")]
async fn sends_nonsense(
    studio: &mut Studio,
    step: &Step,
    who: Agent,
    nonsense: Nonsense,
) -> Result<()> {
    let answer = studio
        .client(&who)
        .await?
        .execute(nonsense.0, &json!({}))
        .await?;
    studio.remember(step, &who, "me", answer)
}
