//! The peers, each used as its documentation recommends.
//!
//! Every pool is a value that the threads borrow, with its default settings. Pools that need a
//! bound have room for all objects of a workload.

mod corepool;
pub mod heaps;
mod locked;
mod lockfree;
mod object_pool;
mod opool;
mod per_thread;
mod poolshark;
mod queues;
mod regex;
mod slot;
mod striped;
mod zeropool;

pub use poolshark::Iso;

use crate::pool::{Lender, Store};

/// The bound of the pools that need one.
const BOUND: usize = 1024;

/// A visitor of peers that lend objects.
pub trait Lenders {
    fn visit<P: Lender>(&mut self);
}

/// A visitor of peers that accept any objects.
pub trait Stores<T> {
    fn visit<P: Store<Object = T>>(&mut self);
}

/// Visits all peers that lend objects of any type.
pub fn lenders<T: Iso>(visitor: &mut impl Lenders) {
    visitor.visit::<corepool::Guards<T>>();
    visitor.visit::<corepool::Values<T>>();
    visitor.visit::<slot::Slot<T>>();
    visitor.visit::<locked::Std<T>>();
    visitor.visit::<locked::ParkingLot<T>>();
    visitor.visit::<queues::Array<T>>();
    visitor.visit::<queues::Seg<T>>();
    visitor.visit::<opool::Opool<T>>();
    visitor.visit::<object_pool::Guards<T>>();
    visitor.visit::<lockfree::Linear<T>>();
    visitor.visit::<regex::Regex<T>>();
    visitor.visit::<poolshark::Local<T>>();
    visitor.visit::<poolshark::Global<T>>();
    visitor.visit::<per_thread::PerThread<T>>();
    visitor.visit::<striped::Striped<T>>();
    visitor.visit::<striped::Boxed<T>>();
}

/// Visits the peers that support byte buffers only.
pub fn byte_lenders(visitor: &mut impl Lenders) {
    visitor.visit::<zeropool::Zero>();
    visitor.visit::<heaps::Heap<std::alloc::System>>();
    visitor.visit::<heaps::Heap<mimalloc::MiMalloc>>();
    #[cfg(feature = "jemalloc")]
    visitor.visit::<heaps::Heap<tikv_jemallocator::Jemalloc>>();
}

/// Visits all peers that accept any objects.
pub fn stores<T: Iso>(visitor: &mut impl Stores<T>) {
    visitor.visit::<corepool::Values<T>>();
    visitor.visit::<slot::Slot<T>>();
    visitor.visit::<locked::Std<T>>();
    visitor.visit::<locked::ParkingLot<T>>();
    visitor.visit::<queues::Array<T>>();
    visitor.visit::<queues::Seg<T>>();
    visitor.visit::<object_pool::Values<T>>();
    visitor.visit::<poolshark::LocalValues<T>>();
    visitor.visit::<per_thread::PerThread<T>>();
    visitor.visit::<striped::Striped<T>>();
}
