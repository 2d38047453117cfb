//! The walk over the segments that finds the envelopes, and what is wrong with them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::slice;
use std::sync::Arc;

use super::references::References;
use super::segments::{count, skip_line_breaks};
use super::{FunctionalGroup, Interchange, Message, PackageReference};
use crate::edifact::envelope::{MessageType, PartyId, SyntaxVersion, texts};
use crate::edifact::finding::{ElementPlace, Place, ServiceTag, SyntaxError, SyntaxFinding, finding};
use crate::edifact::segment::{Segment, Tag};

/// Most findings about the envelopes and characters of one interchange: one of nothing but mistakes must not cost more
/// memory than its bytes.
pub(super) const FINDINGS_MAX: usize = 1_000;

const NO_SECURITY: &str = "security segments are not processed";
const WRONG_SEPARATOR: &str = "what stands behind the tag is no service character of this interchange";

/// Takes a finding, up to the limit. The last one refuses the interchange as a whole: what was left out could have
/// refused any of its messages.
pub(super) fn take(findings: &mut Vec<SyntaxFinding>, found: SyntaxFinding) {
    if findings.len() + 1 < FINDINGS_MAX {
        findings.push(found);
    } else if findings.len() < FINDINGS_MAX {
        let place = Place::Interchange { segment: None, element: None };
        let detail = format!("more than {FINDINGS_MAX} mistakes were found; the rest is left out");
        findings.push(finding(SyntaxError::Unspecified, place, found.span, &detail));
    }
}

/// Finds the groups and messages of an interchange whose segments are known, and adds what is wrong with them. `services`
/// says which segments begin as those of the envelopes do ([`Divided`](super::segments::Divided)).
pub(super) fn walk<'a>(
    interchange: Interchange<'a>,
    services: &[u32],
    findings: Vec<SyntaxFinding>,
) -> (Interchange<'a>, Vec<SyntaxFinding>) {
    let mut walk = Walk {
        services: services.iter(),
        interchange,
        findings,
        open: Open::default(),
        groups: HashSet::new(),
        references: References::default(),
        package_end: 0,
        is_package_open: false,
    };
    walk.run();
    (walk.interchange, walk.findings)
}

/// What is open at a point of the walk.
#[derive(Default)]
struct Open {
    message: bool,
    group: bool,
    /// Which message types the open functional group has.
    types: Types,
    /// Whether groups and messages are mixed.
    mixing: Mixing,
}

/// An interchange has functional groups, or messages outside of them, not both.
#[derive(Default, PartialEq, Eq)]
enum Mixing {
    /// No message stood outside a functional group.
    #[default]
    None,
    /// A message did; a functional group would mix them.
    BareMessage,
    /// They are mixed, which is said once.
    Reported,
}

/// A functional group has messages of one type before syntax 4.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Types {
    /// No message has said its type.
    #[default]
    None,
    /// Those that did have the type of this message.
    One(usize),
    /// There are several, which is said once.
    Reported,
}

/// Where trailers say their count and their reference: UNT, UNE and UNZ alike.
const TRAILER: [(u16, u16); 2] = [(2, 1), (3, 1)];

/// What is wrong with a trailer: the code, the element and the words.
type TrailerFaults = [Option<(SyntaxError, u16, String)>; 2];

/// A trailer repeats the reference of its header and counts what came between.
fn trailer_faults([said, repeated]: [Cow<'_, str>; 2], counted: usize, reference: &str, what: &str) -> TrailerFaults {
    let is_number = said.bytes().all(|byte| byte.is_ascii_digit());
    let is_other = !said.is_empty() && (!is_number || said.parse() != Ok(counted));
    let count = || (SyntaxError::CountDoesNotMatch, 2, format!("{said} {what} were announced, {counted} arrived"));
    let is_unlike = !repeated.is_empty() && repeated != reference;
    let unlike = || (SyntaxError::ReferencesDoNotMatch, 3, format!("the header has {reference}"));
    [is_other.then(count), is_unlike.then(unlike)]
}

/// The walk over the segments that finds the envelopes.
struct Walk<'a, 's> {
    /// Those that were not met yet.
    services: slice::Iter<'s, u32>,
    interchange: Interchange<'a>,
    findings: Vec<SyntaxFinding>,
    open: Open,
    /// The references of functional groups that are in use.
    groups: HashSet<Cow<'a, str>>,
    /// Those of messages.
    references: References,
    /// Behind the last package: what lies before it is not looked at.
    package_end: usize,
    /// A package had no UNP, so that none after it can have one.
    is_package_open: bool,
}

impl<'a> Walk<'a, '_> {
    fn run(&mut self) {
        let mut next = 1;
        loop {
            let index = self.skip_inside(next);
            let Some(segment) = self.interchange.segment(index) else { break };
            next = index + 1;
            if self.open.message && !segment.raw().starts_with(b"UN") {
                continue;
            }
            let tag = segment.tag();
            match &tag.0 {
                b"UNG" => self.open_group(index, &segment),
                b"UNH" => self.open_message(index, &segment),
                b"UNT" if self.open.message => self.close_message(index, &segment),
                b"UNE" if self.open.group => self.close_group(index, &segment),
                b"UNZ" => self.close_interchange(index, &segment),
                b"UNO" if self.may_open_package() => self.skip_package(index, &segment),
                _ if tag == Tag::MALFORMED && self.mend_tag(index, &segment) => {}
                _ if self.open.message => {}
                _ => self.report_outside(&segment),
            }
            if self.interchange.trailer.is_some() {
                break;
            }
        }
        match self.interchange.trailer {
            Some(trailer) => self.report_rest(trailer),
            None => self.report_end(),
        }
    }

    /// The next segment that counts from here on: within a package none does, and within a message only those of the
    /// envelopes do, so that nearly all are left out.
    fn skip_inside(&mut self, next: usize) -> usize {
        let next = next.max(self.package_end);
        if !self.open.message || self.interchange.traces.line_breaks {
            return next;
        }
        let found = self.services.find(|index| **index as usize >= next);
        found.map_or(self.interchange.ends.len(), |index| *index as usize)
    }

    fn report(&mut self, error: SyntaxError, place: Place, segment: &Segment<'a>, element: Option<u16>, detail: &str) {
        let span =
            element.and_then(|position| segment.element(position)).map_or(segment.span(), |element| element.span());
        let place = element.map_or(place, |position| place.with_element(ElementPlace::element(position)));
        take(&mut self.findings, finding(error, place, span, detail));
    }

    fn texts<const N: usize>(&self, segment: &Segment<'a>, wanted: [(u16, u16); N]) -> [Cow<'a, str>; N] {
        texts(segment, wanted, self.interchange.envelope.repertoire)
    }

    fn message_place(&self, segment: ServiceTag) -> Place {
        let message = count(self.interchange.messages.len().saturating_sub(1));
        Place::Message { message, segment: Some(segment), element: None }
    }

    fn group_place(&self, segment: ServiceTag) -> Place {
        let group = count(self.interchange.groups.len().saturating_sub(1));
        Place::FunctionalGroup { group, segment: Some(segment), element: None }
    }

    fn open_group(&mut self, index: usize, segment: &Segment<'a>) {
        self.leave_message(index, segment);
        self.leave_group(segment);
        let party = |position| PartyId::read(segment, position, self.interchange.envelope.repertoire);
        let [reference] = self.texts(segment, [(6, 1)]);
        let group = FunctionalGroup {
            reference: reference.clone().into_owned(),
            sender: Some(party(3)).filter(|party| !party.identification.is_empty()),
            recipient: Some(party(4)).filter(|party| !party.identification.is_empty()),
            header: index,
            trailer: None,
        };
        // One that is left out is missing, and not the one that was left out before.
        let is_new = reference.is_empty() || self.groups.insert(reference);
        self.interchange.groups.push(group);
        self.open.group = true;
        self.open.types = Types::None;
        self.report_mixed(segment);
        if !is_new {
            self.report(SyntaxError::Duplicate, self.group_place(ServiceTag::Ung), segment, Some(6), "");
        }
    }

    fn open_message(&mut self, index: usize, segment: &Segment<'a>) {
        self.leave_message(index, segment);
        let [reference, kind, version, release, agency, association] =
            self.texts(segment, [(2, 1), (3, 1), (3, 2), (3, 3), (3, 4), (3, 5)]);
        let group = self.open.group.then(|| count(self.interchange.groups.len().saturating_sub(1)));
        let last = self.interchange.messages.last();
        let is_again = |last: &&Arc<MessageType>| {
            last.kind == kind
                && last.version == version
                && last.release == release
                && last.agency == agency
                && last.association.as_deref().unwrap_or_default() == association
        };
        let kind = last.map(|last| &last.kind).filter(is_again).cloned().unwrap_or_else(|| {
            Arc::new(MessageType {
                association: (!association.is_empty()).then(|| association.into_owned()),
                kind: kind.into_owned(),
                version: version.into_owned(),
                release: release.into_owned(),
                agency: agency.into_owned(),
            })
        });
        let reference = reference.into();
        let message = Message { reference, kind, group, package: None, first: index, end: index + 1 };
        let is_new = self.references.are_new_with(&message, &self.interchange.messages);
        self.interchange.messages.push(message);
        self.open.message = true;
        if group.is_none() && self.open.mixing == Mixing::None {
            self.open.mixing = Mixing::BareMessage;
        }
        self.report_mixed(segment);
        if !is_new {
            self.report(
                SyntaxError::Duplicate,
                self.message_place(ServiceTag::Unh),
                segment,
                Some(2),
                "a message before it has the same reference",
            );
        }
        self.report_types(segment);
    }

    /// The last message is of another type than those before it in its functional group.
    fn report_types(&mut self, segment: &Segment<'a>) {
        let messages = &self.interchange.messages;
        let kind = |index: usize| messages.get(index).map_or("", |message| &message.kind.kind);
        let last = messages.len().saturating_sub(1);
        if !self.open.group || self.interchange.envelope.version == SyntaxVersion::V4 || kind(last).is_empty() {
            return;
        }
        match self.open.types {
            Types::None => self.open.types = Types::One(last),
            Types::One(first) if kind(first) != kind(last) => {
                self.open.types = Types::Reported;
                self.report(SyntaxError::MoreThanOneMessageType, self.group_place(ServiceTag::Ung), segment, None, "");
            }
            Types::One(_) | Types::Reported => {}
        }
    }

    /// Packages are of syntax 4, and stand where messages may.
    fn may_open_package(&self) -> bool {
        !self.open.message && self.interchange.envelope.version == SyntaxVersion::V4
    }

    /// UNO to UNP hold an object of any bytes: the package is refused, and the object not looked at.
    fn skip_package(&mut self, index: usize, segment: &Segment<'a>) {
        let group = self.open.group.then(|| count(self.interchange.groups.len().saturating_sub(1)));
        let [reference, qualifier, identification] = self.texts(segment, [(2, 1), (3, 1), (3, 2)]).map(Cow::into_owned);
        let package = PackageReference { qualifier, identification };
        let trailer = self.trailer_behind_object(index, segment).or_else(|| self.next_trailer(index));
        let end = trailer.unwrap_or(index) + 1;
        let (kind, package) = (Arc::new(MessageType::default()), Some(Box::new(package)));
        let reference = reference.into();
        self.interchange.messages.push(Message { reference, kind, group, package, first: index, end });
        self.package_end = end;
        if group.is_none() && self.open.mixing == Mixing::None {
            self.open.mixing = Mixing::BareMessage;
        }
        self.report_mixed(segment);
        let place = self.message_place(ServiceTag::Uno);
        self.report(SyntaxError::UnsupportedEnvelope, place, segment, None, "packages (UNO to UNP) are not processed");
        if trailer.is_none() {
            self.is_package_open = true;
            let place = self.message_place(ServiceTag::Unp);
            self.report(SyntaxError::Missing, place, segment, None, "UNP is missing behind this segment");
        }
    }

    /// The segment that ends with UNP where UNO says that its object ends (0810 octets). UNP follows the object without a
    /// terminator, so that its segment may begin inside the object.
    fn trailer_behind_object(&self, index: usize, segment: &Segment<'a>) -> Option<usize> {
        let number = |text: Cow<'_, str>| text.parse::<usize>().ok().filter(|_| !text.starts_with('+'));
        let [length, between] = self.texts(segment, [(5, 1), (5, 2)]).map(number);
        let last = index.checked_add(between.unwrap_or_default())?; // 0814: segments between UNO and the object.
        let object = self.interchange.segment(last)?.span().end + 1;
        let trailer = object.checked_add(length?)?;
        let is_trailer = self.interchange.bytes.get(trailer..)?.starts_with(b"UNP");
        let found = self.interchange.ends.partition_point(|end| *end as usize <= trailer);
        // What has no terminator is no segment.
        (is_trailer && found < self.interchange.ends.len()).then_some(found)
    }

    /// The next segment that is UNP; where there was none, there is none further on.
    fn next_trailer(&self, index: usize) -> Option<usize> {
        let is_trailer = |at: &usize| self.interchange.segment(*at).is_some_and(|at| at.tag() == Tag(*b"UNP"));
        let further = if self.is_package_open { 0..0 } else { index + 1..self.interchange.ends.len() };
        further.into_iter().find(is_trailer)
    }

    /// A service tag with something behind it that is no service character (0085 = 22): it is taken for the tag that it
    /// begins with, so that one wrong character does not take the envelope apart. Says whether it was one.
    fn mend_tag(&mut self, index: usize, segment: &Segment<'a>) -> bool {
        let Some(tag) = segment.tag_with_wrong_separator() else { return false };
        let place = match &tag.0 {
            b"UNG" => {
                self.open_group(index, segment);
                self.group_place(ServiceTag::Ung)
            }
            b"UNE" if self.open.group => {
                self.close_group(index, segment);
                self.group_place(ServiceTag::Une)
            }
            b"UNH" => {
                self.open_message(index, segment);
                self.message_place(ServiceTag::Unh)
            }
            b"UNZ" => {
                self.close_interchange(index, segment);
                Place::Interchange { segment: Some(ServiceTag::Unz), element: None }
            }
            _ => return false,
        };
        self.report(SyntaxError::InvalidServiceUse, place, segment, Some(1), WRONG_SEPARATOR);
        true
    }

    fn close_message(&mut self, index: usize, segment: &Segment<'a>) {
        self.open.message = false;
        let said = self.texts(segment, TRAILER);
        let Some(message) = self.interchange.messages.last_mut() else { return };
        message.end = index + 1;
        let counted = message.end - message.first;
        let faults = trailer_faults(said, counted, &message.reference, "segments");
        self.report_trailer(faults, self.message_place(ServiceTag::Unt), segment);
    }

    fn close_group(&mut self, index: usize, segment: &Segment<'a>) {
        self.leave_message(index, segment);
        self.open.group = false;
        let number = count(self.interchange.groups.len().saturating_sub(1));
        // They are the last ones: looking through all would cost an interchange of many groups its square.
        let messages = self.interchange.messages.iter().rev();
        let counted = messages.take_while(|message| message.group == Some(number)).count();
        let said = self.texts(segment, TRAILER);
        let Some(group) = self.interchange.groups.last_mut() else { return };
        group.trailer = Some(index);
        let faults = trailer_faults(said, counted, &group.reference, "messages");
        self.report_trailer(faults, self.group_place(ServiceTag::Une), segment);
        if counted == 0 {
            self.report(
                SyntaxError::LowerLevelEmpty,
                self.group_place(ServiceTag::Ung),
                segment,
                None,
                "the functional group has no message",
            );
        }
    }

    fn close_interchange(&mut self, index: usize, segment: &Segment<'a>) {
        self.leave_message(index, segment);
        self.leave_group(segment);
        self.interchange.trailer = Some(index);
        let place = Place::Interchange { segment: Some(ServiceTag::Unz), element: None };
        let (groups, messages) = (self.interchange.groups.len(), self.interchange.messages.len());
        let (counted, what) = if groups > 0 { (groups, "functional groups") } else { (messages, "messages") };
        let said = self.texts(segment, TRAILER);
        let faults = trailer_faults(said, counted, &self.interchange.envelope.reference.0, what);
        self.report_trailer(faults, place, segment);
        if groups + messages == 0 {
            let place = Place::Interchange { segment: None, element: None };
            self.report(SyntaxError::LowerLevelEmpty, place, segment, None, "the interchange has no message");
        }
    }

    /// The interchange ends at UNZ: what stands behind it is no part of it, and is not read.
    fn report_rest(&mut self, trailer: usize) {
        let Some(behind) = self.interchange.segment(trailer).map(|trailer| trailer.span().end + 1) else { return };
        let bytes = self.interchange.bytes;
        let start = skip_line_breaks(bytes, behind);
        if start < bytes.len() {
            let end = self.interchange.segment(trailer + 1).map_or(bytes.len(), |next| next.span().end);
            let place = Place::Interchange { segment: None, element: None };
            let detail = "the interchange ends at UNZ; nothing behind it was read";
            take(&mut self.findings, finding(SyntaxError::OutsideMessage, place, start..end, detail));
        }
        self.interchange.ends.truncate(trailer + 1);
    }

    fn report_trailer(&mut self, faults: TrailerFaults, place: Place, segment: &Segment<'a>) {
        for (error, element, detail) in faults.into_iter().flatten() {
            self.report(error, place, segment, Some(element), &detail);
        }
    }

    /// Another envelope begins or ends while a message is open: its UNT is missing.
    fn leave_message(&mut self, index: usize, segment: &Segment<'a>) {
        if !std::mem::take(&mut self.open.message) {
            return;
        }
        if let Some(message) = self.interchange.messages.last_mut() {
            message.end = index;
        }
        let place = self.message_place(ServiceTag::Unt);
        self.report(SyntaxError::Missing, place, segment, None, "UNT is missing before this segment");
    }

    fn leave_group(&mut self, segment: &Segment<'a>) {
        if std::mem::take(&mut self.open.group) {
            let place = self.group_place(ServiceTag::Une);
            self.report(SyntaxError::Missing, place, segment, None, "UNE is missing before this segment");
        }
    }

    fn report_mixed(&mut self, segment: &Segment<'a>) {
        if self.open.mixing == Mixing::BareMessage && !self.interchange.groups.is_empty() {
            self.open.mixing = Mixing::Reported;
            let place = Place::Interchange { segment: None, element: None };
            self.report(SyntaxError::GroupsAndMessagesMixed, place, segment, None, "");
        }
    }

    /// What stands outside of messages: nobody's segment, or a security segment (ISO 9735-5) of group or interchange.
    fn report_outside(&mut self, segment: &Segment<'a>) {
        let (group, is_older) = (self.open.group, self.interchange.envelope.version < SyntaxVersion::V4);
        let (error, detail) = match (segment.tag().is_security(), is_older, group) {
            (true, true, _) => (SyntaxError::SecurityNotSupported, NO_SECURITY),
            (true, false, true) => (SyntaxError::UnsupportedEnvelope, NO_SECURITY),
            _ if matches!(&segment.tag().0, b"UNO" | b"UNP") => {
                (SyntaxError::OutsideMessage, "packages (UNO to UNP) are not processed")
            }
            _ => (SyntaxError::OutsideMessage, ""),
        };
        let place = if group {
            let group = count(self.interchange.groups.len().saturating_sub(1));
            Place::FunctionalGroup { group, segment: None, element: None }
        } else {
            Place::Interchange { segment: None, element: None }
        };
        self.report(error, place, segment, None, detail);
    }

    /// The bytes have ended: what is still open lacks its trailer.
    fn report_end(&mut self) {
        let Some(last) = self.interchange.segment(self.interchange.ends.len().saturating_sub(1)) else { return };
        let end = self.interchange.ends.len();
        self.leave_message(end, &last);
        self.leave_group(&last);
        let rest = self.interchange.bytes.get(last.span().end + 1..).unwrap_or_default();
        let has_rest = rest.iter().any(|byte| !matches!(byte, b'\r' | b'\n'));
        let detail = if has_rest { "the last segment has no terminator" } else { "UNZ is missing at the end" };
        let place = Place::Interchange { segment: Some(ServiceTag::Unz), element: None };
        self.report(SyntaxError::Missing, place, &last, None, detail);
    }
}
