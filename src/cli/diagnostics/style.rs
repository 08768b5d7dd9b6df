//! How output looks: what the terminal that reads it can show.

use std::io::IsTerminal;

/// How reports look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// With colours.
    pub colour: bool,
    /// With box-drawing characters.
    pub unicode: bool,
    /// Columns; `None`: those of the terminal.
    pub width: Option<usize>,
    /// With a last line that says where more can be read.
    pub hint: bool,
}

impl Style {
    /// Of reports in a file, a pipe or a test.
    pub const PLAIN: Self = Self { colour: false, unicode: true, width: Some(100), hint: false };

    /// What this terminal can show; `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb` are respected.
    #[must_use]
    pub fn of_terminal(terminal: &impl IsTerminal) -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable).into_iter().find(|value| !value.is_empty());
        let locale = locale.unwrap_or_default().to_lowercase();
        let forced = !["", "0"].contains(&&*variable("CLICOLOR_FORCE"));
        let shown = forced || (terminal.is_terminal() && variable("TERM") != "dumb");
        let colour = shown && variable("NO_COLOR").is_empty();
        let unicode = locale.contains("utf-8") || locale.contains("utf8");
        let width = if terminal.is_terminal() { None } else { Self::PLAIN.width };
        Self { colour, unicode, width, hint: true }
    }
}
