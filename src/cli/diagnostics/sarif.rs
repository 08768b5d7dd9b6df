//! `--format sarif`: SARIF 2.1.0 (OASIS), as GitHub code scanning and other viewers read it.
//!
//! Code scanning refuses a whole file for one result without a place in a file. So what stands in no file (a
//! path that cannot be read, a mistake in `--set`) is a notification of the invocation, not a result.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde_json::{Value, json};

use super::place::{Kind, Range, Ruler, kind};
use super::uri::{BASE, Uris};
use super::{Findings, json, word};
use crate::rules::{Code, Diagnostic, Place, Related, Source, SourceId};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn show(findings: &Findings<'_>, out: &mut impl Write) -> io::Result<()> {
    json::write(&Log::new(findings).document(findings), out)
}

struct Log<'a> {
    ruler: Ruler<'a>,
    uris: Uris,
    /// The codes that occur, in the order in which they are documented.
    rules: Vec<Code>,
    /// Each file, and its index.
    artifacts: BTreeMap<SourceId, usize>,
}

impl<'a> Log<'a> {
    fn new(findings: &Findings<'a>) -> Self {
        let codes: BTreeSet<Code> = findings.wanted().map(|diagnostic| diagnostic.code).collect();
        let files = findings.sources.iter().filter(|(_, source)| kind(source) != Kind::Argument);
        Self {
            ruler: Ruler::new(findings.sources),
            uris: Uris::of_working_directory(),
            rules: codes.into_iter().collect(),
            artifacts: files.enumerate().map(|(index, (id, _))| (id, index)).collect(),
        }
    }

    fn document(&self, findings: &Findings<'_>) -> Value {
        let stands_in_file = |diagnostic: &&Diagnostic| {
            diagnostic.place.is_some_and(|place| self.artifacts.contains_key(&place.source))
        };
        let (results, others): (Vec<_>, Vec<_>) = findings.wanted().partition(stands_in_file);
        let exit_code = findings.exit_status();
        let version = env!("CARGO_PKG_VERSION");
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "k8s-healer",
                    "version": version,
                    "semanticVersion": version,
                    "rules": self.rules.iter().map(|code| descriptor(*code)).collect::<Vec<_>>(),
                } },
                "invocations": [{
                    "executionSuccessful": exit_code < 2,
                    "exitCode": exit_code,
                    "toolConfigurationNotifications":
                        others.into_iter().map(|other| self.notification(other)).collect::<Vec<_>>(),
                }],
                "originalUriBaseIds": {
                    BASE: { "description": message("the folder in which k8s-healer was run") }
                },
                "artifacts": self.artifacts(findings),
                "columnKind": "unicodeCodePoints",
                "results": results.into_iter().map(|result| self.result(result)).collect::<Vec<_>>(),
            }],
        })
    }

    fn result(&self, diagnostic: &Diagnostic) -> Value {
        let location = diagnostic.place.and_then(|place| self.location(place));
        let mut result = json!({
            "ruleId": diagnostic.code.name(),
            "ruleIndex": self.rule_index(diagnostic.code),
            "level": word(diagnostic.severity()),
            "message": message(&text(diagnostic)),
            "locations": location.into_iter().collect::<Vec<_>>(),
        });
        if !diagnostic.related.is_empty() {
            result["relatedLocations"] = self.related(&diagnostic.related).into();
        }
        result
    }

    fn notification(&self, diagnostic: &Diagnostic) -> Value {
        let place = self.ruler.place_of(diagnostic).filter(|(source, _)| kind(source) == Kind::Argument);
        let argument =
            place.map_or_else(String::new, |(source, _)| format!("{} {}: ", source.name, source.text));
        json!({
            "associatedRule": { "id": diagnostic.code.name(), "index": self.rule_index(diagnostic.code) },
            "level": word(diagnostic.severity()),
            "message": message(&format!("{argument}{}", text(diagnostic))),
            "locations": self.related(&diagnostic.related),
        })
    }

    fn related(&self, related: &[Related]) -> Vec<Value> {
        let locations = related.iter().enumerate().filter_map(|(index, related)| {
            let mut location = self.location(related.place)?;
            location["id"] = (index + 1).into();
            location["message"] = message(&related.label);
            Some(location)
        });
        locations.collect()
    }

    fn location(&self, place: Place) -> Option<Value> {
        let (source, range) = self.ruler.measure(place)?;
        let mut artifact = self.address(source);
        artifact["index"] = (*self.artifacts.get(&place.source)?).into();
        Some(json!({ "physicalLocation": { "artifactLocation": artifact, "region": region(range) } }))
    }

    fn artifacts(&self, findings: &Findings<'_>) -> Vec<Value> {
        let files = findings.sources.iter().filter(|(id, _)| self.artifacts.contains_key(id));
        files.map(|(_, source)| self.artifact(source)).collect()
    }

    fn artifact(&self, source: &Source) -> Value {
        let roles = match kind(source) {
            Kind::StandardInput => json!(["analysisTarget", "standardStream"]),
            Kind::File | Kind::Argument => json!(["analysisTarget"]),
        };
        json!({ "location": self.address(source), "roles": roles, "sourceLanguage": "yaml" })
    }

    /// Standard input has no address; code scanning takes no place without one, so its name is one.
    fn address(&self, source: &Source) -> Value {
        if kind(source) == Kind::StandardInput {
            return json!({ "uri": super::uri::encoded(&source.name), "description": message(&source.name) });
        }
        let uri = self.uris.of(&source.name);
        if uri.starts_with("file:") {
            json!({ "uri": uri })
        } else {
            json!({ "uri": uri, "uriBaseId": BASE })
        }
    }

    fn rule_index(&self, code: Code) -> usize {
        self.rules.partition_point(|rule| *rule < code)
    }
}

fn descriptor(code: Code) -> Value {
    json!({
        "id": code.name(),
        "shortDescription": message(code.summary()),
        "fullDescription": message(&code.meaning()),
        "help": { "text": super::explain::plain(code.page()), "markdown": code.page() },
        "defaultConfiguration": { "level": word(code.severity()) },
    })
}

/// The sentence, what to write instead, and links to the other places by their ids.
fn text(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.to_string();
    if !diagnostic.help.is_empty() {
        text.push_str(&format!("\nhelp: {}", diagnostic.help));
    }
    for (index, related) in diagnostic.related.iter().enumerate() {
        let label = related.label.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
        text.push_str(&format!("\nsee [{label}]({})", index + 1));
    }
    text
}

fn message(text: &str) -> Value {
    json!({ "text": text })
}

fn region(range: Range) -> Value {
    json!({
        "startLine": range.start.line,
        "startColumn": range.start.column,
        "endLine": range.end.line,
        "endColumn": range.end.column,
    })
}
