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

    /// What this terminal can show; `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR` and `TERM` are respected, as clap does it.
    #[must_use]
    pub fn of_terminal(terminal: &impl IsTerminal) -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable).into_iter().find(|value| !value.is_empty());
        let locale = locale.unwrap_or_default().to_lowercase();
        let colour = has_colour(&|name| std::env::var(name).ok(), terminal.is_terminal());
        let unicode = locale.contains("utf-8") || locale.contains("utf8");
        let width = if terminal.is_terminal() { None } else { Self::PLAIN.width };
        Self { colour, unicode, width, hint: true }
    }
}

/// As `anstream` decides it, by which help and its errors are coloured: <https://bixense.com/clicolors/>.
fn has_colour(variable: &dyn Fn(&str) -> Option<String>, is_terminal: bool) -> bool {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let is_on = |name: &str| variable(name).is_some_and(|value| !["", "0"].contains(&&*value));
    if is_set("NO_COLOR") {
        return false;
    }
    if is_on("CLICOLOR_FORCE") {
        return true;
    }
    let is_off = variable("CLICOLOR").as_deref() == Some("0");
    // Without a name, as of a job's output, nothing is known of what the terminal can show.
    let can_show = variable("TERM").is_some_and(|name| !["", "dumb"].contains(&&*name));
    is_terminal && !is_off && (can_show || is_on("CLICOLOR") || variable("CI").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_where_the_environment_wants_them_and_the_terminal_can_show_them() {
        for (environment, on_terminal, in_pipe) in [
            (&[("TERM", "xterm")][..], true, false),
            (&[], false, false),
            (&[("TERM", "dumb")], false, false),
            (&[("TERM", "xterm"), ("CLICOLOR", "0")], false, false),
            (&[("TERM", "xterm"), ("CLICOLOR", "1")], true, false),
            (&[("CLICOLOR", "1")], true, false),
            (&[("CI", "true")], true, false),
            (&[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], true, true),
            (&[("TERM", "xterm"), ("CLICOLOR_FORCE", "0")], true, false),
            (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false),
            (&[("TERM", "xterm"), ("NO_COLOR", "")], true, false),
        ] {
            let variable = |name: &str| {
                environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(has_colour(&variable, true), on_terminal, "{environment:?}");
            assert_eq!(has_colour(&variable, false), in_pipe, "{environment:?}");
        }
    }
}
