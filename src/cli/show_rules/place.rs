//! Where a value comes from, as people and programs read it.

use serde::Serialize;

use crate::rules::{Loaded, Place};

/// A file and a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Origin {
    pub(super) file: String,
    pub(super) line: usize,
}

/// `None`: the language says so.
pub(super) fn origin(loaded: &Loaded, place: Option<Place>) -> Option<Origin> {
    let place = place?;
    let source = loaded.sources.get(place.source)?;
    let (line, _) = source.position(place.span.start);
    Some(Origin { file: source.name.clone(), line })
}

/// `rules.yaml:4`, `--set staleAge=1h`, `default`.
pub(super) fn shown(loaded: &Loaded, place: Option<Place>) -> String {
    let source = place.and_then(|place| loaded.sources.get(place.source));
    match (source, origin(loaded, place)) {
        (Some(source), _) if source.name == "--set" => format!("--set {}", source.text),
        (_, Some(Origin { file, line })) => format!("{file}:{line}"),
        _ => "default".to_owned(),
    }
}
