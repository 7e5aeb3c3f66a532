//! Layers whose weights are encrypted, against the plaintext sums and against what they are to cost.

use super::super::{Linear, LinearLayer, Shape, layouts};
use super::*;
use crate::he::parameters::Bound;
use crate::random::uniform;
use crate::role::Role;
use crate::wire::clock::LinkSpeed;
use fusion_nn::model::Window;

/// The convolutions of LeNet-5, a stride, and matrices of the greatest rings and of few outputs.
fn shapes() -> [(Shape, u32); 5] {
    let window = |pad, stride| Window { size: [5, 5], stride: [stride; 2], pads: [pad; 4] };
    [
        (Shape::Conv { image: [1, 28, 28], filters: 6, window: window(2, 1) }, 24),
        (Shape::Conv { image: [6, 14, 14], filters: 16, window: window(0, 1) }, 37),
        (Shape::Conv { image: [3, 11, 9], filters: 2, window: window(1, 2) }, 30),
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
    let (shape, ring_bits) = shapes()[4];
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

/// The server's shares are as random as any, whatever the client's inputs: of `n` fair bits the ones are out of the bounds with probability below `2 exp(-2 t^2 / n)` (Hoeffding), here `10^-9` for
/// both bits. Without masks they would be `W x0`, which is 0 for shares of 0.
#[test]
fn shares_of_a_product_are_uniform() {
    let (shape, ring_bits) = shapes()[1];
    let layout = packed(shape, ring_bits, 16, 64);
    let placed = Placed { step: 0, layout: &layout };
    let weights = vec![1; layout.layer().weights() * layout.layer().filters];
    let held = sent(placed, &weights);
    let ([_, y1], _) = run(placed, &held, &vec![0; layout.inputs()]);
    let count = f64::from(u32::try_from(y1.len()).unwrap());
    let most = (count / 2.0 * 4e9_f64.ln()).sqrt();
    for bit in [0, ring_bits - 1] {
        let ones = y1.iter().filter(|&y| y >> bit & 1 == 1).count();
        assert!((f64::from(u32::try_from(ones).unwrap()) - count / 2.0).abs() < most, "bit {bit}: {ones} of {count}");
    }
}
