//! Mix-and-check beside full active security, a query: at which R which of them costs less.

use super::active;
use super::bench::load;
use crate::args::PlanArgs;
use fusion_2pc::backend::cheetah::MOST_SLOTS;
use fusion_2pc::session::Grouping;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_active::network::Triples;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::simulate::Predicted;
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::plan::Planner;
use fusion_spec::params::MAX_R;
use rug::{Integer, Rational};
use serde::Serialize;

/// What a query costs by mix-and-check and by full active security.
#[derive(Serialize)]
pub struct CompareDocument {
    pub protocol: &'static str,
    pub backend: &'static str,
    /// The number of images of the session of which an inference of mix-and-check costs its part.
    pub batch: usize,
    /// Bytes, then the most seconds that the messages take over each network.
    pub measures: Vec<Measure>,
    /// The bits against a party that cheats and gets through, with full active security.
    pub active_error_bits: f64,
}

/// A quantity of both.
#[derive(Serialize)]
pub struct Measure {
    /// `bytes`, or the network that the seconds are of.
    pub quantity: String,
    pub mix_and_check: f64,
    pub active: f64,
    /// How many times as much full active security takes.
    pub times: f64,
    /// The least R from which on mix-and-check takes less, at every R up to 2^62; `null` if there is none.
    pub less_from_R: Option<u64>,
}

impl CompareDocument {
    /// Predicts both, for the plan of the flags at one R.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a model that one of the two does not evaluate, with every reason.
    pub fn new(args: &PlanArgs, planner: &Planner, R: u64) -> Result<Option<Self>, Failure> {
        let (Some(_), Some(file)) = (args.compare, &args.model) else { return Ok(None) };
        let model = load(file, &args.inference.fixed_point)?;
        let name = files::name(file);
        let active = active::predicted(&model, Triples::Elements, 1)
            .map_err(|reasons| Failure::Usage(format!("{name}: --compare active: {}", reasons.join("; "))))?;
        let protocols = args.inference.protocols()?;
        let session = protocols.prediction(&[&model], MOST_SLOTS, Grouping::Chunk);
        let session = session.map_err(|refused| Failure::Usage(format!("{name}: {refused}")))?;
        let both = (&session, &active::messages(&active));
        let mut measures = vec![Measure::new("bytes", both, &bytes, 1, (planner, R))?];
        let named = &args.inference.network;
        let own = (!["lan", "wan"].contains(&named.name.as_str())).then_some((named.name.as_str(), named.network));
        for (name, network) in [("lan", LinkSpeed::LAN), ("wan", LinkSpeed::WAN)].into_iter().chain(own) {
            let time = |messages: &Predicted| Integer::from(messages.most_ns(network));
            measures.push(Measure::new(name, both, &time, 1_000_000_000, (planner, R))?);
        }
        Ok(Some(Self {
            protocol: active::name(Triples::Elements),
            backend: args.inference.backend.name(),
            batch: MOST_SLOTS,
            measures,
            active_error_bits: active::error_bits(&active),
        }))
    }
}

fn bytes(messages: &Predicted) -> Integer {
    Integer::from(messages.sent[0]) + messages.sent[1]
}

impl Measure {
    /// Compares a quantity of a session of mix-and-check and of an inference with full active security, each in parts of a unit.
    fn new(
        quantity: &str,
        (session, active): (&Predicted, &Predicted),
        of: &dyn Fn(&Predicted) -> Integer,
        parts: u32,
        (planner, R): (&Planner, u64),
    ) -> Result<Self, Failure> {
        let [single, active] =
            [(session, MOST_SLOTS), (active, 1)].map(|(messages, slots)| Rational::from((of(messages), slots)) / parts);
        let query = planner.at(R).map_err(Failure::usage)?.params.cost() * &single;
        let less_from_R = less_from(planner, &(active.clone() / &single))?;
        let times = nearest(&(active.clone() / &query));
        Ok(Self {
            quantity: quantity.into(),
            mix_and_check: nearest(&query),
            active: nearest(&active),
            times,
            less_from_R,
        })
    }

    /// Says where mix-and-check costs less.
    pub fn range(&self) -> String {
        match self.less_from_R {
            Some(1) => "at every R".into(),
            Some(R) => format!("from R={R} on"),
            None => "at no R up to 2^62".into(),
        }
    }
}

/// Returns the least R at which a query costs fewer than so many inferences; from there on every R does.
///
/// The cost `N/R` never rises with R, so that bisection finds it. For let `N = RB+T` be the least at R, and `N' = N + floor(N/R)`, which costs no more at `R+1`. With the same B,
/// `T' = N' - (R+1)B >= T`, as `N/R >= B`; so `C(N',T') >= C(N,T)`, and a least number of publics holds too. For `B >= 2`, as `floor(N/R) >= N/(2R)`,
/// `C(N',B) / C(N,B) >= (N'/N)^B >= 1 + 1/R`; for `B = 1`, `C(N',1) >= N + 2^lambda >= (R+1) 2^lambda`.
fn less_from(planner: &Planner, inferences: &Rational) -> Result<Option<u64>, Failure> {
    let is_less = |R: u64| Ok::<bool, Failure>(planner.at(R).map_err(Failure::usage)?.params.cost() < *inferences);
    if !is_less(MAX_R)? {
        return Ok(None);
    }
    // It is less at `most`, and not below `least`.
    let (mut least, mut most) = (1, MAX_R);
    while least < most {
        let middle = least + (most - least) / 2;
        if is_less(middle)? {
            most = middle;
        } else {
            least = middle + 1;
        }
    }
    Ok(Some(least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_spec::bound::plan::Goal;
    use fusion_spec::params::Lambda;

    /// By every R up to 300: the cost never rises, and the least R is that from which on every one costs less.
    #[test]
    fn the_least_r_is_that_of_a_search_over_all() {
        const MOST: u64 = 300;
        for (bits, min_T) in [(3, 0), (10, 0), (10, 7), (40, 0), (40, 100)] {
            let lambda = Lambda::new(bits).expect("legal");
            let goal = Goal { R: 1, lambda, min_T, max_T: None, slack: None, accuracy: None, substitution: None };
            let planner = Planner::with_accuracy(goal, lambda);
            let costs: Vec<Rational> = (1..=MOST).map(|R| planner.at(R).expect("a plan").params.cost()).collect();
            assert!(costs.windows(2).all(|pair| pair[1] <= pair[0]), "lambda {bits}, T >= {min_T}");
            let limits =
                costs.iter().step_by(7).flat_map(|cost| [cost.clone(), cost.clone() + Rational::from((1, 1000))]);
            for limit in limits.filter(|limit| costs.last().is_some_and(|last| last < limit)) {
                let costly = costs.iter().rposition(|cost| *cost >= limit);
                let expected = costly.map_or(1, |index| index as u64 + 2);
                assert_eq!(less_from(&planner, &limit).expect("planned"), Some(expected), "{limit}");
            }
            // No plan has fewer than one inference a query, and none of these has fewer than two copies.
            for limit in [Rational::from(1), Rational::from(2)] {
                assert_eq!(less_from(&planner, &limit).expect("planned"), None);
            }
        }
    }
}
