//! A right declaration, and what rules say of it when one thing is changed.

use std::sync::LazyLock;

use jiff::{Timestamp, civil::date, tz::TimeZone};
use rust_decimal::Decimal;

use super::{Context, RuleSettings, explain, judge};
use crate::codes::CodeLists;
use crate::declaration::guide::Reading;
use crate::declaration::{Draft, Field, LineDraft, Listed, PartyDraft, RuleFinding, Severity, Stated, StatedAt, Text};
use crate::edifact::Tag;
use crate::language::Language;
use crate::partner::{Agreement, Authority, Partner, PartnerId, PartnerKind, PartnerLimits};

/// When the declaration came: 10:00 in Toronto, 21 November 2026.
pub(super) const RECEIVED_AT: Timestamp = Timestamp::constant(1_795_273_200, 0);

static CODES: LazyLock<CodeLists> = LazyLock::new(CodeLists::embedded);

/// A declaration with everything that rules look at beside it. As it begins, nothing is wrong with it.
pub(super) struct Case {
    pub(super) draft: Draft<'static>,
    pub(super) partner: Partner,
    pub(super) settings: RuleSettings,
    pub(super) received_at: Timestamp,
    pub(super) zone: TimeZone,
}

impl Case {
    /// Two disk drives by sea from Vancouver to Japan.
    pub(super) fn new() -> Self {
        let mut case = Self {
            draft: header(),
            partner: partner(),
            settings: RuleSettings::default(),
            received_at: RECEIVED_AT,
            zone: TimeZone::get("America/Toronto").unwrap(),
        };
        case.may_file("AB1234", "123456782RM0001");
        case.draft.lines = vec![line(1, 30, "CA", amount("12000.00")), line(2, 40, "MY", amount("5000.00"))];
        case.draft.lines[0].province = Some(stated("BC", "LOC", 33, Some(4), Some(1)));
        case
    }

    /// Gives the partner authority for one more pair.
    pub(super) fn may_file(&mut self, authorization_id: &str, business_number: &str) {
        self.partner.authority.push(Authority {
            authorization_id: authorization_id.parse().unwrap(),
            business_number: business_number.parse().unwrap(),
        });
    }

    /// States who files.
    pub(super) fn names_a_service_provider(&mut self) {
        self.draft.service_provider = party(8, "Example Forwarding", "CA", "QC", "H2Y 1C6");
    }

    /// Another total value and currency, all of it in one line of two.
    pub(super) fn worth(&mut self, total: Decimal, currency: &'static str) {
        set(&mut self.draft.total_value, total);
        set(&mut self.draft.lines[0].value, total);
        self.draft.lines[1].value = None;
        for field in self.currencies() {
            set(field, currency);
        }
    }

    /// Every currency of the declaration.
    pub(super) fn currencies(&mut self) -> Vec<&mut Field<Text<'static>>> {
        let draft = &mut self.draft;
        let of_lines = draft.lines.iter_mut().map(|line| &mut line.currency);
        [&mut draft.currency, &mut draft.freight_currency].into_iter().chain(of_lines).collect()
    }

    /// What the rules say.
    pub(super) fn judge(&self, language: Language) -> Vec<RuleFinding> {
        let draft = Draft { listed: listed(&self.draft), ..self.draft.clone() };
        self.with_context(language, |context| judge(&Reading { draft, breaches: Vec::new() }, context))
    }

    /// What rules know beside the declaration.
    pub(super) fn with_context<T>(&self, language: Language, ask: impl FnOnce(&Context<'_>) -> T) -> T {
        let Self { partner, settings, received_at, zone, .. } = self;
        ask(&Context::new((&CODES, settings), partner, (*received_at, zone), language))
    }
}

/// Changes one thing in a right declaration and says which codes must come, where. A severity is written when it is not
/// that of the table.
#[track_caller]
pub(super) fn check(change: impl FnOnce(&mut Case), expected: &str) {
    let mut case = Case::new();
    change(&mut case);
    let findings = case.judge(Language::En);
    for text in findings.iter().chain(&case.judge(Language::Fr)).map(|finding| &finding.text) {
        assert!(!text.contains(['{', '}', '[', ']']), "a value is missing: {text}");
    }
    let said: Vec<String> = findings.iter().map(write).collect();
    assert_eq!(said.join(", "), expected, "{findings:#?}");
}

/// The sentences that come when one thing is changed.
pub(super) fn texts(change: impl FnOnce(&mut Case), language: Language) -> String {
    let mut case = Case::new();
    change(&mut case);
    case.judge(language).into_iter().map(|finding| finding.text).collect::<Vec<_>>().join("\n")
}

/// A change of the first line.
pub(super) fn first_line(change: impl FnOnce(&mut LineDraft<'static>)) -> impl FnOnce(&mut Case) {
    |case| change(&mut case.draft.lines[0])
}

/// `L310 (error) @ line 2 CST 41.3.1`: position in the message, then element and component.
fn write(finding: &RuleFinding) -> String {
    let severity = match finding.severity {
        severity if explain(&finding.code).is_some_and(|rule| rule.severity == severity) => "",
        Severity::Notice => " (notice)",
        Severity::Warning => " (warning)",
        Severity::Error => " (error)",
    };
    let line = finding.line.map(|line| format!("line {line} ")).unwrap_or_default();
    let place = finding.segment.as_ref().map_or("declaration".to_owned(), |point| {
        let element = point.element.map(|place| {
            let component = place.component.map(|component| format!(".{component}"));
            format!(".{}{}", place.element, component.unwrap_or_default())
        });
        format!("{} {}{}", point.tag, point.position, element.unwrap_or_default())
    });
    format!("{}{severity} @ {line}{place}", finding.code)
}

/// Another value at the same place.
#[track_caller]
pub(super) fn set<T>(field: &mut Field<T>, value: impl Into<T>) {
    field.as_mut().expect("a value to change").value = value.into();
}

/// A value where none was.
pub(super) fn put<T>(field: &mut Field<T>, value: impl Into<T>, tag: &str, position: u32) {
    *field = Some(stated(value, tag, position, None, None));
}

/// A value at a place. Segments are told apart by their bytes, ten for each.
pub(super) fn stated<T>(
    value: impl Into<T>,
    tag: &str,
    position: u32,
    element: Option<u16>,
    component: Option<u16>,
) -> Stated<T> {
    let start = position as usize * 10;
    let segment = StatedAt::segment(Tag::read(tag.as_bytes()), position, start..start + 10);
    let at = element.map_or(segment, |element| segment.element(element, component.unwrap_or_default(), segment.span()));
    Stated { value: value.into(), at }
}

fn at<T>(value: impl Into<T>, tag: &str, position: u32, element: u16) -> Field<T> {
    Some(stated(value, tag, position, Some(element), None))
}

fn within<T>(value: impl Into<T>, tag: &str, position: u32, element: u16, component: u16) -> Field<T> {
    Some(stated(value, tag, position, Some(element), Some(component)))
}

/// An amount as it is written.
#[track_caller]
pub(super) fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn header() -> Draft<'static> {
    Draft {
        document: within("830", "BGM", 2, 2, 1),
        reference: within("REF-1", "BGM", 2, 3, 1),
        version: within(1_u32, "BGM", 2, 3, 2),
        function: at("9", "BGM", 2, 4),
        export_date: within(date(2026, 11, 30), "DTM", 3, 2, 2),
        authorization_id: within("AB1234", "RFF", 5, 2, 2),
        business_number: within("123456782RM0001", "NAD", 6, 2, 1),
        exporter: party(6, "Example Exports Ltd.", "CA", "BC", "V6B 1A1"),
        consignee: party(7, "Example Imports K.K.", "JP", "Tokyo", "100-0001"),
        parties_are_related: at(false, "GIS", 18, 2),
        mode: within("1", "TDT", 9, 4, 1),
        conveyance: at("042W", "TDT", 9, 3),
        carrier_name: within("Example Line", "TDT", 9, 6, 4),
        vessel: within("EXAMPLE STAR", "TDT", 9, 9, 4),
        exit_office: within("0809", "LOC", 10, 3, 1),
        destination: within("JP", "LOC", 11, 3, 1),
        transport_document_kind: within("BM", "RFF", 12, 2, 1),
        transport_document: within("BL-1", "RFF", 12, 2, 2),
        containers: vec![stated("CSQU3054383", "EQD", 13, Some(3), None)],
        is_containerised: at(true, "GIS", 14, 2),
        packages: at(2_u32, "PAC", 15, 2),
        package_type: within("CT", "PAC", 15, 4, 1),
        is_controlled: at(false, "GIS", 16, 2),
        gross_weight: within(amount("12.500"), "MEA", 21, 4, 2),
        gross_weight_unit: within("KGM", "MEA", 21, 4, 1),
        total_value: within(amount("17000.00"), "MOA", 22, 2, 2),
        currency: within("CAD", "MOA", 22, 2, 3),
        freight: within(amount("250.00"), "MOA", 23, 2, 2),
        freight_currency: within("CAD", "MOA", 23, 2, 3),
        certifier_name: at("Export desk", "NAD", 24, 5),
        line_count: within(2_u32, "CNT", 51, 2, 2),
        package_count: within(2_u32, "CNT", 52, 2, 2),
        ..Draft::default()
    }
}

/// The values that the guide of the house wants in code lists.
pub(super) fn listed(draft: &Draft<'static>) -> Vec<Listed<'static>> {
    let parties = [&draft.exporter, &draft.consignee, &draft.service_provider];
    let mut listed = Vec::new();
    let mut want = |list, code, line: Option<u32>, field: &Field<Text<'static>>| {
        listed.extend((*field).map(|stated| Listed { list, code, line, stated }));
    };
    for country in parties.map(|party| &party.country).into_iter().chain([&draft.destination]) {
        want("countries", "H211", None, country);
    }
    want("cbsa-offices", "H210", None, &draft.exit_office);
    want("modes", "H212", None, &draft.mode);
    want("currencies", "H213", None, &draft.currency);
    want("currencies", "H213", None, &draft.freight_currency);
    want("units", "H214", None, &draft.gross_weight_unit);
    want("package-types", "H215", None, &draft.package_type);
    want("reasons-for-export", "H216", None, &draft.reason_for_export);
    for line in &draft.lines {
        want("countries", "L323", Some(line.ordinal), &line.origin);
        want("units", "L324", Some(line.ordinal), &line.quantity_unit);
        want("units", "L324", Some(line.ordinal), &line.gross_weight_unit);
        want("currencies", "L325", Some(line.ordinal), &line.currency);
    }
    listed
}

fn party(
    position: u32,
    name: &'static str,
    country: &'static str,
    region: &'static str,
    postal_code: &'static str,
) -> PartyDraft<'static> {
    PartyDraft {
        name: at(name, "NAD", position, 5),
        street: at("1 Harbour Road", "NAD", position, 5),
        city: at("Harbour", "NAD", position, 6),
        region: at(region, "NAD", position, 7),
        postal_code: at(postal_code, "NAD", position, 8),
        country: at(country, "NAD", position, 9),
        ..PartyDraft::default()
    }
}

fn line(ordinal: u32, position: u32, origin: &'static str, value: Decimal) -> LineDraft<'static> {
    let begun: Stated<u32> = stated(ordinal, "CST", position + 1, None, None);
    LineDraft {
        number: at(ordinal, "CST", position + 1, 2),
        hs_code: within("84717000", "CST", position + 1, 3, 1),
        description: within("Disk drives", "FTX", position + 2, 5, 1),
        origin: within(origin, "LOC", position + 3, 3, 1),
        value: within(value, "MOA", position + 4, 2, 2),
        currency: within("CAD", "MOA", position + 4, 2, 3),
        quantity: within(amount("1"), "MEA", position + 5, 4, 2),
        quantity_unit: within("NMB", "MEA", position + 5, 4, 1),
        gross_weight: within(amount("6.000"), "MEA", position + 6, 4, 2),
        gross_weight_unit: within("KGM", "MEA", position + 6, 4, 1),
        ..LineDraft::begun(ordinal, begun.at)
    }
}

fn partner() -> Partner {
    Partner {
        id: PartnerId::new("example").unwrap(),
        name: "Example Exports Ltd.".to_owned(),
        kind: PartnerKind::Exporter,
        identities: Vec::new(),
        certificates: Vec::new(),
        authority: Vec::new(),
        language: Language::En,
        agreement: Agreement::default(),
        limits: PartnerLimits::default(),
    }
}
