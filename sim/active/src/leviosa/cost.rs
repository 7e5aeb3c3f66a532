//! What a run costs, exactly to the byte, without running it.

use crate::commit::COMMITMENT_BYTES;
use crate::cost::{COIN, Cost, open};
use crate::leviosa::layout::Layout;
use crate::leviosa::ole::{ANSWER_BYTES, CIPHERTEXT_BYTES, SLOTS};
use crate::leviosa::packed::Code;
use crate::leviosa::soundness;

/// The masks of the three tests.
pub(crate) const MASKS: usize = 3;

/// The bytes of a point of a base transfer.
const POINT_BYTES: usize = 32;

/// How much is multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pairs of blocks that are multiplied.
    pub blocks: usize,
    /// Blocks of outputs.
    pub outputs: usize,
    /// Whether the server has a part of the inputs too.
    pub shared: bool,
}

impl Size {
    /// The size of a layout.
    #[must_use]
    pub const fn of(layout: &Layout, shared: bool) -> Self {
        Self { blocks: layout.blocks(), outputs: layout.outputs(), shared }
    }

    /// The ciphertexts for each emulated server.
    #[must_use]
    pub const fn ciphertexts(self) -> usize {
        self.blocks.div_ceil(SLOTS)
    }

    /// The most blocks that the code multiplies in a run: what the noise of answers hides.
    #[must_use]
    pub const fn most_blocks(code: &Code) -> usize {
        soundness::most_ciphertexts(code) * SLOTS
    }
}

/// The bytes of the client and of the server, and the rounds.
#[must_use]
pub fn cost(code: &Code, size: Size) -> Cost {
    let servers = code.servers();
    // The seeds of one party, offered and chosen.
    let lent = POINT_BYTES + open(servers) + open(servers - code.watched);
    let chosen = POINT_BYTES * servers + 2 * COMMITMENT_BYTES + open(1);
    let keys = servers * (size.ciphertexts() + 1) * CIPHERTEXT_BYTES;
    let answers = servers * size.ciphertexts() * ANSWER_BYTES;
    let dealt = |blocks: usize| open(blocks * servers);
    let inputs = if size.shared { size.blocks } else { 0 };
    let tests = open(code.size() + code.product_size() + servers);
    let both = lent + chosen + 2 * COIN + dealt(size.outputs) + tests;
    let sent = [both + keys + dealt(MASKS), both + answers + dealt(inputs + MASKS)];
    // Two lists of seeds of six messages each, a coin of two, a message each, outputs, a coin, and the tests.
    Cost { sent, rounds: 2 * 6 + 2 + 2 + 1 + 2 + 1 }
}
