//! Holds what the file sets against the flags of `daemon run`: every key is one of them, every value is one
//! that the flag would take.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::ValueHint;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

use crate::rules::diagnostic::quoted;
use crate::rules::flat::{Item, Setting, Value};
use crate::rules::suggest;
use crate::rules::{Code, Diagnostic};

/// What each key is set to, as arguments of its flag.
pub(super) type Values = BTreeMap<String, Vec<OsString>>;

/// The flags that can be set: those of `daemon run`.
pub(super) struct Keys {
    command: Command,
}

impl Keys {
    pub(super) fn of(command: &Command) -> Self {
        let run = command.find_subcommand("daemon").and_then(|daemon| daemon.find_subcommand("run"));
        Self { command: run.cloned().unwrap_or_default().no_binary_name(true) }
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn get(&self, key: &str) -> Option<&Arg> {
        self.all().find(|argument| argument.get_long() == Some(key))
    }

    /// Hidden flags are for the program itself.
    fn all(&self) -> impl Iterator<Item = &Arg> {
        self.command.get_arguments().filter(|argument| !argument.is_hide_set())
    }
}

pub(super) fn is_list(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Append)
}

/// All that is set, or all mistakes. Relative paths are relative to the file's folder.
pub(super) fn check(settings: Vec<Setting>, keys: &Keys, folder: &Path) -> Result<Values, Vec<Diagnostic>> {
    let (mut values, mut mistakes) = (Values::new(), Vec::new());
    for Setting { key, key_place, value } in settings {
        let Some(argument) = keys.get(&key) else {
            let candidates: Vec<&str> = keys.all().filter_map(Arg::get_long).collect();
            mistakes.push(
                Diagnostic::new(Code::UnknownKey, key_place, format!("nothing is called {}", quoted(&key)))
                    .label("no flag of `daemon run` has this name")
                    .help(suggest::help(&key, &candidates)),
            );
            continue;
        };
        let items = match value {
            Item { value: Value::List(items), .. } if is_list(argument) => items,
            item => vec![item],
        };
        let checked = items.into_iter().map(|item| one(&key, item, argument, keys, folder));
        let (good, bad): (Vec<_>, Vec<_>) = checked.partition(Result::is_ok);
        mistakes.extend(bad.into_iter().filter_map(Result::err));
        values.insert(key, good.into_iter().filter_map(Result::ok).collect());
    }
    if mistakes.is_empty() { Ok(values) } else { Err(mistakes) }
}

/// One value of a key as an argument.
fn one(
    key: &str,
    Item { value, place }: Item,
    argument: &Arg,
    keys: &Keys,
    folder: &Path,
) -> Result<OsString, Diagnostic> {
    let is_path =
        matches!(argument.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath);
    let is_switch = !argument.get_action().takes_values();
    let takes =
        |word: &str| argument.get_possible_values().iter().any(|possible| possible.matches(word, false));
    let text = match value {
        Value::Text(text) if is_path => return Ok(located(&text, folder).into()),
        Value::Text(text) if !is_switch => text,
        Value::Number(number) if !is_switch && !is_path => number,
        Value::Bool(value) if is_switch || takes(&value.to_string()) => value.to_string(),
        other => {
            let expected = match argument.get_value_names().and_then(<[_]>::first) {
                _ if is_switch => "`true` or `false`".to_owned(),
                _ if is_path => "a path, in quotes".to_owned(),
                Some(name) => format!("{name}, in quotes"),
                None => "a text, in quotes".to_owned(),
            };
            let message = format!("{} is set to {}", quoted(key), shown(&other));
            return Err(
                Diagnostic::new(Code::WrongType, place, message).label(format!("expected {expected}"))
            );
        }
    };
    if is_switch {
        return Ok(text.into());
    }
    match refusal(key, OsStr::new(&text), keys) {
        None => Ok(text.into()),
        Some((why, help)) => {
            let message = format!("{} is no value of {}{why}", quoted(&text), quoted(key));
            Err(Diagnostic::new(Code::BadChoice, place, message).help(help))
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("the text {}", quoted(text)),
        Value::Number(number) => format!("the number {}", quoted(number)),
        Value::Bool(value) => format!("`{value}`"),
        Value::List(_) => "a list".to_owned(),
        Value::Other(what) => (*what).to_owned(),
    }
}

/// What the flag itself says against a value, and what to write instead.
fn refusal(key: &str, value: &OsStr, keys: &Keys) -> Option<(String, String)> {
    let mut argument = OsString::from(format!("--{key}="));
    argument.push(value);
    let error = keys.command.clone().try_get_matches_from([argument]).err()?;
    match error.kind() {
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(valid)) if !valid.is_empty() => {
                let valid: Vec<&str> = valid.iter().map(String::as_str).collect();
                Some((String::new(), suggest::help(&value.to_string_lossy(), &valid)))
            }
            _ => Some((": it is empty".to_owned(), String::new())),
        },
        ErrorKind::ValueValidation => {
            let why = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            Some((why, String::new()))
        }
        // Other flags may be needed beside it: that is for the whole command line to say.
        _ => None,
    }
}

/// `~/` is the home folder, as in a shell.
fn located(text: &str, folder: &Path) -> PathBuf {
    match (text.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        // Standard input, or nothing, is in no folder.
        _ if text == "-" || text.is_empty() => text.into(),
        _ => folder.join(text),
    }
}
