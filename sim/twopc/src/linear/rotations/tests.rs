//! Layers against the plain sums modulo `p`, counts against the published ones, and peers that send anything.

use super::evaluate::evaluate;
use super::*;
use crate::linear::Shape;
use crate::linear::Unfit;
use crate::random::Seed;
use crate::role::Role;
use crate::wire::clock::LinkSpeed;
use fusion_nn::model::Window;
use rand_core::Rng;
use std::sync::LazyLock;

/// CrypTFlow2's plaintext prime at 37 bits, and DELPHI's.
const MODULI: [u64; 2] = [137_438_822_401, 2_061_584_302_081];

/// A scheme with its keys, made once for all tests.
struct Keys {
    scheme: Scheme,
    client: ClientKey,
    server: ServerKeys,
}

static KEYS: LazyLock<[Keys; 2]> = LazyLock::new(|| {
    MODULI.map(|p| {
        let scheme = Scheme::new(p);
        let client = ClientKey::new(&Seed([1; 32]), &scheme);
        let server = ServerKeys::read(&scheme, &client.message());
        Keys { scheme, client, server }
    })
});

/// The linear layers of LeNet-5.
fn lenet() -> [Shape; 5] {
    let window = |pad| Window { size: [5, 5], stride: [1, 1], pads: [pad; 4] };
    [
        Shape::Conv { image: [1, 28, 28], filters: 6, window: window(2), groups: 1 },
        Shape::Conv { image: [6, 14, 14], filters: 16, window: window(0), groups: 1 },
        Shape::Gemm { inputs: 400, outputs: 120 },
        Shape::Gemm { inputs: 120, outputs: 84 },
        Shape::Gemm { inputs: 84, outputs: 10 },
    ]
}

fn layout(shape: Shape, keys: &Keys, style: Style) -> Layout {
    layouts(&[shape], &keys.scheme, style, 1 << 10).unwrap().remove(0)
}

/// Signed weights of so many bits.
fn weights(layout: &Layout, bits: u32, rng: &mut impl Rng) -> Vec<i64> {
    let weights = crate::random::uniform(rng, bits, layout.weights());
    weights.into_iter().map(|weight| weight.cast_signed() - (1 << (bits - 1))).collect()
}

/// Both parties' shares, and the client's link.
fn run(keys: &Keys, layout: &Layout, weights: &Weights, x: &[u64]) -> ([Vec<u64>; 2], Link) {
    let (mut client_link, mut server_link) = Link::pair(LinkSpeed::LAN);
    let samples = x.len() / layout.inputs();
    let shares = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| {
            server(&mut server_link, &keys.server, layout, weights, samples, &mut Seed([2; 32]).stream()).unwrap()
        });
        ask(&mut client_link, &keys.client, layout, x, &mut Seed([3; 32]).stream()).unwrap();
        let mine = take(&mut client_link, &keys.client, layout, samples).unwrap();
        [mine, theirs.join().unwrap()]
    });
    (shares, client_link)
}

/// The layer's definition, modulo `p`.
fn reference(shape: Shape, weights: &[i64], x: &[u64], p: u64) -> Vec<u64> {
    let cell = Window { size: [1, 1], stride: [1, 1], pads: [0; 4] };
    let ([channels, height, width], filters, window, groups) = match shape {
        Shape::Conv { image, filters, window, groups } => (image, filters, window, groups),
        Shape::Gemm { inputs, outputs } => ([inputs, 1, 1], outputs, cell, 1),
    };
    let depth = channels / groups;
    let [rows, columns] = window.output([height, width]).unwrap();
    let size = window.size[0] * window.size[1];
    let mut y = Vec::new();
    for sample in x.chunks_exact(channels * height * width) {
        for (filter, weights) in weights.chunks_exact(depth * size).take(filters).enumerate() {
            let first = filter * groups / filters * depth;
            for at in (0..rows * columns).map(|at| [at / columns, at % columns]) {
                let seen = window.cells(at, [height, width]);
                let seen: Vec<_> = seen.collect();
                let term = |channel: usize, (cell, row, column): (usize, usize, usize)| {
                    let x = sample[((first + channel) * height + row) * width + column];
                    i128::from(weights[channel * size + cell]) * i128::from(x)
                };
                let sum: i128 =
                    (0..depth).map(|channel| seen.iter().map(|&cell| term(channel, cell)).sum::<i128>()).sum();
                y.push(u64::try_from(sum.rem_euclid(p.into())).unwrap());
            }
        }
    }
    y
}

/// Shares are of the sums, and messages, operations and what is computed in the clear are as foretold.
fn assert_exact(shape: Shape, keys: &Keys, style: Style, samples: usize, rng: &mut ChaCha20Rng) {
    let layout = layout(shape, keys, style);
    let modulus = Modulus::Prime(keys.scheme.modulus());
    let plain = weights(&layout, 20, rng);
    let encoded = Weights::new(&layout, &keys.scheme, &plain);
    let x = modulus.uniform(rng, samples * layout.inputs());
    let ([mine, theirs], link) = run(keys, &layout, &encoded, &x);
    let y: Vec<u64> = mine.iter().zip(&theirs).map(|(a, b)| modulus.add(*a, *b)).collect();
    assert_eq!(y, reference(shape, &plain, &x, keys.scheme.modulus()), "{shape:?}");
    let filters = match shape {
        Shape::Conv { filters, .. } => filters,
        Shape::Gemm { outputs, .. } => outputs,
    };
    assert_eq!(layout.clear(&plain, &vec![0; filters], &x), y);
    let cost = layout.cost(samples);
    assert_eq!(link.meter().sent(Role::Client, None).bytes, cost.client_bytes);
    assert_eq!(link.meter().sent(Role::Server, None).bytes, cost.server_bytes);
    let fresh = vec![keys.scheme.nothing(); layout.asked()];
    assert_eq!(evaluate(&keys.server, &layout, &encoded, fresh).1, layout.operations());
}

#[test]
fn lenet_takes_the_published_operations() {
    // Ciphertexts up and down, rotations in and out, products: see CrypTFlow2's released code, as read for its row in the comparison.
    let published = [[1, 1, 24, 7, 200], [1, 1, 24, 15, 400], [1, 1, 7, 6, 8], [1, 1, 1, 6, 2], [1, 1, 0, 7, 1]];
    for (shape, counts) in lenet().into_iter().zip(published) {
        let layout = layout(shape, &KEYS[0], Style::CRYPTFLOW2);
        let Operations { input_rotations, output_rotations, products } = layout.operations();
        let ours = [layout.asked(), layout.answered(), input_rotations, output_rotations, products];
        assert_eq!(ours, counts, "{shape:?}");
    }
    let asked = lenet().map(|shape| layout(shape, &KEYS[1], Style::DELPHI).asked());
    assert_eq!(asked, [25, 25, 1, 1, 1]);
    for layout in layouts(&lenet()[..2], &KEYS[1].scheme, Style::DELPHI, 1).unwrap() {
        assert_eq!(layout.operations().input_rotations, 0);
    }
}

/// Bytes of an inference, in both directions: 2.62 MB in words of 64 bits and 2.46 MB packed in CrypTFlow2's own chain of primes, and 20.7 MB in DELPHI's.
#[test]
fn lenet_takes_the_bytes_of_our_primes() {
    let bytes = |index: usize, style| -> usize {
        layouts(&lenet(), &KEYS[index].scheme, style, 1).unwrap().iter().map(|layout| layout.cost(1).bytes()).sum()
    };
    assert_eq!(bytes(0, Style::CRYPTFLOW2), 5 * (344_064 + 122_880));
    assert_eq!(bytes(1, Style::DELPHI), (53 + 5) * 344_064);
}

#[test]
fn lenet_is_exact() {
    let mut rng = Seed([4; 32]).stream();
    for shape in lenet() {
        assert_exact(shape, &KEYS[0], Style::CRYPTFLOW2, 1, &mut rng);
        assert_exact(shape, &KEYS[1], Style::DELPHI, 1, &mut rng);
    }
}

#[test]
fn layers_of_any_shape_are_exact() {
    let mut rng = Seed([5; 32]).stream();
    for round in 0..24 {
        let mut below = |bound: u64| usize::try_from(rng.next_u64() % bound).unwrap();
        let size = [1 + below(3), 1 + below(3)];
        let pads = [below(3), below(3), below(3), below(3)];
        let window = Window { size, stride: [1 + below(3), 1 + below(3)], pads };
        let groups = [1, 1, 2, 4][below(4)];
        let image = [groups * (1 + below(4)), size[0] + below(30), size[1] + below(30)];
        let conv = Shape::Conv { image, filters: groups * (1 + below(4)), window, groups };
        let gemm = Shape::Gemm { inputs: 1 + below(300), outputs: 1 + below(300) };
        let (keys, style) = [(&KEYS[0], Style::CRYPTFLOW2), (&KEYS[1], Style::DELPHI)][round % 2];
        let samples = 1 + below(2);
        assert_exact(conv, keys, style, samples, &mut rng);
        assert_exact(gemm, keys, style, samples, &mut rng);
    }
}

#[test]
fn many_channels_wide_images_and_long_vectors_are_cut() {
    let mut rng = Seed([6; 32]).stream();
    let window = Window { size: [3, 3], stride: [2, 2], pads: [1; 4] };
    let wide = Shape::Conv { image: [2, 130, 101], filters: 2, window, groups: 1 };
    let many = Shape::Conv { image: [9, 32, 32], filters: 5, window: Window { stride: [1, 1], ..window }, groups: 1 };
    let bands = layout(wide, &KEYS[0], Style::CRYPTFLOW2);
    assert_eq!([bands.asked(), bands.answered()], [4, 4]);
    let cut = layout(many, &KEYS[0], Style::CRYPTFLOW2);
    assert_eq!([cut.asked(), cut.answered()], [3, 2]);
    for style in [Style::CRYPTFLOW2, Style::DELPHI] {
        assert_exact(wide, &KEYS[0], style, 1, &mut rng);
        assert_exact(many, &KEYS[0], style, 1, &mut rng);
    }
    let long = Shape::Gemm { inputs: 4_100, outputs: 3 };
    assert_eq!(layout(long, &KEYS[0], Style::CRYPTFLOW2).asked(), 2);
    assert_exact(long, &KEYS[0], Style::CRYPTFLOW2, 1, &mut rng);
    let tall = Shape::Gemm { inputs: 2, outputs: 8_200 };
    assert_eq!(layout(tall, &KEYS[0], Style::CRYPTFLOW2).answered(), 2);
    assert_exact(tall, &KEYS[0], Style::CRYPTFLOW2, 1, &mut rng);
}

#[test]
fn weights_may_be_encoded_when_used() {
    let mut rng = Seed([7; 32]).stream();
    let keys = &KEYS[0];
    let layout = layout(lenet()[3], keys, Style::CRYPTFLOW2);
    let plain = weights(&layout, 14, &mut rng);
    let x = Modulus::Prime(MODULI[0]).uniform(&mut rng, layout.inputs());
    let sums = [0, usize::MAX].map(|memory| {
        let weights = Weights::within(memory, &layout, &keys.scheme, &plain);
        run(keys, &layout, &weights, &x).0
    });
    assert_eq!(sums[0], sums[1]);
    assert_eq!(layout.clear(&plain, &[-1; 84], &vec![0; 120]), [MODULI[0] - 1; 84]);
}

/// A fair bit of `n` is out of these bounds with probability below `2 exp(-2 t^2 / n)` (Hoeffding); in all, below `10^-9`. The prime is `2^37` less a
/// part in `10^6`, which shifts a bit by less than the slack of 1.
#[test]
fn shares_are_uniform_bit_by_bit() {
    let keys = &KEYS[0];
    let layout = layout(lenet()[0], keys, Style::CRYPTFLOW2);
    let weights = Weights::new(&layout, &keys.scheme, &[3; 150]);
    let (shares, _) = run(keys, &layout, &weights, &vec![1; layout.inputs()]);
    for share in shares {
        let count = |values: usize| f64::from(u32::try_from(values).unwrap());
        let n = count(share.len());
        let bound = (n / 2.0 * 4e9_f64.ln()).sqrt() * 1.1 + 1.0;
        for bit in 0..37 {
            let ones = count(share.iter().filter(|&&value| value >> bit & 1 == 1).count());
            assert!((ones - n / 2.0).abs() < bound, "bit {bit}: {ones} of {n}");
        }
    }
}

#[test]
fn any_bytes_of_the_right_length_are_shares_and_another_length_halts() {
    let keys = &KEYS[0];
    let layout = layout(lenet()[4], keys, Style::CRYPTFLOW2);
    let weights = Weights::new(&layout, &keys.scheme, &[5; 840]);
    let rng = || Seed([9; 32]).stream();
    let cost = layout.cost(1);
    let (mut client_link, mut server_link) = Link::pair(LinkSpeed::LAN);
    client_link.send(vec![0xFF; cost.client_bytes]).unwrap();
    server_link.send(vec![0xFF; cost.server_bytes]).unwrap();
    let theirs = server(&mut server_link, &keys.server, &layout, &weights, 1, &mut rng()).unwrap();
    let mine = take(&mut client_link, &keys.client, &layout, 1).unwrap();
    assert!(mine.iter().chain(&theirs).all(|&share| share < MODULI[0]));

    let halted = |halt: Halt, at: &'static str| {
        assert!(matches!(halt, Halt::Malformed { step, .. } if step == at.into()));
    };
    let (mut client_link, mut server_link) = Link::pair(LinkSpeed::LAN);
    client_link.send(vec![0; cost.client_bytes + 1]).unwrap();
    server_link.send(vec![0; cost.server_bytes - 1]).unwrap();
    halted(server(&mut server_link, &keys.server, &layout, &weights, 1, &mut rng()).unwrap_err(), "input");
    halted(take(&mut client_link, &keys.client, &layout, 1).unwrap_err(), "response");
    let (mut client_link, mut server_link) = Link::pair(LinkSpeed::LAN);
    client_link.send(Vec::new()).unwrap();
    halted(server_setup(&mut server_link, &keys.scheme).unwrap_err(), "keys");
}

#[test]
fn what_does_not_fit_is_refused() {
    let scheme = &KEYS[0].scheme;
    let refused = |shape| Layout::new(shape, scheme, Style::CRYPTFLOW2, 1).unwrap_err();
    assert_eq!(refused(Shape::Gemm { inputs: 0, outputs: 2 }), Unfit::Empty);
    let window = Window { size: [2, 1], stride: [1, 1], pads: [0; 4] };
    let wide = Shape::Conv { image: [1, 2, 2_049], filters: 1, window, groups: 1 };
    assert_eq!(refused(wide), Unfit::TooLarge { ring_bits: 37 });
    let gemm = Shape::Gemm { inputs: 400, outputs: 120 };
    assert!(Layout::new(gemm, scheme, Style::CRYPTFLOW2, 1 << 20).is_ok());
    let vast = Shape::Gemm { inputs: 1 << 40, outputs: 1 };
    let places = |shapes: &[Shape]| -> Vec<usize> {
        let unfit = layouts(shapes, scheme, Style::CRYPTFLOW2, 1).unwrap_err();
        unfit.into_iter().map(|(place, _)| place).collect()
    };
    assert_eq!([places(&[gemm, vast]), places(&[vast, gemm, vast])], [vec![1], vec![0, 2]]);
}
