//! Both parties on two threads: honest runs, and every deviation with and without the check that catches it.
//!
//! Codes are tiny here, so that their error is large, and who cheats does so at every emulated server: some watched one shows it. Seeds are fixed, so that no test is random.

use super::cost::{Size, cost};
use super::layout::Layout;
use super::packed::Code;
use super::product::{Outcome, Own, Task, conducted};
use super::soundness::{false_alarm, terms};
use crate::conduct::{Act, Check, Conduct, HONEST};
use crate::failure::{Cheating, Failure};
use crate::field::{self, element, integer};
use crate::linear::Linear;
use fusion_2pc::random::{Seed, Simulated};
use fusion_2pc::role::Role;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_nn::model::Window;
use rug::Rational;

/// A convolution of two channels with padding, and a matrix.
fn layers() -> [Linear; 2] {
    let window = Window { size: [2; 2], stride: [1; 2], pads: [1, 0, 0, 0] };
    let convolution = Linear { groups: 1, filters: 2, depth: 2, size: [3; 2], window, output: [3, 2] };
    let whole = Window { size: [1; 2], stride: [1; 2], pads: [0; 4] };
    [convolution, Linear { groups: 1, filters: 3, depth: 5, size: [1; 2], window: whole, output: [1; 2] }]
}

struct Example {
    code: Code,
    layout: Layout,
    weights: Vec<u64>,
    inputs: Vec<u64>,
    expected: Vec<i64>,
}

/// Layers with small numbers, for so many images.
fn example(images: usize) -> Example {
    let code = Code::of(16, [5, 3]);
    let layers = layers();
    let layout = Layout::of(&layers, images, &code);
    let values =
        |count: usize, factor: i64| (0_i64..).take(count).map(|at| at * factor % 23 - 11).collect::<Vec<i64>>();
    let [weights, inputs] = [values(layout.counts[0], 7), values(layout.counts[1], 5)];
    let (mut expected, [mut weight, mut input]) = (Vec::new(), [0, 0]);
    for layer in &layers {
        for _ in 0..images {
            let product = |sum: i64, w: usize, x: usize| sum + weights[weight + w] * inputs[input + x];
            expected.extend(layer.apply(0, product));
            input += layer.inputs();
        }
        weight += layer.weights();
    }
    let [weights, inputs] = [weights, inputs].map(|values| values.into_iter().map(element).collect());
    Example { code, layout, weights, inputs, expected }
}

/// What both parties' runs give, the client's first; inputs are shared, or the client's.
fn between(example: &Example, shared: bool, conducts: [Conduct; 2]) -> [Result<Outcome, Failure>; 2] {
    let task = Task { code: &example.code, layout: &example.layout, shared };
    let part: Vec<u64> =
        if shared { (0..example.inputs.len() as u64).map(|at| at << 50).collect() } else { Vec::new() };
    let mut rest = example.inputs.clone();
    rest.iter_mut().zip(&part).for_each(|(input, &part)| *input = field::sub(*input, part));
    let [of_client, of_server] = conducts;
    let (client, server) = Link::pair(LinkSpeed::LAN);
    let weights = &example.weights[..];
    let root = |seed| Simulated(Seed([seed; 32]));
    std::thread::scope(|scope| {
        let server = scope.spawn(|| conducted(server, root(2), task, Own::Server([weights, &part]), of_server));
        let client = conducted(client, root(1), task, Own::Client(&rest), of_client);
        [client, server.join().unwrap()]
    })
}

/// The outputs of both parties together.
fn opened(both: [Result<Outcome, Failure>; 2]) -> Result<Vec<i64>, Failure> {
    let [client, server] = both;
    let (client, server) = (client?.outputs, server?.outputs);
    Ok(client.iter().zip(&server).map(|(&a, &b)| integer(field::add(a, b))).collect())
}

#[test]
fn honest_parties_multiply_exactly_and_send_what_was_predicted() {
    for (images, shared) in [(1, true), (2, false)] {
        let example = example(images);
        let both = between(&example, shared, [HONEST, HONEST]);
        let meter = both[0].as_ref().unwrap().link.meter();
        let predicted = cost(&example.code, Size::of(&example.layout, shared));
        assert_eq!([Role::Client, Role::Server].map(|role| meter.sent(role, None).bytes), predicted.sent);
        assert!(meter.rounds() as usize <= predicted.rounds, "{} of {}", meter.rounds(), predicted.rounds);
        let parts = both.each_ref().map(|party| party.as_ref().unwrap().outputs.clone());
        assert_eq!(opened(both), Ok(example.expected.clone()));
        let plain = |part: &Vec<u64>| part.iter().filter(|&&x| integer(x).abs() < 1 << 40).count();
        // A part below 2^41 has a probability of 2^-20 at each of at most 30 places.
        assert_eq!(parts.each_ref().map(plain), [0; 2], "a part alone shows nothing");
    }
}

/// A party cheats in a way, and the other one leaves out some checks; a party that cheats overlooks what it has made fail.
fn against(cheat: Role, acts: &'static [Act], omitted: &'static [Check]) -> Result<Vec<i64>, Failure> {
    let both = cheats(cheat, acts, omitted);
    let [client, server] = &both;
    let honest = if cheat == Role::Client { server } else { client };
    if let Err(failure) = honest { Err(failure.clone()) } else { opened(both) }
}

fn cheats(cheat: Role, acts: &'static [Act], omitted: &'static [Check]) -> [Result<Outcome, Failure>; 2] {
    const ALL: &[Check] = &[Check::Token, Check::Watch, Check::Degree, Check::Copies, Check::Product, Check::Opening];
    let conduct = |role| if role == cheat { Conduct { acts, omitted: ALL } } else { Conduct { omitted, ..HONEST } };
    between(&example(1), true, [Role::Client, Role::Server].map(conduct))
}

#[test]
fn each_check_alone_catches_a_cheat() {
    use Role::{Client, Server};
    let right = example(1).expected;
    let of = |cheat, act: &'static [Act], check: &'static [Check], cheating: Cheating| {
        let caught: Vec<Check> = check.to_vec();
        assert_eq!(against(cheat, act, &[]), Err(cheating.into()), "{act:?}, with {caught:?}");
        against(cheat, act, check).unwrap_or_else(|failure| panic!("{act:?} without {caught:?}: {failure}"))
    };
    // Every result is right, and it has read signs of the weights' shares: `ole::tests`.
    assert_eq!(of(Client, &[Act::LargeNoise], &[Check::Watch], Cheating::Watch), right);
    for cheat in [Client, Server] {
        // With `e` bad servers beside, it sees more shares than hide the secrets.
        assert_eq!(of(cheat, &[Act::WatchesMore], &[Check::Token], Cheating::Token), right);
        // What it deals is no block: `d + 1` shares do not determine it.
        assert_eq!(of(cheat, &[Act::DealsHighDegree], &[Check::Degree], Cheating::Degree), right);
        let unlike = of(cheat, &[Act::DealsUnlike], &[Check::Copies], Cheating::Copies);
        assert_ne!(unlike, right, "it is not the layer");
        let more: Vec<i64> = right.iter().enumerate().map(|(at, &x)| x + i64::from(at == 0)).collect();
        assert_eq!(of(cheat, &[Act::DealsWrongOutput], &[Check::Product], Cheating::Product), more);
        let late: &[Act] = &[Act::DealsWrongOutput, Act::OpensToMatch];
        assert_eq!(of(cheat, late, &[Check::Opening], Cheating::Opening), more);
    }
}

#[test]
fn answers_under_other_masks_are_caught() {
    let caught = against(Role::Server, &[Act::AnswersOtherwise], &[]);
    assert_eq!(caught, Err(Cheating::Watch.into()));
}

/// The error of three codes is below `2^-40`, and a run that fills its ciphertexts sends so many bytes a product.
#[test]
fn full_runs_are_within_their_error_at_the_predicted_bytes() {
    let of = |size, block| {
        let code = Code::new(size, block).unwrap();
        let blocks = Size::most_blocks(&code);
        let size = Size { blocks, outputs: blocks / 256, shared: false };
        let bound = crate::soundness::bound(&terms(&code, size));
        assert!(bound < Rational::from((1, 1_u64 << 40)), "{block}: {}", bound.to_f64().log2());
        assert!(false_alarm(&code, size) < Rational::from((1, 1_u64 << 35)));
        cost(&code, size).bytes() / (blocks * block)
    };
    assert_eq!([of(512, 128), of(1024, 500), of(4096, 2928)], [412, 209, 147]);
}

/// The LeNet, without running it: the bytes that a run of its linear layers has sent (decision 34).
#[test]
fn the_linear_layers_of_a_network_are_predicted() {
    let onnx = include_bytes!("../../../../examples/models/lenet_mnist_full.onnx");
    let layers = crate::network::Architecture::of(&crate::tests::network(onnx)).unwrap().linear_layers();
    let planned = super::cost::cheapest(&layers, 1).unwrap();
    assert_eq!((planned.code.block(), planned.products, planned.size.blocks), (64, 406_656, 6_699));
    assert_eq!(planned.cost.sent, [459_136_354, 228_537_710]);
}
