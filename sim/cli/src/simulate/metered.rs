//! What a session took: bytes, rounds, virtual time, processor time; altogether, by step and by layer.

use fusion_2pc::clock::{Network, replayed};
use fusion_2pc::link::Role;
use fusion_2pc::meter::{Message, Meter, Share, Tally};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// What sessions took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// What the client sent.
    pub client: Tally,
    /// What the server sent.
    pub server: Tally,
    /// The longest chain of messages.
    pub rounds: u32,
    /// Until the last message arrived, without the time to compute.
    pub virtual_ns: u64,
    /// Of both parties' threads.
    pub cpu: Duration,
}

impl Spent {
    /// Of one session, by a party's meter.
    #[must_use]
    pub fn of(meter: &Meter, cpu: Duration) -> Self {
        let [client, server] = [Role::Client, Role::Server].map(|role| meter.sent(role, None));
        Self { client, server, rounds: meter.rounds(), virtual_ns: meter.virtual_ns(), cpu }
    }
}

/// A session as both parties metered it.
#[derive(Clone, Debug, Default)]
pub struct Metered {
    /// The client's and the server's.
    pub meters: [Meter; 2],
    /// Of both parties' threads.
    pub cpu: Duration,
}

/// A layer's share of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its name; the extension of transfers is apart, for all layers.
    pub name: String,
    /// What it sends, and the rounds it adds.
    pub share: Share,
    /// The time it adds over a LAN, and over a WAN.
    pub over_ns: [u64; 2],
}

impl Metered {
    /// Altogether.
    #[must_use]
    pub fn spent(&self) -> Spent {
        Spent::of(&self.meters[0], self.cpu)
    }

    /// What each functionality sent, client first.
    #[must_use]
    pub fn steps(&self) -> Vec<(String, [Tally; 2])> {
        let shares = self.meters[0].shares(Message::functionality);
        shares.into_iter().map(|(step, share)| (step.into(), share.sent)).collect()
    }

    /// In order of execution; the chunks together.
    #[must_use]
    pub fn layers(&self) -> Vec<Layer> {
        let [client, server] = &self.meters;
        let over = [Network::LAN, Network::WAN].map(|network| replayed(client, server, network));
        let [lan, wan] = over.each_ref().map(|meter| meter.shares(Message::layer));
        let times = lan.iter().zip(&wan).map(|((_, lan), (_, wan))| [lan.virtual_ns, wan.virtual_ns]);
        let layer = |((name, share), over_ns): ((&str, Share), _)| Layer { name: name.into(), share, over_ns };
        client.shares(Message::layer).into_iter().zip(times).map(layer).collect()
    }
}

/// The processor time of this thread so far.
#[must_use]
pub fn thread_cpu() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// What a function returns, and the processor time of this thread in it.
pub fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let before = thread_cpu();
    let done = run();
    (done, thread_cpu().saturating_sub(before))
}
