//! `--set pack.name=value` and `--set name=value`: each argument is a source of its own, so that a mistake
//! in it is shown like one in a file.

use std::cell::Cell;

use super::code::Code;
use super::diagnostic::{Collector, Diagnostic, Place, Span, one_of, quoted};
use super::names::{is_dns_label, is_parameter};
use super::node::{Data, Node, Scalar};
use super::source::{SourceId, Sources};
use super::{suggest, yaml};

/// One `--set`.
#[derive(Debug)]
pub(super) struct Setting {
    pack: Option<String>,
    pub(super) name: String,
    pub(super) value: Node,
    /// The characters before `=`.
    place: Place,
    used: Cell<bool>,
}

impl Setting {
    pub(super) fn new(pack: Option<&str>, name: &str, value: Node, place: Place) -> Self {
        Self { pack: pack.map(str::to_owned), name: name.to_owned(), value, place, used: Cell::new(false) }
    }

    fn sets(&self, pack: &str, name: &str) -> bool {
        self.name == name && self.pack.as_deref().is_none_or(|own| own == pack)
    }
}

/// Reads the arguments.
pub(super) fn parse(arguments: &[String], sources: &mut Sources, out: &mut Collector) -> Vec<Setting> {
    let mut settings = Vec::new();
    for argument in arguments {
        let source = sources.add("--set", argument);
        let (left, value) = argument.split_once('=').unwrap_or((argument, ""));
        let place = Place { source, span: Span { start: 0, end: left.len() } };
        let Some((pack, name)) = named(left).filter(|_| argument.contains('=')) else {
            let message = format!("{} sets no parameter", quoted(argument));
            let help = "write `--set pack.parameter=value` or `--set parameter=value`";
            out.push(Diagnostic::new(Code::BadSet, place, message).help(help));
            continue;
        };
        let start = left.len() + 1;
        let value = value_of(value, source, start, out);
        settings.push(Setting::new(pack, name, value, place));
    }
    settings
}

/// The pack, if one is named, and the parameter of `pack.parameter`; `None`: it names none.
pub(super) fn named(text: &str) -> Option<(Option<&str>, &str)> {
    let (pack, name) = match text.split_once('.') {
        Some((pack, name)) => (Some(pack), name),
        None => (None, text),
    };
    (is_parameter(name) && pack.is_none_or(is_dns_label)).then_some((pack, name))
}

/// A list in brackets or a quoted string is read as YAML; all else is a plain scalar as it stands, so that
/// `>= 3` and `*` need no quotes in quotes.
fn value_of(value: &str, source: SourceId, start: usize, out: &mut Collector) -> Node {
    let place = Place { source, span: Span { start, end: start + value.len() } };
    let is_yaml = value.starts_with(['[', '"', '\'']);
    if is_yaml {
        let mut scratch = Collector::default();
        // Blanks keep the places right; the argument before them is not YAML.
        let text = format!("{}{value}", " ".repeat(start));
        let mut documents = yaml::compose(source, &text, &mut scratch);
        if scratch.errors() == 0 && documents.len() == 1 {
            return documents.swap_remove(0);
        }
        let message = format!("{} is no list and no quoted string", quoted(value));
        out.push(
            Diagnostic::new(Code::BadSet, place, message).help("write `[a, b]`, or a value without quotes"),
        );
        return Node { place, data: Data::Broken, used: None };
    }
    Node { place, data: Data::Scalar(Scalar { text: value.to_owned(), plain: true }), used: None }
}

/// The value set for a parameter: one for this pack wins over one for every pack, a later one over an
/// earlier one.
pub(super) fn value<'s>(settings: &'s [Setting], pack: &str, name: &str) -> Option<&'s Node> {
    let setting: Vec<&Setting> = settings.iter().filter(|setting| setting.sets(pack, name)).collect();
    setting.iter().for_each(|setting| setting.used.set(true));
    setting.into_iter().max_by_key(|setting| setting.pack.is_some()).map(|setting| &setting.value)
}

const NONE: &str = "leave it out: no pack here has parameters";

/// Reports what no pack has.
pub(super) fn report_unused(settings: &[Setting], parameters: &[(String, String)], out: &mut Collector) {
    for setting in settings.iter().filter(|setting| !setting.used.get()) {
        let packs: Vec<&str> = parameters.iter().map(|(pack, _)| pack.as_str()).collect();
        let of_pack = |own: &str| setting.pack.as_deref().is_none_or(|pack| pack == own);
        let mut names: Vec<&str> =
            parameters.iter().filter(|(pack, _)| of_pack(pack)).map(|(_, name)| name.as_str()).collect();
        names.dedup();
        names.truncate(20);
        let (message, help) = match &setting.pack {
            Some(pack) if !packs.contains(&pack.as_str()) => {
                let message = format!("no pack with parameters is called {}", quoted(pack));
                let mut known = packs.clone();
                known.dedup();
                known.truncate(20);
                let help = match suggest::nearest(pack, packs) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => NONE.to_owned(),
                    None => format!("there are {}", one_of(known)),
                };
                (message, help)
            }
            pack => {
                let of = pack
                    .as_ref()
                    .map_or_else(|| "no pack has".to_owned(), |pack| format!("pack {} has no", quoted(pack)));
                let message = match pack {
                    Some(_) => format!("{of} parameter {}", quoted(&setting.name)),
                    None => format!("{of} a parameter {}", quoted(&setting.name)),
                };
                let help = suggest::nearest(&setting.name, names.iter().copied()).map_or_else(
                    || format!("there are {}", one_of(names.iter().copied())),
                    |near| format!("did you mean `{near}`?"),
                );
                (message, if names.is_empty() { NONE.to_owned() } else { help })
            }
        };
        out.push(Diagnostic::new(Code::BadSet, setting.place, message).help(help));
    }
}
