//! A new partner in the words of its file. Whether they may stand there is judged when the file is read.

use crate::partner::{NewPartner, PartnerKind};

/// The file of a partner without its certificates, piece by piece.
pub(super) fn head(new: &NewPartner) -> Vec<String> {
    let kind = match new.kind {
        PartnerKind::Exporter => "exporter",
        PartnerKind::ServiceProvider => "service-provider",
        PartnerKind::Carrier => "carrier",
    };
    let [name, language] = [&new.name, &new.language].map(|text| quoted(text));
    let mut pieces = vec![format!("name = {name}\nkind = \"{kind}\"\nlanguage = {language}\n")];
    for [identification, qualifier] in &new.identities {
        pieces.push(format!("\n[[identity]]\nidentification = {}\n", quoted(identification)));
        pieces.extend((!qualifier.is_empty()).then(|| format!("qualifier = {}\n", quoted(qualifier))));
    }
    for [authorization_id, business_number] in &new.authority {
        let [id, number] = [authorization_id, business_number].map(|text| quoted(text));
        pieces.push(format!("\n[[authority]]\nauthorization_id = {id}\nbusiness_number = {number}\n"));
    }
    pieces
}

/// What it lacks, and the gateway can do without.
pub(super) fn cautions(new: &NewPartner) -> Vec<String> {
    let misses = [
        (new.certificates.is_empty(), "has no certificate, so it cannot connect"),
        (new.identities.is_empty(), "has no identity, so it cannot send"),
        (new.authority.is_empty() && new.kind != PartnerKind::Carrier, "may file for nobody"),
    ];
    let said = misses.into_iter().filter(|(is_missing, _)| *is_missing);
    said.map(|(_, what)| format!("partner {} {what}", new.partner)).collect()
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            // Control characters may stand in no value, and are refused when the file is read.
            _ if character.is_control() => quoted.extend(format!("\\u{:04X}", u32::from(character)).chars()),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use toml_edit::{Document, Item};

    use super::*;

    #[test]
    fn texts_are_read_as_they_were_given() {
        for text in ["plain", "\"quoted\"", "back\\slash", "Ltée", "tab\tand\nline", "\u{7f}", ""] {
            let toml = format!("name = {}", quoted(text));
            let document = Document::parse(toml.as_str()).unwrap();
            assert_eq!(document.as_table().get("name").and_then(Item::as_str), Some(text), "{toml}");
        }
    }
}
