//! How long trials take on this machine, which decides no trial.

use super::entry::{Campaign, Entry};
use super::player::Player;
use crate::simulate::metered::process_cpu;
use std::time::Duration;

/// How long cheap trials are played for the measurement.
const ENOUGH: Duration = Duration::from_millis(5);

/// Measures the processor time of a trial of a strategy, of all threads together: of one trial at `real`, and elsewhere of as many of the first trials as
/// take some milliseconds. Other work of the process is counted too.
///
/// # Panics
/// If an entry has stages and its strategy no fixed number of slots, which the loader refuses.
#[must_use]
pub fn trial_cpu(campaign: &Campaign, entry: &Entry) -> Duration {
    let mut player = Player::new(campaign, entry);
    let (before, mut played) = (process_cpu(), 0);
    loop {
        player.play(0, u64::from(played)..u64::from(played) + 1);
        played += 1;
        let taken = process_cpu().saturating_sub(before);
        if taken >= ENOUGH || played >= 1 << 16 {
            return taken / played;
        }
    }
}
