//! The published tables of Fusion (Dong et al., NDSS 2023), from the authors' slides. Units are inferred: the slides give none.

use crate::answers::active::Protocol;
use crate::answers::plan::PUBLISHED;
use fusion_2pc::backend::Family;
use fusion_engine::documents::tables::Difference;
use fusion_nn::fixed::{Pixels, Ring};

/// A neural network of the tables. The published ones are known by their data only; ours are of LeNet-5's shape, and one larger network for CIFAR-10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// LeNet-5 on digits.
    Mnist,
    /// LeNet-5 on small photographs.
    Cifar10,
    /// The network of `MiniONN` (Liu, Juuti, Lu, Asokan, CCS 2017) for small photographs, with the weights that DELPHI was published with.
    MiniOnn,
    /// `ResNet50` on photographs of 224 by 224 pixels, of which a user names a file. An inference takes minutes, and is predicted.
    ResNet50,
}

impl Network {
    /// Returns the network's name in our tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mnist => "LeNet-5, MNIST",
            Self::Cifar10 => "LeNet-5, CIFAR-10",
            Self::MiniOnn => "MiniONN, CIFAR-10",
            Self::ResNet50 => "ResNet50",
        }
    }

    /// Returns the file of our model.
    pub const fn model(self) -> &'static str {
        match self {
            Self::Mnist => "lenet_mnist_full.onnx",
            Self::Cifar10 => "lenet_cifar10_full.onnx",
            Self::MiniOnn => "cifar10_minionn_delphi.onnx",
            Self::ResNet50 => "resnet50.onnx",
        }
    }

    /// Returns the values of the pixels that our model reads.
    pub const fn pixels(self) -> Pixels {
        match self {
            Self::Mnist | Self::MiniOnn => Pixels { scale: 1.0 / 255.0, offset: 0.0 },
            Self::Cifar10 => Pixels { scale: 2.0 / 255.0, offset: -1.0 },
            Self::ResNet50 => Pixels { scale: 1.0 / 256.0, offset: 0.0 },
        }
    }

    /// Returns the ring in which our model is computed, where it is not for each layer the smallest that provably holds its values: that of `examples/resnet50.rs`.
    pub const fn ring(self) -> Option<Ring> {
        match self {
            Self::Mnist | Self::Cifar10 | Self::MiniOnn => None,
            Self::ResNet50 => Some(Ring::Bits(34)),
        }
    }

    /// Whether sessions are run, and not only predicted.
    pub fn is_run(self) -> bool {
        self != Self::ResNet50
    }

    /// The flag that names the file of our model, where this repository does not hold it.
    pub const fn flag(self) -> Option<&'static str> {
        match self {
            Self::Mnist | Self::Cifar10 => None,
            Self::MiniOnn => Some("--minionn"),
            Self::ResNet50 => Some("--resnet50"),
        }
    }

    /// Whether our tables have a row of the system on the network.
    pub fn has(self, system: System) -> bool {
        match self {
            Self::Mnist | Self::Cifar10 => true,
            Self::MiniOnn => matches!(system, System::Cheetah | System::SciHe | System::Delphi),
            Self::ResNet50 => matches!(system, System::Cheetah | System::SciHe | System::SciOt),
        }
    }

    /// Whether our tables have a row of the family on the network.
    pub fn has_family(self, family: Family) -> bool {
        System::ALL.into_iter().any(|system| system.family() == Some(family) && self.has(system))
    }
}

/// A system of two-party inference that the tables compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Cheetah (Huang et al., USENIX Security 2022).
    Cheetah,
    /// CrypTFlow2 (Rathee et al., CCS 2020), with linear layers by homomorphic encryption.
    SciHe,
    /// CrypTFlow2, with linear layers by oblivious transfer.
    SciOt,
    /// DELPHI (Mishra et al., USENIX Security 2020).
    Delphi,
    /// ABY (Demmler et al., NDSS 2015), in a ring of 64 bits, which holds every value.
    Aby,
    /// ABY in a ring of 32 bits, which holds the values that were seen.
    Aby32,
}

impl System {
    /// All systems with semi-honest security, in the order of Table II.
    pub const ALL: [Self; 6] = [Self::Cheetah, Self::SciHe, Self::SciOt, Self::Delphi, Self::Aby, Self::Aby32];

    /// Returns the system's name in the tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Cheetah => "Cheetah",
            Self::SciHe => "CrypTFlow2 (SCI_HE)",
            Self::SciOt => "CrypTFlow2 (SCI_OT)",
            Self::Delphi => "DELPHI",
            Self::Aby => "ABY",
            Self::Aby32 => "ABY, 32 bits",
        }
    }

    /// Returns the backend that stands for the system; `None` if this program has none yet.
    pub fn family(self) -> Option<Family> {
        let name = match self {
            Self::Cheetah => "cheetah",
            Self::SciHe => "cryptflow2-he",
            Self::SciOt => "cryptflow2-ot",
            Self::Delphi => "delphi",
            Self::Aby => "aby",
            Self::Aby32 => "aby-32",
        };
        name.parse().ok()
    }

    /// Returns why figures of ours differ from the system's published ones.
    pub fn differs(self) -> &'static [Difference] {
        use Difference::{Exactness, Line, Network, Packing, Parameters, Pooling, Ring, Triples};
        match self {
            Self::Cheetah => &[Network, Ring, Exactness, Packing, Line],
            Self::SciHe => &[Network, Ring, Pooling, Parameters, Line],
            Self::SciOt => &[Network, Ring, Pooling, Line],
            Self::Delphi => &[Network, Ring, Exactness, Parameters, Line],
            Self::Aby | Self::Aby32 => &[Network, Ring, Exactness, Triples, Line],
        }
    }
}

/// What a row of a table is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scheme {
    /// Mix-and-check over a system, with `log2 R`, `B` and `T`: the cost of a query.
    Fusion {
        /// The system that is made resilient.
        over: System,
        /// The published choice `(log2 R, B, T)`.
        choice: (u32, u64, u64),
    },
    /// A single inference of a semi-honest system.
    Single(System),
    /// How many times as much `LevioSA` takes as mix-and-check over Cheetah.
    LevioSA,
    /// How many times as much a protocol with full active security takes as mix-and-check over Cheetah, at a published choice.
    Active {
        /// The choice `(log2 R, B, T)`.
        choice: (u32, u64, u64),
        /// The protocol.
        protocol: Protocol,
    },
}

impl Scheme {
    /// Returns the scheme's name in the tables.
    pub fn title(self) -> String {
        match self {
            Self::Fusion { over, choice: (log_R, B, T) } => {
                format!("Fusion (2^{log_R},{B},{T}) on {}", over.title())
            }
            Self::Single(system) => system.title().into(),
            Self::LevioSA => "LevioSA over Fusion".into(),
            Self::Active { choice: (log_R, B, T), protocol } => {
                format!("{} over Fusion (2^{log_R},{B},{T}) on Cheetah", protocol.title())
            }
        }
    }
}

/// A row as it is published, with the figures in the order of the table's columns.
#[derive(Clone, Debug)]
pub struct PublishedRow {
    pub scheme: Scheme,
    pub network: Network,
    pub figures: Vec<Option<f64>>,
}

/// A unit of a published column, in which our figures are given too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Times,
    MiB,
    GiB,
    Milliseconds,
    Minutes,
}

impl Unit {
    /// Returns the unit's sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Times => "x",
            Self::MiB => "MiB",
            Self::GiB => "GiB",
            Self::Milliseconds => "ms",
            Self::Minutes => "min",
        }
    }
}

/// A published table.
#[derive(Clone, Debug)]
pub struct PublishedTable {
    pub number: &'static str,
    pub title: &'static str,
    pub about: &'static str,
    pub columns: Vec<(&'static str, Unit)>,
    pub rows: Vec<PublishedRow>,
}

/// The published figures of mix-and-check over Cheetah, for the choices of [`PUBLISHED`]: MNIST's, then CIFAR-10's, each as bytes, LAN
/// and WAN.
const FUSION: [[[f64; 3]; 2]; 6] = [
    [[24.499, 487.500, 850.000], [30.080, 575.000, 975.000]],
    [[12.102, 228.125, 425.000], [14.838, 284.375, 481.250]],
    [[8.106, 154.688, 283.594], [9.949, 189.844, 323.438]],
    [[6.210, 118.164, 215.820], [7.617, 145.508, 246.289]],
    [[4.799, 90.686, 166.968], [5.886, 112.341, 191.724]],
    [[3.580, 68.204, 125.570], [4.407, 84.297, 143.249]],
];

/// The published figures of single inferences, in the same order. That `CrypTFlow2` is its variant with homomorphic encryption is
/// inferred from the bytes.
const SINGLE: [(System, [[f64; 3]; 2]); 3] = [
    (System::SciHe, [[12.591, 62.499, 208.392], [15.473, 73.736, 238.012]]),
    (System::Delphi, [[128.412, 563.924, 1573.818], [160.079, 617.572, 1814.989]]),
    (System::Aby, [[170.980, 741.813, 2293.657], [207.421, 850.366, 2591.182]]),
];

/// The published figures of `ResNet50`, for the first four choices: GiB, minutes over a LAN, minutes over a WAN.
const RESNET: [[f64; 3]; 4] =
    [[39.921, 20.410, 34.241], [19.714, 10.082, 16.912], [13.205, 6.750, 11.326], [10.117, 5.173, 8.678]];

/// The published figures of single inferences of `ResNet50`.
const RESNET_SINGLE: [(System, [f64; 3]); 2] =
    [(System::SciHe, [26.742, 3.988, 10.204]), (System::SciOt, [281.497, 4.795, 39.466])];

/// The choice at which Table II compares systems: the fourth published one. Which one the paper takes is not known to us.
const COMPARED: (u32, u64, u64) = PUBLISHED[3];

/// Returns the four tables, in the paper's order.
pub fn tables() -> Vec<PublishedTable> {
    vec![actively_secure(), systems(), lenet(), resnet()]
}

fn known<const N: usize>(figures: [f64; N]) -> Vec<Option<f64>> {
    figures.into_iter().map(Some).collect()
}

fn actively_secure() -> PublishedTable {
    let levio_sa = PublishedRow {
        scheme: Scheme::LevioSA,
        network: Network::Mnist,
        figures: [Some(30.90), Some(48.06), None, None].into(),
    };
    let ours = |network| {
        let row = move |protocol, choice| PublishedRow {
            scheme: Scheme::Active { choice, protocol },
            network,
            figures: vec![None; 4],
        };
        let by = move |protocol| PUBLISHED.into_iter().map(move |choice| row(protocol, choice));
        Protocol::ALL.into_iter().flat_map(by)
    };
    PublishedTable {
        number: "I",
        title: "full active security as a multiple of Fusion on Cheetah: LevioSA (CCS 2019) as published, SPDZ with LowGear and linear layers in the style of LevioSA as ours",
        about: "The slides give ratios only, and neither the network nor R, B and T. LevioSA itself is not here: ours are other protocols, whose bytes are exact, and whose times are predicted as Fusion's beside them are. The one in LevioSA's style computes linear layers only, without comparisons.",
        columns: vec![
            ("communication", Unit::Times),
            ("time", Unit::Times),
            ("time over a LAN", Unit::Times),
            ("time over a WAN", Unit::Times),
        ],
        rows: std::iter::once(levio_sa).chain(ours(Network::Mnist)).chain(ours(Network::Cifar10)).collect(),
    }
}

/// Bytes and two times.
fn per_query(bytes: Unit, time: Unit) -> Vec<(&'static str, Unit)> {
    vec![("communication", bytes), ("LAN", time), ("WAN", time)]
}

fn systems() -> PublishedTable {
    let row = |over, network| PublishedRow {
        scheme: Scheme::Fusion { over, choice: COMPARED },
        network,
        figures: vec![None; 3],
    };
    let rows = [Network::Mnist, Network::Cifar10, Network::MiniOnn].into_iter().flat_map(|network| {
        System::ALL.into_iter().filter(move |system| network.has(*system)).map(move |over| row(over, network))
    });
    PublishedTable {
        number: "II",
        title: "Fusion over different semi-honest protocols, a query",
        about: "The slides name this table without its figures or networks; the networks are our choice, and so are R, B and T among the published ones.",
        columns: per_query(Unit::MiB, Unit::Milliseconds),
        rows: rows.collect(),
    }
}

fn lenet() -> PublishedTable {
    let of = |network, index: usize| {
        let fusion = PUBLISHED.into_iter().zip(FUSION).map(move |(choice, figures)| PublishedRow {
            scheme: Scheme::Fusion { over: System::Cheetah, choice },
            network,
            figures: known(figures[index]),
        });
        let single = SINGLE.into_iter().map(move |(system, figures)| PublishedRow {
            scheme: Scheme::Single(system),
            network,
            figures: known(figures[index]),
        });
        fusion.chain(single)
    };
    PublishedTable {
        number: "III",
        title: "MNIST and CIFAR-10: Fusion on Cheetah, a query; other systems, a single inference",
        about: "Units are inferred: the slides give none, and MiB and milliseconds fit. So is the division between Tables III and IV.",
        columns: per_query(Unit::MiB, Unit::Milliseconds),
        rows: of(Network::Mnist, 0).chain(of(Network::Cifar10, 1)).collect(),
    }
}

fn resnet() -> PublishedTable {
    let network = Network::ResNet50;
    let fusion = PUBLISHED.into_iter().zip(RESNET).map(|(choice, figures)| PublishedRow {
        scheme: Scheme::Fusion { over: System::Cheetah, choice },
        network,
        figures: known(figures),
    });
    let single = RESNET_SINGLE.into_iter().map(|(system, figures)| PublishedRow {
        scheme: Scheme::Single(system),
        network,
        figures: known(figures),
    });
    PublishedTable {
        number: "IV",
        title: "ResNet50: Fusion on Cheetah, a query; CrypTFlow2, a single inference",
        about: "Units as the slides give them.",
        columns: per_query(Unit::GiB, Unit::Minutes),
        rows: fusion.chain(single).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_spec::bound::bits::nearest;
    use fusion_spec::params::Params;

    /// Divided by `(RB+T)/R`, every row of mix-and-check is the same single inference: bytes within 0.3 %, times of MNIST over a LAN
    /// within 4 %, all others within 1 %, and those of `ResNet50`, which have more digits, within 0.04 %.
    #[test]
    fn every_published_row_is_the_same_inference() {
        let single = |(log_R, B, T): (u32, u64, u64), figure: f64| {
            figure / nearest(&Params::new(1 << log_R, B, T, 0).unwrap().cost())
        };
        let close = |figures: [f64; 6], middle: f64, within: f64| {
            for (choice, figure) in PUBLISHED.into_iter().zip(figures) {
                let one = single(choice, figure);
                assert!(
                    (one / middle - 1.0).abs() < within,
                    "{choice:?}: {figure} is {one} an inference, not {middle}"
                );
            }
        };
        let middles = [[1.195, 22.9, 41.7], [1.467, 28.04, 47.6]];
        let widths = [[0.003, 0.04, 0.01], [0.003, 0.003, 0.006]];
        for (data, (middles, widths)) in middles.into_iter().zip(widths).enumerate() {
            for (column, (middle, within)) in middles.into_iter().zip(widths).enumerate() {
                close(FUSION.map(|row| row[data][column]), middle, within);
            }
        }
        for (choice, figures) in PUBLISHED.into_iter().zip(RESNET) {
            for (figure, middle) in figures.into_iter().zip([1.9473, 0.9956, 1.6703]) {
                let one = single(choice, figure);
                assert!((one / middle - 1.0).abs() < 4e-4, "{choice:?}: {figure} is {one} an inference");
            }
        }
    }

    #[test]
    fn every_row_has_a_figure_for_each_column() {
        let tables = tables();
        assert_eq!(tables.iter().map(|table| table.number).collect::<Vec<_>>(), ["I", "II", "III", "IV"]);
        assert_eq!(tables.iter().map(|table| table.rows.len()).collect::<Vec<_>>(), [37, 15, 18, 6]);
        for table in tables {
            assert!(table.rows.iter().all(|row| row.figures.len() == table.columns.len()), "{}", table.number);
        }
    }

    /// Each backend stands for one system, so that no measurement is left out of the tables.
    #[test]
    fn every_backend_is_in_the_tables() {
        for family in Family::ALL {
            assert!(System::ALL.iter().any(|system| system.family() == Some(family)), "{}", family.name());
        }
    }
}
