//! The number of trials in a row of counts. Where a session is two-party inference it follows from what the public plan predicts, and never from a
//! clock, so that rows come every few seconds and counts are the same on every machine.

use fusion_2pc::backend::Family;

/// The number of trials in a row at `plain` and `ideal`.
pub const CHEAP: u64 = 1024;
/// The largest number of trials in a row at `real`. Runs older than semantics 5 have always this many.
pub const MOST_AT_REAL: u64 = 16;
/// How long the trials of a row at `real` may take by prediction, in milliseconds.
const ROW_MS: u128 = 2000;

/// Returns the number of trials in a row at `real`, where the parties of a trial send so many bytes by prediction, and so many in a millisecond of processor time: the largest power of two, up to
/// [`MOST_AT_REAL`], whose trials take at most two seconds of processor time.
#[must_use]
pub fn at_real(bytes_per_ms: u128, bytes_of_a_trial: u128) -> u64 {
    let fits = |trials: &u64| u128::from(*trials) * bytes_of_a_trial <= ROW_MS * bytes_per_ms;
    let fewer = std::iter::successors(Some(MOST_AT_REAL), |trials| Some(trials / 2).filter(|fewer| *fewer > 0));
    fewer.into_iter().find(fits).unwrap_or(1)
}

/// Whether a run can have rows of so many trials at `real`.
#[must_use]
pub fn is_length(trials: u64) -> bool {
    trials.is_power_of_two() && trials <= MOST_AT_REAL
}

/// How many bytes two parties of SPDZ with `LowGear` send in a millisecond of their processor time, roughly.
pub const SPDZ_BYTES_PER_MS: u128 = 50_000;

/// How many bytes both parties of a family send in a millisecond of their processor time, roughly: from a third less to twice as many by `LeNet` and
/// a small network, on the machine of docs/measured.md. Only the order of magnitude matters.
#[must_use]
pub fn bytes_per_ms(family: Family) -> u128 {
    match family {
        Family::Cheetah => 10_000,
        Family::Cryptflow2He => 25_000,
        Family::Delphi => 60_000,
        Family::Cryptflow2Ot => 80_000,
        Family::Aby | Family::Aby32 => 150_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_shorter_where_a_trial_sends_more() {
        let rows =
            [0, 1_250_000, 1_250_001, 2_500_000, 5_000_001, 10_000_001, 20_000_000, 20_000_001, u128::from(u64::MAX)];
        let lengths = rows.map(|bytes| at_real(bytes_per_ms(Family::Cheetah), bytes));
        assert_eq!(lengths, [16, 16, 8, 8, 2, 1, 1, 1, 1]);
        assert_eq!(at_real(bytes_per_ms(Family::Aby), 20_000_000), 8);
        assert!(lengths.iter().all(|length| is_length(*length)));
        assert!([0, 3, 32].iter().all(|length| !is_length(*length)));
    }
}
