//! Spare cells, where they are not at hand.

use std::mem::MaybeUninit;

use super::{SPARE, spare, spare_cell, vacant};
use crate::{
    cell::{Cell, Empty, List},
    owner::Owner,
    shard::Size,
    sync::Relaxed,
};

impl<T> Owner<'_, T> {
    /// Moves spare cells out of the way of objects.
    pub(crate) fn put_away(&self) {
        let private = self.private();
        let (count, spares) = self.magazine();
        // bug: spare cell lost when put away
        (count..count + spares).for_each(|i| self.keep_empty(self.place(i)));
        private.load.store(count, Relaxed);
        if let Some(cell) = spare_cell(private.slot.load(Relaxed)) {
            private.slot.store(vacant(), Relaxed);
            // bug: spare cell of the slot lost when put away
            self.keep_empty(cell);
        }
    }

    /// Moves cells to where `put` finds them.
    pub(crate) fn lay_out(&self) {
        let private = self.private();
        if private.slot.load(Relaxed) == vacant() {
            if let Some(empty) = self.with_empties(List::pop) {
                private.slot.store(spare(empty.into_raw().cast()), Relaxed);
            }
        }
        let (count, mut spares) = self.magazine();
        while count + spares < private.lease() {
            let Some(empty) = self.with_empties(List::pop) else { break };
            self.set_place(count + spares, empty.into_raw().cast());
            spares += 1;
        }
        private.load.store(count + SPARE * spares, Relaxed);
    }

    pub(crate) fn pop_empty(&self) -> Option<Empty<T>> {
        self.with_empties(List::pop).or_else(|| {
            self.put_away();
            self.with_empties(List::pop)
        })
    }

    /// Keeps a cell without an object, if there is room for one more.
    pub(crate) fn push_empty(&self, empty: Empty<T>) -> Option<Empty<T>> {
        self.with_empties(|empties| {
            if empties.len() >= Size::<T>::EMPTIES {
                return Some(empty);
            }
            empties.push(empty);
            None
        })
    }

    /// Spare cells beyond those for which there is room.
    #[inline]
    pub(crate) fn surplus_empties(&self) -> Option<List<MaybeUninit<T>>> {
        self.with_empties(|empties| {
            let surplus = empties.len().saturating_sub(Size::<T>::EMPTIES);
            (surplus > 0).then(|| {
                let mut list = List::new();
                (0..surplus).filter_map(|_| empties.pop()).for_each(|empty| list.push(empty));
                list
            })
        })
    }

    /// All cells without an object.
    pub(crate) fn take_empties(&self) -> List<MaybeUninit<T>> {
        self.put_away();
        self.with_empties(|empties| std::mem::replace(empties, List::new()))
    }

    pub(super) fn keep_empty(&self, cell: *mut Cell<T>) {
        // SAFETY: the slot or a place owned it, and it holds no object.
        let empty = unsafe { Empty::from_raw(cell.cast()) };
        self.with_empties(|empties| empties.push(empty));
    }

    pub(super) fn with_empties<R>(&self, f: impl FnOnce(&mut List<MaybeUninit<T>>) -> R) -> R {
        // SAFETY: the owner's alone, and no `f` comes here again.
        self.private().empties.with_mut(|empties| f(unsafe { &mut *empties }))
    }
}
