//! Receivers that deviate, with and without a check.

use super::*;
use crate::ot::check::FAILS;
use crate::ot::iknp::Repetition;
use crate::ot::kkot::WalshHadamard;
use crate::wire::clock::LinkSpeed;

const COUNT: usize = 40;
const TWEAK: Block = 1 << 50;

/// The sender's choices in the base transfers.
fn secrets<C: Code>() -> Vec<u8> {
    uniform(&mut Seed([6; 32]).stream(), 1, C::COLUMNS).iter().map(|&bit| bit as u8).collect()
}

fn parties<C: Code>(checks: Checks) -> (Sender<C>, Receiver<C>) {
    let seed = |column: usize, side: u8| Seed([7; 32]).child(&format!("{column} {side}"));
    let pairs: Vec<[Seed; 2]> = (0..C::COLUMNS).map(|column| [0, 1].map(|side| seed(column, side))).collect();
    let secrets = secrets::<C>();
    let chosen: Vec<Seed> = pairs.iter().zip(&secrets).map(|(pair, &bit)| pair[usize::from(bit)]).collect();
    (Sender::new(&secrets, &chosen, TWEAK, checks), Receiver::new(&pairs, TWEAK, checks))
}

/// A receiver that flips one bit of some columns, in this row, and proves its transfers as if the sender's secret bits in these columns were as guessed.
/// What the sender makes of its message.
fn cheat<C: Code>(checks: Checks, row: usize, guesses: &[(usize, bool)]) -> Result<Vec<Block>, Halt> {
    let (mut sender, mut receiver) = parties::<C>(checks);
    let masks = checks.masks();
    let choices: Vec<u8> = (0..masks + COUNT).map(|at| (at % 2) as u8).collect();
    let (mut message, mut blocks) = (Vec::new(), Vec::new());
    receiver.chunk(&choices, &mut message, &mut blocks);
    for (column, _) in guesses {
        message[column * choices.len().div_ceil(8) + row / 8] ^= 1 << (row % 8);
    }
    if checks.is_active() {
        for (column, _) in guesses.iter().filter(|(_, guess)| *guess) {
            blocks[row] ^= C::mask_of(*column);
        }
        let (masks, rows) = blocks.split_at(check::SUMS);
        let matrix = Matrix::new(C::NAME, TWEAK, &message);
        message.extend(proof::<C>(&matrix, &choices, &matrix.sums(masks, rows)));
    }
    let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
    client.send(message).unwrap();
    server.step("here", |link| sender.hear(link, COUNT)).map(|heard| heard.blocks)
}

/// What a column adds to a row's block.
trait Mixed: Code {
    fn mask_of(column: usize) -> Block {
        Self::mix(column / 128, 1 << (column % 128))
    }
}

impl<C: Code> Mixed for C {}

fn is_refused(outcome: &Result<Vec<Block>, Halt>) -> bool {
    *outcome == Err(Halt::Cheating { step: "here".into(), what: FAILS })
}

/// Bit `j` of one row in column `j` alone: accepted where the guess of the sender's bit is right, refused where it is wrong; and the block of a receiver
/// that is accepted is the one that it expects.
fn each_column_costs_a_guess<C: Code>() {
    let (secrets, honest) = (secrets::<C>(), cheat::<C>(Checks::Active, 130, &[]).unwrap());
    for (column, &secret) in secrets.iter().enumerate() {
        for guess in [false, true] {
            let outcome = cheat::<C>(Checks::Active, 130, &[(column, guess)]);
            if guess == (secret == 1) {
                let mut expected = honest.clone();
                expected[2] ^= if guess { C::mask_of(column) } else { 0 };
                assert_eq!(outcome.unwrap(), expected, "column {column}");
            } else {
                assert!(is_refused(&outcome), "column {column}: {outcome:?}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_of_a_column_passes_with_the_right_guess_alone() {
    each_column_costs_a_guess::<Repetition>();
    each_column_costs_a_guess::<WalshHadamard>();
}

/// Of several columns all guesses must be right. Also where the flipped transfer is one of the masks.
#[test]
fn every_column_that_deviates_must_be_guessed() {
    let bit = |column: usize| secrets::<Repetition>()[column] == 1;
    let columns = [3, 64, 127];
    for row in [5, 128, 128 + COUNT - 1] {
        for wrong in 0..8 {
            let guess = |at: usize| (columns[at], bit(columns[at]) ^ (wrong >> at & 1 == 1));
            let outcome = cheat::<Repetition>(Checks::Active, row, &[guess(0), guess(1), guess(2)]);
            assert_eq!(outcome.is_ok(), wrong == 0, "row {row}, wrong {wrong:03b}");
            assert!(wrong == 0 || is_refused(&outcome));
        }
    }
}

/// Without a check the sender takes what is in its columns: the receiver learns by the messages under its pads whether its guess was right, from the verdict.
#[test]
fn without_a_check_no_guess_is_noticed() {
    for (column, guess) in [0, 64, 127].into_iter().flat_map(|column| [(column, false), (column, true)]) {
        assert!(cheat::<Repetition>(Checks::None, 2, &[(column, guess)]).is_ok());
        assert!(cheat::<WalshHadamard>(Checks::None, 2, &[(column, guess)]).is_ok());
    }
}

/// One that changes its columns after it has proved them, its choices, or the hash.
#[test]
fn a_proof_of_another_message_is_refused() {
    let (_, mut receiver) = parties::<Repetition>(Checks::Active);
    let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
    let bytes = message_bytes::<Repetition>(COUNT, Checks::Active);
    receiver.ask(&mut client, vec![1; COUNT]).unwrap();
    let message = server.receive(bytes).unwrap();
    let hear = |message: Vec<u8>| {
        let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
        client.send(message).unwrap();
        let (mut sender, _) = parties::<Repetition>(Checks::Active);
        server.step("here", |link| sender.hear(link, COUNT)).map(|heard| heard.blocks)
    };
    assert!(hear(message.clone()).is_ok());
    let said = bytes - 16 - HASH_BYTES;
    for at in [0, said / 2, said - 1, said, bytes - HASH_BYTES, bytes - 1] {
        let mut bent = message.clone();
        bent[at] ^= 16;
        assert!(is_refused(&hear(bent)), "byte {at} of {bytes}");
    }
}

/// A receiver that adds a column of ones, and a guess of the sender's bit there to its blocks: whether these are then the sender's, as those of an honest receiver are.
fn agree<C: Code>(guess: Option<Guess>) -> bool {
    let (mut sender, receiver) = parties::<C>(Checks::None);
    let mut receiver = Receiver { guess, ..receiver };
    let choices: Vec<u8> = (0..COUNT).map(|at| (at % (1 << C::BITS)) as u8).collect();
    let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
    let asked = receiver.ask(&mut client, choices.clone()).unwrap();
    let heard = sender.hear(&mut server, COUNT).unwrap();
    let pads = |at: usize| heard.blocks[at] ^ heard.deltas[usize::from(choices[at])];
    let same = (0..COUNT).filter(|&at| pads(at) == asked.blocks[at]).count();
    assert!(same == 0 || same == COUNT, "all transfers alike: {same}");
    same == COUNT
}

/// Without a check, one column tells one bit of the correlation, of all columns, those of KKOT's codes of 256 too: see [`crate::ot::probe`].
fn each_column_tells_a_bit<C: Code>() {
    assert!(agree::<C>(None));
    for (part, &secret) in (0..).zip(&secrets::<C>()) {
        let told = [0, 1].map(|value| agree::<C>(Some(Guess { part, value })));
        assert_eq!(told, [secret == 0, secret == 1], "column {part}");
    }
}

#[test]
fn without_a_check_each_column_tells_a_bit_of_the_correlation() {
    each_column_tells_a_bit::<Repetition>();
    each_column_tells_a_bit::<WalshHadamard>();
}
