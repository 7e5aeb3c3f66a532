//! Triples of matrices, and several images at once: exact outputs, predicted bytes, and the cheats that only the sacrifice catches.

use super::{against, between, network, revealed};
use crate::conduct::{Act, Check, HONEST};
use crate::cost::{self, RETRY_BYTES};
use crate::failure::{Cheating, Failure};
use crate::field::element;
use crate::linear::Linear;
use crate::network::{Architecture, Holding, Triples};
use crate::online::values::Input;
use crate::party::Party;
use crate::soundness;
use fusion_2pc::role::Role;
use fusion_nn::model::Window;

/// Two filters of 3 by 3 on two images of 3 by 3, with padding.
const LAYER: Linear = Linear {
    groups: 1,
    filters: 2,
    depth: 1,
    size: [3; 2],
    window: Window { size: [3; 2], stride: [1; 2], pads: [1; 4] },
    output: [3; 2],
};

const IMAGES: usize = 2;

fn weights() -> Vec<i64> {
    (0..).map(|at| 5 * at - 31).take(LAYER.weights()).collect()
}

fn pixels() -> Vec<i64> {
    (0..).map(|at| at * at - 40).take(IMAGES * LAYER.inputs()).collect()
}

/// The layer's outputs on both images, as the client learns them. The server deviates online as given.
fn outputs(party: &mut Party, online: &'static [Act]) -> Result<Vec<i64>, Failure> {
    let made = party.prepare_matrices(&[LAYER], IMAGES)?;
    let is_client = party.role() == Role::Client;
    let of = |integers: Vec<i64>| integers.into_iter().map(element).collect::<Vec<u64>>();
    let (pixels, weights) = (of(pixels()), of(weights()));
    let x = party.enter(if is_client { Input::Own(&pixels) } else { Input::Peer(pixels.len()) })?;
    let w = party.enter(if is_client { Input::Peer(weights.len()) } else { Input::Own(&weights) })?;
    party.channel.conduct.acts = if is_client { &[] } else { online };
    let sums = party.multiply_matrices(&LAYER, &made[0], &w, &x)?;
    party.check()?;
    party.channel.conduct.acts = &[];
    revealed(party, &sums)
}

fn expected() -> Vec<i64> {
    let weights = weights();
    let of_image = |pixels: &[i64]| LAYER.apply(0, |sum, weight, at| sum + weights[weight] * pixels[at]);
    pixels().chunks_exact(LAYER.inputs()).flat_map(of_image).collect()
}

#[test]
fn a_wrong_triple_of_matrices_is_caught_by_its_sacrifice() {
    let run = |acts, omitted| against(acts, omitted, |party| outputs(party, &[]));
    assert_eq!(run(&[], &[]), Ok(expected()));
    let cheats: [&[Act]; 2] = [&[Act::MultipliesOtherwise], &[Act::PacksOtherwise]];
    for acts in cheats {
        assert_eq!(run(acts, &[]), Err(Cheating::Matrices.into()), "{acts:?}");
        let unnoticed = run(acts, &[Check::Matrices]).unwrap();
        assert_ne!(unnoticed, expected(), "{acts:?}");
    }
}

#[test]
fn a_wrong_opening_of_weights_is_caught_by_its_code() {
    let run = |omitted| against(&[], omitted, |party| outputs(party, &[Act::OpensWrongly]));
    assert_eq!(run(&[]), Err(Cheating::Mac.into()));
    assert_ne!(run(&[Check::Mac]).unwrap(), expected());
}

/// A convolution, pooling and two activations on real digits: every logit, no triple more than the count, and the predicted bytes.
#[test]
fn images_at_once_give_every_logit_by_triples_of_matrices() {
    let images = include_bytes!("../../../../examples/data/mnist_t1000-images-idx3-ubyte");
    let fixed = network(include_bytes!("../../../../examples/models/small_mnist.onnx"));
    let known = Architecture::of(&fixed).unwrap().by(Triples::Matrices).unwrap().at_once(IMAGES);
    let images = fusion_nn::idx::Images::parse(images).unwrap();
    let images = [3, 5].map(|at| images.get(at).unwrap().to_vec());
    let pixels: Vec<i64> = images.iter().flat_map(|image| known.pixels(image).unwrap()).collect();
    let run = |party: &mut Party| {
        let holding = if party.role() == Role::Client { Holding::Image(&pixels) } else { Holding::Network(&fixed) };
        let logits = party.infer(&known, holding)?;
        let meter = party.link().meter();
        let sent = [Role::Client, Role::Server].map(|role| meter.sent(role, None).bytes);
        Ok((logits, party.used(), sent, party.retries()))
    };
    let [client, server] = between([HONEST, HONEST], run);
    let (logits, used, sent, [client, of_server]) = client.unwrap();
    let of_images: Vec<i64> = images.iter().flat_map(|image| fixed.logits(image).unwrap()).collect();
    assert_eq!((logits, server.unwrap().0), (Some(of_images), None));
    let predicted = known.predicted();
    assert_eq!((used.triples, used.rejected), (predicted.triples, 0));
    let expected = predicted.set_up.plus(predicted.inference()).sent;
    assert_eq!(sent, [expected[0] + 33 * client + 16 * of_server, expected[1] + 33 * of_server + 16 * client]);
    assert_eq!(33 + 16, RETRY_BYTES);
}

/// The LeNet, without running it: the bytes that a run has sent, of which a part is chance (decision 30).
#[test]
fn triples_of_matrices_are_predicted_with_their_error() {
    let onnx = include_bytes!("../../../../examples/models/lenet_mnist_full.onnx");
    let by = |triples| Architecture::of(&network(onnx)).unwrap().by(triples).unwrap();
    let [elements, matrices] = Triples::ALL.map(|triples| by(triples).predicted());
    assert_eq!((elements.matrices, matrices.matrices), (0, 5));
    assert_eq!(elements.triples - matrices.triples, elements.products);
    let terms = soundness::terms(&matrices);
    assert_eq!(terms.len(), soundness::terms(&elements).len() + 1);
    assert!(terms.iter().all(|term| term.times > 0 && term.each > 0));
    assert!(soundness::bound(&terms) < rug::Rational::from((1, 1_u64 << 43)));
    // Measured, with every proof given at once: decision 30.
    assert_eq!(matrices.offline.sent, [338_367_273, 341_099_305]);
    assert_eq!(matrices.online.sent, [9_992_317, 10_464_463]);
    let made = |images| cost::matrices(&by(Triples::Matrices).matrices(), images).unwrap();
    let [one, many] = [1, 16].map(made);
    // Answers a party: the products with packed inputs, and those with keys.
    assert_eq!((one.answers, one.proofs), (23, 2));
    assert!(many.cost.bytes() < 16 * one.cost.bytes() / 4, "{many:?}");
}
