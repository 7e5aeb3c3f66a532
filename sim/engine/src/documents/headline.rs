//! The two headlines of a result: whether the measured rates agree with the formulas, and whether the parameters reach the script's goals.
//! Neither says anything of the other.

use crate::campaign::verdict::CampaignVerdict;
use crate::failure::Failure;
use fusion_adversaries::script::{AccuracyGoal, GoalSection, Script, Test};
use fusion_spec::bound::bits::{at_most, nearest, security_bits};
use fusion_spec::bound::quality::{accept, false_abort};
use fusion_spec::bound::report::Report;
use fusion_spec::bound::substitution::{Substitution, least_publics};
use fusion_spec::params::Params;
use rug::{Integer, Rational};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the measured rates agree with the claimed ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FormulaDocument {
    /// The number of strategies whose rates agree with all claims on them.
    pub agree: usize,
    /// The number of strategies on which there are claims. One that is only measured counts if its events contradict their exact rates.
    pub of: usize,
    /// The worst verdict of all strategies.
    pub verdict: CampaignVerdict,
    /// The greatest tolerance with which a claim has passed; `null` if none has.
    pub within: Option<f64>,
}

/// Whether a tolerance is greater than the default of scripts, so that a verdict should name it.
#[must_use]
pub fn is_wide(tolerance: f64) -> bool {
    tolerance > nearest(&Test::default().within.0)
}

/// The games that a goal can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Game {
    /// A server that answers any number of slots wrongly, and copies alike, wins with probability at most `2^-lambda`.
    Correctness,
    /// No server wins more often than a target by swapping in another function.
    Substitution,
    /// A model of a given accuracy is accepted with probability at most `2^-lambda`.
    Accuracy,
    /// The honest model, at a given accuracy, is rejected with probability at most `2^-kappa`.
    Honest,
}

impl Game {
    /// Returns the word that results use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Correctness => "correctness",
            Self::Substitution => "substitution",
            Self::Accuracy => "accuracy",
            Self::Honest => "honest",
        }
    }
}

/// A goal of a script, and how far its parameters reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoalDocument {
    /// The bits asked for, `-log2` of the probability that the goal allows.
    pub asked: f64,
    /// The bits reached, rounded down; `null` if what must not happen never happens.
    pub bits: Option<f64>,
    /// The game that the goal is about.
    pub game: Game,
    /// Whether the parameters reach the goal.
    pub met: bool,
    /// The accuracy of the model that the game is about; `null` in a game about none.
    pub model_accuracy: Option<f64>,
    /// The probability of what must not happen, as a floating-point number.
    pub rate: f64,
}

impl GoalDocument {
    /// Checks every goal of a script, in this order: correctness, a swapped function, a weak model, the honest model.
    ///
    /// # Errors
    /// [`Failure::Usage`] if a rate is too long to be computed.
    pub fn all(script: &Script, params: Params) -> Result<Vec<Self>, Failure> {
        let Some(GoalSection { lambda, kappa, min_T: _, accuracy, substitution }) = &script.goal else {
            return Ok(Vec::new());
        };
        let mut goals = vec![Self::correctness(params, *lambda)?];
        if let Some(target) = substitution {
            goals.push(Self::substitution(params, &target.0)?);
        }
        let Some(AccuracyGoal { honest, reject }) = accuracy else { return Ok(goals) };
        let error = Rational::from(1 - &reject.0);
        let accepted = accept(params.T(), params.slack(), &error).map_err(Failure::usage)?;
        goals.push(Self::of_model(Game::Accuracy, &reject.0, &accepted, *lambda));
        if let (Some(honest), Some(kappa)) = (honest, kappa) {
            let rejected = false_abort(params.T(), params.slack(), &honest.0).map_err(Failure::usage)?;
            goals.push(Self::of_model(Game::Honest, &honest.0, &rejected, *kappa));
        }
        Ok(goals)
    }

    fn correctness(params: Params, lambda: u32) -> Result<Self, Failure> {
        let bits = Report::correctness(params).map_err(Failure::usage)?.bits();
        let asked = f64::from(lambda);
        let (game, met, rate) = (Game::Correctness, bits >= asked, (-bits).exp2());
        Ok(Self { asked, bits: Some(bits), game, met, model_accuracy: None, rate })
    }

    fn substitution(params: Params, target: &Rational) -> Result<Self, Failure> {
        let enough = least_publics(params.R(), params.slack(), target, params.T()).map_err(Failure::usage)?;
        let worst = Substitution::worst(params.R(), params.T(), params.slack()).map_err(Failure::usage)?;
        let most = worst.rate_at_most();
        Ok(Self {
            asked: -nearest(target).log2(),
            bits: security_bits(most),
            game: Game::Substitution,
            met: enough.is_some(),
            model_accuracy: None,
            rate: at_most(most),
        })
    }

    fn of_model(game: Game, accuracy: &Rational, probability: &Rational, bits: u32) -> Self {
        Self {
            asked: f64::from(bits),
            bits: security_bits(probability),
            game,
            met: *probability <= Rational::from((1, Integer::from(1) << bits)),
            model_accuracy: Some(nearest(accuracy)),
            rate: at_most(probability),
        }
    }
}
