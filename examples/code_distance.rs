//! How light the words of the codes of dual LPN are expected to be, by first moments.
//!
//! `cargo run --example code_distance` prints the table of decision 32. A linear test of the outputs of [`fusion_2pc::ot::dual`] is a test of the noise by a word of the code of
//! [`fusion_2pc::ot::convolute`]; with one error in each of `t` parts and a word that has a share `d` of the places, at most half of any part, the sum is off balance by at most `(1 - 2d)^t` (decision 29 has what is open beyond).
//! What is computed is a bound of the expected number of words that are lighter than a share, in the code of a random key. Markov's inequality then bounds the
//! probability that a key's code has any.
//!
//! A message of `r` outputs adds up `r` places in each region, drawn alike. With `u` the parities of how often each place is drawn, the word is `y[p] = u[p] + sum a[p, j] y[p - j]`, the convolution's transpose, in the
//! other direction. A place of the word is a fair coin unless the last `m` were 0, and then it is `u[p]`: a chain of `m + 1` states (Raghuraman, Rindal, Tanguy,
//! CRYPTO 2023, section 4). With a factor `z` for each 1, a region is a matrix of this chain for each `r`, whose entries are
//!
//! - for `r` up to [`COUNTED`] exact: the coefficients of a power of a polynomial of matrices, in a variable that counts draws;
//! - for larger `r` a bound by a generating function: `a_r <= r! x^-r sum a_k x^k / k!`, each entry with the best of a few `x`. A place is then drawn an even number of times with weight
//!   `cosh(x / places)` and an odd number with `sinh`, independently of all others.
//!
//! The product of the regions' matrices bounds the mean of `z^weight`, and that times `z^-d` the probability of a weight up to `d` (Chernoff), with the best of some `z`. Any `x` and `z` give a bound. Weights `r`
//! are all up to [`COUNTED`], and then one in each factor of 1.5; terms in between are not larger than their neighbours by far, and those beyond 100 are below `2^-300`.

use fusion_2pc::ot::convolute::{MEMORY, WEIGHT};
use fusion_2pc::ot::dual::{LEAVES, TREES};
use std::f64::consts::{LN_2, LOG2_E, PI};
use std::fmt::Write;
use std::ops::RangeInclusive;

/// The depths of the trees whose codes are examined.
pub const DEPTHS: RangeInclusive<u32> = 8..=13;

/// The weights of messages up to which the chain counts draws.
pub const COUNTED: u32 = 40;

/// A random code: regions of so many places, of which each output adds up one, and the memory of the convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ensemble {
    /// The number of regions.
    pub regions: u32,
    /// Places of a region.
    pub places: u32,
    /// The number of places that the convolution remembers.
    pub memory: usize,
    /// The number of outputs.
    pub outputs: f64,
}

/// A polynomial, known up to a degree, whose coefficients are matrices of numbers that are not negative, times a power of two.
struct Matrices {
    side: usize,
    /// Coefficient by coefficient, each row by row.
    entries: Vec<f64>,
    log: f64,
}

impl Matrices {
    fn coefficient(&self, number: usize) -> &[f64] {
        &self.entries[number * self.side * self.side..][..self.side * self.side]
    }

    fn times(&self, other: &Self) -> Self {
        let (side, square) = (self.side, self.side * self.side);
        let mut entries = vec![0.0; self.entries.len()];
        for (number, sums) in entries.chunks_mut(square).enumerate() {
            for left in 0..=number {
                let right = other.coefficient(number - left);
                for (row, sums) in self.coefficient(left).chunks(side).zip(sums.chunks_mut(side)) {
                    for (factor, right) in row.iter().zip(right.chunks(side)).filter(|(factor, _)| **factor > 0.0) {
                        sums.iter_mut().zip(right).for_each(|(sum, right)| *sum += factor * right);
                    }
                }
            }
        }
        let most = entries.iter().copied().fold(0.0, f64::max);
        for entry in &mut entries {
            *entry /= most;
        }
        Self { side, entries, log: self.log + other.log + most.log2() }
    }

    /// Itself so many times, at least once.
    fn power(self, times: u32) -> Self {
        let mut whole = Self { entries: self.entries.clone(), ..self };
        for bit in (0..times.ilog2()).rev() {
            whole = whole.times(&whole);
            if times >> bit & 1 == 1 {
                whole = whole.times(&self);
            }
        }
        whole
    }
}

/// `log2` of a factorial.
fn log_factorial(r: f64) -> f64 {
    if r < 32.0 {
        (2..32).map(f64::from).take_while(|i| *i <= r).map(f64::log2).sum()
    } else {
        (r * (r.ln() - 1.0) + (2.0 * PI * r).ln() / 2.0 + 1.0 / (12.0 * r)) / LN_2
    }
}

/// `log2` of a sum of powers of two.
fn sum(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if most.is_finite() { most + logs.map(|log| (log - most).exp2()).sum::<f64>().log2() } else { most }
}

/// The trees, the regions, and the leaves an output, of the codes that are used.
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
const COUNTS: [u32; 3] = [TREES as u32, WEIGHT as u32, LEAVES as u32];

/// The golden ratio's share of a section.
const RATIO: f64 = 0.618_033_988_75;

impl Ensemble {
    /// The code of trees of this depth, with all its outputs.
    #[must_use]
    pub fn of(depth: u32) -> Self {
        let [trees, regions, leaves] = COUNTS;
        let all = trees << depth;
        Self { regions, places: all / regions, memory: MEMORY, outputs: f64::from(all) / f64::from(leaves) }
    }

    /// The number of all places.
    #[must_use]
    pub fn length(&self) -> f64 {
        f64::from(self.regions * self.places)
    }

    /// A place of the chain, for each number of draws that is counted: what it weighs that they are even, and odd.
    fn place(&self, z: f64, draws: &[[f64; 2]]) -> Matrices {
        let (memory, side) = (self.memory, self.memory + 1);
        let mut entries = vec![0.0; draws.len() * side * side];
        for ([even, odd], entries) in draws.iter().zip(entries.chunks_mut(side * side)) {
            for state in 0..memory {
                entries[state * side] += (even + odd) * z / 2.0;
                entries[state * side + state + 1] += (even + odd) / 2.0;
            }
            entries[memory * side + memory] += even;
            entries[memory * side] += odd * z;
        }
        Matrices { side, entries, log: 0.0 }
    }

    /// A place of the chain that counts up to `most` draws, `r` of them with weight `x^r / r!`.
    fn counting(&self, z: f64, most: u32, x: f64) -> Matrices {
        let weight = |r: u32| (f64::from(r) * x.log2() - log_factorial(f64::from(r))).exp2();
        let draws = (0..=most).map(|r| if r % 2 == 0 { [weight(r), 0.0] } else { [0.0, weight(r)] });
        self.place(z, &draws.collect::<Vec<_>>())
    }

    /// `log2` of a region's matrix for messages of weight `r`, of the power that counts draws with weights of this `x`.
    fn counted(&self, whole: &Matrices, r: u32, x: f64) -> Vec<f64> {
        let scale = log_factorial(r.into()) - f64::from(r) * (x * f64::from(self.places)).log2() + whole.log;
        whole.coefficient(r as usize).iter().map(|entry| scale + entry.log2()).collect()
    }

    /// `log2` of a region's matrix for messages of weight `r`, counted.
    #[must_use]
    pub fn exact(&self, r: u32, z: f64) -> Vec<f64> {
        let x = f64::from(self.places).recip();
        self.counted(&self.counting(z, r, x).power(self.places), r, x)
    }

    /// `log2` of a bound of a region's matrix for messages of weight `r`, each entry the least for some points `x`.
    #[must_use]
    pub fn bounded(&self, r: f64, z: f64) -> Vec<f64> {
        let far = (r * f64::from(self.places)).sqrt().max(r);
        let mut least = vec![f64::INFINITY; (self.memory + 1) * (self.memory + 1)];
        for point in 0..9 {
            let x = r * (far / r).powf(f64::from(point) / 8.0);
            let odd = (1.0 - (-2.0 * x / f64::from(self.places)).exp()) / 2.0;
            let whole = self.place(z, &[[1.0 - odd, odd]]).power(self.places);
            let scale = log_factorial(r) - r * x.log2() + x * LOG2_E + whole.log;
            least.iter_mut().zip(&whole.entries).for_each(|(least, entry)| *least = least.min(scale + entry.log2()));
        }
        least
    }

    /// `log2` of the mean of `z^weight` that a region's matrix gives for all regions.
    #[must_use]
    pub fn mean(&self, region: &[f64]) -> f64 {
        let states = self.memory + 1;
        let mut now = vec![f64::NEG_INFINITY; states];
        now[self.memory] = 0.0;
        for _ in 0..self.regions {
            let to = |to: usize| sum((0..states).map(|from| now[from] + region[from * states + to]));
            now = (0..states).map(to).collect();
        }
        sum(now.into_iter())
    }

    /// `log2` of the number of messages of weight `r`.
    fn messages(&self, r: f64) -> f64 {
        log_factorial(self.outputs) - log_factorial(r) - log_factorial(self.outputs - r)
    }

    /// `log2` of a bound of the expected number of words of a share of ones or less, of messages of weight `r`, by a generating function.
    #[must_use]
    pub fn words(&self, r: f64, share: f64) -> f64 {
        let weight = (share * self.length()).floor();
        let at = |place: f64| {
            let log_z = -place.exp2();
            self.mean(&self.bounded(r, log_z.exp2())) - weight * log_z
        };
        // A golden section: the exponent is convex in `log z`, and any point gives a bound.
        let (mut low, mut high) = (-14.0, 2.0);
        let (mut left, mut right) = (high - RATIO * (high - low), low + RATIO * (high - low));
        let (mut at_left, mut at_right) = (at(left), at(right));
        for _ in 0..14 {
            if at_left < at_right {
                (high, right, at_right) = (right, left, at_left);
                left = high - RATIO * (high - low);
                at_left = at(left);
            } else {
                (low, left, at_left) = (left, right, at_right);
                right = low + RATIO * (high - low);
                at_right = at(right);
            }
        }
        self.messages(r) + at_left.min(at_right)
    }

    /// The weights of messages that are examined beyond those that are counted.
    #[must_use]
    pub fn heavier(&self) -> Vec<f64> {
        let first = f64::from(COUNTED + 1);
        let more = std::iter::successors(Some(first), |r| Some((r * 1.5).round()));
        let most = self.outputs.floor();
        more.take_while(|r| *r < most).chain([(most / 2.0).floor(), most]).collect()
    }
}

/// The share of ones at which a word's sum of one error in each of `t` parts is off balance by two to the minus so many bits, `(1 - 2d)^t`.
#[must_use]
pub fn share(bits: f64, t: f64) -> f64 {
    (1.0 - (-bits / t).exp2()) / 2.0
}

/// `log2` of bounds of the expected numbers of words of a share of ones or less, for messages of weight 1 to [`COUNTED`], at each depth. The regions of a depth are twice those of the
/// one before, so that one power serves all depths.
fn counted(share: f64) -> Vec<[f64; COUNTED as usize]> {
    let codes: Vec<Ensemble> = DEPTHS.map(Ensemble::of).collect();
    let x = 4.0 / f64::from(codes[codes.len() - 1].places);
    let mut least = vec![[f64::INFINITY; COUNTED as usize]; codes.len()];
    for step in 0..12 {
        let log_z = -(0.75 * f64::from(step) - 13.0).exp2();
        let mut whole = codes[0].counting(log_z.exp2(), COUNTED, x).power(codes[0].places);
        for (depth, (code, least)) in codes.iter().zip(&mut least).enumerate() {
            if depth > 0 {
                whole = whole.times(&whole);
            }
            for (r, least) in (1..).zip(least) {
                let mean = code.mean(&code.counted(&whole, r, x));
                let words = code.messages(r.into()) + mean - (share * code.length()).floor() * log_z;
                *least = least.min(words);
            }
        }
    }
    least
}

/// What is expected of lighter words at each depth: `log2` of their number, for messages of weight 1, of 2 to 40, of 41 to 100, and heavier ones.
#[must_use]
pub fn expected() -> Vec<[f64; 4]> {
    let share = share(128.0, f64::from(COUNTS[0]));
    let of = |(depth, counted): (u32, [f64; COUNTED as usize])| {
        let ensemble = Ensemble::of(depth);
        let counted = (1..).map(f64::from).zip(counted);
        let heavier = ensemble.heavier().into_iter().map(|r| (r, ensemble.words(r, share)));
        let terms: Vec<(f64, f64)> = counted.chain(heavier).collect();
        [(0.0, 1.0), (1.0, COUNTED.into()), (COUNTED.into(), 100.0), (100.0, f64::INFINITY)]
            .map(|(above, most)| sum(terms.iter().filter(|(r, _)| *r > above && *r <= most).map(|(_, log)| *log)))
    };
    DEPTHS.zip(counted(share)).map(of).collect()
}

/// The table of decision 32, of what is [`expected`].
#[must_use]
pub fn table(expected: &[[f64; 4]]) -> String {
    let mut table = String::from(
        "| depth | leaves | outputs | messages of weight 1 | 2 to 40 | 41 to 100 | heavier |\n|---|---:|---:|---:|---:|---:|---:|\n",
    );
    for (depth, expected) in DEPTHS.zip(expected) {
        let ensemble = Ensemble::of(depth);
        let cells = expected.map(|log| format!("{:.0}", log.ceil()));
        let _ = writeln!(table, "| {depth} | {} | {} | {} |", ensemble.length(), ensemble.outputs, cells.join(" | "));
    }
    table
}

/// Prints the table.
pub fn main() {
    print!("{}", table(&expected()));
}
