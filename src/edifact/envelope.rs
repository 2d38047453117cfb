//! What UNB says: syntax, sender and recipient, references and requests; and what UNH says that a message is.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::finding::{ElementPlace, Place, ServiceTag, SyntaxError, SyntaxFinding, finding};
use super::repertoire::Repertoire;
use super::segment::Segment;

/// The version of the syntax rules (0002).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are their numbers")]
pub enum SyntaxVersion {
    V1,
    V2,
    V3,
    V4,
}

impl SyntaxVersion {
    /// The version of this number.
    #[must_use]
    pub fn read(number: &[u8]) -> Option<Self> {
        match number {
            b"1" => Some(Self::V1),
            b"2" => Some(Self::V2),
            b"3" => Some(Self::V3),
            b"4" => Some(Self::V4),
            _ => None,
        }
    }

    /// The digit in UNB.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1",
            Self::V2 => "2",
            Self::V3 => "3",
            Self::V4 => "4",
        }
    }
}

/// What the sender wants to hear back (0031).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum AcknowledgementRequest {
    /// Nothing, unless something is wrong.
    #[default]
    None,
    /// 1: the result of the syntax check.
    Acknowledgement,
    /// 2: that it was received.
    Receipt,
}

impl AcknowledgementRequest {
    /// Whether anything is wanted.
    #[must_use]
    pub fn is_wanted(self) -> bool {
        self != Self::None
    }
}

/// A sender or recipient: identification and qualifier together, with what UNB says beside them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct PartyId {
    /// The identification (0004, 0010, 0040, 0044), an..35.
    pub identification: String,
    /// The qualifier (0007), an..4.
    pub qualifier: Option<String>,
    /// Address for routing (0008, 0014).
    #[serde(default)]
    pub internal: Option<String>,
    /// Syntax 4's second address (0042, 0046).
    #[serde(default)]
    pub internal_sub: Option<String>,
}

impl PartyId {
    /// Whether identification and qualifier agree; addresses for routing say nothing of who it is.
    #[must_use]
    pub fn is_same_party(&self, other: &Self) -> bool {
        self.identification == other.identification && self.qualifier == other.qualifier
    }

    /// The identification and qualifier without addresses.
    #[must_use]
    pub fn without_addresses(&self) -> Self {
        Self { identification: self.identification.clone(), qualifier: self.qualifier.clone(), ..Self::default() }
    }

    /// The party that this element of a header names; empty where there is none.
    pub(super) fn read(header: &Segment<'_>, element: u16, repertoire: Repertoire) -> Self {
        let [identification, qualifier, internal, internal_sub] =
            texts(header, [1, 2, 3, 4].map(|component| (element, component)), repertoire);
        Self {
            identification: identification.into_owned(),
            qualifier: stated(qualifier),
            internal: stated(internal),
            internal_sub: stated(internal_sub),
        }
    }
}

/// The interchange control reference (0020).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ControlReference(pub String);

/// What UNB says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The repertoire (0001); UNOA where the one named is not supported.
    pub repertoire: Repertoire,
    /// The syntax version (0002); 3 where the one named is not known.
    pub version: SyntaxVersion,
    /// Who sent it (S002).
    pub sender: PartyId,
    /// Whom it is for (S003).
    pub recipient: PartyId,
    /// Its reference (0020).
    pub reference: ControlReference,
    /// The application reference (0026).
    pub application_reference: Option<String>,
    /// What the sender wants back (0031).
    pub acknowledgement: AcknowledgementRequest,
    /// The agreement it names (0032).
    pub agreement: Option<String>,
    /// Whether it is practice (0035 = 1).
    pub is_practice: bool,
}

impl Envelope {
    /// Whether an answer can name what it answers: 0020, S002 and S003 are there and fit where UCI copies them.
    #[must_use]
    pub fn can_be_answered(&self) -> bool {
        let fits = |text: &str, length: usize| (1..=length).contains(&text.chars().count());
        fits(&self.reference.0, 14) && fits(&self.sender.identification, 35) && fits(&self.recipient.identification, 35)
    }
}

/// What a message is (S009): the key of the catalogue of grammars.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct MessageType {
    /// Message type (0065), for example CUSDEC.
    pub kind: String,
    /// Version (0052), for example D.
    pub version: String,
    /// Release (0054), for example 96B.
    pub release: String,
    /// Controlling agency (0051), for example UN.
    pub agency: String,
    /// Association assigned code (0057).
    pub association: Option<String>,
}

/// The day of preparation (0017): YYMMDD of this century, or CCYYMMDD in syntax 4; none when the digits are no day.
#[must_use]
pub fn preparation_day(digits: &[u8]) -> Option<Date> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |part: &[u8]| std::str::from_utf8(part).ok()?.parse::<i16>().ok();
    let (year, month_and_day) = digits.split_at_checked(digits.len().checked_sub(4)?)?;
    let year = match year.len() {
        2 => 2000 + number(year)?,
        4 => number(year)?,
        _ => return None,
    };
    let (month, day) = month_and_day.split_at_checked(2)?;
    let small = |part| number(part).and_then(|number| i8::try_from(number).ok());
    Date::new(year, small(month)?, small(day)?).ok()
}

/// A text that is there.
fn stated(text: Cow<'_, str>) -> Option<String> {
    (!text.is_empty()).then(|| text.into_owned())
}

/// The texts of these components, by the positions of element and component; empty where there is none. The first
/// repetition of an element counts.
pub(super) fn texts<'a, const N: usize>(
    segment: &Segment<'a>,
    wanted: [(u16, u16); N],
    repertoire: Repertoire,
) -> [Cow<'a, str>; N] {
    let mut texts = [const { Cow::Borrowed("") }; N];
    for value in segment.values().filter(|value| value.occurrence == 1 && !value.is_empty()) {
        let at = wanted.iter().position(|wanted| *wanted == (value.element, value.component));
        if let Some(text) = at.and_then(|at| texts.get_mut(at)) {
            *text = match value.unreleased() {
                Cow::Borrowed(bytes) => repertoire.decode(bytes),
                Cow::Owned(bytes) => Cow::Owned(repertoire.decode(&bytes).into_owned()),
            };
        }
    }
    texts
}

/// Reads UNB. What of it cannot be supported is a finding; what is left out or too long is the service grammar's.
///
/// A version 4 that is there only as long as nothing repeats (`is_syntax_4` says no) is none.
pub(super) fn read_header(header: &Segment<'_>, is_syntax_4: bool, findings: &mut Vec<SyntaxFinding>) -> Envelope {
    let bytes = |element, component| {
        header.component(element, component).map(|found| found.unreleased().into_owned()).unwrap_or_default()
    };
    let (named_repertoire, named_version) = (bytes(2, 1), bytes(2, 2));
    let version = SyntaxVersion::read(&named_version).filter(|version| is_syntax_4 == (*version == SyntaxVersion::V4));
    let repertoire = Repertoire::read(&named_repertoire);
    let mut unsupported = |error, component| {
        let span = header.element(2).map_or(header.span(), |element| element.span());
        let place =
            Place::Interchange { segment: Some(ServiceTag::Unb), element: Some(ElementPlace::component(2, component)) };
        findings.push(finding(error, place, span, ""));
    };
    if repertoire.is_none() {
        unsupported(SyntaxError::UnsupportedCharacterSet, 1);
    }
    if version.is_none() {
        unsupported(SyntaxError::UnsupportedSyntax, 2);
    }
    let repertoire = repertoire.unwrap_or(Repertoire::Unoa);
    let [reference, application_reference, request, agreement, test_indicator] =
        texts(header, [6, 8, 10, 11, 12].map(|element| (element, 1)), repertoire);
    Envelope {
        repertoire,
        version: version.unwrap_or(SyntaxVersion::V3),
        sender: PartyId::read(header, 3, repertoire),
        recipient: PartyId::read(header, 4, repertoire),
        reference: ControlReference(reference.into_owned()),
        application_reference: stated(application_reference),
        acknowledgement: match &*request {
            "1" => AcknowledgementRequest::Acknowledgement,
            "2" => AcknowledgementRequest::Receipt,
            _ => AcknowledgementRequest::None,
        },
        agreement: stated(agreement),
        is_practice: test_indicator == "1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(identification: &str, qualifier: Option<&str>, internal: Option<&str>) -> PartyId {
        let text = |text: Option<&str>| text.map(str::to_owned);
        PartyId {
            identification: identification.to_owned(),
            qualifier: text(qualifier),
            internal: text(internal),
            internal_sub: text(internal),
        }
    }

    #[test]
    fn who_it_is_does_not_hang_on_addresses() {
        let acme = party("ACME", Some("ZZ"), Some("X"));
        assert!(acme.is_same_party(&party("ACME", Some("ZZ"), None)));
        for other in [party("ACME", Some("14"), Some("X")), party("ACMF", Some("ZZ"), Some("X"))] {
            assert!(!acme.is_same_party(&other), "{other:?}");
        }
        assert_eq!(acme.without_addresses(), party("ACME", Some("ZZ"), None));
    }

    #[test]
    fn what_cannot_be_named_is_not_answered() {
        let can_be_answered = |reference: usize, sender: usize, recipient: usize| {
            let [reference, sender, recipient] = [reference, sender, recipient].map(|length| "é".repeat(length));
            let text = format!("UNB+UNOY:4+{sender}+{recipient}+20261121:2045+{reference}");
            let header = Segment::new(super::super::ServiceChars::DEFAULT, 0, text.as_bytes());
            read_header(&header, true, &mut Vec::new()).can_be_answered()
        };
        assert!(can_be_answered(1, 1, 1) && can_be_answered(14, 35, 35));
        assert!(!can_be_answered(0, 1, 1) && !can_be_answered(15, 1, 1));
        assert!(!can_be_answered(1, 0, 1) && !can_be_answered(1, 36, 1));
        assert!(!can_be_answered(1, 1, 0) && !can_be_answered(1, 1, 36));
    }

    #[test]
    fn days_of_preparation_are_of_this_century_or_say_theirs() {
        let day = |digits: &[u8]| preparation_day(digits).map(|day| day.to_string());
        assert_eq!(day(b"261121").as_deref(), Some("2026-11-21"));
        assert_eq!(day(b"19991231").as_deref(), Some("1999-12-31"));
        for digits in ["", "1121", "0261121", "261131", "261321", "26112 ", "-61121", "\u{e9}1121"] {
            assert_eq!(day(digits.as_bytes()), None, "{digits}");
        }
    }
}
