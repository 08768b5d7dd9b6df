//! The message of `log` and `event`: text with `{{name}}`, `{{namespace}}`, `{{rule}}`, `{{reason}}` and paths
//! in it, or a text that the object carries.

use crate::descriptor::{Arguments, Fault, FaultKind, Key, ValueKind};
use crate::effect::{Inapplicable, REASON, RULE};
use crate::matcher::Context;
use crate::projection::Projection;
use crate::value_from::Sourced;
use crate::values::Path;

/// The key of a message.
pub(super) const MESSAGE: Key = Key::optional(
    "message",
    ValueKind::Sourced(&ValueKind::Text),
    "What is told; `{{name}}`, `{{namespace}}`, `{{rule}}`, `{{reason}}` and `{{$.path}}` are filled in.",
    "\"{{namespace}}/{{name}} leaked: {{reason}}\"",
)
.or("{{reason}}");

/// A message with placeholders.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Name,
    Namespace,
    /// Filled in by who knows it.
    Later(char),
    Path(Path),
    /// All of it stands in the object.
    Carried(Sourced<String>),
}

impl Template {
    /// Takes `message`; without one, the reason is told.
    pub(super) fn take(arguments: &mut Arguments) -> Result<Self, Fault> {
        match arguments.sourced_text("message") {
            Some(Sourced::Literal(message)) => Self::parse(&message),
            Some(carried @ Sourced::From(_)) => Ok(Self { parts: vec![Part::Carried(carried)] }),
            None => Self::parse("{{reason}}"),
        }
    }

    fn parse(message: &str) -> Result<Self, Fault> {
        let mut parts = Vec::new();
        let mut rest = message;
        while let Some((text, after)) = rest.split_once("{{") {
            parts.push(Part::Text(plain(text)));
            let Some((placeholder, after)) = after.split_once("}}") else {
                return Err(bad_placeholder("`{{` is not closed"));
            };
            parts.push(match placeholder.trim() {
                "name" => Part::Name,
                "namespace" => Part::Namespace,
                "rule" => Part::Later(RULE),
                "reason" => Part::Later(REASON),
                path => Part::Path(
                    Path::parse(path)
                        .map_err(|_| bad_placeholder(&format!("`{{{{{path}}}}}` is no placeholder")))?,
                ),
            });
            rest = after;
        }
        parts.push(Part::Text(plain(rest)));
        Ok(Self { parts })
    }

    /// The message for an object. The rule and the reason are left to who knows them.
    pub(super) fn filled(&self, action: &str, context: &Context<'_>) -> Result<String, Inapplicable> {
        let filled = |part: &Part| {
            Ok(match part {
                Part::Carried(carried) => {
                    let text = carried.read(context.object.object());
                    plain(&text.ok_or_else(|| Inapplicable::unreadable(action, carried))?)
                }
                Part::Text(text) => text.clone(),
                Part::Name => plain(context.object.name()),
                Part::Namespace => plain(context.object.namespace().unwrap_or_default()),
                Part::Later(place) => place.to_string(),
                Part::Path(path) => {
                    let shown = |node: &serde_json::Value| {
                        node.as_str().map_or_else(|| node.to_string(), str::to_owned)
                    };
                    let nodes = path.nodes(context.object.object());
                    plain(&nodes.into_iter().map(shown).collect::<Vec<_>>().join(", "))
                }
            })
        };
        self.parts.iter().map(filled).collect()
    }

    pub(super) fn reads(&self, projection: &mut Projection) {
        for part in &self.parts {
            match part {
                Part::Path(path) => projection.read(path),
                Part::Carried(carried) => carried.reads(projection),
                _ => {}
            }
        }
    }
}

/// Text in which nothing is filled in any more.
fn plain(text: &str) -> String {
    text.replace([RULE, REASON], "")
}

fn bad_placeholder(problem: &str) -> Fault {
    let help =
        "write `{{name}}`, `{{namespace}}`, `{{rule}}`, `{{reason}}` or a path such as `{{$.status.phase}}`";
    Fault::new(FaultKind::BadOperand, format!("`message`: {problem}"), help).under("message")
}

#[cfg(test)]
mod tests {
    use crate::descriptor::FaultKind;
    use crate::effect::Effect;
    use crate::facts::Facts;
    use crate::matcher::Context;
    use crate::observation::Observation;
    use crate::projection::Projection;
    use crate::rule::RuleId;
    use crate::testing::{action, at};
    use serde_json::{Value, json};

    fn told(name: &str, message: &str, object: &Value) -> String {
        let action = action(name, json!({ "message": message })).unwrap();
        let mut projection = Projection::of_identity();
        action.reads(&mut projection);
        let object = Observation::new(projection.parse(object.to_string().as_bytes()).unwrap());
        let facts = Facts::none();
        let context = Context::new(&object, &facts, at("00:00:00"));
        let id = RuleId { pack: "pack".into(), name: "vm-stale".into() };
        match action.effect(&context).unwrap().told_by(&id, "age 7m is over 6m, {{rule}}") {
            Effect::Log { message } | Effect::Event { message, .. } => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn placeholders_are_filled_in_and_nothing_that_an_object_says_is_one() {
        let object = json!({
            "metadata": {"namespace": "test-a", "name": "vm"},
            "status": {
                "phase": "Failed", "number": 3, "said": "{{name}} {{rule}} \u{fdd0}\u{fdd1}!",
                "list": ["a", {"b": 1}],
            },
        });
        for (message, expected) in [
            ("", ""),
            ("plain }} text", "plain }} text"),
            ("{{namespace}}/{{ name }}", "test-a/vm"),
            ("{{rule}}: {{reason}}", "pack/vm-stale: age 7m is over 6m, {{rule}}"),
            ("{{$.status.phase}} {{$.status.number}}", "Failed 3"),
            ("<{{$.status.missing}}>", "<>"),
            ("{{$.status.list[*]}}", "a, {\"b\":1}"),
            ("{{$.status.said}}", "{{name}} {{rule}} !"),
            ("{{name}}{{name}}", "vmvm"),
        ] {
            for name in ["log", "event"] {
                assert_eq!(told(name, message, &object), expected, "{message}");
            }
        }
        assert_eq!(told("log", "{{namespace}}|{{name}}", &json!({"metadata": {"name": "node"}})), "|node");
    }

    #[test]
    fn what_is_no_placeholder_is_a_fault() {
        for name in ["log", "event"] {
            for message in ["{{nam}}", "{{name", "{{}}", "{{status.phase}}", "{{$.[}}"] {
                let fault = action(name, json!({ "message": message })).map(|_| ()).unwrap_err();
                assert_eq!((fault.kind, &fault.at[..]), (FaultKind::BadOperand, &["message".to_owned()][..]));
            }
            assert!(action(name, json!({})).is_ok(), "the reason is told");
        }
    }
}
