//! A run as JUnit XML, which CI systems show: a test case a gate.

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::Report;
use crate::gate::Status;

/// The document.
///
/// # Errors
/// When something in it cannot be written as XML.
pub fn document(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new("gates");
    for finding in &report.findings {
        let status = match finding.status {
            Status::Passed => TestCaseStatus::success(),
            // Only PASSED counts.
            Status::Warning | Status::Failed => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(finding.status.as_str());
                status.set_description(finding.reasons.join("\n"));
                status
            }
        };
        let mut case = TestCase::new(finding.gate.to_string(), status);
        case.set_time(finding.took);
        case.set_system_out(format!("{:#}", finding.details()));
        suite.add_test_case(case);
    }
    let mut document = Document::new(format!("ziggie gates of {}", report.target));
    document.add_test_suite(suite);
    document.to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{super::tests::report, *};

    #[test]
    fn what_did_not_pass_is_a_failure_with_its_reason() {
        let text = document(&report(&[Status::Passed, Status::Warning, Status::Failed])).unwrap();
        assert!(
            text.contains(r#"tests="3""#) && text.contains(r#"failures="2""#),
            "{text}"
        );
        assert!(text.contains("it is &lt;slow&gt; &amp; old"), "{text}");
    }
}
