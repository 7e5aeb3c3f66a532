//! `sim plan`: the cheapest safe B and T.

use crate::args::PlanArgs;
use crate::commands::bench::PerQuery;
use crate::draw;
use crate::terminal::Terminal;
use crate::text::{self, ACCENT, DIM, HEADING};
use fusion_engine::failure::Failure;
use fusion_spec::bound::accuracy::{Accuracy, Game, Honest, shown};
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::certificate::{Certificate, check};
use fusion_spec::bound::plan::{Goal, Plan, Planner};
use fusion_spec::bound::report::{Binding, Term};
use fusion_spec::bound::worst::Candidate;
use fusion_spec::params::{Lambda, Params};
use serde::Serialize;
use std::io::{self, Write};
use std::path::PathBuf;

/// `sim plan` at one R and lambda.
pub fn run(args: &PlanArgs, stdout: &mut dyn Write, terminal: Terminal) -> Result<(), Failure> {
    let answer = Answer::new(args)?;
    let cost = |model: &PathBuf| PerQuery::measure(model, &args.inference, answer.plan.params.N());
    let per_inference = args.model.as_ref().map(cost).transpose()?;
    let per_query = per_inference.map(|each| each.times(answer.cost()));
    if args.json {
        let document = Document { per_query, ..answer.document() };
        serde_json::to_writer(&mut *stdout, &document).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else if args.quiet {
        writeln!(stdout, "{}", numbers(answer.plan.params))?;
    } else {
        answer.write_text(stdout)?;
        if terminal.plots() {
            curve(answer.plan.params).iter().try_for_each(|line| writeln!(stdout, "{line}"))?;
        }
        if let Some(per_query) = per_query {
            writeln!(stdout, "\nper query: {}", per_query.line(&args.inference))?;
        }
    }
    Ok(())
}

/// A plan, and the goal that it meets.
pub struct Answer {
    /// What was asked for.
    pub goal: Goal,
    /// The least that does it.
    pub plan: Plan,
}

impl Answer {
    /// Plans what the flags ask for, at one R and lambda.
    pub fn new(args: &PlanArgs) -> Result<Self, Failure> {
        let (R, lambda) = asked(args)?;
        Self::at(&Planner::new(goal(args, R, lambda)), R)
    }

    /// The same promises at some R.
    pub fn at(planner: &Planner, R: u64) -> Result<Self, Failure> {
        Ok(Self { goal: planner.goal(R), plan: certified(planner, R)? })
    }

    /// Inferences per query.
    pub fn cost(&self) -> f64 {
        nearest(&self.plan.params.cost())
    }

    /// As JSON, without a model.
    pub fn document(&self) -> Document {
        Document::new(&self.goal, &self.plan)
    }
}

/// Columns of the curve.
const COLUMNS: u32 = 48;

/// Security against a server that touches every copy of `i` queries, `i` from 1 to R by equal ratios. Nothing where the tolerated
/// publics can make up a group: no single pair is the rate then.
fn curve(params: Params) -> Option<String> {
    let queries = nearest(&params.R().into());
    let groups = |column: u32| queries.powf(f64::from(column) / f64::from(COLUMNS - 1));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and R < 2^63")]
    let mut groups: Vec<u64> = (0..COLUMNS).map(|column| groups(column).round() as u64).collect();
    groups.dedup();
    let bits = |i: &u64| {
        let k = u128::from((*i).min(params.R())) * u128::from(params.B());
        Some(Candidate::touching(params, k)?.security_bits())
    };
    let bits: Vec<f64> = groups.iter().filter_map(bits).collect();
    let ends = [bits.first()?, bits.last()?].map(|bits| text::bits(Some(*bits)));
    let line = draw::sparkline(&bits);
    (params.slack() < params.B() && bits.len() > 1)
        .then(|| format!("\nbits by queries hit, 1 to R: {} {line} {}", ends[0], ends[1]))
}

/// The one R and the one lambda of the flags.
pub fn asked(args: &PlanArgs) -> Result<(u64, Lambda), Failure> {
    Ok((single("--R", &args.R)?, single("--lambda", &args.lambda)?))
}

fn single<T: Copy>(flag: &str, values: &[T]) -> Result<T, Failure> {
    match values {
        [value] => Ok(*value),
        _ => Err(Failure::Usage(format!("{flag} takes one value, and a list only with --grid"))),
    }
}

/// What the flags ask for at one R and lambda.
pub fn goal(args: &PlanArgs, R: u64, lambda: Lambda) -> Goal {
    let honest = args.honest_acc.clone().zip(args.kappa).map(|(accuracy, kappa)| Honest { accuracy, kappa });
    let accuracy = args.reject_acc.clone().map(|reject| Game { reject, honest });
    Goal { R, lambda, min_T: args.min_T, slack: args.slack, accuracy }
}

/// A plan whose certificate, where it has one, has been checked.
pub fn certified(planner: &Planner, R: u64) -> Result<Plan, Failure> {
    let plan = planner.at(R).map_err(Failure::usage)?;
    if let Some(certificate) = &plan.certificate {
        check(certificate).map_err(|refusal| Failure::Bug(format!("{certificate:?} does not hold: {refusal}")))?;
    }
    Ok(plan)
}

/// One plan as JSON.
#[derive(Serialize)]
pub struct Document {
    R: u64,
    lambda: u32,
    min_T: u64,
    slack: u64,
    B: u64,
    T: u64,
    N: u128,
    cost: String,
    cost_decimal: f64,
    bits: f64,
    binding: &'static str,
    certificate: Option<CertificateDocument>,
    accuracy: Option<AccuracyDocument>,
    /// With a model.
    per_query: Option<PerQuery>,
}

#[derive(Serialize)]
struct CertificateDocument {
    min_T: u64,
    b: u128,
    l: u128,
    comparisons: Vec<String>,
}

#[derive(Serialize)]
struct AccuracyDocument {
    accept_bits: Option<f64>,
    false_abort_bits: Option<f64>,
}

impl Document {
    /// The plan for a goal.
    pub fn new(goal: &Goal, plan: &Plan) -> Self {
        let params = plan.params;
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
            bits: plan.correctness.bits(),
            binding: plan.binding.name(),
            certificate: plan.certificate.map(|certificate| CertificateDocument {
                min_T: certificate.min_T,
                b: certificate.b,
                l: certificate.l,
                comparisons: comparisons(&certificate),
            }),
            accuracy: plan
                .accuracy
                .map(|Accuracy { accept_bits, false_abort_bits }| AccuracyDocument { accept_bits, false_abort_bits }),
            per_query: None,
        }
    }
}

/// The five comparisons, as formulas.
fn comparisons(certificate: &Certificate) -> Vec<String> {
    let Certificate { R, lambda, min_T, B, T, N, b, l } = *certificate;
    let (lambda, M) = (lambda.bits(), N - 1);
    let fewer = B - 1;
    vec![
        format!("C({N},{B}) >= {R}*2^{lambda}"),
        format!("C({N},{T}) >= 2^{lambda}"),
        format!("C({M},{b}) < {R}*2^{lambda}"),
        format!("C({M},{l}) < 2^{lambda} and {M} < {R}*({b}+1) + max({l}+1, {min_T})"),
        match fewer {
            0 => "B = 1".into(),
            _ => {
                format!("C({N},{fewer}) < {R}*2^{lambda} or C({N},{}) < 2^{lambda}", u128::from(R) * u128::from(fewer))
            }
        },
    ]
}

impl Answer {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { goal, plan } = self;
        let params = plan.params;
        let N = params.N();
        let title = format!("R={} lambda={} min_T={}", params.R(), plan.lambda.bits(), goal.min_T);
        writeln!(out, "{}\n", text::styled(HEADING, &title))?;
        let chosen = text::styled(ACCENT, &numbers(params));
        writeln!(out, "{chosen}   N={N}   cost {:.7} inferences per query\n", self.cost())?;
        let heading = ["game", "what must not happen", "bits", "asked"];
        let row = |line: Line| vec![line.game.into(), line.event, text::bits(line.bits), line.asked.to_string()];
        write!(out, "{}", text::table(&heading, self.games().into_iter().map(row).collect(), 2))?;
        writeln!(out, "\nlimiting constraint: {}", binding(plan.binding))?;
        let Some(certificate) = &plan.certificate else {
            return writeln!(out, "{UNCERTIFIED}");
        };
        writeln!(out, "no smaller N suffices, and no smaller B at this N; checked:")?;
        comparisons(certificate).iter().try_for_each(|line| writeln!(out, "  {}", text::styled(DIM, line)))
    }

    /// Every way to lose.
    pub fn games(&self) -> Vec<Line> {
        let Self { goal, plan } = self;
        let line = |game, event: String, bits, asked: Lambda| Line { game, event, bits, asked: asked.bits() };
        let terms = plan.correctness.terms.iter();
        let mut lines: Vec<_> =
            terms.map(|term| line("correctness", how(plan.params, term), Some(term.bits), plan.lambda)).collect();
        if let (Some(rates), Some(asked)) = (plan.accuracy, &goal.accuracy) {
            let weak = format!("a model at {} is accepted", shown(&asked.reject));
            lines.push(line("accuracy", weak, rates.accept_bits, plan.lambda));
            if let Some(Honest { accuracy, kappa }) = &asked.honest {
                let honest = format!("the honest model at {} is rejected", shown(accuracy));
                lines.push(line("accuracy", honest, rates.false_abort_bits, *kappa));
            }
        }
        lines
    }
}

/// What stands in for a certificate where there is none.
pub const UNCERTIFIED: &str = "no smaller N suffices, found by search; outside the certificate's range";

/// One way to lose, with the bits against it and the bits asked for.
#[derive(Serialize)]
pub struct Line {
    game: &'static str,
    event: String,
    bits: Option<f64>,
    asked: u32,
}

fn numbers(params: Params) -> String {
    format!("B={} T={} slack={}", params.B(), params.T(), params.slack())
}

/// What a deviation of the correctness game hits.
fn how(params: Params, term: &Term) -> String {
    let beside = |copies: u128| match term.k.saturating_sub(copies) {
        0 => "no public".to_string(),
        1 => "1 public".to_string(),
        publics => format!("{publics} publics"),
    };
    match term.name {
        _ if params.slack() >= params.B() => format!("touch the worst number of slots, k={}", term.k),
        Binding::Publics => format!("hit every query and {}", beside(params.RB())),
        Binding::Groups | Binding::MinT | Binding::Accuracy => {
            format!("hit all copies of one query and {}", beside(params.B().into()))
        }
    }
}

/// Names the limiting constraint in words.
pub fn binding(binding: Binding) -> &'static str {
    match binding {
        Binding::Groups => "groups (hitting all copies of one query)",
        Binding::Publics => "publics (hitting every query and avoiding the publics)",
        Binding::MinT => "min_T (a plan with fewer publics would be cheaper)",
        Binding::Accuracy => "accuracy (the publics must tell the models apart)",
    }
}
