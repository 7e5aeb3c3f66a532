use super::*;
use crate::bits::{Packer, Unpacker};
use crate::ot::offer::offer_bytes;
use crate::ot::one_of_two::Setup;
use crate::ot::testing::both;
use crate::ot::{Checks, Setup as PadSetup, softspoken};
use crate::random::{Seed, uniform};
use crate::wire::link::Link;
use std::collections::BTreeSet;

/// More transfers than rows of one message, so that every message of an extension is changed alike.
const COUNT: usize = softspoken::CHUNK + 5;

/// How many of the messages that a receiver chooses it gets, as it guesses in a session with this sender.
fn right([sends, receives]: &[Setup; 2], count: usize, guess: Guess) -> usize {
    let session = Seed([u8::try_from(guess.part).unwrap(); 32]).child(&guess.value.to_string());
    let messages = uniform(&mut Seed([8; 32]).stream(), 64, 2 * count);
    let choices: Vec<u8> = uniform(&mut Seed([9; 32]).stream(), 1, count).iter().map(|&bit| bit as u8).collect();
    let sent = |link: &mut Link| {
        let heard = sends.session(&session, [count, 0]).sender.hear(link, count).unwrap();
        let mut masked = Packer::default();
        heard.offer(0..count, (2, 64), &mut masked, |at, value| messages[2 * at + value]);
        link.send(masked.finish()).unwrap();
    };
    let taken = |link: &mut Link| {
        let ways = receives.session(&session, [0, count]).guessing(guess);
        let mut receiver = ways.receiver;
        let asked = receiver.ask(link, choices.clone()).unwrap();
        asked.take(0..count, (2, 64), &mut Unpacker::new(&link.receive(offer_bytes(count, 2, 64)).unwrap()))
    };
    let ((), taken) = both(sent, taken);
    let expected = choices.iter().enumerate().map(|(at, choice)| messages[2 * at + usize::from(*choice)]);
    taken.into_iter().zip(expected).filter(|(taken, expected)| taken == expected).count()
}

fn setups(extension: Extension) -> [Setup; 2] {
    let run = |seed| move |link: &mut Link| Setup::run(link, &Seed([seed; 32]), extension).unwrap();
    both(run(1), run(2)).into()
}

/// By chance a pad of 64 bits is right once in `2^64`.
fn assert_told(setups: &[Setup; 2], extension: Extension, count: usize, guess: Guess) -> bool {
    let holds = Parts::of(extension).holds(setups[0].correlation(), guess);
    assert_eq!(right(setups, count, guess), if holds { count } else { 0 }, "{extension:?} {guess:?}");
    holds
}

#[test]
fn every_bit_of_a_correlation_by_columns_is_told_by_one_session() {
    let setups = setups(Extension::Iknp);
    let parts = Parts::of(Extension::Iknp);
    assert_eq!((parts.count, parts.values()), (128, 2));
    for part in 0..parts.count {
        let told = [0, 1].map(|value| assert_told(&setups, Extension::Iknp, 9, Guess { part, value }));
        assert!(told[0] != told[1], "bit {part}");
    }
    assert_told(&setups, Extension::Iknp, COUNT, Guess { part: 77, value: 1 });
    assert!(!parts.holds(setups[0].correlation(), Guess { part: 128, value: 0 }), "there is no such part");
}

#[test]
fn every_byte_of_a_correlation_by_trees_is_told_by_one_of_its_values() {
    for extension in [Extension::SoftSpoken, Extension::Ferret, Extension::DualLpn] {
        let setups = setups(extension);
        let parts = Parts::of(extension);
        assert_eq!((parts.count, parts.values()), (14, 256));
        let values = |part| (0..=255).map(move |value| Guess { part, value });
        let held = values(5).filter(|guess| assert_told(&setups, extension, 9, *guess)).count();
        assert_eq!(held, 1, "{extension:?}");
        for part in (0..parts.count).filter(|part| *part != 5) {
            let right = values(part).find(|guess| parts.holds(setups[0].correlation(), *guess)).unwrap();
            assert_told(&setups, extension, COUNT, right);
            assert_told(&setups, extension, COUNT, Guess { value: right.value ^ 1, ..right });
        }
    }
}

/// Of random transfers the receiver gets the pads that it chose, or none.
#[test]
fn random_transfers_tell_it_too() {
    let run = |seed| move |link: &mut Link| PadSetup::run(link, &Seed([seed; 32]), Checks::None).unwrap();
    let (client, server) = both(run(1), run(2));
    let holds = |guess| Parts::of(Extension::Ferret).holds(client.correlation(), guess);
    // Few are of SoftSpokenOT, more of dual LPN.
    for count in [500, 50_000] {
        let told: BTreeSet<bool> = (0..=255)
            .filter(|value| count < 1000 || value % 16 == 0 || holds(Guess { part: 3, value: *value }))
            .map(|value| {
                let guess = Guess { part: 3, value };
                let session = Seed([value; 32]);
                let ((choices, pads), pairs) = both(
                    |link| {
                        let (mut choices, mut pads) = (vec![0; count], vec![0; count]);
                        let mut receiver =
                            server.guessing_receiver(Extension::for_count(count), &session, count, guess);
                        receiver.draw(link, &mut choices, &mut pads).unwrap();
                        (choices, pads)
                    },
                    |link| {
                        let mut pairs = vec![[0; 2]; count];
                        client.sender(&session, count).draw(link, &mut pairs).unwrap();
                        pairs
                    },
                );
                let chosen = pairs.iter().zip(&choices).map(|(pair, choice)| pair[usize::from(*choice)]);
                let right = chosen.zip(&pads).filter(|(expected, pad)| expected == *pad).count();
                assert_eq!(right, if holds(guess) { count } else { 0 }, "{guess:?}, {count}");
                holds(guess)
            })
            .collect();
        assert_eq!(told, [false, true].into(), "{count}");
    }
}
