use jiff::SignedDuration;

use super::super::troubles::troubles;
use super::*;
use crate::daemon::control::protocol::{Cluster, Deadline, Paused, ReloadReport};

fn now() -> Timestamp {
    "2026-11-26T12:00:00Z".parse().unwrap()
}

fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

fn rule(name: &str, kind: &str, state: RuleState, reason: Option<&str>) -> RuleStatus {
    RuleStatus {
        rule: name.to_owned(),
        kind: kind.to_owned(),
        state,
        reason: reason.map(str::to_owned),
        selected: 120,
        matching: 3,
        acted: 17,
        held: 2,
        ..RuleStatus::default()
    }
}

fn watch(kind: &str, health: Health, reason: Option<&str>) -> WatchStatus {
    WatchStatus {
        kind: kind.to_owned(),
        namespace: None,
        health,
        since: ago(125),
        reason: reason.map(str::to_owned),
        objects: 120,
        armed: 40,
    }
}

fn well() -> Status {
    Status {
        version: "0.1.0".to_owned(),
        pid: 4711,
        started: ago(2 * 86_400 + 3 * 3600 + 59),
        ready: true,
        arguments: ["daemon", "run", "--detached", "--rules=rules.yaml"].map(str::to_owned).to_vec(),
        folder: "/home/a".into(),
        cluster: Cluster {
            url: "https://127.0.0.1:6443".to_owned(),
            context: Some("dev".to_owned()),
            version: "v1.37.2".to_owned(),
            nodes: Some(1),
        },
        mode: "enforce".to_owned(),
        memory: Some(13 * 1024 * 1024),
        log_file: Some("/var/log/k8s-healer/daemon.log".into()),
        namespaces: Some(12),
        rules: vec![
            rule("kubevirt-ui/vm-stale", "virtualmachines.kubevirt.io", RuleState::Active, None),
            rule("pods/crash-loop", "pods", RuleState::Active, None),
        ],
        watches: vec![watch("pods", Health::Following, None)],
        deadlines: vec![Deadline {
            at: now() + SignedDuration::from_secs(83),
            object: "pods/test-a/web-1".to_owned(),
        }],
        ..Status::default()
    }
}

fn shown(status: &Status, look: Look) -> String {
    let style = Style { colour: look.colour, ..Style::PLAIN };
    let mut out = Vec::new();
    let troubles = troubles(status);
    Page { status, troubles: &troubles, now: now(), look, style }.show(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_person_sees_at_once_what_runs_and_what_comes() {
    insta::assert_snapshot!(shown(&well(), Look::PLAIN), @"
    k8s-healer 0.1.0 runs (pid 4711)
      since       2026-11-24 08:59:01Z (2d3h ago)
      cluster     https://127.0.0.1:6443 (context dev) · Kubernetes v1.37.2 · 1 node
      mode        enforce
      namespaces  12 selected
      memory      13 MiB
      log         /var/log/k8s-healer/daemon.log
      folder      /home/a
      started as  daemon run --rules=rules.yaml

    2 rules
    RULE                  KIND                         STATE   SELECTED  TRUE NOW  ACTED  HELD BACK  FAILED
    kubevirt-ui/vm-stale  virtualmachines.kubevirt.io  active  120       3         17     2          0
    pods/crash-loop       pods                         active  120       3         17     2          0

    1 watch
    KIND  STATE      FOR   OBJECTS  WITH A TIMER
    pods  following  2m5s  120      40

    due next
    IN     AT                    OBJECT
    1m23s  2026-11-26 12:01:23Z  pods/test-a/web-1
    ");
}

#[test]
fn what_is_wrong_is_said_in_the_end_where_it_is_read() {
    let mut status = well();
    status.ready = false;
    status.paused = Some(Paused { since: ago(60), reason: Some("upgrade".to_owned()) });
    status.rules.push(rule("a/b", "secrets", RuleState::Forbidden, Some("list is not permitted")));
    status.rules.push(rule("a/c", "", RuleState::Refused, Some("evict is for pods")));
    status.watches.push(watch("secrets", Health::Forbidden, Some("list is not permitted")));
    status.watches.push(watch("nodes", Health::Interrupted, Some("connection refused")));
    status.log_trouble = Some("3 lines of the log were lost: no space left on device".to_owned());
    status.reload = Some(ReloadReport {
        at: ago(30),
        asked_by: "file".to_owned(),
        outcome: ReloadOutcome::Invalid,
        diff: Vec::new(),
        problems: vec!["rules.yaml:3:4: `6 min` is not a duration".to_owned()],
    });
    insta::assert_snapshot!(shown(&status, Look::PLAIN), @"
    k8s-healer 0.1.0 runs (pid 4711)
      since       2026-11-24 08:59:01Z (2d3h ago)
      cluster     https://127.0.0.1:6443 (context dev) · Kubernetes v1.37.2 · 1 node
      mode        enforce
      paused      since 2026-11-26 11:59:00Z (1m ago): upgrade
      namespaces  12 selected
      memory      13 MiB
      log         /var/log/k8s-healer/daemon.log
      folder      /home/a
      started as  daemon run --rules=rules.yaml

    4 rules
    RULE                  KIND                         STATE      SELECTED  TRUE NOW  ACTED  HELD BACK  FAILED  WHY
    kubevirt-ui/vm-stale  virtualmachines.kubevirt.io  active     120       3         17     2          0
    pods/crash-loop       pods                         active     120       3         17     2          0
    a/b                   secrets                      forbidden  120       3         17     2          0       list is not permitted
    a/c                                                left out   120       3         17     2          0       evict is for pods

    3 watches
    KIND     STATE        FOR   OBJECTS  WITH A TIMER  WHY
    secrets  forbidden    2m5s  120      40            list is not permitted
    nodes    interrupted  2m5s  120      40            connection refused
    pods     following    2m5s  120      40

    due next
    IN     AT                    OBJECT
    1m23s  2026-11-26 12:01:23Z  pods/test-a/web-1

    last reload, 2026-11-26 11:59:30Z (30s ago), by file: refused: the rules have errors
      rules.yaml:3:4: `6 min` is not a duration

    what is wrong
      paused (upgrade): nothing is done until `k8s-healer daemon resume`
      not ready: some kinds have not been listed yet
      the watch of secrets is not permitted (list is not permitted)
      the watch of nodes is interrupted: nothing is done about it meanwhile (connection refused)
      the rule a/c is left out: evict is for pods
      the rules were changed and have errors: those before stay in force
      3 lines of the log were lost: no space left on device
    ");
}

#[test]
fn it_fits_a_narrow_terminal_with_names_of_any_script() {
    let mut status = well();
    status.rules[0].rule = "テスト環境/とても長い名前のルール".to_owned();
    status.rules[1].reason = Some("a reason of very many words that no terminal has on one line".repeat(3));
    for width in [70, 100, 140] {
        let text = shown(&status, Look { colour: false, width: Some(width) });
        let table = text.split("\n\n").find(|part| part.contains("SELECTED")).unwrap();
        for line in table.lines() {
            assert!(line.chars().count() <= usize::from(width), "{width}:\n{table}");
        }
    }
}

#[test]
fn colours_come_only_where_they_are_wanted_and_nothing_else_reaches_the_terminal() {
    let mut status = well();
    status.cluster.version = "v1\u{1b}[2J".to_owned();
    status.rules[0].rule = "a\u{1b}[31mb".to_owned();
    assert!(!shown(&status, Look::PLAIN).contains('\u{1b}'));
    assert!(shown(&status, Look { colour: true, width: None }).contains('\u{1b}'));
}

#[test]
fn many_watches_are_counted_and_those_in_trouble_come_first() {
    let mut status = well();
    status.watches = (0..200).map(|_| watch("pods", Health::Following, None)).collect();
    status.watches.push(watch("secrets", Health::Forbidden, None));
    let text = shown(&status, Look::PLAIN);
    assert!(text.contains("201 watches") && text.contains("… and 171 more"), "{text}");
    assert!(text.find("secrets").unwrap() < text.find("following").unwrap(), "{text}");
    status.watches = (0..200).map(|_| watch("pods", Health::Forbidden, None)).collect();
    let wrong = troubles(&status);
    assert_eq!(wrong.len(), 11);
    assert_eq!(wrong[10], "the same of 190 more watches");
}

#[test]
fn all_is_well_only_where_nothing_is_wrong() {
    assert!(troubles(&well()).is_empty());
    let reloads = [
        (ReloadOutcome::Applied, 0),
        (ReloadOutcome::Unchanged, 0),
        (ReloadOutcome::Invalid, 1),
        (ReloadOutcome::Unconfirmed, 1),
        (ReloadOutcome::Failed, 1),
    ];
    for (outcome, expected) in reloads {
        let reload = ReloadReport {
            at: now(),
            asked_by: "file".to_owned(),
            outcome,
            diff: Vec::new(),
            problems: Vec::new(),
        };
        assert_eq!(troubles(&Status { reload: Some(reload), ..well() }).len(), expected, "{outcome:?}");
    }
    for state in [RuleState::Active, RuleState::Dormant] {
        let rules = vec![rule("a/b", "pods", state, Some("why"))];
        assert!(troubles(&Status { rules, ..well() }).is_empty());
    }
}

#[test]
fn times_are_told_to_two_units() {
    for (seconds, text) in [(0, "0s"), (59, "59s"), (125, "2m5s"), (3725, "1h2m"), (90_061, "1d1h")] {
        assert_eq!(rounded(Duration::from_secs(seconds)), text);
    }
}

#[test]
fn what_failed_in_expressions_is_a_column_where_there_is_any() {
    let mut status = well();
    assert!(!shown(&status, Look::PLAIN).contains("CEL FAILED"));
    status.rules[1].unknown = 42;
    let page = shown(&status, Look::PLAIN);
    let rows: Vec<&str> = page.lines().skip_while(|line| !line.contains("CEL FAILED")).take(3).collect();
    assert!(
        rows.len() == 3 && rows.iter().any(|row| row.contains("crash-loop") && row.contains("42")),
        "{page}"
    );
    assert!(rows.iter().any(|row| row.contains("vm-stale") && !row.contains("42")), "{page}");
}
