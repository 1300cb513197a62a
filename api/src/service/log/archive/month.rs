//! Calendar months in UTC: what archives are cut by. Floor 3.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};

/// A month; written `2026-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

impl Month {
    /// The month in which a moment lies.
    pub fn of(moment: DateTime<Utc>) -> Self {
        let day = moment.date_naive();
        Self(day.with_day(1).unwrap_or(day))
    }

    /// The one behind it.
    pub fn next(self) -> Self {
        Self(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }

    /// Its first moment.
    pub fn begin(self) -> DateTime<Utc> {
        self.0.and_time(NaiveTime::MIN).and_utc()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format("%Y-%m").fmt(f)
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let day = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok();
        day.map(Self)
            .filter(|month| month.to_string() == text)
            .ok_or_else(|| format!("`{text}` is no month such as 2026-01"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other_and_read_back() {
        let last: Month = "2025-12".parse().unwrap();
        assert_eq!(last.next().to_string(), "2026-01");
        let moment = last.next().begin() - chrono::TimeDelta::microseconds(1);
        assert_eq!(Month::of(moment), last);
        for wrong in ["", "2026", "2026-13", "2026-1", "26-01", "2026-01-01"] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
