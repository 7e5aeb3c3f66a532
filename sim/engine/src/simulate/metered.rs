//! The cost of a session in bytes, rounds, virtual time and processor time, altogether, by step and by layer.

use crate::clock::now;
use fusion_2pc::address::Address;
use fusion_2pc::backend::Backend;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{self, ClientSetup, Networks, Plan, ServerSetup};
use fusion_2pc::wire::clock::{LinkSpeed, replayed};
use fusion_2pc::wire::link::{Halt, Link};
use fusion_2pc::wire::meter::{Message, Meter, Share, Tally};
use fusion_2pc::wire::tcp::HEADER_BYTES;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// What a session or a set-up took in messages, time and processor time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// What the client sent.
    pub client: Tally,
    /// What the server sent.
    pub server: Tally,
    /// The length of the longest chain of messages, each sent after the one before arrived.
    pub rounds: u32,
    /// The virtual time in nanoseconds until the last message arrived, without the time to compute.
    pub virtual_ns: u64,
    /// The processor time of both parties' threads together.
    pub cpu: Duration,
}

impl Spent {
    /// Adds up one session from the meter of either party.
    #[must_use]
    pub fn of(meter: &Meter, cpu: Duration) -> Self {
        let [client, server] = [Role::Client, Role::Server].map(|role| meter.sent(role, None));
        Self { client, server, rounds: meter.rounds(), virtual_ns: meter.virtual_ns(), cpu }
    }

    /// Returns the bytes that a TCP connection carries beside the messages: a header of [`HEADER_BYTES`] with each of them.
    #[must_use]
    pub fn framing_bytes(&self) -> usize {
        framing_bytes([self.client, self.server])
    }
}

/// Returns the bytes of the headers that frame the messages of both parties over TCP.
#[must_use]
pub fn framing_bytes(sent: [Tally; 2]) -> usize {
    HEADER_BYTES * sent.iter().map(|tally| tally.messages).sum::<usize>()
}

/// What the set-up of a pair of parties took, which is done once for all their sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetupSpent {
    /// Bytes, rounds, and the processor time of both parties together.
    pub spent: Spent,
    /// The processor time of the client and of the server.
    pub cpu: [Duration; 2],
    /// The wall time from the start to the end of both parties, on this machine.
    pub wall: Duration,
}

/// Sets a client and a server up, as [`session::set_up`] does, and meters both.
///
/// # Errors
/// [`Halt`], which would be a bug of this program: both parties are honest here.
pub fn set_up<B: Backend>(
    seed: &Seed,
    plans: &[&Plan<B>],
    network: LinkSpeed,
) -> Result<(ClientSetup<B>, ServerSetup<B>, SetupSpent), Halt> {
    let began = now();
    let (((client, near), client_cpu), ((server, _), server_cpu)) = session::run(
        network,
        |link| timed(|| session::client_set_up(link, seed, plans)),
        |link: Link| timed(|| session::server_set_up(link, seed, plans)),
    );
    let spent = Spent::of(near.meter(), client_cpu + server_cpu);
    Ok((client?, server?, SetupSpent { spent, cpu: [client_cpu, server_cpu], wall: began.elapsed() }))
}

/// Sends the server's network, once for all sessions by these plans, and meters both parties. Nothing is sent unless the family has such messages.
///
/// # Errors
/// [`Halt`], which would be a bug of this program: both parties are honest here.
pub fn send_network<B: Backend>(
    (client, server): (&mut ClientSetup<B>, &mut ServerSetup<B>),
    served: &[(&Plan<B>, &Networks<B>)],
    network: LinkSpeed,
) -> Result<SetupSpent, Halt> {
    let began = now();
    let plans: Vec<&Plan<B>> = served.iter().map(|(plan, _)| *plan).collect();
    let (((received, near), client_cpu), (sent, server_cpu)) = session::run(
        network,
        |mut link| {
            timed(|| {
                let received = client.receive_network(&mut link, &plans);
                link.hang_up();
                (received, link)
            })
        },
        |mut link: Link| timed(|| server.send_network(&mut link, served)),
    );
    received.and(sent)?;
    let spent = Spent::of(near.meter(), client_cpu + server_cpu);
    Ok(SetupSpent { spent, cpu: [client_cpu, server_cpu], wall: began.elapsed() })
}

/// A session as both parties metered it.
#[derive(Clone, Debug, Default)]
pub struct Metered {
    /// The meters of the client and of the server.
    pub meters: [Meter; 2],
    /// The processor time of both parties' threads together.
    pub cpu: Duration,
}

/// A layer's share of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerShare {
    /// The address of the layer. The extension of oblivious transfers is a separate entry for all layers.
    pub name: String,
    /// What the parties send in the layer, and the rounds that it adds.
    pub share: Share,
    /// The time in nanoseconds that the layer adds over a LAN and over a WAN.
    pub over_ns: [u64; 2],
}

impl Metered {
    /// Returns what the session took altogether.
    #[must_use]
    pub fn spent(&self) -> Spent {
        Spent::of(&self.meters[0], self.cpu)
    }

    /// Returns what each functionality sent, the client first.
    #[must_use]
    pub fn steps(&self) -> Vec<(String, [Tally; 2])> {
        let shares = self.meters[0].shares(Message::functionality);
        shares.into_iter().map(|(step, share)| (step.to_string(), share.sent)).collect()
    }

    /// Returns the shares of the layers in order of execution, with all chunks of a layer together.
    #[must_use]
    pub fn layers(&self) -> Vec<LayerShare> {
        let [client, server] = &self.meters;
        let over = [LinkSpeed::LAN, LinkSpeed::WAN].map(|network| replayed(client, server, network));
        let [lan, wan] = over.each_ref().map(|meter| meter.shares(Message::layer));
        let times = lan.iter().zip(&wan).map(|((_, lan), (_, wan))| [lan.virtual_ns, wan.virtual_ns]);
        let layer =
            |((name, share), over_ns): ((Address, Share), _)| LayerShare { name: name.to_string(), share, over_ns };
        client.shares(Message::layer).into_iter().zip(times).map(layer).collect()
    }
}

/// Returns the processor time of this thread so far.
///
/// # Panics
/// If the system reports a negative processor time.
#[must_use]
pub fn thread_cpu() -> Duration {
    #[expect(clippy::expect_used, reason = "a thread has run for some time, and not for less than none")]
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("a thread's time is positive")
}

/// The processor time of this process so far, of all its threads together.
#[must_use]
pub(crate) fn process_cpu() -> Duration {
    #[expect(clippy::expect_used, reason = "a process has run for some time, and not for less than none")]
    clock_gettime(ClockId::ProcessCPUTime).try_into().expect("a process's time is positive")
}

/// Runs a function, and returns its result with the processor time that this thread spent in it.
pub fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let before = thread_cpu();
    let done = run();
    (done, thread_cpu().saturating_sub(before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_2pc::backend::cheetah::Cheetah;
    use fusion_2pc::circuit::Circuit;
    use fusion_2pc::session::Grouping;
    use fusion_2pc::share::truncate::Truncation;
    use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
    use fusion_nn::model::Model;

    /// Both parties' threads are counted, and each message's header.
    #[test]
    fn a_set_up_counts_both_parties() {
        let onnx = include_bytes!("../../../../examples/models/lenet_mnist_full.onnx");
        let precision = Precision { frac_bits: 12, ring: Ring::Auto };
        let model = Model::from_onnx(onnx).unwrap();
        let model = FixedModel::new(&model, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 }).unwrap();
        let circuit = Circuit::new(&[&model], Truncation::Faithful).unwrap();
        let plan = Plan::new(Cheetah::default(), circuit, 1, Grouping::Chunk).unwrap();
        let seed = Seed([7; 32]);
        let (_, _, SetupSpent { spent, cpu, wall }) = set_up(&seed, &[&plan], LinkSpeed::LAN).unwrap();
        assert!(cpu.iter().all(|cpu| !cpu.is_zero()) && !wall.is_zero());
        assert_eq!(spent.cpu, cpu[0] + cpu[1]);
        let messages = spent.client.messages + spent.server.messages;
        assert!(messages >= 4, "{messages}");
        assert_eq!(spent.framing_bytes(), 24 * messages);
        let (_, _, link) = session::set_up(&seed, &[&plan], LinkSpeed::LAN).unwrap();
        let same = Spent::of(link.meter(), spent.cpu);
        assert_eq!((same.client, same.server, same.rounds), (spent.client, spent.server, spent.rounds));
    }
}
