//! What is sent once for a network, after a set-up, where a family has such messages.

use super::party::Networks;
use super::plan::Plan;
use super::setup::{ClientSetup, ServerSetup};
use crate::backend::Backend;
use crate::wire::link::{Halt, Link};

impl<B: Backend> ClientSetup<B> {
    /// Runs the client's side for sessions by these plans, of one circuit. Nothing is sent unless a plan's family has such messages; with them, no session comes before.
    ///
    /// # Errors
    /// [`Halt`] where the server does not keep to the protocol.
    ///
    /// # Panics
    /// Where a family has such messages, if they were received before.
    pub fn receive_network(&mut self, link: &mut Link, plans: &[&Plan<B>]) -> Result<(), Halt> {
        let packings: Vec<&B::Packing> = plans.iter().flat_map(|plan| plan.packings()).collect();
        plans.first().map_or(Ok(()), |plan| plan.backend.client_network(link, &mut self.keys, &packings))
    }
}

impl<B: Backend> ServerSetup<B> {
    /// Runs the server's side for sessions by these plans, of one circuit, with the first of its networks. Nothing is sent unless a plan's family has such messages; with them, no session comes before.
    ///
    /// # Errors
    /// [`Halt`] where the client does not keep to the protocol.
    ///
    /// # Panics
    /// If the networks were encoded for another plan, and where a family has such messages if they were sent before.
    pub fn send_network(&mut self, link: &mut Link, served: &[(&Plan<B>, &Networks<B>)]) -> Result<(), Halt> {
        let networks: Vec<_> = served.iter().flat_map(|(plan, networks)| networks.first(plan)).collect();
        served.first().map_or(Ok(()), |(plan, _)| plan.backend.server_network(link, &mut self.keys, &networks))
    }
}
