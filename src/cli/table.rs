//! A table for people: heads, rows, columns as wide as they need to be.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::paint::Paint;
use super::safe::visible;

/// A table, row by row. Figures stand at the right of their column.
#[derive(Debug)]
pub(super) struct Table<const COLUMNS: usize> {
    heads: [&'static str; COLUMNS],
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(super) fn new(heads: [&'static str; COLUMNS]) -> Self {
        Self { heads, rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: [String; COLUMNS]) {
        self.rows.push(cells.map(|cell| visible(&cell)));
    }

    /// Writes it; nothing when it has no rows.
    pub(super) fn write(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let columns: [(usize, bool); COLUMNS] = std::array::from_fn(|column| {
            let cells = || self.rows.iter().filter_map(move |row| row.get(column)).map(String::as_str);
            let head = self.heads.get(column).copied().unwrap_or_default();
            let width = cells().chain([head]).map(UnicodeWidthStr::width).max().unwrap_or(0);
            (width, cells().any(|cell| cell != "-") && cells().all(is_figure))
        });
        writeln!(out, "{}", paint.dim(&line(&columns, self.heads)))?;
        self.rows.iter().try_for_each(|row| writeln!(out, "{}", line(&columns, row.each_ref().map(String::as_str))))
    }
}

fn is_figure(cell: &str) -> bool {
    cell == "-" || cell.trim_end_matches('+').parse::<i64>().is_ok()
}

fn line<const COLUMNS: usize>(columns: &[(usize, bool); COLUMNS], cells: [&str; COLUMNS]) -> String {
    let cells = cells.iter().zip(columns).map(|(cell, (width, is_figure))| {
        let gap = " ".repeat(width.saturating_sub(cell.width()));
        if *is_figure { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// What may be missing, or a dash.
pub(super) fn or_dash(cell: Option<impl ToString>) -> String {
    cell.map_or_else(|| "-".to_owned(), |cell| cell.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[[&str; 2]], expected: &str) {
        let mut table = Table::new(["partner", "waiting"]);
        rows.iter().for_each(|row| table.row(row.map(str::to_owned)));
        let mut out = Vec::new();
        table.write(&mut out, Paint::NONE).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn figures_stand_at_the_right() {
        check(
            &[["acme", "7"], ["érable", "100000+"], ["birch", "-"]],
            "partner  waiting\nacme           7\nérable   100000+\nbirch          -\n",
        );
    }

    #[test]
    fn texts_stand_at_the_left_and_nothing_behind_them() {
        check(&[["acme", "none"]], "partner  waiting\nacme     none\n");
    }

    #[test]
    fn what_would_move_the_cursor_is_made_visible() {
        check(&[["a\x1b[2J", "1"]], "partner  waiting\na␛[2J          1\n");
    }

    #[test]
    fn a_table_without_rows_is_nothing() {
        check(&[], "");
    }
}
