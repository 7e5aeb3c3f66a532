//! Carries against sums in the clear, of numbers that are given and of numbers that are drawn with their transfers.

use super::*;
use crate::party::rehearsal::{both, shared};

fn check(low: u32, high: u32, count: usize) {
    let bits = low + high;
    let [_, client, mut server] = shared(bits, count, low as u8);
    // Sums around the border are where a comparison goes wrong.
    for (i, (x0, x1)) in client.iter().zip(&mut server).enumerate().step_by(3) {
        *x1 = (mask(bits) - x0).wrapping_add(i as u64 / 3 % 3).wrapping_sub(1) & mask(bits);
    }
    let ([mine, theirs], _) =
        both(|party| carries(party, &client, low, high), |party| carries(party, &server, low, high));
    let carry = |bits: u32, x0: u64, x1: u64| u8::from((x0 & mask(bits)) + (x1 & mask(bits)) > mask(bits));
    for (i, (&x0, &x1)) in client.iter().zip(&server).enumerate() {
        assert_eq!(mine.all[i] ^ theirs.all[i], carry(bits, x0, x1), "{x0} + {x1} of {low} + {high} bits");
        if low > 0 && high > 0 {
            assert_eq!(mine.low[i] ^ theirs.low[i], carry(low, x0, x1), "{x0} + {x1} of {low} bits");
        }
    }
}

#[test]
fn carries_of_every_width_and_border() {
    for bits in [1, 2, 3, 4, 7, 12, 25, 36, 61] {
        for low in [0, 1, 2, 3, 11, 12, 13] {
            if low < bits {
                check(low, bits - low, 200);
            }
        }
    }
}

#[test]
fn every_pair_of_small_numbers() {
    let pairs = || (0..32_u64).flat_map(|x0| (0..32).map(move |x1| (x0, x1)));
    let [client, server]: [Vec<u64>; 2] = [pairs().map(|pair| pair.0).collect(), pairs().map(|pair| pair.1).collect()];
    let ([mine, theirs], _) = both(|party| carries(party, &client, 2, 3), |party| carries(party, &server, 2, 3));
    for (i, (x0, x1)) in pairs().enumerate() {
        assert_eq!(mine.all[i] ^ theirs.all[i], u8::from(x0 + x1 > 31));
        assert_eq!(mine.low[i] ^ theirs.low[i], u8::from(x0 % 4 + x1 % 4 > 3));
    }
}

/// With the drawn choices as the client's digits: the same carries, of every width and border, for numbers that are uniform, without a message of the client's; the server offers what it did.
#[test]
fn drawn_choices_are_digits() {
    for (low, high) in [(0, 1), (1, 0), (12, 0), (0, 20), (12, 24), (13, 12), (2, 59)] {
        let (bits, count, span) = (low + high, 300, Span { from: 0, low, high });
        let [server, ..] = shared(bits, count, low as u8);
        let drawn = |party: &mut Party| {
            let drawn = draw(party, count, span)?;
            let numbers = drawn.numbers().unwrap();
            // What the client says that its numbers are does not count.
            Ok((drawn.carries(party, &vec![0; count])?, numbers))
        };
        let offered = |party: &mut Party| {
            let drawn = draw(party, count, span)?;
            assert_eq!(drawn.numbers(), None);
            Ok((drawn.carries(party, &server)?, Vec::new()))
        };
        let ([(mine, numbers), (theirs, _)], party) = both(drawn, offered);
        let carry = |bits: u32, x0: u64, x1: u64| u8::from((x0 & mask(bits)) + (x1 & mask(bits)) > mask(bits));
        for (i, (&x0, &x1)) in numbers.iter().zip(&server).enumerate() {
            assert_eq!(mine.all[i] ^ theirs.all[i], carry(bits, x0, x1), "{x0} + {x1} of {low} + {high} bits");
            if low > 0 && high > 0 {
                assert_eq!(mine.low[i] ^ theirs.low[i], carry(low, x0, x1), "{x0} + {x1} of {low} bits");
            }
        }
        let first = &party.link.meter().log[0];
        assert_eq!((first.from, first.bytes), (Role::Server, answer_bytes(&digits(low, high), count)));
        // Each bit is one in half of the numbers: 300 fair coins are within 100 of that but for 2e-30.
        let ones = |bit: u32| numbers.iter().filter(|number| *number >> bit & 1 == 1).count();
        assert!((0..bits).all(|bit| (50..250).contains(&ones(bit))) && numbers.iter().all(|x| x >> bits == 0));
    }
}

#[test]
fn digits_cover_the_number_and_respect_the_border() {
    let widths = |low, high| digits(low, high).iter().map(|digit| digit.bits).collect::<Vec<_>>();
    assert_eq!(widths(12, 24), [3; 12]);
    assert_eq!(widths(4, 7), [2, 2, 3, 2, 2]);
    assert_eq!(digits(0, 4)[1], Digit { from: 2, bits: 2, inner: true });
}
