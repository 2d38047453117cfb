//! `conf/partners/<short name>.toml`: one partner in each.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use serde::{Deserialize, Deserializer};

use super::certificate::{self, Edge, moment};
use super::key::PARTNER;
use super::load::deserialize;
use super::mistake::{Mistake, Place};
use super::reading::Reading;
use super::source::{Changes, Source, file, unreadable};
use crate::edifact::{PartyId, Repertoire};
use crate::language::Language;
use crate::partner::{
    Agreement, Authority, Clash, Partner, PartnerBook, PartnerCertificate, PartnerId, PartnerKind, PartnerLimits,
    Shared,
};

/// Everybody who has a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Roll {
    /// Those who are let in, with the certificates that are taken.
    pub(super) partners: PartnerBook,
    /// What all files say, in the order of the short names.
    pub(super) dossiers: Vec<Dossier>,
}

/// Everything that the file of a partner says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// The partner as it is when nothing of it is disabled.
    pub partner: Partner,
    /// The file.
    pub path: PathBuf,
    /// Whether the partner is not let in.
    pub is_disabled: bool,
    /// One for each certificate of the partner, in the same order.
    pub certificates: Vec<Held>,
}

/// What is said of a certificate beside what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its file, as it is written.
    pub file: PathBuf,
    /// Whether it is not taken.
    pub is_disabled: bool,
}

impl Dossier {
    /// The certificates, each with what is said of it.
    pub fn held(&self) -> impl Iterator<Item = (&PartnerCertificate, &Held)> {
        self.partner.certificates.iter().zip(&self.certificates)
    }

    /// The partner as it is let in; none when it is not.
    fn in_force(&self) -> Option<Partner> {
        let taken = self.held().filter(|(_, held)| !held.is_disabled).map(|(certificate, _)| certificate.clone());
        (!self.is_disabled).then(|| Partner { certificates: taken.collect(), ..self.partner.clone() })
    }
}

/// The partners of every `*.toml` in this directory, as they would be with these changes. A directory that nobody named
/// (`named` says where it was) may be missing and then holds nobody.
pub(super) fn load_all(directory: &Path, named: Option<&Place>, changes: &Changes) -> Result<Roll, Vec<Mistake>> {
    if named.is_none() && !directory.exists() {
        return Ok(Roll::default());
    }
    let paths = toml_files(directory, changes).map_err(|cause| {
        let mistake = unreadable(directory, &cause).hint("`partners.directory` must name a directory");
        vec![named.map_or(mistake.clone(), |place| Mistake {
            what: format!("{}: {}", directory.display(), mistake.what),
            place: place.clone(),
            hint: mistake.hint,
        })]
    })?;
    let mut mistakes = Vec::new();
    let mut dossiers = Vec::new();
    let mut places = HashMap::new();
    for path in paths {
        match load(&path, changes) {
            Ok((dossier, found)) => {
                places.insert(dossier.partner.id.clone(), (path, found));
                dossiers.push(dossier);
            }
            Err(found) => mistakes.extend(found),
        }
    }
    // Those that were read are compared even when others were not, and what is disabled as if it were not: it may be
    // enabled again.
    let all = PartnerBook::new(dossiers.iter().map(|dossier| dossier.partner.clone()).collect());
    if let Err(clashes) = all {
        mistakes.extend(clashes.into_iter().map(|clash| {
            let home = places.get(&clash.second).map(|(path, places)| clash_place(&clash, path, places));
            Mistake::new(home.unwrap_or_else(|| file(directory)), clash.to_string())
                .hint(format!("take it from one of {} and {}", clash.first, clash.second))
        }));
    }
    let partners = PartnerBook::new(dossiers.iter().filter_map(Dossier::in_force).collect()).unwrap_or_default();
    if mistakes.is_empty() { Ok(Roll { partners, dossiers }) } else { Err(mistakes) }
}

/// The files, in the order of their names. Hidden ones are an editor's.
pub(super) fn toml_files(directory: &Path, changes: &Changes) -> std::io::Result<Vec<PathBuf>> {
    let mut paths =
        std::fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    let is_here = |path: &&Path| path.parent() == Some(directory);
    paths.extend(changes.iter().map(|(path, _)| path).filter(is_here).map(Path::to_owned));
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml") && !is_hidden(path));
    paths.sort();
    paths.dedup();
    Ok(paths)
}

type Places = std::collections::BTreeMap<String, Place>;

fn clash_place(clash: &Clash, path: &Path, places: &Places) -> Place {
    let key = match clash.shared {
        Shared::Id => None,
        Shared::Certificate(index) => Some(format!("certificate[{index}].file")),
        Shared::Identity(index) => Some(format!("identity[{index}].identification")),
    };
    key.and_then(|key| places.get(&key).cloned()).unwrap_or_else(|| file(path))
}

/// One partner, with the place of every value.
fn load(path: &Path, changes: &Changes) -> Result<(Dossier, Places), Vec<Mistake>> {
    let one = |mistake| vec![mistake];
    let source = Source::read(path, changes).map_err(one)?;
    let document = source.parse().map_err(one)?;
    let mut reading = Reading::default();
    reading.read_file(&source, PARTNER, document.as_table());
    let Reading { mut mistakes, places } = reading;
    let id = path.file_stem().and_then(|stem| PartnerId::new(stem.to_str()?));
    if id.is_none() {
        let what = "the name of the file is no short name of a partner";
        let form = format!("lower-case letters, digits and hyphens, at most {}", PartnerId::LENGTH_MAX);
        mistakes.push(Mistake::new(file(path), what).hint(form));
    }
    let (Some(id), true) = (id, mistakes.is_empty()) else { return Err(mistakes) };
    let written: Written = deserialize(&source, HashMap::new()).map_err(one)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let certificates = certificates(&written.certificate, (directory, changes), &places)?;
    let held = written.certificate.into_iter().map(|entry| Held { file: entry.file, is_disabled: entry.disabled });
    let (held, is_disabled) = (held.collect(), written.disabled);
    let partner = Partner {
        id,
        name: written.name,
        kind: written.kind,
        identities: written.identity.into_iter().map(WrittenIdentity::party).collect(),
        certificates,
        authority: written.authority,
        language: written.language,
        agreement: written.agreement.into(),
        limits: written.limits,
    };
    Ok((Dossier { partner, path: path.to_owned(), is_disabled, certificates: held }, places))
}

fn certificates(
    written: &[WrittenCertificate],
    (directory, changes): (&Path, &Changes),
    places: &Places,
) -> Result<Vec<PartnerCertificate>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut certificates = Vec::new();
    for (index, entry) in written.iter().enumerate() {
        let path = directory.join(&entry.file);
        let place = || places.get(&format!("certificate[{index}].file")).cloned().unwrap_or_else(|| file(&path));
        match certificate::read_one(&path, changes) {
            Ok(dated) => match entry.between(&dated) {
                Some(certificate) => certificates.push(certificate),
                None => mistakes.push(
                    Mistake::new(place(), "the certificate is never taken: it ends before it begins").hint(format!(
                        "its own validity is {} to {}; compare `from` and `until`",
                        dated.from, dated.until
                    )),
                ),
            },
            Err(mistake) => mistakes.push(Mistake {
                what: format!("{}: {}", path.display(), mistake.what),
                place: place(),
                hint: mistake.hint,
            }),
        }
    }
    if mistakes.is_empty() { Ok(certificates) } else { Err(mistakes) }
}

/// The file as it is written. Every value has passed its shape before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    kind: PartnerKind,
    #[serde(default)]
    language: Language,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    identity: Vec<WrittenIdentity>,
    #[serde(default)]
    certificate: Vec<WrittenCertificate>,
    #[serde(default)]
    authority: Vec<Authority>,
    #[serde(default)]
    limits: PartnerLimits,
    #[serde(default)]
    agreement: WrittenAgreement,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenIdentity {
    identification: String,
    #[serde(default)]
    qualifier: String,
}

impl WrittenIdentity {
    fn party(self) -> PartyId {
        let qualifier = Some(self.qualifier).filter(|qualifier| !qualifier.is_empty());
        PartyId { identification: self.identification, qualifier, ..PartyId::default() }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCertificate {
    file: PathBuf,
    from: Option<String>,
    until: Option<String>,
    #[serde(default)]
    disabled: bool,
}

impl WrittenCertificate {
    /// The certificate between the later of both beginnings and the earlier of both ends, when that is any time at all.
    fn between(&self, dated: &certificate::Dated) -> Option<PartnerCertificate> {
        let read = |text: &Option<String>, edge| text.as_deref().and_then(|text| moment(text, edge).ok());
        let from = read(&self.from, Edge::From).map_or(dated.from, |from| from.max(dated.from));
        let until = read(&self.until, Edge::Until).map_or(dated.until, |until| until.min(dated.until));
        let fingerprint = digest::digest(&digest::SHA256, &dated.der).as_ref().try_into().ok()?;
        (from < until).then(|| PartnerCertificate { fingerprint, der: dated.der.to_vec(), from, until })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenAgreement {
    identifier: String,
    age_days_max: Option<u16>,
    answers_want_acknowledgement: bool,
    #[serde(deserialize_with = "repertoire")]
    answer_repertoire: Option<Repertoire>,
}

impl From<WrittenAgreement> for Agreement {
    fn from(written: WrittenAgreement) -> Self {
        Self {
            identifier: Some(written.identifier).filter(|identifier| !identifier.is_empty()),
            age_days_max: written.age_days_max,
            answers_want_acknowledgement: written.answers_want_acknowledgement,
            answer_repertoire: written.answer_repertoire,
        }
    }
}

/// The name as it stands in UNB; an empty one stands for none.
fn repertoire<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Repertoire>, D::Error> {
    String::deserialize(deserializer).map(|name| Repertoire::read(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::sample::Home;
    use super::*;

    const MAPLE: &str = "name = \"Maple\"\nkind = \"service-provider\"\n";

    /// What is said of a partner `maple` with these further lines.
    fn check(lines: &str, expected: &str) {
        let home = Home::new("");
        home.certificate("partners/maple.pem", 2026, 2027);
        home.partner("maple", &format!("{MAPLE}{lines}"));
        assert_eq!(home.mistakes(), expected);
    }

    fn maple(lines: &str) -> Partner {
        let home = Home::new("");
        home.certificate("partners/maple.pem", 2026, 2027);
        home.partner("maple", &format!("{MAPLE}{lines}"));
        let book = home.load().unwrap().partners;
        Partner::clone(book.find(&PartnerId::new("maple").unwrap()).unwrap())
    }

    /// From when until when the certificate is taken.
    fn taken(lines: &str) -> (String, String) {
        let partner = maple(&format!("[[certificate]]\nfile = \"maple.pem\"\n{lines}"));
        (partner.certificates[0].from.to_string(), partner.certificates[0].until.to_string())
    }

    #[test]
    fn a_partner_is_what_its_file_says() {
        let partner = maple(
            "language = \"fr\"\n[[identity]]\nidentification = \"MAPLE\"\nqualifier = \"ZZ\"\n\
             [[authority]]\nauthorization_id = \"AB1234\"\nbusiness_number = \"123456782RM0001\"\n\
             [limits]\nconnections_max = 3\n\
             [agreement]\nidentifier = \"IA-7\"\nage_days_max = 30\n\
             answers_want_acknowledgement = true\nanswer_repertoire = \"UNOC\"\n",
        );
        assert_eq!((partner.kind, partner.language), (PartnerKind::ServiceProvider, Language::Fr));
        assert_eq!(partner.identities[0].qualifier.as_deref(), Some("ZZ"));
        assert!(partner.may_file_for("AB1234", "123456782RM0001"));
        assert_eq!(partner.limits, PartnerLimits { connections_max: Some(3), ..PartnerLimits::default() });
        let agreement = Agreement {
            identifier: Some("IA-7".to_owned()),
            age_days_max: Some(30),
            answers_want_acknowledgement: true,
            answer_repertoire: Some(Repertoire::Unoc),
        };
        assert_eq!(partner.agreement, agreement);
    }

    #[test]
    fn a_certificate_is_taken_during_its_own_validity() {
        assert_eq!(taken(""), ("2026-01-01T00:00:00Z".to_owned(), "2027-01-01T00:00:01Z".to_owned()));
    }

    #[test]
    fn a_certificate_may_be_taken_for_a_shorter_time() {
        let expected = ("2026-03-01T00:00:00Z".to_owned(), "2026-07-01T00:00:00Z".to_owned());
        assert_eq!(taken("from = 2026-03-01\nuntil = 2026-06-30\n"), expected);
        assert_eq!(taken("from = \"2026-03-01\"\nuntil = 2026-06-30T19:00:00-05:00\n"), expected);
    }

    #[test]
    fn a_certificate_is_never_taken_beyond_its_own_validity() {
        assert_eq!(taken("from = 2020-01-01\nuntil = 2040-01-01\n"), taken(""));
    }

    #[test]
    fn the_fingerprint_is_that_of_the_der() {
        let partner = maple("[[certificate]]\nfile = \"maple.pem\"\n");
        let held = &partner.certificates[0];
        assert_eq!(digest::digest(&digest::SHA256, &held.der).as_ref(), held.fingerprint);
    }

    #[test]
    fn a_certificate_that_is_never_taken_is_a_mistake() {
        check(
            "[[certificate]]\nfile = \"maple.pem\"\nfrom = 2028-01-01\n",
            "the certificate is never taken: it ends before it begins (partners/maple.toml:4:8)\n  \
             hint: its own validity is 2026-01-01T00:00:00Z to 2027-01-01T00:00:01Z; compare `from` and `until`",
        );
    }

    #[test]
    fn a_file_that_is_not_a_certificate_is_a_mistake() {
        check(
            "[[certificate]]\nfile = \"maple.toml\"\n",
            "partners/maple.toml: the file is not a certificate that can be read (partners/maple.toml:4:8)\n  \
             hint: it must be PEM and begin with -----BEGIN CERTIFICATE-----",
        );
    }

    #[test]
    fn a_missing_certificate_is_a_mistake() {
        check(
            "[[certificate]]\nfile = \"oak.pem\"\n",
            "partners/oak.pem: cannot be read: No such file or directory (os error 2) (partners/maple.toml:4:8)",
        );
    }

    #[test]
    fn an_unknown_key_of_a_table_in_a_list_names_its_line() {
        check(
            "[[identity]]\nidentification = \"MAPLE\"\nqualifer = \"ZZ\"\n",
            "unknown key `identity[0].qualifer` (partners/maple.toml:5:1)\n  hint: did you mean `identity[0].qualifier`?",
        );
    }

    #[test]
    fn a_wrong_check_digit_is_a_mistake() {
        check(
            "[[authority]]\nauthorization_id = \"AB1234\"\nbusiness_number = \"123456789RM0001\"\n",
            "`authority[0].business_number` cannot be \"123456789RM0001\" (partners/maple.toml:5:19)\n  \
             hint: the check digit of the business number is wrong",
        );
    }

    #[test]
    fn a_missing_key_is_named() {
        check(
            "[[identity]]\nqualifier = \"ZZ\"\n",
            "`identity[0].identification` is missing (partners/maple.toml:3:1)\n  hint: write text in quotes",
        );
    }

    #[test]
    fn two_partners_with_the_same_certificate_are_a_mistake() {
        let home = Home::new("");
        home.certificate("partners/shared.pem", 2026, 2027);
        for id in ["birch", "maple"] {
            home.partner(id, &format!("{MAPLE}[[certificate]]\nfile = \"shared.pem\"\n"));
        }
        let expected = "partner maple has a certificate of partner birch (partners/maple.toml:4:8)\n  \
                        hint: take it from one of birch and maple";
        assert_eq!(home.mistakes(), expected);
    }

    #[test]
    fn two_partners_with_the_same_identity_are_a_mistake() {
        let home = Home::new("");
        for id in ["birch", "maple"] {
            home.partner(id, &format!("{MAPLE}[[identity]]\nidentification = \"MAPLE\"\n"));
        }
        let expected = "partner maple has an identity of partner birch (partners/maple.toml:4:18)\n  \
                        hint: take it from one of birch and maple";
        assert_eq!(home.mistakes(), expected);
    }

    #[test]
    fn a_file_whose_name_is_no_short_name_is_a_mistake() {
        let home = Home::new("");
        home.partner("Maple_1", MAPLE);
        let expected = "the name of the file is no short name of a partner (partners/Maple_1.toml)\n  \
                        hint: lower-case letters, digits and hyphens, at most 32";
        assert_eq!(home.mistakes(), expected);
    }

    #[test]
    fn other_files_are_not_read() {
        let home = Home::new("");
        home.partner("maple", MAPLE);
        std::fs::write(home.path().join("partners/example.toml.sample"), "?").unwrap();
        std::fs::write(home.path().join("partners/.#maple.toml"), "?").unwrap();
        assert_eq!(home.load().unwrap().partners.partners().len(), 1);
    }

    #[test]
    fn a_directory_that_was_named_must_be_there() {
        let said = Home::new("[partners]\ndirectory = \"others\"\n").mistakes();
        assert!(said.starts_with("others: cannot be read: ") && said.contains("(lodged.toml:2:13)"), "{said}");
    }
}
