//! Spare cells that are kept aside (`empties`), and their way from and to the places.

use std::mem::MaybeUninit;

use super::{PrivateOwner, spare, spare_cell, vacant};
use crate::{
    containers::{
        cell::{EmptyCell, List, ObjectCell},
        stock::{BATCH, Batch},
    },
    shard::size::{PLACES, Size},
    sync::Relaxed,
};

impl<T> PrivateOwner<'_, T> {
    /// Moves all spare cells from the slot and the magazine aside.
    pub(crate) fn stow_spares(&self) {
        let private = self.private;
        let (count, spares) = self.counts();
        // bug: spare cell lost when put away
        (count..count + spares).for_each(|i| self.keep_empty(self.place(i)));
        self.set_counts(count, 0);
        if let Some(cell) = spare_cell(private.slot.load(Relaxed)) {
            private.slot.store(vacant(), Relaxed);
            // bug: spare cell of the slot lost when put away
            self.keep_empty(cell);
        }
    }

    /// Moves spare cells that were kept aside to vacant places with units, where [`put`](Self::put)
    /// finds them.
    pub(crate) fn stage_spares(&self) {
        let private = self.private;
        if private.slot.load(Relaxed) == vacant() {
            if let Some(empty) = self.with_empties(List::pop) {
                private.slot.store(spare(empty.into_raw().cast()), Relaxed);
            }
        }
        let (count, mut spares) = self.counts();
        while count + spares < private.lease() {
            let Some(empty) = self.with_empties(List::pop) else { break };
            self.set_place(count + spares, empty.into_raw().cast());
            spares += 1;
        }
        self.set_counts(count, spares);
    }

    /// Takes a spare cell: one that was kept aside, or else one from the slot or the magazine.
    pub(crate) fn pop_empty(&self) -> Option<EmptyCell<T>> {
        self.with_empties(List::pop).or_else(|| {
            self.stow_spares();
            self.with_empties(List::pop)
        })
    }

    /// Keeps an empty cell aside. Returns it if no spare cells of this size are kept.
    pub(crate) fn push_empty(&self, empty: EmptyCell<T>) -> Option<EmptyCell<T>> {
        if Size::<T>::EMPTIES == 0 {
            return Some(empty);
        }
        self.with_empties(|empties| empties.push(empty));
        None
    }

    /// Takes a batch of the spare cells that are kept aside, if there are more than `EMPTIES`: down to
    /// half of that, but no more than `EMPTIES`, nor than a [`Batch`] holds.
    #[inline]
    pub(crate) fn surplus_empties(&self) -> Option<List<MaybeUninit<T>>> {
        self.with_empties(|empties| {
            let len = empties.len();
            let most = Size::<T>::EMPTIES;
            // bug: surplus cells that no batch holds
            (len > most).then(|| empties.split((len - most / 2).min(most).min(BATCH)))
        })
    }

    /// Takes one spare cell from the magazine, or else one that was kept aside. The others stay where
    /// [`put`](Self::put) finds them.
    pub(crate) fn pop_spare(&self) -> Option<EmptyCell<T>> {
        let (count, spares) = self.counts();
        if spares == 0 {
            return self.with_empties(List::pop);
        }
        self.set_counts(count, spares - 1);
        // SAFETY: the place owned the cell, which holds no object, and has given it up.
        Some(unsafe { EmptyCell::from_raw(self.place(count + spares - 1).cast()) })
    }

    /// Keeps spare cells that come from elsewhere: in the magazine, without a look at them, and aside
    /// if there is no room. Leaves `more` empty.
    pub(crate) fn add_spares(&self, more: &mut Batch<T>) {
        let (count, mut spares) = self.counts();
        let room = if self.has_magazine() { PLACES - count - spares } else { 0 };
        for _ in 0..room {
            let Some(empty) = more.pop() else { break };
            self.set_place(count + spares, empty.into_raw().cast());
            spares += 1;
        }
        // bug: spare cells from elsewhere lost
        self.set_counts(count, spares);
        while let Some(empty) = more.pop() {
            self.with_empties(|empties| empties.push(empty));
        }
    }

    /// Returns whether there are no spare cells, except in the slot.
    pub(crate) fn has_no_spares(&self) -> bool {
        self.counts().1 == 0 && self.with_empties(|empties| empties.len() == 0)
    }

    /// Takes all spare cells.
    pub(crate) fn take_empties(&self) -> List<MaybeUninit<T>> {
        self.stow_spares();
        self.with_empties(std::mem::take)
    }

    pub(super) fn keep_empty(&self, cell: *mut ObjectCell<T>) {
        // SAFETY: the slot or a place owned the cell, which holds no object.
        let empty = unsafe { EmptyCell::from_raw(cell.cast()) };
        self.with_empties(|empties| empties.push(empty));
    }

    pub(super) fn with_empties<R>(&self, f: impl FnOnce(&mut List<MaybeUninit<T>>) -> R) -> R {
        // SAFETY: only the owner uses `empties`, and no `f` calls `with_empties`.
        self.private.empties.with_mut(|empties| f(unsafe { &mut *empties }))
    }
}
