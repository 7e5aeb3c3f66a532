//! The choice of rings for the ciphertexts of a network.
//!
//! Each ring asks the client for a public key, once. A layer alone takes the ring in which a batch of it costs the fewest bytes; the
//! layers of a network share rings where that costs a batch less than a key is worth.

use super::layout::Shape;
use super::layout::{Convolution, Geometry, Layout, LinearLayer, Unfit, cost, geometries};
use crate::he::cipher::fresh_bytes;
use crate::he::parameters::{Bound, Parameters, Released};
use std::collections::{BTreeMap, BTreeSet};

/// A public key is worth its bytes divided by this: it is sent once, and serves so many batches or more.
const BATCHES: usize = 16;

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
        let LinearLayer { shape, ring_bits, bound } = layer;
        let convolution = Convolution::new(shape).filter(|_| batch > 0).ok_or(Unfit::Empty)?;
        let best = |parameters| {
            let all = geometries(convolution, parameters, (ring_bits, bound), released);
            let all = all.map(|geometry| (geometry, cost(&convolution, &geometry, batch).bytes()));
            Some((parameters, all.min_by_key(|(_, bytes)| *bytes)?))
        };
        Ok(Self { layer, convolution, batch, by_ring: Parameters::all().filter_map(best).collect() })
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
        let layer = LinearLayer { shape, ring_bits, bound };
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
    Some(batch * BATCHES + rings.iter().map(|&ring| fresh_bytes(ring, 1)).sum::<usize>())
}

/// Chooses the layouts of a network's layers: for each the one with the fewest bytes, but in so few rings as their keys are worth. Rings are
/// dropped and added one by one as long as that helps. `slots` is the number of samples in all batches that together are to reveal nothing of
/// the weights; each layer has an equal part in what they may reveal.
///
/// # Errors
/// The place of every layer that no ring holds, with the reason.
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "every layer's own best ring is among the first rings"
)]
pub fn layouts(layers: &[LinearLayer], batch: usize, slots: u64) -> Result<Vec<Layout>, Vec<(usize, Unfit)>> {
    let mut unfit: Vec<(usize, Unfit)> = Vec::new();
    let candidates = layers.iter().enumerate().map(|(place, &layer)| {
        let candidates = Candidates::new(layer, batch, share(layers, layer, slots)).map_err(|unfit| (place, unfit))?;
        if candidates.by_ring.is_empty() { Err((place, candidates.unfit())) } else { Ok(candidates) }
    });
    let candidates: Vec<Candidates> =
        candidates.filter_map(|found: Result<_, _>| found.map_err(|at| unfit.push(at)).ok()).collect();
    if !unfit.is_empty() {
        return Err(unfit);
    }
    let all: RingSet = candidates.iter().flat_map(|layer| layer.by_ring.keys().copied()).collect();
    let alone = |layer: &Candidates| layer.cheapest(|_| true).map(|(geometry, _)| geometry.parameters);
    let priced = |rings: RingSet| Some((price(&candidates, &rings)?, rings));
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
    Ok(candidates.iter().map(layout).collect())
}

/// The sets with one ring more, or one less.
fn neighbours<'a>(rings: &'a RingSet, all: &'a RingSet) -> impl Iterator<Item = RingSet> + 'a {
    all.iter().map(move |ring| rings ^ &RingSet::from([*ring]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three like those of LeNet-5: two would take moduli of 100 and of 102 bits.
    fn layers() -> Vec<LinearLayer> {
        let gemm = |inputs, outputs, ring_bits, sum_bits, root_bits| {
            let bound = Bound { sum_bits, root_bits };
            LinearLayer { shape: Shape::Gemm { inputs, outputs }, ring_bits, bound }
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
            let chosen = rings(&layouts(&layers(), batch, batch as u64).unwrap());
            let least = price(&candidates, &chosen).unwrap();
            let all = &Parameters::all().collect::<Vec<_>>();
            let triples =
                all.iter().flat_map(move |a| all.iter().flat_map(move |b| all.iter().map(move |c| [*a, *b, *c])));
            assert_eq!(triples.filter_map(|triple| price(&candidates, &triple.into())).min(), Some(least));
        }
    }

    #[test]
    fn a_key_is_saved_where_the_batch_hardly_costs_more() {
        let bytes = |layouts: &[Layout]| layouts.iter().map(|layout| layout.cost().bytes()).sum::<usize>();
        let (shared, alone) = (layouts(&layers(), 1, 1).unwrap(), alone(1));
        assert!(rings(&shared).len() < rings(&alone).len());
        assert!(bytes(&shared) >= bytes(&alone) && bytes(&shared) < bytes(&alone) * 101 / 100);
    }
}
