//! The search for an idle object that no other thread keeps private.

use std::ptr;

use super::core::{Core, Pinned};
use crate::{
    collect::collect::undisturbed,
    containers::cell::{CellBox, List, ObjectCell},
    seat::seat::Seat,
    shard::{counters::Found, shard::Shard, size::MAX_BATCH},
    sync::Relaxed,
};

/// How many contended bits a search visits in each generation before it gives up. A bit is
/// contended if its shards hold something, but other threads were quicker to take it. If the shards
/// hold nothing, the search clears the bit, so each mark costs one visit.
const PROBES: usize = 8;

impl<T> Core<T> {
    /// Searches for an idle object that no other thread keeps private: in the thread's own shard, in
    /// other shards, on the shelf, among the victims. Counts what it finds.
    pub(crate) fn take(&self, seat: Option<&Seat>) -> Option<CellBox<T>> {
        if let Some(pinned) = &self.pin(seat) {
            let full = self.take_pinned(pinned);
            if full.is_some() || self.has_nothing(pinned.shard) {
                return full;
            }
        }
        let (found, full) = self.search_others(seat);
        if full.is_some() {
            self.count(seat, &|counters| counters.for_result(found));
        }
        full
    }

    /// Takes an object from the owner's own shard.
    fn take_pinned(&self, pinned: &Pinned<'_, T>) -> Option<CellBox<T>> {
        let full = pinned.owner.pop(&self.quota);
        self.mark(pinned);
        full
    }

    /// Takes an object from the seat's own shard, which a search could not look into, because another
    /// thread had claimed the seat.
    pub(super) fn take_missed(&self, seat: Option<&Seat>) -> Option<CellBox<T>> {
        let seat = seat?;
        let missed = |shard: &Shard<T>| !shard.private.is_empty();
        // After a search that could look there is nothing.
        if !self.shard(seat, &self.seats.read(Some(seat))).is_some_and(missed) {
            return None;
        }
        undisturbed(seat, || self.pin(Some(seat)).and_then(|pinned| self.take_pinned(&pinned)))
    }

    /// Searches where the owner has not looked yet, in this order: the chains of all shards, the
    /// seat's own first; the shelf; the victims.
    fn search_others(&self, seat: Option<&Seat>) -> (Found, Option<CellBox<T>>) {
        let generation = self.generation.load(Relaxed);
        let (found, full) = self.steal(seat, generation);
        if full.is_some() {
            return (found, full);
        }
        if let Some(full) = self.shelf.pop() {
            // bug: unit lost at the shelf
            self.quota.release(1);
            return (Found::ShelfOrOwnTail, Some(full));
        }
        // bug: victims before the shelf
        match self.take_victim(seat, generation.wrapping_add(1)) {
            None => (Found::Nothing, None),
            full => (Found::Victim, full),
        }
    }

    /// Steals objects from a chain of this parity, and returns one of them. The others go to the
    /// thief's shard, or to the shelf.
    fn steal(&self, seat: Option<&Seat>, parity: u32) -> (Found, Option<CellBox<T>>) {
        let mut batch = [ptr::null_mut(); MAX_BATCH];
        let batch = &mut batch[..self.quota.batch()];
        let Some((own, count)) =
            self.visit_from_random(seat, parity, |shard| shard.steal(parity, batch))
        else {
            return (Found::Nothing, None);
        };
        let (&first, more) =
            batch[..count].split_first().expect("a successful steal takes at least one object");
        self.keep_loot(seat, more);
        // SAFETY: the steal made it ours.
        let full = Some(unsafe { CellBox::from_raw(first) });
        (if own { Found::ShelfOrOwnTail } else { Found::Steal }, full)
    }

    /// Stores what a thief got besides the object that it returns, whose unit is given back.
    pub(super) fn keep_loot(&self, seat: Option<&Seat>, more: &[*mut ObjectCell<T>]) {
        let mut magazine = None;
        let wants = |pinned: &Pinned<'_, T>| {
            let wants = pinned.owner.wants_magazine_for_loot(&self.quota);
            self.mark(pinned);
            wants
        };
        if !more.is_empty() && self.pin(seat).as_ref().is_some_and(wants) {
            magazine = self.new_magazine();
        }
        let kept = match self.pin(seat) {
            Some(pinned) => {
                pinned.add_magazine(&mut magazine, &self.quota);
                let kept = pinned.owner.keep_loot(more, &self.quota);
                self.mark(&pinned);
                kept
            }
            // bug: units of stolen objects lost
            None => {
                self.quota.release(1);
                0
            }
        };
        let mut rest = List::new();
        // SAFETY: the steal made them ours, and the thief's shard has not kept them.
        more[kept..].iter().for_each(|&cell| rest.push(unsafe { CellBox::from_raw(cell) }));
        // bug: leftovers of a steal dropped
        self.shelf.append(rest);
    }

    /// Takes one victim. The others that were found stay victims, so that only what is used lives
    /// on.
    fn take_victim(&self, seat: Option<&Seat>, parity: u32) -> Option<CellBox<T>> {
        let found = self.visit_from_random(seat, parity, |shard| shard.steal_victims(parity));
        let (_, mut got) = found.unwrap_or((false, List::new()));
        let full = got.pop().or_else(|| self.shelf.pop_aged());
        // bug: victims lost with the one that is used; victims become primary
        self.shelf.append_aged(got);
        self.quota.release(usize::from(full.is_some()));
        full
    }

    /// Calls `visit` on shards that may hold something until it returns something: first on the
    /// seat's own shard, then on the others, starting at a random one. Also returns whether the
    /// result came from the seat's own shard.
    fn visit_from_random<R>(
        &self,
        seat: Option<&Seat>,
        parity: u32,
        mut visit: impl FnMut(&Shard<T>) -> Option<R>,
    ) -> Option<(bool, R)> {
        let may_hold = |shard: &Shard<T>| shard.may_hold(parity);
        if self.with_own(seat, may_hold) != Some(true) && self.map.is_unmarked(parity) {
            return None;
        }
        // Over the whole search: collectors free shards, even the seat's own.
        let reading = &self.seats.read(seat);
        if let Some(got) = seat.and_then(|seat| self.shard(seat, reading)).and_then(&mut visit) {
            return Some((true, got));
        }
        let random = seat.map_or(0, Seat::random) as usize;
        let mut probes = PROBES;
        for bit in self.map.marked(parity, random) {
            // bug: one of several shards of a bit searched
            if let Some(got) = self.shards_of_bit(bit, reading).find_map(&mut visit) {
                return Some((false, got));
            }
            let holds = || self.shards_of_bit(bit, reading).any(|shard| shard.holds(parity));
            if !self.map.unmark(parity, bit, holds) {
                probes -= 1;
                if probes == 0 {
                    break;
                }
            }
        }
        None
    }
}
