//! Every key of `conf/lodged.toml` and of a partner's file, with the shape of its value.

use std::net::SocketAddr;

use jiff::tz::TimeZone;
use tracing_subscriber::EnvFilter;

use super::certificate::{Edge, moment};
use super::setting::UserIds;
use super::shape::Form::{self, Choice, Flag, Moment, OptionalPath, Path, Text, Whole};
use super::shape::{Key, Shape};
use crate::edifact::Repertoire;
use crate::identifier::{AuthorizationId, BusinessNumber};

/// `conf/lodged.toml`.
pub(super) const SETTINGS: &[Key] = &[
    table(
        "edi",
        &[
            key("identity", Text(identification)),
            key("qualifier", Text(qualifier)),
            key("practice_identity", Text(optional_identification)),
        ],
    ),
    table(
        "tolerances",
        &[
            key("line_breaks_between_segments", Flag),
            key("newline_terminator", Flag),
            key("wrapped_lines", Flag),
            key("byte_order_mark", Flag),
            key("preamble", Flag),
            key("several_interchanges", Flag),
            key("release_before_ordinary", Flag),
            key("utf8_under_unoc", Flag),
            key("trailing_separators", Flag),
            key("missing_last_terminator", Flag),
        ],
    ),
    table("tls", &[key("listen", Text(address)), key("certificate", Path), key("private_key", Path)]),
    table(
        "limits",
        &[
            key("connections_max", Whole(1, 100_000, "connections")),
            key("connections_per_partner_max", Whole(1, 100_000, "connections")),
            key("handshakes_max", Whole(1, 100_000, "connections")),
            key("handshakes_per_address_max", Whole(1, 100_000, "connections")),
            key("interchange_bytes_max", Whole(1_024, 67_108_864, "bytes")),
            key("interchange_segments_max", Whole(10, 10_000_000, "segments")),
            key("interchanges_per_minute_max", Whole(1, 10_000_000, "interchanges")),
            key("pipelined_interchanges_max", Whole(1, 10_000, "interchanges")),
            key("waiting_answers_max", Whole(1, 100_000, "answers")),
            key("unconfirmed_answers_max", Whole(1, 1_000_000, "answers")),
            key("evidence_bytes_max", Whole(0, 1_048_576, "bytes")),
            key("handshake_seconds_max", Whole(1, 300, "seconds")),
            key("idle_seconds_max", Whole(5, 86_400, "seconds")),
            key("interchange_seconds_max", Whole(1, 3_600, "seconds")),
            key("write_seconds_max", Whole(1, 3_600, "seconds")),
        ],
    ),
    table("drain", &[key("seconds_max", Whole(0, 3_600, "seconds"))]),
    table(
        "store",
        &[
            key("directory", Path),
            key("segment_bytes", Whole(1_048_576, 1_073_741_824, "bytes")),
            key("cache_bytes", Whole(1_048_576, 68_719_476_736, "bytes")),
            key("retention_days", Whole(0, 36_500, "days")),
            key("repeat_days", Whole(1, 36_500, "days")),
            key("archive", OptionalPath),
            key("archive_days", Whole(0, 36_500, "days")),
            key("check_at_start", Flag),
            key("scrub_hours", Whole(0, 8_760, "hours")),
            key("scrub_bytes_per_second", Whole(1_048_576, 10_737_418_240, "bytes")),
        ],
    ),
    table("proof", &[key("form", Choice(&["cers", "g7"])), key("time_zone", Text(time_zone))]),
    table(
        "rules",
        &[
            key("late", Choice(SEVERITY)),
            key("container_check_digit", Choice(SEVERITY)),
            key("hs_unknown", Choice(&["auto", "notice", "warning", "error"])),
            key("office_unknown", Choice(&["auto", "notice", "warning", "error"])),
            key("export_days_ahead_max", Whole(0, 65_535, "days")),
            key("value_threshold_cad", Whole(0, 4_294_967_295, "dollars")),
            key("marine_hours", Whole(0, 65_535, "hours")),
            key("air_hours", Whole(0, 65_535, "hours")),
            key("rail_hours", Whole(0, 65_535, "hours")),
            key("mail_hours", Whole(0, 65_535, "hours")),
            key("other_hours", Whole(0, 65_535, "hours")),
        ],
    ),
    table("grammars", &[key("directory", OptionalPath), key("directory_codes", Flag)]),
    table("partners", &[key("directory", Path)]),
    table("feeds", &[key("directory", Path)]),
    table("watch", &[key("listen", Text(address))]),
    table("admin", &[key("socket", OptionalPath), key("user_ids", Text(user_ids))]),
    table("log", &[key("format", Choice(&["auto", "human", "json"])), key("filter", Text(filter))]),
];

/// How bad a finding can be.
const SEVERITY: &[&str] = &["notice", "warning", "error"];

/// `conf/partners/*.toml`.
pub(super) const PARTNER: &[Key] = &[
    required("name", Text(name)),
    required("kind", Choice(&["exporter", "service-provider", "carrier"])),
    key("language", Choice(&["en", "fr"])),
    key("disabled", Flag),
    tables("identity", &[required("identification", Text(identification)), key("qualifier", Text(qualifier))]),
    tables(
        "certificate",
        &[
            required("file", Path),
            key("from", Moment(from_moment)),
            key("until", Moment(until_moment)),
            key("disabled", Flag),
        ],
    ),
    tables(
        "authority",
        &[required("authorization_id", Text(authorization_id)), required("business_number", Text(business_number))],
    ),
    table(
        "limits",
        &[
            key("interchanges_per_minute_max", Whole(1, 10_000_000, "interchanges")),
            key("interchange_bytes_max", Whole(1_024, 67_108_864, "bytes")),
            key("connections_max", Whole(1, 100_000, "connections")),
        ],
    ),
    table(
        "agreement",
        &[
            key("identifier", Text(optional_agreement)),
            key("age_days_max", Whole(1, 3_650, "days")),
            key("answers_want_acknowledgement", Flag),
            key("answer_repertoire", Text(optional_repertoire)),
        ],
    ),
];

/// `conf/feeds/*.toml`.
pub(super) const FEED: &[Key] = &[
    key("directory", Path),
    key("url", Text(address_of_consumer)),
    key("ca", Path),
    key("authorization", Path),
    key("practice", Flag),
];

const fn key(name: &'static str, form: Form) -> Key {
    Key { name, shape: Shape::Value(form), is_required: false }
}

const fn required(name: &'static str, form: Form) -> Key {
    Key { name, shape: Shape::Value(form), is_required: true }
}

const fn table(name: &'static str, keys: &'static [Key]) -> Key {
    Key { name, shape: Shape::Table(keys), is_required: false }
}

const fn tables(name: &'static str, keys: &'static [Key]) -> Key {
    Key { name, shape: Shape::Tables(keys), is_required: false }
}

/// The hint, unless the text will do.
fn demand(will_do: bool, hint: &str) -> Result<(), String> {
    will_do.then_some(()).ok_or_else(|| hint.to_owned())
}

fn has_length(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.chars().count()) && !text.contains(char::is_control) && text.trim() == text
}

fn name(text: &str) -> Result<(), String> {
    demand(has_length(text, 1, 100), "write a name of 1 to 100 characters")
}

fn identification(text: &str) -> Result<(), String> {
    demand(has_length(text, 1, 35), "write 1 to 35 characters, as they stand in the interchange (0004, 0010)")
}

fn optional_agreement(text: &str) -> Result<(), String> {
    demand(has_length(text, 0, 35), "write at most 35 characters, as they stand in the interchange (0032)")
}

fn optional_identification(text: &str) -> Result<(), String> {
    demand(has_length(text, 0, 35), "write at most 35 characters (0010), or \"\" for none")
}

fn qualifier(text: &str) -> Result<(), String> {
    demand(has_length(text, 0, 4), "write at most 4 characters (0007), or \"\" for none")
}

fn address(text: &str) -> Result<(), String> {
    demand(text.parse::<SocketAddr>().is_ok(), "write an IP address and a port, such as \"127.0.0.1:4443\"")
}

fn address_of_consumer(text: &str) -> Result<(), String> {
    let is_one =
        ["https://", "http://"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    demand(is_one, "write an address such as \"https://customs.example/declarations\"")
}

fn user_ids(text: &str) -> Result<(), String> {
    let will_do = UserIds::try_from(text.to_owned()).is_ok();
    demand(
        will_do,
        "write the numbers of users with blanks between them, such as \"1000 1001\", or \"\" for nobody else",
    )
}

fn time_zone(text: &str) -> Result<(), String> {
    demand(
        TimeZone::get(text).is_ok(),
        "write an IANA name such as \"America/Toronto\"; if it is one, install the time zone data of the system",
    )
}

fn filter(text: &str) -> Result<(), String> {
    demand(
        EnvFilter::builder().parse(text).is_ok(),
        "write a level or directives, such as \"info,lodged::store=debug\"",
    )
}

fn authorization_id(text: &str) -> Result<(), String> {
    text.parse::<AuthorizationId>().map(drop).map_err(str::to_owned)
}

fn business_number(text: &str) -> Result<(), String> {
    text.parse::<BusinessNumber>().map(drop).map_err(|fault| fault.to_string())
}

fn optional_repertoire(text: &str) -> Result<(), String> {
    let names = Repertoire::ALL.map(Repertoire::as_str).join(", ");
    let is_known = text.is_empty() || Repertoire::read(text.as_bytes()).is_some();
    demand(is_known, &format!("write one of {names}, or \"\" for the one of the subject"))
}

fn from_moment(text: &str) -> Result<(), String> {
    moment(text, Edge::From).map(drop)
}

fn until_moment(text: &str) -> Result<(), String> {
    moment(text, Edge::Until).map(drop)
}
