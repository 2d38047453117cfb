//! What a manual page is made of. Texts are Markdown within a line: `code`, **strong**, *stressed*, [links](to somewhere).

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// A heading.
    Section(String),
    /// A heading below it.
    Subsection(String),
    /// Words.
    Paragraph(String),
    /// A term or the mark of a list, and what is said of it.
    Item(String, String),
    /// Lines as they are.
    Verbatim(Vec<String>),
    /// Words of somebody else.
    Quote(String),
}
