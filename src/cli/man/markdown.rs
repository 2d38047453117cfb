//! Pages of the manual as blocks: as much of Markdown as `docs/` has.
//!
//! A row of a table becomes a term and what is said of it, since the columns of a terminal are too few for tables.

use std::iter::Peekable;
use std::str::Lines;

use super::block::Block;

/// The blocks of a page. Its first heading is its title, which the manual page has by itself.
pub(super) fn read(page: &str) -> Vec<Block> {
    let mut lines = page.lines().peekable();
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        let text = line.trim_start();
        if text.is_empty() || text.starts_with("# ") {
            continue;
        }
        if let Some(heading) = text.strip_prefix("### ") {
            blocks.push(Block::Subsection(plain(heading)));
        } else if let Some(heading) = text.strip_prefix("## ") {
            blocks.push(Block::Section(plain(heading)));
        } else if text.starts_with("```") {
            blocks.push(verbatim(line, &mut lines));
        } else if text.starts_with('|') {
            blocks.extend(table(text, &mut lines));
        } else if let Some(first) = text.strip_prefix("> ") {
            blocks.push(Block::Quote(joined(first, &mut lines, |line| line.strip_prefix("> "))));
        } else if let Some((mark, first)) = item(text) {
            blocks.push(Block::Item(mark, joined(first, &mut lines, ordinary)));
        } else {
            blocks.push(Block::Paragraph(joined(text, &mut lines, ordinary)));
        }
    }
    blocks
}

/// A heading without the signs of code: it is strong already.
fn plain(heading: &str) -> String {
    heading.replace('`', "")
}

/// The lines up to the closing fence, without the indentation of the opening one.
fn verbatim(fence: &str, lines: &mut Peekable<Lines<'_>>) -> Block {
    let indent = fence.len() - fence.trim_start().len();
    let inside = lines.by_ref().take_while(|line| line.trim() != "```");
    Block::Verbatim(inside.map(|line| line.get(indent..).unwrap_or_default().to_owned()).collect())
}

/// A mark of a list and the words behind it.
fn item(text: &str) -> Option<(String, &str)> {
    if let Some(words) = text.strip_prefix("- ") {
        return Some(("•".to_owned(), words));
    }
    let (number, words) = text.split_once(". ")?;
    number.parse::<u8>().ok().map(|number| (format!("{number}."), words))
}

/// A line that goes on with what stands in front of it.
fn ordinary(line: &str) -> Option<&str> {
    let text = line.trim_start();
    let is_other = text.is_empty() || ["#", "```", "|", "> "].iter().any(|sign| text.starts_with(sign));
    (!is_other && item(text).is_none()).then_some(text)
}

/// The first line and all that go on, as one text; a backslash at the end of a line ends it there.
fn joined<'a>(first: &str, lines: &mut Peekable<Lines<'a>>, next: impl Fn(&'a str) -> Option<&'a str>) -> String {
    let mut text = first.to_owned();
    while let Some(line) = lines.peek().and_then(|line| next(line)) {
        match text.strip_suffix('\\') {
            Some(kept) => text = format!("{kept}\n"),
            None => text.push(' '),
        }
        text.push_str(line);
        lines.next();
    }
    text
}

/// A table: each row a term, what the last column says of it, and the others with their headings.
fn table(head: &str, lines: &mut Peekable<Lines<'_>>) -> Vec<Block> {
    let names = cells(head);
    let mut rows = Vec::new();
    while let Some(row) = lines.next_if(|line| line.trim_start().starts_with('|')) {
        if !row.contains("|---") {
            rows.push(described(&names, &cells(row)));
        }
    }
    rows
}

fn described(names: &[String], cells: &[String]) -> Block {
    let [term, middle @ .., last] = cells else {
        return Block::Paragraph(cells.concat());
    };
    let middle = names.iter().skip(1).zip(middle).filter(|(_, cell)| !cell.is_empty());
    let middle: Vec<_> = middle.map(|(name, cell)| format!("{name}: {cell}")).collect();
    let rest = if middle.is_empty() { String::new() } else { format!(" ({})", middle.join("; ")) };
    Block::Item(term.clone(), format!("{last}{rest}"))
}

fn cells(row: &str) -> Vec<String> {
    row.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(page: &str, expected: &[Block]) {
        assert_eq!(read(page), expected);
    }

    fn term(term: &str, text: &str) -> Block {
        Block::Item(term.to_owned(), text.to_owned())
    }

    #[test]
    fn the_title_is_left_out_and_headings_stay() {
        let expected = [Block::Section("Limits".to_owned()), Block::Subsection("[edi]".to_owned())];
        check("# Settings\n\n## Limits\n### `[edi]`\n", &expected);
    }

    #[test]
    fn lines_are_one_paragraph_until_one_is_empty() {
        let expected = [Block::Paragraph("One and two.".to_owned()), Block::Paragraph("Three".to_owned())];
        check("One\nand two.\n\nThree\n", &expected);
    }

    #[test]
    fn a_backslash_ends_a_line() {
        check("Do this.\\\nFaites cela.\n", &[Block::Paragraph("Do this.\nFaites cela.".to_owned())]);
    }

    #[test]
    fn lists_have_marks() {
        check("- one\n  more\n- two\n", &[term("•", "one more"), term("•", "two")]);
        check("1. one\n2. two\n", &[term("1.", "one"), term("2.", "two")]);
    }

    #[test]
    fn a_row_is_a_term_and_what_is_said_of_it() {
        check(
            "| key | default | what it is |\n|---|---|---|\n| `a` | `1` | the first |\n| `b` | | the other |\n",
            &[term("`a`", "the first (default: `1`)"), term("`b`", "the other")],
        );
    }

    #[test]
    fn lines_between_fences_stay_as_they_are() {
        let lines = vec!["a  b".to_owned(), String::new(), "# c".to_owned()];
        check("  ```text\n  a  b\n\n  # c\n  ```\n", &[Block::Verbatim(lines)]);
    }

    #[test]
    fn a_quote_is_one() {
        check("> one\\\n> un\n", &[Block::Quote("one\nun".to_owned())]);
    }
}
