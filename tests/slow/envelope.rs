//! Segments to envelopes (ISO 9735-1, clause on the structure of an interchange; ISO 9735-4, the codes of 0085 and the
//! levels that report them): UNB, UNG, UNH, UNT, UNO, UNP, UNE, UNZ with their order, references and counts, and
//! characters outside the repertoire.

use std::collections::BTreeSet;

use lodged::edifact::{ElementPlace, Place, ServiceTag};

use super::reader::{Characters, Component, DEFAULT, Segment, segments};
use super::repertoire;

/// What is wrong (0085), where CONTRL says so, and the byte that shows it.
pub(crate) type Finding = (usize, u8, Place);

/// One message, or one package of syntax 4: which functional group it stands in, and its segments.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) reference: String,
    /// Type, version, release, agency, association (S009).
    pub(crate) kind: [String; 5],
    pub(crate) group: Option<u32>,
    pub(crate) segments: Vec<usize>,
    /// What the object of a package relates to (S020: qualifier, identification); none for a message.
    pub(crate) package: Option<[String; 2]>,
}

/// One functional group: its reference and its UNG and UNE.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) reference: String,
    pub(crate) segments: Vec<usize>,
}

/// One interchange, read slowly.
#[derive(Debug)]
pub(crate) struct Interchange<'a> {
    bytes: &'a [u8],
    pub(crate) characters: Characters,
    pub(crate) segments: Vec<Segment>,
    pub(crate) repertoire: &'static str,
    pub(crate) version: u8,
    pub(crate) groups: Vec<Group>,
    pub(crate) messages: Vec<Message>,
    pub(crate) trailer: Option<usize>,
    pub(crate) findings: Vec<Finding>,
    /// What is open: a message, a functional group.
    is_message_open: bool,
    is_group_open: bool,
    has_bare_message: bool,
    /// Where CONTRL reports each segment; none for those of packages, which are not looked at.
    places: Vec<Option<Place>>,
}

/// The tags of security segments.
const SECURITY: [&str; 13] =
    ["USA", "USB", "USC", "USD", "USE", "USF", "USH", "USL", "USR", "UST", "USU", "USX", "USY"];

/// The interchange as a whole.
const WHOLE: Place = Place::Interchange { segment: None, element: None };

impl<'a> Interchange<'a> {
    /// Reads from UNA or UNB to UNZ; none without a readable UNB in front.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let has_una = bytes.starts_with(b"UNA");
        let advised = if has_una { Characters::of_una(bytes) } else { Some(DEFAULT) };
        let from = if has_una { 9 } else { 0 };
        // Where UNA cannot be used, everything is as if there were none.
        let without_repetitions = Characters { repetition: None, ..advised.unwrap_or(DEFAULT) };
        let repetition = match advised {
            Some(advised) if has_una => advised.repetition,
            _ => Some(b'*'),
        };
        let with_repetitions = Characters { repetition, ..without_repetitions };
        let first = |characters: &Characters| segments(characters, bytes, from).into_iter().next();
        let value = |header: &Segment, component| header.at(2, component).map(|found| found.value.clone());
        // Repetitions came with syntax 4: an interchange is of syntax 4 when UNB says so as syntax 4 reads it.
        let is_syntax_4 = value(&first(&with_repetitions)?, 2).is_some_and(|version| version == b"4");
        let characters = if is_syntax_4 { with_repetitions } else { without_repetitions };
        let header = first(&characters)?;
        if header.tag(bytes) != Some("UNB") {
            return None;
        }
        let (named, version) = (value(&header, 1).unwrap_or_default(), value(&header, 2).unwrap_or_default());
        let repertoire = repertoire::NAMES.into_iter().find(|name| name.as_bytes() == named);
        let older = [1, 2, 3].into_iter().find(|number| version == number.to_string().as_bytes());
        let number = if is_syntax_4 { Some(4) } else { older };
        let mut interchange = Self {
            bytes,
            characters,
            segments: segments(&characters, bytes, from),
            repertoire: repertoire.unwrap_or("UNOA"),
            version: number.unwrap_or(3),
            groups: Vec::new(),
            messages: Vec::new(),
            trailer: None,
            findings: Vec::new(),
            is_message_open: false,
            is_group_open: false,
            has_bare_message: false,
            places: Vec::new(),
        };
        interchange.judge_una(advised.is_some());
        let at = header.elements.get(1).map_or(header.start, |element| element[0][0].start);
        let unb = |component| interchange_place(ServiceTag::Unb, Some(ElementPlace::component(2, component)));
        if repertoire.is_none() {
            interchange.findings.push((at, 46, unb(1)));
        }
        if number.is_none() {
            interchange.findings.push((at, 2, unb(2)));
        }
        interchange.walk();
        if repertoire.is_some() {
            interchange.judge_characters();
        }
        interchange.findings.sort();
        Some(interchange)
    }

    /// UNA's characters can all be used, and its decimal mark is one; syntax 4 does not look at that.
    fn judge_una(&mut self, is_usable: bool) {
        let has_mark = self.characters.mark == b'.' || self.characters.mark == b',';
        if !is_usable {
            self.findings.push((0, 20, interchange_place(ServiceTag::Una, None)));
        } else if self.version < 4 && !has_mark {
            self.findings.push((0, 19, interchange_place(ServiceTag::Una, None)));
        }
    }

    /// The text of a component of a segment's first repetition; empty when there is none.
    pub(crate) fn text(&self, segment: usize, element: usize, component: usize) -> String {
        let found = self.segments[segment].at(element, component);
        found.map(|found| repertoire::text(self.repertoire, &found.value)).unwrap_or_default()
    }

    fn walk(&mut self) {
        self.places.push(Some(interchange_place(ServiceTag::Unb, None)));
        while self.places.len() < self.segments.len() {
            let index = self.places.len();
            let tag = self.segments[index].tag(self.bytes);
            let mended = if tag.is_none() { self.mended_tag(index) } else { None };
            let place = match tag.or(mended) {
                Some("UNG") => self.begin_group(index),
                Some("UNH") => self.begin_message(index),
                Some("UNO") if !self.is_message_open && self.version == 4 => {
                    self.skip_package(index);
                    continue;
                }
                Some("UNT") if self.is_message_open => self.end_message(index),
                Some("UNE") if self.is_group_open => self.end_group(index),
                Some("UNZ") => self.end_interchange(index),
                _ if self.is_message_open => {
                    let message = self.messages.last_mut().unwrap();
                    message.segments.push(index);
                    let position = u32::try_from(message.segments.len()).unwrap();
                    Place::Segment { message: self.message(), position, element: None }
                }
                _ => self.judge_stray(index, tag),
            };
            if mended.is_some() {
                self.report(index, 22, place.with_element(ElementPlace::element(1)));
            }
            self.places.push(Some(place));
            if self.trailer.is_some() {
                self.judge_rest(index);
                return;
            }
        }
        let last = self.segments.len() - 1;
        self.abandon_message(last);
        self.abandon_group(last);
        self.report(last, 13, interchange_place(ServiceTag::Unz, None));
    }

    /// A header or trailer of the envelope behind whose tag another sign stands than a separator. One that opens nothing
    /// and closes nothing here, and UNT, which is the message's to judge, is left as it came.
    fn mended_tag(&self, index: usize) -> Option<&'a str> {
        let tag = self.segments[index].tag_before_another_sign(self.bytes, &self.characters)?;
        (["UNG", "UNH", "UNZ"].contains(&tag) || (tag == "UNE" && self.is_group_open)).then_some(tag)
    }

    /// The interchange ends at UNZ: nothing behind it is read, and its first byte that is no line break shows it.
    fn judge_rest(&mut self, trailer: usize) {
        let behind = self.segments[trailer].end + 1;
        let is_break = |byte: &u8| *byte == b'\r' || *byte == b'\n';
        if let Some(at) = self.bytes[behind..].iter().position(|byte| !is_break(byte)) {
            self.findings.push((behind + at, 33, WHOLE));
        }
        self.segments.truncate(trailer + 1);
    }

    /// A segment that stands in no message. Security segments (ISO 9735-5, -6, -7 and -9) have codes of their own: in the
    /// older versions everywhere, in syntax 4 in a functional group.
    fn judge_stray(&mut self, index: usize, tag: Option<&str>) -> Place {
        let place = if self.is_group_open { group_place(self.group(), None) } else { WHOLE };
        let is_security = tag.is_some_and(|tag| SECURITY.contains(&tag));
        let code = match (is_security, self.version < 4, self.is_group_open) {
            (true, true, _) => 27,
            (true, false, true) => 47,
            _ => 33,
        };
        self.report(index, code, place);
        place
    }

    /// A package (ISO 9735-8): UNO, an object of any bytes, UNP. It is refused, and nothing in it is looked at.
    fn skip_package(&mut self, index: usize) {
        let end = self.end_of_object(index).or_else(|| {
            (index + 1..self.segments.len()).find(|behind| self.segments[*behind].tag(self.bytes) == Some("UNP"))
        });
        let segments: Vec<usize> = (index..=end.unwrap_or(index)).collect();
        let group = self.is_group_open.then(|| self.group());
        self.places.extend(segments.iter().map(|_| None));
        let (reference, package) = (self.text(index, 2, 1), [1, 2].map(|component| self.text(index, 3, component)));
        self.messages.push(Message { reference, kind: Default::default(), group, segments, package: Some(package) });
        self.has_bare_message |= group.is_none();
        self.judge_mixing(index);
        self.report(index, 47, message_place(self.message(), Some(ServiceTag::Uno)));
        if end.is_none() {
            self.report(index, 13, message_place(self.message(), Some(ServiceTag::Unp)));
        }
    }

    /// The segment that ends UNP, where UNO says how long the object is (0810) and how many segments stand in front of it
    /// (0814): UNP follows the last octet of the object without anything between.
    fn end_of_object(&self, index: usize) -> Option<usize> {
        let number = |component| {
            let text = self.text(index, 5, component);
            if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse::<usize>().ok() } else { None }
        };
        let before = self.segments.get(index.checked_add(number(2).unwrap_or(0))?)?;
        let trailer = number(1)?.checked_add(before.end + 1)?;
        let stands_there = self.bytes.get(trailer..)?.starts_with(b"UNP");
        let last = (index..self.segments.len()).find(|at| self.segments[*at].end > trailer);
        if stands_there { last } else { None }
    }

    /// The number of the last message, from 0.
    fn message(&self) -> u32 {
        u32::try_from(self.messages.len() - 1).unwrap()
    }

    /// The number of the last functional group, from 0.
    fn group(&self) -> u32 {
        u32::try_from(self.groups.len() - 1).unwrap()
    }

    fn report(&mut self, segment: usize, code: u8, place: Place) {
        self.findings.push((self.segments[segment].start, code, place));
    }

    fn report_element(&mut self, segment: usize, element: u16, code: u8, place: Place) {
        let at = self.segments[segment].elements[usize::from(element) - 1][0][0].start;
        self.findings.push((at, code, place.with_element(ElementPlace::element(element))));
    }

    fn begin_group(&mut self, index: usize) -> Place {
        self.abandon_message(index);
        self.abandon_group(index);
        let reference = self.text(index, 6, 1);
        let is_used = !reference.is_empty() && self.groups.iter().any(|group| group.reference == reference);
        self.groups.push(Group { reference, segments: vec![index] });
        self.is_group_open = true;
        let place = group_place(self.group(), Some(ServiceTag::Ung));
        self.judge_mixing(index);
        if is_used {
            self.report_element_or_segment(index, 6, 26, place);
        }
        place
    }

    fn begin_message(&mut self, index: usize) -> Place {
        self.abandon_message(index);
        let group = self.is_group_open.then(|| self.group());
        let reference = self.text(index, 2, 1);
        let kind = [1, 2, 3, 4, 5].map(|component| self.text(index, 3, component));
        let mut before = self.messages.iter().filter(|before| before.package.is_none() && before.group == group);
        let is_used = !reference.is_empty() && before.clone().any(|before| before.reference == reference);
        // A message without a type is of no other type; and it is told once of each functional group.
        let is_other = |before: &Message| !before.kind[0].is_empty() && before.kind[0] != kind[0];
        let is_of_another_kind = group.is_some() && !kind[0].is_empty() && before.any(is_other);
        let ung = self.is_group_open.then(|| group_place(self.group(), Some(ServiceTag::Ung)));
        let is_told = self.findings.iter().any(|(_, code, place)| *code == 31 && Some(*place) == ung);
        self.messages.push(Message { reference, kind, group, segments: vec![index], package: None });
        self.is_message_open = true;
        self.has_bare_message |= group.is_none();
        self.judge_mixing(index);
        let place = message_place(self.message(), Some(ServiceTag::Unh));
        if is_used {
            self.report_element_or_segment(index, 2, 26, place);
        }
        if is_of_another_kind && self.version < 4 && !is_told {
            self.report(index, 31, group_place(self.group(), Some(ServiceTag::Ung)));
        }
        place
    }

    /// An interchange has functional groups or messages outside of them, not both; it is said once.
    fn judge_mixing(&mut self, index: usize) {
        let is_said = self.findings.iter().any(|(_, code, _)| *code == 30);
        if self.has_bare_message && !self.groups.is_empty() && !is_said {
            self.report(index, 30, WHOLE);
        }
    }

    fn end_message(&mut self, index: usize) -> Place {
        self.is_message_open = false;
        let place = message_place(self.message(), Some(ServiceTag::Unt));
        let message = self.messages.last_mut().unwrap();
        message.segments.push(index);
        let (count, reference) = (message.segments.len(), message.reference.clone());
        self.judge_trailer(index, place, count, &reference);
        place
    }

    fn end_group(&mut self, index: usize) -> Place {
        self.abandon_message(index);
        self.is_group_open = false;
        let number = self.group();
        let count = self.messages.iter().filter(|message| message.group == Some(number)).count();
        let group = self.groups.last_mut().unwrap();
        group.segments.push(index);
        let (reference, place) = (group.reference.clone(), group_place(number, Some(ServiceTag::Une)));
        self.judge_trailer(index, place, count, &reference);
        if count == 0 {
            self.report(index, 32, group_place(number, Some(ServiceTag::Ung)));
        }
        place
    }

    fn end_interchange(&mut self, index: usize) -> Place {
        self.abandon_message(index);
        self.abandon_group(index);
        self.trailer = Some(index);
        let count = if self.groups.is_empty() { self.messages.len() } else { self.groups.len() };
        let (place, reference) = (interchange_place(ServiceTag::Unz, None), self.text(0, 6, 1));
        self.judge_trailer(index, place, count, &reference);
        if count == 0 {
            self.report(index, 32, WHOLE);
        }
        place
    }

    /// A trailer counts what came and repeats the reference of its header. What it leaves out is not judged here.
    fn judge_trailer(&mut self, index: usize, place: Place, count: usize, reference: &str) {
        let stated = self.text(index, 2, 1);
        if !stated.is_empty() {
            let is_number = stated.chars().all(|one| one.is_ascii_digit());
            if !is_number || stated.parse() != Ok(count) {
                self.report_element(index, 2, 29, place);
            }
        }
        let repeated = self.text(index, 3, 1);
        if !repeated.is_empty() && repeated != reference {
            self.report_element(index, 3, 28, place);
        }
    }

    /// Where the element is missing, the segment shows it.
    fn report_element_or_segment(&mut self, index: usize, element: u16, code: u8, place: Place) {
        if self.segments[index].elements.len() < usize::from(element) {
            self.report(index, code, place.with_element(ElementPlace::element(element)));
        } else {
            self.report_element(index, element, code, place);
        }
    }

    fn abandon_message(&mut self, index: usize) {
        if self.is_message_open {
            self.is_message_open = false;
            self.report(index, 13, message_place(self.message(), Some(ServiceTag::Unt)));
        }
    }

    fn abandon_group(&mut self, index: usize) {
        if self.is_group_open {
            self.is_group_open = false;
            self.report(index, 13, group_place(self.group(), Some(ServiceTag::Une)));
        }
    }

    /// One finding for each component that holds something else than characters of the repertoire.
    fn judge_characters(&mut self) {
        for (segment, place) in self.segments.iter().zip(&self.places) {
            let Some(place) = place else { continue };
            for (element, number) in segment.elements.iter().zip(1u16..) {
                for (repetition, occurrence) in element.iter().zip(1u32..) {
                    for (component, position) in repetition.iter().zip(1u16..) {
                        let Some(at) = self.first_wrong(component) else { continue };
                        let place = place.with_element(ElementPlace {
                            element: number,
                            component: (number > 1).then_some(position),
                            occurrence: self.characters.repetition.map(|_| occurrence),
                        });
                        self.findings.push((at, 21, place));
                    }
                }
            }
        }
    }

    /// Where the first byte of a component stands that is no character.
    fn first_wrong(&self, component: &Component) -> Option<usize> {
        let raw = &self.bytes[component.start..component.end];
        let characters = &self.characters;
        let separators = [Some(characters.component), Some(characters.element), Some(characters.terminator)];
        let is_service = |byte: u8| {
            separators.contains(&Some(byte)) || Some(byte) == characters.release || Some(byte) == characters.repetition
        };
        let outside = raw.iter().position(|byte| !repertoire::allows(self.repertoire, *byte) && !is_service(*byte));
        let broken = if self.repertoire == "UNOY" { repertoire::first_broken(raw) } else { None };
        let first: BTreeSet<usize> = outside.into_iter().chain(broken).collect();
        first.first().map(|at| component.start + at)
    }
}

fn interchange_place(segment: ServiceTag, element: Option<ElementPlace>) -> Place {
    Place::Interchange { segment: Some(segment), element }
}

fn group_place(group: u32, segment: Option<ServiceTag>) -> Place {
    Place::FunctionalGroup { group, segment, element: None }
}

fn message_place(message: u32, segment: Option<ServiceTag>) -> Place {
    Place::Message { message, segment, element: None }
}
