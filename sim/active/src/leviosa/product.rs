//! A run: products of linear layers whose weights are the server's, on inputs that are the client's or shared between both, with outputs that are shared.
//!
//! Each emulated server has a share of every block and multiplies shares. Both parties play it together, by a passive product of shares ([`super::ole`]), and each can be watched there.
//!
//! Invariant: the parties' outputs sum to the layers' outputs, and are committed to as blocks that passed all tests, if neither party stops.

use crate::channel::Channel;
use crate::conduct::{Act, Check, Conduct, HONEST};
use crate::failure::{Cheating, Failure};
use crate::field::{self, ELEMENT_BITS};
use crate::leviosa::cost::{MASKS, Size};
use crate::leviosa::layout::{Layout, Pair, Places};
use crate::leviosa::ole::{ANSWER_BYTES, CIPHERTEXT_BYTES, SLOTS, Scheme, most_ciphertexts};
use crate::leviosa::packed::{Code, Word, uniform};
use crate::leviosa::watch::Watch;
use crate::party::element;
use fusion_2pc::bits::{Packer, packed_bytes, unpack};
use fusion_2pc::random::{Root, Seed};
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::meter::Phase;
use rand_core::Rng;
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// What is computed: both parties know it.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// How blocks are shared.
    pub code: &'a Code,
    /// The products of the layers, placed in blocks.
    pub layout: &'a Layout,
    /// Whether the inputs are the sum of both parties' parts, and not the client's alone.
    pub shared: bool,
}

/// What a party holds, as elements; nothing of them is shown.
#[derive(Clone, Copy)]
pub enum Own<'a> {
    /// The client's inputs, or its part of them.
    Client(&'a [u64]),
    /// The server's weights, and its part of the inputs: none unless they are shared.
    Server([&'a [u64]; 2]),
}

/// A party's part of the outputs, of which nothing is shown, and its link.
pub struct Outcome {
    /// Its part of each output, in the order of the layout.
    pub outputs: Vec<u64>,
    /// The link, with its meter.
    pub link: Link,
}

impl fmt::Debug for Own<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(inputs) => write!(f, "Client({} elements)", inputs.len()),
            Self::Server([weights, inputs]) => write!(f, "Server({} and {} elements)", weights.len(), inputs.len()),
        }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome").field("link", &self.link).finish_non_exhaustive()
    }
}

/// What a party knows of the other one's shares at a server that it watches.
#[derive(Default)]
pub(super) struct Seen {
    /// The shares of the blocks that it dealt.
    pub rows: Vec<u64>,
    /// The shares of the masks of tests.
    pub masks: Vec<u64>,
    /// Its parts of the sums of products, by group.
    pub sums: Vec<u64>,
}

/// A party in a run.
pub(super) struct Run<'a> {
    pub channel: Channel,
    pub task: Task<'a>,
    scheme: Scheme,
    watch: Watch,
    /// The blocks that the party dealt: those of inputs, or of weights and inputs, then those of outputs.
    pub rows: Zeroizing<Vec<Word>>,
    /// The masks of the tests: of degrees, of copies, of products.
    pub masks: Zeroizing<Vec<Word>>,
    /// The party's parts of the sums of products, by group.
    pub sums: Zeroizing<Vec<Word>>,
    pub seen: BTreeMap<usize, Seen>,
}

/// Multiplies, with the other party on the link, which has the same task. The party's secrets grow from the root, which is used up.
///
/// # Errors
/// [`Cheating`] of every check, or a halt; [`Failure::Exhausted`] for more blocks than [`Size::most_blocks`].
///
/// # Panics
/// If the party is of the other role, or holds another number of elements than the layout has.
pub fn multiply(link: Link, root: impl Root, task: Task, own: Own) -> Result<Outcome, Failure> {
    conducted(link, root, task, own, HONEST)
}

/// The same for a party that may deviate.
pub(super) fn conducted(
    link: Link,
    root: impl Root,
    task: Task,
    own: Own,
    conduct: Conduct,
) -> Result<Outcome, Failure> {
    let Task { code, layout, shared } = task;
    if Size::of(layout, shared).ciphertexts() > most_ciphertexts(code) {
        return Err(Failure::Exhausted);
    }
    let seed: Zeroizing<Seed> = Zeroizing::new(root.into_seed());
    let rng = seed.child("party of emulated servers").stream();
    let mut channel = Channel { link, rng, conduct, retries: [0; 2], commitments: 0 };
    channel.link.enter(Phase::Setup);
    let watch = Watch::set_up(&mut channel, code)?;
    channel.link.enter(Phase::Online);
    let scheme = Scheme::new(watch.public);
    let masks = Zeroizing::new(drawn_masks(code, &mut channel.rng));
    let sums = Zeroizing::new(vec![vec![0; code.servers()]; layout.outputs()]);
    let (seen, rows) = (BTreeMap::new(), Zeroizing::default());
    let mut run = Run { channel, task, scheme, watch, rows, masks, sums, seen };
    match own {
        Own::Client(inputs) => run.client(inputs)?,
        Own::Server([weights, inputs]) => run.server(weights, inputs)?,
    }
    let outputs = run.deal_outputs()?;
    run.test()?;
    Ok(Outcome { outputs, link: run.channel.link })
}

fn drawn_masks(code: &Code, rng: &mut impl Rng) -> Vec<Word> {
    let masks = Zeroizing::new([uniform(rng, code.size()), code.of_sum_zero(rng), code.of_zeros(rng)]);
    masks.iter().map(|coefficients| code.word(coefficients)).collect()
}

impl Run<'_> {
    /// Shares what the blocks' places name.
    fn share(&mut self, places: impl Fn(&Pair) -> &Places, values: &[u64]) {
        let Task { code, layout, .. } = self.task;
        for (number, pair) in layout.pairs.iter().enumerate() {
            let value = |place: &Option<usize>| place.map_or(0, |place| values[place]);
            let mut secrets: Zeroizing<Vec<u64>> = Zeroizing::new(places(pair).iter().map(value).collect());
            if number + 1 == layout.pairs.len() && self.channel.conduct.acts(Act::DealsUnlike) {
                secrets[0] = field::add(secrets[0], 1);
            }
            self.rows.push(code.share(&secrets, &mut self.channel.rng));
        }
    }

    /// The client's part: it sends keys and encrypted shares, and learns products less masks.
    fn client(&mut self, inputs: &[u64]) -> Result<(), Failure> {
        let Task { code, layout, shared } = self.task;
        assert_eq!(inputs.len(), layout.counts[1], "inputs of this layout");
        self.share(|pair| &pair.inputs, inputs);
        for server in 0..code.servers() {
            let message = self.message(server);
            self.channel.link.send(message)?;
        }
        self.deal("masks", 0)?;
        let blocks = if shared { layout.blocks() } else { 0 };
        let size = Size::of(layout, shared).ciphertexts();
        for server in 0..code.servers() {
            let answers = self.channel.link.receive(size * ANSWER_BYTES)?;
            let secret = self.scheme.secret(&self.watch.own[server]);
            let products = self.scheme.decrypt(&secret, &answers).concat();
            for (pair, &product) in layout.pairs.iter().zip(&products) {
                let sum = &mut self.sums[pair.group][server];
                *sum = field::add(*sum, product);
            }
            if self.watch.theirs.contains_key(&server) {
                self.watch_answers(server, &answers, &products)?;
            }
        }
        self.learn("masks", blocks)?;
        for seen in self.seen.values_mut() {
            for (number, pair) in layout.pairs.iter().enumerate().take(blocks) {
                let product = field::mul(seen.rows[number], seen.rows[blocks + number]);
                seen.sums[pair.group] = field::add(seen.sums[pair.group], product);
            }
        }
        Ok(())
    }

    /// The slots of a server in each ciphertext: its shares of blocks, and in what is left another number.
    fn slots(shares: &[u64], filler: u64) -> Vec<Vec<u64>> {
        let filled = |chunk: &[u64]| {
            let mut slots = chunk.to_vec();
            slots.resize(SLOTS, filler);
            slots
        };
        shares.chunks(SLOTS).map(filled).collect()
    }

    fn message(&self, server: usize) -> Vec<u8> {
        let shares: Zeroizing<Vec<u64>> = Zeroizing::new(self.rows.iter().map(|word| word[server]).collect());
        let noise = Some(Act::LargeNoise).filter(|&act| self.channel.conduct.acts(act));
        self.scheme.message(server, &self.watch.own[server], &Self::slots(&shares, 1), noise)
    }

    /// The server's part: it checks what it watches before it answers anything.
    fn server(&mut self, weights: &[u64], inputs: &[u64]) -> Result<(), Failure> {
        let Task { code, layout, shared } = self.task;
        let inputs_needed = if shared { layout.counts[1] } else { 0 };
        assert_eq!([weights.len(), inputs.len()], [layout.counts[0], inputs_needed], "elements of this layout");
        self.share(|pair| &pair.weights, weights);
        if shared {
            self.share(|pair| &pair.inputs, inputs);
        }
        let size = Size::of(layout, shared).ciphertexts();
        let mut answers = Vec::with_capacity(code.servers());
        for server in 0..code.servers() {
            let message = self.channel.link.receive((size + 1) * CIPHERTEXT_BYTES)?;
            if let Some(seed) = self.watch.theirs.get(&server) {
                let opened = self.scheme.opened(server, seed, &message);
                let again = self.scheme.message(server, seed, &opened, None);
                if again != message && !self.channel.conduct.omits(Check::Watch) {
                    return Err(self.channel.caught(Cheating::Watch));
                }
                let mut rows = opened.concat();
                // What is left of the slots may be anything: the factor is 0 there.
                rows.truncate(layout.blocks());
                let sums = vec![0; layout.outputs()];
                self.seen.insert(server, Seen { rows, masks: Vec::new(), sums });
            }
            answers.push(self.answer(server, &message));
        }
        self.learn("masks", 0)?;
        for answer in answers {
            self.channel.link.send(answer)?;
        }
        self.deal("masks", if shared { layout.blocks() } else { 0 })
    }

    /// Answers a message, and adds the server's parts of the products to its sums.
    fn answer(&mut self, server: usize, message: &[u8]) -> Vec<u8> {
        let Task { layout, .. } = self.task;
        let (own, blocks) = (self.watch.own[server], layout.blocks());
        let factors: Zeroizing<Vec<u64>> =
            Zeroizing::new(self.rows[..blocks].iter().map(|word| word[server]).collect());
        let mut masks = masks_of(&own, blocks);
        for (number, pair) in layout.pairs.iter().enumerate() {
            let with = |to: &mut u64, product| *to = field::add(*to, product);
            with(&mut self.sums[pair.group][server], masks[number]);
            if let Some(word) = self.rows.get(blocks + number) {
                with(&mut self.sums[pair.group][server], field::mul(factors[number], word[server]));
            }
            if let Some(seen) = self.seen.get_mut(&server) {
                let product = field::mul(factors[number], seen.rows[number]);
                with(&mut seen.sums[pair.group], field::sub(product, masks[number]));
            }
        }
        masks.clear();
        let seed = if self.channel.conduct.acts(Act::AnswersOtherwise) { own.child("other masks") } else { own };
        self.scheme.answer(server, &seed, message, &Self::slots(&factors, 0))
    }

    /// Reads the server's shares off its answers, and makes the answers again.
    fn watch_answers(&mut self, server: usize, answers: &[u8], products: &[u64]) -> Result<(), Failure> {
        let layout = self.task.layout;
        let seed = self.watch.theirs[&server];
        let masks = masks_of(&seed, layout.blocks());
        let shares = self.rows[..layout.blocks()].iter().map(|word| word[server]);
        let read = |((share, &product), &mask)| field::mul(field::add(product, mask), field::inverse(share));
        let rows: Vec<u64> = shares.zip(products).zip(masks.iter()).map(read).collect();
        let again = self.scheme.answer(server, &seed, &self.message(server), &Self::slots(&rows, 0));
        if again != answers && !self.channel.conduct.omits(Check::Watch) {
            return Err(self.channel.caught(Cheating::Watch));
        }
        let mut sums = vec![0; layout.outputs()];
        for (pair, &mask) in layout.pairs.iter().zip(masks.iter()) {
            sums[pair.group] = field::add(sums[pair.group], mask);
        }
        self.seen.insert(server, Seen { rows, masks: Vec::new(), sums });
        Ok(())
    }

    /// Deals the masks of tests and the last so many blocks, each server's shares under pads of its seed.
    fn deal(&mut self, name: &str, blocks: usize) -> Result<(), Failure> {
        let masks = if name == "masks" { &self.masks[..] } else { &[] };
        let words: Vec<&Word> = masks.iter().chain(&self.rows[self.rows.len() - blocks..]).collect();
        let servers = self.task.code.servers();
        let mut packer = Packer::with_capacity(packed_bytes(servers * words.len(), ELEMENT_BITS));
        for server in 0..servers {
            let mut pads = self.watch.own[server].child(name).stream();
            for word in &words {
                packer.push(field::add(word[server], field::uniform(&mut pads)), ELEMENT_BITS);
            }
        }
        Ok(self.channel.link.send(packer.finish())?)
    }

    /// Receives what [`Self::deal`] sends, and opens it for the servers that are watched.
    fn learn(&mut self, name: &str, blocks: usize) -> Result<(), Failure> {
        let masks = if name == "masks" { MASKS } else { 0 };
        let (servers, each) = (self.task.code.servers(), masks + blocks);
        let received = self.channel.link.receive(packed_bytes(servers * each, ELEMENT_BITS))?;
        let received = unpack(&received, ELEMENT_BITS, servers * each);
        for (&server, seed) in &self.watch.theirs {
            let mut pads = seed.child(name).stream();
            let padded = received[server * each..(server + 1) * each].iter();
            let mut opened = padded.map(|&padded| field::sub(element(padded), field::uniform(&mut pads)));
            let Some(seen) = self.seen.get_mut(&server) else { unreachable!("every watched server was seen") };
            seen.masks.extend(opened.by_ref().take(masks));
            seen.rows.extend(opened);
        }
        Ok(())
    }

    /// Finds the party's part of the outputs, and deals it.
    fn deal_outputs(&mut self) -> Result<Vec<u64>, Failure> {
        let Task { code, layout, .. } = self.task;
        let mut outputs = Vec::new();
        for (group, &count) in layout.groups.iter().enumerate() {
            let mut secrets = Zeroizing::new(code.secrets(&code.coefficients(&self.sums[group])));
            if group == 0 && self.channel.conduct.acts(Act::DealsWrongOutput) {
                secrets[0] = field::add(secrets[0], 1);
            }
            outputs.extend_from_slice(&secrets[..count]);
            let mut word = code.share(&secrets, &mut self.channel.rng);
            if group == 0 && self.channel.conduct.acts(Act::DealsHighDegree) {
                let zeros = code.word(&code.of_zeros(&mut self.channel.rng));
                word.iter_mut().zip(zeros).for_each(|(to, more)| *to = field::add(*to, more));
            }
            self.rows.push(word);
        }
        self.deal("outputs", layout.outputs())?;
        self.learn("outputs", layout.outputs())?;
        Ok(outputs)
    }
}

/// The masks of all blocks of an emulated server.
fn masks_of(seed: &Seed, blocks: usize) -> Zeroizing<Vec<u64>> {
    let mut masks = Zeroizing::new(Vec::with_capacity(blocks.next_multiple_of(SLOTS)));
    for number in 0..blocks.div_ceil(SLOTS) {
        masks.extend_from_slice(&Scheme::masks(seed, number));
    }
    masks
}
