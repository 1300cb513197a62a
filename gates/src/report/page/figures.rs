//! Figures as people read them: names in words, units behind the numbers, and what has the same members in a row each.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::text;

/// Plain figures in one table; each group of figures in one of its own.
pub(super) fn tables(figures: &Map<String, Value>) -> String {
    let (groups, plain): (Vec<_>, Vec<_>) =
        figures.iter().partition(|(_, value)| value.is_object());
    let plain: String = plain.into_iter().map(row).collect();
    let mut told = match plain.is_empty() {
        true => String::new(),
        false => format!("<table>\n{plain}</table>\n"),
    };
    let is_table = |value: &Value| {
        let members = value.as_object();
        members.is_some_and(|members| members.values().all(is_plain_object))
    };
    // Those that have the same members make one table together: the rows that gate 5 has compared, a kind a line.
    let (lines, groups): (Vec<_>, Vec<_>) = groups
        .into_iter()
        .partition(|(name, _)| name.starts_with("rows of "));
    if !lines.is_empty() {
        let lines = lines
            .into_iter()
            .map(|(name, value)| (name.as_str(), value));
        told += &matrix("rows", lines.collect());
    }
    for (name, value) in groups {
        let Some(members) = value.as_object().filter(|members| !members.is_empty()) else {
            continue;
        };
        if is_table(value) {
            let lines = members.iter().map(|(name, value)| (name.as_str(), value));
            told += &matrix(&words(name).0, lines.collect());
        } else if members.values().any(Value::is_object) {
            let inner = tables(members);
            told += &format!("<h3>{}</h3>\n{inner}", text(&words(name).0));
        } else {
            // These are names of their own: statuses, tiers, operations.
            let line = |(name, value): (&String, &Value)| line(name, value, "");
            let rows: String = members.iter().map(line).collect();
            let name = text(&words(name).0);
            told += &format!("<table>\n<caption>{name}</caption>\n{rows}</table>\n");
        }
    }
    told
}

fn is_plain_object(value: &Value) -> bool {
    let members = value.as_object();
    members.is_some_and(|members| !members.values().any(Value::is_object))
}

/// A line a group, a column a figure.
fn matrix(name: &str, lines: Vec<(&str, &Value)>) -> String {
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let columns: BTreeSet<String> = lines
        .iter()
        .flat_map(|(_, value)| members(value).into_iter().map(|(name, _)| name))
        .collect();
    let head: String = columns
        .iter()
        .map(|column| {
            let (name, unit) = words(column);
            let unit = if unit.is_empty() {
                String::new()
            } else {
                format!(", {unit}")
            };
            format!("<th>{}{unit}</th>", text(&name))
        })
        .collect();
    let line = |(name, value): (&str, &Value)| {
        let cells: String = columns
            .iter()
            .map(|column| format!("<td>{}</td>", text(&told(&value[column.as_str()]))))
            .collect();
        format!("<tr><th>{}</th>{cells}</tr>\n", text(name))
    };
    let rows: String = lines.into_iter().map(line).collect();
    format!(
        "<div class=\"wide\"><table>\n<tr><th>{}</th>{head}</tr>\n{rows}</table></div>\n",
        text(name)
    )
}

fn row((name, value): (&String, &Value)) -> String {
    let (name, unit) = words(name);
    line(&name, value, unit)
}

fn line(name: &str, value: &Value, unit: &str) -> String {
    let value = text(&told(value));
    let unit = if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}")
    };
    format!("<tr><th>{}</th><td>{value}{unit}</td></tr>\n", text(name))
}

/// The ends of names that are units.
const UNITS: [(&str, &str); 5] = [
    ("MicrosecondsEach", "µs each"),
    ("Percent", "%"),
    ("Mib", "MiB"),
    ("Ms", "ms"),
    ("PerSecond", "/s"),
];

/// A name in words, and the unit that it ends with.
fn words(name: &str) -> (String, &'static str) {
    let unit = UNITS
        .iter()
        .find_map(|(end, unit)| Some((name.strip_suffix(end)?, *unit)));
    let (name, unit) = unit
        .filter(|(rest, _)| !rest.is_empty())
        .unwrap_or((name, ""));
    let is_word = name.contains(' ') || name.chars().all(|letter| !letter.is_lowercase());
    if is_word {
        return (name.to_owned(), unit);
    }
    let mut told = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() {
            told.push(' ');
        }
        told.extend(letter.to_lowercase());
    }
    (told.trim().to_owned(), unit)
}

fn told(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            format!("{:.1}", number.as_f64().unwrap_or_default())
        }
        Value::Array(items) => items.iter().map(told).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_words_and_units_stand_behind_numbers() {
        assert_eq!(words("p95Ms"), ("p95".to_owned(), "ms"));
        assert_eq!(
            words("serverCpuMicrosecondsEach"),
            ("server cpu".to_owned(), "µs each")
        );
        assert_eq!(
            words("orphanedSessions"),
            ("orphaned sessions".to_owned(), "")
        );
        assert_eq!(words("IDLE"), ("IDLE".to_owned(), ""));
        assert_eq!(words("page of tasks"), ("page of tasks".to_owned(), ""));
    }

    #[test]
    fn latencies_are_a_table_with_a_line_an_operation() {
        let figures = json!({ "memoryMib": 61.25, "operations": { "fleet": { "p50Ms": 1.0, "p95Ms": 2.0 } } });
        let told = tables(figures.as_object().unwrap_or(&Map::new()));
        assert!(
            told.contains("<tr><th>memory</th><td>61.2 MiB</td></tr>"),
            "{told}"
        );
        assert!(told.contains("<th>p50, ms</th><th>p95, ms</th>"), "{told}");
        assert!(
            told.contains("<tr><th>fleet</th><td>1.0</td><td>2.0</td></tr>"),
            "{told}"
        );
    }
}
