//! A strategy of your own: what it does, what the theorem says of it, and whether the measured rate agrees.
//!
//! `cargo run --release --example own_strategy`

use fusion_adversaries::law::Case;
use fusion_adversaries::rate::events;
use fusion_adversaries::script::Relabel;
use fusion_adversaries::strategy::{Act, Move, Strategy, Touches, View};
use fusion_engine::simulate::{Server, count};
use fusion_spec::evidence::{Clause, Evidence, Tolerance};
use fusion_spec::mix::uniform_below;
use fusion_spec::params::Params;
use rand_core::Rng;
use rug::Rational;

/// Answers a run of consecutive slots wrongly, from a random one on: as many as there are copies of a query.
struct Burst([Move; 1]);

impl Strategy for Burst {
    fn moves(&self) -> &[Move] {
        &self.0
    }

    fn session(&self, view: &View, mut coins: &mut dyn Rng, touches: &mut Touches) {
        let first = uniform_below(view.slots, &mut coins);
        let length = u32::try_from(view.params.B()).unwrap_or(view.slots);
        for offset in 0..length {
            touches.touch((first + offset) % view.slots, 0);
        }
    }

    /// The number of slots is all that the exact rate needs: the permutation is uniform.
    fn cases(&self, view: &View) -> Option<Vec<Case>> {
        Some(vec![Case { weight: Rational::from(1), slots: view.params.B().into(), moves: vec![0] }])
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let params = Params::new(8, 2, 4, 0)?;
    let strategy = Burst([Move::always(Act::Relabel(Relabel::Next))]);
    let view = View::new(params, 10)?;
    let counts = count(&view, &Server::new("burst", 1, &strategy), 0..400_000);

    // `next` makes every touched answer wrong, and copies of one query alike: the server wins exactly if E_T and E_B happen.
    let cases = strategy.cases(&view).ok_or("the law of the touched slots is not known")?;
    let [_, exact] = events(params, &cases)?;
    let evidence = Evidence::new(counts.trials(), counts.win, Rational::from((1, 1_000_000)))?;
    let tolerance = Tolerance {
        relative: Rational::from((1, 10)),
        absolute: Rational::from((1, 1000)),
        negligible: Rational::new(),
    };
    let decision = evidence.decide(&Clause::Equals(exact.clone()), &tolerance);
    println!("won {} of {}; exactly {exact}: {decision:?}", counts.win, counts.trials());
    assert_eq!(exact, Rational::from((4, 95)));
    assert_eq!(decision, fusion_spec::evidence::Decision::Pass);
    Ok(())
}
