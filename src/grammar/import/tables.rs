//! What the rows of the five tables say, as definitions with the row and column where they stand.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use super::{
    super::{
        catalogue::{GrammarTrouble, Reading},
        mistake::{At, Located, Mistakes},
        notation::{self, Code},
        outline::{
            CodesDefinition, ElementDefinition, ElsewhereDefinition, Entry, GROUP_DEPTH_MAX, MessageDefinition,
            OpenGroup, Outline, Parts,
        },
        spec::{DataId, Representation},
    },
    Import,
    names::Names,
    rows::{Row, rows},
};
use crate::edifact::Tag;

/// Data elements that name other code lists, and the value that names those of the directory: the code list qualifier,
/// and the agency that is responsible for a list, which is UN/ECE for its own directories.
const ELSEWHERE: [(&str, Option<&str>); 2] = [("1131", None), ("3055", Some("6"))];

/// The tables, read.
pub(super) struct Tables {
    pub(super) outline: Outline,
    /// What the segments use.
    pub(super) used: HashSet<DataId>,
    /// The number of the table of messages among the files that were read.
    pub(super) messages_file: usize,
}

impl Tables {
    pub(super) fn read(
        folder: &Path,
        wanted: &Import,
        names: &Names,
        reading: &mut Reading,
    ) -> Result<Self, GrammarTrouble> {
        let mut elements = Elements::default();
        let mut outline = Outline::default();
        let mut used = HashSet::new();
        rows(&folder.join("elements.tsv"), &["element", "representation", "name"], reading, |row, mistakes| {
            elements.row(row, names, mistakes);
        })?;
        let columns = ["composite", "position", "element", "status", "representation"];
        rows(&folder.join("composites.tsv"), &columns, reading, |row, mistakes| {
            composite_row(row, names, &mut elements, &mut outline.composites, mistakes);
        })?;
        let columns = ["segment", "position", "id", "status", "kind", "representation"];
        rows(&folder.join("segments.tsv"), &columns, reading, |row, mistakes| {
            segment_row(row, names, &mut elements, &mut outline.segments, mistakes);
        })?;
        used.extend(outline.segments.iter().flat_map(|segment| &segment.parts).filter_map(data_id));
        let composites = outline.composites.iter().filter(|composite| used.contains(&composite.id.value));
        let components: Vec<DataId> = composites.flat_map(|composite| &composite.parts).filter_map(data_id).collect();
        used.extend(components);
        if wanted.has_codes {
            let mut lists = Lists::default();
            rows(&folder.join("codes.tsv"), &["element", "code", "name"], reading, |row, mistakes| {
                code_row(row, wanted, names, &elements, &mut lists, mistakes);
            })?;
            outline.codes = lists.finish(&mut reading.mistakes);
        }
        let mut messages = Messages { names, wanted, found: Vec::new(), open: Vec::new(), position: 0 };
        let messages_file = reading.next_file();
        let columns = ["message", "pos", "inside", "kind", "id", "status", "max"];
        rows(&folder.join("messages.tsv"), &columns, reading, |row, mistakes| messages.row(row, mistakes))?;
        outline.messages = messages.finish();
        outline.elements = elements.finish();
        outline.elsewhere = elsewhere(&outline.elements, &used);
        Ok(Self { outline, used, messages_file })
    }
}

/// The data element or composite of a line.
fn data_id(entry: &Entry) -> Option<DataId> {
    DataId::read(&entry.id.value)
}

/// What names other code lists, where the directory has it.
fn elsewhere(elements: &[ElementDefinition], used: &HashSet<DataId>) -> Vec<ElsewhereDefinition> {
    let known = ELSEWHERE.into_iter().filter_map(|(id, own)| {
        let element = elements.iter().find(|element| element.id.value.as_str() == id)?;
        Some(ElsewhereDefinition { id: element.id, own: own.map(str::to_owned) })
    });
    known.filter(|known| used.contains(&known.id.value)).collect()
}

/// The data elements, and which of its representations each is used with.
#[derive(Default)]
struct Elements {
    found: Vec<(Located<DataId>, Vec<Representation>, String)>,
    /// By identifier: where it stands among those found.
    index: HashMap<DataId, usize>,
    used: HashMap<DataId, Representation>,
}

impl Elements {
    fn row(&mut self, row: &Row<'_>, names: &Names, mistakes: &mut Mistakes) {
        let id = row.read(0, "a data element of four digits such as 2380", notation::element_id, mistakes);
        let all = |text: &str| text.split('|').map(notation::representation).collect::<Option<Vec<_>>>();
        let what = "a representation such as an..35, n8 or a3, or several with | between them";
        let representations = row.read(1, what, all, mistakes);
        let name = line_name(row, 2, mistakes);
        if let Some((id, representations)) = id.zip(representations) {
            self.index.entry(id.value).or_insert(self.found.len());
            self.found.push((id, representations.value, names.element(id.value, name)));
        }
    }

    fn knows(&self, id: DataId) -> bool {
        self.index.contains_key(&id)
    }

    /// Notes that a row uses a data element in this representation, which must be the same everywhere.
    fn use_in(&mut self, id: Option<DataId>, row: &Row<'_>, column: usize, mistakes: &mut Mistakes) {
        const WHAT: &str = "a representation such as an..35, n8 or a3";
        let Some(representation) = row.read(column, WHAT, notation::representation, mistakes) else { return };
        let Some(id) = id else { return };
        let Some((_, known, _)) = self.index.get(&id).and_then(|index| self.found.get(*index)) else { return };
        let Located { at, value } = representation;
        if !known.contains(&value) {
            let hint = known.first().map(|known| format!("elements.tsv says {known}"));
            return mistakes.error(at, format!("{id} has another representation than {value}"), hint);
        }
        if let Some(other) = self.used.insert(id, value).filter(|other| *other != value) {
            let hint = "a data element has one representation in a directory".to_owned();
            mistakes.error(at, format!("{id} is {value} here and {other} in a row above"), Some(hint));
        }
    }

    /// The definitions, each with the representation that is used.
    fn finish(self) -> Vec<ElementDefinition> {
        let Self { found, used, .. } = self;
        let definition = |(id, representations, name): (Located<DataId>, Vec<Representation>, String)| {
            let representation = used.get(&id.value).copied().or_else(|| representations.first().copied())?;
            Some(ElementDefinition { id, representation, name })
        };
        found.into_iter().filter_map(definition).collect()
    }
}

/// The rest of a line that a name becomes, where a number sign after a space would begin a comment.
fn line_name<'a>(row: &Row<'a>, column: usize, mistakes: &mut Mistakes) -> &'a str {
    let Located { at, value } = row.field(column);
    let name = value.trim();
    if name.starts_with('#') || name.contains(" #") {
        mistakes.error(at, "a grammar file would take what stands behind # for a comment", None);
    }
    name
}

/// A row of composites.tsv. Composites of the syntax (S and a number) are not the directory's.
fn composite_row(
    row: &Row<'_>,
    names: &Names,
    elements: &mut Elements,
    composites: &mut Vec<Parts<DataId>>,
    mistakes: &mut Mistakes,
) {
    if row.field(0).value.starts_with('S') {
        return;
    }
    let what = "a composite of a letter and three digits such as C507";
    let Some(id) = row.read(0, what, notation::composite_id, mistakes) else { return };
    if composites.last().is_none_or(|last| last.id.value != id.value) {
        composites.push(Parts { id, name: names.composite(id.value), parts: Vec::new() });
    }
    let Some(composite) = composites.last_mut() else { return };
    elements.use_in(DataId::read(row.field(2).value), row, 4, mistakes);
    part_row(row, composite, mistakes);
}

/// A row of segments.tsv. Segments of the syntax (UN and a letter) are not the directory's.
fn segment_row(
    row: &Row<'_>,
    names: &Names,
    elements: &mut Elements,
    segments: &mut Vec<Parts<Tag>>,
    mistakes: &mut Mistakes,
) {
    if row.field(0).value.starts_with("UN") {
        return;
    }
    let Some(tag) = row.read(0, "a segment tag such as DTM", notation::segment_tag, mistakes) else { return };
    if segments.last().is_none_or(|last| last.id.value != tag.value) {
        let name = names.segments.get(&tag.value).cloned().unwrap_or_default();
        segments.push(Parts { id: tag, name, parts: Vec::new() });
    }
    let Some(segment) = segments.last_mut() else { return };
    let id = DataId::read(row.field(2).value);
    let kind = |text: &str| matches!(text, "element" | "composite").then_some(text == "composite");
    if let Some(is_composite) = row.read(4, "element or composite", kind, mistakes) {
        if let Some(id) = id.filter(|id| id.is_composite() != is_composite.value) {
            let what = if id.is_composite() { "composite" } else { "element" };
            mistakes.error(
                is_composite.at,
                format!("{id} is no {}", row.field(4).value),
                Some(format!("write {what}")),
            );
        } else if !is_composite.value {
            elements.use_in(id, row, 5, mistakes);
        }
    }
    part_row(row, segment, mistakes);
}

/// What rows of composites and segments share: position, identifier and status.
fn part_row<T>(row: &Row<'_>, whole: &mut Parts<T>, mistakes: &mut Mistakes) {
    let wanted = whole.parts.len() + 1;
    let position = |text: &str| text.parse::<usize>().ok().filter(|position| *position == wanted);
    row.read(1, &format!("position {wanted}, the next one"), position, mistakes);
    let id = row.field(2);
    let id = Located { at: id.at, value: id.value.to_owned() };
    let is_mandatory = status(row, 3, mistakes);
    let repetitions_max = Located { at: id.at, value: 1 };
    whole.parts.push(Entry { is_mandatory, id, repetitions_max, group: None });
}

/// M or C. What is neither is taken for M, which brings no mistakes of its own.
fn status(row: &Row<'_>, column: usize, mistakes: &mut Mistakes) -> bool {
    let status = |text: &str| matches!(text, "M" | "C").then_some(text == "M");
    row.read(column, "M (mandatory) or C (conditional)", status, mistakes).is_none_or(|status| status.value)
}

/// The code lists so far.
#[derive(Default)]
struct Lists {
    found: Vec<CodesDefinition>,
    /// By data element: where its list stands among those found, and its rows.
    known: HashMap<DataId, KnownList>,
    /// The data element of the row above.
    above: Option<DataId>,
    /// The last data element whose codes were left out.
    left_out: Option<DataId>,
    /// The first row that stands there again, how many do, and of which lists.
    again: Option<(At, usize, HashSet<DataId>)>,
}

/// What the rows of one code list have said.
struct KnownList {
    index: usize,
    /// The third column of each code, and the line.
    codes: HashMap<String, (String, u32)>,
    /// The line on which it began.
    began: u32,
    /// Other rows of this data element followed, and then its own again.
    is_again: bool,
    /// A mistake of it was told.
    is_mistaken: bool,
}

impl Lists {
    /// Takes a row, unless it says what another one has said: then it is counted, or contradicts that one.
    fn take(&mut self, id: Located<DataId>, code: Code, third: &str, mistakes: &mut Mistakes) {
        let (at, line) = (code.value.at, code.value.at.line);
        let is_next = self.above.replace(id.value) == Some(id.value);
        let index = self.found.len();
        let fresh = || KnownList { index, codes: HashMap::new(), began: line, is_again: false, is_mistaken: false };
        let known = self.known.entry(id.value).or_insert_with(fresh);
        if known.index == index {
            self.found.push(CodesDefinition { id, codes: Vec::new() });
        }
        known.is_again |= !is_next && known.began < line;
        let (value, element) = (&code.value.value, id.value);
        let mistake = match known.codes.get(value) {
            Some((same, _)) if same == third => {
                let (_, count, lists) = self.again.get_or_insert_with(|| (id.at, 0, HashSet::new()));
                *count += 1;
                lists.insert(element);
                return;
            }
            Some((_, first)) => {
                format!(
                    "{value} is twice in the code list of {element}, here and in row {first}, which says something else"
                )
            }
            None if known.is_again => {
                let began = known.began;
                format!("the code list of {element} is defined twice; that of row {began} has no {value}")
            }
            None => {
                known.codes.insert(value.clone(), (third.to_owned(), line));
                if let Some(list) = self.found.get_mut(known.index) {
                    list.codes.push(code);
                }
                return;
            }
        };
        if !std::mem::replace(&mut known.is_mistaken, true) {
            let hint = format!("take out what is wrong, or leave the list out by --without {element}");
            mistakes.error(at, mistake, Some(hint));
        }
    }

    /// The lists; what stood there several times is told once.
    fn finish(self, mistakes: &mut Mistakes) -> Vec<CodesDefinition> {
        if let Some((at, count, lists)) = self.again {
            let (rows, lists) = (counted(count, "row"), counted(lists.len(), "code list"));
            let stand = if count == 1 { "stands" } else { "stand" };
            let sentence =
                format!("from here on {rows} of {lists} {stand} there again, word for word, and say nothing new");
            mistakes.warning(at, sentence, None);
        }
        self.found
    }
}

/// `1 row`, `2 rows`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A row of codes.tsv. Lists of data elements that the directory no longer has are left out with a warning.
fn code_row(
    row: &Row<'_>,
    wanted: &Import,
    names: &Names,
    elements: &Elements,
    lists: &mut Lists,
    mistakes: &mut Mistakes,
) {
    let what = "a data element of four digits such as 1225";
    let Some(id) = row.read(0, what, notation::element_id, mistakes) else { return };
    if lists.left_out == Some(id.value) || wanted.leaves_out(id.value.as_str()) {
        return;
    }
    let code = |text: &str| notation::code_value(text).filter(|code| is_one_word(code));
    let code = row.read(1, "a code of one word and at most eight bytes", code, mistakes);
    let name = if wanted.has_code_names { line_name(row, 2, mistakes) } else { "" };
    if !elements.knows(id.value) {
        lists.left_out = Some(id.value);
        let sentence = format!("there is no data element {}; its codes are left out", id.value);
        return mistakes.warning(id.at, sentence, None);
    }
    let Some(value) = code else { return };
    let name = names.code(id.value, &value.value, name);
    lists.take(id, Code { value, name }, row.field(2).value, mistakes);
}

fn is_one_word(code: &str) -> bool {
    !code.is_empty() && !code.starts_with('#') && !code.contains(char::is_whitespace)
}

/// The segment tables, row by row.
struct Messages<'a> {
    names: &'a Names,
    wanted: &'a Import,
    found: Vec<MessageDefinition>,
    /// The groups that are open, outermost first.
    open: Vec<OpenGroup>,
    /// The position of the row above in its message.
    position: u32,
}

impl Messages<'_> {
    fn row(&mut self, row: &Row<'_>, mistakes: &mut Mistakes) {
        let what = "a message type of up to six capital letters";
        let Some(kind) = row.read(0, what, notation::message_type, mistakes) else { return };
        let is_wanted = self.wanted.messages.is_empty() || self.wanted.messages.contains(&kind.value);
        if !is_wanted || self.wanted.leaves_out(&kind.value) {
            return;
        }
        if self.found.last().is_none_or(|last| last.kind.value != kind.value) {
            self.close(0);
            self.position = 0;
            let name = self.names.messages.get(&kind.value).cloned().unwrap_or_default();
            self.found.push(MessageDefinition { kind, name, keys: Vec::new(), entries: Vec::new() });
        }
        let above = self.position;
        let position = |text: &str| text.parse::<u32>().ok().filter(|position| *position > above);
        let position = row.read(1, &format!("a position behind {above}"), position, mistakes);
        self.position = position.map_or(above, |position| position.value);
        let Some(entry) = entry(row, mistakes) else { return };
        if !self.stand_inside(&row.field(2), mistakes) {
            return;
        }
        if entry.group.is_none() {
            return self.attach(entry);
        }
        if self.open.len() == GROUP_DEPTH_MAX {
            let sentence = format!("segment groups are nested deeper than {GROUP_DEPTH_MAX} levels");
            return mistakes.error(entry.id.at, sentence, None);
        }
        self.open.push(OpenGroup { entry, children: Vec::new() });
    }

    /// Closes groups until those of a path are open; whether they are.
    fn stand_inside(&mut self, inside: &Located<&str>, mistakes: &mut Mistakes) -> bool {
        let path: Vec<&str> = if inside.value == "-" { Vec::new() } else { inside.value.split('/').collect() };
        let open = self.open.iter().map(|group| group.entry.id.value.as_str());
        if path.len() <= self.open.len() && open.zip(&path).all(|(open, name)| open == *name) {
            self.close(path.len());
            return true;
        }
        let open: Vec<&str> = self.open.iter().map(|group| group.entry.id.value.as_str()).collect();
        let open = if open.is_empty() { "none".to_owned() } else { open.join("/") };
        let hint =
            format!("the group that is open here is {open}; a group has a row of its own, and the rows in it follow");
        mistakes.error(inside.at, format!("the group {} is not open here", inside.value), Some(hint));
        false
    }

    fn close(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(OpenGroup { entry, children }) = self.open.pop() else { return };
            self.attach(Entry { group: Some(children), ..entry });
        }
    }

    fn attach(&mut self, entry: Entry) {
        let message = self.found.last_mut().map(|message| &mut message.entries);
        if let Some(entries) = self.open.last_mut().map(|group| &mut group.children).or(message) {
            entries.push(entry);
        }
    }

    fn finish(mut self) -> Vec<MessageDefinition> {
        self.close(0);
        self.found
    }
}

/// The segment or group of a row.
fn entry(row: &Row<'_>, mistakes: &mut Mistakes) -> Option<Entry> {
    let kind = row.read(
        3,
        "segment or group",
        |text| matches!(text, "segment" | "group").then_some(text == "group"),
        mistakes,
    );
    let is_group = kind?.value;
    let what = if is_group { "the name of the group such as SG1" } else { "a segment tag such as DTM" };
    let name = |text: &str| {
        let is_name =
            if is_group { notation::identifier(text).is_some() } else { notation::segment_tag(text).is_some() };
        is_name.then(|| text.to_owned())
    };
    let id = row.read(4, what, name, mistakes);
    let is_mandatory = status(row, 5, mistakes);
    let count = |text: &str| text.parse().ok();
    let repetitions_max = row.read(6, "how often it may stand here, such as 99", count, mistakes);
    Some(Entry { is_mandatory, id: id?, repetitions_max: repetitions_max?, group: is_group.then(Vec::new) })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{Import, import};
    use crate::grammar::DirectoryKey;

    const TABLES: [(&str, &str); 5] = [
        ("elements", "element\trepresentation\tname\n1000\tan..3\tText\n1001\tan..2|an..3\tCoded\n1131\tan..3\tList\n"),
        (
            "composites",
            "composite\tposition\telement\tstatus\trepresentation\nC100\t1\t1001\tM\tan..3\nC100\t2\t1131\tC\tan..3\n",
        ),
        (
            "segments",
            "segment\tposition\tid\tstatus\tkind\trepresentation\nAAA\t1\tC100\tC\tcomposite\t\nBBB\t1\t1000\tM\telement\tan..3\n",
        ),
        ("codes", "element\tcode\tname\n1001\tA\tFirst\n1001\tB\tSecond\n"),
        (
            "messages",
            "message\tpos\tinside\tkind\tid\tstatus\tmax\nTEST\t10\t-\tsegment\tUNH\tM\t1\nTEST\t20\t-\tgroup\tSG1\tC\t9\nTEST\t30\tSG1\tsegment\tAAA\tM\t1\nTEST\t40\tSG1\tsegment\tBBB\tC\t5\nTEST\t50\t-\tsegment\tUNT\tM\t1\n",
        ),
    ];

    fn wanted() -> Import {
        let directory = DirectoryKey::read("T:1:UN").unwrap();
        Import {
            directory,
            messages: Vec::new(),
            without: Vec::new(),
            names: Vec::new(),
            has_codes: true,
            has_code_names: true,
        }
    }

    /// What is wrong with the tables when a part of one is replaced.
    fn check(table: &str, part: &str, other: &str, expected: &[&str]) {
        check_for(&wanted(), table, part, other, expected);
    }

    fn check_for(wanted: &Import, table: &str, part: &str, other: &str, expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in TABLES {
            assert!(name != table || text.contains(part), "{part:?} is in {table}");
            let text = if name == table { text.replacen(part, other, 1) } else { text.to_owned() };
            fs::write(folder.path().join(name).with_extension("tsv"), text).unwrap();
        }
        let imported = import(folder.path(), wanted).unwrap();
        let told: Vec<String> = imported
            .report
            .mistakes
            .iter()
            .map(|mistake| {
                let file = mistake.file.file_name().unwrap_or_default().to_string_lossy();
                mistake.to_string().replace(&mistake.file.display().to_string(), &file)
            })
            .collect();
        assert_eq!(told, expected);
        assert_eq!(imported.files.is_empty(), imported.report.has_errors(), "there are files, or there are errors");
    }

    #[test]
    fn a_message_that_is_wanted_and_missing_is_missing_in_its_table() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in TABLES {
            fs::write(folder.path().join(name).with_extension("tsv"), text).unwrap();
        }
        let wanted = Import { messages: ["TEST", "TEXT"].map(str::to_owned).to_vec(), ..wanted() };
        let told = import(folder.path(), &wanted).unwrap().report.mistakes;
        let [mistake] = &told[..] else { panic!("one is missing: {told:?}") };
        assert_eq!(mistake.file, folder.path().join("messages.tsv"));
        assert_eq!(mistake.sentence, "the table has no message TEXT");
        assert_eq!(mistake.hint.as_deref(), Some("TEST is known"));
    }

    #[test]
    fn right_tables_have_no_mistakes() {
        check("codes", "", "", &[]);
        check("codes", "\n", "\r\n", &[]);
    }

    #[test]
    fn the_first_row_names_the_columns() {
        let hint = "the first row is element, code, name, with a tab between two names";
        let sentence = "the first row does not name the columns of this table";
        check("codes", "code\t", "value\t", &[&format!("codes.tsv:1:1: error: {sentence}\n  hint: {hint}")]);
    }

    #[test]
    fn a_row_has_all_values_and_nothing_that_cannot_be_written() {
        check("codes", "A\tFirst", "A", &["codes.tsv:2:1: error: a row of this table has 3 values; 2 stand here"]);
        check("codes", "1001\tA", "10\u{7}01\tA", &["codes.tsv:2:1: error: a control character stands here"]);
        let sentence = "a grammar file would take what stands behind # for a comment";
        check("codes", "First", "First #1", &[&format!("codes.tsv:2:8: error: {sentence}")]);
        let sentence = "here should stand a code of one word and at most eight bytes";
        check("codes", "A\tFirst", "A B\tFirst", &[&format!("codes.tsv:2:6: error: {sentence}, not \"A B\"")]);
    }

    #[test]
    fn what_is_not_known_is_told_at_its_column() {
        check(
            "segments",
            "C100",
            "C101",
            &["segments.tsv:2:7: error: there is no composite C101\n  hint: C100 is known"],
        );
        check("messages", "AAA", "AAB", &["messages.tsv:4:21: error: there is no segment AAB\n  hint: AAA is known"]);
        check(
            "composites",
            "1131",
            "1132",
            &["composites.tsv:3:8: error: there is no data element 1132\n  hint: 1131 is known"],
        );
        check(
            "codes",
            "1001\tA",
            "1002\tA",
            &["codes.tsv:2:1: warning: there is no data element 1002; its codes are left out"],
        );
    }

    #[test]
    fn a_status_is_mandatory_or_conditional() {
        let sentence = "here should stand M (mandatory) or C (conditional), not";
        check("messages", "AAA\tM", "AAA\tR", &[&format!("messages.tsv:4:25: error: {sentence} \"R\"")]);
        check("composites", "\tM\t", "\tO\t", &[&format!("composites.tsv:2:13: error: {sentence} \"O\"")]);
    }

    #[test]
    fn a_group_holds_the_rows_that_follow_it() {
        let rule = "a group has a row of its own, and the rows in it follow";
        check(
            "messages",
            "SG1\tsegment\tBBB",
            "SG2\tsegment\tBBB",
            &[&format!(
                "messages.tsv:5:9: error: the group SG2 is not open here\n  hint: the group that is open here is SG1; {rule}"
            )],
        );
        check(
            "messages",
            "TEST\t30\tSG1",
            "TEST\t30\t-",
            &[
                "messages.tsv:3:17: error: group SG1 is empty",
                &format!(
                    "messages.tsv:5:9: error: the group SG1 is not open here\n  hint: the group that is open here is none; {rule}"
                ),
            ],
        );
    }

    #[test]
    fn a_circle_cannot_be_imported() {
        check(
            "composites",
            "\t1131\t",
            "\tC100\t",
            &["composites.tsv:3:8: error: there is no data element C100\n  hint: 1000 is known"],
        );
        check(
            "messages",
            "SG1\tsegment\tBBB\tC\t5",
            "SG1\tgroup\tSG1\tC\t5",
            &["messages.tsv:5:19: error: group SG1 is empty", "messages.tsv:5:19: error: group SG1 is there twice"],
        );
    }

    #[test]
    fn repetitions_have_bounds() {
        check(
            "messages",
            "BBB\tC\t5",
            "BBB\tC\t0",
            &[
                "messages.tsv:5:27: error: what may stand here no time at all need not be written\n  hint: leave the line out",
            ],
        );
        check(
            "messages",
            "BBB\tC\t5",
            "BBB\tC\t10000000",
            &["messages.tsv:5:27: error: nothing repeats more than 9999999 times"],
        );
        check(
            "messages",
            "BBB\tC\t5",
            "BBB\tC\tmany",
            &["messages.tsv:5:27: error: here should stand how often it may stand here, such as 99, not \"many\""],
        );
    }

    #[test]
    fn nothing_is_there_twice() {
        check(
            "elements",
            "1131\tan..3\tList",
            "1131\tan..3\tList\n1000\tan..3\tAgain",
            &["elements.tsv:5:1: error: element 1000 is defined twice"],
        );
        let twice = "A is twice in the code list of 1001, here and in row 2, which says something else";
        let hint = "take out what is wrong, or leave the list out by --without 1001";
        check("codes", "\tB\t", "\tA\t", &[&format!("codes.tsv:3:6: error: {twice}\n  hint: {hint}")]);
    }

    #[test]
    fn rows_of_a_code_list_that_stand_there_again_say_nothing_new() {
        let again = "1001\tA\tFirst\n1001\tB\tSecond\n";
        let told = "there again, word for word, and say nothing new";
        check(
            "codes",
            again,
            &format!("{again}1000\tX\tOther\n{again}{again}"),
            &[&format!("codes.tsv:5:1: warning: from here on 4 rows of 1 code list stand {told}")],
        );
    }

    #[test]
    fn a_code_list_with_other_rows_the_second_time_is_a_mistake_once() {
        let again = "1001\tA\tFirst\n1001\tB\tSecond\n";
        let sentence = "the code list of 1001 is defined twice; that of row 2 has no C";
        let hint = "take out what is wrong, or leave the list out by --without 1001";
        let other = format!("{again}1000\tX\tOther\n1001\tC\tThird\n1001\tD\tFourth\n");
        check("codes", again, &other, &[&format!("codes.tsv:5:6: error: {sentence}\n  hint: {hint}")]);
        check_for(&Import { without: vec!["1001".to_owned()], ..wanted() }, "codes", again, &other, &[]);
    }

    #[test]
    fn control_characters_in_names_are_left_out() {
        let left_out = "stands in a name; it is left out";
        check(
            "codes",
            "First",
            "Fi\u{92}rst\u{7}",
            &[&format!("codes.tsv:2:10: warning: the control character U+0092 {left_out}")],
        );
        check(
            "elements",
            "Text",
            "\u{7}Text",
            &[&format!("elements.tsv:2:12: warning: the control character U+0007 {left_out}")],
        );
    }

    #[test]
    fn without_code_lists_their_table_is_not_read() {
        check_for(&Import { has_codes: false, ..wanted() }, "codes", "1001", "what?", &[]);
    }

    #[test]
    fn positions_follow_each_other() {
        check(
            "composites",
            "C100\t2",
            "C100\t3",
            &["composites.tsv:3:6: error: here should stand position 2, the next one, not \"3\""],
        );
        check(
            "messages",
            "TEST\t40",
            "TEST\t20",
            &["messages.tsv:5:6: error: here should stand a position behind 30, not \"20\""],
        );
    }

    #[test]
    fn a_data_element_has_one_representation_and_an_identifier_one_kind() {
        check(
            "segments",
            "\tan..3",
            "\tan..4",
            &["segments.tsv:3:22: error: 1000 has another representation than an..4\n  hint: elements.tsv says an..3"],
        );
        check(
            "segments",
            "composite\t",
            "element\tan..3",
            &["segments.tsv:2:14: error: C100 is no element\n  hint: write composite"],
        );
    }
}
