//! Tokens that nobody should accept, made from one that is good.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cucumber::{Parameter, gherkin::Step, given, then, when};
use serde_json::{Value, json};

use super::who_am_i;
use crate::{
    word::Agent,
    world::{Studio, expect_equal},
};

/// What was done to a good token.
#[derive(Clone, Copy, Debug, Parameter)]
#[param(
    name = "forgery",
    regex = r#"a token (?:without a signature|signed by nobody under "none"|cut short|that claims the tier SYSTEM|that claims to be SYSTEM-001|whose key id is a path|of 100000 characters)|two tokens in one"#
)]
pub(in crate::step) enum Forgery {
    Unsigned,
    AlgorithmNone,
    CutShort,
    OtherTier,
    OtherSubject,
    KeyIdIsPath,
    Huge,
    Doubled,
}

impl FromStr for Forgery {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "a token without a signature" => Self::Unsigned,
            r#"a token signed by nobody under "none""# => Self::AlgorithmNone,
            "a token cut short" => Self::CutShort,
            "a token that claims the tier SYSTEM" => Self::OtherTier,
            "a token that claims to be SYSTEM-001" => Self::OtherSubject,
            "a token whose key id is a path" => Self::KeyIdIsPath,
            "a token of 100000 characters" => Self::Huge,
            "two tokens in one" => Self::Doubled,
            other => bail!("no forgery is called {other}"),
        })
    }
}

impl Forgery {
    /// What becomes of a good token.
    pub(in crate::step) fn of(self, token: &str) -> Result<String> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            bail!("a token has three parts")
        };
        Ok(match self {
            Self::Unsigned => format!("{header}.{claims}."),
            Self::AlgorithmNone => format!("{}.{claims}.", with(header, "alg", json!("none"))?),
            Self::CutShort => token[..token.len() - 8].to_owned(),
            Self::OtherTier => format!(
                "{header}.{}.{signature}",
                with(claims, "tier", json!("SYSTEM"))?
            ),
            Self::OtherSubject => format!(
                "{header}.{}.{signature}",
                with(claims, "sub", json!("SYSTEM-001"))?
            ),
            Self::KeyIdIsPath => format!(
                "{}.{claims}.{signature}",
                with(header, "kid", json!("../../etc/passwd"))?
            ),
            Self::Huge => format!("{header}.{claims}.{}", "A".repeat(100_000)),
            Self::Doubled => format!("{token}.{token}"),
        })
    }
}

/// A part of a token with one field replaced.
fn with(part: &str, field: &str, value: Value) -> Result<String> {
    let mut decoded = decode(part)?;
    decoded[field] = value;
    Ok(URL_SAFE_NO_PAD.encode(decoded.to_string()))
}

/// What a part of a token says.
pub(in crate::step) fn decode(part: &str) -> Result<Value> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .context("a part of a token is base64")?;
    serde_json::from_slice(&bytes).context("a part of a token is JSON")
}

#[when(expr = "somebody asks who it is with {forgery} of {agent}")]
async fn asks_with_forgery(
    studio: &mut Studio,
    step: &Step,
    forgery: Forgery,
    who: Agent,
) -> Result<()> {
    let token = studio
        .person(&who)
        .token
        .clone()
        .with_context(|| format!("{who} has not logged in"))?;
    ask_with(studio, step, &forgery.of(&token)?).await
}

async fn ask_with(studio: &mut Studio, step: &Step, token: &str) -> Result<()> {
    let answer = studio.door()?.with_token(token).send(&who_am_i()).await?;
    let stranger = "a stranger".parse::<Agent>()?;
    studio.remember(step, &stranger, "me", answer)
}

#[then("the refusal reads like that of a made-up token")]
async fn reads_like_any_other(studio: &mut Studio) -> Result<()> {
    let read = studio.refusal()?.message.clone();
    let answer = studio
        .door()?
        .with_token("made.up.token")
        .send(&who_am_i())
        .await?;
    let made_up = answer.fault().context("a made-up token was let in")?;
    expect_equal("the refusal", read, made_up.message.clone())
}

#[given(expr = "another installation where {agent} has logged in")]
async fn another_installation(studio: &mut Studio, who: Agent) -> Result<()> {
    let mut other = studio.another();
    other.open().await?;
    other.log_in(&who).await?;
    let token = other
        .person(&who)
        .token
        .clone()
        .context("it has just logged in")?;
    studio
        .kept
        .insert("token of the other installation", json!(token));
    other.tear_down().await
}

#[when("somebody asks who it is with the token of the other installation")]
async fn asks_with_other(studio: &mut Studio, step: &Step) -> Result<()> {
    let token = studio
        .kept
        .get("token of the other installation")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let token = token.context("there is no other installation")?;
    ensure!(
        token.split('.').count() == 3,
        "the other installation gave no token"
    );
    ask_with(studio, step, &token).await
}
