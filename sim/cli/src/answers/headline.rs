//! The two headlines of a result in words, and verdicts with the tolerance that they depend on.

use crate::text::{self, percent};
use fusion_engine::campaign::next::MoreTrials;
use fusion_engine::campaign::verdict::CampaignVerdict;
use fusion_engine::documents::headline::{FormulaDocument, Game, GoalDocument, is_wide};
use fusion_engine::documents::result::ResultDocument;
use fusion_engine::failure::Failure;
use fusion_spec::bound::report::Report;
use fusion_spec::params::Params;
use std::path::Path;

/// Writes whether the measured rates agree with the claimed ones.
pub fn formula(formula: &FormulaDocument) -> String {
    let FormulaDocument { agree, of, verdict: _, within } = formula;
    match (of, within.filter(|within| is_wide(*within))) {
        (0, _) => "formula: nothing is claimed".into(),
        (_, Some(within)) => format!("formula: {agree} of {of} agree within {}", share(within)),
        (_, None) => format!("formula: {agree} of {of} agree"),
    }
}

/// Writes whether the parameters reach a goal, and how far they reach.
pub fn goal(goal: &GoalDocument) -> String {
    let GoalDocument { asked, bits, game, met, model_accuracy, rate } = goal;
    let met = word(*met);
    let reached =
        bits.map_or_else(|| "no bits are lost".into(), |bits| format!("{} of {asked} bits", text::bits(Some(bits))));
    let model = model_accuracy.map_or_else(String::new, |accuracy| format!(" at {accuracy}"));
    let rate = percent(*rate);
    let (game, why) = match game {
        Game::Correctness => ("correctness", reached),
        Game::Substitution => {
            let asked = percent((-asked).exp2());
            ("substitution", format!("a swapped function wins with up to {rate}; asked: at most {asked}"))
        }
        Game::Accuracy => ("accuracy", format!("{reached}: a model{model} is accepted with {rate}")),
        Game::Honest => ("accuracy", format!("{reached}: the honest model{model} is rejected with {rate}")),
    };
    format!("goal: {game} {met} ({why})")
}

/// Returns the word for a goal that is reached, or for one that is not.
pub fn word(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}

/// Writes that a script states no goal, and what its parameters reach.
///
/// # Errors
/// [`Failure::Usage`] if that is too long to be computed.
pub fn no_goal(params: Params) -> Result<String, Failure> {
    let bits = Report::correctness(params).map_err(Failure::usage)?.bits();
    Ok(format!("goal: none is stated (correctness has {} bits)", text::bits(Some(bits))))
}

/// Returns the command that continues an inconclusive campaign with the trials that it needs; `None` where it does not need any.
pub fn next(result: &ResultDocument, folder: &Path) -> Option<String> {
    let MoreTrials { max, wall_s } = result.next?;
    let wall = wall_s.map_or_else(String::new, |seconds| format!(" --wall {seconds}s"));
    Some(format!("sim attack --resume {} --max {max}{wall}", text::shell(folder)))
}

/// Writes a verdict. That of a pass names its tolerance where this is wider than the default.
pub fn verdict(verdict: CampaignVerdict, tolerance: Option<f64>) -> String {
    match tolerance.filter(|tolerance| verdict == CampaignVerdict::Pass && is_wide(*tolerance)) {
        Some(tolerance) => format!("pass within {}", share(tolerance)),
        None => verdict.name().into(),
    }
}

/// Writes a tolerance in percent.
fn share(tolerance: f64) -> String {
    format!("{}%", (tolerance * 1e4).round() / 1e2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_names_a_wide_tolerance_and_no_other_verdict_does() {
        let all = [CampaignVerdict::Pass, CampaignVerdict::Inconclusive, CampaignVerdict::Refuted];
        assert_eq!(all.map(|v| verdict(v, Some(0.5))), ["pass within 50%", "inconclusive", "refuted"]);
        assert_eq!([None, Some(0.001), Some(0.1)].map(|within| verdict(CampaignVerdict::Pass, within)), ["pass"; 3]);
        let agree = |of, within| formula(&FormulaDocument { agree: of, of, verdict: CampaignVerdict::Pass, within });
        assert_eq!(agree(4, Some(0.125)), "formula: 4 of 4 agree within 12.5%");
        assert_eq!([agree(4, Some(0.1)), agree(4, None)], ["formula: 4 of 4 agree"; 2]);
        assert_eq!(agree(0, None), "formula: nothing is claimed");
    }
}
