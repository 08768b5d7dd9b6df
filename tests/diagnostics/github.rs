//! The commands for GitHub Actions, read back as its runner reads them.

use std::collections::BTreeMap;
use std::fs;

use k8s_healer::cli::diagnostics::Format;

use super::{SET, files, loaded, printed, shown};

/// A command as the runner understands it.
struct Command {
    name: String,
    properties: BTreeMap<String, String>,
    message: String,
}

impl Command {
    fn number(&self, key: &str) -> Option<usize> {
        self.properties.get(key).map(|value| value.parse().unwrap())
    }
}

fn parse(line: &str) -> Option<Command> {
    let (head, data) = line.strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let unescaped = |text: &str| {
        [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]
            .iter()
            .fold(text.to_owned(), |text, (escape, character)| text.replace(escape, character))
    };
    let properties = properties.split(',').map(|pair| pair.split_once('=').unwrap());
    let properties = properties.map(|(key, value)| (key.to_owned(), unescaped(value))).collect();
    Some(Command { name: name.to_owned(), properties, message: unescaped(data) })
}

#[test]
fn the_commands_of_every_case_are_read_back_as_they_were_meant() {
    for path in files("tests/validate", "yaml") {
        let loaded = loaded("50% off, a::b.yaml", &fs::read(&path).unwrap());
        let text = shown(&loaded, Format::Github);
        assert!(!text.contains('\r'));
        let commands: Vec<Command> = text.lines().filter_map(parse).collect();
        assert_eq!(commands.len(), loaded.diagnostics.len(), "{}", path.display());
        assert_eq!(text.lines().count(), commands.len() + 1, "a line for each, and one that counts");
        for (command, known) in commands.iter().zip(&loaded.diagnostics) {
            let severity = format!("{:?}", known.severity()).to_lowercase();
            assert_eq!((&command.name, command.properties["title"].as_str()), (&severity, known.code.name()));
            assert_eq!(command.properties["file"], "50% off, a::b.yaml");
            assert!(command.message.starts_with(&known.to_string()), "{}", command.message);
            assert!(command.message.contains(&known.help));
            let place = known.place.unwrap();
            let source = loaded.sources.get(place.source).unwrap();
            assert_eq!(command.number("line"), Some(source.position(place.span.start).0));
        }
    }
}

#[test]
fn columns_are_told_where_the_runner_takes_them() {
    let (_, text) = printed(Format::Github, false);
    let commands: Vec<Command> = text.lines().filter_map(parse).collect();
    let (mut over_lines, mut in_one_line) = (0, 0);
    for command in commands.iter().filter(|command| command.properties.contains_key("file")) {
        let lines = (command.number("line").unwrap(), command.number("endLine").unwrap());
        match (command.number("col"), command.number("endColumn")) {
            (Some(from), Some(to)) => {
                assert!(lines.0 == lines.1 && from <= to);
                in_one_line += 1;
            }
            (from, to) => {
                assert!(lines.0 < lines.1 && from.is_none() && to.is_none());
                over_lines += 1;
            }
        }
    }
    assert!(over_lines > 1 && in_one_line > 3);
}

#[test]
fn what_stands_in_no_file_of_the_repository_is_told_without_one() {
    let (_, text) = printed(Format::Github, false);
    let without_file: Vec<String> = text
        .lines()
        .filter_map(parse)
        .filter(|command| !command.properties.contains_key("file"))
        .map(|command| command.message)
        .collect();
    assert!(without_file.iter().any(|message| message.starts_with("standard input:2:")), "{without_file:?}");
    assert!(without_file.iter().any(|message| message.starts_with("--set:1:1: ")), "{without_file:?}");
    assert!(
        without_file.iter().any(|message| message.contains(&format!("{SET}/none.yaml"))),
        "{without_file:?}"
    );
}
