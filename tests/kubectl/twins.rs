//! The same lines, typed on the sandbox and on a real API server: the same is read, and the same said to
//! whoever made a mistake. Neither has controllers here.

use std::thread;

use serde_json::json;

use crate::normal::normal;
use crate::person::{Person, Served, kubectl_or_skip};
use crate::support::{shared_cluster, unique};

/// Somebody before two screens.
struct Twins {
    sandbox: Person,
    /// Without it they see one screen alone, and what is there must merely not surprise.
    real: Option<Person>,
}

impl Twins {
    async fn new(word: &str) -> Option<Self> {
        kubectl_or_skip()?;
        let namespace = unique(word);
        let sandbox = Person::at(&Served::shared_without_controllers().kubeconfig, &namespace)?;
        let real = match shared_cluster().await {
            Some(cluster) => Person::at(cluster.kubeconfig(), &namespace),
            None => None,
        };
        Some(Self { sandbox, real })
    }

    fn file(&self, name: &str, text: &str) {
        self.sandbox.file(name, text);
        self.real.iter().for_each(|real| real.file(name, text));
    }

    /// What is read on the sandbox, and on the real server, if there is one.
    fn types(&self, line: &str) -> (String, Option<String>) {
        let show = |person: &Person| {
            let said = person.types(line);
            let (out, err) = (normal(&said.out), normal(&said.err));
            format!("status {:?}\n{out}{err}", said.code)
        };
        thread::scope(|scope| {
            let there = self.real.as_ref().map(|real| scope.spawn(move || show(real)));
            (show(&self.sandbox), there.map(|there| there.join().unwrap()))
        })
    }

    /// These are not printed alike, and why. Once they are, they belong to the others.
    #[track_caller]
    fn type_unlike(&self, lines: &[(&str, &str)]) {
        for (line, why) in lines {
            let (here, there) = self.types(line);
            assert_ne!(Some(&here), there.as_ref(), "$ {line}\nis the same now, though {why}: {here}");
        }
    }

    /// Each line ends with this status, and prints the same on both.
    #[track_caller]
    fn type_all(&self, code: i32, lines: &[&str]) {
        let mut differences = Vec::new();
        for line in lines {
            let (here, there) = self.types(line);
            let there = there.unwrap_or_else(|| here.clone());
            if here != there || !here.starts_with(&format!("status Some({code})\n")) {
                differences.push(format!("$ {line}\n--- the sandbox: {here}\n--- a real server: {there}"));
            }
        }
        assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    }
}

#[tokio::test]
async fn a_config_map_is_made_shown_changed_and_removed() {
    let Some(twins) = Twins::new("maps").await else { return };
    twins.file(
        "map.json",
        &json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "from-json"}, "data": {"a": "b"},
        })
        .to_string(),
    );
    twins.type_all(0, &[
        "kubectl get configmaps",
        "kubectl create configmap plain --from-literal=colour=red --from-literal=size=5",
        "kubectl create -f map.json",
        "kubectl create configmap later --from-literal=a=b --dry-run=server -o yaml",
        "kubectl create configmap later --from-literal=a=b --dry-run=client -o yaml",
        "kubectl get cm",
        "kubectl get configmap/plain -o yaml",
        "kubectl get configmap plain -o json",
        "kubectl get cm plain from-json -o name",
        "kubectl get cm -o wide --show-labels",
        "kubectl get cm plain --no-headers -o custom-columns=N:.metadata.name,C:.data.colour",
        "kubectl get cm plain -o jsonpath='{.data.colour}{\"\\n\"}'",
        "kubectl get cm -o go-template='{{range .items}}{{.metadata.name}} {{end}}'",
        "kubectl get cm --sort-by=.metadata.name",
        "kubectl describe configmap plain",
        "kubectl label configmap plain tier=front stage=one",
        "kubectl label configmap plain tier=back --overwrite",
        "kubectl label configmap plain stage-",
        "kubectl label configmap --all checked=yes",
        "kubectl get cm -l tier=back",
        "kubectl get cm -l 'tier in (back,side),checked' -L tier",
        "kubectl get cm -l tier!=back,checked",
        "kubectl get cm -l nothing=here",
        "kubectl get cm --field-selector metadata.name=plain",
        "kubectl get cm --chunk-size=1",
        "kubectl annotate configmap plain note='two words'",
        "kubectl annotate configmap plain note=one --overwrite",
        "kubectl annotate configmap plain note-",
        "kubectl patch configmap plain --type merge -p '{\"data\":{\"size\":null,\"weight\":\"3\"}}'",
        "kubectl patch configmap plain --type merge -p '{\"data\":{\"weight\":\"3\"}}'",
        "kubectl patch cm plain --type json -p '[{\"op\":\"test\",\"path\":\"/data/weight\",\"value\":\"3\"},\
         {\"op\":\"replace\",\"path\":\"/data/weight\",\"value\":\"4\"}]' -o yaml",
        "kubectl patch configmap plain -p '{\"data\":{\"$patch\":\"replace\",\"only\":\"this\"}}' -o yaml",
        "EDITOR='sed -i s/this/that/' kubectl edit configmap plain",
        "EDITOR=true kubectl edit configmap plain",
        "kubectl get cm plain -o jsonpath='{.data}'",
        "kubectl get cm plain -o json | sed s/that/these/ | kubectl replace -f -",
        "kubectl apply -f map.json",
        "kubectl apply -f map.json",
        "sed -i s/b/c/ map.json; kubectl diff -f map.json >/dev/null; echo $?",
        "kubectl get cm,secret,sa",
        "kubectl delete configmap plain",
        "kubectl delete -f map.json --now",
        "kubectl delete configmap plain --ignore-not-found",
        "kubectl delete cm --all",
        "kubectl get configmaps",
    ]);
}

#[tokio::test]
async fn mistakes_are_told_in_the_same_words() {
    let Some(twins) = Twins::new("mistakes").await else { return };
    twins.type_all(0, &["kubectl create configmap here --from-literal=a=b", "kubectl label cm here a=b"]);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "odd"},
        "spec": {"containers": [{"name": "main", "image": "x", "commandd": ["y"]}]},
    });
    twins.file("odd.json", &pod.to_string());
    twins.file("nothing.yaml", "apiVersion: v1\nkind: Nothing\nmetadata: { name: x }\n");
    twins.file("nameless.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n");
    twins.file("number.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata: { a: 5 }\n");
    twins.file("elsewhere.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x, namespace: else }\n");
    twins.type_all(
        1,
        &[
            "kubectl get nothing",
            "kubectl get pods nobody",
            "kubectl get pods,cm nobody",
            "kubectl get cm --field-selector data.a=b",
            "kubectl get cm -l 'a in b'",
            "kubectl describe pod nobody",
            "kubectl delete pod nobody",
            "kubectl create configmap here",
            "kubectl create configmap Here",
            "kubectl create namespace a.b",
            "kubectl create -f nothing.yaml",
            "kubectl create -f nameless.yaml",
            "kubectl create -f elsewhere.yaml",
            "kubectl create -f elsewhere.yaml -n else",
            "kubectl label cm here a=c",
            "kubectl label cm here 'a=b c' --overwrite",
            "kubectl annotate cm here 'a b=c'",
            "kubectl patch cm here --type json -p '[{\"op\":\"test\",\"path\":\"/data/a\",\"value\":\"c\"}]'",
            "kubectl patch cm here --type json -p '[{\"op\":\"remove\",\"path\":\"/data/b\"}]'",
            "kubectl patch cm here --type merge -p '{\"metadata\":{\"name\":\"there\"}}'",
            "kubectl patch cm here --type merge -p '{\"metadata\":{\"resourceVersion\":\"1\"}}'",
            "kubectl scale deployment nobody --replicas=2",
            "kubectl wait --for=condition=Ready pod/nobody --timeout=1s",
            "kubectl logs nobody",
            "kubectl rollout status deployment nobody",
            "kubectl top pods",
            "kubectl auth can-i delete pods --as nobody",
        ],
    );
}

#[tokio::test]
async fn pods_and_deployments_are_printed_alike() {
    let Some(twins) = Twins::new("loads").await else { return };
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lone", "labels": {"app": "lone"}},
        "spec": {"containers": [{
            "name": "main", "image": "busybox", "command": ["sleep", "1d"],
            "ports": [{"containerPort": 80}], "env": [{"name": "A", "value": "b"}],
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
        }]},
    });
    twins.file("pod.json", &pod.to_string());
    twins.type_all(0, &[
        "kubectl create -f pod.json",
        "kubectl get pods",
        "kubectl get pods -o wide",
        "kubectl get pods --field-selector status.phase=Pending -o name",
        "kubectl get pods --field-selector status.phase!=Pending",
        "kubectl set image pod/lone main=busybox:2",
        "kubectl create deployment web --image=nginx --replicas=2",
        "kubectl get deployments",
        "kubectl get deploy -o wide",
        "kubectl scale deployment web --replicas=3",
        "kubectl scale deployment web --current-replicas=3 --replicas=4",
        "kubectl set image deployment/web nginx=nginx:2",
        "kubectl set env deployment/web COLOUR=red",
        "kubectl patch deployment web -p '{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"side\",\
         \"image\":\"x\"}]}}}}'",
        "kubectl get deploy web -o jsonpath='{.spec.template.spec.containers[*].image} {.metadata.generation}'",
        "kubectl set resources deployment web -c nginx --limits=cpu=200m",
        "kubectl rollout pause deployment web",
        "kubectl rollout resume deployment web",
        "kubectl autoscale deployment web --max=3 --dry-run=client -o name",
        "kubectl create service clusterip web --tcp=80:8080 --dry-run=server -o name",
        "kubectl create job once --image=x",
        "kubectl get jobs",
        "kubectl create secret generic key --from-literal=a=b",
        "kubectl get secret key -o yaml",
        "kubectl describe secret key",
        "kubectl create serviceaccount robot",
        "kubectl get sa robot",
        "kubectl create poddisruptionbudget web --selector=app=web --min-available=1",
        "kubectl get pdb",
        "kubectl describe pdb web",
        "kubectl get deploy,pods,pdb",
        "kubectl delete pod lone --grace-period=0 --force",
        "kubectl delete deployment web --cascade=background",
        "kubectl get all",
    ]);
    twins.type_all(1, &["kubectl scale deployment web --replicas=1", "kubectl delete pod lone"]);
}

#[tokio::test]
async fn a_custom_kind_is_defined_applied_and_explained() {
    let Some(twins) = Twins::new("custom").await else { return };
    let group = format!("{}.example.com", twins.sandbox.namespace);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wi"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                    {"name": "Note", "type": "string", "jsonPath": ".spec.note", "priority": 1},
                ],
                "schema": {"openAPIV3Schema": {
                    "type": "object", "description": "A widget.",
                    "properties": {
                        "spec": {
                            "type": "object", "required": ["size"], "description": "What is wanted.",
                            "properties": {
                                "size": {"type": "integer", "minimum": 1, "description": "How big."},
                                "note": {"type": "string"},
                            },
                        },
                        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    },
                }},
            }],
        },
    });
    let widget = |spec: serde_json::Value| {
        let api_version = format!("{group}/v1");
        json!({
            "apiVersion": api_version, "kind": "Widget", "metadata": {"name": "one"}, "spec": spec,
        })
        .to_string()
    };
    twins.file("crd.json", &definition.to_string());
    twins.file("one.json", &widget(json!({"size": 1})));
    twins.file("two.json", &widget(json!({"size": 2, "note": "bigger"})));
    twins.file("small.json", &widget(json!({"size": 0})));
    twins.file("word.json", &widget(json!({"size": "one"})));
    twins.file("odd.json", &widget(json!({"size": 1, "colour": "red"})));
    twins.file("none.json", &widget(json!({})));
    let name = &format!("widgets.{group}");
    let listed = &format!("kubectl api-resources --api-group={group}");
    twins.type_all(
        0,
        &[
            "kubectl apply -f crd.json",
            &format!("kubectl wait --for=condition=Established crd/{name} --timeout=10s"),
            // Served a moment later.
            &format!("for i in $(seq 50); do kubectl get {name} >/dev/null 2>&1 && break; sleep 0.1; done"),
            listed,
            &format!("kubectl get crd {name}"),
            &format!("kubectl get {name}"),
            "kubectl apply -f one.json",
            "kubectl apply -f one.json",
            &format!("kubectl get {name}"),
            "kubectl apply -f two.json",
            &format!("kubectl get {name} one -o wide"),
            &format!("kubectl get {name} one -o yaml"),
            &format!("kubectl describe {name} one"),
            "kubectl diff -f two.json",
            &format!("kubectl label {name} one a=b"),
            &format!("kubectl patch {name} one --type merge -p '{{\"spec\":{{\"note\":null}}}}' -o yaml"),
            &format!(
                "kubectl patch {name} one --subresource=status --type merge -p '{{\"status\":{{\"x\":1}}}}'"
            ),
            &format!("kubectl wait {name}/one --for=jsonpath='{{.status.x}}'=1 --timeout=5s"),
            &format!("kubectl explain {name}.spec.size"),
        ],
    );
    twins.type_all(
        1,
        &[
            "kubectl apply -f small.json",
            "kubectl apply -f word.json",
            "kubectl apply -f odd.json",
            "kubectl apply -f none.json",
            "kubectl create -f one.json",
            &format!("kubectl patch {name} one --type merge -p '{{\"spec\":{{\"size\":\"x\"}}}}'"),
            &format!("kubectl explain {name}.spec.nothing"),
        ],
    );
    twins.type_all(0, &["kubectl delete -f one.json", "kubectl delete -f crd.json"]);
}
