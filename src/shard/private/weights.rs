//! What the objects in a magazine weigh, in a pool that weighs.
//!
//! The weights are kept as sums, from the oldest object on. So a hit, which takes the top object and
//! changes the number of objects, has changed their weight as well.
//!
//! Sums wrap. They would exceed `usize::MAX` only if the weight function contradicted itself, and then
//! they must not panic while the owner is pinned.

use std::ptr;

use crate::{
    shard::size::PLACES,
    sync::{Acquire, AtomicPtr, AtomicUsize, Relaxed, Release, UseAfterFreeCheck},
    util::try_alloc::try_box,
};

/// The weights of a magazine. Only the owner changes them; other threads read them.
pub(crate) struct Weights {
    /// The weight that the owner has reserved for the magazine.
    pub(super) reserved: AtomicUsize,
    /// For each place, what the object in it and all older ones weigh together. The sums of places
    /// without an object mean nothing.
    sums: [AtomicUsize; PLACES],
    live_check: UseAfterFreeCheck,
}

impl Weights {
    /// Returns the weights of an empty magazine, or `None` if there is no memory.
    pub(super) fn try_new() -> Option<Box<Self>> {
        let zero = || AtomicUsize::new(0);
        // bug: weights that must have memory
        try_box(Self {
            reserved: zero(),
            sums: std::array::from_fn(|_| zero()),
            live_check: UseAfterFreeCheck::new(),
        })
    }

    /// Returns what the `count` oldest objects weigh together.
    #[inline]
    pub(super) fn of_oldest(&self, count: usize) -> usize {
        count.checked_sub(1).map_or(0, |last| self.sums[last].load(Relaxed))
    }

    /// Returns what the object at place `i` weighs.
    pub(super) fn of(&self, i: usize) -> usize {
        self.of_oldest(i + 1).wrapping_sub(self.of_oldest(i))
    }

    /// Notes the weight of the object at place `i`, which becomes the top one.
    #[inline]
    pub(super) fn set(&self, i: usize, weight: usize) {
        self.sums[i].store(self.of_oldest(i).wrapping_add(weight), Relaxed);
    }

    /// Notes the weight of an object that goes to place `i`, as the top one, if what is reserved
    /// suffices. Returns whether it does.
    #[inline]
    pub(super) fn add(&self, i: usize, weight: usize) -> bool {
        // bug: objects above the reservation of a magazine kept
        let fits = weight <= self.reserved.load(Relaxed).saturating_sub(self.of_oldest(i));
        if fits {
            self.set(i, weight);
        }
        fits
    }

    /// Removes the `gone` oldest of `count` objects.
    pub(super) fn remove_oldest(&self, gone: usize, count: usize) {
        let weight = self.of_oldest(gone);
        for i in gone..count {
            // bug: weights not moved with their objects
            self.sums[i - gone].store(self.sums[i].load(Relaxed).wrapping_sub(weight), Relaxed);
        }
    }
}

/// A shard's place for weights: null until the shard gets a magazine.
pub(super) struct WeightsPlace(AtomicPtr<Weights>);

impl WeightsPlace {
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Returns the weights, if there are any, for any thread.
    #[inline]
    pub(super) fn get(&self) -> Option<&Weights> {
        // Acquire: pairs with the Release of `set`, for the memory of the weights.
        // bug: weights read without acquire
        let weights = self.0.load(Acquire);
        // SAFETY: null, or stored by `set`, and freed with the place.
        unsafe { weights.as_ref() }.inspect(|weights| weights.live_check.check())
    }

    /// Stores the weights. Called once, by the owner.
    pub(super) fn set(&self, weights: Box<Weights>) {
        // Release: pairs with the Acquire of `get`.
        // bug: weights stored without release
        self.0.store(Box::into_raw(weights), Release);
    }
}

impl Drop for WeightsPlace {
    fn drop(&mut self) {
        let weights = self.0.load(Relaxed);
        if !weights.is_null() {
            // SAFETY: stored by `set`, and not used after this.
            // bug: weights leaked with their shard
            drop(unsafe { Box::from_raw(weights) });
        }
    }
}
