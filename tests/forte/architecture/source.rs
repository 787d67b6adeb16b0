//! The Rust sources of the package, read as tokens.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One source file.
pub(super) struct Source {
    /// Relative to the package, such as `src/http/mod.rs`.
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// A path such as `crate::model::Offset`. A `use` with a group gives one path per item.
#[derive(Clone, Debug)]
pub(super) struct NamedPath {
    pub(super) words: Vec<String>,
    /// The name under which a `use` imports it; `None` for a path in an expression or a type.
    pub(super) imported_as: Option<String>,
    pub(super) line: usize,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: PathBuf::from(path), text: text.to_owned() }
    }

    /// Every Rust file below the given folders, in order.
    pub(super) fn below(folders: &[&str]) -> Vec<Self> {
        let mut paths = files_below(folders);
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
        let read = |path: PathBuf| {
            let text = fs::read_to_string(&path).expect("a source file can be read");
            Self { path, text }
        };
        paths.into_iter().map(read).collect()
    }

    pub(super) fn tokens(&self) -> TokenStream {
        self.text.parse().unwrap_or_else(|error| panic!("{}: {error}", self.path.display()))
    }

    pub(super) fn named_paths(&self) -> Vec<NamedPath> {
        let mut collector = Collector::default();
        collector.collect(self.tokens(), 0);
        collector.found
    }

    /// The module path of the file: `["http", "tus"]` for `src/http/tus/mod.rs`, empty for `lib.rs`.
    pub(super) fn module(&self) -> Vec<String> {
        let inside = self.path.strip_prefix("src").expect("a file under src/");
        let mut module: Vec<String> = inside
            .iter()
            .map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned())
            .collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        module
    }
}

impl NamedPath {
    pub(super) fn text(&self) -> String {
        self.words.join("::")
    }

    pub(super) fn starts_with(&self, start: &str) -> bool {
        self.text().strip_prefix(start).is_some_and(|rest| rest.starts_with("::"))
    }
}

/// Every file below the given folders of the package, in order.
pub(super) fn files_below(folders: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the package can be listed") {
            let path = entry.expect("a folder of the package can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// All identifiers of a token stream with their lines.
pub(super) fn identifiers(tokens: TokenStream, found: &mut Vec<(String, usize)>) {
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                found.push((word.to_string(), word.span().start().line));
            }
            TokenTree::Group(group) => identifiers(group.stream(), found),
            _ => {}
        }
    }
}

/// The bodies of all functions of a token stream, each with the name of its function.
pub(super) fn function_bodies(tokens: TokenStream, found: &mut Vec<(String, Group)>) {
    let mut name = None;
    let mut after_fn = false;
    for token in tokens {
        match token {
            TokenTree::Ident(word) if after_fn => {
                (name, after_fn) = (Some(word.to_string()), false);
            }
            TokenTree::Ident(word) => after_fn = word == "fn",
            TokenTree::Punct(punct) if punct.as_char() == ';' => name = None,
            TokenTree::Group(group) => {
                function_bodies(group.stream(), found);
                if group.delimiter() == Delimiter::Brace
                    && let Some(name) = name.take()
                {
                    found.push((name, group));
                }
            }
            _ => after_fn = false,
        }
    }
}

#[derive(Default)]
struct Collector {
    found: Vec<NamedPath>,
}

impl Collector {
    /// Collects every path; `inline` is the number of enclosing inline modules (`mod tests { … }`).
    fn collect(&mut self, tokens: TokenStream, inline: usize) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let Some((first, after)) = rest.split_first() {
            rest = match first {
                TokenTree::Ident(word) if word == "use" => self.use_tree(after, &[], inline),
                TokenTree::Ident(word) if word == "mod" => self.module(after, inline),
                TokenTree::Ident(word) if word == "pub" => skip_visibility(after),
                TokenTree::Ident(_) => self.expression_path(rest, inline),
                TokenTree::Group(group) => {
                    self.collect(group.stream(), inline);
                    after
                }
                _ => after,
            };
        }
    }

    /// Enters `name { … }`; `name;` has nothing to collect.
    fn module<'t>(&mut self, after: &'t [TokenTree], inline: usize) -> &'t [TokenTree] {
        match after {
            [TokenTree::Ident(_), TokenTree::Group(group), rest @ ..] => {
                self.collect(group.stream(), inline + 1);
                rest
            }
            _ => after.get(1..).unwrap_or_default(),
        }
    }

    /// Reads one path of a `use`, including a group at its end; returns the tokens after it.
    fn use_tree<'t>(
        &mut self,
        tokens: &'t [TokenTree],
        prefix: &[String],
        inline: usize,
    ) -> &'t [TokenTree] {
        let (mut words, line, mut rest) = path(tokens, prefix);
        if let Some([TokenTree::Group(group), after @ ..]) = after_colons(rest) {
            self.use_group(group, &words, inline);
            return after;
        }
        if let Some([TokenTree::Punct(star), after @ ..]) = after_colons(rest)
            && star.as_char() == '*'
        {
            words.push("*".to_owned());
            rest = after;
        }
        let mut name = words.last().filter(|last| *last != "self").cloned();
        if let [TokenTree::Ident(word), TokenTree::Ident(alias), after @ ..] = rest
            && word == "as"
        {
            (name, rest) = (Some(alias.to_string()), after);
        }
        self.push(words, name, line, inline);
        rest
    }

    fn use_group(&mut self, group: &Group, prefix: &[String], inline: usize) {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        let mut rest = tokens.as_slice();
        while !rest.is_empty() {
            rest = self.use_tree(rest, prefix, inline);
            rest = rest.get(1..).unwrap_or_default();
        }
    }

    fn expression_path<'t>(&mut self, tokens: &'t [TokenTree], inline: usize) -> &'t [TokenTree] {
        let (words, line, rest) = path(tokens, &[]);
        self.push(words, None, line, inline);
        rest
    }

    /// Inside an inline module the first `super` leads to the file itself.
    fn push(&mut self, words: Vec<String>, name: Option<String>, line: usize, inline: usize) {
        let ups = words.iter().take_while(|word| *word == "super").count();
        if inline > 0 && ups > 0 && ups <= inline {
            return;
        }
        let words = if ups > inline { words[inline..].to_vec() } else { words };
        self.found.push(NamedPath { words, imported_as: name, line });
    }
}

/// The words of `prefix` and the path at the start of `tokens`, its line, and the tokens after it.
fn path<'t>(tokens: &'t [TokenTree], prefix: &[String]) -> (Vec<String>, usize, &'t [TokenTree]) {
    let mut words = prefix.to_vec();
    let line = tokens.first().map_or(0, |first| first.span().start().line);
    let mut rest = after_colons(tokens).unwrap_or(tokens);
    while let Some((TokenTree::Ident(word), after)) = rest.split_first() {
        words.push(word.to_string());
        rest = after;
        match after_colons(rest) {
            Some(next @ [TokenTree::Ident(_), ..]) => rest = next,
            _ => break,
        }
    }
    if words.len() == prefix.len() {
        rest = rest.get(1..).unwrap_or_default();
    }
    (words, line, rest)
}

/// The tokens after `(crate)` or `(in crate::http)` behind `pub`.
fn skip_visibility(tokens: &[TokenTree]) -> &[TokenTree] {
    match tokens {
        [TokenTree::Group(group), rest @ ..] if group.delimiter() == Delimiter::Parenthesis => rest,
        _ => tokens,
    }
}

fn after_colons(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [TokenTree::Punct(one), TokenTree::Punct(two), after @ ..]
            if one.as_char() == ':' && two.as_char() == ':' =>
        {
            Some(after)
        }
        _ => None,
    }
}

/// A source file with this text at a path that does not exist.
pub(super) fn planted(path: &str, text: &str) -> Source {
    assert!(!Path::new(path).exists(), "{path} exists");
    Source::new(path, text)
}
