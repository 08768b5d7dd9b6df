//! A case, read from its transcript: the lines that begin with `>` are what is sent, those with `#` are
//! remarks, all others are the recorded answers.

use serde_json::Value;

/// What is sent, in order.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Step {
    /// The remarks and the script, as they stand in the file.
    pub(crate) lines: Vec<String>,
    /// None: remarks alone.
    pub(crate) action: Option<Action>,
    /// An answer stands below it.
    pub(crate) is_recorded: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Action {
    /// One request, one answer.
    Send(Request),
    /// Open a watch; its events are read by later steps.
    Watch(Request),
    /// Read from the watch opened last.
    Events(Amount),
    /// The server forgets all versions but the newest.
    Compact,
}

/// How many events are read.
#[derive(Debug, PartialEq)]
pub(crate) enum Amount {
    Some(usize),
    /// For a moment; none are expected.
    None,
    /// To the end of the stream.
    All,
}

/// Names in angle brackets stand for what earlier answers held.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    /// The parts of the answer that are compared; empty: all of it.
    pub(crate) only: Vec<String>,
    /// The parts that are not.
    pub(crate) without: Vec<String>,
    /// Of a failure, leave out the words: they tell of the server's own insides.
    pub(crate) wordless: bool,
    /// Send it again and again until the answer is this: a status, `/part=text`, or any text within.
    pub(crate) until: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Body {
    #[default]
    None,
    /// Written as YAML, sent as JSON.
    Object(Value),
    /// Sent as it is.
    Raw(String),
}

impl Case {
    /// Panics with the place of a mistake.
    pub(crate) fn parse(name: &str, text: &str) -> Self {
        let mut steps = Vec::new();
        let mut lines: Vec<String> = Vec::new();
        let mut answered = true;
        for line in text.lines() {
            let is_script = line.starts_with('>') || line.starts_with('#');
            // A script ends at its answer, at a blank line, or where a remark begins the next.
            let ends = !is_script || (line.starts_with('#') && lines.iter().any(|it| it.starts_with('>')));
            if ends && !answered {
                let is_recorded = !is_script && !line.is_empty();
                steps.push(Step { is_recorded, ..step(name, std::mem::take(&mut lines)) });
                answered = true;
            }
            if is_script {
                lines.push(line.to_owned());
                answered = false;
            }
        }
        if !lines.is_empty() {
            steps.push(step(name, lines));
        }
        Self { steps }
    }
}

fn step(case: &str, lines: Vec<String>) -> Step {
    let script: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix('>')).collect();
    let action = script.split_first().map(|(first, rest)| {
        let (word, argument) = first.trim().split_once(' ').unwrap_or((first.trim(), ""));
        match word {
            "EVENTS" => Action::Events(match argument {
                "none" => Amount::None,
                "all" => Amount::All,
                count => Amount::Some(count.parse().unwrap_or_else(|_| panic!("{case}: EVENTS {count}"))),
            }),
            "COMPACT" => Action::Compact,
            "WATCH" => Action::Watch(request(case, "GET", argument, rest)),
            method => Action::Send(request(case, method, argument, rest)),
        }
    });
    Step { lines, action, is_recorded: false }
}

fn request(case: &str, method: &str, path: &str, rest: &[&str]) -> Request {
    assert!(path.starts_with('/'), "{case}: {method} needs a path: {path:?}");
    let mut request = Request { method: method.to_owned(), path: path.to_owned(), ..Request::default() };
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let mut raw = false;
    let mut lines = rest.iter().peekable();
    while let Some(line) = lines.peek().map(|line| line.trim()) {
        let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "@only" => request.only = words(argument),
            "@without" => request.without = words(argument),
            "@until" => request.until = Some(argument.to_owned()),
            "@wordless" => request.wordless = true,
            "@raw" => raw = true,
            "@shape" => request.body = Body::Object(shape(argument)),
            // No field of an object begins so.
            header
                if header.ends_with(':') && header.starts_with(|first: char| first.is_ascii_uppercase()) =>
            {
                request.headers.push((header.trim_end_matches(':').to_owned(), argument.to_owned()));
            }
            unknown if unknown.starts_with('@') => panic!("{case}: unknown: {unknown}"),
            _ => break,
        }
        lines.next();
    }
    let body: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    if raw {
        request.body = Body::Raw(body.join("\n"));
    } else if !body.is_empty() {
        request.body = Body::Object(yaml(case, &body.join("\n")));
    }
    request
}

fn yaml(name: &str, text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}:\n{text}"))
}

/// An object too long to stand in a script.
fn shape(name: &str) -> Value {
    let file = format!("{}/tests/conformance/shapes/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    yaml(name, &text)
}

#[test]
fn a_script_is_read_with_its_remarks_and_without_its_answers() {
    let text =
        "# About it.\n\n# More.\n> GET /a\n> Accept: b\n> @only /c\n> {d: <rv-1>}\n200\n{}\n\n> EVENTS all\n";
    let case = Case::parse("test", text);
    let expected = Request {
        method: "GET".into(),
        path: "/a".into(),
        headers: vec![("Accept".into(), "b".into())],
        body: Body::Object(serde_json::json!({"d": "<rv-1>"})),
        only: vec!["/c".into()],
        ..Request::default()
    };
    let actions: Vec<&Option<Action>> = case.steps.iter().map(|step| &step.action).collect();
    assert_eq!(actions, [&None, &Some(Action::Send(expected)), &Some(Action::Events(Amount::All))]);
    let recorded: Vec<bool> = case.steps.iter().map(|step| step.is_recorded).collect();
    assert_eq!(recorded, [false, true, false]);
    assert_eq!(case.steps[1].lines, ["# More.", "> GET /a", "> Accept: b", "> @only /c", "> {d: <rv-1>}"]);
}
