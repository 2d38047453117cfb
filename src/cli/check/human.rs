//! Findings for people, as a good compiler writes them: what, where, the line with a caret under the place, what was
//! expected, what was found, what to do.

use std::io::{self, Write};
use std::time::Duration;

use super::report::{Counts, FilePlace, FileReport, Finding, NoteReport, Summary, Unreadable};
use super::text::{Excerpt, columns};
use crate::cli::paint::Paint;
use crate::cli::safe::visible;
use crate::declaration::Severity;
use crate::language::Language;

/// Most codes that are named of the findings that are left out.
const CODES_MAX: usize = 8;

/// How findings are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) paint: Paint,
    pub(super) language: Language,
    /// Columns of the lines that are shown.
    pub(super) columns: usize,
}

/// Writes everything that is told of one file, and a line that sums it up.
pub(super) fn write(out: &mut dyn Write, style: Style, report: &FileReport, took: Duration) -> io::Result<()> {
    let file = visible(&report.file);
    for findings in report.findings.chunk_by(is_said_together) {
        write_findings(out, style, &file, report.counts.interchanges > 1, findings)?;
    }
    if report.left_out > 0 {
        writeln!(out, "{}\n", left_out(style, report))?;
    }
    for note in &report.notes {
        write_note(out, style, &file, note)?;
    }
    if let Some(unreadable) = &report.unreadable {
        write_unreadable(out, style, &file, unreadable)?;
    }
    writeln!(out, "{file}: {} ({:.1} ms)", summary(style, report), took.as_secs_f64() * 1_000.0)
}

/// Writes the sum over several files.
pub(super) fn write_summary(out: &mut dyn Write, style: Style, summary: &Summary, took: Duration) -> io::Result<()> {
    let Style { paint, language, .. } = style;
    let files = counted(summary.files, language.choose(["file", "files"], ["fichier", "fichiers"]));
    let unreadable = match summary.unreadable_files {
        0 => String::new(),
        count => {
            let text =
                language.choose(format!(", {count} not read to the end"), format!(", {count} non lus jusqu'au bout"));
            paint.red(&text)
        }
    };
    let sum = sum(style, &summary.counts, summary.unreadable_files == 0);
    writeln!(out, "\n{files}{unreadable}: {sum} ({:.1} ms)", took.as_secs_f64() * 1_000.0)
}

/// One thing to look at, with everything that is said of it.
struct Block<'a> {
    /// What it is, in the colour of its severity, and the sentences that are said of it.
    heads: Vec<(&'a str, &'a str)>,
    colour: fn(Paint, &str) -> String,
    place: Option<(&'a FilePlace, &'a Excerpt)>,
    /// What stands behind the carets, when there is room.
    label: Option<String>,
    /// A word and a text for each line below.
    notes: Vec<(&'a str, String)>,
}

impl Block<'_> {
    fn write(&self, out: &mut dyn Write, style: Style, file: &str) -> io::Result<()> {
        let paint = style.paint;
        for (word, sentence) in &self.heads {
            writeln!(out, "{}{}", (self.colour)(paint, word), paint.bold(&format!(": {}", visible(sentence))))?;
        }
        let mut margin = " ".to_owned();
        if let Some((place, excerpt)) = self.place {
            let FilePlace { line, column, .. } = place;
            margin = " ".repeat(line.to_string().len());
            let bar = paint.blue("|");
            writeln!(out, "{margin}{} {file}:{line}:{column}", paint.blue("-->"))?;
            writeln!(out, "{margin} {bar}")?;
            writeln!(out, "{} {bar} {}", paint.blue(&line.to_string()), excerpt.text)?;
            let label = self.label.as_ref().map(|label| format!(" {label}")).unwrap_or_default();
            let carets = (self.colour)(paint, &format!("{}{label}", "^".repeat(excerpt.marked)));
            writeln!(out, "{margin} {bar} {}{carets}", " ".repeat(excerpt.lead))?;
        }
        for (word, note) in &self.notes {
            writeln!(out, "{margin} {} {}: {}", paint.blue("="), paint.bold(word), visible(note))?;
        }
        writeln!(out)
    }
}

/// Whether two findings that follow each other differ in their sentences only: then the place is shown once.
fn is_said_together(one: &Finding, other: &Finding) -> bool {
    let key = |finding: &Finding| (finding.place.offset, finding.place.length, finding.severity, finding.message);
    let is_plain = |finding: &Finding| finding.expected.is_none() && finding.detail.is_none();
    key(one) == key(other)
        && one.code == other.code
        && (&one.found, &one.hint) == (&other.found, &other.hint)
        && is_plain(one)
        && is_plain(other)
}

/// Writes findings of one place that share everything but their sentences.
fn write_findings(
    out: &mut dyn Write,
    style: Style,
    file: &str,
    are_several_interchanges: bool,
    findings: &[Finding],
) -> io::Result<()> {
    let Some(finding) = findings.first() else { return Ok(()) };
    let language = style.language;
    let word = format!("{}[{}]", severity(finding.severity, language), finding.code);
    let expected = finding.expected.as_ref();
    let label = expected.map(|text| format!("{} {}", language.choose("expected", "attendu"), visible(text)));
    let taken = finding.excerpt.lead + finding.excerpt.marked + 1;
    let label = label.filter(|label| taken + columns(label) <= style.columns);
    let mut notes = vec![(language.choose("place", "lieu"), position(are_several_interchanges, finding, language))];
    let mut note = |word, text: Option<&String>| notes.extend(text.map(|text| (word, text.clone())));
    note(language.choose("expected", "attendu"), expected.filter(|_| label.is_none()));
    note(language.choose("found", "trouvé"), finding.found.as_ref());
    // What was expected says the same, and says it in the language asked for.
    note("note", finding.detail.as_ref().filter(|_| expected.is_none()));
    note(language.choose("hint", "conseil"), finding.hint.as_ref());
    let block = Block {
        heads: findings.iter().map(|finding| (word.as_str(), finding.sentence.as_str())).collect(),
        colour: match finding.severity {
            Severity::Error => Paint::red,
            Severity::Warning => Paint::yellow,
            Severity::Notice => Paint::blue,
        },
        place: Some((&finding.place, &finding.excerpt)),
        label,
        notes,
    };
    block.write(out, style, file)
}

/// `note[line_breaks_between_segments]: Line breaks stand between segments (47 times, first my.edi:1:50)`
fn write_note(out: &mut dyn Write, style: Style, file: &str, note: &NoteReport) -> io::Result<()> {
    let Style { paint, language, .. } = style;
    let times = match note.count {
        1 => String::new(),
        count => language.choose(format!("{count} times, first "), format!("{count} fois, d'abord ")),
    };
    let head = paint.blue(&format!("note[{}]", note.tolerance));
    let FilePlace { line, column, .. } = note.place;
    writeln!(out, "{head}: {} ({times}{file}:{line}:{column})", note.sentence)
}

/// Where in the interchange: `message 1 (CUSDEC, reference 1), segment 7 LOC, element 2, component 1`.
fn position(are_several_interchanges: bool, finding: &Finding, language: Language) -> String {
    let mut parts = Vec::new();
    let mut add = |english: &str, french: &str, text: Option<String>| {
        parts.extend(text.map(|text| format!("{} {text}", language.choose(english, french))));
    };
    let several = are_several_interchanges || (finding.message.is_none() && finding.group.is_none());
    add("interchange", "interchange", several.then(|| finding.interchange.to_string()));
    add("group", "groupe", finding.group.map(|group| group.to_string()));
    let message = finding.message.map(|message| match &finding.message_name {
        Some((kind, reference)) => {
            format!("{message} ({kind}, {} {reference})", language.choose("reference", "référence"))
        }
        None => message.to_string(),
    });
    add("message", "message", message);
    let segment = finding.segment.as_ref().map(|segment| {
        let path = finding.path.as_deref().unwrap_or(&segment.tag);
        segment.position.map_or(path.to_owned(), |position| format!("{position} {path}"))
    });
    match finding.is_behind {
        true => add("behind segment", "derrière le segment", segment),
        false => add("segment", "segment", segment),
    }
    let element = finding.element.map(|element| match &finding.element_name {
        Some(name) => format!("{element} {name}"),
        None => element.to_string(),
    });
    add("element", "élément", element);
    add("component", "composant", finding.component.map(|component| component.to_string()));
    add("repetition", "répétition", finding.occurrence.filter(|which| *which > 1).map(|which| which.to_string()));
    add("commodity", "marchandise", finding.commodity.map(|commodity| commodity.to_string()));
    parts.join(", ")
}

fn write_unreadable(out: &mut dyn Write, style: Style, file: &str, unreadable: &Unreadable) -> io::Result<()> {
    let block = Block {
        heads: vec![(style.language.choose("unreadable", "illisible"), &unreadable.sentence)],
        colour: Paint::red,
        place: unreadable.place.as_ref().map(|place| (place, &unreadable.excerpt)),
        label: None,
        notes: vec![(style.language.choose("hint", "conseil"), unreadable.hint.clone())],
    };
    block.write(out, style, file)
}

fn severity(severity: Severity, language: Language) -> &'static str {
    match severity {
        Severity::Error => language.choose("error", "erreur"),
        Severity::Warning => language.choose("warning", "avertissement"),
        Severity::Notice => language.choose("notice", "avis"),
    }
}

/// `12 more findings are counted and not shown; in all H201 27 times, 13 3 times (--limit)`
fn left_out(style: Style, report: &FileReport) -> String {
    let Style { paint, language, .. } = style;
    let mut codes: Vec<(&String, &usize)> = report.codes.iter().collect();
    codes.sort_by(|(one, many), (other, more)| more.cmp(many).then(one.cmp(other)));
    let mut named: Vec<String> =
        codes.iter().take(CODES_MAX).map(|(code, count)| format!("{code} {count}\u{d7}")).collect();
    named.extend((codes.len() > CODES_MAX).then(|| "…".to_owned()));
    let (count, named) = (report.left_out, named.join(", "));
    let head = match count {
        1 => language.choose("1 more".to_owned(), "1 de plus".to_owned()),
        _ => language.choose(format!("{count} more"), format!("{count} de plus")),
    };
    let rest = language.choose(
        format!(" not shown (--limit {}); all together: {named}", report.findings.len()),
        format!(" non montrés (--limit {}); en tout: {named}", report.findings.len()),
    );
    format!("{}{rest}", paint.bold(&head))
}

/// `5 errors, 1 warning in 1 interchange, 1 message; 1 refused`
fn summary(style: Style, report: &FileReport) -> String {
    let Style { paint, language, .. } = style;
    if report.counts.interchanges == 0 {
        return paint.red(language.choose("no interchange could be read", "aucun interchange n'a pu être lu"));
    }
    let rest = report.unreadable.as_ref().map(|_| language.choose(", the rest unreadable", ", le reste illisible"));
    format!("{}{}", sum(style, &report.counts, report.unreadable.is_none()), rest.unwrap_or_default())
}

fn sum(style: Style, counts: &Counts, is_read: bool) -> String {
    let Style { paint, language, .. } = style;
    let found = found(counts, language);
    let found = if counts.errors == 0 && is_read { paint.green(&found) } else { paint.red(&found) };
    let interchanges = counted(counts.interchanges, ["interchange", "interchanges"]);
    let messages = counted(counts.messages, ["message", "messages"]);
    let refused = match counts.refused {
        0 => String::new(),
        count => language.choose(format!("; {count} refused"), format!("; {count} à refuser")),
    };
    format!("{found} {} {interchanges}, {messages}{refused}", language.choose("in", "dans"))
}

/// `5 errors, 1 warning`
fn found(counts: &Counts, language: Language) -> String {
    let counts = [
        (counts.errors, language.choose(["error", "errors"], ["erreur", "erreurs"])),
        (counts.warnings, language.choose(["warning", "warnings"], ["avertissement", "avertissements"])),
        (counts.notices, language.choose(["notice", "notices"], ["avis", "avis"])),
    ];
    let said: Vec<String> =
        counts.into_iter().filter(|(number, _)| *number > 0).map(|(number, words)| counted(number, words)).collect();
    if said.is_empty() { language.choose("no findings", "aucun constat").to_owned() } else { said.join(", ") }
}

/// A number with its noun, one or several.
fn counted(number: usize, [one, several]: [&str; 2]) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
