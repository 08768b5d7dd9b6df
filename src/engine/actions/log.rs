//! `log`: a line in the log. Nothing is sent.

use super::template::{MESSAGE, Template};
use crate::action::Action;
use crate::descriptor::{ActionDescriptor, Nature, Shape};
use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::projection::Projection;

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "log",
    summary: "Writes a line into the log; `{{name}}`, `{{namespace}}`, `{{rule}}`, `{{reason}}` and `{{$.path}}` are filled in.",
    shape: Shape::Keys(&[MESSAGE]),
    examples: &["log: { message: \"{{namespace}}/{{name}} leaked\" }"],
    kinds: &[],
    nature: Nature { removes: false, needs_terminating: false, harmless: true },
    build: |mut arguments| Ok(Box::new(Log { message: Template::take(&mut arguments)? })),
};

#[derive(Debug)]
struct Log {
    message: Template,
}

impl Action for Log {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        Ok(Effect::Log { message: self.message.filled("log", context)? })
    }

    fn reads(&self, projection: &mut Projection) {
        self.message.reads(projection);
    }

    fn describe(&self) -> String {
        "log".to_owned()
    }
}
