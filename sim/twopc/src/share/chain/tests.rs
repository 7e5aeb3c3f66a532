//! Carries against sums in the clear, and the messages that find them.

use super::*;
use crate::bits::mask;
use crate::party::rehearsal::{both as run, shared};
use crate::wire::hook::{Conduct, Deviation};
use crate::wire::meter::Message;
use std::sync::{Arc, Mutex};

/// That two parties' shares are of the carries of `x0 + x1`, for each pair of numbers of `low + high` bits.
fn assert_carries([mine, theirs]: [&Carries; 2], numbers: [&[u64]; 2], low: u32, high: u32) {
    let bits = low + high;
    let carry = |bits: u32, x0: u64, x1: u64| u8::from((x0 & mask(bits)) + (x1 & mask(bits)) > mask(bits));
    assert_eq!([&mine.all, &theirs.all].map(Vec::len), [numbers[0].len(); 2]);
    assert_eq!([&mine.low, &theirs.low].map(Vec::len), [if low > 0 { numbers[0].len() } else { 0 }; 2]);
    for (at, (&x0, &x1)) in numbers[0].iter().zip(numbers[1]).enumerate() {
        assert_eq!(mine.all[at] ^ theirs.all[at], carry(bits, x0, x1), "{x0} + {x1} of {low} + {high} bits");
        if low > 0 {
            assert_eq!(mine.low[at] ^ theirs.low[at], carry(low, x0, x1), "{x0} + {x1} of {low} bits");
        }
    }
}

/// Every pair of numbers of each width up to 8 bits, with the inner carry at every place.
#[test]
fn every_pair_of_every_small_width() {
    for bits in 1..=8 {
        let pairs = || (0..1_u64 << bits).flat_map(|x0| (0..1 << bits).map(move |x1| (x0, x1)));
        let numbers = [pairs().map(|pair| pair.0).collect::<Vec<_>>(), pairs().map(|pair| pair.1).collect()];
        for low in 0..=bits {
            let high = bits - low;
            let side = |numbers: &[u64]| {
                let numbers = numbers.to_vec();
                move |party: &mut Party| carries(party, &numbers, low, high)
            };
            let ([mine, theirs], _) = run(side(&numbers[0]), side(&numbers[1]));
            assert_carries([&mine, &theirs], [&numbers[0], &numbers[1]], low, high);
        }
    }
}

/// Wide numbers, some of whose sums are next to the border, in numbers of them that fill no word: asked for and drawn. Either party draws. The messages are as many, in turn, and as long as the module says.
#[test]
fn wide_numbers_and_their_messages() {
    for (low, high, count) in
        [(0, 23, 300), (12, 24, 64), (12, 0, 65), (1, 35, 1), (13, 48, 127), (0, 1, 9), (0, 2, 9), (1, 2, 9)]
    {
        let bits = low + high;
        let [_, client, mut server] = shared(bits, count, low as u8);
        for (at, (x0, x1)) in client.iter().zip(&mut server).enumerate().step_by(3) {
            *x1 = (mask(bits) - x0).wrapping_add(at as u64 / 3 % 3).wrapping_sub(1) & mask(bits);
        }
        let ([mine, theirs], party) =
            run(|party| carries(party, &client, low, high), |party| carries(party, &server, low, high));
        assert_carries([&mine, &theirs], [&client, &server], low, high);
        let log = |party: &Party| party.link.meter().log.iter().map(|m| (m.from, m.bytes)).collect::<Vec<_>>();
        let expected = messages(count, (low, high), None);
        assert_eq!(log(&party), expected, "{bits} bits are corrected");
        assert_eq!(party.link.meter().rounds() as usize, expected.len());

        for drawer in [Role::Client, Role::Server] {
            let (span, rest) = (Span { from: 0, low, high }, if drawer == Role::Client { &client } else { &server });
            let offered = if drawer == Role::Client { &server } else { &client };
            let side = |party: &mut Party| {
                let drawn = draw(party, count, span, drawer)?;
                let Some((own, numbers)) = drawn.numbers() else {
                    assert_ne!(party.role(), drawer);
                    return Ok((drawn.carries(party, offered)?, Vec::new()));
                };
                assert_eq!(party.role(), drawer);
                assert!(numbers.iter().all(|number| number & !own == 0));
                // Each bit is one in half of the numbers: 300 fair coins are within 100 of that but for 2e-30.
                let ones = |bit: u32| numbers.iter().filter(|number| *number >> bit & 1 == 1).count();
                let drawn_bits: Vec<u32> = (0..bits).filter(|bit| own >> bit & 1 == 1).collect();
                assert!(count < 300 || drawn_bits.iter().all(|bit| (50..250).contains(&ones(*bit))));
                let numbers = rest.iter().zip(numbers).map(|(rest, number)| rest & !own | number);
                let numbers: Vec<u64> = numbers.collect();
                // What the drawer says that its drawn bits are does not count.
                let said: Vec<u64> = numbers.iter().map(|number| number ^ own).collect();
                Ok((drawn.carries(party, &said)?, numbers))
            };
            let ([(mine, at_client), (theirs, at_server)], party) = run(side, side);
            let numbers = [at_client, at_server].concat();
            assert_carries([&mine, &theirs], [&numbers, offered], low, high);
            assert_eq!(log(&party), messages(count, (low, high), Some(drawer)), "{bits} bits, drawn by {drawer:?}");
        }
    }
}

/// The corrections of the first digit, unless they were drawn, and digit after digit the entries of one party and its corrections of the next, in which it chooses.
fn messages(count: usize, (low, high): (u32, u32), drawer: Option<Role>) -> Vec<(Role, usize)> {
    let (digits, first) = (digits(low, high), drawer.unwrap_or(Role::Client));
    let bytes = |slices: usize| (count * slices).div_ceil(8);
    let mut messages = Vec::new();
    if drawer.is_none() {
        messages.push((first, bytes(digits[0].bits)));
    }
    for (at, digit) in digits.iter().enumerate() {
        let from = if at % 2 == 0 { first.peer() } else { first };
        let corrected = digits.get(at + 1).map_or(0, |next| 1 + if drawer == Some(from) { 0 } else { next.bits });
        messages.push((from, bytes(digit.sent() + corrected)));
    }
    messages
}

/// Keeps what a party sends.
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Deviation for Kept {
    fn message(&mut self, _message: &Message, payload: &[u8]) -> Conduct {
        self.0.lock().unwrap().extend_from_slice(payload);
        Conduct::Send
    }
}

/// How many ones are in each bit that either party sends of 4,096 numbers that are all the same, with pads as they were drawn or with none.
fn ones_of_equal_numbers(masked: bool) -> Vec<u32> {
    const COUNT: usize = 4096;
    let sent: Arc<Mutex<Vec<u8>>> = Arc::default();
    let [x0, x1] = [0b1_0110_1101, 0b0_1101_1010].map(|number| vec![number; COUNT]);
    let side = |numbers: &[u64]| {
        let numbers = numbers.to_vec();
        let kept = Kept(Arc::clone(&sent));
        move |party: &mut Party| {
            party.link.deviate(Box::new(kept));
            let mut drawn = transfers(party, COUNT, (3, 6), None)?;
            if !masked {
                for transfers in &mut drawn.transfers {
                    let strings: Vec<&mut Slice> = match transfers {
                        Transfers::Chosen(chosen) => chosen.iter_mut().flat_map(|one| &mut one.string).collect(),
                        Transfers::Offered(offered) => offered.iter_mut().flatten().flatten().collect(),
                    };
                    for bit in strings {
                        bit.fill(0);
                    }
                }
            }
            drawn.carries(party, &numbers)
        }
    };
    let ([mine, theirs], _) = run(side(&x0), side(&x1));
    assert_carries([&mine, &theirs], [&x0, &x1], 3, 6);
    let sent = sent.lock().unwrap();
    sent.chunks_exact(COUNT / 8).map(|slice| slice.iter().map(|byte| byte.count_ones()).sum()).collect()
}

/// Every bit that is sent is under a coin: 9 corrections of bits and 4 of shares, and 1, 6, 6, 6 and 6 entries. Each of these 38 counts is within 409 of 2,048 but for 2e-35 (Hoeffding's inequality). Without strings, which change no carry, the 25 entries tell.
#[test]
fn everything_sent_is_masked() {
    let is_fair = |ones: &u32| ones.abs_diff(2048) <= 409;
    let masked = ones_of_equal_numbers(true);
    assert!(masked.len() == 38 && masked.iter().all(is_fair), "{masked:?}");
    let bare = ones_of_equal_numbers(false);
    assert_eq!(bare.iter().filter(|ones| [0, 4096].contains(*ones)).count(), 25, "{bare:?}");
}
