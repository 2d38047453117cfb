//! What is told to a store, so that every kind of entry is in it, and how one is kept for later versions.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;
use lodged::gateway::{Gateway, Received};
use lodged::identifier::RecordNumber;
use lodged::language::Language;
use lodged::partner::{Partner, PartnerId};
use lodged::record::{Act, Actor, Channel, Deed, Delivery, Verdict};
use lodged::store::{EmbeddedStore, Store as _, StoreOptions};

use super::told::{Came, Told, bytes, counted, text};
use crate::house::{declarations, one_line_declaration, partner, path, rulebook};
use crate::store::options;

/// Set to a folder that is not there yet, a store is kept in it (`docs/releasing.md`).
const KEEP: &str = "LODGED_KEEP_STORE";

/// Cases that are told, each once, under references of their own.
const CASES: [&str; 10] = [
    "r601-amendment",
    "r602-version-two",
    "two-declarations-one-refused",
    "in-a-group-one-message-is-refused",
    "practice-and-real-are-apart",
    "c430-permit-missing-for-controlled-goods",
    "every-level-has-its-own-code",
    "s12-month-thirteen-in-unb-in-syntax-four",
    "s47-package",
    "lines-that-are-segments",
];

/// Segments as short as they may be.
pub(super) fn short_segments(record: &Path) -> StoreOptions {
    StoreOptions { segment_bytes: StoreOptions::SEGMENT_BYTES_MIN, ..options(record) }
}

/// The partners who tell: the one of the examples, and one that reads French.
pub(super) fn partners() -> [Partner; 2] {
    let mut birch = partner();
    birch.id = PartnerId::new("birch").unwrap();
    birch.language = Language::Fr;
    [partner(), birch]
}

/// When everything comes.
pub(super) fn now() -> Timestamp {
    "2026-11-21T20:45:00Z".parse().unwrap()
}

/// A gateway on a store, and what came and went.
pub(super) struct Teller {
    pub(super) gateway: Gateway<EmbeddedStore>,
    pub(super) came: Vec<Came>,
}

impl Teller {
    pub(super) fn new(store: EmbeddedStore) -> Self {
        Self { gateway: Gateway::new(rulebook(), store), came: Vec::new() }
    }

    /// An interchange of a partner, and what stands for it.
    pub(super) async fn tells(&mut self, partner: &Partner, bytes: &[u8]) -> &Came {
        let (channel, received_at) = (Channel::EdiTls, now());
        let delivery =
            Delivery { partner: partner.id.clone(), channel, received_at, bytes: Bytes::copy_from_slice(bytes) };
        let mut came = Came {
            partner: partner.id.to_string(),
            bytes: text(bytes),
            entry: None,
            is_repeat: false,
            answers: Vec::new(),
            proofs: Vec::new(),
        };
        if let Received::Recorded { recorded, is_repeat, replies } =
            self.gateway.receive(partner, delivery).await.unwrap()
        {
            came.entry = Some(recorded.number.0);
            came.is_repeat = is_repeat;
            came.answers = replies.iter().map(|reply| text(&reply.bytes)).collect();
            came.proofs = recorded.verdicts.iter().filter_map(proof).collect();
        }
        self.came.push(came);
        self.came.last().unwrap()
    }

    /// The references of the answers that wait for a partner.
    pub(super) async fn waiting(&self, partner: &Partner) -> Vec<u64> {
        let waiting = self.gateway.waiting(&partner.id, usize::MAX, HashSet::new()).await.unwrap();
        waiting.iter().map(|reply| reply.answer.reference.0).collect()
    }

    pub(super) async fn acts(&self) -> Vec<(u64, String)> {
        let acts = self.gateway.store().acts(RecordNumber(0), usize::MAX).await.unwrap();
        acts.into_iter().map(|(number, act)| (number.0, act.deed.as_str().to_owned())).collect()
    }
}

fn proof(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Accepted { proof, .. } => Some(proof.to_string()),
        Verdict::Refused { .. } => None,
    }
}

/// The whole story, at the end of which the store is closed.
async fn tell(store: EmbeddedStore) -> Told {
    let (mut teller, [acme, birch]) = (Teller::new(store), partners());
    for number in 1..=4 {
        teller.tells(&acme, &one_line_declaration(number)).await;
        teller.tells(&birch, &one_line_declaration(number)).await;
    }
    for (number, case) in (1..).zip(CASES) {
        teller.tells(&acme, &under_own_references(case, number)).await;
    }
    teller.tells(&birch, &under_own_references("r601-amendment", 1)).await;
    let long = text(&declarations(3, 4)).replace("ACME0000000001", "LONG0000000001").replace("ACME-0", "LONG-0");
    teller.tells(&acme, &bytes(&long)).await; // It gets a segment of its own.
    delivers(&teller, &acme, 9).await;
    teller.tells(&acme, b"EHLO mail.example\r\n").await;
    teller.tells(&acme, &one_line_declaration(2)).await;
    let other = [one_line_declaration(3), b"\n".to_vec()].concat();
    let other = bytes(&text(&other).replace("MTRL26110417", "MTRL26110418"));
    for _ in 0..2 {
        teller.tells(&acme, &other).await;
    }
    acts(&teller).await;
    let waiting = teller.waiting(&birch).await;
    teller.tells(&birch, &acknowledgement(waiting[1])).await;
    for number in 11..=13 {
        teller.tells(&acme, &one_line_declaration(number)).await;
    }
    let waiting = BTreeMap::from([("acme", teller.waiting(&acme).await), ("birch", teller.waiting(&birch).await)]);
    let waiting = waiting.into_iter().map(|(partner, waiting)| (partner.to_owned(), waiting)).collect();
    let acts = teller.acts().await;
    teller.gateway.store().close().await.unwrap();
    Told { came: teller.came, waiting, acts, counted: BTreeMap::new() }
}

/// The first interchange of a case, with references that no other has.
fn under_own_references(case: &str, number: usize) -> Vec<u8> {
    let case = text(&fs::read(path("testdata/cases").join(case).join("in.edi")).unwrap());
    let second = case.match_indices("UNB+").nth(1).map_or(case.len(), |(at, _)| at);
    let first = case.split_at(second).0;
    let own = format!("CASE{number:010}");
    let referred = first.replace("ACME0000000001", &own).replace("ACME-2026-000417", &format!("DOC-{number}"));
    bytes(&referred.replace("+R1'", &format!("+{own}'")).replace("+R1+", &format!("+{own}+")))
}

/// The partner's CONTRL for an answer of ours.
fn acknowledgement(answer: u64) -> Vec<u8> {
    format!(
        "UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:2100+BACK1'UNH+1+CONTRL:D:3:UN'\
         UCI+{answer:014}+LODGED+ACMEFWD:ZZ+7'UNT+3+1'UNZ+1+BACK1'"
    )
    .into_bytes()
}

/// A connection that ended in order behind so many answers.
async fn delivers(teller: &Teller, partner: &Partner, count: usize) {
    let waiting = teller.gateway.waiting(&partner.id, count, HashSet::new()).await.unwrap();
    let answers: Vec<_> = waiting.iter().map(|reply| reply.answer).collect();
    teller.gateway.delivered(&partner.id, &answers).await.unwrap();
}

/// Everything that can be changed by hand.
async fn acts(teller: &Teller) {
    let deeds = [
        Deed::PartnerAdded,
        Deed::PartnerDisabled,
        Deed::PartnerEnabled,
        Deed::CertificateAdded,
        Deed::CertificateDisabled,
        Deed::Reloaded,
        Deed::BackedUp,
        Deed::Started,
        Deed::Restored,
        Deed::Promoted,
        Deed::Rebuilt,
        Deed::Compacted,
    ];
    for deed in deeds {
        let by_signal = deed == Deed::Reloaded;
        let root = Actor::User { uid: 0, name: Some("root".to_owned()) };
        let who = if by_signal { Actor::Signal("SIGHUP".to_owned()) } else { root };
        let (before, after) = ("name = \"Birch\"\n".to_owned(), "name = \"Birch Forwarding\"\n".to_owned());
        let act = Act { at: now(), who, deed, subject: "birch".to_owned(), before, after };
        teller.gateway.store().note(act).await.unwrap();
    }
}

/// The story told to a new store; what is known of it then.
pub(super) async fn told_to(record: &Path) -> Told {
    let told = tell(EmbeddedStore::open(short_segments(record)).unwrap()).await;
    Told { counted: counted(record), ..told }
}

#[tokio::test]
async fn every_kind_of_entry_is_told() {
    let home = tempfile::tempdir().unwrap();
    let kept = std::env::var_os(KEEP).map(PathBuf::from);
    let folder = kept.as_deref().unwrap_or(home.path());
    fs::create_dir_all(folder).unwrap();
    let record = folder.join("record");
    assert!(!record.exists(), "{} is there already: a store of a former version is never made anew", record.display());
    let told = told_to(&record).await;
    for kind in ["interchanges", "evidence", "deliveries", "acts", "interchanges_refused", "declarations_refused"] {
        assert!(told.counted[kind].as_u64() > Some(0), "no {kind}");
    }
    assert!(told.counted["sealed_segments"].as_u64() > Some(5));
    assert!(told.came.iter().any(|came| came.is_repeat && came.entry.is_some()));
    told.is_kept(folder);
}
