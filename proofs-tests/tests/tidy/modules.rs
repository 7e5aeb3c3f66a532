//! A crate's modules and where the paths in them lead: which file uses what another one defines.

use super::tokens::{closing, is_word, tokens, without_tests};
use super::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};

/// A name that a `use` brings into a module, and the path that it stands for.
struct Import {
    alias: String,
    path: Vec<String>,
    /// `use path::*`.
    glob: bool,
    /// `pub use`, `pub(crate) use`.
    passed_on: bool,
}

/// One `mod`, in a file of its own or written within another module.
struct Module {
    file: String,
    /// Where the files of its children lie.
    folder: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    imports: Vec<Import>,
    /// Paths of two names and more, as the code has them.
    paths: BTreeSet<Vec<String>>,
    /// Every other name in the code.
    words: BTreeSet<String>,
    /// The names of what is defined here.
    defined: BTreeSet<String>,
}

/// A crate's modules; the first is its root.
pub struct Modules(Vec<Module>);

/// Where a path leads.
#[derive(Clone, Copy)]
enum Target {
    Module(usize),
    /// Something that is defined in this module, or belongs to something that is.
    Item(usize),
}

/// No path of ours is re-exported through so many modules.
const DEEPEST: usize = 16;

impl Modules {
    /// The modules that are reached from a crate's root file, without those of tests.
    pub fn read(tree: &Tree, root: &str) -> Self {
        let mut modules = Self(Vec::new());
        let folder = root.rsplit_once('/').expect("in a folder").0;
        modules.add(tree, None, root, folder);
        modules
    }

    fn add(&mut self, tree: &Tree, parent: Option<usize>, file: &str, folder: &str) -> usize {
        let text = tree.get(file).unwrap_or_else(|| panic!("no file {file}"));
        let index = self.start(parent, file, folder);
        self.fill(tree, index, &without_tests(&tokens(text)));
        index
    }

    fn start(&mut self, parent: Option<usize>, file: &str, folder: &str) -> usize {
        self.0.push(Module {
            file: file.to_string(),
            folder: folder.to_string(),
            parent,
            children: BTreeMap::new(),
            imports: Vec::new(),
            paths: BTreeSet::new(),
            words: BTreeSet::new(),
            defined: BTreeSet::new(),
        });
        self.0.len() - 1
    }

    fn fill(&mut self, tree: &Tree, index: usize, tokens: &[&str]) {
        let mut at = 0;
        while at < tokens.len() {
            at = match (tokens[at], tokens.get(at + 1..).unwrap_or(&[])) {
                ("mod", [name, ";", ..]) => {
                    self.child_in_a_file(tree, index, name);
                    at + 3
                }
                ("mod", [name, "{", ..]) => {
                    let end = closing(tokens, at + 2);
                    let folder = format!("{}/{name}", self.0[index].folder);
                    let file = self.0[index].file.clone();
                    let child = self.start(Some(index), &file, &folder);
                    self.0[index].children.insert((*name).to_string(), child);
                    self.fill(tree, child, &tokens[at + 3..end]);
                    end + 1
                }
                // Not the `use<..>` of a type.
                ("use", [next, ..]) if *next != "<" => {
                    let passed_on = at > 0 && ["pub", ")"].contains(&tokens[at - 1]);
                    let imports = &mut self.0[index].imports;
                    use_tree(tokens, at + 1, &[], &mut |path, alias, glob| {
                        imports.push(Import { alias, path, glob, passed_on });
                    })
                }
                (kind, [name, ..]) if DEFINING.contains(&kind) && starts_name(name) => {
                    self.0[index].defined.insert((*name).to_string());
                    at + 2
                }
                (word, _) if starts_name(word) => self.path(index, tokens, at),
                _ => at + 1,
            };
        }
    }

    fn child_in_a_file(&mut self, tree: &Tree, index: usize, name: &str) {
        let folder = format!("{}/{name}", self.0[index].folder);
        let file =
            [format!("{folder}.rs"), format!("{folder}/mod.rs")].into_iter().find(|file| tree.contains_key(file));
        let file = file.unwrap_or_else(|| panic!("{}: no file of {name}", self.0[index].file));
        let child = self.add(tree, Some(index), &file, &folder);
        self.0[index].children.insert(name.to_string(), child);
    }

    /// Takes down the path or the name that stands at a place of the code; one past it.
    fn path(&mut self, index: usize, tokens: &[&str], at: usize) -> usize {
        let continued = at > 0 && ["::", "."].contains(&tokens[at - 1]);
        let mut names = vec![tokens[at].to_string()];
        let mut end = at + 1;
        while let [Some(&"::"), Some(name)] = [tokens.get(end), tokens.get(end + 1)]
            && starts_name(name)
        {
            names.push((*name).to_string());
            end += 2;
        }
        match names.len() {
            _ if continued => {}
            1 => self.0[index].words.extend(names),
            _ => {
                self.0[index].paths.insert(names);
            }
        }
        end
    }

    /// Where a path within a module leads; `None` to another crate.
    fn resolve(&self, index: usize, path: &[String], depth: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let next = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(index),
            "super" => Target::Module(self.0[index].parent?),
            name => self.named(index, name, depth)?,
        };
        rest.iter().try_fold(next, |reached, name| match reached {
            Target::Module(module) if name == "super" => self.0[module].parent.map(Target::Module),
            // What a macro defines, or what the module has from another crate.
            Target::Module(module) => self.named(module, name, depth).or(Some(Target::Item(module))),
            Target::Item(_) => Some(reached),
        })
    }

    /// What a module knows by a name.
    fn named(&self, index: usize, name: &str, depth: usize) -> Option<Target> {
        let depth = depth.checked_sub(1)?;
        let module = &self.0[index];
        let child = module.children.get(name).map(|child| Target::Module(*child));
        let own = || module.defined.contains(name).then_some(Target::Item(index));
        let imported = || {
            let mut named = module.imports.iter().filter(|import| !import.glob && import.alias == name);
            // A name may be imported twice: a type and a function.
            named.find_map(|import| self.resolve_import(index, import, depth))
        };
        let by_glob = || {
            let globs = module.imports.iter().filter(|import| import.glob);
            let mut opened = globs.filter_map(|import| self.resolve_import(index, import, depth));
            opened.find_map(|target| match target {
                Target::Module(opened) if opened != index => self.named(opened, name, depth),
                _ => None,
            })
        };
        child.or_else(own).or_else(imported).or_else(by_glob)
    }

    /// A path of a `use` begins with a crate's name where no module has it.
    fn resolve_import(&self, index: usize, import: &Import, depth: usize) -> Option<Target> {
        let itself = import.path.len() == 1 && import.path[0] == import.alias;
        if itself { None } else { self.resolve(index, &import.path, depth) }
    }

    /// The arrows between files: from each file that uses something to the one that defines it. Declaring a module, importing it by name, or passing on
    /// what it defines is no use.
    pub fn arrows(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (index, module) in self.0.iter().enumerate() {
            let from = arrows.entry(&module.file).or_default();
            let used = module.imports.iter().filter(|import| !import.passed_on || module.words.contains(&import.alias));
            let imported = used.filter_map(|import| match self.resolve_import(index, import, DEEPEST)? {
                Target::Module(opened) if import.glob => Some(opened),
                Target::Module(_) => None,
                Target::Item(module) => Some(module),
            });
            let by_path = module.paths.iter().filter_map(|path| match self.resolve(index, path, DEEPEST)? {
                Target::Module(_) => None,
                Target::Item(module) => Some(module),
            });
            from.extend(imported.chain(by_path).map(|to| self.0[to].file.as_str()).filter(|to| *to != module.file));
        }
        arrows
    }
}

const DEFINING: [&str; 9] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules"];

fn starts_name(token: &str) -> bool {
    token.starts_with(|c: char| is_word(c) && !c.is_ascii_digit())
}

/// Calls `found` with each path of a `use` and what it is called; one past what was read.
fn use_tree(
    tokens: &[&str],
    mut at: usize,
    prefix: &[String],
    found: &mut dyn FnMut(Vec<String>, String, bool),
) -> usize {
    let mut path = prefix.to_vec();
    let mut glob = false;
    while let Some(token) = tokens.get(at) {
        match *token {
            "::" => {}
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| *token != "}") {
                    at = use_tree(tokens, at, &path, found);
                    at += usize::from(tokens.get(at) == Some(&","));
                }
                return at + 1;
            }
            "*" => glob = true,
            "as" => {
                let alias = tokens.get(at + 1).map_or_else(String::new, ToString::to_string);
                found(path, alias, false);
                return at + 2;
            }
            "self" if !path.is_empty() => {}
            name if starts_name(name) => path.push(name.to_string()),
            _ => break,
        }
        at += 1;
    }
    if let Some(alias) = path.last().cloned() {
        found(path, alias, glob);
    }
    at
}

/// The shortest circle through each file that is on one, each named once.
pub fn circles(arrows: &BTreeMap<&str, BTreeSet<&str>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut told = BTreeSet::new();
    for &start in arrows.keys() {
        if let Some(circle) = shortest_circle(arrows, start)
            && circle.iter().any(|file| !told.contains(file))
        {
            found.insert(format!("{} -> {start}", circle.join(" -> ")));
            told.extend(circle);
        }
    }
    found
}

/// The files of the shortest way from one back to itself.
fn shortest_circle<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut reached = vec![start];
    let mut next = 0;
    while let Some(&file) = reached.get(next) {
        next += 1;
        for &to in arrows.get(file).into_iter().flatten() {
            if to == start {
                let mut circle = vec![file];
                while let Some(&before) = circle.last().and_then(|last| came_from.get(last)) {
                    circle.push(before);
                }
                circle.reverse();
                return Some(circle);
            }
            if !came_from.contains_key(to) {
                came_from.insert(to, file);
                reached.push(to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::made_up;

    fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
        circles(&Modules::read(&made_up(files), "a/lib.rs").arrows()).into_iter().collect()
    }

    const ROOT: (&str, &str) = ("a/lib.rs", "pub mod one; pub mod two; mod three;");

    #[test]
    fn a_tree_without_a_circle_is_left_alone() {
        let three = ("a/three/mod.rs", "mod inner; pub use inner::Inner; #[cfg(test)] mod tests { use super::*; }");
        let inner = ("a/three/inner.rs", "pub struct Inner; pub struct Other;");
        let one = ("a/one.rs", "use crate::three::Inner; use std::fmt; #[cfg(test)] mod tests { use crate::two::f; }");
        let two = ("a/two.rs", "use crate::one; // use crate::two\n pub fn f() { one::g(\"crate::two\") }");
        assert!(circles_of(&[ROOT, three, inner, one, two]).is_empty());
    }

    #[test]
    fn a_circle_is_named_by_its_files() {
        let three = ("a/three.rs", "use crate::one::{self, G, deep::{Deep, *}}; pub fn h() {}");
        let one = ("a/one.rs", "pub struct G; pub mod deep { pub struct Deep; } fn g() { super::two::f() }");
        let two = ("a/two.rs", "pub fn f() { use crate::three as other; other::h() }");
        assert_eq!(circles_of(&[ROOT, three, one, two]), ["a/one.rs -> a/two.rs -> a/three.rs -> a/one.rs"]);
    }

    /// What a parent passes on is its child's, whoever asks for it; what it defines itself is its own.
    #[test]
    fn a_parent_and_its_child_may_be_a_circle() {
        let root = ("a/lib.rs", "mod three;");
        let inner = ("a/three/inner.rs", "use super::{Outer, Leaf}; pub struct Inner;");
        let leaf = ("a/three/leaf.rs", "pub struct Leaf;");
        let passing =
            ("a/three/mod.rs", "mod inner; mod leaf; pub use inner::Inner; pub use leaf::Leaf; struct Outer;");
        assert!(circles_of(&[root, inner, leaf, passing]).is_empty());
        let using =
            ("a/three/mod.rs", "mod inner; mod leaf; pub use inner::Inner; use leaf::Leaf; struct Outer(Inner);");
        assert_eq!(circles_of(&[root, inner, leaf, using]), ["a/three/inner.rs -> a/three/mod.rs -> a/three/inner.rs"]);
        let calling = ("a/three/mod.rs", "mod inner; mod leaf; use leaf::*; struct Outer; fn f() { inner::g() }");
        let called = ("a/three/inner.rs", "use super::Outer; pub fn g() {}");
        assert_eq!(circles_of(&[root, called, leaf, calling]).len(), 1);
    }
}
