//! The binary `fusion-sim`: `sim` under the name of its package, for machines with another program called `sim`.

use std::process::ExitCode;

fn main() -> ExitCode {
    fusion_sim::main(std::env::args_os())
}
