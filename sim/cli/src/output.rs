//! Files that flags name, beside the result on standard output.

use fusion_engine::failure::Failure;
use fusion_engine::files;
use std::fs;
use std::path::Path;

/// Writes a file that a flag names.
///
/// # Errors
/// [`Failure::Usage`] if the path is a folder, or in none; [`Failure::Io`] if writing fails.
pub fn write_file(flag: &str, path: &Path, content: &str) -> Result<(), Failure> {
    check_file(flag, path)?;
    fs::write(path, content).map_err(|error| Failure::Io(format!("writing {}", files::name(path)), error))
}

/// Checks that a folder that a flag names is there or can be made, as far as its path tells.
///
/// # Errors
/// [`Failure::Usage`] if a file is in the way.
pub fn check_folder(flag: &str, path: &Path) -> Result<(), Failure> {
    match path.ancestors().find(|above| above.exists()) {
        Some(found) if !found.is_dir() => {
            Err(Failure::Usage(format!("{flag} {}: a file is in the way of the folder", files::name(path))))
        }
        Some(_) | None => Ok(()),
    }
}

/// Checks that a file that a flag names can be written, as far as its path tells.
///
/// # Errors
/// [`Failure::Usage`] if the path is a folder, or in none.
pub fn check_file(flag: &str, path: &Path) -> Result<(), Failure> {
    let name = files::name(path);
    if path.is_dir() {
        return Err(Failure::Usage(format!("{flag} {name} is a folder, not a file")));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(Failure::Usage(format!("{flag} {name}: its folder does not exist")));
    }
    Ok(())
}
