//! All grammars by what UNH says: the exact association code first, then the directory.
//!
//! Start with [`Catalogue::load`] for the files of a folder, or [`Catalogue::embedded`] for those that are built in.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;

use super::{
    codes::DirectoryCodes,
    compile::{Compiled, compile},
    mistake::{At, LintReport, Mistakes},
    notation::Home,
    outline::{Outline, outline},
    shipped::{FOLDERS, Shelf},
    spec::{DirectoryKey, SegmentTable},
    table::MessageGrammar,
};
use crate::edifact::{MessageType, SyntaxVersion};

/// How the files of a folder that hold grammars end.
const EXTENSION: &str = "grammar";

/// Longest file with a grammar, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Deepest folder below the one that is loaded.
const FOLDER_DEPTH_MAX: usize = 8;

/// The service segments, which hold where a folder brings none of its own.
const SERVICE: [(&str, &str); 2] = [
    ("grammars/service/syntax3.grammar", include_str!("../../grammars/service/syntax3.grammar")),
    ("grammars/service/syntax4.grammar", include_str!("../../grammars/service/syntax4.grammar")),
];

/// Why grammars could not be loaded.
#[derive(Debug, Error)]
pub enum GrammarTrouble {
    /// A file or folder could not be read.
    #[error("{path} cannot be read; check that it is there and its permissions", path = path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is longer than a grammar may be.
    #[error("{path} is longer than {FILE_BYTES_MAX} bytes; divide it", path = path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// The files hold mistakes.
    #[error("the grammars in {path} cannot be used; correct these lines\n{report}", path = path.display())]
    Mistaken {
        /// The folder.
        path: PathBuf,
        /// The mistakes.
        report: LintReport,
    },
}

/// The compiled grammars.
#[derive(Debug)]
pub struct Catalogue {
    /// In the order of their keys.
    messages: Vec<(MessageType, Held)>,
    directories: BTreeMap<DirectoryKey, Arc<SegmentTable>>,
    services: [Arc<SegmentTable>; 2],
    /// Directories that are compiled when they are asked for.
    shelves: Vec<Shelf>,
}

/// Where the grammar of a message is.
#[derive(Debug)]
enum Held {
    Compiled(Arc<MessageGrammar>),
    Shipped { shelf: usize, message: usize },
}

impl Catalogue {
    /// Loads every `*.grammar` of a folder and the folders in it. Other files are ignored, and service segments that
    /// the folder does not define are those built in.
    ///
    /// # Errors
    /// [`GrammarTrouble::Unreadable`] when a file cannot be read, [`GrammarTrouble::Mistaken`] when one holds mistakes
    /// that are errors; then nothing is loaded.
    pub fn load(folder: &Path) -> Result<Self, GrammarTrouble> {
        Self::load_with(folder, DirectoryCodes::default())
    }

    /// The same, and whether values are held against the code lists is said.
    ///
    /// # Errors
    /// As [`Catalogue::load`].
    pub fn load_with(folder: &Path, lists: DirectoryCodes) -> Result<Self, GrammarTrouble> {
        let (compiled, report) = read_folder(folder, lists)?;
        if report.has_errors() {
            return Err(GrammarTrouble::Mistaken { path: folder.to_owned(), report });
        }
        Ok(Self::new(compiled))
    }

    /// The grammars that are built in.
    #[must_use]
    pub fn embedded() -> Self {
        Self::embedded_with(DirectoryCodes::default())
    }

    /// The same, and whether values are held against the code lists is said.
    #[must_use]
    pub fn embedded_with(lists: DirectoryCodes) -> Self {
        let mut catalogue = Self::new(read(&[], lists).0);
        catalogue.shelves =
            FOLDERS.iter().filter_map(|folder| Shelf::new(folder, lists, &catalogue.services)).collect();
        for (number, shelf) in catalogue.shelves.iter().enumerate() {
            let DirectoryKey { version, release, agency } = &shelf.key;
            let messages = shelf.kinds().map(|(message, kind)| {
                let kind = MessageType {
                    kind: kind.to_owned(),
                    version: version.clone(),
                    release: release.clone(),
                    agency: agency.clone(),
                    association: None,
                };
                (kind, Held::Shipped { shelf: number, message })
            });
            catalogue.messages.extend(messages);
        }
        catalogue.messages.sort_by(|(one, _), (other, _)| one.cmp(other));
        catalogue
    }

    pub(super) fn new(compiled: Compiled) -> Self {
        let Compiled { directories, services, messages } = compiled;
        let mut messages: Vec<_> =
            messages.into_iter().map(|(kind, grammar)| (kind, Held::Compiled(grammar))).collect();
        messages.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self { messages, directories, services, shelves: Vec::new() }
    }

    /// The grammar of a message: that of its association code, else that of its directory.
    #[must_use]
    pub fn message(&self, kind: &MessageType) -> Option<&MessageGrammar> {
        let exact = self.exact(kind, kind.association.as_deref());
        exact.or_else(|| self.exact(kind, None))
    }

    /// Whether there is a grammar for this message type (0065) under any version: then only the version is unknown.
    #[must_use]
    pub fn knows_kind(&self, kind: &str) -> bool {
        self.messages.iter().any(|(known, _)| known.kind == kind)
    }

    /// What the catalogue has grammars for.
    pub fn message_types(&self) -> impl ExactSizeIterator<Item = &MessageType> {
        self.messages.iter().map(|(kind, _)| kind)
    }

    /// The segments of a directory.
    #[must_use]
    pub fn directory(&self, key: &DirectoryKey) -> Option<&SegmentTable> {
        let shipped = || self.shelves.iter().find(|shelf| shelf.key == *key).map(Shelf::segments);
        self.directories.get(key).or_else(shipped).map(AsRef::as_ref)
    }

    /// The service segments of a syntax version.
    #[must_use]
    pub fn service(&self, version: SyntaxVersion) -> &SegmentTable {
        let [older, newer] = &self.services;
        if version == SyntaxVersion::V4 { newer } else { older }
    }

    fn exact(&self, kind: &MessageType, association: Option<&str>) -> Option<&MessageGrammar> {
        let key = (kind.kind.as_str(), kind.version.as_str(), kind.release.as_str(), kind.agency.as_str(), association);
        let found = self.messages.binary_search_by(|(known, _)| {
            let known_association = known.association.as_deref();
            (
                known.kind.as_str(),
                known.version.as_str(),
                known.release.as_str(),
                known.agency.as_str(),
                known_association,
            )
                .cmp(&key)
        });
        match &self.messages.get(found.ok()?)?.1 {
            Held::Compiled(grammar) => Some(grammar.as_ref()),
            Held::Shipped { shelf, message } => self.shelves.get(*shelf)?.message(*message),
        }
    }
}

/// Says what is wrong with the grammars of a folder, warnings too.
///
/// # Errors
/// [`GrammarTrouble::Unreadable`] when a file cannot be read.
pub fn lint(folder: &Path) -> Result<LintReport, GrammarTrouble> {
    Ok(read_folder(folder, DirectoryCodes::Named)?.1)
}

/// One file.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: PathBuf,
    pub(super) text: String,
}

impl Source {
    fn built_in(name: &str, text: &str) -> Self {
        Self { name: PathBuf::from(name), text: text.to_owned() }
    }
}

/// Reads sources, with the service segments built in where they bring none.
pub(super) fn read(sources: &[Source], lists: DirectoryCodes) -> (Compiled, LintReport) {
    read_also(Reading::default(), sources, lists)
}

/// The same of a folder.
fn read_folder(folder: &Path, lists: DirectoryCodes) -> Result<(Compiled, LintReport), GrammarTrouble> {
    let mut reading = Reading::default();
    let sources = sources(folder, &mut reading)?;
    Ok(read_also(reading, &sources, lists))
}

fn read_also(mut reading: Reading, sources: &[Source], lists: DirectoryCodes) -> (Compiled, LintReport) {
    for source in sources {
        reading.add(source, |_| true);
    }
    reading.compile(lists)
}

/// What was read so far: files by their numbers, definitions by what they belong to, mistakes.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) mistakes: Mistakes,
    names: Vec<PathBuf>,
    homes: BTreeMap<Home, Outline>,
}

impl Reading {
    /// The number of a file that is read now.
    pub(super) fn name(&mut self, path: PathBuf) -> usize {
        self.names.push(path);
        self.names.len() - 1
    }

    /// The number of the file that is read next.
    pub(super) fn next_file(&self) -> usize {
        self.names.len()
    }

    /// Adds the definitions of a file, when what they belong to is wanted.
    fn add(&mut self, source: &Source, is_wanted: impl Fn(&Home) -> bool) {
        let file = self.name(source.name.clone());
        let found = outline(file, &source.text, &mut self.mistakes);
        if let Some((home, found)) = found.filter(|(home, _)| is_wanted(home)) {
            self.homes.entry(home).or_default().append(found);
        }
    }

    /// The text of a file. One that is not UTF-8 is a mistake.
    fn text(&mut self, path: &Path, bytes: Vec<u8>) -> Option<String> {
        let error = match String::from_utf8(bytes) {
            Ok(text) => return Some(text),
            Err(error) => error,
        };
        let valid = error.utf8_error().valid_up_to();
        let front = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default());
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (line, last) = (front.matches('\n').count() + 1, front.rsplit('\n').next().unwrap_or_default());
        let file = self.name(path.to_owned());
        let at = At { file, line: count(line), column: count(last.chars().count() + 1) };
        let sentence = format!("the file is not UTF-8 at byte {valid}");
        self.mistakes.error(at, sentence, Some("save it as UTF-8".to_owned()));
        None
    }

    /// Compiles everything.
    fn compile(mut self, lists: DirectoryCodes) -> (Compiled, LintReport) {
        self.add_service();
        let compiled = compile(&self.homes, lists, &mut self.mistakes);
        (compiled, self.mistakes.into_report(&self.names))
    }

    /// Finds the mistakes of definitions that came from elsewhere than a grammar file; what nothing uses is none.
    pub(super) fn examine(mut self, home: &Home, outline: Outline) -> (Outline, LintReport) {
        self.homes.insert(home.clone(), outline);
        self.add_service();
        let mut found = Mistakes::default();
        compile(&self.homes, DirectoryCodes::Judged, &mut found);
        self.mistakes.append_errors(found);
        (self.homes.remove(home).unwrap_or_default(), self.mistakes.into_report(&self.names))
    }

    fn add_service(&mut self) {
        let brought: Vec<Home> = self.homes.keys().cloned().collect();
        for (name, text) in SERVICE {
            self.add(&Source::built_in(name, text), |home| !brought.contains(home));
        }
    }
}

/// The grammars of a folder and the folders in it, without those that are not UTF-8: their mistakes are those of the
/// reading.
pub(super) fn sources(folder: &Path, reading: &mut Reading) -> Result<Vec<Source>, GrammarTrouble> {
    let mut sources = Vec::new();
    for path in files(folder, EXTENSION)? {
        let mut bytes = Vec::new();
        let read = fs::File::open(&path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
        match read {
            Ok(length) if u64::try_from(length).is_ok_and(|length| length <= FILE_BYTES_MAX) => {
                let text = reading.text(&path, bytes);
                sources.extend(text.map(|text| Source { name: path, text }));
            }
            Ok(_) => return Err(GrammarTrouble::TooLong { path }),
            Err(source) => return Err(GrammarTrouble::Unreadable { path, source }),
        }
    }
    Ok(sources)
}

/// The files of a folder and the folders in it whose names end so, in the order of their names.
///
/// # Errors
/// [`GrammarTrouble::Unreadable`] when one of the folders cannot be read.
pub fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, GrammarTrouble> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let unreadable = |source| GrammarTrouble::Unreadable { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() && depth < FOLDER_DEPTH_MAX {
                folders.push((path, depth + 1));
            } else if path.extension().is_some_and(|end| end == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::super::trial::{catalogue, message_type};
    use super::*;

    const TABLES: &str = "
directory T:1:UN
message TEST Directory
  M UNH
  M UNT
message TEST Association
  key T:1:UN:EXP01
  M UNH
  M UNT
";

    fn check(kind: &str, association: Option<&str>, expected: Option<&str>) {
        let catalogue = catalogue(TABLES);
        let found = catalogue.message(&message_type(kind, association));
        assert_eq!(found.map(|grammar| grammar.name.as_str()), expected);
    }

    #[test]
    fn the_exact_association_code_comes_first() {
        check("TEST", Some("EXP01"), Some("Association"));
    }

    #[test]
    fn an_unknown_association_code_falls_back_to_the_directory() {
        check("TEST", Some("OTHER"), Some("Directory"));
        check("TEST", None, Some("Directory"));
    }

    #[test]
    fn an_unknown_type_has_no_grammar() {
        check("OTHER", None, None);
        assert!(catalogue(TABLES).knows_kind("TEST") && !catalogue(TABLES).knows_kind("OTHER"));
    }

    #[test]
    fn what_is_built_in_has_no_mistakes() {
        let files = FOLDERS.iter().flat_map(|folder| folder.shared.iter().chain(folder.messages));
        let sources: Vec<_> = files.map(|file| Source::built_in(file.kind, file.text)).collect();
        assert_eq!(read(&sources, DirectoryCodes::Judged).1.to_string(), "");
        let catalogue = Catalogue::embedded();
        for kind in catalogue.message_types() {
            assert!(catalogue.message(kind).is_some_and(|grammar| grammar.kind == kind.kind), "{kind:?} has a grammar");
        }
    }

    #[test]
    fn every_grammar_of_the_folders_is_built_in() {
        let grammars = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars");
        let loaded = Catalogue::load(&grammars).unwrap();
        assert!(loaded.message_types().eq(Catalogue::embedded().message_types()));
    }

    #[test]
    fn a_folder_may_be_empty_but_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "no grammar").unwrap();
        assert_eq!(lint(folder.path()).unwrap(), LintReport::default());
        let missing = lint(&folder.path().join("missing")).unwrap_err().to_string();
        assert!(missing.ends_with("cannot be read; check that it is there and its permissions"), "{missing}");
    }

    #[test]
    fn folders_are_followed_down_to_a_depth() {
        let folder = tempfile::tempdir().unwrap();
        let mut path = folder.path().to_owned();
        for _ in 0..=FOLDER_DEPTH_MAX + 2 {
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join("a.grammar"), "").unwrap();
            path.push("a");
        }
        assert_eq!(files(folder.path(), EXTENSION).unwrap().len(), FOLDER_DEPTH_MAX + 1);
    }

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = fs::File::create(folder.path().join("a.grammar")).unwrap();
        file.set_len(1 << 40).unwrap();
        let trouble = Catalogue::load(folder.path()).unwrap_err().to_string();
        assert!(trouble.ends_with("a.grammar is longer than 16777216 bytes; divide it"), "{trouble}");
    }

    #[test]
    fn mistakes_without_end_are_told_up_to_a_thousand() {
        let source = Source::built_in("a", &("directory T:1:UN\n".to_owned() + &"x\n".repeat(100_000)));
        let report = read(&[source], DirectoryCodes::Judged).1;
        assert_eq!(report.mistakes.len(), 1_000);
        let last = &report.mistakes[999].sentence;
        assert_eq!(last, "more than 1000 mistakes were found; the rest is left out");
    }

    #[test]
    fn a_mistake_names_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.grammar");
        fs::write(&file, "directory T:1:UN\nsegmnt AAA\n").unwrap();
        let trouble = Catalogue::load(folder.path()).unwrap_err().to_string();
        assert!(trouble.contains(&format!("{}:2:1: error: ", file.display())), "{trouble}");
    }

    #[test]
    fn a_file_that_is_not_utf_8_is_a_mistake_and_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.grammar"), b"directory T:1:UN\n# caf\xe9\n").unwrap();
        fs::write(folder.path().join("b.grammar"), "directory T:1:UN\nsegmnt AAA\n").unwrap();
        let report = lint(folder.path()).unwrap();
        let places: Vec<_> = report.mistakes.iter().map(|mistake| (mistake.line, mistake.column)).collect();
        assert_eq!(places, [(2, 6), (2, 1)]);
        assert_eq!(report.mistakes[0].sentence, "the file is not UTF-8 at byte 22");
    }

    #[test]
    fn the_example_of_the_notation_page_has_no_mistakes() {
        let page = include_str!("../../docs/grammar-notation.md");
        let example = page.split("## An example").nth(1).unwrap().split("```\n").nth(1).unwrap();
        assert_eq!(super::super::trial::mistakes(example), Vec::<String>::new());
    }
}
