//! `poolshark`: pools for each type that need no declaration, and pools with a bound.
//!
//! Theirs has a pool for each thread and each layout, and `ArrayQueue`s for what passes between
//! threads. Here both are pools of corepool: an object goes to the thread that drops it, and any
//! thread finds it.
//!
//! Two differences. Objects must be `Send + 'static`, so a `Vec<&str>` is not pooled. Types of the
//! same layout do not share objects, so no `unsafe` is needed to make a type poolable.

pub mod global;
pub mod local;
mod registry;

pub use global::RawPoolable;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::{BuildHasher, Hash},
};

pub trait Poolable {
    fn empty() -> Self;

    fn reset(&mut self);

    fn capacity(&self) -> usize;

    fn really_dropped(&mut self) -> bool {
        true
    }
}

pub trait IsoPoolable: Poolable + Send + 'static {}

impl<T: Poolable + Send + 'static> IsoPoolable for T {}

macro_rules! poolable {
    ([$($parameters:tt)*], $type:ty) => {
        impl<$($parameters)*> Poolable for $type {
            fn empty() -> Self {
                Self::default()
            }

            fn reset(&mut self) {
                self.clear();
            }

            fn capacity(&self) -> usize {
                self.capacity()
            }
        }
    };
}

poolable!([T], Vec<T>);
poolable!([T], VecDeque<T>);
poolable!([], String);
poolable!([K: Hash + Eq, V, S: BuildHasher + Default], HashMap<K, V, S>);
poolable!([K: Hash + Eq, S: BuildHasher + Default], HashSet<K, S>);

impl<T: Poolable> Poolable for Option<T> {
    fn empty() -> Self {
        None
    }

    fn reset(&mut self) {
        if let Some(object) = self {
            object.reset();
        }
    }

    fn capacity(&self) -> usize {
        self.as_ref().map_or(0, T::capacity)
    }

    fn really_dropped(&mut self) -> bool {
        self.as_mut().is_none_or(T::really_dropped)
    }
}

/// How many objects a pool keeps, and the largest capacity of one, if nothing else is set.
const DEFAULT_SIZES: (usize, usize) = (1024, 1024);
