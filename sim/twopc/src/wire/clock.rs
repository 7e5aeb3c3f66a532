//! Virtual time: when messages would arrive over a network, however fast the machine is.
//!
//! A message leaves when its sender's line is free, takes its bytes' time, and arrives half a round trip later. Each direction has a
//! line of its own. Computing takes no virtual time: it is measured apart.

use crate::role::Role;
use crate::wire::meter::Meter;

/// How fast the line between the parties is; it is the same in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSpeed {
    /// The time of a round trip between the parties, in nanoseconds.
    pub rtt_ns: u64,
    /// How many bits each direction carries in a second.
    pub bits_per_s: u64,
}

impl LinkSpeed {
    /// A local network: 1 Gbit/s, with a round trip of 0.3 ms.
    pub const LAN: Self = Self { rtt_ns: 300_000, bits_per_s: 1_000_000_000 };
    /// A wide-area network: 100 Mbit/s, with a round trip of 40 ms.
    pub const WAN: Self = Self { rtt_ns: 40_000_000, bits_per_s: 100_000_000 };

    pub(super) fn transmission_ns(&self, bytes: usize) -> u64 {
        let ns = bytes as u128 * 8 * 1_000_000_000 / u128::from(self.bits_per_s.max(1));
        // Five hundred years are as good as never.
        u64::try_from(ns).unwrap_or(u64::MAX)
    }
}

/// The virtual clock of one party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    speed: LinkSpeed,
    now_ns: u64,
    busy_until_ns: u64,
}

impl Clock {
    /// A clock at the start of a session.
    #[must_use]
    pub fn new(speed: LinkSpeed) -> Self {
        Self { speed, now_ns: 0, busy_until_ns: 0 }
    }

    /// The party's virtual time in nanoseconds: the latest arrival that it has waited for.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// The virtual time in nanoseconds from which on the party has nothing to do but to wait: what it has sent has left, and what it has waited for has
    /// arrived.
    #[must_use]
    pub fn idle_since_ns(&self) -> u64 {
        self.now_ns.max(self.busy_until_ns)
    }

    /// How long a message of this many bytes takes at most, in nanoseconds, from a peer that takes no time to compute, counted from when the party is idle. The peer has all of the party's messages half a
    /// round trip after that; what it sent before has arrived, so that its line is free.
    #[must_use]
    pub fn line_ns(&self, bytes: usize) -> u64 {
        self.speed.rtt_ns.saturating_add(self.speed.transmission_ns(bytes))
    }

    /// Sends a message of this many bytes now, and returns when it arrives, in virtual nanoseconds.
    pub fn send(&mut self, bytes: usize) -> u64 {
        self.busy_until_ns = self.idle_since_ns().saturating_add(self.speed.transmission_ns(bytes));
        self.busy_until_ns.saturating_add(self.speed.rtt_ns / 2)
    }

    /// Waits for a message that arrives at this virtual time.
    pub fn receive(&mut self, arrival_ns: u64) {
        self.now_ns = self.now_ns.max(arrival_ns);
    }
}

/// The client's meter of a session that both sides metered, with the times at which messages would arrive over a line of another speed.
#[must_use]
pub fn replayed(client: &Meter, server: &Meter, speed: LinkSpeed) -> Meter {
    let logs = [&client.log, &server.log];
    let mut replayed = client.clone();
    let mut clocks = [Clock::new(speed); 2];
    let mut at = [0; 2];
    let mut arriving = [const { std::collections::VecDeque::new() }; 2];
    loop {
        let before = at;
        for (side, role) in [Role::Client, Role::Server].into_iter().enumerate() {
            while let Some(message) = logs[side].get(at[side]) {
                let arrival_ns = if message.from == role {
                    let arrival_ns = clocks[side].send(message.bytes);
                    arriving[1 - side].push_back(arrival_ns);
                    arrival_ns
                } else {
                    let Some(arrival_ns) = arriving[side].pop_front() else { break };
                    clocks[side].receive(arrival_ns);
                    arrival_ns
                };
                if role == Role::Client {
                    replayed.log[at[side]].arrival_ns = arrival_ns;
                }
                at[side] += 1;
            }
        }
        if at == before {
            return replayed;
        }
    }
}
