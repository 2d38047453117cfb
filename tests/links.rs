//! Follows every link of every page to a file of the repository, and to the heading it names.

use std::{fs, path::Path};

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = Vec::new();
    for folder in ["", "docs", "certs"] {
        let entries = fs::read_dir(home.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(entries.filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    assert!(pages.len() > 10, "the pages are not where they were");
    let mut broken = Vec::new();
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        let targets = links(&text).filter(|target| !target.contains("://"));
        broken.extend(
            targets
                .filter(|target| !leads_somewhere(page, target))
                .map(|target| format!("{}: {target}", page.strip_prefix(home).unwrap().display())),
        );
    }
    assert_eq!(broken, [""; 0]);
}

/// The targets of the links in a page, those of its code left out.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.split("](").skip(1)).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

fn leads_somewhere(page: &Path, target: &str) -> bool {
    let (file, heading) = target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
    let path =
        if file.is_empty() { page.to_owned() } else { page.parent().map(|home| home.join(file)).unwrap_or_default() };
    path.exists() && heading.is_none_or(|heading| has_heading(&path, heading))
}

fn has_heading(page: &Path, anchor: &str) -> bool {
    let text = fs::read_to_string(page).unwrap_or_default();
    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor_of(line) == anchor)
}

/// The anchor of a heading: small letters, blanks to hyphens, without other signs.
fn anchor_of(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'))
        .map(|character| if character == ' ' { '-' } else { character })
        .collect()
}
