//! Blocks as man(7) has them.

use super::block::Block;

/// The page of this name.
pub(super) fn write(name: &str, section: u8, blocks: &[Block]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    // Words are not hyphenated, for many are names, and not spread, for many are longer than a line.
    let title = escaped(&name.to_uppercase());
    let mut page = format!(".TH \"{title}\" \"{section}\" \"\" \"lodged {version}\" \"lodged\"\n.nh\n.ad l\n");
    for block in blocks {
        page.push_str(&written(block));
    }
    page
}

fn written(block: &Block) -> String {
    match block {
        Block::Section(heading) => format!(".SH \"{}\"\n", escaped(&heading.to_uppercase())),
        Block::Subsection(heading) => format!(".SS \"{}\"\n", escaped(heading)),
        Block::Paragraph(text) => format!(".PP\n{}\n", words(text)),
        Block::Item(mark, text) if mark == "•" => format!(".IP \\(bu 2\n{}\n", words(text)),
        Block::Item(term, text) if term.ends_with('.') && !term.contains('`') => {
            format!(".IP {term} 4\n{}\n", words(text))
        }
        Block::Item(term, text) => format!(".TP\n{}\n{}\n", words(term), words(text)),
        Block::Quote(text) => format!(".RS 4\n{}\n.RE\n", words(text)),
        Block::Verbatim(lines) => {
            let lines: String = lines.iter().map(|line| format!("{}\n", guarded(&escaped(line)))).collect();
            format!(".PP\n.RS 4\n.nf\n{lines}.fi\n.RE\n")
        }
    }
}

/// A text with its fonts, each of its lines guarded and broken off.
fn words(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(|line| guarded(&inline(line))).collect();
    lines.join("\n.br\n")
}

/// A line that begins as a request would is none.
fn guarded(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
}

/// Code is strong, as what is strong; what is stressed is italic; of a link stands what is read.
fn inline(text: &str) -> String {
    let (mut written, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['`', '*', '[']) {
        let (before, from) = rest.split_at(at);
        written.push_str(&escaped(before));
        let found = enclosed(from, "`", "`")
            .map(|(inner, after)| (format!("\\fB{}\\fR", escaped(inner)), after))
            .or_else(|| enclosed(from, "**", "**").map(|(inner, after)| (format!("\\fB{}\\fR", inline(inner)), after)))
            .or_else(|| enclosed(from, "*", "*").map(|(inner, after)| (format!("\\fI{}\\fR", inline(inner)), after)))
            .or_else(|| link(from).map(|(inner, after)| (inline(inner), after)));
        rest = match found {
            Some((inner, after)) => {
                written.push_str(&inner);
                after
            }
            None => {
                let (sign, after) = from.split_at(1);
                written.push_str(sign);
                after
            }
        };
    }
    written + &escaped(rest)
}

/// What stands between two signs at the start of a text, and what stands behind them.
fn enclosed<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    let (inner, after) = text.strip_prefix(open)?.split_once(close)?;
    // Stars of a pattern or a sum enclose nothing.
    let is_word = inner.starts_with(|letter: char| letter.is_alphanumeric() || open == "`");
    (!inner.is_empty() && is_word).then_some((inner, after))
}

fn link(text: &str) -> Option<(&str, &str)> {
    let (shown, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (_, after) = rest.split_once(')')?;
    (!shown.contains('[')).then_some((shown, after))
}

/// A text in which nothing is a sign of roff. What is typed keeps its hyphens, quotes, accents and tildes.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => written.push_str("\\e"),
            '-' => written.push_str("\\-"),
            '"' => written.push_str("\\(dq"),
            '\'' => written.push_str("\\(aq"),
            '`' => written.push_str("\\(ga"),
            '^' => written.push_str("\\(ha"),
            '~' => written.push_str("\\(ti"),
            letter if letter.is_ascii() => written.push(letter),
            // As groff names it, so that the page is ASCII and reads everywhere.
            letter => written.extend(format!("\\[u{:04X}]", u32::from(letter)).chars()),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(words(text), expected);
    }

    #[test]
    fn code_and_strong_words_are_bold_and_links_are_their_words() {
        check("say `--to DIR` **twice** or *once*", "say \\fB\\-\\-to DIR\\fR \\fBtwice\\fR or \\fIonce\\fR");
        check("as [the `other` page](x.md#y) has it", "as the \\fBother\\fR page has it");
    }

    #[test]
    fn signs_that_enclose_nothing_stay() {
        check("2 * 3, a[0], `", "2 * 3, a[0], `");
        check("in/**/*.edi", "in/**/*.edi");
    }

    #[test]
    fn nothing_becomes_a_request_of_roff() {
        check(".toml\n'quoted'", "\\&.toml\n.br\n\\(aqquoted\\(aq");
        check("a\\b", "a\\eb");
    }

    #[test]
    fn accents_are_named() {
        check("numéro", "num\\[u00E9]ro");
    }
}
