//! Ways of tampering with an archive: each is found, offline and in the log as a whole, and where it happened is said.

use std::path::PathBuf;

use super::{archive, files, holds, offline, run, two_months, verdict, verifiers};
use crate::log::tamper::forger::told;
use crate::world::{World, on_each_database};

/// Where both files of the older of two archives lie.
struct Archive {
    world: World,
    row: archive::Model,
    body: PathBuf,
    manifest: PathBuf,
}

impl Archive {
    fn lines(&self) -> Vec<String> {
        let body = std::fs::read_to_string(&self.body).unwrap();
        body.split_inclusive('\n').map(str::to_owned).collect()
    }

    /// Puts other lines there; both ways of verifying have to find at this place what these words say.
    async fn found(&self, lines: &[String], place: u64, live: &str, alone: &str) {
        let before = std::fs::read(&self.body).unwrap();
        std::fs::write(&self.body, lines.concat()).unwrap();
        told(&verdict(&self.world).await, place, live);
        let keys = verifiers(&self.world).await;
        let (body, manifest) = files(&self.world, &self.row);
        told(&offline(&body, &manifest, &keys), place, alone);
        std::fs::write(&self.body, before).unwrap();
    }
}

async fn tampering(deed: impl AsyncFn(&Archive)) {
    on_each_database(async |world| {
        two_months(&world, super::YEARS).await;
        let row = run(&world).await.archives.remove(0);
        world.checkpoint().await;
        holds(&verdict(&world).await);
        let archive = Archive {
            body: world.shelf().join(&row.object_key),
            manifest: world.shelf().join(&row.manifest_key),
            world,
            row,
        };
        deed(&archive).await;
    })
    .await;
}

#[tokio::test]
async fn a_changed_entry_a_missing_one_and_two_that_changed_places() {
    tampering(async |archive| {
        let whole = archive.lines();
        let mut lines = whole.clone();
        lines[150] = lines[150].replace("\"duty\":\"test\"", "\"duty\":\"tesu\"");
        archive
            .found(
                &lines,
                150,
                "is not what its leaf hash stands for",
                "is not the entry that was signed",
            )
            .await;
        let mut lines = whole.clone();
        lines.remove(150);
        archive
            .found(
                &lines,
                150,
                "is missing from its archive",
                "is missing from the archive",
            )
            .await;
        let mut lines = whole.clone();
        lines.swap(150, 151);
        archive
            .found(
                &lines,
                150,
                "is missing from its archive",
                "is missing from the archive",
            )
            .await;
        let mut lines = whole.clone();
        lines.insert(151, whole[150].clone());
        archive
            .found(
                &lines,
                150,
                "behind a later one or itself",
                "behind a later one or itself",
            )
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_body_that_was_cut_or_has_more_behind_it() {
    tampering(async |archive| {
        let whole = archive.lines();
        archive
            .found(
                &whole[..200],
                200,
                "its archive ends before 200 to",
                "ends before its entries 200 to",
            )
            .await;
        let last = whole.len() as u64 - 1;
        let mut lines = whole.clone();
        lines.push(whole[7].clone());
        let before = std::fs::read(&archive.body).unwrap();
        std::fs::write(&archive.body, lines.concat()).unwrap();
        let found = verdict(&archive.world).await;
        told(&found, 0, "has more lines than entries");
        assert_eq!(found.flaws[0].up_to, Some(last));
        std::fs::write(&archive.body, before).unwrap();
        holds(&verdict(&archive.world).await);
    })
    .await;
}

#[tokio::test]
async fn a_manifest_that_was_changed_signed_by_nobody_or_taken_away() {
    tampering(async |archive| {
        let whole = std::fs::read_to_string(&archive.manifest).unwrap();
        let keys = verifiers(&archive.world).await;
        let (body, _) = files(&archive.world, &archive.row);
        let bend = whole.len() - 10;
        let bent = format!(
            "{}{}{}",
            &whole[..bend],
            if whole.as_bytes()[bend] == b'A' {
                "B"
            } else {
                "A"
            },
            &whole[bend + 1..]
        );
        let unsigned = whole.replace("\n\u{2014} ziggie/", "\n\u{2014} zaggie/");
        for (manifest, words) in [
            (
                whole.replacen("\"rows\":", "\"rows\":1", 1),
                "the signature of",
            ),
            (bent, "the signature of"),
            (unsigned, "no trusted key has signed it"),
            (String::new(), "it has no empty line"),
        ] {
            std::fs::write(&archive.manifest, &manifest).unwrap();
            told(&verdict(&archive.world).await, 0, words);
            told(&offline(&body, &manifest, &keys), None, words);
        }
        std::fs::remove_file(&archive.manifest).unwrap();
        told(&verdict(&archive.world).await, 0, "its manifest is missing");
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_gone() {
    tampering(async |archive| {
        std::fs::remove_file(&archive.body).unwrap();
        let found = verdict(&archive.world).await;
        told(&found, 0, "its file is missing");
        let last = archive.row.next_sequence.unsigned_abs() - 1;
        assert_eq!(found.flaws[0].up_to, Some(last));
        let roots = found
            .flaws
            .iter()
            .any(|flaw| flaw.what.contains("another root"));
        assert!(
            !roots,
            "what the ledger knows still has the signed roots: {:?}",
            found.flaws
        );
    })
    .await;
}

#[tokio::test]
async fn an_archive_of_which_its_row_says_something_else() {
    tampering(async |archive| {
        let outside = archive.world.back_door().await;
        let disarm = match sea_orm::ConnectionTrait::get_database_backend(&outside) {
            sea_orm::DbBackend::Postgres => "ALTER TABLE audit_archives DISABLE TRIGGER ALL",
            _ => "DROP TRIGGER audit_archives_no_update; DROP TRIGGER audit_archives_no_delete",
        };
        for sql in [
            disarm,
            "UPDATE audit_archives SET sha256 = '00' WHERE first_sequence = 0",
        ] {
            sea_orm::ConnectionTrait::execute_unprepared(&outside, sql)
                .await
                .unwrap();
        }
        told(
            &verdict(&archive.world).await,
            0,
            "its manifest is not that of its row",
        );
        let sql = "DELETE FROM audit_archives WHERE first_sequence = 0";
        sea_orm::ConnectionTrait::execute_unprepared(&outside, sql)
            .await
            .unwrap();
        told(
            &verdict(&archive.world).await,
            0,
            "does not begin where the one before it ends",
        );
        outside.close().await.unwrap();
    })
    .await;
}
