//! `cel`: an expression of the Common Expression Language is true.

use super::field::shortened;
use crate::descriptor::{Fault, FaultKind, MatcherDescriptor, Shape, ValueKind};
use crate::expression::Expression;
use crate::matcher::{Context, Implied, Matcher};
use crate::projection::Projection;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "cel",
    summary: "An expression of CEL is true; its one variable is `object`. It has the operators and macros of the \
              language (`has`, `all`, `exists`, `exists_one`, `map`, `filter`) and, of the functions that Kubernetes \
              has: `size`; on texts `startsWith`, `endsWith`, `contains`, `matches` (with a regular expression in \
              quotes), `charAt`, `indexOf`, `lastIndexOf`, `lowerAscii`, `upperAscii`, `substring`, `trim`; on times \
              `timestamp`, `duration`, their comparison and arithmetic, `getFullYear`, `getMonth`, `getDate`, \
              `getDayOfMonth`, `getDayOfYear`, `getDayOfWeek`, `getHours`, `getMinutes`, `getSeconds`, \
              `getMilliseconds`; and the conversions `int`, `uint`, `double`, `string`, `bool`, `dyn`, `type`. It has \
              not: `quantity`, `url`, `ip`, `cidr`, `semver`, `format`, `find`, `findAll`, optional values, the \
              functions on lists and sets, `authorizer`, and `split`, `join` and `replace`, since what they make has \
              no bound. There is no `now`, since when it changes could not be told: use `age`. At most 2,000 bytes, \
              two comprehensions in each other, lists and maps of 256, texts of 16 KiB; in all 4,096 values and \
              128 KiB of text. What it could make of the largest object, and how long that could take, is worked out when \
              it is read: more than 200,000 values, 5 MiB of text, or a third of a second is refused, such as \
              `object.a.map(x, object.b)`, which copies `b` for each item of `a`.",
    shape: Shape::Value(ValueKind::Expression),
    unknown_when: "it fails, is no boolean, or looks at a longer list, map or text, or at more in all, than it may",
    examples: &[
        "cel: object.spec.replicas > 3 && !object.spec.paused",
        "cel: \"object.status.conditions.exists(c, c.type == 'Ready' && c.status == 'False')\"",
        "cel: timestamp(object.status.completionTime) - timestamp(object.status.startTime) > duration('1h')",
    ],
    kinds: &[],
    build: |mut arguments| {
        let expression = arguments.expression("").ok_or_else(|| {
            Fault::new(FaultKind::MissingKey, "`cel` asks nothing", "write `cel: object.spec.replicas > 3`")
        })?;
        Ok(Box::new(Cel { expression }))
    },
};

#[derive(Debug)]
struct Cel {
    expression: Expression,
}

impl Matcher for Cel {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        self.expression.truth(context.object.object()).map_or_else(|_| Verdict::unknown(), Verdict::fixed)
    }

    fn reads(&self, projection: &mut Projection) {
        projection.merge(self.expression.reads());
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let source = shortened(self.expression.source());
        match self.expression.truth(context.object.object()) {
            Ok(truth) => format!("cel `{source}` is {truth}"),
            Err(why) => format!("cel `{source}` is unknown: {}", shortened(&why)),
        }
    }

    fn failed(&self) -> u64 {
        self.expression.failed()
    }

    fn implies(&self) -> Implied {
        let owner_checked = self.expression.source().contains("ownerReferences");
        Implied { owner_checked, ..Implied::default() }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{matcher, verdict};
    use crate::truth::Truth;
    use serde_json::{Value, json};

    fn truth(source: &str, object: &Value) -> Truth {
        verdict("cel", json!(source), object, "00:00:00").truth
    }

    #[test]
    fn an_expression_is_true_false_or_unknown() {
        let object = json!({"metadata": {"name": "web-1", "labels": {"app.kubernetes.io/name": "web", "é/☃": "x"}},
            "spec": {"replicas": 3, "share": 0.5, "paused": false, "none": null, "empty": [],
                "big": u64::MAX, "list": [{"n": 1}, {"n": 2, "l": [1, 2]}]}});
        let (yes, no, unknown) = (Truth::True, Truth::False, Truth::Unknown);
        for (source, expected) in [
            ("true", yes),
            ("object.spec.replicas > 2", yes),
            ("object.spec.replicas == 3.0", yes),
            ("object.spec.share < 1.0", yes),
            ("object.spec.big > 0u", yes),
            ("!object.spec.paused && object.metadata.name.startsWith('web-')", yes),
            ("object.metadata.labels['app.kubernetes.io/name'] == 'web'", yes),
            ("object.metadata.labels['é/☃'] == 'x'", yes),
            ("'app.kubernetes.io/name' in object.metadata.labels", yes),
            ("object.metadata.labels.exists(k, k == 'nothing')", no),
            ("object.spec.list.exists(i, i.n == 2)", yes),
            ("object.spec.list.all(i, i.n == 2)", no),
            ("object.spec.list.exists_one(i, i.n > 0)", no),
            ("object.spec.list.filter(i, i.n > 1).size() == 1", yes),
            ("object.spec.list.map(i, i.n) == [1, 2]", yes),
            ("object.spec.list[1].l[0] == 1", yes),
            ("object.spec.list.exists(i, has(i.l) && i.l.exists(j, j == 2))", yes),
            ("object.spec.empty.all(i, i.n == 2)", yes),
            ("size(object.spec.list) == 2", yes),
            ("object.spec.none == null", yes),
            ("has(object.spec.none)", yes),
            ("has(object.spec.nothing)", no),
            ("!has(object.status)", yes),
            ("object.metadata.name.matches('eb-[0-9]')", yes),
            ("object.metadata.name.matches('^eb')", no),
            ("object.metadata.name.substring(0, 3).upperAscii() == 'WEB'", yes),
            ("string(object.spec.replicas) == '3' && int('3') == object.spec.replicas", yes),
            ("type(object.spec.list) == list", yes),
            // What fails, or is no boolean, is unknown.
            ("object.spec.nothing == 1", unknown),
            ("object.status.phase == 'Failed'", unknown),
            ("object.status.conditions.exists(c, c.type == 'Ready')", unknown),
            ("object.spec.replicas", unknown),
            ("object.spec.replicas > 'a'", unknown),
            ("1 / 0 == 1", unknown),
            ("9223372036854775807 + 1 > 0", unknown),
            ("object.spec.list[7].n == 1", unknown),
            ("object.spec.replicas.exists(i, true)", unknown),
            ("object.spec.nothing == 1 || true", yes),
            ("object.spec.nothing == 1 && false", no),
        ] {
            assert_eq!(truth(source, &object), expected, "{source}");
            let negated = verdict("not", json!({"cel": source}), &object, "00:00:00").truth;
            assert_eq!(negated, expected.negated(), "not {source}");
        }
    }

    #[test]
    fn an_object_that_is_odd_makes_it_unknown_and_nothing_worse() {
        for object in [
            json!({}),
            json!(null),
            json!([]),
            json!("text"),
            json!({"spec": null}),
            json!({"spec": []}),
            json!({"spec": {"list": {"a": 1}}}),
            json!({"spec": {"list": [null, 1, "a", {}]}}),
        ] {
            assert_eq!(truth("object.spec.list.exists(i, i.n == 2)", &object), Truth::Unknown, "{object}");
        }
    }

    #[test]
    fn what_failed_is_counted() {
        let cel = matcher("not", json!({"cel": "object.spec.n > 1"})).unwrap();
        let facts = crate::facts::Facts::none();
        for (object, failed) in
            [(json!({"spec": {"n": 2}}), 0), (json!({}), 1), (json!({"spec": {"n": "a"}}), 2)]
        {
            let object = crate::observation::Observation::new(object);
            let context = crate::matcher::Context::new(&object, &facts, crate::testing::at("00:00:00"));
            cel.evaluate(&context);
            assert_eq!(cel.failed(), failed);
        }
    }
}
