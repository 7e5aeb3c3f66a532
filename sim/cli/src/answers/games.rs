//! The goals of a script, and whether its parameters reach them: the correctness game and the two sides of the accuracy game.

use crate::text;
use fusion_adversaries::script::Script;
use fusion_engine::failure::Failure;
use fusion_spec::bound::bits::{at_most, nearest};
use fusion_spec::bound::quality::{accept, false_abort};
use fusion_spec::bound::report::Report;
use fusion_spec::bound::substitution::{Substitution, least_publics};
use fusion_spec::params::Params;
use rug::{Integer, Rational};

/// A goal of a script, and whether its parameters reach it.
pub struct GoalCheck {
    /// What the parameters reach, in words.
    pub statement: String,
    /// What the goal asks for, in words.
    pub limit: String,
    /// Whether the parameters reach the goal.
    pub met: bool,
}

/// Checks every goal of a script, in this order: correctness, a swapped function, a weak model, an honest model.
///
/// # Errors
/// [`Failure::Usage`] if a rate is too long to be computed.
pub fn games(script: &Script, params: Params) -> Result<Vec<GoalCheck>, Failure> {
    let Some(goal) = &script.goal else { return Ok(Vec::new()) };
    let bits = Report::correctness(params).map_err(Failure::usage)?.bits();
    let mut games = vec![GoalCheck {
        statement: format!("correctness {} bits of {}", text::bits(Some(bits)), goal.lambda),
        limit: format!("{} bits", goal.lambda),
        met: bits >= f64::from(goal.lambda),
    }];
    if let Some(target) = &goal.substitution {
        games.push(swapped(params, &target.0)?);
    }
    let Some(accuracy) = &goal.accuracy else { return Ok(games) };
    let error = Rational::from(1 - &accuracy.reject.0);
    let accepted = accept(params.T(), params.slack(), &error).map_err(Failure::usage)?;
    games.push(rate(&format!("a model at {} is accepted", accuracy.reject.0), &accepted, goal.lambda));
    if let (Some(honest), Some(kappa)) = (&accuracy.honest, goal.kappa) {
        let rejected = false_abort(params.T(), params.slack(), &honest.0).map_err(Failure::usage)?;
        games.push(rate(&format!("a model at {} is rejected", honest.0), &rejected, kappa));
    }
    Ok(games)
}

/// Checks that no swapped function wins more often than a target.
fn swapped(params: Params, target: &Rational) -> Result<GoalCheck, Failure> {
    let enough = least_publics(params.R(), params.slack(), target, params.T()).map_err(Failure::usage)?;
    let worst = Substitution::worst(params.R(), params.T(), params.slack()).map_err(Failure::usage)?;
    Ok(GoalCheck {
        statement: format!("a swapped function wins with up to {}", text::percent(at_most(worst.rate_at_most()))),
        limit: format!("at most {}", text::percent(nearest(target))),
        met: enough.is_some(),
    })
}

/// Checks that an event has a probability of at most `2^-bits`.
fn rate(event: &str, probability: &Rational, bits: u32) -> GoalCheck {
    GoalCheck {
        statement: format!("{event} with {}", text::probability(probability)),
        limit: format!("at most 2^-{bits}"),
        met: *probability <= Rational::from((1, Integer::from(1) << bits)),
    }
}
