//! After how many trials a true claim passes, by either rule: `cargo run -p fusion-spec --example passes [CAMPAIGNS]`. Decision 24 has its figures.
//!
//! Each simulated campaign has one claim, false with probability at most 1e-6, within 10 %, and decides where campaigns do, on blocks of 1,024
//! trials. Both rules see the same trials. The last column but one is what `sim check` predicts.

use fusion_spec::evidence::{Clause, Decision, Evidence, PassRule, Tolerance, next_checkpoint, trials_needed};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use rug::{Integer, Rational};
use std::error::Error;

const BLOCK: u64 = 1024;
const RULES: [PassRule; 2] = [PassRule::UniformMixture, PassRule::LikelihoodRatio];

fn main() -> Result<(), Box<dyn Error>> {
    let campaigns: usize = std::env::args().nth(1).map_or(Ok(1000), |word| word.parse())?;
    let alpha = Rational::from((1, 1_000_000));
    let tolerance = Tolerance {
        relative: Rational::from((1, 10)),
        absolute: Rational::from((1, 1000)),
        negligible: Rational::new(),
    };
    println!("rate       rule              median   9 of 10   predicted   mixture / ratio");
    for (a, b) in [(1, 3), (4, 95), (28, 4845)] {
        let rate = Rational::from((a, b));
        let claim = Clause::Equals(rate.clone());
        let mut coins = Pcg64::seed_from_u64(24);
        let mut ends = [const { Vec::new() }; 2];
        for _ in 0..campaigns {
            for (ends, end) in ends.iter_mut().zip(played(&claim, &rate, &alpha, &tolerance, &mut coins)?) {
                ends.push(end);
            }
        }
        for ends in &mut ends {
            ends.sort_unstable();
        }
        let [mixture, ratio] = [0, 1].map(|rule| Rational::from(ends[rule][campaigns / 2]).to_f64());
        for (rule, ends) in RULES.into_iter().zip(&ends) {
            let predicted = trials_needed(&claim, &tolerance, &alpha, rule)?.ok_or("too many")?;
            let (median, most) = (ends[campaigns / 2], ends[campaigns * 9 / 10]);
            println!("{rate:<10} {rule:<15?} {median:>8} {most:>9} {predicted:>11}   {:>5.2}", mixture / ratio);
        }
    }
    Ok(())
}

/// Plays one campaign until both rules have passed its claim, and returns after how many trials each did. A refutation would be an error.
fn played(
    claim: &Clause,
    rate: &Rational,
    alpha: &Rational,
    tolerance: &Tolerance,
    coins: &mut Pcg64,
) -> Result<[u64; 2], Box<dyn Error>> {
    let threshold: Integer = (Rational::from(rate * (Integer::from(1) << 64_u32))).round().numer().clone();
    let threshold = threshold.to_u64().ok_or("a rate below 1")?;
    let (mut blocks, mut successes) = (0, 0);
    let mut ends = [0; 2];
    while ends.contains(&0) {
        let next = next_checkpoint(blocks);
        for _ in blocks * BLOCK..next * BLOCK {
            successes += u64::from(coins.next_u64() < threshold);
        }
        blocks = next;
        let evidence = Evidence::new(blocks * BLOCK, successes, alpha.clone())?;
        for (end, rule) in ends.iter_mut().zip(RULES).filter(|(end, _)| **end == 0) {
            match evidence.decide_by(rule, claim, tolerance) {
                Decision::Pass => *end = blocks * BLOCK,
                Decision::Refuted => return Err("a true claim is refuted".into()),
                Decision::Inconclusive => {}
            }
        }
    }
    Ok(ends)
}
