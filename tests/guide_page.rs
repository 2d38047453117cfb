//! Holds `docs/message-implementation-guide.md` against the guide that is built in and the example in `testdata/`: what
//! stands in one of them and not in the other fails here.

use std::{fs, path::PathBuf};

use lodged::declaration::guide::{Element, Format, Guide, Status};
use lodged::grammar::Catalogue;

const PAGE: &str = "docs/message-implementation-guide.md";
const EXAMPLE: &str = "testdata/export-original.edi";

#[test]
fn the_page_places_every_element_as_the_guide_does() {
    let catalogue = Catalogue::embedded();
    let guide = Guide::embedded(&catalogue).unwrap();
    let page = fs::read_to_string(path(PAGE)).unwrap();
    let stated: Vec<&str> =
        section(&page, "## The data elements").lines().filter(|line| line.starts_with("| `")).collect();
    for (number, element) in guide.elements().enumerate() {
        assert_eq!(stated.get(number).copied(), Some(row(element).as_str()), "row {} of {PAGE}", number + 1);
    }
    assert_eq!(stated.len(), guide.elements().count(), "{PAGE} has rows that the guide has not");
}

#[test]
fn the_example_is_the_file_segment_by_segment() {
    let page = fs::read_to_string(path(PAGE)).unwrap();
    let file: String = fs::read(path(EXAMPLE)).unwrap().into_iter().map(char::from).collect();
    let blocks = section(&page, "## An example").split("```edi\n").skip(1);
    let shown: String = blocks.map(|block| block.split("```").next().unwrap_or_default()).collect();
    assert_eq!(shown, file);
}

fn path(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// What stands between a heading of the second level and the next one.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("{heading}\n")).unwrap_or_default();
    rest.split("\n## ").next().unwrap_or_default()
}

/// An element as the page's tables have it.
fn row(element: &Element) -> String {
    let Element { name, labels: [label, _], path, .. } = element;
    let status = match element.status {
        Status::Mandatory => 'M',
        Status::Dependent => 'D',
        Status::Conditional => 'C',
        Status::Optional => 'O',
    };
    let most = if element.most > 1 { format!(" ×{}", element.most) } else { String::new() };
    // In a table of Markdown a bar is released, inside of code too.
    let path = path.replace('|', "\\|");
    let form = form(element.format);
    let list = element.list.as_ref().map(|(list, code)| format!(" {list} ({code})")).unwrap_or_default();
    format!("| `{name}` | {status}{most} | {label} | `{path}` | `{form}` |{list} |")
}

/// A form as the guide writes it.
fn form(format: Format) -> String {
    match format {
        Format::Text { is_alphabetic, least, most } => {
            let letters = if is_alphabetic { "a" } else { "an" };
            let dots = if least == most { "" } else { ".." };
            format!("{letters}{dots}{most}")
        }
        Format::Whole { most } => format!("n..{most}"),
        Format::Decimal { digits, places } => format!("decimal..{digits},{places}"),
        Format::Date => "date".to_owned(),
        Format::Moment => "moment".to_owned(),
        Format::Flag { yes, no } => format!("flag {} {}", char::from(yes), char::from(no)),
    }
}
