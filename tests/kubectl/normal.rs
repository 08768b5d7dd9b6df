//! What kubectl prints, without what differs between any two servers: ages, times, uids, versions, ports.

use regex::Regex;

/// One that holds for both.
pub(crate) fn normal(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, stand_in) in [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
        (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
        (r#"(?i)(resource ?Version"?: +"?)\d+"#, "${1}VERSION"),
        (r"https?://127\.0\.0\.1:\d+", "SERVER"),
        // An age, with the padding of its column.
        (r"(?m)(\s)(\d+d)?(\d+h)?(\d+m)?\d+s( *)", "${1}AGE "),
        (r"(?m) +$", ""),
        // The width of a column is that of its widest cell.
        (r"(\S) {2,}", "$1  "),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, stand_in).into_owned();
    }
    text
}

#[test]
fn what_differs_by_chance_is_made_equal_and_nothing_else() {
    let one = "NAME   AGE   STATUS\nx      5s    Up\nuid: 3f0c1c1e-6f6e-4a7e-9a53-f6cf0a1d2b3c\n";
    let other = "NAME   AGE     STATUS\nx      1m10s   Up\nuid: 00000000-6f6e-4a7e-9a53-f6cf0a1d2b3c\n";
    assert_eq!(normal(one), normal(other));
    assert_ne!(normal(one), normal(&other.replace("Up", "Down")));
    assert_eq!(normal("  resourceVersion: \"12\""), normal("  resourceVersion: \"345\""));
    assert_eq!(normal("  Resource Version:  12"), normal("  Resource Version:  345"));
    assert_ne!(normal("    a: b"), normal("  a: b"));
}
