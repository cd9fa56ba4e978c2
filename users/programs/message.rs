//! Messages that several threads read. The last reader gives the message back to its pool.

use std::ptr::NonNull;

use corepool::{Pool, Pooled};

use crate::sync::{
    AtomicUsize,
    Ordering::{self, AcqRel, Relaxed},
    UnsafeCell,
};

static MESSAGES: Pool<Message> = Pool::new(Message::new);

/// The order of a reader that leaves: what it read comes before the next use of the message. With the
/// feature `planted` it is too weak.
const LEAVE: Ordering = if cfg!(feature = "planted") { Relaxed } else { AcqRel };

struct Message {
    readers: AtomicUsize,
    text: UnsafeCell<String>,
}

/// A message, which a reader holds.
pub struct Reader(NonNull<Message>);

// SAFETY: readers share the text, and nobody writes it while there is a reader.
unsafe impl Send for Reader {}

impl Message {
    fn new() -> Self {
        Self { readers: AtomicUsize::new(0), text: UnsafeCell::new(String::new()) }
    }
}

impl Reader {
    pub fn new(text: &str) -> Self {
        let message = MESSAGES.get();
        message.readers.store(1, Relaxed);
        message.text.with_mut(|place| {
            // SAFETY: an object from a pool has one holder.
            let place = unsafe { &mut *place };
            place.clear();
            place.push_str(text);
        });
        Self(Pooled::into_raw(message))
    }

    fn message(&self) -> &Message {
        // SAFETY: the message stays out of the pool while there is a reader.
        unsafe { self.0.as_ref() }
    }

    pub fn read(&self) -> String {
        // SAFETY: nobody writes while there is a reader.
        self.message().text.with(|place| unsafe { (*place).clone() })
    }
}

impl Clone for Reader {
    fn clone(&self) -> Self {
        self.message().readers.fetch_add(1, Relaxed);
        Self(self.0)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.message().readers.fetch_sub(1, LEAVE) == 1 {
            // SAFETY: it came from `into_raw`, and this was the last reader.
            drop(unsafe { MESSAGES.from_raw(self.0) });
        }
    }
}
