//! Published plans, limits on publics, and every plan by brute force.

use super::*;
use crate::bound::accuracy::Honest;
use crate::bound::certificate::check;
use crate::bound::slack_certificate;
use crate::bound::substitution::Substitution;
use crate::bound::worst::is_secure;

fn lambda(bits: u64) -> Lambda {
    Lambda::new(bits).expect("legal")
}

fn goal(R: u64, bits: u64, min_T: u64) -> Goal {
    Goal { R, lambda: lambda(bits), min_T, max_T: None, slack: None, accuracy: None, substitution: None }
}

fn accuracy(reject: (u32, u32), honest: Option<(u32, u32)>, kappa: u64) -> Game {
    let honest = honest.map(|accuracy| Honest { accuracy: Rational::from(accuracy), kappa: lambda(kappa) });
    Game { reject: Rational::from(reject), honest }
}

/// The published triples, held at T = 100, and the optima with T free.
#[test]
fn published_plans() {
    for (log_R, held, free) in [
        (3, (8, 100), (10, 14)),
        (5, (7, 100), (8, 7)),
        (7, (6, 100), (6, 5)),
        (9, (5, 100), (5, 4)),
        (13, (4, 100), (4, 3)),
        (19, (3, 100), (3, 2)),
    ] {
        for (min_T, expected) in [(100, held), (0, free)] {
            let plan = plan(&goal(1 << log_R, 40, min_T)).expect("feasible");
            assert_eq!((plan.params.B(), plan.params.T()), expected);
            assert_eq!(check(&plan.certificate.expect("slack 0")), Ok(()));
            assert!(plan.correctness.bits() >= 40.0);
            assert_eq!(plan.binding == Binding::MinT, min_T == 100);
        }
    }
}

#[test]
fn accuracy_finds_publics_and_slack() {
    let two_games = Goal { accuracy: Some(accuracy((4, 5), Some((99, 100)), 20)), ..goal(512, 40, 0) };
    let both = plan(&two_games).expect("feasible");
    assert_eq!((both.params.T(), both.params.slack()), (268, 13));
    assert_eq!((both.binding, both.certificate), (Binding::Accuracy, None));
    let claim = both.slack_certificate.expect("a witness");
    assert_eq!((slack_certificate::check(&claim), claim.slack, claim.min_T, claim.max_T), (Ok(()), 13, 268, 273));
    let rates = both.accuracy.expect("asked for");
    assert!(rates.accept_bits >= Some(40.0) && rates.false_abort_bits >= Some(20.0));
    assert!(both.correctness.bits() >= 40.0);

    let alone = plan(&Goal { accuracy: Some(accuracy((4, 5), None, 1)), ..goal(512, 40, 0) }).expect("feasible");
    assert_eq!((alone.params.T(), alone.params.slack()), (125, 0));
    assert_eq!(check(&alone.certificate.expect("slack 0")), Ok(()));
}

#[test]
fn a_swapped_function_asks_for_publics() {
    let third = |R, min_T, target: (u32, u32)| Goal { substitution: Some(target.into()), ..goal(R, 40, min_T) };
    for (R, target, B, T) in [(8, (1, 100), 7, 291), (8, (1, 1000), 5, 2940), (512, (1, 4), 5, 512)] {
        let plan = plan(&third(R, 0, target)).expect("feasible");
        assert_eq!((plan.params.B(), plan.params.T(), plan.binding), (B, T, Binding::Substitution));
        let certificate = plan.certificate.expect("slack 0");
        assert_eq!((check(&certificate), certificate.min_T), (Ok(()), T));
    }
    assert_eq!(plan(&third(8, 3000, (1, 1000))).map(|plan| plan.binding), Ok(Binding::MinT));
    assert_eq!(plan(&third(8, 0, (1, 1))).map(|plan| plan.params), plan(&goal(8, 40, 0)).map(|plan| plan.params));
    let with_slack = plan(&Goal { slack: Some(1), ..third(8, 0, (1, 100)) }).expect("feasible");
    assert_eq!((with_slack.params.T(), with_slack.params.slack()), (666, 1));
    let weak = Goal { accuracy: Some(accuracy((99, 100), None, 1)), ..third(8, 0, (1, 100)) };
    assert_eq!(plan(&weak).map(|plan| (plan.params.T(), plan.binding)), Ok((2759, Binding::Accuracy)));
    let honest = Goal { accuracy: Some(accuracy((4, 5), Some((99, 100)), 20)), ..third(8, 0, (1, 100)) };
    let error = plan(&honest).expect_err("an honest model that errs needs slack, which a swapped function spends");
    assert!(matches!(error, PlanError::Swapped { R: 8, .. }), "{error}");
}

/// A target just above the rate that a function as wrong as the honest model reaches asks for hundreds of tolerated publics.
#[test]
fn a_swapped_function_may_ask_for_much_slack() {
    let third = |target: (u32, u32), slack| {
        let game = accuracy((1, 2), Some((9, 10)), 20);
        plan(&Goal { accuracy: Some(game), substitution: Some(target.into()), slack, ..goal(1, 5, 2_200) })
    };
    let chosen = |plan: Plan| (plan.params.B(), plan.params.T(), plan.params.slack());
    let found = third((23, 200), None).map(chosen).expect("feasible");
    assert_eq!(third((23, 200), Some(found.2)).map(chosen), Ok(found));
    assert_eq!(found, (2, 2249, 295));
    assert!(third((23, 200), Some(294)).is_err());
    assert!(matches!(third((9, 100), None), Err(PlanError::Swapped { .. })));
}

/// Once a plan is found, no slack is tried at which a swapped function takes more publics than the plan has slots.
#[test]
fn a_search_ends_where_more_slack_costs_more() {
    let game = accuracy((1, 2), Some((9, 10)), 3);
    let goal = Goal { accuracy: Some(game), substitution: Some(Rational::from((1, 2))), ..goal(8, 2, 0) };
    let limited = plan(&Goal { max_T: Some(100), ..goal.clone() }).expect("feasible").params;
    assert_eq!((limited.B(), limited.T(), limited.slack()), (2, 83, 11));
    assert_eq!(plan(&goal).map(|plan| plan.params), Ok(limited));
}

#[test]
fn few_publics_take_more_copies() {
    let free = plan(&goal(2048, 50, 0)).expect("feasible");
    let numbers = |plan: &Plan| (plan.params.B(), plan.params.T());
    let of = |params: &Params| (params.B(), params.T());
    assert_eq!(numbers(&free), (5, 2020));
    assert_eq!(free.neighbours().iter().map(of).collect::<Vec<_>>(), [(4, 78_060), (6, 5)]);
    let limited = |max_T| plan(&Goal { max_T: Some(max_T), ..goal(2048, 50, 0) });
    for max_T in [5, 100, 2019] {
        let plan = limited(max_T).expect("feasible");
        assert_eq!((numbers(&plan), plan.binding, plan.certificate), ((6, 5), Binding::MaxT, None));
        let claim = plan.slack_certificate.expect("a witness");
        assert_eq!((slack_certificate::check(&claim), claim.max_T), (Ok(()), max_T));
    }
    let same = limited(2020).expect("feasible");
    assert_eq!((numbers(&same), same.binding), (numbers(&free), free.binding));
    assert!(same.certificate.is_some() && same.neighbours() == [free.neighbours()[1]]);
    assert_eq!(limited(4).map(|plan| plan.params.B()), Ok(7));
    assert!(limited(0).is_err(), "a server that touches every slot wins");
    let honest = Some(accuracy((4, 5), Some((99, 100)), 20));
    let few = plan(&Goal { accuracy: honest, max_T: Some(267), ..goal(512, 40, 0) }).expect_err("268 are needed");
    assert!(
        matches!(few, PlanError::TooFewPublics { max_T: 267, need: Need::TellingApart { least: 268, .. } }),
        "{few}"
    );
}

/// Definition: with one public fewer than a refusal names there is none for any number of copies, and with as many there is one.
#[test]
fn a_refusal_names_the_least_publics_that_would_do() {
    for (R, bits, slack, max_T) in [(1, 12, 0, 0), (3, 30, 0, 1), (8, 40, 0, 0), (8, 60, 2, 4), (1 << 20, 300, 1, 3)] {
        let limited = |max_T| plan(&Goal { max_T: Some(max_T), slack: Some(slack), ..goal(R, bits, 0) });
        let Err(PlanError::NothingFits { least: Some(least), honest: None, .. }) = limited(max_T) else {
            panic!("R={R} lambda={bits} slack={slack}: {:?}", limited(max_T))
        };
        assert!(matches!(limited(least - 1), Err(PlanError::NothingFits { .. })), "{least}");
        assert!(limited(least).is_ok(), "{least}");
    }
    let honest = accuracy((1, 10), Some((99, 100)), 6);
    let passes_once = Goal { accuracy: Some(honest), slack: Some(0), ..goal(1, 40, 0) };
    let error = Planner::with_accuracy(passes_once, lambda(1)).at(1).expect_err("the honest model fails two publics");
    assert!(matches!(&error, PlanError::NothingFits { max_T: 1, honest: Some(_), least: Some(2..), .. }), "{error}");
    let apart = accuracy((1, 2), Some((9999, 10_000)), 2);
    let few = Goal { accuracy: Some(apart), max_T: Some(6), ..goal(1, 200, 0) };
    let error =
        Planner::with_accuracy(few.clone(), lambda(3)).at(1).expect_err("the models are apart, the queries not safe");
    let PlanError::NothingFits { slack: None, least: Some(least), .. } = error else { panic!("{error}") };
    let limited = |max_T| Planner::with_accuracy(Goal { max_T: Some(max_T), ..few.clone() }, lambda(3)).at(1);
    assert!(limited(least - 1).is_err() && limited(least).is_ok(), "{least}");
}

/// Definition: every T in turn.
#[test]
fn the_fewest_publics_of_each_number_of_copies() {
    for (R, bits, min_T) in [(1, 1, 0), (1, 6, 0), (2, 5, 3), (3, 4, 0), (5, 8, 0), (8, 7, 40)] {
        for B in 1..=6 {
            let is_safe =
                |T: &u64| Params::new(R, B, *T, 0).is_ok_and(|params| is_secure(params, lambda(bits)) == Ok(true));
            let least = (min_T..1000).find(is_safe);
            let search = Search { R, lambda: lambda(bits), min_T, max_T: MAX_T, slack: 0, below: None };
            let found = search.least_publics(B, None).expect("small").map(|params| params.T());
            assert_eq!(found.filter(|T| *T < 1000), least, "R={R} B={B} lambda={bits}");
        }
    }
}

/// Definition: every total, its every B and every slack, smallest first.
fn brute(goal: &Goal, ranges: &[(u64, u64, u64)]) -> Option<Params> {
    (1..120_u64).find_map(|N| {
        (1..=N / goal.R).find_map(|B| {
            let T = N - goal.R * B;
            ranges.iter().find_map(|&(slack, lo, hi)| {
                let params = Params::new(goal.R, B, T, slack).ok().filter(|_| lo <= T && T <= hi)?;
                let most = || Substitution::worst(goal.R, T, slack).expect("small").rate_at_most().clone();
                let is_held = || goal.substitution.as_ref().is_none_or(|target| most() <= *target);
                (T >= goal.min_T && is_secure(params, goal.lambda) == Ok(true) && is_held()).then_some(params)
            })
        })
    })
}

#[test]
fn least_over_every_slack_by_brute_force() {
    for (reject, honest, kappa) in [((1, 2), (9, 10), 2), ((1, 3), (4, 5), 1), ((0, 1), (1, 2), 1), ((1, 4), (1, 1), 1)]
    {
        for bits in 1..=5 {
            let game = accuracy(reject, Some(honest), kappa);
            let ranges = Ranges::new(&game, lambda(bits)).expect("apart");
            let ranges: Vec<_> = ranges.iter().take(12).map(|range| range.expect("short")).collect();
            for (R, min_T) in [(1, 0), (2, 0), (3, 0), (4, 7), (8, 0), (1, 9)] {
                let goal = Goal { accuracy: Some(game.clone()), ..goal(R, bits, min_T) };
                assert_eq!(plan(&goal).ok().map(|plan| plan.params), brute(&goal, &ranges), "{goal:?}");
            }
        }
    }
}

#[test]
fn a_swapped_function_at_every_slack_by_brute_force() {
    let mut bound = 0;
    for (reject, honest, kappa) in [((1, 2), (19, 20), 3), ((1, 3), (99, 100), 2), ((1, 4), (1, 1), 1)] {
        for (R, min_T, percent) in [(1, 0, 8), (1, 0, 14), (2, 0, 12), (2, 7, 17), (3, 0, 23), (5, 0, 32)] {
            let game = accuracy(reject, Some(honest), kappa);
            let ranges = Ranges::new(&game, lambda(3)).expect("apart");
            let ranges: Vec<_> = ranges.iter().take(12).map(|range| range.expect("short")).collect();
            let free = Goal { accuracy: Some(game), ..goal(R, 3, min_T) };
            let goal = Goal { substitution: Some(Rational::from((percent, 100))), ..free.clone() };
            let least = brute(&goal, &ranges).expect("in the range of the search");
            assert_eq!(plan(&goal).ok().map(|plan| plan.params), Some(least), "{goal:?}");
            bound += u32::from(brute(&free, &ranges) != Some(least));
        }
    }
    assert!(bound >= 10, "the third number decides in {bound} cases only");
}

#[test]
fn the_largest_goals_are_planned() {
    for (R, bits, min_T) in [(1 << 62, 1024, 0), (1 << 62, 256, 1 << 62), (1, 1024, 0), (1, 1, 1 << 62), (1, 1, 0)] {
        let plan = plan(&goal(R, bits, min_T)).expect("feasible");
        assert_eq!(check(&plan.certificate.expect("slack 0")), Ok(()), "R={R} lambda={bits}");
    }
}

#[test]
fn what_cannot_be_met_is_named() {
    let error = |goal: &Goal| plan(goal).expect_err("infeasible").to_string();
    assert_eq!(error(&goal(0, 40, 0)), "R must be from 1 to 2^62, not 0");
    assert_eq!(error(&goal(1, 40, (1 << 62) + 1)), format!("T must be from 0 to 2^62, not {}", (1_u64 << 62) + 1));
    let same = Goal { accuracy: Some(accuracy((9, 10), Some((9, 10)), 20)), ..goal(8, 40, 0) };
    assert_eq!(error(&same), "the honest accuracy must exceed the accuracy to reject");
    let zero = Goal { slack: Some(0), accuracy: Some(accuracy((4, 5), Some((99, 100)), 20)), ..goal(8, 40, 0) };
    assert!(error(&zero).starts_with("slack 0 cannot hold both"), "{}", error(&zero));
    let far = Goal { accuracy: Some(accuracy((4, 5), Some((99, 100)), 20)), ..goal(1 << 19, 40, 0) };
    assert!(error(&far).contains("outside the proved range"), "{}", error(&far));
}
