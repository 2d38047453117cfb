//! Colour, where somebody sees it: only on a terminal, and never the only carrier of a meaning.

use std::io::IsTerminal;

/// Wraps texts in the sequences of a terminal, or leaves them as they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    is_on: bool,
}

impl Paint {
    /// Colour for standard output, when it is a terminal and nobody asked for none (<https://no-color.org>).
    pub(super) fn of_output() -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_plain = is_set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Self { is_on: std::io::stdout().is_terminal() && !is_plain }
    }

    /// No colour.
    #[cfg(test)]
    pub(super) const NONE: Self = Self { is_on: false };

    pub(super) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.wrap("1;32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.wrap("1;33", text)
    }

    pub(super) fn blue(self, text: &str) -> String {
        self.wrap("1;34", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.is_on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
