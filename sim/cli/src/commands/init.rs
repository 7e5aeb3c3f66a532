//! `sim init`: a script to start from.

use crate::args::campaign::InitArgs;
use crate::text;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

/// The script that `sim init` writes, which is commented and runs as it is.
const STARTER: &str = include_str!("starter.yaml");

/// Writes the starter script to a new file.
pub fn run(args: &InitArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let name = files::name(&args.file);
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&args.file) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Failure::Usage(format!("{name} already exists, and is left unchanged")));
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(Failure::Usage(format!("{name}: there is no such folder")));
        }
        Err(error) if error.kind() == ErrorKind::IsADirectory => {
            return Err(Failure::Usage(format!("{name}: the name of a folder: give that of a file")));
        }
        Err(error) => return Err(Failure::Io(format!("writing {name}"), error)),
    };
    file.write_all(STARTER.as_bytes()).map_err(|error| Failure::Io(format!("writing {name}"), error))?;
    let path = text::shell(&args.file);
    Ok(writeln!(stdout, "Wrote {name}. Next: sim check {path}; sim attack {path}")?)
}
