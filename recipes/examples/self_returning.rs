//! Objects that give themselves back: a message that is one pointer in size, and returns to its pool in
//! its own `Drop`.
//!
//! An object of this kind usually has a pointer to its pool, often a counted or a weak one. Here the
//! handle has none: the pool is a `static`, and `Pooled::into_raw` leaves only the pointer to the
//! object. An object that must find one of several pools is an `OwnedPooled`, which is two pointers in
//! size, counts nothing, and does not keep the pool alive; so no weak reference is needed either.
//!
//! ```console
//! $ cargo test --example self_returning
//! $ cargo run --release --example self_returning [-- --quick]
//! ```

#![expect(unsafe_code, reason = "`into_raw` and `from_raw` come in pairs")]

use std::{
    cell::Cell,
    fmt,
    hint::black_box,
    ops::{Deref, DerefMut},
    ptr::NonNull,
};

use corepool::{OwnedPooled, Pool, Pooled};
use corepool_recipes::{Effort, Table};

/// What a message consists of. Its fields keep their memory.
#[derive(Debug, Default)]
pub struct Parts {
    pub topic: String,
    pub payload: Vec<u8>,
}

static PARTS: Pool<Parts> = <Pool<Parts>>::new(Parts::default).with_recycle(|parts| {
    parts.topic.clear();
    parts.payload.clear();
    parts.payload.capacity() <= 1 << 16
});

/// A message, which returns to its pool when it is dropped, on any thread.
pub struct Message(NonNull<Parts>);

// SAFETY: a message owns its parts, and they may be sent and shared.
unsafe impl Send for Message {}
// SAFETY: as above.
unsafe impl Sync for Message {}

impl Message {
    pub fn new(topic: &str) -> Self {
        let mut message = Self(Pooled::into_raw(PARTS.get()));
        message.topic.push_str(topic);
        message
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: it came from `into_raw` of a guard of this pool, and comes back once.
        drop(unsafe { PARTS.from_raw(self.0) });
    }
}

impl Deref for Message {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        // SAFETY: the message owns its parts.
        unsafe { self.0.as_ref() }
    }
}

impl DerefMut for Message {
    fn deref_mut(&mut self) -> &mut Parts {
        // SAFETY: the message owns its parts.
        unsafe { self.0.as_mut() }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Uses a message, and returns what it holds.
fn used(mut message: impl DerefMut<Target = Parts>) -> usize {
    message.payload.extend_from_slice(black_box(b"some bytes"));
    message.topic.len() + message.payload.len()
}

fn fresh(topic: &str) -> usize {
    used(Box::new(Parts { topic: topic.into(), payload: Vec::new() }))
}

fn self_returning(topic: &str) -> usize {
    used(Message::new(topic))
}

fn owned(topic: &str) -> usize {
    let mut parts: OwnedPooled<Parts> = PARTS.get_owned();
    parts.topic.push_str(topic);
    used(parts)
}

thread_local! {
    static LOCAL: Cell<Option<Box<Parts>>> = const { Cell::new(None) };
}

fn thread_local(topic: &str) -> usize {
    let mut parts = LOCAL.take().unwrap_or_default();
    parts.topic.push_str(topic);
    let result = used(&mut *parts);
    parts.topic.clear();
    parts.payload.clear();
    LOCAL.set(Some(parts));
    result
}

fn main() {
    let ways = [fresh, thread_local, owned, self_returning];
    assert!(ways.iter().all(|way| way("topic") == 15 && way("topic") == 15));
    Table::new("a message of two parts")
        .way("fresh", || assert_eq!(fresh(black_box("topic")), 15))
        .way("thread_local!", || assert_eq!(thread_local(black_box("topic")), 15))
        .way("corepool, an owned guard", || assert_eq!(owned(black_box("topic")), 15))
        .way("corepool, self-returning", || assert_eq!(self_returning(black_box("topic")), 15))
        .print(Effort::from_args());
    nothing_leaks();
}

/// Every message is in the pool in the end, or has been dropped by it.
fn nothing_leaks() {
    let messages: Vec<_> = (0..100).map(|_| Message::new("kept")).collect();
    assert_eq!(PARTS.stats().outstanding, 100);
    let sent = std::thread::spawn(move || drop(messages));
    sent.join().unwrap();
    let mut large = Message::new("too large");
    large.payload.reserve(1 << 17);
    let dropped = PARTS.stats().dropped;
    drop(large);
    // A panic drops the message that it meets, as it does with a guard.
    let panicked = std::thread::spawn(|| {
        let _message = Message::new("half-written");
        std::panic::resume_unwind(Box::new("as planned"));
    });
    panicked.join().unwrap_err();
    let stats = PARTS.stats();
    assert_eq!((stats.outstanding, stats.dropped), (0, dropped + 2));
    assert_eq!(stats.created, stats.idle + stats.dropped);
}

#[test]
fn a_message_is_one_pointer_and_comes_back() {
    assert_eq!(size_of::<Option<Message>>(), size_of::<usize>());
    let mut message = Message::new("first");
    message.payload.reserve(1000);
    drop(message);
    let again = Message::new("second");
    assert_eq!((&*again.topic, again.payload.len()), ("second", 0));
    assert!(again.payload.capacity() >= 1000, "{again:?}");
    drop(again);
    nothing_leaks();
}
