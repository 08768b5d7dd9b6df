//! Which object is meant: `vm/vm-1`, `vm vm-1`, or as the log writes it, `virtualmachines.kubevirt.io/test-a/vm-1`.

use k8s_healer_engine::rule::WatchTarget;

use crate::rules;

/// A kind and a name, with a namespace where one is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meant {
    pub(super) kind: WatchTarget,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

const FORMS: &str = "write KIND/NAME, KIND NAME or KIND/NAMESPACE/NAME: vm/vm-1, pods web-1";

impl Meant {
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let (kind, rest) = match words {
            [one] => split(one)?,
            [kind, name] => (kind.clone(), name.split('/').map(str::to_owned).collect()),
            _ => return Err(format!("{} words name no object: {FORMS}", words.len())),
        };
        let (namespace, name) = match rest.as_slice() {
            [name] => (None, name),
            [namespace, name] => (Some(namespace), name),
            _ => return Err(format!("{} names no object: {FORMS}", words.join(" "))),
        };
        let is_word = |text: &str| !text.is_empty() && !matches!(text, "." | "..") && !text.contains('%');
        if !is_word(name) || !namespace.is_none_or(|namespace| is_word(namespace)) {
            return Err(format!("{} names no object: {FORMS}", words.join(" ")));
        }
        // `Pod` is `pod`, as kubectl has it; with a version before it, it is the kind itself.
        let written = if kind.contains('/') { kind.clone() } else { kind.to_lowercase() };
        let target = rules::target(&written).filter(|target| !target.is_wide());
        match target.filter(|target| !matches!(target, WatchTarget::Except(_))) {
            Some(target) => Ok(Self { kind: target, namespace: namespace.cloned(), name: name.clone() }),
            None => {
                let forms = "pods, vm, virtualmachines.kubevirt.io or kubevirt.io/v1/VirtualMachine";
                Err(format!("{kind} is no name of a kind: write it as kubectl has it, {forms}"))
            }
        }
    }
}

/// The kind may have slashes itself: `v1/Pod/web-1`, `kubevirt.io/v1/VirtualMachine/vm-1`.
fn split(word: &str) -> Result<(String, Vec<String>), String> {
    let parts: Vec<&str> = word.split('/').collect();
    let length = match parts.as_slice() {
        [version, _, _, ..] if is_version(version) => 2,
        [_, version, _, _, ..] if is_version(version) => 3,
        [_, _, ..] => 1,
        _ => return Err(format!("{word} names no object: {FORMS}")),
    };
    let (kind, rest) = parts.split_at(length);
    Ok((kind.join("/"), rest.iter().map(ToString::to_string).collect()))
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Which names may be meant by one that is not there: those that have it as a part, which may be many; else one that
/// is a typing mistake away.
pub(super) fn likely(name: &str, names: &[String]) -> Vec<String> {
    let name = name.to_lowercase();
    let place = |other: &String| other.to_lowercase().find(&name).map(|at| at > 0);
    let mut parts: Vec<&String> = names.iter().filter(|other| place(other).is_some()).collect();
    // Those that begin with it first.
    parts.sort_by_key(|other| place(other));
    if parts.is_empty() {
        parts = rules::nearest(&name, names.iter().map(String::as_str))
            .and_then(|near| names.iter().find(|other| *other == near))
            .into_iter()
            .collect();
    }
    parts.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<String, String> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        Meant::parse(&words).map(|Meant { kind, namespace, name }| {
            format!("{kind} {} {name}", namespace.as_deref().unwrap_or("-"))
        })
    }

    #[test]
    fn an_object_is_named_as_kubectl_and_as_the_log_name_it() {
        for (words, expected) in [
            (&["vm/vm-1"][..], "vm - vm-1"),
            (&["vm", "vm-1"], "vm - vm-1"),
            (&["vm", "test-a/vm-1"], "vm test-a vm-1"),
            (&["virtualmachines.kubevirt.io/test-a/vm-1"], "virtualmachines.kubevirt.io test-a vm-1"),
            (&["v1/Pod/web-1"], "v1/Pod - web-1"),
            (&["v1/Pod", "web-1"], "v1/Pod - web-1"),
            (&["kubevirt.io/v1/VirtualMachine/vm-1"], "kubevirt.io/v1/VirtualMachine - vm-1"),
            (&["kubevirt.io/v1/VirtualMachine/test-a/vm-1"], "kubevirt.io/v1/VirtualMachine test-a vm-1"),
            (&["VirtualMachine", "vm-1"], "virtualmachine - vm-1"),
            (&["clusterroles/system:node"], "clusterroles - system:node"),
        ] {
            assert_eq!(read(words).as_deref(), Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn a_name_that_is_not_there_means_those_that_begin_with_it_then_those_that_have_it_then_a_typing_mistake()
    {
        let names = ["a-virt", "compute", "vert", "virt-launcher-pvm", "virt-2"].map(str::to_owned);
        assert_eq!(likely("virt", &names), ["virt-launcher-pvm", "virt-2", "a-virt"]);
        assert_eq!(likely("Virt-L", &names), ["virt-launcher-pvm"]);
        assert_eq!(likely("comptue", &names), ["compute"]);
        assert_eq!(likely("web", &names), [""; 0]);
    }

    #[test]
    fn what_names_no_object_says_what_to_write() {
        for words in
            [&["vm"][..], &["vm/"], &["/vm-1"], &["*", "a"], &["!vm", "a"], &["vm/a/b/c"], &["vm", ".."]]
        {
            let error = read(words).unwrap_err();
            assert!(error.contains("write "), "{words:?}: {error}");
        }
    }
}
