//! What each kind of value is called where another stands in its place, and the code of a value that is none.

use k8s_healer_engine::descriptor::ValueKind;

use super::code::Code;

pub(super) fn code(kind: ValueKind) -> Code {
    match kind {
        ValueKind::Cron => Code::BadCron,
        ValueKind::TimeZone => Code::BadTimeZone,
        ValueKind::Duration => Code::BadDuration,
        ValueKind::Count => Code::BadCount,
        ValueKind::Pattern => Code::BadRegex,
        ValueKind::Expression => Code::BadCel,
        ValueKind::Path | ValueKind::Paths => Code::BadPath,
        ValueKind::Time => Code::BadTime,
        ValueKind::Globs => Code::BadGlob,
        _ => Code::WrongType,
    }
}

pub(super) fn expected(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Duration => "a duration",
        ValueKind::Count => "a count",
        ValueKind::Pattern => "a regular expression",
        ValueKind::Expression => "an expression of CEL",
        ValueKind::Path => "a JSONPath",
        ValueKind::Paths => "a JSONPath or a list of them",
        ValueKind::Time => "a time",
        ValueKind::Cron => "a cron expression",
        ValueKind::TimeZone => "the name of a time zone",
        ValueKind::Globs => "a glob or a list of globs",
        ValueKind::Texts | ValueKind::AnyTexts | ValueKind::Words => "a string or a list of strings",
        ValueKind::Literal => "a string, a number or a boolean",
        _ => "a string",
    }
}
