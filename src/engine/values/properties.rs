//! What durations, quantities and globs must keep to whatever they are, held against slow and obvious readings.

use std::time::Duration;

use proptest::prelude::*;

use super::{Globs, Quantity, format_duration, parse_duration};

/// Suffixes with the nano-units of one of them.
const SUFFIXES: [(&str, u128); 16] = [
    ("n", 1),
    ("u", 1_000),
    ("m", 1_000_000),
    ("", 1_000_000_000),
    ("k", 1_000_000_000_000),
    ("M", 10_u128.pow(15)),
    ("G", 10_u128.pow(18)),
    ("T", 10_u128.pow(21)),
    ("P", 10_u128.pow(24)),
    ("E", 10_u128.pow(27)),
    ("Ki", 1_000_000_000 << 10),
    ("Mi", 1_000_000_000 << 20),
    ("Gi", 1_000_000_000 << 30),
    ("Ti", 1_000_000_000 << 40),
    ("e3", 1_000_000_000_000),
    ("E-3", 1_000_000),
];

/// Kubernetes caps quantities at 2^63 - 1.
const LARGEST: u128 = (i64::MAX as u128) * 1_000_000_000;

/// A quantity's text, and its nano-units by schoolbook arithmetic: rounded up, capped.
fn quantities() -> impl Strategy<Value = (String, i128)> {
    (0_u128..1_000_000, 0_u32..5, prop::sample::select(SUFFIXES.to_vec()), any::<bool>()).prop_map(
        |(digits, decimals, (suffix, unit), negative)| {
            let divisor = 10_u128.pow(decimals);
            let number = match decimals {
                0 => digits.to_string(),
                _ => format!("{}.{:0width$}", digits / divisor, digits % divisor, width = decimals as usize),
            };
            let nanos = i128::try_from((digits * unit).div_ceil(divisor).min(LARGEST)).unwrap();
            let sign = if negative { "-" } else { "" };
            (format!("{sign}{number}{suffix}"), if negative { -nanos } else { nanos })
        },
    )
}

/// One token of a glob: how it is written, and what it takes.
#[derive(Clone, Debug)]
enum Token {
    Letter(char),
    One,
    Any,
    Class(Vec<char>),
}

fn tokens() -> impl Strategy<Value = Vec<Token>> {
    let letter = prop::sample::select(vec!['a', 'b', 'c', '.', '-', '+', 'ä']);
    let class = prop::collection::vec(prop::sample::select(vec!['a', 'b', 'c', '.']), 1..3);
    let token = prop_oneof![
        3 => letter.prop_map(Token::Letter),
        1 => Just(Token::One),
        2 => Just(Token::Any),
        1 => class.prop_map(Token::Class),
    ];
    prop::collection::vec(token, 1..8)
}

fn written(tokens: &[Token]) -> String {
    let one = |token: &Token| match token {
        Token::Letter(letter) => letter.to_string(),
        Token::One => "?".to_owned(),
        Token::Any => "*".to_owned(),
        Token::Class(letters) => format!("[{}]", letters.iter().collect::<String>()),
    };
    tokens.iter().map(one).collect()
}

/// By trying everything.
fn takes(tokens: &[Token], text: &[char]) -> bool {
    match (tokens.split_first(), text.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((Token::Any, rest)), _) => (0..=text.len()).any(|taken| takes(rest, &text[taken..])),
        (Some(_), None) => false,
        (Some((Token::Letter(letter), rest)), Some((first, after))) => letter == first && takes(rest, after),
        (Some((Token::One, rest)), Some((_, after))) => takes(rest, after),
        (Some((Token::Class(letters), rest)), Some((first, after))) => {
            letters.contains(first) && takes(rest, after)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_duration_is_read_as_it_is_written(milliseconds in 0_u64..100 * 365 * 24 * 3_600_000) {
        let duration = Duration::from_millis(milliseconds);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    #[test]
    fn a_duration_is_the_sum_of_its_parts(days in 0_u64..100, hours in 0_u64..100, minutes in 0_u64..100, seconds in 0_u64..100) {
        let sum = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
        let text = format!("{days}d{hours}h{minutes}m{seconds}s");
        prop_assert_eq!(parse_duration(&text), Ok(Duration::from_secs(sum)));
        prop_assert!(parse_duration(&format!("{seconds}s{minutes}m")).is_err(), "smaller units stand last");
    }

    #[test]
    fn any_text_is_a_duration_or_an_error(text in "[0-9smhdw. -]{0,12}") {
        if let Ok(duration) = parse_duration(&text) {
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }
    }

    #[test]
    fn quantities_are_in_the_order_of_their_numbers((one, a) in quantities(), (other, b) in quantities()) {
        let (one, other) = (Quantity::parse(&one).unwrap(), Quantity::parse(&other).unwrap());
        prop_assert_eq!(one.cmp(&other), a.cmp(&b), "{:?} {:?}", one, other);
    }

    #[test]
    fn a_quantity_is_the_same_in_every_unit(number in 0_u64..8_000_000) {
        let quantity = |number: u64, suffix: &str| Quantity::parse(&format!("{number}{suffix}")).unwrap();
        for (small, large, times) in [("Ki", "Mi", 1024), ("Mi", "Gi", 1024), ("m", "", 1000), ("", "k", 1000), ("k", "M", 1000)] {
            prop_assert_eq!(quantity(number * times, small), quantity(number, large));
        }
    }

    #[test]
    fn any_text_is_a_quantity_or_an_error(text in "[-+0-9.eEkKMGim]{0,10}") {
        if let Ok(quantity) = Quantity::parse(&text) {
            prop_assert_eq!(quantity.cmp(&quantity), std::cmp::Ordering::Equal);
        }
    }

    #[test]
    fn a_glob_takes_what_trying_everything_takes(
        tokens in tokens(),
        text in prop::collection::vec(prop::sample::select(vec!['a', 'b', 'c', '.', '-', '+', 'ä']), 0..7),
    ) {
        let globs = Globs::parse(&[written(&tokens)]).unwrap();
        let whole: String = text.iter().collect();
        prop_assert_eq!(globs.matches(&whole), takes(&tokens, &text), "{} {}", written(&tokens), whole);
        if let Ok(without) = Globs::parse(&["*".to_owned(), format!("!{}", written(&tokens))]) {
            prop_assert_eq!(without.matches(&whole), !takes(&tokens, &text));
        } else {
            prop_assert!(takes(&tokens, &text), "all of it is excluded");
        }
    }
}
