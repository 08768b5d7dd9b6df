//! Looking: get in all its forms, describe, explain, and what the server says of itself.

use serde_json::Value;

use crate::person::Person;

/// A deployment with two pods that run.
fn with_deployment(word: &str) -> Option<Person> {
    let person = Person::new(word)?;
    person.reads("kubectl create deployment web --image=nginx --replicas=2");
    person.reads("kubectl rollout status deployment/web --timeout=20s");
    Some(person)
}

#[test]
fn get_shows_what_is_there_in_every_form() {
    let Some(person) = with_deployment("get") else { return };
    let table = person.reads("kubectl get pods");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<_> = table.lines().map(words).collect();
    assert_eq!(lines[0], ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[1..].iter().all(|pod| pod[0].starts_with("web-") && pod[1..4] == ["1/1", "Running", "0"]));
    let wide = person.reads("kubectl get pods -o wide --no-headers");
    assert!(wide.lines().all(|line| line.contains(" 10.") && line.contains(" node-0 ")), "{wide}");
    let json = person.reads_json("kubectl get pods -o json");
    assert_eq!((json["kind"].as_str(), json["items"].as_array().unwrap().len()), (Some("List"), 2));
    let yaml: Value = serde_saphyr::from_str(&person.reads("kubectl get pods -o yaml")).unwrap();
    assert_eq!(yaml["items"], json["items"]);
    let names = person.reads("kubectl get pods -o name");
    let name = |line: &str| format!("pod/{}", words(line)[0]);
    assert_eq!(names.lines().collect::<Vec<_>>(), wide.lines().map(name).collect::<Vec<_>>());
    let phases = person.reads("kubectl get pods -o jsonpath='{.items[*].status.phase}'");
    assert_eq!(phases, "Running Running");
    let columns = "kubectl get pods -o custom-columns=NODE:.spec.nodeName --no-headers";
    assert_eq!(person.reads(columns), "node-0\nnode-0\n");
    assert!(person.reads("kubectl get pods --show-labels").contains("app=web,pod-template-hash="));
    let nothing = person.types("kubectl get pods -l app=other");
    assert_eq!(nothing.err, format!("No resources found in {} namespace.\n", person.namespace));
}

#[test]
fn get_selects_and_sorts() {
    let Some(person) = with_deployment("select") else { return };
    person.reads("kubectl run alone --image=nginx --labels=app=alone");
    person.reads("kubectl wait --for=condition=Ready pod/alone --timeout=20s");
    let count = |line: &str| person.reads(&format!("kubectl get pods -o name {line}")).lines().count();
    assert_eq!(count(""), 3);
    assert_eq!(count("-l app=web"), 2);
    assert_eq!(count("-l app!=web"), 1);
    assert_eq!(count("-l 'app in (web, alone)'"), 3);
    assert_eq!(count("-l '!pod-template-hash'"), 1);
    assert_eq!(count("--field-selector metadata.name=alone"), 1);
    assert_eq!(count("--field-selector status.phase=Running,spec.nodeName=node-0"), 3);
    assert_eq!(count("--field-selector status.phase!=Running"), 0);
    assert_eq!(count("--chunk-size=1"), 3);
    let by_name = "kubectl get pods -o name --sort-by=.metadata.name";
    assert!(person.reads(by_name).starts_with("pod/alone\npod/web-"));
    let last = "kubectl get pods -o name --sort-by=.metadata.creationTimestamp | tail -1";
    assert_eq!(person.reads(last), "pod/alone\n");
}

#[test]
fn get_all_shows_what_is_in_every_namespace() {
    let Some(person) = with_deployment("all") else { return };
    let own = person.reads("kubectl get all");
    for wanted in ["pod/web-", "deployment.apps/web ", "replicaset.apps/web-"] {
        assert!(own.contains(&format!("\n{wanted}")) || own.starts_with(wanted), "{wanted}: {own}");
    }
    let every = person.reads("kubectl get all -A");
    let line = format!("{} ", person.namespace);
    assert!(every.lines().filter(|found| found.starts_with(&line)).count() == 4, "{every}");
    let nodes = person.reads("kubectl get nodes");
    assert!(nodes.contains("node-0   Ready "), "{nodes}");
    let namespaces = person.reads("kubectl get ns -o name");
    assert!(namespaces.contains("namespace/default\n") && namespaces.contains("namespace/kube-system\n"));
}

#[test]
fn describe_tells_all_of_an_object() {
    let Some(person) = with_deployment("describe") else { return };
    let pods = person.reads("kubectl describe pods -l app=web");
    for wanted in
        ["Status:       Running", "Controlled By:  ReplicaSet/web-", "Ready                       True"]
    {
        assert_eq!(pods.matches(wanted).count(), 2, "{wanted}: {pods}");
    }
    let deployment = person.reads("kubectl describe deployment web");
    let replicas = "2 desired | 2 updated | 2 total | 2 available | 0 unavailable";
    assert!(deployment.contains(replicas), "{deployment}");
    let node = person.reads("kubectl describe node node-0");
    assert!(node.contains("KubeletReady") && node.contains(&format!("\n  {} ", person.namespace)), "{node}");
    let namespace = person.reads(&format!("kubectl describe ns {}", person.namespace));
    assert!(namespace.contains("Status:       Active"), "{namespace}");
    assert!(person.is_refused("kubectl describe pod nobody").contains("pods \"nobody\" not found"));
}

#[test]
fn the_server_says_what_it_serves() {
    let Some(person) = Person::new("serves") else { return };
    let version = person.reads("kubectl version");
    assert!(version.contains("Server Version: v1."), "{version}");
    let resources = person.reads("kubectl api-resources");
    for wanted in ["deployments", "virtualmachines", "pods", "customresourcedefinitions"] {
        assert!(resources.lines().any(|line| line.starts_with(&format!("{wanted} "))), "{wanted}");
    }
    assert!(person.reads("kubectl api-resources --verbs=list --namespaced -o name").contains("pods\n"));
    assert!(person.reads("kubectl api-versions").contains("kubevirt.io/v1\n"));
    assert!(person.reads("kubectl cluster-info").contains("http://127.0.0.1:"));
    assert_eq!(person.reads("kubectl get --raw /readyz"), "ok");
    let explained = person.reads("kubectl explain vm.spec.runStrategy");
    assert!(explained.contains("FIELD: runStrategy <string>"), "{explained}");
    assert!(person.is_refused("kubectl explain vm.spec.runStrateg").contains("does not exist"));
}

#[test]
fn events_are_read_as_they_were_written() {
    let Some(person) = Person::new("events") else { return };
    person.reads("kubectl create configmap thing --from-literal=a=b");
    person.file(
        "event.json",
        &serde_json::json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "thing.1"},
            "involvedObject": {"apiVersion": "v1", "kind": "ConfigMap", "name": "thing",
                "namespace": person.namespace},
            "reason": "Broken", "message": "it fell", "type": "Warning", "count": 3,
            "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:01:00Z",
        })
        .to_string(),
    );
    person.reads("kubectl create -f event.json");
    for line in
        ["kubectl get events", "kubectl events", "kubectl events --for configmap/thing --types=Warning"]
    {
        let text = person.reads(line);
        assert!(text.contains("Broken") && text.contains("it fell"), "{line}: {text}");
    }
    assert_eq!(person.reads("kubectl get events --field-selector reason=Other -o name"), "");
    assert_eq!(person.reads("kubectl get events --field-selector reason=Broken -o name"), "event/thing.1\n");
}
