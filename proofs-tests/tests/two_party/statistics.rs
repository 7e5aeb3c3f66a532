//! Tests that fair coins fail at most once in a billion times: thresholds by Hoeffding's inequality, divided among all bits tested.

/// Chance that a whole test fails although nothing is wrong.
const FALSE_ALARM: f64 = 1e-9;

/// How often each bit of a string was one.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub ones: Vec<u32>,
    pub strings: u32,
}

impl Counts {
    /// Adds a string; all have one length.
    pub fn add(&mut self, bytes: &[u8]) {
        assert!(self.strings == 0 || self.ones.len() == 8 * bytes.len(), "strings of one length");
        self.ones.resize(8 * bytes.len(), 0);
        self.strings += 1;
        for (ones, byte) in self.ones.chunks_exact_mut(8).zip(bytes) {
            for (bit, ones) in ones.iter_mut().enumerate() {
                *ones += u32::from(byte >> bit & 1);
            }
        }
    }
}

/// Strings of one length, each bit's values one after another.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// By bit; string `n` is bit `n % 64` of word `n / 64`.
    bits: Vec<Vec<u64>>,
    strings: u32,
}

impl Columns {
    /// Adds a string.
    pub fn add(&mut self, bytes: &[u8]) {
        assert!(self.strings == 0 || self.bits.len() == 8 * bytes.len(), "strings of one length");
        self.bits.resize(8 * bytes.len(), Vec::new());
        for (place, words) in self.bits.iter_mut().enumerate() {
            if self.strings.is_multiple_of(64) {
                words.push(0);
            }
            *words.last_mut().expect("pushed") |= u64::from(bytes[place / 8] >> (place % 8) & 1) << (self.strings % 64);
        }
        self.strings += 1;
    }

    /// The number of bits of a string.
    pub fn bits(&self) -> usize {
        self.bits.len()
    }

    /// In how many strings a bit is one.
    pub fn ones(&self, bit: usize) -> u32 {
        self.bits[bit].iter().map(|word| word.count_ones()).sum()
    }

    /// In how many strings two bits differ.
    pub fn differ(&self, a: usize, b: usize) -> u32 {
        self.bits[a].iter().zip(&self.bits[b]).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

/// `ln(2 m / alpha)` for `m` tests.
pub fn log_odds(tests: usize) -> f64 {
    (2.0 * f64::from(u32::try_from(tests.max(1)).expect("few")) / FALSE_ALARM).ln()
}

/// That bits are fair coins: of `n`, `|ones - n/2| >= t` with a chance of at most `2 exp(-2 t^2 / n)`.
pub fn assert_fair(what: &str, counts: &[u32], n: u32) {
    let most = (f64::from(n) * log_odds(counts.len()) / 2.0).sqrt();
    for (bit, ones) in counts.iter().enumerate() {
        let excess = (f64::from(*ones) - f64::from(n) / 2.0).abs();
        assert!(
            excess <= most,
            "{what}: bit {bit} is one in {ones} of {n}, {excess} too many or few, and {most} may be"
        );
    }
}

/// That each bit is one equally often in two samples of `n` strings: `|a - b| >= t` with a chance of at most `2 exp(-t^2 / n)`,
/// whatever the bit's own frequency.
pub fn assert_alike(what: &str, one: &Counts, other: &Counts) {
    assert_eq!((one.strings, one.ones.len()), (other.strings, other.ones.len()), "{what}");
    let most = (f64::from(one.strings) * log_odds(one.ones.len())).sqrt();
    assert!(most < 0.7 * f64::from(one.strings), "{what}: too few strings to see a difference");
    for (bit, (a, b)) in one.ones.iter().zip(&other.ones).enumerate() {
        let apart = f64::from(a.abs_diff(*b));
        assert!(
            apart <= most,
            "{what}: bit {bit} is one in {a} and in {b} of {}, and {most} apart may be",
            one.strings
        );
    }
}

/// That each pair of bits differs equally often in two samples: a pad that is used twice cancels from the sum of two bits, and
/// leaves the sum of what it hides.
pub fn assert_pairs_alike(what: &str, one: &Columns, other: &Columns) {
    assert_eq!((one.strings, one.bits.len()), (other.strings, other.bits.len()), "{what}");
    let bits = one.bits.len();
    let most = (f64::from(one.strings) * log_odds(bits * bits / 2)).sqrt();
    assert!(most < 0.7 * f64::from(one.strings), "{what}: too few strings to see a difference");
    for b in 0..bits {
        for a in 0..b {
            let [x, y] = [one, other].map(|sample| sample.differ(a, b));
            assert!(
                f64::from(x.abs_diff(y)) <= most,
                "{what}: bits {a} and {b} differ in {x} and in {y} of {}",
                one.strings
            );
        }
    }
}
