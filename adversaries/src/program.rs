//! The programs of servers that decide while they serve, from what they read of the slots.
//!
//! ```
//! use fusion_2pc::session::ServerProgram;
//! use fusion_adversaries::program::OneGroup;
//!
//! // Three slots, of which the first and the last look alike; two classes.
//! let mut labels = vec![vec![0, 1]; 3];
//! OneGroup::default().answer(0..3, &[vec![7], vec![1], vec![7]], &mut labels);
//! assert_eq!(labels, [[1, 0], [0, 1], [1, 0]]);
//! ```

use fusion_2pc::backend::Reading;
use fusion_2pc::session::ServerProgram;
use std::collections::BTreeSet;
use std::ops::Range;

/// Answers all slots of one sample with the next label, and all others right: of a sample that it has seen twice before its first answers, if there is
/// one, and otherwise of the first slot. It takes slots with equal readings for slots of one sample.
#[derive(Debug, Default)]
pub struct OneGroup {
    sample: Option<Reading>,
}

impl ServerProgram for OneGroup {
    fn answer(&mut self, _slots: Range<usize>, readings: &[Reading], labels: &mut [Vec<u32>]) {
        if self.sample.is_none() {
            let mut seen = BTreeSet::new();
            self.sample = readings.iter().find(|reading| !seen.insert(*reading)).or(readings.first()).cloned();
        }
        for (reading, labels) in readings.iter().zip(labels) {
            if self.sample.as_ref() == Some(reading) {
                labels.rotate_left(1);
            }
        }
    }
}

/// Answers right, and names the two slots whose readings differ in the fewest bits: the first such pair. Slots of chunks of different sizes are not
/// compared, as their readings have different lengths.
#[derive(Debug, Default)]
pub struct Matching {
    readings: Vec<Reading>,
    best: Option<(u64, [usize; 2])>,
}

impl ServerProgram for Matching {
    fn answer(&mut self, slots: Range<usize>, readings: &[Reading], _labels: &mut [Vec<u32>]) {
        for (slot, reading) in slots.zip(readings) {
            let earlier = self.readings.iter().enumerate().filter(|(_, other)| other.len() == reading.len());
            let nearest = earlier.map(|(other, earlier)| (distance(earlier, reading), [other, slot])).min();
            self.best = [self.best, nearest].into_iter().flatten().min();
            self.readings.push(reading.clone());
        }
    }

    fn link(&self) -> Option<[usize; 2]> {
        self.best.map(|(_, slots)| slots)
    }
}

/// The number of bits in which two readings differ.
fn distance(a: &Reading, b: &Reading) -> u64 {
    a.iter().zip(b).map(|(a, b)| u64::from((a ^ b).count_ones())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slots that a program answers wrongly, asked in chunks of so many.
    fn wrong(program: &mut dyn ServerProgram, samples: &[u8], together: usize) -> Vec<usize> {
        let mut wrong = Vec::new();
        for first in (0..samples.len()).step_by(together) {
            let slots = first..samples.len().min(first + together);
            let readings: Vec<Reading> = samples[slots.clone()].iter().map(|sample| vec![*sample; 3]).collect();
            let mut labels = vec![vec![0, 1, 2]; readings.len()];
            program.answer(slots.clone(), &readings, &mut labels);
            wrong.extend(slots.zip(labels).filter(|(_, labels)| labels[0] != 0).map(|(slot, _)| slot));
        }
        wrong
    }

    #[test]
    fn one_group_is_answered_wrongly_wherever_its_slots_are() {
        let samples = [4, 2, 3, 2, 4, 1, 2];
        assert_eq!(wrong(&mut OneGroup::default(), &samples, 7), [1, 3, 6], "the first sample seen twice");
        assert_eq!(wrong(&mut OneGroup::default(), &samples, 4), [1, 3, 6]);
        assert_eq!(wrong(&mut OneGroup::default(), &samples, 2), [0, 4], "none was seen twice: the first slot's");
        assert_eq!(wrong(&mut OneGroup::default(), &samples, 1), [0, 4]);
    }

    #[test]
    fn the_nearest_slots_are_named_and_nothing_is_answered_wrongly() {
        let mut matching = Matching::default();
        assert_eq!(matching.link(), None);
        assert_eq!(wrong(&mut matching, &[0b1111, 0b1000, 0b0111, 0b0110, 0b1110], 2), Vec::<usize>::new());
        assert_eq!(matching.link(), Some([0, 2]), "one bit apart, as others are: the first pair");
    }
}
