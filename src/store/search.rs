//! Finding accepted declarations by what they state, the latest first.
//!
//! Start with [`Search`]. For each accepted declaration the state has a key for its exporter, carrier, transport document,
//! containers, date of export and partner. The rarest of what is asked for says which entries come into question; these
//! are read from the journal, and every condition is held against what the declaration itself states.

use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::{Timestamp, civil::Date};

use super::Unavailable;
use super::state::{self, Knowledge, Pointer, StandingDeclaration};
use crate::declaration::Declaration;
use crate::identifier::{BusinessNumber, DeclarationReference, ProofOfReportNumber, RecordNumber};
use crate::partner::PartnerId;
use crate::record::{Decision, Recorded, Verdict};

/// Most declarations that are found at one time.
pub const FOUND_MAX: usize = 1000;

/// Most entries that are read for one answer.
const ENTRIES_READ_MAX: usize = 10_000;

/// The longest range of days that is looked up day by day.
const DAYS_MAX: usize = 92;

/// Keys that are read at one time.
const KEYS_AT_ONCE: usize = 256;

/// Most partners among whom a reference is looked for.
const PARTNERS_MAX: usize = 100_000;

/// Texts are kept up to this length, in bytes; what is longer is compared whole all the same.
const TEXT_BYTES_MAX: usize = 64;

/// What is looked for: accepted declarations of which all that is stated here holds. What is not stated holds of all.
///
/// Texts are compared whole, whatever their case and the width of their spaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// The exporter's business number.
    pub exporter: Option<BusinessNumber>,
    /// The exporting carrier's name.
    pub carrier: Option<String>,
    /// The number of the transport document.
    pub transport_document: Option<String>,
    /// One of the containers.
    pub container: Option<String>,
    /// From one date of export to another, both of them too.
    pub export_date: Option<RangeInclusive<Date>>,
    /// The submitter's reference.
    pub reference: Option<DeclarationReference>,
    /// Who lodged it.
    pub partner: Option<PartnerId>,
    /// Practice or real.
    pub is_practice: Option<bool>,
    /// Only what was accepted before this one: the end of what was found so far.
    pub before: Option<FoundAt>,
}

/// Where a declaration was found; later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FoundAt {
    /// The entry.
    pub entry: RecordNumber,
    /// The message in its interchange, counted from 0.
    pub message: u32,
}

/// An accepted declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub at: FoundAt,
    /// Who lodged it.
    pub partner: PartnerId,
    /// When it was received.
    pub received_at: Timestamp,
    /// Practice or real.
    pub is_practice: bool,
    /// Its number.
    pub proof: ProofOfReportNumber,
    /// Its version, 1 for an original.
    pub version: u32,
    /// What it states.
    pub declaration: Box<Declaration>,
    /// What stands for its interchange.
    pub recorded: Arc<Recorded>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundPage {
    /// The latest first.
    pub found: Vec<Found>,
    /// What to ask [`Search::before`] for next; none when everything was looked at. With it there may be more, even when
    /// nothing was found yet: one answer reads only so many entries.
    pub next: Option<FoundAt>,
}

/// What an engine needs for a search.
pub(crate) trait Listing: Knowledge {
    /// The first `limit` keys that begin so, from `from` on, in order.
    ///
    /// # Errors
    /// [`Unavailable`] when the state cannot be read.
    fn keys(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Unavailable>;

    /// Whether an entry is not kept any more, which may have happened since its key was read.
    fn is_dropped(&self, entry: RecordNumber) -> bool;
}

/// What a text of a search is.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Term {
    Carrier = b'c',
    Date = b'd',
    Exporter = b'e',
    Container = b'k',
    Partner = b'p',
    TransportDocument = b't',
}

impl Term {
    pub(crate) const ALL: [Self; 6] =
        [Self::Carrier, Self::Date, Self::Exporter, Self::Container, Self::Partner, Self::TransportDocument];

    /// The letter in keys.
    pub(crate) fn letter(self) -> u8 {
        self as u8
    }

    /// What every key of a text begins with.
    fn prefix(self, text: &str) -> Vec<u8> {
        let mut prefix = Vec::with_capacity(TEXT_BYTES_MAX / 2);
        prefix.extend_from_slice(&[b's', self.letter()]);
        let start = prefix.len();
        fold(text, |letter| {
            if prefix.len() - start < TEXT_BYTES_MAX {
                prefix.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        });
        prefix.push(0);
        prefix
    }
}

/// A text letter by letter, whatever its case and the width of its spaces.
fn fold(text: &str, mut take: impl FnMut(char)) {
    for (at, word) in text.split_whitespace().enumerate() {
        if at > 0 {
            take(' ');
        }
        word.chars().flat_map(char::to_uppercase).for_each(&mut take);
    }
}

fn is_same(one: &str, other: &str) -> bool {
    let folded = |text| {
        let mut folded = String::new();
        fold(text, |letter| folded.push(letter));
        folded
    };
    one == other || folded(one) == folded(other)
}

/// The keys under which the declarations of a record are found; some may come twice. What a declaration has in common with
/// the one before it, as most of a long interchange do, is there once.
pub(crate) fn keys(recorded: &Recorded) -> Vec<Vec<u8>> {
    let mut keys = Vec::with_capacity(6);
    let mut before: Option<&Declaration> = None;
    for (_, declaration, _, _) in accepted(recorded) {
        let is_new =
            |is_same: fn(&Declaration, &Declaration) -> bool| !before.is_some_and(|it| is_same(it, declaration));
        let mut add = |term: Term, text: &str| keys.push(state::numbered(term.prefix(text), recorded.number));
        if is_new(|one, other| one.exporter.business_number == other.exporter.business_number) {
            add(Term::Exporter, declaration.exporter.business_number.as_str());
        }
        if is_new(|one, other| one.carrier_name == other.carrier_name) {
            add(Term::Carrier, &declaration.carrier_name);
        }
        if is_new(|one, other| one.export_date == other.export_date) {
            add(Term::Date, &day(declaration.export_date));
        }
        if before.is_none() {
            add(Term::Partner, recorded.partner.as_str());
        }
        if is_new(|one, other| one.transport_document == other.transport_document) {
            declaration.transport_document.iter().for_each(|document| add(Term::TransportDocument, &document.number));
        }
        if is_new(|one, other| one.containers == other.containers) {
            declaration.containers.iter().for_each(|container| add(Term::Container, container));
        }
        before = Some(declaration);
    }
    keys
}

/// The accepted declarations of a record, with message, number and version.
fn accepted(recorded: &Recorded) -> impl DoubleEndedIterator<Item = (u32, &Declaration, &ProofOfReportNumber, u32)> {
    let judged = recorded.facts.judgements.iter().zip(&recorded.verdicts);
    judged.filter_map(|(judgement, verdict)| match (&judgement.decision, verdict) {
        (Decision::Accept(declaration), Verdict::Accepted { proof, version }) => {
            Some((judgement.message, &**declaration, proof, *version))
        }
        (Decision::Accept(_) | Decision::Refuse, _) => None,
    })
}

fn day(date: Date) -> String {
    date.strftime("%Y%m%d").to_string()
}

/// Finds at most `limit` declarations, and no more than [`FOUND_MAX`].
///
/// # Errors
/// [`Unavailable`] when state or journal cannot be read.
pub(crate) fn find(listing: &impl Listing, search: &Search, limit: usize) -> Result<FoundPage, Unavailable> {
    let limit = limit.min(FOUND_MAX);
    let mut candidates = Candidates::of(listing, search)?;
    let mut found: Vec<Found> = Vec::new();
    let mut read = 0;
    while let Some(entry) = candidates.next()? {
        if read == ENTRIES_READ_MAX {
            return Ok(FoundPage { found, next: Some(FoundAt { entry: RecordNumber(entry.0 + 1), message: 0 }) });
        }
        read += 1;
        let recorded = match recorded(listing, entry) {
            Err(_) if listing.is_dropped(entry) => continue,
            recorded => recorded?,
        };
        for at in search.found_in(&Arc::new(recorded)) {
            if found.len() >= limit {
                let next = found.last().map(|last| last.at).or(search.before);
                return Ok(FoundPage { found, next });
            }
            found.push(at);
        }
    }
    Ok(FoundPage { found, next: None })
}

fn recorded(listing: &impl Listing, entry: RecordNumber) -> Result<Recorded, Unavailable> {
    let pointer: Option<Pointer> = listing.find(&state::interchange(entry))?;
    let missing =
        || Unavailable(format!("the state does not know where entry {entry} is; move it aside to rebuild it"));
    listing.recorded(pointer.ok_or_else(missing)?)
}

impl Search {
    /// What of a record is looked for, the latest first.
    fn found_in(&self, recorded: &Arc<Recorded>) -> Vec<Found> {
        let Recorded { number, partner, received_at, facts, .. } = &**recorded;
        let is_practice = facts.envelope.is_practice;
        if !is_wanted(&self.partner, |wanted| wanted == partner)
            || !is_wanted(&self.is_practice, |wanted| *wanted == is_practice)
        {
            return Vec::new();
        }
        let found = accepted(recorded).rev().filter_map(|(message, declaration, proof, version)| {
            let at = FoundAt { entry: *number, message };
            let is_found = self.before.is_none_or(|before| at < before) && self.is_of(declaration);
            is_found.then(|| Found {
                at,
                partner: partner.clone(),
                received_at: *received_at,
                is_practice,
                proof: proof.clone(),
                version,
                declaration: Box::new(declaration.clone()),
                recorded: Arc::clone(recorded),
            })
        });
        found.collect()
    }

    fn is_of(&self, declaration: &Declaration) -> bool {
        let Declaration { exporter, carrier_name, transport_document, containers, export_date, .. } = declaration;
        is_wanted(&self.reference, |wanted| *wanted == declaration.reference)
            && is_wanted(&self.exporter, |wanted| *wanted == exporter.business_number)
            && is_wanted(&self.carrier, |wanted| is_same(wanted, carrier_name))
            && is_wanted(&self.container, |wanted| containers.iter().any(|container| is_same(wanted, container)))
            && is_wanted(&self.export_date, |wanted| wanted.contains(export_date))
            && is_wanted(&self.transport_document, |wanted| {
                transport_document.as_ref().is_some_and(|document| is_same(wanted, &document.number))
            })
    }

    /// What the keys begin with under which everything that is looked for is found, by the rarest condition.
    fn prefixes(&self) -> Vec<Vec<u8>> {
        let one = |term: Term, text: &str| vec![term.prefix(text)];
        match self {
            Self { container: Some(container), .. } => one(Term::Container, container),
            Self { transport_document: Some(number), .. } => one(Term::TransportDocument, number),
            Self { exporter: Some(exporter), .. } => one(Term::Exporter, exporter.as_str()),
            Self { carrier: Some(carrier), .. } => one(Term::Carrier, carrier),
            Self { export_date: Some(days), .. } if is_short(days) => {
                let days = days.start().series(jiff::Span::new().days(1)).take_while(|day| day <= days.end());
                days.flat_map(|date| one(Term::Date, &day(date))).collect()
            }
            Self { partner: Some(partner), .. } => one(Term::Partner, partner.as_str()),
            Self { .. } => vec![state::INTERCHANGES.to_vec()],
        }
    }
}

fn is_wanted<T>(wanted: &Option<T>, is_so: impl FnOnce(&T) -> bool) -> bool {
    wanted.as_ref().is_none_or(is_so)
}

fn is_short(days: &RangeInclusive<Date>) -> bool {
    days.start().series(jiff::Span::new().days(1)).take(DAYS_MAX).any(|day| day >= *days.end())
}

/// The entries that come into question, the latest first.
struct Candidates<'a, L> {
    listing: &'a L,
    lanes: Vec<Lane>,
}

/// The entries under one prefix.
struct Lane {
    prefix: Vec<u8>,
    /// Where to go on reading; none when everything was read.
    from: Option<Vec<u8>>,
    /// What was read, the latest last.
    entries: Vec<RecordNumber>,
}

impl<'a, L: Listing> Candidates<'a, L> {
    fn of(listing: &'a L, search: &Search) -> Result<Self, Unavailable> {
        let begin = search.before.map_or(RecordNumber(u64::MAX), |before| before.entry);
        let lanes = match &search.reference {
            Some(reference) => vec![Lane::of(referring(listing, search, reference)?, begin)],
            None => search.prefixes().into_iter().map(|prefix| Lane::begin(prefix, begin)).collect(),
        };
        Ok(Self { listing, lanes })
    }

    fn next(&mut self) -> Result<Option<RecordNumber>, Unavailable> {
        for lane in &mut self.lanes {
            lane.fill(self.listing)?;
        }
        self.lanes.retain(|lane| !lane.entries.is_empty());
        let next = self.lanes.iter().filter_map(|lane| lane.entries.last()).max().copied();
        for lane in &mut self.lanes {
            lane.entries.pop_if(|entry| Some(*entry) == next);
        }
        Ok(next)
    }
}

/// The entries of the declarations with a reference: of one partner, or of whoever got an answer so far.
fn referring(
    listing: &impl Listing,
    search: &Search,
    reference: &DeclarationReference,
) -> Result<Vec<RecordNumber>, Unavailable> {
    let partners = match &search.partner {
        Some(partner) => vec![partner.clone()],
        None => {
            let keys = listing.keys(state::ANSWER_COUNTERS, b"", PARTNERS_MAX)?;
            keys.iter().filter_map(|key| state::partner_of_counter(key)).collect()
        }
    };
    let mut entries = Vec::new();
    for partner in &partners {
        for is_practice in [false, true] {
            let key = state::declaration(partner, is_practice, reference);
            let standing: Option<StandingDeclaration> = listing.find(&key)?;
            entries.extend(standing.map(|standing| standing.pointer.number));
        }
    }
    Ok(entries)
}

impl Lane {
    fn begin(prefix: Vec<u8>, begin: RecordNumber) -> Self {
        let from = Some(state::numbered(prefix.clone(), begin));
        Self { prefix, from, entries: Vec::new() }
    }

    fn of(mut entries: Vec<RecordNumber>, begin: RecordNumber) -> Self {
        entries.retain(|entry| *entry <= begin);
        entries.sort_unstable();
        entries.dedup();
        Self { prefix: Vec::new(), from: None, entries }
    }

    fn fill(&mut self, listing: &impl Listing) -> Result<(), Unavailable> {
        if !self.entries.is_empty() {
            return Ok(());
        }
        let Some(from) = self.from.take() else { return Ok(()) };
        let keys = listing.keys(&self.prefix, &from, KEYS_AT_ONCE)?;
        if let Some(last) = keys.last().filter(|_| keys.len() == KEYS_AT_ONCE) {
            self.from = Some([last.as_slice(), &[0]].concat());
        }
        // A text that goes on behind a zero of its own has longer keys.
        let length = self.prefix.len() + 8;
        self.entries =
            keys.iter().rev().filter(|key| key.len() == length).filter_map(|key| state::number(key)).collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, other: &str, is_found: bool) {
        assert_eq!(is_same(one, other), is_found);
        assert_eq!(Term::Carrier.prefix(one) == Term::Carrier.prefix(other), is_found);
    }

    #[test]
    fn case_and_the_width_of_spaces_make_no_difference() {
        check("North  Shipping ", "NORTH SHIPPING", true);
        check("Société", "SOCIÉTÉ", true);
        check("NORTH SHIPPING", "NORTHSHIPPING", false);
        check("", " ", true);
    }

    #[test]
    fn a_long_text_has_a_short_key_and_is_compared_whole() {
        let [one, other] = ["1", "2"].map(|end| "é".repeat(100) + end);
        assert_eq!(Term::Carrier.prefix(&one), Term::Carrier.prefix(&other));
        assert!(Term::Carrier.prefix(&one).len() <= TEXT_BYTES_MAX + 7);
        assert!(!is_same(&one, &other));
    }
}
