//! The current run: its seed, and its threads.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use crate::util::fork_lock::ForkLock;

static THREADS: Mutex<Threads> =
    Mutex::new(Threads { seed: 0, names: Vec::new(), namesakes: BTreeMap::new() });

/// The number of the current run. The first is 1. Written under the lock.
static RUN: AtomicUsize = AtomicUsize::new(0);

/// The lock's guard, while a thread forks.
static HELD: ForkLock<MutexGuard<'static, Threads>> = ForkLock::new();

/// The threads of a run.
struct Threads {
    seed: u64,
    /// The names of all threads, as messages show them. Kept from one run to the next.
    names: Vec<String>,
    /// How many threads of this run have the name. Those without one have an empty one.
    namesakes: BTreeMap<String, u64>,
}

/// The place of a thread in a run.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The number of the run.
    pub(super) run: usize,
    /// The number of the thread.
    pub(super) thread: usize,
    /// The state of its generator.
    pub(super) state: u64,
}

impl Place {
    /// That of a thread that has been in no run.
    pub(super) const NONE: Self = Self { run: 0, thread: 0, state: 0 };
}

fn threads() -> MutexGuard<'static, Threads> {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins a run with this seed.
pub(super) fn begin(seed: u64) {
    let mut threads = threads();
    threads.seed = seed;
    threads.namesakes.clear();
    RUN.store(RUN.load(Relaxed).wrapping_add(1).max(1), Relaxed);
}

/// Returns the number of the current run, or 0 before the first.
pub(super) fn number() -> usize {
    RUN.load(Relaxed)
}

pub(super) fn seed() -> u64 {
    threads().seed
}

/// Returns the name of a thread, for messages.
pub(super) fn name_of(thread: usize) -> String {
    threads().names.get(thread).cloned().unwrap_or_default()
}

/// Returns the place of the calling thread, which has none in this run.
pub(super) fn new_place() -> Place {
    let current = thread::current();
    let name = current.name().unwrap_or_default();
    let shown = if name.is_empty() { format!("{:?}", current.id()) } else { format!("`{name}`") };
    let mut threads = threads();
    let namesakes = threads.namesakes.entry(name.to_owned()).or_default();
    *namesakes += 1;
    let state = start(threads.seed, name, threads.namesakes[name]);
    let known = threads.names.iter().position(|other| *other == shown);
    let thread = known.unwrap_or(threads.names.len());
    if known.is_none() {
        threads.names.push(shown);
    }
    Place { run: number(), thread, state }
}

/// Returns where the generator of a thread starts: of the thread with this name that is the `nth` to have it.
fn start(seed: u64, name: &str, nth: u64) -> u64 {
    // bug: all threads decide alike
    name.bytes().fold(mix(seed ^ mix(nth)), |state, byte| mix(state ^ u64::from(byte)))
}

/// The output function of SplitMix64: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
pub(super) fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Locks the threads of the run until [`unlock_after_fork`].
///
/// # Safety
///
/// The caller holds the registry's lock until it has called `unlock_after_fork`.
pub(super) unsafe fn lock_for_fork() {
    // SAFETY: the registry's lock excludes other forks.
    unsafe { HELD.hold(threads()) };
}

/// # Safety
///
/// Called by the thread that has called [`lock_for_fork`], or by its copy in the child.
pub(super) unsafe fn unlock_after_fork() {
    // SAFETY: the caller's promise.
    drop(unsafe { HELD.release() });
}
