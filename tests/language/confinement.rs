//! Paths that are confined: nothing of them reaches out of their namespaces, by whatever they say.

use std::fs;
use std::time::Duration;

use k8s_healer::rules::comparison::compare;
use k8s_healer_engine::rule::Mode;

use super::documents::{HEAD, PACK, guarding, overriding};
use super::*;

/// A folder of a team, and one of the platform.
struct Teams(tempfile::TempDir);

impl Teams {
    fn new(team: &str, platform: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("team", team), ("platform", platform)] {
            fs::create_dir(folder.path().join(name)).unwrap();
            if !text.is_empty() {
                fs::write(folder.path().join(name).join("pack.yaml"), text).unwrap();
            }
        }
        Self(folder)
    }

    fn load(&self, paths: &[&str]) -> Loaded {
        let inputs = paths.iter().map(|path| Input::of_path(&self.0.path().join(path)).unwrap());
        load(&inputs.collect::<Vec<_>>(), &LoadOptions::default())
    }
}

#[test]
fn a_confined_pack_selects_nothing_outside_whatever_it_says() {
    for namespaces in
        ["[\"*\"]", "[team-a-*]", "[\"*\", \"!x\"]", "[prod, team-a-1]", "[\"?eam-a-*\", \"[o-q]rod\"]"]
    {
        let team = Teams::new(&format!("{HEAD}{PACK}").replace("[test-*]", namespaces), "");
        for paths in [
            &["team=team-a-*"][..],
            &["team/=team-a-*,!team-a-x"],
            &["", "team/pack.yaml=team-a-*"],
            &["team=team-a-*", ""],
        ] {
            let paths: Vec<&str> = paths.to_vec();
            let loaded = team.load(&paths);
            for rule in
                loaded.rule_set.unwrap_or_else(|| panic!("{namespaces}: {:?}", loaded.diagnostics)).rules
            {
                for outside in [Some("prod"), Some("team-b"), Some("kube-system"), None] {
                    assert!(!rule.scope.selects(outside), "{namespaces} {paths:?} {outside:?}");
                    assert_eq!(rule.scope.selecting(outside), None);
                }
                assert!(rule.scope.selects(Some("team-a-1")), "{namespaces} {paths:?}");
            }
        }
    }
}

#[test]
fn rules_that_are_confined_otherwise_are_other_rules_for_a_reload() {
    let team = Teams::new(&format!("{HEAD}{PACK}").replace("[test-*]", "[\"*\"]"), "");
    let written = |path: &str| team.load(&[path]).written;
    let free = written("team");
    let (one, other) = (written("team=team-a-*"), written("team=team-b-*"));
    for (before, after) in [(&free, &one), (&one, &other), (&one, &free)] {
        let told = compare(before, after).lines();
        assert!(told.iter().any(|line| line.contains("within")), "{told:?}");
        assert!(before.values().zip(after.values()).all(|(before, after)| !before.says_the_same(after)));
    }
    assert_eq!(compare(&one, &written("team/=team-a-*")).lines(), [""; 0]);
    // In whichever order two paths confine it.
    let twice = |paths: [&str; 2]| team.load(&paths).written;
    let (there, back) = (["team=team-*", "team/pack.yaml=*-a-1"], ["team/pack.yaml=*-a-1", "team=team-*"]);
    assert_eq!(compare(&twice(there), &twice(back)).lines(), [""; 0]);
}

#[test]
fn a_confined_pack_that_selects_namespaces_by_their_labels_stays_within() {
    let by_labels =
        PACK.replace("namespaces: \"${where}\"", "namespaceSelector: { matchLabels: { team: a } }");
    assert_ne!(by_labels, PACK);
    let team = Teams::new(&format!("{HEAD}{by_labels}"), "");
    for rule in team.load(&["team=team-a-*"]).rule_set.unwrap().rules {
        assert!(rule.scope.selects(Some("team-a-1")) && !rule.scope.selects(None));
        assert!(!rule.scope.selects(Some("prod")));
    }
}

#[test]
fn a_confined_pack_on_a_kind_without_namespaces_is_not_advised_to_reach_out() {
    let team = Teams::new(&format!("{HEAD}{PACK}").replace("watch: vm,", "watch: nodes,"), "");
    let wrong = |path: &str| {
        let diagnostics = team.load(&[path]).diagnostics;
        diagnostics.into_iter().find(|one| one.code == Code::WrongScope).unwrap().help
    };
    assert!(wrong("team").contains("write `scope: cluster`"));
    let help = wrong("team=team-a-*");
    assert!(help.contains("confined to `team-a-*`") && !help.contains("scope: cluster"), "{help}");
}

#[test]
fn a_confined_pack_cannot_reach_out_by_scope_overrides_or_guardrails() {
    let sound = format!("{HEAD}{PACK}").replace("[test-*]", "[team-a-*]");
    let platform = format!("{HEAD}{PACK}").replace("name: vms", "name: platform");
    let code_of = |team: &str| {
        let loaded = Teams::new(team, &platform).load(&["team=team-a-*", "platform"]);
        let codes: Vec<Code> = loaded.diagnostics.iter().map(|one| one.code).collect();
        (loaded.rule_set.is_some(), codes)
    };
    assert_eq!(code_of(&sound), (true, vec![]));
    let own = overriding("team", "{ rule: vms/stale, namespaces: [\"*\"] }");
    let (_, warned) = code_of(&format!("{sound}---\n{own}"));
    assert_eq!(warned, [], "its own rules it may change, and stays confined");
    for reaching in [
        sound.replace("watch: vm,", "watch: vm, scope: cluster,"),
        sound.replace("namespaces: \"${where}\"", "scope: cluster"),
        sound.replace("watch: vm,", "watch: nodes, scope: cluster,"),
        format!("{sound}---\n{}", overriding("team", "{ rule: platform/stale, enabled: false }")),
        format!("{sound}---\n{}", overriding("team", "{ pack: platform, mode: observe }")),
        format!("{sound}---\n{}", guarding("team", "unprotect: { namespaces: kubevirt }")),
    ] {
        let (accepted, codes) = code_of(&reaching);
        assert!(!accepted && codes.contains(&Code::Confined), "{codes:?} in {reaching}");
        assert!(!codes.contains(&Code::LiftedProtection), "what is refused lifts nothing: {reaching}");
    }
    // The platform's overrides reach the team.
    let teams = Teams::new(
        &sound,
        &format!("{platform}---\n{}", overriding("all", "{ rule: vms/stale, namespaces: [prod] }")),
    );
    let loaded = teams.load(&["team=team-a-*", "platform"]);
    assert_eq!(loaded.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::OutsideConfinement]);
    assert!(!loaded.rule_set.unwrap().rules[0].scope.selects(Some("prod")));
}

#[test]
fn globs_that_surely_select_nothing_of_the_confinement_are_warned_of() {
    let is_warned_of = |confinement: &str, namespaces: &str| {
        let pack = format!("{HEAD}{PACK}").replace("[test-*]", namespaces);
        let loaded = Teams::new(&pack, PACK).load(&[&format!("team={confinement}")]);
        assert!(loaded.rule_set.is_some(), "{:?}", loaded.diagnostics);
        loaded.diagnostics.iter().any(|one| one.code == Code::OutsideConfinement)
    };
    for (confinement, namespaces, expected) in [
        ("team-b-*", "\"prod-*\"", true),
        ("team-b-*", "[prod, \"x-?\"]", true),
        ("team-b-*", "[\"[s-u]eam-a-*\", \"!team-b-x\"]", true),
        ("team-b-*,!team-b-infra*", "team-b-infra-*", true),
        ("team-b-*", "[prod, \"t?am-*\"]", false),
        ("team-b-*", "\"*-prod\"", false),
        ("team-b-*,!team-b-?", "team-b-*", false),
        ("team-b-*", "[prod-*, team-b-1]", false),
    ] {
        assert_eq!(is_warned_of(confinement, namespaces), expected, "{confinement} {namespaces}");
    }
}

#[test]
fn what_is_said_of_all_holds_against_an_override_that_is_confined_however_exact_it_is() {
    let team = format!("{HEAD}{PACK}").replace("[test-*]", "[team-a-*]");
    let own = "{ rule: vms/stale, enabled: true, mode: enforce, parameters: { age: 1m } }";
    let all = "{ pack: vms, mode: observe, parameters: { age: 1h } }";
    let load = |team: &str, platform: &str| {
        let loaded = Teams::new(team, platform).load(&["team=team-a-*", "platform"]);
        let rules = loaded.rule_set.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)).rules;
        let rule = rules.iter().find(|rule| &*rule.id.name == "stale").cloned();
        rule.map(|rule| (rule.mode, rule.cooldown))
    };
    let own = format!("{team}---\n{}", overriding("team", own));
    let hour = Some((Mode::Observe, Duration::from_secs(3600)));
    assert_eq!(load(&own, &overriding("all", all)), hour);
    assert_eq!(load(&own, &overriding("all", "{ pack: vms, enabled: false }")), None);
    // Where nobody says it of all, the team's own holds; and among equals what is said of the rule.
    let elsewhere = overriding("all", "{ pack: vms, namespaces: [team-a-1] }");
    assert_eq!(load(&own, &elsewhere), Some((Mode::Enforce, Duration::from_secs(60))));
    let both = format!("{all}, {{ rule: vms/stale, mode: dry-run, parameters: {{ age: 2h }} }}");
    assert_eq!(load(&team, &overriding("all", &both)), Some((Mode::DryRun, Duration::from_secs(7200))));
}

#[test]
fn guardrails_of_a_confined_file_hold_in_its_namespaces_alone() {
    let team = format!(
        "{}---\n{}",
        format!("{HEAD}{PACK}").replace("[test-*]", "[team-a-*]"),
        guarding("team", "protect: { kinds: [pvc] }")
    );
    let loaded = Teams::new(&team, "").load(&["team=team-a-*"]);
    let document = Arc::clone(&loaded.rule_set.unwrap().guardrails.documents[0]);
    assert!(
        document.within.as_ref().is_some_and(|globs| globs.matches("team-a-1") && !globs.matches("prod"))
    );
}

/// What a link leads to would be confined with the folder: the guardrails of all would hold in it alone.
#[test]
fn a_confined_folder_takes_nothing_in_by_a_link() {
    let pack = format!("{HEAD}{PACK}").replace("[test-*]", "[team-a-*]");
    let teams = Teams::new(&pack, &guarding("all", "protect: { namespaces: [test-gold] }"));
    let within = |loaded: &Loaded| {
        let documents = &loaded.rule_set.as_ref().unwrap().guardrails.documents;
        documents.iter().map(|document| document.within.is_some()).collect::<Vec<_>>()
    };
    let inputs = ["platform", "team=team-a-*"];
    assert_eq!(within(&teams.load(&inputs)), [false]);
    let path = |name: &str| teams.0.path().join(name);
    for (link, target) in [("team/link.yaml", "platform/pack.yaml"), ("team/folder", "platform")] {
        std::os::unix::fs::symlink(path(target), path(link)).unwrap();
        for paths in [&inputs[..], &["team=team-a-*", "platform"], &["", "team=team-a-*"]] {
            let loaded = teams.load(paths);
            assert!(loaded.rule_set.is_none(), "{link} {paths:?}");
            let found: Vec<_> =
                loaded.diagnostics.iter().filter(|one| one.message.contains("leads out of")).collect();
            assert!(found.len() == 1 && found[0].code == Code::Confined, "{:?}", loaded.diagnostics);
        }
        fs::remove_file(path(link)).unwrap();
    }
    // Links that stay inside are how a ConfigMap is mounted.
    fs::create_dir(path("team/..data")).unwrap();
    fs::rename(path("team/pack.yaml"), path("team/..data/pack.yaml")).unwrap();
    std::os::unix::fs::symlink("..data/pack.yaml", path("team/pack.yaml")).unwrap();
    assert!(!teams.load(&inputs).rule_set.unwrap().rules.is_empty());
}

#[test]
fn two_teams_with_the_same_namespaces_change_nothing_of_each_other() {
    let other = format!("{HEAD}{PACK}").replace("[test-*]", "[shared-*]");
    let team = overriding("team", "{ rule: vms/stale, mode: enforce }");
    let loaded = Teams::new(&team, &other).load(&["team=shared-*", "platform=shared-*"]);
    let codes: Vec<Code> = loaded.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!((loaded.rule_set.is_some(), codes), (false, vec![Code::Confined]));
    let own = format!("{other}---\n{team}");
    let loaded = Teams::new(&own, "").load(&["team=shared-*", "team/pack.yaml=shared-*"]);
    assert_eq!(loaded.rule_set.unwrap().rules[0].mode, Mode::Enforce);
}
