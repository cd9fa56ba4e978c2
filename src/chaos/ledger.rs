//! Who holds the objects of all pools, and the memory of objects that have come back.
//!
//! There is one ledger in the process, behind a lock that is taken in chaos mode only. It is held for the
//! length of these functions, which call no user code. A fork holds it, too.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    block::Block,
    dice,
    misuse::{Misuse, report},
    run,
};
use crate::util::fork_lock::ForkLock;

/// Of how many blocks a pool keeps the last, and of how many bytes at most. It keeps two in any case: an
/// object, and its buffer.
const BLOCKS: usize = 32;
const BYTES: usize = 256 << 10;

static BOOK: Mutex<Book> = Mutex::new(Book::new());

/// The lock's guard, while a thread forks.
static HELD: ForkLock<MutexGuard<'static, Book>> = ForkLock::new();

struct Book {
    /// What is known of objects, by their addresses. An entry may outlive its object, until another object has
    /// the address.
    objects: BTreeMap<usize, Entry>,
    /// The memory of objects that have come back, by the number of the pool.
    blocks: BTreeMap<usize, Blocks>,
}

/// What is known of an object.
#[derive(Clone, Copy, Debug)]
struct Entry {
    pool: usize,
    state: State,
    /// The number of the thread that did what has led to the state.
    by: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a guard.
    Lent,
    /// It has left its guard by `into_raw`.
    Raw,
    /// In a pool, with this fingerprint.
    Idle(Option<u64>),
    /// Moved elsewhere or dropped when it came back. Its memory is kept in a block.
    Gone,
}

/// The blocks of one pool, and which threads have put them back.
#[derive(Default)]
struct Blocks {
    queue: VecDeque<(Block, usize)>,
    bytes: usize,
}

impl Book {
    const fn new() -> Self {
        Self { objects: BTreeMap::new(), blocks: BTreeMap::new() }
    }

    fn lock() -> MutexGuard<'static, Self> {
        BOOK.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a block of this pool, and drops the oldest ones.
    fn add_block(&mut self, pool: usize, block: Block, by: usize) {
        let blocks = self.blocks.entry(pool).or_default();
        blocks.bytes += block.len();
        blocks.queue.push_back((block, by));
        while blocks.queue.len() > BLOCKS || blocks.bytes > BYTES && blocks.queue.len() > 2 {
            let Some((oldest, _)) = blocks.queue.pop_front() else { break };
            blocks.bytes -= oldest.len();
            // The address may be that of another object from now on.
            self.objects.remove(&oldest.address());
        }
    }

    /// Returns the misuse that a block of this pool shows, and leaks the block: it may be written to again.
    fn changed_block(&mut self, pool: usize) -> Option<Misuse> {
        let blocks = self.blocks.get_mut(&pool)?;
        let changed = |(at, (block, _)): (usize, &(Block, usize))| Some((at, block.changed()?));
        let (at, byte) = blocks.queue.iter().enumerate().find_map(changed)?;
        let (block, by) = blocks.queue.remove(at)?;
        blocks.bytes -= block.len();
        let part = block.part;
        std::mem::forget(block);
        Some(Misuse::Written { part, byte, by })
    }
}

/// What is known of an idle object that was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Whether the thread that has found it has put it.
    pub(crate) is_own: bool,
    /// The fingerprint that it was put with.
    pub(crate) fingerprint: Option<u64>,
    by: usize,
}

/// The part of the ledger that is about one pool.
#[derive(Clone, Copy)]
pub(crate) struct Ledger {
    /// The number of the pool.
    pub(super) id: usize,
    pub(super) name: &'static str,
    /// What its objects are.
    pub(super) objects: &'static str,
}

impl Ledger {
    /// Notes that the calling thread has got the object at `address` in a guard.
    pub(crate) fn lend(self, address: usize) {
        self.note(address, State::Lent);
    }

    /// Notes that the calling thread has put the object at `address` into the pool.
    pub(crate) fn put(self, address: usize, fingerprint: Option<u64>) {
        self.note(address, State::Idle(fingerprint));
    }

    fn note(self, address: usize, state: State) {
        let by = dice::thread();
        Book::lock().objects.insert(address, Entry { pool: self.id, state, by });
    }

    /// Forgets an object that the calling thread has found at `address`. Returns what was known of it.
    pub(crate) fn find(self, address: usize) -> Known {
        let here = dice::thread();
        match Book::lock().objects.remove(&address) {
            Some(Entry { state: State::Idle(fingerprint), by, .. }) => {
                Known { is_own: by == here, fingerprint, by }
            }
            // Put before the run, or ahead of time.
            _ => Known { is_own: true, fingerprint: None, by: here },
        }
    }

    /// Notes that the object of a guard comes back. Returns false, instead of a panic, if it cannot while the
    /// thread is panicking.
    ///
    /// # Panics
    ///
    /// If it has come back before.
    #[must_use = "it must be forgotten if it has come back before"]
    pub(crate) fn end_loan(self, address: usize) -> bool {
        let misuse = {
            let mut book = Book::lock();
            match book.objects.get(&address).copied() {
                // bug: second way back overlooked
                Some(Entry { state: State::Idle(_) | State::Gone, by, .. }) => {
                    Some(Misuse::GivenBack { by })
                }
                // Lent before the run, if there is no entry.
                _ => {
                    book.objects.remove(&address);
                    None
                }
            }
        };
        misuse.inspect(|misuse| self.report(misuse)).is_none()
    }

    /// Notes that the object at `address` leaves its guard by `into_raw`.
    pub(crate) fn part(self, address: usize) {
        self.note(address, State::Raw);
    }

    /// Notes that the object at `address` is in a guard again.
    ///
    /// # Panics
    ///
    /// If there is another guard, if it has come back before, or if another pool has lent it.
    pub(crate) fn rejoin(self, address: usize) {
        let misuse = {
            let book = Book::lock();
            book.objects.get(&address).and_then(|entry| {
                let by = entry.by;
                match entry.state {
                    // bug: second guard overlooked
                    State::Lent => Some(Misuse::Held { by }),
                    State::Idle(_) | State::Gone => Some(Misuse::GivenBack { by }),
                    // bug: guard of another pool's object
                    State::Raw => (entry.pool != self.id).then_some(Misuse::Foreign { by }),
                }
            })
        };
        misuse.inspect(|misuse| self.report(misuse));
        self.lend(address);
    }

    /// Keeps the memory of something that the calling thread has put back. If it was an object, its
    /// address is remembered.
    pub(crate) fn keep(self, block: Block) {
        let by = dice::thread();
        let mut book = Book::lock();
        let entry = Entry { pool: self.id, state: State::Gone, by };
        book.objects.insert(block.address(), entry);
        book.add_block(self.id, block, by);
    }

    /// Looks at the memory of the objects that have come back to the pool.
    ///
    /// # Panics
    ///
    /// If something has been written there.
    pub(crate) fn check(self) {
        let misuse = Book::lock().changed_block(self.id);
        misuse.inspect(|misuse| self.report(misuse));
    }

    /// Reports that an idle object has changed.
    pub(crate) fn report_change(self, object: Known) {
        self.report(&Misuse::Changed { by: object.by });
    }

    #[cold]
    fn report(self, misuse: &Misuse) {
        let pool = match self.name {
            "" => format!("a pool of {}", self.objects),
            name => format!("the pool `{name}`"),
        };
        report(misuse, &pool, dice::thread());
    }

    /// Forgets the pool.
    pub(super) fn end(self) {
        if self.id == 0 || run::number() == 0 {
            return;
        }
        let mut book = Book::lock();
        book.objects.retain(|_, entry| entry.pool != self.id);
        let blocks = book.blocks.remove(&self.id);
        drop(book);
        drop(blocks);
    }
}

/// Locks the ledger until [`unlock_after_fork`].
///
/// # Safety
///
/// The caller holds the registry's lock until it has called `unlock_after_fork`.
pub(crate) unsafe fn lock_for_fork() {
    // SAFETY: the registry's lock excludes other forks.
    unsafe {
        HELD.hold(Book::lock());
        run::lock_for_fork();
    }
}

/// # Safety
///
/// Called by the thread that has called [`lock_for_fork`], or by its copy in the child.
pub(crate) unsafe fn unlock_after_fork() {
    // SAFETY: the caller's promise.
    unsafe {
        run::unlock_after_fork();
        drop(HELD.release());
    }
}
