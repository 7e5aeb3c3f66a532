//! Laws of the bounds, on random settings.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_spec::bound::deviation::Deviation;
use fusion_spec::bound::pool::{self, PoolCounts};
use fusion_spec::bound::quality;
use fusion_spec::bound::worst::worst_k;
use fusion_spec::params::Params;
use proptest::prelude::*;
use rug::{Complete, Integer, Rational};

fn params(R: u64, B: u64, T: u64, slack: u64) -> Params {
    Params::new(R, B, T, slack).expect("legal")
}

fn settings(slack: impl Strategy<Value = u64>) -> impl Strategy<Value = Params> {
    (1..=9_u64, 1..=6_u64, 0..=20_u64, slack).prop_map(|(R, B, T, slack)| params(R, B, T, slack.min(T)))
}

fn win(params: Params, k: u128) -> Rational {
    Deviation::full(params, k).expect("k <= N").pr_win().expect("small")
}

fn worst(params: Params) -> Rational {
    win(params, worst_k(params).expect("small"))
}

fn choose(n: u64, k: u64) -> Integer {
    let small = |x: u64| u32::try_from(x).expect("small");
    Integer::binomial_u(small(n), small(k)).complete()
}

fn factorial(n: u64) -> Integer {
    Integer::factorial(u32::try_from(n).expect("small")).complete()
}

proptest! {
    /// Equations (1) and (2) as the paper writes them, their product, and the identity.
    #[test]
    fn the_papers_equations(setting in settings(Just(0)), i in 1..=9_u64) {
        let (R, B, T) = (setting.R(), setting.B(), setting.T());
        let i = i.min(R);
        let deviation = Deviation::full(setting, u128::from(i * B)).expect("iB <= N");
        let e_t = Rational::from((choose(R * B + T - i * B, T), choose(R * B + T, T)));
        let e_b = Rational::from((choose(R, i) * factorial(i * B) * factorial(R * B - i * B), factorial(R * B)));
        prop_assert_eq!(deviation.pr_e_t(), Ok(e_t.clone()));
        prop_assert_eq!(deviation.pr_e_b(), Ok(Some(e_b.clone())));
        prop_assert_eq!(deviation.pr_win(), Ok(e_t * e_b));
        prop_assert_eq!(deviation.pr_win(), Ok(Rational::from((choose(R, i), choose(R * B + T, i * B)))));
    }

    #[test]
    fn a_size_that_is_no_multiple_never_wins(setting in settings(Just(0)), k in 0..=74_u128) {
        let k = k.min(setting.N());
        let multiple = k > 0 && k.is_multiple_of(u128::from(setting.B())) && k <= setting.RB();
        prop_assert_eq!(win(setting, k) > 0, multiple);
    }

    /// Without a check on the publics, touching a set and touching its complement are accepted alike.
    #[test]
    fn accepted_is_symmetric_where_publics_never_reject(
        (setting, m, t, k) in settings(0..=20_u64).prop_flat_map(|p| (Just(p), 0..=p.R(), 0..=p.slack(), 0..=74_u128))
    ) {
        let k = k.min(setting.N());
        let sets = |k| Deviation::new(setting, k, m, t).expect("fits").accepted_sets();
        prop_assert_eq!(sets(k), sets(setting.N() - k));
    }

    /// Summed over k: each changed query untouched or whole, at most `slack` changed publics, the rest free.
    #[test]
    fn accepted_sets_of_all_sizes(
        (setting, m, t) in settings(0..=4_u64).prop_flat_map(|p| (Just(p), 0..=p.R(), 0..=p.T()))
    ) {
        let sum: Integer = (0..=setting.N())
            .map(|k| Deviation::new(setting, k, m, t).expect("fits").accepted_sets().expect("small"))
            .sum();
        let publics: Integer = (0..=setting.slack().min(t)).map(|j| choose(t, j)).sum();
        let free = setting.N() - u128::from(m * setting.B() + t) + u128::from(m);
        prop_assert_eq!(sum, publics << u32::try_from(free).expect("small"));
    }

    /// The endpoints theorem: at slack 0 the worst i is 1 or R.
    #[test]
    fn endpoints(setting in settings(Just(0))) {
        let rate = |i: u64| win(setting, u128::from(i * setting.B()));
        let most = (1..=setting.R()).map(rate).max().expect("R >= 1");
        prop_assert_eq!(most, rate(1).max(rate(setting.R())));
    }

    #[test]
    fn no_deviation_beats_the_worst(setting in settings(0..=5_u64), k in 0..=74_u128) {
        prop_assert!(win(setting, k.min(setting.N())) <= worst(setting));
    }

    /// At slack 0 more publics or more copies never help the server.
    #[test]
    fn worst_falls_with_publics_and_copies(setting in settings(Just(0))) {
        let (R, B, T) = (setting.R(), setting.B(), setting.T());
        prop_assert!(worst(params(R, B, T + 1, 0)) <= worst(setting));
        prop_assert!(worst(params(R, B + 1, T, 0)) <= worst(setting));
    }

    /// With slack, more copies still never help; more slack always does.
    #[test]
    fn worst_falls_with_copies_and_rises_with_slack(setting in settings(0..=5_u64)) {
        let (R, B, T, slack) = (setting.R(), setting.B(), setting.T(), setting.slack());
        if slack < T {
            prop_assert!(worst(params(R, B, T, slack + 1)) >= worst(setting));
        }
        if slack < B {
            prop_assert!(worst(params(R, B + 1, T, slack)) <= worst(setting));
        }
    }

    /// A server that draws its k at random does no better than the best k.
    #[test]
    fn mixed_is_at_most_the_best_pure(
        setting in settings(0..=3_u64),
        weights in prop::collection::vec((0..=74_u128, 1..100_u32), 1..8)
    ) {
        let total: u32 = weights.iter().map(|(_, weight)| weight).sum();
        let sum: Rational = weights.iter().map(|(k, weight)| win(setting, (*k).min(setting.N())) * *weight).sum();
        prop_assert!(sum / total <= worst(setting));
    }

    /// The touch bound holds for every act, and for a union of acts grows with k.
    #[test]
    fn touch_bound_bounds_every_act(
        (setting, m, t, k) in settings(0..=3_u64).prop_flat_map(|p| (Just(p), 0..=p.R(), 0..=p.T(), 0..=73_u128))
    ) {
        let k = k.min(setting.N() - 1);
        let act = Deviation::new(setting, k, m, t).expect("fits");
        let touch = act.touch_bound().expect("small");
        prop_assert!(act.pr_win().expect("small") <= touch);
        let more = Deviation::full(setting, k + 1).expect("k < N").touch_bound().expect("small");
        prop_assert!(touch <= more && more <= 1);
    }

    /// A model swapped on every slot is accepted by its publics alone: the marginal is the hypergeometric tail.
    #[test]
    fn low_quality_everywhere(setting in settings(0..=3_u64), y in 0..=12_u64, x in 0..=24_u64) {
        let counts = PoolCounts { Q: 12, y, P: 24, x };
        let accepted = pool::pr_accepted(setting, setting.N(), counts).expect("small");
        prop_assert_eq!(accepted, quality::accept_from_pool(24, x, setting.T(), setting.slack()).expect("small"));
    }

    /// Averaging over the draw and counting is counting over the draw: one query changed of two, by cases.
    #[test]
    fn marginal_by_cases(B in 1..=4_u64, T in 0..=5_u64, k in 0..=9_u128) {
        let setting = params(1, B, T, 0);
        let k = k.min(setting.N());
        let rate = |m| Deviation::new(setting, k, m, 0).expect("fits").pr_win().expect("small");
        let half = pool::pr_win(setting, k, PoolCounts { Q: 2, y: 1, P: 5, x: 0 }).expect("small");
        prop_assert_eq!(half, (rate(0) + rate(1)) / 2);
    }
}
