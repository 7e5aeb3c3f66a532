//! Why networks have no circuit: every reason at once, and the circuit as far as it can be made.

use super::step::Circuit;

/// Every reason why networks have no circuit, or a circuit no session. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", reasons.join("; "))]
pub struct Unsupported {
    reasons: Vec<String>,
}

impl Unsupported {
    /// Makes the error with one reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reasons: vec![reason.into()] }
    }

    /// Makes the error with all of these reasons, each of them once. There is at least one.
    pub(crate) fn all(reasons: impl IntoIterator<Item = String>) -> Self {
        let mut each: Vec<String> = Vec::new();
        for reason in reasons {
            if !each.contains(&reason) {
                each.push(reason);
            }
        }
        Self { reasons: each }
    }

    /// Refuses for all of these reasons, each of them once, where there are any.
    ///
    /// # Errors
    /// [`Unsupported`] where there is a reason.
    pub fn unless_none(reasons: impl IntoIterator<Item = String>) -> Result<(), Self> {
        let all = Self::all(reasons);
        if all.reasons.is_empty() { Ok(()) } else { Err(all) }
    }

    /// Adds the reasons of another that it lacks.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::all(self.reasons.into_iter().chain(other.reasons))
    }

    /// Returns the reasons: of the values' sizes, then of the layers, then of the packing, each in the order of the layers that they name.
    #[must_use]
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }
}

/// A circuit as far as it can be made, and every reason why it is not one of a family. A layer without a protocol is left out of it, so that the other
/// layers can be looked at too.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The circuit; `None` for networks that have no common one.
    pub circuit: Option<Circuit>,
    /// The reasons against it. There is one where the circuit is `None`.
    pub reasons: Vec<String>,
}

impl Draft {
    /// Makes the draft of networks that have no common circuit, for these reasons.
    pub(super) fn none(Unsupported { reasons }: Unsupported) -> Self {
        Self { circuit: None, reasons }
    }

    /// Adds what a check of the circuit finds, if there is a circuit.
    #[must_use]
    pub fn checked(mut self, check: impl FnOnce(&Circuit) -> Result<(), Unsupported>) -> Self {
        if let Some(Err(refused)) = self.circuit.as_ref().map(check) {
            self.reasons.extend(refused.reasons);
        }
        self
    }

    /// Adds reasons that were found before the circuit was made, ahead of its own.
    #[must_use]
    pub fn after(mut self, check: Result<(), Unsupported>) -> Self {
        if let Err(Unsupported { reasons }) = check {
            self.reasons.splice(0..0, reasons);
        }
        self
    }

    /// Returns the circuit if nothing speaks against it.
    ///
    /// # Errors
    /// [`Unsupported`] with every reason.
    ///
    /// # Panics
    /// Never: a draft without a circuit has a reason.
    #[expect(clippy::expect_used, reason = "a draft without a circuit has a reason")]
    pub fn finished(self) -> Result<Circuit, Unsupported> {
        let Self { circuit, reasons } = self;
        Unsupported::unless_none(reasons).map(|()| circuit.expect("a circuit, or a reason"))
    }
}
