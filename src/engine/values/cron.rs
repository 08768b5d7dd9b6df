//! Times of the day, week and year as `CronJobs` write them: five fields, or a word such as `@daily`.
//!
//! What the clock shows is what counts, as it does for `CronJobs`: a time that a change to summer time skips does
//! not come on that day, and one that the change back shows twice comes twice.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::ParseError;

/// The rarest times come every eighth year: the 29th of February around 2100; on a certain weekday every
/// fortieth.
const YEARS: i16 = 41;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

const FORM: &str = "write five fields (minute, hour, day of the month, month, day of the week), such as \
                    `\"0 20 * * 1-5\"`";

const WORDS: &[(&str, &str)] = &[
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// One of the five fields.
struct Field {
    name: &'static str,
    least: u8,
    most: u8,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day of the month", least: 1, most: 31, names: &[] },
    Field { name: "month", least: 1, most: 12, names: MONTHS },
    Field { name: "day of the week", least: 0, most: 7, names: WEEKDAYS },
];

/// Times that come again and again.
#[derive(Clone, PartialEq, Eq)]
pub struct Cron {
    source: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// One of the two kinds of days is enough: neither is `*`.
    either_day: bool,
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cron({:?})", self.source)
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// Which way time is looked through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    On,
    Back,
}

impl Cron {
    /// Reads five fields, or a word such as `@daily`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let trimmed = text.trim();
        let problem = "is not a cron expression";
        if trimmed.contains("TZ=") {
            let help = "write the time zone beside it: `timeZone: Europe/Rome`";
            return Err(ParseError::new("has a time zone in it", help));
        }
        let fields = match trimmed.strip_prefix('@') {
            Some(_) => {
                WORDS.iter().find(|(word, _)| *word == trimmed).map(|(_, fields)| *fields).ok_or_else(
                    || {
                        let words =
                            WORDS.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
                        ParseError::new(problem, format!("write one of {words}, or five fields"))
                    },
                )?
            }
            None => trimmed,
        };
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            let help =
                if fields.len() == 6 { format!("leave out the seconds: {FORM}") } else { FORM.to_owned() };
            return Err(ParseError::new(problem, help));
        };
        let read = |field: usize, text: &str| FIELDS[field].read(text);
        let weekday_bits = read(4, weekdays)?;
        // As in CronJobs: a star with a step is a choice of days.
        let is_any = |text: &str| text.split(',').any(|part| matches!(part, "*" | "?" | "*/1" | "?/1"));
        Ok(Self {
            source: trimmed.to_owned(),
            minutes: read(0, minutes)?,
            hours: read(1, hours)?,
            days: read(2, days)?,
            months: read(3, months)?,
            // Sunday is 0 and 7.
            weekdays: (weekday_bits | weekday_bits >> 7) & 0b111_1111,
            either_day: !is_any(days) && !is_any(weekdays),
        })
    }

    /// The first of these times that is not before a moment; `None`: none comes.
    #[must_use]
    pub fn first_from(&self, moment: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let here = zone.to_datetime(moment);
        let since = seconds_into_minute(here);
        let start = if since.is_zero() { moment } else { moment.checked_add(MINUTE - since).ok()? };
        let last = here.year().saturating_add(YEARS);
        self.look(start, zone, Way::On, |_, here| here.year() > last)
    }

    /// The last of these times that is not after a moment, and not before `earliest`.
    #[must_use]
    pub fn last_until(&self, moment: Timestamp, earliest: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = moment.checked_sub(seconds_into_minute(zone.to_datetime(moment))).ok()?;
        self.look(start, zone, Way::Back, |time, _| time < earliest)
    }

    /// Goes from minute to minute, over all that cannot be one in one step.
    fn look(
        &self,
        start: Timestamp,
        zone: &TimeZone,
        way: Way,
        is_over: impl Fn(Timestamp, DateTime) -> bool,
    ) -> Option<Timestamp> {
        let mut time = start;
        loop {
            let here = zone.to_datetime(time);
            if is_over(time, here) {
                return None;
            }
            time = if !has(self.months, here.month()) {
                let month = here.date().first_of_month();
                let edge = if way == Way::On { here.date().last_of_month().tomorrow().ok()? } else { month };
                at_start_of(edge, zone, way, time)?
            } else if !self.is_day(here.date()) {
                let edge = if way == Way::On { here.date().tomorrow().ok()? } else { here.date() };
                at_start_of(edge, zone, way, time)?
            } else if !has(self.hours, here.hour()) {
                let minutes = i64::from(here.minute());
                let jump = if way == Way::On { 60 - minutes } else { -(minutes + 1) };
                jumped(time, jump, zone)?
            } else if !has(self.minutes, here.minute()) {
                time.checked_add(if way == Way::On { MINUTE } else { -MINUTE }).ok()?
            } else {
                return Some(time);
            };
        }
    }

    fn is_day(&self, date: Date) -> bool {
        let of_month = has(self.days, date.day());
        let of_week = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        if self.either_day { of_month || of_week } else { of_month && of_week }
    }
}

fn has(bits: u64, number: i8) -> bool {
    bits >> number & 1 == 1
}

fn seconds_into_minute(here: DateTime) -> SignedDuration {
    SignedDuration::new(i64::from(here.second()), here.subsec_nanosecond())
}

/// The first minute of a day; or, on the way back, the last one before it.
fn at_start_of(date: Date, zone: &TimeZone, way: Way, before: Timestamp) -> Option<Timestamp> {
    let start = zone.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    let edge = if way == Way::On { start } else { start.checked_sub(MINUTE).ok()? };
    // Wherever a day begins twice, the way goes on.
    let goes_on = if way == Way::On { edge > before } else { edge < before };
    if goes_on { Some(edge) } else { before.checked_add(if way == Way::On { MINUTE } else { -MINUTE }).ok() }
}

/// So many minutes on, or one where the clock is changed in between.
fn jumped(time: Timestamp, minutes: i64, zone: &TimeZone) -> Option<Timestamp> {
    let there = time.checked_add(SignedDuration::from_mins(minutes)).ok()?;
    if zone.to_offset(there) == zone.to_offset(time) {
        return Some(there);
    }
    time.checked_add(SignedDuration::from_mins(minutes.signum())).ok()
}

impl Field {
    fn read(&self, text: &str) -> Result<u64, ParseError> {
        text.split(',').try_fold(0, |bits, part| Ok(bits | self.part(part)?))
    }

    /// `*`, `7`, `1-5`, `*/15`, `MON-FRI`.
    fn part(&self, part: &str) -> Result<u64, ParseError> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        // Sunday as 7 is for those who write it so.
        let most = if self.names.len() == WEEKDAYS.len() { 6 } else { self.most };
        let (first, last) = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => (self.least, most),
            Some((first, last)) => (self.number(first)?, self.number(last)?),
            None => {
                let first = self.number(range)?;
                (first, if step.is_some() { most } else { first })
            }
        };
        if first > last {
            return Err(self.error(part, "ends before it begins"));
        }
        let step = match step {
            None => 1,
            Some(step) => match step.parse::<u8>() {
                Ok(step) if step > 0 => step,
                _ => return Err(self.error(part, "has no step from 1 up")),
            },
        };
        Ok((first..=last).step_by(usize::from(step)).fold(0, |bits, number| bits | 1 << number))
    }

    fn number(&self, text: &str) -> Result<u8, ParseError> {
        let lower = text.to_ascii_lowercase();
        if let Some(at) = self.names.iter().position(|name| *name == lower) {
            return Ok(u8::try_from(at).unwrap_or_default() + self.least);
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<u8>().ok().filter(|_| is_number);
        number
            .filter(|number| (self.least..=self.most).contains(number))
            .ok_or_else(|| self.error(text, &format!("is not from {} to {}", self.least, self.most)))
    }

    fn error(&self, part: &str, what: &str) -> ParseError {
        let problem = format!("is not a cron expression: its {} `{part}` {what}", self.name);
        ParseError::new(problem, FORM)
    }
}

#[cfg(test)]
mod tests;
