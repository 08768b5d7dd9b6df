//! The daemon as a process of this machine: where its files lie ([`place`]), that there is one of it alone
//! ([`pid_file`]), how it leaves the terminal that started it ([`starter`]), and how it is told to end
//! ([`end`]).

pub mod end;
pub mod pid_file;
pub mod place;
pub mod starter;

/// What the system says, as a part of a sentence.
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}
