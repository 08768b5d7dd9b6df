//! What the rules of a pack name of a cluster: the kinds that they watch and the paths that they read, each
//! with its place, for whoever holds them against schemas.

use std::sync::Arc;

use k8s_healer_engine::asked::Types;
use k8s_healer_engine::matcher::Matcher;
use k8s_healer_engine::rule::WatchTarget;
use k8s_healer_engine::values::Path;

use super::arguments::locate;
use super::diagnostic::Place;
use super::node::{Entry, Node, Used};

/// What one rule names.
#[derive(Clone, Debug, Default)]
pub(super) struct RuleUses {
    /// The rule, as the beginning of a sentence.
    pub(super) subject: String,
    pub(super) targets: Vec<(WatchTarget, Located)>,
    pub(super) paths: Vec<PathUse>,
}

/// Where something is written.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub(super) place: Place,
    /// Where a rule asked for it by `${name}`.
    pub(super) used: Option<Arc<Used>>,
}

impl From<&Node> for Located {
    fn from(node: &Node) -> Self {
        Self { place: node.place, used: node.used.clone() }
    }
}

/// A path of a matcher.
#[derive(Clone, Debug)]
pub(super) struct PathUse {
    pub(super) path: Path,
    pub(super) located: Located,
    pub(super) expectations: Vec<ExpectationUse>,
    /// Its matcher was built, and has said what it expects.
    asked: bool,
}

/// What an operator expects at the end of a path.
#[derive(Clone, Debug)]
pub(super) struct ExpectationUse {
    /// The operator's key.
    pub(super) key: String,
    pub(super) located: Located,
    pub(super) readable: Types,
    /// The texts that it compares with.
    pub(super) texts: Vec<(String, Located)>,
}

impl RuleUses {
    pub(super) fn add_path(&mut self, path: &Path, node: &Node) {
        let (path, located) = (path.clone(), node.into());
        self.paths.push(PathUse { path, located, expectations: Vec::new(), asked: false });
    }

    /// Adds what a matcher expects of the paths that were read for it, those from `first` on.
    pub(super) fn ask(&mut self, first: usize, entry: &Entry, matcher: &dyn Matcher) {
        let own = self.paths.iter_mut().skip(first).filter(|path| !path.asked);
        let own: Vec<&mut PathUse> = own.collect();
        if own.is_empty() {
            return;
        }
        let all = matcher.asks();
        for path in own {
            path.asked = true;
            let is_path = |known: &Path| known.source() == path.path.source();
            let Some(asked) = all.iter().find(|asked| asked.paths.iter().any(is_path)) else { continue };
            let expectations = asked.expectations.iter().map(|expectation| ExpectationUse {
                key: expectation.at.last().cloned().unwrap_or_default(),
                located: locate(entry, &expectation.at).1.into(),
                readable: expectation.readable,
                texts: expectation
                    .texts
                    .iter()
                    .map(|text| (text.text.clone(), locate(entry, &text.at).1.into()))
                    .collect(),
            });
            path.expectations = expectations.collect();
        }
    }
}
