//! Pieces of YAML are parsed on two threads, since parsing it takes most of the time, and come back in order. What is
//! under way is bounded. A dump that fills no batch is parsed where it is read.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use serde_json::Value;

use super::problem::{Flaw, Position, Problem};
use super::reading::Reading;
use super::yaml;

/// Bytes of text that are handed over at once.
const BATCH: usize = 64 << 10;
const THREADS: usize = 2;
/// Batches that each thread has, with the one that it works on.
const EACH: usize = 2;

/// Pieces one after another.
#[derive(Default)]
struct Batch {
    text: Vec<u8>,
    pieces: Vec<Piece>,
}

struct Piece {
    /// Where it ends in the text of its batch.
    end: usize,
    length: usize,
    begin: Position,
    is_item: bool,
}

/// A value, and where it begins.
type Parsed = Vec<(Piece, Result<Option<(Value, Position)>, Box<Problem>>)>;

struct Worker {
    jobs: SyncSender<Batch>,
    done: Receiver<Parsed>,
}

/// What parses the pieces of one file.
pub(super) struct Parsing<'scope> {
    start: Box<dyn Fn() -> Worker + 'scope>,
    path: Arc<Path>,
    batch: Batch,
    workers: Vec<Worker>,
    /// The workers that have batches, in the order in which these come back.
    under_way: VecDeque<usize>,
    next: usize,
}

impl<'scope> Parsing<'scope> {
    pub(super) fn new<'env>(scope: &'scope Scope<'scope, 'env>, path: Arc<Path>) -> Self {
        let of_threads = Arc::clone(&path);
        let start = move || {
            let (jobs, taken) = sync_channel::<Batch>(EACH);
            let (give, done) = sync_channel(EACH);
            let path = Arc::clone(&of_threads);
            scope.spawn(move || {
                for batch in taken {
                    if give.send(parse(batch, &path)).is_err() {
                        return;
                    }
                }
            });
            Worker { jobs, done }
        };
        Self {
            start: Box::new(start),
            path,
            batch: Batch::default(),
            workers: Vec::new(),
            under_way: VecDeque::new(),
            next: 0,
        }
    }

    /// Takes a piece in; what is parsed by then goes out.
    pub(super) fn add(&mut self, piece: &[u8], begin: Position, is_item: bool, out: &mut Reading<'_>) {
        self.batch.text.extend_from_slice(piece);
        self.batch.pieces.push(Piece { end: self.batch.text.len(), length: piece.len(), begin, is_item });
        if self.batch.text.len() >= BATCH {
            if self.workers.is_empty() {
                self.workers.extend((0..THREADS).map(|_| (self.start)()));
            }
            self.hand_over(out);
        }
    }

    /// All that was taken in goes out.
    pub(super) fn flush(&mut self, out: &mut Reading<'_>) {
        if self.workers.is_empty() {
            hand_out(parse(std::mem::take(&mut self.batch), &self.path), out);
            return;
        }
        if !self.batch.pieces.is_empty() {
            self.hand_over(out);
        }
        while self.take_back(out) {}
    }

    fn hand_over(&mut self, out: &mut Reading<'_>) {
        if self.under_way.len() >= THREADS * EACH {
            self.take_back(out);
        }
        let batch = std::mem::take(&mut self.batch);
        let worker = self.next % THREADS;
        self.next += 1;
        match self.workers.get(worker).map(|worker| worker.jobs.send(batch)) {
            Some(Ok(())) => self.under_way.push_back(worker),
            _ => out.broken(),
        }
    }

    fn take_back(&mut self, out: &mut Reading<'_>) -> bool {
        let Some(worker) = self.under_way.pop_front() else { return false };
        match self.workers.get(worker).map(|worker| worker.done.recv()) {
            Some(Ok(parsed)) => hand_out(parsed, out),
            _ => out.broken(),
        }
        true
    }
}

fn parse(batch: Batch, path: &Path) -> Parsed {
    let of = |piece: Piece| {
        let text = &batch.text[piece.end - piece.length..piece.end];
        let value = guarded(|| yaml::value(text));
        let value = value.map(|value| value.map(|(value, at)| (value, piece.begin.behind(&text[..at]))));
        let value = value.map_err(|flaw| Box::new(flaw.at(path, piece.begin, text)));
        (piece, value)
    };
    batch.pieces.into_iter().map(of).collect()
}

/// A parser that panics costs the piece.
fn guarded<T>(parse: impl FnOnce() -> Result<T, Flaw>) -> Result<T, Flaw> {
    // What it was working on is gone with it.
    catch_unwind(AssertUnwindSafe(parse)).unwrap_or_else(|_| {
        Err(Flaw::new(0, "what begins here could not be parsed: the parser failed", "please report it"))
    })
}

fn hand_out(parsed: Parsed, out: &mut Reading<'_>) {
    for (Piece { is_item, .. }, value) in parsed {
        match value {
            Ok(Some((Value::Array(mut items), begin))) if is_item => {
                // The piece is a list of one.
                out.element(items.pop().unwrap_or_default(), begin);
            }
            Ok(Some((value, begin))) => out.document(value, begin),
            Ok(None) => {}
            Err(problem) => out.problem(*problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parser_that_panics_costs_its_piece() {
        assert_eq!(guarded(|| Ok(1)), Ok(1));
        let flaw = guarded::<()>(|| panic!("a mistake in the parser")).unwrap_err();
        assert!(flaw.message.ends_with("the parser failed"), "{flaw:?}");
    }
}
