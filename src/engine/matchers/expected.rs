//! What the operators of `field` expect: which types each can read, which texts it compares with, and what
//! the object carries for it.

use std::ops::BitOr;

use super::operand::{Operand, OperandKind, readable_times};
use super::operators::{Conversion, Operators, Test};
use super::term::{self, Term, Terms};
use crate::asked::{Expectation, ExpectedText, Types};
use crate::value_from::Carried;

impl Test {
    fn carried(&self, conversion: &Conversion) -> Vec<Carried<'_>> {
        let like = term::readable(conversion.kind);
        let times = readable_times(&conversion.formats);
        let (from, readable) = match self {
            Self::Equals(term) | Self::NotEquals(term) | Self::Ordered(_, term) => (term.from(), like),
            Self::In(terms) | Self::NotIn(terms) => return terms.carried(self.key(), like),
            Self::OlderThan(duration) | Self::NewerThan(duration) => (duration.from(), Types::STRING),
            Self::Before(moment) | Self::After(moment) => (moment.from(), times),
            Self::Size(count) => (count.from(), Types::STRING),
            Self::Exists(_) | Self::Matches(_) | Self::Glob(_) => (None, like),
        };
        from.map(|from| (vec![self.key().to_owned()], from, readable)).into_iter().collect()
    }
}

impl Operators {
    /// The operands that the object carries, each with the keys that lead to it.
    pub(super) fn carried(&self) -> Vec<Carried<'_>> {
        self.tests.iter().flat_map(|test| test.carried(&self.conversion)).collect()
    }

    /// What each operator can read, and what it compares with.
    pub(super) fn expectations(&self) -> Vec<Expectation> {
        self.tests.iter().map(|test| self.expectation(test)).collect()
    }

    fn expectation(&self, test: &Test) -> Expectation {
        let Conversion { kind, formats } = &self.conversion;
        let like = |term: &Term| match term.literal() {
            Some(operand) => operand.readable(kind.is_some(), formats),
            None => term::readable(*kind),
        };
        let text = |term: &Term, at: &[&str]| match term.literal() {
            Some(Operand::Text(text)) => {
                Some(ExpectedText { at: at.iter().map(ToString::to_string).collect(), text: text.clone() })
            }
            _ => None,
        };
        let each = |terms: &'_ Terms| match terms {
            Terms::Each(terms) => terms.clone(),
            Terms::List(_) => Vec::new(),
        };
        let texts = |terms: &Terms, key: &str| -> Vec<ExpectedText> {
            let one = |(index, term): (usize, &Term)| text(term, &[key, &index.to_string()]);
            each(terms).iter().enumerate().filter_map(one).collect()
        };
        let any = |terms: &Terms| match terms {
            Terms::Each(terms) => terms.iter().map(like).fold(Types::default(), BitOr::bitor),
            Terms::List(_) => term::readable(*kind),
        };
        let scalars = Types::STRING | Types::NUMBER | Types::BOOLEAN;
        let text_like = if *kind == Some(OperandKind::Text) { scalars } else { Types::STRING };
        let times = readable_times(formats);
        let key = test.key();
        let (readable, texts) = match test {
            Test::Equals(term) | Test::NotEquals(term) => {
                (like(term), text(term, &[key]).into_iter().collect())
            }
            Test::In(terms) | Test::NotIn(terms) => (any(terms), texts(terms, key)),
            Test::Exists(_) => (Types::ANY, Vec::new()),
            Test::Matches(_) | Test::Glob(_) => (text_like, Vec::new()),
            Test::Ordered(_, term) => (like(term), Vec::new()),
            Test::OlderThan(_) | Test::NewerThan(_) | Test::Before(_) | Test::After(_) => (times, Vec::new()),
            Test::Size(_) => (Types::LIST | Types::OBJECT, Vec::new()),
        };
        Expectation { at: vec![key.to_owned()], readable, texts }
    }
}
