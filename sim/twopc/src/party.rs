//! A party of a session, with its link, its randomness, and its oblivious transfers in both directions.

use crate::address::Address;
use crate::ot;
use crate::role::Role;
use crate::wire::link::{Halt, Link};
use rand_chacha::ChaCha20Rng;

/// Transfers are drawn and turned into pads in pieces of this many.
const PIECE: usize = 4096;

/// One of the two parties of a session.
pub struct Party<T = Pads> {
    /// The link to the other party.
    pub link: Link,
    /// The randomness of its masks.
    pub rng: ChaCha20Rng,
    /// Its oblivious transfers.
    pub transfers: T,
}

/// Random oblivious transfers as pads, in both directions.
pub struct Pads {
    /// Those in which the party is the sender.
    pub sender: Box<dyn ot::Sender>,
    /// Those in which the party is the receiver.
    pub receiver: Box<dyn ot::Receiver>,
}

impl<T> Party<T> {
    /// The role of this party.
    #[must_use]
    pub fn role(&self) -> Role {
        self.link.role()
    }

    /// 1 for the client and 0 for the server: the party that adds public constants to shared values.
    #[must_use]
    pub fn leads(&self) -> u8 {
        u8::from(self.role() == Role::Client)
    }

    /// Runs a part of a protocol as a step: its messages have the step in their address.
    ///
    /// # Errors
    /// The errors of the body.
    pub fn step<R>(
        &mut self,
        step: impl Into<Address>,
        body: impl FnOnce(&mut Self) -> Result<R, Halt>,
    ) -> Result<R, Halt> {
        self.link.enter_step(step);
        let outcome = body(self);
        self.link.leave_step();
        outcome
    }

    /// Sends a message and receives one of the same length from the other party. The two may cross on the line.
    ///
    /// # Errors
    /// [`Halt`] from the link.
    pub fn exchange(&mut self, payload: Vec<u8>) -> Result<Vec<u8>, Halt> {
        let bytes = payload.len();
        self.link.send(payload)?;
        self.link.receive(bytes)
    }
}

impl Party {
    /// Draws `count * each` transfers as the sender, and makes one value of the pads of every `each` of them.
    ///
    /// # Errors
    /// [`Halt`] from the extension.
    pub fn send_pads<T>(&mut self, count: usize, each: usize, make: impl Fn(&[[u64; 2]]) -> T) -> Result<Vec<T>, Halt> {
        let mut made = Vec::with_capacity(count);
        let mut pads = vec![[0; 2]; PIECE.min(count) * each];
        while made.len() < count {
            let now = PIECE.min(count - made.len()) * each;
            self.transfers.sender.draw(&mut self.link, &mut pads[..now])?;
            made.extend(pads[..now].chunks_exact(each).map(&make));
        }
        Ok(made)
    }

    /// Draws `count * each` transfers as the receiver, and makes one value of the choices and the pads of every `each` of them.
    ///
    /// # Errors
    /// [`Halt`] from the extension.
    pub fn receive_pads<T>(
        &mut self,
        count: usize,
        each: usize,
        make: impl Fn(&[u8], &[u64]) -> T,
    ) -> Result<Vec<T>, Halt> {
        let mut made = Vec::with_capacity(count);
        let (mut choices, mut pads) = (vec![0; PIECE.min(count) * each], vec![0; PIECE.min(count) * each]);
        while made.len() < count {
            let now = PIECE.min(count - made.len()) * each;
            self.transfers.receiver.draw(&mut self.link, &mut choices[..now], &mut pads[..now])?;
            let transfers = choices[..now].chunks_exact(each).zip(pads[..now].chunks_exact(each));
            made.extend(transfers.map(|(choices, pads)| make(choices, pads)));
        }
        Ok(made)
    }
}

impl<T> std::fmt::Debug for Party<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Party").field("link", &self.link).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod rehearsal {
    //! Both parties of a protocol, on two threads, with transfers from a trusted dealer.

    use super::{Pads, Party};
    use crate::ot::dealer::Dealer;
    use crate::random::{Seed, uniform};
    use crate::wire::clock::LinkSpeed;
    use crate::wire::link::{Halt, Link};
    use rand_core::Rng;

    /// A party's transfers, dealt.
    pub fn party(link: Link, seed: Seed) -> Party {
        let [mine, theirs] = match link.role() {
            crate::role::Role::Client => ["client sends", "server sends"],
            crate::role::Role::Server => ["server sends", "client sends"],
        };
        Party {
            rng: seed.child(mine).child("masks").stream(),
            transfers: Pads {
                sender: Box::new(Dealer::new(seed.child(mine))),
                receiver: Box::new(Dealer::new(seed.child(theirs))),
            },
            link,
        }
    }

    /// What the client's and the server's function return, and the session as the client saw it.
    pub fn both<T: Send>(
        client: impl FnOnce(&mut Party) -> Result<T, Halt> + Send,
        server: impl FnOnce(&mut Party) -> Result<T, Halt> + Send,
    ) -> ([T; 2], Party) {
        let (left, right) = Link::pair(LinkSpeed::LAN);
        let seed = Seed([7; 32]);
        std::thread::scope(|scope| {
            let server = scope.spawn(move || server(&mut party(right, seed)).unwrap());
            let mut party = party(left, seed);
            let first = client(&mut party).unwrap();
            ([first, server.join().unwrap()], party)
        })
    }

    /// Random values of so many bits and random shares of them.
    pub fn shared(bits: u32, count: usize, seed: u8) -> [Vec<u64>; 3] {
        let mut rng = Seed([seed; 32]).stream();
        let values = uniform(&mut rng, bits, count);
        let client = uniform(&mut rng, bits, count);
        let server = values.iter().zip(&client).map(|(x, x0)| x.wrapping_sub(*x0) & crate::bits::mask(bits)).collect();
        [values, client, server]
    }

    /// The values that two parties' shares of a ring stand for.
    pub fn opened(shares: &[Vec<u64>; 2], bits: u32) -> Vec<u64> {
        shares[0].iter().zip(&shares[1]).map(|(x0, x1)| x0.wrapping_add(*x1) & crate::bits::mask(bits)).collect()
    }

    /// Random bits.
    pub fn coins(count: usize, seed: u8) -> Vec<u8> {
        let mut rng = Seed([seed; 32]).stream();
        (0..count).map(|_| (rng.next_u32() & 1) as u8).collect()
    }
}
