//! From lines to definitions: indentation makes segment groups, headers own the lines below them.
//!
//! [`outline`] reads one file and never stops at a mistake: a line that is none is reported and left out, and what is
//! indented below it is left out in silence.

use super::{
    mistake::{At, Located, Mistakes},
    notation::{Code, Home, MessageKey, Statement, code, statement},
    spec::{DataId, Representation},
};
use crate::edifact::Tag;

/// Deepest nesting of segment groups.
pub(super) const GROUP_DEPTH_MAX: usize = 16;

/// Spaces of indentation for each level.
const INDENTATION: usize = 2;

/// Everything that the files of one directory, or of one syntax, define.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) elements: Vec<ElementDefinition>,
    pub(super) codes: Vec<CodesDefinition>,
    pub(super) elsewhere: Vec<ElsewhereDefinition>,
    pub(super) composites: Vec<Parts<DataId>>,
    pub(super) segments: Vec<Parts<Tag>>,
    pub(super) messages: Vec<MessageDefinition>,
}

impl Outline {
    /// Adds what another file of the same home defines.
    pub(super) fn append(&mut self, other: Self) {
        self.elements.extend(other.elements);
        self.codes.extend(other.codes);
        self.elsewhere.extend(other.elsewhere);
        self.composites.extend(other.composites);
        self.segments.extend(other.segments);
        self.messages.extend(other.messages);
    }
}

/// `element 2380 an..35 …`
#[derive(Debug)]
pub(super) struct ElementDefinition {
    pub(super) id: Located<DataId>,
    pub(super) representation: Representation,
    pub(super) name: String,
}

/// `codes 1225` with its values.
#[derive(Debug)]
pub(super) struct CodesDefinition {
    pub(super) id: Located<DataId>,
    pub(super) codes: Vec<Code>,
}

/// `elsewhere 3055 unless 6`
#[derive(Debug)]
pub(super) struct ElsewhereDefinition {
    pub(super) id: Located<DataId>,
    /// The value that names the lists of this directory.
    pub(super) own: Option<String>,
}

/// A composite or a segment with its parts in order.
#[derive(Debug)]
pub(super) struct Parts<T> {
    pub(super) id: Located<T>,
    pub(super) name: String,
    pub(super) parts: Vec<Entry>,
}

/// A message with its segment table.
#[derive(Debug)]
pub(super) struct MessageDefinition {
    pub(super) kind: Located<String>,
    pub(super) name: String,
    pub(super) keys: Vec<Located<MessageKey>>,
    pub(super) entries: Vec<Entry>,
}

/// One line of a body; a segment group holds the lines indented below it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) is_mandatory: bool,
    pub(super) id: Located<String>,
    pub(super) repetitions_max: Located<u32>,
    pub(super) group: Option<Vec<Entry>>,
}

/// Reads one file: what it belongs to, and what it defines.
pub(super) fn outline(file: usize, text: &str, mistakes: &mut Mistakes) -> Option<(Home, Outline)> {
    let mut assembly = Assembly {
        mistakes,
        home: None,
        is_late: false,
        outline: Outline::default(),
        body: Body::None,
        open: Vec::new(),
        skipped: None,
    };
    for (line, number) in text.lines().zip(1u32..) {
        assembly.line(At { file, line: number, column: 1 }, line);
    }
    assembly.close_groups(0);
    let Assembly { mistakes, home, is_late, outline, .. } = assembly;
    if home.is_none() || is_late {
        let hint = "begin it with `directory D:96B:UN`, or `syntax 3`".to_owned();
        mistakes.error(At { file, line: 1, column: 1 }, "the file does not say what it belongs to", Some(hint));
    }
    home.map(|home| (home, outline))
}

/// Whose body the next lines are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    None,
    Codes,
    Composite,
    Segment,
    Message,
}

/// A group whose lines are still coming.
pub(super) struct OpenGroup {
    pub(super) entry: Entry,
    pub(super) children: Vec<Entry>,
}

struct Assembly<'m> {
    mistakes: &'m mut Mistakes,
    home: Option<Home>,
    /// Something was defined before that was said.
    is_late: bool,
    outline: Outline,
    body: Body,
    open: Vec<OpenGroup>,
    /// Lines indented deeper than this belong to one that could not be read.
    skipped: Option<usize>,
}

impl Assembly<'_> {
    fn line(&mut self, at: At, line: &str) {
        let content = without_comment(line).trim_end();
        let text = content.trim_start_matches(' ');
        if text.trim().is_empty() {
            return;
        }
        let indentation = content.len() - text.len();
        if self.skipped.is_some_and(|skipped| indentation > skipped) {
            return;
        }
        self.skipped = None;
        let at = At { column: u32::try_from(indentation).unwrap_or(u32::MAX).saturating_add(1), ..at };
        if text.starts_with('\t') || !indentation.is_multiple_of(INDENTATION) {
            self.skipped = Some(indentation);
            return self.mistakes.error(at, "a line is indented by two spaces for each level", None);
        }
        if self.body == Body::Codes && indentation > 0 {
            return self.code(at, indentation, text);
        }
        match statement(at, text) {
            Ok(statement) => self.statement(at, indentation, statement),
            Err(misread) => {
                self.skipped = Some(indentation);
                self.mistakes.error(misread.at, misread.sentence, misread.hint);
            }
        }
    }

    /// A line of a code list: its first word may be that of a statement elsewhere.
    fn code(&mut self, at: At, indentation: usize, text: &str) {
        if indentation > INDENTATION {
            return self.mistakes.error(at, "this line is indented deeper than the line above allows", None);
        }
        match code(at, text) {
            Ok(code) => {
                if let Some(list) = self.outline.codes.last_mut() {
                    list.codes.push(code);
                }
            }
            Err(misread) => self.mistakes.error(misread.at, misread.sentence, misread.hint),
        }
    }

    fn statement(&mut self, at: At, indentation: usize, statement: Statement) {
        let depth = indentation / INDENTATION;
        match statement {
            Statement::Entry { is_mandatory, is_group, id, repetitions_max } => {
                let group = is_group.then(Vec::new);
                self.entry(at, depth, Entry { is_mandatory, id, repetitions_max, group });
            }
            Statement::Key(key) => self.key(at, depth, key),
            _ if depth > 0 => {
                self.skipped = Some(indentation);
                self.mistakes.error(at, "a definition begins at the left margin", None);
            }
            Statement::Home(home) => self.belong(at, home),
            _ if self.home.is_none() => {
                // Said once, for the whole file.
                self.is_late = true;
                self.skipped = Some(indentation);
            }
            Statement::Element { id, representation, name } => {
                self.begin(Body::None);
                self.outline.elements.push(ElementDefinition { id, representation, name });
            }
            Statement::Codes(id) => {
                self.begin(Body::Codes);
                self.outline.codes.push(CodesDefinition { id, codes: Vec::new() });
            }
            Statement::Elsewhere { id, own } => {
                self.begin(Body::None);
                self.outline.elsewhere.push(ElsewhereDefinition { id, own });
            }
            Statement::Composite { id, name } => {
                self.begin(Body::Composite);
                self.outline.composites.push(Parts { id, name, parts: Vec::new() });
            }
            Statement::Segment { tag, name } => {
                self.begin(Body::Segment);
                self.outline.segments.push(Parts { id: tag, name, parts: Vec::new() });
            }
            Statement::Message { kind, name } => {
                self.begin(Body::Message);
                self.outline.messages.push(MessageDefinition { kind, name, keys: Vec::new(), entries: Vec::new() });
            }
        }
    }

    fn begin(&mut self, body: Body) {
        self.close_groups(0);
        self.body = body;
    }

    fn belong(&mut self, at: At, home: Home) {
        self.begin(Body::None);
        if self.home.replace(home).is_some() {
            self.mistakes.error(
                at,
                "a file belongs to one directory or one syntax",
                Some("divide the file".to_owned()),
            );
        }
    }

    fn key(&mut self, at: At, depth: usize, key: MessageKey) {
        self.close_groups(0);
        match self.outline.messages.last_mut() {
            Some(message) if self.body == Body::Message && depth == 1 => message.keys.push(Located { at, value: key }),
            _ => self.mistakes.error(at, "a key stands directly below its message", None),
        }
    }

    fn entry(&mut self, at: At, depth: usize, entry: Entry) {
        let is_group = entry.group.is_some();
        if depth == 0 || self.body == Body::None {
            self.skipped = Some(depth * INDENTATION);
            return self.mistakes.error(
                at,
                "this line belongs to no definition",
                Some("indent it below its segment, composite or message".to_owned()),
            );
        }
        if depth - 1 > self.open.len() {
            self.skipped = Some(depth * INDENTATION);
            return self.mistakes.error(at, "this line is indented deeper than the line above allows", None);
        }
        if is_group && (self.body != Body::Message || depth > GROUP_DEPTH_MAX) {
            self.skipped = Some(depth * INDENTATION);
            let sentence = if self.body == Body::Message {
                format!("segment groups are nested deeper than {GROUP_DEPTH_MAX} levels")
            } else {
                "only a message has segment groups".to_owned()
            };
            return self.mistakes.error(at, sentence, None);
        }
        self.close_groups(depth - 1);
        if is_group {
            self.open.push(OpenGroup { entry, children: Vec::new() });
        } else {
            self.attach(entry);
        }
    }

    /// Closes the groups that are open deeper than this.
    fn close_groups(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(OpenGroup { entry, children }) = self.open.pop() else { return };
            self.attach(Entry { group: Some(children), ..entry });
        }
    }

    /// Puts an entry at the end of the innermost open group, or of the body.
    fn attach(&mut self, entry: Entry) {
        if let Some(group) = self.open.last_mut() {
            return group.children.push(entry);
        }
        let entries = match self.body {
            Body::Composite => self.outline.composites.last_mut().map(|composite| &mut composite.parts),
            Body::Segment => self.outline.segments.last_mut().map(|segment| &mut segment.parts),
            Body::Message => self.outline.messages.last_mut().map(|message| &mut message.entries),
            Body::None | Body::Codes => None,
        };
        if let Some(entries) = entries {
            entries.push(entry);
        }
    }
}

/// The line up to a number sign that begins it or follows a space.
fn without_comment(line: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| {
        line.get(..*at).is_none_or(|before| before.is_empty() || before.ends_with(char::is_whitespace))
    };
    line.match_indices('#').find(begins).and_then(|(at, _)| line.get(..at)).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::super::trial::mistakes;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(mistakes(text), expected);
    }

    #[test]
    fn a_file_says_what_it_belongs_to() {
        check(
            "element 1000 an..3",
            &[
                "1:1: error: the file does not say what it belongs to\n  hint: begin it with `directory D:96B:UN`, or `syntax 3`",
            ],
        );
        check(
            "directory T:1:UN\ndirectory T:2:UN",
            &["2:1: error: a file belongs to one directory or one syntax\n  hint: divide the file"],
        );
    }

    #[test]
    fn a_file_says_first_what_it_belongs_to() {
        let error = "1:1: error: the file does not say what it belongs to\n  hint: begin it with `directory D:96B:UN`, or `syntax 3`";
        check("element 1000 an..3\ndirectory T:1:UN\n", &[error]);
        check("segment AAA\n    C 1000\n", &[error]);
    }

    #[test]
    fn definitions_begin_at_the_left_margin() {
        check("directory T:1:UN\n  segment AAA\n", &["2:3: error: a definition begins at the left margin"]);
        check("directory T:1:UN\n  segment AAA\n    C 1000\n", &["2:3: error: a definition begins at the left margin"]);
    }

    #[test]
    fn a_line_without_a_definition_hides_what_is_below_it_and_no_more() {
        let error = "this line belongs to no definition\n  hint: indent it below its segment, composite or message";
        let told = |line: u32, column: u32| format!("{line}:{column}: error: {error}");
        check("directory T:1:UN\nM 1000\n  M 1000\nM 1000\n", &[&told(2, 1), &told(4, 1)]);
        let element = "directory T:1:UN\nelement 1000 an..3\n";
        let used = "segment AAA\n  M 1000\n";
        check(&format!("{element}  M 1000\n    M 1000\n  M 1000\n{used}"), &[&told(3, 3), &told(5, 3)]);
    }

    #[test]
    fn every_mistake_of_a_file_is_told() {
        check(
            "directory T:1:UN\nelement 1 an..3\nelement 1000 3\n",
            &[
                "2:9: error: here should stand a data element of four digits such as 2380, not \"1\"",
                "3:14: error: here should stand a representation such as an..35, n8 or a3, not \"3\"",
            ],
        );
    }

    #[test]
    fn what_is_below_a_line_that_is_none_is_left_out() {
        check(
            "directory T:1:UN\nsegment abc\n  M 1000\n  nonsense\n",
            &["2:9: error: here should stand a segment tag such as DTM, not \"abc\""],
        );
    }

    #[test]
    fn indentation_is_two_spaces_a_level() {
        check(
            "directory T:1:UN\nsegment AAA\n   M 1000\n",
            &["3:4: error: a line is indented by two spaces for each level"],
        );
        check(
            "directory T:1:UN\nsegment AAA\n    C 1000\n",
            &["3:5: error: this line is indented deeper than the line above allows"],
        );
        let error = "this line is indented deeper than the line above allows";
        check(
            "directory T:1:UN\nsegment AAA\n      C 1000\n        C 1000\n      C 1000\n",
            &[&format!("3:7: error: {error}"), &format!("5:7: error: {error}")],
        );
        check(
            "directory T:1:UN\nM 1000\n",
            &[
                "2:1: error: this line belongs to no definition\n  hint: indent it below its segment, composite or message",
            ],
        );
    }

    #[test]
    fn only_messages_have_groups_and_keys() {
        check("directory T:1:UN\nsegment AAA\n  M group SG1\n", &["3:3: error: only a message has segment groups"]);
        let error = "only a message has segment groups";
        check(
            "directory T:1:UN\nsegment AAA\n  M group SG1\n    M group SG3\n  M group SG2\n",
            &[&format!("3:3: error: {error}"), &format!("5:3: error: {error}")],
        );
        check(
            "directory T:1:UN\nsegment AAA\n  key T:1:UN\n",
            &["3:3: error: a key stands directly below its message"],
        );
    }

    #[test]
    fn a_key_stands_directly_below_its_message() {
        let error = "a key stands directly below its message";
        let table = "  M UNH\n  M UNT\n";
        check(&format!("directory T:1:UN\nmessage TEST\n  key T:2:UN\n{table}"), &[]);
        check(&format!("directory T:1:UN\nmessage TEST\n    key T:2:UN\n{table}"), &[&format!("3:5: error: {error}")]);
        let below = format!("directory T:1:UN\nmessage TEST\n{table}segment AAA\n  key T:2:UN\n");
        check(&below, &[&format!("6:3: error: {error}")]);
    }

    #[test]
    fn groups_nest_sixteen_deep_and_no_deeper() {
        let mut text = "directory T:1:UN\nsegment AAA\nmessage TEST\n  M UNH\n".to_owned();
        for depth in 1..=17 {
            let indentation = "  ".repeat(depth);
            text.extend([&indentation, "C group G", &format!("{depth:02}"), "\n", &indentation, "  M AAA\n"]);
        }
        text.extend(["  ".repeat(17).as_str(), "C group G18\n", "  M UNT\n"]);
        let error = "segment groups are nested deeper than 16 levels";
        check(&text, &[&format!("37:35: error: {error}"), &format!("39:35: error: {error}")]);
    }

    #[test]
    fn comments_and_empty_lines_mean_nothing() {
        check("# A directory\n\ndirectory T:1:UN # the first\n  # nothing\n", &[]);
    }
}
