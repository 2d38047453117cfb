//! Definitions as files in the notation: one for elements, composites and segments each, one for each message, and the
//! code lists by the first digit of their data elements.

use std::collections::{BTreeMap, HashSet};

use super::super::{
    outline::{CodesDefinition, ElsewhereDefinition, Entry, MessageDefinition, Outline, Parts},
    spec::{DataId, DirectoryKey},
};

/// The files of a directory: their names, and what stands in them.
pub(super) fn files(directory: &DirectoryKey, outline: &Outline, used: &HashSet<DataId>) -> Vec<(String, String)> {
    let writer = Writer { directory, used };
    let mut files = vec![
        ("elements.grammar".to_owned(), writer.elements(outline)),
        ("composites.grammar".to_owned(), writer.composites(outline)),
        ("segments.grammar".to_owned(), writer.segments(outline)),
    ];
    let mut series: BTreeMap<&str, Vec<&CodesDefinition>> = BTreeMap::new();
    for list in outline.codes.iter().filter(|list| used.contains(&list.id.value)) {
        series.entry(list.id.value.as_str().get(..1).unwrap_or_default()).or_default().push(list);
    }
    files.extend(series.iter().map(|(digit, lists)| (format!("codes-{digit}.grammar"), writer.codes(digit, lists))));
    let messages = outline.messages.iter();
    files.extend(
        messages.map(|message| (format!("{}.grammar", message.kind.value.to_lowercase()), writer.message(message))),
    );
    files
}

struct Writer<'a> {
    directory: &'a DirectoryKey,
    used: &'a HashSet<DataId>,
}

impl Writer<'_> {
    /// The head of a file: what stands in it, and what it belongs to.
    fn head(&self, comment: &str) -> String {
        let DirectoryKey { version, release, agency } = self.directory;
        let whose =
            if agency == "UN" { "UN/EDIFACT directory".to_owned() } else { format!("the directory of {agency},") };
        let mut head = String::new();
        for line in wrapped(&comment.replace('@', &format!("{whose} {version}.{release}"))) {
            head.extend(["# ", &line, "\n"]);
        }
        head + &format!("\ndirectory {}\n", self.directory)
    }

    fn elements(&self, outline: &Outline) -> String {
        let mut text = self.head("The data elements of @, with their representation.") + "\n";
        for element in outline.elements.iter().filter(|element| self.used.contains(&element.id.value)) {
            let representation = element.representation.to_string();
            line(&mut text, &format!("element {} {representation:<6} {}", element.id.value, element.name));
        }
        text
    }

    fn composites(&self, outline: &Outline) -> String {
        let mut text = self.head("The composite data elements of @: their components in order.");
        if !outline.elsewhere.is_empty() {
            text += "\n# A composite where one of these is filled takes its codes from another list.\n";
        }
        for ElsewhereDefinition { id, own } in &outline.elsewhere {
            let unless = own.as_ref().map(|own| format!(" unless {own}")).unwrap_or_default();
            line(&mut text, &format!("elsewhere {}{unless}", id.value));
        }
        for composite in outline.composites.iter().filter(|composite| self.used.contains(&composite.id.value)) {
            parts(&mut text, "composite", composite);
        }
        text
    }

    fn segments(&self, outline: &Outline) -> String {
        let mut text = self.head(
            "The segments of @: their elements and composites in order. A composite that the directory lists several \
             times in a row stands several times here too; repetition within one position came with syntax 4. UNH, UNS \
             and UNT are the syntax's, in grammars/service.",
        );
        for segment in &outline.segments {
            parts(&mut text, "segment", segment);
        }
        text
    }

    fn codes(&self, digit: &str, lists: &[&CodesDefinition]) -> String {
        let mut text = self.head(&format!("The code lists of @, of data elements that begin with {digit}."));
        for list in lists {
            line(&mut text, &format!("\ncodes {}", list.id.value));
            for code in &list.codes {
                line(&mut text, &format!("  {} {}", code.value.value, code.name));
            }
        }
        text
    }

    fn message(&self, message: &MessageDefinition) -> String {
        let mut text = self.head(&format!("The segment table of {} in @.", message.kind.value));
        line(&mut text, &format!("\nmessage {} {}", message.kind.value, message.name));
        entries(&mut text, 1, &message.entries);
        text
    }
}

/// A composite or segment with its parts.
fn parts<T: std::fmt::Display>(text: &mut String, keyword: &str, whole: &Parts<T>) {
    line(text, &format!("\n{keyword} {} {}", whole.id.value, whole.name));
    entries(text, 1, &whole.parts);
}

fn entries(text: &mut String, depth: usize, lines: &[Entry]) {
    for entry in lines {
        let status = if entry.is_mandatory { 'M' } else { 'C' };
        let group = if entry.group.is_some() { "group " } else { "" };
        let times = match entry.repetitions_max.value {
            1 => String::new(),
            times => format!(" x{times}"),
        };
        line(text, &format!("{}{status} {group}{}{times}", "  ".repeat(depth), entry.id.value));
        entries(text, depth + 1, entry.group.as_deref().unwrap_or_default());
    }
}

/// A line without the spaces that an empty name leaves.
fn line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

/// A comment in lines that fit beside its number sign.
fn wrapped(comment: &str) -> Vec<String> {
    const WIDTH: usize = 118;
    let mut lines: Vec<String> = Vec::new();
    for word in comment.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
