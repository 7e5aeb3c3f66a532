//! Rounds, schedules, trees in parts, and senders that deviate, with and without a check.

use super::*;
use crate::ot::testing::{DELTA, assert_correlated, assert_distinct, both, trees};
use crate::wire::clock::LinkSpeed;

/// All that is expected, and then a round more.
fn rounds(party: &mut impl Party, link: &mut Link, expected: usize, checks: Checks) -> Vec<Block> {
    let mut rounds = Rounds::new(expected, 3, checks);
    let mut all = Vec::new();
    for round in 0..=schedule(expected, checks).len() {
        let mut batch = vec![7; 3];
        rounds.next(party, link, &mut batch).unwrap();
        assert_eq!(batch.len() + rounds.reserve.len(), rounds.round_size(round));
        all.append(&mut batch);
    }
    all
}

impl Rounds {
    fn round_size(&self, round: usize) -> usize {
        let sets = schedule(self.expected, self.checks);
        sets[round % sets.len()].n()
    }
}

#[test]
fn every_round_is_correlated_and_no_block_comes_twice() {
    let counts = [1, 100_000, 900_000, 3_500_000];
    for (expected, checks) in counts.into_iter().flat_map(|count| Checks::ALL.map(|checks| (count, checks))) {
        let (punctured, leaves) = trees(DELTA, K);
        let sender = |link: &mut Link| {
            rounds(&mut Sender::new(DELTA, &punctured, &Seed([1; 32]), checks), link, expected, checks)
        };
        let receiver = |link: &mut Link| rounds(&mut Receiver::new(&leaves, checks), link, expected, checks);
        let (q, t) = both(sender, receiver);
        assert!(q.len() > expected);
        assert_correlated(DELTA, &q, &t);
        assert_distinct(q);
    }
}

/// What a schedule holds beside its reserves.
fn held(sets: &[Set]) -> usize {
    let outputs: usize = sets.iter().map(Set::n).sum();
    outputs - sets[1..].iter().map(Set::needed).sum::<usize>()
}

#[test]
fn a_schedule_holds_what_was_asked_for_and_hardly_more() {
    let full = [lpn::START.n(), lpn::MIDDLE.n(), lpn::MAIN.n() - lpn::MAIN.needed()];
    let edges = full.into_iter().flat_map(|n| (1..6).flat_map(move |times| [times * n - 1, times * n, times * n + 1]));
    for count in [0, 1, 256, 257, 300_000, 21_000_000, 1 << 32].into_iter().chain(edges) {
        let sets = schedule(count, Checks::None);
        let spare = held(&sets) - count;
        assert!(spare < sets.len() << lpn::MAIN.depth, "{count}: {spare} of {sets:?}");
        for (set, after) in sets.iter().zip(&sets[1..]) {
            assert!(set.n() >= after.needed(), "{count}: {sets:?}");
        }
    }
}

/// Against all numbers of rounds of each set, small ones first.
#[test]
fn no_schedule_sends_less() {
    for count in (0..60).map(|step| 1 + step * 177_777) {
        let times = |set: Set, most: usize| (0..=most).map(move |times| vec![set; times]);
        let [start, middle, main] = lpn::SETS;
        let all = times(start, 2).flat_map(|start| {
            times(middle, 3).flat_map(move |middle| {
                let start = start.clone();
                times(main, 8).map(move |main| [start.clone(), middle.clone(), main].concat())
            })
        });
        let least =
            all.filter_map(|sets| chain(count, &sets, Checks::None)).map(|sets| bytes(&sets, Checks::None)).min();
        assert_eq!(Some(bytes(&schedule(count, Checks::None), Checks::None)), least, "{count}");
    }
}

#[test]
fn noise_is_one_error_in_each_tree() {
    let set = lpn::START;
    let mut choices = Seed([8; 32]).stream();
    let q: Vec<Block> = (0..set.levels() as Block).map(|i| i << 1).collect();
    let t: Vec<Block> = q.iter().map(|q| q ^ (DELTA * Block::from(choices.next_u64() & 1))).collect();
    let (punctured, leaves) = trees(DELTA, K);
    let (sender, receiver) = both(
        |link| {
            let mut outputs = vec![0; set.n()];
            Sender::new(DELTA, &punctured, &Seed([1; 32]), Checks::None)
                .noise(link, set.trees(), &q, &mut outputs, |_| ())
                .unwrap();
            outputs
        },
        |link| {
            let mut outputs = vec![0; set.n()];
            Receiver::new(&leaves, Checks::None).noise(link, set.trees(), &t, &mut outputs, |_| ()).unwrap();
            outputs
        },
    );
    for (sender, receiver) in sender.chunks(GROUP << set.depth).zip(receiver.chunks(GROUP << set.depth)) {
        let mut errors = vec![0; sender.len() >> set.depth];
        let trees = errors.len();
        for (i, (q, t)) in sender.iter().zip(receiver).enumerate() {
            assert_eq!((q & 1, q ^ t), (0, (t & 1) * DELTA));
            errors[i % trees] += t & 1;
        }
        assert_eq!(errors, vec![1; trees]);
    }
}

/// All leaves, grown in parts of so many trees.
fn in_parts(party: &mut impl Party, link: &mut Link, inputs: &[Block], part: usize) -> Vec<Block> {
    let (mut region, mut all) = (vec![0; part << FORTY.depth], Vec::new());
    party.noise(link, FORTY, inputs, &mut region, |region| all.extend_from_slice(region)).unwrap();
    all
}

const FORTY: Trees = Trees { count: 40, depth: 4 };

/// Parts of whole groups have the leaves of trees that grow at once, and the sums of their check, whatever the parts of the other party are.
#[test]
fn trees_may_grow_in_parts() {
    for (checks, [ours, theirs]) in Checks::ALL
        .into_iter()
        .flat_map(|checks| [[40, 40], [8, 40], [40, 8], [5, 5], [20, 20]].map(|parts| (checks, parts)))
    {
        let mut choices = Seed([8; 32]).stream();
        let q: Vec<Block> = (0..(FORTY.levels() + checks.masks()) as Block).map(|i| i << 1).collect();
        let t: Vec<Block> = q.iter().map(|q| q ^ (DELTA * Block::from(choices.next_u64() & 1))).collect();
        let (punctured, leaves) = trees(DELTA, K);
        let sender = |link: &mut Link, part| {
            in_parts(&mut Sender::new(DELTA, &punctured, &Seed([1; 32]), checks), link, &q, part)
        };
        let receiver = |link: &mut Link| in_parts(&mut Receiver::new(&leaves, checks), link, &t, theirs);
        let (q, t) = both(|link| sender(link, ours), receiver);
        assert!(q.iter().zip(&t).all(|(q, t)| (q & 1, q ^ t) == (0, (t & 1) * DELTA)));
        assert_eq!(t.iter().map(|t| t & 1).sum::<Block>(), FORTY.count as Block);
        if ours % GROUP == 0 {
            let (whole, _) = both(|link| sender(link, FORTY.count), receiver);
            assert_eq!(q, whole, "parts of {ours} and of {theirs}");
        }
    }
}

#[test]
fn a_peer_of_another_length_is_malformed_and_garbage_is_only_garbage() {
    let set = lpn::START;
    let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
    let mut receiver = Receiver::new(&trees(DELTA, K).1, Checks::None);
    client.send(vec![0xa5; message_bytes(set.trees()) + 1]).unwrap();
    client.send(vec![0xa5; message_bytes(set.trees())]).unwrap();
    let (levels, mut outputs) = (vec![3; set.levels()], vec![0; set.n()]);
    let halt = receiver.noise(&mut server, set.trees(), &levels, &mut outputs, |_| ()).unwrap_err();
    assert!(matches!(halt, Halt::Malformed { .. }));
    assert_eq!(receiver.noise(&mut server, set.trees(), &levels, &mut outputs, |_| ()), Ok(()));
}

/// A sender that changes the sum of a tree's last level: both leaves of the noise's parent are off, and it proves the outputs as if these were
/// the leaves of the parent that it guesses.
fn cheat(checks: Checks, guess: usize) -> (Result<(), Halt>, usize) {
    let set = Set { t: 1, log_k: 0, depth: 3 };
    let mut choices = Seed([9; 32]).stream();
    let q: Vec<Block> = (0..(set.depth + checks.masks()) as Block).map(|i| (i + 1) << 90).collect();
    let t: Vec<Block> = q.iter().map(|q| q ^ (DELTA * Block::from(choices.next_u64() & 1))).collect();
    // The path takes the sides that the sums do not stand for.
    let parent = (0..set.depth - 1).map(|level| (1 - (t[level] & 1) as usize) << level).sum();
    let error = 6 << 70;
    let leaves = trees(DELTA, K).1;
    let ((), outcome) = both(
        |link| {
            let (mut outputs, mut sums) = (vec![0; set.n()], vec![0; set.levels()]);
            Grower::default().grow(DELTA, &[1 << 99], &mut outputs, &mut sums);
            let (levels, masks) = q.split_at(set.levels());
            sums.iter_mut().zip(levels).for_each(|(sum, q)| *sum ^= q);
            sums[set.depth - 1] ^= error;
            let message = to_bytes(&sums);
            link.send(message.clone()).unwrap();
            if checks.is_active() {
                outputs[guess] ^= error;
                outputs[guess + 4] ^= error;
                let (punctured, _) = trees(DELTA, K);
                let sender = Sender::new(DELTA, &punctured, &Seed([1; 32]), checks);
                sender.prove(link, Matrix::new(NAME, 0, &message).sums(masks, &outputs)).unwrap();
            }
        },
        |link| {
            let mut outputs = vec![0; set.n()];
            link.step("here", |link| Receiver::new(&leaves, checks).noise(link, set.trees(), &t, &mut outputs, |_| ()))
        },
    );
    (outcome, parent)
}

#[test]
fn a_sum_of_no_tree_passes_with_the_right_guess_of_the_path_alone() {
    for guess in 0..4 {
        let (outcome, parent) = cheat(Checks::Active, guess);
        let refused = Halt::Cheating { step: "here".into(), what: check::FAILS };
        assert_eq!(outcome, if guess == parent { Ok(()) } else { Err(refused) }, "{guess} of {parent}");
        assert_eq!(cheat(Checks::None, guess).0, Ok(()));
    }
}
