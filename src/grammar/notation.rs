//! The notation, line by line: one statement per line, read with nom. `docs/grammar-notation.md` has the rules.
//!
//! What cannot be read comes back as [`Misread`]: where, what was wanted, what stands there. nom's own errors stay here.

use nom::{
    IResult, Parser,
    bytes::complete::take_while1,
    character::complete::space0,
    combinator::{opt, rest, verify},
    error::{ErrorKind, ParseError},
    sequence::preceded,
};

use super::codes::CODE_BYTES_MAX;
use super::mistake::{At, Located, nearest};
use super::spec::{DataId, DirectoryKey, Representation, ValueKind};
use crate::edifact::Tag;

/// What a file's definitions belong to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Home {
    /// The service segments of a syntax: 3 (for 1 to 3) or 4.
    Syntax(u8),
    /// A directory.
    Directory(DirectoryKey),
}

/// The identification of a message beside its type, as UNH states it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MessageKey {
    pub(super) directory: DirectoryKey,
    pub(super) association: Option<String>,
}

/// One line with something in it.
#[derive(Debug, Clone)]
pub(super) enum Statement {
    Home(Home),
    Element { id: Located<DataId>, representation: Representation, name: String },
    Codes(Located<DataId>),
    Elsewhere { id: Located<DataId>, own: Option<String> },
    Composite { id: Located<DataId>, name: String },
    Segment { tag: Located<Tag>, name: String },
    Message { kind: Located<String>, name: String },
    Key(MessageKey),
    Entry { is_mandatory: bool, is_group: bool, id: Located<String>, repetitions_max: Located<u32> },
}

/// One value of a code list.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) value: Located<String>,
    pub(super) name: String,
}

/// A line that is none: what was wanted at which place.
#[derive(Debug)]
pub(super) struct Misread {
    pub(super) at: At,
    pub(super) sentence: String,
    pub(super) hint: Option<String>,
}

/// The words that begin a statement.
const KEYWORDS: [&str; 11] =
    ["directory", "syntax", "element", "codes", "elsewhere", "composite", "segment", "message", "key", "M", "C"];

/// What a line of a code list begins with.
const CODE: &str = "a value of at most eight bytes";

/// Where nom stopped, and what should have stood there.
#[derive(Debug)]
struct Wanted<'a> {
    input: &'a str,
    what: &'static str,
}

impl<'a> ParseError<&'a str> for Wanted<'a> {
    fn from_error_kind(input: &'a str, _: ErrorKind) -> Self {
        Self { input, what: "" }
    }

    fn append(_: &'a str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a str, T, Wanted<'a>>;

/// Reads one line without its indentation and comment. `at` is where its first character stands.
pub(super) fn statement(at: At, line: &str) -> Result<Statement, Misread> {
    let reader = Reader { at, line };
    reader.finish(reader.statement(line))
}

/// Reads one line of a code list in the same way.
pub(super) fn code(at: At, line: &str) -> Result<Code, Misread> {
    let reader = Reader { at, line };
    reader.finish(reader.code(line))
}

/// Knows the line, so that what is left of it says where it is.
struct Reader<'a> {
    at: At,
    line: &'a str,
}

impl<'a> Reader<'a> {
    /// What was read, or where it could not be.
    fn finish<T>(&self, read: Parsed<'a, T>) -> Result<T, Misread> {
        match read {
            Ok((_, read)) => Ok(read),
            Err(nom::Err::Error(wanted) | nom::Err::Failure(wanted)) => Err(self.misread(&wanted)),
            Err(nom::Err::Incomplete(_)) => Err(self.misread(&Wanted { input: "", what: "the rest of the line" })),
        }
    }

    /// `statement = keyword …`: the first word says what the line is.
    fn statement(&self, input: &'a str) -> Parsed<'a, Statement> {
        let (after, keyword) = word("a statement", input)?;
        match keyword {
            "directory" => self.directory(after),
            "syntax" => self.syntax(after),
            "element" => self.element(after),
            "codes" => self.codes(after),
            "elsewhere" => self.elsewhere(after),
            "composite" => self.composite(after),
            "segment" => self.segment(after),
            "message" => self.message(after),
            "key" => self.key(after),
            "M" => self.entry(true, after),
            "C" => self.entry(false, after),
            _ => Err(nom::Err::Failure(Wanted { input, what: "a statement" })),
        }
    }

    /// `directory = "directory" version ":" release ":" agency`
    fn directory(&self, input: &'a str) -> Parsed<'a, Statement> {
        const WHAT: &str = "a directory such as D:96B:UN";
        let (input, key) = self.read(WHAT, DirectoryKey::read, input)?;
        let (input, ()) = end(input)?;
        Ok((input, Statement::Home(Home::Directory(key.value))))
    }

    /// `syntax = "syntax" ( "3" / "4" )`
    fn syntax(&self, input: &'a str) -> Parsed<'a, Statement> {
        let digit = |word: &str| matches!(word, "3" | "4").then(|| if word == "3" { 3 } else { 4 });
        let (input, version) = self.read("3 (for syntax 1 to 3) or 4", digit, input)?;
        let (input, ()) = end(input)?;
        Ok((input, Statement::Home(Home::Syntax(version.value))))
    }

    /// `element = "element" id representation [ name ]`
    fn element(&self, input: &'a str) -> Parsed<'a, Statement> {
        let (input, id) = self.read("a data element of four digits such as 2380", element_id, input)?;
        let (input, representation) = self.read("a representation such as an..35, n8 or a3", representation, input)?;
        let (input, name) = name(input)?;
        Ok((input, Statement::Element { id, representation: representation.value, name }))
    }

    /// `codes = "codes" id`
    fn codes(&self, input: &'a str) -> Parsed<'a, Statement> {
        let (input, id) = self.read("a data element of four digits such as 2380", element_id, input)?;
        let (input, ()) = end(input)?;
        Ok((input, Statement::Codes(id)))
    }

    /// `code = value [ name ]`
    fn code(&self, input: &'a str) -> Parsed<'a, Code> {
        let (input, value) = self.read(CODE, code_value, input)?;
        let (input, name) = name(input)?;
        Ok((input, Code { value, name }))
    }

    /// `elsewhere = "elsewhere" id [ "unless" value ]`
    fn elsewhere(&self, input: &'a str) -> Parsed<'a, Statement> {
        let (input, id) = self.read("a data element of four digits such as 2380", element_id, input)?;
        if input.trim().is_empty() {
            return Ok((input, Statement::Elsewhere { id, own: None }));
        }
        let unless = |word: &str| (word == "unless").then_some(());
        let (input, _) = self.read("`unless` and a value", unless, input)?;
        let (input, own) = self.read(CODE, code_value, input)?;
        let (input, ()) = end(input)?;
        Ok((input, Statement::Elsewhere { id, own: Some(own.value) }))
    }

    /// `composite = "composite" id [ name ]`
    fn composite(&self, input: &'a str) -> Parsed<'a, Statement> {
        let (input, id) = self.read("a composite of a letter and three digits such as C507", composite_id, input)?;
        let (input, name) = name(input)?;
        Ok((input, Statement::Composite { id, name }))
    }

    /// `segment = "segment" tag [ name ]`
    fn segment(&self, input: &'a str) -> Parsed<'a, Statement> {
        let (input, tag) = self.read("a segment tag such as DTM", segment_tag, input)?;
        let (input, name) = name(input)?;
        Ok((input, Statement::Segment { tag, name }))
    }

    /// `message = "message" type [ name ]`
    fn message(&self, input: &'a str) -> Parsed<'a, Statement> {
        let (input, kind) = self.read("a message type of up to six capital letters", message_type, input)?;
        let (input, name) = name(input)?;
        Ok((input, Statement::Message { kind, name }))
    }

    /// `key = "key" version ":" release ":" agency [ ":" association ]`
    fn key(&self, input: &'a str) -> Parsed<'a, Statement> {
        const WHAT: &str = "what UNH says of the message, such as D:96B:UN or D:96B:UN:EXP01";
        let (input, key) = self.read(WHAT, message_key, input)?;
        let (input, ()) = end(input)?;
        Ok((input, Statement::Key(key.value)))
    }

    /// `entry = ( "M" / "C" ) [ "group" ] id [ "x" repetitions ]`
    fn entry(&self, is_mandatory: bool, input: &'a str) -> Parsed<'a, Statement> {
        let (input, group) = opt(verify(|input| word("", input), |word: &str| word == "group")).parse(input)?;
        let what =
            if group.is_some() { "the name of the group such as SG1" } else { "a tag, a composite or an element" };
        let (input, id) = self.read(what, identifier, input)?;
        if input.trim().is_empty() {
            let repetitions_max = Located { at: id.at, value: 1 };
            return Ok((input, Statement::Entry { is_mandatory, is_group: group.is_some(), id, repetitions_max }));
        }
        let (input, repetitions_max) = self.read("how often it may stand here, such as x99", repetitions, input)?;
        let (input, ()) = end(input)?;
        Ok((input, Statement::Entry { is_mandatory, is_group: group.is_some(), id, repetitions_max }))
    }

    /// One word with a meaning; without it, the line is misread at that word.
    fn read<T>(&self, what: &'static str, read: impl Fn(&str) -> Option<T>, input: &'a str) -> Parsed<'a, Located<T>> {
        let (input, _) = space0(input)?;
        let (after, found) = word(what, input)?;
        match read(found) {
            Some(value) => Ok((after, Located { at: self.place(input), value })),
            None => Err(nom::Err::Failure(Wanted { input, what })),
        }
    }

    /// Where the rest of the line begins.
    fn place(&self, rest: &str) -> At {
        let read = self.line.len().saturating_sub(rest.len());
        let characters = self.line.get(..read).unwrap_or_default().chars().count();
        At { column: self.at.column.saturating_add(u32::try_from(characters).unwrap_or(u32::MAX)), ..self.at }
    }

    fn misread(&self, wanted: &Wanted<'_>) -> Misread {
        let input = wanted.input.trim_start();
        let found = input.split_whitespace().next();
        let what = if wanted.what.is_empty() { "the end of the line" } else { wanted.what };
        let sentence = match found {
            Some(found) => format!("here should stand {what}, not {found:?}"),
            None => format!("the line ends where {what} should stand"),
        };
        let is_keyword = wanted.what == "a statement";
        let hint = found.filter(|_| is_keyword).and_then(|found| nearest(found, KEYWORDS));
        Misread { at: self.place(input), sentence, hint }
    }
}

/// Everything up to the next space.
fn word<'a>(what: &'static str, input: &'a str) -> Parsed<'a, &'a str> {
    let word: Parsed<'a, &'a str> = preceded(space0, take_while1(|letter: char| !letter.is_whitespace())).parse(input);
    word.map_err(|_| nom::Err::Error(Wanted { input, what }))
}

/// What is left of the line, as a name; it may be empty.
fn name(input: &str) -> Parsed<'_, String> {
    let (input, name) = rest(input)?;
    Ok((input, name.trim().to_owned()))
}

/// Nothing but spaces up to the end of the line.
fn end(input: &str) -> Parsed<'_, ()> {
    let (input, _) = space0(input)?;
    if input.is_empty() { Ok((input, ())) } else { Err(nom::Err::Failure(Wanted { input, what: "" })) }
}

pub(super) fn element_id(word: &str) -> Option<DataId> {
    DataId::read(word).filter(|id| !id.is_composite())
}

pub(super) fn composite_id(word: &str) -> Option<DataId> {
    DataId::read(word).filter(|id| id.is_composite())
}

pub(super) fn code_value(word: &str) -> Option<String> {
    (word.len() <= CODE_BYTES_MAX).then(|| word.to_owned())
}

pub(super) fn segment_tag(word: &str) -> Option<Tag> {
    Some(Tag::read(word.as_bytes())).filter(|tag| *tag != Tag::MALFORMED)
}

pub(super) fn message_type(word: &str) -> Option<String> {
    let is_one =
        (1..=6).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_one.then(|| word.to_owned())
}

/// A tag, a composite, an element, or the name of a segment group.
pub(super) fn identifier(word: &str) -> Option<String> {
    let is_one =
        (3..=8).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_one.then(|| word.to_owned())
}

fn message_key(word: &str) -> Option<MessageKey> {
    match word.split(':').count() {
        3 => Some(MessageKey { directory: DirectoryKey::read(word)?, association: None }),
        _ => {
            let (directory, association) = word.rsplit_once(':')?;
            let fits = (1..=6).contains(&association.chars().count());
            Some(MessageKey {
                directory: DirectoryKey::read(directory)?,
                association: Some(fits.then(|| association.to_owned())?),
            })
        }
    }
}

/// `representation = ( "a" / "n" / "an" ) [ ".." ] length`
pub(super) fn representation(word: &str) -> Option<Representation> {
    let (kind, length) = match word.strip_prefix("an") {
        Some(length) => (ValueKind::Alphanumeric, length),
        None => match word.strip_prefix('n') {
            Some(length) => (ValueKind::Numeric, length),
            None => (ValueKind::Alphabetic, word.strip_prefix('a')?),
        },
    };
    let (is_fixed, length) = length.strip_prefix("..").map_or((true, length), |length| (false, length));
    let is_number = length.bytes().all(|byte| byte.is_ascii_digit()) && !length.starts_with('0');
    let length_max: u16 = is_number.then(|| length.parse().ok())??;
    Some(Representation { kind, length_min: if is_fixed { length_max } else { 1 }, length_max })
}

/// `repetitions = "x" number`
fn repetitions(word: &str) -> Option<u32> {
    let number = word.strip_prefix('x')?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::super::trial::mistakes;

    /// What is wrong with the first bad line in a directory.
    fn check(lines: &str, expected: &str) {
        let found = mistakes(&format!("directory T:1:UN\n{lines}\n"));
        assert_eq!(found.first().map(String::as_str), Some(expected));
    }

    #[test]
    fn an_unknown_word_gets_the_nearest_known_one() {
        check("segmnt AAA", "2:1: error: here should stand a statement, not \"segmnt\"\n  hint: segment is known");
        check("whatever", "2:1: error: here should stand a statement, not \"whatever\"");
    }

    #[test]
    fn a_missing_word_is_reported_at_the_end_of_the_line() {
        check(
            "element 1000",
            "2:13: error: the line ends where a representation such as an..35, n8 or a3 should stand",
        );
    }

    #[test]
    fn a_wrong_word_is_reported_where_it_stands() {
        let representation = "here should stand a representation such as an..35, n8 or a3";
        check("element 1000   x..3", &format!("2:16: error: {representation}, not \"x..3\""));
        check("element 1000 an..0", &format!("2:14: error: {representation}, not \"an..0\""));
        let element = "here should stand a data element of four digits such as 2380";
        check("element C100 an..3", &format!("2:9: error: {element}, not \"C100\""));
        check("segment dtm", "2:9: error: here should stand a segment tag such as DTM, not \"dtm\"");
        let repetitions = "here should stand how often it may stand here, such as x99";
        check("segment DTM\n  M 1000 9", &format!("3:10: error: {repetitions}, not \"9\""));
        check("segment DTM\n  M 1000 x+9", &format!("3:10: error: {repetitions}, not \"x+9\""));
        for kind in ["cusdec", "EXPORTS"] {
            let message = "here should stand a message type of up to six capital letters";
            check(&format!("message {kind}"), &format!("2:9: error: {message}, not \"{kind}\""));
        }
        for id in ["c100", "C100C100C"] {
            let entry = "here should stand a tag, a composite or an element";
            check(&format!("segment DTM\n  M {id}"), &format!("3:5: error: {entry}, not \"{id}\""));
        }
    }

    #[test]
    fn a_code_is_any_word_that_is_not_too_long() {
        let used = "element 1000 an..8\nsegment AAA\n  M 1000\ncodes 1000";
        check(
            &format!("{used}\n  M\n  key Word\nkex A"),
            "8:1: error: here should stand a statement, not \"kex\"\n  hint: key is known",
        );
        check(
            &format!("{used}\n  A\n  123456789"),
            "7:3: error: here should stand a value of at most eight bytes, not \"123456789\"",
        );
        check(&format!("{used}\n  A\n    B"), "7:5: error: this line is indented deeper than the line above allows");
    }

    #[test]
    fn what_names_other_lists_may_name_our_own_too() {
        check("elsewhere 3055 6", "2:16: error: here should stand `unless` and a value, not \"6\"");
        check("elsewhere 3055 unless", "2:22: error: the line ends where a value of at most eight bytes should stand");
    }

    #[test]
    fn columns_count_characters() {
        check("segment é", "2:9: error: here should stand a segment tag such as DTM, not \"é\"");
        check("é é", "2:1: error: here should stand a statement, not \"é\"");
    }

    #[test]
    fn more_than_the_statement_is_too_much() {
        check("syntax 3 4", "2:10: error: here should stand the end of the line, not \"4\"");
        check("directory T:1", "2:11: error: here should stand a directory such as D:96B:UN, not \"T:1\"");
    }
}
