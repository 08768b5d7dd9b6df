//! A number of bytes as people write it: `10MiB`, `500k`, `4096`.

use std::fmt;
use std::str::FromStr;

/// So many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// In lower case; the first of each size is how it is written.
const UNITS: [(&str, u64); 12] = [
    ("gib", GIB),
    ("mib", MIB),
    ("kib", KIB),
    ("gi", GIB),
    ("mi", MIB),
    ("ki", KIB),
    ("g", 1_000_000_000),
    ("m", 1_000_000),
    ("k", 1_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let not_a_size = || "is not a size: write a number with a unit, such as 10MiB or 500k".to_owned();
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| not_a_size())?;
        let unit = unit.trim().to_lowercase();
        let factor = match unit.as_str() {
            "" | "b" => 1,
            unit => UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .map(|(_, factor)| *factor)
                .ok_or_else(not_a_size)?,
        };
        number.checked_mul(factor).map(Self).ok_or_else(|| "is larger than any file".to_owned())
    }
}

impl fmt::Display for Size {
    /// To three digits, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes) = *self;
        for (unit, factor) in [("GiB", GIB), ("MiB", MIB), ("KiB", KIB)] {
            if bytes >= factor {
                let amount = bytes as f64 / factor as f64;
                let decimals = usize::from(amount < 100.0 && bytes % factor != 0);
                return write!(f, "{amount:.decimals$} {unit}");
            }
        }
        write!(f, "{bytes} B")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("10MiB", 10 * MIB),
            ("10Mi", 10 * MIB),
            ("10 mib", 10 * MIB),
            ("500k", 500_000),
            ("1GB", 1_000_000_000),
            ("7b", 7),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for wrong in ["", "MiB", "-1", "1.5MiB", "10 apples", "99999999999999999999", "18446744073709551615k"]
        {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_shown_to_what_a_person_reads() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (10 * MIB, "10 MiB"),
            (17_200_000, "16.4 MiB"),
            (300 * MIB + 5, "300 MiB"),
            (2 * GIB, "2 GiB"),
        ] {
            assert_eq!(Size(bytes).to_string(), text);
        }
    }
}
