//! The strongest simple design: a slot of the thread's own, and behind it stacks under locks, each
//! in a cache line of its own.
//!
//! No other thread reaches the object in a slot, and no memory is ever freed.

use std::{
    cell::{Cell, UnsafeCell},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use crossbeam_utils::CachePadded;

use crate::{
    pool::{Lender, Store},
    things::Thing,
};

/// Further threads have no slot.
const SLOTS: usize = 64;

/// A pool of objects, or of boxes.
pub struct Striped<T> {
    slots: Vec<CachePadded<UnsafeCell<Option<T>>>>,
    stripes: Vec<CachePadded<Stripe<T>>>,
}

struct Stripe<T> {
    /// The length of the stack: a hint, written under the lock.
    length: AtomicUsize,
    stack: Mutex<Vec<T>>,
}

// SAFETY: a slot is used by the one thread that has its seat.
unsafe impl<T: Send> Sync for Striped<T> {}

impl<T> Striped<T> {
    fn new() -> Self {
        let stripes = thread::available_parallelism().map_or(4, |n| n.get()) * 4;
        let stripe = || Stripe { length: AtomicUsize::new(0), stack: Mutex::new(Vec::new()) };
        Self {
            slots: (0..SLOTS).map(|_| CachePadded::new(UnsafeCell::new(None))).collect(),
            stripes: (0..stripes).map(|_| CachePadded::new(stripe())).collect(),
        }
    }

    /// Returns the slot of a seat. Only the thread that holds the seat may use it, and one use at a
    /// time.
    #[inline(always)]
    fn slot(&self, seat: usize) -> Option<*mut Option<T>> {
        Some(self.slots.get(seat)?.get())
    }

    #[inline(always)]
    fn put(&self, object: T) {
        let seat = seat();
        if let Some(slot) = self.slot(seat) {
            // SAFETY: the seat is this thread's.
            let slot = unsafe { &mut *slot };
            if slot.is_none() {
                *slot = Some(object);
                return;
            }
        }
        self.put_far(seat, object);
    }

    #[inline(never)]
    fn put_far(&self, seat: usize, object: T) {
        let stripe = &self.stripes[seat % self.stripes.len()];
        let mut stack = stripe.stack.lock().unwrap();
        stack.push(object);
        stripe.length.store(stack.len(), Relaxed);
    }

    #[inline(always)]
    fn take(&self) -> Option<T> {
        let seat = seat();
        // SAFETY: the seat is this thread's.
        let near = self.slot(seat).and_then(|slot| unsafe { (*slot).take() });
        near.or_else(|| self.take_far(seat))
    }

    #[inline(never)]
    fn take_far(&self, seat: usize) -> Option<T> {
        let stripes = self.stripes.len();
        (0..stripes).find_map(|i| {
            let stripe = &self.stripes[(seat + i) % stripes];
            if stripe.length.load(Relaxed) == 0 {
                return None;
            }
            // It does not wait for the locks of other threads' stacks.
            let mut stack =
                if i == 0 { stripe.stack.lock().ok()? } else { stripe.stack.try_lock().ok()? };
            let object = stack.pop();
            stripe.length.store(stack.len(), Relaxed);
            object
        })
    }
}

impl<T: Thing> Store for Striped<T> {
    type Object = T;

    const NAME: &'static str = "striped mutexes";

    fn new() -> Self {
        Striped::new()
    }

    #[inline(always)]
    fn put(&self, object: T) {
        Striped::put(self, object);
    }

    #[inline(always)]
    fn take(&self) -> Option<T> {
        Striped::take(self)
    }
}

/// The same with boxes, so that only pointers move.
pub struct Boxed<T>(Striped<Box<T>>);

impl<T: Thing> Lender for Boxed<T> {
    type Loan<'a> = Box<T>;
    type Object = T;

    const NAME: &'static str = "striped mutexes, boxes";

    fn new() -> Self {
        Self(Striped::new())
    }

    #[inline(always)]
    fn get(&self) -> Box<T> {
        self.0.take().unwrap_or_else(|| Box::new(T::make()))
    }

    #[inline(always)]
    fn object(loan: &mut Box<T>) -> &mut T {
        loan
    }

    #[inline(always)]
    fn back(&self, loan: Box<T>) {
        self.0.put(loan);
    }
}

const UNSEATED: usize = usize::MAX;

thread_local! {
    static SEAT: Cell<usize> = const { Cell::new(UNSEATED) };
    static LEASE: Lease = Lease(take_seat());
}

/// Whether each seat is taken.
static SEATS: Mutex<Vec<bool>> = Mutex::new(Vec::new());

fn take_seat() -> usize {
    let mut seats = SEATS.lock().unwrap();
    let seat = seats.iter().position(|taken| !taken).unwrap_or(seats.len());
    if seat == seats.len() {
        seats.push(false);
    }
    seats[seat] = true;
    seat
}

/// Gives the seat back when the thread ends.
struct Lease(usize);

impl Drop for Lease {
    fn drop(&mut self) {
        // From now on the thread has no slot.
        SEAT.set(UNSEATED - 1);
        SEATS.lock().unwrap()[self.0] = false;
    }
}

#[inline(always)]
fn seat() -> usize {
    match SEAT.get() {
        UNSEATED => sit(),
        seat => seat,
    }
}

#[cold]
fn sit() -> usize {
    let seat = LEASE.with(|lease| lease.0);
    SEAT.set(seat);
    seat
}
