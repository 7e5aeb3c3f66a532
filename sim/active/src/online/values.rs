//! Inputs, products, and outputs to one party.

use crate::failure::Failure;
use crate::field::{self, ELEMENT_BITS};
use crate::party::{Party, element};
use crate::share::{Share, Triple};
use fusion_2pc::bits::{pack, packed_bytes, unpack};
use fusion_2pc::role::Role;
use std::fmt;
use zeroize::Zeroizing;

/// What a party knows of an input: the elements, or how many there are.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// The party's own elements.
    Own(&'a [u64]),
    /// So many elements of the peer.
    Peer(usize),
}

/// An input is secret: its length alone is shown.
impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(elements) => write!(f, "Own({} elements)", elements.len()),
            Self::Peer(count) => write!(f, "Peer({count} elements)"),
        }
    }
}

impl Party {
    /// Enters elements of one of the parties: it sends their differences from masks that it alone knows (SPDZ, CRYPTO 2012, figure 4). The mask is authenticated, so that a
    /// party is held to what it entered; whether that is in the range which a later comparison needs is not checked.
    ///
    /// # Errors
    /// [`Failure`] of making more masks, or a halt.
    pub fn enter(&mut self, input: Input) -> Result<Vec<Share>, Failure> {
        let (role, count) = match input {
            Input::Own(elements) => (self.role(), elements.len()),
            Input::Peer(count) => (self.role().peer(), count),
        };
        let masks = self.take_masks(role, count)?;
        let differences: Vec<u64> = match input {
            Input::Own(elements) => {
                let differences = elements.iter().zip(masks.iter()).map(|(&x, (_, mask))| field::sub(x, *mask));
                let differences: Vec<u64> = differences.collect();
                self.channel.link.send(pack(&differences, ELEMENT_BITS))?;
                differences
            }
            Input::Peer(count) => {
                let received = self.channel.link.receive(packed_bytes(count, ELEMENT_BITS))?;
                unpack(&received, ELEMENT_BITS, count).into_iter().map(element).collect()
            }
        };
        let entered = masks.iter().zip(differences);
        Ok(entered.map(|((mask, _), difference)| mask.plus(self.constant(difference))).collect())
    }

    /// Takes masks of a party that nobody has used, and makes more where there are too few.
    fn take_masks(&mut self, of: Role, count: usize) -> Result<Zeroizing<Vec<(Share, u64)>>, Failure> {
        let missing = count.saturating_sub(self.masks[of as usize].len());
        let mut counts = [0; 2];
        counts[of as usize] = missing;
        self.prepare_masks(counts)?;
        let held = &mut self.masks[of as usize];
        let from = held.len() - count;
        let taken = Zeroizing::new(held[from..].to_vec());
        held.truncate(from);
        Ok(taken)
    }

    /// Multiplies pairs of shared values by triples (Beaver, "Efficient multiparty protocols using circuit randomization", CRYPTO 1991).
    ///
    /// # Errors
    /// [`Failure`] of making more triples, or a halt.
    pub fn multiply(&mut self, pairs: &[(Share, Share)]) -> Result<Vec<Share>, Failure> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let triples = self.take_triples(pairs.len())?;
        let masked = |((x, y), triple): (&(Share, Share), &Triple)| [x.minus(triple.a), y.minus(triple.b)];
        let differences: Vec<Share> = pairs.iter().zip(triples.iter()).flat_map(masked).collect();
        let opened = self.open(&differences)?;
        let product = |(triple, opened): (&Triple, &[u64])| {
            let [d, e] = [opened[0], opened[1]];
            let crossed = triple.a.times(e).plus(triple.b.times(d));
            triple.c.plus(crossed).plus(self.constant(field::mul(d, e)))
        };
        Ok(triples.iter().zip(opened.chunks_exact(2)).map(product).collect())
    }

    /// Gives values to one of the parties alone. Everything opened before is checked first, and the output itself before it is returned.
    ///
    /// # Errors
    /// [`Cheating`](crate::failure::Cheating) by the check of codes, or a halt.
    pub fn reveal(&mut self, to: Role, shares: &[Share]) -> Result<Option<Vec<u64>>, Failure> {
        let masks = self.take_masks(to, shares.len())?;
        self.check()?;
        let hidden: Vec<Share> = shares.iter().zip(masks.iter()).map(|(share, (mask, _))| share.plus(*mask)).collect();
        let opened = self.open(&hidden)?;
        self.check()?;
        let outputs = opened.iter().zip(masks.iter()).map(|(&opened, (_, mask))| field::sub(opened, *mask));
        Ok((self.role() == to).then(|| outputs.collect()))
    }
}
