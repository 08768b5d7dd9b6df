//! TOML as the same settings that YAML is read to.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::rules::flat::{Item, Setting, Value};
use crate::rules::{Code, Diagnostic, Place, SourceId, Span};

/// Reads the one table of a text, in the order of the text.
pub(super) fn read(source: SourceId, text: &str) -> Result<Vec<Setting>, Vec<Diagnostic>> {
    let place = |span: std::ops::Range<usize>| {
        let end = span.end.min(text.len());
        Place { source, span: Span { start: span.start.min(end), end } }
    };
    let (table, mut errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let start =
            |error: &toml::de::Error| error.span().map_or(text.len(), |span| span.start.min(text.len()));
        errors.sort_by_key(start);
        // What follows on the same line follows from the first.
        errors.dedup_by(|next, first| !text.as_bytes()[start(first)..start(next)].contains(&b'\n'));
        let told = |error: &toml::de::Error| {
            let message = format!("not TOML: {}", error.message());
            Diagnostic::new(Code::Syntax, error.span().map(place), message)
                .help("write `key = value`, and put texts into quotes")
        };
        return Err(errors.iter().map(told).collect());
    }
    let mut settings: Vec<Setting> = table
        .into_inner()
        .into_iter()
        .map(|(key, value)| Setting {
            key_place: place(key.span()),
            key: key.into_inner().into_owned(),
            value: item(value, &place),
        })
        .collect();
    settings.sort_by_key(|setting| setting.key_place);
    Ok(settings)
}

fn item(value: Spanned<DeValue<'_>>, place: &impl Fn(std::ops::Range<usize>) -> Place) -> Item {
    let at = place(value.span());
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => Value::Number(
            // `0x1F` is a number of TOML, and of no flag.
            i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.as_str().to_owned(), |number| number.to_string()),
        ),
        DeValue::Float(number) => Value::Number(number.as_str().to_owned()),
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Array(items) => Value::List(items.into_iter().map(|one| item(one, place)).collect()),
        DeValue::Datetime(_) => Value::Other("a time"),
        DeValue::Table(_) => Value::Other("a table"),
    };
    Item { value, place: at }
}
