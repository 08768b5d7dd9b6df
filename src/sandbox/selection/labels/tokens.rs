//! The words and signs of a label selector.

use std::collections::VecDeque;

/// A word or a sign. `in` and `notin` are words: whether they are more is known from where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Sign(&'static str),
    /// Behind the last one.
    End,
}

/// The longer ones first.
const SIGNS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];

/// What is left of a selector.
#[derive(Debug)]
pub(super) struct Tokens(VecDeque<Token>);

impl Tokens {
    pub(super) fn of(text: &str) -> Self {
        let mut tokens = VecDeque::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let after = match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
                Some(sign) => {
                    tokens.push_back(Token::Sign(sign));
                    &rest[sign.len()..]
                }
                None => {
                    let ends = |letter: char| letter.is_whitespace() || "=!(),<>".contains(letter);
                    let (word, after) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
                    tokens.push_back(Token::Word(word.to_owned()));
                    after
                }
            };
            rest = after.trim_start();
        }
        Self(tokens)
    }

    pub(super) fn next(&mut self) -> Token {
        self.0.pop_front().unwrap_or(Token::End)
    }

    pub(super) fn peek(&self) -> &Token {
        self.0.front().unwrap_or(&Token::End)
    }

    pub(super) fn next_is(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(next) if *next == sign)
    }
}

impl Token {
    /// As it stands in the selector.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Sign(sign) => sign,
            Self::End => "",
        }
    }
}
