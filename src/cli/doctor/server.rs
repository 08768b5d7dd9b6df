//! The server itself: whether it answers and how fast, which version it is, whom it takes us for, and how far
//! its clock is from ours.

use std::time::Duration;

use jiff::SignedDuration;
use k8s_healer_engine::values::format_duration;

use super::finding::{Check, Finding};
use crate::cluster::access::{Identity, who_am_i};
use crate::cluster::client::{Connection, server_version};
use crate::cluster::read::ReadError;
use crate::cluster::server_clock::ServerClock;
use crate::cluster::transport::Transport;
use crate::cluster::{in_full, unanswered};

/// Minor versions of Kubernetes 1: since 1.27 there is aggregated discovery, the tests run on 1.37.
const TESTED: std::ops::RangeInclusive<u32> = 27..=37;
/// Every action takes some requests, one after the other.
const SLOW: Duration = Duration::from_secs(1);
/// Deadlines follow the server's clock; what people compare with their own goes by this.
const CLOCKS_APART: SignedDuration = SignedDuration::from_secs(2);

/// Client required: whether the server answers, and its version.
pub(super) async fn check_connection(transport: &Transport, connection: &Connection) -> Vec<Finding> {
    let clock = transport.server_clock().local();
    let url = &connection.server_url;
    let context = connection.context.as_deref().map(|name| format!(" (context {name})")).unwrap_or_default();
    // The first request makes the connection; the second tells how long one takes.
    let mut answered = server_version(transport).await;
    let sent = clock.now();
    if answered.is_ok() {
        answered = server_version(transport).await;
    }
    let latency = Duration::try_from(clock.now().duration_since(sent)).unwrap_or_default();
    let version = match answered {
        Ok(version) => check_version(&version),
        // It answers, whatever it says.
        Err(ReadError::Forbidden { grant }) => {
            let what = "the server does not tell its version";
            Finding::warn(Check::Version, what).advise(format!("grant {grant}"))
        }
        Err(error) => {
            let what = unanswered(&format!("{url}{context}"), &error);
            return vec![Finding::fail(Check::Connection, what).advise(advice_of(&error)).passing()];
        }
    };
    let what = format!("{url}{context} answers in {}", rounded(latency));
    let connection = if latency <= SLOW {
        Finding::ok(Check::Connection, what)
    } else {
        let advice = "run nearer to the server: an action takes several requests, one after the other";
        Finding::warn(Check::Connection, what).advise(advice)
    };
    vec![connection, version]
}

fn advice_of(error: &ReadError) -> &'static str {
    match error {
        ReadError::Unauthorized { .. } => "log in again, or give another --kubeconfig or --context",
        ReadError::Transport(_) => {
            "see that the server runs and can be reached from here, by --kubeconfig and --context"
        }
        _ => "see whether this is a Kubernetes API server, and what stands before it",
    }
}

/// `v1.37.2`, `v1.32.4+k3s1`.
fn check_version(version: &str) -> Finding {
    let what = format!("Kubernetes {version}");
    let parts = version.trim_start_matches('v').split_once('.');
    let minor = parts
        .filter(|(major, _)| *major == "1")
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok());
    let tested = format!("1.{} to 1.{}", TESTED.start(), TESTED.end());
    match minor {
        Some(minor) if TESTED.contains(&minor) => Finding::ok(Check::Version, what),
        Some(minor) if minor < *TESTED.start() => Finding::warn(
            Check::Version,
            format!("{what} is older than all that this was tested on ({tested})"),
        )
        .advise("upgrade the cluster, or try rules with `daemon run --mode observe` first"),
        _ => Finding::warn(
            Check::Version,
            format!("{what} is newer than all that this was tested on ({tested})"),
        )
        .advise("look for a newer k8s-healer, or try rules with `daemon run --mode observe` first"),
    }
}

/// Client required: whom the server takes us for.
pub(super) async fn check_identity(transport: &Transport) -> (Finding, Option<Identity>) {
    match who_am_i(transport).await {
        Ok(Some(identity)) => {
            let groups = identity.groups.iter().filter(|group| *group != "system:authenticated");
            let groups = groups.map(String::as_str).collect::<Vec<_>>().join(", ");
            let groups = if groups.is_empty() { groups } else { format!(" ({groups})") };
            (Finding::ok(Check::Identity, format!("{}{groups}", identity.username)), Some(identity))
        }
        Ok(None) => {
            let what = "the server does not tell whom it takes us for (Kubernetes before 1.28)";
            (Finding::ok(Check::Identity, what), None)
        }
        Err(error) => {
            let what = format!("the server does not tell whom it takes us for: {}", in_full(&error));
            let finding = match error {
                ReadError::Unauthorized { .. } => {
                    Finding::fail(Check::Identity, what).advise(advice_of(&error)).passing()
                }
                _ => Finding::warn(Check::Identity, what)
                    .advise("bind the ClusterRole system:basic-user, as every server does by default"),
            };
            (finding, None)
        }
    }
}

/// How far apart the clocks are, as far as the answers so far tell.
pub(super) fn check_clock(clock: &ServerClock) -> Finding {
    let now = clock.local().now();
    if clock.unknown().is_none() {
        let what = "the server tells no time: deadlines follow this machine's clock";
        let advice = "see what stands before the server: its answers lack the header Date";
        return Finding::warn(Check::Clock, what).advise(advice);
    }
    offset(clock.earliest().duration_since(now), clock.latest().duration_since(now))
}

/// The server's time less ours lies between the two.
fn offset(low: SignedDuration, high: SignedDuration) -> Finding {
    let agree = low <= SignedDuration::ZERO && high >= SignedDuration::ZERO;
    let (near, far) = if low.abs() <= high.abs() { (low, high) } else { (high, low) };
    if agree {
        let within = rounded(far.unsigned_abs());
        return Finding::ok(
            Check::Clock,
            format!("the server's clock and this machine's agree within {within}"),
        );
    }
    let way = if near.is_positive() { "ahead of" } else { "behind" };
    let (near, far) = (near.abs(), far.abs());
    let (least, most) = (rounded(near.unsigned_abs()), rounded(far.unsigned_abs()));
    let between = if least == most { least } else { format!("{least} to {most}") };
    let what = format!("the server's clock is {between} {way} this machine's");
    if near <= CLOCKS_APART {
        return Finding::ok(Check::Clock, what);
    }
    let advice = "set both clocks by NTP; rules follow the server's, so none acts early or late for it";
    Finding::warn(Check::Clock, what).advise(advice)
}

/// A time that was measured, as far as anybody reads it.
fn rounded(duration: Duration) -> String {
    let step = if duration < Duration::from_secs(1) { 1 } else { 100 };
    let millis = u64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
    match millis.div_ceil(step).saturating_mul(step) {
        millis @ 0..1000 => format!("{millis}ms"),
        millis if millis < 60_000 => format!("{}.{}s", millis / 1000, millis % 1000 / 100),
        millis => format_duration(Duration::from_secs(millis / 1000)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_version_that_was_not_tested_is_told_of() {
        for (version, verdict, word) in [
            ("v1.37.2", Verdict::Ok, ""),
            ("v1.27.16-eks-1", Verdict::Ok, ""),
            ("v1.32.4+k3s1", Verdict::Ok, ""),
            ("v1.26.9", Verdict::Warn, "older"),
            ("v1.38.0-alpha.1", Verdict::Warn, "newer"),
            ("v2.0.0", Verdict::Warn, "newer"),
            ("", Verdict::Warn, "newer"),
        ] {
            let finding = check_version(version);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.what.contains(word) && finding.advice.is_some() == (verdict == Verdict::Warn));
        }
    }

    #[test]
    fn clocks_may_be_two_seconds_apart_as_far_as_is_known() {
        let millis = SignedDuration::from_millis;
        for (low, high, verdict, what) in [
            (-400, 600, Verdict::Ok, "agree within 600ms"),
            (-0, 5, Verdict::Ok, "agree within 5ms"),
            (300, 900, Verdict::Ok, "300ms to 900ms ahead of"),
            (-2_900, -1_950, Verdict::Ok, "2.0s to 2.9s behind"),
            (2_001, 3_000, Verdict::Warn, "2.1s to 3.0s ahead of"),
            (-3_600_000, -3_599_000, Verdict::Warn, "59m59s to 1h behind"),
            (89_950, 90_000, Verdict::Warn, "clock is 1m30s ahead of"),
        ] {
            let finding = offset(millis(low), millis(high));
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.what.contains(what), "{finding:?}");
        }
    }
}
