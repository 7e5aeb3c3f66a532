//! Layers against the plaintext sums, and peers that send anything.

use super::*;
use crate::random::{Seed, uniform};
use crate::role::Role;
use crate::wire::clock::LinkSpeed;
use fusion_nn::fixed::FixedOp;

/// The layer's definition, one sample after another, modulo `2^bits`.
fn reference(shape: Shape, weights: &[i64], start: &[i64], x: &[u64], bits: u32) -> Vec<u64> {
    let layer = Layout::new(shape, bits, bound(0, 0), 1).unwrap();
    let Convolution { channels, image, filters, window, groups, output } = *layer.layer();
    let (depth, each) = (channels / groups, filters / groups);
    let size = window.size[0] * window.size[1];
    let mut y = Vec::new();
    for sample in x.chunks_exact(channels * image[0] * image[1]) {
        for filter in 0..filters {
            for at in (0..output[0]).flat_map(|row| (0..output[1]).map(move |column| [row, column])) {
                let mut sum = start[filter].cast_unsigned();
                for channel in 0..depth {
                    for (cell, row, column) in window.cells(at, image) {
                        let weight = weights[(filter * depth + channel) * size + cell].cast_unsigned();
                        let x = sample[((filter / each * depth + channel) * image[0] + row) * image[1] + column];
                        sum = sum.wrapping_add(weight.wrapping_mul(x));
                    }
                }
                y.push(sum & mask(bits));
            }
        }
    }
    y
}

fn bound(sum_bits: u32, root_bits: u32) -> Bound {
    Bound { sum_bits, root_bits }
}

/// Weights of a layer, and the public bound on them.
fn weights(layer: &Convolution, bits: u32, rng: &mut impl Rng) -> (Vec<i64>, Bound) {
    let count = layer.weights() * layer.filters;
    let offset = 1_i64 << (bits - 1);
    let weights: Vec<i64> = uniform(rng, bits, count).into_iter().map(|weight| weight.cast_signed() - offset).collect();
    let bound = Bound::of(weights.chunks(layer.weights()));
    (weights, bound)
}

/// Both parties' shares of `W x0`, and the client's link.
fn run(layout: &Layout, weights: &Weights, x0: &[u64]) -> ([Vec<u64>; 2], Link) {
    let (mut client_link, mut server_link) = Link::pair(LinkSpeed::LAN);
    let layouts = std::slice::from_ref(layout);
    let key = ClientKey::new(&Seed([1; 32]));
    let y = std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            let keys = server_setup(&mut server_link, layouts).unwrap();
            server(&mut server_link, &keys, layout, (weights, None), &mut Seed([2; 32]).stream()).unwrap()
        });
        client_setup(&mut client_link, &key, layouts).unwrap();
        let y0 = client(&mut client_link, &key, layout, x0, &mut Seed([3; 32]).stream()).unwrap();
        [y0, server.join().unwrap()]
    });
    (y, client_link)
}

/// A batch through the protocol against the reference, and the meter against the prediction.
fn assert_exact(shape: Shape, ring_bits: u32, weight_bits: u32, batch: usize, rng: &mut ChaCha20Rng) {
    let (w, bound) = weights(Layout::new(shape, 2, bound(0, 0), 1).unwrap().layer(), weight_bits, rng);
    let layout = Layout::new(shape, ring_bits, bound, batch).unwrap();
    let start: Vec<i64> = (0..layout.layer().filters).map(|_| rng.next_u64().cast_signed() >> 30).collect();
    let [x0, x1] = [uniform(rng, ring_bits, layout.inputs()), uniform(rng, ring_bits, layout.inputs())];
    let ([y0, y1], link) = run(&layout, &Weights::new(&layout, &w).unwrap(), &x0);
    let rest = layout.clear(&w, &start, &x1);
    let x: Vec<u64> = x0.iter().zip(&x1).map(|(x0, x1)| x0.wrapping_add(*x1) & mask(ring_bits)).collect();
    let y = y0.iter().zip(&y1).zip(&rest).map(|((y0, y1), rest)| (y0 + y1 + rest) & mask(ring_bits));
    assert!(y.eq(reference(shape, &w, &start, &x, ring_bits)), "{shape:?}, {batch} samples, {:?}", layout.geometry());
    let LinearCost { client_bytes, server_bytes, messages } = layout.cost();
    let layer = |from| link.meter().total(|message| message.from == from && !message.address.is_within(&"keys".into()));
    assert_eq!((layer(Role::Client).bytes, layer(Role::Server).bytes), (client_bytes, server_bytes));
    assert_eq!(layer(Role::Client).messages + layer(Role::Server).messages, messages);
}

fn lenet() -> [(Shape, u32); 5] {
    let window = |pad| Window { size: [5, 5], stride: [1, 1], pads: [pad; 4] };
    [
        (Shape::Conv { image: [1, 28, 28], filters: 6, window: window(2), groups: 1 }, 33),
        (Shape::Conv { image: [6, 14, 14], filters: 16, window: window(0), groups: 1 }, 38),
        (Shape::Gemm { inputs: 400, outputs: 120 }, 42),
        (Shape::Gemm { inputs: 120, outputs: 84 }, 38),
        (Shape::Gemm { inputs: 84, outputs: 10 }, 37),
    ]
}

#[test]
fn layers_of_lenet_are_exact() {
    let mut rng = Seed([4; 32]).stream();
    for batch in [1, 7, 64] {
        for (shape, ring_bits) in lenet() {
            assert_exact(shape, ring_bits, 14, batch, &mut rng);
        }
    }
}

/// Whatever the layer, the batch and the budget, a modulus is within the table of the security guidelines for its degree, named here again.
#[test]
fn every_modulus_keeps_to_the_table() {
    let limit = |degree| match degree {
        4096 => 106,
        8192 => 214,
        _ => 0,
    };
    let mut rng = Seed([15; 32]).stream();
    let mut fitted = 0;
    for _ in 0..300 {
        let mut below = |bound: u64| usize::try_from(rng.next_u64() % bound).unwrap();
        let gemm = |inputs, outputs| Shape::Gemm { inputs, outputs };
        let window = Window { size: [1 + below(5), 1 + below(5)], stride: [1 + below(2); 2], pads: [below(2); 4] };
        let image = [1 + below(8), 5 + below(30), 5 + below(30)];
        let shapes =
            [Shape::Conv { image, filters: 1 + below(8), window, groups: 1 }, gemm(1 + below(600), 1 + below(60))];
        let layer = |shape| LinearLayer {
            shape,
            ring_bits: 2 + u32::try_from(below(52)).unwrap(),
            bound: bound(u32::try_from(below(40)).unwrap(), u32::try_from(below(36)).unwrap()),
            choice_bits: 0,
        };
        let layers: Vec<LinearLayer> = shapes.into_iter().map(layer).collect();
        let Ok(layouts) = layouts(&layers, 1 + below(70), 1 << below(40), Linear::ALL[below(3)]) else { continue };
        fitted += layouts.len();
        for layout in layouts {
            let Parameters { degree, primes, prime_bits } = layout.geometry().parameters;
            assert!(primes * prime_bits <= limit(degree), "{:?}", layout.geometry());
        }
    }
    assert!(fitted > 100, "{fitted}");
}

#[test]
fn layers_of_any_shape_are_exact() {
    let mut rng = Seed([5; 32]).stream();
    for _ in 0..40 {
        let mut below = |bound: u64| usize::try_from(rng.next_u64() % bound).unwrap();
        let size = [1 + below(4), 1 + below(4)];
        let pads = [below(3), below(3), below(3), below(3)];
        let window = Window { size, stride: [1 + below(3), 1 + below(3)], pads };
        let groups = [1, 1, 2, 3][below(4)];
        let image = [groups * (1 + below(3)), size[0] + below(40), size[1] + below(40)];
        let conv = Shape::Conv { image, filters: groups * (1 + below(3)), window, groups };
        let gemm = Shape::Gemm { inputs: 1 + below(300), outputs: 1 + below(40) };
        let (batch, ring_bits, weight_bits) = (1 + below(9), [8, 24, 33, 42, 50][below(5)], [2, 8, 14][below(3)]);
        for shape in [conv, gemm] {
            assert_exact(shape, ring_bits, weight_bits, batch, &mut rng);
        }
    }
}

#[test]
fn wide_images_are_cut_into_bands() {
    let window = Window { size: [3, 3], stride: [2, 2], pads: [1; 4] };
    let shape = Shape::Conv { image: [2, 130, 101], filters: 2, window, groups: 1 };
    assert!(Layout::new(shape, 33, bound(12, 10), 2).unwrap().geometry().rows < 65);
    assert_exact(shape, 33, 8, 2, &mut Seed([6; 32]).stream());
}

#[test]
fn one_set_of_weights_serves_every_batch() {
    let mut rng = Seed([7; 32]).stream();
    let (shape, ring_bits) = lenet()[1];
    let layout = Layout::new(shape, ring_bits, bound(21, 18), 64).unwrap();
    let (w, _) = weights(layout.layer(), 14, &mut rng);
    let transformed = Weights::new(&layout, &w).unwrap();
    let untransformed = Weights::within(layout.weight_bytes() - 1, &layout, &w.as_slice().into()).unwrap();
    assert!(matches!(untransformed.polynomials, Polynomials::Made(_)));
    for (batch, weights) in [(1, &transformed), (21, &untransformed), (40, &transformed)] {
        let layout = layout.with_batch(batch);
        let x0 = uniform(&mut rng, ring_bits, layout.inputs());
        let ([y0, y1], _) = run(&layout, weights, &x0);
        let y = y0.iter().zip(&y1).map(|(y0, y1)| (y0 + y1) & mask(ring_bits));
        assert!(y.eq(layout.clear(&w, &[0; 16], &x0)));
        assert_eq!(layout.clear(&w, &[-1; 16], &vec![0; x0.len()]), vec![mask(ring_bits); layout.outputs()]);
    }
}

/// A fair bit of `n` is out of these bounds with probability below `2 exp(-2 t^2 / n)` (Hoeffding); in all, below `10^-9`.
#[test]
fn shares_are_uniform_bit_by_bit() {
    let (shape, ring_bits) = lenet()[0];
    let layout = Layout::new(shape, ring_bits, bound(16, 12), 16).unwrap();
    let transformed = Weights::new(&layout, &[3; 150]).unwrap();
    let (shares, _) = run(&layout, &transformed, &vec![1; layout.inputs()]);
    for share in shares {
        let count = |values: usize| f64::from(u32::try_from(values).unwrap());
        let n = count(share.len());
        let bound = (n / 2.0 * (4e9 * f64::from(ring_bits)).ln()).sqrt();
        for bit in 0..ring_bits {
            let ones = count(share.iter().filter(|&&value| value >> bit & 1 == 1).count());
            assert!((ones - n / 2.0).abs() < bound, "bit {bit}: {ones} of {n}");
        }
    }
}

#[test]
fn any_bytes_of_the_right_length_are_a_ciphertext() {
    let mut rng = Seed([8; 32]).stream();
    let (shape, ring_bits) = lenet()[4];
    let layout = Layout::new(shape, ring_bits, bound(20, 20), 2).unwrap();
    let transformed = Weights::new(&layout, &[5; 840]).unwrap();
    let layouts = std::slice::from_ref(&layout);
    for filled in [None, Some(0), Some(0xFF)] {
        let mut garbage =
            |bytes: usize| (0..bytes).map(|_| filled.unwrap_or(rng.next_u64().to_le_bytes()[0])).collect();
        let (mut client_link, mut server_link) = Link::pair(LinkSpeed::LAN);
        client_link.send(garbage(key_bytes(layout.geometry().parameters))).unwrap();
        client_link.send(garbage(layout.cost().client_bytes)).unwrap();
        server_link.send(garbage(layout.cost().server_bytes)).unwrap();
        let keys = server_setup(&mut server_link, layouts).unwrap();
        let y1 = server(&mut server_link, &keys, &layout, (&transformed, None), &mut Seed([9; 32]).stream()).unwrap();
        let key = ClientKey::new(&Seed([9; 32]));
        let y0 = client(&mut client_link, &key, &layout, &[1; 168], &mut Seed([9; 32]).stream()).unwrap();
        assert!(y0.iter().chain(&y1).all(|&y| y <= mask(ring_bits)));
    }
}

#[test]
fn another_length_halts() {
    let layout = Layout::new(Shape::Gemm { inputs: 3, outputs: 2 }, 24, bound(10, 10), 1).unwrap();
    let transformed = Weights::new(&layout, &[1; 6]).unwrap();
    let key = ClientKey::new(&Seed([9; 32]));
    let mut rng = Seed([9; 32]).stream();
    let (mut client_link, mut server_link) = Link::pair(LinkSpeed::LAN);
    client_setup(&mut client_link, &key, std::slice::from_ref(&layout)).unwrap();
    let keys = server_setup(&mut server_link, std::slice::from_ref(&layout)).unwrap();
    let halted = |outcome: Result<Vec<u64>, Halt>, at: &'static str| {
        assert!(matches!(outcome, Err(Halt::Malformed { step, .. }) if step == at.into()));
    };
    server_link.send(vec![0; layout.cost().server_bytes - 1]).unwrap();
    halted(client(&mut client_link, &key, &layout, &[0; 3], &mut rng), "response");
    let (mut client_link, mut server_link) = Link::pair(LinkSpeed::LAN);
    client_link.send(vec![0; layout.cost().client_bytes + 1]).unwrap();
    halted(server(&mut server_link, &keys, &layout, (&transformed, None), &mut rng), "input");
    let (mut client_link, mut server_link) = Link::pair(LinkSpeed::LAN);
    client_link.send(Vec::new()).unwrap();
    let outcome = server_setup(&mut server_link, std::slice::from_ref(&layout));
    assert!(matches!(outcome, Err(Halt::Malformed { step, .. }) if step == "keys".into()));
}

#[test]
fn what_does_not_fit_is_refused() {
    let gemm = Shape::Gemm { inputs: 3, outputs: 2 };
    assert_eq!(Layout::new(gemm, 24, bound(10, 10), 0).unwrap_err(), Unfit::Empty);
    assert_eq!(Layout::new(Shape::Gemm { inputs: 0, outputs: 2 }, 24, bound(10, 10), 1).unwrap_err(), Unfit::Empty);
    assert_eq!(Layout::new(gemm, 0, bound(1, 1), 1).unwrap_err(), Unfit::TooLarge { ring_bits: 0 });
    assert_eq!(Layout::new(gemm, 60, bound(10, 10), 1).unwrap_err(), Unfit::TooLarge { ring_bits: 60 });
    assert_eq!(Layout::new(gemm, 40, bound(200, 200), 1).unwrap_err(), Unfit::TooLarge { ring_bits: 40 });
    let layout = Layout::new(gemm, 24, bound(4, 4), 1).unwrap();
    assert!(Weights::new(&layout, &[8, -8, 0, 16, 0, 0]).is_ok());
    assert_eq!(Weights::new(&layout, &[8, -8, 0, 16, 0, -1]).err(), Some(TooHeavy { filter: 1 }));
}

#[test]
fn linear_layers_have_a_shape() {
    let window = Window { size: [1, 1], stride: [1, 1], pads: [0; 4] };
    for groups in [1, 2] {
        let conv = FixedOp::Conv { weights: vec![1; 4 / groups], start: vec![0; 2], window, groups };
        let shape = Shape::Conv { image: [2, 3, 5], filters: 2, window, groups };
        assert_eq!(Shape::of(&conv, &[2, 3, 5]), Some(shape));
        assert!(Layout::new(shape, 24, bound(4, 4), 1).is_ok());
        let odd = Shape::Conv { image: [3, 3, 5], filters: 2, window, groups: 2 };
        assert_eq!(Layout::new(odd, 24, bound(4, 4), 1).unwrap_err(), Unfit::Empty);
    }
    let gemm = FixedOp::Gemm { weights: vec![1; 6], start: vec![0; 2] };
    assert_eq!(Shape::of(&gemm, &[3]), Some(Shape::Gemm { inputs: 3, outputs: 2 }));
    assert_eq!(Shape::of(&FixedOp::Relu { shift: 1 }, &[3]), None);
    assert_eq!(constants(&gemm), Some((&[1; 6][..], &[0; 2][..])));
    assert_eq!(constants(&FixedOp::Flatten), None);
}

/// One group, two, and one for each channel, on whole strides and on padded ones; filters more than channels, and fewer in a group.
fn grouped() -> Vec<Shape> {
    let shape = |(groups, stride): (usize, usize)| {
        let window = Window { size: [3, 3], stride: [stride; 2], pads: [1; 4] };
        [24, 48].map(|filters| Shape::Conv { image: [24, 15, 15], filters, window, groups })
    };
    [(1, 1), (2, 1), (8, 2), (24, 1), (24, 2)].into_iter().flat_map(shape).collect()
}

#[test]
fn layers_in_groups_are_exact() {
    let mut rng = Seed([10; 32]).stream();
    for shape in grouped() {
        assert_exact(shape, 30, 8, 1, &mut rng);
    }
}

/// The bytes are those of one group, where the bound on the weights is; the products are those in which some filter sees some channel. They are counted as the polynomials that the server keeps, and in
/// the sums that it makes: were another one needed, sums would be wrong.
#[test]
fn groups_cost_no_bytes_and_as_many_products_as_meet() {
    let mut fewer = 0;
    for shape in grouped() {
        let Shape::Conv { image, filters, window, groups } = shape else { unreachable!("all are convolutions") };
        let layout =
            |groups| Layout::new(Shape::Conv { image, filters, window, groups }, 30, bound(12, 10), 1).unwrap();
        let (in_groups, in_one) = (layout(groups), layout(1));
        assert_eq!((in_groups.cost(), in_groups.geometry()), (in_one.cost(), in_one.geometry()));
        let kept = Weights::new(&in_groups, &vec![1; filters * image[0] / groups * 9]).unwrap();
        let Polynomials::Kept(kept) = kept.polynomials else { unreachable!("it is a small layer") };
        let [samples, channels, _] = in_groups.groups();
        let Geometry { channels: depth, filters: width, .. } = in_groups.geometry();
        for (place, polynomial) in kept.iter().enumerate() {
            let pairs = |size: usize, part: usize, whole: usize| part * size..((part + 1) * size).min(whole);
            let meet = pairs(width, place / channels, filters).any(|filter| {
                pairs(depth, place % channels, image[0])
                    .any(|channel| filter * groups / filters == channel * groups / image[0])
            });
            assert_eq!(polynomial.is_some(), meet, "{shape:?}, {place}");
        }
        assert_eq!(samples * kept.iter().flatten().count(), in_groups.multiplications());
        // Where polynomials hold channels of several groups, each group's last ones meet one more.
        let polynomials: usize = in_one.groups()[1..].iter().sum();
        let (most, least) =
            (in_one.multiplications() / groups + samples * polynomials, in_one.multiplications() / groups);
        let products = in_groups.multiplications();
        let most = most.min(in_one.multiplications());
        assert!((least..=most).contains(&products), "{shape:?}: {products} of {}", in_one.multiplications());
        fewer += usize::from(products * 2 <= in_one.multiplications());
    }
    assert_eq!(fewer, 8, "all layers but those of one group");
}

/// A layer of MobileNet with 1,024 channels, each seen by its own filter: 2^20 pairs of a channel and a filter, of which 1,024 meet.
#[test]
fn a_depthwise_layer_of_mobilenet_takes_as_many_products_as_channels() {
    let window = Window { size: [3, 3], stride: [1, 1], pads: [1; 4] };
    let shape = Shape::Conv { image: [1024, 7, 7], filters: 1024, window, groups: 1024 };
    let layout = Layout::new(shape, 36, bound(14, 12), 1).unwrap();
    let [samples, channels, filters] = layout.groups();
    assert!(layout.multiplications() <= 2 * samples * channels.max(filters), "{:?}", layout.geometry());
    assert!(layout.multiplications() * 64 <= samples * channels * filters, "{:?}", layout.geometry());
}

/// In KB an inference, with norms and rings as the design first guessed them.
#[test]
fn lenet_costs_what_the_design_says() {
    let kilobytes = |batch: usize| -> usize {
        let cost = |(shape, ring_bits)| {
            let LinearCost { client_bytes, server_bytes, .. } =
                Layout::new(shape, ring_bits, bound(18, 15), batch).unwrap().cost();
            client_bytes + server_bytes
        };
        lenet().into_iter().map(cost).sum::<usize>() / batch / 1000
    };
    assert_eq!([64, 1].map(kilobytes), [188, 885]);
}
