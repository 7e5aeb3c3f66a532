//! The choice of rings for the ciphertexts of a network, and of what they encrypt.
//!
//! Each ring asks the client for a public key, once. A layer alone takes the ring in which a batch of it costs the fewest bytes; the
//! layers of a network share rings where that costs a batch less than a key is worth.

use super::geometry::{Geometry, cost, geometries, network_bytes, once_geometries};
use super::layout::Layout;
use super::shape::{Convolution, LinearLayer, Shape, Unfit};
use crate::bits::packed_bytes;
use crate::he::cipher::key_bytes;
use crate::he::parameters::{Bound, Parameters, Released};
use std::collections::{BTreeMap, BTreeSet};

/// A public key is worth its bytes divided by this: it is sent once, and serves so many batches or more.
const BATCHES: usize = 16;

/// What is encrypted in the linear layers of a network, as a user chooses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Linear {
    /// The client's shares of each batch.
    #[default]
    Images,
    /// The server's weights, once for a network.
    Weights,
    /// Layer by layer whichever sends fewer bytes in a session that has the weights sent for itself, each layer counted alone.
    Auto,
}

impl Linear {
    /// All choices, the default first.
    pub const ALL: [Self; 3] = [Self::Images, Self::Weights, Self::Auto];

    /// The name in scripts and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Weights => "weights",
            Self::Auto => "auto",
        }
    }

    /// A line that says what it is.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Images => "the client encrypts its shares of each batch",
            Self::Weights => {
                "the server encrypts its weights once, and is bound to them; it must not deviate, or it can read shares"
            }
            Self::Auto => "for each layer whichever sends fewer bytes, if the weights are sent for one session",
        }
    }
}

/// The error for a name that no choice has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("linear layers encrypt `images`, `weights` or `auto`, not `{0}`")]
pub struct NoLinear(String);

impl std::str::FromStr for Linear {
    type Err = NoLinear;

    fn from_str(name: &str) -> Result<Self, NoLinear> {
        Self::ALL.into_iter().find(|choice| choice.name() == name).ok_or_else(|| NoLinear(name.into()))
    }
}

/// A layer's best geometry in each ring that holds it, and its bytes.
pub(super) struct Candidates {
    layer: LinearLayer,
    convolution: Convolution,
    batch: usize,
    by_ring: BTreeMap<Parameters, (Geometry, usize)>,
}

impl Candidates {
    /// For a batch of so many samples, where so much is released in all.
    pub fn new(layer: LinearLayer, batch: usize, released: Released) -> Result<Self, Unfit> {
        let LinearLayer { shape, ring_bits, bound, choice_bits: _ } = layer;
        let convolution = Convolution::new(shape).filter(|_| batch > 0).ok_or(Unfit::Empty)?;
        let best = |parameters| {
            let all = geometries(convolution, parameters, (ring_bits, bound), released);
            let all = all.map(|geometry| (geometry, cost(&convolution, &geometry, batch).bytes()));
            Some((parameters, all.min_by_key(|(_, bytes)| *bytes)?))
        };
        Ok(Self { layer, convolution, batch, by_ring: Parameters::of_fresh().filter_map(best).collect() })
    }

    /// The cheapest of some rings, and its bytes; `None` where none of them holds the layer.
    pub fn cheapest(&self, among: impl Fn(&Parameters) -> bool) -> Option<(Geometry, usize)> {
        let among = self.by_ring.iter().filter(|(ring, _)| among(ring)).map(|(_, best)| *best);
        among.min_by_key(|(_, bytes)| *bytes)
    }

    /// Why no ring holds the layer.
    pub fn unfit(&self) -> Unfit {
        Unfit::TooLarge { ring_bits: self.layer.ring_bits }
    }

    /// The layout.
    pub fn layout(&self, geometry: Geometry) -> Layout {
        Layout::with(self.layer, self.convolution, self.batch, geometry)
    }
}

impl Layout {
    /// Chooses the layout with the fewest bytes for a layer by itself, of which nothing but this batch is released. The bound is on the weights
    /// of each output channel.
    ///
    /// # Errors
    /// [`Unfit`] if there is no layout.
    pub fn new(shape: Shape, ring_bits: u32, bound: Bound, batch: usize) -> Result<Self, Unfit> {
        let layer = LinearLayer { shape, ring_bits, bound, choice_bits: 0 };
        let candidates = Candidates::new(layer, batch, Released((batch * layer.outputs()) as u64))?;
        let (geometry, _) = candidates.cheapest(|_| true).ok_or(candidates.unfit())?;
        Ok(candidates.layout(geometry))
    }
}

/// A layer's part in the budget, as if every layer had as many outputs.
fn share(layers: &[LinearLayer], layer: LinearLayer, slots: u64) -> Released {
    Released(slots.saturating_mul((layers.len() * layer.outputs()) as u64))
}

type RingSet = BTreeSet<Parameters>;

/// What a batch costs in its best layouts in some rings, with what the keys are worth, in `1 / BATCHES` bytes; `None` where they do not
/// hold every layer.
fn price(layers: &[Candidates], rings: &RingSet) -> Option<usize> {
    let each = layers.iter().map(|layer| layer.cheapest(|ring| rings.contains(ring)).map(|(_, bytes)| bytes));
    let batch: usize = each.sum::<Option<usize>>()?;
    Some(batch * BATCHES + rings.iter().map(|&ring| key_bytes(ring)).sum::<usize>())
}

/// The layouts of some layers, for each the one with the fewest bytes, but in so few rings as their keys are worth. Rings are
/// dropped and added one by one as long as that helps.
#[expect(clippy::expect_used, reason = "every layer's own best ring is among the first rings")]
fn in_few_rings(candidates: &[Candidates]) -> Vec<Layout> {
    let all: RingSet = candidates.iter().flat_map(|layer| layer.by_ring.keys().copied()).collect();
    let alone = |layer: &Candidates| layer.cheapest(|_| true).map(|(geometry, _)| geometry.parameters);
    let priced = |rings: RingSet| Some((price(candidates, &rings)?, rings));
    let mut best = priced(candidates.iter().filter_map(alone).collect()).expect("a ring for each layer");
    while let Some(better) = neighbours(&best.1, &all).filter_map(priced).min()
        && better.0 < best.0
    {
        best = better;
    }
    let (_, rings) = best;
    let layout = |layer: &Candidates| {
        let (geometry, _) =
            layer.cheapest(|ring| rings.contains(ring)).expect("rings that have a price hold each layer");
        layer.layout(geometry)
    };
    candidates.iter().map(layout).collect()
}

/// The layout of a layer whose weights are encrypted that sends the fewest bytes in so many batches and once before them, and these bytes; `None` if no ring holds it.
fn once(layer: LinearLayer, batch: usize, released: Released, batches: u64) -> Option<(Layout, u128)> {
    let convolution = Convolution::new(layer.shape).filter(|_| batch > 0)?;
    let bytes = |geometry: &Geometry| {
        let online = cost(&convolution, geometry, batch).bytes() as u128;
        online * u128::from(batches) + network_bytes(&convolution, geometry) as u128
    };
    let all = Parameters::all()
        .flat_map(|parameters| once_geometries(convolution, parameters, layer.ring_bits, released))
        .map(|geometry| (geometry, bytes(&geometry)));
    let (geometry, bytes) = all.min_by_key(|(_, bytes)| *bytes)?;
    Some((Layout::with(layer, convolution, batch, geometry), bytes))
}

/// A layer as it is packed, or its candidates where the client's shares are encrypted.
enum Chosen {
    Once(Layout),
    Anew(Candidates),
}

/// Chooses what is encrypted in a layer.
fn choose(
    layer: LinearLayer,
    batch: usize,
    (released, batches): (Released, u64),
    how: Linear,
) -> Result<Chosen, Unfit> {
    let anew = || {
        let candidates = Candidates::new(layer, batch, released)?;
        if candidates.by_ring.is_empty() { Err(candidates.unfit()) } else { Ok(candidates) }
    };
    let choices = packed_bytes(batch * layer.outputs(), layer.choice_bits);
    let total = |candidates: &Candidates| {
        let (_, bytes) = candidates.cheapest(|_| true)?;
        Some((bytes + choices) as u128 * u128::from(batches))
    };
    match how {
        Linear::Images => anew().map(Chosen::Anew),
        Linear::Weights => match once(layer, batch, released, batches.max(BATCHES as u64)) {
            Some((layout, _)) => Ok(Chosen::Once(layout)),
            None => Err(Candidates::new(layer, batch, released)?.unfit()),
        },
        Linear::Auto => match (anew(), once(layer, batch, released, batches)) {
            (Err(_), Some((layout, _))) => Ok(Chosen::Once(layout)),
            (Ok(candidates), Some((layout, bytes))) if total(&candidates).is_some_and(|anew| bytes < anew) => {
                Ok(Chosen::Once(layout))
            }
            (anew, _) => anew.map(Chosen::Anew),
        },
    }
}

/// Chooses the layouts of a network's layers: for each the one with the fewest bytes, but in so few rings as their keys are worth. `slots` is the number of samples in all batches that together are to reveal nothing of
/// the weights, or of the shares that are multiplied; each layer has an equal part in what they may reveal. Where weights are encrypted, what is sent once counts as a part of what all these batches send, of 16 at least.
///
/// # Errors
/// The place of every layer that no ring holds, with the reason.
#[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "as many layouts are made as there are candidates")]
pub fn layouts(
    layers: &[LinearLayer],
    batch: usize,
    slots: u64,
    how: Linear,
) -> Result<Vec<Layout>, Vec<(usize, Unfit)>> {
    let batches = slots.div_ceil(batch.max(1) as u64);
    let mut unfit: Vec<(usize, Unfit)> = Vec::new();
    let chosen = layers.iter().enumerate().map(|(place, &layer)| {
        choose(layer, batch, (share(layers, layer, slots), batches), how).map_err(|unfit| (place, unfit))
    });
    let chosen: Vec<Chosen> =
        chosen.filter_map(|found: Result<_, _>| found.map_err(|at| unfit.push(at)).ok()).collect();
    if !unfit.is_empty() {
        return Err(unfit);
    }
    let (mut places, mut anew) = (Vec::new(), Vec::new());
    for chosen in chosen {
        places.push(match chosen {
            Chosen::Once(layout) => Some(layout),
            Chosen::Anew(candidates) => {
                anew.push(candidates);
                None
            }
        });
    }
    let mut anew = if anew.is_empty() { Vec::new() } else { in_few_rings(&anew) }.into_iter();
    Ok(places.into_iter().map(|once| once.or_else(|| anew.next()).expect("a layout for each")).collect())
}

/// The sets with one ring more, or one less.
fn neighbours<'a>(rings: &'a RingSet, all: &'a RingSet) -> impl Iterator<Item = RingSet> + 'a {
    all.iter().map(move |ring| rings ^ &RingSet::from([*ring]))
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Encrypted;
    use super::*;

    /// Three like those of LeNet-5: two would take moduli of 100 and of 102 bits.
    fn layers() -> Vec<LinearLayer> {
        let gemm = |inputs, outputs, ring_bits, sum_bits, root_bits| {
            let bound = Bound { sum_bits, root_bits };
            LinearLayer { shape: Shape::Gemm { inputs, outputs }, ring_bits, bound, choice_bits: 0 }
        };
        vec![gemm(400, 120, 37, 15, 12), gemm(120, 84, 37, 13, 10), gemm(84, 10, 41, 15, 12)]
    }

    fn rings(layouts: &[Layout]) -> RingSet {
        layouts.iter().map(|layout| layout.geometry().parameters).collect()
    }

    fn alone(batch: usize) -> Vec<Layout> {
        let layout = |layer: LinearLayer| Layout::new(layer.shape, layer.ring_bits, layer.bound, batch).unwrap();
        layers().into_iter().map(layout).collect()
    }

    #[test]
    fn no_few_rings_are_cheaper() {
        for batch in [1, 3, 64] {
            let candidates: Vec<_> = layers()
                .into_iter()
                .map(|layer| Candidates::new(layer, batch, share(&layers(), layer, batch as u64)).unwrap())
                .collect();
            let chosen = rings(&layouts(&layers(), batch, batch as u64, Linear::Images).unwrap());
            let least = price(&candidates, &chosen).unwrap();
            let all = &Parameters::of_fresh().collect::<Vec<_>>();
            let triples =
                all.iter().flat_map(move |a| all.iter().flat_map(move |b| all.iter().map(move |c| [*a, *b, *c])));
            assert_eq!(triples.filter_map(|triple| price(&candidates, &triple.into())).min(), Some(least));
        }
    }

    #[test]
    fn a_key_is_saved_where_the_batch_hardly_costs_more() {
        let bytes = |layouts: &[Layout]| layouts.iter().map(|layout| layout.cost().bytes()).sum::<usize>();
        let (shared, alone) = (layouts(&layers(), 1, 1, Linear::Images).unwrap(), alone(1));
        assert!(rings(&shared).len() < rings(&alone).len());
        assert!(bytes(&shared) >= bytes(&alone) && bytes(&shared) < bytes(&alone) * 101 / 100);
    }

    /// One batch is not worth encrypted weights, many are; between, some layers are. Whatever is chosen, no other choice sends fewer bytes in all.
    #[test]
    fn weights_are_encrypted_where_enough_batches_pay_for_them() {
        let (batch, mut counts) = (64, Vec::new());
        for batches in [1, 3, 10, 1000] {
            let of = |how| layouts(&layers(), batch as usize, batch * batches, how).unwrap();
            let all = |layouts: &[Layout]| -> Vec<u64> {
                let bytes = |layout: &Layout| layout.cost().bytes() as u64 * batches + layout.network_bytes() as u64;
                layouts.iter().map(bytes).collect()
            };
            let [images, weights, auto] = Linear::ALL.map(of);
            assert!(images.iter().all(|layout| layout.encrypted() == Encrypted::Images));
            assert!(weights.iter().all(|layout| layout.encrypted() == Encrypted::Weights));
            for ((auto, images), weights) in all(&auto).into_iter().zip(all(&images)).zip(all(&weights)) {
                assert!(auto <= images && auto <= weights, "{batches}: {auto} of {images} and {weights}");
            }
            counts.push(auto.iter().filter(|layout| layout.encrypted() == Encrypted::Weights).count());
        }
        assert_eq!([counts[0], counts[3]], [0, 3], "{counts:?}");
        assert!(counts.is_sorted(), "{counts:?}");
    }

    /// Choices that encrypted weights spare count for them, here ten times as many as a comparison has: whatever is chosen sends no more bytes in all than the other, and some number of batches
    /// is enough with them that is not without.
    #[test]
    fn choices_that_are_not_sent_count_for_encrypted_weights() {
        let (batch, mut earlier) = (64, false);
        let [without, with] =
            [0, 360].map(|choice_bits| layers().into_iter().map(move |layer| LinearLayer { choice_bits, ..layer }));
        for (without, with) in without.zip(with) {
            let choices = packed_bytes(batch * with.outputs(), with.choice_bits) as u64;
            for batches in 1..12 {
                let of = |layer, how| layouts(&[layer], batch, batch as u64 * batches, how).unwrap().remove(0);
                let all = |layout: &Layout| {
                    let spared = if layout.encrypted() == Encrypted::Weights { 0 } else { choices };
                    (layout.cost().bytes() as u64 + spared) * batches + layout.network_bytes() as u64
                };
                let auto = of(with, Linear::Auto);
                assert!(Linear::ALL.into_iter().all(|how| all(&auto) <= all(&of(with, how))), "{batches}");
                earlier |= auto.encrypted() != of(without, Linear::Auto).encrypted();
            }
        }
        assert!(earlier, "choices never decide");
    }

    /// Values of 53 bits leave no room for products of shares, and a layer that no ring holds is told with its place.
    #[test]
    fn a_layer_that_no_ring_holds_is_told() {
        let mut wide = layers();
        wide[1].ring_bits = 60;
        for how in Linear::ALL {
            assert_eq!(layouts(&wide, 4, 4, how).unwrap_err(), [(1, Unfit::TooLarge { ring_bits: 60 })], "{how:?}");
        }
    }
}
