//! Gate 5: the log holds, and folding it gives the rows (spec R8.01). What is looked at is in [`crate::audit`].

use std::path::Path;

use serde_json::json;

use super::{Finding, Gate, Place};
use crate::{
    audit::{self, Audit, Key},
    target::{NotReached, Target},
};

/// Reads the whole log as an auditor does, and every row that it tells of. Without keys that were brought along it believes the one that the target
/// shows, and says so.
///
/// # Errors
/// None: what cannot be read is a finding.
pub async fn look(
    target: &Target,
    place: Place,
    archives: Option<&Path>,
    keys: Option<&[Key]>,
) -> Result<Finding, NotReached> {
    let looked = match keys {
        Some(keys) => audit::look_trusting(&target.operator, keys, archives).await,
        None => audit::look(&target.operator, archives).await,
    };
    Ok(match looked {
        Ok(found) => {
            let mut finding = judge(&found, place);
            finding.figure("keyShownByTarget", keys.is_none());
            finding
        }
        Err(error) => Finding::unmeasured(Gate::Audit, place, error),
    })
}

fn judge(found: &Audit, place: Place) -> Finding {
    let mut finding = Finding::new(Gate::Audit, place);
    finding.figure("entries", found.entries);
    finding.figure("entriesFrom", found.from);
    finding.figure("entriesUnread", found.unread);
    finding.figure("root", found.root.as_str());
    for (kind, rows) in &found.rows_by_kind {
        finding.figure(
            &format!("rows of {kind}"),
            json!({
                "compared": rows.compared,
                "notFoldable": rows.not_foldable,
                "withPersonalInput": rows.personal,
                "notShown": rows.unread,
            }),
        );
    }
    let unfolded: u64 = found
        .rows_by_kind
        .values()
        .map(|rows| rows.not_foldable)
        .sum();
    if found.from == 0 && unfolded > 0 {
        finding.fail(format!(
            "{unfolded} rows cannot be folded, though the log is whole"
        ));
    }
    finding.figure("faults", found.fault_count);
    for fault in &found.faults {
        finding.fail(fault.as_str());
    }
    if found.fault_count > 0 && found.faults.is_empty() {
        finding.fail(format!("{} faults", found.fault_count));
    }
    if found.unread > 0 {
        finding.fail(format!(
            "it could not measure: {} entries lie in archives, whose folder was not named (--archives)",
            found.unread
        ));
    }
    // What could not be read to its end says why by itself.
    let compared: u64 = found.rows_by_kind.values().map(|rows| rows.compared).sum();
    if (found.entries == 0 || compared == 0) && found.fault_count == 0 {
        finding.fail("it could not measure: there is no entry, or no row to compare");
    }
    finding
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{super::Status, *};
    use crate::audit::{Kind, Rows};

    #[test]
    fn a_log_that_holds_passes_and_one_fault_or_one_with_nothing_to_compare_fails() {
        let rows = |compared| {
            let rows = Rows {
                compared,
                ..Rows::default()
            };
            BTreeMap::from([(Kind::Agent, rows)])
        };
        let found = |entries, faults: &[&str], fault_count| Audit {
            entries,
            rows_by_kind: rows(3),
            faults: faults.iter().map(|&fault| fault.to_owned()).collect(),
            fault_count,
            ..Audit::default()
        };
        let unfolded = Rows {
            compared: 3,
            not_foldable: 1,
            ..Rows::default()
        };
        let unfolded = |from| Audit {
            from,
            rows_by_kind: BTreeMap::from([(Kind::Agent, unfolded)]),
            ..found(7, &[], 0)
        };
        let archived = Audit {
            unread: 256,
            ..found(300, &[], 0)
        };
        for (found, status) in [
            (archived, Status::Failed),
            (unfolded(0), Status::Failed),
            (unfolded(4), Status::Passed),
            (found(7, &[], 0), Status::Passed),
            (found(7, &["entry 3 is missing"], 1), Status::Failed),
            (found(7, &[], 3), Status::Failed),
            (found(0, &[], 0), Status::Failed),
            (
                Audit {
                    rows_by_kind: rows(0),
                    ..found(7, &[], 0)
                },
                Status::Failed,
            ),
        ] {
            assert_eq!(judge(&found, Place::Twin).status, status);
        }
    }
}
