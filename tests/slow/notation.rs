//! The notation of grammars (docs/grammar-notation.md), read line by line from files that are known to be right.

use std::collections::BTreeMap;

/// One line of a definition: `M` or `C`, what it names, and how often that may stand there; in a segment table, what is
/// indented below it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) is_mandatory: bool,
    pub(crate) name: String,
    pub(crate) max: usize,
    pub(crate) is_group: bool,
    pub(crate) lines: Vec<Line>,
}

/// A representation: `a`, `n` or `an`, fewest and most characters.
#[derive(Debug, Clone)]
pub(crate) struct Representation {
    pub(crate) kind: String,
    pub(crate) min: usize,
    pub(crate) max: usize,
}

/// Everything that some files define.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) elements: BTreeMap<String, Representation>,
    pub(crate) composites: BTreeMap<String, Vec<Line>>,
    pub(crate) segments: BTreeMap<String, Vec<Line>>,
    pub(crate) messages: BTreeMap<String, Vec<Line>>,
}

impl Directory {
    pub(crate) fn read(texts: &[&str]) -> Self {
        let mut directory = Self::default();
        for text in texts {
            let text = text.lines().map(|line| line.split('#').next().unwrap().trim_end());
            let lines: Vec<&str> = text.filter(|line| !line.is_empty()).collect();
            for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.starts_with(' ')) {
                let words: Vec<&str> = line.split_whitespace().collect();
                let below = lines[at + 1..].iter().take_while(|line| line.starts_with(' ')).copied();
                let below: Vec<&str> = below.filter(|line| !line.trim().starts_with("key")).collect();
                let (name, lines) = (words[1].to_owned(), read_lines(&below, 2));
                match words[0] {
                    "element" => drop(directory.elements.insert(name, read_representation(words[2]))),
                    "composite" => drop(directory.composites.insert(name, lines)),
                    "segment" => drop(directory.segments.insert(name, lines)),
                    "message" => drop(directory.messages.insert(name, lines)),
                    _ => {}
                }
            }
        }
        directory
    }
}

/// The lines that are indented this deep, each with the deeper ones below it.
fn read_lines(lines: &[&str], depth: usize) -> Vec<Line> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| indent(line) == depth) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_group = words[1] == "group";
        let times = words.iter().skip(2).find_map(|word| word.strip_prefix('x')?.parse().ok());
        let below: Vec<&str> = lines[at + 1..].iter().take_while(|line| indent(line) > depth).copied().collect();
        found.push(Line {
            is_mandatory: words[0] == "M",
            name: words[if is_group { 2 } else { 1 }].to_owned(),
            max: times.unwrap_or(1),
            is_group,
            lines: read_lines(&below, depth + 2),
        });
    }
    found
}

fn read_representation(text: &str) -> Representation {
    let kind: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    let length = &text[kind.len()..];
    let max = length.trim_start_matches('.').parse().unwrap();
    Representation { kind, min: if length.starts_with("..") { 1 } else { max }, max }
}
