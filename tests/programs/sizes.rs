//! Random programs with absurd sizes.

use std::{
    mem::size_of,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use super::bytes::Bytes;
use crate::{
    Pool,
    containers::{cell::ObjectCell, quota::Quota},
    seat::buckets::{self, locate},
    shard::size::{PLACES, Size},
};

/// Checks for objects of some sizes.
pub(super) const OBJECTS: [fn(); 12] = [
    check_object::<0>,
    check_object::<1>,
    check_object::<248>,
    check_object::<249>,
    check_object::<4096>,
    check_object::<4097>,
    check_object::<16_384>,
    check_object::<32_768>,
    check_object::<32_769>,
    check_object::<65_536>,
    check_object::<65_537>,
    check_object::<{ 1 << (usize::BITS / 2 + 8) }>,
];

/// Leases and releases units.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Lease(usize),
    /// Releases up to this many leased units.
    Release(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Program {
    /// Locates an item, if the first bucket holds this power of two.
    Bucket { id: usize, log: u32 },
    /// Leases units of a bound, for a magazine with this number of places.
    Quota { limit: usize, places: usize, ops: Vec<Op> },
    /// Reserves these numbers of objects in a pool with this bound.
    Reserve { max_idle: usize, additional: Vec<usize> },
    /// Runs a check that depends on the object size.
    Object(usize),
}

impl super::Program for Program {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        match bytes.below(4) {
            0 => Self::Bucket { id: bytes.size(), log: bytes.below(15) as u32 },
            1 => {
                let (limit, places) = (bytes.size(), bytes.below(PLACES + 1));
                Self::Quota { limit, places, ops: bytes.all(Op::decode) }
            }
            2 => Self::Reserve { max_idle: bytes.size(), additional: bytes.all(Bytes::size) },
            _ => Self::Object(bytes.below(OBJECTS.len())),
        }
    }

    fn run(&self) {
        match self {
            &Self::Bucket { id, log } => check_bucket(id, 1 << log),
            &Self::Quota { limit, places, ref ops } => check_quota(limit, places, ops),
            Self::Reserve { max_idle, additional } => check_reserve(*max_idle, additional),
            Self::Object(size) => OBJECTS[*size](),
        }
    }
}

impl Op {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        if bytes.below(2) == 0 { Self::Lease(bytes.size()) } else { Self::Release(bytes.size()) }
    }
}

/// Checks that buckets follow each other without a gap.
fn check_bucket(id: usize, first: usize) {
    let (index, offset) = locate(id, first);
    assert!(offset < buckets::len(index, first));
    assert_eq!((0..index).map(|i| buckets::len(i, first)).sum::<usize>(), id - offset);
}

/// Checks that no unit is lost or created, and that a shard has no more places than there are units.
fn check_quota(limit: usize, places: usize, ops: &[Op]) {
    let quota = Quota::new(limit, places);
    assert_eq!((quota.slots(), quota.places()), (limit > 0, places.min(limit)));
    assert!(quota.batch() >= 1 && quota.batch() <= quota.places().max(2) / 2);
    assert_eq!(quota.bounded(), limit < usize::MAX);
    let mut leased = 0;
    for &op in ops {
        match op {
            Op::Lease(units) if !quota.bounded() => assert_eq!(quota.lease(units), units),
            Op::Release(units) if !quota.bounded() => quota.release(units),
            Op::Lease(wanted) => {
                let got = quota.lease(wanted);
                assert_eq!(got, wanted.min(limit - leased));
                leased += got;
            }
            Op::Release(units) => {
                quota.release(units.min(leased));
                leased -= units.min(leased);
            }
        }
        assert_eq!(quota.has_room(), leased < limit);
    }
}

/// Checks that `reserve` creates as many objects as the bound and the request allow, or refuses an
/// impossible number.
fn check_reserve(max_idle: usize, additional: &[usize]) {
    let made = AtomicUsize::new(0);
    let pool = Pool::new(|| made.fetch_add(1, Relaxed)).with_max_idle(max_idle);
    let mut idle = 0;
    for &additional in additional {
        let room = additional.min(max_idle - idle);
        if room > isize::MAX as usize / size_of::<ObjectCell<usize>>() {
            let panic = catch(|| pool.reserve(additional)).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&"capacity overflow"));
        } else if room + idle <= 2000 {
            pool.reserve(additional);
            idle += room;
        }
        assert_eq!((made.load(Relaxed), pool.stats().idle), (idle, idle as u64));
    }
}

/// Runs `f`, which may panic, without a message: the fuzzer treats the message of a panic as a
/// crash.
fn catch(f: impl FnOnce()) -> thread::Result<()> {
    #[cfg(corepool_fuzzing)]
    let hook = std::panic::take_hook();
    #[cfg(corepool_fuzzing)]
    std::panic::set_hook(Box::new(|_| {}));
    let result = catch_unwind(AssertUnwindSafe(f));
    #[cfg(corepool_fuzzing)]
    std::panic::set_hook(hook);
    result
}

/// Checks that magazines and spare cells are as many as allowed.
fn check_object<const SIZE: usize>() {
    const MOST: usize = 64 * 1024;
    let cell = size_of::<ObjectCell<[u8; SIZE]>>();
    let (magazine, empties) = (Size::<[u8; SIZE]>::MAGAZINE, Size::<[u8; SIZE]>::EMPTIES);
    assert!(magazine <= PLACES && magazine % 2 == 0 && magazine * SIZE <= MOST);
    assert!(magazine == PLACES || (magazine + 2) * SIZE > MOST);
    assert!(empties <= 128 && (empties * cell <= MOST / 4 || empties == 1 && SIZE <= MOST));
    assert!(empties == 128 || (empties + 1) * cell > MOST / 4);
    assert!(empties > 0 || SIZE > MOST);
}
