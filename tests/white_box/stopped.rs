//! Threads that a signal stops inside an operation, as a debugger does, or a machine with more
//! threads than cores. The signal must arrive while a thread is pinned, which only private items
//! can show.

use std::{
    cell::Cell,
    hint::spin_loop,
    iter,
    marker::PhantomData,
    ptr,
    sync::{
        Once, OnceLock,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{AcqRel, Acquire, Relaxed, Release},
        },
    },
    thread,
};

use super::{
    Done, Patience,
    chain::Own,
    fences::strategies,
    objects::{Cells, Item},
    ring::Shared,
    test_pool::TestPool,
};
use crate::{
    containers::{
        cell::CellBox,
        ring::{Ring, Steal},
    },
    seat::{fence::FenceKind, seat::Seat},
    shard::owner::PushError,
    sync::pin_epoch,
};

/// The states of a thread that can be stopped.
const RUNNING: usize = 0;
const TO_STOP: usize = 1;
const STOPPED: usize = 2;

/// A thread that can be stopped while it has entered this.
struct Stop {
    /// Its id, which is a pointer on some systems.
    thread: OnceLock<usize>,
    state: AtomicUsize,
}

thread_local! {
    /// The `Stop` that this thread has entered, or null. It has no destructor, so the handler can
    /// read it at any time.
    static ENTERED: Cell<*const Stop> = const { Cell::new(ptr::null()) };
}

/// Does not return until the thread is released.
extern "C" fn handler(_: libc::c_int) {
    // SAFETY: the values set there are borrowed meanwhile.
    let Some(stop) = (unsafe { ENTERED.get().as_ref() }) else { return };
    if stop.state.compare_exchange(TO_STOP, STOPPED, AcqRel, Relaxed).is_ok() {
        while stop.state.load(Acquire) == STOPPED {
            // SAFETY: sleeps for a millisecond; handlers may call it.
            unsafe { libc::poll(ptr::null_mut(), 0, 1) };
        }
    }
}

/// While this guard lives, the thread may be stopped.
struct Entered<'a>(PhantomData<&'a Stop>);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        ENTERED.set(ptr::null());
    }
}

impl Stop {
    fn new() -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            // SAFETY: the handler does nothing that a handler must not do.
            let before = unsafe { libc::signal(libc::SIGUSR2, handler as *const () as usize) };
            assert_ne!(before, libc::SIG_ERR);
        });
        Self { thread: OnceLock::new(), state: AtomicUsize::new(RUNNING) }
    }

    fn enter(&self) -> Entered<'_> {
        // SAFETY: the call returns the caller's id.
        self.thread.get_or_init(|| unsafe { libc::pthread_self() } as usize);
        ENTERED.set(self);
        Entered(PhantomData)
    }

    /// Runs `f` while the thread is stopped, at any point.
    fn during<R>(&self, f: impl FnOnce() -> R) -> R {
        /// Releases the thread, even after a panic.
        struct GoOn<'a>(&'a Stop);

        impl Drop for GoOn<'_> {
            fn drop(&mut self) {
                self.0.state.store(RUNNING, Release);
            }
        }

        let (patience, _go_on) = (Patience::new(), GoOn(self));
        self.state.store(TO_STOP, Release);
        while self.state.load(Acquire) != STOPPED {
            if let Some(&thread) = self.thread.get() {
                // SAFETY: tests join the thread after this call.
                let killed = unsafe { libc::pthread_kill(thread as _, libc::SIGUSR2) };
                assert_eq!(killed, 0);
            }
            patience.wait();
        }
        f()
    }
}

/// The number of objects that a thread holds.
const HAND: usize = 40;

/// Keeps using all parts of a shard: takes objects out and puts them back. The thread can be
/// stopped while it is pinned.
fn use_shard(pool: &TestPool, seat: &Seat, stop: &Stop, done: &AtomicBool) {
    let (mut hand, mut ring) = (Vec::<CellBox<Item>>::with_capacity(HAND), None);
    pool.fill(Some(seat), 5);
    while !done.load(Acquire) {
        pool.catch_up(Some(seat));
        let (shard, quota) = (pool.shard(seat).unwrap(), &pool.core.quota);
        // SAFETY: this thread's seat, and its only pin.
        let Some(pin) = (unsafe { seat.pin_fast().or_else(|| seat.pin()) }) else { continue };
        let entered = stop.enter();
        // SAFETY: pinned.
        let owner = unsafe { shard.owner() };
        // Nothing here allocates or frees: if the thread were stopped in the allocator, others
        // would wait for it.
        let mut slots = None;
        while let Some(full) = hand.pop() {
            full.get().release();
            match owner.push(full, 0, quota, &mut ring) {
                Ok(()) => {}
                Err(PushError::NeedsRing(mut full, wanted)) => {
                    full.get_mut().hold();
                    hand.push(full);
                    slots = Some(wanted);
                    break;
                }
                Err(_) => unreachable!("there is no bound, no thief, and a magazine"),
            }
        }
        if slots.is_none() {
            hand.extend(iter::from_fn(|| owner.pop(quota)).take(HAND));
            hand.iter_mut().for_each(|full| full.get_mut().hold());
        }
        drop(entered);
        drop(pin);
        if let Some(slots) = slots {
            ring = Ring::try_new(slots);
        } else if hand.len() < HAND {
            // Collectors have dropped objects.
            pool.fill(Some(seat), 50);
        }
    }
    hand.into_iter().for_each(|full| pool.discard(full));
}

/// Returns the owner-only state of a shard: its generation, and the number of objects of that
/// generation.
fn primary(pool: &TestPool, seat: &Seat) -> (u32, usize) {
    let shard = pool.shard(seat).unwrap();
    // SAFETY: the owner is stopped, so no other thread uses the owner's part.
    let generation = unsafe { shard.owner() }.generation();
    let aged = shard.shared.aged_len.load(Relaxed);
    let victims = shard.chain(generation.wrapping_add(1)).len();
    (generation, shard.idle() - aged - victims)
}

/// Collectors do not wait for a thread that is stopped while pinned, and leave its shard alone.
/// They collect everything else. Later the thread does the missed work.
fn stop_while_pinned(fence_kind: FenceKind) {
    let pool = TestPool::new(fence_kind, usize::MAX);
    let (own, stop, done) = (pool.join(), Stop::new(), AtomicBool::new(false));
    thread::scope(|scope| {
        let (pool, stop, done) = (&pool, &stop, &done);
        let seat = pool.join();
        scope.spawn(|| use_shard(pool, seat, stop, done));
        let _done = Done(done);
        for round in 0..100 {
            pool.fill(Some(own), 30);
            stop.during(|| {
                let before = primary(pool, seat);
                let left = pool.idle() - before.1;
                let gone: usize = (0..2 + round % 3).map(|_| pool.collect()).sum();
                assert!(seat.is_late(), "the collector did not skip the seat");
                assert_eq!((gone, primary(pool, seat)), (left, before));
                assert_eq!(pool.idle(), before.1);
            });
            let patience = Patience::new();
            while seat.is_late() {
                patience.wait();
            }
        }
    });
    let late: usize = (0..2).map(|_| pool.collect()).sum();
    assert_eq!((pool.idle(), late), (0, late));
}

#[test]
#[cfg_attr(miri, ignore = "Miri delivers no signals")]
fn a_thread_stopped_while_pinned_holds_up_nobody() {
    strategies().for_each(stop_while_pinned);
}

/// A thread is stopped inside a chain, where it may be reading any ring. It blocks no other thread,
/// and later finds its ring unchanged, even if many rings were created and freed meanwhile.
#[test]
#[cfg_attr(miri, ignore = "Miri delivers no signals")]
fn a_thief_stopped_in_an_epoch_holds_up_nobody() {
    /// A ring that only the thief reads.
    struct View(*const Ring<usize>);
    // SAFETY: the ring is shared, as rings are.
    unsafe impl Send for View {}

    let (cells, chain) = (Cells::new(24), Own::new());
    let first = Ring::starting_at(8, 1).unwrap();
    let view = View(&raw const *first);
    chain.head().grow(first);
    assert_eq!(chain.push(&cells.cells), [16]);
    let (stop, done, mut rings) = (Stop::new(), AtomicBool::new(false), Vec::new());
    thread::scope(|scope| {
        let (stop, done) = (&stop, &done);
        scope.spawn(move || {
            let View(ring) = { view };
            let guard = pin_epoch();
            let entered = stop.enter();
            while !done.load(Acquire) {
                spin_loop();
            }
            drop(entered);
            // SAFETY: the thief was pinned before the ring was unlinked.
            let ring = unsafe { &*ring };
            assert_eq!((ring.slots(), ring.len()), (8, 0));
            assert!((0..8).all(|index| ring.slot(index).load(Relaxed).is_null()));
            assert_eq!(ring.steal(&mut [ptr::null_mut()]), Steal::Empty);
            drop(guard);
        });
        let _done = Done(done);
        stop.during(|| {
            assert_eq!(cells.numbers(&chain.drain()), (0..24).collect::<Vec<_>>());
            // Enough rings for the epoch to advance, if it could.
            for _ in 0..500 {
                let other = Own::new();
                other.head().grow(Ring::try_new(8).unwrap());
                other.head().shrink();
            }
            // These would reuse the memory of a freed ring.
            rings.extend((0..100).map(|_| Shared::new(8, 77)));
            let pushed = rings.iter().map(|ring| ring.head().push(&cells.cells[..8]));
            assert_eq!(pushed.sum::<usize>(), 800);
        });
    });
}
