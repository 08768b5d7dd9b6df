//! Lowers `limits`: how much may match at all before a rule does nothing.

use k8s_healer_engine::descriptor::{Key, Value, ValueKind};
use k8s_healer_engine::limits::{Limits, Most};

use super::code::Code;
use super::diagnostic::{Diagnostic, quoted};
use super::later;
use super::lowering::{Fields, Keys, Lowering, Reported};
use super::node::Node;
use super::rule::inherited;

pub(super) const LIMITS: &[Key] = &[
    Key::required(
        "maxUnhealthy",
        ValueKind::Text,
        "So many of the watched objects may match, or such a share of them; where more do, nothing is done.",
        "40%",
    ),
    Key::optional("from", ValueKind::Integer, "Of fewer watched objects nothing is said.", "10").or("0"),
];

const EXAMPLE: &str = "{ maxUnhealthy: 40%, from: 10 }";

impl Lowering<'_> {
    /// The rule's own limits, else those of the defaults.
    pub(super) fn limits(
        &mut self,
        rule: Fields<'_>,
        defaults: Option<Fields<'_>>,
    ) -> Result<Option<Limits>, Reported> {
        let Some(entry) = inherited("limits", rule, defaults) else { return Ok(None) };
        let known: Vec<&str> = LIMITS.iter().map(|key| key.name).collect();
        let keys = Keys { of: "`limits`", known: &known, later: later::LIMITS, example: EXAMPLE };
        let before = self.out.errors();
        let fields = self.fields(&entry.value, &keys).ok_or(Reported)?;
        let most = match fields.value("maxUnhealthy") {
            Some(node) => self.most(node),
            None => {
                if !Self::may_be_misspelt(&entry.value, "maxUnhealthy", &known) && self.out.errors() == before
                {
                    let message = "`limits` lacks `maxUnhealthy`";
                    let diagnostic = Diagnostic::new(Code::MissingKey, entry.key.place, message);
                    self.report(diagnostic.help("write `maxUnhealthy: 40%`"));
                }
                None
            }
        };
        let from = match fields.value("from") {
            Some(node) => self.least(node),
            None => Some(0),
        };
        match (most, from) {
            (Some(most), Some(from)) if self.out.errors() == before => Ok(Some(Limits { most, from })),
            _ => Err(Reported),
        }
    }

    fn most(&mut self, node: &Node) -> Option<Most> {
        let text = self.text(node, ValueKind::Text, "`maxUnhealthy`", "40%")?;
        let help = "write a whole number, such as `5`, or a share, such as `40%`";
        let diagnostic = match Most::parse(&text) {
            Some(most) if !most.is_none() => return Some(most),
            Some(_) => {
                let message = format!("with `maxUnhealthy: {text}` the rule never acts");
                Diagnostic::new(Code::NeverTrue, node.place, message)
            }
            None => {
                let message = format!("{} is no number of objects and no share of them", quoted(&text));
                Diagnostic::new(Code::BadOperand, node.place, message)
            }
        };
        self.report_at(node, diagnostic.help(help));
        None
    }

    fn least(&mut self, node: &Node) -> Option<usize> {
        let Value::Integer(number) = self.value(node, ValueKind::Integer, "`from`", "10")? else {
            return None;
        };
        if let Ok(number) = usize::try_from(number) {
            return Some(number);
        }
        let message = format!("{number} is no number of objects");
        let diagnostic = Diagnostic::new(Code::BadOperand, node.place, message);
        self.report_at(node, diagnostic.help("write a whole number, such as `10`"));
        None
    }
}
