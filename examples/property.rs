//! A property test to paste into your own CI: at any small setting, whatever the number of slots, a server wins as often as the
//! formula says and never more often than the touch bound.
//!
//! Each of the 24 cases is tested with false-alarm probability 10^-10: the test fails by chance once in 4 * 10^8 runs.

use fusion_adversaries::behaviour::{Place, Scripted};
use fusion_adversaries::script::Relabel;
use fusion_adversaries::strategy::{Act, View};
use fusion_engine::simulate::{Server, count};
use fusion_spec::bound::deviation::Deviation;
use fusion_spec::evidence::Evidence;
use fusion_spec::params::Params;
use proptest::prelude::*;
use rug::Rational;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn measured_rates_are_exact(R in 1_u64..10, B in 1_u64..4, T in 0_u64..6, part in 0_u64..100, seed: u64) {
        let params = Params::new(R, B, T, 0)?;
        let k = u32::try_from((params.N() * u128::from(part)).div_ceil(100))?;
        let strategy = Scripted::single(Place::Random(k), Act::Relabel(Relabel::Next));
        let view = View::new(params, 10)?;
        let counts = count(&view, &Server::new("any", seed, &strategy), 0..20_000);
        let deviation = Deviation::full(params, k.into())?;
        let evidence = Evidence::new(counts.trials(), counts.win, Rational::from((1, 10_000_000_000_u64)))?;
        prop_assert!(evidence.contains(&deviation.pr_win()?), "{} wins at {params}, k={k}", counts.win);
        prop_assert!(deviation.pr_win()? <= deviation.touch_bound()?);
    }
}
