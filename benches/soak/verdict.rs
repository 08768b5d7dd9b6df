//! The stories beside what the server's audit log has of them.

use std::collections::{BTreeMap, HashSet};

use super::control::Control;
use super::judge::{Episode, Judge};
use super::stories::{PLOTS, Plot, Story};
use super::troubles::Troubles;
use crate::support::load;
use crate::support::report::Report;

/// As many are shown in full where something is wrong.
const SHOWN: usize = 3;

pub fn tell(stories: &[Story], judge: &Judge, troubles: &Troubles, control: &Control, report: &mut Report) {
    let mut told = BTreeMap::<Plot, u32>::new();
    let (mut steps, mut unwritten, mut undone) = (0, 0, Vec::new());
    let mut unclear = HashSet::new();
    for story in stories {
        let name = load::name(story.pod);
        let lost = |moment: &jiff::Timestamp| troubles.may_be_unwritten(*moment);
        let clear = story.smooth && !story.answers.iter().any(lost);
        if clear {
            *told.entry(story.plot).or_default() += 1;
        } else {
            unclear.insert(name.clone());
        }
        if !story.plot.calls_for_a_step() {
            continue;
        }
        let episode = judge.charts.get(&name).and_then(|chart| episode_of(story, &chart.episodes));
        match (story.seen, episode.map_or(0, |episode| episode.steps)) {
            (None, _) => undone.push(name),
            (Some(_), 1..) => steps += 1,
            (Some(seen), 0) if !clear || troubles.killed_between(story.bad, seen) => unwritten += 1,
            // It is gone or marked, and nobody knows by whom.
            (Some(_), 0) => undone.push(name),
        }
    }
    let twice = names(judge, |chart| chart.episodes.iter().any(|episode| episode.steps > 1));
    let mut wrong = names(judge, |chart| !chart.wrong.is_empty());
    // When they were bad is not quite known.
    wrong.retain(|name| !unclear.contains(name));

    report.tell("stories of single pods", stories.len() as f64, "");
    report.tell("of them unclear, by a killed server", unclear.len() as f64, "");
    report.tell("pods acted on as they should be", f64::from(steps), "");
    report.tell("the same, but the killed server wrote nothing", f64::from(unwritten), "");
    let without = PLOTS.iter().filter(|plot| !told.contains_key(plot)).count();
    report.at_most("plots without a story", without as f64, 0.0, "");
    for (what, names) in [
        ("bad pods that nothing was done to", &undone),
        ("acted on twice", &twice),
        ("acted on while well, or too early", &wrong),
    ] {
        report.at_most(what, names.len() as f64, 0.0, "");
        names.iter().take(SHOWN).for_each(|name| show(what, name, judge, control));
    }
    report.at_most("writes to anything else", judge.strange.len() as f64, 0.0, "");
    for record in judge.strange.iter().take(SHOWN) {
        println!("a write to something else: {} {} ({})", record.verb, record.uri, record.code);
    }
}

/// The last one that had begun when the story knew that its pod was bad.
fn episode_of<'a>(story: &Story, episodes: &'a [Episode]) -> Option<&'a Episode> {
    episodes.iter().rev().find(|episode| episode.from <= story.bad)
}

fn names(judge: &Judge, which: impl Fn(&super::judge::Chart) -> bool) -> Vec<String> {
    judge.charts.iter().filter(|(_, chart)| which(chart)).map(|(name, _)| name.clone()).collect()
}

fn show(what: &str, name: &str, judge: &Judge, control: &Control) {
    println!("\n{name}: {what}; the audit log: {:#?}", judge.charts.get(name));
    println!("and the daemon's:\n{}", control.lines_with(name).join("\n"));
}
