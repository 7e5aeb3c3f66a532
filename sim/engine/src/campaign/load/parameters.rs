//! `protocol:` and `goal:`, planned where they say `auto`.

use super::Outcome;
use fusion_adversaries::problem::Problem;
use fusion_adversaries::script::{Auto, Script};
use fusion_spec::bound::accuracy::{Game, Honest};
use fusion_spec::bound::plan::{Goal, plan};
use fusion_spec::params::{Lambda, Params};

/// Most slots of a session that is simulated.
const MAX_SLOTS: u128 = 1 << 26;

/// The parameters, planned where the script says `auto`.
pub fn resolve(script: &mut Script) -> Outcome<Params> {
    let protocol = &mut script.protocol;
    let wrong = |message: String| Problem::new(protocol.mark, message);
    let params = match (protocol.B, protocol.T, protocol.slack) {
        (Auto::Value(B), Auto::Value(T), Auto::Value(slack)) => {
            Params::new(protocol.R, B, T, slack).map_err(|error| wrong(error.to_string()))?
        }
        (Auto::Auto, Auto::Auto, slack) => {
            let goal = script.goal.as_ref().ok_or_else(|| wrong("auto needs a goal".into()))?;
            let lambda = |bits: u32| Lambda::new(bits.into()).map_err(|error| wrong(error.to_string()));
            let honest = goal.accuracy.as_ref().and_then(|accuracy| accuracy.honest.clone()).zip(goal.kappa);
            let honest = honest
                .map(|(accuracy, kappa)| Ok::<_, Problem>(Honest { accuracy: accuracy.0, kappa: lambda(kappa)? }))
                .transpose()?;
            let slack = match slack {
                Auto::Value(slack) => Some(slack),
                Auto::Auto if honest.is_none() => {
                    return Err(wrong("slack auto needs the goal's kappa and accuracy's honest".into()).into());
                }
                Auto::Auto => None,
            };
            let accuracy = goal.accuracy.as_ref().map(|game| Game { reject: game.reject.0.clone(), honest });
            let goal = Goal { R: protocol.R, lambda: lambda(goal.lambda)?, min_T: goal.min_T, slack, accuracy };
            plan(&goal).map_err(|error| wrong(error.to_string()))?.params
        }
        _ => {
            return Err(
                wrong("B and T are found together: both are auto, or neither, and slack with them".into()).into()
            );
        }
    };
    (protocol.B, protocol.T, protocol.slack) =
        (Auto::Value(params.B()), Auto::Value(params.T()), Auto::Value(params.slack()));
    if params.N() > MAX_SLOTS {
        let message = format!("N = {} slots are too many to simulate: at most 2^26", params.N());
        return Err(Problem::new(protocol.mark, message).into());
    }
    Ok(params)
}
