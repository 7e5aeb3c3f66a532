//! A session whose lanes run beside each other, measured: it keeps neither a log of its messages nor answers, so that its memory does not grow with its slots.

use super::metered::{LayerShare, framing_bytes, thread_cpu, timed};
use crate::clock::now;
use fusion_2pc::address::Address;
use fusion_2pc::backend::Backend;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{self, Answered, ClientSetup, Networks, Plan, ServerSetup, Service, Workers};
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::{Halt, Link};
use fusion_2pc::wire::meter::{Phase, Share, Tally};
use fusion_2pc::wire::tcp::HEADER_BYTES;
use fusion_2pc::wire::trace::{Trace, arrivals};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// An honest session that is measured.
pub struct BesideSetting<'a> {
    /// The name of the session, which no other session of the pair has.
    pub name: Seed,
    /// Returns the pixels of a slot, as the client asks for them.
    pub image: &'a (dyn Fn(usize) -> Vec<i64> + Sync),
    /// Returns how the server serves a slot.
    pub service: &'a (dyn Fn(usize) -> Service + Sync),
    /// The threads of each party.
    pub threads: usize,
    /// Takes what a party has of a chunk of slots, on any of its threads.
    pub deliver: &'a (dyn Fn(Role, Range<usize>, Answered) + Sync),
}

/// A session that was measured.
pub struct Beside {
    /// Whether the client came to the end, or why it stopped.
    pub client: Result<(), Halt>,
    /// Whether the server came to the end, or why it stopped.
    pub server: Result<(), Halt>,
    /// The session as both parties noted it.
    pub traced: Traced,
    /// The processor time of the client's and of the server's threads.
    pub cpu: [Duration; 2],
    /// The wall time on this machine.
    pub wall: Duration,
}

/// The messages of a session as both parties noted them, and their times.
#[derive(Clone, Debug, Default)]
pub struct Traced {
    /// The traces of the client and of the server.
    pub traces: [Trace; 2],
    /// The processor time of the client and of the server by layer. What is spent between layers has the empty address.
    pub cpu_by_layer: [Vec<(Address, Duration)>; 2],
    /// How many lanes each party works on at once.
    pub at_once: usize,
}

impl Traced {
    /// Returns the number of lanes of the session.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.traces[0].lanes()
    }

    /// Returns how much a party sent, in one phase or, for `None`, in all.
    #[must_use]
    pub fn sent(&self, from: Role, phase: Option<Phase>) -> Tally {
        self.traces[0].sent(from, phase)
    }

    /// Returns the bytes that a TCP connection carries beside the messages: a header for each of them and, if there are several lanes, one of each party that ends each of these.
    #[must_use]
    pub fn framing_bytes(&self) -> usize {
        let ends = if self.lanes() > 1 { 2 * self.lanes() } else { 0 };
        framing_bytes([Role::Client, Role::Server].map(|role| self.sent(role, None))) + HEADER_BYTES * ends
    }

    /// Returns the length of the longest chain of messages of a lane, each sent after the one before arrived.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.traces[0].rounds()
    }

    /// Returns the virtual time in nanoseconds at which the last message arrives over a network.
    #[must_use]
    pub fn over_ns(&self, network: LinkSpeed) -> u64 {
        self.arrivals(network).iter().flatten().fold(0, |last, arrival_ns| last.max(*arrival_ns))
    }

    /// Returns the shares of the layers in order of execution, with all chunks of a layer together.
    #[must_use]
    pub fn layers(&self) -> Vec<LayerShare> {
        let [lan, wan] = [LinkSpeed::LAN, LinkSpeed::WAN].map(|network| self.traces[0].shares(&self.arrivals(network)));
        let layer = |((name, share), (_, wan)): ((Address, Share), (Address, Share))| {
            let over_ns = [share.virtual_ns, wan.virtual_ns];
            LayerShare { name: name.to_string(), share, over_ns }
        };
        lan.into_iter().zip(wan).map(layer).collect()
    }

    fn arrivals(&self, network: LinkSpeed) -> Vec<Vec<u64>> {
        let [client, server] = &self.traces;
        arrivals(client, server, network, self.at_once)
    }
}

/// Plays an honest session and measures it.
pub(super) fn measure<B: Backend>(
    network: LinkSpeed,
    (client, server): (&ClientSetup<B>, &ServerSetup<B>),
    (plan, networks): (&Plan<B>, &Networks<B>),
    setting: &BesideSetting<'_>,
) -> Beside {
    let BesideSetting { name, image, service, threads, deliver } = *setting;
    let spent = [AtomicU64::new(0), AtomicU64::new(0)];
    let counted = |role: Role| {
        let spent = &spent[role as usize];
        move |work: &mut dyn FnMut()| {
            let ((), cpu) = timed(work);
            spent.fetch_add(nanoseconds(cpu), Ordering::Relaxed);
        }
    };
    let [of_client, of_server] = [Role::Client, Role::Server].map(counted);
    let began = now();
    let ((client, near), (server, far)) = session::run(
        network,
        |mut link| {
            link.trace();
            link.time(thread_cpu);
            let workers = Workers { threads, around: &of_client };
            let deliver = |slots: Range<usize>, answered| deliver(Role::Client, slots, answered);
            session::client_beside(link, (client, plan), &name, image, workers, &deliver)
        },
        |mut link: Link| {
            link.trace();
            link.time(thread_cpu);
            let workers = Workers { threads, around: &of_server };
            let deliver = |slots: Range<usize>, answered| deliver(Role::Server, slots, answered);
            session::server_beside(link, (server, plan), &name, (networks, service), workers, &deliver)
        },
    );
    let wall = began.elapsed();
    let cpu_by_layer = [&near, &far].map(|link| link.times().to_vec());
    let traces = [near, far].map(|link| {
        let Some(trace) = link.into_trace() else { unreachable!("both parties note their messages") };
        trace
    });
    let cpu = spent.map(|spent| Duration::from_nanos(spent.into_inner()));
    let at_once = threads.clamp(1, plan.lanes());
    Beside { client, server, traced: Traced { traces, cpu_by_layer, at_once }, cpu, wall }
}

#[expect(clippy::expect_used, reason = "no process runs for five hundred years")]
fn nanoseconds(time: Duration) -> u64 {
    time.as_nanos().try_into().expect("a process's time")
}
