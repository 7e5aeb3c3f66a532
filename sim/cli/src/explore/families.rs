//! What the session of a plan sends with each family of protocols, predicted without running it.

use crate::answers::bench::load;
use crate::answers::plan::PlanAnswer;
use crate::explore::cost::MeasuredModel;
use crate::explore::query::{Query, QueryProblem};
use fusion_2pc::backend::{Choice, Family};
use fusion_2pc::session::Grouping;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_engine::failure::Failure;
use fusion_engine::simulate::{Predicted, ProtocolChoice};
use fusion_nn::fixed::FixedModel;
use serde::Serialize;

/// The largest number of inferences in a session that is predicted.
const MAX_SLOTS: u128 = 1 << 21;

/// The families side by side.
#[derive(Serialize)]
pub struct Families {
    /// The number of inferences in a session.
    inferences: u128,
    rows: Vec<FamilyRow>,
}

/// What a session sends with one family.
#[derive(Serialize)]
struct FamilyRow {
    family: &'static str,
    /// Whether the page asks for a plan with this family.
    chosen: bool,
    predicted: Option<Shown>,
    /// The reason why there is no prediction.
    problem: Option<String>,
}

/// Bytes as they will be; of rounds and seconds the most.
#[derive(Serialize)]
struct Shown {
    client_sent_bytes: usize,
    server_sent_bytes: usize,
    rounds_at_most: usize,
    lan_s_at_most: f64,
    wan_s_at_most: f64,
    /// The same in words: what both parties send, and the time of the messages over a LAN and a WAN.
    sent: String,
    lan: String,
    wan: String,
}

impl Families {
    /// Predicts the session of the plan that is asked for with every family, each with its usual options.
    pub fn new(query: &Query, model: &MeasuredModel) -> Result<Self, QueryProblem> {
        let args = query.plan()?;
        let of = |failure: Failure| QueryProblem::of(&failure);
        let N = PlanAnswer::new(&args).map_err(of)?.plan.params.N();
        let slots = usize::try_from(N).ok().filter(|_| N <= MAX_SLOTS);
        let slots = slots.ok_or_else(|| {
            let error = format!("a session of {N} inferences is too long to predict here: at most 2^21");
            QueryProblem { error, key: None }
        })?;
        let network = load(model.file(), &model.inference().fixed_point).map_err(of)?;
        let row = |family: Family| {
            let protocols =
                ProtocolChoice { backend: Choice::from(family), truncation: model.inference().truncation.into() };
            let found = predicted(protocols, &network, slots);
            let (predicted, problem) = match found {
                Ok(predicted) => (Some(predicted), None),
                Err(problem) => (None, Some(problem)),
            };
            FamilyRow { family: family.name(), chosen: family == args.inference.backend, predicted, problem }
        };
        Ok(Self { inferences: N, rows: Family::ALL.map(row).into() })
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown, not summed")]
fn predicted(protocols: ProtocolChoice, model: &FixedModel, slots: usize) -> Result<Shown, String> {
    // A check finds the reasons that one prediction would stop before.
    let predicted = protocols.check(&[model]).and_then(|()| protocols.prediction(&[model], slots, Grouping::Chunk));
    let predicted = predicted.map_err(|refusal| refusal.to_string())?;
    let Predicted { sent: [client, server], most_rounds } = predicted;
    let [lan_s, wan_s] = [LinkSpeed::LAN, LinkSpeed::WAN].map(|line| predicted.most_ns(line) as f64 / 1e9);
    Ok(Shown {
        client_sent_bytes: client,
        server_sent_bytes: server,
        rounds_at_most: most_rounds,
        lan_s_at_most: lan_s,
        wan_s_at_most: wan_s,
        sent: bytes(client + server),
        lan: seconds(lan_s),
        wan: seconds(wan_s),
    })
}

#[expect(clippy::cast_precision_loss, reason = "shown, not summed")]
fn bytes(bytes: usize) -> String {
    match bytes as f64 / 1e6 {
        mega if mega < 1e3 => format!("{mega:.1} MB"),
        mega if mega < 1e6 => format!("{:.1} GB", mega / 1e3),
        mega => format!("{:.1} TB", mega / 1e6),
    }
}

fn seconds(seconds: f64) -> String {
    match seconds {
        short if short < 1.0 => format!("{:.0} ms", short * 1e3),
        medium if medium < 3600.0 => format!("{medium:.1} s"),
        long => format!("{:.1} h", long / 3600.0),
    }
}
