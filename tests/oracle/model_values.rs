//! The value forms of the language, read in the slowest obvious way. A moment is a number of nanoseconds since
//! 1970, in UTC.

use serde_json::Value;

const SECOND: i128 = 1_000_000_000;

/// `1h30m` → nanoseconds.
pub(crate) fn duration(text: &str) -> Option<i128> {
    let (mut total, mut number, mut unit, mut last) = (0, String::new(), String::new(), i128::MAX);
    for c in text.chars().chain("0".chars()) {
        if c.is_ascii_digit() && !unit.is_empty() {
            let size = match unit.as_str() {
                "ms" => SECOND / 1000,
                "s" => SECOND,
                "m" => 60 * SECOND,
                "h" => 3600 * SECOND,
                "d" => 86_400 * SECOND,
                "w" => 604_800 * SECOND,
                _ => return None,
            };
            if size >= last {
                return None;
            }
            last = size;
            total += number.parse::<i128>().ok()? * size;
            (number, unit) = (String::new(), String::new());
        }
        if c.is_ascii_digit() { number.push(c) } else { unit.push(c) }
    }
    // The digit that was added to end the last unit is all that is left.
    (number == "0" && last < i128::MAX && unit.is_empty()).then_some(total)
}

/// A Kubernetes quantity → billionths.
pub(crate) fn quantity(text: &str) -> Option<i128> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (base, power): (i128, i32) = match suffix {
        "n" => (10, -9),
        "u" => (10, -6),
        "m" => (10, -3),
        "" => (10, 0),
        "k" => (10, 3),
        "M" => (10, 6),
        "G" => (10, 9),
        "Ki" => (1024, 1),
        "Mi" => (1024, 2),
        "Gi" => (1024, 3),
        exponent => (10, exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    let mut value: i128 = digits.parse().ok()?;
    // Billionths, then all that multiplies, then all that divides, rounded up.
    value *= SECOND;
    let (mut factor, mut divisor) = (1, 10_i128.pow(u32::try_from(fraction.len()).ok()?));
    for _ in 0..power.abs() {
        if power > 0 { factor *= base } else { divisor *= base }
    }
    value *= factor;
    Some(sign * ((value + divisor - 1) / divisor))
}

/// `">= 3"` of a number.
pub(crate) fn count(text: &str, number: u64) -> bool {
    let (operator, bound) = text.split_once(' ').expect("a space");
    let bound: u64 = bound.parse().expect("a number");
    match operator {
        "<" => number < bound,
        "<=" => number <= bound,
        "==" => number == bound,
        "!=" => number != bound,
        ">=" => number >= bound,
        ">" => number > bound,
        other => panic!("{other}"),
    }
}

/// RFC 3339, else one of the formats that were asked for.
pub(crate) fn time(text: &str, formats: &[&str]) -> Option<i128> {
    let fits = |form: &str| {
        let same = |(c, form): (char, char)| if form == '0' { c.is_ascii_digit() } else { c == form };
        text.len() == form.len() && text.chars().zip(form.chars()).all(same)
    };
    let number = |from: usize, length: usize| text[from..from + length].parse::<i128>().expect("digits");
    let day = |year, month, day| days(year, month, day).map(|days| days * 86_400 * SECOND);
    let clock = |hour: i128, minute: i128, second: i128| {
        (hour < 24 && minute < 60 && second < 60).then_some((hour * 3600 + minute * 60 + second) * SECOND)
    };
    let date = || day(number(0, 4), number(5, 2), number(8, 2));
    if text.is_ascii()
        && text.len() >= 20
        && text[..19].bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            10 => b"Tt".contains(&byte),
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        })
    {
        let rest = &text[19..];
        let zone = rest.find(['Z', 'z', '+', '-'])?;
        let fraction = match rest[..zone].strip_prefix('.') {
            None if zone == 0 => 0,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                format!("{digits:0<9}")[..9].parse().ok()?
            }
            _ => return None,
        };
        let offset = match &rest.as_bytes()[zone..] {
            b"Z" | b"z" => 0,
            [sign, h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()) => {
                let two = |a: &u8, b: &u8| i128::from(a - b'0') * 10 + i128::from(b - b'0');
                if two(h1, h2) > 23 || two(m1, m2) > 59 {
                    return None;
                }
                let seconds = (two(h1, h2) * 60 + two(m1, m2)) * 60;
                if *sign == b'+' { seconds } else { -seconds }
            }
            _ => return None,
        };
        let local = date()? + clock(number(11, 2), number(14, 2), number(17, 2))? + fraction;
        return Some(local - offset * SECOND);
    }
    formats.iter().find_map(|format| match *format {
        "date" if fits("0000-00-00") => date(),
        "minutes" if fits("0000-00-00T00:00") => Some(date()? + clock(number(11, 2), number(14, 2), 0)?),
        "compact" if fits("00000000T000000Z") => Some(
            day(number(0, 4), number(4, 2), number(6, 2))?
                + clock(number(9, 2), number(11, 2), number(13, 2))?,
        ),
        "compact" if fits("0000-00-00T000000Z") => {
            Some(date()? + clock(number(11, 2), number(13, 2), number(15, 2))?)
        }
        "epoch" if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) => {
            text.parse::<i128>().ok().map(|second| second * SECOND).filter(|at| *at < 1 << 90)
        }
        _ => None,
    })
}

/// Days since 1970 of a date that exists, counted year by year.
fn days(year: i128, month: i128, day: i128) -> Option<i128> {
    let leap = |year: i128| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let february = if leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *lengths.get(usize::try_from(month - 1).ok()?)?;
    let years: i128 = if year >= 1970 {
        (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum()
    } else {
        -(year..1970).map(|year| if leap(year) { 366 } else { 365 }).sum::<i128>()
    };
    let months: i128 = lengths[..usize::try_from(month - 1).ok()?].iter().sum();
    (1..=length).contains(&day).then_some(years + months + day - 1)
}

/// A list of globs: one includes, and no `!` excludes.
pub(crate) fn globs(list: &Value, text: &str) -> bool {
    let all = texts(list);
    let (excludes, includes): (Vec<&str>, Vec<&str>) = all.iter().partition(|glob| glob.starts_with('!'));
    let matches = |globs: &[&str]| globs.iter().any(|glob| fits(glob.trim_start_matches('!'), text));
    matches(&includes) && !matches(&excludes)
}

/// One glob, letter by letter.
fn fits(glob: &str, text: &str) -> bool {
    let Some(first) = glob.chars().next() else { return text.is_empty() };
    let rest = &glob[first.len_utf8()..];
    let mut after = text.chars();
    let next = after.next();
    match first {
        '*' => (0..=text.len()).any(|at| text.is_char_boundary(at) && fits(rest, &text[at..])),
        '?' => next.is_some() && fits(rest, after.as_str()),
        '[' => {
            let (class, rest) = rest.split_once(']').expect("a closed class");
            let class: Vec<char> = class.chars().collect();
            let within = next.is_some_and(|c| match class.as_slice() {
                [low, '-', high] => (*low..=*high).contains(&c),
                letters => letters.contains(&c),
            });
            within && fits(rest, after.as_str())
        }
        first => next == Some(first) && fits(rest, after.as_str()),
    }
}

/// What an expression says of a whole text.
type Meaning = fn(&str) -> bool;

/// The regular expressions that rules use, and what each of them means for a whole text.
pub(crate) const PATTERNS: [(&str, Meaning); 6] = [
    ("Error.*", |text| text.starts_with("Error") && !text.contains('\n')),
    ("test|latest", |text| text == "test" || text == "latest"),
    ("[a-z]+-[0-9]+", |text| {
        let split = text.split_once('-');
        split.is_some_and(|(name, number)| {
            let (letters, digits) = (|c: char| c.is_ascii_lowercase(), |c: char| c.is_ascii_digit());
            !name.is_empty() && !number.is_empty() && name.chars().all(letters) && number.chars().all(digits)
        })
    }),
    ("(?i)failed", |text| text.to_lowercase() == "failed"),
    ("", str::is_empty),
    (".*b", |text| text.ends_with('b') && !text.contains('\n')),
];

pub(crate) fn pattern(pattern: &Value, text: &str) -> bool {
    let meaning = PATTERNS.iter().find(|(known, _)| *known == pattern.as_str().expect("a pattern"));
    (meaning.expect("a known pattern").1)(text)
}

/// A string, or a list of them.
pub(crate) fn texts(list: &Value) -> Vec<&str> {
    match list {
        Value::String(text) => vec![text],
        list => list.as_array().expect("a list").iter().map(|item| item.as_str().expect("a text")).collect(),
    }
}

/// The nodes at a path of the forms that rules use: members, `[*]`, an index, a slice, `..name`, several names
/// and one filter.
pub(crate) fn nodes<'o>(path: &str, object: &'o Value) -> Vec<&'o Value> {
    let mut found = vec![object];
    let mut rest = path.strip_prefix('$').expect("a root");
    while !rest.is_empty() {
        let end = |text: &str| text.find(['.', '[']).unwrap_or(text.len());
        let step: String;
        if let Some(after) = rest.strip_prefix("..") {
            found = found.into_iter().flat_map(below).collect();
            (step, rest) = (after[..end(after)].to_owned(), &after[end(after)..]);
        } else if let Some(after) = rest.strip_prefix('.') {
            (step, rest) = (after[..end(after)].to_owned(), &after[end(after)..]);
        } else {
            let close = rest.find(']').expect("a bracket");
            (step, rest) = (rest[1..close].to_owned(), &rest[close + 1..]);
        }
        found = found.into_iter().flat_map(|node| children(&step, node)).collect();
    }
    found
}

fn children<'o>(step: &str, node: &'o Value) -> Vec<&'o Value> {
    let every = || match node {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    };
    if step == "*" {
        return every();
    }
    if let Some(filter) = step.strip_prefix("?@.") {
        let (key, text) = filter.split_once("=='").expect("a filter");
        let wanted = text.trim_end_matches('\'');
        return every().into_iter().filter(|node| node.get(key).is_some_and(|seen| seen == wanted)).collect();
    }
    if let Some((from, to)) = step.split_once(':') {
        let (from, to) = (from.parse().expect("a number"), to.parse().expect("a number"));
        let within = |(at, _): &(usize, &Value)| (from..to).contains(at);
        return node
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .filter(within)
            .map(|(_, node)| node)
            .collect();
    }
    if let Ok(index) = step.parse::<isize>() {
        let Some(items) = node.as_array() else { return Vec::new() };
        let length = isize::try_from(items.len()).expect("a short list");
        let at = if index < 0 { length + index } else { index };
        return usize::try_from(at).ok().and_then(|at| items.get(at)).into_iter().collect();
    }
    let names = step.split(',').map(|name| name.trim_matches('\''));
    names.filter_map(|name| node.as_object()?.get(name)).collect()
}

fn below(node: &Value) -> Vec<&Value> {
    let mut all = vec![node];
    match node {
        Value::Array(items) => items.iter().for_each(|item| all.extend(below(item))),
        Value::Object(members) => members.values().for_each(|member| all.extend(below(member))),
        _ => {}
    }
    all
}
