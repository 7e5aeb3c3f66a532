//! The order in which strategies are played. If the campaign's time is limited, they take turns, so that one that cannot be
//! decided leaves time for the others.

use super::entry::Campaign;
use super::run::{Finished, Observer, Options, play_entry};
use crate::failure::Failure;
use crate::store::Store;
use std::time::Duration;

/// The length of the shortest turn.
const TURN: Duration = Duration::from_secs(1);

/// Plays every entry to a decision or a limit. Without a `wall` they are played one after another. With one, the entry that has
/// had the least time, over all resumptions, is played next for as much time again, and the last one left goes on to its end.
///
/// # Errors
/// The same as those of [`play_entry`].
pub fn play(
    campaign: &Campaign,
    store: &mut Store,
    options: &Options,
    observer: &mut impl Observer,
) -> Result<Vec<Finished>, Failure> {
    play_in_turns_of(TURN, campaign, store, options, observer)
}

fn play_in_turns_of(
    shortest: Duration,
    campaign: &Campaign,
    store: &mut Store,
    options: &Options,
    observer: &mut impl Observer,
) -> Result<Vec<Finished>, Failure> {
    let limited = campaign.script.trials.wall.is_some();
    let mut waiting: Vec<usize> = (0..campaign.entries.len()).collect();
    let mut finished: Vec<Option<Finished>> = waiting.iter().map(|_| None).collect();
    while !waiting.is_empty() {
        let had = |index: usize| store.time_noted(Some(&campaign.entries[index].name));
        let next = if limited { (0..waiting.len()).min_by_key(|&place| had(waiting[place])).unwrap_or(0) } else { 0 };
        let index = waiting[next];
        let turn = (limited && waiting.len() > 1).then(|| had(index).max(shortest));
        finished[index] = play_entry(campaign, index, store, options, turn, observer)?;
        if finished[index].is_some() {
            waiting.remove(next);
        }
    }
    Ok(finished.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::Entry;
    use crate::campaign::load::{Overrides, load};
    use crate::campaign::verdict::Standing;
    use crate::scratch::Scratch;
    use crate::store::counts::CountsRow;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    const SCRIPT: &str = "
schema: fusion/campaign/v1
name: turns
protocol: { R: 64, B: 2, T: 16 }
fidelity: plain
trials: { seed: 1, max: 30000, wall: 1h }
strategies:
  - { name: everywhere, do: [{ at: { each: 1/2 }, relabel: next }] }
  - { name: one-slot, do: [{ at: { random: 1 }, relabel: next }], expect: { win: { at_most: 1/2 } } }
  - { name: here-and-there, do: [{ at: { each: 1/3 }, relabel: next }] }
";

    /// Counts turns.
    #[derive(Default)]
    struct Turns(usize);

    impl Observer for Turns {
        fn progress(&mut self, _: &Entry, _: u64) {}

        fn checkpoint(&mut self, _: &Entry, _: &Standing) -> Result<(), Failure> {
            Ok(())
        }

        fn interrupted(&mut self) {}

        fn over(&mut self) {
            self.0 += 1;
        }
    }

    /// Turns of a millisecond, two and four, in which at first no block is ever finished.
    #[test]
    fn turns_change_no_count_and_no_decision() {
        let scratch = Scratch::new("turns");
        let campaign = load(scratch.file("turns.yaml", SCRIPT).as_ref(), &Overrides::default()).expect("a script");
        let options = Options { threads: 2, shard: None, interrupted: Arc::new(AtomicBool::new(false)) };
        let played = |shortest| {
            let mut store = Store::create(&scratch, &campaign, None).expect("writable");
            let mut turns = Turns::default();
            let finished = play_in_turns_of(shortest, &campaign, &mut store, &options, &mut turns).expect("played");
            let ends: Vec<_> =
                finished.into_iter().map(|finished| (finished.stopped_by, finished.standing.counts)).collect();
            (ends, store.rows().cloned().collect::<Vec<CountsRow>>(), turns.0)
        };
        let (ends, rows, turns) = played(Duration::from_nanos(1));
        let (in_order, rows_in_order, once_each) = played(Duration::from_hours(1));
        assert_eq!(ends, in_order);
        assert!(rows == rows_in_order);
        assert!(once_each == 4 && turns > 8, "{turns} turns, and {once_each}");
    }
}
