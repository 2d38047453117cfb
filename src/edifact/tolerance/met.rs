//! What the reader reads although the standard does not have it: counted where it is taken, found where it is not.
//!
//! Nothing of this needs other bytes, so that nothing is copied. The reader has seen whether there are traces of it; only
//! then the segments are looked along.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::front::is_line_break;
use super::mend::releases_next;
use super::{Note, Tolerance, Tolerances};
use crate::edifact::finding::{ElementPlace, Place, ServiceTag, SyntaxError, SyntaxFinding, finding};
use crate::edifact::interchange::{FunctionalGroup, Interchange, Message, Traces};
use crate::edifact::segment::Segment;
use crate::edifact::service::{ServiceChars, UNA_LENGTH};

/// Most findings of this look. One message has no more than one for each switch; so many messages refuse the whole.
const FINDINGS_MAX: usize = 1_000;

/// What was taken in this interchange, its places counted in the bytes that were read. What is not taken is added to the
/// findings.
pub(super) fn met(
    interchange: &Interchange<'_>,
    tolerances: &Tolerances,
    findings: &mut Vec<SyntaxFinding>,
) -> Vec<Note> {
    let mut look = Look { interchange, tolerances, notes: Vec::new(), refused: Vec::new() };
    look.at_terminator();
    look.along_segments();
    look.at_release_characters();
    if !look.refused.is_empty() {
        findings.append(&mut look.refused);
        findings.sort_by_key(|finding| (finding.span.start, finding.place));
    }
    look.notes
}

/// A look at an interchange.
struct Look<'a> {
    interchange: &'a Interchange<'a>,
    tolerances: &'a Tolerances,
    notes: Vec<Note>,
    refused: Vec<SyntaxFinding>,
}

/// One deviation as it is met along an interchange.
struct Met {
    tolerance: Tolerance,
    error: SyntaxError,
    detail: &'static str,
    is_taken: bool,
    count: usize,
    first: Range<usize>,
    /// The message that the last finding refuses ends here; it is refused once.
    refused_until: usize,
}

impl<'a> Look<'a> {
    fn begin(&self, tolerance: Tolerance, error: SyntaxError, detail: &'static str) -> Met {
        let is_taken = self.tolerances.takes(tolerance);
        Met { tolerance, error, detail, is_taken, count: 0, first: 0..0, refused_until: 0 }
    }

    fn end(&mut self, met: Met) {
        if met.is_taken && met.count > 0 {
            self.notes.push(Note { tolerance: met.tolerance, count: met.count, first: met.first });
        }
    }

    /// Counts it, and refuses the message or the envelope of this segment where it is not taken.
    #[inline]
    fn meet(&mut self, met: &mut Met, segment: &Segment<'_>, element: Option<ElementPlace>, span: Range<usize>) {
        if met.count == 0 {
            met.first = span.clone();
        }
        met.count += 1;
        if !met.is_taken && span.start >= met.refused_until {
            self.refuse(met, segment, element, span);
        }
    }

    #[cold]
    fn refuse(&mut self, met: &mut Met, segment: &Segment<'_>, element: Option<ElementPlace>, span: Range<usize>) {
        if self.refused.len() == FINDINGS_MAX {
            let place = Place::Interchange { segment: None, element: None };
            let detail =
                format!("more than {FINDINGS_MAX} deviations that are not taken were found; the rest is left out");
            self.refused.push(finding(SyntaxError::Unspecified, place, span, &detail));
        } else if self.refused.len() < FINDINGS_MAX {
            let (place, end) = place_of(self.interchange, segment);
            met.refused_until = end;
            let place = element.map_or(place, |element| place.with_element(element));
            let detail = format!("{}; tolerances.{} is off", met.detail, met.tolerance.name());
            self.refused.push(finding(met.error, place, span, &detail));
        }
    }

    /// A line break that UNA makes the terminator.
    fn at_terminator(&mut self) {
        if !self.has_una() || !is_line_break(self.interchange.service().terminator) {
            return;
        }
        let terminator = UNA_LENGTH - 1..UNA_LENGTH;
        if self.tolerances.newline_terminator {
            self.notes.push(Note { tolerance: Tolerance::NewlineTerminator, count: 1, first: terminator });
        } else {
            let place = Place::Interchange { segment: Some(ServiceTag::Una), element: None };
            let detail = "a line break is no terminator; tolerances.newline_terminator is off";
            self.refused.push(finding(SyntaxError::InvalidServiceCharacter, place, terminator, detail));
        }
    }

    /// Line breaks in front of segments, and separators at the ends of segments and composites.
    fn along_segments(&mut self) {
        let service = *self.interchange.service();
        let mut breaks = self.begin(
            Tolerance::LineBreaksBetweenSegments,
            SyntaxError::InvalidCharacter,
            "a line break stands in front of this segment",
        );
        let mut separators = self.begin(
            Tolerance::TrailingSeparators,
            SyntaxError::TrailingSeparator,
            "a separator stands with nothing behind it",
        );
        let Traces { line_breaks, trailing: has_trailing, .. } = self.interchange.traces();
        if !line_breaks && !has_trailing {
            return; // Nearly always.
        }
        let mut end = self.content();
        let pair = [service.component, service.element];
        let pair = memmem::Finder::new(&pair);
        for segment in self.interchange.segments() {
            let Range { start, end: next } = segment.span();
            if end < start {
                let gap =
                    end + usize::from(service.terminator == b'\r' && self.interchange.bytes().get(end) == Some(&b'\n'));
                if gap < start {
                    self.meet(&mut breaks, &segment, Some(ElementPlace::element(1)), gap..start);
                }
            }
            end = next + 1;
            if has_trailing && let Some(at) = trailing(segment.raw(), &service, &pair) {
                self.meet(&mut separators, &segment, None, start + at..start + at + 1);
            }
        }
        self.end(breaks);
        self.end(separators);
    }

    /// Release characters in front of what needs none.
    fn at_release_characters(&mut self) {
        let service = *self.interchange.service();
        let Some(release) = service.release else { return };
        let is_needless = || needless(self.interchange.bytes(), self.content(), release, &service).is_some();
        if !self.interchange.traces().releases || !is_needless() {
            return;
        }
        let mut met = self.begin(
            Tolerance::ReleaseBeforeOrdinary,
            SyntaxError::InvalidServiceUse,
            "the release character stands in front of a character that needs none",
        );
        for segment in self.interchange.segments() {
            let (raw, mut from) = (segment.raw(), 0);
            while let Some(at) = needless(raw, from, release, &service) {
                let at_offset = segment.span().start + at;
                let element = if met.is_taken { None } else { element_at(&segment, at_offset) };
                self.meet(&mut met, &segment, element, at_offset..at_offset + 2);
                from = at + 2;
            }
        }
        self.end(met);
    }

    /// Behind UNA, where there is one.
    fn content(&self) -> usize {
        if self.has_una() { UNA_LENGTH } else { 0 }
    }

    fn has_una(&self) -> bool {
        self.interchange.bytes().starts_with(b"UNA")
    }
}

/// A separator of these bytes of a segment with nothing behind it: at their end, or at the end of a composite.
/// `pair` finds the two separators that end a composite so.
fn trailing(raw: &[u8], service: &ServiceChars, pair: &memmem::Finder<'_>) -> Option<usize> {
    let is_free = |at: &usize| raw.get(..*at).is_some_and(|before| !releases_next(before, service));
    if let Some(at) = pair.find_iter(raw).find(is_free) {
        return Some(at);
    }
    let (last, before) = raw.split_last()?;
    let is_separator = *last == service.element || *last == service.component;
    (is_separator && !releases_next(before, service)).then_some(before.len())
}

/// The next release character from here on that stands in front of an ordinary character. At the very end it stands for
/// itself.
fn needless(raw: &[u8], from: usize, release: u8, service: &ServiceChars) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr(release, raw.get(at..)?)?;
        let released = *raw.get(at + 1)?;
        if !service.needs_release(released) {
            return Some(at);
        }
        at += 2;
    }
}

/// The element that this byte of a segment stands in.
fn element_at(segment: &Segment<'_>, offset: usize) -> Option<ElementPlace> {
    let value = segment.values().find(|value| value.span().contains(&offset))?;
    let occurrence = segment.service().repetition.map(|_| value.occurrence);
    Some(ElementPlace { element: value.element, component: Some(value.component), occurrence })
}

/// Where CONTRL reports this segment, and where the message ends that is refused with it.
fn place_of(interchange: &Interchange<'_>, segment: &Segment<'_>) -> (Place, usize) {
    let span = segment.span();
    in_message(interchange, segment).unwrap_or_else(|| (in_envelope(interchange, span.start), span.end))
}

fn in_message(interchange: &Interchange<'_>, segment: &Segment<'_>) -> Option<(Place, usize)> {
    let offset = segment.span().start;
    let first = |message: &Message| interchange.segments_of(message).next().map(|unh| unh.span().start);
    let number = interchange.messages.partition_point(|message| first(message) <= Some(offset)).checked_sub(1)?;
    let found = interchange.messages.get(number)?;
    let segments = interchange.segments_of(found);
    let end = segments.clone().next_back().map(|last| last.span().end).filter(|end| offset <= *end)?;
    let position = segments.clone().position(|one| one.span().start == offset)?;
    let message = u32::try_from(number).ok()?;
    let service = match &segment.tag().0 {
        _ if found.package.is_some() => Some(ServiceTag::Uno),
        b"UNH" if position == 0 => Some(ServiceTag::Unh),
        b"UNT" if position + 1 == segments.len() => Some(ServiceTag::Unt),
        _ => None,
    };
    let place = match service {
        Some(_) => Place::Message { message, segment: service, element: None },
        None => Place::Segment { message, position: u32::try_from(position + 1).ok()?, element: None },
    };
    Some((place, end))
}

fn in_envelope(interchange: &Interchange<'_>, offset: usize) -> Place {
    let starts_here = |segment: &Segment<'_>| segment.span().start == offset;
    let header = |group: &FunctionalGroup| interchange.envelope_of(group).next().map(|ung| ung.span().start);
    let number = interchange.groups.partition_point(|group| header(group) <= Some(offset)).checked_sub(1);
    if let Some((number, group)) = number.and_then(|number| Some((number, interchange.groups.get(number)?)))
        && let Some((_, tag)) = interchange
            .envelope_of(group)
            .zip([ServiceTag::Ung, ServiceTag::Une])
            .find(|(segment, _)| starts_here(segment))
    {
        let group = u32::try_from(number).unwrap_or(u32::MAX);
        return Place::FunctionalGroup { group, segment: Some(tag), element: None };
    }
    let ends = [(interchange.header(), ServiceTag::Unb), (interchange.trailer(), ServiceTag::Unz)];
    let here = ends.into_iter().find(|(segment, _)| segment.as_ref().is_some_and(starts_here));
    Place::Interchange { segment: here.map(|(_, tag)| tag), element: None }
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, mend};
    use super::*;

    const UNB: &str = "UNB+UNOC:3+A+B+261121:2045+R'";

    fn shown(text: &str, span: &Range<usize>) -> String {
        text.get(span.clone()).map_or("?".to_owned(), |shown| shown.as_bytes().escape_ascii().to_string())
    }

    fn place(place: Place) -> String {
        let element =
            place.element().map(|place| format!(" {}:{}", place.element, place.component.unwrap_or_default()));
        let service = |segment: Option<ServiceTag>| segment.map_or("-", ServiceTag::as_str);
        let level = match place {
            Place::Interchange { segment, .. } => format!("UCI {}", service(segment)),
            Place::FunctionalGroup { group, segment, .. } => format!("UCF {group} {}", service(segment)),
            Place::Message { message, segment, .. } => format!("UCM {message} {}", service(segment)),
            Place::Segment { message, position, .. } => format!("UCS {message} {position}"),
        };
        format!("{level}{}", element.unwrap_or_default())
    }

    /// What is noted of an interchange where everything is taken, and what is found in it where nothing is.
    #[track_caller]
    fn check(text: &str, notes: &[&str], findings: &[&str]) {
        let mended = mend(text.as_bytes(), &Tolerances::ALL);
        let Reading { notes: noted, findings: none, .. } = mended.read().unwrap();
        let noted: Vec<_> = noted
            .iter()
            .map(|note| format!("{} {} {}", note.tolerance.name(), note.count, shown(text, &note.first)))
            .collect();
        assert_eq!(noted, notes);
        assert_eq!(none, &[]);
        let mended = mend(text.as_bytes(), &Tolerances::NONE);
        let found = mended.read().unwrap();
        assert_eq!(found.notes, &[]);
        let found: Vec<_> = found
            .findings
            .iter()
            .map(|finding| {
                format!("{} {} {}", finding.error.number(), place(finding.place), shown(text, &finding.span))
            })
            .collect();
        assert_eq!(found, findings);
    }

    #[test]
    fn what_the_standard_has_is_neither_noted_nor_found() {
        check(&format!("{UNB}UNH+1+X:D:96B:UN'FTX+A?+B???:'UNT+3+1'UNZ+1+R'"), &[], &[]);
    }

    #[test]
    fn line_breaks_between_segments_are_counted_and_refuse_each_message_once() {
        check(
            &format!("{UNB}\r\nUNH+1+X:D:96B:UN'UNT+2+1'\nUNH+2+X:D:96B:UN'\nBGM'\nUNT+3+2'\nUNZ+2+R'\r\n"),
            &[r"line_breaks_between_segments 5 \r\n"],
            &[r"21 UCM 0 UNH 1:0 \r\n", r"21 UCM 1 UNH 1:0 \n", r"21 UCI UNZ 1:0 \n"],
        );
        check(
            &format!("{UNB}UNH+1+X:D:96B:UN'BGM'\n\nBGM'UNT+4+1'UNZ+1+R'"),
            &[r"line_breaks_between_segments 1 \n\n"],
            &[r"21 UCS 0 3 1:0 \n\n"],
        );
    }

    #[test]
    fn line_breaks_at_the_envelopes_are_found_there() {
        check(
            "UNA:+.? '\nUNB+UNOC:3+A+B+261121:2045+R'\nUNG+X+A+B+261121:2045+G+UN+D:96B'UNH+1+X:D:96B:UN'UNT+2+1'\nUNE+1+G'UNZ+1+R'",
            &[r"line_breaks_between_segments 3 \n"],
            &[r"21 UCI UNB 1:0 \n", r"21 UCF 0 UNG 1:0 \n", r"21 UCF 0 UNE 1:0 \n"],
        );
    }

    #[test]
    fn a_line_break_in_front_of_a_trailer_is_the_messages() {
        check(
            &format!("{UNB}UNH+1+X:D:96B:UN'\nUNT+2+1'UNZ+1+R'"),
            &[r"line_breaks_between_segments 1 \n"],
            &[r"21 UCM 0 UNT 1:0 \n"],
        );
    }

    /// Where line breaks are found in an interchange that has other mistakes, too.
    #[track_caller]
    fn check_breaks(text: &str, expected: &[&str]) {
        let mended = mend(text.as_bytes(), &Tolerances::NONE);
        let findings = mended.read().unwrap().findings;
        let breaks = findings.into_iter().filter(|found| found.error == SyntaxError::InvalidCharacter);
        assert_eq!(breaks.map(|found| place(found.place)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_line_break_in_front_of_a_package_is_the_packages() {
        check_breaks("UNB+UNOC:4+A+B+20261121:2045+R'\nUNO+P1+AA:R+1+1'aUNP+1+P1'UNZ+1+R'", &["UCM 0 UNO 1:0"]);
    }

    #[test]
    fn a_line_break_in_front_of_nothing_is_in_the_message_that_it_ends() {
        check_breaks(&format!("{UNB}UNH+1+X:D:96B:UN'\n'UNZ+1+R'"), &["UCS 0 2 1:0"]);
    }

    #[test]
    fn a_line_break_as_terminator_is_not_one_between_segments() {
        let lines = |end: &str, una: &str| {
            [una, "UNB+UNOC:3+A+B+261121:2045+R", "UNH+1+X:D:96B:UN", "UNT+2+1", "UNZ+1+R", ""]
                .join(end)
                .replacen(end, "", 1)
        };
        check(&lines("\r\n", "UNA:+.? \r\n"), &[r"newline_terminator 1 \r"], &[r"20 UCI UNA \r"]);
        check(&lines("\n", "UNA:+.? \n"), &[r"newline_terminator 1 \n"], &[r"20 UCI UNA \n"]);
    }

    #[test]
    fn a_release_character_in_front_of_an_ordinary_character_is_found_in_its_element() {
        check(
            &format!("{UNB}UNH+1+X:D:96B:UN'FTX+A:Dr?. K??+B?@C'UNT+3+1'UNZ+1+R'"),
            &["release_before_ordinary 2 ?."],
            &["22 UCS 0 2 2:2 ?."],
        );
    }

    #[test]
    fn release_characters_are_counted_wherever_they_stand() {
        let message = "UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+R'";
        check(
            &format!("UNB+UN?OC:3+A+B+261121:2045+R'{message}"),
            &["release_before_ordinary 1 ?O"],
            &["22 UCI UNB 2:1 ?O"],
        );
        check(
            &format!("{UNB}UNH+1+X:D:96B:UN'FTX+A?B?C'UNT+3+1'UNZ+1+R'"),
            &["release_before_ordinary 2 ?B"],
            &["22 UCS 0 2 2:1 ?B"],
        );
    }

    #[test]
    fn trailing_separators_of_the_older_syntax_are_found_in_their_segments() {
        check(
            &format!("{UNB}UNH+1+X:D:96B:UN'BGM+'FTX+A:?:+B+C:'FTX+A:+B'FTX+A?+'UNT+6+1'UNZ+1+R'"),
            &["trailing_separators 3 +"],
            &["45 UCS 0 2 +"],
        );
        check(
            "UNB+UNOC:3+A+B+261121:2045+R++'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+R'",
            &["trailing_separators 1 +"],
            &["45 UCI UNB +"],
        );
    }

    #[test]
    fn trailing_separators_of_syntax_four_are_left_to_the_grammars() {
        check("UNB+UNOC:4+A+B+20261121:2045+R++'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+R'", &[], &[]);
    }

    #[test]
    fn so_many_messages_refuse_the_whole() {
        let messages: String = (0..1_500).map(|number| format!("UNH+{number}+X:D:96B:UN'UNT+2+{number}'\n")).collect();
        let text = format!("{UNB}{messages}UNZ+1500+R'");
        let mended = mend(text.as_bytes(), &Tolerances::NONE);
        let findings = mended.read().unwrap().findings;
        assert_eq!(findings.len(), FINDINGS_MAX + 1);
        assert_eq!(findings.last().map(|last| last.place), Some(Place::Interchange { segment: None, element: None }));
    }
}
