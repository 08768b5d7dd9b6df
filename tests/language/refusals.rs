//! Rules that are wrong: each mistake is found, by its code, and none of them runs.

use super::*;

#[test]
fn an_alias_of_nothing_is_one_mistake_wherever_it_stands() {
    for lines in ["match: *x", "watch: *x", "namespaces: *-test", "for: *x", "actions: [ { delete: *x } ]"] {
        assert_eq!(errors(lines), [Code::UnsupportedYaml], "{lines}");
    }
}

#[test]
fn what_a_matcher_can_never_satisfy_or_does_not_ask_is_refused() {
    for (matcher, code) in [
        ("age: {}", Code::MissingKey),
        ("age: { since: $.a }", Code::MissingKey),
        ("age: { over: 1h, under: 1h }", Code::NeverTrue),
        ("age: { over: 2h, under: 1h }", Code::NeverTrue),
        ("age: { under: 0s }", Code::NeverTrue),
        ("age: 6m", Code::WrongType),
        ("age: { older: 6m }", Code::UnknownKey),
        ("age: { over: 6m, over: 7m }", Code::DuplicateKey),
        ("field: { equals: a }", Code::MissingKey),
        ("field: { path: $.a }", Code::MissingKey),
        ("field: { path: $.a, default: 0 }", Code::MissingKey),
        ("field: { path: $.a, any: {} }", Code::MissingKey),
        ("field: { path: $.a, equals: x, notEquals: x }", Code::NeverTrue),
        ("field: { path: $.a, equals: x, in: [y] }", Code::NeverTrue),
        ("field: { path: $.a, equals: x, notIn: [x] }", Code::NeverTrue),
        ("field: { path: $.a, in: [x, y], notIn: [y, x] }", Code::NeverTrue),
        ("field: { path: $.a, equals: 5, notEquals: 5.0 }", Code::NeverTrue),
        ("field: { path: $.a, as: quantity, equals: 1, notEquals: 1000m }", Code::NeverTrue),
        ("field: { path: $.a, in: [x], notEquals: x }", Code::NeverTrue),
        ("field: { path: $.a, in: [x, y], glob: z* }", Code::NeverTrue),
        ("field: { path: $.a, in: [1, 2], gt: 2 }", Code::NeverTrue),
        ("field: { path: $.a, equals: 5, matches: five }", Code::NeverTrue),
        ("field: { path: $.a, any: { gt: 5, lt: 4 } }", Code::NeverTrue),
        ("field: { path: $.a, gt: 5, lt: 5 }", Code::NeverTrue),
        ("field: { path: $.a, gte: 6, lte: 5 }", Code::NeverTrue),
        ("field: { path: $.a, gt: 2Gi, lt: 1Gi }", Code::NeverTrue),
        ("field: { path: $.a, olderThan: 2h, newerThan: 1h }", Code::NeverTrue),
        (
            "field: { path: $.a, before: \"2026-01-01T00:00:00Z\", after: \"2026-01-01T00:00:00Z\" }",
            Code::NeverTrue,
        ),
        ("field: { path: $.a, exists: false, equals: x }", Code::NeverTrue),
        ("field: { path: $.a, before: yesterday }", Code::BadTime),
        ("field: { path: \"$.a \", exists: true }", Code::BadPath),
        ("finalizers: { any: a, none: a }", Code::NeverTrue),
        ("finalizers: { any: [\"!*\", a] }", Code::BadGlob),
        ("cel: 5", Code::WrongType),
        ("cel: true", Code::WrongType),
        ("field: { path: $.a, before: 2026-01-01 }", Code::BadTime),
        ("field: { path: $.a, equals: [a] }", Code::WrongType),
        ("field: { path: $.a, formats: [rfc], olderThan: 1h }", Code::BadChoice),
        ("field: { path: [$.a], exists: true }", Code::WrongType),
        ("condition: { status: \"True\" }", Code::MissingKey),
        ("condition: { type: Ready, status: true }", Code::BadChoice),
        ("terminating: {}", Code::MissingKey),
        ("terminating: \"true\"", Code::WrongType),
        ("terminating: { under: 5m }", Code::UnknownKey),
        ("labels: {}", Code::MissingKey),
        ("labels: { matchLabels: {} }", Code::MissingKey),
        ("labels: { app: web }", Code::UnknownKey),
        ("labels: { matchExpressions: [ { key: a, operator: In } ] }", Code::MissingKey),
        ("labels: { matchExpressions: [ { key: a, operator: Exists, values: [b] } ] }", Code::Conflict),
        ("labels: { matchExpressions: [ { key: a, operator: in, values: [b] } ] }", Code::BadChoice),
        ("labels: { matchExpressions: [ { operator: Exists } ] }", Code::MissingKey),
        ("labels: { matchExpressions: [ { key: a, operator: In, values: [] } ] }", Code::MissingKey),
        ("labels: { matchExpressions: [ { key: a b, operator: Exists } ] }", Code::BadLabel),
        ("labels: { matchExpressions: [ { key: a, operator: NotIn, values: [b c] } ] }", Code::BadLabel),
        ("labels: { matchLabels: { \"a \": b } }", Code::BadLabel),
        ("labels: { matchLabels: { \"\": b } }", Code::BadLabel),
        ("labels: { matchLabels: { a/*: b } }", Code::BadLabel),
        ("labels: { matchLabels: { a: b/c } }", Code::BadLabel),
        ("node: { labels: { matchLabels: { a: b c } } }", Code::BadLabel),
        ("namespace: { labels: { matchLabels: { a b: c } } }", Code::BadLabel),
        ("namespace: { annotations: { key: a b, exists: true } }", Code::BadLabel),
        ("annotations: { key: \"\", exists: true }", Code::BadLabel),
        ("annotations: { key: a/b/c, equals: d }", Code::BadLabel),
        ("annotations: { equals: a }", Code::MissingKey),
        ("annotations: { key: a }", Code::MissingKey),
        ("annotations: { key: a, exists: false, glob: b }", Code::NeverTrue),
        ("annotations: { key: a, equals: b, in: [c] }", Code::NeverTrue),
        ("annotations: { key: a, equals: b, glob: c* }", Code::NeverTrue),
        (
            "labels: { matchLabels: { a: b }, matchExpressions: [ { key: a, operator: NotIn, values: [b] } ] }",
            Code::NeverTrue,
        ),
        (
            "labels: { matchExpressions: [ { key: a, operator: Exists }, { key: a, operator: DoesNotExist } ] }",
            Code::NeverTrue,
        ),
        ("name: {}", Code::MissingKey),
        ("name: web", Code::WrongType),
        ("owner: {}", Code::MissingKey),
        ("owner: { exists: maybe }", Code::WrongType),
        ("finalizers: {}", Code::MissingKey),
        ("finalizers: { exists: false, any: [a] }", Code::NeverTrue),
        ("phase:", Code::WrongType),
        ("cluster: { strained: true }", Code::NotSupportedYet),
        ("contaners: {}", Code::UnknownMatcher),
    ] {
        let found = errors(&format!("match: [ {{ {matcher} }} ]"));
        assert_eq!(found, [code], "{matcher}");
    }
}

#[test]
fn actions_that_cannot_be_done_are_refused() {
    for (actions, code) in [
        ("[]", Code::EmptyList),
        ("", Code::EmptyList),
        ("[ { delete: {}, log: {} } ]", Code::TwoInOne),
        ("[ { delete: { after: 2 } } ]", Code::BadDuration),
        ("[ { delete: {}, after: 2m } ]", Code::TwoInOne),
        ("[ { delete: { while: always } } ]", Code::BadChoice),
        ("[ { delete: { propagation: now } } ]", Code::BadChoice),
        ("[ { delete: { gracePeriod: 1500ms } } ]", Code::BadOperand),
        ("[ { delete: { gracePeriod: 30 } } ]", Code::BadDuration),
        ("[ { delete: { on: owner } } ]", Code::NotSupportedYet),
        ("[ { delete: true } ]", Code::WrongType),
        ("[ { evict: {} } ]", Code::ImpossibleAction),
        ("[ { stripFinalizers: { only: [a/*] } } ]", Code::NeedsTerminating),
        ("[ { delete: {} }, { stripFinalizers: {} } ]", Code::MissingKey),
        ("[ { delete: {} }, { stripFinalizers: { only: [] } } ]", Code::EmptyList),
        ("[ { delete: {} }, { stripFinalizers: { only: [\"!a\"] } } ]", Code::BadGlob),
        ("[ { label: {} } ]", Code::EmptyList),
        ("[ { label: { a: [b] } } ]", Code::WrongType),
        ("[ { label: { a b: c } } ]", Code::BadLabel),
        ("[ { label: { a: b c } } ]", Code::BadLabel),
        ("[ { label: { a/b/c: null } } ]", Code::BadLabel),
        ("[ { annotate: { Example.com/a: b } } ]", Code::BadLabel),
        ("[ { log: { message: \"{{nme}}\" } } ]", Code::BadOperand),
        ("[ { log: { message: \"{{name\" } } ]", Code::BadOperand),
        ("[ { log: hello } ]", Code::WrongType),
        ("[ { scale: { replicas: 0 } } ]", Code::ImpossibleAction),
        ("[ { restart: {} } ]", Code::ImpossibleAction),
        ("[ { cordon: {} } ]", Code::ImpossibleAction),
        ("[ { patch: {} } ]", Code::MissingKey),
        ("[ { patch: { merge: { a: 1 }, json: [ { op: remove, path: /a } ] } } ]", Code::Conflict),
        ("[ { patch: { merge: [] } } ]", Code::BadOperand),
        ("[ { patch: { merge: { metadata: { finalizers: null } } } } ]", Code::Untouchable),
        ("[ { patch: { json: [] } } ]", Code::EmptyList),
        ("[ { patch: { json: [ { op: delete, path: /a } ] } } ]", Code::BadChoice),
        ("[ { patch: { json: [ { op: remove, path: a } ] } } ]", Code::BadOperand),
        ("[ { patch: { json: [ { op: remove, path: /metadata/uid } ] } } ]", Code::Untouchable),
        ("[ { patch: { subresource: approval, merge: { a: 1 } } } ]", Code::BadChoice),
        ("[ { event: { message: \"{{nme}}\" } } ]", Code::BadOperand),
        ("[ { event: { to: me } } ]", Code::UnknownKey),
        ("[ { drain: {} } ]", Code::NotSupportedYet),
        ("[ { notify: { to: me } } ]", Code::NotSupportedYet),
        ("[ { remove: {} } ]", Code::UnknownAction),
        ("[ delete ]", Code::WrongType),
        ("{ delete: {} }", Code::WrongType),
    ] {
        assert_eq!(errors(&format!("watch: vm\nactions: {actions}")), [code], "{actions}");
    }
    for actions in [
        "[ { delete: } ]",
        "[ { delete: { gracePeriod: 0s, propagation: orphan } } ]",
        "[ { label: { k8s-healer.io/protect: \"\", a: null, b: 1.10, c: yes } } ]",
        "[ { annotate: { a: \"any text, even\\nthis\" } } ]",
        "[ { log: { message: \"{{ name }} {{$.status.phase}} {{reason}}\" } } ]",
        "[ { log: } ]",
        "[ { event: } ]",
        "[ { event: { after: 1m, message: \"{{ name }} {{$.status.phase}} {{reason}}\" } } ]",
        "[ { patch: { after: 1m, while: present, merge: { spec: { running: null, runStrategy: Halted } } } } ]",
        "[ { patch: { subresource: status, json: [ { op: add, path: /status/a~1b, value: [1, { c: null }] } ] } } ]",
    ] {
        assert_eq!(errors(&format!("watch: vm\nactions: {actions}")), [], "{actions}");
    }
    for (watch, action) in [
        ("deployments\nnamespaces: [test-*]", "restart: {}"),
        ("[deploy, sts, rs, rc, widgets.example.com]\nnamespaces: [test-*]", "scale: { replicas: 0 }"),
        ("sts\nnamespaces: [test-*]", "scale: { replicas: { valueFrom: $.metadata.annotations.replicas } }"),
        ("nodes\nscope: cluster", "cordon: {}"),
        ("nodes\nscope: cluster", "uncordon:"),
    ] {
        assert_eq!(errors(&format!("watch: {watch}\nactions: [ {{ {action} }} ]")), [], "{action}");
    }
}

#[test]
fn a_rule_says_what_it_watches_and_where() {
    for (lines, code) in [
        ("watch: []", Code::EmptyList),
        ("watch: Pod.Apps", Code::BadWatch),
        ("match: [ { age: { over: 6m } }, { age: { under: 5m } } ]", Code::NeverTrue),
        (
            "match: [ { all: [ { age: { over: 6m } }, { name: { glob: a } } ] }, { age: { under: 6m } } ]",
            Code::NeverTrue,
        ),
        ("watch: pods\nnamespaces: [Test_A]", Code::BadGlob),
        ("watch: pods\nnamespaces: [\"test-*\", \"!Prod-*\"]", Code::BadGlob),
        ("watch: Node\nnamespaces: [test-*]", Code::WrongScope),
        ("watch: po ds", Code::BadWatch),
        ("watch: apps/Deployment", Code::BadWatch),
        ("watch: [pods, pods/log]", Code::BadWatch),
        ("watch: \"*pods\"", Code::BadWatch),
        ("watch: [\"!pods\", \"!secrets\"]", Code::BadWatch),
        ("watch: [pods, \"!po\"]", Code::BadWatch),
        ("watch: [\"*.a.io\", \"!*.a.io\"]", Code::BadWatch),
        ("watch: [\"*\", \"!*\"]", Code::BadWatch),
        ("watch: \"*\"\nmatch: [ { phase: Failed } ]", Code::BeyondMetadata),
        (
            "watch: [pods, \"*\"]\nmatch: [ { not: { field: { path: $.spec.a, equals: b } } } ]",
            Code::BeyondMetadata,
        ),
        ("watch: \"*\"\nmatch: [ { field: { path: $.kind, equals: Pod } } ]", Code::BeyondMetadata),
        ("watch: \"*\"\nunless: [ { phase: Failed } ]", Code::BeyondMetadata),
        ("watch: \"*\"\nactions: [ { log: { message: \"{{$.spec.a}}\" } } ]", Code::BeyondMetadata),
        ("watch: \"*\"\nactions: [ { evict: {} } ]", Code::ImpossibleAction),
        ("watch: \"*.apps\"\nactions: [ { evict: {} } ]", Code::ImpossibleAction),
        ("watch: nodes\nnamespaces: [test-*]", Code::WrongScope),
        ("watch: [pods, nodes]\nnamespaces: [test-*]", Code::WrongScope),
        ("namespaces: []", Code::EmptyList),
        ("namespaces: \"!prod\"", Code::BadGlob),
        ("namespaces: [test-*]\nscope: cluster", Code::Conflict),
        ("scope: namespaced", Code::BadChoice),
        ("mode: warn", Code::BadChoice),
        ("for: 3", Code::BadDuration),
        ("cooldown: never", Code::BadDuration),
        ("schedule: { cron: \"* * * * *\" }", Code::MissingKey),
        ("prioritty: 1", Code::UnknownKey),
        ("description: [a]", Code::WrongType),
        ("watch: vm\nmatch: [ { containers: { ready: false } } ]", Code::NeverTrue),
    ] {
        assert_eq!(errors(lines), [code], "{lines}");
    }
    let unscoped = pack("watch: pods").replace("    scope: cluster\n", "");
    assert_eq!(loaded(&unscoped, &[]).diagnostics[0].code, Code::NoScope);
    for (name, code) in
        [("VM", Code::BadName), ("a.b", Code::BadName), ("-a", Code::BadName), ("\"\"", Code::BadName)]
    {
        let text = pack("watch: pods").replace("name: rule", &format!("name: {name}"));
        assert_eq!(loaded(&text, &[]).diagnostics[0].code, code, "{name}");
    }
}

#[test]
fn every_key_that_must_be_there_is_missed() {
    for key in ["watch", "match", "actions", "scope"] {
        let text: String = pack("")
            .lines()
            .filter(|line| !line.starts_with(&format!("    {key}:")))
            .fold(String::new(), |all, line| all + line + "\n");
        let codes: Vec<Code> = loaded(&text, &[]).diagnostics.iter().map(|one| one.code).collect();
        let code = if key == "scope" { Code::NoScope } else { Code::MissingKey };
        assert_eq!(codes, [code], "{key}\n{text}");
    }
}

#[test]
fn an_owner_is_named_by_its_kind_and_ages_that_leave_one_to_be_are_no_mistake() {
    let codes = |lines: &str| -> Vec<Code> {
        loaded(&pack(lines), &[]).diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    };
    for kind in ["job", "jobs", "replicasets", "[Job, rs]"] {
        let found = codes(&format!("match: [ {{ owner: {{ kind: {kind} }} }} ]"));
        assert_eq!(found, [Code::UnknownKind], "{kind}");
    }
    for matches in [
        "{ owner: { kind: Job } }",
        "{ owner: { kind: widget } }, { owner: { kind: VirtualMachinePool } }",
        "{ age: { over: 5m } }, { age: { under: 6m } }",
        "{ any: [ { age: { over: 6m } }, { age: { under: 5m } } ] }",
        "{ age: { over: 6m } }, { age: { under: 5m, since: $.status.completionTime } }",
        "{ age: { over: 6m } }, { not: { age: { under: 5m } } }",
    ] {
        assert_eq!(codes(&format!("match: [ {matches} ]")), [], "{matches}");
    }
}
