//! What trials cost: `plain` at least 20 million trials a second on one core for `relabel next` at (512,5,100).

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use fusion_adversaries::behaviour::{Place, Scripted};
use fusion_adversaries::script::{Keep, Relabel};
use fusion_adversaries::strategy::{Act, View};
use fusion_engine::simulate::{Ideal, Pools, ProtocolChoice, Server, World, count, play};
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::idx::{Images, labels};
use fusion_nn::model::Model;
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

/// `relabel next` at (512,5,100) on so many threads, 1,024 blocks in all: twice the threads, twice the trials a second.
#[divan::bench(args = [1, 2], sample_count = 10)]
fn plain_on_threads(bencher: Bencher, threads: u64) {
    let blocks = 1024;
    let view = Params::new(512, 5, 100, 0).ok().and_then(|params| View::new(params, 10).ok());
    let strategy = Scripted::single(Place::Random(5), Act::Relabel(Relabel::Next));
    let server = Server::new("bench", 1, &strategy);
    let share = |thread: u64| {
        let own = (thread * blocks / threads * TRIALS)..((thread + 1) * blocks / threads * TRIALS);
        view.map(|view| count(&view, &server, own))
    };
    let share = &share;
    bencher.counter(ItemsCount::new(blocks * TRIALS)).bench_local(|| {
        std::thread::scope(|scope| (0..threads).for_each(|thread| drop(scope.spawn(move || share(thread)))));
    });
}

/// `relabel next` on two slots at (8,2,4), every answer looked up and judged by the client; LeNet on 1,000 digits.
#[divan::bench]
fn ideal_relabel_next(bencher: Bencher) {
    let view = Params::new(8, 2, 4, 0).ok().and_then(|params| View::new(params, 10).ok());
    let Some((view, world)) = view.and_then(|view| Some((view, world(view.params)?))) else { return };
    let strategy = Scripted::single(Place::Random(2), Act::Relabel(Relabel::Next));
    let server = Server::new("bench", 1, &strategy);
    let mut ideal = Ideal::new(&view, &world);
    let mut next = 0;
    bencher.counter(ItemsCount::new(TRIALS)).bench_local(|| {
        next += TRIALS;
        play(&mut ideal, black_box(&server), next..next + TRIALS)
    });
}

fn world(params: Params) -> Option<World> {
    let read = |path: &str| std::fs::read(format!("{}/../../examples/{path}", env!("CARGO_MANIFEST_DIR"))).ok();
    let model = Model::from_onnx(&read("models/lenet_mnist_full.onnx")?).ok()?;
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    let model = FixedModel::new(&model, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 }).ok()?;
    let images = Images::parse(&read("data/mnist_t1000-images-idx3-ubyte")?).ok()?;
    let labels = labels(&read("data/mnist_t1000-labels-idx1-ubyte")?).ok()?;
    let pools = Pools { queries: 0..500, publics: 500..1000, keep: Keep::HonestRight, fixed_by: None };
    World::new(params, vec![model], &[], (&images, &labels), &pools, ProtocolChoice::default()).ok()
}
