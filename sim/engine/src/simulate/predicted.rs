//! What a session costs by its public plan, before anything runs: its bytes, and bounds on its rounds and on the time of its messages.

use super::pair::ProtocolChoice;
use fusion_2pc::backend::{Backend, ForBackend};
use fusion_2pc::circuit::Unsupported;
use fusion_2pc::session::{Grouping, Plan};
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_nn::fixed::FixedModel;
use std::collections::BTreeMap;

/// The cost of a session by its public plan, without the set-up of the parties and without the time to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Predicted {
    /// The bytes of the messages of the client and of the server. They are exact.
    pub sent: [usize; 2],
    /// The most rounds: the chains of messages of all chunks, and one more for each message that extends oblivious transfers.
    pub most_rounds: usize,
}

impl Predicted {
    /// The most time in nanoseconds until the last message arrives over a network. A message arrives half a round trip after it has left, and this is waited for
    /// once in a round; meanwhile each byte is on its way onto a line once.
    #[must_use]
    pub fn most_ns(&self, LinkSpeed { rtt_ns, bits_per_s }: LinkSpeed) -> u128 {
        let bits = 8 * (self.sent[0] as u128 + self.sent[1] as u128);
        let on_lines = bits.saturating_mul(1_000_000_000).div_ceil(u128::from(bits_per_s.max(1)));
        on_lines.saturating_add(self.most_rounds as u128 * u128::from(rtt_ns / 2))
    }
}

impl ProtocolChoice {
    /// Predicts, without running it, what a session of so many slots with networks of one architecture costs.
    ///
    /// # Errors
    /// [`Unsupported`] with the nodes of the layers that two parties cannot compute.
    pub fn prediction(
        self,
        models: &[&FixedModel],
        slots: usize,
        grouping: Grouping,
    ) -> Result<Predicted, Unsupported> {
        self.backend.run(Prediction { models, protocols: self, slots, grouping })
    }

    /// Predicts, without running it, the bytes that a client and a server send in a session of so many slots with networks of one architecture.
    ///
    /// # Errors
    /// [`Unsupported`] with the nodes of the layers that two parties cannot compute.
    pub fn predicted(
        self,
        models: &[&FixedModel],
        slots: usize,
        grouping: Grouping,
    ) -> Result<[usize; 2], Unsupported> {
        self.prediction(models, slots, grouping).map(|predicted| predicted.sent)
    }
}

struct Prediction<'a> {
    models: &'a [&'a FixedModel],
    protocols: ProtocolChoice,
    slots: usize,
    grouping: Grouping,
}

impl ForBackend for Prediction<'_> {
    type Output = Result<Predicted, Unsupported>;

    fn run<B: Backend>(self, backend: B) -> Self::Output {
        let plan: Plan<B> = self.protocols.plan(&backend, self.models, self.slots, self.grouping)?;
        // All chunks but the last are alike.
        let mut chunks: BTreeMap<usize, usize> = BTreeMap::new();
        for chunk in plan.chunks() {
            *chunks.entry(chunk.len()).or_insert(0) += 1;
        }
        let (mut all, mut transfers) = (Predicted::default(), [0, 0]);
        for (slots, times) in chunks {
            for cost in plan.costs(slots) {
                all.sent[0] += times * cost.client_bytes;
                all.sent[1] += times * cost.server_bytes;
                transfers[0] += times * cost.client_transfers;
                transfers[1] += times * cost.server_transfers;
            }
            all.most_rounds += times * plan.chain(slots).rounds() as usize;
        }
        for (sender, count) in transfers.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let extension = plan.backend.extension(count).cost(count);
            all.sent[sender] += extension.sender.bytes;
            all.sent[1 - sender] += extension.receiver.bytes;
            all.most_rounds += extension.sender.messages + extension.receiver.messages;
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::super::pair::{PairSetting, SessionSetting, SetUp};
    use super::*;
    use fusion_2pc::backend::Family;
    use fusion_2pc::random::Seed;
    use fusion_2pc::role::Role;
    use fusion_2pc::session::Service;
    use fusion_2pc::wire::clock::replayed;
    use fusion_nn::fixed::{Pixels, Precision, Ring};
    use fusion_nn::model::Model;

    /// Whatever the family and the number of slots: the bytes are those that the meter counts, and rounds and times are at most what is predicted.
    #[test]
    fn sessions_cost_what_is_predicted() {
        let onnx = include_bytes!("../../../../examples/models/small_mnist.onnx");
        let precision = Precision { frac_bits: 12, ring: Ring::Auto };
        let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
        let model = FixedModel::new(&Model::from_onnx(onnx).unwrap(), precision, pixels).unwrap();
        for (family, slots) in Family::ALL.into_iter().flat_map(|family| [(family, 1), (family, 3)]) {
            let protocols = ProtocolChoice { backend: family.into(), ..ProtocolChoice::default() };
            let pair = SetUp::new(&PairSetting {
                protocols,
                models: std::slice::from_ref(&model),
                slots,
                groupings: &[Grouping::Chunk],
                lanes: false,
                keys: Seed([1; 32]),
                network: LinkSpeed::LAN,
            });
            let pair = pair.unwrap().pair;
            let pixels = pair.circuit().pixels;
            let services = vec![Service { model: 0, labels: (0..model.classes()).collect() }; slots];
            let session = SessionSetting {
                grouping: Grouping::Chunk,
                name: Seed([2; 32]),
                image: &|_| vec![0; pixels],
                services: &services,
                deviation: None,
                program: None,
                probe: None,
            };
            let played = pair.play(session, &mut |_| {});
            assert!(played.client.is_ok() && played.server.is_ok());
            let [client, server] = &played.metered.meters;
            let predicted = protocols.prediction(&[&model], slots, Grouping::Chunk).unwrap();
            assert_eq!(predicted.sent, [Role::Client, Role::Server].map(|role| client.sent(role, None).bytes));
            let rounds = client.rounds() as usize;
            assert!((rounds..=rounds + 40).contains(&predicted.most_rounds), "{family:?}: {rounds} of {predicted:?}");
            for network in [LinkSpeed::LAN, LinkSpeed::WAN] {
                let took = u128::from(replayed(client, server, network).virtual_ns());
                let most = predicted.most_ns(network);
                assert!((took..2 * took).contains(&most), "{family:?}, {slots} slots: {took} ns of {most}");
            }
        }
    }

    /// Chunks that are alike are added up once: a session of two full chunks costs twice one, but for what extends transfers.
    #[test]
    fn chunks_add_up() {
        let onnx = include_bytes!("../../../../examples/models/small_mnist.onnx");
        let precision = Precision { frac_bits: 12, ring: Ring::Auto };
        let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
        let model = FixedModel::new(&Model::from_onnx(onnx).unwrap(), precision, pixels).unwrap();
        let protocols = ProtocolChoice { backend: Family::Cryptflow2Ot.into(), ..ProtocolChoice::default() };
        let (_, slots) = protocols.circuit(&[&model]).unwrap();
        let of = |slots: usize| protocols.prediction(&[&model], slots, Grouping::Chunk).unwrap();
        let [one, two] = [of(slots), of(2 * slots)];
        assert_eq!(two, Predicted { sent: one.sent.map(|bytes| 2 * bytes), most_rounds: 2 * one.most_rounds });
        assert!(of(slots + 1).sent[0] > one.sent[0] && of(slots + 1).sent[0] < two.sent[0]);
    }
}
