//! Gate 2: the Gherkin suite passes at the threshold or better (spec R8.01). It is judged by the report that the suite left, which counts only where it is of the
//! build that is judged, and fresh (spec R8.02).

use std::{fs, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{Finding, Gate, Place};

/// How old a report may be.
pub const FRESH: TimeDelta = TimeDelta::hours(1);

/// How far the clock of the machine that ran the suite may be ahead.
const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// The threshold unless another is set, in percent.
pub const THRESHOLD: f64 = 65.0;

/// Reads a report and judges it.
#[must_use]
pub fn look(report: &Path, build: &str, now: DateTime<Utc>, threshold: f64) -> Finding {
    let read = fs::read_to_string(report).map_err(|error| error.to_string());
    let read = read
        .and_then(|text| serde_json::from_str::<Value>(&text).map_err(|error| error.to_string()));
    match read {
        Ok(report) => judge(&report, build, now, threshold),
        Err(error) => {
            let why = format!("{}: {error}", report.display());
            Finding::unmeasured(Gate::Suite, Place::Twin, why)
        }
    }
}

fn judge(report: &Value, build: &str, now: DateTime<Utc>, threshold: f64) -> Finding {
    let mut finding = Finding::new(Gate::Suite, Place::Twin);
    let (passed, total) = (report["passed"].as_u64(), report["total"].as_u64());
    let ended = report["endedAt"]
        .as_str()
        .and_then(|text| text.parse::<DateTime<Utc>>().ok());
    let selection = report.get("selection");
    let (Some(passed), Some(total), Some(ended), Some(selection)) =
        (passed, total, ended, selection)
    else {
        let why = "the report does not say how many scenarios passed, of how many, which were chosen, and when";
        return Finding::unmeasured(Gate::Suite, Place::Twin, why);
    };
    if total == 0 || passed > total {
        let why = format!("the report counts {passed} of {total} scenarios");
        return Finding::unmeasured(Gate::Suite, Place::Twin, why);
    }
    let percent = 100.0 * passed as f64 / total as f64;
    for (name, value) in [
        ("database", report["database"].clone()),
        ("passed", passed.into()),
        ("total", total.into()),
        ("percent", percent.into()),
        ("thresholdPercent", threshold.into()),
        ("endedAt", report["endedAt"].clone()),
    ] {
        finding.figure(name, value);
    }
    if report["build"] != build {
        finding.fail(format!(
            "the report is of another build: {}, not {build}",
            report["build"]
        ));
    }
    if now - ended > FRESH {
        finding.fail(format!("the report is of {ended}: older than an hour"));
    }
    if ended - now > AHEAD {
        finding.fail(format!("the report is of {ended}, which is yet to come"));
    }
    if !selection.is_null() {
        finding.fail(format!("only some scenarios were run: {selection}"));
    }
    // Said so that a threshold which is no number is not reached either.
    let reached = percent >= threshold;
    if !reached {
        let failed = report["failed"].as_array().into_iter().flatten();
        let failed: Vec<&str> = failed.filter_map(Value::as_str).take(10).collect();
        finding.fail(format!(
            "{passed} of {total} scenarios passed, {percent:.1} %: less than {threshold} %; failed: {}",
            failed.join("; ")
        ));
    }
    finding
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::{super::Status, *};

    fn report() -> Value {
        json!({
            "build": "b1", "database": "sqlite", "passed": 99, "total": 100, "failed": ["A picture is red"],
            "endedAt": "2026-11-23T12:00:00Z", "selection": null,
        })
    }

    fn judged(report: &Value, threshold: f64) -> Finding {
        judge(
            report,
            "b1",
            "2026-11-23T12:30:00Z".parse().unwrap(),
            threshold,
        )
    }

    #[test]
    fn a_fresh_report_of_this_build_passes_at_its_threshold() {
        assert_eq!(judged(&report(), 99.0).status, Status::Passed);
        let finding = judged(&report(), 100.0);
        assert_eq!(finding.status, Status::Failed);
        assert!(finding.reasons[0].contains("A picture is red"));
    }

    #[test]
    fn what_is_of_another_build_or_old_or_in_part_does_not_count() {
        for (name, value) in [
            ("build", json!("b2")),
            ("endedAt", json!("2026-11-23T11:00:00Z")),
            ("endedAt", json!("2999-01-01T00:00:00Z")),
            ("passed", json!(999)),
            ("selection", json!("@tasks")),
            ("passed", Value::Null),
            ("total", json!(0)),
        ] {
            let mut report = report();
            report[name] = value;
            assert_eq!(judged(&report, 50.0).status, Status::Failed, "{name}");
        }
    }

    #[test]
    fn a_threshold_that_is_no_number_is_not_reached_and_what_was_chosen_must_be_said() {
        assert_eq!(judged(&report(), f64::NAN).status, Status::Failed);
        let mut silent = report();
        silent.as_object_mut().unwrap().remove("selection");
        assert_eq!(judged(&silent, 50.0).status, Status::Failed);
    }

    #[test]
    fn without_a_report_it_could_not_measure() {
        let finding = look(
            Path::new("/no/such/report"),
            "b1",
            DateTime::UNIX_EPOCH,
            THRESHOLD,
        );
        assert_eq!(finding.status, Status::Failed);
        assert!(finding.reasons[0].starts_with("it could not measure"));
    }
}
