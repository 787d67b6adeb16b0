//! Import cycles between files. A reader can begin at any file and follow its imports downwards.
//!
//! A path that leads through a re-export counts as an import of the file that defines the item, and a
//! re-export as an import by the file that re-exports. So a `mod.rs` may re-export what its children
//! define, or define what its children use, but not both.

use std::collections::{BTreeMap, BTreeSet};

use super::is_pending;
use super::source::{NamedPath, Source, planted};

/// The files that a file uses, each with one path that names it.
type Imports = BTreeMap<usize, String>;

#[test]
fn no_file_imports_itself_through_others() {
    let cycles = cycles(&Source::below(&["src"]));
    assert!(cycles.is_empty(), "\n{}\n", cycles.join("\n"));
}

#[test]
fn finds_a_cycle_and_says_how_it_is_closed() {
    let files = [
        planted("src/a/mod.rs", "mod b;\nmod c;\npub use b::B;\n"),
        planted("src/a/b.rs", "use super::c::C;\npub struct B;"),
        planted("src/a/c.rs", "pub struct C;\nfn f() -> super::B { super::B }"),
    ];
    assert_eq!(
        cycles(&files),
        ["src/a/b.rs → src/a/c.rs (super::c::C)\nsrc/a/c.rs → src/a/b.rs (super::B)\n"]
    );
}

#[test]
fn a_parent_and_a_child_that_use_each_other_form_a_cycle() {
    let parent = "mod b;\npub struct A;\nfn f() { b::g() }";
    let child = "use super::A;\npub fn g() {}";
    let files = [planted("src/a/mod.rs", parent), planted("src/a/b.rs", child)];
    assert_eq!(cycles(&files).len(), 1);
    let test_of_child = "pub fn g() {}\nmod tests { use super::*; }";
    let files =
        [planted("src/a/mod.rs", "mod b;\npub use b::g;"), planted("src/a/b.rs", test_of_child)];
    assert_eq!(cycles(&files), [""; 0]);
}

/// Every group of files that import each other, as a list of the imports among them.
fn cycles(sources: &[Source]) -> Vec<String> {
    let files = Files::new(sources);
    let imports: Vec<Imports> = (0..sources.len()).map(|file| files.imports_of(file)).collect();
    let reached: Vec<BTreeSet<usize>> =
        (0..sources.len()).map(|file| reached_from(file, &imports)).collect();
    let group_of = |file: usize| -> BTreeSet<usize> {
        let closes_cycle = |other: &usize| reached[*other].contains(&file);
        reached[file].iter().copied().filter(closes_cycle).collect()
    };
    let groups: BTreeSet<BTreeSet<usize>> = (0..sources.len()).map(group_of).collect();
    let is_checked = |file: &usize| !is_pending(&sources[*file].path);
    let cyclic = groups.iter().filter(|group| group.iter().any(is_checked));
    cyclic.map(|group| files.describe(group, &imports)).collect()
}

/// The files that a file imports, directly or through others.
fn reached_from(file: usize, imports: &[Imports]) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<usize> = imports[file].keys().copied().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(imports[file].keys());
        }
    }
    reached
}

struct Files<'s> {
    sources: &'s [Source],
    by_module: BTreeMap<Vec<String>, usize>,
    paths: Vec<Vec<NamedPath>>,
}

impl<'s> Files<'s> {
    fn new(sources: &'s [Source]) -> Self {
        let is_main = |source: &Source| source.path.ends_with("src/main.rs");
        let modules = sources.iter().enumerate().filter(|(_, source)| !is_main(source));
        let by_module = modules.map(|(file, source)| (source.module(), file)).collect();
        let paths = sources.iter().map(Source::named_paths).collect();
        Self { sources, by_module, paths }
    }

    fn imports_of(&self, file: usize) -> Imports {
        let mut imports = Imports::new();
        for named in &self.paths[file] {
            if let Some(target) =
                self.target(file, &named.words, 0).filter(|target| *target != file)
            {
                imports.entry(target).or_insert_with(|| named.text());
            }
        }
        imports
    }

    /// The file that defines what a path in `file` names; re-exports are followed.
    fn target(&self, file: usize, words: &[String], followed: usize) -> Option<usize> {
        let mut module = self.sources[file].module();
        let mut rest = words;
        match rest.split_first()? {
            (first, after) if first == "crate" || first == "forte_media" => {
                (module, rest) = (Vec::new(), after);
            }
            (first, after) if first == "self" => rest = after,
            (first, _) if first == "super" => {
                let ups = rest.iter().take_while(|word| *word == "super").count();
                module.truncate(module.len().saturating_sub(ups));
                rest = &rest[ups..];
            }
            (first, _) => {
                self.by_module.get(&[module.as_slice(), std::slice::from_ref(first)].concat())?;
            }
        }
        self.definition(module, rest, followed)
    }

    fn definition(
        &self,
        mut module: Vec<String>,
        mut rest: &[String],
        followed: usize,
    ) -> Option<usize> {
        while let Some((first, after)) = rest.split_first() {
            let child = [module.as_slice(), std::slice::from_ref(first)].concat();
            if !self.by_module.contains_key(&child) {
                break;
            }
            (module, rest) = (child, after);
        }
        let file = *self.by_module.get(&module)?;
        let name = rest.first().filter(|_| followed < 8);
        let import = name.and_then(|name| self.import(file, name));
        let defined_in = import.and_then(|import| self.target(file, &import.words, followed + 1));
        Some(defined_in.unwrap_or(file))
    }

    fn import(&self, file: usize, name: &str) -> Option<&NamedPath> {
        self.paths[file].iter().find(|path| path.imported_as.as_deref() == Some(name))
    }

    fn describe(&self, group: &BTreeSet<usize>, imports: &[Imports]) -> String {
        let name = |file: &usize| self.sources[*file].path.display().to_string();
        let mut lines = String::new();
        for from in group {
            for (to, path) in imports[*from].iter().filter(|(to, _)| group.contains(to)) {
                lines += &[&name(from), " → ", &name(to), " (", path, ")\n"].concat();
            }
        }
        lines
    }
}
