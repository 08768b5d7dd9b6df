//! `priority`: by class and by number, of pods that are admitted.

use super::*;

#[test]
fn a_priority_is_that_of_the_pod() {
    table(
        "{ spec: { priority: 1000, priorityClassName: batch } }",
        &[
            ("priority: { class: batch }", YES),
            ("priority: { class: [low, batch] }", YES),
            ("priority: { class: Batch }", NO),
            ("priority: { below: 1000 }", NO),
            ("priority: { below: 1001 }", YES),
            ("priority: { atLeast: 1000 }", YES),
            ("priority: { atLeast: 1001 }", NO),
            ("priority: { atLeast: -5, below: 2000, class: batch }", YES),
            ("priority: { below: { valueFrom: $.spec.priority } }", NO),
            ("priority: { below: { valueFrom: $.spec.none } }", UNKNOWN),
        ],
    );
    objects(
        "priority: { below: 1 }",
        &[
            ("{}", UNKNOWN),
            ("{ spec: {} }", UNKNOWN),
            ("{ spec: { priorityClassName: batch } }", UNKNOWN),
            ("{ spec: { priority: null } }", UNKNOWN),
            ("{ spec: { priority: \"0\" } }", UNKNOWN),
            ("{ spec: { priority: 0 } }", YES),
            ("{ spec: { priority: -1 } }", YES),
            ("{ spec: { priority: 2000001000 } }", NO),
        ],
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (keys, code) in [
        ("", Code::MissingKey),
        ("below: \"5\"", Code::WrongType),
        ("below: 1.5", Code::WrongType),
        ("below: [5]", Code::WrongType),
        ("atLeast: 5, below: 5", Code::NeverTrue),
        ("atLeast: 3000000000", Code::NeverTrue),
        ("class: []", Code::EmptyList),
        ("over: 5", Code::UnknownKey),
        ("below: { valueFrom: $.a, min: 5m }", Code::WrongType),
    ] {
        assert_eq!(errors(&format!("match: [ {{ priority: {{ {keys} }} }} ]")), [code], "{keys}");
    }
    assert_eq!(errors("watch: vm\nmatch: [ { priority: { below: 5 } } ]"), [Code::NeverTrue]);
}
