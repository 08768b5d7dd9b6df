//! Real CustomResourceDefinitions (`K8S_HEALER_TEST_CRDS`), and the shipped packs held against them.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;

use crate::support::skip;
use crate::{pack, validate};

fn definitions() -> Option<String> {
    let folder = env::var("K8S_HEALER_TEST_CRDS").ok();
    if folder.is_none() {
        skip("K8S_HEALER_TEST_CRDS is not set");
    }
    folder
}

#[test]
fn paths_on_real_definitions_get_the_verdicts_that_their_users_expect() {
    let Some(folder) = definitions() else { return };
    for (watch, path, meant) in [
        ("vm", "$.status.printableStatus", None),
        ("vm", "$.status.printableStatsu", Some("printableStatus")),
        ("vm", "$.spec.template.spec.domain.devices.disks[*].name", None),
        ("vm", "$.spec.template.spec.domain.devices.disk[*].name", Some("disks")),
        ("vm", "$.spec.template.metadata.labels.app", None),
        ("vm", "$.spec.dataVolumeTemplates[*].metadata.name", None),
        ("vm", "$.spec.dataVolumeTemplates[*].spec.source.pvc.name", None),
        ("vm", "$.spec.template.spec.domain.resources.requests.memory", None),
        ("vm", "$.status.conditions[?@.type == 'Ready'].status", None),
        ("vm", "$.status.conditions[?@.typ == 'Ready'].status", Some("type")),
        ("vmi", "$.status.phase", None),
        ("vmi", "$.status.nodename", Some("nodeName")),
        ("vmi", "$.status.interfaces[*].ipAddress", None),
        ("vmim", "$.status.migrationState.targetPod", None),
        ("dv", "$.status.phase", None),
        ("dv", "$.status.progress", None),
        ("dv", "$.status.progres", Some("progress")),
        ("vmsnapshot", "$.status.readyToUse", None),
        ("cdi.kubevirt.io/v1beta1/DataVolume", "$.spec.source.http.url", None),
        ("cdi.kubevirt.io/v1beta1/DataVolume", "$.spec.source.http.ulr", Some("url")),
        ("pvc", "$.status.phase", None),
        ("pods", "$.status.containerStatuses[*].state.waiting.reason", None),
        ("pods", "$.status.containerStatuses[*].state.waitng.reason", Some("waiting")),
        ("nodes", "$.status.nodeInfo.kubeletVersion", None),
        ("crds", "$.spec.versions[*].schema.openAPIV3Schema.properties.x.properties.y.type", None),
        ("crds", "$.spec.versions[*].schema.openAPIV3Schema.properties.x.propertis", Some("properties")),
    ] {
        let matchers = format!("      - field: {{ path: \"{path}\", exists: true }}\n");
        let mut text = pack(watch, &matchers);
        if ["nodes", "crds"].contains(&watch) {
            text = text.replace("namespaces: [test-*]", "scope: cluster");
        }
        let (status, shown) = validate(&["--schemas", &folder], &text);
        assert_eq!(status, 0, "{shown}");
        match meant {
            Some(meant) => {
                let meant = format!("did you mean `{meant}`?");
                assert!(shown.contains("unknown-field") && shown.contains(&meant), "{path}: {shown}");
            }
            None => {
                assert!(!shown.contains("unknown-field") && !shown.contains("no-schema"), "{path}: {shown}");
            }
        }
    }
}

#[test]
fn the_shipped_packs_warn_of_nothing() {
    let Some(folder) = definitions() else { return };
    let packs: Vec<_> =
        fs::read_dir(crate::path("rules")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(packs.len() >= 7);
    for pack in packs {
        let text = fs::read_to_string(pack.join("pack.yaml")).unwrap();
        let (status, shown) = validate(&["--schemas", &folder], &text);
        assert!(status == 0 && !shown.contains("warning"), "{}: {shown}", pack.display());
    }
}

/// The paths of all that an object has.
fn paths_of(value: &Value, at: &str, paths: &mut BTreeSet<String>) {
    paths.insert(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                paths_of(
                    member,
                    &format!("{at}['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")),
                    paths,
                );
            }
        }
        Value::Array(elements) => {
            elements.iter().for_each(|element| paths_of(element, &format!("{at}[*]"), paths));
        }
        _ => {}
    }
}

#[test]
fn no_field_that_a_real_object_has_is_called_unknown() {
    let Some(folder) = definitions() else { return };
    let samples = fs::read_dir(Path::new(&folder).join("samples")).unwrap();
    let files: Vec<_> = samples.map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    let mut rules = String::new();
    for file in files {
        let objects: Vec<Value> = serde_saphyr::from_multiple(&fs::read_to_string(&file).unwrap()).unwrap();
        for object in objects {
            let mut paths = BTreeSet::new();
            paths_of(&object, "$", &mut paths);
            let version = object["apiVersion"].as_str().unwrap();
            let watch = format!("{version}/{}", object["kind"].as_str().unwrap());
            // JSON's quotes are YAML's.
            let field = |path: &String| {
                format!("      - field: {{ path: {}, exists: true }}\n", Value::from(path.as_str()))
            };
            let fields = paths.iter().map(field);
            let number = rules.len();
            rules.push_str(&format!(
                "  - name: r{number}\n    watch: {watch}\n    scope: cluster\n    match:\n{}    actions: [ log: {{ message: a }} ]\n",
                fields.collect::<String>()
            ));
        }
    }
    let text =
        format!("apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: all }}\nrules:\n{rules}");
    let (status, shown) = validate(&["--schemas", &folder], &text);
    assert!(status == 0 && !shown.contains("unknown-field") && !shown.contains("no-schema"), "{shown}");
}
