//! The end of the demo: what became of each object, held against what the story says must have.

use std::collections::BTreeSet;

use super::narrator::{self, Narrator, Told, minutes, parts};
use super::story::{Deed, Fate, Role};

/// What happened to the object of one role.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    object: String,
    found: &'static str,
    outcome: String,
    why: String,
    /// As the story has it.
    right: bool,
    healed: bool,
}

/// A write that the server recorded: `verb resource namespace/name`.
pub(super) type Write = String;

/// What the roles' objects came to. `writes` are the daemon's own, as the server recorded them.
#[derive(Debug)]
pub(super) struct Outcome {
    rows: Vec<Row>,
    /// Objects that no role is about, or that were not to be touched, and were.
    strays: Vec<String>,
    writes: usize,
}

impl Outcome {
    pub(super) fn new(roles: &[Role], decisions: &[Told], writes: &[Write]) -> Self {
        // The objects that roles have been found for: of two pods of one controller, each has its own.
        let mut taken = BTreeSet::new();
        let rows = roles.iter().map(|role| row(role, decisions, &mut taken)).collect();
        let healed: BTreeSet<&str> = decisions
            .iter()
            .filter(|told| told.outcome == "done" && taken.contains(&told.object))
            .map(|told| told.object.as_str())
            .collect();
        let is_healed = |write: &&Write| healed.iter().any(|object| is_about(write, object));
        let strays = writes.iter().filter(|write| !is_healed(write)).cloned().collect();
        Self { rows, strays, writes: writes.len() }
    }

    /// Whether all is as the story has it.
    pub(super) fn is_right(&self) -> bool {
        self.strays.is_empty() && self.rows.iter().all(|row| row.right)
    }

    pub(super) fn show(&self, narrator: &Narrator) {
        let cells = |row: &Row| {
            let mark = narrator.mark(row.right);
            [row.object.clone(), row.found.to_owned(), format!("{mark} {}", row.outcome), row.why.clone()]
        };
        let header = ["OBJECT", "FOUND", "OUTCOME", "WHY"].map(str::to_owned);
        let rows: Vec<[String; 4]> = self.rows.iter().map(cells).collect();
        let width = |column: usize| {
            rows.iter().chain([&header]).map(|cells| cells[column].chars().count()).max().unwrap_or(0)
        };
        let widths: [usize; 4] = std::array::from_fn(width);
        let joined = |cells: &[String; 4]| {
            let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        narrator::line(&narrator.strong(&joined(&header)));
        for (row, cells) in self.rows.iter().zip(&rows) {
            let text = joined(cells);
            let outcome = match (row.right, row.healed) {
                (false, _) => narrator.wrong(&cells[2]),
                (true, true) => narrator.good(&cells[2]),
                (true, false) => narrator.held(&cells[2]),
            };
            narrator::line(&text.replacen(&cells[2], &outcome, 1));
        }
        narrator::line("");
        let healed = self.rows.iter().filter(|row| row.healed).count();
        let spared = self.rows.len() - healed;
        narrator::line(&format!(
            "{} found, {healed} healed, {spared} spared, {}.",
            self.rows.len(),
            if self.is_right() { "each as it must be" } else { "and not as it must be" },
        ));
        narrator::line(&format!(
            "The server's audit log has {} writes by the daemon, {}",
            self.writes,
            if self.strays.is_empty() { "all to what it healed." } else { "some to what it must not touch:" },
        ));
        self.strays.iter().for_each(|write| narrator::line(&narrator.wrong(&format!("  {write}"))));
    }
}

/// Whether a write, `patch virtualmachines test-a/name`, is about `virtualmachines.kubevirt.io/test-a/name`.
fn is_about(write: &str, object: &str) -> bool {
    let (kind, name) = object.split_once('/').unwrap_or((object, ""));
    let plural = kind.split('.').next().unwrap_or_default();
    write.ends_with(&format!(" {plural} {name}"))
}

fn row(role: &Role, decisions: &[Told], taken: &mut BTreeSet<String>) -> Row {
    let is_its = |told: &&Told| {
        let exact = told.object == role.object;
        exact || (role.object.ends_with('-') && told.object.starts_with(&role.object))
    };
    let wanted = |told: &&Told| {
        let deed = told.outcome == "done";
        match role.fate {
            Fate::Healed(_) => deed,
            Fate::HeldBack(_) => !deed,
            Fate::LeftAlone(_) => true,
        }
    };
    let first = decisions.iter().filter(is_its).filter(wanted).find(|told| !taken.contains(&told.object));
    let object = first.map_or(role.object.clone(), |told| told.object.clone());
    let its: Vec<&Told> = decisions.iter().filter(|told| told.object == object).collect();
    taken.insert(object.clone());
    let done: Vec<&Told> = its.iter().filter(|told| told.outcome == "done").copied().collect();
    let held = its.iter().find(|told| told.outcome == "held back");
    let (kind, place, name) = parts(&object);
    let healed = !done.is_empty();
    let outcome = if healed {
        let times: Vec<String> = done.iter().map(|told| minutes(told.at).trim().to_owned()).collect();
        format!("healed at {}", times.join(", "))
    } else {
        "spared".to_owned()
    };
    let (right, why) = match &role.fate {
        Fate::Healed(deeds) => (is_done(deeds, &done), rules(&done)),
        Fate::HeldBack(words) => {
            let right = !healed && held.is_some_and(|told| told.detail.contains(words));
            (right, held.map_or_else(|| rules(&done), |told| told.detail.clone()))
        }
        Fate::LeftAlone(words) => (its.is_empty(), (*words).to_owned()),
    };
    Row { object: format!("{kind} {place}/{name}"), found: role.found, outcome, why, right, healed }
}

fn is_done(deeds: &[Deed], done: &[&Told]) -> bool {
    deeds.len() == done.len()
        && deeds
            .iter()
            .zip(done)
            .all(|(deed, told)| deed.action == told.action && deed.rule == told.rule && told.at >= deed.from)
}

fn rules(done: &[&Told]) -> String {
    let steps: Vec<&str> = done.iter().map(|told| told.action.as_str()).collect();
    match done.first() {
        Some(first) => format!("{}: {}", first.rule, steps.join(", then ")),
        None => "nothing was done".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn told(at: u64, outcome: &str, action: &str, object: &str, detail: &str) -> Told {
        Told {
            at: Duration::from_secs(at),
            outcome: outcome.into(),
            action: action.into(),
            object: object.into(),
            rule: "p/r".into(),
            detail: detail.into(),
            ..Told::default()
        }
    }

    fn role(object: &str, fate: Fate) -> Role {
        Role { object: object.into(), found: "ill", fate }
    }

    fn deleted(from: u64) -> Fate {
        Fate::Healed(vec![Deed { action: "delete", rule: "p/r", from: Duration::from_secs(from) }])
    }

    const VM: &str = "virtualmachines.kubevirt.io/a/x";

    #[test]
    fn what_the_story_says_is_right_and_all_else_is_not() {
        let done = || told(10, "done", "delete", VM, "");
        let write = || vec!["delete virtualmachines a/x".to_owned()];
        let right = |fate, decisions: &[Told], writes: &[Write]| {
            Outcome::new(&[role(VM, fate)], decisions, writes).is_right()
        };
        assert!(right(deleted(10), &[done()], &write()));
        assert!(!right(deleted(11), &[done()], &write()), "too early");
        assert!(!right(deleted(10), &[], &[]), "never");
        assert!(!right(deleted(10), &[done(), done()], &write()), "twice");
        assert!(!right(Fate::LeftAlone("x"), &[done()], &write()));
        assert!(right(Fate::LeftAlone("x"), &[], &[]));
        let held = || told(10, "held back", "delete", VM, "protected by a label");
        assert!(right(Fate::HeldBack("label"), &[held()], &[]));
        assert!(!right(Fate::HeldBack("annotation"), &[held()], &[]));
        assert!(!right(Fate::HeldBack("label"), &[held(), done()], &write()));
        assert!(!right(Fate::HeldBack("label"), &[held()], &write()), "a write that nobody told of");
        assert!(!right(deleted(10), &[done()], &["delete virtualmachines a/y".to_owned()]), "another one");
    }

    #[test]
    fn of_two_pods_of_a_controller_each_role_has_its_own() {
        let roles = [role("pods/a/web-", deleted(1)), role("pods/a/web-", Fate::HeldBack("replaces"))];
        let decisions = [
            told(1, "done", "delete", "pods/a/web-1", ""),
            told(2, "held back", "delete", "pods/a/web-2", "it replaces the other"),
        ];
        let writes = ["delete pods a/web-1".to_owned()];
        assert!(Outcome::new(&roles, &decisions, &writes).is_right());
        let decisions =
            [told(1, "done", "delete", "pods/a/web-1", ""), told(2, "done", "delete", "pods/a/web-2", "")];
        assert!(!Outcome::new(&roles, &decisions, &writes).is_right());
    }
}
