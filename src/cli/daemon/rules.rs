//! The rules that a daemon starts with: loaded before anything else is touched, their mistakes shown as
//! `validate-rules` shows them, and then read again whenever they change.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use k8s_healer_engine::rule::RuleSet;

use super::flags::RuleFlags;
use crate::cli::diagnostics::{Renderer, Style};
use crate::daemon::reload::files::RuleFiles;
use crate::daemon::supervisor::RuleSource;
use crate::rules::{Code, Digest, Input, LoadOptions, Loaded, Texts, load_texts};

/// More reports are of no use to a person; `validate-rules` counts them all.
const MOST_SHOWN: usize = 50;

/// Sound rules, and what they were read from.
pub(super) struct SoundRules {
    loaded: Loaded,
    inputs: Vec<Input>,
    options: LoadOptions,
    content: Digest,
}

impl SoundRules {
    /// Reads them, or the exit code after their mistakes have been shown. I/O.
    pub(super) fn load(flags: &RuleFlags) -> Result<Self, u8> {
        let paths = &flags.rules;
        if paths.is_empty() {
            tell(
                "k8s-healer: no rules: name files or folders with --rules, in K8S_HEALER_RULES or in the config file",
            );
            return Err(2);
        }
        let inputs = Input::of_paths(paths).map_err(|reason| {
            tell(&format!("k8s-healer: {reason}"));
            2
        })?;
        let options = LoadOptions { set: flags.set.clone(), ..LoadOptions::default() };
        let texts = Texts::read(&inputs);
        let content = texts.digest();
        let loaded = load_texts(texts, &options);
        match &loaded.rule_set {
            Some(rules) if rules.rules.is_empty() => {
                tell(&format!("k8s-healer: there is no rule in {}", shown(paths)));
                Err(2)
            }
            Some(_) => Ok(Self { loaded, inputs, options, content }),
            None => Err(refused(&loaded)),
        }
    }

    /// Warnings about rules that may run: one line of the log each.
    pub(super) fn warn(&self) {
        for diagnostic in &self.loaded.diagnostics {
            let code = diagnostic.code.name();
            tracing::warn!(code, "{}", self.loaded.line_of(diagnostic));
        }
    }

    /// The rules, and where others come from; from now on the files are followed, unless that is not wanted.
    pub(super) fn follow(self, flags: &RuleFlags) -> (RuleSet, RuleSource) {
        let Self { loaded, inputs, options, content } = self;
        let files =
            if flags.no_watch { Ok(None) } else { RuleFiles::follow(inputs.clone(), content).map(Some) };
        let files = files.unwrap_or_else(|error| {
            tracing::warn!(%error, "changes of the rule files are not seen: `k8s-healer daemon reload` reads them");
            None
        });
        let source = RuleSource {
            inputs,
            files,
            options,
            written: loaded.written,
            guardrails: loaded.guardrails,
            accept_removals: flags.accept_removals,
            render: Arc::new(rendered),
        };
        (loaded.rule_set.unwrap_or_default(), source)
    }
}

/// For whoever asks over the control socket: their terminal is not ours.
fn rendered(loaded: &Loaded) -> Vec<String> {
    let renderer = Renderer::new(&loaded.sources, Style::PLAIN);
    loaded.diagnostics.iter().take(MOST_SHOWN).map(|diagnostic| renderer.render(diagnostic)).collect()
}

fn refused(loaded: &Loaded) -> u8 {
    let renderer = Renderer::new(&loaded.sources, Style::of_terminal(&std::io::stderr()));
    for diagnostic in loaded.diagnostics.iter().take(MOST_SHOWN) {
        tell(&renderer.render(diagnostic));
    }
    tell("k8s-healer: the rules have errors; nothing was started, and no cluster was asked");
    let unreadable = loaded.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::Unreadable);
    if unreadable { 2 } else { 1 }
}

/// Before the log is set up. Whether anybody reads it changes nothing.
fn tell(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

fn shown(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
