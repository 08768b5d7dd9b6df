//! One watch request as it is read: its lines as events, and the moments in its life that matter.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures::future::BoxFuture;
use kube::client::Body;

use super::clock::Clock;
use super::collection::next_chunk;
use super::decode::{Decoder, Event, LineError};
use super::failure::{Failure, Meaning};
use super::refusal::in_full;
use super::slices::{LineScanner, Slice};
use super::timings::Timings;

/// What a watch request has reached in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Milestone {
    /// Not refused right after its head: an expired version is told in the first line.
    Settled,
    /// The initial events should have ended.
    ListOverdue,
    /// Long enough to forget earlier failures.
    Lasted,
    /// As good as all of the time that was asked for.
    Whole,
    /// The server should have ended it.
    Overdue,
}

/// What a watch request brings next.
#[derive(Debug)]
pub(super) enum Next {
    Event(Event),
    /// An object is left out.
    Undecodable(String),
    Reached(Milestone),
    /// Nothing for the longest time that was given.
    Silent,
    /// The server ended it.
    Ended,
}

pub(super) struct Stream {
    body: Body,
    lines: LineScanner,
    /// Bytes that have come and are not cut into lines yet.
    chunk: Bytes,
    clock: Arc<dyn Clock>,
    milestones: VecDeque<(Duration, Milestone)>,
    age: Duration,
    timer: BoxFuture<'static, ()>,
    /// Ends when nothing has come for too long since the last byte.
    quiet: Option<BoxFuture<'static, ()>>,
}

impl Stream {
    /// A watch that was asked for `requested`, its head just arrived, and is a success after `proof`.
    pub(super) fn new(
        body: Body,
        clock: &Arc<dyn Clock>,
        requested: Duration,
        proof: Duration,
        timings: &Timings,
    ) -> Self {
        let mut milestones = vec![
            (timings.back_off_first, Milestone::Settled),
            (timings.list_time_out, Milestone::ListOverdue),
            (proof, Milestone::Lasted),
            (requested.mul_f64(0.9), Milestone::Whole),
            (requested.mul_f64(1.1), Milestone::Overdue),
        ];
        milestones.sort_by_key(|(age, _)| *age);
        let mut stream = Self {
            body,
            lines: LineScanner::default(),
            chunk: Bytes::new(),
            clock: Arc::clone(clock),
            milestones: milestones.into(),
            age: Duration::ZERO,
            timer: Box::pin(std::future::pending()),
            quiet: None,
        };
        stream.set_timer();
        stream
    }

    /// What comes next. `silence` is the longest time without a byte, counted from the last one.
    pub(super) async fn next(
        &mut self,
        decoder: &Decoder,
        silence: Option<Duration>,
    ) -> Result<Next, Failure> {
        loop {
            if let Some(next) = self.next_line(decoder)? {
                return Ok(next);
            }
            let quiet = self.quiet.get_or_insert_with(|| match silence {
                Some(silence) => self.clock.sleep(silence),
                None => Box::pin(std::future::pending()),
            });
            // Bytes first: who is slow to take the events must not be mistaken for a slow server.
            tokio::select! {
                biased;
                chunk = next_chunk(&mut self.body) => match chunk? {
                    Some(chunk) => {
                        self.chunk = chunk;
                        self.quiet = None;
                    }
                    None => return Ok(Next::Ended),
                },
                () = &mut self.timer => {
                    if let Some((_, milestone)) = self.milestones.pop_front() {
                        self.set_timer();
                        return Ok(Next::Reached(milestone));
                    }
                }
                () = quiet => return Ok(Next::Silent),
            }
        }
    }

    /// The next line of what has come.
    fn next_line(&mut self, decoder: &Decoder) -> Result<Option<Next>, Failure> {
        if self.lines.is_endless() {
            return Err(Failure::new(Meaning::Stale, "a line of the watch has no end"));
        }
        let mut rest = &self.chunk[..];
        let next = match self.lines.next(&mut rest) {
            None => None,
            Some(Slice::Whole(line)) => Some(match decoder.line(line) {
                Ok(event) => Ok(Next::Event(event)),
                Err(LineError::Object(error)) => Ok(Next::Undecodable(in_full(&error))),
                Err(error) => Err(Failure::new(Meaning::Stale, in_full(&error))),
            }),
            Some(Slice::TooLarge(head)) if Decoder::loses_one_object(head) => {
                Some(Ok(Next::Undecodable("an object is too large".to_owned())))
            }
            Some(Slice::TooLarge(_)) => {
                Some(Err(Failure::new(Meaning::Stale, "a line of the watch is too large")))
            }
        };
        let taken = self.chunk.len() - rest.len();
        self.chunk.advance(taken);
        if self.chunk.is_empty() {
            // The connection's buffer behind it can be used again, or given back.
            self.chunk = Bytes::new();
        }
        next.transpose()
    }

    fn set_timer(&mut self) {
        self.timer = match self.milestones.front() {
            Some((age, _)) => {
                let wait = age.saturating_sub(self.age);
                self.age = *age;
                self.clock.sleep(wait)
            }
            None => Box::pin(std::future::pending()),
        };
    }
}
