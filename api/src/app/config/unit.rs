//! Times and sizes as people write them: `250ms`, `30s`, `5m`, `12h`, `7d`; `512`, `256KiB`, `1MiB`. Floor 6.

/// Times.
pub mod time {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use std::time::Duration;

    /// Longest first, so that what is written back is the shortest.
    const UNITS: [(&str, u128); 5] = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ];

    /// Reads one; `None` for what is none.
    pub fn parse(text: &str) -> Option<Duration> {
        let digits = text.find(|char: char| !char.is_ascii_digit())?;
        let (count, unit) = text.split_at(digits);
        let (_, ms) = UNITS.iter().find(|(name, _)| *name == unit.trim())?;
        let ms = u64::try_from(count.parse::<u128>().ok()?.checked_mul(*ms)?).ok()?;
        Some(Duration::from_millis(ms))
    }

    /// Writes one in the largest unit that says it in whole numbers.
    pub fn text(time: Duration) -> String {
        let ms = time.as_millis();
        let fits = |(_, unit): &&(&str, u128)| ms.is_multiple_of(*unit) && ms >= *unit;
        let (name, unit) = UNITS.iter().find(fits).unwrap_or(&("s", 1_000));
        format!("{}{name}", ms / unit)
    }

    pub(in crate::app) fn serialize<S: Serializer>(
        time: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(*time))
    }

    pub(in crate::app) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no time such as 250ms, 30s, 5m, 12h or 7d"
            ))
        })
    }
}

/// Sizes in bytes.
pub mod size {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    const UNITS: [(&str, usize); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

    /// Reads one; `None` for what is none.
    pub fn parse(text: &str) -> Option<usize> {
        let digits = text
            .find(|char: char| !char.is_ascii_digit())
            .unwrap_or(text.len());
        let (count, unit) = text.split_at(digits);
        let unit = match unit.trim() {
            "" | "B" => 1,
            named => UNITS.iter().find(|(name, _)| *name == named)?.1,
        };
        count.parse::<usize>().ok()?.checked_mul(unit)
    }

    /// Writes one in the largest unit that says it in whole numbers.
    pub fn text(size: usize) -> String {
        match UNITS
            .iter()
            .find(|(_, unit)| size >= *unit && size.is_multiple_of(*unit))
        {
            Some((name, unit)) => format!("{}{name}", size / unit),
            None => size.to_string(),
        }
    }

    /// A number of bytes, or a text with a unit.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Bytes(usize),
        Text(String),
    }

    pub(in crate::app) fn serialize<S: Serializer>(
        size: &usize,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(*size))
    }

    pub(in crate::app) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<usize, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Bytes(bytes) => Ok(bytes),
            Written::Text(text) => parse(&text).ok_or_else(|| {
                D::Error::custom(format!("`{text}` is no size such as 512, 256KiB or 1MiB"))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{size, time};
    use proptest::prelude::*;
    use std::time::Duration;

    #[test]
    fn times_read_as_people_write_them() {
        for (text, ms) in [
            ("250ms", 250),
            ("30s", 30_000),
            ("5m", 300_000),
            ("12 h", 43_200_000),
            ("7d", 604_800_000),
            ("0s", 0),
        ] {
            assert_eq!(time::parse(text), Some(Duration::from_millis(ms)), "{text}");
        }
        for wrong in [
            "",
            "s",
            "30",
            "-1s",
            "1.5s",
            "1 week",
            "99999999999999999999d",
            "1s1s",
        ] {
            assert_eq!(time::parse(wrong), None, "{wrong}");
        }
        assert_eq!(time::text(Duration::from_secs(90)), "90s");
        assert_eq!(time::text(Duration::from_secs(3_600)), "1h");
        assert_eq!(time::text(Duration::ZERO), "0s");
    }

    #[test]
    fn sizes_read_as_people_write_them() {
        for (text, bytes) in [
            ("512", 512),
            ("512B", 512),
            ("256KiB", 262_144),
            ("1 MiB", 1_048_576),
            ("2GiB", 2_147_483_648),
        ] {
            assert_eq!(size::parse(text), Some(bytes), "{text}");
        }
        for wrong in ["", "KiB", "1KB", "-1", "1.5MiB", "99999999999GiB99"] {
            assert_eq!(size::parse(wrong), None, "{wrong}");
        }
        assert_eq!(size::text(1024 * 1024), "1MiB");
        assert_eq!(size::text(1500), "1500");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(ms in 0u64..=u64::from(u32::MAX), bytes in 0usize..=1 << 40) {
            let whole = Duration::from_millis(ms);
            prop_assert_eq!(time::parse(&time::text(whole)), Some(whole));
            prop_assert_eq!(size::parse(&size::text(bytes)), Some(bytes));
        }
    }
}
