//! The keys that a sweep varies.

use crate::args::SweepArgs;
use fusion_engine::documents::sweep::SweepRow;

/// A key that a sweep varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The number of queries.
    R,
    /// The security bits for which parameters are chosen.
    Lambda,
    /// The number of publics.
    T,
    /// The number of copies.
    B,
    /// The number of wrong publics that are tolerated.
    Slack,
    /// The family of protocols.
    Backend,
}

impl Key {
    /// Returns the keys that have several values in a command.
    pub fn varied(args: &SweepArgs) -> Vec<Self> {
        let lengths = [
            (Self::R, args.R.len()),
            (Self::Lambda, args.lambda.len()),
            (Self::T, args.T.len()),
            (Self::B, args.B.len()),
            (Self::Slack, args.slack.len()),
            (Self::Backend, args.backend.len()),
        ];
        lengths.into_iter().filter(|(_, length)| *length > 1).map(|(key, _)| key).collect()
    }

    /// Returns the key that is drawn along the axis: the one with the most values, the first of several.
    pub fn along(varied: &[Self], rows: &[&SweepRow]) -> Self {
        let values = |key: Self| distinct(rows.iter().map(|row| key.value(row))).len();
        varied.iter().rev().copied().max_by_key(|key| values(*key)).unwrap_or(Self::R)
    }

    /// Returns the key's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::R => "R",
            Self::Lambda => "lambda",
            Self::T => "T",
            Self::B => "B",
            Self::Slack => "slack",
            Self::Backend => "backend",
        }
    }

    /// Returns the value of the key in a row.
    pub fn value(self, row: &SweepRow) -> String {
        match self {
            Self::R => row.R.to_string(),
            Self::Lambda => row.lambda.map_or_else(|| "-".into(), |bits| bits.to_string()),
            Self::T => row.T.to_string(),
            Self::B => row.B.to_string(),
            Self::Slack => row.slack.to_string(),
            Self::Backend => row.backend.clone().unwrap_or_else(|| "-".into()),
        }
    }

    /// Returns the key and its value in a row.
    pub fn told(self, row: &SweepRow) -> String {
        format!("{} = {}", self.name(), self.value(row))
    }
}

/// Returns the different values, in the order in which they come.
pub fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}
