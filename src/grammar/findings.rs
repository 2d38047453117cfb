//! Findings up to a limit: hostile input must not make an answer without end.

use std::ops::Range;

use crate::edifact::{Level, Place, SyntaxError, SyntaxFinding};

/// Most findings of one message, and of the service segments of one interchange.
pub const FINDINGS_MAX: usize = 1_000;

/// Collects findings; the last one within the limit says that more were cut.
#[derive(Debug)]
pub(super) struct Findings {
    found: Vec<SyntaxFinding>,
    whole: Place,
}

impl Findings {
    /// None yet. Everything that will be looked at lies in `whole`, and it is `whole` that the last finding refuses: what
    /// was left out could have refused any part of it.
    pub(super) fn of(whole: Place) -> Self {
        Self { found: Vec::new(), whole }
    }

    pub(super) fn push(
        &mut self,
        error: SyntaxError,
        place: Place,
        span: Range<usize>,
        detail: impl FnOnce() -> String,
    ) {
        match self.found.len() {
            length if length + 1 < FINDINGS_MAX => {
                self.found.push(SyntaxFinding { error: standing(error, place), place, span, detail: detail() });
            }
            length if length < FINDINGS_MAX => {
                let detail = format!("more than {FINDINGS_MAX} mistakes were found; the rest is left out");
                self.found.push(SyntaxFinding { error: SyntaxError::Unspecified, place: self.whole, span, detail });
            }
            _ => {}
        }
    }

    /// Whether the limit is reached.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= FINDINGS_MAX
    }

    pub(super) fn as_slice(&self) -> &[SyntaxFinding] {
        &self.found
    }

    /// Drops those from this one on that are not wanted.
    pub(super) fn retain_from(&mut self, first: usize, mut is_wanted: impl FnMut(&SyntaxFinding) -> bool) {
        if first < self.found.len() {
            let behind = self.found.split_off(first);
            self.found.extend(behind.into_iter().filter(|finding| is_wanted(finding)));
        }
    }

    pub(super) fn into_vec(self) -> Vec<SyntaxFinding> {
        self.found
    }
}

/// The nearest error that the level of the place may carry (ISO 9735-4 Annex A).
fn standing(error: SyntaxError, place: Place) -> SyntaxError {
    const NUMBERS: [SyntaxError; 2] = [SyntaxError::InvalidDecimalNotation, SyntaxError::MissingDigit];
    let level = match place {
        Place::Interchange { .. } => Level::Interchange,
        Place::FunctionalGroup { .. } => Level::FunctionalGroup,
        Place::Message { .. } => Level::Message,
        Place::Segment { element: None, .. } => Level::Segment,
        Place::Segment { element: Some(_), .. } => Level::Element,
    };
    let nearest = if error == SyntaxError::TooManyRepetitions {
        SyntaxError::TooManyConstituents
    } else if NUMBERS.contains(&error) {
        SyntaxError::InvalidCharacterType
    } else {
        SyntaxError::InvalidValue
    };
    [error, nearest].into_iter().find(|error| error.may_stand_at(level)).unwrap_or(SyntaxError::InvalidValue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_finding_says_that_more_were_cut() {
        let whole = Place::Message { message: 0, segment: None, element: None };
        let mut findings = Findings::of(whole);
        let place = Place::Segment { message: 0, position: 1, element: None };
        for _ in 0..FINDINGS_MAX + 5 {
            findings.push(SyntaxError::Missing, place, 0..1, String::new);
        }
        assert!(findings.is_full());
        let findings = findings.into_vec();
        assert_eq!(findings.len(), FINDINGS_MAX);
        assert_eq!(findings[FINDINGS_MAX - 2].error, SyntaxError::Missing);
        assert_eq!(findings[FINDINGS_MAX - 1].error, SyntaxError::Unspecified);
        assert_eq!(findings[FINDINGS_MAX - 1].place, whole);
    }

    #[test]
    fn a_level_gets_only_codes_it_may_carry() {
        let header = Place::Interchange { segment: None, element: None };
        assert_eq!(standing(SyntaxError::TooManyRepetitions, header), SyntaxError::TooManyConstituents);
        assert_eq!(standing(SyntaxError::MissingDigit, header), SyntaxError::InvalidCharacterType);
        assert_eq!(standing(SyntaxError::TooLong, header), SyntaxError::TooLong);
    }
}
