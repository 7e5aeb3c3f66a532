//! Layers whose weights are encrypted, against the plaintext sums and against what they are to cost.

use super::super::{Linear, LinearLayer, Shape, layouts};
use super::*;
use crate::he::parameters::Bound;
use crate::random::uniform;
use crate::role::Role;
use crate::wire::clock::LinkSpeed;
use fusion_nn::model::Window;

/// The convolutions of LeNet-5, a stride, groups, and matrices of the greatest rings and of few outputs.
fn shapes() -> [(Shape, u32); 6] {
    let window = |pad, stride| Window { size: [5, 5], stride: [stride; 2], pads: [pad; 4] };
    [
        (Shape::Conv { image: [1, 28, 28], filters: 6, window: window(2, 1), groups: 1 }, 24),
        (Shape::Conv { image: [6, 14, 14], filters: 16, window: window(0, 1), groups: 1 }, 37),
        (Shape::Conv { image: [3, 11, 9], filters: 2, window: window(1, 2), groups: 1 }, 30),
        (Shape::Conv { image: [6, 11, 9], filters: 9, window: window(1, 2), groups: 3 }, 30),
        (Shape::Gemm { inputs: 400, outputs: 120 }, 41),
        (Shape::Gemm { inputs: 5, outputs: 3 }, 38),
    ]
}

fn packed(shape: Shape, ring_bits: u32, batch: usize, slots: u64) -> Layout {
    let layer = LinearLayer { shape, ring_bits, bound: Bound { sum_bits: 20, root_bits: 18 }, choice_bits: 0 };
    layouts(&[layer], batch, slots, Linear::Weights).expect("parameters hold it").remove(0)
}

/// Both parties with a layer's weights encrypted, and the client's link.
fn sent(placed: Placed<'_>, weights: &[i64]) -> (EncryptedNetwork, OwnedNetwork, Link) {
    let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
    std::thread::scope(|scope| {
        let owned = scope.spawn(move || send_network(&mut far, &Seed([1; 32]), &[(placed, weights)]));
        let network = receive_network(&mut near, &Seed([2; 32]), &[placed]).expect("both are honest");
        (network, owned.join().expect("no panic").expect("both are honest"), near)
    })
}

/// A batch: both parties' shares, and the client's link.
fn run(placed: Placed<'_>, held: &(EncryptedNetwork, OwnedNetwork, Link), x0: &[u64]) -> ([Vec<u64>; 2], Link) {
    let (network, owned, _) = held;
    let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
    let mut rng = Seed([3; 32]).stream();
    let y0 = uniform(&mut rng, placed.layout.ring_bits(), placed.layout.outputs());
    multiply(&mut near, network, placed, [x0, &y0], &mut rng).expect("it only sends");
    let y1 = decrypt(&mut far, owned, placed.layout).expect("as it was sent");
    ([y0, y1], near)
}

/// Random shares, and the least and the greatest of a ring, in batches of several sizes on one encryption of the weights; and the bytes on the meter, of the batch and of the network.
#[test]
fn layers_are_exact_and_cost_what_is_said() {
    let mut rng = Seed([4; 32]).stream();
    for (shape, ring_bits) in shapes() {
        let layout = packed(shape, ring_bits, 16, 64);
        let count = layout.layer().weights() * layout.layer().filters;
        let weights: Vec<i64> =
            uniform(&mut rng, 9, count).into_iter().map(|weight| weight.cast_signed() - 256).collect();
        let held = sent(Placed { step: 3, layout: &layout }, &weights);
        let meter = held.2.meter();
        let bytes = [Role::Client, Role::Server].map(|role| meter.sent(role, None).bytes);
        assert_eq!(bytes, network_cost(&[Placed { step: 3, layout: &layout }]));
        let half = 1 << (ring_bits - 1);
        for (batch, edge) in [(16, None), (1, Some(half)), (5, Some(half - 1))] {
            let layout = layout.with_batch(batch);
            let x0 = edge.map_or_else(|| uniform(&mut rng, ring_bits, layout.inputs()), |x| vec![x; layout.inputs()]);
            let ([y0, y1], link) = run(Placed { step: 3, layout: &layout }, &held, &x0);
            let y = y0.iter().zip(&y1).map(|(y0, y1)| (y0 + y1) & mask(ring_bits));
            let start = vec![0; layout.layer().filters];
            assert!(y.eq(layout.clear(&weights, &start, &x0)), "{shape:?}, {batch}, {:?}", layout.geometry());
            let [client, server] = [Role::Client, Role::Server].map(|role| link.meter().sent(role, None));
            let cost = layout.cost();
            assert_eq!((client.bytes, server.bytes), (cost.client_bytes, cost.server_bytes));
            assert_eq!(client.messages + server.messages, cost.messages);
        }
    }
}

/// Bytes of another length halt where they are received; any of the right length are a network, and a product.
#[test]
fn bytes_of_a_peer_end_in_an_answer_or_a_halt() {
    let (shape, ring_bits) = shapes()[5];
    let layout = packed(shape, ring_bits, 2, 2);
    let placed = Placed { step: 0, layout: &layout };
    let [_, all] = network_cost(&[placed]);
    let zeros = shared_bytes(layout.geometry().parameters, 1, layout.groups()[2]);
    let mut held = sent(placed, &[1; 15]);
    for byte in [0, 0xFF, 0xA5] {
        let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
        far.send(vec![byte; zeros]).unwrap();
        far.send(vec![byte; all - zeros]).unwrap();
        held.0 = receive_network(&mut near, &Seed([2; 32]), &[placed]).unwrap();
        let ([y0, y1], _) = run(placed, &held, &[9; 10]);
        assert!(y0.iter().chain(&y1).all(|&y| y <= mask(ring_bits)));
        near.send(vec![byte; layout.cost().client_bytes]).unwrap();
        assert_eq!(far.receive(SEED_BYTES).map(|seed| seed.len()), Ok(SEED_BYTES));
        assert!(decrypt(&mut far, &held.1, &layout).unwrap().iter().all(|&y| y <= mask(ring_bits)));
    }
    let malformed = |halt: Option<Halt>, at: &'static str| {
        assert!(matches!(&halt, Some(Halt::Malformed { step, .. }) if *step == at.into()), "{halt:?}");
    };
    for (first, second) in [(zeros - 1, all - zeros), (zeros, all - zeros + 1)] {
        let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
        far.send(vec![0; first]).unwrap();
        far.send(vec![0; second]).unwrap();
        malformed(receive_network(&mut near, &Seed([2; 32]), &[placed]).err(), "network");
    }
    let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
    near.send(vec![0; SEED_BYTES + 1]).unwrap();
    malformed(send_network(&mut far, &Seed([1; 32]), &[(placed, &[1; 15])]).err(), "network");
    let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
    near.send(Vec::new()).unwrap();
    malformed(decrypt(&mut far, &held.1, &layout).err(), "product");
}

/// The attack of decision 22, step by step: a server that encrypts half a step more than one weight gets the lowest bit of the client's share of that input, in every sample: below the mask
/// and above the flooding. All other outputs are right. Of this one the server has no right share, as it is off by the other bits of that share, which it does not know.
#[test]
fn a_server_that_encrypts_other_numbers_reads_shares() {
    const INPUTS: usize = 49;
    const RING_BITS: u32 = 30;
    let (input, output) = (17, 3);
    let layout = packed(Shape::Gemm { inputs: INPUTS, outputs: 16 }, RING_BITS, 4, 4);
    let placed = Placed { step: 0, layout: &layout };
    let mut rng = Seed([5; 32]).stream();
    let weights: Vec<i64> = uniform(&mut rng, 9, 16 * INPUTS).iter().map(|weight| weight.cast_signed() - 256).collect();
    let mut halves: Vec<i64> = weights.iter().map(|weight| 2 * weight).collect();
    halves[output * INPUTS + input] += 1;
    let (near, owned) = encrypted_in_halves(&layout, &halves);
    let x0 = uniform(&mut rng, RING_BITS, layout.inputs());
    let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
    let y0 = uniform(&mut rng, RING_BITS, layout.outputs());
    multiply(&mut client, &near, placed, [&x0, &y0], &mut rng).unwrap();
    let message = server.receive(layout.cost().client_bytes).unwrap();
    let mut unpacker = Unpacker::new(&message);
    let [_, channels, filters] = layout.groups();
    assert_eq!((channels, filters), (1, 1), "one product for all outputs of a group of samples");
    let start = vec![0; 16];
    let exact = layout.clear(&weights, &start, &x0);
    for group in 0..layout.groups()[0] {
        let products: Vec<(usize, usize)> = layout.products(group, 0).collect();
        let places = std::iter::once(products.iter().map(|(coefficient, _)| *coefficient).collect());
        let finer = (layout.geometry().response, RING_BITS + 1);
        let values = owned.decrypt(layout.rings(), finer, &mut unpacker, places).remove(0);
        for ((_, index), value) in products.into_iter().zip(values) {
            let (sample, place) = (index / 16, index % 16);
            let x = x0[sample * INPUTS + input];
            let read = if place == output { x & 1 } else { 0 };
            assert_eq!(value & 1, read, "sample {sample}, output {place}");
            if place != output {
                assert_eq!((value >> 1).wrapping_add(y0[index]) & mask(RING_BITS), exact[index]);
            }
        }
    }
}

/// A network of one layer, its weights given in halves, as the client holds it, and the server's secrets.
fn encrypted_in_halves(layout: &Layout, halves: &[i64]) -> (EncryptedNetwork, Owner) {
    let (ring, parameters) = (&layout.rings().outer, layout.geometry().parameters);
    let mut rng = Seed([6; 32]).stream();
    let owner = Owner::new(layout.rings(), 1, &Seed([7; 32]));
    let word = |weight: i64| weight.cast_unsigned() & mask(layout.ring_bits() + 1);
    let polynomial = layout.weight(halves, 0, 0).into_iter().map(word).collect();
    let mut uniform = uniform_halves(ring, &Seed([8; 32]));
    let [alpha, a] = [(); 2].map(|()| uniform.next().unwrap());
    let mut packer = Packer::default();
    owner.encrypt_zero(ring, &alpha, &mut rng, &mut packer);
    owner.encrypt(ring, &a, (std::iter::once(polynomial), layout.ring_bits() + 1), &mut rng, &mut packer);
    let message = packer.finish();
    let mut unpacker = Unpacker::new(&message);
    let [zero, weights] = [alpha, a].map(|a| Shared::read(ring, a, 1, &mut unpacker));
    let key = Placed { step: 0, layout }.key();
    (EncryptedNetwork { zeros: [(parameters, zero)].into(), layers: vec![(key, vec![weights])] }, owner)
}
