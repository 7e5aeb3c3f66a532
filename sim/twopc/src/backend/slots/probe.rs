//! A server that deviates to learn the key of a client that encrypts slots: see [`he::slots::at_the_edge`](crate::he::slots::at_the_edge).

use super::packing::Packing;
use crate::backend::probe::Coefficient;
use crate::he::slots::{Edge, Form, Scheme, at_the_edge};
use crate::wire::hook::{Conduct, Deviation};
use crate::wire::meter::Message;

/// The coefficient of responses that is brought to its edge.
const AT: usize = 1;

/// A server whose answers are all right unless a coefficient of the client's key has a value.
pub struct AtTheEdge {
    scheme: Scheme,
    form: Form,
    edge: Edge,
}

impl AtTheEdge {
    /// A server of sessions that are packed so.
    ///
    /// # Panics
    /// If the key has no such coefficient that is tested.
    #[must_use]
    pub fn new(packing: &Packing, Coefficient { index, value }: Coefficient) -> Self {
        let edge = Edge { coefficient: AT, ahead: index as usize - AT, value };
        Self { scheme: packing.scheme().clone(), form: packing.form(), edge }
    }
}

impl Deviation for AtTheEdge {
    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        if message.address.components().ends_with(&["response".into()]) {
            Conduct::Replace(at_the_edge(&self.scheme, self.form, payload, self.edge))
        } else {
            Conduct::Send
        }
    }
}
