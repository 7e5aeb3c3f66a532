//! The plan with which `sim plan` and the page answer.

use super::certificate::{CertificateDocument, Proof, ends};
use super::compare::CompareDocument;
use super::cost::{PerQuery, SessionDocument};
use crate::args::PlanArgs;
use fusion_adversaries::problem::counted;
use fusion_engine::documents::substitution::SubstitutionDocument;
use fusion_engine::failure::Failure;
use fusion_spec::bound::accuracy::{Accuracy, Game, Honest, shown};
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::plan::{Goal, Plan, PlanError, Planner, session_cost};
use fusion_spec::bound::report::{Binding, Term};
use fusion_spec::params::{Lambda, Params};
use rug::Rational;
use serde::Serialize;

/// The six published choices `(log2 R, B, T)` for lambda = 40.
pub const PUBLISHED: [(u32, u64, u64); 6] =
    [(3, 8, 100), (5, 7, 100), (7, 6, 100), (9, 5, 100), (13, 4, 100), (19, 3, 100)];

/// A plan, and the goal that it meets.
pub struct PlanAnswer {
    /// The goal that was asked for.
    pub goal: Goal,
    /// The cheapest plan that meets the goal.
    pub plan: Plan,
    /// The security parameter of the accuracy game.
    accuracy_lambda: Lambda,
    /// The price of a public in inferences, if it has one.
    pub price: Option<Rational>,
}

impl PlanAnswer {
    /// Finds the plan that the flags ask for, at one R and lambda.
    pub fn new(args: &PlanArgs) -> Result<Self, Failure> {
        let (R, lambda) = asked(args)?;
        Self::at(&planner(args, lambda), R, args.price_of_a_public.as_ref())
    }

    /// Finds the plan for the same goal at another R, and checks its certificate if it has one.
    pub fn at(planner: &Planner, R: u64, price: Option<&Rational>) -> Result<Self, Failure> {
        let plan = match price {
            Some(price) => planner.at_price(R, price),
            None => planner.at(R),
        };
        let plan = plan.map_err(|error| refused(&error, planner.goal(R).max_T))?;
        if let Some(proof) = Proof::of(&plan) {
            proof.check()?;
        }
        let (goal, accuracy_lambda) = (planner.goal(R), planner.accuracy_lambda());
        Ok(Self { goal, plan, accuracy_lambda, price: price.cloned() })
    }

    /// Returns the number of inferences per query with the price of the publics; `None` if they have none.
    pub fn priced(&self) -> Option<Rational> {
        let params = self.plan.params;
        self.price.as_ref().map(|price| session_cost(params, price) / params.R())
    }

    /// Returns the number of inferences per query.
    pub fn cost(&self) -> f64 {
        nearest(&self.plan.params.cost())
    }

    /// Returns what is proved of the plan as lines for the extracted checker; `None` if it has no certificate.
    pub fn certificate(&self) -> Option<String> {
        let proof = Proof::of(&self.plan)?.line();
        let lines = [proof].into_iter().chain(ends(&self.goal, self.accuracy_lambda, &self.plan));
        Some(lines.map(|line| line + "\n").collect())
    }

    /// Returns every way to lose, with its bits.
    pub fn games(&self) -> Vec<GameLine> {
        let Self { goal, plan, accuracy_lambda, .. } = self;
        let line = |game, event: String, bits, asked: Lambda| GameLine { game, event, bits, asked: asked.bits() };
        let terms = plan.correctness.terms.iter();
        let mut lines: Vec<_> =
            terms.map(|term| line("correctness", how(plan.params, term), Some(term.bits), plan.lambda)).collect();
        if let (Some(rates), Some(asked)) = (plan.accuracy, &goal.accuracy) {
            let weak = format!("a model at {} is accepted", shown(&asked.reject));
            lines.push(line("accuracy", weak, rates.accept_bits, *accuracy_lambda));
            if let Some(Honest { accuracy, kappa }) = &asked.honest {
                let honest = format!("the honest model at {} is rejected", shown(accuracy));
                lines.push(line("accuracy", honest, rates.false_abort_bits, *kappa));
            }
        }
        lines
    }
}

/// The failure of a goal that has no plan, with the flag to blame where that is the limit on `T`.
fn refused(error: &PlanError, limit: Option<u64>) -> Failure {
    let is_the_limit = match error {
        PlanError::TooFewPublics { .. } => true,
        PlanError::NothingFits { max_T: most, .. } | PlanError::Swapped { limit: most, .. } => limit == Some(*most),
        PlanError::Params(_)
        | PlanError::Accuracy(_)
        | PlanError::Substitution(_)
        | PlanError::PricedSlack { .. }
        | PlanError::Search(_)
        | PlanError::Worst(_) => false,
    };
    Failure::Usage(if is_the_limit { format!("--max-T: {error}") } else { error.to_string() })
}

/// Returns the single R and the single lambda of the flags.
pub fn asked(args: &PlanArgs) -> Result<(u64, Lambda), Failure> {
    Ok((single("--R", &args.R)?, single("--lambda", &args.lambda)?))
}

fn single<T: Copy>(flag: &str, values: &[T]) -> Result<T, Failure> {
    match values {
        [value] => Ok(*value),
        _ => Err(Failure::Usage(format!("{flag} takes one value, and a list only with --grid"))),
    }
}

/// Returns the goal that the flags ask for at one R and lambda.
pub fn goal(args: &PlanArgs, R: u64, lambda: Lambda) -> Goal {
    let honest = args.honest_acc.clone().zip(args.kappa).map(|(accuracy, kappa)| Honest { accuracy, kappa });
    let accuracy = args.reject_acc.clone().map(|reject| Game { reject, honest });
    let PlanArgs { min_T, max_T, slack, .. } = *args;
    Goal { R, lambda, min_T, max_T, slack, accuracy, substitution: args.substitution.clone() }
}

/// Makes the planner that the flags ask for, at any R.
pub fn planner(args: &PlanArgs, lambda: Lambda) -> Planner {
    Planner::with_accuracy(goal(args, 1, lambda), args.accuracy_lambda.unwrap_or(lambda))
}

/// A plan as a JSON document.
#[derive(Serialize)]
pub struct PlanDocument {
    R: u64,
    lambda: u32,
    min_T: u64,
    slack: u64,
    B: u64,
    T: u64,
    N: u128,
    cost: String,
    cost_decimal: f64,
    /// The price of a public in inferences, and what a query costs with it.
    price_of_a_public: Option<String>,
    priced_cost: Option<String>,
    priced_cost_decimal: Option<f64>,
    bits: f64,
    binding: &'static str,
    certificate: Option<CertificateDocument>,
    /// The plans with one copy fewer and one more.
    neighbours: Vec<NeighbourDocument>,
    accuracy: Option<AccuracyDocument>,
    /// The most that a server wins by swapping in another function; `None` at a slack at which it is not computed.
    substitution: Option<SubstitutionDocument>,
    /// The cost of a query, if a model is named.
    pub per_query: Option<PerQuery>,
    /// The cost of the whole session.
    pub session: SessionDocument,
    /// Full active security beside it, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<CompareDocument>,
}

#[derive(Serialize)]
struct NeighbourDocument {
    B: u64,
    T: u64,
    N: u128,
    cost: String,
    cost_decimal: f64,
}

impl NeighbourDocument {
    fn new(params: &Params) -> Self {
        let cost = params.cost();
        Self { B: params.B(), T: params.T(), N: params.N(), cost_decimal: nearest(&cost), cost: cost.to_string() }
    }
}

#[derive(Serialize)]
struct AccuracyDocument {
    /// The bits that were asked for against accepting the weak model.
    lambda: u32,
    accept_bits: Option<f64>,
    false_abort_bits: Option<f64>,
}

impl PlanDocument {
    /// Makes the document of a plan, with its cost on a model if one inference of it was measured.
    pub fn new(answer: &PlanAnswer, each: Option<PerQuery>) -> Self {
        let PlanAnswer { goal, plan, accuracy_lambda, price } = answer;
        let (params, priced) = (plan.params, answer.priced());
        Self {
            R: params.R(),
            lambda: plan.lambda.bits(),
            min_T: goal.min_T,
            slack: params.slack(),
            B: params.B(),
            T: params.T(),
            N: params.N(),
            cost: params.cost().to_string(),
            cost_decimal: nearest(&params.cost()),
            price_of_a_public: price.as_ref().map(ToString::to_string),
            priced_cost_decimal: priced.as_ref().map(nearest),
            priced_cost: priced.map(|cost| cost.to_string()),
            bits: plan.correctness.bits(),
            binding: plan.binding.name(),
            certificate: Proof::of(plan).map(|proof| proof.document()),
            neighbours: plan.neighbours().iter().map(NeighbourDocument::new).collect(),
            accuracy: plan.accuracy.map(|Accuracy { accept_bits, false_abort_bits }| AccuracyDocument {
                lambda: accuracy_lambda.bits(),
                accept_bits,
                false_abort_bits,
            }),
            substitution: SubstitutionDocument::new(params),
            per_query: each.map(|each| each.times(answer.cost())),
            session: SessionDocument::new(params, each),
            compare: None,
        }
    }

    /// Adds a comparison with full active security.
    pub fn beside(self, compare: Option<CompareDocument>) -> Self {
        Self { compare, ..self }
    }
}

/// The sentence that takes the place of a certificate where there is none.
pub const UNCERTIFIED: &str = "no smaller N suffices, found by search; outside the certificate's range";

/// The sentence for a plan that has more slots than another because publics have a price.
pub const PRICED: &str = "no plan costs less at this price, found by search over every B";

/// A way to lose a game, with the bits against it and the bits that were asked for.
#[derive(Serialize)]
pub struct GameLine {
    /// The name of the game that is lost.
    pub game: &'static str,
    /// The event that must not happen.
    pub event: String,
    /// The security bits against the event; `None` for an event that never happens.
    pub bits: Option<f64>,
    /// The security bits that were asked for.
    pub asked: u32,
}

/// Describes the slots that a deviation of the correctness game hits.
fn how(params: Params, term: &Term) -> String {
    let beside = |copies: u128| match term.k.saturating_sub(copies) {
        0 => "no public".to_string(),
        publics => counted(publics, "public"),
    };
    match term.name {
        _ if params.slack() >= params.B() => format!("touch the worst number of slots, k={}", term.k),
        Binding::Publics => format!("hit every query and {}", beside(params.RB())),
        Binding::Groups
        | Binding::MinT
        | Binding::MaxT
        | Binding::Accuracy
        | Binding::Substitution
        | Binding::Price => {
            format!("hit all copies of one query and {}", beside(params.B().into()))
        }
    }
}

/// Returns the limiting constraint in words.
pub fn binding(binding: Binding) -> &'static str {
    match binding {
        Binding::Groups => "groups (hitting all copies of one query)",
        Binding::Publics => "publics (hitting every query and avoiding the publics)",
        Binding::MinT => "min_T (a plan with fewer publics would be cheaper)",
        Binding::MaxT => "max_T (a plan with more publics would be cheaper)",
        Binding::Accuracy => "accuracy (the publics must tell the models apart)",
        Binding::Substitution => "substitution (the publics must show a swapped function)",
        Binding::Price => "price (a plan with more publics would have fewer slots)",
    }
}
