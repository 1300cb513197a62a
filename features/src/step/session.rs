//! Sentences about sessions: how they open, last and end.

use anyhow::{Context as _, Result, ensure};
use chrono::DateTime;
use cucumber::{gherkin::Step, given, then, when};
use gates::client::{Call, Credential};
use serde_json::{Value, json};

use crate::{
    word::{Agent, Count, Span},
    world::{SESSION, Studio, authenticate, expect_equal},
};

mod forgery;

pub(super) use forgery::{Forgery, decode};

#[given(expr = "{agent} has logged in")]
#[given(expr = "{agent} has logged in once more")]
#[when(expr = "{agent} logs in again")]
async fn logs_in(studio: &mut Studio, who: Agent) -> Result<()> {
    studio.log_in(&who).await
}

#[when(expr = "{agent} authenticates with its secret")]
async fn authenticates(studio: &mut Studio, step: &Step, who: Agent) -> Result<()> {
    let secret = studio
        .secret(&who)?
        .with_context(|| format!("no secret of {who} was ever shown"))?;
    authenticates_with(studio, step, who, secret).await
}

#[when(expr = "{agent} authenticates with the secret {string}")]
async fn authenticates_with(
    studio: &mut Studio,
    step: &Step,
    who: Agent,
    secret: String,
) -> Result<()> {
    let answer = studio.door()?.send(&authenticate(&who, &secret)).await?;
    studio.remember(step, &who, "authenticate", answer)?;
    take_session(studio, &who)
}

#[when(expr = "{agent} issues a session for {agent}")]
async fn issues(studio: &mut Studio, step: &Step, by: Agent, who: Agent) -> Result<()> {
    issue(studio, step, &by, &who, None).await
}

#[when(expr = "{agent} issues a session for {agent} for {span}")]
async fn issues_for(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    who: Agent,
    span: Span,
) -> Result<()> {
    issue(studio, step, &by, &who, Some(span.0.as_secs())).await
}

async fn issue(
    studio: &mut Studio,
    step: &Step,
    by: &Agent,
    who: &Agent,
    seconds: Option<u64>,
) -> Result<()> {
    let call = Call::mutation("issueSession")
        .with("agentId", "ID!", who.id())
        .with_some("ttlSeconds", "Int", seconds)
        .selecting(SESSION);
    studio.act(step, by, &call).await?;
    take_session(studio, who)
}

/// Takes the session that the last answer opened, if it did.
fn take_session(studio: &mut Studio, who: &Agent) -> Result<()> {
    let opened = studio.last()?.value().clone();
    if opened.is_null() {
        return Ok(());
    }
    studio.person(who).open(&opened)
}

#[when(expr = "{agent} rotates its session")]
async fn rotates(studio: &mut Studio, step: &Step, who: Agent) -> Result<()> {
    studio
        .act(
            step,
            &who,
            &Call::mutation("rotateSession").selecting(SESSION),
        )
        .await?;
    take_session(studio, &who)
}

#[when(expr = "{agent} revokes its session")]
async fn revokes_own(studio: &mut Studio, step: &Step, who: Agent) -> Result<()> {
    revokes(studio, step, who.clone(), who).await
}

#[when(expr = "{agent} revokes the session of {agent}")]
async fn revokes(studio: &mut Studio, step: &Step, by: Agent, who: Agent) -> Result<()> {
    let session = studio
        .person(&who)
        .session
        .clone()
        .with_context(|| format!("{who} has no session"))?;
    let call = Call::mutation("revokeSession")
        .with("sessionId", "ID!", session)
        .selecting("id revokedAt");
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} revokes all sessions of {agent}")]
async fn revokes_all(studio: &mut Studio, step: &Step, by: Agent, who: Agent) -> Result<()> {
    studio
        .act(
            step,
            &by,
            &Call::mutation("revokeAgentSessions").with("agentId", "ID!", who.id()),
        )
        .await
}

#[then(expr = "{count} sessions were revoked")]
async fn so_many_revoked(studio: &mut Studio, count: Count) -> Result<()> {
    expect_equal("their number", studio.last()?.value(), &json!(count.0))
}

#[when(expr = "{agent} rotates the secret of {agent}")]
async fn rotates_secret(studio: &mut Studio, step: &Step, by: Agent, who: Agent) -> Result<()> {
    studio.secret(&who)?;
    let call = Call::mutation("rotateAgentSecret")
        .with("agentId", "ID!", who.id())
        .selecting("agent { id } secret");
    studio.act(step, &by, &call).await?;
    let shown = studio.last()?.value().clone();
    studio.take_secrets(&shown);
    Ok(())
}

#[then(expr = "the session lasts {span}")]
async fn lasts(studio: &mut Studio, span: Span) -> Result<()> {
    let session = &studio.last()?.value()["session"];
    let time = |field: &str| -> Result<_> {
        let text = session[field]
            .as_str()
            .with_context(|| format!("the session has no {field}"))?;
        DateTime::parse_from_rfc3339(text).with_context(|| format!("{text} is not a time"))
    };
    let lasts = time("expiresAt")?
        .signed_duration_since(time("createdAt")?)
        .num_seconds();
    ensure!(
        lasts.abs_diff(span.0.as_secs() as i64) <= 1,
        "it lasts {lasts} s"
    );
    Ok(())
}

#[then("the session says nobody issued it")]
async fn issued_by_nobody(studio: &mut Studio) -> Result<()> {
    expect_equal(
        "who issued it",
        &studio.last()?.value()["session"]["issuedBy"],
        &Value::Null,
    )
}

#[then(expr = "the session says {agent} issued it")]
async fn issued_by(studio: &mut Studio, who: Agent) -> Result<()> {
    expect_equal(
        "who issued it",
        &studio.last()?.value()["session"]["issuedBy"]["id"],
        &json!(who.id()),
    )
}

#[when(expr = "{agent} asks who it is")]
async fn asks(studio: &mut Studio, step: &Step, who: Agent) -> Result<()> {
    studio.act(step, &who, &who_am_i()).await
}

/// The smallest question that needs a session.
fn who_am_i() -> Call {
    Call::query("me").selecting("id")
}

#[when(expr = "{agent} asks who it is, showing its token as {word}")]
async fn asks_showing(studio: &mut Studio, step: &Step, who: Agent, header: String) -> Result<()> {
    let client = studio
        .door()?
        .with_credential(credential(studio, &who, &header)?);
    let answer = client.send(&who_am_i()).await?;
    studio.remember(step, &who, "me", answer)
}

/// The token of somebody under one of the two names.
pub(super) fn credential(studio: &mut Studio, who: &Agent, name: &str) -> Result<Credential> {
    let token = studio
        .person(who)
        .token
        .clone()
        .with_context(|| format!("{who} has not logged in"))?;
    Ok(if name == "X-Agent-Token" {
        Credential::AgentToken(token)
    } else {
        Credential::Bearer(token)
    })
}

#[then(expr = "the answer is {agent}")]
async fn answer_is(studio: &mut Studio, who: Agent) -> Result<()> {
    expect_equal(
        "the answer",
        &studio.last()?.value()["id"],
        &json!(who.id()),
    )
}

#[then(expr = "{agent} is let in")]
async fn is_let_in(studio: &mut Studio, who: Agent) -> Result<()> {
    let token = studio.person(&who).token.clone();
    let code = code_at_the_door(studio, token).await?;
    ensure!(code.is_none(), "{who} is turned away: {code:?}");
    Ok(())
}

#[then(expr = "in a moment {agent} is let in")]
async fn is_let_in_soon(studio: &mut Studio, who: Agent) -> Result<()> {
    let token = studio.person(&who).token.clone();
    studio
        .eventually(&format!("{who} is let in"), async |studio: &mut Studio| {
            let code = code_at_the_door(studio, token.clone()).await?;
            Ok(code.is_none().then_some(()))
        })
        .await
}

#[then(expr = "{agent} is turned away")]
async fn is_turned_away(studio: &mut Studio, who: Agent) -> Result<()> {
    let token = studio.person(&who).token.clone();
    expect_equal(
        "the refusal",
        code_at_the_door(studio, token).await?.as_deref(),
        Some("UNAUTHENTICATED"),
    )
}

#[then(expr = "the old token of {agent} is let in")]
async fn old_token_is_let_in(studio: &mut Studio, who: Agent) -> Result<()> {
    let token = studio.person(&who).old_token.clone();
    let code = code_at_the_door(studio, token).await?;
    ensure!(code.is_none(), "the old token is turned away: {code:?}");
    Ok(())
}

#[then(expr = "the old token of {agent} is turned away")]
async fn old_token_is_turned_away(studio: &mut Studio, who: Agent) -> Result<()> {
    let token = studio.person(&who).old_token.clone();
    expect_equal(
        "the refusal",
        code_at_the_door(studio, token).await?.as_deref(),
        Some("UNAUTHENTICATED"),
    )
}

/// How the door answers a token: with a code, or with nothing to say against it.
async fn code_at_the_door(studio: &mut Studio, token: Option<String>) -> Result<Option<String>> {
    let token = token.context("there is no such token")?;
    let answer = studio.door()?.with_token(token).send(&who_am_i()).await?;
    Ok(answer.fault().map(|fault| fault.code().to_owned()))
}

#[then("both refusals read alike")]
async fn refusals_alike(studio: &mut Studio) -> Result<()> {
    let messages: Vec<_> = studio
        .outcomes
        .iter()
        .rev()
        .take(2)
        .map(|outcome| outcome.answer.fault().map(|fault| fault.message.clone()))
        .collect();
    ensure!(
        messages.len() == 2 && messages[0].is_some(),
        "there are not two refusals"
    );
    expect_equal("one refusal", &messages[0], &messages[1])
}

#[then(expr = "{agent} sees {count} sessions of {agent}")]
async fn sees_sessions(studio: &mut Studio, by: Agent, count: Count, who: Agent) -> Result<()> {
    let call = Call::query("agent")
        .with("id", "ID!", who.id())
        .selecting("sessions { totalCount nodes { id } }");
    let answer = studio.send(&by, &call).await?;
    let sessions = answer.at("/agent/sessions");
    if count.0 == 0 {
        return expect_equal("the sessions", sessions, &Value::Null);
    }
    expect_equal("their number", &sessions["totalCount"], &json!(count.0))
}

#[given(expr = "{span} pass(es)")]
#[when(expr = "{span} pass(es)")]
async fn time_passes(studio: &mut Studio, span: Span) -> Result<()> {
    studio.let_pass(span.0)
}
