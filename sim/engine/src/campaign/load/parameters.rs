//! `protocol:` and `goal:`, planned where they say `auto`.

use super::loader::Loader;
use fusion_adversaries::problem::Problem;
use fusion_adversaries::script::{Auto, Draft, GoalSection, Sizes};
use fusion_spec::bound::accuracy::{Game, Honest};
use fusion_spec::bound::plan::{Goal, plan};
use fusion_spec::params::{Lambda, Params};

/// The largest number of slots in a session that is simulated.
const MAX_SLOTS: u128 = 1 << 26;

/// Returns the parameters, and writes them into the draft in place of `auto`; `None` where a problem was recorded.
pub fn resolve(loader: &mut Loader, draft: &mut Draft) -> Option<Params> {
    let protocol = draft.protocol.read_mut()?;
    let params = match protocol.sizes {
        Sizes::Given { B, T, slack } => Params::new(protocol.R, B, T, slack).map_err(|error| error.to_string()),
        Sizes::Planned { slack, .. } => planned(protocol.R, slack, draft.goal.read()?),
    };
    match params.and_then(simulated) {
        Ok(params) => {
            protocol.sizes = Sizes::Given { B: params.B(), T: params.T(), slack: params.slack() };
            Some(params)
        }
        Err(message) => {
            loader.problems.push(Problem::new(protocol.mark, message));
            None
        }
    }
}

/// Returns the best parameters for a goal, with the slack that is given or the best one.
///
/// # Errors
/// Why there are none, in words.
pub fn planned(R: u64, slack: Auto, goal: &GoalSection) -> Result<Params, String> {
    let lambda = |bits: u32| Lambda::new(bits.into()).map_err(|error| error.to_string());
    let honest = goal.accuracy.as_ref().and_then(|accuracy| accuracy.honest.clone()).zip(goal.kappa);
    let honest = honest
        .map(|(accuracy, kappa)| Ok::<_, String>(Honest { accuracy: accuracy.0, kappa: lambda(kappa)? }))
        .transpose()?;
    let slack = match slack {
        Auto::Value(slack) => Some(slack),
        Auto::Auto => None,
    };
    let accuracy = goal.accuracy.as_ref().map(|game| Game { reject: game.reject.0.clone(), honest });
    let substitution = goal.substitution.as_ref().map(|rate| rate.0.clone());
    let goal = Goal { R, lambda: lambda(goal.lambda)?, min_T: goal.min_T, max_T: None, slack, accuracy, substitution };
    Ok(plan(&goal).map_err(|error| error.to_string())?.params)
}

fn simulated(params: Params) -> Result<Params, String> {
    if params.N() > MAX_SLOTS {
        return Err(format!("N = {} slots are too many to simulate: at most 2^26", params.N()));
    }
    Ok(params)
}
