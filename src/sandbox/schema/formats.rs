//! Formats of texts, those that are cheap to check; any other is let through.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;
use jiff::civil::Date;

/// Whether the text is of this format.
pub(super) fn is_of(format: &str, text: &str) -> bool {
    match format {
        "date-time" | "datetime" => is_moment(text),
        "date" => text.len() == 10 && text.parse::<Date>().is_ok(),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_network(text),
        "mac" => is_hardware_address(text),
        "uuid" | "uuid3" | "uuid4" | "uuid5" => is_uuid(text),
        "byte" => is_base64(text),
        "duration" => is_duration(text),
        "hostname" => {
            !text.is_empty()
                && text.len() <= 255
                && text.chars().all(|letter| letter.is_alphanumeric() || "-._".contains(letter))
        }
        _ => true,
    }
}

/// RFC 3339, with a place for the offset.
fn is_moment(text: &str) -> bool {
    text.as_bytes().get(10).is_some_and(|sign| b"Tt".contains(sign)) && text.parse::<Timestamp>().is_ok()
}

fn is_network(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|length| length <= most)
}

fn is_hardware_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let is_byte = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    [6, 8, 20].contains(&parts.len()) && parts.iter().all(is_byte)
}

/// With or without its dashes.
fn is_uuid(text: &str) -> bool {
    let digits = text.bytes().filter(|byte| *byte != b'-');
    digits.clone().count() == 32 && digits.clone().all(|byte| byte.is_ascii_hexdigit())
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    text.len().is_multiple_of(4) && text.len() - body.len() <= 2 && body.bytes().all(fits)
}

/// As Go's `time.ParseDuration`: `1h30m`, `-1.5s`, `0`; or a number and a word, `3 days`.
fn is_duration(text: &str) -> bool {
    const UNITS: [&str; 8] = ["ns", "us", "µs", "ms", "h", "m", "s", "μs"];
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if let Some((number, word)) = rest.split_once(' ') {
        let words = ["day", "week", "hour", "minute", "second", "milli", "micro", "nano"];
        return number.parse::<u64>().is_ok() && words.iter().any(|known| word.starts_with(known));
    }
    let mut parts = 0;
    while !rest.is_empty() {
        let number =
            rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(number);
        let unit = UNITS.into_iter().find(|unit| after.starts_with(unit));
        let Some(unit) = unit.filter(|_| number.parse::<f64>().is_ok()) else { return false };
        rest = &after[unit.len()..];
        parts += 1;
    }
    parts > 0
}
