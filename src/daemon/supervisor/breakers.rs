//! The breakers of rules: it is told which have opened and which are closed again, and a person closes one.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::rule::RuleId;
use tracing::{info, warn};

use super::Supervisor;
use crate::daemon::Shared;
use crate::daemon::control::protocol::{OpenBreaker, Response};

/// Tells of breakers, for ever.
pub(super) async fn tell_breakers(shared: Arc<Shared>) {
    let clock = shared.transport.server_clock();
    let mut eased = shared.limits_eased.subscribe();
    let mut told: BTreeSet<RuleId> = BTreeSet::new();
    loop {
        let open = shared.ledger.open_breakers(clock.earliest());
        for one in open.iter().filter(|one| !told.contains(&one.rule)) {
            warn!(
                rule = %one.rule, reason = one.why,
                "nothing more is done by a rule whose breaker has opened, until `k8s-healer daemon resume RULE`, or until less matches for its cooldown"
            );
        }
        let rules: BTreeSet<RuleId> = open.iter().map(|one| one.rule.clone()).collect();
        for rule in told.difference(&rules) {
            info!(%rule, "its breaker is closed: the rule goes on");
        }
        told = rules;
        let closes = open.iter().filter_map(|one| one.closes).min();
        tokio::select! {
            changed = eased.changed() => if changed.is_err() { return },
            () = until(&shared, closes) => {}
        }
    }
}

async fn until(shared: &Shared, moment: Option<Timestamp>) {
    let clock = shared.transport.server_clock();
    match moment {
        Some(moment) => clock.local().sleep(clock.until(moment)).await,
        None => std::future::pending().await,
    }
}

impl Supervisor {
    pub(super) fn open_breakers(&self) -> Vec<OpenBreaker> {
        let open = self.shared.ledger.open_breakers(self.shared.transport.server_clock().earliest());
        let shown = |one: k8s_healer_engine::limits::OpenBreaker| OpenBreaker {
            rule: one.rule.to_string(),
            reason: one.why,
            closes: one.closes,
        };
        open.into_iter().map(shown).collect()
    }

    /// Closes the breaker of a rule, which its identity names.
    pub(super) fn close_breaker(&self, named: &str) -> Response {
        let Some(rule) = self.rules.rules.iter().find(|rule| rule.id.to_string() == named) else {
            let ids: Vec<String> = self.rules.rules.iter().map(|rule| rule.id.to_string()).collect();
            let nearest = crate::rules::nearest(named, ids.iter().map(String::as_str));
            let help = nearest.map_or_else(
                || "`k8s-healer daemon status` lists the rules".to_owned(),
                |nearest| format!("did you mean `{nearest}`?"),
            );
            return Response::Error { message: format!("no rule is called `{named}`: {help}") };
        };
        let was_open = self.shared.ledger.resume(&rule.id);
        if was_open {
            info!(rule = named, "a person has closed its breaker: what is due is done now");
        }
        Response::Breaker { rule: named.to_owned(), was_open }
    }
}
