//! Lowers `breaker`: the share of what a rule watches above which it does nothing more.

use k8s_healer_engine::descriptor::{Key, ValueKind};
use k8s_healer_engine::limits::{Breaker, Most};

use super::code::Code;
use super::diagnostic::{Diagnostic, quoted};
use super::lowering::{Fields, Keys, Lowering, Reported};
use super::node::Node;
use super::rule::inherited;

pub(super) const BREAKER: &[Key] = &[
    Key::optional(
        "share",
        ValueKind::Text,
        "Above this share of the watched objects it opens. Those that match now count, and those that the rule acted on \
         in the last ten minutes, also where they are gone.",
        "50%",
    )
    .or("50%"),
    Key::optional("from", ValueKind::Natural, "Of fewer watched objects it says nothing.", "10").or("10"),
];

/// The word for none.
pub(super) const OFF: &str = "off";

const EXAMPLE: &str = "{ share: 50%, from: 10 }";
const SHARE: u8 = 50;
const FROM: usize = 10;

impl Lowering<'_> {
    /// The rule's own breaker, else that of the defaults.
    pub(super) fn breaker(
        &mut self,
        rule: Fields<'_>,
        defaults: Option<Fields<'_>>,
    ) -> Result<Option<Breaker>, Reported> {
        let Some(entry) = inherited("breaker", rule, defaults) else { return Ok(None) };
        let before = self.out.errors();
        if let Some(scalar) = entry.value.scalar() {
            if scalar.text == OFF {
                return Ok(None);
            }
            let message =
                format!("`breaker` is {}, and not how large a share may match", quoted(&scalar.text));
            let help = format!("write `{EXAMPLE}`, or `{OFF}` for none");
            self.report_at(
                &entry.value,
                Diagnostic::new(Code::WrongType, entry.value.place, message).help(help),
            );
            return Err(Reported);
        }
        let known: Vec<&str> = BREAKER.iter().map(|key| key.name).collect();
        let keys = Keys { of: "`breaker`", known: &known, later: &[], example: EXAMPLE };
        let fields = self.fields(&entry.value, &keys).ok_or(Reported)?;
        if known.iter().all(|key| fields.get(key).is_none()) && self.out.errors() == before {
            let help = format!("write `{EXAMPLE}`, or `{OFF}` for none");
            let message = "`breaker` says nothing";
            self.report(Diagnostic::new(Code::MissingKey, entry.key.place, message).help(help));
        }
        let share = fields.value("share").map_or(Some(SHARE), |node| self.share(node));
        let from = fields.value("from").map_or(Some(FROM), |node| self.least(node));
        match (share, from) {
            (Some(share), Some(from)) if self.out.errors() == before => Ok(Some(Breaker { share, from })),
            _ => Err(Reported),
        }
    }

    fn share(&mut self, node: &Node) -> Option<u8> {
        let text = self.text(node, ValueKind::Text, "`share`", "50%")?;
        let diagnostic = match Most::parse(&text) {
            Some(Most::Percent(share)) if share > 0 => return Some(share),
            Some(most) if most.is_none() => {
                let message = format!("with `share: {text}` the rule never acts");
                Diagnostic::new(Code::NeverTrue, node.place, message)
            }
            _ => {
                let message = format!("{} is no share of the watched objects", quoted(&text));
                Diagnostic::new(Code::BadOperand, node.place, message)
            }
        };
        self.report_at(node, diagnostic.help("write a share from 1% to 100%, such as `50%`"));
        None
    }
}
