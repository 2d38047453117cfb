//! What an administrator asks for, as files of partners would be then. Nothing is written: [`Config::load_changed`] judges an
//! edit before anybody does.
//!
//! A file keeps its comments and its order: a key is put in or changed where it stands, and everything else stays as it was.

use std::ops::Range;
use std::path::Path;

use aws_lc_rs::digest;
use jiff::Timestamp;
use toml_edit::{Item, TableLike};

use super::Loaded;
use super::certificate::{self, Dated, Edge, moment};
use super::check::{ENDING_DAYS, days as counted};
use super::mistake::Mistake;
use super::partner_file::Dossier;
use super::partner_text::{cautions, head, quoted};
use super::reading::tables;
use super::source::{Changes, Source, file};
use crate::partner::{NewCertificate, NewPartner, PartnerCertificate, PartnerId, days_until};

#[cfg(doc)]
use super::Config;

/// Where a certificate begins and ends in PEM.
const PEM: [&str; 2] = ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"];
/// Digits of the fingerprint in the name of a certificate's file.
const NAME_DIGITS: usize = 12;
/// Fewest digits of a fingerprint by which a certificate is named.
const PREFIX_DIGITS_MIN: usize = 8;

/// Files as they would be, with what that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The files.
    pub changes: Changes,
    /// What was, in the words of the file.
    pub before: String,
    /// What would be.
    pub after: String,
    /// What deserves a look.
    pub cautions: Vec<String>,
}

impl Loaded {
    /// A partner more, in a file of its own.
    ///
    /// # Errors
    /// A [`Mistake`] when the short name is none or is taken, or a certificate cannot be.
    pub fn adding(&self, new: &NewPartner, now: Timestamp) -> Result<Edit, Mistake> {
        let directory = &self.config.partners.directory;
        let id = PartnerId::new(&new.partner).ok_or_else(|| {
            Mistake::new(file(directory), format!("{:?} is no short name of a partner", new.partner))
                .hint(format!("lower-case letters, digits and hyphens, at most {}", PartnerId::LENGTH_MAX))
        })?;
        if !directory.is_dir() {
            return Err(Mistake::new(file(directory), "there is no directory for partners here").hint("make it"));
        }
        let path = directory.join(format!("{id}.toml"));
        if path.symlink_metadata().is_ok() {
            return Err(Mistake::new(file(&path), format!("there is a partner {id} already"))
                .hint("take another short name, or `lodged partner enable` if it was disabled"));
        }
        let mut pieces = head(new);
        let (mut changes, mut cautions) = (Changes::default(), cautions(new));
        for pem in &new.certificates {
            let fresh = self.fresh(&id, (pem, ["", ""]), now)?;
            pieces.push(format!("\n[[certificate]]\nfile = {}\n", quoted(&fresh.name)));
            cautions.extend(fresh.cautions);
            changes = changes.with(directory.join(fresh.name), fresh.pem);
        }
        let text = pieces.concat();
        let after = text.clone();
        Ok(Edit { changes: changes.with(path, text), before: String::new(), after, cautions })
    }

    /// A partner that is not let in any more, or is again.
    ///
    /// # Errors
    /// A [`Mistake`] when there is none of this name, or it is so already.
    pub fn disabling(&self, partner: &str, is_disabled: bool) -> Result<Edit, Mistake> {
        let dossier = self.dossier(partner)?;
        if dossier.is_disabled == is_disabled {
            let what = if is_disabled { "is disabled already" } else { "is not disabled" };
            return Err(Mistake::new(file(&dossier.path), format!("partner {partner} {what}")));
        }
        let source = own_file(&dossier.path)?;
        let document = source.parse()?;
        let value = document.as_table().get(DISABLED).and_then(Item::span);
        let text = match value {
            Some(value) => replaced(&source.text, value, &is_disabled.to_string()),
            None => Some(format!("{DISABLED} = {is_disabled}\n{}", source.text)),
        };
        Ok(Edit {
            changes: Changes::default().with(dossier.path.clone(), text.ok_or_else(|| elsewhere(&dossier.path))?),
            before: format!("{DISABLED} = {}", dossier.is_disabled),
            after: format!("{DISABLED} = {is_disabled}"),
            cautions: Vec::new(),
        })
    }

    /// A certificate more for a partner, in a file of its own.
    ///
    /// # Errors
    /// A [`Mistake`] when there is no such partner, or the certificate cannot be taken.
    pub fn adding_certificate(&self, new: &NewCertificate, now: Timestamp) -> Result<Edit, Mistake> {
        let dossier = self.dossier(&new.partner)?;
        let source = own_file(&dossier.path)?;
        let fresh = self.fresh(&dossier.partner.id, (&new.pem, [&new.from, &new.until]), now)?;
        let moments = [("from", &new.from), ("until", &new.until)].into_iter().filter(|(_, moment)| !moment.is_empty());
        let moments: String = moments.map(|(key, moment)| format!("{key} = {}\n", quoted(moment))).collect();
        let entry = format!("[[certificate]]\nfile = {}\n{moments}", quoted(&fresh.name));
        let gap = if source.text.ends_with('\n') { "\n" } else { "\n\n" };
        let text = format!("{}{gap}{entry}", source.text);
        let directory = &self.config.partners.directory;
        let mut cautions = fresh.cautions;
        cautions.extend(dossier.is_disabled.then(|| format!("partner {} is disabled and is not let in", new.partner)));
        Ok(Edit {
            changes: Changes::default().with(dossier.path.clone(), text).with(directory.join(&fresh.name), fresh.pem),
            before: String::new(),
            after: format!("{entry}# fingerprint {}, {} to {}", fresh.fingerprint, fresh.dated.from, fresh.dated.until),
            cautions,
        })
    }

    /// A certificate of a partner that is not taken any more, named by the first digits of its fingerprint or by its file.
    ///
    /// # Errors
    /// A [`Mistake`] when there is no such partner, no such certificate, more than one, or it is disabled already.
    pub fn disabling_certificate(&self, partner: &str, name: &str, now: Timestamp) -> Result<Edit, Mistake> {
        let dossier = self.dossier(partner)?;
        let index = named(dossier, name)?;
        let (certificate, held) = dossier.held().nth(index).ok_or_else(|| elsewhere(&dossier.path))?;
        let told = format!("file = {}\n", quoted(&held.file.to_string_lossy()));
        let told = format!("{told}# fingerprint {}", hexadecimal(&certificate.fingerprint));
        if held.is_disabled {
            let what = format!("this certificate of partner {partner} is disabled already");
            return Err(Mistake::new(file(&dossier.path), what));
        }
        let source = own_file(&dossier.path)?;
        let document = source.parse()?;
        let item = document.as_table().get("certificate");
        let text = item.and_then(|item| disabled_entry(&source.text, item, index));
        let others = dossier.held().enumerate().filter(|(other, (_, held))| *other != index && !held.is_disabled);
        let can_connect = others.map(|(_, (other, _))| other).any(|other| other.is_taken_at(now));
        let caution = (!can_connect).then(|| format!("partner {partner} has no other certificate that is taken now"));
        Ok(Edit {
            changes: Changes::default().with(dossier.path.clone(), text.ok_or_else(|| elsewhere(&dossier.path))?),
            before: format!("{told}\n{DISABLED} = false"),
            after: format!("{told}\n{DISABLED} = true"),
            cautions: caution.into_iter().collect(),
        })
    }

    /// What the file of a partner says.
    ///
    /// # Errors
    /// A [`Mistake`] when there is none.
    pub fn dossier(&self, partner: &str) -> Result<&Dossier, Mistake> {
        let found = self.dossiers.iter().find(|dossier| dossier.partner.id.as_str() == partner);
        found.ok_or_else(|| {
            let known: Vec<_> = self.dossiers.iter().map(|dossier| dossier.partner.id.as_str()).collect();
            let hint = if known.is_empty() {
                "there is none yet".to_owned()
            } else {
                format!("there are {}", known.join(", "))
            };
            Mistake::new(file(&self.config.partners.directory), format!("there is no partner {partner:?}")).hint(hint)
        })
    }

    /// A certificate that this partner could have, taken from one moment to another where they are given, and judged against
    /// all others.
    fn fresh(
        &self,
        partner: &PartnerId,
        (pem, [from, until]): (&str, [&str; 2]),
        now: Timestamp,
    ) -> Result<Fresh, Mistake> {
        let directory = &self.config.partners.directory;
        let pem = only_certificate(pem, directory)?;
        let unnamed = directory.join(format!("{partner}.pem"));
        let dated = certificate::read_one(&unnamed, &Changes::default().with(unnamed.clone(), pem.as_bytes()))?;
        let fingerprint = hexadecimal(digest::digest(&digest::SHA256, &dated.der).as_ref());
        let refused = |what: String| Mistake::new(file(directory), what);
        // Moments that are none are found when the file is read.
        let from = moment(from, Edge::From).map_or(dated.from, |from| from.max(dated.from));
        let until = moment(until, Edge::Until).map_or(dated.until, |until| until.min(dated.until));
        if until <= now {
            let hint = if until < dated.until { "give a later `until`" } else { "ask the partner for a new one" };
            return Err(refused(format!("the certificate ended at {until}")).hint(hint));
        }
        let key = certificate::public_key(&dated.der);
        for dossier in &self.dossiers {
            let is_own = dossier.partner.id == *partner;
            let mut certificates = dossier.partner.certificates.iter();
            if is_own && certificates.any(|held| held.der == dated.der.as_ref()) {
                return Err(refused(format!("partner {partner} has this certificate already"))
                    .hint("if it is disabled, take `disabled = true` out of its file and reload"));
            }
            if !is_own && certificates.any(|held| certificate::public_key(&held.der) == key) {
                let what = format!("partner {} has a certificate with the same key", dossier.partner.id);
                return Err(refused(what).hint("nobody could say who connects; let the partner make a key of its own"));
            }
        }
        let name = format!("{partner}-{}.pem", fingerprint.get(..NAME_DIGITS).unwrap_or_default());
        let days = days_until(until, now);
        let mut cautions = Vec::new();
        if days < ENDING_DAYS {
            cautions.push(format!("the certificate ends in {}, at {until}", counted(days)));
        }
        if from > now {
            cautions.push(format!("the certificate is not taken before {from}"));
        }
        Ok(Fresh { name, pem: format!("{pem}\n"), fingerprint, dated, cautions })
    }
}

const DISABLED: &str = "disabled";

/// A certificate on its way into a file.
struct Fresh {
    name: String,
    pem: String,
    fingerprint: String,
    dated: Dated,
    cautions: Vec<String>,
}

/// The certificate of a PEM file and nothing else of it; a private key is not ours to have.
fn only_certificate<'p>(pem: &'p str, directory: &Path) -> Result<&'p str, Mistake> {
    if pem.contains("PRIVATE KEY-----") {
        return Err(Mistake::new(file(directory), "there is a private key beside the certificate")
            .hint("it is the partner's secret: have it replaced, and give the certificate alone"));
    }
    let [begin, end] = PEM;
    let found = pem.find(begin).zip(pem.rfind(end)).and_then(|(from, to)| pem.get(from..to.checked_add(end.len())?));
    found.ok_or_else(|| certificate::none_in(&directory.join("the new certificate")))
}

/// The place of the certificate that this names.
fn named(dossier: &Dossier, name: &str) -> Result<usize, Mistake> {
    let prefix: String = name.chars().filter(|character| *character != ':').collect::<String>().to_ascii_lowercase();
    let is_prefix = prefix.len() >= PREFIX_DIGITS_MIN && prefix.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_meant = |(certificate, held): (&PartnerCertificate, &super::Held)| {
        (is_prefix && hexadecimal(&certificate.fingerprint).starts_with(&prefix)) || held.file == Path::new(name)
    };
    let mut meant = dossier.held().enumerate().filter(|(_, pair)| is_meant(*pair)).map(|(index, _)| index);
    match (meant.next(), meant.next()) {
        (Some(index), None) => Ok(index),
        (found, _) => {
            let what = if found.is_some() { "means several certificates" } else { "means no certificate" };
            let what = format!("{name:?} {what} of partner {}", dossier.partner.id);
            let hint = format!("write the first {PREFIX_DIGITS_MIN} or more digits of its SHA-256, or its file");
            Err(Mistake::new(file(&dossier.path), what).hint(hint))
        }
    }
}

/// The text in which this entry of the certificates is disabled.
fn disabled_entry(text: &str, item: &Item, index: usize) -> Option<String> {
    let (table, _) = tables(item)?.into_iter().nth(index)?;
    if let Some(value) = table.get(DISABLED).and_then(Item::span) {
        return replaced(text, value, "true");
    }
    let end = value_end(table, "file")?;
    let (place, line) = match item.is_array_of_tables() {
        // Behind the line, which may end with a comment.
        true => (text.get(end..)?.find('\n').map_or(text.len(), |more| end + more), format!("\n{DISABLED} = true")),
        false => (end, format!(", {DISABLED} = true")),
    };
    replaced(text, place..place, &line)
}

fn value_end(table: &dyn TableLike, key: &str) -> Option<usize> {
    table.get(key).and_then(Item::span).map(|span| span.end)
}

fn replaced(text: &str, span: Range<usize>, with: &str) -> Option<String> {
    Some(format!("{}{with}{}", text.get(..span.start)?, text.get(span.end..)?))
}

/// The file of a partner, which is a file: a link leads to something that is not ours to replace.
fn own_file(path: &Path) -> Result<Source, Mistake> {
    if path.symlink_metadata().is_ok_and(|data| data.is_symlink()) {
        return Err(Mistake::new(file(path), "this is a symbolic link, which would be replaced by a file")
            .hint("change the file that it leads to, then reload"));
    }
    Source::read(path, &Changes::default())
}

fn elsewhere(path: &Path) -> Mistake {
    Mistake::new(file(path), "the file is written in a way that cannot be changed here")
        .hint("change it by hand, then reload")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use toml_edit::Document;

    use super::*;

    /// A file in which the second certificate is disabled.
    fn check(text: &str, expected: Option<&str>) {
        let document = Document::parse(text).unwrap();
        let item = document.as_table().get("certificate").unwrap();
        assert_eq!(disabled_entry(text, item, 1).as_deref(), expected);
        expected.into_iter().for_each(|expected| drop(Document::parse(expected).unwrap()));
    }

    #[test]
    fn an_entry_is_disabled_where_it_stands() {
        check(
            "[[certificate]]\nfile = \"a\"\n[[certificate]]\nfile = \"b\" # b\nuntil = 2026-01-01\n",
            Some(
                "[[certificate]]\nfile = \"a\"\n[[certificate]]\nfile = \"b\" # b\ndisabled = true\nuntil = 2026-01-01\n",
            ),
        );
        check(
            "certificate = [{ file = \"a\" }, { file = \"b\" }]",
            Some("certificate = [{ file = \"a\" }, { file = \"b\", disabled = true }]"),
        );
    }

    #[test]
    fn an_entry_at_the_end_of_a_file_needs_no_line_break() {
        check(
            "[[certificate]]\nfile = \"a\"\n[[certificate]]\nfile = \"b\"",
            Some("[[certificate]]\nfile = \"a\"\n[[certificate]]\nfile = \"b\"\ndisabled = true"),
        );
    }

    #[test]
    fn an_entry_that_was_enabled_is_disabled_again() {
        check(
            "[[certificate]]\nfile = \"a\"\n[[certificate]]\ndisabled = false\nfile = \"b\"\n",
            Some("[[certificate]]\nfile = \"a\"\n[[certificate]]\ndisabled = true\nfile = \"b\"\n"),
        );
    }

    #[test]
    fn an_entry_that_is_not_there_is_not_disabled() {
        check("[[certificate]]\nfile = \"a\"\n", None);
    }
}
