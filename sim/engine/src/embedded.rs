//! Files inside this program: the curated scripts, and the models and digits that they name. Paths that start with `built-in:` name them.
//!
//! They are the repository's files, byte for byte, so a campaign has the same identity with them as with the files themselves.
//! `examples/DATA.md` states where the models and digits come from, and their licences.

use crate::failure::Failure;
use fusion_adversaries::library::{EXAMPLES, SCRIPTS};
use fusion_adversaries::problem::{nearest, one_line};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What the paths of embedded files start with.
pub const PREFIX: &str = "built-in:";

/// The name and the bytes of every embedded file that is not a script.
pub const DATA: &[(&str, &[u8])] = &[
    ("lenet_mnist_full.onnx", include_bytes!("../../../examples/models/lenet_mnist_full.onnx")),
    ("lenet_mnist_pruned70.onnx", include_bytes!("../../../examples/models/lenet_mnist_pruned70.onnx")),
    ("lenet_mnist_pruned90.onnx", include_bytes!("../../../examples/models/lenet_mnist_pruned90.onnx")),
    ("lenet_mnist_q2bit.onnx", include_bytes!("../../../examples/models/lenet_mnist_q2bit.onnx")),
    ("lenet_mnist_q3bit.onnx", include_bytes!("../../../examples/models/lenet_mnist_q3bit.onnx")),
    ("lenet_cifar10_full.onnx", include_bytes!("../../../examples/models/lenet_cifar10_full.onnx")),
    ("lenet_cifar10_q3bit.onnx", include_bytes!("../../../examples/models/lenet_cifar10_q3bit.onnx")),
    ("small_mnist.onnx", include_bytes!("../../../examples/models/small_mnist.onnx")),
    ("small_mnist_ternary.onnx", include_bytes!("../../../examples/models/small_mnist_ternary.onnx")),
    ("mnist_t1000-images-idx3-ubyte", include_bytes!("../../../examples/data/mnist_t1000-images-idx3-ubyte")),
    ("mnist_t1000-labels-idx1-ubyte", include_bytes!("../../../examples/data/mnist_t1000-labels-idx1-ubyte")),
    (
        "synthetic_3x32x32-images-idx4-ubyte",
        include_bytes!("../../../examples/data/synthetic_3x32x32-images-idx4-ubyte"),
    ),
    (
        "synthetic_3x32x32-labels-idx1-ubyte",
        include_bytes!("../../../examples/data/synthetic_3x32x32-labels-idx1-ubyte"),
    ),
    ("mnist_memorised-images-idx3-ubyte", include_bytes!("../../../examples/data/mnist_memorised-images-idx3-ubyte")),
];

/// Returns the file name and the text of every embedded script: the curated ones, then the examples.
pub fn scripts() -> impl Iterator<Item = (&'static str, &'static str)> {
    SCRIPTS.iter().chain(EXAMPLES).copied()
}

/// Returns the bytes of the embedded file that a path names; `None` for a path of the file system.
///
/// # Errors
/// [`Failure::Usage`] for a path that starts with `built-in:` and names no embedded file.
#[must_use]
pub fn find(path: &Path) -> Option<Result<&'static [u8], Failure>> {
    let name = name(path)?;
    let scripts = scripts().map(|(file, text)| (file, text.as_bytes()));
    let mut all = DATA.iter().copied().chain(scripts);
    let found = all.find(|(known, _)| *known == name).map(|(_, bytes)| bytes);
    Some(found.ok_or_else(|| {
        let kind = Path::new(&name).extension();
        let names: Vec<&str> =
            DATA.iter().map(|(known, _)| *known).filter(|known| Path::new(known).extension() == kind).collect();
        let path = one_line(&path.display().to_string());
        Failure::Usage(format!("{path}: there is no such file in this program; {}", nearest(&name, &names)))
    }))
}

/// Returns the path of the embedded file that a script names by `path`; `None` where that is a path of the file system. In an
/// embedded script, whose `folder` is `built-in:`, relative paths name embedded files by their last component.
#[must_use]
pub fn resolve(folder: &Path, path: &Path) -> Option<PathBuf> {
    let relative = || path.file_name().filter(|_| folder == Path::new(PREFIX) && path.is_relative());
    let name = name(path).or_else(|| Some(relative()?.to_str()?.to_owned()))?;
    Some(Path::new(PREFIX).join(name))
}

/// Returns the path of the embedded script that the user means by `path`: a name such as `low-quality` or `low-quality.yaml`, where
/// there is no such file. Any other path is returned as it is.
///
/// # Errors
/// [`Failure::Usage`] for a name without an extension that is neither a file nor an embedded script; it names the nearest one.
pub fn script(path: &Path) -> Result<PathBuf, Failure> {
    let mut components = path.components();
    let alone = matches!((components.next(), components.next()), (Some(Component::Normal(_)), None));
    let (true, Some(name)) = (alone && name(path).is_none(), path.to_str()) else { return Ok(path.into()) };
    if fs::metadata(path).is_ok_and(|found| !found.is_dir()) {
        return Ok(path.into());
    }
    let stem = |file: &'static str| file.strip_suffix(".yaml").unwrap_or(file);
    if let Some((file, _)) = scripts().find(|(file, _)| [*file, stem(file)].contains(&name)) {
        return Ok(Path::new(PREFIX).join(file));
    }
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains('.');
    if is_word && fs::metadata(path).is_err() {
        let names: Vec<&str> = scripts().map(|(file, _)| stem(file)).collect();
        let what = "there is no such file, and no built-in script has this name";
        return Err(Failure::Usage(format!("{}: {what}; {}", one_line(name), nearest(name, &names))));
    }
    Ok(path.into())
}

/// Returns the name of the embedded file after the prefix and any slash; `None` for a path of the file system.
fn name(path: &Path) -> Option<String> {
    let rest = path.to_str()?.strip_prefix(PREFIX)?;
    Some(rest.trim_start_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

    /// Where the repository has the file of an embedded script.
    fn on_disk(file: &str) -> PathBuf {
        let folder = if EXAMPLES.iter().any(|(known, _)| *known == file) { "examples" } else { "adversaries/scripts" };
        Path::new(ROOT).join(folder).join(file)
    }

    /// Each embedded file is named by a script, and each file that a script names is embedded.
    #[test]
    fn embedded_scripts_are_the_files() {
        let mut named = BTreeSet::new();
        for (file, text) in scripts() {
            let words = text.split(|c: char| c.is_whitespace() || "{}[],\"".contains(c));
            let paths = words.filter(|word| word.contains("models/") || word.contains("data/"));
            named.extend(paths.filter_map(|path| Path::new(path).file_name()?.to_str()));
            assert_eq!(std::fs::read_to_string(on_disk(file)).unwrap(), text, "{file}");
        }
        assert_eq!(named, DATA.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>());
    }

    #[test]
    fn names_stand_for_scripts_and_paths_for_files() {
        let meant = |text: &str| script(Path::new(text)).map_err(|failure| failure.message());
        for name in ["low-quality", "low-quality.yaml", "built-in:/low-quality.yaml"] {
            assert_eq!(meant(name), Ok("built-in:/low-quality.yaml".into()));
        }
        for path in ["./low-quality", "x/low-quality", "/low-quality", "-", "other.yaml", "src"] {
            assert_eq!(meant(path), Ok(path.into()));
        }
        let wrong = meant("low-qualty").unwrap_err();
        assert!(wrong.ends_with("no built-in script has this name; did you mean `low-quality`?"), "{wrong}");
    }

    #[test]
    fn embedded_files_are_found_by_their_names() {
        let model = "built-in:/small_mnist.onnx";
        let resolved = |folder: &str, path: &str| resolve(Path::new(folder), Path::new(path));
        assert_eq!(resolved(PREFIX, "../../examples/models/small_mnist.onnx"), Some(model.into()));
        assert_eq!(resolved("/a/folder", "built-in:small_mnist.onnx"), Some(model.into()));
        assert_eq!(resolved("/a/folder", "models/small_mnist.onnx"), None);
        assert_eq!(resolved(PREFIX, "/models/small_mnist.onnx"), None);
        let disk = std::fs::read(Path::new(ROOT).join("examples/models/small_mnist.onnx")).unwrap();
        assert_eq!(find(Path::new(model)).unwrap().unwrap(), disk);
        assert!(find(Path::new("small_mnist.onnx")).is_none());
        let missing = find(Path::new("built-in:/smal_mnist.onnx")).unwrap().unwrap_err().message();
        assert!(
            missing.ends_with("there is no such file in this program; did you mean `small_mnist.onnx`?"),
            "{missing}"
        );
        let far = find(Path::new("built-in:/nothing.onnx")).unwrap().unwrap_err().message();
        assert!(far.contains("one of `lenet_mnist_full.onnx`, ") && !far.contains("ubyte"), "{far}");
    }
}
