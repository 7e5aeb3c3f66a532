//! Both parties on two threads: honest runs, and every deviation with and without the check that catches it.
//!
//! Every seed is fixed, so that no test is random. A run with other seeds would fail by chance with a probability below `2^-40` a test, where it does not say otherwise.

use crate::conduct::{Act, Check, Conduct, HONEST};
use crate::failure::{Cheating, Failure};
use crate::field::{self, element, integer};
use crate::lowgear::keys::Job;
use crate::lowgear::parameters::DEGREE;
use crate::online::values::Input;
use crate::party::Party;
use crate::share::Share;
use fusion_2pc::random::{Seed, Simulated};
use fusion_2pc::role::Role;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::{Halt, Link};

mod cheats;
mod matrices;

type Both<T> = [Result<T, Failure>; 2];

/// What each party's computation gives, the client's first, where each conducts itself in some way.
fn between<T: Send>(conducts: [Conduct; 2], run: impl Fn(&mut Party) -> Result<T, Failure> + Sync) -> Both<T> {
    let (client, server) = Link::pair(LinkSpeed::LAN);
    let [of_client, of_server] = conducts;
    let play = |link: Link, conduct: Conduct, seed: u8| {
        let mut party = Party::set_up(link, Simulated(Seed([seed; 32])), conduct)?;
        run(&mut party)
    };
    std::thread::scope(|scope| {
        let server = scope.spawn(|| play(server, of_server, 2));
        let client = play(client, of_client, 1);
        [client, server.join().unwrap()]
    })
}

/// The client is honest, but for a check that it leaves out, and the server deviates.
fn against<T: Send>(
    acts: &'static [Act],
    omitted: &'static [Check],
    run: impl Fn(&mut Party) -> Result<T, Failure> + Sync,
) -> Result<T, Failure> {
    let client = Conduct { omitted, ..HONEST };
    let [client, _] = between([client, Conduct::deviating(acts)], run);
    client
}

/// Enters integers of the client.
fn entered(party: &mut Party, integers: &[i64]) -> Result<Vec<Share>, Failure> {
    let elements: Vec<u64> = integers.iter().map(|&x| element(x)).collect();
    party.enter(if party.role() == Role::Client { Input::Own(&elements) } else { Input::Peer(elements.len()) })
}

/// What the client learns, as integers; nothing for the server.
fn revealed(party: &mut Party, shares: &[Share]) -> Result<Vec<i64>, Failure> {
    Ok(party.reveal(Role::Client, shares)?.into_iter().flatten().map(integer).collect())
}

#[test]
fn honest_parties_compute_exactly() {
    const VALUES: [i64; 8] = [0, 1, -1, 5000, -4097, 8191, -8192, 77];
    let run = |party: &mut Party| {
        let x = entered(party, &VALUES)?;
        let squares = party.multiply(&x.iter().map(|&x| (x, x)).collect::<Vec<_>>())?;
        let outputs = [
            squares,
            party.not_negative(&x, 14)?,
            party.relu(&x, 14, 3)?,
            party.relu(&x, 14, 0)?,
            party.truncate(&x, 14, 5)?,
            party.random_bits(64)?,
        ];
        let opened = revealed(party, &outputs.concat())?;
        assert!(party.opened.is_empty());
        Ok((opened, party.link().meter().clone()))
    };
    let [client, server] = between([HONEST, HONEST], run);
    let ((outputs, meter), (nothing, other)) = (client.unwrap(), server.unwrap());
    assert!(nothing.is_empty());
    assert_eq!(meter.sent(Role::Client, None), other.sent(Role::Client, None));
    let columns: Vec<&[i64]> = outputs.chunks(VALUES.len()).collect();
    assert_eq!(columns[0], VALUES.map(|x| x * x));
    assert_eq!(columns[1], VALUES.map(|x| i64::from(x >= 0)));
    assert_eq!(columns[2], VALUES.map(|x| x.max(0) >> 3));
    assert_eq!(columns[3], VALUES.map(|x| x.max(0)));
    assert_eq!(columns[4], VALUES.map(|x| x >> 5));
    let bits = &outputs[40..];
    assert!(bits.iter().all(|bit| [0, 1].contains(bit)));
    // 64 fair bits have fewer than 8 or more than 56 ones with a probability below 2^-30.
    assert!((8..=56).contains(&bits.iter().sum::<i64>()));
}

/// The product of 3 and 5, where the server deviates in the product and its check only. Where triples were made wrongly, it is of the wrong one.
fn product(party: &mut Party, acts: &'static [Act]) -> Result<Vec<i64>, Failure> {
    party.prepare_triples(1)?;
    let last = party.triples.len() - 1;
    party.triples.swap(4, last);
    let x = entered(party, &[3, 5])?;
    party.channel.conduct.acts = if party.role() == Role::Server { acts } else { &[] };
    let share = party.multiply(&[(x[0], x[1])])?;
    party.check()?;
    party.channel.conduct.acts = &[];
    revealed(party, &share)
}

#[test]
fn a_wrong_opening_is_caught_by_its_code_and_a_late_one_by_its_commitment() {
    let wrong = |acts, omitted| against(&[], omitted, move |party| product(party, acts));
    assert_eq!(wrong(&[], &[]), Ok(vec![15]));
    assert_eq!(wrong(&[Act::OpensWrongly], &[]), Err(Cheating::Mac.into()));
    // 1 more in place of 3 minus a mask, and 5 as it is.
    assert_eq!(wrong(&[Act::OpensWrongly], &[Check::Mac]), Ok(vec![20]));
    let late = &[Act::OpensWrongly, Act::OpensLate];
    assert_eq!(wrong(late, &[]), Err(Cheating::Commitment.into()));
    assert_eq!(wrong(late, &[Check::Commitment]), Ok(vec![20]), "its code does not catch it");
}

/// A mask with a bit that is another number would show what is opened under it. Wrong openings are caught by their codes before any square is looked at.
#[test]
fn wrong_openings_are_caught_before_a_mask_is_used() {
    let caught = against(&[], &[], |party| {
        party.prepare_triples(1)?;
        party.take_triples(1)?;
        party.channel.conduct.acts = if party.role() == Role::Server { &[Act::OpensWrongly] } else { &[] };
        party.masks(1, 8).map(drop)
    });
    assert_eq!(caught, Err(Cheating::Mac.into()));
}

/// The server checks what the client opened before it opens the client's output, and after that it takes part in nothing more.
#[test]
fn a_party_that_caught_its_peer_opens_nothing_more() {
    let client = Conduct { omitted: &[Check::Mac], ..HONEST };
    let [_, server] = between([client, HONEST], |party| {
        party.prepare_masks([3, 0])?;
        party.prepare_triples(1)?;
        let x = entered(party, &[3, 5])?;
        party.channel.conduct.acts = if party.role() == Role::Client { &[Act::OpensWrongly] } else { &[] };
        let product = party.multiply(&[(x[0], x[1])])?;
        party.channel.conduct.acts = &[];
        let messages = |party: &Party| party.link().meter().sent(party.role(), None).messages;
        let before = messages(party);
        let ended = party.reveal(Role::Client, &product).err();
        // A coin and its opening, a sum of codes and its opening.
        let sent = messages(party) - before;
        Ok((ended, sent, party.reveal(Role::Client, &product).is_err()))
    });
    assert_eq!(server, Ok((Some(Cheating::Mac.into()), 4, true)));
}

#[test]
fn a_wrong_triple_is_caught_by_its_sacrifice() {
    let wrong = |omitted| against(&[Act::MultipliesOtherwise], omitted, |party| product(party, &[]));
    assert_eq!(wrong(&[]), Err(Cheating::Sacrifice.into()));
    let unnoticed = wrong(&[Check::Sacrifice]).unwrap();
    assert_ne!(unnoticed, [15]);
}

/// The client enters a secret under a mask that the server authenticated by its key plus 1. The server guesses the secret, and takes off what is then wrong with the code: the
/// client is content exactly where the guess is right.
fn guessed(party: &mut Party, secret: i64, guess: i64) -> Result<Vec<i64>, Failure> {
    party.prepare_masks([1, 0])?;
    let last = party.masks[0].len() - 1;
    party.masks[0].swap(4, last);
    let before = party.masks[0][last].0.code;
    let mut x = entered(party, &[secret])?;
    if party.role() == Role::Server {
        let difference = field::mul(field::sub(x[0].code, before), field::inverse(*party.alpha));
        let mask = field::sub(element(guess), difference);
        x[0].code = field::sub(x[0].code, mask);
    }
    revealed(party, &x)
}

#[test]
fn a_code_under_another_key_is_caught_before_it_tells_a_secret() {
    let guess = |omitted, guess| against(&[Act::OtherKey], omitted, move |party| guessed(party, 1, guess));
    for value in [0, 1] {
        assert_eq!(guess(&[], value), Err(Cheating::Authentication.into()), "whatever is guessed");
    }
    assert_eq!(guess(&[Check::Authentication], 1), Ok(vec![1]));
    assert_eq!(guess(&[Check::Authentication], 0), Err(Cheating::Mac.into()), "the secret is not 0");
}

/// The client multiplies what the server has encrypted, which is 0, by a factor. Returns the client's factor, and what the server reads of it in the noise: the signs of its coefficients.
fn noise(party: &mut Party) -> Result<Vec<bool>, Failure> {
    let Party { channel, keys, .. } = party;
    let zeros = vec![0; DEGREE];
    if channel.link.role() == Role::Server {
        keys.exchange_proven(channel, &[&zeros], 0)?;
        let answer = channel.link.receive(crate::lowgear::scheme::answer_bytes(1))?;
        let phases = keys.rings.phases(&keys.secret, &mut fusion_2pc::bits::Unpacker::new(&answer));
        return Ok(phases.iter().map(|phase| phase.wrapping_mul(field::PRIME.into()).cast_signed() < 0).collect());
    }
    let ciphertexts = keys.exchange_proven(channel, &[], 1)?;
    let slots: Vec<u64> = (0..DEGREE).map(|_| field::uniform(&mut channel.rng)).collect();
    let factor = keys.rings.factor(&slots);
    keys.exchange_products(channel, &[Job { ciphertext: &ciphertexts[0], factor: &factor }], 0)?;
    Ok(keys.rings.slots.encode(&slots).iter().map(|&coefficient| coefficient < 0).collect())
}

#[test]
fn large_noise_that_shows_a_factor_is_caught_by_its_proof() {
    let agreeing = |acts, omitted| {
        let server = Conduct { acts, omitted: &[] };
        let [client, server] = between([Conduct { omitted, ..HONEST }, server], noise);
        let (own, read) = (client?, server?);
        Ok(own.iter().zip(&read).filter(|(own, read)| own == read).count())
    };
    assert_eq!(agreeing(&[Act::LargeNoise], &[]), Err(Failure::from(Cheating::Proof)));
    let unnoticed = agreeing(&[Act::LargeNoise], &[Check::Proof]).unwrap();
    assert!(unnoticed > DEGREE * 3 / 4, "{unnoticed}");
    // Half of 16,384, and no more than 500 from it but with a probability below 2^-43.
    let honest = agreeing(&[], &[]).unwrap();
    assert!(honest.abs_diff(DEGREE / 2) < 500, "{honest}");
}

/// A key with noise of `2^162` in a coefficient, so that whatever is encrypted under it shows what it is multiplied by.
#[test]
fn a_malformed_key_is_caught_by_its_proof() {
    let key = |omitted| against(&[Act::LargeKey], omitted, |_| Ok(()));
    assert_eq!(key(&[]), Err(Cheating::Proof.into()));
    assert_eq!(key(&[Check::Proof]), Ok(()), "nothing else catches it");
}

/// Bytes that no honest server sends, in place of any message of its own.
#[test]
fn no_bytes_of_a_peer_panic() {
    use fusion_2pc::wire::hook::{Conduct as Sent, Deviation};
    use fusion_2pc::wire::meter::Message;
    struct Garbled(usize, u8);
    impl Deviation for Garbled {
        fn message(&mut self, _message: &Message, payload: &[u8]) -> Sent {
            self.0 = self.0.wrapping_sub(1);
            if self.0 == 0 { Sent::Replace(vec![self.1; payload.len()]) } else { Sent::Send }
        }
    }
    for (at, byte) in [(1, 0), (2, 255), (3, 255), (4, 255), (5, 255), (6, 255), (7, 255)] {
        let (client, mut server) = Link::pair(LinkSpeed::LAN);
        server.deviate(Box::new(Garbled(at, byte)));
        let play = |link, seed| Party::new(link, Simulated(Seed([seed; 32]))).map(drop).map_err(Failure::from);
        let client = std::thread::scope(|scope| {
            scope.spawn(|| play(server, 2));
            play(client, 1)
        });
        let caught = matches!(
            &client,
            Err(Failure::Cheating(_) | Failure::Halt(Halt::PeerGone { .. } | Halt::Malformed { .. }))
        );
        // The fifth is its challenge, which may be any bytes.
        assert!(if at == 5 { client.is_ok() } else { caught }, "message {at}: {client:?}");
    }
}

/// Triples and masks as a trusted dealer gives them, under a key that is 8.
fn deal(party: &mut Party, triples: usize) {
    let mut rng = Seed([9; 32]).stream();
    let is_client = party.role() == Role::Client;
    *party.alpha = if is_client { 3 } else { 5 };
    let mut split = |whole: u64| {
        let first = field::uniform(&mut rng);
        if is_client { first } else { field::sub(whole, first) }
    };
    let mut share = |value: u64| Share { value: split(value), code: split(field::mul(8, value)) };
    let mut values = Seed([8; 32]).stream();
    let mut triple = || {
        let [a, b] = std::array::from_fn(|_| field::uniform(&mut values));
        crate::share::Triple { a: share(a), b: share(b), c: share(field::mul(a, b)) }
    };
    party.triples.extend(std::iter::repeat_with(&mut triple).take(triples));
    for (role, masks) in [Role::Client, Role::Server].into_iter().zip(&mut party.masks) {
        let known = |mask: u64| if party.channel.link.role() == role { mask } else { 0 };
        masks.extend([11, 12, 13].map(|mask| (share(mask), known(mask))));
    }
}

/// Bytes that no honest server sends, in place of any message of its own online: nothing panics, and the client ends with an error, but where the server so enters another number.
#[test]
fn no_bytes_of_a_peer_panic_online() {
    use fusion_2pc::wire::hook::{Conduct as Sent, Deviation};
    use fusion_2pc::wire::meter::{Message, Phase};
    struct Garbled(usize);
    impl Deviation for Garbled {
        fn message(&mut self, message: &Message, payload: &[u8]) -> Sent {
            if message.phase != Phase::Online {
                return Sent::Send;
            }
            self.0 = self.0.wrapping_sub(1);
            if self.0 == 0 { Sent::Replace(payload.iter().map(|byte| byte ^ 0x5a).collect()) } else { Sent::Send }
        }
    }
    let play = |link: Link, seed: u8| {
        let mut party = Party::new(link, Simulated(Seed([seed; 32])))?;
        deal(&mut party, 900);
        let is_client = party.role() == Role::Client;
        let x = entered(&mut party, &[3])?;
        let y = party.enter(if is_client { Input::Peer(1) } else { Input::Own(&[5]) })?;
        let product = party.multiply(&[(x[0], y[0])])?;
        let rectified = party.relu(&product, 6, 1)?;
        let logits = revealed(&mut party, &rectified)?;
        Ok::<_, Failure>((logits, party.link().meter().sent(Role::Server, Some(Phase::Online)).messages))
    };
    let run = |at: usize| {
        let (client, mut server) = Link::pair(LinkSpeed::LAN);
        server.deviate(Box::new(Garbled(at)));
        std::thread::scope(|scope| {
            let server = scope.spawn(move || play(server, 2));
            let client = play(client, 1);
            assert!(server.join().is_ok(), "message {at}: the server panics");
            client
        })
    };
    let (logits, messages) = run(0).unwrap();
    assert_eq!(logits, [7]);
    // The first enters a number. Every third of the others: set-ups take most of the time.
    assert!(run(1).is_ok_and(|(logits, _)| logits != [7]) || run(1).is_err());
    for at in (2..=messages).step_by(3) {
        let caught = run(at);
        assert!(matches!(caught, Err(Failure::Cheating(_) | Failure::Halt(_))), "message {at}: {caught:?}");
    }
}

/// The model is exact; what chance adds is counted.
#[test]
fn the_model_of_costs_is_exact() {
    use crate::cost::{self, RETRY_BYTES, bytes_of_a_product, product_bytes};
    use fusion_2pc::wire::meter::Phase;
    let run = |party: &mut Party| {
        let made = cost::set_up().plus(cost::triples(1)).plus(cost::masks([0, 1]));
        party.prepare_triples(1)?;
        party.prepare_masks([0, 1])?;
        let rounds = party.link().meter().rounds() as usize;
        let pair = party.triples[0];
        party.multiply(&[(pair.a, pair.b); 7])?;
        let meter = party.link().meter();
        let sent = |phase| [Role::Client, Role::Server].map(|role| meter.sent(role, phase).bytes);
        let [client, server] = sent(None);
        let retries = RETRY_BYTES * party.retries().iter().sum::<usize>();
        assert_eq!(client + server, made.bytes() + product_bytes(7) + retries);
        assert_eq!(sent(Some(Phase::Online)).iter().sum::<usize>(), product_bytes(7), "what depends on inputs");
        if retries == 0 {
            let [client, server] = made.sent.map(|bytes| bytes + product_bytes(7) / 2);
            assert_eq!(sent(None), [client, server]);
        }
        assert!((made.rounds - 2..=made.rounds + 3 * retries).contains(&rounds), "{rounds} of {}", made.rounds);
        Ok(())
    };
    for party in between([HONEST, HONEST], run) {
        party.unwrap();
    }
    // Eight sets at a time; 1,920 bytes are what a cost table of MP-SPDZ has for LowGear at 8 bytes an element, without the 32 of the product.
    let bytes = bytes_of_a_product(8);
    assert!((1055.0..1065.0).contains(&bytes), "{bytes}");
}

pub(crate) fn network(onnx: &[u8]) -> fusion_nn::fixed::FixedModel {
    use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
    let model = fusion_nn::model::Model::from_onnx(onnx).unwrap();
    FixedModel::new(&model, Precision { frac_bits: 12, ring: Ring::Auto }, Pixels { scale: 1.0 / 255.0, offset: 0.0 })
        .unwrap()
}

/// The LeNet, without running it: the bytes and rounds that a run has sent, of which a part is chance.
#[test]
fn an_inference_is_predicted_by_its_architecture() {
    use crate::{cost::RETRY_BYTES, network::Architecture, soundness};
    let onnx = include_bytes!("../../../examples/models/lenet_mnist_full.onnx");
    let predicted = Architecture::of(&network(onnx)).unwrap().predicted();
    assert_eq!((predicted.products, predicted.triples), (406_656, 1_011_761));
    let all = predicted.set_up.plus(predicted.inference());
    // Measured: decision 23.
    let chance = 1_091_978_640 - all.bytes();
    assert_eq!(chance % RETRY_BYTES, 0);
    assert!(chance <= 64 * RETRY_BYTES, "{chance}");
    assert!((450..=470).contains(&all.rounds), "{}", all.rounds);
    let terms = soundness::terms(&predicted);
    let bound = soundness::bound(&terms);
    assert!(terms.iter().all(|term| term.times > 0 && term.each > 0 && term.total() < bound));
    assert!(bound < rug::Rational::from((1, 1_u64 << 40)), "{bound}");
}

/// A convolution, pooling and two activations on a real digit: every logit, and no triple more than the count.
#[test]
fn a_network_gives_every_logit() {
    use crate::network::{Architecture, Holding};
    let images = include_bytes!("../../../examples/data/mnist_t1000-images-idx3-ubyte");
    let fixed = network(include_bytes!("../../../examples/models/small_mnist.onnx"));
    let known = Architecture::of(&fixed).unwrap();
    let image = fusion_nn::idx::Images::parse(images).unwrap().get(3).unwrap().to_vec();
    let pixels = known.pixels(&image).unwrap();
    let run = |party: &mut Party| {
        let holding = if party.role() == Role::Client { Holding::Image(&pixels) } else { Holding::Network(&fixed) };
        let logits = party.infer(&known, holding)?;
        let meter = party.link().meter();
        let retries = party.retries();
        let sent = [Role::Client, Role::Server].map(|role| meter.sent(role, None).bytes);
        Ok((logits, party.used(), (sent, meter.rounds() as usize, retries)))
    };
    let [client, server] = between([HONEST, HONEST], run);
    let ((logits, used, (sent, rounds, retries)), (nothing, ..)) = (client.unwrap(), server.unwrap());
    assert_eq!((logits, nothing), (Some(fixed.logits(&image).unwrap()), None));
    assert_eq!((used.triples, used.rejected), (known.triples(), 0));
    let predicted = known.predicted();
    let expected = predicted.set_up.plus(predicted.inference());
    let [client, server] = retries;
    assert_eq!(
        sent,
        [expected.sent[0] + 33 * client + 16 * server, expected.sent[1] + 33 * server + 16 * client,],
        "an attempt is a commitment with a byte, and a challenge"
    );
    let again = 3 * (client + server);
    assert!((expected.rounds..=expected.rounds + again).contains(&rounds), "{rounds} of {}", expected.rounds);
}
