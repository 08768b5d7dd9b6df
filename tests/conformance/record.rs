//! The transcript of one step: the script as it stands, the answer as it is compared.

use serde_json::{Value, json};

use crate::case::{Request, Step};
use crate::exchange::Answer;
use crate::layout::layout;
use crate::normal::{Names, View};
use crate::prune::prune;

/// A transcript that grows.
#[derive(Default)]
pub(crate) struct Record {
    text: String,
}

impl Record {
    pub(crate) fn script(&mut self, step: &Step) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        step.lines.iter().for_each(|line| self.line(line));
    }

    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub(crate) fn answer(&mut self, answer: &Answer, request: &Request, names: &mut Names) {
        self.line(&answer.status.to_string());
        for header in &answer.headers {
            let header = names.text(header);
            self.line(&header);
        }
        match answer.json() {
            Some(body) => {
                let body = names.normal(&compared(&body, request), &View::of(&request.path, &body));
                self.line(&failure(&body, answer.status).unwrap_or_else(|| layout(&body)));
            }
            None => answer.text.lines().for_each(|line| self.line(&format!("| {}", names.text(line)))),
        }
    }

    /// One line of a watch.
    pub(crate) fn event(&mut self, line: &str, request: &Request, names: &mut Names) {
        let Ok(Value::Object(event)) = serde_json::from_str(line) else {
            return self.line(&format!("| {line}"));
        };
        let kind = event["type"].as_str().unwrap_or("?");
        let object = compared(&event["object"], request);
        let view = View { is_whole: kind == "BOOKMARK", ..View::default() };
        let object = names.normal(&object, &view);
        self.line(&format!("{kind} {}", layout(&object)));
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// A failure is compared as a whole, whatever the case looks at in a success.
fn compared(body: &Value, request: &Request) -> Value {
    if body["kind"] == "Status" && body["status"] == "Failure" {
        let words = ["/message", "/details/causes/*/message"].map(str::to_owned);
        return prune(body, &[], if request.wordless { &words } else { &[] });
    }
    prune(body, &request.only, &request.without)
}

/// A failure in short, if it has just the frame that every failure has.
fn failure(body: &Value, status: u16) -> Option<String> {
    let frame =
        json!({"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure", "code": status});
    let mut told = body.as_object()?.clone();
    for (key, value) in frame.as_object()? {
        (told.remove(key).as_ref() == Some(value)).then_some(())?;
    }
    Some(format!("Failure {}", layout(&told.into())))
}
