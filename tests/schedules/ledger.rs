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
    /// Objects that were put and accepted, minus objects that were found.
    pub(super) kept: isize,
    /// Searches that have ended, and those in progress.
    pub(super) searches: u64,
    searching: isize,
    /// Ageing steps that have begun, and those that have ended.
    begun: usize,
    done: usize,
    /// Threads that age pools, until they have dropped the pending objects.
    sweeping: usize,
    closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Held,
    /// Idle since the time when this number of ageing steps had ended.
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

    /// Runs a search, which may return an object.
    pub(super) fn search<R>(&self, search: impl FnOnce() -> Option<R>) -> Option<R> {
        self.books().searching += 1;
        let found = search();
        let mut books = self.books();
        books.searching -= 1;
        books.searches += 1;
        books.kept -= isize::from(found.is_some());
        found
    }

    /// An object was put. The count may exceed the bound only while a search or a collect holds
    /// objects that it has taken out.
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

    /// Under the registry's lock: the steps have ended.
    pub(super) fn ageing_ends(&self) {
        let mut books = self.books();
        books.done = books.begun;
    }

    /// The pending objects of the steps have been dropped.
    pub(super) fn sweep_ends(&self) {
        self.books().sweeping -= 1;
    }

    /// From here on the pool may drop its objects.
    pub(super) fn close(&self) {
        self.books().closed = true;
    }

    /// Checks that no object is left and none was lost.
    pub(super) fn assert_settled(&self) {
        let books = self.books();
        assert_eq!(books.sweeping, 0);
        assert_eq!(books.searching, 0);
        assert!(books.objects.iter().all(|&state| state == State::Gone), "an object was lost");
    }
}

/// An object with one holder at a time, which sees the writes of the previous one.
pub(super) struct Item {
    id: usize,
    ledger: Arc<Ledger>,
    uses: UnsafeCell<usize>,
}

// SAFETY: `Item` checks whether this holds.
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
        // SAFETY: one thread holds the item; the cell checks this.
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
                // An idle object survives one ageing step and is dropped by the second.
                State::Idle(done) => books.closed || books.begun - done >= 2,
                State::Held | State::Gone => false,
            };
            books.kept -= isize::from(state != State::Discarded);
            may.then_some(State::Gone)
        });
    }
}
