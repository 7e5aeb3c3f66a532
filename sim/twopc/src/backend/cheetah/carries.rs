//! How Cheetah finds the carries of what a step compares first, as a user chooses it, and what either way sends.

use crate::bits::packed_bytes;
use crate::cost::Cost;
use crate::role::Role;
use crate::share::carry::Form;
use crate::share::compare::{Digit, Span, digits};
use crate::share::{chain, digit};

/// How the carries are found of what a ReLU, a truncation or a clip compares first, as a user chooses it. Other comparisons are trees: those of a maximum, and with the upper end of a clip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CarryChoice {
    /// By a tree of digits, in few messages, as published.
    #[default]
    Tree,
    /// Digit after digit, in few bytes.
    Chain,
    /// Step by step: a chain where it spares more than 250,000 bytes in a chunk for each message that it has more than a tree has one after another. So many bytes pass on the wide-area network of
    /// [`LinkSpeed::WAN`](crate::wire::clock::LinkSpeed::WAN) while one message is on its way. Nothing but the network and the number of slots in a chunk decides.
    Auto,
}

/// How many bytes a message on its way is worth: half of 40 ms at 100 Mbit/s.
const MESSAGE_BYTES: usize = 250_000;

impl CarryChoice {
    /// All choices, the default first.
    pub const ALL: [Self; 3] = [Self::Tree, Self::Chain, Self::Auto];

    /// The name in scripts and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Chain => "chain",
            Self::Auto => "auto",
        }
    }

    /// A line that says what it is.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Tree => "digits of three bits, joined by a tree: few messages",
            Self::Chain => {
                "digits of two bits, one after another: half the bytes, and a message for each; no sign is turned by a digit"
            }
            Self::Auto => "for each step of a chunk a chain where it spares 250 KB for each further message",
        }
    }

    /// The form for so many numbers, of which a party may draw its choices: in a tree the client alone does.
    #[must_use]
    pub fn form(self, count: usize, span: Span, drawer: Option<Role>) -> Form {
        match self {
            Self::Tree => Form::Tree,
            Self::Chain => Form::Chain,
            Self::Auto => {
                let of = |form| {
                    let mut cost = Cost::default();
                    carries(&mut cost, count, (span.low, span.high), (form, drawer));
                    (cost.bytes(), cost.rounds() as usize)
                };
                let ((tree, few), (chain, many)) = (of(Form::Tree), of(Form::Chain));
                let worth = chain + many.saturating_sub(few) * MESSAGE_BYTES;
                if worth < tree { Form::Chain } else { Form::Tree }
            }
        }
    }
}

impl CarryChoice {
    /// How many more bits of each number a step corrects if the server drew its share of it than if the client did: all of them in a tree, in which a server draws no choices. [`Self::Auto`] counts as a tree.
    #[must_use]
    pub const fn more_choices(self, span: Span) -> u32 {
        match self {
            Self::Tree | Self::Auto => span.low + span.high,
            Self::Chain => 0,
        }
    }
}

/// The error for a name that no choice has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("carries are found by a `tree`, a `chain` or `auto`, not `{0}`")]
pub struct NoCarryChoice(String);

impl std::str::FromStr for CarryChoice {
    type Err = NoCarryChoice;

    fn from_str(name: &str) -> Result<Self, NoCarryChoice> {
        Self::ALL.into_iter().find(|choice| choice.name() == name).ok_or_else(|| NoCarryChoice(name.into()))
    }
}

/// Adds the messages of [`crate::share::carry::carries`]: in which form, and which party may have drawn its choices.
pub(super) fn carries(cost: &mut Cost, count: usize, (low, high): (u32, u32), (form, drawer): (Form, Option<Role>)) {
    match form {
        Form::Tree => tree(cost, count, (low, high), drawer == Some(Role::Client)),
        Form::Chain => chain(cost, count, (low, high), drawer),
    }
}

/// Adds the messages of a tree, [`crate::share::compare::carries`]: the client's choices, unless it drew them, the server's digits, and the products that join them.
fn tree(cost: &mut Cost, count: usize, (low, high): (u32, u32), drawn: bool) {
    if !drawn {
        cost.send(Role::Client, packed_bytes(count, low + high));
    }
    let digits = digits(low, high);
    cost.server_transfers += count * (low + high) as usize;
    cost.send(Role::Server, packed_bytes(count, digits.iter().map(|digit| digit.message_bits()).sum()));
    let inner = |digits: &[Digit]| digits.iter().map(|digit| digit.inner).collect::<Vec<bool>>();
    let border = digits.iter().filter(|digit| digit.from < low).count();
    let [mut low, mut high] = [inner(&digits[..border]), inner(&digits[border..])];
    while low.len() > 1 || high.len() > 1 {
        let pairs: Vec<bool> = [&mut low, &mut high].into_iter().flat_map(join).collect();
        and(cost, count, &pairs);
    }
    if let ([low], [_]) = (&low[..], &high[..]) {
        and(cost, count, &[*low]);
    }
}

/// [`crate::share::chain::carries`]: the entries of each digit with the corrections of the next, which are those of its bits, unless they were drawn, and of the carry.
fn chain(cost: &mut Cost, count: usize, (low, high): (u32, u32), drawer: Option<Role>) {
    let (digits, slices) = (digit::digits(low, high), |slices: usize| packed_bytes(count, slices as u32));
    let chooser = |at: usize| chain::chooser(drawer, at);
    let corrected = |at: usize, digit: &digit::Digit| {
        usize::from(digit.carried) + if drawer == Some(chooser(at)) { 0 } else { digit.bits }
    };
    if drawer.is_none() {
        cost.send(chooser(0), slices(digits[0].bits));
    }
    for (at, digit) in digits.iter().enumerate() {
        let offerer = chooser(at).peer();
        let transfers = count * digit.transfers();
        match offerer {
            Role::Client => cost.client_transfers += transfers,
            Role::Server => cost.server_transfers += transfers,
        }
        let next = digits.get(at + 1).map_or(0, |next| corrected(at + 1, next));
        cost.send(offerer, slices(digit.sent() + next));
    }
}

/// [`crate::share::and::and`]: for each list, whether its products are pairs.
pub(super) fn and(cost: &mut Cost, count: usize, pairs: &[bool]) {
    let products = count * pairs.len();
    cost.client_transfers += products;
    cost.server_transfers += products;
    cost.exchange(packed_bytes(pairs.iter().map(|pair| count * (2 + usize::from(*pair))).sum(), 1));
}

/// Joins neighbours: what the pairs' lower parts are, and the level above.
fn join(nodes: &mut Vec<bool>) -> Vec<bool> {
    let lower: Vec<bool> = nodes.chunks_exact(2).map(|pair| pair[0]).collect();
    *nodes = nodes.chunks(2).map(|pair| pair[0]).collect();
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first ReLU of LeNet in chunks of more and more slots: from some number on a chain, and never sooner than its 7 or 8 further messages are paid for.
    #[test]
    fn a_chunk_that_pays_for_its_messages_has_a_chain() {
        let span = Span { from: 0, low: 12, high: 11 };
        let form = |slots: usize, drawer| CarryChoice::Auto.form(4704 * slots, span, drawer);
        for drawer in [None, Some(Role::Client), Some(Role::Server)] {
            assert_eq!([1, 16, 128].map(|slots| form(slots, drawer)), [Form::Tree, Form::Tree, Form::Chain]);
            let first = (1..=128).find(|slots| form(*slots, drawer) == Form::Chain).unwrap();
            assert!((first..200).all(|slots| form(slots, drawer) == Form::Chain), "{first}");
            let spared = |slots: usize| {
                let bytes = [Form::Tree, Form::Chain].map(|form| {
                    let mut cost = Cost::default();
                    carries(&mut cost, 4704 * slots, (12, 11), (form, drawer));
                    (cost.bytes(), cost.rounds())
                });
                let corrected = |drawn: bool| u32::from(!drawn);
                let expected = (4 + corrected(drawer == Some(Role::Client)), 12 + corrected(drawer.is_some()));
                assert_eq!((bytes[0].1, bytes[1].1), expected);
                bytes[0].0 - bytes[1].0
            };
            let price = if drawer == Some(Role::Server) { 7 } else { 8 } * MESSAGE_BYTES;
            assert!(spared(first) > price && spared(first - 1) <= price);
        }
    }

    /// A single bit is one transfer either way.
    #[test]
    fn a_chain_is_not_chosen_for_nothing() {
        let span = Span { from: 0, low: 0, high: 1 };
        assert_eq!(CarryChoice::Auto.form(1 << 30, span, Some(Role::Client)), Form::Tree);
    }

    #[test]
    fn names_are_read_back() {
        for choice in CarryChoice::ALL {
            assert_eq!(choice.name().parse(), Ok(choice));
        }
        let refusal = "trees".parse::<CarryChoice>().unwrap_err();
        assert_eq!(refusal.to_string(), "carries are found by a `tree`, a `chain` or `auto`, not `trees`");
    }
}
