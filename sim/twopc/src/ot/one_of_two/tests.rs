use super::*;
use crate::bits::{Packer, Unpacker, mask, packed_bytes};
use crate::cost::Cost;
use crate::modulus::Modulus;
use crate::ot::Checks;
use crate::ot::block::Block;
use crate::ot::hash::Hash;
use crate::ot::offer::offer_bytes;
use crate::ot::testing::{assert_balanced, both};
use crate::ot::vectors;
use crate::random::uniform;
use crate::wire::meter::Meter;
use std::collections::HashSet;
use std::sync::LazyLock;

type Pair = [Setup; 2];

/// Every extension, without checks and with them.
fn schemes() -> Vec<Scheme> {
    let with = |checks| move |extension| Scheme { extension, checks };
    Checks::ALL.into_iter().flat_map(|checks| Extension::ALL.map(with(checks))).collect()
}

/// Base transfers of a client and a server, made once for all tests.
fn setups(scheme: Scheme) -> &'static Pair {
    static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
        let made = |scheme| {
            let run = |seed| move |link: &mut Link| Setup::run(link, &Seed([seed; 32]), scheme).unwrap();
            both(run(1), run(2)).into()
        };
        schemes().into_iter().map(made).collect()
    });
    &PAIRS[schemes().iter().position(|other| *other == scheme).unwrap()]
}

/// In a session the client chooses and the server hears, with pads of so many blocks; and the session as the client saw it.
fn transfer<T: Send, U>(
    extension: Scheme,
    (choices, pad_blocks): (&[u8], usize),
    take: impl FnOnce(Asked, &mut Link) -> T + Send,
    offer: impl FnOnce(Heard, &mut Link) -> U,
) -> (T, U) {
    let ([client, server], session, count) = (setups(extension), Seed([3; 32]), choices.len());
    both(
        |link| {
            let mut ways = client.session(&session, [0, count]);
            let asked = ways.receiver.ask_long(link, choices.to_vec(), pad_blocks).unwrap();
            assert_cost(extension, link.meter(), |cost| cost.choose(extension, Role::Client, count));
            take(asked, link)
        },
        |link| {
            let mut ways = server.session(&session, [count, 0]);
            offer(ways.sender.hear_long(link, count, pad_blocks).unwrap(), link)
        },
    )
}

/// That a session sent what it costs, in the step and to extend.
fn assert_cost(extension: Scheme, meter: &Meter, messages: impl FnOnce(&mut Cost)) {
    let mut cost = Cost::default();
    messages(&mut cost);
    let [by_client, by_server] = [cost.client_transfers, cost.server_transfers].map(|count| extension.cost(count));
    let expected = [
        cost.client_bytes + by_client.sender.bytes + by_server.receiver.bytes,
        cost.server_bytes + by_server.sender.bytes + by_client.receiver.bytes,
    ];
    assert_eq!([Role::Client, Role::Server].map(|role| meter.sent(role, None).bytes), expected, "{extension:?}");
    let extending = meter.total(|message| message.address.is_in_extension()).messages;
    let messages = [by_client, by_server].map(|cost| cost.sender.messages + cost.receiver.messages);
    assert_eq!(extending, messages.iter().sum::<usize>(), "{extension:?}");
}

fn choices(count: usize) -> Vec<u8> {
    uniform(&mut Seed([9; 32]).stream(), 1, count).iter().map(|&bit| bit as u8).collect()
}

/// Numbers of transfers that fill no byte, one byte, several messages of an extension.
const COUNTS: [usize; 4] = [1, 8, 701, 20_003];

#[test]
fn the_receiver_gets_the_message_it_chose() {
    for (extension, count) in each_count() {
        for bits in [1, 37, 64] {
            let (choices, messages) = (choices(count), uniform(&mut Seed([8; 32]).stream(), bits, 2 * count));
            let (taken, ()) = transfer(
                extension,
                (&choices, 1),
                |asked, link| {
                    let masked = link.receive(offer_bytes(count, 2, bits)).unwrap();
                    asked.take(0..count, (2, bits), &mut Unpacker::new(&masked))
                },
                |heard, link| {
                    let mut masked = Packer::default();
                    heard.offer(0..count, (2, bits), &mut masked, |at, value| messages[2 * at + value]);
                    link.send(masked.finish()).unwrap();
                },
            );
            let expected = choices.iter().enumerate().map(|(at, choice)| messages[2 * at + usize::from(*choice)]);
            assert_eq!(taken, expected.collect::<Vec<_>>(), "{extension:?}, {bits} bits");
        }
    }
}

fn each_count() -> impl Iterator<Item = (Scheme, usize)> {
    schemes().into_iter().flat_map(|extension| COUNTS.map(|count| (extension, count)))
}

#[test]
fn blocks_come_over_chosen_and_correlated() {
    let delta = 0x0123_4567_89ab_cdef_ffff_eeee_dddd_cccc;
    for (extension, count) in each_count() {
        let choices = choices(count);
        let pairs: Vec<[Block; 2]> = (0..count as Block).map(|i| [i.wrapping_mul(Block::MAX / 3), !i]).collect();
        let (taken, ()) = transfer(
            extension,
            (&choices, 1),
            |asked, link| asked.take_blocks(&link.receive(32 * count).unwrap()),
            |heard, link| link.send(heard.offer_blocks(&pairs)).unwrap(),
        );
        for ((taken, pair), choice) in taken.iter().zip(&pairs).zip(&choices) {
            assert_eq!(*taken, pair[usize::from(*choice)], "{extension:?}");
        }
        let (taken, zeros) = transfer(
            extension,
            (&choices, 1),
            |asked, link| asked.take_correlated_blocks(&link.receive(16 * count).unwrap()),
            |heard, link| {
                let (zeros, message) = heard.correlate_blocks(delta);
                link.send(message).unwrap();
                zeros
            },
        );
        for ((taken, zero), choice) in taken.iter().zip(&zeros).zip(&choices) {
            assert_eq!(*taken, zero ^ (Block::from(*choice) * delta), "{extension:?}");
        }
    }
}

#[test]
fn correlated_numbers_differ_by_the_term_where_it_was_chosen() {
    for extension in schemes() {
        for modulus in [Modulus::TwoTo(64), Modulus::TwoTo(37), Modulus::Prime(2_061_584_302_081)] {
            let (count, choices) = (701, choices(701));
            let terms = modulus.uniform(&mut Seed([4; 32]).stream(), count);
            let bytes = packed_bytes(count, modulus.bits());
            let (mine, theirs) = transfer(
                extension,
                (&choices, 1),
                |asked, link| asked.take_correlated(modulus, &link.receive(bytes).unwrap()),
                |heard, link| {
                    let (numbers, sent) = heard.correlate(modulus, &terms);
                    link.send(sent).unwrap();
                    numbers
                },
            );
            for (((mine, theirs), choice), term) in mine.iter().zip(theirs).zip(&choices).zip(terms) {
                assert_eq!(modulus.add(*mine, theirs), term * u64::from(*choice), "{extension:?}");
            }
        }
    }
}

#[test]
fn vectors_differ_by_the_terms() {
    let (length, ring, count) = (25, 41, 301);
    let (choices, terms) = (choices(count), uniform(&mut Seed([4; 32]).stream(), ring, 7 * length));
    let row = |at: usize| &terms[at % 7 * length..][..length];
    for extension in schemes() {
        let (mine, theirs) = transfer(
            extension,
            (&choices, vectors::blocks(length, ring)),
            |asked, link| {
                let sent = link.receive(packed_bytes(count * length, ring)).unwrap();
                let (mut sent, mut numbers) = (Unpacker::new(&sent), vec![0; count * length]);
                asked.take_vectors(0..count, (length, ring), &mut sent, |at, k, x| numbers[at * length + k] = x);
                numbers
            },
            |heard, link| {
                let (mut sent, mut numbers) = (Packer::default(), vec![0; count * length]);
                let give = |at, k, x| numbers[at * length + k] = x;
                heard.offer_vectors(0..count, (length, ring), &mut sent, row, give);
                link.send(sent.finish()).unwrap();
                numbers
            },
        );
        for (place, (mine, theirs)) in mine.iter().zip(theirs).enumerate() {
            let (at, k) = (place / length, place % length);
            let expected = row(at)[k] & u64::from(choices[at]).wrapping_neg();
            assert_eq!(mine.wrapping_add(theirs) & mask(ring), expected, "{extension:?}");
        }
    }
}

/// Both parties choose at the same time, twice, after they have reserved what they use.
#[test]
fn choices_cross_in_both_directions() {
    for extension in schemes() {
        let ([client, server], counts) = (setups(extension), [701, 9001]);
        let run = |setup: &Setup, link: &mut Link, [sent, received]: [usize; 2]| {
            let mut ways = setup.session(&Seed([5; 32]), [2 * sent, 2 * received]);
            let pads = |_| {
                ways.reserve(link, [sent, received]).unwrap();
                let asked = ways.receiver.ask(link, choices(received)).unwrap();
                let heard = ways.sender.hear(link, sent).unwrap();
                let [zeros, ones] = [0, 1].map(|value| heard.pads(&Hash::default(), 0..sent, value, 1));
                ([zeros, ones], asked.pads(&Hash::default(), 0..received, 1))
            };
            ([0, 1].map(pads), link.meter().clone())
        };
        let ((mine, meter), (theirs, _)) =
            both(|link| run(client, link, counts), |link| run(server, link, [counts[1], counts[0]]));
        for (mine, theirs) in mine.iter().zip(&theirs) {
            for (pads, chosen) in [(&mine.0, &theirs.1), (&theirs.0, &mine.1)] {
                for (at, choice) in choices(chosen.len()).into_iter().enumerate() {
                    assert_eq!(chosen[at], pads[usize::from(choice)][at], "{extension:?}");
                }
            }
        }
        let all: HashSet<Block> =
            mine.iter().chain(&theirs).flat_map(|(pads, _)| pads.iter().flatten()).copied().collect();
        assert_eq!(all.len(), 4 * (counts[0] + counts[1]), "{extension:?}: no pad twice");
        assert_cost(extension, &meter, |cost| {
            for _ in 0..2 {
                cost.choose(extension, Role::Client, counts[1]);
                cost.choose(extension, Role::Server, counts[0]);
            }
        });
    }
}

/// Long pads have tweaks of their own: no block of a pad is one of another, in one call or in the next, nor in another session.
#[test]
fn no_two_pads_share_a_block() {
    for extension in schemes() {
        let ([client, server], count, length) = (setups(extension), 500, 3);
        let run = |name: u8| {
            both(
                |link| {
                    let mut receiver = client.session(&Seed([name; 32]), [0, 2 * count]).receiver;
                    for _ in 0..2 {
                        receiver.ask_long(link, vec![0; count], length).unwrap();
                    }
                },
                |link| {
                    let mut sender = server.session(&Seed([name; 32]), [2 * count, 0]).sender;
                    [(); 2].map(|()| {
                        let heard = sender.hear_long(link, count, length).unwrap();
                        // Of one block alone, so that equal tweaks would show.
                        let same = Heard { blocks: vec![7; count], ..heard };
                        same.pads(&Hash::default(), 0..count, 0, length)
                    })
                },
            )
            .1
        };
        let all: HashSet<Block> = [1, 2].into_iter().flat_map(run).flatten().collect();
        assert_eq!(all.len(), 2 * 2 * count * length, "{extension:?}");
    }
}

/// What the sender sees of choices that are all alike.
#[test]
fn choices_are_hidden_whatever_they_are() {
    for (extension, choice) in schemes().into_iter().flat_map(|extension| [(extension, 0), (extension, 1)]) {
        let ([client, server], count) = (setups(extension), 4096);
        let (_, message) = both(
            |link| client.session(&Seed([1; 32]), [0, count]).receiver.ask(link, vec![choice; count]).unwrap(),
            |link| {
                server.session(&Seed([1; 32]), [count, 0]).sender.reserve(link, count).unwrap();
                link.receive(choice_bytes(extension, count)).unwrap()
            },
        );
        let ones: usize = message.iter().map(|byte| byte.count_ones() as usize).sum();
        assert_balanced(ones, 8 * message.len());
    }
}

#[test]
fn a_peer_that_sends_garbage_halts_a_party_or_gives_it_garbage() {
    for extension in schemes() {
        let ([client, server], count) = (setups(extension), 20);
        // After an honest extension, choices of the right length and of another.
        for (length, right) in [(choice_bytes(extension, count), true), (choice_bytes(extension, count) + 1, false)] {
            let ((), heard) = both(
                |link| {
                    client.session(&Seed([1; 32]), [0, count]).receiver.reserve(link, count).unwrap();
                    link.send(vec![0xa5; length]).unwrap();
                },
                |link| server.session(&Seed([1; 32]), [count, 0]).sender.hear(link, count).map(drop),
            );
            // Columns that are no choices fail their check; one bit a transfer is a choice, whatever it is.
            let proves = extension == (Scheme { extension: Extension::Iknp, checks: Checks::Active });
            assert_eq!(heard.is_ok(), right && !proves, "{extension:?}: {heard:?}");
            assert_eq!(matches!(heard, Err(Halt::Cheating { .. })), right && proves, "{extension:?}: {heard:?}");
            assert_eq!(matches!(heard, Err(Halt::Malformed { .. })), !right, "{extension:?}: {heard:?}");
        }
        // And nothing that any extension expects.
        let garbage = |link: &mut Link| drop(link.send(vec![0xc3; 5]));
        let ((), heard) = both(garbage, |link| server.session(&Seed([1; 32]), [count, 0]).sender.hear(link, count));
        assert!(matches!(heard, Err(Halt::Malformed { .. })), "{extension:?}: {heard:?}");
    }
    let garbage = |link: &mut Link| drop(link.send(vec![0xc3; 5]));
    let [client, _] = setups(Extension::Ferret.into());
    let ask = |link: &mut Link| client.session(&Seed([1; 32]), [0, 20]).receiver.ask(link, vec![1; 20]);
    assert!(matches!(both(ask, garbage).0, Err(Halt::Malformed { .. })));
}

#[test]
fn a_set_up_sends_what_it_says() {
    for extension in schemes() {
        let run = |seed| {
            move |link: &mut Link| {
                Setup::run(link, &Seed([seed; 32]), extension).unwrap();
                link.meter().clone()
            }
        };
        let (meter, _) = both(run(1), run(2));
        for role in [Role::Client, Role::Server] {
            assert_eq!(meter.sent(role, None).bytes, sent_bytes(extension), "{extension:?}");
        }
    }
}
