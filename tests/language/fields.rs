//! `field`: every operator on every type of value, what is missing, defaults, and paths with several nodes.

use super::*;

const THING: &str = r#"{ metadata: { name: a }, text: Failed, empty: "", number: 5, zero: 0, negative: -3, float: 5.0,
    half: 0.5, yes: true, no: false, none: null, list: [1, 2, 3], bare: [], map: { a: 1, b: null }, blank: {},
    digits: "12", word: "true", uni: "größe ☃", nulls: [null, null], mixed: [a, null, 3] }"#;

#[test]
fn equality_compares_values_of_one_type_and_knows_nothing_of_others() {
    table(
        THING,
        &[
            ("field: { path: $.text, equals: Failed }", YES),
            ("field: { path: $.text, equals: failed }", NO),
            ("field: { path: $.text, notEquals: Failed }", NO),
            ("field: { path: $.text, notEquals: Running }", YES),
            ("field: { path: $.text, equals: 5 }", UNKNOWN),
            ("field: { path: $.text, notEquals: 5 }", UNKNOWN),
            ("field: { path: $.number, equals: 5 }", YES),
            ("field: { path: $.number, equals: 5.0 }", YES),
            ("field: { path: $.float, equals: 5 }", YES),
            ("field: { path: $.number, equals: \"5\" }", UNKNOWN),
            ("field: { path: $.digits, equals: 12 }", UNKNOWN),
            ("field: { path: $.digits, equals: \"12\" }", YES),
            ("field: { path: $.negative, equals: -3 }", YES),
            ("field: { path: $.yes, equals: true }", YES),
            ("field: { path: $.no, equals: true }", NO),
            ("field: { path: $.no, notEquals: true }", YES),
            ("field: { path: $.yes, equals: \"true\" }", UNKNOWN),
            ("field: { path: $.word, equals: true }", UNKNOWN),
            ("field: { path: $.word, equals: \"true\" }", YES),
            ("field: { path: $.empty, equals: \"\" }", YES),
            ("field: { path: $.empty, notEquals: a }", YES),
            ("field: { path: $.uni, equals: größe ☃ }", YES),
            ("field: { path: $.list, equals: 1 }", UNKNOWN),
            ("field: { path: $.map, notEquals: 1 }", UNKNOWN),
        ],
    );
}

#[test]
fn lists_of_values_may_mix_types_and_a_value_of_none_of_them_is_unknown() {
    table(
        THING,
        &[
            ("field: { path: $.text, in: [Failed, Error] }", YES),
            ("field: { path: $.text, in: [Error] }", NO),
            ("field: { path: $.text, in: [Error, 5] }", UNKNOWN),
            ("field: { path: $.number, notIn: [\"9\", 8] }", UNKNOWN),
            ("field: { path: $.number, in: [Error, 5] }", YES),
            ("field: { path: $.number, in: [a, b] }", UNKNOWN),
            ("field: { path: $.number, notIn: [a, b] }", UNKNOWN),
            ("field: { path: $.text, notIn: [Error, Running] }", YES),
            ("field: { path: $.text, notIn: [Error, Failed] }", NO),
            ("field: { path: $.yes, in: [true, 1] }", YES),
            ("field: { path: $.missing, in: [a] }", UNKNOWN),
            ("field: { path: $.missing, notIn: [a] }", UNKNOWN),
            ("field: { path: $.none, notIn: [a] }", UNKNOWN),
        ],
    );
}

#[test]
fn order_sizes_and_patterns_need_a_value_that_has_them() {
    table(
        THING,
        &[
            ("field: { path: $.number, gt: 4, lt: 6 }", YES),
            ("field: { path: $.number, gt: 5 }", NO),
            ("field: { path: $.number, gte: 5, lte: 5 }", YES),
            ("field: { path: $.half, lt: 1 }", YES),
            ("field: { path: $.negative, lt: -2.5 }", YES),
            ("field: { path: $.text, gt: 4 }", UNKNOWN),
            ("field: { path: $.digits, gt: 4 }", UNKNOWN),
            ("field: { path: $.none, lt: 4 }", UNKNOWN),
            ("field: { path: $.list, size: \"== 3\" }", YES),
            ("field: { path: $.bare, size: \"== 0\" }", YES),
            ("field: { path: $.bare, size: \"> 0\" }", NO),
            ("field: { path: $.map, size: \"!= 1\" }", YES),
            ("field: { path: $.blank, size: \"< 1\" }", YES),
            ("field: { path: $.text, size: \"> 0\" }", UNKNOWN),
            ("field: { path: $.missing, size: \"== 0\" }", UNKNOWN),
            ("field: { path: $.text, matches: ail }", NO),
            ("field: { path: $.text, matches: .*ail.* }", YES),
            ("field: { path: $.text, matches: Failed|Error }", YES),
            ("field: { path: $.text, glob: F* }", YES),
            ("field: { path: $.text, glob: [\"*\", \"!Failed\"] }", NO),
            ("field: { path: $.uni, glob: größe ? }", YES),
            ("field: { path: $.empty, glob: \"*\" }", YES),
            ("field: { path: $.number, glob: \"*\" }", UNKNOWN),
            ("field: { path: $.number, matches: .* }", UNKNOWN),
            ("field: { path: $.text, glob: F*, notEquals: Failing, in: [Failed] }", YES),
            ("field: { path: $.text, glob: F*, size: \"> 0\" }", UNKNOWN),
            ("field: { path: $.text, glob: G*, size: \"> 0\" }", NO),
        ],
    );
}

#[test]
fn null_is_missing_and_exists_alone_speaks_of_absence() {
    table(
        THING,
        &[
            ("field: { path: $.none, exists: true }", NO),
            ("field: { path: $.none, exists: false }", YES),
            ("field: { path: $.missing, exists: false }", YES),
            ("field: { path: $.missing.deeper, exists: false }", YES),
            ("field: { path: $.text.deeper, exists: false }", YES),
            ("field: { path: $.empty, exists: true }", YES),
            ("field: { path: $.bare, exists: true }", YES),
            ("field: { path: $.no, exists: true }", YES),
            ("field: { path: $.zero, exists: false }", NO),
            ("field: { path: \"$.nulls[*]\", exists: true }", NO),
            ("field: { path: \"$.mixed[*]\", exists: true }", YES),
            ("field: { path: \"$.bare[*]\", exists: false }", YES),
            ("field: { path: $.missing, exists: true, equals: a }", UNKNOWN),
            ("field: { path: $.none, exists: true, notEquals: a }", UNKNOWN),
            ("field: { path: $.text, exists: true, equals: Failed }", YES),
        ],
    );
}

#[test]
fn a_default_is_the_value_of_what_is_missing_and_of_nothing_else() {
    table(
        THING,
        &[
            ("field: { path: $.missing, default: 0, equals: 0 }", YES),
            ("field: { path: $.missing, default: 0, gt: 0 }", NO),
            ("field: { path: $.none, default: 0, lt: 1 }", YES),
            ("field: { path: $.number, default: 0, equals: 0 }", NO),
            ("field: { path: $.missing, default: false, equals: true }", NO),
            ("field: { path: $.missing, default: [], size: \"== 0\" }", YES),
            ("field: { path: $.missing, default: \"\", equals: \"\" }", YES),
            ("field: { path: $.missing, default: \"0\", equals: 0 }", UNKNOWN),
            ("field: { path: $.missing, default: Running, notIn: [Failed] }", YES),
            ("field: { path: $.missing, default: 0, exists: false }", YES),
            ("field: { path: $.text, default: 0, gt: 1 }", UNKNOWN),
            ("field: { path: \"$.bare[*]\", default: 3, any: { equals: 3 } }", YES),
            ("field: { path: \"$.nulls[*]\", default: 3, all: { equals: 3 } }", YES),
        ],
    );
}

#[test]
fn several_nodes_need_any_or_all_and_one_node_needs_neither() {
    table(
        r"{ items: [ { n: 1, s: a }, { n: 3, s: b }, { m: 7, s: null } ], odd: [1, x, null], bare: [] }",
        &[
            ("field: { path: \"$.items[*].n\", gt: 0 }", UNKNOWN),
            ("field: { path: \"$.items[*].m\", gt: 0 }", YES),
            ("field: { path: \"$.items[0].n\", equals: 1 }", YES),
            ("field: { path: \"$.items[-1].m\", equals: 7 }", YES),
            ("field: { path: \"$.items[9].m\", equals: 7 }", UNKNOWN),
            ("field: { path: \"$.items[*].n\", any: { gt: 2 } }", YES),
            ("field: { path: \"$.items[*].n\", any: { exists: true } }", YES),
            ("field: { path: \"$.items[*].n\", all: { exists: true, gt: 0 } }", YES),
            ("field: { path: \"$.items[*].n\", any: { exists: false } }", NO),
            ("field: { path: \"$.none[*].n\", any: { exists: true } }", UNKNOWN),
            ("field: { path: \"$.none[*].n\", all: { exists: false } }", UNKNOWN),
            ("field: { path: \"$.items[*].n\", any: { gt: 3 } }", NO),
            ("field: { path: \"$.items[*].n\", all: { gt: 2 } }", NO),
            ("field: { path: \"$.items[*].n\", all: { gt: 0 }, any: { equals: 3 } }", YES),
            ("field: { path: \"$.items[*].s\", any: { equals: a } }", YES),
            ("field: { path: \"$.items[*].s\", any: { equals: c } }", UNKNOWN),
            ("field: { path: \"$.items[*].s\", all: { in: [a, b] } }", UNKNOWN),
            ("field: { path: \"$.items[*].s\", all: { equals: a } }", NO),
            ("field: { path: \"$.odd[*]\", any: { gt: 0 } }", YES),
            ("field: { path: \"$.odd[*]\", all: { gt: 0 } }", UNKNOWN),
            ("field: { path: \"$.odd[*]\", all: { gt: 1 } }", NO),
            ("field: { path: \"$.bare[*]\", any: { gt: 0 } }", UNKNOWN),
            ("field: { path: \"$.bare[*]\", all: { gt: 0 } }", UNKNOWN),
            ("field: { path: \"$.missing[*].n\", all: { gt: 0 } }", UNKNOWN),
            ("field: { path: \"$.bare[*]\", exists: true, any: { gt: 0 } }", UNKNOWN),
        ],
    );
}
