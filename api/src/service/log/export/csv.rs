//! A table of comma-separated values (RFC 4180), in which no spreadsheet finds a formula. Floor 3.

use chrono::SecondsFormat;

use super::writer::Row;

/// The first line.
pub(super) const HEADER: &str = "sequence,id,createdAt,action,actorId,sessionId,entityType,entityId,requestId,causeId,durationMs,ipAddress,userAgent,metadata\r\n";

/// What spreadsheets take for the beginning of a formula, full-width forms included, and what they pass over before they look for one.
const FORMULA: [char; 12] = [
    '=', '+', '-', '@', '\t', '\r', '\n', '\0', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

/// Writes one entry.
pub(super) fn write(text: &mut String, row: &Row) {
    let entry = &row.entry;
    let personal = |field: &str| {
        let found = row.personal.iter().find(|one| one.field == field);
        found.map(|one| one.value.clone())
    };
    let cells = [
        Some(row.sequence.to_string()),
        Some(entry.id.to_string()),
        Some(
            entry
                .created_at
                .to_rfc3339_opts(SecondsFormat::Micros, true),
        ),
        Some(entry.action.to_string()),
        entry.actor_id.as_ref().map(ToString::to_string),
        entry.session_id.map(|id| id.to_string()),
        Some(entry.entity_type.to_string()),
        Some(entry.entity_id.clone()),
        entry.request_id.map(|id| id.to_string()),
        entry.cause_id.map(|id| id.to_string()),
        entry.duration_ms.map(|time| time.to_string()),
        personal("ipAddress"),
        personal("userAgent"),
        Some(entry.metadata.as_str().to_owned()),
    ];
    let cells: Vec<String> = cells
        .into_iter()
        .map(|cell| cell_of(&cell.unwrap_or_default()))
        .collect();
    *text += &cells.join(",");
    *text += "\r\n";
}

/// A cell as it is written: with an apostrophe before what could be a formula, in quotation marks where it needs them.
fn cell_of(value: &str) -> String {
    let mut cell = String::with_capacity(value.len() + 2);
    if value.starts_with(FORMULA) {
        cell.push('\'');
    }
    cell.push_str(value);
    if cell.contains(['"', ',', '\r', '\n']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_defused_and_everything_else_stays() {
        for (value, cell) in [
            ("", ""),
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("he said \"no\"", "\"he said \"\"no\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=1+1", "'=1+1"),
            ("+41", "'+41"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("\0=1", "'\0=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("\u{ff0b}1", "'\u{ff0b}1"),
            ("\u{ff0d}1", "'\u{ff0d}1"),
            ("\u{ff20}A", "'\u{ff20}A"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(cell_of(value), cell, "{value:?}");
        }
    }

    proptest! {
        /// What a reader of RFC 4180 finds in a cell is the value, or the value behind an apostrophe.
        #[test]
        fn a_cell_reads_back(value in "\\PC*|[=+@,\"\r\n-]{0,6}") {
            let cell = cell_of(&value);
            let read = match cell.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                Some(quoted) => quoted.replace("\"\"", "\""),
                None => cell,
            };
            let defused = format!("'{value}");
            prop_assert!(read == value || read == defused);
            prop_assert!(!read.starts_with(FORMULA));
        }
    }
}
