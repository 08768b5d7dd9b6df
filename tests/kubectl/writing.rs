//! Making and changing: create, patch, label, annotate, edit, replace.

use serde_json::json;

use crate::person::Person;

#[test]
fn create_makes_what_is_written_in_a_file_and_what_is_asked_for_in_words() {
    let Some(person) = Person::new("create") else { return };
    let map = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    person.file("one.json", &map("one").to_string());
    let two = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: two }\ndata:\n  text: |\n    é\n    b\n";
    let three = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: { name: three }\n";
    person.file("more.yaml", &format!("{two}{three}"));
    assert_eq!(person.reads("kubectl create -f one.json"), "configmap/one created\n");
    let made = person.reads("kubectl create -f more.yaml");
    assert_eq!(made, "configmap/two created\nserviceaccount/three created\n");
    assert_eq!(person.reads("kubectl get cm two -o jsonpath='{.data.text}'"), "é\nb\n");
    let piped = "sed s/one/piped/ one.json | kubectl create -f - -o jsonpath='{.metadata.name}'";
    assert_eq!(person.reads(piped), "piped");
    let again = person.is_refused("kubectl create -f one.json");
    assert!(
        again.contains("AlreadyExists") && again.contains("configmaps \"one\" already exists"),
        "{again}"
    );
    person.reads("kubectl create configmap dry --from-literal=a=b --dry-run=server");
    assert!(person.is_refused("kubectl get configmap dry").contains("NotFound"));
    let other = format!("{}-b", person.namespace);
    assert_eq!(person.reads(&format!("kubectl create ns {other}")), format!("namespace/{other} created\n"));
    person.reads(&format!("kubectl create -f one.json -n {other}"));
    person.reads(&format!("kubectl delete ns {other}"));
    assert!(person.is_refused(&format!("kubectl get ns {other}")).contains("NotFound"));
}

#[test]
fn patch_merges_edits_by_steps_and_knows_a_list_by_its_keys() {
    let Some(person) = Person::new("patch") else { return };
    person.reads("kubectl create configmap one --from-literal=a=1 --from-literal=b=2");
    let data = "kubectl get configmap one -o jsonpath='{.data}'";
    person.reads("kubectl patch configmap one --type merge -p '{\"data\":{\"a\":null,\"c\":\"3\"}}'");
    assert_eq!(person.reads(data), r#"{"b":"2","c":"3"}"#);
    let steps = |value: &str| {
        format!(
            "kubectl patch configmap one --type json -p '[{{\"op\":\"test\",\"path\":\"/data/b\",\"value\":\
             \"{value}\"}},{{\"op\":\"remove\",\"path\":\"/data/b\"}}]'"
        )
    };
    person.is_refused(&steps("other"));
    assert_eq!(person.reads(data), r#"{"b":"2","c":"3"}"#);
    assert_eq!(person.reads(&steps("2")), "configmap/one patched\n");
    assert_eq!(person.reads(data), r#"{"c":"3"}"#);
    let same = "kubectl patch configmap one --type merge -p '{\"data\":{\"c\":\"3\"}}'";
    assert_eq!(person.reads(same), "configmap/one patched (no change)\n");
    person.reads("kubectl create deployment web --image=nginx --replicas=0");
    let template = |container: &str| {
        let patch = format!(r#"{{"spec":{{"template":{{"spec":{{"containers":[{container}]}}}}}}}}"#);
        person.reads(&format!("kubectl patch deployment web -p '{patch}'"));
        let images = "{range .spec.template.spec.containers[*]}{.name}={.image} {end}";
        person.reads(&format!("kubectl get deployment web -o jsonpath='{images}'"))
    };
    assert_eq!(template(r#"{"name":"side","image":"x"}"#), "side=x nginx=nginx ");
    assert_eq!(template(r#"{"name":"nginx","image":"y"}"#), "side=x nginx=y ");
    assert_eq!(template(r#"{"name":"side","$patch":"delete"}"#), "nginx=y ");
}

#[test]
fn labels_and_annotations_are_set_overwritten_when_asked_and_taken_off() {
    let Some(person) = Person::new("label") else { return };
    person.reads("kubectl create configmap one --from-literal=a=1");
    for (verb, done, gone) in [("label", "labeled", "unlabeled"), ("annotate", "annotated", "annotated")] {
        let verb_one = format!("kubectl {verb} configmap one");
        assert_eq!(person.reads(&format!("{verb_one} k=v other=w")), format!("configmap/one {done}\n"));
        let refused = person.is_refused(&format!("{verb_one} k=x"));
        assert!(refused.contains("--overwrite is false"), "{refused}");
        person.reads(&format!("{verb_one} k=x --overwrite"));
        let listed = person.reads(&format!("{verb_one} --list | sort"));
        assert_eq!(listed.lines().collect::<Vec<_>>(), ["k=x", "other=w"]);
        assert_eq!(person.reads(&format!("{verb_one} k-")), format!("configmap/one {gone}\n"));
        assert_eq!(person.reads(&format!("{verb_one} --list")), "other=w\n");
    }
    person
        .reads("kubectl label namespace \"$(kubectl config view --minify -o jsonpath='{..namespace}')\" k=v");
    let labels = format!("kubectl get ns {} -o jsonpath='{{.metadata.labels.k}}'", person.namespace);
    assert_eq!(person.reads(&labels), "v");
}

#[test]
fn edit_and_replace_write_what_was_changed_and_refuse_what_is_out_of_date() {
    let Some(person) = Person::new("edit") else { return };
    person.reads("kubectl create configmap one --from-literal=colour=red");
    let edited = person.reads("EDITOR='sed -i s/red/green/' kubectl edit configmap one");
    assert_eq!(edited, "configmap/one edited\n");
    let data = "kubectl get configmap one -o jsonpath='{.data.colour}'";
    assert_eq!(person.reads(data), "green");
    let kept = person.types("EDITOR=true kubectl edit configmap one");
    assert_eq!((kept.code, kept.err.as_str()), (Some(0), "Edit cancelled, no changes made.\n"));
    person.reads("kubectl get configmap one -o json > old.json");
    person.reads("sed s/green/blue/ old.json | kubectl replace -f -");
    assert_eq!(person.reads(data), "blue");
    let conflict = person.is_refused("kubectl replace -f old.json");
    assert!(conflict.contains("the object has been modified"), "{conflict}");
    assert_eq!(person.reads(data), "blue");
}
