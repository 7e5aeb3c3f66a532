//! `sim plan`: the cheapest safe B and T.

use crate::answers::certificate::Proof;
use crate::answers::compare::{CompareDocument, Measure};
use crate::answers::cost::{PerQuery, REPEATS, SessionDocument};
use crate::answers::plan::{GameLine, PRICED, PlanAnswer, PlanDocument, UNCERTIFIED, binding, planner};
use crate::answers::substitution::sentence;
use crate::args::PlanArgs;
use crate::draw;
use crate::output;
use crate::terminal::Terminal;
use crate::text::{self, ACCENT, DIM, HEADING};
use fusion_engine::documents::substitution::SubstitutionDocument;
use fusion_engine::failure::Failure;
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::report::Binding;
use fusion_spec::bound::worst::Candidate;
use fusion_spec::params::Params;
use std::io::{self, Write};
use std::path::PathBuf;

/// Runs `sim plan` at one R and lambda.
pub fn run(args: &PlanArgs, stdout: &mut dyn Write, terminal: Terminal) -> Result<(), Failure> {
    args.inference.protocols()?;
    let answer = PlanAnswer::new(args)?;
    if let Some(path) = &args.certificate {
        let lines = answer.certificate().ok_or_else(|| uncertified(&answer))?;
        output::write_file("--certificate", path, &lines)?;
    }
    let cost = |model: &PathBuf| PerQuery::measure(model, &args.inference, answer.plan.params.N(), REPEATS);
    let compare = CompareDocument::new(args, &planner(args, answer.plan.lambda), answer.plan.params.R())?;
    let per_inference = args.model.as_ref().map(cost).transpose()?;
    if args.json {
        let document = PlanDocument::new(&answer, per_inference).beside(compare);
        serde_json::to_writer(&mut *stdout, &document).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else if args.quiet {
        writeln!(stdout, "{}", numbers(answer.plan.params))?;
    } else {
        write_text(&answer, stdout)?;
        if terminal.plots() {
            curve(answer.plan.params).iter().try_for_each(|line| writeln!(stdout, "{line}"))?;
        }
        if let Some(per_query) = per_inference.map(|each| each.times(answer.cost())) {
            writeln!(stdout, "\nper query: {}", per_query.line(&args.inference))?;
            writeln!(stdout, "  {}", text::styled(DIM, &per_query.spread()))?;
            let session = SessionDocument::new(answer.plan.params, per_inference);
            writeln!(stdout, "session: {}", session.line(&args.inference))?;
        }
        if let Some(compare) = &compare {
            write_compared(compare, SubstitutionDocument::new(answer.plan.params).as_ref(), stdout)?;
        }
    }
    Ok(())
}

/// The refusal of `--certificate` for a plan that has none.
fn uncertified(answer: &PlanAnswer) -> Failure {
    let why = if answer.plan.binding == Binding::Price { PRICED } else { UNCERTIFIED };
    Failure::Usage(format!("--certificate: {} has none: {why}", numbers(answer.plan.params)))
}

/// The number of columns of the curve.
const COLUMNS: u32 = 48;

/// Draws the security against a server that touches every copy of `i` queries, for `i` from 1 to R by equal ratios. Returns
/// `None` if the tolerated publics can make up a group, because the rate is then not that of a single pair.
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

/// Writes the plan, its games and its certificate.
fn write_text(answer: &PlanAnswer, out: &mut dyn Write) -> io::Result<()> {
    let PlanAnswer { goal, plan, price, .. } = answer;
    let params = plan.params;
    let N = params.N();
    let title = format!("R={} lambda={} min_T={}", params.R(), plan.lambda.bits(), goal.min_T);
    writeln!(out, "{}\n", text::styled(HEADING, &title))?;
    let chosen = text::styled(ACCENT, &numbers(params));
    writeln!(out, "{chosen}   N={N}   cost {:.7} inferences per query\n", answer.cost())?;
    if let (Some(price), Some(cost)) = (price, answer.priced()) {
        let price = text::probability(price);
        writeln!(out, "with publics at {price} inferences each: {:.7} inferences per query\n", nearest(&cost))?;
    }
    let heading = ["game", "what must not happen", "bits", "asked"];
    let row = |line: GameLine| vec![line.game.into(), line.event, text::bits(line.bits), line.asked.to_string()];
    write!(out, "{}", text::table(&heading, answer.games().into_iter().map(row).collect(), 2))?;
    writeln!(out, "\n{}", sentence(SubstitutionDocument::new(params).as_ref()))?;
    writeln!(out, "limiting constraint: {}", binding(plan.binding))?;
    for other in plan.neighbours() {
        let cost = nearest(&other.cost());
        writeln!(out, "with B={} it takes T={}: N={}, cost {cost:.7}", other.B(), other.T(), other.N())?;
    }
    let Some(proof) = Proof::of(plan) else {
        return writeln!(out, "{}", if plan.binding == Binding::Price { PRICED } else { UNCERTIFIED });
    };
    writeln!(out, "{}", proof.sentence())?;
    proof.comparisons().iter().try_for_each(|line| writeln!(out, "  {}", text::styled(DIM, line)))?;
    let chosen = goal.slack.is_none() && goal.accuracy.as_ref().is_some_and(|game| game.honest.is_some());
    if chosen { writeln!(out, "no other slack does better, found by search") } else { Ok(()) }
}

fn numbers(params: Params) -> String {
    format!("B={} T={} slack={}", params.B(), params.T(), params.slack())
}

/// Writes what full active security takes beside mix-and-check, and what neither gives.
fn write_compared(
    compare: &CompareDocument,
    worst: Option<&SubstitutionDocument>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let CompareDocument { protocol, backend, batch, measures, active_error_bits } = compare;
    let title = format!("beside full active security ({protocol}), a query, predicted");
    writeln!(out, "\n{}\n", text::styled(HEADING, &title))?;
    let own = format!("mix-and-check over {backend}");
    let heading = ["", own.as_str(), "active", "times", "mix-and-check takes less"];
    let row = |measure: &Measure| {
        let Measure { quantity, mix_and_check, active, times, .. } = measure;
        let shown = |amount: &f64| match quantity.as_str() {
            "bytes" => format!("{:.3} MB", amount / 1e6),
            _ => format!("{amount:.3} s"),
        };
        vec![quantity.clone(), shown(mix_and_check), shown(active), format!("{times:.2}"), measure.range()]
    };
    write!(out, "{}", text::table(&heading, measures.iter().map(row).collect(), 1))?;
    let note = format!(
        "an inference of mix-and-check costs its part of a session of {batch}; bytes are exact, times are those of messages at most"
    );
    writeln!(out, "{}", text::styled(DIM, &note))?;
    writeln!(
        out,
        "what mix-and-check does not give: {}; and what the server learns by deviating is bounded by the family alone. \
         Full active security holds the server to one network of this architecture for all answers of a session, if its weights are in range, and keeps the client's inputs from it, but with a probability of 2^-{}; \
         which network that is it does not test, so a server may enter a wrong one.",
        sentence(worst),
        text::bits(Some(*active_error_bits)),
    )
}
