//! Ways of tampering with a log past every door: each is found, and where it happened is said (spec R5.05).

pub(super) mod forger;

use entities::audit::{entry, leaf};
use sea_orm::EntityTrait;
use ziggie::auth::key::{LogKey, LogSigners, MasterKey};
use ziggie::auth::note::Checkpoint;
use ziggie::service::task;
use ziggie::store::tree as stored;

use super::{verifiers, write};
use crate::world::{drawing, on_each_database};
use forger::{Forger, tampering, told};

#[tokio::test]
async fn a_log_that_nobody_touched_holds_with_everything_in_it() {
    on_each_database(async |world| {
        let director = world
            .agent("L1-ART-001", entities::agent::AgentTier::L1, None)
            .await;
        world.define_drawing().await;
        let task = task::execute(&world.service, &director, drawing())
            .await
            .unwrap();
        let (id, done) = (task.id.to_string(), Some(serde_json::json!({})));
        task::complete(&world.service, &director, &id, None, done)
            .await
            .unwrap();
        write(&world.service, 520).await;
        let kept = world.checkpoint().await.note;
        write(&world.service, 30).await;
        world.checkpoint().await;
        let forger = Forger::at_work(world).await;
        let verdict = forger.verdict(&[kept]).await;
        assert!(verdict.flaws.is_empty(), "{:?}", verdict.flaws);
        assert!(verdict.rows > 5 && verdict.checkpoints >= 4, "{verdict:?}");
    })
    .await;
}

#[tokio::test]
async fn a_flipped_bit_in_an_entry() {
    tampering(async |forger| {
        forger.change_entry(300).await;
        told(
            &forger.verdict(&[]).await,
            300,
            "is not what its leaf hash stands for",
        );
    })
    .await;
}

#[tokio::test]
async fn a_flipped_bit_in_a_leaf_tile() {
    tampering(async |forger| {
        let (_, mut hash) = forger.leaf_at(300).await;
        hash[0] ^= 1;
        forger.set_leaf(300, &hash).await;
        let verdict = forger.verdict(&[]).await;
        told(&verdict, 300, "is not what its leaf hash stands for");
        assert_eq!(
            verdict.flaws.len(),
            1,
            "the entries are what was signed: {:?}",
            verdict.flaws
        );
    })
    .await;
}

#[tokio::test]
async fn a_flipped_bit_in_an_inner_tile() {
    tampering(async |forger| {
        let hash = forger.blob(&[7; 32]);
        forger
            .run(&format!(
                "UPDATE tree_hashes SET hash = {hash} WHERE level = 1 AND position = 1"
            ))
            .await;
        told(
            &forger.verdict(&[]).await,
            256,
            "level 1, position 1 is not that of the entries 256 to 511",
        );
    })
    .await;
}

#[tokio::test]
async fn an_entry_and_its_leaf_together() {
    tampering(async |forger| {
        forger.change_entry(400).await;
        let (changed, _) = forger.leaf_at(400).await;
        forger
            .set_leaf(400, &leaf::leaf_hash(&leaf::canonical_bytes(&changed)))
            .await;
        let verdict = forger.verdict(&[]).await;
        told(&verdict, 256, "is not that of the entries 256 to 511");
        let signed = verdict
            .flaws
            .iter()
            .find(|flaw| flaw.what.contains("another root"))
            .unwrap();
        assert_eq!(signed.place, Some(forger.sizes[1]));
    })
    .await;
}

#[tokio::test]
async fn the_text_of_a_checkpoint() {
    tampering(async |forger| {
        let size = forger.sizes[1];
        let (old, new) = (format!("\n{size}\n"), format!("\n{}\n", size + 1));
        let note = forger.note(size).await.replace(&old, &new);
        forger
            .run(&format!(
                "UPDATE checkpoints SET note = '{note}' WHERE size = {size}"
            ))
            .await;
        told(
            &forger.verdict(&[]).await,
            size,
            "does not open: the signature of",
        );
    })
    .await;
}

#[tokio::test]
async fn the_signature_of_a_checkpoint_and_the_id_of_its_key() {
    tampering(async |forger| {
        let [first, second, _] = forger.sizes[..] else {
            panic!("three")
        };
        // Behind name and blank stand four bytes of the id, then the signature.
        for (size, at, words) in [
            (first, 40, "the signature of"),
            (second, 0, "no trusted key"),
        ] {
            let note = forger.note(size).await;
            let start = note.rfind(' ').unwrap() + 1 + at;
            let other = if note.as_bytes()[start] == b'A' {
                "B"
            } else {
                "A"
            };
            let bent = format!("{}{other}{}", &note[..start], &note[start + 1..]);
            forger
                .run(&format!(
                    "UPDATE checkpoints SET note = '{bent}' WHERE size = {size}"
                ))
                .await;
            let verdict = forger.verdict(&[]).await;
            let told = verdict
                .flaws
                .iter()
                .find(|flaw| flaw.place == Some(size))
                .unwrap();
            assert!(told.what.contains(words), "{told}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_last_entries_cut() {
    tampering(async |forger| {
        let last = forger.sizes[2];
        let cut = last - 3;
        forger.run(&format!("DELETE FROM audit_entries WHERE id IN (SELECT entry_id FROM ledger WHERE sequence >= {cut})")).await;
        forger.run(&format!("DELETE FROM ledger WHERE sequence >= {cut}")).await;
        told(&forger.verdict(&[]).await, cut, "says that there were");
    })
    .await;
}

#[tokio::test]
async fn one_entry_removed_and_the_others_renumbered() {
    tampering(async |forger| {
        forger.run("DELETE FROM audit_entries WHERE id = (SELECT entry_id FROM ledger WHERE sequence = 350)").await;
        forger.run("DELETE FROM ledger WHERE sequence = 350").await;
        told(&forger.verdict(&[]).await, 350, "there is no entry of this number");
        forger.run("UPDATE ledger SET sequence = -sequence WHERE sequence > 350").await;
        forger.run("UPDATE ledger SET sequence = -sequence - 1 WHERE sequence < 0").await;
        told(&forger.verdict(&[]).await, 256, "is not that of the entries 256 to 511");
    })
    .await;
}

#[tokio::test]
async fn two_entries_swapped() {
    tampering(async |forger| {
        for statement in [
            "-1 WHERE sequence = 40",
            "40 WHERE sequence = 41",
            "41 WHERE sequence = -1",
        ] {
            forger
                .run(&format!("UPDATE ledger SET sequence = {statement}"))
                .await;
        }
        let verdict = forger.verdict(&[]).await;
        told(&verdict, 0, "");
        assert!(
            verdict
                .flaws
                .iter()
                .any(|flaw| flaw.what.contains("another root"))
        );
    })
    .await;
}

#[tokio::test]
async fn one_entry_doubled() {
    tampering(async |forger| {
        let (mut copy, _) = forger.leaf_at(350).await;
        forger
            .run("UPDATE ledger SET sequence = -sequence WHERE sequence > 350")
            .await;
        forger
            .run("UPDATE ledger SET sequence = -sequence + 1 WHERE sequence < 0")
            .await;
        copy.id = "audit_01hzzzzzzzzzzzzzzzzzzzzzzz".parse().unwrap();
        copy.ordinal = 1_000_000;
        let place = entities::audit::ledger::Model {
            sequence: 351,
            entry_id: copy.id,
            leaf_hash: leaf::leaf_hash(&leaf::canonical_bytes(&copy)).to_vec(),
        };
        entry::Entity::insert(entry::ActiveModel::from(copy))
            .exec_without_returning(&forger.outside)
            .await
            .unwrap();
        entities::audit::ledger::Entity::insert(entities::audit::ledger::ActiveModel::from(place))
            .exec_without_returning(&forger.outside)
            .await
            .unwrap();
        told(
            &forger.verdict(&[]).await,
            256,
            "is not that of the entries 256 to 511",
        );
    })
    .await;
}

#[tokio::test]
async fn an_entry_without_a_number() {
    tampering(async |forger| {
        let (mut copy, _) = forger.leaf_at(350).await;
        copy.id = "audit_01hzzzzzzzzzzzzzzzzzzzzzzz".parse().unwrap();
        copy.ordinal = 1_000_000;
        entry::Entity::insert(entry::ActiveModel::from(copy))
            .exec_without_returning(&forger.outside)
            .await
            .unwrap();
        told(
            &forger.verdict(&[]).await,
            None,
            "is an entry without a number",
        );
    })
    .await;
}

#[tokio::test]
async fn everything_signed_again_with_another_key() {
    tampering(async |forger| {
        let trusted = verifiers(&forger.world).await;
        let origin = forger.world.service.log_keys.origin();
        let (master, now) = (
            MasterKey::generate().unwrap(),
            forger.world.service.db.clock().now(),
        );
        let key = LogKey::generate(origin, &master, now).unwrap();
        let signers = LogSigners::open(origin, &master, std::slice::from_ref(&key), now).unwrap();
        for size in &forger.sizes {
            let root = stored::root(&forger.outside, *size).await.unwrap();
            let note = signers.sign(&Checkpoint {
                origin: origin.to_owned(),
                size: *size,
                root,
            });
            forger
                .run(&format!(
                    "UPDATE checkpoints SET note = '{note}' WHERE size = {size}"
                ))
                .await;
        }
        let (id, public_key) = (&key.key_id, forger.blob(&key.public_key));
        forger
            .run(&format!(
                "UPDATE log_keys SET key_id = '{id}', public_key = {public_key}"
            ))
            .await;
        // Whoever has kept the key sees that it is another's; whoever has not, that the log knows nothing of it.
        told(
            &forger.verdict_by(&trusted, &[]).await,
            forger.sizes[0],
            "no trusted key has signed it",
        );
        let without = forger.verdict(&[]).await;
        told(
            &without,
            None,
            &format!("the row {id} is not what its entries give"),
        );
    })
    .await;
}

#[tokio::test]
async fn rolled_back_to_an_older_checkpoint() {
    tampering(async |forger| {
        let [_, older, newer] = forger.sizes[..] else { panic!("three") };
        let kept = forger.note(newer).await;
        forger.run(&format!("DELETE FROM audit_entries WHERE id IN (SELECT entry_id FROM ledger WHERE sequence >= {older})")).await;
        forger.run(&format!("DELETE FROM ledger WHERE sequence >= {older}")).await;
        forger.run(&format!("DELETE FROM checkpoints WHERE size > {older}")).await;
        forger.run(&format!("DELETE FROM tree_hashes WHERE (position + 1) * 256 > {older}")).await;
        let alone = forger.verdict(&[]).await;
        assert!(alone.flaws.is_empty(), "by itself it is a log: {:?}", alone.flaws);
        told(&forger.verdict(&[kept]).await, older, "a checkpoint that was kept says that there were");
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_is_too_large() {
    tampering(async |forger| {
        let large = format!(r#"{{"duty":"{}"}}"#, "x".repeat(40_000));
        forger.run(&format!("UPDATE audit_entries SET metadata = '{large}' WHERE id = (SELECT entry_id FROM ledger WHERE sequence = 300)")).await;
        told(&forger.verdict(&[]).await, 300, "is larger than an entry can be");
    })
    .await;
}

#[tokio::test]
async fn two_checkpoints_of_one_size() {
    tampering(async |forger| {
        let (service, size) = (&forger.world.service, forger.sizes[1]);
        let other = service.log_keys.signers().sign(&Checkpoint {
            origin: service.log_keys.origin().to_owned(),
            size,
            root: [9; 32],
        });
        told(
            &forger.verdict(&[other]).await,
            size,
            "contradict each other",
        );
    })
    .await;
}

#[tokio::test]
async fn a_row_changed_beside_the_log() {
    tampering(async |forger| {
        forger
            .run("UPDATE agents SET name = 'Somebody Else' WHERE id = 'SYSTEM-001'")
            .await;
        told(
            &forger.verdict(&[]).await,
            None,
            "the row SYSTEM-001 is not what its entries give: name",
        );
        forger
            .run("DELETE FROM agents WHERE id = 'SYSTEM-001'")
            .await;
        told(
            &forger.verdict(&[]).await,
            None,
            "the log knows 2 of AGENT, and there are 1",
        );
    })
    .await;
}
