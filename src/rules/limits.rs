//! Lowers `limits`: how much may match at all before a rule does nothing, how much of it may be under way at once,
//! and what goes first.

use k8s_healer_engine::descriptor::{Key, Presence, Value, ValueKind};
use k8s_healer_engine::limits::{GroupBy, InFlight, Limits, Most, Order, Unhealthy};
use k8s_healer_engine::values::Path;

use super::code::Code;
use super::diagnostic::{Diagnostic, Place, quoted};
use super::kinds::Resolved;
use super::lowering::{Fields, Keys, Lowering, Reported};
use super::node::{Entry, Node};
use super::rule::inherited;

pub(super) const LIMITS: &[Key] = &[
    Key::asking(
        "maxUnhealthy",
        ValueKind::Text,
        "So many of the watched objects may match, or such a share of them; where more do, nothing is done.",
        "40%",
    ),
    Key::optional("from", ValueKind::Natural, "Of fewer watched objects `maxUnhealthy` says nothing.", "10")
        .present(Presence::Beside("maxUnhealthy"))
        .or("0"),
    Key::asking(
        "inFlight",
        ValueKind::Block(IN_FLIGHT),
        "So much may be under way at once; what is beyond waits until something is through. In flight is what the rule \
         has begun to change, until it is gone, or else until the rule is not true of it any more; and what is \
         terminating already, if the rule removes and would be true of it otherwise.",
        "{ max: 1, groupBy: node }",
    ),
    Key::asking(
        "order",
        ValueKind::Choice(Order::NAMES),
        "What goes first of what is due at once: by creationTimestamp, or the pod whose containers were restarted most \
         often. What does not tell goes last.",
        "oldest",
    )
    .or("what was due first"),
];

pub(super) const IN_FLIGHT: &[Key] = &[
    Key::required("max", ValueKind::Integer, "So many objects.", "1"),
    Key::optional(
        "groupBy",
        ValueKind::Text,
        "So many in each group: of the same `namespace`, `node` or `owner` (its controller), or with the same value at \
         a JSONPath that leads to one place. Those without a controller are one group; of what is on no node, or has nothing at the path, the group is unknown: it is held back.",
        "$.spec.nodeName",
    ),
];

/// What tells its node in `spec.nodeName` or `status.nodeName`.
const BOUND: &[&str] = &["pods", "virtualmachineinstances.kubevirt.io", "volumeattachments.storage.k8s.io"];

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
        let keys = Keys { of: "`limits`", known: &known, later: &[], example: EXAMPLE };
        let before = self.out.errors();
        let fields = self.fields(&entry.value, &keys).ok_or(Reported)?;
        self.check_says_something(entry, fields, before);
        let most = fields.value("maxUnhealthy").map(|node| self.most(node));
        let from = fields.value("from").map_or(Some(0), |node| self.least(node));
        let unhealthy = most.and_then(|most| Some(Unhealthy { most: most?, from: from? }));
        let in_flight = fields.get("inFlight").and_then(|entry| self.in_flight(entry));
        let order = fields.value("order").and_then(|node| self.order(node));
        if self.out.errors() > before {
            return Err(Reported);
        }
        Ok(Some(Limits { unhealthy, breaker: None, in_flight, order }))
    }

    fn check_says_something(&mut self, entry: &Entry, fields: Fields<'_>, before: usize) {
        let known: Vec<&str> = LIMITS.iter().map(|key| key.name).collect();
        let says = |key: &&str| fields.get(key).is_some();
        let says_something = ["maxUnhealthy", "inFlight", "order"].iter().any(says);
        let lacks = !says_something || (says(&"from") && !says(&"maxUnhealthy"));
        if lacks
            && self.out.errors() == before
            && !Self::may_be_misspelt(&entry.value, "maxUnhealthy", &known)
        {
            let (message, help) = if says(&"from") {
                ("`limits` lacks `maxUnhealthy`, which `from` is about", "write `maxUnhealthy: 40%`")
            } else {
                let help = "write `maxUnhealthy: 40%`, `inFlight: { max: 1 }` or `order: oldest`";
                ("`limits` limits nothing", help)
            };
            self.report(Diagnostic::new(Code::MissingKey, entry.key.place, message).help(help));
        }
    }

    fn in_flight(&mut self, entry: &Entry) -> Option<InFlight> {
        let value = self.value(&entry.value, ValueKind::Block(IN_FLIGHT), "`inFlight`", "{ max: 1 }")?;
        let Value::Block(mut arguments) = value else { return None };
        let node = |key: &str| entry.value.get(key).map_or(&entry.value, |entry| &entry.value);
        let group_by = match arguments.text("groupBy") {
            Some(text) => Some(self.group_by(node("groupBy"), &text)?),
            None => None,
        };
        let max = arguments.integer("max")?;
        let most = usize::try_from(max).ok().filter(|most| *most > 0);
        if most.is_none() {
            let node = node("max");
            let diagnostic = match max {
                0 => {
                    let message = "with `max: 0` the rule never acts";
                    Diagnostic::new(Code::NeverTrue, node.place, message)
                }
                _ => {
                    let message = format!("{max} is no number of objects");
                    Diagnostic::new(Code::BadOperand, node.place, message)
                }
            };
            self.report_at(node, diagnostic.help("write a whole number from 1 up, such as `max: 1`"));
        }
        Some(InFlight { most: most?, group_by })
    }

    fn group_by(&mut self, node: &Node, text: &str) -> Option<GroupBy> {
        if let Some(named) = GroupBy::named(text) {
            if matches!(named, GroupBy::Node) {
                self.check_has_nodes(node.place);
            }
            return Some(named);
        }
        let help = "write `namespace`, `node`, `owner`, or a path to one place, such as `$.spec.nodeName`";
        let problem = match Path::parse(text) {
            Ok(path) if path.is_singular() => {
                self.uses.add_path(&path, node);
                return Some(GroupBy::Path(path));
            }
            Ok(_) => "may lead to several places, and an object is in one group".to_owned(),
            Err(error) if text.starts_with('$') => error.problem,
            Err(_) => "is neither a path nor a word for a group".to_owned(),
        };
        let nearest = super::suggest::nearest(text, GroupBy::WORDS.iter().copied());
        let help = nearest.map_or_else(|| help.to_owned(), |word| format!("did you mean `{word}`?"));
        let message = format!("{} {problem}", quoted(text));
        self.report_at(node, Diagnostic::new(Code::BadOperand, node.place, message).help(help));
        None
    }

    fn order(&mut self, node: &Node) -> Option<Order> {
        let value = self.value(node, ValueKind::Choice(Order::NAMES), "`order`", "oldest")?;
        let Value::Text(word) = value else { return None };
        let order = Order::named(&word)?;
        if order == Order::MostRestarts {
            self.check_has_containers(node.place);
        }
        Some(order)
    }

    /// Only pods tell how often their containers were restarted.
    fn check_has_containers(&mut self, place: Place) {
        let is_other = |watched: &Resolved| watched.known().is_some_and(|kind| kind.resource() != "pods");
        if let Some(other) = self.kinds.iter().find(|watched| is_other(watched)) {
            let message = format!("`{}` have no containers that were restarted", other.name());
            let diagnostic = Diagnostic::new(Code::BadOperand, place, message);
            self.report(diagnostic.help("write `oldest` or `newest`, or watch pods alone"));
        }
    }

    /// Of what is bound to no node the group is never known, and nothing is ever done.
    fn check_has_nodes(&mut self, place: Place) {
        let is_other =
            |watched: &Resolved| watched.known().is_some_and(|kind| !BOUND.contains(&&*kind.resource()));
        if let Some(other) = self.kinds.iter().find(|watched| is_other(watched)) {
            let message = format!("`{}` are bound to no node", other.name());
            let help =
                "group by `namespace`, `owner` or a path, or watch pods or VirtualMachineInstances alone";
            self.report(Diagnostic::new(Code::BadOperand, place, message).help(help));
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

    pub(super) fn least(&mut self, node: &Node) -> Option<usize> {
        let Value::Integer(number) = self.value(node, ValueKind::Natural, "`from`", "10")? else {
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
