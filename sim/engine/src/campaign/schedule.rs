//! The order of work: which block of which counter comes when, and where a decision may be taken. It depends only on the numbers
//! of counters and blocks, so that a verdict never depends on threads, interruptions or speed.

use fusion_spec::evidence::next_checkpoint;

/// A step of the schedule: a block to count, or a point where a decision may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleStep {
    /// A block of trials of one counter is to be counted.
    Block {
        /// The index of the counter within the entry.
        counter: usize,
        /// The index of the block within the counter.
        block: u64,
    },
    /// A decision may be taken, on this many blocks of every counter.
    Checkpoint(u64),
}

/// An iterator over all steps of an entry, for as long as nothing is decided.
#[derive(Clone, Debug)]
pub struct Schedule {
    counters: usize,
    blocks: u64,
    /// The first block after the last checkpoint. The blocks from here to `to` come before the next one.
    from: u64,
    to: u64,
    counter: usize,
    block: u64,
}

impl Schedule {
    /// Makes the schedule for a number of counters with a number of blocks each.
    #[must_use]
    pub fn new(counters: usize, blocks: u64) -> Self {
        Self { counters, blocks, from: 0, to: next_checkpoint(0).min(blocks), counter: 0, block: 0 }
    }
}

impl Iterator for Schedule {
    type Item = ScheduleStep;

    fn next(&mut self) -> Option<ScheduleStep> {
        if self.from == self.to {
            return None;
        }
        if self.block == self.to {
            self.counter += 1;
            self.block = self.from;
        }
        if self.counter < self.counters {
            self.block += 1;
            return Some(ScheduleStep::Block { counter: self.counter, block: self.block - 1 });
        }
        let reached = self.to;
        (self.from, self.to) = (reached, next_checkpoint(reached).min(self.blocks));
        (self.counter, self.block) = (0, reached);
        Some(ScheduleStep::Checkpoint(reached))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_go_in_step_and_every_block_comes_once() {
        let block = |counter, block| ScheduleStep::Block { counter, block };
        let short: Vec<ScheduleStep> = Schedule::new(2, 2).collect();
        let expected = [
            block(0, 0),
            block(1, 0),
            ScheduleStep::Checkpoint(1),
            block(0, 1),
            block(1, 1),
            ScheduleStep::Checkpoint(2),
        ];
        assert_eq!(short, expected);
        assert_eq!(Schedule::new(1, 0).count(), 0);
        let mut seen = [0_u64; 3];
        let mut last = 0;
        for step in Schedule::new(3, 1000) {
            match step {
                ScheduleStep::Block { counter, block } => {
                    assert_eq!(seen[counter], block);
                    seen[counter] += 1;
                }
                ScheduleStep::Checkpoint(blocks) => {
                    assert_eq!(seen, [blocks; 3]);
                    last = blocks;
                }
            }
        }
        assert_eq!(last, 1000);
    }
}
