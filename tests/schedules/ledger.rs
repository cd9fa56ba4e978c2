//! Objects that check their own use, and the counts that are kept of them.
//!
//! The counts are not part of a schedule: no thread switch happens while they are updated.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::panicking,
};

use crate::sync::UnsafeCell;

/// The ledger of one pool.
pub(super) struct Ledger {
    bound: usize,
    books: Mutex<Books>,
}

#[derive(Default)]
pub(super) struct Books {
    objects: Vec<State>,
    /// Puts that have been accepted, less objects that have come out.
    pub(super) kept: isize,
    /// Searches, and those that are under way.
    pub(super) searches: u64,
    searching: isize,
    /// Steps of ageing that were begun, and those of them that were done.
    begun: usize,
    done: usize,
    /// Threads that age pools, until they have dropped the garbage.
    sweeping: usize,
    closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Held,
    /// Idle since this number of ageing steps was done.
    Idle(usize),
    /// About to be dropped by its holder.
    Discarded,
    Gone,
}

impl Ledger {
    pub(super) fn new(bound: usize) -> Arc<Self> {
        Arc::new(Self { bound, books: Mutex::default() })
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new object, held.
    pub(super) fn item(self: &Arc<Self>) -> Item {
        let mut books = self.books();
        books.objects.push(State::Held);
        let id = books.objects.len() - 1;
        Item { id, ledger: Arc::clone(self), uses: UnsafeCell::new(0) }
    }

    /// Does a search, which may bring an object.
    pub(super) fn search<R>(&self, search: impl FnOnce() -> Option<R>) -> Option<R> {
        self.books().searching += 1;
        let found = search();
        let mut books = self.books();
        books.searching -= 1;
        books.searches += 1;
        books.kept -= isize::from(found.is_some());
        found
    }

    /// An object was put. What others have put is more than the pool may hold only if a search or a
    /// collect has taken something out.
    pub(super) fn kept(&self) {
        let mut books = self.books();
        books.kept += 1;
        let least = usize::try_from(books.kept - books.searching).unwrap_or(0);
        assert!(books.sweeping > 0 || least <= self.bound, "more idle objects than the bound");
    }

    /// Under the registry's lock: `steps` steps of ageing begin.
    pub(super) fn ageing_begins(&self, steps: usize) {
        let mut books = self.books();
        books.begun += steps;
        books.sweeping += 1;
    }

    /// Under the registry's lock: they are done.
    pub(super) fn ageing_ends(&self) {
        let mut books = self.books();
        books.done = books.begun;
    }

    /// What they left has been dropped.
    pub(super) fn sweep_ends(&self) {
        self.books().sweeping -= 1;
    }

    /// From here on the pool may drop its objects.
    pub(super) fn close(&self) {
        self.books().closed = true;
    }

    /// Nothing is left and nothing was lost.
    pub(super) fn assert_settled(&self) {
        let books = self.books();
        assert_eq!(books.sweeping, 0);
        assert_eq!(books.searching, 0);
        assert!(books.objects.iter().all(|&state| state == State::Gone), "an object was lost");
    }
}

/// An object with one holder at a time, who sees what the one before it did.
pub(super) struct Item {
    id: usize,
    ledger: Arc<Ledger>,
    uses: UnsafeCell<usize>,
}

// SAFETY: `Item` is made to find out whether this holds.
unsafe impl Send for Item {}

impl Item {
    /// The caller holds it from here on.
    pub(super) fn hold(&self) {
        self.step(|state, _| matches!(state, State::Idle(_)).then_some(State::Held));
        self.touch();
    }

    /// Its holder is about to put it.
    pub(super) fn release(&self) {
        self.touch();
        self.step(|state, books| (state == State::Held).then_some(State::Idle(books.done)));
    }

    /// Its holder is about to drop it.
    pub(super) fn discard(&self) {
        self.step(|state, _| (state == State::Held).then_some(State::Discarded));
    }

    fn step(&self, next: impl FnOnce(State, &mut Books) -> Option<State>) {
        let mut books = self.ledger.books();
        let state = books.objects[self.id];
        let next = next(state, &mut books);
        let begun = books.begun;
        books.objects[self.id] =
            next.unwrap_or_else(|| panic!("an object that is {state:?} after {begun} steps"));
    }

    fn touch(&self) {
        // SAFETY: the holder is alone; the cell finds out.
        self.uses.with_mut(|uses| unsafe { *uses += 1 });
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        if panicking() {
            return;
        }
        self.touch();
        self.step(|state, books| {
            let may = match state {
                State::Discarded => true,
                // What is idle survives one step of ageing and goes at the second.
                State::Idle(done) => books.closed || books.begun - done >= 2,
                State::Held | State::Gone => false,
            };
            books.kept -= isize::from(state != State::Discarded);
            may.then_some(State::Gone)
        });
    }
}
