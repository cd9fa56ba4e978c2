//! A bounded ring from one thread to another, so that passing the objects costs little.

use std::{
    cell::UnsafeCell,
    hint,
    mem::MaybeUninit,
    sync::atomic::{
        AtomicBool, AtomicUsize,
        Ordering::{Acquire, Release},
    },
    thread,
};

use crossbeam_utils::CachePadded;

const SLOTS: usize = 256;
/// The number of objects after which the other side is notified.
const BATCH: usize = 16;

pub struct Ring<T> {
    slots: [UnsafeCell<MaybeUninit<T>>; SLOTS],
    /// The numbers of objects received and sent.
    out: CachePadded<AtomicUsize>,
    into: CachePadded<AtomicUsize>,
    closed: AtomicBool,
}

// SAFETY: a slot belongs to the sender until `into` has passed it, and then to the receiver until
// `out` has passed it.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T> Ring<T> {
    pub fn new() -> Self {
        Self {
            slots: [const { UnsafeCell::new(MaybeUninit::uninit()) }; SLOTS],
            out: CachePadded::new(AtomicUsize::new(0)),
            into: CachePadded::new(AtomicUsize::new(0)),
            closed: AtomicBool::new(false),
        }
    }

    /// Returns the two ends.
    pub fn split(&mut self) -> (Sender<'_, T>, Receiver<'_, T>) {
        let ring: &Self = self;
        (Sender { ring, next: 0, limit: SLOTS }, Receiver { ring, next: 0, limit: 0 })
    }
}

pub struct Sender<'r, T> {
    ring: &'r Ring<T>,
    next: usize,
    limit: usize,
}

impl<T> Sender<'_, T> {
    /// Sends, and waits while the ring is full.
    #[inline]
    pub fn send(&mut self, value: T) {
        while self.next == self.limit {
            self.ring.into.store(self.next, Release);
            self.limit = self.ring.out.load(Acquire) + SLOTS;
            if self.next == self.limit {
                wait();
            }
        }
        // SAFETY: the slot belongs to the sender, because the receiver has passed it.
        unsafe { (*self.ring.slots[self.next % SLOTS].get()).write(value) };
        self.next += 1;
        if self.next.is_multiple_of(BATCH) {
            self.ring.into.store(self.next, Release);
        }
    }
}

impl<T> Drop for Sender<'_, T> {
    fn drop(&mut self) {
        self.ring.into.store(self.next, Release);
        self.ring.closed.store(true, Release);
    }
}

pub struct Receiver<'r, T> {
    ring: &'r Ring<T>,
    next: usize,
    limit: usize,
}

impl<T> Receiver<'_, T> {
    /// Receives the next object, or `None` if all have been received and the sender was dropped.
    #[inline]
    pub fn receive(&mut self) -> Option<T> {
        while self.next == self.limit {
            self.ring.out.store(self.next, Release);
            let closed = self.ring.closed.load(Acquire);
            self.limit = self.ring.into.load(Acquire);
            if self.next == self.limit {
                if closed {
                    return None;
                }
                wait();
            }
        }
        // SAFETY: the sender wrote it, and it is read once.
        let value = unsafe { (*self.ring.slots[self.next % SLOTS].get()).assume_init_read() };
        self.next += 1;
        if self.next.is_multiple_of(BATCH) {
            self.ring.out.store(self.next, Release);
        }
        Some(value)
    }
}

fn wait() {
    (0..64).for_each(|_| hint::spin_loop());
    thread::yield_now();
}
