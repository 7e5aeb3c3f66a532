//! The cost of an honest session, layer by layer.

use fusion_adversaries::script::Backend;
use fusion_engine::documents::cost::{CostDocument, LayerCost};
use serde::Serialize;

/// The cost of an honest session as the page shows it.
#[derive(Debug, Serialize)]
pub struct Spending {
    /// Whether each session makes a set-up, which is counted with it.
    has_set_up: bool,
    sent: String,
    rounds: u32,
    network: String,
    virtual_time: String,
    cpu: String,
    lan: String,
    wan: String,
    layers: Vec<Bars>,
}

/// A layer's numbers, and the widths of its bars in percent of the largest.
#[derive(Debug, Serialize)]
struct Bars {
    step: String,
    client: String,
    server: String,
    client_width: f64,
    server_width: f64,
    rounds: u32,
    lan: String,
    wan: String,
    wan_width: f64,
}

impl Spending {
    /// Formats the cost of a session. `network` is the one whose time the run counted.
    pub fn new(cost: &CostDocument, network: String, backend: Backend) -> Self {
        let layers = &cost.by_layer;
        let bytes = |layer: &LayerCost| number(layer.client_sent_bytes + layer.server_sent_bytes);
        let most_bytes = layers.iter().map(bytes).fold(1.0, f64::max);
        let most_wan = layers.iter().map(|layer| layer.wan_s).fold(1e-9, f64::max);
        let share = |part: f64, most: f64| (part / most * 10_000.0).round() / 100.0;
        let bars = |layer: &LayerCost| Bars {
            step: layer.step.clone(),
            client: kilobytes(layer.client_sent_bytes),
            server: kilobytes(layer.server_sent_bytes),
            client_width: share(number(layer.client_sent_bytes), most_bytes),
            server_width: share(number(layer.server_sent_bytes), most_bytes),
            rounds: layer.rounds,
            lan: milliseconds(layer.lan_s),
            wan: milliseconds(layer.wan_s),
            wan_width: share(layer.wan_s, most_wan),
        };
        let total = |time: fn(&LayerCost) -> f64| milliseconds(layers.iter().map(time).sum());
        Self {
            has_set_up: matches!(backend, Backend::Spdz(_)),
            sent: kilobytes(cost.client_sent_bytes + cost.server_sent_bytes),
            rounds: cost.rounds,
            network,
            virtual_time: milliseconds(cost.virtual_s),
            cpu: milliseconds(cost.cpu_s),
            lan: total(|layer| layer.lan_s),
            wan: total(|layer| layer.wan_s),
            layers: layers.iter().map(bars).collect(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown, not summed")]
fn number(bytes: usize) -> f64 {
    bytes as f64
}

fn kilobytes(bytes: usize) -> String {
    format!("{:.1} KB", number(bytes) / 1e3)
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}
