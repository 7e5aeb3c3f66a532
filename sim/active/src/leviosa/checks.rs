//! The three tests of what was dealt, each of a random combination that a mask hides (Ames, Hazay, Ishai, Venkitasubramaniam, "Ligero", CCS 2017, section 4).
//!
//! Whoever dealt blocks sends two polynomials: a combination of all of them, of degree below `K`, and one in which each secret has a factor, whose secrets sum to 0 exactly if copies are the same. The other party
//! compares with the shares of the servers that it watches. Third, both open their parts of a combination of all sums of products less outputs, which must be a word of a product with all secrets 0.
//!
//! Invariant: the coin of the combinations is tossed after everything is dealt.

use crate::conduct::{Act, Check};
use crate::failure::{Cheating, Failure};
use crate::field::{self, ELEMENT_BITS};
use crate::leviosa::layout::{Layout, Pair, Places};
use crate::leviosa::packed::{Word, add_multiple, sum};
use crate::leviosa::product::{Run, Task};
use crate::party::element;
use fusion_2pc::bits::{pack, packed_bytes, unpack};
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;

/// What a party sends: the combination of all blocks, that of copies, and its part of the word of products.
struct Proof {
    degree: Vec<u64>,
    copies: Vec<u64>,
    products: Word,
}

impl Run<'_> {
    /// Gives the party's proof, and checks that of the other one.
    pub(super) fn test(&mut self) -> Result<(), Failure> {
        let coin = self.channel.toss()?;
        let own = self.prove(&coin);
        self.channel.link.send(pack(&[&own.degree[..], &own.copies, &own.products].concat(), ELEMENT_BITS))?;
        let code = self.task.code;
        let count = code.size() + code.product_size() + code.servers();
        let received = self.channel.link.receive(packed_bytes(count, ELEMENT_BITS))?;
        let mut received = unpack(&received, ELEMENT_BITS, count).into_iter().map(element);
        let mut take = |count| received.by_ref().take(count).collect::<Vec<u64>>();
        let theirs =
            Proof { degree: take(code.size()), copies: take(code.product_size()), products: take(code.servers()) };
        for (check, cheating) in self.failed(&coin, &own, &theirs) {
            if !self.channel.conduct.omits(check) {
                return Err(self.channel.caught(cheating));
            }
        }
        Ok(())
    }

    fn prove(&self, coin: &Seed) -> Proof {
        let Task { code, layout, shared } = self.task;
        let role = self.channel.link.role();
        let [mut degree, mut copies, mut products] = [0, 1, 2].map(|mask: usize| self.masks[mask].clone());
        for (factor, row) in factors(coin, role, "degrees").zip(self.rows.iter()) {
            add_multiple(&mut degree, factor, row);
        }
        for (factors, row) in copies_of(coin, role, layout, shared).iter().zip(self.rows.iter()) {
            let combined = code.public(factors);
            let terms = combined.iter().zip(row).map(|(&factor, &share)| field::mul(factor, share));
            copies.iter_mut().zip(terms).for_each(|(to, term)| *to = field::add(*to, term));
        }
        let outputs = &self.rows[self.rows.len() - layout.outputs()..];
        for (group, factor) in of_products(coin).take(layout.outputs()).enumerate() {
            add_multiple(&mut products, factor, &self.sums[group]);
            add_multiple(&mut products, field::neg(factor), &outputs[group]);
            if group == 0 && self.channel.conduct.acts(Act::OpensToMatch) {
                add_multiple(&mut products, factor, &code.public(&[1]));
            }
        }
        let [mut degree, mut copies] = [degree, copies].map(|word| code.coefficients(&word));
        degree.truncate(code.size());
        copies.truncate(code.product_size());
        Proof { degree, copies, products }
    }

    /// The checks that a proof fails, in the order in which they are made.
    fn failed(&self, coin: &Seed, own: &Proof, theirs: &Proof) -> Vec<(Check, Cheating)> {
        let Task { code, layout, shared } = self.task;
        let peer = self.channel.link.role().peer();
        let [degree, copies] = [&theirs.degree, &theirs.copies].map(|coefficients| code.word(coefficients));
        let copies_factors: Vec<Word> =
            copies_of(coin, peer, layout, shared).iter().map(|factors| code.public(factors)).collect();
        let [mut low, mut alike, mut opened] = [true; 3];
        for (&server, seen) in &self.seen {
            let product = |sum, (factor, &share): (u64, &u64)| field::add(sum, field::mul(factor, share));
            low &= factors(coin, peer, "degrees").zip(&seen.rows).fold(seen.masks[0], product) == degree[server];
            let at_server = copies_factors.iter().map(|word| word[server]);
            alike &= at_server.zip(&seen.rows).fold(seen.masks[1], product) == copies[server];
            let outputs = &seen.rows[seen.rows.len() - layout.outputs()..];
            let rest: Vec<u64> = seen.sums.iter().zip(outputs).map(|(&sum, &output)| field::sub(sum, output)).collect();
            opened &= of_products(coin).zip(&rest).fold(seen.masks[2], product) == theirs.products[server];
        }
        let secrets = |mut coefficients: Vec<u64>| {
            coefficients.resize(2 * code.size(), 0);
            code.secrets(&coefficients)
        };
        alike &= sum(&secrets(theirs.copies.clone())) == 0;
        let mut word = own.products.clone();
        add_multiple(&mut word, 1, &theirs.products);
        let right = code.is_product(&word) && secrets(code.coefficients(&word)).iter().all(|&secret| secret == 0);
        let checks = [
            (low, Check::Degree, Cheating::Degree),
            (alike, Check::Copies, Cheating::Copies),
            (opened, Check::Opening, Cheating::Opening),
            (right, Check::Product, Cheating::Product),
        ];
        checks.into_iter().filter(|&(passed, ..)| !passed).map(|(_, check, cheating)| (check, cheating)).collect()
    }
}

/// The factors of a test of what a party dealt.
fn factors(coin: &Seed, dealer: Role, test: &str) -> impl Iterator<Item = u64> + use<> {
    crate::check::coefficients(coin, &format!("{test} of the {dealer:?}"))
}

fn of_products(coin: &Seed) -> impl Iterator<Item = u64> + use<> {
    crate::check::coefficients(coin, "products")
}

/// The factors of each secret of a party's blocks of weights and inputs, in their order: uniform, but for that those of all copies of one element sum to 0.
/// The sum of all secrets times their factors is 0 for copies that are the same where what fills up a group's outputs is 0, and otherwise with probability `1/p`.
fn copies_of(coin: &Seed, dealer: Role, layout: &Layout, shared: bool) -> Vec<Vec<u64>> {
    let of = |places: fn(&Pair) -> &Places, count: usize, test: &str| {
        let mut drawn = factors(coin, dealer, test);
        let (mut sums, mut last) = (vec![0; count], vec![None; count]);
        let mut blocks: Vec<Vec<u64>> = Vec::with_capacity(layout.blocks());
        for (block, pair) in layout.pairs.iter().enumerate() {
            let places = places(pair);
            let row: Vec<u64> = drawn.by_ref().take(places.len()).collect();
            for (at, place) in places.iter().enumerate() {
                if let Some(place) = *place {
                    sums[place] = field::add(sums[place], row[at]);
                    last[place] = Some((block, at));
                }
            }
            blocks.push(row);
        }
        for (sum, last) in sums.into_iter().zip(last) {
            if let Some((block, at)) = last {
                blocks[block][at] = field::sub(blocks[block][at], sum);
            }
        }
        blocks
    };
    let [weights, inputs] = layout.counts;
    let of_inputs = || of(|pair| &pair.inputs, inputs, "copies of inputs");
    match dealer {
        Role::Client => of_inputs(),
        Role::Server => {
            let mut blocks = of(|pair| &pair.weights, weights, "copies of weights");
            blocks.extend(shared.then(of_inputs).into_iter().flatten());
            blocks
        }
    }
}
