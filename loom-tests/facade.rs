//! The model half of the facade in `src/sync.rs`.

use std::{
    ops::Deref,
    sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst},
};

pub(crate) use loom::{
    cell::UnsafeCell,
    hint::spin_loop,
    sync::{Mutex, MutexGuard},
};

use crate::ring::Ring;

/// Limits and sizes shrink.
pub(crate) const fn limit(_real: usize, model: usize) -> usize {
    model
}

pub(crate) const fn scaled(_real: usize, small: usize) -> usize {
    small
}

loom::lazy_static! {
    static ref TURN: loom::sync::atomic::AtomicUsize = loom::sync::atomic::AtomicUsize::new(0);
    static ref PINNED: AtomicUsize = AtomicUsize::new(0);
}

/// A point at which any other thread may come in.
///
/// The checker leaves orders out that it takes for equal, and to know them it remembers the last
/// access of a location only: a thread that loads before it stores hides the loads of others from
/// its own store. A relaxed read-modify-write of one location that all threads share orders nothing
/// and is never left out.
fn turn() {
    TURN.fetch_add(1, Relaxed);
}

/// Wraps an atomic so that each access of it is a [`turn`].
macro_rules! atomic {
    ($Name:ident $(<$T:ident>)?, $Value:ty) => {
        #[derive(Debug)]
        pub(crate) struct $Name $(<$T>)? (loom::sync::atomic::$Name $(<$T>)?);

        impl $(<$T>)? $Name $(<$T>)? {
            pub(crate) fn new(value: $Value) -> Self {
                Self(loom::sync::atomic::$Name::new(value))
            }
        }

        impl $(<$T>)? Deref for $Name $(<$T>)? {
            type Target = loom::sync::atomic::$Name $(<$T>)?;

            fn deref(&self) -> &Self::Target {
                turn();
                &self.0
            }
        }
    };
}

atomic!(AtomicBool, bool);
atomic!(AtomicU32, u32);
atomic!(AtomicUsize, usize);
atomic!(AtomicPtr<T>, *mut T);

impl AtomicUsize {
    /// As the checker's own, with a turn between load and exchange.
    pub(crate) fn fetch_update(
        &self,
        set: Ordering,
        fetch: Ordering,
        mut f: impl FnMut(usize) -> Option<usize>,
    ) -> Result<usize, usize> {
        let mut now = self.load(fetch);
        while let Some(next) = f(now) {
            match self.compare_exchange(now, next, set, fetch) {
                Ok(before) => return Ok(before),
                Err(other) => now = other,
            }
        }
        Err(now)
    }
}

pub(crate) fn fence(order: Ordering) {
    turn();
    loom::sync::atomic::fence(order);
}

/// A fence pair of which one side is heavy acts as two read-modify-writes of one location that
/// belongs to the seat: they are totally ordered and each sees what came before the other. Two
/// light sides belong to different seats, so they order nothing, as on the hardware.
#[derive(Debug)]
pub(crate) struct Token(Option<AtomicUsize>);

impl Token {
    /// `asymmetric: false` takes the token away, so that the SeqCst fences stand alone.
    pub(crate) fn new(asymmetric: bool) -> Self {
        Self(asymmetric.then(|| AtomicUsize::new(0)))
    }

    pub(crate) fn light(&self) {
        self.heavy();
    }

    pub(crate) fn heavy(&self) {
        if let Some(token) = &self.0 {
            token.fetch_add(1, AcqRel);
        }
    }
}

/// The tokens do it.
pub(crate) fn membarrier() {}

/// The lifetime of what is reclaimed: making and freeing are writes that the checker sees, every use
/// is a read.
#[derive(Debug)]
pub(crate) struct Life(UnsafeCell<()>);

impl Life {
    pub(crate) fn new() -> Self {
        let life = Self(UnsafeCell::new(()));
        life.0.with_mut(|_| ());
        life
    }

    pub(crate) fn alive(&self) {
        self.0.with(|_| ());
    }
}

/// A stand-in for epochs that frees as early as the rules allow: at the retirement itself, if
/// nobody else is pinned. The fences are those of the real one.
pub(crate) fn pin() -> Guard {
    PINNED.fetch_add(1, Relaxed);
    fence(SeqCst);
    Guard
}

#[derive(Debug)]
pub(crate) struct Guard;

impl Guard {
    /// # Safety
    ///
    /// As for the real one: unlinked, and retired once.
    pub(crate) unsafe fn retire<T>(&self, ring: *mut Ring<T>) {
        fence(SeqCst);
        // Two ways: alone, and the ring goes now; or not, and it is left for ever.
        if PINNED.load(Acquire) == 1 {
            // SAFETY: the memory stays, so that a use of it is the checker's to find.
            let ring = unsafe { &*ring };
            ring.life().0.with_mut(|_| ());
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        PINNED.fetch_sub(1, Release);
    }
}
