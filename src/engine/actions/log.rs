//! `log`: a line in the log, with placeholders. Nothing is sent.

use crate::action::Action;
use crate::descriptor::{ActionDescriptor, Fault, FaultKind, Key, Nature, Shape, ValueKind};
use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::projection::Projection;
use crate::values::Path;

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "log",
    summary: "Writes a line into the log; `{{name}}`, `{{namespace}}`, `{{rule}}`, `{{reason}}` and `{{$.path}}` are filled in.",
    shape: Shape::Keys(&[Key::optional(
        "message",
        ValueKind::Text,
        "The line.",
        "\"{{namespace}}/{{name}} leaked: {{reason}}\"",
    )
    .or("{{reason}}")]),
    examples: &["log: { message: \"{{namespace}}/{{name}} leaked\" }"],
    kinds: &[],
    nature: Nature { removes: false, needs_terminating: false, harmless: true },
    build: |mut arguments| {
        let message = arguments.text("message").unwrap_or_else(|| "{{reason}}".to_owned());
        template(&message).map(|parts| -> Box<dyn Action> { Box::new(Log { parts }) })
    },
};

#[derive(Debug)]
struct Log {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Name,
    Namespace,
    /// Filled in by the caller, who knows them.
    Later(&'static str),
    Path(Path),
}

fn template(message: &str) -> Result<Vec<Part>, Fault> {
    let mut parts = Vec::new();
    let mut rest = message;
    while let Some((text, after)) = rest.split_once("{{") {
        parts.push(Part::Text(text.to_owned()));
        let Some((placeholder, after)) = after.split_once("}}") else {
            return Err(bad_placeholder("`{{` is not closed"));
        };
        parts.push(match placeholder.trim() {
            "name" => Part::Name,
            "namespace" => Part::Namespace,
            "rule" => Part::Later("{{rule}}"),
            "reason" => Part::Later("{{reason}}"),
            path => Part::Path(
                Path::parse(path)
                    .map_err(|_| bad_placeholder(&format!("`{{{{{path}}}}}` is no placeholder")))?,
            ),
        });
        rest = after;
    }
    parts.push(Part::Text(rest.to_owned()));
    Ok(parts)
}

fn bad_placeholder(problem: &str) -> Fault {
    let help =
        "write `{{name}}`, `{{namespace}}`, `{{rule}}`, `{{reason}}` or a path such as `{{$.status.phase}}`";
    Fault::new(FaultKind::BadOperand, format!("`message`: {problem}"), help).under("message")
}

impl Action for Log {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        let filled = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Name => context.object.name().to_owned(),
            Part::Namespace => context.object.namespace().unwrap_or_default().to_owned(),
            Part::Later(placeholder) => (*placeholder).to_owned(),
            Part::Path(path) => {
                let shown =
                    |node: &serde_json::Value| node.as_str().map_or_else(|| node.to_string(), str::to_owned);
                path.nodes(context.object.object()).into_iter().map(shown).collect::<Vec<_>>().join(", ")
            }
        };
        Ok(Effect::Log { message: self.parts.iter().map(filled).collect() })
    }

    fn reads(&self, projection: &mut Projection) {
        for part in &self.parts {
            if let Part::Path(path) = part {
                projection.read(path);
            }
        }
    }

    fn describe(&self) -> String {
        "log".to_owned()
    }
}
