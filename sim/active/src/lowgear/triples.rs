//! Triples and input masks: authenticated, checked for consistent keys, and sacrificed.
//!
//! A triple costs five ciphertexts and seven products in each direction: of the factors `a`, `b`, a second `b`, and of both products, each is encrypted once; two products are
//! with the peer's factors, five with the peer's key. As in MASCOT (Keller, Orsini, Scholl, CCS 2016, protocols 3 and 4) a uniform combination of all fresh values is opened and its
//! code checked, under a mask, before any of them is used; then `t c - c' - (t b - b') a = 0` for a coin `t` sacrifices the second product.

use super::keys::{Job, Parts};
use super::parameters::DEGREE;
use crate::check::coefficients;
use crate::conduct::{Act, Check};
use crate::failure::{Cheating, Failure};
use crate::field;
use crate::party::Party;
use crate::share::{Share, Triple};
use fusion_2pc::role::Role;
use fusion_2pc::wire::meter::Phase;
use zeroize::Zeroizing;

/// The most sets of triples, with a triple in each slot, that are made at once.
pub const MOST_SETS: usize = 8;

/// The most ciphertexts of masks that are made at once.
pub const MOST_MASKS: usize = 16;

/// The slot in whose making a party of a test deviates.
const BAD_SLOT: usize = 5;

pub(super) type Column = Zeroizing<Vec<u64>>;
pub(crate) type Shares = Zeroizing<Vec<Share>>;

/// The number of triples that so many sets leave: one masks the check of authentication.
#[must_use]
pub const fn triples_of(sets: usize) -> usize {
    sets * DEGREE - 1
}

/// The sets of triples in which so many are made: how many sets at a time.
pub fn batches(triples: usize) -> impl Iterator<Item = usize> {
    let mut left = triples;
    std::iter::from_fn(move || {
        let sets = (left + 1).div_ceil(DEGREE).min(MOST_SETS);
        (left > 0).then(|| left = left.saturating_sub(triples_of(sets)))?;
        Some(sets)
    })
}

/// The numbers of ciphertexts in which masks are made, the client's and the server's: so many at a time. The first mask of either party's is used up by the check.
pub fn mask_batches(mut left: [usize; 2]) -> impl Iterator<Item = [usize; 2]> {
    std::iter::from_fn(move || {
        let now = left.map(|count| if count == 0 { 0 } else { (count + 1).div_ceil(DEGREE).min(MOST_MASKS) });
        for (left, now) in left.iter_mut().zip(now) {
            *left = left.saturating_sub((now * DEGREE).saturating_sub(1));
        }
        (now != [0, 0]).then_some(now)
    })
}

impl Party {
    /// Makes so many triples at least.
    ///
    /// # Errors
    /// [`Cheating`] by its checks, or a halt.
    pub fn prepare_triples(&mut self, count: usize) -> Result<(), Failure> {
        for sets in batches(count.saturating_sub(self.triples.len())) {
            self.offline("triples", |party| party.make_triples(sets))?;
        }
        Ok(())
    }

    /// Makes so many masks of the client's and of the server's inputs at least.
    ///
    /// # Errors
    /// [`Cheating`] by its checks, or a halt.
    pub fn prepare_masks(&mut self, counts: [usize; 2]) -> Result<(), Failure> {
        for ciphertexts in mask_batches(counts) {
            self.offline("masks", |party| party.make_masks(ciphertexts))?;
        }
        Ok(())
    }

    /// Makes correlations in a step of the offline phase.
    pub(super) fn offline<T>(
        &mut self,
        step: &'static str,
        make: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let phase = self.channel.link.enter(Phase::Offline);
        let made = self.step(step, make);
        self.channel.link.enter(phase);
        made
    }

    /// Takes triples that nobody has used, and makes more where there are too few.
    pub(crate) fn take_triples(&mut self, count: usize) -> Result<Zeroizing<Vec<Triple>>, Failure> {
        self.prepare_triples(count)?;
        self.used.triples += count;
        let from = self.triples.len() - count;
        let taken = Zeroizing::new(self.triples[from..].to_vec());
        self.triples.truncate(from);
        Ok(taken)
    }

    pub(super) fn uniform_columns(&mut self, count: usize) -> Vec<Column> {
        (0..count).map(|_| self.uniform_column(DEGREE)).collect()
    }

    pub(super) fn uniform_column(&mut self, elements: usize) -> Column {
        Zeroizing::new((0..elements).map(|_| field::uniform(&mut self.channel.rng)).collect())
    }

    /// The factor that authenticates a column.
    pub(super) fn key_factor(&self, deviates: bool) -> Column {
        let mut key = Zeroizing::new(vec![*self.alpha; DEGREE]);
        if deviates && self.channel.conduct.acts(Act::OtherKey) {
            key[BAD_SLOT] = field::add(key[BAD_SLOT], 1);
        }
        self.keys.rings.factor(&key)
    }

    /// The authenticated shares of a column: of the party's part of the values, and both parts of the products with keys.
    pub(super) fn shares(&self, values: &[u64], asked: Option<&Column>, answered: Option<&Column>) -> Shares {
        let part = |column: Option<&Column>, slot: usize| column.map_or(0, |column| column[slot]);
        let share = |(slot, &value): (usize, &u64)| {
            let parts = field::add(part(asked, slot), part(answered, slot));
            Share { value, code: field::add(field::mul(*self.alpha, value), parts) }
        };
        Zeroizing::new(values.iter().enumerate().map(share).collect())
    }

    fn make_triples(&mut self, sets: usize) -> Result<(), Failure> {
        // For each set `a`, `b` and the second `b`.
        let columns = self.uniform_columns(3 * sets);
        let own: Vec<&[u64]> = columns.iter().map(|column| &column[..]).collect();
        let theirs = self.keys.exchange_proven(&mut self.channel, &own, own.len())?;
        let key = self.key_factor(false);
        let factors: Vec<Column> = (0..sets)
            .flat_map(|set| [3 * set + 1, 3 * set + 2])
            .map(|b| {
                let mut slots = columns[b].clone();
                if b == 1 && self.channel.conduct.acts(Act::MultipliesOtherwise) {
                    slots[BAD_SLOT] = field::add(slots[BAD_SLOT], 1);
                }
                self.keys.rings.factor(&slots)
            })
            .collect();
        let job = |at: usize, factor| Job { ciphertext: &theirs[at], factor };
        let products = factors.iter().enumerate().map(|(index, factor)| job(index / 2 * 3, &factor[..]));
        let codes = (0..3 * sets).map(|at| job(at, &key[..]));
        let jobs: Vec<Job> = products.chain(codes).collect();
        let Parts { answered, asked } = self.keys.exchange_products(&mut self.channel, &jobs, jobs.len())?;
        let product = |index: usize| {
            let [a, b] = [&columns[index / 2 * 3], &columns[index / 2 * 3 + 1 + index % 2]];
            let cross = asked[index].iter().zip(answered[index].iter()).map(|(&x, &y)| field::add(x, y));
            let own = a.iter().zip(b.iter()).map(|(&a, &b)| field::mul(a, b));
            Zeroizing::new(own.zip(cross).map(|(own, cross)| field::add(own, cross)).collect::<Vec<u64>>())
        };
        let products: Vec<Column> = (0..2 * sets).map(product).collect();
        let coded = |at: usize| self.shares(&columns[at], asked.get(2 * sets + at), answered.get(2 * sets + at));
        let factors: Vec<Shares> = (0..3 * sets).map(coded).collect();
        let products = self.authenticate(&products)?;
        self.keep_triples(&factors, &products)
    }

    /// Authenticates columns that both parties have parts of.
    pub(super) fn authenticate(&mut self, columns: &[Column]) -> Result<Vec<Shares>, Failure> {
        let own: Vec<&[u64]> = columns.iter().map(|column| &column[..]).collect();
        let theirs = self.keys.exchange_proven(&mut self.channel, &own, own.len())?;
        let key = self.key_factor(false);
        let jobs: Vec<Job> = theirs.iter().map(|ciphertext| Job { ciphertext, factor: &key }).collect();
        let Parts { answered, asked } = self.keys.exchange_products(&mut self.channel, &jobs, jobs.len())?;
        let parts = columns.iter().zip(asked.iter().zip(&answered));
        Ok(parts.map(|(column, (asked, answered))| self.shares(column, Some(asked), Some(answered))).collect())
    }

    /// Checks the authentication of all columns and the products by sacrifice, and keeps the triples that are left.
    fn keep_triples(&mut self, factors: &[Shares], products: &[Shares]) -> Result<(), Failure> {
        self.check_authentic(&factors.iter().chain(products).collect::<Vec<_>>(), &[factors[0][0]])?;
        let coin = self.channel.toss()?;
        let t = coefficients(&coin, "a sacrifice").next().unwrap_or_else(|| unreachable!("the stream is endless"));
        let sets = factors.chunks_exact(3).zip(products.chunks_exact(2));
        let slots = |set: usize| if set == 0 { 1..DEGREE } else { 0..DEGREE };
        let all: Vec<[Share; 5]> = sets
            .enumerate()
            .flat_map(|(set, (f, p))| slots(set).map(move |at| [f[0][at], f[1][at], f[2][at], p[0][at], p[1][at]]))
            .collect();
        let all = Zeroizing::new(all);
        let differences: Vec<Share> = all.iter().map(|[_, b, other, ..]| b.times(t).minus(*other)).collect();
        let opened = self.open(&differences)?;
        self.check()?;
        let zero =
            |([a, _, _, c, other], &opened): (&[Share; 5], &u64)| c.times(t).minus(*other).minus(a.times(opened));
        let zeros: Vec<Share> = all.iter().zip(&opened).map(zero).collect();
        self.check_zero(zeros.into_iter(), Check::Sacrifice, Cheating::Sacrifice)?;
        self.triples.extend(all.iter().map(|&[a, b, _, c, _]| Triple { a, b, c }));
        Ok(())
    }

    /// Checks that one key authenticates all values: opens a uniform combination of all, under values that are used for nothing else.
    pub(super) fn check_authentic(&mut self, columns: &[&Shares], masks: &[Share]) -> Result<(), Failure> {
        let coin = self.channel.toss()?;
        let all = columns.iter().flat_map(|column| column.iter());
        let combined = all.zip(coefficients(&coin, "a check of authentication"));
        let start = masks.iter().fold(Share::ZERO, |sum, mask| sum.plus(*mask));
        let sum = combined.fold(start, |sum, (share, factor)| sum.plus(share.times(factor)));
        let before = std::mem::take(&mut self.opened);
        self.open(&[sum])?;
        let opened = std::mem::replace(&mut self.opened, before);
        self.check_codes(opened.into_iter(), Check::Authentication, Cheating::Authentication)
    }

    fn make_masks(&mut self, ciphertexts: [usize; 2]) -> Result<(), Failure> {
        let role = self.role();
        let (own, theirs) = (ciphertexts[role as usize], ciphertexts[role.peer() as usize]);
        let columns = self.uniform_columns(own);
        let sent: Vec<&[u64]> = columns.iter().map(|column| &column[..]).collect();
        let theirs = self.keys.exchange_proven(&mut self.channel, &sent, theirs)?;
        let key = self.key_factor(true);
        let jobs: Vec<Job> = theirs.iter().map(|ciphertext| Job { ciphertext, factor: &key }).collect();
        let Parts { answered, asked } = self.keys.exchange_products(&mut self.channel, &jobs, own)?;
        let own: Vec<Shares> = columns.iter().zip(&asked).map(|(r, asked)| self.shares(r, Some(asked), None)).collect();
        let nothing = vec![0; DEGREE];
        let theirs: Vec<Shares> = answered.iter().map(|part| self.shares(&nothing, None, Some(part))).collect();
        // Both parties combine the client's columns first.
        let parts = if role == Role::Client { [&own, &theirs] } else { [&theirs, &own] };
        let columns_of_both: Vec<&Shares> = parts.into_iter().flatten().collect();
        let masks: Vec<Share> = parts.into_iter().filter_map(|part| Some(part.first()?[0])).collect();
        self.check_authentic(&columns_of_both, &masks)?;
        for (held, part) in self.masks.iter_mut().zip(parts) {
            // A party's share of its own mask is the mask.
            held.extend(part.iter().flat_map(|column| column.iter()).skip(1).map(|share| (*share, share.value)));
        }
        Ok(())
    }
}
