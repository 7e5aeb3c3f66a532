//! The comparison of a protocol with its ideal twin.

use crate::bits::mask;

/// Asserts that a protocol computed what its ideal twin does, from both parties' shares of its inputs modulo `2^from` and of its outputs
/// modulo `2^out`, the client's first. `twin` gets a value and the client's share of it.
///
/// # Panics
/// At the first element where they differ.
pub fn assert_twin(inputs: [&[u64]; 2], from: u32, outputs: [&[u64]; 2], out: u32, twin: impl Fn(u64, u64) -> u64) {
    assert_eq!(inputs[0].len(), outputs[0].len(), "an output for each input");
    let open = |[client, server]: [&[u64]; 2], ring: u32, at: usize| client[at].wrapping_add(server[at]) & mask(ring);
    for at in 0..inputs[0].len() {
        let (x, x0) = (open(inputs, from, at), inputs[0][at] & mask(from));
        let (given, meant) = (open(outputs, out, at), twin(x, x0));
        assert_eq!(given, meant, "element {at}: of {x}, the client's share {x0}");
    }
}
