//! What trials cost: `plain` at least 20 million trials a second on one core for `relabel next` at (512,5,100).

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use fusion_adversaries::behaviour::{Place, Scripted};
use fusion_adversaries::script::Relabel;
use fusion_adversaries::strategy::{Act, View};
use fusion_sim::simulate::{Server, count};
use fusion_spec::params::{ParamError, Params};

fn main() {
    divan::main();
}

/// One block of a campaign.
const TRIALS: u64 = 1024;

fn plain(bencher: Bencher, params: Result<Params, ParamError>, place: Place, relabel: Relabel) {
    let view = params.ok().and_then(|params| View::new(params, 10).ok());
    let strategy = Scripted::single(place, Act::Relabel(relabel));
    let server = Server::new("bench", 1, &strategy);
    let mut next = 0;
    bencher.counter(ItemsCount::new(TRIALS)).bench_local(|| {
        next += TRIALS;
        view.map(|view| count(&view, black_box(&server), next..next + TRIALS))
    });
}

/// Slots touched, at (512,5,100).
#[divan::bench(args = [1, 5, 50, 2660])]
fn plain_relabel_next(bencher: Bencher, k: u32) {
    plain(bencher, Params::new(512, 5, 100, 0), Place::Random(k), Relabel::Next);
}

/// At (512,5,100).
#[divan::bench]
fn plain_random_wrong(bencher: Bencher) {
    plain(bencher, Params::new(512, 5, 100, 0), Place::Random(5), Relabel::RandomWrong);
}

/// At (8,2,4).
#[divan::bench]
fn plain_fixed_slots(bencher: Bencher) {
    plain(bencher, Params::new(8, 2, 4, 0), Place::Slots(vec![0, 7]), Relabel::Next);
}
