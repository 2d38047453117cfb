//! Bytes to segments, one character at a time (ISO 9735-1, clauses on the service string advice, on separators and on
//! the release character).

/// The service characters of one interchange, in the order of UNA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Characters {
    pub(crate) component: u8,
    pub(crate) element: u8,
    pub(crate) mark: u8,
    pub(crate) release: Option<u8>,
    pub(crate) repetition: Option<u8>,
    pub(crate) terminator: u8,
}

/// What holds without UNA. In syntax 4 the repetition separator is there too.
pub(crate) const DEFAULT: Characters =
    Characters { component: b':', element: b'+', mark: b'.', release: Some(b'?'), repetition: None, terminator: b'\'' };

impl Characters {
    /// The characters of UNA; none when it is cut off or one of them cannot be a service character.
    pub(crate) fn of_una(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < 9 {
            return None;
        }
        let or_none = |byte: u8| if byte == b' ' { None } else { Some(byte) };
        let characters = Self {
            component: bytes[3],
            element: bytes[4],
            mark: bytes[5],
            release: or_none(bytes[6]),
            repetition: or_none(bytes[7]),
            terminator: bytes[8],
        };
        let mut separators = vec![characters.component, characters.element, characters.terminator];
        separators.extend(characters.release);
        separators.extend(characters.repetition);
        for (at, one) in separators.iter().enumerate() {
            let is_break = matches!(one, b'\r' | b'\n');
            let may_be = if is_break { *one == characters.terminator } else { can_separate(*one) };
            if separators[..at].contains(one) || !may_be {
                return None;
            }
        }
        Some(characters)
    }
}

/// A sign of ASCII, or one of the information separators IS1 to IS4 that level B was made for. A line break may end
/// segments and nothing else, for between segments it means nothing.
fn can_separate(byte: u8) -> bool {
    let signs = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    signs.contains(&byte) || (0x1c..=0x1f).contains(&byte)
}

/// A component with its place in the interchange and its value without release characters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Component {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) value: Vec<u8>,
}

impl Component {
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// One occurrence of a data element: its components.
pub(crate) type Repetition = Vec<Component>;

/// One data element: its repetitions.
pub(crate) type Element = Vec<Repetition>;

/// One segment without its terminator. The first element is the tag.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) elements: Vec<Element>,
}

impl Segment {
    fn begin(at: usize) -> Self {
        Self { start: at, end: at, elements: vec![vec![vec![Component { start: at, end: at, value: Vec::new() }]]] }
    }

    fn component(&mut self) -> &mut Component {
        self.elements.last_mut().unwrap().last_mut().unwrap().last_mut().unwrap()
    }

    /// The tag, when it is three capital letters or digits.
    pub(crate) fn tag<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        let tag = &self.elements[0][0][0];
        let tag = std::str::from_utf8(&bytes[tag.start..tag.end]).ok()?;
        let is_tag = tag.len() == 3 && tag.chars().all(|one| one.is_ascii_uppercase() || one.is_ascii_digit());
        is_tag.then_some(tag)
    }

    /// The tag that it begins with, when no service character stands behind that and no letter or digit.
    pub(crate) fn tag_before_another_sign<'a>(&self, bytes: &'a [u8], characters: &Characters) -> Option<&'a str> {
        let raw = &bytes[self.start..self.end];
        let tag = std::str::from_utf8(raw.get(..3)?).ok()?;
        let sign = *raw.get(3)?;
        let separators = [Some(characters.component), Some(characters.element), characters.repetition];
        let is_tag = tag.chars().all(|one| one.is_ascii_uppercase() || one.is_ascii_digit());
        (is_tag && !sign.is_ascii_alphanumeric() && !separators.contains(&Some(sign))).then_some(tag)
    }

    /// A component of the first repetition of an element, both counted as CONTRL counts (0098 and 0104).
    pub(crate) fn at(&self, element: usize, component: usize) -> Option<&Component> {
        self.elements.get(element - 1)?[0].get(component - 1)
    }
}

/// Where the machine stands.
enum State {
    /// In front of a segment, where line breaks mean nothing.
    Between,
    /// In a segment.
    Inside,
    /// Behind a release character: the next one stands for itself.
    Released,
}

/// All segments that have a terminator, from here on.
pub(crate) fn segments(characters: &Characters, bytes: &[u8], from: usize) -> Vec<Segment> {
    let (mut state, mut segment, mut found) = (State::Between, Segment::begin(from), Vec::new());
    for (at, &byte) in bytes.iter().enumerate().skip(from) {
        match state {
            State::Released => {
                segment.component().value.push(byte);
                segment.component().end = at + 1;
                state = State::Inside;
                continue;
            }
            State::Between if byte == b'\r' || byte == b'\n' => continue,
            State::Between => {
                segment = Segment::begin(at);
                state = State::Inside;
            }
            State::Inside => {}
        }
        let next = || Component { start: at + 1, end: at + 1, value: Vec::new() };
        if byte == characters.terminator {
            segment.end = at;
            found.push(segment.clone());
            state = State::Between;
        } else if byte == characters.element {
            segment.elements.push(vec![vec![next()]]);
        } else if byte == characters.component {
            segment.elements.last_mut().unwrap().last_mut().unwrap().push(next());
        } else if Some(byte) == characters.repetition {
            segment.elements.last_mut().unwrap().push(vec![next()]);
        } else if Some(byte) == characters.release {
            segment.component().end = at + 1;
            state = State::Released;
        } else {
            segment.component().value.push(byte);
            segment.component().end = at + 1;
        }
    }
    found
}

/// Where the first interchange of a stream lies: from UNA or UNB to UNZ, or to the next UNA or UNB without one. A byte
/// order mark in front belongs to it, and its lines may be its segments (docs/tolerances.md, what is on by default).
///
/// None where none begins or its end has not come.
pub(crate) fn frame(stream: &[u8]) -> Option<(usize, usize)> {
    let start = behind_breaks(stream, 0)?;
    let mark = b"\xef\xbb\xbf";
    let begin = if stream[start..].starts_with(mark) { behind_breaks(stream, start + mark.len())? } else { start };
    let bytes = &stream[begin..];
    let has_una = bytes.starts_with(b"UNA");
    if !has_una && !bytes.starts_with(b"UNB") {
        return None;
    }
    let mut characters = if has_una { Characters::of_una(bytes).unwrap_or(DEFAULT) } else { DEFAULT };
    let content = if has_una { 9 } else { 0 };
    characters.terminator = line_terminator(&characters, bytes.get(content..)?).unwrap_or(characters.terminator);
    let mut has_header = false;
    for segment in segments(&characters, bytes, content) {
        let raw = &bytes[segment.start..segment.end];
        let begins_another = raw.starts_with(b"UNA") || raw.starts_with(b"UNB");
        if has_header && begins_another {
            return Some((start, begin + segment.start));
        }
        has_header |= raw.starts_with(b"UNB");
        if raw.starts_with(b"UNZ") {
            return Some((start, begin + segment.end + 1));
        }
    }
    None
}

fn behind_breaks(bytes: &[u8], from: usize) -> Option<usize> {
    let content = bytes[from..].iter().position(|byte| *byte != b'\r' && *byte != b'\n')?;
    Some(from + content)
}

/// The first byte of the line breaks that end segments: where the line of UNB is followed by a line of UNH or UNG, both
/// within 1,024 bytes, and no terminator stands in either.
fn line_terminator(characters: &Characters, content: &[u8]) -> Option<u8> {
    let start = behind_breaks(content, 0)?;
    let first_lines = &content[start..content.len().min(start + 1_024)];
    let is_end = |byte: &u8| *byte == characters.terminator || *byte == b'\r' || *byte == b'\n';
    let end = first_lines.iter().position(is_end)?;
    let second = &first_lines[behind_breaks(first_lines, end)?..];
    let is_header = [b"UNH", b"UNG"].into_iter().any(|tag| second.starts_with(tag));
    let has_element = second.get(3) == Some(&characters.element);
    let ends = [first_lines[end], *second.iter().find(|byte| is_end(byte))?];
    (is_header && has_element && !ends.contains(&characters.terminator)).then_some(first_lines[end])
}
