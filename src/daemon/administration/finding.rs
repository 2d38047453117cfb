//! Reports that are found by what they state.

use jiff::civil::Date;

use super::reports::report;
use super::{Office, ill, partner_id};
use crate::admin::socket::{DOCUMENT, Found, Reply, ReportListView, ReportView};
use crate::identifier::{BusinessNumber, DeclarationReference, RecordNumber};
use crate::store::{FOUND_MAX, FoundAt, FoundPage, Search, Store as _};

/// How many are found when nothing is said of it.
const LIMIT: usize = 100;
/// How many are asked for at one time.
const AT_ONCE: usize = 50;
/// Most bytes of answers of one answer.
const BYTES_MAX: usize = 64 << 20;

impl Office {
    /// Reports that state all that is asked for, the latest first, and where to go on.
    pub(super) async fn find_reports(&self, found: &Found) -> Result<Reply, Reply> {
        let mut search = search(found)?;
        let limit = found.limit.map_or(LIMIT, |limit| usize::try_from(limit).unwrap_or(usize::MAX)).clamp(1, FOUND_MAX);
        let (mut reports, mut bytes) = (Vec::new(), 0);
        let next = 'found: loop {
            let wanted = AT_ONCE.min(limit - reports.len());
            let page = self.gateway.store().find(&search, wanted).await.map_err(|unavailable| ill(&unavailable))?;
            let FoundPage { found, next } = page;
            let is_full = found.len() == wanted;
            for found in found {
                let view = report(&found.recorded, |_, judgement| judgement.message == found.at.message);
                bytes += view.as_ref().map_or(0, length);
                reports.extend(view);
                if bytes > BYTES_MAX {
                    break 'found Some(found.at);
                }
            }
            if next.is_none() || !is_full || reports.len() >= limit {
                break next;
            }
            search.before = next;
        };
        Ok(Reply::answer(&ReportListView { document: DOCUMENT, reports, next: next.map(place) }))
    }
}

/// What a search finds whatever is asked for, in bytes of the texts that may be long.
fn length(view: &ReportView) -> usize {
    let answers = view.versions.iter().flat_map(|version| &version.answers);
    answers.map(|answer| answer.text.len()).sum()
}

fn search(found: &Found) -> Result<Search, Reply> {
    let search = Search {
        exporter: found.exporter.as_deref().map(business_number).transpose()?,
        carrier: found.carrier.clone(),
        transport_document: found.transport_document.clone(),
        container: found.container.clone(),
        export_date: match (found.exported_from, found.exported_until) {
            (None, None) => None,
            (from, until) => Some(from.unwrap_or(Date::MIN)..=until.unwrap_or(Date::MAX)),
        },
        reference: found.reference.as_deref().map(|reference| DeclarationReference(reference.into())),
        partner: found.partner.as_deref().map(partner_id).transpose()?,
        ..Search::default()
    };
    if search == Search::default() {
        let hint = "give a proof-of-report number, or something that the declaration states";
        return Err(Reply::refused("no report is asked for", hint));
    }
    let before = found.before.as_deref().map(at).transpose()?;
    Ok(Search { is_practice: Some(found.practice), before, ..search })
}

fn business_number(text: &str) -> Result<BusinessNumber, Reply> {
    text.parse().map_err(|_| Reply::refused(format!("{text:?} is no business number"), "such as 123456782RM0001"))
}

/// A place in the record, as requests and answers write it: the entry, and the message in it.
fn place(FoundAt { entry, message }: FoundAt) -> String {
    format!("{entry}.{message}")
}

fn at(text: &str) -> Result<FoundAt, Reply> {
    let parts = text.split_once('.').and_then(|(entry, message)| Some((entry.parse().ok()?, message.parse().ok()?)));
    let (entry, message) = parts.ok_or_else(|| {
        Reply::refused(format!("{text:?} is no place to go on from"), "take the next of the last answer")
    })?;
    Ok(FoundAt { entry: RecordNumber(entry), message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let whole = FoundAt { entry: RecordNumber(u64::MAX), message: 17 };
        assert_eq!(at(&place(whole)).ok(), Some(whole));
        for text in ["", "1", "1.", ".1", "1.2.3", "a.b", "-1.0"] {
            assert!(at(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn something_has_to_be_asked_for() {
        let nothing = Found { practice: true, limit: Some(7), before: Some("1.0".into()), ..Found::default() };
        assert!(search(&nothing).is_err());
        assert!(search(&Found { carrier: Some("NORTH".into()), ..nothing }).is_ok());
    }

    #[test]
    fn a_range_of_days_may_be_open() {
        let day = jiff::civil::date(2026, 11, 21);
        let range = |exported_from, exported_until| {
            search(&Found { exported_from, exported_until, ..Found::default() })
                .ok()
                .and_then(|search| search.export_date)
        };
        assert_eq!(range(Some(day), None), Some(day..=Date::MAX));
        assert_eq!(range(None, Some(day)), Some(Date::MIN..=day));
        assert_eq!(range(None, None), None);
    }
}
