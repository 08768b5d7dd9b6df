//! Time zones by their names in the IANA database, which is a part of the program: no files of the system are
//! looked at, so a rule means the same everywhere.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::ParseError;

/// Reads a name such as `Europe/Rome`.
pub fn parse_time_zone(name: &str) -> Result<TimeZone, ParseError> {
    let help = "write a name such as `Europe/Rome` or `UTC`";
    // The only one that no database has; `CronJobs` refuse it too.
    let is_local = name.eq_ignore_ascii_case("local");
    let found = TimeZoneDatabase::bundled().get(name).ok().filter(|_| !is_local);
    found.ok_or_else(|| ParseError::new("is no time zone", help))
}

/// The names that there are.
#[must_use]
pub fn time_zones() -> Vec<String> {
    TimeZoneDatabase::bundled().available().map(|name| name.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_database_are_known_and_no_others() {
        for name in ["UTC", "Europe/Rome", "europe/rome", "America/Argentina/Buenos_Aires", "Etc/GMT+5"] {
            assert!(parse_time_zone(name).is_ok(), "{name}");
        }
        for name in ["", "Local", "local", "Europe/Roma", "+02:00", "CET-1CEST", "/etc/localtime", "../UTC"] {
            assert!(parse_time_zone(name).is_err(), "{name}");
        }
        assert!(time_zones().iter().any(|name| name == "Europe/Rome"));
    }
}
