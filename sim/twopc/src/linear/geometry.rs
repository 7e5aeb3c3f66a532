//! What polynomials hold: all geometries that fit, and what each costs.

use super::shape::Convolution;
use crate::he::cipher::{fresh_bytes, response_bytes};
use crate::he::once::shared_bytes;
use crate::he::parameters::{Bound, Dropped, Norm, Parameters, Released, Response};

/// What is encrypted in a linear layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encrypted {
    /// The client's shares of the layer's inputs, anew for each batch; the server multiplies.
    #[default]
    Images,
    /// The server's weights, once for a network; the client multiplies.
    Weights,
}

/// The messages of one batch of a linear layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinearCost {
    /// The bytes that the client sends.
    pub client_bytes: usize,
    /// The bytes that the server sends.
    pub server_bytes: usize,
    /// The number of messages that both parties send together.
    pub messages: usize,
}

impl LinearCost {
    /// The bytes that both parties send together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.client_bytes + self.server_bytes
    }
}

/// What one polynomial holds, and how much of it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// What is encrypted.
    pub encrypted: Encrypted,
    /// The parameters of the ring of polynomials.
    pub parameters: Parameters,
    /// By how many bits the client rounds its ciphertexts.
    pub dropped: u32,
    /// The widths of the coefficients of a response.
    pub response: Response,
    /// The number of output rows in a band.
    pub rows: usize,
    /// The number of bands in a polynomial.
    pub samples: usize,
    /// The number of input channels in a polynomial.
    pub channels: usize,
    /// The number of filters in a polynomial.
    pub filters: usize,
}

impl Geometry {
    /// How the client sends its ciphertexts: the ring, and by how many bits it rounds them.
    #[must_use]
    pub fn fresh(&self) -> (Parameters, u32) {
        (self.parameters, self.dropped)
    }
}

/// The levels of rounding that are tried, from the coarsest on: each halves the noise, so that with these the flooding noise goes from its most to its least.
const LEVELS: usize = 8;

/// How a client may round its ciphertexts, and the server its response, without ways that are worse in each width than another one.
fn roundings(parameters: Parameters, ring_bits: u32, norm: Norm, released: Released) -> Vec<(u32, Response)> {
    let key = parameters.key_dropped();
    let exact =
        |fresh| Response::exact((parameters, Dropped { fresh, key }), ring_bits, norm, released).collect::<Vec<_>>();
    let levels = parameters.droppable().rev().map(|dropped| (dropped, exact(dropped)));
    let levels = levels.filter(|(_, responses)| !responses.is_empty()).take(LEVELS);
    let mut kept: Vec<(u32, Response)> = Vec::new();
    for (dropped, responses) in levels {
        let better = |new: &Response| kept.iter().all(|(_, old)| new.a_bits < old.a_bits || new.b_bits < old.b_bits);
        let new: Vec<_> = responses.into_iter().filter(better).map(|response| (dropped, response)).collect();
        kept.extend(new);
    }
    kept
}

/// The sizes into which a whole is cut, in as many parts as there can be: each the least for its number of parts.
fn cuts(whole: usize) -> Vec<usize> {
    let mut sizes: Vec<usize> = (1..=whole).map(|parts| whole.div_ceil(parts)).collect();
    sizes.dedup();
    sizes
}

/// All that fit a ring, where the client's shares are encrypted.
pub(super) fn geometries(
    layer: Convolution,
    parameters: Parameters,
    (ring_bits, bound): (u32, Bound),
    released: Released,
) -> impl Iterator<Item = Geometry> {
    cuts(layer.filters).into_iter().flat_map(move |filters| {
        let norm = Norm::of_filters(filters, bound);
        roundings(parameters, ring_bits, norm, released).into_iter().flat_map(move |(dropped, response)| {
            cuts(layer.output[0]).into_iter().flat_map(move |rows| {
                let plane: usize = layer.plane(rows).iter().product();
                cuts(layer.channels).into_iter().filter_map(move |channels| {
                    let one = plane.checked_mul(channels)?.checked_mul(filters)?;
                    let samples = parameters.degree / one;
                    let encrypted = Encrypted::Images;
                    let geometry =
                        Geometry { encrypted, parameters, dropped, response, rows, samples, channels, filters };
                    (samples > 0).then_some(geometry)
                })
            })
        })
    })
}

/// All that fit a ring, where the weights are encrypted. An output's noise is a sum over all that the plaintexts of its product hold.
pub(super) fn once_geometries(
    layer: Convolution,
    parameters: Parameters,
    ring_bits: u32,
    released: Released,
) -> impl Iterator<Item = Geometry> {
    let blocks = move |rows: usize, channels: usize, filters: usize| {
        let held = layer.plane(rows).iter().product::<usize>().checked_mul(channels)?;
        let samples = parameters.degree / held.checked_mul(filters)?;
        let plaintexts = (samples * held).checked_mul(layer.channels.div_ceil(channels))?;
        (samples > 0).then_some((samples, Norm::of_plaintexts(plaintexts, ring_bits)))
    };
    let each = cuts(layer.filters).into_iter().flat_map(move |filters| {
        let rows = cuts(layer.output[0]).into_iter();
        rows.flat_map(move |rows| cuts(layer.channels).into_iter().map(move |channels| [rows, channels, filters]))
    });
    each.flat_map(move |[rows, channels, filters]| {
        blocks(rows, channels, filters).into_iter().flat_map(move |(samples, norm)| {
            let encrypted = Encrypted::Weights;
            let geometry = move |response| Geometry {
                encrypted,
                parameters,
                dropped: 0,
                response,
                rows,
                samples,
                channels,
                filters,
            };
            Response::exact((parameters, Dropped::NONE), ring_bits, norm, released).map(geometry)
        })
    })
}

/// The bytes of a layer's encrypted weights, and of encryptions of zero under as many secrets.
pub(super) fn network_bytes(layer: &Convolution, geometry: &Geometry) -> usize {
    let [_, channels, filters] = groups(layer, geometry, 1);
    shared_bytes(geometry.parameters, channels + 1, filters)
}

pub(super) fn groups(layer: &Convolution, geometry: &Geometry, batch: usize) -> [usize; 3] {
    let bands = batch * layer.output[0].div_ceil(geometry.rows);
    let channels = layer.channels.div_ceil(geometry.channels);
    [bands.div_ceil(geometry.samples), channels, layer.filters.div_ceil(geometry.filters)]
}

pub(super) fn cost(layer: &Convolution, geometry: &Geometry, batch: usize) -> LinearCost {
    let Geometry { parameters, response, .. } = *geometry;
    let [samples, channels, filters] = groups(layer, geometry, batch);
    let responded = |count| response_bytes(parameters, response, count, batch * layer.outputs());
    match geometry.encrypted {
        Encrypted::Images => LinearCost {
            client_bytes: fresh_bytes(geometry.fresh(), samples * channels),
            server_bytes: responded(samples * filters),
            messages: 2,
        },
        // The products with all filters have one half in common.
        Encrypted::Weights => LinearCost { client_bytes: responded(samples), server_bytes: 0, messages: 1 },
    }
}
