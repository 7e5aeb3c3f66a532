//! `sim check`: every problem of a file, before anything is run with it.

mod against;
mod document;
mod layers;
mod measured;
mod model;
mod script;

use crate::args::CheckArgs;
use fusion_engine::failure::Failure;
use std::io::Write;

/// Runs `sim check` on a script or a model, as the file's name says.
pub fn run(args: &CheckArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    if args.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
        model::run(args, stdout)
    } else {
        script::run(args, stdout)
    }
}
