//! `sim` once more: tests of this package can start binaries of this package only, and `tests/guides.rs` needs one for its shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    fusion_sim::main(std::env::args_os())
}
