//! Where an object that comes back is stored, and spare cells.

use std::mem::MaybeUninit;

use super::core::Core;
use crate::{
    containers::{
        cell::{CellBox, EmptyCell, List},
        ring::Ring,
        stock::Batch,
    },
    seat::seat::Seat,
    shard::owner::{Owner, PushError},
    trace,
};

impl<T> Core<T> {
    /// Stores an object in a pool that does not weigh, as [`put_weighed`](Self::put_weighed) does.
    #[cfg(any(test, corepool_fuzzing))]
    pub(crate) fn put(&self, seat: Option<&Seat>, full: CellBox<T>) -> Result<(), CellBox<T>> {
        self.put_weighed(seat, full, 0)
    }

    /// Stores an object of this weight in the seat's shard, or else on the shelf. The weight is ignored
    /// in a pool that does not weigh. If the pool is at its bound, returns the object as the error.
    pub(crate) fn put_weighed(
        &self,
        seat: Option<&Seat>,
        mut full: CellBox<T>,
        weight: usize,
    ) -> Result<(), CellBox<T>> {
        let (mut ring, mut magazine) = (None, None);
        loop {
            let Some(pinned) = self.pin(seat) else {
                return self.shelve_weighed(full, weight);
            };
            pinned.add_magazine(&mut magazine, &self.quota);
            let pushed = pinned.owner.push(full, weight, &self.quota, &mut ring);
            self.mark(&pinned);
            // bug: spare cells of passed objects without a bound
            let surplus = pinned.owner.private().surplus_empties();
            // bug: drop inside the pin
            drop(pinned);
            self.add_to_stock(surplus);
            let slots = match pushed {
                Ok(()) => return Ok(()),
                Err(PushError::AtLimit(full)) => return Err(full),
                Err(PushError::Full(full)) => return self.shelve_weighed(full, weight),
                Err(PushError::NeedsRing(back, slots)) => {
                    full = back;
                    slots
                }
                Err(PushError::NeedsMagazine(back)) => {
                    magazine = self.new_magazine();
                    if magazine.is_none() {
                        // bug: object without a magazine lost
                        return self.shelve_weighed(back, weight);
                    }
                    full = back;
                    continue;
                }
            };
            ring = Ring::try_new(slots);
            trace::note_ring(self.name(), slots);
            if ring.is_none() {
                // bug: object without a ring lost
                return self.shelve_weighed(full, weight);
            }
        }
    }

    /// Gives up the weight that a shard has reserved and does not use, before its private objects go
    /// elsewhere.
    pub(crate) fn unreserve(&self, owner: &Owner<'_, T>) {
        if let Some(limit) = &self.weight_limit {
            owner.private().unreserve(limit);
        }
    }

    /// Stores an object on the shelf, where every thread finds it. If the pool is at its bound,
    /// returns the object as the error.
    pub(crate) fn shelve(&self, full: CellBox<T>) -> Result<(), CellBox<T>> {
        if self.quota.lease(1) == 0 {
            return Err(full);
        }
        self.shelf.push(full);
        Ok(())
    }

    /// Stores an object of this weight on the shelf, as [`shelve`](Self::shelve) does.
    fn shelve_weighed(&self, full: CellBox<T>, weight: usize) -> Result<(), CellBox<T>> {
        let Some(limit) = &self.weight_limit else { return self.shelve(full) };
        if !limit.add(weight) {
            return Err(full);
        }
        // bug: weight lost when there is no unit
        self.shelve(full).inspect_err(|_| limit.sub(weight))
    }

    /// Stores a value in a spare cell, without allocating memory, in a pool that does not weigh. Returns
    /// the value as the error if there is no spare cell, or no place for it.
    pub(crate) fn put_value(&self, seat: Option<&Seat>, value: T) -> Result<(), T> {
        let value = match self.put_in_spare(seat, value) {
            Err(value) if self.restock(seat) => value,
            result => return result,
        };
        self.put_in_spare(seat, value)
    }

    /// Stores a value in a spare cell of the seat's shard.
    fn put_in_spare(&self, seat: Option<&Seat>, value: T) -> Result<(), T> {
        let Some(pinned) = self.pin(seat) else { return Err(value) };
        let private = pinned.owner.private();
        private.stage_spares();
        let Err(value) = private.put(value) else { return Ok(()) };
        let Some(empty) = private.pop_spare() else { return Err(value) };
        let pushed = pinned.owner.push(empty.fill(value), 0, &self.quota, &mut None);
        self.mark(&pinned);
        pushed.map_err(|error| {
            let (value, empty) = error.into_object().take_value();
            // Kept: it was one of the shard's.
            let _none = private.push_empty(empty);
            value
        })
    }

    /// Returns whether the seat has a shard without spare cells.
    fn is_out_of_cells(&self, seat: Option<&Seat>) -> bool {
        self.pin(seat).is_some_and(|pinned| pinned.owner.private().has_no_spares())
    }

    /// Takes spare cells from the stock, if the seat's shard has none. Returns whether it has some
    /// then.
    fn restock(&self, seat: Option<&Seat>) -> bool {
        if self.stock.is_empty() || !self.is_out_of_cells(seat) {
            return false;
        }
        let Some(mut batch) = self.stock.take() else { return false };
        match self.pin(seat) {
            Some(pinned) => pinned.owner.private().add_spares(&mut batch),
            None => return false,
        }
        true
    }

    /// Takes the value out of an object. Its cell is kept as a spare one.
    pub(crate) fn take_value(&self, seat: Option<&Seat>, full: CellBox<T>) -> T {
        let (value, empty) = full.take_value();
        self.push_empty(seat, empty);
        value
    }

    /// As [`take_value`](Self::take_value), for an object that leaves the pool for good.
    pub(crate) fn detach_value(&self, seat: Option<&Seat>, full: CellBox<T>) -> T {
        // bug: detached object counted as outstanding
        self.left.add(1);
        self.take_value(seat, full)
    }

    /// Takes a spare cell out of the seat's shard, and leaves the others where values are put.
    pub(crate) fn pop_spare(&self, seat: Option<&Seat>) -> Option<EmptyCell<T>> {
        self.pin(seat).and_then(|shard| shard.owner.private().pop_spare())
    }

    /// Takes a spare cell out of the seat's shard.
    pub(crate) fn pop_empty(&self, seat: Option<&Seat>) -> Option<EmptyCell<T>> {
        self.pin(seat).and_then(|shard| shard.owner.private().pop_empty())
    }

    /// Keeps a cell as a spare one, or frees it. If the seat's shard has too many, half of them go to
    /// the stock.
    pub(crate) fn push_empty(&self, seat: Option<&Seat>, empty: EmptyCell<T>) {
        let (mut empty, mut surplus) = (Some(empty), None);
        if let Some(pinned) = self.pin(seat) {
            empty = empty.and_then(|empty| pinned.owner.private().push_empty(empty));
            // bug: spare cells without a bound
            surplus = pinned.owner.private().surplus_empties();
        }
        drop(empty);
        self.add_to_stock(surplus);
    }

    /// Gives the spare cells of which a shard has too many to the stock. Those for which it has no
    /// place are freed.
    fn add_to_stock(&self, surplus: Option<List<MaybeUninit<T>>>) {
        drop(surplus.and_then(Batch::try_new).and_then(|batch| self.stock.add(batch)));
    }
}
