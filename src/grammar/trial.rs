//! What the tests of this room share: grammars and messages as small as the idea.

use super::{
    Catalogue, DirectoryCodes, Examined, MessageGrammar,
    catalogue::{Source, read},
};
use crate::edifact::{Interchange, MessageType, Place, SyntaxFinding};

/// The mistakes in one file, without its name.
pub(super) fn mistakes(text: &str) -> Vec<String> {
    let source = Source { name: "a".into(), text: text.to_owned() };
    let mistakes = read(&[source], DirectoryCodes::Judged).1.mistakes;
    mistakes.iter().map(|mistake| mistake.to_string().trim_start_matches("a:").to_owned()).collect()
}

/// The catalogue of one file that has no mistakes.
pub(super) fn catalogue(text: &str) -> Catalogue {
    let source = Source { name: "a".into(), text: text.to_owned() };
    let (compiled, report) = read(&[source], DirectoryCodes::Judged);
    assert!(!report.has_errors(), "{report}");
    Catalogue::new(compiled)
}

/// The grammar of message TEST in directory T:1:UN.
pub(super) fn grammar(catalogue: &Catalogue) -> &MessageGrammar {
    catalogue.message(&message_type("TEST", None)).expect("the file defines TEST")
}

pub(super) fn message_type(kind: &str, association: Option<&str>) -> MessageType {
    let [version, release, agency] = ["T", "1", "UN"].map(str::to_owned);
    MessageType { kind: kind.to_owned(), version, release, agency, association: association.map(str::to_owned) }
}

/// Examines segments between UNH and UNT, under an UNB with this syntax identifier.
pub(super) fn examine(grammar: &MessageGrammar, syntax: &str, body: &str) -> (String, Examined) {
    let text = format!("UNB+{syntax}+A+B+261121:2045+1'UNH+1+TEST:T:1:UN'{body}UNT+2+1'UNZ+1+1'");
    let (interchange, _) = Interchange::read(text.as_bytes()).expect("there is an UNB");
    let message = interchange.messages.first().expect("there is a message");
    let examined = grammar.examine(&interchange.envelope, 0, interchange.segments_of(message));
    (text.clone(), examined)
}

/// A finding in one line: code, 0096, 0098:0104*0136, and the bytes that show it.
pub(super) fn told(text: &str, finding: &SyntaxFinding) -> String {
    let (position, element) = match finding.place {
        Place::Segment { position, element, .. } => (position.to_string(), element),
        Place::Interchange { element, .. } => ("UCI".to_owned(), element),
        Place::FunctionalGroup { element, .. } => ("UCF".to_owned(), element),
        Place::Message { element, .. } => ("UCM".to_owned(), element),
    };
    let element = element.map(|element| {
        let component = element.component.map(|component| format!(":{component}")).unwrap_or_default();
        let occurrence = element.occurrence.map(|occurrence| format!("*{occurrence}")).unwrap_or_default();
        format!(" {}{component}{occurrence}", element.element)
    });
    let shown = text.get(finding.span.clone()).unwrap_or("?");
    format!("{} {position}{} {shown}", finding.error.number(), element.unwrap_or_default()).trim_end().to_owned()
}
