//! Which kinds are asked for: a glob that matches a whole name, or a part of one. Upper and lower case are alike.

use std::fmt;

use k8s_healer_engine::values::Globs;

use crate::cluster::resource::Resource;

#[derive(Clone, Debug)]
pub(super) struct Pattern {
    written: String,
    glob: Option<Globs>,
}

impl Pattern {
    pub(super) fn parse(written: &str) -> Result<Self, String> {
        let lower = written.to_lowercase();
        let is_glob = lower.contains(['*', '?', '[', ']']);
        let glob = is_glob.then(|| Globs::parse(std::slice::from_ref(&lower))).transpose();
        let glob = glob.map_err(|(_, error)| format!("it {}: {}", error.problem, error.help))?;
        Ok(Self { written: written.to_owned(), glob })
    }

    pub(super) fn matches(&self, resource: &Resource) -> bool {
        let Resource { plural, singular, kind, group, .. } = resource;
        let name = resource.name();
        let names = [plural, singular, kind, group, &name].into_iter().chain(&resource.short_names);
        let lower = self.written.to_lowercase();
        names.map(|name| name.to_lowercase()).any(|name| match &self.glob {
            Some(glob) => glob.matches(&name),
            None => name.contains(&lower),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machines() -> Resource {
        Resource {
            group: "kubevirt.io".to_owned(),
            version: "v1".to_owned(),
            kind: "VirtualMachine".to_owned(),
            plural: "virtualmachines".to_owned(),
            singular: "virtualmachine".to_owned(),
            short_names: vec!["vm".to_owned(), "vms".to_owned()],
            namespaced: true,
            verbs: Vec::new(),
        }
    }

    #[test]
    fn a_part_of_any_name_is_enough_and_a_glob_matches_the_whole() {
        for (pattern, expected) in [
            ("vm", true),
            ("VirtualM", true),
            ("kubevirt", true),
            ("virtualmachines.kubevirt.io", true),
            ("pod", false),
            ("*.kubevirt.io", true),
            ("kubevirt.*", true),
            ("virtual*", true),
            ("virtual?", false),
            ("*machine", true),
            ("V[ml]", true),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(&machines()), expected, "{pattern}");
        }
        assert!(Pattern::parse("a[").unwrap_err().contains("not a glob"));
    }
}
