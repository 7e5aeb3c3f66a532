//! Triples of whole linear layers: uniform weights `A`, uniform vectors of inputs `B`, and the outputs `C` of the one on the others, authenticated.
//!
//! Chen, Kim, Razenshteyn, Rotaru, Song and Wagh ("Maliciously secure matrix multiplication with applications to private deep learning", ASIACRYPT 2020) have triples of matrices, whose use opens weights and inputs
//! once instead of two numbers a product. Their encryption multiplies ciphertexts; ours is `LowGear`'s: a party encrypts its part of `B`, packed into polynomials
//! ([`super::packing`]), and the other one multiplies by its part of `A` in the clear, under a mask of every coefficient.
//!
//! One vector more than is used, `B'` with outputs `C'`, is sacrificed for all the others: for coins `t_i` the difference `r = sum t_i B_i - B'` is opened and checked, and then `sum t_i C_i - C' - A r` is 0
//! (the sacrifice of MASCOT, CCS 2016, protocol 4, for linear maps). Decision 30 argues that it is enough.

use super::keys::Job;
use super::packing::Packing;
use super::parameters::{DEGREE, MOST_PROVEN};
use super::scheme::Pair;
use super::triples::{Column, Shares};
use crate::check::coefficients;
use crate::conduct::{Act, Check};
use crate::failure::{Cheating, Failure};
use crate::field;
use crate::linear::Linear;
use crate::party::Party;
use crate::share::Share;
use zeroize::Zeroizing;

/// The most answers of a message.
pub const MOST_JOBS: usize = 64;

/// A triple of a linear layer: the same weights for all images.
pub(crate) struct Matrices {
    /// The weights, without biases.
    pub weights: Shares,
    /// The inputs of all images, one after the other.
    pub inputs: Shares,
    /// Their outputs.
    pub outputs: Shares,
}

/// The packing of a layer, with a vector of inputs for each image and one that is sacrificed; `None` for a layer that is too wide.
#[must_use]
pub fn packing(linear: &Linear, images: usize) -> Option<Packing> {
    Packing::of(linear, images + 1)
}

/// The columns that hold so many elements, one to a slot.
#[must_use]
pub const fn columns(elements: usize) -> usize {
    elements.div_ceil(DEGREE)
}

/// The weights of all layers, with an element that masks the check of authentication.
#[must_use]
pub fn weights_of(layers: &[Linear]) -> usize {
    1 + layers.iter().map(Linear::weights).sum::<usize>()
}

/// The parties' parts of the products of all jobs, and of the products with keys, of one party.
struct Products {
    /// Its parts of products with factors: one for each job.
    crossed: Vec<Column>,
    /// Its parts of products with keys, for each ciphertext: of what it encrypted, and of what it multiplied.
    codes: [Vec<Column>; 2],
}

impl Party {
    /// Makes a triple for each layer, for so many images.
    ///
    /// # Errors
    /// [`Cheating`] by its checks, or a halt.
    ///
    /// # Panics
    /// If a layer has no [`packing`].
    pub(crate) fn prepare_matrices(&mut self, layers: &[Linear], images: usize) -> Result<Vec<Matrices>, Failure> {
        if layers.is_empty() {
            return Ok(Vec::new());
        }
        self.offline("matrices", |party| party.make_matrices(layers, images))
    }

    fn make_matrices(&mut self, layers: &[Linear], images: usize) -> Result<Vec<Matrices>, Failure> {
        let packed =
            |linear| packing(linear, images).unwrap_or_else(|| unreachable!("layers of architectures can be packed"));
        let packings: Vec<Packing> = layers.iter().map(packed).collect();
        let dense = self.uniform_columns(columns(weights_of(layers)));
        let weights = split(&dense, 1, layers.iter().map(Linear::weights));
        let inputs: Vec<Column> =
            layers.iter().map(|linear| self.uniform_column((images + 1) * linear.inputs())).collect();
        let sparse = self.packed(&packings, &inputs);
        let own: Vec<&Column> = dense.iter().chain(&sparse).collect();
        let theirs = self.encrypt_all(&own)?;
        let Products { crossed, codes: [asked, answered] } = self.multiply_all(&packings, &weights, &theirs)?;
        let outputs = self.outputs(&packings, &weights, &inputs, &crossed);
        let coded = |at: usize, values: &[u64]| self.shares(values, Some(&asked[at]), Some(&answered[at]));
        let dense_shares: Vec<Shares> = dense.iter().enumerate().map(|(at, column)| coded(at, column)).collect();
        let coefficients = |column: &Column| Zeroizing::new(self.keys.rings.slots.coefficients(column.to_vec()));
        let sparse_shares: Vec<Shares> = (dense.len()..)
            .zip(&sparse)
            .map(|(at, column)| {
                let [asked, answered] = [&asked[at], &answered[at]].map(coefficients);
                self.shares(&coefficients(column), Some(&asked), Some(&answered))
            })
            .collect();
        let output_shares = self.authenticate_all(&outputs)?;
        let mut rest = &sparse_shares[..];
        let input_shares: Vec<Shares> = packings
            .iter()
            .map(|packing| {
                let (own, others) = rest.split_at(packing.ciphertexts());
                rest = others;
                Zeroizing::new(packing.unpack_inputs(own))
            })
            .collect();
        let all: Vec<&Shares> = dense_shares.iter().chain(&input_shares).chain(&output_shares).collect();
        self.check_authentic(&all, &[dense_shares[0][0]])?;
        let weights = split(&dense_shares, 1, layers.iter().map(Linear::weights));
        let outputs = split(&output_shares, 0, layers.iter().map(|linear| (images + 1) * linear.outputs()));
        let parts = weights.into_iter().zip(input_shares).zip(outputs);
        let made = parts.map(|((weights, inputs), outputs)| Matrices { weights, inputs, outputs }).collect();
        self.sacrifice_matrices(layers, made)
    }

    /// The slots of the packed inputs.
    fn packed(&self, packings: &[Packing], inputs: &[Column]) -> Vec<Column> {
        let mut all = Vec::new();
        let mut deviates = self.channel.conduct.acts(Act::PacksOtherwise);
        for (packing, inputs) in packings.iter().zip(inputs) {
            let mut packed = packing.pack_inputs(inputs);
            if deviates && let Some(spare) = packing.spare() {
                packed[0][spare] = 1;
                deviates = false;
            }
            all.extend(packed.into_iter().map(|packed| Zeroizing::new(self.keys.rings.slots.decode(packed))));
        }
        all
    }

    /// Sends columns encrypted, and receives as many of the peer.
    fn encrypt_all(&mut self, own: &[&Column]) -> Result<Vec<Pair>, Failure> {
        let mut theirs = Vec::with_capacity(own.len());
        for columns in own.chunks(MOST_PROVEN) {
            let slots: Vec<&[u64]> = columns.iter().map(|column| &column[..]).collect();
            theirs.extend(self.keys.exchange_proven(&mut self.channel, &slots, slots.len())?);
        }
        Ok(theirs)
    }

    /// Multiplies the peer's packed inputs with weights, and all of its ciphertexts with the party's key.
    fn multiply_all(&mut self, packings: &[Packing], weights: &[Column], theirs: &[Pair]) -> Result<Products, Failure> {
        let mut jobs: Vec<(usize, Option<usize>)> = Vec::new();
        let mut factors: Vec<Column> = Vec::new();
        let mut from = theirs.len() - packings.iter().map(Packing::ciphertexts).sum::<usize>();
        for (packing, weights) in packings.iter().zip(weights) {
            jobs.extend(packing.jobs().into_iter().map(|(at, factor)| (from + at, Some(factors.len() + factor))));
            from += packing.ciphertexts();
            let mut weights = weights.clone();
            if factors.is_empty() && self.channel.conduct.acts(Act::MultipliesOtherwise) {
                // A weight that meets an input, as not every one does under padding.
                let met = packing.linear.apply(None, |first, weight, _| first.or(Some(weight)));
                let met = met.into_iter().flatten().next().unwrap_or(0);
                weights[met] = field::add(weights[met], 1);
            }
            factors.extend(packing.pack_weights(&weights).into_iter().map(Zeroizing::new));
        }
        let products = jobs.len();
        jobs.extend((0..theirs.len()).map(|at| (at, None)));
        let key = self.key_factor(false);
        let (mut asked, mut answered) = (Vec::new(), Vec::new());
        for jobs in jobs.chunks(MOST_JOBS) {
            let rings = &self.keys.rings;
            let factor = |at: usize| rings.factor(&Zeroizing::new(rings.slots.decode(factors[at].to_vec())));
            let made: Vec<Option<Column>> = jobs.iter().map(|(_, at)| at.map(factor)).collect();
            let jobs: Vec<Job> = jobs
                .iter()
                .zip(&made)
                .map(|((at, _), made)| Job {
                    ciphertext: &theirs[*at],
                    factor: made.as_ref().map_or(&key[..], |made| &made[..]),
                })
                .collect();
            let parts = self.keys.exchange_products(&mut self.channel, &jobs, jobs.len())?;
            asked.extend(parts.asked);
            answered.extend(parts.answered);
        }
        let codes = [asked.split_off(products), answered.split_off(products)];
        Ok(Products { crossed: sums(&asked, &answered), codes })
    }

    /// The party's part of the outputs of all layers and vectors, as columns of one element to a slot.
    fn outputs(&self, packings: &[Packing], weights: &[Column], inputs: &[Column], crossed: &[Column]) -> Vec<Column> {
        let coefficients = |column: &Column| Zeroizing::new(self.keys.rings.slots.coefficients(column.to_vec()));
        let (mut all, mut from) = (Zeroizing::new(Vec::new()), 0);
        for (packing, (weights, inputs)) in packings.iter().zip(weights.iter().zip(inputs)) {
            let until = from + packing.products();
            let products: Vec<Column> = crossed[from..until].iter().map(coefficients).collect();
            from = until;
            let crossed = Zeroizing::new(packing.unpack_outputs(&products));
            let linear = &packing.linear;
            for (inputs, crossed) in inputs.chunks_exact(linear.inputs()).zip(crossed.chunks_exact(linear.outputs())) {
                let own = linear.apply(0, |sum, weight, at| field::add(sum, field::mul(weights[weight], inputs[at])));
                all.extend(own.into_iter().zip(crossed).map(|(own, &crossed)| field::add(own, crossed)));
            }
        }
        let filled = columns(all.len()) * DEGREE;
        all.resize(filled, 0);
        all.chunks_exact(DEGREE).map(|column| Zeroizing::new(column.to_vec())).collect()
    }

    /// Authenticates columns that both parties have parts of, as many at once as a proof covers.
    fn authenticate_all(&mut self, all: &[Column]) -> Result<Vec<Shares>, Failure> {
        let mut shares = Vec::with_capacity(all.len());
        for columns in all.chunks(MOST_PROVEN) {
            shares.extend(self.authenticate(columns)?);
        }
        Ok(shares)
    }

    /// Checks that the outputs are those of the inputs, by a vector of each layer that is used up.
    fn sacrifice_matrices(&mut self, layers: &[Linear], made: Vec<Matrices>) -> Result<Vec<Matrices>, Failure> {
        let coin = self.channel.toss()?;
        let combined = |vectors: &Shares, count: usize| {
            let (used, sacrificed) = vectors.split_at(vectors.len() - count);
            let mut sum: Vec<Share> = sacrificed.iter().map(|share| Share::ZERO.minus(*share)).collect();
            for (vector, t) in used.chunks_exact(count).zip(coefficients(&coin, "a sacrifice of matrices")) {
                sum.iter_mut().zip(vector).for_each(|(sum, share)| *sum = sum.plus(share.times(t)));
            }
            Zeroizing::new(sum)
        };
        let both = || layers.iter().zip(&made);
        let differences: Vec<Shares> = both().map(|(linear, made)| combined(&made.inputs, linear.inputs())).collect();
        let differences: Vec<Share> = differences.iter().flat_map(|vector| vector.iter().copied()).collect();
        let opened = self.open(&differences)?;
        self.check()?;
        let mut opened = &opened[..];
        let mut zeros: Vec<Share> = Vec::new();
        for (linear, made) in both() {
            let (of_layer, rest) = opened.split_at(linear.inputs());
            opened = rest;
            let expected =
                linear.apply(Share::ZERO, |sum, weight, at| sum.plus(made.weights[weight].times(of_layer[at])));
            let outputs = combined(&made.outputs, linear.outputs());
            zeros.extend(outputs.iter().zip(expected).map(|(output, expected)| output.minus(expected)));
        }
        self.check_zero(zeros.into_iter(), Check::Matrices, Cheating::Matrices)?;
        let kept = |(linear, made): (&Linear, Matrices)| {
            let Matrices { weights, mut inputs, mut outputs } = made;
            let [used, sums] = [inputs.len() - linear.inputs(), outputs.len() - linear.outputs()];
            inputs.truncate(used);
            outputs.truncate(sums);
            Matrices { weights, inputs, outputs }
        };
        Ok(layers.iter().zip(made).map(kept).collect())
    }
}

/// The sums of columns, slot by slot.
fn sums(left: &[Column], right: &[Column]) -> Vec<Column> {
    let sum = |(left, right): (&Column, &Column)| {
        Zeroizing::new(left.iter().zip(right.iter()).map(|(&x, &y)| field::add(x, y)).collect())
    };
    left.iter().zip(right).map(sum).collect()
}

/// Parts of these lengths of what columns hold one after the other, from a place on.
fn split<T: Copy + zeroize::Zeroize>(
    columns: &[Zeroizing<Vec<T>>],
    from: usize,
    lengths: impl Iterator<Item = usize>,
) -> Vec<Zeroizing<Vec<T>>> {
    let mut all = columns.iter().flat_map(|column| column.iter().copied()).skip(from);
    lengths.map(|length| Zeroizing::new(all.by_ref().take(length).collect())).collect()
}
