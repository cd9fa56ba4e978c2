//! Operations that move objects, and are too rare for the hit path.

use std::mem;

use super::{PrivateOwner, Refused, is_object, spare_cell, vacant};
use crate::{
    containers::{
        cell::{CellBox, List, ObjectCell},
        quota::Quota,
    },
    shard::size::PLACES,
    sync::Relaxed,
};

impl<T> PrivateOwner<'_, T> {
    /// Pops an object as [`pop`](Self::pop) does, but also from below spare cells.
    pub(crate) fn pop_below_spares(&self) -> Option<CellBox<T>> {
        self.pop().or_else(|| {
            let (count, spares) = self.counts();
            let top = count.checked_sub(1)?;
            let cell = self.place(top);
            self.set_place(top, self.place(top + spares));
            self.set_counts(top, spares);
            self.count_hit();
            // SAFETY: the place owned the cell, and has given it up.
            Some(unsafe { CellBox::from_raw(cell) })
        })
    }

    /// Keeps an object, even if spare cells are in the way. The caller has [opened](Self::open_place) a
    /// place.
    pub(super) fn push_below_spares(&self, full: CellBox<T>) {
        let Err(full) = self.push_on_top(full) else { return };
        let slot = &self.private.slot;
        if let Some(cell) = spare_cell(slot.load(Relaxed)) {
            self.keep_empty(cell);
            slot.store(full.into_raw(), Relaxed);
        } else {
            self.insert(full);
        }
    }

    /// Puts an object on top of the others. The caller has checked that there is a place.
    pub(crate) fn insert(&self, full: CellBox<T>) {
        let (count, spares) = self.make_room(1);
        // bug: spare cell overwritten by one object
        self.set_place(count + spares, self.place(count));
        self.set_place(count, full.into_raw());
        self.set_counts(count + 1, spares);
    }

    /// Puts a batch of objects on top of the others, the last one uppermost. The caller has checked
    /// that there are enough places.
    pub(crate) fn insert_batch(&self, batch: &[*mut ObjectCell<T>]) {
        let (count, spares) = self.make_room(batch.len());
        let end = count + batch.len();
        // bug: spare cells overwritten by a batch
        (count..count + spares).rev().for_each(|i| self.set_place(i + batch.len(), self.place(i)));
        batch.iter().enumerate().for_each(|(i, &cell)| self.set_place(count + i, cell));
        self.set_counts(end, spares);
        self.note_batch(batch);
    }

    /// Copies the pointers to the `into.len()` oldest objects of the magazine. The magazine still
    /// owns the objects: the caller must [remove](Self::remove_oldest) those that it takes.
    pub(crate) fn copy_oldest(&self, into: &mut [*mut ObjectCell<T>]) {
        into.iter_mut().enumerate().for_each(|(i, cell)| *cell = self.place(i));
    }

    /// Removes the `gone` oldest objects, which the caller has moved elsewhere.
    pub(crate) fn remove_oldest(&self, gone: usize) {
        let (count, spares) = self.counts();
        (gone..count + spares).for_each(|i| self.set_place(i - gone, self.place(i)));
        self.forget_oldest(gone, count);
        self.set_counts(count - gone, spares);
    }

    /// Moves spare cells aside until `more` objects fit. Returns the numbers of objects and of
    /// spare cells in the magazine.
    fn make_room(&self, more: usize) -> (usize, usize) {
        let (count, mut spares) = self.counts();
        while count + spares + more > PLACES {
            spares -= 1;
            self.keep_empty(self.place(count + spares));
        }
        (count, spares)
    }

    /// Keeps an object. Leases units for more places if necessary. The caller has
    /// [enabled](Self::enable) the private part if possible.
    pub(crate) fn push(
        &self,
        full: CellBox<T>,
        quota: &Quota,
    ) -> Result<(), (Refused, CellBox<T>)> {
        match self.open_place(quota) {
            Ok(()) => self.push_below_spares(full),
            Err(refused) => return Err((refused, full)),
        }
        Ok(())
    }

    /// Takes all private objects, with their units. Releases the other units, and closes all places.
    pub(crate) fn take_all(&self, quota: &Quota) -> List<T> {
        self.stow_spares();
        let private = self.private;
        let (units, mut all) = (private.units(), List::new());
        for i in 0..private.count() {
            // SAFETY: the place owned the cell, and gives it up below.
            all.push(unsafe { CellBox::from_raw(self.place(i)) });
        }
        self.set_counts(0, 0);
        let slot = private.slot.load(Relaxed);
        if is_object(slot) {
            private.slot.store(vacant(), Relaxed);
            // SAFETY: the slot owned the cell, and has given it up.
            all.push(unsafe { CellBox::from_raw(slot) });
        }
        // bug: units given back twice
        quota.release(units - all.len());
        // bug: places stay open after a collect
        self.close();
        self.forget_reservation();
        all
    }

    /// Takes all private objects, with their units, since another thread wants them or the units.
    /// Disables the private part.
    pub(crate) fn recall(&self, quota: &Quota) -> List<T> {
        let all = self.take_all(quota);
        self.private.evidence.disable(all.len() > 0);
        all
    }

    /// Leaks everything in the private part, in a child process after a fork: another thread may
    /// have been changing it at the fork.
    pub(crate) fn abandon(&self) {
        self.with_empties(|empties| mem::forget(mem::take(empties)));
        self.set_counts(0, 0);
        self.close();
        // What is still reserved stays in the pool's sum, as the weight of leaked objects does.
        self.forget_reservation();
    }
}
