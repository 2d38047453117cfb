//! What a value may look like, and what is said when it does not.

/// A key of a table.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) is_required: bool,
}

/// What may stand under a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// A value.
    Value(Form),
    /// `[name]`
    Table(&'static [Key]),
    /// `[[name]]`
    Tables(&'static [Key]),
}

/// What a value may look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// Text that this function accepts; its error says what to write.
    Text(fn(&str) -> Result<(), String>),
    /// The path of a file or directory. Never repeated in a message: somebody may have written the secret itself.
    Path,
    /// The same, or nothing.
    OptionalPath,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number with its bounds, both included, and its unit.
    Whole(i64, i64, &'static str),
    /// Yes or no.
    Flag,
    /// A date, or a date with time and offset, that this function accepts.
    Moment(fn(&str) -> Result<(), String>),
}

/// A value as it was given.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given<'a> {
    Text(&'a str),
    Whole(i64),
    Flag(bool),
    Moment(String),
    /// Something that no key takes: a fraction, a list.
    Other(&'static str),
}

/// Why a value is not taken: what is wrong, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) what: String,
    pub(super) hint: String,
}

impl Form {
    /// Whether this value may stand under this key.
    pub(super) fn check(&self, name: &str, given: &Given<'_>) -> Result<(), Refusal> {
        let refuse = |what| Err(Refusal { what, hint: format!("write {}", self.wanted()) });
        match (self, given) {
            (Self::Whole(min, max, _), Given::Whole(number)) if !(min..=max).contains(&number) => {
                refuse(format!("`{name}` is {number}, out of its bounds"))
            }
            (Self::Choice(words), Given::Text(text)) if !words.contains(text) => {
                refuse(format!("`{name}` cannot be {text:?}"))
            }
            (Self::Text(accept), Given::Text(text)) => match accept(text) {
                Ok(()) => Ok(()),
                Err(hint) => Err(Refusal { what: format!("`{name}` cannot be {text:?}"), hint }),
            },
            (Self::Moment(accept), Given::Text(_) | Given::Moment(_)) => match accept(given.text()) {
                Ok(()) => Ok(()),
                Err(hint) => Err(Refusal { what: format!("`{name}` cannot be {:?}", given.text()), hint }),
            },
            (Self::Path | Self::OptionalPath, Given::Text(text)) if !is_path(text, self) => Err(Refusal {
                what: format!("`{name}` is no path"),
                hint: "name a file or directory; what is in it, a secret above all, never stands here".to_owned(),
            }),
            (Self::Path | Self::OptionalPath | Self::Choice(_), Given::Text(_))
            | (Self::Whole(..), Given::Whole(_))
            | (Self::Flag, Given::Flag(_)) => Ok(()),
            _ => refuse(format!("`{name}` is {}, not {}", given.kind(), self.kind())),
        }
    }

    /// The text of a variable as a value of this form.
    pub(super) fn read<'a>(&self, text: &'a str) -> Given<'a> {
        match self {
            Self::Whole(..) => text.parse().map_or(Given::Text(text), Given::Whole),
            Self::Flag => text.parse().map_or(Given::Text(text), Given::Flag),
            Self::Text(_) | Self::Path | Self::OptionalPath | Self::Choice(_) | Self::Moment(_) => Given::Text(text),
        }
    }

    /// What is to be written.
    pub(super) fn wanted(&self) -> String {
        match self {
            Self::Choice(words) => words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" or "),
            Self::Whole(min, max, unit) => format!("a whole number from {min} to {max} ({unit})"),
            Self::Flag => "true or false, without quotes".to_owned(),
            Self::Moment(_) => "a date such as 2026-01-31, or one with time and offset".to_owned(),
            Self::Text(_) => "text in quotes".to_owned(),
            Self::Path | Self::OptionalPath => "the path of a file or directory in quotes".to_owned(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Path | Self::OptionalPath | Self::Choice(_) => "text",
            Self::Whole(..) => "a whole number",
            Self::Flag => "true or false",
            Self::Moment(_) => "a date",
        }
    }
}

impl Given<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Moment(text) => text,
            Self::Whole(_) | Self::Flag(_) | Self::Other(_) => "",
        }
    }

    /// What it is, for a sentence.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Whole(_) => "a whole number",
            Self::Flag(_) => "true or false",
            Self::Moment(_) => "a date",
            Self::Other(kind) => kind,
        }
    }
}

fn is_path(text: &str, form: &Form) -> bool {
    let may_be_empty = matches!(form, Form::OptionalPath);
    (may_be_empty || !text.is_empty()) && !text.contains(char::is_control)
}
