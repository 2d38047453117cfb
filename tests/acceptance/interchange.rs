//! What partners send, and what comes back, as far as a story looks into it.

use std::sync::LazyLock;

use lodged::clock::{Clock as _, SystemClock};
use lodged::edifact::Interchange;
use lodged::gateway::judge_syntax;
use lodged::grammar::Catalogue;

/// The sample of an original declaration: exported some days from now, under these references. References that differ
/// make interchanges and declarations that differ.
pub(crate) fn declaration(reference: &str) -> Vec<u8> {
    let sample = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/export-original.edi")).unwrap();
    // Letters of the repertoire UNOC are single bytes.
    let sample: String = sample.iter().map(|byte| char::from(*byte)).collect();
    let today = SystemClock.now().to_zoned(jiff::tz::TimeZone::get("America/Toronto").unwrap()).date();
    let day = |days: i64| today.checked_add(jiff::Span::new().days(days)).unwrap().strftime("%Y%m%d").to_string();
    let sample = sample
        .replace("DTM+129:20261201:102", &format!("DTM+129:{}:102", day(10)))
        .replace("DTM+342:202612010600:203", &format!("DTM+342:{}0600:203", day(10)))
        .replace("DTM+187:20261121:102", &format!("DTM+187:{}:102", day(0)))
        .replace("ACME0000000001", reference)
        .replace("ACME-2026-000417", &format!("DOC-{reference}"));
    sample.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

/// The same with every occurrence of one text replaced by another.
pub(crate) fn with(interchange: &[u8], old: &str, new: &str) -> Vec<u8> {
    let text: String = interchange.iter().map(|byte| char::from(*byte)).collect();
    assert!(text.contains(old), "the interchange has no {old}");
    text.replace(old, new).chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

/// An interchange with so many segments that no directory knows: it is short, and the answer to it is long.
pub(crate) fn segments_of_nothing(reference: &str, count: usize) -> Vec<u8> {
    let nothing = "QQQ'".repeat(count);
    let segments = count + 3;
    format!(
        "UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:1530+{reference}++++1'UNH+1+CUSDEC:D:96B:UN'BGM+830+A:1+9'{nothing}\
         UNT+{segments}+1'UNZ+1+{reference}'"
    )
    .into_bytes()
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);

/// An answer of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    segments: Vec<String>,
}

impl Answer {
    /// Every answer is an interchange that our own grammars have nothing to say against.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let (interchange, findings) = Interchange::read(&bytes).expect("an answer is an interchange");
        let findings = judge_syntax(&interchange, findings, &CATALOGUE).findings;
        assert!(findings.is_empty(), "{findings:?}\n{}", bytes.escape_ascii());
        let segments = interchange.segments().map(|segment| String::from_utf8_lossy(segment.raw()).into_owned());
        let segments = segments.collect();
        Self { bytes, segments }
    }

    pub(crate) fn is(&self, message: &str) -> bool {
        self.segments.iter().any(|segment| segment.starts_with("UNH+") && segment.contains(&format!("+{message}:")))
    }

    /// The first segment that begins so.
    pub(crate) fn segment(&self, beginning: &str) -> &str {
        let found = self.segments.iter().find(|segment| segment.starts_with(beginning));
        found.unwrap_or_else(|| panic!("no {beginning} in {self}"))
    }

    fn element(&self, beginning: &str, number: usize) -> &str {
        self.segment(beginning).split('+').nth(number).unwrap_or_default()
    }

    /// UCI: which interchange is answered (0020).
    pub(crate) fn answers(&self) -> &str {
        self.element("UCI+", 1)
    }

    /// UCI: what was done (0083).
    pub(crate) fn action(&self) -> &str {
        self.element("UCI+", 4)
    }

    /// UCI: why (0085).
    pub(crate) fn error(&self) -> &str {
        self.element("UCI+", 5)
    }

    /// The proof-of-report number of a CUSRES.
    pub(crate) fn proof(&self) -> &str {
        self.segment("RFF+ABT:").trim_start_matches("RFF+ABT:")
    }

    /// The interchange (0020) that a CUSRES answers.
    pub(crate) fn subject(&self) -> &str {
        self.segment("RFF+ACW:").trim_start_matches("RFF+ACW:")
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.segments.join("'\n"))
    }
}
