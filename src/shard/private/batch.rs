//! Operations on batches of objects, and on objects below spare cells, which are too rare for the
//! hit path.

use super::{PLACES, PrivateOwner, spare_cell};
use crate::{
    containers::cell::{CellBox, ObjectCell},
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

    /// Keeps an object if a place with a unit has no object, even if spare cells are in the way.
    /// Returns the object otherwise.
    pub(crate) fn push_below_spares(&self, full: CellBox<T>) -> Result<(), CellBox<T>> {
        self.push_on_top(full).or_else(|full| {
            let private = self.private;
            if let Some(cell) = spare_cell(private.slot.load(Relaxed)) {
                self.keep_empty(cell);
                private.slot.store(full.into_raw(), Relaxed);
            } else if private.count() < private.lease() {
                self.insert(full);
            } else {
                return Err(full);
            }
            Ok(())
        })
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
        self.private.magazine.with_mut(|all| {
            // SAFETY: only the owner uses the magazine.
            let all = unsafe { &mut *all };
            // bug: spare cells overwritten by a batch
            all.copy_within(count..count + spares, end);
            all[count..end].copy_from_slice(batch);
        });
        self.set_counts(end, spares);
    }

    /// Copies the pointers to the `into.len()` oldest objects of the magazine. The magazine still
    /// owns the objects: the caller must [remove](Self::remove_oldest) those that it takes.
    pub(crate) fn copy_oldest(&self, into: &mut [*mut ObjectCell<T>]) {
        // SAFETY: only the owner uses the magazine.
        self.private.magazine.with(|all| into.copy_from_slice(unsafe { &(&*all)[..into.len()] }));
    }

    /// Removes the `gone` oldest objects, which the caller has moved elsewhere.
    pub(crate) fn remove_oldest(&self, gone: usize) {
        let (count, spares) = self.counts();
        // SAFETY: only the owner uses the magazine.
        self.private
            .magazine
            .with_mut(|all| unsafe { &mut *all }.copy_within(gone..count + spares, 0));
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
}
