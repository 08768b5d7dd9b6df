//! What is shown of a summary.

use jiff::Timestamp;

use super::*;

fn row(namespace: &str, action: &str, [acted, would, held, failed]: [u64; 4]) -> SummaryRow {
    SummaryRow {
        rule: "pack/rule".to_owned(),
        kind: "pods".to_owned(),
        namespace: Some(namespace.to_owned()).filter(|name| !name.is_empty()),
        action: action.to_owned(),
        acted,
        would,
        held,
        failed,
        reason: (held + failed > 0).then(|| "protected by\nit".to_owned()),
        last: Timestamp::UNIX_EPOCH,
    }
}

fn shown(told: Told, summary: &Summary) -> Vec<String> {
    let mut out = Vec::new();
    Account { summary, told }.table(Look::PLAIN, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn each_row_has_its_counts_and_the_last_line_the_totals() {
    let summary = Summary {
        rows: vec![row("test-a", "delete", [3, 0, 0, 0]), row("", "evict", [0, 0, 1, 2])],
        remaining: [("pods/test-a/web".to_owned(), "the finalizer a/b holds it".to_owned())].into(),
        incomplete: vec!["nodes: it may not be read".to_owned()],
        ..Summary::default()
    };
    assert_eq!(
        shown(Told::Sweep, &summary),
        [
            "RULE KIND NAMESPACE ACTION DONE HELD BACK FAILED WHY",
            "pack/rule pods test-a delete 3 0 0",
            "pack/rule pods - evict 0 1 2 protected by it",
            "",
            "still there: pods/test-a/web: the finalizer a/b holds it",
            "not complete: nodes: it may not be read",
            "3 deleted, 1 held back, 2 failed; 1 still going; not complete",
        ]
    );
    assert_eq!(
        Account { summary: &summary, told: Told::Sweep }.json()["totals"],
        json!({"acted": 3, "would": 0, "held": 1, "failed": 2, "remaining": 1})
    );
}

#[test]
fn a_weaker_mode_has_no_column_of_what_is_done_and_a_summary_tells_when() {
    let rows = vec![row("test-a", "label", [0, 2, 0, 0])];
    let summary = Summary { rows, ..Summary::default() };
    assert_eq!(
        shown(Told::Sweep, &summary),
        [
            "RULE KIND NAMESPACE ACTION WOULD DO HELD BACK FAILED",
            "pack/rule pods test-a label 2 0 0",
            "",
            "2 would be labelled",
        ]
    );
    assert_eq!(
        shown(Told::Summary, &summary)[1..],
        [
            "pack/rule pods test-a label 2 0 0 1970-01-01 00:00:00Z",
            "",
            "2 would be labelled, since 1970-01-01 00:00:00Z",
        ]
    );
}

#[test]
fn nothing_is_one_line() {
    assert_eq!(shown(Told::Sweep, &Summary::default()), ["nothing to do"]);
    let told = shown(Told::Summary, &Summary::default());
    assert_eq!(told, ["nothing was done, since 1970-01-01 00:00:00Z"]);
    let incomplete = Summary { incomplete: vec!["it failed".to_owned()], ..Summary::default() };
    let told = shown(Told::Sweep, &incomplete);
    assert_eq!(told, ["not complete: it failed", "nothing done; not complete"]);
}
