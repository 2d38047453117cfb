//! Findings for people, as a good compiler writes them: what, where, the line with a caret under the place, what to do.

use std::io::{self, Write};
use std::time::Duration;

use super::report::{FileReport, Finding, NoteReport, Unreadable};
use super::text::Text;
use crate::cli::paint::Paint;
use crate::cli::safe::visible;
use crate::declaration::Severity;
use crate::edifact::Repertoire;
use crate::language::Language;

/// How findings are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) paint: Paint,
    pub(super) language: Language,
}

/// Writes everything that was found in one file, and a line that sums it up.
pub(super) fn write(
    out: &mut dyn Write,
    style: Style,
    report: &FileReport,
    bytes: &[u8],
    took: Duration,
) -> io::Result<()> {
    let text = Text::new(bytes);
    for finding in &report.findings {
        write_finding(out, style, report, finding, &text)?;
    }
    for note in &report.notes {
        write_note(out, style, &report.file, note)?;
    }
    if let Some(unreadable) = &report.unreadable {
        write_unreadable(out, style, &report.file, unreadable, &text)?;
    }
    writeln!(out, "{}", summary(style, report, took))
}

fn write_finding(
    out: &mut dyn Write,
    style: Style,
    report: &FileReport,
    finding: &Finding,
    text: &Text<'_>,
) -> io::Result<()> {
    let Style { paint, language } = style;
    let head = format!("{}[{}]", severity(finding.severity, language), finding.code);
    let head = match finding.severity {
        Severity::Error => paint.red(&head),
        Severity::Warning => paint.yellow(&head),
        Severity::Notice => paint.blue(&head),
    };
    writeln!(out, "{head}{}", paint.bold(&format!(": {}", visible(&finding.sentence))))?;
    let (line, column) = (finding.place.line, finding.place.column);
    let position = format!("{}:{line}:{column} ({})", visible(&report.file), position(report, finding, language));
    let carets = match finding.severity {
        Severity::Error => Paint::red,
        Severity::Warning => Paint::yellow,
        Severity::Notice => Paint::blue,
    };
    let margin = " ".repeat(line.to_string().len());
    writeln!(out, "{margin}{} {position}", paint.blue("-->"))?;
    let excerpt = text.excerpt(&finding.place.span(), finding.repertoire);
    let bar = paint.blue("|");
    writeln!(out, "{margin} {bar}")?;
    writeln!(out, "{} {bar} {}", paint.blue(&line.to_string()), visible(&excerpt.text))?;
    let under = carets(paint, &"^".repeat(excerpt.marked));
    writeln!(out, "{margin} {bar} {}{under}", " ".repeat(excerpt.lead))?;
    let notes =
        [(language.choose("note", "note"), &finding.detail), (language.choose("hint", "conseil"), &finding.hint)];
    for (word, note) in notes {
        if let Some(note) = note {
            writeln!(out, "{margin} {} {}: {}", paint.blue("="), paint.bold(word), visible(note))?;
        }
    }
    writeln!(out)
}

/// `note[line_breaks_between_segments]: Line breaks stand between segments (47 times, first my.edi:1:50)`
fn write_note(out: &mut dyn Write, style: Style, file: &str, note: &NoteReport) -> io::Result<()> {
    let Style { paint, language } = style;
    let times = match note.count {
        1 => String::new(),
        count => language.choose(format!("{count} times, first "), format!("{count} fois, d'abord ")),
    };
    let head = paint.blue(&format!("note[{}]", note.tolerance));
    let place = format!("{}:{}:{}", visible(file), note.place.line, note.place.column);
    writeln!(out, "{head}: {} ({times}{place})", note.sentence)
}

/// Where in the interchange: `message 1, segment 7 LOC, element 2, component 1`.
fn position(report: &FileReport, finding: &Finding, language: Language) -> String {
    let mut parts = Vec::new();
    let mut add = |english: &str, french: &str, number: Option<String>| {
        parts.extend(number.map(|number| format!("{} {number}", language.choose(english, french))));
    };
    let several = report.interchanges.len() > 1 || (finding.message.is_none() && finding.group.is_none());
    add("interchange", "interchange", several.then(|| finding.interchange.to_string()));
    add("group", "groupe", finding.group.map(|group| group.to_string()));
    add("message", "message", finding.message.map(|message| message.to_string()));
    let segment = finding.segment.as_ref().map(|segment| {
        let tag = visible(&segment.tag);
        segment.position.map_or(tag.clone(), |position| format!("{position} {tag}"))
    });
    add("segment", "segment", segment);
    add("element", "élément", finding.element.map(|element| element.to_string()));
    add("component", "composant", finding.component.map(|component| component.to_string()));
    add("repetition", "répétition", finding.occurrence.filter(|which| *which > 1).map(|which| which.to_string()));
    add("commodity", "marchandise", finding.commodity.map(|commodity| commodity.to_string()));
    parts.join(", ")
}

fn write_unreadable(
    out: &mut dyn Write,
    style: Style,
    file: &str,
    unreadable: &Unreadable,
    text: &Text<'_>,
) -> io::Result<()> {
    let paint = style.paint;
    let head = style.language.choose("unreadable", "illisible");
    writeln!(out, "{}{}", paint.red(head), paint.bold(&format!(": {}", unreadable.sentence)))?;
    if let Some(place) = &unreadable.place {
        let margin = " ".repeat(place.line.to_string().len());
        let bar = paint.blue("|");
        writeln!(out, "{margin}{} {}:{}:{}", paint.blue("-->"), visible(file), place.line, place.column)?;
        let excerpt = text.excerpt(&(place.offset..place.offset), Repertoire::Unoc);
        writeln!(out, "{margin} {bar}")?;
        writeln!(out, "{} {bar} {}", paint.blue(&place.line.to_string()), visible(&excerpt.text))?;
        writeln!(out, "{margin} {bar} {}{}", " ".repeat(excerpt.lead), paint.red("^"))?;
    }
    let hint = style.language.choose("hint", "conseil");
    writeln!(out, "  {} {}: {}\n", paint.blue("="), paint.bold(hint), unreadable.hint)
}

fn severity(severity: Severity, language: Language) -> &'static str {
    match severity {
        Severity::Error => language.choose("error", "erreur"),
        Severity::Warning => language.choose("warning", "avertissement"),
        Severity::Notice => language.choose("notice", "avis"),
    }
}

/// `my.edi: 5 errors, 1 warning in 1 interchange, 1 message (0.8 ms)`
fn summary(style: Style, report: &FileReport, took: Duration) -> String {
    let Style { paint, language } = style;
    let (file, milliseconds) = (visible(&report.file), took.as_secs_f64() * 1_000.0);
    if report.interchanges.is_empty() {
        let nothing = paint.red(language.choose("no interchange could be read", "aucun interchange n'a pu être lu"));
        return format!("{file}: {nothing} ({milliseconds:.1} ms)");
    }
    let is_right = report.errors == 0 && report.unreadable.is_none();
    let found = found(report, language);
    let found = if is_right { paint.green(&found) } else { paint.red(&found) };
    let interchanges = counted(report.interchanges.len(), ["interchange", "interchanges"]);
    let messages = counted(report.message_count(), ["message", "messages"]);
    let rest = report.unreadable.as_ref().map(|_| language.choose(", the rest unreadable", ", le reste illisible"));
    let (within, rest) = (language.choose("in", "dans"), rest.unwrap_or_default());
    format!("{file}: {found} {within} {interchanges}, {messages}{rest} ({milliseconds:.1} ms)")
}

/// `5 errors, 1 warning`
fn found(report: &FileReport, language: Language) -> String {
    let counts = [
        (report.errors, language.choose(["error", "errors"], ["erreur", "erreurs"])),
        (report.warnings, language.choose(["warning", "warnings"], ["avertissement", "avertissements"])),
        (report.notices, language.choose(["notice", "notices"], ["avis", "avis"])),
    ];
    let said: Vec<String> =
        counts.into_iter().filter(|(number, _)| *number > 0).map(|(number, words)| counted(number, words)).collect();
    if said.is_empty() { language.choose("no findings", "aucun constat").to_owned() } else { said.join(", ") }
}

/// A number with its noun, one or several.
fn counted(number: usize, [one, several]: [&str; 2]) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
