//! How far it is, for whoever waits.

/// What is done at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The journal is read.
    Journal,
    /// The state is copied, so that looking at it changes nothing.
    CopyState,
    /// The state is compared; counted in keys.
    Compare,
    /// The state is made; counted in keys.
    Make,
    /// Segments are copied.
    Copy,
}

/// Hears how far it is.
pub trait Watch {
    /// So much of it is done, in bytes unless the step says otherwise; of so much, when that is known.
    fn reached(&mut self, step: Step, done: u64, total: Option<u64>);
}
