//! How many bit operations the best known attacks take on the noisy systems that silent transfers hang on.
//!
//! `cargo run --example lpn_bits` prints the table of decision 6; `cargo run --release --example lpn_bits -- greedy` also chooses columns in codes
//! of full size. Every estimate favours the attacker: constants and memory are free, and no attack has to look at more outputs than it
//! uses.
//!
//! An instance is `n = t 2^depth` outputs, each the sum of `d` random places of a secret of `k` bits, with one error in each of `t` parts. What is
//! counted:
//!
//! - **Gauss**: guess as many outputs without error as there are unknowns. Blocks whose errors sum to 1 give `t` equations for nothing.
//! - **Decoding**: the same, but with `p` errors among the guessed outputs, found by Stern's and by Becker, Joux, May and Meurer's (depth 2) lists, on
//!   samples drawn anew for each try (Esser, Kübler, May, "LPN Decoded", CRYPTO 2017). Errors stand as regular noise has them (Esser, Santini,
//!   "Not Just Regular Decoding", CRYPTO 2024).
//! - **Statistical decoding**, as bounded by Liu, Wang, Yang, Yu, "The Hardness of LPN over Any Integer Ring and Field for PCG
//!   Applications" (EUROCRYPT 2024).
//! - **Algebra**: places guessed to be without error, then a Macaulay matrix of degree 2 to 5 (Briaud, Øygarden, "A New Algebraic Approach to the
//!   Regular Syndrome Decoding Problem", EUROCRYPT 2023), with dense elimination, or with Wiedemann's on rows as sparse as the code.
//! - **Sub-systems**: the code is sparse. Keep a share of the columns, and the outputs that are sums of these alone: a smaller system with
//!   the same noise, which Gauss and decoding then attack with a sparse solver. Columns are random; or chosen greedily; or any: by a
//!   union bound no smaller share of them has as many outputs as columns.

use fusion_2pc::ot::lpn::{LOCALITY, SETS, Set, places};
use std::fmt::Write;

/// The sets of version 0.1 until they were found too weak: those of other implementations.
pub const OLD: [Set; 2] = [Set { t: 850, log_k: 16, depth: 10 }, Set { t: 1170, log_k: 17, depth: 11 }];

/// The exponent of dense linear algebra.
const OMEGA: f64 = 2.8;

/// A system of noisy linear equations, as an attacker on the silent transfers sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instance {
    /// Parts, with one error each.
    pub t: f64,
    /// Outputs of a part.
    pub part: f64,
    /// Bits of the secret.
    pub k: f64,
    /// Places that an output adds up.
    pub d: f64,
}

/// How a system of so many unknowns is solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Solver {
    /// Strassen's, in practice.
    Dense,
    /// Wiedemann's: as many products with the matrix as it has rows, each of `d` additions a row.
    Sparse,
    /// For nothing, but each row is looked at: what no solver goes below.
    Free,
}

impl Solver {
    fn log_cost(self, unknowns: f64, d: f64) -> f64 {
        match self {
            Self::Dense => OMEGA * unknowns.log2(),
            Self::Sparse => 2.0 * unknowns.log2() + d.log2(),
            Self::Free => unknowns.log2(),
        }
    }
}

impl From<Set> for Instance {
    fn from(set: Set) -> Self {
        Self { t: float(set.t), part: float(1 << set.depth), k: float(set.k()), d: float(LOCALITY) }
    }
}

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// `log2 C(n, p)`, `n` taken as real.
fn choose(n: f64, p: u32) -> f64 {
    (0..p).map(|i| ((n - f64::from(i)) / f64::from(i + 1)).log2()).sum()
}

/// `log2` of a sum of powers of two.
fn sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + logs.iter().map(|log| (log - most).exp2()).sum::<f64>().log2()
}

/// The least of some numbers.
fn least(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(f64::INFINITY, f64::min)
}

impl Instance {
    fn n(&self) -> f64 {
        self.t * self.part
    }

    /// Guesses so many outputs without error.
    #[must_use]
    pub fn gauss(&self, unknowns: f64, solver: Solver) -> f64 {
        solver.log_cost(unknowns, self.d) - self.log_chance(unknowns, 0)
    }

    /// `log2` of the probability that just `p` of some outputs, spread evenly over the parts, have errors.
    #[must_use]
    pub fn log_chance(&self, outputs: f64, p: u32) -> f64 {
        let share = outputs / self.n();
        choose(self.t, p) + f64::from(p) * share.log2() + (self.t - f64::from(p)) * (1.0 - share).log2()
    }

    /// Some outputs with a few errors among them.
    #[must_use]
    pub fn decoding(&self, unknowns: f64, solver: Solver) -> f64 {
        let solve = solver.log_cost(unknowns, self.d);
        let tries = (1..=10).flat_map(|half| {
            let p = 2 * half;
            let chance = self.log_chance(unknowns, p);
            // Two lists of half the weight on half the outputs each: sums of as many bits as tell them apart.
            let list = choose(self.t / 2.0, half) + f64::from(half) * (unknowns / self.t).log2();
            let split = choose(f64::from(p), half) - f64::from(p);
            let stern = sum(&[solve, list + 1.0 + list.log2().max(0.0)]) - chance - split;
            // Weight `half + extra` in each of two lists that overlap, of which one part in as many is kept as there are ways to write the
            // sum; each of these from two lists of half that weight.
            let bjmm = (0..=half).map(move |extra| {
                let all = choose(unknowns, half + extra);
                let kept = all - choose(f64::from(p), half) - choose(unknowns - f64::from(p), extra);
                sum(&[solve, kept + 1.0 + kept.max(2.0).log2(), all / 2.0 + 2.0]) - chance
            });
            std::iter::once(stern).chain(bjmm)
        });
        least(tries).min(self.gauss(unknowns, solver))
    }

    /// Adds up many parity checks, each of half the unknowns' number of outputs: `1 / bias^2` of them.
    #[must_use]
    pub fn statistical(&self) -> f64 {
        // Fewer unknowns by as many as an exhaustive search may guess.
        let unknowns = self.k - 256.0;
        unknowns.log2() + 2.0 - 2.0 * self.log_chance(unknowns, 0)
    }

    /// Guesses outputs without error in each part, and solves for the products of any two errors of one part, which are 0.
    #[must_use]
    pub fn algebra(&self, solver: Solver) -> f64 {
        least((2..=5).map(|degree| {
            let solved = (0_u32..1 << 16)
                .map(f64::from)
                .take_while(|guessed| guessed + 2.0 < self.part)
                .find(|&guessed| self.is_solved(guessed, degree));
            let Some(guessed) = solved else { return f64::INFINITY };
            let chance = self.t * (1.0 - guessed / self.part).log2();
            // Eliminating what was guessed makes rows dense.
            let monomials = if solver == Solver::Dense {
                choose(self.k - self.t * (guessed + 1.0), degree)
            } else {
                choose(self.k, degree)
            };
            solver.log_cost(monomials.max(0.0).exp2(), self.d + 1.0) - chance
        }))
    }

    /// Whether the Hilbert series `(1 + (part - 1 - guessed) z)^t / (1 + z)^(n - k)` has a coefficient that is not positive up to a degree:
    /// by the series of its logarithm, whose terms `p_i / i` are `± (t (part - 1 - guessed)^i - (n - k)) / i`.
    fn is_solved(&self, guessed: f64, degree: u32) -> bool {
        let rest = self.part - 1.0 - guessed;
        let power = |i: u32| {
            // Of the first, the difference is small: exact.
            let difference = if i == 1 {
                self.k - self.t * (guessed + 1.0)
            } else {
                self.t * rest.powf(f64::from(i)) - (self.n() - self.k)
            };
            if i % 2 == 1 { difference } else { -difference }
        };
        let mut coefficients = vec![1.0];
        for j in 1..=degree {
            let terms: f64 =
                (1..=j).zip(coefficients.iter().rev()).map(|(i, coefficient)| power(i) * coefficient).sum();
            coefficients.push(terms / f64::from(j));
        }
        coefficients.iter().any(|&coefficient| coefficient <= 0.0)
    }

    /// The share of the columns, chosen at random, that as many outputs are sums of.
    #[must_use]
    pub fn random_share(&self) -> f64 {
        (self.k / self.n()).powf(1.0 / (self.d - 1.0)).min(1.0)
    }

    /// The share below which no choice of columns has as many outputs, but with negligible probability: `C(k, fk)` choices, and for each at
    /// least `fk` of `n` outputs with probability at most `exp(-n KL(fk/n || f^d))` (Chernoff).
    #[must_use]
    pub fn least_share(&self) -> f64 {
        let excess = |f: f64| {
            let choices = -self.k * (f * f.ln() + (1.0 - f) * (1.0 - f).ln());
            // With equal places, which cancel, an output may also be the sum of `d - 2` others.
            let pairs = self.d * (self.d - 1.0) / 2.0 / self.k;
            let kept = f.powf(self.d) + pairs * (1.0 - f) * f.powf(self.d - 2.0);
            let wanted = f * self.k / self.n();
            let divergence = wanted * (wanted / kept).ln() + (1.0 - wanted) * ((1.0 - wanted) / (1.0 - kept)).ln();
            choices - self.n() * divergence
        };
        let (mut none, mut some) = (1e-6, self.random_share() - 1e-9);
        for _ in 0..60 {
            let middle = f64::midpoint(none, some);
            if excess(middle) > 0.0 { some = middle } else { none = middle }
        }
        none
    }

    /// On a share of the columns.
    #[must_use]
    pub fn subsystem(&self, share: f64, solver: Solver) -> f64 {
        self.decoding(share * self.k, solver)
    }

    /// What is known of codes whatever they are: Gauss, decoding, statistical decoding, algebra.
    #[must_use]
    pub fn published(&self) -> f64 {
        let unknowns = self.k - self.t;
        let all = [
            self.gauss(unknowns, Solver::Dense),
            self.decoding(unknowns, Solver::Dense),
            self.statistical(),
            self.algebra(Solver::Dense),
        ];
        least(all.into_iter())
    }

    /// The least of all estimates.
    #[must_use]
    pub fn bits(&self) -> f64 {
        let sparse = [self.algebra(Solver::Sparse), self.subsystem(self.least_share(), Solver::Sparse)];
        self.published().min(least(sparse.into_iter()))
    }
}

/// Drops the column that the fewest outputs hang on, again and again: the smallest share of the columns at which as many outputs were left.
/// In a code of `2^log_k` columns with `n / k` outputs a column.
///
/// # Panics
/// Where a code has no outputs.
#[must_use]
pub fn greedy_share(log_k: u32, outputs: usize, key: u128) -> f64 {
    let (columns, outputs) = greedy(log_k, &places(key, 0, log_k, outputs));
    assert!(outputs.len() >= columns.len(), "a code has outputs");
    float(columns.len()) / float(1 << log_k)
}

/// That greedy choice: columns, and the outputs that are sums of them.
#[must_use]
pub fn greedy(log_k: u32, rows: &[[u32; LOCALITY]]) -> (Vec<usize>, Vec<usize>) {
    let k = 1_usize << log_k;
    let mut users = vec![Vec::new(); k];
    for (row, places) in rows.iter().enumerate() {
        for &place in places {
            users[place as usize].push(row);
        }
    }
    let mut degree: Vec<usize> = users.iter().map(Vec::len).collect();
    let mut queue: Vec<Vec<usize>> = vec![Vec::new(); degree.iter().max().map_or(1, |most| most + 1)];
    degree.iter().enumerate().for_each(|(column, &degree)| queue[degree].push(column));
    let (mut dropped, mut dead) = (vec![usize::MAX; k], vec![usize::MAX; rows.len()]);
    let (mut live, mut lowest, mut best) = (rows.len(), 0, 0);
    for step in 0..k {
        let column = loop {
            match queue[lowest].pop() {
                Some(column) if dropped[column] == usize::MAX && degree[column] == lowest => break column,
                Some(_) => {}
                None => lowest += 1,
            }
        };
        if live >= k - step {
            best = step;
        }
        dropped[column] = step;
        for &row in &users[column] {
            if dead[row] != usize::MAX {
                continue;
            }
            dead[row] = step;
            live -= 1;
            for &place in &rows[row] {
                let place = place as usize;
                degree[place] -= 1;
                queue[degree[place]].push(place);
                lowest = lowest.min(degree[place]);
            }
        }
    }
    let kept = |times: &[usize]| (0..times.len()).filter(|&i| times[i] >= best).collect();
    (kept(&dropped), kept(&dead))
}

/// Columns of the codes in which the table's greedy shares are taken.
const SAMPLE: u32 = 12;

/// The table of decision 6.
#[must_use]
pub fn table() -> String {
    let mut table = String::from("| attack, log2 of bit operations |");
    let sets: Vec<Set> = OLD.into_iter().chain(SETS).collect();
    for (number, name) in ["old small", "old main", "`START`", "`MIDDLE`", "`MAIN`"].into_iter().enumerate() {
        let Set { t, log_k, depth } = sets[number];
        let _ = write!(table, " {name}: {t} parts of 2^{depth}, k = 2^{log_k} |");
    }
    table.push_str("\n|---|---|---|---|---|---|\n");
    let mut row = |name: &str, decimals: usize, of: &dyn Fn(&Instance, &Set) -> f64| {
        let cells: Vec<String> = sets.iter().map(|set| format!("{:.decimals$}", of(&(*set).into(), set))).collect();
        let _ = writeln!(table, "| {name} | {} |", cells.join(" | "));
    };
    let greedy = |set: &Set| greedy_share(SAMPLE, set.n() >> (set.log_k - SAMPLE), 1);
    row("Gauss, dense", 0, &|i, _| i.gauss(i.k - i.t, Solver::Dense));
    row("decoding, dense", 0, &|i, _| i.decoding(i.k - i.t, Solver::Dense));
    row("statistical decoding", 0, &|i, _| i.statistical());
    row("algebra, dense", 0, &|i, _| i.algebra(Solver::Dense));
    row("algebra, sparse", 0, &|i, _| i.algebra(Solver::Sparse));
    row("decoding, all columns, sparse", 0, &|i, _| i.subsystem(1.0, Solver::Sparse));
    row("share of columns: random", 2, &|i, _| i.random_share());
    row("share of columns: greedy", 2, &|_, set| greedy(set));
    row("share of columns: any", 2, &|i, _| i.least_share());
    row("random columns, Gauss, dense", 0, &|i, _| i.gauss(i.random_share() * i.k, Solver::Dense));
    row("random columns, Gauss, sparse", 0, &|i, _| i.gauss(i.random_share() * i.k, Solver::Sparse));
    row("greedy columns, Gauss, sparse", 0, &|i, set| i.gauss(greedy(set) * i.k, Solver::Sparse));
    row("random columns, decoding, sparse", 0, &|i, _| i.subsystem(i.random_share(), Solver::Sparse));
    row("greedy columns, decoding, sparse", 0, &|i, set| i.subsystem(greedy(set), Solver::Sparse));
    row("any columns, decoding, sparse", 0, &|i, _| i.subsystem(i.least_share(), Solver::Sparse));
    row("**the least of all**", 0, &|i, _| i.bits());
    row("margin: any columns, a solver for nothing", 0, &|i, _| i.subsystem(i.least_share(), Solver::Free));
    table
}

/// Prints the table.
pub fn main() {
    print!("{}", table());
    if std::env::args().nth(1).as_deref() == Some("greedy") {
        for set in OLD.into_iter().chain(SETS) {
            println!("{set:?}: greedy share of all columns {:.4}", greedy_share(set.log_k, set.n(), 1));
        }
    }
}
