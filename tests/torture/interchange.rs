//! What partners send, made from its number alone, and what comes back, as far as a proof looks into it.

use std::fmt;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use lodged::clock::{Clock as _, SystemClock};

/// The authorization IDs under which numbers are drawn; each has numbers of its own.
pub(crate) const AUTHORIZATIONS: [&str; 2] = ["AB1234", "CD5678"];

/// Longest filling between two segments, in bytes. It means nothing and makes segments of the journal full sooner.
const FILLING_BYTES_MAX: u64 = 48 << 10;

/// One interchange of a partner: everything in it follows from this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Reference {
    pub(crate) partner: usize,
    pub(crate) number: u64,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}N{:09}", self.partner, self.number)
    }
}

impl Reference {
    fn read(text: &str) -> Option<Self> {
        let (partner, number) = text.strip_prefix('P')?.split_once('N')?;
        Some(Self { partner: partner.parse().ok()?, number: number.parse().ok()? })
    }

    /// What is answered to it: a declaration that asks for a CONTRL gets one too.
    pub(crate) fn kinds(self) -> &'static [Kind] {
        if self.number.is_multiple_of(2) { &[Kind::Contrl, Kind::Cusres] } else { &[Kind::Cusres] }
    }

    /// An interchange with one declaration of one line, which is accepted.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let authorization = AUTHORIZATIONS[usize::from(self.number.is_multiple_of(3))];
        let asks = if self.kinds().contains(&Kind::Contrl) { "++++1'" } else { "'" };
        let text = SAMPLE
            .replace("ACMEFWD", &identity(self.partner))
            .replace("ACME0000000001++++1'", &format!("{self}{asks}"))
            .replace("ACME0000000001", &self.to_string())
            .replace("ACME-2026-000417", &format!("DOC-{self}"))
            .replace("AB1234", authorization)
            .replacen("UNS+D'", &format!("UNS+D'{}", self.filling()), 1);
        latin(&text)
    }

    /// Other bytes under the same reference.
    pub(crate) fn other_bytes(self) -> Vec<u8> {
        let text: String = self.bytes().into_iter().map(char::from).collect();
        latin(&text.replace("SAKURA", "SAKARA"))
    }

    fn filling(self) -> String {
        let drawn = (self.number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let bytes = if drawn.is_multiple_of(8) { drawn % FILLING_BYTES_MAX } else { 0 };
        "\n".repeat(usize::try_from(bytes).unwrap())
    }
}

/// An acknowledgement (CONTRL) of the partner for an answer of the gateway, under a reference of its own.
pub(crate) fn acknowledgement(partner: usize, number: u64, answer: &Answer) -> Vec<u8> {
    let (identity, reference, answered) = (identity(partner), format!("P{partner}A{number:09}"), answer.reference);
    format!(
        "UNB+UNOC:3+{identity}:ZZ+LODGED+261121:1530+{reference}'UNH+1+CONTRL:D:3:UN'\
         UCI+{answered:014}+LODGED+{identity}:ZZ+7'UNT+3+1'UNZ+1+{reference}'"
    )
    .into_bytes()
}

/// The identity of a partner (0004).
pub(crate) fn identity(partner: usize) -> String {
    format!("PARTNER{partner}")
}

/// The sample of the manual with one line, exported some days from now.
static SAMPLE: LazyLock<String> = LazyLock::new(|| {
    let sample = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/export-original.edi")).unwrap();
    // Letters of the repertoire UNOC are single bytes.
    let sample: String = sample.into_iter().filter(|byte| *byte != b'\n').map(char::from).collect();
    let (first, rest) = sample.split_once("CST+2+").unwrap();
    let (_, summary) = rest.split_once("UNS+S'").unwrap();
    let today = SystemClock.now().to_zoned(TimeZone::get("America/Toronto").unwrap()).date();
    let day = |days: i64| today.checked_add(jiff::Span::new().days(days)).unwrap().strftime("%Y%m%d").to_string();
    format!("{first}UNS+S'{summary}")
        .replace("MOA+63:96250.00", "MOA+63:91250.00")
        .replace("CNT+5:2'", "CNT+5:1'")
        .replace("UNT+46", "UNT+40")
        .replace("DTM+129:20261201:102", &format!("DTM+129:{}:102", day(10)))
        .replace("DTM+342:202612010600:203", &format!("DTM+342:{}0600:203", day(10)))
        .replace("DTM+187:20261121:102", &format!("DTM+187:{}:102", day(-3)))
});

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

/// Which of the answers to an interchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Contrl,
    Cusres,
    /// The CONTRL to other bytes under a used reference: refused with 26.
    OtherBytes,
}

/// An answer of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) bytes: Box<[u8]>,
    /// Its own number among the answers to the partner (0020).
    pub(crate) reference: u64,
    pub(crate) subject: Reference,
    pub(crate) kind: Kind,
    /// The proof-of-report number.
    pub(crate) proof: Option<String>,
}

impl Answer {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let text: String = bytes.iter().copied().map(char::from).collect();
        let read = || {
            let element = |beginning: &str, number: usize| {
                text.split('\'').find(|segment| segment.starts_with(beginning))?.split('+').nth(number)
            };
            let reference = element("UNB+", 5)?.parse().ok()?;
            let (subject, kind, proof) = match element("UCI+", 1) {
                Some(subject) if element("UCI+", 4)? == "7" => (subject, Kind::Contrl, None),
                Some(subject) => {
                    (element("UCI+", 5)? == "26").then_some(())?;
                    (subject, Kind::OtherBytes, None)
                }
                None => {
                    let proof = element("RFF+ABT:", 1)?.strip_prefix("ABT:")?.to_owned();
                    (element("RFF+ACW:", 1)?.strip_prefix("ACW:")?, Kind::Cusres, Some(proof))
                }
            };
            Some((reference, Reference::read(subject)?, kind, proof))
        };
        let Some((reference, subject, kind, proof)) = read() else { panic!("an answer that nobody asked for: {text}") };
        Self { bytes: bytes.into(), reference, subject, kind, proof }
    }
}
