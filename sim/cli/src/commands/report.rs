//! `sim report`: a page on a run, or on two.

use crate::args::campaign::ReportArgs;
use crate::output;
use crate::report::figures::Form;
use crate::report::{of_two, write, write_figures};
use fusion_engine::failure::Failure;
use fusion_engine::files;
use std::io::Write;

/// The number of points of a millimetre.
const POINTS_PER_MM: f32 = 72.0 / 25.4;

/// Writes the page, and says where it is.
pub fn run(args: &ReportArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    if let Some(folder) = &args.figures {
        output::check_folder("--figures", folder)?;
    }
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
    writeln!(stdout, "{}", path.display())?;
    if let (Some(run), Some(folder)) = (&args.run, &args.figures) {
        let width = f32::from(args.figure_width) * POINTS_PER_MM;
        let form = Form { width, size: args.font_size.into(), font: args.font };
        for path in write_figures(run, folder, form, args.dpi)? {
            writeln!(stdout, "{}", path.display())?;
        }
    }
    Ok(())
}
