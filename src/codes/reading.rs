//! From a file to a list: a header, rows, comment lines that begin with a number sign. It never stops at the first mistake.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};
use jiff::civil::Date;

use super::{
    FILE_BYTES_MAX, ROWS_MAX, Shape,
    list::{Code, CodeList, Detail},
    mistake::{Fault, Mistake},
};

/// Most mistakes that are listed for one file; the rest are counted.
const MISTAKES_MAX: usize = 100;

/// A comment line that begins with this word says that the list is a sample.
const SAMPLE_MARK: &str = "sample:";

/// The columns of names, where a list has them.
const NAMES: [&str; 2] = ["english", "french"];

/// A list from the bytes of its file.
pub(super) fn read_list(shape: &'static Shape, file: &Path, bytes: &[u8]) -> (CodeList, Vec<Mistake>) {
    match text_of(bytes) {
        Ok(text) => Reading::new(shape, file, text).list(),
        Err((line, fault)) => {
            (CodeList::new(shape.name, file, false, Vec::new()), vec![Mistake { file: file.to_owned(), line, fault }])
        }
    }
}

/// The text without its byte order mark, or the line of the first byte that is not UTF-8.
fn text_of(bytes: &[u8]) -> Result<&str, (Option<u64>, Fault)> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err((None, Fault::TooLarge));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let breaks = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
            Err((u64::try_from(breaks).ok().map(|breaks| breaks.saturating_add(1)), Fault::NotUtf8))
        }
    }
}

/// One file while it is being read.
struct Reading<'a> {
    shape: &'static Shape,
    file: &'a Path,
    /// The lines that are neither blank nor comments.
    body: String,
    /// The line in the file of each line of the body.
    lines: Vec<u64>,
    is_sample: bool,
    mistakes: Vec<Mistake>,
}

/// Where the columns of a list stand in the rows of a file.
struct Header {
    columns: Vec<(&'static str, usize)>,
}

impl<'a> Reading<'a> {
    /// Comment lines are taken out here and not by the CSV reader, which would then count its lines from the comment.
    fn new(shape: &'static Shape, file: &'a Path, text: &str) -> Self {
        let mut reading = Self {
            shape,
            file,
            body: String::with_capacity(text.len()),
            lines: Vec::new(),
            is_sample: false,
            mistakes: Vec::new(),
        };
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(comment) = line.strip_prefix('#') {
                reading.is_sample |= comment.trim_start().to_ascii_lowercase().starts_with(SAMPLE_MARK);
            } else if !line.trim().is_empty() {
                reading.lines.push(number);
                reading.body.push_str(line);
                reading.body.push('\n');
            }
        }
        reading
    }

    fn list(mut self) -> (CodeList, Vec<Mistake>) {
        let body = std::mem::take(&mut self.body);
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(body.as_bytes());
        let mut records = reader.records();
        let header = match records.next() {
            Some(Ok(record)) => self.header(&record),
            Some(Err(_)) | None => {
                self.wrong(1, Fault::NoHeader { columns: self.columns() });
                None
            }
        };
        let mut codes = Vec::new();
        if let Some(header) = header {
            // Text in memory gives no error: it is UTF-8, and rows may have any width here.
            for record in records.take(ROWS_MAX.saturating_add(1)).flatten() {
                self.row(&header, &record, &mut codes);
            }
        }
        let list = CodeList::new(self.shape.name, self.file, self.is_sample, codes);
        self.overlaps(&list);
        self.mistakes.sort_by_key(|mistake| mistake.line);
        cut_short(&mut self.mistakes);
        (list, self.mistakes)
    }

    /// Where the columns stand; `None` when the rows cannot be read by it.
    fn header(&mut self, record: &StringRecord) -> Option<Header> {
        let line = self.line_of(record);
        let columns = self.shape.columns();
        if !record.iter().any(|column| columns.contains(&column)) {
            let has_semicolons = record.iter().any(|value| value.contains(';'));
            let fault = if has_semicolons { Fault::Semicolons } else { Fault::NoHeader { columns: self.columns() } };
            self.wrong(line, fault);
            return None;
        }
        let mut header = Header { columns: Vec::with_capacity(columns.len()) };
        for (index, column) in record.iter().enumerate() {
            match columns.iter().find(|known| **known == column) {
                None => self.wrong(line, Fault::UnknownColumn { column: column.to_owned(), columns: self.columns() }),
                Some(known) if header.index(known).is_some() => {
                    self.wrong(line, Fault::RepeatedColumn { column: column.to_owned() });
                }
                Some(known) => header.columns.push((known, index)),
            }
        }
        for missing in columns.iter().filter(|column| header.index(column).is_none()) {
            self.wrong(line, Fault::MissingColumn { column: (*missing).to_owned(), columns: self.columns() });
        }
        self.mistakes.is_empty().then_some(header)
    }

    fn row(&mut self, header: &Header, record: &StringRecord, codes: &mut Vec<Code>) {
        let line = self.line_of(record);
        if codes.len() >= ROWS_MAX {
            self.wrong(line, Fault::TooManyRows);
        } else if record.len() != header.columns.len() {
            self.wrong(line, Fault::Width { found: record.len(), expected: header.columns.len() });
        } else {
            match self.code(header, record, line) {
                Ok(code) => codes.push(code),
                Err(faults) => faults.into_iter().for_each(|fault| self.wrong(line, fault)),
            }
        }
    }

    /// What a row says, or everything that is wrong with it.
    fn code(&self, header: &Header, record: &StringRecord, line: u64) -> Result<Code, Vec<Fault>> {
        let value = |column| header.index(column).and_then(|index| record.get(index)).unwrap_or_default();
        let code = value(self.shape.key);
        let mut faults = Faults::default();
        let columns = || header.columns.iter().map(|(column, _)| *column);
        faults.0.extend(
            columns()
                .filter(|column| value(column).contains(char::is_control))
                .map(|column| Fault::ControlCharacter { column }),
        );
        if !self.shape.form.holds(code) {
            faults.0.push(Fault::Form { code: code.to_owned(), form: self.shape.form.words() });
        }
        let empty_names = columns().filter(|column| NAMES.contains(column) && value(column).is_empty());
        faults.0.extend(empty_names.map(|column| Fault::NameMissing { code: code.to_owned(), column }));
        let name = |column| if self.shape.is_named { value(column) } else { code };
        let [from, until] = ["from", "until"].map(|column| faults.keep(day(column, value(column))).flatten());
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            faults.0.push(Fault::Period { code: code.to_owned(), from, until });
        }
        let detail = self.shape.extra.map_or(Ok(Detail::None), |extra| extra.read(value(extra.column())));
        match faults.keep(detail) {
            Some(detail) if faults.0.is_empty() => {
                let [english, french] = NAMES.map(|column| name(column).into());
                Ok(Code { code: code.into(), english, french, from, until, detail, line })
            }
            _ => Err(faults.0),
        }
    }

    /// Two rows for one code on one day, told at the later line. The rows of a code stand together, earliest day first.
    fn overlaps(&mut self, list: &CodeList) {
        let mut latest: Option<&Code> = None;
        for entry in list.iter() {
            let earlier = latest.filter(|earlier| earlier.code == entry.code);
            if let Some(earlier) = earlier.filter(|earlier| earlier.overlaps(entry)) {
                let (first, later) = (entry.line.min(earlier.line), entry.line.max(earlier.line));
                self.wrong(later, Fault::Overlap { code: entry.code.to_string(), line: first });
            }
            latest = Some(earlier.filter(|earlier| earlier.ends_after(entry)).unwrap_or(entry));
        }
    }

    fn columns(&self) -> String {
        self.shape.columns().join(",")
    }

    /// The line in the file on which a record begins.
    fn line_of(&self, record: &StringRecord) -> u64 {
        let index = record.position().map_or(0, |position| position.line().saturating_sub(1));
        usize::try_from(index).ok().and_then(|index| self.lines.get(index)).copied().unwrap_or(1)
    }

    fn wrong(&mut self, line: u64, fault: Fault) {
        self.mistakes.push(Mistake::at(self.file, line, fault));
    }
}

/// What is wrong with one row.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    /// What was read, or else its fault is kept.
    fn keep<T>(&mut self, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.0.push(fault)).ok()
    }
}

impl Header {
    fn index(&self, column: &str) -> Option<usize> {
        self.columns.iter().find(|(known, _)| *known == column).map(|(_, index)| *index)
    }
}

/// A day, or none when nothing is written.
fn day(column: &'static str, value: &str) -> Result<Option<Date>, Fault> {
    let wrong = || Fault::Date { column, value: value.to_owned() };
    let is_formed = value.len() == 10 && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    match value {
        "" => Ok(None),
        _ if is_formed => value.parse().map(Some).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// Keeps the first mistakes of a file and counts the rest.
pub(super) fn cut_short(mistakes: &mut Vec<Mistake>) {
    let count = mistakes.len().saturating_sub(MISTAKES_MAX);
    if count > 0 {
        mistakes.truncate(MISTAKES_MAX);
        if let Some(last) = mistakes.last() {
            let file = last.file.clone();
            mistakes.push(Mistake::of_file(&file, Fault::More { count }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &str, text: &[u8]) -> (CodeList, Vec<Mistake>) {
        read_list(Shape::named(list).unwrap(), Path::new("list.csv"), text)
    }

    fn check(list: &str, text: &str, expected: &[&str]) {
        let (_, mistakes) = read(list, text.as_bytes());
        assert_eq!(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    fn check_units(rows: &str, expected: &[&str]) {
        check("units", &format!("# Units.\ncode,english,french,from,until\n{rows}"), expected);
    }

    #[test]
    fn comments_and_blank_lines_are_counted_and_skipped() {
        check_units(
            "\n# more\nkg,kilogram,kilogramme,,\n",
            &["list.csv:5: the code \"kg\" has the wrong form; a code of this list is 3 upper-case letters"],
        );
    }

    #[test]
    fn every_mistake_of_a_row_is_told() {
        check_units(
            "KG,,kilogramme,2026-02-30,soon\n",
            &[
                "list.csv:3: the code \"KG\" has the wrong form; a code of this list is 3 upper-case letters",
                "list.csv:3: the english name of KG is empty; write it",
                "list.csv:3: \"2026-02-30\" in the column from is no date; write YYYY-MM-DD, or nothing",
                "list.csv:3: \"soon\" in the column until is no date; write YYYY-MM-DD, or nothing",
            ],
        );
    }

    #[test]
    fn dates_are_written_in_one_way() {
        for wrong in ["2026-1-1", "20260101", "01/02/2026", "+02026-01-01", "2026-01-01T00:00"] {
            check_units(
                &format!("KGM,kilogram,kilogramme,{wrong},\n"),
                &[&format!("list.csv:3: {wrong:?} in the column from is no date; write YYYY-MM-DD, or nothing")],
            );
        }
    }

    #[test]
    fn a_period_has_a_day() {
        check_units(
            "KGM,kilogram,kilogramme,2026-01-01,2026-01-01\n",
            &["list.csv:3: KGM ends on 2026-01-01, which is not after it begins on 2026-01-01; correct one of them"],
        );
    }

    #[test]
    fn a_code_stands_once() {
        check_units(
            "KGM,kilogram,kilogramme,,\nGRM,gram,gramme,,\nKGM,kilogram,kilogramme,,\n",
            &["list.csv:5: KGM is valid on the same day here and on line 3; end one before the other begins"],
        );
    }

    #[test]
    fn periods_of_a_code_do_not_overlap() {
        check_units(
            "KGM,kilo,kilo,2026-01-01,\nKGM,kilogram,kilogramme,,2026-01-02\n",
            &["list.csv:4: KGM is valid on the same day here and on line 3; end one before the other begins"],
        );
    }

    #[test]
    fn a_long_period_overlaps_all_that_it_spans() {
        check_units(
            "KGM,a,a,2020-01-01,\nKGM,b,b,2021-01-01,2022-01-01\nKGM,c,c,2023-01-01,2024-01-01\n",
            &[
                "list.csv:4: KGM is valid on the same day here and on line 3; end one before the other begins",
                "list.csv:5: KGM is valid on the same day here and on line 3; end one before the other begins",
            ],
        );
    }

    #[test]
    fn periods_of_a_code_may_follow_each_other() {
        check_units("KGM,kilo,kilo,,2026-01-01\nKGM,kilogram,kilogramme,2026-01-01,\n", &[]);
    }

    #[test]
    fn a_row_is_as_wide_as_the_header() {
        check_units(
            "KGM,kilogram, of goods,kilogramme,,\n",
            &["list.csv:3: the row has 6 values and the header 5; put values with commas in quotation marks"],
        );
    }

    #[test]
    fn an_open_quotation_mark_is_found() {
        let expected = "list.csv:3: a value in the column english holds a control character; close its quotation mark, or \
                        take the character out";
        check_units("KGM,\"kilogram,kilogramme,,\nGRM,\"gram\",gramme,,\n", &[expected]);
    }

    #[test]
    fn a_file_without_a_header_says_which_it_wants() {
        check(
            "units",
            "KGM,kilogram,kilogramme,,\n",
            &["list.csv:1: the header is missing; begin with the line code,english,french,from,until"],
        );
        check(
            "hs-export-codes",
            "# nothing\n",
            &["list.csv:1: the header is missing; begin with the line code,english,french,from,until,unit"],
        );
    }

    #[test]
    fn a_spreadsheet_with_semicolons_is_recognised() {
        check(
            "units",
            "code;english;french;from;until\n",
            &["list.csv:1: the values are separated by semicolons; separate them by commas"],
        );
    }

    #[test]
    fn unknown_missing_and_repeated_columns_are_told() {
        check(
            "units",
            "code,code,english,french,from,unitl\n",
            &[
                "list.csv:1: the column \"code\" stands twice; take one away",
                "list.csv:1: the column \"unitl\" is unknown; the columns are code,english,french,from,until",
                "list.csv:1: the column \"until\" is missing; the columns are code,english,french,from,until",
            ],
        );
    }

    #[test]
    fn columns_may_stand_in_any_order() {
        check("exchange-rates", "from,until,rate,currency\n2026-01-05,2026-01-06,1.3705,USD\n", &[]);
    }

    #[test]
    fn other_columns_are_checked_too() {
        check(
            "currencies",
            "code,english,french,from,until,minor_units\nCAD,a,b,,,two\n",
            &["list.csv:2: \"two\" is no number of decimal places; write 0 to 4, or nothing"],
        );
        check(
            "exchange-rates",
            "currency,rate,from,until\nUSD,0,,\n",
            &["list.csv:2: \"0\" is no rate; write Canadian dollars for one unit, above zero, with a decimal point"],
        );
    }

    #[test]
    fn byte_order_marks_and_carriage_returns_are_no_mistakes() {
        let text = "\u{feff}code,english,french,from,until\r\nKGM,kilogram,kilogramme,,\r\nkg,a,b,,\r\n";
        check(
            "units",
            text,
            &["list.csv:3: the code \"kg\" has the wrong form; a code of this list is 3 upper-case letters"],
        );
    }

    #[test]
    fn another_encoding_is_told_with_its_line() {
        let (_, mistakes) = read("units", b"code,english,french,from,until\nMTR,metre,m\xe8tre,,\n");
        assert_eq!(mistakes, [Mistake::at(Path::new("list.csv"), 2, Fault::NotUtf8)]);
    }

    #[test]
    fn a_sample_says_so_in_a_comment() {
        assert!(read("units", b"# Sample: not all\ncode,english,french,from,until\n").0.is_sample());
        assert!(!read("units", b"# Whole: no sample\ncode,english,french,from,until\n").0.is_sample());
    }

    #[test]
    fn many_mistakes_are_counted() {
        let (_, mistakes) =
            read("units", format!("code,english,french,from,until\n{}", "x,a,b,,\n".repeat(150)).as_bytes());
        assert_eq!(mistakes.len(), MISTAKES_MAX + 1);
        assert_eq!(mistakes.last().unwrap().fault, Fault::More { count: 50 });
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let (_, mistakes) = read("units", &vec![b'#'; FILE_BYTES_MAX + 1]);
        assert_eq!(mistakes, [Mistake::of_file(Path::new("list.csv"), Fault::TooLarge)]);
    }
}
