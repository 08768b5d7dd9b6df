//! Two readings of a pack, and what is told of the difference.

use std::fmt::Write as _;
use std::sync::Arc;

use k8s_healer_engine::rule::RuleSet;
use proptest::prelude::*;

use super::*;
use crate::rules::{Input, LoadOptions, Loaded, load};

const HEAD: &str = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\n";
const RULE: &str = "rules:\n  - name: stale\n    watch: pods\n    namespaces: [test-*, pw-*]\n    match:\n      - age: { over: 6m }\n      \
                    - phase: [Failed, Unknown]\n    actions:\n      - delete: {}\n";

fn read(pack: &str, set: &[&str]) -> Loaded {
    let bytes = format!("{HEAD}{pack}").into_bytes();
    let set = set.iter().map(ToString::to_string).collect();
    let options = LoadOptions { set, ..LoadOptions::default() };
    let loaded = load(&[Input::Text { name: "test".to_owned(), bytes }], &options);
    assert!(loaded.rule_set.is_some(), "{:#?}\n{pack}", loaded.diagnostics);
    loaded
}

fn difference(before: &str, after: &str) -> Difference {
    compare(&read(before, &[]).written, &read(after, &[]).written)
}

/// What a rule says, as `path = value`.
fn says(loaded: &Loaded) -> Vec<String> {
    let (_, written) = loaded.written.first_key_value().unwrap();
    written.values().map(|(path, value)| format!("{path} = {value}")).collect()
}

#[test]
fn a_rule_says_what_it_has_with_parameters_settings_and_defaults_written_out() {
    let text = format!(
        "parameters: {{ age: 6m, where: [a-*, b] }}\ndefaults: {{ namespaces: \"${{where}}\", cooldown: 5m, unless: [ phase: Running ] }}\n{}",
        RULE.replace("over: 6m", "over: \"${age}\"").replace("    namespaces: [test-*, pw-*]\n", "")
    );
    let said = says(&read(&text, &["pack.age=9m"]));
    assert_eq!(
        said,
        [
            "watch = [pods]",
            "namespaces = [a-*, b]",
            "match[0].age.over = 9m",
            "match[1].phase = [Failed, Unknown]",
            "unless[0].phase = Running",
            "for = 0s",
            "breaker = off",
            "cooldown = 5m",
            "mode = enforce",
            "actions[0].delete = {}",
        ]
    );
}

#[test]
fn another_way_to_write_the_same_is_no_difference() {
    let rewritten = "rules:\n- # the same\n  match: [ { age: { over: '6m' } }, { \"phase\": [Failed, Unknown] } ]\n  actions: [ delete: ]\n  \
                     mode: enforce\n  cooldown: 10m\n  for: 0s\n  namespaces: [test-*, pw-*]\n  watch: [pods]\n  name: stale\n";
    assert_eq!(difference(RULE, rewritten), Difference { unchanged: 1, ..Difference::default() });
    let inherited = format!("defaults: {{ namespaces: [test-*, pw-*] }}\n{RULE}")
        .replace("    namespaces: [test-*, pw-*]\n", "");
    assert!(difference(RULE, &inherited).is_empty());
    let by_parameter = format!("parameters: {{ a: 6m }}\n{}", RULE.replace("over: 6m", "over: \"${a}\""));
    assert!(difference(RULE, &by_parameter).is_empty());
    let in_another_order = RULE.replace("{ over: 6m }", "{ under: 1h, over: 6m }");
    assert!(
        difference(&in_another_order, &RULE.replace("{ over: 6m }", "{ over: 6m, under: 1h }")).is_empty()
    );
}

#[test]
fn a_scope_of_its_own_takes_the_place_of_the_namespaces_of_the_defaults() {
    let defaults = "defaults: { namespaces: [test-*] }\n";
    let own = RULE.replace("namespaces: [test-*, pw-*]", "scope: cluster");
    let said = says(&read(&format!("{defaults}{own}"), &[]));
    assert_eq!(said[1], "scope = cluster", "{said:?}");
    assert!(!said.iter().any(|value| value.starts_with("namespaces")), "{said:?}");
}

/// Each change as one line of the log has it.
#[test]
fn what_changed_is_told_value_by_value() {
    for (from, to, told) in [
        ("over: 6m", "over: 10m", "match[0].age.over 6m → 10m"),
        ("over: 6m", "over: 6m, under: 1h", "+ match[0].age.under 1h"),
        ("[Failed, Unknown]", "[Failed]", "match[1].phase [Failed, Unknown] → [Failed]"),
        ("test-*, pw-*", "\"*\"", "namespaces [test-*, pw-*] → [*]"),
        ("watch: pods", "watch: [pods, pvc]", "watch [pods] → [pods, pvc]"),
        (
            "    actions:",
            "    cooldown: 1h\n    mode: observe\n    actions:",
            "cooldown 10m → 1h; mode enforce → observe",
        ),
        ("    actions:", "    for: 3m\n    actions:", "for 0s → 3m"),
        ("    match:\n", "    match:\n      - owner: { exists: true }\n", "+ match[0].owner.exists true"),
        ("      - phase: [Failed, Unknown]\n", "", "- match[1].phase [Failed, Unknown]"),
        (
            "age: { over: 6m }",
            "owner: { exists: true }",
            "- match[0].age.over 6m; + match[0].owner.exists true",
        ),
        (
            "- delete: {}",
            "- delete: { propagation: orphan }",
            "- actions[0].delete {}; + actions[0].delete.propagation orphan",
        ),
        ("- delete: {}", "- delete: {}\n      - log: { message: gone }", "+ actions[1].log.message gone"),
        (
            "- delete: {}",
            "- label: { a/b.c: \"1\" }",
            "- actions[0].delete {}; + actions[0].label[\"a/b.c\"] \"1\"",
        ),
    ] {
        let difference = difference(RULE, &RULE.replace(from, to));
        assert_eq!(difference.lines(), [format!("~ pack/stale: {told}")], "{to}");
        assert!(!difference.changed[0].is_cosmetic(), "{to}");
    }
}

#[test]
fn an_entry_that_moved_leaves_the_others_unchanged() {
    let entries = |list: &[&str]| {
        let list: String = list.iter().map(|age| format!("      - age: {{ over: {age} }}\n")).collect();
        RULE.replace("      - age: { over: 6m }\n", &list)
    };
    let lines = |before: &[&str], after: &[&str]| difference(&entries(before), &entries(after)).lines();
    assert_eq!(
        lines(&["1m", "2m", "3m"], &["9m", "1m", "2m", "3m"]),
        ["~ pack/stale: + match[0].age.over 9m"]
    );
    assert_eq!(lines(&["1m", "2m", "3m"], &["1m", "3m"]), ["~ pack/stale: - match[1].age.over 2m"]);
    assert_eq!(lines(&["1m", "2m", "3m"], &["1m", "9m", "3m"]), ["~ pack/stale: match[1].age.over 2m → 9m"]);
    assert_eq!(
        lines(&["1m", "2m", "3m"], &["2m", "3m", "1m"]),
        ["~ pack/stale: - match[0].age.over 1m; + match[2].age.over 1m"]
    );
}

#[test]
fn a_long_list_is_told_by_the_items_that_came_and_went() {
    let list = |items: &str| RULE.replace("test-*, pw-*", items);
    let told = difference(&list("a, b, c, d, e"), &list("a, c, d, e, f")).lines();
    assert_eq!(told, ["~ pack/stale: - namespaces[1] b; + namespaces[4] f"]);
    let order = difference(&list("a, b, c, d"), &list("b, a, c, d")).lines();
    assert_eq!(order, ["~ pack/stale: namespaces [a, b, c, d] → [b, a, c, d]"]);
}

#[test]
fn another_description_is_a_change_of_words_alone() {
    let with = |words: &str| RULE.replace("    watch:", &format!("    description: {words}\n    watch:"));
    let words = difference(&with("one"), &with("two"));
    assert!(!words.is_empty() && words.changed[0].is_cosmetic());
    assert_eq!(words.lines(), ["~ pack/stale: description one → two"]);
    let more = difference(&with("one"), &with("two").replace("6m", "7m"));
    assert!(!more.changed[0].is_cosmetic());
}

#[test]
fn values_of_different_types_are_not_the_same() {
    let equals =
        |value: &str| RULE.replace("age: { over: 6m }", &format!("field: {{ path: $.a, equals: {value} }}"));
    for (before, after) in [("1", "\"1\""), ("true", "\"true\""), ("1", "1.0")] {
        let lines = difference(&equals(before), &equals(after)).lines();
        assert_eq!(lines, [format!("~ pack/stale: match[0].field.equals {before} → {after}")]);
    }
    assert!(difference(&equals("a"), &equals("\"a\"")).is_empty());
}

/// So many rules, in a certain order.
fn rules(numbers: impl IntoIterator<Item = usize>) -> String {
    let mut text = "rules:\n".to_owned();
    for number in numbers {
        let rule = RULE.trim_start_matches("rules:\n").replace("stale", &format!("r{number:04}"));
        write!(text, "{rule}").unwrap();
    }
    text
}

#[test]
fn rules_that_came_and_went_are_told_and_counted() {
    let told = difference(&rules([1, 2, 3]), &rules([2, 3, 4]));
    assert_eq!(told.lines(), ["+ pack/r0004", "- pack/r0001"]);
    assert_eq!((told.unchanged, told.to_string().as_str()), (2, "1 added, 1 removed, 2 unchanged"));
    let many = difference(&rules(0..1), &rules(0..1001));
    assert_eq!((many.lines().len(), many.lines().pop().unwrap().as_str()), (51, "and 950 more"));
}

#[test]
fn the_same_rules_in_another_order_are_no_new_rules() {
    let other = difference(&rules([1, 2, 3]), &rules([1, 3, 2]));
    assert!(!other.is_empty() && other.reordered && other.unchanged == 3);
    assert_eq!(other.lines(), ["the rules stand in another order"]);
    assert!(!difference(&rules([1, 3]), &rules([1, 2, 3])).reordered);
    assert!(!difference(&rules([1, 2, 3]), &rules([1, 3])).reordered);
}

#[test]
fn more_than_half_of_the_rules_do_not_go_without_a_word() {
    let asked = |before: &[usize], after: &[usize]| {
        let difference = difference(&rules(before.to_vec()), &rules(after.to_vec()));
        difference.needs_confirmation(before.len())
    };
    assert!(!asked(&[1, 2, 3, 4], &[3, 4]) && asked(&[1, 2, 3, 4], &[4]));
    assert!(!asked(&[1, 2, 3], &[2, 3]) && asked(&[1, 2, 3], &[3]));
    assert!(!asked(&[1, 2], &[2]));
    assert!(asked(&[1], &[2]), "a rule of another name is another rule");
    assert!(!asked(&[1], &[1, 2, 3]));
}

#[test]
fn rules_that_did_not_change_are_the_ones_that_run() {
    let (before, after) = (rules([1, 2, 3]), rules([3, 1, 4, 2]).replacen("6m", "7m", 1));
    let (old, new) = (read(&before, &[]), read(&after, &[]));
    let difference = compare(&old.written, &new.written);
    let (old, new) = (old.rule_set.unwrap(), new.rule_set.unwrap());
    let reused = reuse(&old, new, &difference);
    let names: Vec<&str> = reused.rules.iter().map(|rule| &*rule.id.name).collect();
    assert_eq!(names, ["r0003", "r0001", "r0004", "r0002"]);
    let same = |new: usize, old_at: usize| Arc::ptr_eq(&reused.rules[new], &old.rules[old_at]);
    assert!(same(1, 0) && same(3, 1), "unchanged");
    assert!(!same(0, 2), "changed: 7m");
}

#[test]
fn what_a_new_rule_has_in_common_with_those_that_run_it_shares_with_them() {
    let shared_by = |set: &RuleSet| {
        let first = |rule: usize| Arc::as_ptr(&set.rules[rule].matches[0]).cast::<()>();
        (1..set.rules.len()).all(|rule| first(rule) == first(0))
    };
    let old = read(&rules([1, 2]), &[]);
    let mut running = old.rule_set.unwrap();
    let mut written = old.written;
    assert!(shared_by(&running));
    for round in 3..6 {
        let new = read(&rules([1, 2, round]), &[]);
        let difference = compare(&written, &new.written);
        running = reuse(&running, new.rule_set.unwrap(), &difference);
        written = new.written;
        assert!(shared_by(&running), "{round}");
    }
}

#[test]
fn a_long_value_is_told_around_its_first_difference_and_many_are_counted() {
    let long = |end: &str| {
        let words = format!("{}{end}{}", "a".repeat(2_000), "z".repeat(2_000));
        RULE.replace("    watch:", &format!("    description: {words}\n    watch:"))
    };
    let line = difference(&long("b"), &long("c")).lines().remove(0);
    assert!(line.contains("…aaaaaaaaaaaaaaaaaaaabzzz") && line.contains("aaacz"), "{line}");
    assert!(line.chars().count() < 200, "{line}");
    let labels = |value: &str| {
        let labels: String = (0..1_000).map(|number| format!("k{number}: {value}, ")).collect();
        RULE.replace("age: { over: 6m }", &format!("labels: {{ matchLabels: {{ {labels} }} }}"))
    };
    let line = difference(&labels("a"), &labels("b")).lines().remove(0);
    assert!(line.ends_with("; and 990 more values") && line.len() < 1_000, "{line}");
}

#[test]
fn no_value_breaks_the_line_or_speaks_to_the_terminal() {
    let with = |words: &str| RULE.replace("    watch:", &format!("    description: {words}\n    watch:"));
    let line = difference(&with("a"), &with("\"b\\n+ pack/forged\\t\\e[31m\\u202e\"")).lines();
    assert_eq!(line.len(), 1);
    assert!(line[0].chars().all(|c| !c.is_control() && c != '\u{202e}'), "{line:?}");
}

proptest! {
    /// A change that was not seen would leave an old rule running.
    #[test]
    fn two_texts_look_alike_only_if_they_are(
        one in r#"[a1,\[\]{}" .~\\'-]{0,6}|true|null|0x1|1e3"#,
        other in r#"[a1,\[\]{}" .~\\'-]{0,6}|true|null|0x1|1e3"#,
        third in "[a, \"]{0,3}",
    ) {
        let in_list = |texts: &[&str]| {
            let list: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
            RULE.replace("[Failed, Unknown]", &format!("[{}]", list.join(", ")))
        };
        let alone = |text: &str| {
            RULE.replace("age: { over: 6m }", &format!("annotations: {{ key: a, equals: {text:?} }}"))
        };
        let written = |text: String| read(&text, &[]).written;
        prop_assert_eq!(compare(&written(alone(&one)), &written(alone(&other))).is_empty(), one == other);
        let lists: [&[&str]; 4] = [&[&one, &other], &[&one, &third], &[&one], &[&one, &other, &third]];
        let lists = lists.map(|list| (list, written(in_list(list))));
        for ((a, of_a), (b, of_b)) in lists.iter().flat_map(|a| lists.iter().map(move |b| (a, b))) {
            prop_assert_eq!(compare(of_a, of_b).is_empty(), a == b, "{:?} {:?}", a, b);
        }
    }
}
