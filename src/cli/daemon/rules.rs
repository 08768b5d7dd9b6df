//! The rules that a daemon starts with: loaded before anything else is touched, and their mistakes shown as
//! `validate-rules` shows them.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::flags::RuleFlags;
use crate::cli::diagnostics::{Renderer, Style};
use crate::daemon::reload::files::RuleFiles;
use crate::daemon::supervisor::RuleSource;
use crate::rules::{Code, Digest, Input, LoadOptions, Loaded, Texts, load_texts};

/// More reports are of no use to a person; `validate-rules` counts them all.
const MOST_SHOWN: usize = 50;

/// The rules with the warnings about them and what they were read from, or the exit code after the mistakes
/// have been shown. I/O.
pub(in crate::cli) fn load_rules(paths: &[PathBuf], set: &[String]) -> Result<(Loaded, Digest), u8> {
    if paths.is_empty() {
        tell(
            "k8s-healer: no rules: name files or folders with --rules, in K8S_HEALER_RULES or in the config file",
        );
        return Err(2);
    }
    let texts = Texts::read(&inputs(paths));
    let digest = texts.digest();
    let loaded = load_texts(texts, &options(set));
    match &loaded.rule_set {
        Some(rules) if rules.rules.is_empty() => {
            tell(&format!("k8s-healer: there is no rule in {}", shown(paths)));
            return Err(2);
        }
        Some(_) => return Ok((loaded, digest)),
        None => {}
    }
    shown_as(&loaded, Style::of_terminal(&std::io::stderr())).iter().for_each(|picture| tell(picture));
    tell("k8s-healer: the rules have errors; nothing was started, and no cluster was asked");
    let unreadable = loaded.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::Unreadable);
    Err(if unreadable { 2 } else { 1 })
}

fn inputs(paths: &[PathBuf]) -> Vec<Input> {
    paths.iter().cloned().map(Input::Path).collect()
}

fn options(set: &[String]) -> LoadOptions {
    LoadOptions { set: set.to_vec(), ..LoadOptions::default() }
}

fn shown_as(loaded: &Loaded, style: Style) -> Vec<String> {
    let renderer = Renderer::new(&loaded.sources, style);
    loaded.diagnostics.iter().take(MOST_SHOWN).map(|diagnostic| renderer.render(diagnostic)).collect()
}

/// How the daemon reads them again. I/O.
pub(super) fn source_of(flags: &RuleFlags, loaded: &mut Loaded, known: Digest) -> RuleSource {
    let inputs = inputs(&flags.rules);
    let files = if flags.no_watch { None } else { follow(&inputs, known) };
    RuleSource {
        inputs,
        files,
        options: options(&flags.set),
        written: std::mem::take(&mut loaded.written),
        accept_removals: flags.accept_removals,
        render: Arc::new(|loaded| shown_as(loaded, Style::PLAIN)),
    }
}

fn follow(inputs: &[Input], known: Digest) -> Option<RuleFiles> {
    match RuleFiles::follow(inputs.to_vec(), known) {
        Ok(files) => Some(files),
        Err(error) => {
            tracing::warn!(%error, "changes of the rule files are not followed: `daemon reload` reads them again");
            None
        }
    }
}

/// Warnings about rules that may run: one line of the log each.
pub(super) fn warn_of(loaded: &Loaded) {
    for diagnostic in &loaded.diagnostics {
        let code = diagnostic.code.name();
        tracing::warn!(code, "{}", loaded.line_of(diagnostic));
    }
}

/// Before the log is set up. Whether anybody reads it changes nothing.
fn tell(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

fn shown(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
