//! Timers, and what sysmon sleeps on.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use super::{context, sched::Sched, shared::Shared};
use crate::sync::{AtomicBool, Condvar, Mutex, Relaxed, SeqCst, fence, lock::lock, wait_timeout};

/// A timer's deadline, and a number that tells those with the same one apart.
type Key = (Instant, u64);

pub(crate) struct Clock {
    state: Mutex<Face>,
    rung: Condvar,
    /// Sysmon sleeps, or is about to, until somebody winds the clock.
    stands: AtomicBool,
}

#[derive(Default)]
struct Face {
    timers: BTreeMap<Key, Waker>,
    last: u64,
    rings: bool,
    /// When sysmon looks at the timers next. `None` while it is awake, or if it is not going to.
    next: Option<Instant>,
    stopped: bool,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), rung: Condvar::new(), stands: AtomicBool::new(false) }
    }

    /// Wakes sysmon.
    pub(crate) fn ring(&self) {
        lock(&self.state).rings = true;
        self.rung.notify_one();
    }

    /// A P has become active: sysmon has something to watch.
    pub(crate) fn wind(&self) {
        // Pairs with the one in `stand`.
        fence(SeqCst);
        if self.stands.load(Relaxed) {
            self.ring();
        }
    }

    /// Sysmon is about to sleep for long, and may if nothing is active now. Either a P that becomes
    /// active is seen here, or the clock is seen to stand by `wind`.
    pub(crate) fn stand(&self, sched: &Sched) -> bool {
        self.stands.store(true, Relaxed);
        // Pairs with the one in `wind`.
        fence(SeqCst);
        let may = sched.active() == 0;
        self.stands.store(may, Relaxed);
        may
    }

    /// Whether somebody has wound it, and sysmon does not know yet.
    #[cfg(test)]
    #[allow(dead_code, reason = "for the models")]
    pub(crate) fn rings(&self) -> bool {
        lock(&self.state).rings
    }

    pub(crate) fn go_on(&self) {
        self.stands.store(false, Relaxed);
    }

    /// Sleeps so long, or until it rings or a timer is due. Returns those that are.
    pub(crate) fn sleep(&self, limit: Duration) -> Vec<Waker> {
        let mut face = lock(&self.state);
        let now = Instant::now();
        if !face.rings {
            let until = face.timers.keys().next().map_or(now + limit, |key| key.0.min(now + limit));
            face.next = Some(until);
            let left = until.saturating_duration_since(now);
            if !left.is_zero() {
                face = wait_timeout(&self.rung, face, Some(left)).0;
            }
            face.next = None;
        }
        face.rings = false;
        let later = face.timers.split_off(&(Instant::now(), u64::MAX));
        std::mem::replace(&mut face.timers, later).into_values().collect()
    }

    /// No timer will be due any more. Returns those that there are.
    pub(crate) fn stop(&self) -> Vec<Waker> {
        let mut face = lock(&self.state);
        face.stopped = true;
        std::mem::take(&mut face.timers).into_values().collect()
    }

    /// Enters a timer, or renews it.
    fn set(&self, at: Instant, key: &mut Option<Key>, waker: &Waker) -> Result<(), Stopped> {
        let waker = waker.clone();
        let mut face = lock(&self.state);
        if face.stopped {
            return Err(Stopped);
        }
        let key = *key.get_or_insert_with(|| {
            face.last += 1;
            (at, face.last)
        });
        let before = face.timers.insert(key, waker);
        let early = face.next.is_some_and(|next| at < next);
        face.rings |= early;
        drop(face);
        if early {
            self.rung.notify_one();
        }
        drop(before);
        Ok(())
    }

    fn clear(&self, key: Key) {
        let waker = lock(&self.state).timers.remove(&key);
        drop(waker);
    }
}

struct Stopped;

/// Waits: see [`sleep`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Sleep {
    at: Option<Instant>,
    key: Option<Key>,
    shared: Option<Arc<Shared>>,
}

/// Waits for so long at least, without blocking the thread.
///
/// The timer is the runtime's that polls the future first; a stuck worker does not delay it. What
/// ends too far away to be told ends never.
///
/// # Panics
///
/// When polled, if the calling thread belongs to no runtime (is no worker, and not inside
/// [`block_on`](super::Runtime::block_on)), or if the timer's runtime has been shut down; but not in a
/// task of that runtime, which is dropped after that poll.
///
/// # Examples
///
/// ```
/// use corepool::rt::{self, Runtime};
/// use std::time::{Duration, Instant};
///
/// let start = Instant::now();
/// Runtime::new()?.block_on(rt::sleep(Duration::from_millis(5)));
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    // What is too far away to be told is never.
    Sleep { at: Instant::now().checked_add(duration), key: None, shared: None }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let Some(at) = this.at else { return Poll::Pending };
        if Instant::now() >= at {
            return Poll::Ready(());
        }
        let shared = this.shared.get_or_insert_with(|| {
            context::current(|shared| shared.map(Shared::arc)).expect(super::NO_RUNTIME)
        });
        if shared.clock.set(at, &mut this.key, cx.waker()).is_err() {
            // A poll that was under way when the runtime stopped: the task is dropped after it.
            // bug: panic at the end for a timer
            let own = context::worker_of(shared.id, |worker| worker.is_some());
            assert!(own, "{}", super::SHUT_DOWN);
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let (Some(shared), Some(key)) = (&self.shared, self.key) {
            shared.clock.clear(key);
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("at", &self.at).finish()
    }
}
