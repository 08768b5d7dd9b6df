use super::*;
use serde_json::json;

fn read(source: &str, object: &Value) -> Value {
    let expression = Expression::parse(source).unwrap();
    expression.reads().parse(object.to_string().as_bytes()).unwrap()
}

#[test]
fn only_what_is_selected_is_read() {
    let object = json!({"a": {"b": 1, "c": 2, "x.y/z": 3}, "l": [{"n": 1, "m": 2, "k": [{"v": 1, "w": 2}]}],
        "m": {"k": {"v": 1}}, "z": 9});
    for (source, kept) in [
        ("true", json!({})),
        ("object.a.b == 1", json!({"a": {"b": 1}})),
        ("has(object.a.b)", json!({"a": {"b": 1}})),
        ("object.a['x.y/z'] == 3", json!({"a": {"x.y/z": 3}})),
        ("object['a'].b == 1", json!({"a": {"b": 1}})),
        ("object.l.exists(i, i.n == 1)", json!({"l": [{"n": 1}]})),
        ("object.l.filter(i, i.n == 1).size() == 1", json!({"l": object["l"]})),
        ("object.l.exists(i, i.k.exists(j, j.v == i.n))", json!({"l": [{"n": 1, "k": [{"v": 1}]}]})),
        ("object.l.exists(i, true)", json!({"l": object["l"]})),
        ("object.l[0].n == 1", json!({"l": [{"n": 1}]})),
        ("object.l[object.a.b - 1].n == 1", json!({"l": object["l"], "a": {"b": 1}})),
        ("object.l.exists(object, object.n == 1)", json!({"l": [{"n": 1}]})),
        ("(object.a.b == 1 ? object.m : object.a).k.v == 1", json!({"m": object["m"], "a": object["a"]})),
        ("object == object", object.clone()),
        ("[object.a.b, object.z].exists(i, i == 9)", json!({"a": {"b": 1}, "z": 9})),
        ("{'k': object.a.b}.k == 1", json!({"a": {"b": 1}})),
    ] {
        assert_eq!(read(source, &object), kept, "{source}");
        let expression = Expression::parse(source).unwrap();
        assert_eq!(expression.truth(&read(source, &object)), expression.truth(&object), "{source}");
    }
}

#[test]
fn the_paths_that_it_counts_on_are_named_once_each() {
    for (source, paths) in [
        ("true", vec![]),
        ("object.a.b == 1 || object.a.b == 2", vec!["$.a.b"]),
        ("object.a['x.y/z'] == object.a['it\\'s']", vec!["$.a['it\\'s']", "$.a['x.y/z']"]),
        ("object.l.exists(i, i.n == object.l[0].m)", vec!["$.l[*].m", "$.l[*].n"]),
        ("has(object.a.b) && object.a.b.c == 1 && object.a.d == 2", vec!["$.a.d"]),
        ("object.l.exists(i, has(i.n) && i.n == i.m)", vec!["$.l[*].m"]),
        ("object == object", vec![]),
    ] {
        let expression = Expression::parse(source).unwrap();
        let found: Vec<&str> = expression.paths().iter().map(Path::source).collect();
        assert_eq!(found, paths, "{source}");
    }
}

#[test]
fn longer_lists_maps_and_texts_are_unknown() {
    let numbers = |count: usize| json!({"l": vec![1; count], "other": vec![1; 100_000]});
    let all = Expression::parse("object.l.all(i, i == 1)").unwrap();
    assert_eq!(all.truth(&numbers(LONGEST_LIST)), Ok(true));
    assert!(all.truth(&numbers(LONGEST_LIST + 1)).unwrap_err().contains("257"));
    assert_eq!(all.failed(), 1);
    let keys = Expression::parse("object.m.all(k, k != 'x')").unwrap();
    let map = |count: usize| {
        let members: serde_json::Map<String, Value> = (0..count).map(|n| (n.to_string(), 1.into())).collect();
        json!({ "m": members })
    };
    assert_eq!(keys.truth(&map(LONGEST_LIST)), Ok(true));
    assert!(keys.truth(&map(LONGEST_LIST + 1)).is_err());
    // A field of a large map costs no more than that field.
    let one = Expression::parse("object.m['7'] == 1").unwrap();
    assert_eq!(one.truth(&map(10_000)), Ok(true));
    let text = Expression::parse("object.t.contains('y')").unwrap();
    assert_eq!(text.truth(&json!({"t": "x".repeat(LONGEST_TEXT)})), Ok(false));
    assert!(text.truth(&json!({"t": "x".repeat(LONGEST_TEXT + 1)})).is_err());
}

#[test]
fn of_a_large_object_no_more_is_looked_at_than_can_be_copied_for_each_item_of_a_list() {
    // A megabyte: within the bounds of each list and text.
    let item =
        |number: usize| json!({"n": number, "data": vec!["x".repeat(16); 250], "more": vec![number; 40]});
    let object = json!({"l": (0..250).map(item).collect::<Vec<_>>(), "small": [1, 2]});
    assert!(object.to_string().len() > 900_000);
    for source in
        ["object.l.all(a, object.l.all(b, a == b || a != b))", "object.l.filter(a, true).size() == 250"]
    {
        let expression = Expression::parse(source).unwrap();
        let why = expression.truth(&object).unwrap_err();
        assert!(why.contains("looks at more than"), "{source}: {why}");
        assert_eq!(expression.failed(), 1, "{source}");
    }
    // What is not read costs nothing.
    for source in ["object.l.all(a, a.n >= 0)", "object.small.all(a, object.small.exists(b, a == b))"] {
        assert_eq!(Expression::parse(source).unwrap().truth(&object), Ok(true), "{source}");
    }
    let all = Expression::parse("object.l.all(x, x.all(y, y == 1))").unwrap();
    let rows = |count: usize| json!({"l": vec![vec![1; 255]; count]});
    assert_eq!(all.truth(&rows(15)), Ok(true));
    assert!(all.truth(&rows(17)).unwrap_err().contains(&MOST_VALUES.to_string()));
    let texts = Expression::parse("object.l.all(x, x != '')").unwrap();
    let texts_of = |count: usize| json!({"l": vec!["x".repeat(LONGEST_TEXT); count]});
    assert_eq!(texts.truth(&texts_of(7)), Ok(true));
    assert!(texts.truth(&texts_of(9)).unwrap_err().contains(&MOST_TEXT.to_string()));
}

#[test]
fn what_has_no_bound_or_is_not_there_is_refused() {
    let deep = |count: usize| format!("{}true{}", "(".repeat(count), ")".repeat(count));
    let chain = |count: usize| vec!["object.a"; count].join(" + ") + " > 0";
    for (source, problem) in [
        ("", "is no expression"),
        ("object.", "is no expression"),
        ("object.spec.replicas >", "is no expression"),
        ("'open", "is no expression"),
        ("now > object.a", "names `now`"),
        ("self.a == 1", "names `self`"),
        ("Failed", "names `Failed`"),
        ("foo(object)", "calls `foo`"),
        ("object.a.split(',').size() == 1", "calls `split`"),
        ("object.a.replace('a', 'aa') == ''", "calls `replace`"),
        ("object.l.join(',') == ''", "calls `join`"),
        ("'%s'.format([object]) == ''", "calls `format`"),
        ("quantity(object.a).isGreaterThan(quantity('1Gi'))", "calls `isGreaterThan`"),
        ("object.?a == 1", "is no expression"),
        ("Pod{a: 1} == 1", "makes a message"),
        ("object.a.matches(object.b)", "matches what is no regular expression"),
        ("object.a.matches('(')", "is no regular expression"),
        ("object.a.matches('(\\\\w{100}){100}')", "a large one"),
        ("object.a.all(a, object.b.all(b, object.c.all(c, true)))", "comprehensions in each other"),
        (deep(1000).as_str(), "too long"),
        (format!("{}1{} == []", "[".repeat(100), "]".repeat(100)).as_str(), "is no expression"),
        (format!("{}true", "true ? true : ".repeat(100)).as_str(), "nests too deeply"),
        (chain(100).as_str(), "nests too deeply"),
        (chain(300).as_str(), "is too long"),
        (format!("{}true", "!(".repeat(60)).as_str(), "is no expression"),
        (format!("'{}' == ''", "x".repeat(LONGEST)).as_str(), "is too long"),
    ] {
        let error = Expression::parse(source).map(|_| ()).unwrap_err();
        assert!(error.problem.contains(problem), "{source}: {error:?}");
        assert!(!error.help.is_empty());
    }
    for source in [
        "object.a.filter(x, x > 1).map(x, x + 1).all(x, x > 2)",
        "object.a.all(a, object.b.all(b, a == b)) && object.c.all(c, object.d.all(d, true))",
        "object.a + object.b == [1, 2]",
        "(object.a + object.b).all(a, true)",
        deep(10).as_str(),
        chain(10).as_str(),
    ] {
        assert!(Expression::parse(source).is_ok(), "{source}: {:?}", Expression::parse(source));
    }
}

/// The longest and deepest that are read do not overflow a thread's stack, which is 2 MiB in a test.
#[test]
fn the_largest_expressions_are_read_and_evaluated() {
    let object = json!({"a": {"a": 1}, "b": true});
    let most = LONGEST / 2;
    for source in [
        format!("1{} > 0", "+1".repeat(most)),
        format!("1{} > 0", "+1".repeat(29)),
        format!("object{} == 1", "[0]".repeat(29)),
        format!("object{} == 1", ".trim()".repeat(29)),
        format!("[1]{} == []", ".map(x, x)".repeat(9)),
        format!("[1]{}.all(x, [1].all(y, 1{} > 0))", ".map(x, x)".repeat(5), "+1".repeat(24)),
        format!("object{} == 1", ".a".repeat(most - 3)),
        format!("object{} == 1", "[0]".repeat(most - 3)),
        format!("{}true", "!".repeat(most)),
        format!("1 - {}1 > 0", "-".repeat(most - 2)),
        format!("{}true", "true||".repeat(most / 2)),
        format!("{}true", "true?true:".repeat(most - 1)),
        format!("{}1{} == []", "[".repeat(most / 2), "]".repeat(most / 2)),
        format!("{}true{}", "(".repeat(most), ")".repeat(most)),
    ] {
        if let Ok(expression) = Expression::parse(&source[..source.len().min(LONGEST)]) {
            drop(expression.truth(&object));
        }
    }
}

#[test]
fn the_dearest_expression_comes_to_an_end() {
    let items: Vec<Value> = (0..LONGEST_LIST).map(|n| json!({ "n": n })).collect();
    let object = json!({ "l": items });
    let source = "object.l.all(i, object.l.all(j, i.n == j.n || i.n < j.n || j.n >= 0))";
    assert_eq!(Expression::parse(source).unwrap().truth(&object), Ok(true));
}
