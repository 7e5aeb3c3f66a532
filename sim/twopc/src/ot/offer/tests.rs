use super::*;
use crate::ot::testing::{assert_balanced, both};
use crate::ot::{Checks, code_setup, columns, iknp, kkot, vectors};
use crate::random::{Seed, uniform};
use crate::role::Role;
use crate::wire::link::{Halt, Link};
use columns::Code;
use std::collections::HashSet;

type Pair<C> = (code_setup::Setup<C>, code_setup::Setup<C>);

fn setups<C: Code>() -> Pair<C> {
    checked(Checks::None)
}

fn checked<C: Code>(checks: Checks) -> Pair<C> {
    let run = |seed| move |link: &mut Link| code_setup::Setup::<C>::run(link, &Seed([seed; 32]), checks).unwrap();
    both(run(1), run(2))
}

/// In a session, the client chooses and the server hears.
fn transfer<C: Code, T: Send, U>(
    (client, server): &Pair<C>,
    choices: &[u8],
    take: impl FnOnce(Asked, &mut Link) -> T + Send,
    offer: impl FnOnce(Heard, &mut Link) -> U,
) -> (T, U) {
    let session = Seed([3; 32]);
    both(
        |link| {
            let asked = client.session(&session).receiver.ask(link, choices.to_vec()).unwrap();
            take(asked, link)
        },
        |link| {
            let heard = server.session(&session).sender.hear(link, choices.len()).unwrap();
            offer(heard, link)
        },
    )
}

fn choices(values: usize, count: usize) -> Vec<u8> {
    uniform(&mut Seed([9; 32]).stream(), 16, count).iter().map(|x| (x % values as u64) as u8).collect()
}

fn assert_chosen<C: Code>(setups: &Pair<C>, values: usize, bits: u32, count: usize) {
    let choices = choices(values, count);
    let messages = uniform(&mut Seed([8; 32]).stream(), bits, values * count);
    let bytes = offer_bytes(count, values, bits);
    let (taken, ()) = transfer(
        setups,
        &choices,
        |asked, link| {
            let masked = link.receive(bytes).unwrap();
            asked.take(0..count, (values, bits), &mut Unpacker::new(&masked))
        },
        |heard, link| {
            let mut masked = Packer::default();
            heard.offer(0..count, (values, bits), &mut masked, |at, value| messages[at * values + value]);
            link.send(masked.finish()).unwrap();
        },
    );
    for (at, (taken, choice)) in taken.iter().zip(&choices).enumerate() {
        assert_eq!(*taken, messages[at * values + usize::from(*choice)], "{values} of {bits} bits, {at}");
    }
}

#[test]
fn correlated_blocks_differ_by_the_offset_where_the_choice_is_1() {
    let setups = setups::<iknp::Repetition>();
    let delta = 0x0123_4567_89ab_cdef_ffff_eeee_dddd_cccc;
    for count in [1, 256, 700] {
        let choices = choices(2, count);
        let (taken, zeros) = transfer(
            &setups,
            &choices,
            |asked, link| asked.take_correlated_blocks(&link.receive(16 * count).unwrap()),
            |heard, link| {
                let (zeros, message) = heard.correlate_blocks(delta);
                link.send(message).unwrap();
                zeros
            },
        );
        for ((taken, zero), choice) in taken.iter().zip(&zeros).zip(&choices) {
            assert_eq!(*taken, zero ^ (Block::from(*choice) * delta));
        }
        let ones: usize = zeros.iter().map(|block| block.count_ones() as usize).sum();
        assert_balanced(ones, 128 * count);
        assert_eq!(zeros.iter().collect::<HashSet<_>>().len(), count);
    }
}

#[test]
fn the_receiver_gets_the_message_it_chose() {
    for checks in Checks::ALL {
        assert_all_chosen(checks);
    }
}

fn assert_all_chosen(checks: Checks) {
    let (one_of_two, one_of_many) = (checked::<iknp::Repetition>(checks), checked::<kkot::WalshHadamard>(checks));
    for (bits, count) in [(1, 1), (1, 9000), (2, 513), (37, 8192), (64, 8201)] {
        assert_chosen(&one_of_two, 2, bits, count);
    }
    for values in [2, 3, 4, 8, 15, 16, 64, 256] {
        for bits in [1, 2, 4, 41, 64] {
            assert_chosen(&one_of_many, values, bits, 300);
        }
    }
    assert_chosen(&one_of_many, 16, 2, 20_000);
}

/// A word of 64 bits repeats among so few with probability below `2^-39`, and equals another pad with the same.
#[test]
fn no_two_pads_are_equal_and_they_are_balanced() {
    fn pads<C: Code>(values: usize, count: usize) -> Vec<u64> {
        let choices = choices(values, count);
        let pads = |heard: Heard, _: &mut Link| -> Vec<u64> {
            let of = |value| heard.pads(&Hash::default(), 0..count, value, 1);
            (0..values).flat_map(|value| of(value).into_iter().map(low)).collect()
        };
        let (chosen, pads) =
            transfer(&setups::<C>(), &choices, |asked, _| asked.pads(&Hash::default(), 0..count, 1), pads);
        for (at, (pad, choice)) in chosen.iter().zip(&choices).enumerate() {
            assert_eq!(low(*pad), pads[usize::from(*choice) * count + at]);
        }
        pads
    }
    for pads in [pads::<iknp::Repetition>(2, 2000), pads::<kkot::WalshHadamard>(16, 200)] {
        assert_eq!(pads.iter().collect::<HashSet<_>>().len(), pads.len());
        assert_balanced(pads.iter().map(|pad| pad.count_ones() as usize).sum(), 64 * pads.len());
    }
}

#[test]
fn blocks_are_differences_of_the_code() {
    fn check<C: Code>(values: usize) {
        let (count, setups) = (1000, setups::<C>());
        let choices = choices(values, count);
        let (mine, (theirs, deltas)) =
            transfer(&setups, &choices, |asked, _| asked.blocks, |heard, _| (heard.blocks, heard.deltas));
        assert_eq!(deltas.iter().collect::<HashSet<_>>().len(), values, "no two values alike");
        for ((t, q), choice) in mine.iter().zip(theirs).zip(&choices) {
            assert_eq!(q ^ t, deltas[usize::from(*choice)]);
        }
    }
    check::<iknp::Repetition>(2);
    check::<kkot::WalshHadamard>(256);
}

#[test]
fn blocks_come_over() {
    let (count, choices) = (700, choices(2, 700));
    let pairs: Vec<[Block; 2]> = (0..count as Block).map(|i| [i.wrapping_mul(Block::MAX / 3), !i]).collect();
    let (taken, ()) = transfer(
        &setups::<iknp::Repetition>(),
        &choices,
        |asked, link| asked.take_blocks(&link.receive(32 * count).unwrap()),
        |heard, link| link.send(heard.offer_blocks(&pairs)).unwrap(),
    );
    for ((taken, pair), choice) in taken.iter().zip(&pairs).zip(&choices) {
        assert_eq!(*taken, pair[usize::from(*choice)]);
    }
}

#[test]
fn correlated_numbers_differ_by_the_term_where_it_was_chosen() {
    let setups = setups::<iknp::Repetition>();
    for modulus in [1, 8, 37, 64].map(Modulus::TwoTo).into_iter().chain([97, 2_061_584_302_081].map(Modulus::Prime)) {
        let (count, choices) = (600, choices(2, 600));
        let terms = modulus.uniform(&mut Seed([4; 32]).stream(), count);
        let (mine, theirs) = transfer(
            &setups,
            &choices,
            |asked, link| asked.take_correlated(modulus, &link.receive(packed_bytes(count, modulus.bits())).unwrap()),
            |heard, link| {
                let (numbers, sent) = heard.correlate(modulus, &terms);
                link.send(sent).unwrap();
                numbers
            },
        );
        for (((mine, theirs), choice), term) in mine.iter().zip(theirs).zip(&choices).zip(terms) {
            assert_eq!(modulus.add(*mine, theirs), term * u64::from(*choice));
        }
    }
}

/// What the sender sees of choices that are all alike.
#[test]
fn columns_are_balanced_whatever_the_choices() {
    fn check<C: Code>(choice: u8) {
        let (count, (client, _)) = (4096, setups::<C>());
        let ((), message) = both(
            |link| drop(client.session(&Seed([1; 32])).receiver.ask(link, vec![choice; count]).unwrap()),
            |link| link.receive(columns::message_bytes::<C>(count, Checks::None)).unwrap(),
        );
        for column in message.chunks_exact(count / 8) {
            let ones: usize = column.iter().map(|byte| byte.count_ones() as usize).sum();
            // By Hoeffding, 2 exp(-57 / 2) each, below 1e-9 for the 768 columns of this test.
            assert!(count.abs_diff(2 * ones).pow(2) <= 57 * count, "{ones} of {count}");
        }
    }
    check::<iknp::Repetition>(0);
    check::<iknp::Repetition>(1);
    check::<kkot::WalshHadamard>(0);
    check::<kkot::WalshHadamard>(255);
}

#[test]
fn sessions_and_calls_never_share_a_pad() {
    let (client, server) = setups::<iknp::Repetition>();
    let drawn = |session: u8| {
        let run = |link: &mut Link| {
            let mut receiver = client.session(&Seed([session; 32])).receiver;
            let asked = [700, 1, 700].map(|count| receiver.ask(link, vec![0; count]).unwrap());
            asked.iter().flat_map(|asked| asked.pads(&Hash::default(), 0..asked.blocks.len(), 1)).collect::<Vec<_>>()
        };
        both(run, |link| {
            let mut sender = server.session(&Seed([session; 32])).sender;
            for count in [700, 1, 700] {
                sender.hear(link, count).unwrap();
            }
        })
        .0
    };
    assert_eq!(drawn(1), drawn(1), "a function of its seeds");
    let all: HashSet<Block> = [1, 2, 3].into_iter().flat_map(drawn).collect();
    assert_eq!(all.len(), 3 * 1401);
}

#[test]
fn base_transfers_are_metered_under_their_name() {
    fn check<C: Code>() {
        let run = |seed| {
            move |link: &mut Link| {
                code_setup::Setup::<C>::run(link, &Seed([seed; 32]), Checks::None).unwrap();
                link.meter().clone()
            }
        };
        let (meter, _) = both(run(1), run(2));
        for role in [Role::Client, Role::Server] {
            assert_eq!(meter.sent(role, None).bytes, code_setup::sent_bytes::<C>());
        }
        assert!(meter.log.iter().all(|message| message.address.step() == "base-ot".into()));
    }
    check::<iknp::Repetition>();
    check::<kkot::WalshHadamard>();
}

#[test]
fn vectors_differ_by_the_terms_modulo_each_width() {
    let (client, server) = setups::<iknp::Repetition>();
    let (session, ring) = (Seed([3; 32]), 41);
    for length in [1, 6, 25] {
        let (each, count) = (300, 2 * 300);
        let (choices, terms) = (choices(2, count), uniform(&mut Seed([4; 32]).stream(), ring, 7 * length));
        let terms = |at: usize| &terms[at % 7 * length..][..length];
        let (blocks, widths) = (vectors::blocks(length, ring), [ring, 3]);
        let bytes = packed_bytes(each * length, 44);
        let parts = || widths.into_iter().enumerate().map(|(part, width)| (part * each..(part + 1) * each, width));
        let place = |from: usize, at: usize, k: usize| (from + at) * length + k;
        let (mine, theirs) = both(
            |link| {
                let asked = client.session(&session).receiver.ask_long(link, choices.clone(), blocks).unwrap();
                let sent = link.receive(bytes).unwrap();
                let (mut sent, mut numbers) = (Unpacker::new(&sent), vec![0; count * length]);
                for (range, width) in parts() {
                    let from = range.start;
                    asked.take_vectors(range, (length, width), &mut sent, |at, k, x| numbers[place(from, at, k)] = x);
                }
                numbers
            },
            |link| {
                let heard = server.session(&session).sender.hear_long(link, count, blocks).unwrap();
                let (mut sent, mut numbers) = (Packer::default(), vec![0; count * length]);
                for (range, width) in parts() {
                    let from = range.start;
                    let give = |at, k, x| numbers[place(from, at, k)] = x;
                    heard.offer_vectors(range, (length, width), &mut sent, terms, give);
                }
                link.send(sent.finish()).unwrap();
                numbers
            },
        );
        for (place, (mine, theirs)) in mine.iter().zip(theirs).enumerate() {
            let (at, width) = (place / length, widths[place / length / each]);
            let expected = terms(at % each)[place % length] & mask(width) & u64::from(choices[at]).wrapping_neg();
            assert_eq!(mine.wrapping_add(theirs) & mask(width), expected, "{length} of {width} bits");
        }
    }
}

#[test]
fn columns_of_another_length_halt_and_of_garbage_are_only_garbage() {
    let (_, server) = setups::<kkot::WalshHadamard>();
    for (count, right) in [(9, true), (8, false)] {
        let garbage = |link: &mut Link| link.send(vec![0xa5; kkot::column_bytes(count, Checks::None)]).unwrap();
        let ((), heard) = both(garbage, |link| server.session(&Seed([1; 32])).sender.hear(link, 10));
        assert_eq!(heard.is_ok(), right);
        assert!(right || matches!(heard, Err(Halt::Malformed { .. })));
    }
}
