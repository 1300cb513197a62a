//! Gate 5, red: a changed byte, metadata that are not there, a lost entry, a signature by a stranger, and rows that are other than the log says.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey};
use gates::{
    gate::{Finding, Gate},
    target::Target,
};
use sha2::{Digest as _, Sha256};

use super::{
    assert_green, assert_red, plan,
    proxy::{self, Reply},
    said,
    scratch::Scratch,
};

async fn looked(target: &Target) -> Finding {
    said(&plan(Gate::Audit, target)).await
}

/// What it says of a server whose answers are changed on the way.
async fn lied_to(server: &Scratch, change: impl Fn(&mut Reply) + Send + Sync + 'static) -> Finding {
    let address = proxy::before(&server.target.address, change).await;
    looked(&server.behind(&address).await).await
}

/// Each has 256 of the entries of the founding fleet.
const FIRST: &str = "/audit/tlog/tile/entries/000";
const SECOND: &str = "/audit/tlog/tile/entries/001";

#[tokio::test]
async fn an_entry_with_a_changed_byte() {
    let server = Scratch::start().await;
    assert_green(&lied_to(&server, |_| {}).await);
    let finding = lied_to(&server, |reply| {
        if reply.path.starts_with(FIRST) {
            reply.replace("\"createdAt\":\"20", "\"createdAt\":\"21");
        }
    })
    .await;
    let words = [
        "entry 0 and its hash in the tile do not agree",
        "do not lead to the signed root",
        "tile 0 of level 1 is not what the entries give",
    ];
    assert_red(&finding, &words);
}

#[tokio::test]
async fn an_entry_without_the_metadata_of_its_action() {
    let server = Scratch::start().await;
    let finding = lied_to(&server, |reply| {
        if reply.path.starts_with(SECOND) {
            reply.replace("\"set\":", "\"sat\":");
        }
    })
    .await;
    let words = [
        "is AGENT_REGISTERED and says no set in its metadata",
        "entry 256 and its hash in the tile do not agree",
        "do not lead to the signed root",
        "tile 0 of level 1 is not what the entries give",
        "is there, and no entry tells of it",
    ];
    assert_red(&finding, &words);
}

#[tokio::test]
async fn an_entry_that_was_deleted_from_the_database() {
    let server = Scratch::start().await;
    let deleted = "DROP TRIGGER audit_entries_no_delete; \
                   DELETE FROM audit_entries WHERE id = (SELECT entry_id FROM ledger WHERE sequence = 7)";
    let finding = looked(&server.changed(deleted).await.target).await;
    assert_red(&finding, &["is signed for and not served"]);
}

#[tokio::test]
async fn a_bundle_in_which_an_entry_is_missing() {
    let server = Scratch::start().await;
    let finding = lied_to(&server, |reply| {
        if reply.path.starts_with(FIRST) && reply.status == 200 {
            let length: [u8; 2] = reply.body[..2].try_into().unwrap();
            reply
                .body
                .drain(..2 + usize::from(u16::from_be_bytes(length)));
        }
    })
    .await;
    assert_red(&finding, &["has not its 256 entries"]);
}

/// Signs a checkpoint anew, in the same name, with a key of one's own.
fn sign(note: &str) -> String {
    let text = &note[..=note.find("\n\n").unwrap()];
    let (name, key) = (
        text.lines().next().unwrap(),
        SigningKey::from_bytes(&[7; 32]),
    );
    let public = [&[1], key.verifying_key().as_bytes().as_slice()].concat();
    let digest = Sha256::digest([name.as_bytes(), b"\n", &public].concat());
    let signature = key.sign(text.as_bytes()).to_bytes();
    let encoded = STANDARD.encode([&digest[..4], &signature].concat());
    format!("{text}\n\u{2014} {name} {encoded}\n")
}

#[tokio::test]
async fn a_checkpoint_that_a_stranger_signed() {
    let server = Scratch::start().await;
    let finding = lied_to(&server, |reply| {
        if reply.path == "/audit/tlog/checkpoint" {
            let note = String::from_utf8(reply.body.clone()).unwrap();
            reply.body = sign(&note).into_bytes();
        }
    })
    .await;
    assert_red(&finding, &["no key that is trusted has signed it"]);
}

#[tokio::test]
async fn rows_that_were_changed_or_added_or_removed_behind_the_logs_back() {
    let server = Scratch::start().await;
    assert_green(&looked(&server.target).await);
    let changed = "UPDATE agents SET name = 'Somebody Else' WHERE id = 'L2-CHAR-001'";
    let server = server.changed(changed).await;
    let change = "agent L2-CHAR-001 is not what its entries give: name is \"Somebody Else\"";
    assert_red(&looked(&server.target).await, &[change]);

    let columns =
        "tier, supervisor_id, permissions, capabilities, config, state, created_at, leases_lost";
    let added = format!(
        "INSERT INTO agents (id, name, {columns}) SELECT 'L2-CHAR-999', 'A ghost', {columns} FROM agents WHERE id = 'L2-CHAR-001'"
    );
    let server = server.changed(&added).await;
    let addition = "agent L2-CHAR-999 is there, and no entry tells of it";
    assert_red(&looked(&server.target).await, &[change, addition]);

    let removed =
        "DELETE FROM sessions WHERE id = (SELECT id FROM sessions ORDER BY created_at LIMIT 1)";
    let server = server.changed(removed).await;
    let removal = "is not there, and entries tell of it";
    assert_red(&looked(&server.target).await, &[change, addition, removal]);
}
