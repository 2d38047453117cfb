//! Where interchanges are taken off the stream, and how long that may take.

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::time::Instant;

use super::limits::Limits;
use crate::edifact::{Frame, FrameFinder, Tolerance, Tolerances};
use crate::event::TurnedAway;

/// What stands at the front of what was received.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No whole interchange yet.
    Nothing,
    /// A whole interchange.
    Interchange(Bytes),
    /// Something that is no interchange, and the switch that would take it, where there is one.
    Garbage(Option<Tolerance>),
    /// An interchange that is longer than it may be, whole or not.
    TooLong,
}

/// The receiving end of one connection.
#[derive(Debug)]
pub(super) struct Inlet {
    finder: FrameFinder,
    /// When something last came, or left.
    quiet_since: Instant,
    /// Since when the interchange is being read that is not whole yet.
    begun: Option<Instant>,
}

impl Inlet {
    pub(super) fn new(now: Instant, tolerances: Tolerances) -> Self {
        Self { finder: FrameFinder::new(tolerances), quiet_since: now, begun: None }
    }

    /// Takes the next interchange off the front.
    pub(super) fn take(&mut self, received: &mut BytesMut, bytes_max: usize) -> Found {
        skip_line_breaks(received);
        match self.finder.find(received) {
            Frame::Incomplete if received.len() > bytes_max => Found::TooLong,
            Frame::Incomplete => Found::Nothing,
            Frame::Garbage => Found::Garbage(self.finder.would_allow(received)),
            Frame::Interchange(range) if range.len() > bytes_max => Found::TooLong,
            Frame::Interchange(range) => {
                self.begun = None;
                let mut bytes = received.split_to(range.end);
                bytes.advance(range.start);
                Found::Interchange(bytes.freeze())
            }
        }
    }

    /// Takes what remains when the partner has ended its side in order: an interchange whose last terminator is missing, where
    /// that is tolerated.
    pub(super) fn take_last(&mut self, received: &mut BytesMut) -> Option<Bytes> {
        let range = self.finder.last(received)?;
        self.begun = None;
        let mut bytes = received.split_to(range.end);
        bytes.advance(range.start);
        Some(bytes.freeze())
    }

    /// Notes that something came. Line breaks between interchanges are nothing, and do not keep a connection alive.
    pub(super) fn note_received(&mut self, received: &mut BytesMut, now: Instant) {
        skip_line_breaks(received);
        if !received.is_empty() {
            self.quiet_since = now;
        }
    }

    /// Notes that answers left.
    pub(super) fn note_sent(&mut self, now: Instant) {
        self.quiet_since = now;
    }

    /// Since when nothing came.
    pub(super) fn quiet_since(&self) -> Instant {
        self.quiet_since
    }

    /// Notes that the gateway itself does not read; the partner's time stands still meanwhile.
    pub(super) fn pause(&mut self, now: Instant) {
        self.begun = None;
        self.quiet_since = now;
    }

    /// Until when the partner has to send more, and the limit that it reaches then.
    pub(super) fn patience(&mut self, received: &BytesMut, limits: &Limits, now: Instant) -> (Instant, TurnedAway) {
        let idle = (self.quiet_since + limits.idle_seconds_max, TurnedAway::IdleSecondsMax);
        if received.is_empty() {
            return idle;
        }
        let begun = *self.begun.get_or_insert(now);
        let whole = (begun + limits.interchange_seconds_max, TurnedAway::InterchangeSecondsMax);
        if whole.0 < idle.0 { whole } else { idle }
    }
}

/// Line breaks between interchanges are not kept, however many come. Within an interchange the front is no line break.
fn skip_line_breaks(received: &mut BytesMut) {
    let breaks = received.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    received.advance(breaks);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Takes everything off this stream when interchanges may have so many bytes.
    fn check(stream: &str, bytes_max: usize, expected: &[Found]) {
        let mut received = BytesMut::from(stream);
        let mut inlet = inlet(Instant::now());
        let mut found = Vec::new();
        while let Found::Interchange(bytes) = inlet.take(&mut received, bytes_max) {
            found.push(Found::Interchange(bytes));
        }
        found.push(inlet.take(&mut received, bytes_max));
        assert_eq!(found, expected);
    }

    fn inlet(now: Instant) -> Inlet {
        Inlet::new(now, Tolerances::default())
    }

    #[test]
    fn what_a_switch_would_take_is_said() {
        let mut received = BytesMut::from("\u{feff}UNB+A'");
        let found = Inlet::new(Instant::now(), Tolerances::NONE).take(&mut received, 99);
        assert_eq!(found, Found::Garbage(Some(Tolerance::ByteOrderMark)));
    }

    #[test]
    fn an_interchange_without_its_last_terminator_is_taken_at_the_end_where_that_is_tolerated() {
        let tolerances = Tolerances { missing_last_terminator: true, ..Tolerances::default() };
        for (tolerances, expected) in [(tolerances, Some("UNB+A'UNZ+1")), (Tolerances::default(), None)] {
            let mut received = BytesMut::from("UNB+A'UNZ+1");
            let mut inlet = Inlet::new(Instant::now(), tolerances);
            assert_eq!(inlet.take(&mut received, 99), Found::Nothing);
            assert_eq!(inlet.take_last(&mut received).as_deref(), expected.map(str::as_bytes));
        }
    }

    fn interchange(text: &'static str) -> Found {
        Found::Interchange(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn interchanges_come_one_after_another() {
        check(
            "UNB+A'UNZ+1'\r\nUNB+B'UNZ+2'\n",
            99,
            &[interchange("UNB+A'UNZ+1'"), interchange("UNB+B'UNZ+2'"), Found::Nothing],
        );
    }

    #[test]
    fn an_interchange_of_the_greatest_length_is_taken() {
        check("UNB+A'UNZ+1'", 12, &[interchange("UNB+A'UNZ+1'"), Found::Nothing]);
        check("UNB+A'UNZ+1'", 11, &[Found::TooLong]);
    }

    #[test]
    fn one_that_does_not_end_is_too_long_before_it_is_whole() {
        check("UNB+AAAAAAAAA", 12, &[Found::TooLong]);
        check("UNB+AAAAAAAA", 12, &[Found::Nothing]);
    }

    #[test]
    fn garbage_is_seen_after_what_came_before() {
        check("UNB+A'UNZ+1'HELO", 99, &[interchange("UNB+A'UNZ+1'"), Found::Garbage(None)]);
    }

    #[test]
    fn line_breaks_take_no_room() {
        let mut received = BytesMut::from("\r\n".repeat(1000).as_str());
        assert_eq!(inlet(Instant::now()).take(&mut received, 12), Found::Nothing);
        assert!(received.is_empty());
    }

    fn limits() -> Limits {
        Limits {
            idle_seconds_max: Duration::from_secs(60),
            interchange_seconds_max: Duration::from_secs(100),
            ..Limits::default()
        }
    }

    #[test]
    fn a_slow_sender_reaches_the_time_of_one_interchange() {
        let begun = Instant::now();
        let (mut inlet, mut received) = (inlet(begun), BytesMut::from("UNB"));
        let due = inlet.patience(&received, &limits(), begun);
        assert_eq!(due, (begun + Duration::from_secs(60), TurnedAway::IdleSecondsMax));
        let later = begun + Duration::from_secs(50);
        inlet.note_received(&mut received, later);
        let due = inlet.patience(&received, &limits(), later);
        assert_eq!(due, (begun + Duration::from_secs(100), TurnedAway::InterchangeSecondsMax));
    }

    #[test]
    fn line_breaks_do_not_keep_a_connection_alive() {
        let begun = Instant::now();
        let (mut inlet, mut received) = (inlet(begun), BytesMut::from("\r\n"));
        let later = begun + Duration::from_secs(50);
        inlet.note_received(&mut received, later);
        let due = inlet.patience(&received, &limits(), later);
        assert_eq!(due, (begun + Duration::from_secs(60), TurnedAway::IdleSecondsMax));
    }

    #[test]
    fn the_time_of_the_gateway_itself_does_not_count() {
        let begun = Instant::now();
        let (mut inlet, received) = (inlet(begun), BytesMut::from("UNB"));
        inlet.patience(&received, &limits(), begun);
        let later = begun + Duration::from_secs(50);
        inlet.pause(later);
        let due = inlet.patience(&received, &limits(), later);
        assert_eq!(due, (later + Duration::from_secs(60), TurnedAway::IdleSecondsMax));
    }
}
