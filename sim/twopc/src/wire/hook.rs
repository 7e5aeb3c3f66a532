//! Where cheating enters: a party that deviates may change the messages that it sends, and its shares of a step's output.

use crate::address::Address;
use crate::modulus::Modulus;
use crate::wire::meter::Message;

/// What a party that deviates does with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// The message is sent as it is.
    Send,
    /// Other bytes are sent in place of the message.
    Replace(Vec<u8>),
    /// The message is sent twice.
    Repeat,
    /// The message is not sent.
    Drop,
    /// The message is sent this many virtual nanoseconds late.
    Delay(u64),
    /// The party closes the connection instead of sending the message.
    Close,
    /// The party falls silent instead of sending the message. The peer gives up after
    /// [`PATIENCE_NS`](crate::wire::link::PATIENCE_NS).
    Stall,
}

/// A digit of numbers that a server compares with those of the client: it offers one message for each value of the client's digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The place of its lowest bit.
    pub from: u32,
    /// The number of its bits, at most four.
    pub bits: u32,
    /// Which of the numbers is compared, where the server has several for each of the client's.
    pub threshold: usize,
}

/// For each value of a client's digit, what is wrong about the message offered for it: "it is greater" by bit 0, "it is equal" by bit 1, which the lowest digit has not.
pub type Mistakes = [u8; 16];

/// How a party deviates. By default it follows the protocol.
pub trait Deviation: Send {
    /// May change the party's shares of a step's output, one slot after another.
    fn share(&mut self, step: &Address, shares: &mut [u64], modulus: Modulus) {
        let _ = (step, shares, modulus);
    }

    /// Returns what the party adds to each element that a ReLU keeps because its input is not negative, slot after slot; `None` for nothing.
    /// An error that depends on a bit of a value is an additive error on an inner wire (Genkin, Ishai, Prabhakaran, Sahai, Tromer, STOC 2014).
    fn kept(&mut self, step: &Address, count: usize) -> Option<Vec<i64>> {
        let _ = (step, count);
        None
    }

    /// Returns, for each element of a ReLU whose sign is shared, slot after slot, the number that a server adds to it if it chooses otherwise than by its share of the sign, as the
    /// receiver of a product and as the sender of the other ([`share::choice`](crate::share::choice)). `None` for nothing.
    fn own_choices(&mut self, step: &Address, count: usize) -> Option<Vec<Option<i64>>> {
        let _ = (step, count);
        None
    }

    /// Returns the mistakes that a server makes about each number of a comparison, whose digits are `own`; `None` for none. Results are joined as sums of products, so that any function
    /// of the client's digit, and of the result of the digits below it, takes the place of the true one (Rathee et al., CrypTFlow2, CCS 2020, section 3.1.1).
    fn compared(&mut self, step: &Address, digit: Compared, own: &[u8]) -> Option<Vec<Mistakes>> {
        let _ = (step, digit, own);
        None
    }

    /// Returns the shares that a server chooses of the outputs of a linear layer, slot after slot, in `CrypTFlow2` under encryption, where it masks its answer; `None` for uniform ones.
    fn chosen(&mut self, step: &Address, count: usize) -> Option<Vec<u64>> {
        let _ = (step, count);
        None
    }

    /// Returns, for each element of a ReLU that a server garbles for a client that decodes, slot after slot, the bits of the result that it makes undecodable where they are set. It then
    /// does not mask the result. `None` for nothing; bits beyond those of the result are left out.
    fn spoiled(&mut self, step: &Address, count: usize) -> Option<Vec<u64>> {
        let _ = (step, count);
        None
    }

    /// Is told what the party reads in a message, with its own part taken off: of the openings of products of bits, the factors under the other's masks; of the transfers of a
    /// multiplexer, and of bits that become numbers, the other's choices and values, or the products that were chosen, under its masks.
    fn read(&mut self, step: &Address, read: &[u8]) {
        let _ = (step, read);
    }

    /// Decides what happens to a message that the party is about to send.
    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        let _ = (message, payload);
        Conduct::Send
    }
}
