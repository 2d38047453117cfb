//! All grammars by what UNH says: the exact association code first, then the directory.
//!
//! Start with [`Catalogue::load`] for the files of a folder, or [`Catalogue::embedded`] for those that are built in.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;

use super::{
    codes::DirectoryCodes,
    compile::{Compiled, compile},
    mistake::{LintReport, Mistakes},
    notation::Home,
    outline::{Outline, outline},
    spec::{DirectoryKey, SegmentTable},
    table::MessageGrammar,
};
use crate::edifact::{MessageType, SyntaxVersion};

/// How the files of a folder that hold grammars end.
const EXTENSION: &str = "grammar";

/// Deepest folder below the one that is loaded.
const FOLDER_DEPTH_MAX: usize = 8;

macro_rules! embedded {
    ($($name:literal)*) => { &[$((concat!("grammars/", $name), include_str!(concat!("../../grammars/", $name)))),*] };
}

/// The service segments, which hold where a folder brings none of its own.
const SERVICE: &[(&str, &str)] = embedded!["service/syntax3.grammar" "service/syntax4.grammar"];

/// The directories that are built in.
const DIRECTORIES: &[(&str, &str)] = embedded![
    "d96b/elements.grammar"
    "d96b/composites.grammar"
    "d96b/segments.grammar"
    "d96b/cusdec.grammar"
    "d96b/cusres.grammar"
    "d96b/reqdoc.grammar"
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
    messages: Vec<(MessageType, Arc<MessageGrammar>)>,
    directories: BTreeMap<DirectoryKey, Arc<SegmentTable>>,
    services: [Arc<SegmentTable>; 2],
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
        let (compiled, report) = read(&sources(folder)?, lists);
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
        let sources = DIRECTORIES.iter().map(|(name, text)| Source::built_in(name, text));
        // That they hold no mistakes is what a test says.
        Self::new(read(&sources.collect::<Vec<_>>(), lists).0)
    }

    pub(super) fn new(compiled: Compiled) -> Self {
        let Compiled { directories, services, mut messages } = compiled;
        messages.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self { messages, directories, services }
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
        self.directories.get(key).map(AsRef::as_ref)
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
        found.ok().and_then(|index| self.messages.get(index)).map(|(_, grammar)| grammar.as_ref())
    }
}

/// Says what is wrong with the grammars of a folder, warnings too.
///
/// # Errors
/// [`GrammarTrouble::Unreadable`] when a file cannot be read.
pub fn lint(folder: &Path) -> Result<LintReport, GrammarTrouble> {
    Ok(read(&sources(folder)?, DirectoryCodes::Named).1)
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
    let mut mistakes = Mistakes::default();
    let mut homes: BTreeMap<Home, Outline> = BTreeMap::new();
    let mut names = Vec::new();
    let mut add = |source: &Source, homes: &mut BTreeMap<Home, Outline>, is_wanted: &dyn Fn(&Home) -> bool| {
        let found = outline(names.len(), &source.text, &mut mistakes);
        names.push(source.name.clone());
        if let Some((home, found)) = found.filter(|(home, _)| is_wanted(home)) {
            homes.entry(home).or_default().append(found);
        }
    };
    for source in sources {
        add(source, &mut homes, &|_| true);
    }
    let brought: Vec<Home> = homes.keys().cloned().collect();
    for (name, text) in SERVICE {
        add(&Source::built_in(name, text), &mut homes, &|home| !brought.contains(home));
    }
    let compiled = compile(&homes, lists, &mut mistakes);
    (compiled, mistakes.into_report(&names))
}

/// The grammars of a folder and the folders in it.
fn sources(folder: &Path) -> Result<Vec<Source>, GrammarTrouble> {
    let read = |path: PathBuf| match fs::read_to_string(&path) {
        Ok(text) => Ok(Source { name: path, text }),
        Err(source) => Err(GrammarTrouble::Unreadable { path, source }),
    };
    files(folder, EXTENSION)?.into_iter().map(read).collect()
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
        let sources: Vec<_> = DIRECTORIES.iter().map(|(name, text)| Source::built_in(name, text)).collect();
        assert_eq!(read(&sources, DirectoryCodes::Judged).1.to_string(), "");
        assert_eq!(Catalogue::embedded().message_types().len(), 6);
    }

    #[test]
    fn every_grammar_of_the_folders_is_built_in() {
        let grammars = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars");
        let mut names: Vec<PathBuf> = Vec::new();
        for folder in ["d96b", "service"] {
            names.extend(sources(&grammars.join(folder)).unwrap().into_iter().map(|source| source.name));
        }
        let mut built_in: Vec<PathBuf> =
            DIRECTORIES.iter().chain(SERVICE).map(|(name, _)| grammars.with_file_name(name)).collect();
        built_in.sort();
        assert_eq!(names, built_in);
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
    fn a_mistake_names_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.grammar");
        fs::write(&file, "directory T:1:UN\nsegmnt AAA\n").unwrap();
        let trouble = Catalogue::load(folder.path()).unwrap_err().to_string();
        assert!(trouble.contains(&format!("{}:2:1: error: ", file.display())), "{trouble}");
    }

    #[test]
    fn the_example_of_the_notation_page_has_no_mistakes() {
        let page = include_str!("../../docs/grammar-notation.md");
        let example = page.split("## An example").nth(1).unwrap().split("```\n").nth(1).unwrap();
        assert_eq!(super::super::trial::mistakes(example), Vec::<String>::new());
    }
}
