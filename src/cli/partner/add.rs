//! `lodged partner add`: one more.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::certificate::read;
use crate::admin::socket::Request;
use crate::cli::asking::Asking;
use crate::cli::{Outcome, Trouble};
use crate::partner::{NewPartner, PartnerKind};

/// Adds a partner, in a file of its own, and lets it in at once.
///
/// What is wrong with it, or with it beside the others, is told, and then nothing is changed.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// The short name: lower-case letters, digits and hyphens, at most 32
    partner: String,
    /// The name for people
    #[arg(long)]
    name: String,
    /// What it is in the trade
    #[arg(long, value_enum)]
    kind: Kind,
    /// The language of the sentences in its answers
    #[arg(long, value_enum, default_value_t = Tongue::En)]
    language: Tongue,
    /// An identity under which it may send, such as ACMEFWD:ZZ or ACMEFWD; as often as needed
    #[arg(long, value_name = "ID[:QUALIFIER]", value_parser = pair)]
    identity: Vec<Pair>,
    /// An exporter it may file for, such as AB1234:123456782RM0001; as often as needed
    #[arg(long, value_name = "ID:NUMBER", value_parser = pair)]
    authority: Vec<Pair>,
    /// A certificate of it in PEM; as often as needed
    #[arg(long, value_name = "FILE")]
    certificate: Vec<PathBuf>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Files for itself
    Exporter,
    /// Files for the exporters that associated with it
    ServiceProvider,
    /// Loads what was reported
    Carrier,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tongue {
    /// English
    En,
    /// French
    Fr,
}

/// Two texts with a colon between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Pair(pub(in crate::cli) [String; 2]);

/// What stands in front of the last colon, and behind it.
#[expect(clippy::unnecessary_wraps, reason = "an argument is parsed by a function that may fail")]
pub(in crate::cli) fn pair(text: &str) -> Result<Pair, String> {
    let (one, other) = text.rsplit_once(':').unwrap_or((text, ""));
    Ok(Pair([one.to_owned(), other.to_owned()]))
}

impl Add {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let pairs = |pairs: &[Pair]| pairs.iter().map(|Pair(pair)| pair.clone()).collect();
        let new = NewPartner {
            partner: self.partner.clone(),
            name: self.name.clone(),
            kind: match self.kind {
                Kind::Exporter => PartnerKind::Exporter,
                Kind::ServiceProvider => PartnerKind::ServiceProvider,
                Kind::Carrier => PartnerKind::Carrier,
            },
            language: match self.language {
                Tongue::En => "en".to_owned(),
                Tongue::Fr => "fr".to_owned(),
            },
            identities: pairs(&self.identity),
            authority: pairs(&self.authority),
            certificates: self.certificate.iter().map(|path| read(path)).collect::<Result<_, _>>()?,
        };
        self.asking.change(&Request::PartnerAdd(new), out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: [&str; 2]) {
        assert_eq!(pair(text), Ok(Pair(expected.map(str::to_owned))));
    }

    #[test]
    fn a_qualifier_stands_behind_the_last_colon() {
        check("ACMEFWD:ZZ", ["ACMEFWD", "ZZ"]);
        check("ACMEFWD", ["ACMEFWD", ""]);
        check("A:B:ZZ", ["A:B", "ZZ"]);
    }
}
