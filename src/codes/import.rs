//! Replacing one list by a file that an operator brings: all of it or nothing, and never without saying what changed.

use std::{
    fmt,
    fs::{self, File, Permissions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{Code, CodeList, CodeListTrouble, Mistake, UnknownList, directory, reading, shape::Shape};

/// Most codes of each kind of change that are named when a report is printed; the report has them all.
const NAMED_MAX: usize = 10;

/// What an import changed. A code is in one of the four groups, or it is as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// The list.
    pub list: &'static str,
    /// How many codes it has now.
    pub codes: usize,
    /// Codes that it did not have.
    pub added: Vec<String>,
    /// Codes that had no end and now have one.
    pub ended: Vec<String>,
    /// Codes of which anything else is different.
    pub changed: Vec<String>,
    /// Codes that it has no more, on no day: declarations of earlier days that name them will not be valid either.
    pub removed: Vec<String>,
    /// Whether the new list says of itself that it is a sample.
    pub is_sample: bool,
    /// How many mistakes kept the former file from being compared row by row.
    pub former_mistakes: usize,
    /// Where the former file is kept; `None` when there was none or it was the same, byte for byte.
    pub kept: Option<PathBuf>,
}

/// The import did not happen; the list is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportTrouble {
    /// There is no such list.
    #[error(transparent)]
    UnknownList(#[from] UnknownList),
    /// The new file has mistakes, or goes badly with another list.
    #[error(transparent)]
    Mistakes(#[from] CodeListTrouble),
    /// The new file could not be read to its end.
    #[error("{} could not be read; nothing was changed", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system did not let us write.
    #[error("{} could not be written; look at its directory's owner, permissions and free space", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Replaces the list `name` in a directory by what `from` gives; `source` is what mistakes call it.
///
/// The new file must be right in itself and bring no new mistake with the other lists. It takes its place in one step,
/// byte for byte with its comments, and the former one is kept beside it with `.bak` behind its name. What is in use
/// changes with the next reload.
///
/// # Errors
/// The list is unknown, the new file has mistakes (all are told), or the disk does not play along. Then the list is as
/// it was.
pub fn import(name: &str, source: &Path, from: impl Read, into: &Path) -> Result<ImportReport, ImportTrouble> {
    let shape = Shape::named(name).ok_or_else(|| UnknownList::new(name))?;
    let bytes = directory::read_bounded(from)
        .map_err(|error| ImportTrouble::Read { path: source.to_owned(), source: error })?;
    let (list, mistakes) = reading::read_list(shape, source, &bytes);
    if !mistakes.is_empty() {
        return Err(CodeListTrouble { mistakes }.into());
    }
    let mistakes = new_strangers(&list, into);
    if !mistakes.is_empty() {
        return Err(CodeListTrouble { mistakes }.into());
    }
    let path = into.join(shape.file_name());
    let former = former_bytes(&path).map_err(|error| ImportTrouble::Read { path: path.clone(), source: error })?;
    let mut report = compared(shape, &path, former.as_deref(), &list);
    report.kept = replace(&path, former.as_deref(), &bytes)?;
    Ok(report)
}

/// What the list would bring that is not wrong already: a unit or a currency that the other lists lack, or lose.
fn new_strangers(list: &CodeList, into: &Path) -> Vec<Mistake> {
    let (lists, _) = directory::read_directory(into);
    let before = lists.strangers();
    let mut after = lists.with(list).strangers();
    after.retain(|mistake| !before.contains(mistake));
    reading::cut_short(&mut after);
    after
}

/// The bytes of the file that is there, if one is.
fn former_bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What differs between the file that is there and the new list.
fn compared(shape: &'static Shape, path: &Path, former: Option<&[u8]>, list: &CodeList) -> ImportReport {
    let (old, former_mistakes) = match former {
        Some(bytes) => reading::read_list(shape, path, bytes),
        None => (CodeList::new(shape.name, path, false, Vec::new()), Vec::new()),
    };
    let mut report = ImportReport {
        list: shape.name,
        codes: list.len(),
        is_sample: list.is_sample(),
        former_mistakes: former_mistakes.len(),
        removed: codes(&old).filter(|code| !list.knows(code)).map(str::to_owned).collect(),
        ..ImportReport::default()
    };
    for code in codes(list) {
        let (before, now) = (old.periods(code), list.periods(code));
        if before.is_empty() {
            report.added.push(code.to_owned());
        } else if !is_open(now) && is_open(before) {
            report.ended.push(code.to_owned());
        } else if !is_same(before, now) {
            report.changed.push(code.to_owned());
        }
    }
    report
}

/// Each code of a list once.
fn codes(list: &CodeList) -> impl Iterator<Item = &str> {
    let mut last = None;
    list.iter().map(|entry| &*entry.code).filter(move |code| last.replace(*code) != Some(*code))
}

/// Whether the last period has no end.
fn is_open(periods: &[Code]) -> bool {
    periods.last().is_some_and(|entry| entry.until.is_none())
}

/// Whether two lists say the same of a code, on whatever lines.
fn is_same(before: &[Code], now: &[Code]) -> bool {
    let said = |entry: &Code| Code { line: 0, ..entry.clone() };
    before.iter().map(said).eq(now.iter().map(said))
}

/// Puts the new file in the place of the former one and keeps that; touches nothing when they are the same.
fn replace(path: &Path, former: Option<&[u8]>, bytes: &[u8]) -> Result<Option<PathBuf>, ImportTrouble> {
    let Some(former) = former else {
        write_whole(path, bytes, None)?;
        return Ok(None);
    };
    if former == bytes {
        return Ok(None);
    }
    let permissions = fs::metadata(path).ok().map(|metadata| metadata.permissions());
    let kept = path.with_extension("csv.bak");
    write_whole(&kept, former, permissions.clone())?;
    write_whole(path, bytes, permissions)?;
    Ok(Some(kept))
}

/// Writes a file so that, whenever the machine stops, either the former one or the whole new one is there.
fn write_whole(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> Result<(), ImportTrouble> {
    let write = || {
        let dir = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".import-").tempfile_in(dir)?;
        file.write_all(bytes)?;
        file.as_file().set_permissions(permissions.unwrap_or_else(readable_by_all))?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        File::open(dir)?.sync_all()
    };
    write().map_err(|source| ImportTrouble::Write { path: path.to_owned(), source })
}

/// Code lists are no secret, and the daemon may be another user than the one who imports.
fn readable_by_all() -> Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

impl ImportReport {
    /// Whether the new list says just what the former one said.
    #[must_use]
    pub fn is_without_change(&self) -> bool {
        [&self.added, &self.ended, &self.changed, &self.removed].into_iter().all(Vec::is_empty)
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remark = if self.is_sample { ", a sample: replace it before real use" } else { "" };
        writeln!(f, "{}: {} codes{remark}", self.list, self.codes)?;
        let groups =
            [("added", &self.added), ("ended", &self.ended), ("changed", &self.changed), ("removed", &self.removed)];
        for (word, codes) in groups {
            let named: Vec<&str> = codes.iter().take(NAMED_MAX).map(String::as_str).collect();
            let rest = if codes.len() > NAMED_MAX { " …" } else { "" };
            let separator = if named.is_empty() { "" } else { "  " };
            writeln!(f, "{word:<8}{:>8}{separator}{}{rest}", codes.len(), named.join(" "))?;
        }
        if self.former_mistakes > 0 {
            writeln!(f, "the former file had mistakes ({}); its wrong rows are not compared", self.former_mistakes)?;
        }
        match &self.kept {
            Some(kept) => writeln!(f, "the former file is kept as {}", kept.display()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use tempfile::TempDir;

    use super::{super::SHAPES, *};

    const HEADER: &str = "code,english,french,from,until";

    fn shipped() -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        for shape in &SHAPES {
            fs::write(dir.path().join(shape.file_name()), shape.shipped).unwrap();
        }
        dir
    }

    fn bring(list: &str, text: &str, into: &TempDir) -> Result<ImportReport, ImportTrouble> {
        import(list, Path::new("new.csv"), text.as_bytes(), into.path())
    }

    fn check_refused(list: &str, text: &str, expected: &str) {
        let dir = shipped();
        assert_eq!(bring(list, text, &dir).unwrap_err().to_string(), expected);
        for shape in &SHAPES {
            assert_eq!(fs::read_to_string(dir.path().join(shape.file_name())).unwrap(), shape.shipped);
        }
    }

    #[test]
    fn an_import_says_what_it_changed() {
        let dir = shipped();
        let text = format!(
            "# Sample: ours\n{HEADER}\nLEA,Lease,Location,,\nLOA,Loan,Prêt,,2027-01-01\nREP,Repair,Réparation,,\nNEW,New,Neuf,,\n"
        );
        let report = bring("reasons-for-export", &text, &dir).unwrap();
        let said = report.to_string().replace(&dir.path().display().to_string(), "codes");
        expect![[r#"
            reasons-for-export: 4 codes, a sample: replace it before real use
            added          1  NEW
            ended          1  LOA
            changed        1  LEA
            removed        8  EMI EXH GFT OTH OWN PRO RET TRA
            the former file is kept as codes/reasons-for-export.csv.bak
        "#]]
        .assert_eq(&said);
    }

    #[test]
    fn the_new_file_is_kept_byte_for_byte_and_the_former_beside_it() {
        let dir = shipped();
        let text = format!("# ours\n{HEADER}\n1,Sea,Mer,,\n");
        let kept = bring("modes", &text, &dir).unwrap().kept.unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("modes.csv")).unwrap(), text);
        assert_eq!(fs::read_to_string(kept).unwrap(), Shape::named("modes").unwrap().shipped);
        assert!(super::super::CodeLists::load(dir.path()).is_ok(), "the kept file is no list");
    }

    #[test]
    fn the_same_again_touches_nothing() {
        let dir = shipped();
        let report = bring("modes", Shape::named("modes").unwrap().shipped, &dir).unwrap();
        assert!(report.is_without_change());
        assert_eq!(report.kept, None);
        assert!(!dir.path().join("modes.csv.bak").exists());
    }

    #[test]
    fn nothing_else_is_left_in_the_directory() {
        let dir = shipped();
        bring("modes", &format!("{HEADER}\n1,Sea,Mer,,\n"), &dir).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), SHAPES.len() + 1);
    }

    #[test]
    fn permissions_stay_as_they_were() {
        use std::os::unix::fs::PermissionsExt;
        let dir = shipped();
        let path = dir.path().join("modes.csv");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        bring("modes", &format!("{HEADER}\n1,Sea,Mer,,\n"), &dir).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_list_that_was_lost_is_brought_back() {
        let dir = shipped();
        fs::remove_file(dir.path().join("modes.csv")).unwrap();
        let report = bring("modes", Shape::named("modes").unwrap().shipped, &dir).unwrap();
        assert_eq!((report.added.len(), report.kept), (10, None));
    }

    #[test]
    fn a_list_with_mistakes_is_mended() {
        let dir = shipped();
        fs::write(dir.path().join("modes.csv"), format!("{HEADER}\n1,Sea,Mer,,\nrail,Rail,Fer,,\n")).unwrap();
        let report = bring("modes", &format!("{HEADER}\n1,Sea,Mer,,\n"), &dir).unwrap();
        assert_eq!(report.former_mistakes, 1);
        assert!(report.kept.is_some());
    }

    #[test]
    fn a_file_with_mistakes_is_refused_whole() {
        check_refused(
            "modes",
            &format!("{HEADER}\n1,Sea,Mer,,\nrail,Rail,Fer,,\n"),
            "the code lists have mistakes; nothing was changed:\n  new.csv:3: the code \"rail\" has the wrong form; a \
             code of this list is 1 digit",
        );
    }

    #[test]
    fn a_unit_that_is_unknown_is_refused() {
        check_refused(
            "hs-export-codes",
            &format!("{HEADER},unit\n84717000,Storage,Mémoire,,,XYZ\n"),
            "the code lists have mistakes; nothing was changed:\n  new.csv:2: the unit \"XYZ\" is not in units.csv; add \
             it there first, or correct it",
        );
    }

    #[test]
    fn a_unit_that_is_needed_is_not_lost() {
        let trouble = bring("units", &format!("{HEADER}\nKGM,kilogram,kilogramme,,\n"), &shipped()).unwrap_err();
        assert!(trouble.to_string().contains("the unit \"NMB\" is not in units.csv"), "{trouble}");
    }

    #[test]
    fn rates_need_a_known_currency() {
        check_refused(
            "exchange-rates",
            "currency,rate,from,until\nZZZ,1.5,,\n",
            "the code lists have mistakes; nothing was changed:\n  new.csv:2: the currency \"ZZZ\" is not in \
             currencies.csv; add it there first, or correct it",
        );
    }

    #[test]
    fn imported_rates_are_used_on_their_days() {
        let dir = shipped();
        bring(
            "exchange-rates",
            "currency,rate,from,until\nUSD,1.37,2026-01-05,2026-01-06\nUSD,1.38,2026-01-06,\n",
            &dir,
        )
        .unwrap();
        let lists = super::super::CodeLists::load(dir.path()).unwrap();
        let rate = |day| lists.rate_to_cad("USD", jiff::civil::date(2026, 1, day)).map(|rate| rate.to_string());
        assert_eq!([4, 5, 6].map(rate), [None, Some("1.37".to_owned()), Some("1.38".to_owned())]);
    }

    #[test]
    fn an_unknown_list_is_refused_with_a_hint() {
        let trouble = bring("unit", "", &shipped()).unwrap_err();
        assert!(
            trouble.to_string().starts_with("no code list is called \"unit\" (perhaps units?); the lists are"),
            "{trouble}"
        );
    }
}
