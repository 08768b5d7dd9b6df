//! What differs from run to run, replaced by names that are numbered in the order of appearance, so that
//! equality and change stay visible: `<uid-1>`, `<rv-1>`, `<at-1>` for the version of a whole list or of a
//! bookmark, `<continue-1>`, `<name-1>` for a generated name, `<token-1>`, `<time>`, `<age>`, `<ns>`.

use serde_json::{Map, Value};

/// What stands for what. Later requests of a case use the same names.
pub(crate) struct Names {
    /// Name, value.
    known: Vec<(String, String)>,
    /// A continue token, and the version of the list that it goes on with.
    continued: Vec<(String, String)>,
}

/// What is known of an answer by the request.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// The names in a request for one certain version: the list has that version and no newer one.
    pub(crate) exactly: Vec<String>,
    /// It is a list, or a bookmark: its version is not that of an object.
    pub(crate) is_whole: bool,
}

impl View {
    pub(crate) fn of(path: &str, body: &Value) -> Self {
        let is_exact = path.contains("resourceVersionMatch=Exact") || path.contains("continue=");
        let names = path.match_indices('<').filter_map(|(at, _)| {
            let end = path[at..].find('>')?;
            Some(path[at..=at + end].to_owned())
        });
        let is_whole = body["items"].is_array() || body["rows"].is_array();
        Self { exactly: names.filter(|_| is_exact).collect(), is_whole }
    }
}

impl Names {
    pub(crate) fn new(namespace: &str) -> Self {
        Self { known: vec![("<ns>".into(), namespace.into())], continued: Vec::new() }
    }

    /// The text with every name replaced by what it stands for.
    pub(crate) fn fill(&self, text: &str) -> String {
        self.known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// The same in all strings of a body.
    pub(crate) fn fill_in(&self, body: &Value) -> Value {
        match body {
            Value::String(text) => self.fill(text).into(),
            Value::Array(items) => items.iter().map(|item| self.fill_in(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| (self.fill(key), self.fill_in(value)));
                fields.collect::<Map<_, _>>().into()
            }
            plain => plain.clone(),
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.known.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value's name of this sort; a new one if it has none.
    fn name(&mut self, sort: &str, value: &str) -> String {
        let is_of_sort = |name: &str| name.starts_with(&format!("<{sort}-"));
        let found = self.known.iter().rev().find(|(name, known)| is_of_sort(name) && known == value);
        if let Some((name, _)) = found {
            return name.clone();
        }
        self.new_name(sort, value)
    }

    fn new_name(&mut self, sort: &str, value: &str) -> String {
        let prefix = format!("<{sort}-");
        let count = self.known.iter().filter(|(name, _)| name.starts_with(&prefix)).count();
        let name = format!("{prefix}{}>", count + 1);
        self.known.push((name.clone(), value.to_owned()));
        name
    }

    /// A whole body.
    pub(crate) fn normal(&mut self, body: &Value, view: &View) -> Value {
        let mut body = body.clone();
        let version = body.pointer_mut("/metadata/resourceVersion").filter(|_| view.is_whole);
        let version = version.map(Value::take).unwrap_or_default();
        let at = version.as_str().filter(|version| !version.is_empty()).map(|version| {
            let token = body.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default();
            self.version_of_list(version, token, view)
        });
        let mut normal = self.part("", &body);
        if let Some(at) = at {
            normal["metadata"]["resourceVersion"] = at.into();
        }
        normal
    }

    /// Others write at the same time, so the version of a list is its own, but where one was asked for.
    fn version_of_list(&mut self, version: &str, token: &str, view: &View) -> String {
        let continued = view.exactly.iter().filter_map(|name| {
            let at = self.continued.iter().find(|(token, _)| token == name)?;
            Some(at.1.clone())
        });
        let mut asked = continued.chain(view.exactly.iter().cloned());
        let at = asked.find(|name| self.value(name) == Some(version));
        let at = at.unwrap_or_else(|| self.new_name("at", version));
        if !token.is_empty() {
            // Two lists of one moment have one token.
            let token = self.new_name("continue", token);
            self.continued.push((token, at.clone()));
        }
        at
    }

    fn fields(&mut self, fields: &Map<String, Value>) -> Map<String, Value> {
        let is_table = fields.get("kind").is_some_and(|kind| kind == "Table");
        self.learn_generated_name(fields);
        let mut normal = Map::new();
        for (key, value) in fields {
            // Who wrote which field is no matter of these cases; nor are texts for people.
            if key == "managedFields" || (is_table && key == "columnDefinitions" && !value.is_array()) {
                continue;
            }
            let mut value = self.part(key, value);
            if let (true, "columnDefinitions", Value::Array(columns)) = (is_table, key.as_str(), &mut value) {
                for column in columns.iter_mut().filter_map(Value::as_object_mut) {
                    column.remove("description");
                }
            }
            normal.insert(self.shorten(key), value);
        }
        normal
    }

    fn learn_generated_name(&mut self, fields: &Map<String, Value>) {
        let text = |key: &str| fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let (Some(prefix), Some(name)) = (text("generateName"), text("name"))
            && name.starts_with(prefix)
            && name != prefix
        {
            self.name("name", name);
        }
    }

    /// A part of a body; `key` is the field it is the value of.
    fn part(&mut self, key: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => self.fields(fields).into(),
            Value::Array(items) => items.iter().map(|item| self.part(key, item)).collect(),
            Value::String(text) => self.string(key, text).into(),
            plain => plain.clone(),
        }
    }

    fn string(&mut self, key: &str, text: &str) -> String {
        match key {
            _ if text.is_empty() => String::new(),
            "resourceVersion" if text != "0" && is_number(text) => self.name("rv", text),
            "continue" => self.name("continue", text),
            "token" => self.name("token", text),
            "cells" if is_age(text) => "<age>".into(),
            "message" => {
                let text = self.text(text);
                self.versions_in(&text)
            }
            _ => self.text(text),
        }
    }

    /// The namespace and generated names, wherever they stand.
    fn shorten(&self, text: &str) -> String {
        let named = self.known.iter().filter(|(name, _)| name == "<ns>" || name.starts_with("<name-"));
        named.fold(text.to_owned(), |text, (name, value)| text.replace(value, name))
    }

    /// Any text: uids and times too.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let text = self.shorten(text);
        let mut normal = String::new();
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            if let Some(uid) = rest.get(..36).filter(|start| is_uid(start)) {
                normal.push_str(&self.name("uid", uid));
                rest = &rest[36..];
            } else if let Some(length) = time_at(rest) {
                normal.push_str("<time>");
                rest = &rest[length..];
            } else {
                normal.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        normal
    }

    /// Versions that are known by now; the present one, which nobody else has told, is `<now>`.
    fn versions_in(&self, text: &str) -> String {
        let mut normal = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
            let length = rest[start..].find(|letter: char| !letter.is_ascii_digit());
            let end = length.map_or(rest.len(), |length| start + length);
            let (before, number) = (&rest[..start], &rest[start..end]);
            normal.push_str(before);
            // Smaller numbers are more likely to be something else.
            let known = self.known.iter().find(|(name, value)| name.starts_with("<rv-") && value == number);
            match known.filter(|_| number.len() > 2) {
                _ if before.ends_with("current: ") => normal.push_str("<now>"),
                Some((name, _)) => normal.push_str(name),
                None => normal.push_str(number),
            }
            rest = &rest[end..];
        }
        normal.push_str(rest);
        normal
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_uid(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.bytes().enumerate().all(|(at, byte)| match byte {
        b'-' => dashes.contains(&at),
        _ => !dashes.contains(&at) && matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    }) && !text.starts_with("00000000")
}

/// The length of a time that the text starts with.
fn time_at(text: &str) -> Option<usize> {
    let digits = text.get(..19)?.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T' || byte == b' ',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    if !digits {
        return None;
    }
    let rest = &text[19..];
    let fraction = rest.find(|letter: char| letter != '.' && !letter.is_ascii_digit()).unwrap_or(rest.len());
    let zone = ["Z", " +0000 UTC"].iter().find(|zone| rest[fraction..].starts_with(**zone));
    Some(19 + fraction + zone.map_or(0, |zone| zone.len()))
}

/// `5s`, `2m3s`.
fn is_age(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.ends_with(['s', 'm', 'h', 'd'])
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"smhd".contains(&byte))
}
