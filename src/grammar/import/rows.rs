//! The rows of a table: values between tabs, one row on a line, the first row names the columns.

use std::{
    borrow::Cow,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use super::super::{
    catalogue::{GrammarTrouble, Reading},
    mistake::{At, Located, Mistakes},
};

/// Longest table, in bytes.
pub(super) const TABLE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Longest row, in bytes.
pub(super) const ROW_BYTES_MAX: usize = 4_096;

/// Most rows of a table.
pub(super) const ROWS_MAX: u32 = 200_000;

/// Most mistakes of a table before the rest of it is left alone.
pub(super) const MISTAKES_MAX: usize = 200;

/// One row with as many values as the table has columns.
pub(super) struct Row<'a> {
    at: At,
    line: &'a str,
}

impl<'a> Row<'a> {
    /// A value with the place where it stands; the first column is 0.
    pub(super) fn field(&self, column: usize) -> Located<&'a str> {
        let mut at = self.at;
        for (index, value) in self.line.split('\t').enumerate() {
            if index == column {
                return Located { at, value };
            }
            let width = u32::try_from(value.chars().count()).unwrap_or(u32::MAX);
            at.column = at.column.saturating_add(width).saturating_add(1);
        }
        Located { at, value: "" }
    }

    /// A value with a meaning; without one, what should stand there is a mistake.
    pub(super) fn read<T>(
        &self,
        column: usize,
        what: &str,
        read: impl Fn(&str) -> Option<T>,
        mistakes: &mut Mistakes,
    ) -> Option<Located<T>> {
        let Located { at, value } = self.field(column);
        let found = read(value);
        if found.is_none() {
            mistakes.error(at, format!("here should stand {what}, not {value:?}"), None);
        }
        found.map(|value| Located { at, value })
    }
}

/// Gives every row of a table in order. The last row may stand without a line break.
pub(super) fn rows(
    path: &Path,
    columns: &[&str],
    reading: &mut Reading,
    mut each: impl FnMut(&Row<'_>, &mut Mistakes),
) -> Result<(), GrammarTrouble> {
    let file = reading.name(path.to_owned());
    let unreadable = |source| GrammarTrouble::Unreadable { path: path.to_owned(), source };
    let mut table = BufReader::new(File::open(path).map_err(unreadable)?).take(TABLE_BYTES_MAX + 1);
    let mistakes = &mut reading.mistakes;
    let (before, mut bytes, mut read) = (mistakes.len(), Vec::new(), 0u64);
    for line in 1u32.. {
        let at = At { file, line, column: 1 };
        bytes.clear();
        let limit = u64::try_from(ROW_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let length = table.by_ref().take(limit).read_until(b'\n', &mut bytes).map_err(unreadable)?;
        read = read.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if length == 0 && line > 1 {
            break;
        }
        if let Some(limit) = broken_limit(&bytes, line, read, mistakes.len() - before) {
            mistakes.error(at, limit, Some("the rest of the table was not read".to_owned()));
            break;
        }
        let Ok(text) = str::from_utf8(&bytes) else {
            mistakes.error(at, "the row is not UTF-8", None);
            continue;
        };
        let text = printable(text.trim_end_matches(['\n', '\r']), columns, at, mistakes);
        let row = Row { at, line: &text };
        match (line, has_columns(&row, columns, mistakes)) {
            // Without the right columns nothing in the table means anything.
            (1, false) => break,
            (1, true) | (_, false) => {}
            (_, true) => each(&row, mistakes),
        }
    }
    Ok(())
}

/// The row without control characters in its names, which are told; nothing but people reads a name.
fn printable<'a>(line: &'a str, columns: &[&str], at: At, mistakes: &mut Mistakes) -> Cow<'a, str> {
    if !line.contains(|letter: char| letter.is_control() && letter != '\t') {
        return Cow::Borrowed(line);
    }
    let row = Row { at, line };
    let fields = columns.iter().chain(std::iter::repeat(&"")).zip(line.split('\t'));
    let fields = fields.enumerate().map(|(index, (column, value))| {
        let found = value.chars().enumerate().find(|(_, letter)| letter.is_control()).filter(|_| *column == "name");
        let Some((before, letter)) = found else { return Cow::Borrowed(value) };
        let mut place = row.field(index).at;
        place.column = place.column.saturating_add(u32::try_from(before).unwrap_or(u32::MAX));
        let sentence = format!("the control character U+{:04X} stands in a name; it is left out", u32::from(letter));
        mistakes.warning(place, sentence, None);
        Cow::Owned(value.replace(char::is_control, ""))
    });
    Cow::Owned(fields.collect::<Vec<_>>().join("\t"))
}

/// The limit that a table breaks with this row.
fn broken_limit(bytes: &[u8], line: u32, read: u64, mistakes: usize) -> Option<String> {
    if bytes.len() > ROW_BYTES_MAX {
        Some(format!("a row has at most {ROW_BYTES_MAX} bytes"))
    } else if line > ROWS_MAX {
        Some(format!("a table has at most {ROWS_MAX} rows"))
    } else if read > TABLE_BYTES_MAX {
        Some(format!("a table has at most {TABLE_BYTES_MAX} bytes"))
    } else if mistakes > MISTAKES_MAX {
        Some(format!("the table has more than {MISTAKES_MAX} mistakes"))
    } else {
        None
    }
}

/// Whether the row has all columns and nothing that cannot be written; the first row must name them.
fn has_columns(row: &Row<'_>, columns: &[&str], mistakes: &mut Mistakes) -> bool {
    let count = row.line.split('\t').count();
    if row.at.line == 1 && row.line.split('\t').ne(columns.iter().copied()) {
        let hint = format!("the first row is {}, with a tab between two names", columns.join(", "));
        mistakes.error(row.at, "the first row does not name the columns of this table", Some(hint));
        return false;
    }
    if count != columns.len() {
        let sentence = format!("a row of this table has {} values; {count} stand here", columns.len());
        mistakes.error(row.at, sentence, None);
        return false;
    }
    let broken = (0..count).map(|column| row.field(column)).find(|field| field.value.contains(char::is_control));
    if let Some(field) = broken {
        mistakes.error(field.at, "a control character stands here", None);
    }
    broken.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a row of so many bytes, on this line, when so many bytes were read and so many mistakes found.
    #[track_caller]
    fn check(bytes: usize, line: u32, read: u64, mistakes: usize, expected: Option<&str>) {
        let limit = broken_limit(&vec![b'A'; bytes], line, read, mistakes);
        assert_eq!(limit.as_deref(), expected);
    }

    #[test]
    fn a_table_is_read_up_to_its_limits() {
        let (bytes, line, read, mistakes) = (ROW_BYTES_MAX, ROWS_MAX, TABLE_BYTES_MAX, MISTAKES_MAX);
        check(bytes, line, read, mistakes, None);
        check(bytes + 1, line, read, mistakes, Some(&format!("a row has at most {bytes} bytes")));
        check(bytes, line + 1, read, mistakes, Some(&format!("a table has at most {line} rows")));
        check(bytes, line, read + 1, mistakes, Some("a table has at most 33554432 bytes"));
        check(bytes, line, read, mistakes + 1, Some(&format!("the table has more than {mistakes} mistakes")));
    }
}
