//! Whether the owner may keep objects private, and the evidence for it.
//!
//! Private objects cost their owner nothing, but other threads reach them by a recall only. So a
//! private part is *enabled* at the owner's first put, and a recall disables it. From then on
//! objects go to the chain, where thieves find them, until the owner has shown that it takes back
//! what it puts. Each recall doubles the number of objects that it must take back, so that recalls
//! cost little in the long run.
//!
//! It counts as much if the owner pushes to a chain that thieves do not empty: they need no recall
//! then.
//!
//! A thief may take from the chain what the owner would have taken back. So it counts, too, that the
//! owner comes back for an object which is gone. An owner that this happened to [`TENURE`] times
//! since the last collect has *tenure*: a `get` then creates an object rather than recall this
//! owner's, as long as the owner is active.

use crate::sync::{AtomicBool, AtomicU16, Relaxed, test_size};

/// After the first recall, an owner must take back this number of objects.
const FIRST_PRICE: u16 = test_size(2, 1) as u16;

/// The most objects that an owner must take back after a recall.
const MAX_PRICE: u16 = test_size(4096, 2) as u16;

/// An owner that has come back this many times for an object that was gone has tenure.
const TENURE: u16 = test_size(8, 1) as u16;

/// If the owner's chain holds this many objects, thieves are not short of them.
const PLENTY: usize = test_size(4, 2);

/// What is known about the owner. Only the owner writes it.
pub(crate) struct Evidence {
    enabled: AtomicBool,
    /// Whether the owner has put an object since it last took one. Kept while disabled.
    stocked: AtomicBool,
    /// How many objects the owner must still take back until its private part is enabled.
    missing: AtomicU16,
    /// What `missing` was set to by the last recall, halved by each collect since.
    price: AtomicU16,
    /// How often the owner came back for an object that was gone, since the last collect.
    losses: AtomicU16,
}

impl Evidence {
    pub(crate) fn new() -> Self {
        Self {
            enabled: AtomicBool::new(false),
            stocked: AtomicBool::new(false),
            missing: AtomicU16::new(0),
            price: AtomicU16::new(0),
            losses: AtomicU16::new(0),
        }
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.load(Relaxed)
    }

    pub(crate) fn has_tenure(&self) -> bool {
        self.losses.load(Relaxed) >= TENURE
    }

    /// Enables the private part if the evidence suffices. Returns whether it has just been enabled.
    pub(crate) fn enable(&self) -> bool {
        let enable = !self.is_enabled() && self.missing.load(Relaxed) == 0;
        if enable {
            self.enabled.store(true, Relaxed);
        }
        enable
    }

    /// Disables the private part, after a recall. `had` says whether it held an object.
    pub(super) fn disable(&self, had: bool) {
        // bug: recalled private part stays enabled
        self.enabled.store(false, Relaxed);
        self.stocked.store(had, Relaxed);
        let price = (self.price.load(Relaxed) * 2).clamp(FIRST_PRICE, MAX_PRICE);
        self.price.store(price, Relaxed);
        self.missing.store(price, Relaxed);
    }

    /// Notes that the owner has pushed an object to its chain, which then held `shared`. If thieves
    /// leave enough there, they need nothing private.
    pub(crate) fn put_shared(&self, shared: usize) {
        self.set_stocked(true);
        if shared >= PLENTY {
            self.less_missing(1);
        }
    }

    /// Notes that the owner has taken an object back from its chain.
    pub(crate) fn took_back(&self) {
        self.set_stocked(false);
        self.less_missing(1);
    }

    /// Stores only what changes: it is called for each object that goes through the chain.
    fn set_stocked(&self, stocked: bool) {
        if self.stocked.load(Relaxed) != stocked {
            self.stocked.store(stocked, Relaxed);
        }
    }

    /// Notes that the owner has found nothing in its shard.
    pub(crate) fn found_nothing(&self) {
        if self.stocked.load(Relaxed) {
            self.stocked.store(false, Relaxed);
            self.losses.store(self.losses.load(Relaxed).saturating_add(1), Relaxed);
            self.less_missing(self.price.load(Relaxed) / TENURE + 1);
        }
    }

    fn less_missing(&self, less: u16) {
        let missing = self.missing.load(Relaxed);
        if missing != 0 {
            self.missing.store(missing.saturating_sub(less), Relaxed);
        }
    }

    /// Forgives half, at a collect.
    pub(crate) fn age(&self) {
        let price = self.price.load(Relaxed) / 2;
        self.price.store(price, Relaxed);
        self.missing.store(self.missing.load(Relaxed).min(price), Relaxed);
        self.losses.store(0, Relaxed);
    }

    /// Forgets everything about the owner, since the shard gets another one.
    pub(crate) fn reset(&self) {
        self.enabled.store(false, Relaxed);
        self.stocked.store(false, Relaxed);
        for count in [&self.missing, &self.price, &self.losses] {
            count.store(0, Relaxed);
        }
    }
}
