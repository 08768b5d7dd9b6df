//! Lowers `watch`: which kinds a rule looks at, as a person writes them.

use k8s_healer_engine::descriptor::ValueKind;
use k8s_healer_engine::rule::WatchTarget;

use super::code::Code;
use super::diagnostic::{Diagnostic, quoted};
use super::kinds::{self, Resolved};
use super::lowering::Lowering;
use super::names::{is_dns_label, is_dns_subdomain};
use super::node::{Data, Node};
use super::values::collect;

const FORMS: &str = "write `pods`, `virtualmachines.kubevirt.io` or `kubevirt.io/v1/VirtualMachine`, `*.kubevirt.io` \
     for all kinds of a group, or `\"*\"` for all there are";

impl Lowering<'_> {
    /// The targets of a rule, and what is known of them.
    pub(super) fn watch(&mut self, node: &Node) -> Option<(Vec<WatchTarget>, Vec<Resolved>)> {
        let (items, is_list) = match &node.data {
            Data::List(items) if !items.is_empty() => (items.iter().collect(), true),
            Data::List(_) => {
                self.list(node, "`watch`", "`[pods]`")?;
                return None;
            }
            _ => (vec![node], false),
        };
        let targets = collect(items.iter().map(|item| {
            if is_list {
                self.plain_entry(item, ValueKind::Texts, "`watch`", "[pods]")?;
            }
            self.target(item)
        }))?;
        let excluded: Vec<Resolved> = targets.iter().filter_map(excluded).map(kinds::resolve).collect();
        let is_excluded = |kind: &Resolved| excluded.iter().any(|other| other.name() == kind.name());
        let named = targets.iter().filter(|target| !matches!(target, WatchTarget::Except(_)));
        let resolved: Vec<Resolved> = named.map(kinds::resolve).filter(|kind| !is_excluded(kind)).collect();
        if resolved.is_empty() {
            let message = "the list excludes kinds and leaves none to watch";
            let help =
                "name a kind beside them, or watch `\"*\"`: `[\"*\", \"!leases.coordination.k8s.io\"]`";
            let place = items.first().map_or(node.place, |first| first.place);
            self.report_at(node, Diagnostic::new(Code::BadWatch, place, message).help(help));
            return None;
        }
        Some((targets, resolved))
    }

    fn target(&mut self, node: &Node) -> Option<WatchTarget> {
        let text = self.text(node, ValueKind::Text, "`watch`", "pods")?;
        let Some(target) = parse(&text) else {
            let message = format!("{} names no kind", quoted(&text));
            self.report_at(node, Diagnostic::new(Code::BadWatch, node.place, message).help(FORMS));
            return None;
        };
        self.warn_of_unknown(&target, node);
        self.uses.targets.push((target.clone(), node.into()));
        Some(target)
    }

    fn warn_of_unknown(&mut self, target: &WatchTarget, node: &Node) {
        let (meant, consequence) = match excluded(target) {
            Some(meant) => (meant, "nothing would be excluded"),
            None => (target, "the rule would sleep until a cluster has it"),
        };
        if kinds::resolve(meant).known().is_none()
            && let Some(nearest) = kinds::nearest(meant)
        {
            let message =
                format!("{} is no kind that is known here: {consequence}", quoted(&meant.to_string()));
            let help = format!("did you mean `{nearest}`?");
            self.report_at(node, Diagnostic::new(Code::UnknownKind, node.place, message).help(help));
        }
    }
}

fn excluded(target: &WatchTarget) -> Option<&WatchTarget> {
    match target {
        WatchTarget::Except(target) => Some(target),
        _ => None,
    }
}

pub(super) fn parse(text: &str) -> Option<WatchTarget> {
    if let Some(excluded) = text.strip_prefix('!') {
        return parse(excluded).filter(|target| !is_endless(target)).map(Box::new).map(WatchTarget::Except);
    }
    if text == "*" {
        return Some(WatchTarget::Every { group: None });
    }
    if let Some(group) = text.strip_prefix("*.") {
        return is_dns_subdomain(group).then(|| WatchTarget::Every { group: Some(group.to_owned()) });
    }
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [resource] => {
            let (name, group) = match resource.split_once('.') {
                Some((name, group)) => (name, Some(group)),
                None => (*resource, None),
            };
            // As kubectl has it: also a kind, such as `Pod`, in whatever letters.
            let sound = is_dns_label(&name.to_ascii_lowercase()) && group.is_none_or(is_dns_subdomain);
            sound.then(|| WatchTarget::Resource { name: name.to_owned(), group: group.map(str::to_owned) })
        }
        [version, kind] => of_kind("", version, kind),
        [group, version, kind] => of_kind(group, version, kind).filter(|_| is_dns_subdomain(group)),
        _ => None,
    }
}

/// `!*` and `!!pods` say nothing.
fn is_endless(target: &WatchTarget) -> bool {
    matches!(target, WatchTarget::Except(_) | WatchTarget::Every { group: None })
}

fn of_kind(group: &str, version: &str, kind: &str) -> Option<WatchTarget> {
    let is_kind = kind.starts_with(|c: char| c.is_ascii_uppercase())
        && kind.len() <= 63
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let sound = is_kind && kinds::is_version(version) && is_dns_label(version);
    sound.then(|| WatchTarget::Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_shown_as_written() {
        for text in [
            "pods",
            "vm",
            "Pod",
            "VirtualMachine",
            "Deployment.apps",
            "!Event",
            "virtualmachines.kubevirt.io",
            "deployments.v1.apps",
            "v1/Pod",
            "kubevirt.io/v1/VirtualMachine",
            "*",
            "*.kubevirt.io",
            "!leases.coordination.k8s.io",
            "!v1/Event",
            "!*.metrics.k8s.io",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_name_of_a_kind_is_refused() {
        for text in [
            "",
            "Pod.Apps",
            "-Pod",
            "pods.",
            ".apps",
            "a/b/c/d",
            "v1/pod",
            "apps/Deployment",
            "pods ",
            "po ds",
            "a..b",
            "/v1/Pod",
            "pods/v1",
            "**",
            "*.",
            "*pods",
            "*.Kube",
            "pod*",
            "!",
            "!!pods",
            "!*",
            "! pods",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
