//! An exchange for people: interchanges segment by segment, each with a few words, and what the answers came to.
//!
//! What a declaration's segments state comes from the implementation guide, so that another guide has other words. What
//! an answer's segments say is what `docs/wire.md` says of them.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;

use super::paint::Paint;
use super::remark::{Remark, placed};
use super::safe::visible;
use crate::edifact::{Interchange, Reading, Repertoire, Segment, SyntaxError, Tag, mend};
use crate::gateway::{Rulebook, judge_syntax};

/// Characters of a segment in front of its words.
const SEGMENT_WIDTH: usize = 62;
/// Names of elements that are shown of one segment.
const LABELS_MAX: usize = 3;

/// Writes an interchange of ours that comes back, segment by segment.
pub(super) fn write_answer(out: &mut dyn Write, paint: Paint, bytes: &[u8]) -> io::Result<()> {
    let Some((interchange, _)) = Interchange::read(bytes) else { return Ok(()) };
    let repertoire = interchange.envelope.repertoire;
    for segment in interchange.segments() {
        let is_proof = is_proof(&segment, repertoire);
        write_segment(out, paint, &interchange, &segment, &words(&segment, repertoire), is_proof)?;
    }
    Ok(())
}

/// A segment of an answer, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Explained {
    /// As it came, without its terminator.
    text: String,
    /// A few words, in English; empty where there is nothing to say.
    words: String,
}

/// An interchange of ours that comes back, segment by segment.
pub(super) fn explain_answer(bytes: &[u8]) -> Vec<Explained> {
    let Some((interchange, _)) = Interchange::read(bytes) else { return Vec::new() };
    let repertoire = interchange.envelope.repertoire;
    let explain = |segment: Segment<'_>| Explained {
        text: repertoire.decode(segment.raw()).into_owned(),
        words: words(&segment, repertoire),
    };
    interchange.segments().map(explain).collect()
}

/// Writes a declaration that leaves, segment by segment, with what the guide says of each.
pub(super) fn write_declaration(
    out: &mut dyn Write,
    paint: Paint,
    bytes: &[u8],
    rulebook: &Rulebook,
) -> io::Result<()> {
    write_judged(out, paint, bytes, rulebook, &[])
}

/// The same with what was said of it, each at its place: below the segment that it is about. What is about none stands at the
/// end.
pub(super) fn write_judged(
    out: &mut dyn Write,
    paint: Paint,
    bytes: &[u8],
    rulebook: &Rulebook,
    remarks: &[Remark],
) -> io::Result<()> {
    let mended = mend(bytes, &rulebook.tolerances);
    let Some(Reading { interchange, findings, .. }) = mended.read() else { return Ok(()) };
    let mut about = placed(remarks, &interchange, &mended);
    let syntax = judge_syntax(&interchange, findings, &rulebook.catalogue);
    let mut stated: HashMap<usize, Vec<&str>> = HashMap::new();
    for (message, structure) in interchange.messages.iter().zip(&syntax.structures) {
        let known = rulebook.guide(&message.kind).zip(structure.as_ref());
        let Some((guide, structure)) = known else { continue };
        let segments: Vec<Segment<'_>> = interchange.segments_of(message).collect();
        for (position, element) in guide.explain(&interchange, message, structure, &rulebook.codes) {
            let index = usize::try_from(position).unwrap_or_default().wrapping_sub(1);
            let Some(segment) = segments.get(index) else { continue };
            let [label, _] = &element.labels;
            stated.entry(segment.span().start).or_default().push(label);
        }
    }
    for segment in interchange.segments() {
        let words = stated.get(&segment.span().start).map(|labels| joined(labels));
        let words =
            words.unwrap_or_else(|| words_of_envelope(&segment, interchange.envelope.repertoire).unwrap_or_default());
        write_segment(out, paint, &interchange, &segment, &words, false)?;
        about
            .remove(&Some(segment.span().start))
            .unwrap_or_default()
            .into_iter()
            .try_for_each(|line| writeln!(out, "    {line}"))?;
    }
    about.into_values().flatten().try_for_each(|line| writeln!(out, "    {line}"))
}

/// Names of what a segment states, the first ones when there are many.
fn joined(labels: &[&str]) -> String {
    let rest = if labels.len() > LABELS_MAX { " · …" } else { "" };
    format!("{}{rest}", labels.get(..LABELS_MAX).unwrap_or(labels).join(" · "))
}

fn write_segment(
    out: &mut dyn Write,
    paint: Paint,
    interchange: &Interchange<'_>,
    segment: &Segment<'_>,
    words: &str,
    is_proof: bool,
) -> io::Result<()> {
    let terminator = char::from(interchange.service().terminator);
    let text = format!("{}{terminator}", visible(&interchange.envelope.repertoire.decode(segment.raw())));
    let length = text.chars().count();
    // Words that find no room beside their segment stand below it.
    let gap = match SEGMENT_WIDTH.checked_sub(length) {
        Some(room) => " ".repeat(room),
        None => format!("\n  {}", " ".repeat(SEGMENT_WIDTH)),
    };
    let text = if is_proof { paint.bold(&text) } else { text };
    if words.is_empty() {
        return writeln!(out, "  {text}");
    }
    let words = visible(words);
    writeln!(out, "  {text}{gap}  {}", if is_proof { paint.green(&words) } else { paint.dim(&words) })
}

/// What an answer says of one declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// CUSRES: accepted under this number.
    Accepted {
        /// The declaration's own reference.
        reference: String,
        /// The proof-of-report number.
        proof: String,
    },
    /// CUSRES: refused.
    Refused {
        /// The declaration's own reference.
        reference: String,
        /// Code and sentence of each finding.
        findings: Vec<String>,
    },
    /// CONTRL: the interchange, or something in it, is refused.
    SyntaxRefused {
        /// The interchange (0020).
        reference: String,
        /// What was refused, with codes.
        findings: Vec<String>,
    },
    /// CONTRL: well built.
    Acknowledged {
        /// The interchange (0020).
        reference: String,
    },
}

/// One thing that an answer says, and which interchange (0020) it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    /// The interchange that is answered.
    pub(super) about: String,
    /// What is said.
    pub(super) said: Said,
}

/// What an interchange of answers says.
pub(super) fn hear(bytes: &[u8]) -> Vec<Heard> {
    let Some((interchange, _)) = Interchange::read(bytes) else { return Vec::new() };
    let repertoire = interchange.envelope.repertoire;
    let messages = interchange.messages.iter();
    messages
        .filter_map(|message| {
            let segments: Vec<Segment<'_>> = interchange.segments_of(message).collect();
            match message.kind.kind.as_str() {
                "CUSRES" => Some(hear_response(&segments, repertoire)),
                "CONTRL" => Some(hear_control(&segments, repertoire)),
                _ => None,
            }
        })
        .collect()
}

fn hear_response(segments: &[Segment<'_>], repertoire: Repertoire) -> Heard {
    let value = |segment: &Segment<'_>, element, component| value(segment, element, component, repertoire);
    let first = |tag: &[u8; 3]| segments.iter().find(|segment| segment.tag() == Tag(*tag));
    let reference_of = |qualifier: &str| {
        let found = segments.iter().find(|segment| is(segment, b"RFF") && value(segment, 2, 1) == qualifier);
        found.map(|segment| value(segment, 2, 2)).unwrap_or_default()
    };
    let reference = first(b"BGM").map(|bgm| value(bgm, 3, 1)).unwrap_or_default();
    let proof = reference_of("ABT");
    let said = if proof.is_empty() {
        let mut codes = segments.iter().filter(|segment| is(segment, b"ERC")).map(|erc| value(erc, 2, 1));
        let texts = segments.iter().filter(|segment| is(segment, b"FTX")).map(|ftx| free_text(ftx, repertoire));
        let findings = texts.map(|text| format!("{} {text}", codes.next().unwrap_or_default())).collect();
        Said::Refused { reference, findings }
    } else {
        Said::Accepted { reference, proof }
    };
    Heard { about: reference_of("ACW"), said }
}

fn hear_control(segments: &[Segment<'_>], repertoire: Repertoire) -> Heard {
    let uci = segments.iter().find(|segment| is(segment, b"UCI"));
    let reference = uci.map(|uci| value(uci, 2, 1, repertoire)).unwrap_or_default();
    let (mut place, mut findings) = (String::new(), Vec::new());
    for segment in segments {
        let Some(said) = refusal(segment, repertoire) else { continue };
        match &segment.tag().0 {
            // A segment without a code of its own says where the elements after it stand.
            b"UCS" => {
                place = format!("segment {}", value(segment, 2, 1, repertoire));
                findings.extend(segment.component(3, 1).map(|_| said));
            }
            b"UCD" => findings.push(format!("{place}, {said}")),
            _ => findings.push(said),
        }
    }
    let about = reference.clone();
    let said = if findings.is_empty() {
        Said::Acknowledged { reference }
    } else {
        Said::SyntaxRefused { reference, findings }
    };
    Heard { about, said }
}

/// What a segment of a CONTRL refuses, in words.
fn refusal(segment: &Segment<'_>, repertoire: Repertoire) -> Option<String> {
    let value = |element, component| value(segment, element, component, repertoire);
    let sentence = |code: String| {
        let known = SyntaxError::ALL.iter().find(|error| error.number().to_string() == code);
        known.map(|error| format!(" with {code}: {}", error.english())).unwrap_or_default()
    };
    match &segment.tag().0 {
        b"UCI" if value(5, 1) == "4" => Some(format!("the interchange is refused{}", sentence(value(6, 1)))),
        b"UCF" if value(5, 1) == "4" => Some(format!("group {} is refused{}", value(2, 1), sentence(value(6, 1)))),
        b"UCM" if value(4, 1) == "4" => Some(format!("message {} is refused{}", value(2, 1), sentence(value(5, 1)))),
        b"UCS" => Some(format!("segment {}{}", value(2, 1), sentence(value(3, 1)))),
        b"UCD" => {
            let component = Some(value(3, 2)).filter(|component| !component.is_empty());
            let component = component.map(|component| format!(", component {component}")).unwrap_or_default();
            Some(format!("element {}{component}{}", value(3, 1), sentence(value(2, 1))))
        }
        _ => None,
    }
}

/// The words for a segment of an answer.
fn words(segment: &Segment<'_>, repertoire: Repertoire) -> String {
    let value = |element, component| value(segment, element, component, repertoire);
    let said = match &segment.tag().0 {
        b"UCI" if value(5, 1) == "7" => Some("well built: every level that is not refused below".to_owned()),
        b"UCI" if value(5, 1) == "8" => Some("received".to_owned()),
        b"BGM" if value(5, 1) == "AP" => Some(format!("the declaration {} is accepted", value(3, 1))),
        b"BGM" if value(5, 1) == "RE" => Some(format!("the declaration {} is refused", value(3, 1))),
        b"DTM" if value(2, 1) == "148" => Some("moment of acceptance".to_owned()),
        b"DTM" if value(2, 1) == "9" => Some("moment of refusal".to_owned()),
        b"GIS" => match value(2, 1).as_str() {
            "1" => Some("content accepted".to_owned()),
            "66" => Some("content accepted, with comments".to_owned()),
            "2" => Some("content refused".to_owned()),
            _ => None,
        },
        b"RFF" => match value(2, 1).as_str() {
            "ABT" => Some("PROOF OF REPORT".to_owned()),
            "ACW" => Some("the interchange that is answered".to_owned()),
            "AGO" => Some("the message that is answered".to_owned()),
            _ => None,
        },
        b"ERP" if value(2, 1) == "10" => {
            Some(format!("where: commodity {} {}", value(2, 2), point(segment, repertoire)))
        }
        b"ERP" => Some(format!("where: {}", point(segment, repertoire)).trim_end_matches(": ").to_owned()),
        b"ERC" => Some("which finding".to_owned()),
        b"FTX" => Some(value(4, 1).to_lowercase()),
        _ => refusal(segment, repertoire),
    };
    said.or_else(|| words_of_envelope(segment, repertoire)).unwrap_or_default()
}

/// `segment 18 NAD` of ERP.
fn point(segment: &Segment<'_>, repertoire: Repertoire) -> String {
    let [tag, position] = [1, 2].map(|component| value(segment, 3, component, repertoire));
    if position.is_empty() { "the declaration".to_owned() } else { format!("segment {position} {tag}") }
}

fn words_of_envelope(segment: &Segment<'_>, repertoire: Repertoire) -> Option<String> {
    let value = |element, component| value(segment, element, component, repertoire);
    match &segment.tag().0 {
        b"UNB" => {
            let practice = if value(12, 1) == "1" { ", practice" } else { "" };
            Some(format!("from {} to {}{practice}", value(3, 1), value(4, 1)))
        }
        b"UNH" => Some(format!("a {} begins", value(3, 1))),
        b"UNS" => Some("another section begins".to_owned()),
        b"UNT" => Some(format!("it ends, {} segments", value(2, 1))),
        b"UNZ" => Some(format!("end of interchange {}", value(3, 1))),
        _ => None,
    }
}

fn is_proof(segment: &Segment<'_>, repertoire: Repertoire) -> bool {
    is(segment, b"RFF") && value(segment, 2, 1, repertoire) == "ABT"
}

fn is(segment: &Segment<'_>, tag: &[u8; 3]) -> bool {
    segment.tag() == Tag(*tag)
}

/// The text of a component; empty when it is not there.
fn value(segment: &Segment<'_>, element: u16, component: u16, repertoire: Repertoire) -> String {
    let component = segment.component(element, component);
    component.map(|component| repertoire.decode(&component.unreleased()).into_owned()).unwrap_or_default()
}

/// The pieces of a free text, joined.
fn free_text(segment: &Segment<'_>, repertoire: Repertoire) -> String {
    let pieces = segment.element(5).into_iter().flat_map(|element| element.components());
    let pieces: Vec<String> = pieces
        .map(|piece| repertoire.decode(&piece.unreleased()).into_owned())
        .filter(|piece| !piece.is_empty())
        .collect();
    pieces.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCEPTED: &[u8] = b"UNB+UNOC:3+LODGED+ACMEFWD:ZZ+261121:2045+00000000000002'UNH+1+CUSRES:D:96B:UN'\
BGM+961+ACME-1+11+AP'DTM+148:202611212045UTC:303'GIS+1'RFF+ABT:AB1234202611211'RFF+ACW:ACME01'RFF+AGO:1'UNT+8+1'\
UNZ+1+00000000000002'";
    const REFUSED: &[u8] = b"UNB+UNOC:3+LODGED+ACMEFWD:ZZ+261121:2045+00000000000002'UNH+1+CUSRES:D:96B:UN'\
BGM+963+ACME-1+11+RE'DTM+9:202611212045UTC:303'GIS+2'RFF+ACW:ACME01'RFF+AGO:1'ERP+1+NAD:18'ERC+A103::ZZZ'\
FTX+AAO++ERROR::ZZZ+The check digit of:business number is wrong+EN'UNT+11+1'UNZ+1+00000000000002'";
    const SYNTAX: &[u8] = b"UNB+UNOC:3+LODGED+ACMEFWD:ZZ+261121:2045+00000000000001'UNH+1+CONTRL:D:3:UN'\
UCI+ACME01+ACMEFWD:ZZ+LODGED+7'UCM+1+CUSDEC:D:96B:UN+4'UCS+7'UCD+39+2:1'UNT+6+1'UNZ+1+00000000000001'";

    #[test]
    fn an_acceptance_is_heard_with_its_number() {
        let said = Said::Accepted { reference: "ACME-1".to_owned(), proof: "AB1234202611211".to_owned() };
        assert_eq!(hear(ACCEPTED), [Heard { about: "ACME01".to_owned(), said }]);
    }

    #[test]
    fn a_refusal_is_heard_with_its_findings() {
        let findings = vec!["A103 The check digit of business number is wrong".to_owned()];
        let said = Said::Refused { reference: "ACME-1".to_owned(), findings };
        assert_eq!(hear(REFUSED), [Heard { about: "ACME01".to_owned(), said }]);
    }

    #[test]
    fn a_refusal_by_syntax_is_heard_with_its_places() {
        let findings = ["message 1 is refused", "segment 7, element 2, component 1 with 39: the value is too long"];
        let findings = findings.map(str::to_owned).to_vec();
        let said = Said::SyntaxRefused { reference: "ACME01".to_owned(), findings };
        assert_eq!(hear(SYNTAX), [Heard { about: "ACME01".to_owned(), said }]);
    }

    #[test]
    fn every_segment_of_an_answer_has_its_words() {
        let mut out = b"accepted:\n".to_vec();
        write_answer(&mut out, Paint::NONE, ACCEPTED).unwrap();
        expect_test::expect![[r#"
            accepted:
              UNB+UNOC:3+LODGED+ACMEFWD:ZZ+261121:2045+00000000000002'        from LODGED to ACMEFWD
              UNH+1+CUSRES:D:96B:UN'                                          a CUSRES begins
              BGM+961+ACME-1+11+AP'                                           the declaration ACME-1 is accepted
              DTM+148:202611212045UTC:303'                                    moment of acceptance
              GIS+1'                                                          content accepted
              RFF+ABT:AB1234202611211'                                        PROOF OF REPORT
              RFF+ACW:ACME01'                                                 the interchange that is answered
              RFF+AGO:1'                                                      the message that is answered
              UNT+8+1'                                                        it ends, 8 segments
              UNZ+1+00000000000002'                                           end of interchange 00000000000002
        "#]]
        .assert_eq(&String::from_utf8(out).unwrap());
    }

    #[test]
    fn the_guide_says_what_a_declaration_states() {
        let sample = include_bytes!("../../testdata/export-original.edi");
        let rulebook =
            crate::daemon::load_rulebook(&crate::config::Config::default(), jiff::tz::TimeZone::UTC).unwrap();
        let mut out = Vec::new();
        write_declaration(&mut out, Paint::NONE, sample, &rulebook).unwrap();
        let said = String::from_utf8(out).unwrap();
        let line = |start: &str| said.lines().find(|line| line.trim_start().starts_with(start)).unwrap();
        assert!(line("RFF+ABP:AB1234'").ends_with("  Exporter's authorization ID"));
        assert!(line("UNH+1").ends_with("  a CUSDEC begins"));
        assert!(said.contains("Exporter's business number · Exporter's name · Exporter's street · …"));
    }
}
