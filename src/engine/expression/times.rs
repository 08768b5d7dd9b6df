//! Moments and spans of time in expressions, by the words that Kubernetes has for them. The crate's own need chrono;
//! these stand on jiff, as all other times do. What cannot be read or leaves the range is an error, so unknown.

use std::any::Any;
use std::cmp::Ordering;

use cel::common::traits::{Adder, Comparer, Subtractor};
use cel::common::types::{CelInt, CelString, DURATION_TYPE, TIMESTAMP_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{Env, ExecutionError, add_member_overload, add_overload};
use jiff::civil::Weekday;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::values::{parse_time, parse_time_zone};

/// `timestamp('2026-01-01T00:00:00Z')`.
#[derive(Clone, Debug, PartialEq)]
struct Moment(Timestamp);

/// `duration('1h30m')`.
#[derive(Clone, Debug, PartialEq)]
struct Span(SignedDuration);

type Failed = ExecutionError;

fn wrong(function: &str, message: &str) -> Failed {
    ExecutionError::function_error(function, message)
}

/// What both types have in common.
macro_rules! value {
    ($type:ident, $cel:ident, $static:ident) => {
        static $static: Type = $cel;

        impl Val for $type {
            fn get_type(&self) -> &Type {
                &$static
            }

            fn cel_type() -> &'static Type {
                &$static
            }

            fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }

            fn as_subtractor<'b, 'v>(&'b self) -> Option<&'b (dyn Subtractor + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }

            fn as_comparer(&self) -> Option<&dyn Comparer> {
                Some(self)
            }

            fn equals(&self, other: &dyn Val) -> bool {
                other.downcast_ref::<Self>().is_some_and(|other| self == other)
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
            where
                Self: 'v,
            {
                Box::new(self.clone())
            }

            fn as_any(&self) -> Option<&dyn Any> {
                Some(self)
            }
        }

        impl StaticVal for $type {}

        impl Comparer for $type {
            fn compare(&self, other: &dyn Val) -> Result<Ordering, Failed> {
                let other = other.downcast_ref::<Self>().map(|other| self.0.cmp(&other.0));
                other.ok_or_else(|| wrong("compare", "a time is compared with something else"))
            }
        }
    };
}

value!(Moment, TIMESTAMP_TYPE, MOMENT);
value!(Span, DURATION_TYPE, SPAN);

impl Adder for Moment {
    fn add<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, Failed>
    where
        Self: 'v,
    {
        let sum = other.downcast_ref::<Span>().and_then(|span| self.0.checked_add(span.0).ok());
        sum.map(|sum| CowVal::owned(Self(sum)))
            .ok_or_else(|| wrong("+", "a timestamp takes a duration, up to its range"))
    }
}

impl Subtractor for Moment {
    fn sub<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, Failed>
    where
        Self: 'v,
    {
        if let Some(other) = other.downcast_ref::<Self>() {
            return Ok(CowVal::owned(Span(self.0.duration_since(other.0))));
        }
        let difference = other.downcast_ref::<Span>().and_then(|span| self.0.checked_sub(span.0).ok());
        difference
            .map(|difference| CowVal::owned(Self(difference)))
            .ok_or_else(|| wrong("-", "a timestamp takes a timestamp or a duration, up to its range"))
    }
}

impl Adder for Span {
    fn add<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, Failed>
    where
        Self: 'v,
    {
        if let Some(moment) = other.downcast_ref::<Moment>() {
            let sum = moment.0.checked_add(self.0).map_err(|_| wrong("+", "it is beyond all times"))?;
            return Ok(CowVal::owned(Moment(sum)));
        }
        let sum = other.downcast_ref::<Self>().and_then(|other| self.0.checked_add(other.0));
        sum.map(|sum| CowVal::owned(Self(sum)))
            .ok_or_else(|| wrong("+", "a duration takes a timestamp or a duration"))
    }
}

impl Subtractor for Span {
    fn sub<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, Failed>
    where
        Self: 'v,
    {
        let difference = other.downcast_ref::<Self>().and_then(|other| self.0.checked_sub(other.0));
        difference
            .map(|span| CowVal::owned(Self(span)))
            .ok_or_else(|| wrong("-", "a duration takes a duration"))
    }
}

fn timestamp(text: &CelString<'_>) -> Result<Moment, Failed> {
    parse_time(text.inner(), &[]).map(Moment).ok_or_else(|| wrong("timestamp", "it is no time of RFC 3339"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "an overload takes its arguments by reference")]
fn timestamp_of_seconds(seconds: &CelInt) -> Result<Moment, Failed> {
    let moment = Timestamp::from_second(*seconds.inner());
    moment.map(Moment).map_err(|_| wrong("timestamp", "it is beyond all times"))
}

fn same_moment(moment: &Moment) -> Moment {
    moment.clone()
}

fn duration(text: &CelString<'_>) -> Result<Span, Failed> {
    parse_span(text.inner()).map(Span).ok_or_else(|| wrong("duration", "it is no duration, such as `1h30m`"))
}

fn same_span(span: &Span) -> Span {
    span.clone()
}

/// As Go reads it: numbers with units, a fraction of each allowed, a sign before them all.
fn parse_span(text: &str) -> Option<SignedDuration> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut nanoseconds: i128 = 0;
    loop {
        let number = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (written, behind) = rest.split_at(number);
        let unit_end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit_end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        nanoseconds = nanoseconds.checked_add(of_units(written, unit)?)?;
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    i64::try_from(sign * nanoseconds).ok().map(SignedDuration::from_nanos)
}

/// So many units, with a fraction of one.
fn of_units(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || whole.len() + fraction.len() > 30
    {
        return None;
    }
    let digits = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i128>().ok() };
    let part =
        digits(fraction)?.checked_mul(unit)? / 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    digits(whole)?.checked_mul(unit)?.checked_add(part)
}

fn moment_in_seconds(moment: &Moment) -> CelInt {
    CelInt::from(moment.0.as_second())
}

fn moment_as_text<'v>(moment: &Moment) -> CelString<'v> {
    CelString::from(moment.0.to_string())
}

/// `3600s`, `0.5s`.
fn span_as_text<'v>(span: &Span) -> CelString<'v> {
    let (seconds, rest) = (span.0.as_secs(), span.0.subsec_nanos().unsigned_abs());
    let sign = if span.0.is_negative() && seconds == 0 { "-" } else { "" };
    let fraction = format!("{rest:09}");
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    CelString::from(format!("{sign}{seconds}{point}{fraction}s"))
}

/// In this zone: a name of the IANA database, or an offset such as `+02:00`.
fn zoned(moment: &Moment, zone: &str) -> Result<Zoned, Failed> {
    let unknown = || wrong("timestamp", "there is no such time zone");
    let zone = match zone.split_once(':') {
        None if zone.is_empty() => TimeZone::UTC,
        None => parse_time_zone(zone).map_err(|_| unknown())?,
        Some((hours, minutes)) => {
            let whole: i32 = hours.parse().map_err(|_| unknown())?;
            let minutes: i32 = minutes.parse().map_err(|_| unknown())?;
            if !(-23..=23).contains(&whole) || !(0..=59).contains(&minutes) {
                return Err(unknown());
            }
            let minutes = if hours.starts_with('-') { -minutes } else { minutes };
            TimeZone::fixed(Offset::from_seconds(whole * 3_600 + minutes * 60).map_err(|_| unknown())?)
        }
    };
    Ok(moment.0.to_zoned(zone))
}

/// The parts of a moment, in UTC and in a zone.
macro_rules! parts {
    ($($plain:ident $in_zone:ident $name:literal |$at:ident| $part:expr;)*) => {
        $(
            fn $plain(moment: &Moment) -> CelInt {
                let $at = moment.0.to_zoned(TimeZone::UTC);
                CelInt::from(i64::from($part))
            }

            fn $in_zone(moment: &Moment, zone: &CelString<'_>) -> Result<CelInt, Failed> {
                let $at = zoned(moment, zone.inner())?;
                Ok(CelInt::from(i64::from($part)))
            }
        )*

        fn add_parts(env: &mut Env) -> Result<(), cel::DeclarationError> {
            $(
                add_member_overload!(env, fn $plain: (Moment) -> CelInt, name = $name, id = stringify!($plain))?;
                add_member_overload!(
                    env,
                    fn $in_zone: (Moment, CelString) -> Result<CelInt>,
                    name = $name,
                    id = stringify!($in_zone)
                )?;
            )*
            Ok(())
        }
    };
}

parts! {
    full_year full_year_in "getFullYear" |at| at.year();
    month month_in "getMonth" |at| at.month() - 1;
    date date_in "getDate" |at| at.day();
    day_of_month day_of_month_in "getDayOfMonth" |at| at.day() - 1;
    day_of_year day_of_year_in "getDayOfYear" |at| at.day_of_year() - 1;
    day_of_week day_of_week_in "getDayOfWeek" |at| Weekday::to_sunday_zero_offset(at.weekday());
    hours hours_in "getHours" |at| at.hour();
    minutes minutes_in "getMinutes" |at| at.minute();
    seconds seconds_in "getSeconds" |at| at.second();
    milliseconds milliseconds_in "getMilliseconds" |at| at.millisecond();
}

fn span_hours(span: &Span) -> CelInt {
    CelInt::from(span.0.as_hours())
}

fn span_minutes(span: &Span) -> CelInt {
    CelInt::from(span.0.as_mins())
}

fn span_seconds(span: &Span) -> CelInt {
    CelInt::from(span.0.as_secs())
}

/// Those beyond its seconds, as Kubernetes counts them.
fn span_milliseconds(span: &Span) -> CelInt {
    CelInt::from(i64::from(span.0.subsec_millis()))
}

/// Adds all of them.
pub(super) fn add(env: &mut Env) -> Result<(), cel::DeclarationError> {
    env.add_type(TIMESTAMP_TYPE)?;
    env.add_type(DURATION_TYPE)?;
    add_overload!(env, fn timestamp: (CelString) -> Result<Moment>, name = "timestamp", id = "string_to_timestamp")?;
    add_overload!(
        env,
        fn timestamp_of_seconds: (CelInt) -> Result<Moment>,
        name = "timestamp",
        id = "int64_to_timestamp"
    )?;
    add_overload!(env, fn same_moment: (Moment) -> Moment, name = "timestamp", id = "timestamp_to_timestamp")?;
    add_overload!(env, fn duration: (CelString) -> Result<Span>, name = "duration", id = "string_to_duration")?;
    add_overload!(env, fn same_span: (Span) -> Span, name = "duration", id = "duration_to_duration")?;
    add_overload!(env, fn moment_in_seconds: (Moment) -> CelInt, name = "int", id = "timestamp_to_int64")?;
    add_overload!(env, fn moment_as_text: (Moment) -> CelString, name = "string", id = "timestamp_to_string")?;
    add_overload!(env, fn span_as_text: (Span) -> CelString, name = "string", id = "duration_to_string")?;
    add_parts(env)?;
    add_member_overload!(env, fn span_hours: (Span) -> CelInt, name = "getHours", id = "duration_to_hours")?;
    add_member_overload!(env, fn span_minutes: (Span) -> CelInt, name = "getMinutes", id = "duration_to_minutes")?;
    add_member_overload!(env, fn span_seconds: (Span) -> CelInt, name = "getSeconds", id = "duration_to_seconds")?;
    add_member_overload!(
        env,
        fn span_milliseconds: (Span) -> CelInt,
        name = "getMilliseconds",
        id = "duration_to_milliseconds"
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;
