//! The files that make a set of code lists: one for each list, and no other.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{
    CodeLists, FILE_BYTES_MAX, SHAPES, Shape,
    list::CodeList,
    mistake::{Fault, Mistake, nearest_list},
    reading::{cut_short, read_list},
};

/// Every list of a directory, as far as it can be read, and every mistake.
pub(super) fn read_directory(dir: &Path) -> (CodeLists, Vec<Mistake>) {
    let mut mistakes = strange_files(dir);
    let lists =
        SHAPES.iter().map(|shape| keep(read_file(shape, &dir.join(shape.file_name())), &mut mistakes)).collect();
    cross_checked(CodeLists { lists }, mistakes)
}

/// The lists that are compiled in.
pub(super) fn read_shipped() -> (CodeLists, Vec<Mistake>) {
    let mut mistakes = Vec::new();
    let read = |shape: &'static Shape| {
        read_list(shape, &Path::new("grammars/codes").join(shape.file_name()), shape.shipped.as_bytes())
    };
    let lists = SHAPES.iter().map(|shape| keep(read(shape), &mut mistakes)).collect();
    cross_checked(CodeLists { lists }, mistakes)
}

/// All bytes of a source, unless they are more than a file may have: then one more than that.
pub(super) fn read_bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn keep((list, found): (CodeList, Vec<Mistake>), mistakes: &mut Vec<Mistake>) -> CodeList {
    mistakes.extend(found);
    list
}

/// What one list says of another is judged only when each is right in itself.
fn cross_checked(lists: CodeLists, mut mistakes: Vec<Mistake>) -> (CodeLists, Vec<Mistake>) {
    if mistakes.is_empty() {
        mistakes = lists.strangers();
        cut_short(&mut mistakes);
    }
    (lists, mistakes)
}

fn read_file(shape: &'static Shape, file: &Path) -> (CodeList, Vec<Mistake>) {
    match File::open(file).and_then(read_bounded) {
        Ok(bytes) => read_list(shape, file, &bytes),
        Err(error) => (
            CodeList::new(shape.name, file, false, Vec::new()),
            vec![Mistake::of_file(file, Fault::Unreadable { reason: error.to_string() })],
        ),
    }
}

/// The `.csv` files of a directory that are no list. One that cannot be listed is told of file by file.
fn strange_files(dir: &Path) -> Vec<Mistake> {
    let Ok(entries) = dir.read_dir() else { return Vec::new() };
    let mut strange: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|extension| extension == "csv"))
        .filter(|file| stem_of(file).is_none_or(|stem| Shape::named(stem).is_none()))
        .collect();
    strange.sort();
    let nearest = |file: &Path| stem_of(file).and_then(nearest_list).map(|name| format!("{name}.csv"));
    strange.iter().map(|file| Mistake::of_file(file, Fault::UnknownFile { nearest: nearest(file) })).collect()
}

fn stem_of(file: &Path) -> Option<&str> {
    file.file_stem()?.to_str()
}
