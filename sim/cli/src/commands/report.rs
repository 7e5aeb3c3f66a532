//! `sim report`: a page on a run, or on two.

use crate::args::campaign::ReportArgs;
use crate::report::{of_two, write};
use fusion_engine::failure::Failure;
use fusion_engine::files;
use std::io::Write;

/// Writes the page, and says where it is.
pub fn run(args: &ReportArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let path = match (&args.run, args.diff.as_deref()) {
        (_, Some([first, second])) => {
            let (folder, name, html) = of_two(first, second)?;
            let path = folder.join(name);
            files::replace(&path, &html)?;
            path
        }
        (Some(folder), _) => write(folder)?,
        _ => return Err(Failure::Usage("a run is needed, or two after --diff".into())),
    };
    Ok(writeln!(stdout, "{}", path.display())?)
}
