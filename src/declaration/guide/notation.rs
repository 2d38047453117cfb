//! The notation of an implementation guide: text to entries, each mistake with its line and column.
//!
//! ```text
//! guide CUSDEC D:96B:UN
//! lines SG30 x999 codes L301 L302
//! codes header H201 H202 H203
//! codes line L303 L304 L305
//! codes unused H290
//!
//! element destination M
//!   name Country of final destination / Pays de destination finale
//!   at LOC(3227=36) C517.3225
//!   as a2
//!   list countries H211
//! ```
//!
//! A path names the segment groups from the outside in, each by its trigger and what the trigger must say:
//! `SG6(NAD 3035=EX)/RFF(1153=ABP) C506.1154`. A value is named by the data elements it stands in, a composite first;
//! `C108.4440*` means all its repetitions, joined by a blank, `C059.3042*lines` joined by line breaks.

use nom::{
    IResult, Parser,
    bytes::complete::{tag, take_till, take_while1},
    character::complete::{char, digit1, space0, space1},
    combinator::{all_consuming, map, map_res, opt, value},
    multi::separated_list1,
    sequence::{delimited, pair, preceded, separated_pair},
};

/// A mistake in a guide file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub text: String,
}

/// One line's entry with the line it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located<T> {
    pub line: usize,
    pub entry: T,
}

/// A guide file as it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct GuideText {
    pub message: Option<Located<[String; 4]>>,
    pub lines: Option<Located<LinesEntry>>,
    pub header_codes: Option<Located<Vec<String>>>,
    pub line_codes: Option<Located<Vec<String>>>,
    pub unused_code: Option<Located<String>>,
    pub elements: Vec<Located<ElementEntry>>,
}

/// `lines SG30 x999 codes L301 L302`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LinesEntry {
    pub group: String,
    pub most: u32,
    pub none_code: String,
    pub many_code: String,
}

/// `element NAME STATUS [xN]` with its indented lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ElementEntry {
    pub name: String,
    pub status: Status,
    pub most: u32,
    pub labels: Option<[String; 2]>,
    pub path: Option<Located<PathEntry>>,
    pub format: Option<Format>,
    pub list: Option<[String; 2]>,
    pub codes: Option<Vec<String>>,
}

/// Whether an element must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// M: always.
    Mandatory,
    /// D: once the segment group that it stands in is there.
    Dependent,
    /// C: when a rule says so.
    Conditional,
    /// O: as the sender likes.
    Optional,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `an..35`, `an15`, `a2`: characters, at least and at most.
    Text {
        /// Letters only.
        is_alphabetic: bool,
        /// Shortest, in characters.
        least: u16,
        /// Longest, in characters.
        most: u16,
    },
    /// `n..8`: digits.
    Whole {
        /// Most digits.
        most: u16,
    },
    /// `decimal..13,2`: digits in all, and behind the mark.
    Decimal {
        /// Most digits.
        digits: u16,
        /// Most digits behind the mark.
        places: u16,
    },
    /// `date`: `CCYYMMDD` (format 102).
    Date,
    /// `moment`: `CCYYMMDDHHMM` of the gateway's zone (203), or with `UTC` behind it (303).
    Moment,
    /// `flag Y N`: yes and no.
    Flag {
        /// The code for yes.
        yes: u8,
        /// The code for no.
        no: u8,
    },
}

/// `SG6(NAD 3035=EX)/RFF(1153=ABP) C506.1154`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathEntry {
    pub groups: Vec<GroupStep>,
    pub segment: String,
    pub conditions: Vec<ConditionEntry>,
    pub value: ValueEntry,
}

/// `SG6(NAD 3035=EX)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupStep {
    pub group: String,
    pub trigger: Option<String>,
    pub conditions: Vec<ConditionEntry>,
}

/// `3035=EX|AE`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConditionEntry {
    pub element: String,
    pub values: Vec<String>,
}

/// `C108.4440*lines`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ValueEntry {
    pub element: String,
    pub joined_by: Option<char>,
}

/// Reads a guide file. Everything that can be read is; every mistake is told.
pub(super) fn read(text: &str) -> (GuideText, Vec<Mistake>) {
    let (mut guide, mut mistakes) = (GuideText::default(), Vec::new());
    for (line, raw) in (1..).zip(text.lines()) {
        let content = raw.split_once('#').map_or(raw, |(before, _)| before).trim_end();
        if content.trim().is_empty() {
            continue;
        }
        let indent = content.len() - content.trim_start().len();
        if let Err(text) = read_line(&mut guide, line, content.trim_start(), indent > 0) {
            let (offset, text) = text;
            mistakes.push(Mistake { line, column: indent + offset + 1, text });
        }
    }
    (guide, mistakes)
}

/// What went wrong in a line: how far into it, and what.
type LineMistake = (usize, String);

fn read_line(guide: &mut GuideText, line: usize, content: &str, is_indented: bool) -> Result<(), LineMistake> {
    let (word, rest) = content.split_once(' ').unwrap_or((content, ""));
    let offset = word.len() + 1;
    if is_indented {
        let Some(element) = guide.elements.last_mut() else {
            return Err((0, "an indented line belongs to an element, and there is none above".to_owned()));
        };
        return read_detail(&mut element.entry, line, (word, rest), offset);
    }
    match word {
        "guide" => {
            guide.message = Some(Located {
                line,
                entry: whole(message, rest, offset, "a message type and its directory: CUSDEC D:96B:UN")?,
            });
        }
        "lines" => {
            guide.lines = Some(Located {
                line,
                entry: whole(
                    lines,
                    rest,
                    offset,
                    "a segment group, a maximum and two codes: SG30 x999 codes L301 L302",
                )?,
            });
        }
        "codes" => read_codes(guide, line, rest, offset)?,
        "element" => {
            let entry = whole(element, rest, offset, "a name, a status and perhaps a maximum: containers C x999")?;
            guide.elements.push(Located { line, entry });
        }
        _ => return Err((0, format!("`{word}` begins no entry; there are guide, lines, codes and element"))),
    }
    Ok(())
}

fn read_codes(guide: &mut GuideText, line: usize, rest: &str, offset: usize) -> Result<(), LineMistake> {
    let (which, codes) = rest.split_once(' ').unwrap_or((rest, ""));
    let offset = offset + which.len() + 1;
    match which {
        "header" => guide.header_codes = Some(Located { line, entry: whole(three_codes, codes, offset, THREE_CODES)? }),
        "line" => guide.line_codes = Some(Located { line, entry: whole(three_codes, codes, offset, THREE_CODES)? }),
        "unused" => guide.unused_code = Some(Located { line, entry: whole(code, codes, offset, "one code: H290")? }),
        _ => return Err((offset, "codes are for header, line or unused".to_owned())),
    }
    Ok(())
}

const THREE_CODES: &str = "three codes, for what is missing, ill-formed and too many: H201 H202 H203";

fn read_detail(
    element: &mut ElementEntry,
    line: usize,
    (word, rest): (&str, &str),
    offset: usize,
) -> Result<(), LineMistake> {
    match word {
        "name" => {
            element.labels =
                Some(whole(labels, rest, offset, "an English and a French name: Vessel name / Nom du navire")?);
        }
        "at" => {
            element.path =
                Some(Located { line, entry: whole(path, rest, offset, "a path and a value: LOC(3227=36) C517.3225")? });
        }
        "as" => {
            element.format = Some(whole(
                format,
                rest,
                offset,
                "a format: an..35, a2, n..8, decimal..13,2, date, moment or flag Y N",
            )?);
        }
        "list" => element.list = Some(whole(list, rest, offset, "a code list and a code: countries H211")?),
        "codes" => element.codes = Some(whole(three_codes, rest, offset, THREE_CODES)?),
        _ => return Err((0, format!("`{word}` says nothing of an element; there are name, at, as, list and codes"))),
    }
    Ok(())
}

/// Runs a parser over the whole of `input`, and says in words what it wanted where it stopped.
fn whole<'a, T>(
    parser: impl Parser<&'a str, Output = T, Error = nom::error::Error<&'a str>>,
    input: &'a str,
    offset: usize,
    wanted: &str,
) -> Result<T, LineMistake> {
    match all_consuming(delimited(space0, parser, space0)).parse(input) {
        Ok((_, parsed)) => Ok(parsed),
        Err(nom::Err::Error(error) | nom::Err::Failure(error)) => {
            Err((offset + input.len() - error.input.len(), format!("here should stand {wanted}")))
        }
        Err(nom::Err::Incomplete(_)) => Err((offset, format!("here should stand {wanted}"))),
    }
}

type Read<'a, T> = IResult<&'a str, T>;

/// `word = 1*( letter / digit / "_" / "-" )`
fn word(input: &str) -> Read<'_, String> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    map(take_while1(is_word), str::to_owned).parse(input)
}

/// `code = letter 3digit`
fn code(input: &str) -> Read<'_, String> {
    let is_code = |text: &str| {
        let mut bytes = text.bytes();
        text.len() == 4
            && bytes.next().is_some_and(|byte| byte.is_ascii_uppercase())
            && bytes.all(|byte| byte.is_ascii_digit())
    };
    map_res(take_while1(|character: char| character.is_ascii_alphanumeric()), move |text: &str| {
        is_code(text).then(|| text.to_owned()).ok_or("a code is a letter and three digits")
    })
    .parse(input)
}

fn three_codes(input: &str) -> Read<'_, Vec<String>> {
    map((code, preceded(space1, code), preceded(space1, code)), |(a, b, c)| vec![a, b, c]).parse(input)
}

fn number<T: std::str::FromStr>(input: &str) -> Read<'_, T> {
    map_res(digit1, str::parse).parse(input)
}

/// `message = type space version ":" release ":" agency`
fn message(input: &str) -> Read<'_, [String; 4]> {
    let key = (word, preceded(char(':'), word), preceded(char(':'), word));
    map(separated_pair(word, space1, key), |(kind, (version, release, agency))| [kind, version, release, agency])
        .parse(input)
}

/// `lines = group space "x" number space "codes" code code`
fn lines(input: &str) -> Read<'_, LinesEntry> {
    let codes = preceded((space1, tag("codes"), space1), separated_pair(code, space1, code));
    map((word, preceded((space1, char('x')), number), codes), |(group, most, (none_code, many_code))| LinesEntry {
        group,
        most,
        none_code,
        many_code,
    })
    .parse(input)
}

/// `element = name space status [ space "x" number ]`
fn element(input: &str) -> Read<'_, ElementEntry> {
    let most = opt(preceded((space1, char('x')), number));
    map((word, preceded(space1, status), most), |(name, status, most)| ElementEntry {
        name,
        status,
        most: most.unwrap_or(1),
        labels: None,
        path: None,
        format: None,
        list: None,
        codes: None,
    })
    .parse(input)
}

fn status(input: &str) -> Read<'_, Status> {
    nom::branch::alt((
        value(Status::Mandatory, char('M')),
        value(Status::Dependent, char('D')),
        value(Status::Conditional, char('C')),
        value(Status::Optional, char('O')),
    ))
    .parse(input)
}

/// `labels = english " / " french`
fn labels(input: &str) -> Read<'_, [String; 2]> {
    let text = |input| map(take_till(|character| character == '/'), |text: &str| text.trim().to_owned()).parse(input);
    map(separated_pair(text, char('/'), text), |(english, french)| [english, french]).parse(input)
}

fn list(input: &str) -> Read<'_, [String; 2]> {
    map(separated_pair(word, space1, code), |(list, code)| [list, code]).parse(input)
}

/// `path = *( group-step "/" ) segment [ conditions ] space value`
fn path(input: &str) -> Read<'_, PathEntry> {
    let (input, steps) = separated_list1(char('/'), step).parse(input)?;
    let (input, value) = preceded(space1, value_entry).parse(input)?;
    let mut steps = steps;
    let last = steps.pop().map(|step| (step.group, step.conditions));
    let (segment, conditions) = last.unwrap_or_default();
    Ok((input, PathEntry { groups: steps, segment, conditions, value }))
}

/// `step = name [ "(" [ trigger space ] condition *( "," condition ) ")" ]`
fn step(input: &str) -> Read<'_, GroupStep> {
    let conditions = || separated_list1((char(','), space0), condition);
    let inside = nom::branch::alt((
        map(separated_pair(word, space1, conditions()), |(trigger, conditions)| (Some(trigger), conditions)),
        map(conditions(), |conditions| (None, conditions)),
        map(word, |trigger| (Some(trigger), Vec::new())),
    ));
    map(pair(word, opt(delimited(char('('), inside, char(')')))), |(group, inside)| {
        let (trigger, conditions) = inside.unwrap_or_default();
        GroupStep { group, trigger, conditions }
    })
    .parse(input)
}

/// `condition = element "=" value *( "|" value )`
fn condition(input: &str) -> Read<'_, ConditionEntry> {
    map(separated_pair(element_path, char('='), separated_list1(char('|'), word)), |(element, values)| ConditionEntry {
        element,
        values,
    })
    .parse(input)
}

/// `element-path = word *( "." word )`
fn element_path(input: &str) -> Read<'_, String> {
    map(separated_list1(char('.'), word), |parts| parts.join(".")).parse(input)
}

/// `value = element-path [ "*" [ "lines" ] ]`
fn value_entry(input: &str) -> Read<'_, ValueEntry> {
    let joined = map(preceded(char('*'), opt(tag("lines"))), |lines| if lines.is_some() { '\n' } else { ' ' });
    map(pair(element_path, opt(joined)), |(element, joined_by)| ValueEntry { element, joined_by }).parse(input)
}

/// `format = "an" / "a" / "n" …`, in the notation of the directories.
fn format(input: &str) -> Read<'_, Format> {
    let lengths = || pair(map(opt(tag("..")), |dots| dots.is_some()), number::<u16>);
    let text = |is_alphabetic: bool| {
        move |(is_variable, most): (bool, u16)| Format::Text {
            is_alphabetic,
            least: if is_variable { 1 } else { most },
            most,
        }
    };
    let letter =
        || map(nom::character::complete::satisfy(|c| c.is_ascii_alphanumeric()), |c| u8::try_from(c).unwrap_or(b'?'));
    nom::branch::alt((
        map(preceded(tag("an"), lengths()), text(false)),
        map(preceded(tag("n.."), number), |most| Format::Whole { most }),
        map(preceded(tag("decimal.."), separated_pair(number, char(','), number)), |(digits, places)| {
            Format::Decimal { digits, places }
        }),
        map(preceded(tag("a"), lengths()), text(true)),
        value(Format::Date, tag("date")),
        value(Format::Moment, tag("moment")),
        map(preceded((tag("flag"), space1), separated_pair(letter(), space1, letter())), |(yes, no)| Format::Flag {
            yes,
            no,
        }),
    ))
    .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        read(text)
            .1
            .into_iter()
            .map(|mistake| format!("{}:{} {}", mistake.line, mistake.column, mistake.text))
            .collect()
    }

    #[test]
    fn an_element_is_read_whole() {
        let (guide, mistakes) = read(
            "element vessel C # marine\n  name Vessel / Navire\n  at SG4(TDT 8051=20)/TDT C222.8212\n  as an..35\n",
        );
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let element = &guide.elements[0].entry;
        assert_eq!(element.status, Status::Conditional);
        assert_eq!(element.format, Some(Format::Text { is_alphabetic: false, least: 1, most: 35 }));
        let path = &element.path.as_ref().unwrap().entry;
        assert_eq!(path.groups[0].trigger.as_deref(), Some("TDT"));
        assert_eq!(path.groups[0].conditions[0].values, ["20"]);
        assert_eq!(path.segment, "TDT");
        assert_eq!(path.value.element, "C222.8212");
    }

    #[test]
    fn values_can_be_joined() {
        let (guide, _) =
            read("element a M\n  at FTX(4451=AAA) C108.4440*\nelement b M\n  at SG6(NAD)/NAD C059.3042*lines\n");
        let joined: Vec<_> =
            guide.elements.iter().map(|element| element.entry.path.as_ref().unwrap().entry.value.joined_by).collect();
        assert_eq!(joined, [Some(' '), Some('\n')]);
    }

    #[test]
    fn mistakes_say_where_and_what_would_be_right() {
        assert_eq!(mistakes("elment a M"), ["1:1 `elment` begins no entry; there are guide, lines, codes and element"]);
        assert_eq!(
            mistakes("element a X"),
            ["1:11 here should stand a name, a status and perhaps a maximum: containers C x999"]
        );
        assert_eq!(
            mistakes("element a M\n  as number"),
            ["2:6 here should stand a format: an..35, a2, n..8, decimal..13,2, date, moment or flag Y N"]
        );
        assert_eq!(mistakes("  as n..8"), ["1:3 an indented line belongs to an element, and there is none above"]);
    }

    #[test]
    fn every_mistake_is_told() {
        assert_eq!(mistakes("elment a M\nelement b M\n  as x\n  att y").len(), 3);
    }

    #[test]
    fn formats_are_those_of_the_directories() {
        let read = |text| format(text).map(|(_, format)| format).ok();
        assert_eq!(read("a2"), Some(Format::Text { is_alphabetic: true, least: 2, most: 2 }));
        assert_eq!(read("n..8"), Some(Format::Whole { most: 8 }));
        assert_eq!(read("decimal..13,2"), Some(Format::Decimal { digits: 13, places: 2 }));
        assert_eq!(read("flag Y N"), Some(Format::Flag { yes: b'Y', no: b'N' }));
    }
}
