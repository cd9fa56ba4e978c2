//! What the ways of a hit leave out: objects under spare cells, and objects by the batch.

use super::{PLACES, SPARE, spare_cell};
use crate::{
    cell::{Cell, Full},
    owner::Owner,
    sync::Relaxed,
};

impl<T> Owner<'_, T> {
    /// As `pop_private`, also from under spare cells.
    pub(crate) fn pop_under(&self) -> Option<Full<T>> {
        self.pop_private().or_else(|| {
            let (count, spares) = self.magazine();
            let top = count.checked_sub(1)?;
            let cell = self.place(top);
            self.set_place(top, self.place(top + spares));
            self.private().load.store(top + SPARE * spares, Relaxed);
            self.count_hit();
            // SAFETY: the place owned it, and does no more.
            Some(unsafe { Full::from_raw(cell) })
        })
    }

    /// As `push_private`, also under spare cells.
    pub(crate) fn push_under(&self, full: Full<T>) -> Result<(), Full<T>> {
        self.push_private(full).or_else(|full| {
            let private = self.private();
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

    /// Puts an object on top of the others. There is a place for it.
    pub(crate) fn insert(&self, full: Full<T>) {
        let (count, spares) = self.make_room(1);
        // bug: spare cell overwritten by one object
        self.set_place(count + spares, self.place(count));
        self.set_place(count, full.into_raw());
        self.private().load.store(count + 1 + SPARE * spares, Relaxed);
    }

    /// Lets `fill` put up to `most` objects on top of the others, and tell how many.
    pub(crate) fn fill(
        &self,
        most: usize,
        fill: impl FnOnce(&mut [*mut Cell<T>]) -> usize,
    ) -> usize {
        let (count, spares) = self.make_room(most);
        let filled = self.with_places(|all| {
            let (from, to) = (count, count + most);
            // bug: spare cells overwritten by a batch
            all.copy_within(from..from + spares, to);
            let filled = fill(&mut all[from..to]);
            all.copy_within(to..to + spares, from + filled);
            filled
        });
        self.private().load.store(count + filled + SPARE * spares, Relaxed);
        filled
    }

    /// Lets `empty` take some of the `most` oldest objects, and tell how many.
    pub(crate) fn empty_oldest(
        &self,
        most: usize,
        empty: impl FnOnce(&[*mut Cell<T>]) -> usize,
    ) -> usize {
        let (count, spares) = self.magazine();
        let gone = self.with_places(|all| {
            let gone = empty(&all[..most]);
            all.copy_within(gone..count + spares, 0);
            gone
        });
        self.private().load.store(count - gone + SPARE * spares, Relaxed);
        gone
    }

    /// As `magazine`, once there are not too many spare cells for so many more objects.
    fn make_room(&self, more: usize) -> (usize, usize) {
        let (count, mut spares) = self.magazine();
        while count + spares + more > PLACES {
            spares -= 1;
            self.keep_empty(self.place(count + spares));
        }
        (count, spares)
    }

    fn with_places<R>(&self, f: impl FnOnce(&mut [*mut Cell<T>; PLACES]) -> R) -> R {
        // SAFETY: the owner's alone, and no `f` comes here again.
        self.private().magazine.with_mut(|all| f(unsafe { &mut *all }))
    }
}
