//! Whose turn it is: interchanges of many partners on their way to the record, none at the cost of the others.
//!
//! Start with [`Turns::ask`]. Between the stream and the record an interchange has a [`Turn`], from its examination until
//! it is on stable storage. There are so many turns in all, so that the gateway does not grow when the record is slow, and
//! so many for one partner, so that whoever sends without end still finds others' interchanges in front of its own: many as
//! long as it is alone, few beside others. Who has to wait is let in partner by partner, each with about as many bytes in a
//! round (deficit round robin); within a partner the order is that of asking, but that long ones, of which it may have so much
//! in a second beside others, let pass the short ones behind them.

mod share;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::event;
use crate::partner::PartnerId;
use share::{Amount, Flushes, LastAsked, Share, rest_behind};

/// All that may have a turn at one time: as many as the record gathers for one flush. Two of the longest interchanges that
/// can be configured fit in.
const ALL: Amount = Amount { interchanges: 512, bytes: 128 << 20 };

/// Bytes that a waiting partner is let in with in one round.
const QUANTUM_BYTES: usize = 16 << 10;

/// All turns.
#[derive(Debug, Default)]
pub(crate) struct Turns(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    running: Amount,
    /// Only partners that have a turn or wait for one, or rest behind a long one.
    lines: HashMap<PartnerId, Line>,
    /// The partners that wait, in the order in which they are let in; not those of which long ones alone do, aside.
    round: VecDeque<PartnerId>,
    asked: LastAsked,
    flushes: Flushes,
    /// Nobody rests any more.
    is_draining: bool,
}

/// How many bytes wait, and who is told when they are let in.
type Wish = (usize, oneshot::Sender<Turn>);

/// What a partner has, and what it waits for.
#[derive(Debug, Default)]
struct Line {
    /// What has a turn.
    running: Amount,
    /// That of it which is not examined yet.
    unexamined: Amount,
    waiting: VecDeque<Wish>,
    /// Long ones that stand aside until the partner has rested, in front of what waits. Those that nobody waits for any more
    /// stay until then.
    aside: VecDeque<Wish>,
    /// Until when it does, beside others.
    rests_until: Option<Instant>,
    /// Bytes that it may be let in with and was not yet; none when nothing waits.
    deficit: usize,
}

/// The answer to who asks for a turn.
#[derive(Debug)]
pub enum Asked {
    /// It is its turn.
    Granted(Turn),
    /// It has to wait.
    Waiting(Waiting),
}

impl Asked {
    /// Waits for the turn, where it has to be waited for.
    pub async fn granted(self) -> Turn {
        match self {
            Self::Granted(turn) => turn,
            Self::Waiting(waiting) => waiting.await,
        }
    }
}

/// The right to be examined and recorded, given back when it is dropped.
#[derive(Debug)]
pub struct Turn {
    partner: PartnerId,
    bytes: usize,
    /// When it was.
    examined: Option<Instant>,
    turns: Arc<Mutex<Table>>,
}

impl Turn {
    /// One that the table knows of already. When its partner has rested behind it, the next long one is let in.
    fn begin(turns: &Arc<Mutex<Table>>, partner: PartnerId, bytes: usize, rest: Option<Duration>) -> Self {
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            let (turns, partner) = (Arc::clone(turns), partner.clone());
            runtime.spawn(async move {
                sleep(rest).await;
                locked(&turns).bring_back(&partner, Instant::now());
                let_in(&turns);
            });
        }
        Self { partner, bytes, examined: None, turns: Arc::clone(turns) }
    }

    /// It was examined, and goes to the disk: the processors are free for another's, or the partner's next.
    pub(crate) fn note_examined(&mut self) {
        self.examined = Some(Instant::now());
        let mut table = locked(&self.turns);
        if let Some(line) = table.lines.get_mut(&self.partner) {
            line.unexamined.remove(self.bytes);
        }
        let is_awaited = !table.round.is_empty();
        drop(table);
        if is_awaited {
            let_in(&self.turns);
        }
    }

    /// It is on stable storage by a flush that it waited for, and is given back.
    pub(crate) fn note_recorded(self) {
        if let Some(examined) = self.examined {
            let now = Instant::now();
            locked(&self.turns).flushes.note(now.saturating_duration_since(examined), now);
        }
    }
}

/// A turn to come. When it is dropped, nobody waits for it.
#[derive(Debug)]
pub struct Waiting {
    turn: oneshot::Receiver<Turn>,
    _counted: Counted,
}

impl Future for Waiting {
    type Output = Turn;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Turn> {
        match Pin::new(&mut self.turn).poll(context) {
            Poll::Ready(Ok(turn)) => Poll::Ready(turn),
            // Whoever waits is in the table until it is granted, or gone.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Turns {
    /// Asks for a turn for an interchange of so many bytes.
    pub(crate) fn ask(&self, partner: &PartnerId, bytes: usize) -> Asked {
        let (mut table, now) = (locked(&self.0), Instant::now());
        table.asked.note(partner, now);
        table.bring_back(partner, now);
        if table.round.is_empty() && table.has_room(partner, bytes, now) {
            let share = table.share(partner, now);
            table.running.add(bytes);
            let rest = table.lines.entry(partner.clone()).or_default().begin(bytes, share, now);
            drop(table);
            return Asked::Granted(Turn::begin(&self.0, partner.clone(), bytes, rest));
        }
        let (sender, turn) = oneshot::channel();
        let line = table.lines.entry(partner.clone()).or_default();
        let has_waited = !line.waiting.is_empty();
        line.waiting.push_back((bytes, sender));
        if !has_waited {
            table.round.push_back(partner.clone());
        }
        // The others may have to wait for their own turns alone, and this one may not.
        drop(table);
        let_in(&self.0);
        Asked::Waiting(Waiting { turn, _counted: Counted::new() })
    }

    /// From now on nobody rests: what was received is to be answered before the drain is over.
    pub(crate) fn drain(&self) {
        let mut table = locked(&self.0);
        table.is_draining = true;
        let (resting, now) = (table.lines.keys().cloned().collect::<Vec<_>>(), Instant::now());
        resting.iter().for_each(|partner| table.bring_back(partner, now));
        drop(table);
        let_in(&self.0);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut table = locked(&self.turns);
        table.running.remove(self.bytes);
        if let Some(line) = table.lines.get_mut(&self.partner) {
            line.running.remove(self.bytes);
            if self.examined.is_none() {
                line.unexamined.remove(self.bytes);
            }
        }
        table.forget_idle(&self.partner, Instant::now());
        let is_awaited = !table.round.is_empty();
        drop(table);
        if is_awaited {
            let_in(&self.turns);
        }
    }
}

/// Lets in whoever may be. They are told when the table is free again: a turn that nobody takes goes back into it.
fn let_in(turns: &Arc<Mutex<Table>>) {
    let granted = locked(turns).grant(Instant::now());
    for ((partner, rest), (bytes, sender)) in granted {
        drop(sender.send(Turn::begin(turns, partner, bytes, rest)));
    }
}

/// A turn that is granted: whose it is, how long that one rests behind it, and the wish.
type Granted = ((PartnerId, Option<Duration>), Wish);

impl Table {
    /// What a partner may have at one time.
    fn share(&self, partner: &PartnerId, now: Instant) -> Share {
        let share = if self.asked.is_alone(partner, now) { Share::ALONE } else { self.flushes.share() };
        Share { rests: share.rests && !self.is_draining, ..share }
    }

    fn has_room(&self, partner: &PartnerId, bytes: usize, now: Instant) -> bool {
        let most = self.share(partner, now);
        let is_allowed =
            |line: &Line| line.has_room(bytes, most) && !(rest_behind(bytes).is_some() && line.rests(most, now));
        self.running.has_room(bytes, ALL) && self.lines.get(partner).is_none_or(is_allowed)
    }

    /// What stands aside waits again when its partner has rested, or is alone. Whoever is idle then is forgotten.
    fn bring_back(&mut self, partner: &PartnerId, now: Instant) {
        let most = self.share(partner, now);
        if let Some(line) = self.lines.get_mut(partner)
            && !line.rests(most, now)
        {
            let has_waited = !line.waiting.is_empty();
            line.bring_back();
            if !has_waited && !line.waiting.is_empty() {
                self.round.push_back(partner.clone());
            }
        }
        self.forget_idle(partner, now);
    }

    /// A partner that has no turn, waits for none and does not rest is not there.
    fn forget_idle(&mut self, partner: &PartnerId, now: Instant) {
        let is_idle = |line: &Line| {
            line.running.interchanges == 0 && !line.waits() && line.rests_until.is_none_or(|until| until <= now)
        };
        if self.lines.get(partner).is_some_and(is_idle) {
            self.lines.remove(partner);
        }
    }

    /// Goes round until nobody who waits has room: all were looked at in vain since the last one had.
    fn grant(&mut self, now: Instant) -> Vec<Granted> {
        let (mut granted, mut in_vain) = (Vec::new(), 0);
        while in_vain < self.round.len()
            && let Some(partner) = self.round.pop_front()
        {
            let most = self.share(&partner, now);
            let Some(line) = self.lines.get_mut(&partner) else { continue };
            let has_room = line.is_next_allowed(self.running, most, now);
            if has_room {
                line.deficit = line.deficit.saturating_add(QUANTUM_BYTES);
                while line.is_next_allowed(self.running, most, now)
                    && line.waiting.front().is_some_and(|(bytes, _)| *bytes <= line.deficit)
                    && let Some((bytes, sender)) = line.waiting.pop_front()
                {
                    line.deficit -= bytes;
                    let rest = line.begin(bytes, most, now);
                    self.running.add(bytes);
                    granted.push(((partner.clone(), rest), (bytes, sender)));
                }
            }
            if line.waiting.is_empty() {
                line.deficit = 0;
                self.forget_idle(&partner, now);
            } else {
                in_vain = if has_room { 0 } else { in_vain + 1 };
                self.round.push_back(partner);
            }
        }
        granted
    }
}

impl Line {
    /// Whether the next that waits has room. Those that nobody waits for any more are left out.
    fn is_next_allowed(&mut self, all: Amount, most: Share, now: Instant) -> bool {
        let rests = self.rests(most, now);
        if !rests {
            self.bring_back();
        }
        while let Some((bytes, sender)) = self.waiting.front()
            && (sender.is_closed() || (rests && rest_behind(*bytes).is_some()))
        {
            self.aside.extend(self.waiting.pop_front().filter(|(_, sender)| !sender.is_closed()));
        }
        let next = self.waiting.front();
        next.is_some_and(|(bytes, _)| all.has_room(*bytes, ALL) && self.has_room(*bytes, most))
    }

    fn has_room(&self, bytes: usize, most: Share) -> bool {
        self.running.has_room(bytes, most.running) && self.unexamined.has_room(bytes, most.unexamined)
    }

    /// Whether its long ones do.
    fn rests(&self, most: Share, now: Instant) -> bool {
        most.rests && self.rests_until.is_some_and(|until| now < until)
    }

    /// What stands aside waits again, in front of the rest.
    fn bring_back(&mut self) {
        while let Some(first) = self.aside.pop_back() {
            if !first.1.is_closed() {
                self.waiting.push_front(first);
            }
        }
    }

    fn waits(&self) -> bool {
        !(self.waiting.is_empty() && self.aside.is_empty())
    }

    /// One more; how long its partner rests behind it, when it does.
    fn begin(&mut self, bytes: usize, most: Share, now: Instant) -> Option<Duration> {
        self.running.add(bytes);
        self.unexamined.add(bytes);
        let rest = rest_behind(bytes).filter(|_| most.rests);
        self.rests_until = rest.map(|rest| now + rest).or(self.rests_until);
        rest
    }
}

/// An interchange in the gauge, as long as it waits for its turn.
#[derive(Debug)]
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!(event::TURNS_AWAITED).increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!(event::TURNS_AWAITED).decrement(1.0);
    }
}

/// Between lock and release a table is whole.
fn locked(turns: &Mutex<Table>) -> MutexGuard<'_, Table> {
    turns.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::share::{ALONE, ALONE_AFTER, BESIDE_OTHERS, FLUSH};
    use super::*;
    use crate::gateway::intake::LONG_BYTES;

    fn id(name: &str) -> PartnerId {
        PartnerId::new(name).unwrap()
    }

    /// The turns that partners have who asked for so many bytes each, and those who wait.
    fn asked(turns: &Turns, asked: &[(&str, usize)]) -> (Vec<Turn>, Vec<Waiting>) {
        let (mut granted, mut waiting) = (Vec::new(), Vec::new());
        for (partner, bytes) in asked {
            match turns.ask(&id(partner), *bytes) {
                Asked::Granted(turn) => granted.push(turn),
                Asked::Waiting(waits) => match is_granted(waits) {
                    Ok(turn) => granted.push(turn),
                    Err(waits) => waiting.push(waits),
                },
            }
        }
        (granted, waiting)
    }

    fn is_granted(mut waiting: Waiting) -> Result<Turn, Waiting> {
        match Pin::new(&mut waiting).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => Ok(turn),
            Poll::Pending => Err(waiting),
        }
    }

    /// Who would be let in at some moment when a partner's rest may be over.
    fn granted_at(turns: &Turns, partner: &str, now: Instant) -> Vec<Granted> {
        let mut table = locked(&turns.0);
        table.bring_back(&id(partner), now);
        table.grant(now)
    }

    fn names(turns: impl IntoIterator<Item = Turn>) -> Vec<String> {
        turns.into_iter().map(|turn| turn.partner.as_str().to_owned()).collect()
    }

    #[test]
    fn a_partner_has_so_many_turns_and_others_do_not_wait_for_it() {
        let turns = Turns::default();
        let (held, waiting) = asked(&turns, &[("greedy", 1); ALONE.interchanges + 6]);
        assert_eq!((held.len(), waiting.len()), (ALONE.interchanges, 6));
        let (others, _) = asked(&turns, &[("birch", 1), ("maple", 1)]);
        assert_eq!(names(others), ["birch", "maple"]);
    }

    #[test]
    fn beside_others_a_partner_has_few_turns_until_they_were_gone_for_a_while() {
        let turns = Turns::default();
        let (others, _) = asked(&turns, &[("birch", 1)]);
        drop(others);
        let (held, waiting) = asked(&turns, &[("greedy", 1); BESIDE_OTHERS.interchanges + 6]);
        assert_eq!((held.len(), waiting.len()), (BESIDE_OTHERS.interchanges, 6));
        let later = Instant::now() + ALONE_AFTER;
        assert_eq!(locked(&turns.0).grant(later).len(), 6);
    }

    #[test]
    fn on_a_slow_disk_whoever_is_examined_makes_room_for_the_partners_next_one() {
        let turns = Turns::default();
        locked(&turns.0).flushes.note(FLUSH * 3, Instant::now());
        let (_others, _) = asked(&turns, &[("birch", 1)]);
        let most = BESIDE_OTHERS.interchanges;
        let (mut held, mut waiting) = asked(&turns, &vec![("greedy", 1); 3 * most + 1]);
        assert_eq!((held.len(), waiting.len()), (most, 2 * most + 1));
        for _ in 0..2 {
            held.iter_mut().filter(|turn| turn.examined.is_none()).for_each(Turn::note_examined);
            held.extend(waiting.drain(..most).map(|waits| is_granted(waits).unwrap()));
        }
        // As many as a flush of three times that length takes, and no more.
        held.iter_mut().for_each(Turn::note_examined);
        let last = is_granted(waiting.pop().unwrap()).unwrap_err();
        drop(held);
        assert!(is_granted(last).is_ok());
    }

    #[test]
    fn what_was_begun_alone_ends_before_more_begins_beside_others() {
        let turns = Turns::default();
        let (mut held, mut waiting) = asked(&turns, &[("greedy", 1); ALONE.interchanges + 1]);
        let (others, _) = asked(&turns, &[("birch", 1)]);
        held.truncate(BESIDE_OTHERS.interchanges);
        let still = is_granted(waiting.pop().unwrap()).unwrap_err();
        held.pop();
        assert!(is_granted(still).is_ok());
        drop(others);
    }

    #[test]
    fn a_turn_that_is_given_back_is_somebody_elses() {
        let turns = Turns::default();
        let (mut held, waiting) = asked(&turns, &[("greedy", 1); ALONE.interchanges + 2]);
        drop(held.pop());
        let granted: Vec<_> = waiting.into_iter().filter_map(|waiting| is_granted(waiting).ok()).collect();
        assert_eq!(granted.len(), 1);
    }

    #[test]
    fn one_interchange_has_a_turn_however_long_it_is_and_the_next_waits() {
        let turns = Turns::default();
        let (held, waiting) = asked(&turns, &[("greedy", 64 << 20), ("greedy", 1), ("birch", 64 << 10)]);
        assert_eq!((names(held).join(" "), waiting.len()), ("greedy birch".to_owned(), 1));
    }

    #[test]
    fn beside_others_long_ones_rest_behind_one_another_and_short_ones_pass_them() {
        let turns = Turns::default();
        let long = 16 * LONG_BYTES;
        let rest = rest_behind(long).unwrap();
        let (others, _) = asked(&turns, &[("birch", 1)]);
        let (held, waiting) = asked(&turns, &[("greedy", long), ("greedy", long), ("greedy", 7), ("maple", long)]);
        assert_eq!((names(held).join(" "), waiting.len()), ("greedy maple".to_owned(), 2));
        // The first is back, and only the short one goes.
        let mut waiting = waiting.into_iter().map(is_granted);
        let (second, short) = (waiting.next().unwrap().unwrap_err(), waiting.next().unwrap().unwrap());
        drop(short);
        let second = is_granted(second).unwrap_err();
        let (_, third) = asked(&turns, &[("greedy", long)]);
        // Rested, it begins with one of them, and rests again.
        let later = Instant::now() + rest;
        let mut granted = granted_at(&turns, "greedy", later);
        assert!(granted_at(&turns, "greedy", later).is_empty());
        let ((partner, _), (bytes, sender)) = granted.pop().unwrap();
        sender.send(Turn::begin(&turns.0, partner, bytes, None)).unwrap();
        assert!(granted.is_empty());
        drop(is_granted(second).unwrap());
        assert!(granted_at(&turns, "greedy", later).is_empty());
        // Alone it does not.
        assert_eq!(granted_at(&turns, "greedy", later + ALONE_AFTER).len(), 1);
        drop((others, third));
    }

    #[test]
    fn who_rests_is_in_nobodys_way() {
        let turns = Turns::default();
        let (_, waiting) = asked(&turns, &[("birch", 1), ("greedy", 16 * LONG_BYTES), ("greedy", LONG_BYTES)]);
        assert_eq!(waiting.len(), 1);
        // Whether its long one is still waited for or not, nobody else has to go round.
        assert!(matches!(turns.ask(&id("birch"), 1), Asked::Granted(_)));
        drop(waiting);
        assert!(matches!(turns.ask(&id("maple"), LONG_BYTES), Asked::Granted(_)));
        assert!(locked(&turns.0).round.is_empty());
    }

    #[test]
    fn who_went_is_not_taken_for_one_who_waits_in_vain() {
        let turns = Turns::default();
        let (_held, waiting) = asked(&turns, &[("greedy", 1); ALONE.interchanges + 1]);
        drop(waiting);
        let (granted, _) = asked(&turns, &[("birch", 1)]);
        assert_eq!(names(granted), ["birch"]);
    }

    #[test]
    fn nobody_rests_in_a_drain() {
        let turns = Turns::default();
        let long = 16 * LONG_BYTES;
        let _others = asked(&turns, &[("birch", 1)]);
        let (held, mut waiting) = asked(&turns, &[("greedy", long), ("greedy", long), ("greedy", long)]);
        drop(held);
        turns.drain();
        let third = is_granted(waiting.pop().unwrap()).unwrap_err();
        drop(is_granted(waiting.pop().unwrap()).unwrap());
        assert!(is_granted(third).is_ok());
    }

    #[tokio::test]
    async fn who_has_rested_is_let_in_although_nobody_else_comes_or_goes() {
        let turns = Turns::default();
        let (long, begun) = (4 * LONG_BYTES, Instant::now());
        let rest = rest_behind(long).unwrap();
        let _others = asked(&turns, &[("birch", 1)]);
        drop(asked(&turns, &[("greedy", long)]));
        let second = turns.ask(&id("greedy"), long).granted().await;
        assert!(begun.elapsed() >= rest);
        drop(second);
        sleep(rest * 2).await;
        assert!(!locked(&turns.0).lines.contains_key(&id("greedy")));
    }

    #[test]
    fn when_all_turns_are_taken_partners_are_let_in_one_after_another() {
        let turns = Turns::default();
        let partners = 0..=ALL.interchanges / BESIDE_OTHERS.interchanges;
        let everybody: Vec<String> = partners.map(|number| format!("partner-{number}")).collect();
        let all: Vec<_> = everybody.iter().flat_map(|name| [(name.as_str(), 1); BESIDE_OTHERS.interchanges]).collect();
        let (held, _) = asked(&turns, &all);
        assert_eq!(held.len(), ALL.interchanges);
        let half = QUANTUM_BYTES / 2;
        let wishes = [("greedy", half), ("greedy", half), ("greedy", half), ("greedy", half), ("birch", half)];
        let (_, waiting) = asked(&turns, &wishes);
        let mut order = Vec::new();
        let mut waiting: Vec<_> = waiting.into_iter().map(Some).collect();
        for turn in held.into_iter().take(5) {
            drop(turn);
            for place in &mut waiting {
                match place.take().map(is_granted) {
                    Some(Ok(turn)) => {
                        order.push(turn.partner.as_str().to_owned());
                        std::mem::forget(turn);
                    }
                    Some(Err(waits)) => *place = Some(waits),
                    None => {}
                }
            }
        }
        assert_eq!(order, ["greedy", "birch", "greedy", "greedy", "greedy"]);
    }

    #[test]
    fn who_went_is_passed_over_and_nothing_is_left_behind() {
        let turns = Turns::default();
        let (held, mut waiting) = asked(&turns, &[("greedy", 1); ALONE.interchanges + 3]);
        let last = waiting.pop().unwrap();
        drop(waiting);
        drop(held);
        drop(is_granted(last).unwrap());
        let table = locked(&turns.0);
        assert_eq!((table.running, table.lines.len(), table.round.len()), (Amount::default(), 0, 0));
    }
}
