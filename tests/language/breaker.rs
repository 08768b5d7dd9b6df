//! `breaker`: above its share nothing more is done, until a person resumes the rule or the share has been low for a
//! cooldown; what was acted on counts for ten minutes.

use k8s_healer_engine::effect::Inapplicable;
use k8s_healer_engine::limits::{Bound, Breaker, Ledger};
use k8s_healer_engine::rule::RuleId;
use k8s_healer_engine::tracker::{Origin, StepResult, Tracker};

use super::limits::{BAD, acts, due, node, pod, seen, tracker};
use super::*;

fn breaking(keys: &str) -> Arc<Rule> {
    rule(&format!("watch: vm\n{BAD}\n{keys}\nactions: [ {{ delete: {{}} }} ]"))
}

fn id(rule: &Rule) -> RuleId {
    rule.id.clone()
}

#[test]
fn its_keys_and_the_word_for_none() {
    let of = |breaker: &str| {
        rule(&format!("breaker: {breaker}")).limits.as_ref().and_then(|limits| limits.breaker)
    };
    assert_eq!(of("off"), None);
    assert_eq!(of("{ share: 50% }"), Some(Breaker { share: 50, from: 10 }));
    assert_eq!(of("{ from: 3 }"), Some(Breaker { share: 50, from: 3 }));
    assert_eq!(of("{ share: 100%, from: 0 }"), Some(Breaker { share: 100, from: 0 }));
    for (breaker, code) in [
        ("on", Code::WrongType),
        ("50%", Code::WrongType),
        ("null", Code::WrongType),
        ("[ 50% ]", Code::WrongType),
        ("{}", Code::MissingKey),
        ("{ share: 0% }", Code::NeverTrue),
        ("{ share: 0 }", Code::NeverTrue),
        ("{ share: 50 }", Code::BadOperand),
        ("{ share: 0.5 }", Code::BadOperand),
        ("{ share: 101% }", Code::BadOperand),
        ("{ share: 50%, from: -1 }", Code::BadOperand),
        ("{ share: 50%, from: ten }", Code::WrongType),
        ("{ shares: 50% }", Code::UnknownKey),
    ] {
        assert_eq!(errors(&format!("breaker: {breaker}")), [code], "{breaker}");
    }
}

#[test]
fn a_pack_has_one_for_all_its_rules_and_a_rule_its_own_or_none() {
    let of = |own: &str| {
        let text = pack(own).replace("rules:", "defaults: { breaker: { share: 40% } }\nrules:");
        let limits = rules(&text, &[]).remove(0).limits.clone();
        limits.and_then(|limits| Some(limits.breaker?.share))
    };
    assert_eq!(of(""), Some(40));
    assert_eq!(of("breaker: { share: 70% }"), Some(70));
    assert_eq!(of("breaker: off"), None);
    assert_eq!(of("limits: { maxUnhealthy: 5 }"), Some(40), "beside the limits");
}

#[test]
fn above_the_share_nothing_is_done_and_a_person_lets_it_go_on() {
    let (rule, ledger) = (breaking("breaker: { share: 50% }"), Ledger::default());
    let mut tracker = tracker(&rule, &ledger, 4, 6);
    let steps = due(&mut tracker, "12:00:00");
    assert_eq!((steps.len(), acts(&steps)), (6, 0));
    let Err(Inapplicable::HeldBack { by, bound, until }) = &steps[0].effect else { panic!("{steps:?}") };
    assert_eq!((*bound, *until), (Bound::Breaker, None));
    assert!(by.contains("6 of 10 matched"), "{by}");
    let open = ledger.open_breakers(at("12:00:00"));
    assert_eq!((open.len(), &open[0].rule, open[0].closes), (1, &rule.id, None));
    assert!(ledger.resume(&rule.id) && !ledger.resume(&rule.id));
    tracker.look_at_limits();
    assert_eq!(acts(&due(&mut tracker, "12:00:01")), 6, "at once");
    assert_eq!(ledger.open_breakers(at("12:00:02")), []);
}

#[test]
fn once_the_share_has_fallen_all_kinds_wait_for_the_same_moment() {
    let (rule, ledger) = (breaking("breaker: { share: 50% }\ncooldown: 3m"), Ledger::default());
    let mut one = tracker(&rule, &ledger, 2, 3);
    let mut other = tracker(&rule, &ledger, 2, 3);
    assert_eq!(acts(&due(&mut one, "12:00:00")) + acts(&due(&mut other, "12:00:00")), 0, "6 of 10");
    other.observe(&seen(0, 2, "good"), Origin::Event, at("12:04:00"));
    one.look_at_limits();
    assert_eq!(ledger.open_breakers(at("12:04:00"))[0].closes, Some(at("12:07:00")));
    assert_eq!((one.next_due(), other.next_due()), (Some(at("12:07:00")), Some(at("12:07:00"))));
    assert_eq!(acts(&due(&mut one, "12:07:00")), 3);
    assert_eq!(acts(&due(&mut other, "12:07:00")), 2);
}

#[test]
fn it_opens_by_what_comes_after_it_was_judged_also_where_nothing_is_due() {
    let (rule, ledger) = (breaking("for: 5m\nbreaker: { share: 50% }\ncooldown: 1h"), Ledger::default());
    let mut tracker = tracker(&rule, &ledger, 9, 1);
    for number in 1..9 {
        tracker.observe(&seen(number, 2, "bad"), Origin::Event, at("12:01:00"));
    }
    assert_eq!(ledger.open_breakers(at("12:01:00")).len(), 1);
    for number in 1..9 {
        tracker.observe(&seen(number, 3, "good"), Origin::Event, at("12:02:00"));
    }
    assert_eq!(acts(&due(&mut tracker, "12:05:00")), 0, "the storm was three minutes ago");
    assert_eq!(acts(&due(&mut tracker, "13:02:00")), 1);
}

/// Acts on all that is due, and what is acted on goes.
fn act(tracker: &mut Tracker, now: &str, result: StepResult) -> usize {
    let steps = due(tracker, now);
    for step in steps.iter().filter(|step| step.effect.is_ok()) {
        tracker.step_ended(step, result, at(now));
        tracker.gone(&step.ticket.key, &step.ticket.uid);
    }
    acts(&steps)
}

#[test]
fn what_was_acted_on_counts_across_a_change_of_rules_and_what_failed_does_not() {
    let keys = "breaker: { share: 50%, from: 4 }";
    for (result, held) in
        [(StepResult::Done { removed: true }, true), (StepResult::Failed { retry_after: None }, false)]
    {
        let (rule, ledger) = (breaking(keys), Ledger::default());
        let mut tracker = tracker(&rule, &ledger, 4, 4);
        assert_eq!(act(&mut tracker, "12:00:00", result), 4);
        let changed = breaking(&format!("{keys}\ndescription: other words"));
        let mut next = Tracker::new(vec![changed]);
        next.list_started();
        for number in 4..8 {
            next.observe(&seen(number, 1, "good"), Origin::Listed, at("12:01:00"));
        }
        next.list_completed();
        next.adopt([&tracker]);
        next.count_in(&ledger);
        drop(tracker);
        next.observe(&seen(4, 2, "bad"), Origin::Event, at("12:02:00"));
        assert_eq!(acts(&due(&mut next, "12:02:00")), usize::from(!held), "five of eight, or one of four");
        assert_eq!(
            ledger.open_breakers(at("12:02:00")).iter().map(|one| &one.rule).collect::<Vec<_>>(),
            if held { vec![&rule.id] } else { vec![] }
        );
    }
}

#[test]
fn a_line_in_the_log_is_no_deed() {
    let keys = "breaker: { share: 50%, from: 4 }\nactions: [ log: {}, delete: { after: 1h } ]";
    let (rule, ledger) = (rule(&format!("watch: vm\n{BAD}\n{keys}")), Ledger::default());
    let mut tracker = tracker(&rule, &ledger, 4, 4);
    let steps = due(&mut tracker, "12:00:00");
    assert_eq!(steps.len(), 4);
    for step in &steps {
        tracker.step_ended(step, StepResult::Done { removed: false }, at("12:00:00"));
    }
    for number in 0..4 {
        tracker.observe(&seen(number, 2, "good"), Origin::Event, at("12:01:00"));
    }
    tracker.observe(&seen(4, 2, "bad"), Origin::Event, at("12:02:00"));
    assert_eq!(ledger.open_breakers(at("12:02:00")), []);
}

#[test]
fn what_two_trackers_have_for_a_moment_is_not_counted_twice() {
    let (rule, ledger) = (breaking("breaker: { share: 50% }"), Ledger::default());
    let before = tracker(&rule, &ledger, 0, 6);
    let mut next = tracker(&rule, &Ledger::default(), 0, 6);
    next.adopt([&before]);
    next.count_in(&ledger);
    drop(before);
    assert_eq!(ledger.open_breakers(at("12:00:00")), [], "six are too few to tell");
    assert_eq!(acts(&due(&mut next, "12:00:00")), 6);
}

#[test]
fn another_breaker_of_the_rule_begins_anew() {
    let (rule, ledger) = (breaking("breaker: { share: 50% }"), Ledger::default());
    let before = tracker(&rule, &ledger, 4, 6);
    assert_eq!(ledger.open_breakers(at("12:00:00")).len(), 1);
    let wider = breaking("breaker: { share: 80% }");
    assert_eq!(id(&rule), id(&wider));
    drop(before);
    assert_eq!(acts(&due(&mut tracker(&wider, &ledger, 4, 6), "12:00:01")), 6);
}

#[test]
fn while_it_is_not_known_of_some_whether_they_match_nothing_is_done_and_it_does_not_open() {
    let rule = rule(
        "watch: pods\nbreaker: { share: 50%, from: 2 }\nmatch: [ { node: { ready: false } }, { owner: { exists: true } } ]\n\
         actions: [ { delete: {} } ]",
    );
    let sick = |number: usize| node(number, "False");
    let ledger = Ledger::default();
    let mut tracker = Tracker::new(vec![rule]).counted_in(&ledger);
    tracker.list_started();
    tracker.observe_with(&pod(0), &sick(0), Origin::Listed, at("12:00:00"));
    tracker.observe_with(&pod(1), &Facts::none(), Origin::Listed, at("12:00:00"));
    tracker.list_completed();
    let ticket = tracker.take_due(at("12:00:00")).unwrap();
    let step = tracker.judge_with(&ticket, &pod(0), &sick(0), at("12:00:00"), at("12:00:00")).unwrap();
    assert!(
        matches!(&step.effect, Err(Inapplicable::HeldBack { by, .. }) if by.contains("not known of 1")),
        "{step:?}"
    );
    assert_eq!(ledger.open_breakers(at("12:00:00")), []);
}
