//! A run as JUnit XML, which CI systems show: a suite a feature, a case a scenario or example. Who passes only when tried again has failed.

use anyhow::{Context as _, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{
    record::{Feature, Record, Run, Verdict},
    terminal,
};
use crate::catalogue::Catalogue;

/// The document.
///
/// # Errors
/// When something in it cannot be written as XML.
pub fn document(name: &str, record: &Record, catalogue: &Catalogue) -> Result<String> {
    let mut document = Report::new(name);
    for feature in &record.features {
        let mut suite = TestSuite::new(format!("{}: {}", feature.file, feature.name));
        suite.add_test_cases(feature.runs.iter().map(|run| case(feature, run, catalogue)));
        document.add_test_suite(suite);
    }
    if !record.unreadable.is_empty() {
        let mut suite = TestSuite::new("what is no Gherkin");
        for error in &record.unreadable {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(error.clone());
            suite.add_test_case(TestCase::new("reading the features", status));
        }
        document.add_test_suite(suite);
    }
    document.to_string().context("the JUnit report")
}

fn case(feature: &Feature, run: &Run, catalogue: &Catalogue) -> TestCase {
    let verdict = run.verdict();
    let status = if verdict == Verdict::Passed {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let fault = run.telling().and_then(|attempt| attempt.fault());
        let why = fault.and_then(|fault| fault.error.as_deref());
        let why = why.unwrap_or_default().lines().next().unwrap_or_default();
        status.set_type(verdict.word().to_uppercase());
        status.set_message(format!("{}: {why}", verdict.word().to_uppercase()));
        status.set_description(terminal::told(feature, run, catalogue));
        status
    };
    let mut case = TestCase::new(run.title(), status);
    case.set_classname(feature.file.trim_end_matches(".feature").replace('/', "."));
    case.set_time(run.took());
    case.extra
        .insert("file".into(), format!("features/{}", feature.file).into());
    case.extra
        .insert("line".into(), run.line.to_string().into());
    case
}
