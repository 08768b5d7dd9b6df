//! The strategy behind all cases: random bytes, many of them at little cost, that shrink as bytes do: runs are
//! taken out, long ones first, then each byte is made smaller.

use proptest::prelude::*;
use proptest::strategy::{NewTree, ValueTree};
use proptest::test_runner::TestRunner;

/// Up to so many bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpTo(pub(crate) usize);

impl Strategy for UpTo {
    type Tree = Bytes;
    type Value = Vec<u8>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        // Most cases have plenty to decide by, some have next to nothing.
        let wanted = usize::from(runner.rng().next_u32().to_le_bytes()[0]) * self.0 / 128;
        let mut bytes = vec![0; wanted.min(self.0)];
        runner.rng().fill_bytes(&mut bytes);
        let run = bytes.len().div_ceil(2);
        Ok(Bytes { before: bytes.clone(), now: bytes, run, at: 0 })
    }
}

/// Bytes on their way to the smallest that still fail.
#[derive(Debug)]
pub(crate) struct Bytes {
    now: Vec<u8>,
    /// The last that failed.
    before: Vec<u8>,
    /// So many are taken out together; 0: now each is made smaller.
    run: usize,
    /// Where.
    at: usize,
}

impl Bytes {
    /// The next smaller one; false where there is none.
    fn next(&mut self) -> bool {
        self.now.clone_from(&self.before);
        while self.run > 0 {
            if self.at < self.now.len() {
                let end = (self.at + self.run).min(self.now.len());
                self.now.drain(self.at..end);
                return true;
            }
            (self.run, self.at) = (self.run / 2, 0);
        }
        while let Some(byte) = self.now.get_mut(self.at) {
            if *byte > 0 {
                *byte /= 2;
                return true;
            }
            self.at += 1;
        }
        false
    }
}

impl ValueTree for Bytes {
    type Value = Vec<u8>;

    fn current(&self) -> Vec<u8> {
        self.now.clone()
    }

    /// It failed: from here on.
    fn simplify(&mut self) -> bool {
        self.before.clone_from(&self.now);
        self.next()
    }

    /// It did not fail: back, and on to the next place.
    fn complicate(&mut self) -> bool {
        self.at += self.run.max(1);
        self.next()
    }
}
