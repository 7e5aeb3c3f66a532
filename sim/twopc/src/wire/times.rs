//! Processor time by layer: each moment counts for the step that the party is in.

use crate::address::Address;
use crate::wire::meter::layer_of;
use std::time::Duration;

/// How much processor time a party spent in each layer, in the order in which the layers first occur.
#[derive(Clone, Debug)]
pub struct Times {
    /// The processor time of the thread that asks.
    clock: fn() -> Duration,
    counted_until: Duration,
    layers: Vec<(Address, Duration)>,
}

impl Times {
    /// Nothing spent yet, by a clock of the processor time of the thread that asks it.
    pub(super) fn new(clock: fn() -> Duration) -> Self {
        Self { clock, counted_until: Duration::ZERO, layers: Vec::new() }
    }

    /// Begins to count on this thread.
    pub(super) fn begin(&mut self) {
        self.counted_until = (self.clock)();
    }

    /// Counts what the thread spent since it last counted, or began, for the layer of an address.
    pub(super) fn count(&mut self, address: &Address) {
        let now = (self.clock)();
        let spent = now.saturating_sub(std::mem::replace(&mut self.counted_until, now));
        self.add(layer_of(address), spent);
    }

    fn add(&mut self, layer: Address, spent: Duration) {
        match self.layers.iter_mut().rfind(|(other, _)| *other == layer) {
            Some((_, total)) => *total += spent,
            None => self.layers.push((layer, spent)),
        }
    }

    /// Adds what another thread spent.
    pub(super) fn absorb(&mut self, other: Self) {
        other.layers.into_iter().for_each(|(layer, spent)| self.add(layer, spent));
    }

    /// The same clock, and nothing spent yet.
    pub(super) fn anew(&self) -> Self {
        Self::new(self.clock)
    }

    /// The layers and the times.
    #[must_use]
    pub fn layers(&self) -> &[(Address, Duration)] {
        &self.layers
    }
}

#[cfg(test)]
mod tests {
    use crate::address::{Address, Component};
    use crate::role::Role;
    use crate::wire::clock::LinkSpeed;
    use crate::wire::duplex;
    use crate::wire::link::Link;
    use std::cell::Cell;
    use std::time::Duration;

    thread_local!(static SPENT: Cell<u64> = const { Cell::new(100) });

    fn spend(ns: u64) {
        SPENT.with(|spent| spent.set(spent.get() + ns));
    }

    /// What is spent outside every step, in a layer with another step inside it, and in two lanes.
    #[test]
    fn time_counts_for_the_step_that_the_party_is_in() {
        let (_far, end) = duplex::duplex();
        let mut link = Link::new(Role::Client, Box::new(end), LinkSpeed::LAN);
        link.time(|| Duration::from_nanos(SPENT.with(Cell::get)));
        let work = |lane: &mut Link| {
            lane.begin_work();
            spend(1);
            lane.enter_step(Address::of([Component::Layer { node: 0, operator: "conv".into() }]));
            spend(10);
            lane.enter_step("msb");
            spend(20);
            lane.leave_step();
            spend(300);
            lane.leave_step();
            spend(4000);
            lane.count_time();
            spend(50_000);
        };
        for mut lane in link.divided(&[0, 0]) {
            work(&mut lane);
            link.absorb(lane);
        }
        let times = link.times().iter().map(|(layer, spent)| (layer.to_string(), spent.as_nanos()));
        assert_eq!(times.collect::<Vec<_>>(), [(String::new(), 8002), ("layer[0:conv]".into(), 660)]);
    }
}
