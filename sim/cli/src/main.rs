//! The binary `sim`.

use std::process::ExitCode;

fn main() -> ExitCode {
    fusion_sim::main(std::env::args_os())
}
