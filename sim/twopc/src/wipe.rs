//! Overwriting what a session leaves on the stack of its thread. What it leaves on the heap is the allocator's to wipe.

use std::hint::black_box;
use zeroize::Zeroize;

/// The bytes that are overwritten; the calls of a session go less deep.
const DEPTH: usize = 1 << 20;

/// Overwrites the mebibyte of the calling thread's stack that lies below the caller, where calls that have returned left keys and values. The thread has a
/// stack of at least twice that.
#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "it is the stack that is overwritten")]
pub fn wipe_stack() {
    let mut below = [0_u8; DEPTH];
    black_box(&mut below).zeroize();
    black_box(&below);
}
