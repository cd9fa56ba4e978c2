//! The shard: its private places, its two chains and its units. `Pool` shows none of them.

use std::{iter, iter::once};

use super::{Rng, repeat};
use crate::{
    containers::{
        cell::{CellBox, EmptyCell, List},
        quota::Quota,
        ring::Ring,
        stock::{BATCH, Batch},
    },
    shard::{
        owner::{Owner, PushError},
        private::magazine::NewMagazine,
        shard::Shard,
        size::{KEEP_SLOTS, MAX_BATCH, PLACES, Size},
    },
};

/// The most objects that a shard keeps private.
const PRIVATE: usize = 1 + PLACES;

/// A shard that one thread uses, as owner, thief and collector.
pub(super) struct Own<T> {
    pub(super) shard: Shard<T>,
    pub(super) quota: Quota,
    max_idle: usize,
}

impl<T> Own<T> {
    pub(super) fn new(max_idle: usize) -> Self {
        let own = Self::unused(max_idle);
        own.owner().open(|| 0);
        own.add_magazine();
        own
    }

    /// A shard whose owner has taken back so much that all places are open.
    fn grown(max_idle: usize) -> Self
    where
        T: Default,
    {
        let own = Self::new(max_idle);
        for _ in 0..2 {
            (0..2 * PLACES).for_each(|_| _ = own.put(T::default()));
            own.take_all();
        }
        own
    }

    /// Takes everything, as an owner that also looks in the older rings of its chain.
    fn take_all(&self) -> usize {
        let all = iter::from_fn(|| self.take().or_else(|| self.steal()));
        all.count()
    }

    /// Takes the oldest object of the chain, as a thief.
    pub(super) fn steal(&self) -> Option<T> {
        let mut one = [std::ptr::null_mut()];
        self.shard.steal(self.owner().generation(), &mut one)?;
        self.quota.release(1);
        // SAFETY: the steal made it ours.
        Some(unsafe { CellBox::from_raw(one[0]) }.take_value().0)
    }

    /// Adds a magazine, if the shard uses one.
    fn add_magazine(&self) {
        if self.owner().private().lacks_magazine(&self.quota) {
            self.owner().private().add_magazine(NewMagazine::try_new(false).unwrap(), &self.quota);
        }
    }

    fn unused(max_idle: usize) -> Self {
        let quota = Quota::new(max_idle, Size::<T>::MAGAZINE);
        Self { shard: Shard::new(0), quota, max_idle }
    }

    pub(super) fn owner(&self) -> Owner<'_, T> {
        // SAFETY: the test's only thread holds the shard alone.
        unsafe { self.shard.owner() }
    }

    /// Puts an object, and adds the rings that this needs. Returns whether there was room.
    pub(super) fn put(&self, value: T) -> bool {
        let (mut full, mut ring) = (EmptyCell::new().fill(value), None);
        loop {
            full = match self.owner().push(full, 0, &self.quota, &mut ring) {
                Ok(()) => return true,
                Err(PushError::AtLimit(_)) => return false,
                Err(PushError::Full(_)) => panic!("no other thread uses the shard"),
                Err(PushError::NeedsRing(full, slots)) => {
                    ring = Ring::try_new(slots);
                    full
                }
                Err(PushError::NeedsMagazine(full)) => {
                    self.add_magazine();
                    full
                }
            }
        }
    }

    pub(super) fn take(&self) -> Option<T> {
        self.owner().pop(&self.quota).map(|full| full.take_value().0)
    }

    /// Ages the shard, as a collect does. `now` is the pool's generation after the collect.
    pub(super) fn collect(&self, now: u32) -> Vec<T> {
        let mut gone = List::new();
        // SAFETY: as for `owner`; one thread needs no lock.
        unsafe { self.shard.drain_victims(&mut gone) };
        self.owner().age(now, &self.quota, &mut gone);
        self.quota.release(gone.len());
        values(gone)
    }

    /// Returns the number of slots of the newest ring of a generation.
    pub(super) fn slots(&self, generation: u32) -> usize {
        // SAFETY: as for `owner`.
        unsafe { self.shard.chain(generation).head() }.slots()
    }

    /// Takes every object that is not private, as a clear does.
    pub(super) fn empty(&self) -> Vec<T> {
        let mut gone = List::new();
        self.owner().empty(&self.quota, &mut gone);
        values(gone)
    }

    /// Takes every object, and checks that all units are free afterwards. Returns the number of
    /// objects.
    pub(super) fn settle(&self) -> usize {
        let private = self.owner().take_private(&self.quota).len();
        let shared = self.empty().len();
        self.quota.release(private + shared);
        assert_eq!(self.quota.lease(self.max_idle), self.max_idle, "units were lost");
        assert!(!self.quota.has_room() || !self.quota.bounded(), "units were made");
        private + shared
    }
}

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        drop(self.empty());
    }
}

/// The objects of a list, the top first.
fn values<T>(mut list: List<T>) -> Vec<T> {
    iter::from_fn(|| list.pop()).map(|full| full.take_value().0).collect()
}

/// Returns how many objects of `SIZE` bytes stay private: of an owner that only puts, and of one
/// that takes back what it puts.
fn places<const SIZE: usize>() -> (usize, usize) {
    struct Object<const SIZE: usize>(#[allow(dead_code, reason = "has a size")] [u8; SIZE]);
    impl<const SIZE: usize> Default for Object<SIZE> {
        fn default() -> Self {
            Self([0; SIZE])
        }
    }
    let most = |own: Own<Object<SIZE>>| {
        let private = |_| {
            assert!(own.put(Object::default()));
            own.shard.private.len()
        };
        let most = (0..4 * PLACES).map(private).max();
        own.settle();
        most.unwrap()
    };
    (most(Own::new(usize::MAX)), most(Own::grown(usize::MAX)))
}

/// At most 64 KiB of objects are private, and one more.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn private_places_depend_on_the_size() {
    const SMALL: usize = (64 << 10) / PLACES;
    assert_eq!([places::<0>(), places::<1>(), places::<SMALL>()], [(1 + MAX_BATCH, PRIVATE); 3]);
    assert_eq!(places::<{ SMALL + 1 }>(), (MAX_BATCH, PRIVATE - 2));
    assert_eq!(places::<4096>(), (5, 17));
    assert_eq!(places::<8192>(), (3, 9));
    assert_eq!(places::<{ 32 << 10 }>(), (2, 3));
    assert_eq!(places::<{ (32 << 10) + 1 }>(), (1, 1));
}

/// The object in the slot comes first, then the newest one of the magazine and of the chain.
#[test]
fn the_newest_object_comes_first() {
    for own in [Own::new(usize::MAX), Own::grown(usize::MAX)] {
        let (n, hits) = (PRIVATE + MAX_BATCH, own.shard.hits());
        (0..n).for_each(|i| assert!(own.put(i)));
        assert!(own.shard.idle() == n && own.shard.chain(0).len() >= MAX_BATCH);
        assert_eq!(own.take(), Some(0));
        assert!(own.put(n));
        assert_eq!(own.take(), Some(n), "the last one in, which is still warm");
        // A chain that has just grown has older rings, whose objects the owner takes as a thief.
        let newest: Vec<_> = iter::from_fn(|| own.take()).collect();
        assert!(
            newest.len() >= MAX_BATCH && newest.iter().copied().eq((n - newest.len()..n).rev())
        );
        assert_eq!(own.shard.hits() - hits, newest.len() + 2);
        assert_eq!(own.take_all(), n - 1 - newest.len());
    }
}

/// Returns how many objects an owner that has put everything back keeps private before the next one
/// makes it share some.
fn open(own: &Own<usize>) -> usize {
    let chain = own.shard.chain(own.owner().generation());
    assert_eq!(own.take_all() + chain.len(), chain.len());
    let open = (0..).find(|&i| assert_put(own, i) && chain.len() > 0).unwrap();
    own.take_all();
    open
}

/// An owner that only puts keeps one object, and as many more as it may buffer because others find
/// twice that number in its chain.
#[test]
fn an_owner_that_only_puts_keeps_few_objects() {
    for max_idle in [10, 20, 100, 1000, usize::MAX] {
        let own = Own::new(max_idle);
        for i in 0..5 * PLACES.min(max_idle) {
            assert_eq!(own.put(i), i < max_idle);
            let (private, shared) = (own.shard.private.len(), own.shard.chain(0).len());
            assert!(private <= 1 + (shared / 2).min(own.quota.batch()), "{private} of {i}");
            assert_eq!(private + shared, (i + 1).min(max_idle));
            let units = own.shard.private.units();
            assert!(units <= 1 + (shared / 2).min(own.quota.batch()), "{units} units");
        }
        own.settle();
    }
}

/// An owner whose chain is always emptied buffers no more than one object.
#[test]
fn an_owner_that_is_robbed_buffers_little() {
    let own = Own::new(usize::MAX);
    (0..4 * PLACES).for_each(|i| assert!(own.put(i)));
    assert_eq!(own.shard.private.lease(), own.quota.batch());
    for i in 0..4 * PLACES {
        while own.steal().is_some() {}
        assert!(own.put(i));
    }
    // What was buffered has moved to the chain by and by.
    assert!(own.shard.private.lease() <= 1 && own.shard.private.len() <= 2);
}

/// An object that the owner pops from its own chain would have stayed in a larger magazine, so the
/// magazine opens more places. A collect closes them, and so does a recall.
#[test]
fn places_open_for_owners_that_take_what_they_put() {
    for generation in 0..3 {
        let own = Own::new(usize::MAX);
        own.collect(generation);
        let mut last = open(&own);
        assert_eq!(last, 1);
        while last < PRIVATE {
            let more = open(&own);
            assert!(more > last && more <= 2 * last, "{more} after {last}");
            last = more;
        }
        (0..3).for_each(|_| assert_eq!(open(&own), PRIVATE, "there are no more"));
        own.collect(generation + 1);
        own.collect(generation + 2);
        assert_eq!(open(&own), 1, "begins anew");
        assert_eq!(open(&own), 2);
        assert_eq!(own.owner().recall(&own.quota).len(), 0);
        assert_eq!(open(&own), 0, "disabled");
    }
}

/// In a pool with a bound, places open only with units, and those that only their owner uses are
/// few.
#[test]
fn places_of_a_bounded_pool_need_units() {
    for max_idle in [1, 5, 20, 200, 2000] {
        let own = Own::grown(max_idle);
        (0..max_idle).for_each(|i| assert!(own.put(i)));
        let (units, private) = (own.shard.private.units(), own.shard.private.len());
        assert_eq!(own.shard.idle(), max_idle, "the bound can be filled");
        assert!(private <= units && units <= 1 + own.quota.places());
        assert!(!own.put(0));
        assert_eq!(own.settle(), max_idle);
    }
}

fn assert_put(own: &Own<usize>, i: usize) -> bool {
    assert!(own.put(i));
    true
}

/// A shard that has missed one collect keeps all objects as victims; one that has missed more drops
/// them.
#[test]
fn shards_age_by_generations() {
    for missed in 0..5u32 {
        for n in [1, PRIVATE, 60, repeat(300, 20)] {
            let own = Own::new(usize::MAX);
            assert!(own.collect(u32::MAX).is_empty(), "its generations are about to run over");
            (0..n).for_each(|i| assert!(own.put(i)));
            let spilt = own.shard.chain(u32::MAX).len();
            assert!(spilt < n && (spilt > 0 || n == 1));
            let gone = own.collect(u32::MAX.wrapping_add(missed));
            assert_eq!(own.owner().generation(), u32::MAX.wrapping_add(missed));
            assert_eq!(gone.len(), if missed < 2 { 0 } else { n });
            assert_eq!(own.shard.has_aged(), missed == 1);
            assert_eq!(own.take().is_some(), missed == 0, "victims are not the owner's");
            let kept = if missed < 2 { spilt } else { 0 };
            assert_eq!(own.shard.chain(u32::MAX).len(), kept);
            let left = own.shard.idle();
            assert_eq!(own.empty().len(), left);
            assert_eq!(left, n - gone.len() - usize::from(missed == 0));
        }
    }
}

/// A shard that was never used neither ages nor takes units.
#[test]
fn closed_shards_are_left_alone() {
    for max_idle in [40, usize::MAX] {
        let own = Own::<u8>::unused(max_idle);
        assert!(own.collect(7).is_empty());
        assert_eq!(own.owner().generation(), 0);
        // As when the owner's thread ends.
        assert_eq!(own.owner().take_private(&own.quota).len(), 0);
        assert_eq!(own.shard.private.units(), 0, "a shard that is not open leases no units");
        own.owner().open(|| 9);
        own.owner().open(|| panic!("the shard is open already"));
        assert_eq!((own.owner().generation(), own.settle()), (9, 0));
    }
}

/// Private victims are taken as one list, and once.
#[test]
fn private_victims_are_taken_once() {
    let own = Own::grown(usize::MAX);
    (0..PRIVATE).for_each(|i| assert!(own.put(i)));
    own.collect(1);
    assert!(own.put(PRIVATE));
    assert!(values(own.shard.take_aged()).into_iter().eq(once(0).chain((1..PRIVATE).rev())));
    assert_eq!((own.shard.take_aged().len(), own.shard.idle()), (0, 1));
    assert_eq!(own.take(), Some(PRIVATE));
}

/// A ring that is far larger than its shard needs is freed with the victims. A small one stays, and
/// so does one that the other generation fills to the same degree.
#[test]
fn drained_chains_shrink() {
    let few = {
        let own = Own::new(usize::MAX);
        (1..).find(|&i| assert_put(&own, i) && own.slots(0) == KEEP_SLOTS).unwrap()
    };
    for (before, after, keeps) in [(400, 0, false), (few, 0, true), (400, 400, true)] {
        let own = Own::new(usize::MAX);
        (0..before).for_each(|i| assert!(own.put(i)));
        assert!(own.collect(1).is_empty());
        let grown = own.slots(0);
        assert!(grown > KEEP_SLOTS || before == few);
        (0..after).for_each(|i| assert!(own.put(i)));
        assert_eq!(own.collect(2).len(), before);
        assert_eq!(own.slots(0), if keeps { grown } else { 0 });
        assert!(own.put(0), "there is always a way on");
        assert_eq!(own.empty().len(), after + 1);
    }
}

/// The cells of objects that were taken are kept, up to a bound. Then about half of them are given up.
#[test]
fn empty_cells_are_kept() {
    fn kept<const SIZE: usize>() -> usize {
        let own = Own::<[u8; SIZE]>::new(usize::MAX);
        let (mut kept, mut most, mut surplus) = (0, 0, 0);
        for _ in 0..400 {
            let private = own.owner();
            let private = private.private();
            kept += usize::from(private.push_empty(EmptyCell::new()).is_none());
            if let Some(list) = private.surplus_empties() {
                let most = Size::<[u8; SIZE]>::EMPTIES;
                assert!(
                    (most / 2..=most).contains(&(kept - list.len()))
                        && list.len() <= most.min(BATCH)
                );
                kept -= list.len();
                surplus += list.len();
            }
            assert_eq!(private.has_no_spares(), kept == 0);
            most = most.max(kept);
        }
        assert!(surplus + kept == 400 || most == 0);
        assert_eq!(iter::from_fn(|| own.owner().private().pop_empty()).count(), kept);
        assert_eq!(own.owner().private().take_empties().len(), 0);
        most
    }
    assert_eq!([kept::<0>(), kept::<64>(), kept::<4096>()], [128, 128, 3]);
    assert_eq!([kept::<{ 64 << 10 }>(), kept::<{ (64 << 10) + 1 }>()], [1, 0]);
}

/// A hit by value uses the slot, the magazine, and the cells that earlier hits have left there.
#[test]
fn values_use_the_cells_that_hits_have_left() {
    let own = Own::grown(usize::MAX);
    let hits = own.shard.hits();
    assert_eq!(own.owner().private().put(0), Err(0), "there is no cell yet");
    (0..PRIVATE).for_each(|i| assert!(own.put(i)));
    for _ in 0..3 {
        for i in once(0).chain((1..PRIVATE).rev()) {
            assert_eq!(own.owner().private().take(), Some(i));
        }
        assert_eq!((own.owner().private().take(), own.shard.idle()), (None, 0));
        assert!(own.owner().private().pop().is_none());
        (0..PRIVATE).for_each(|i| assert_eq!(own.owner().private().put(i), Ok(())));
        assert_eq!(own.owner().private().put(PRIVATE), Err(PRIVATE), "there is no place");
    }
    assert_eq!((own.shard.idle(), own.owner().private().take_empties().len()), (PRIVATE, 0));
    assert_eq!(own.shard.hits() - hits, 3 * PRIVATE);
}

/// A place that holds a spare cell cannot hold an object. An operation that needs the place stows
/// the spare cells; `put` finds them again once they are staged.
#[test]
fn spare_cells_make_way() {
    let own = Own::grown(usize::MAX);
    (0..PRIVATE).for_each(|i| assert!(own.put(i)));
    // The object of the slot, and two of the magazine.
    (0..3).for_each(|_| assert!(own.owner().private().take().is_some()));
    let full = own.owner().private().push_on_top(EmptyCell::new().fill(100));
    assert_eq!(full.unwrap_err().take_value().0, 100);
    own.owner().private().stow_spares();
    assert_eq!(own.owner().private().put(101), Err(101), "the cells are elsewhere");
    assert_eq!(
        own.owner().private().push_on_top(EmptyCell::new().fill(100)).map_err(|_| ()),
        Ok(())
    );
    own.owner().private().stage_spares();
    assert_eq!((own.owner().private().put(101), own.owner().private().put(102)), (Ok(()), Ok(())));
    assert_eq!(own.owner().private().put(103), Err(103), "there is no place");
    assert_eq!((own.shard.idle(), own.owner().private().take_empties().len()), (PRIVATE, 1));
    let all: Vec<_> = iter::from_fn(|| own.take()).collect();
    assert!(all.into_iter().eq([100, 102, 101].into_iter().chain((1..PRIVATE - 2).rev())));
}

/// Empty cells are staged in places that have units, and nowhere else.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn empty_cells_are_staged_where_there_are_units() {
    let cases = [(usize::MAX, 0, 0), (31, 0, 0), (31, 1, 1), (64, 1, 1), (64, 3, 2), (64, 8, 6)];
    for (max_idle, open, fit) in cases {
        let own = Own::new(max_idle);
        (0..open).for_each(|i| assert!(own.put(i)));
        assert_eq!((0..open).filter_map(|_| own.take()).count(), open);
        assert_eq!(own.shard.private.units(), fit);
        let cells = PRIVATE + 10;
        (0..cells)
            .for_each(|_| assert!(own.owner().private().push_empty(EmptyCell::new()).is_none()));
        for _ in 0..2 {
            own.owner().private().stage_spares();
        }
        let put = (0..cells).take_while(|&i| own.owner().private().put(i).is_ok()).count();
        assert_eq!(put, fit, "{open} of {max_idle} are open");
        assert_eq!((own.owner().private().take_empties().len(), own.settle()), (cells - fit, fit));
    }
}

fn batch(cells: usize) -> Box<Batch<usize>> {
    let mut list = List::new();
    (0..cells).for_each(|_| list.push(EmptyCell::new()));
    Batch::try_new(list).unwrap()
}

/// Spare cells from elsewhere are used in the magazine, one for each value, before those that were
/// kept aside.
#[test]
fn spare_cells_come_in_batches() {
    let own = Own::grown(usize::MAX);
    own.owner().private().add_spares(&mut batch(BATCH));
    assert_eq!((0..BATCH).find(|&i| own.owner().private().put(i).is_err()), None);
    assert!(own.owner().private().has_no_spares());
    assert!(own.owner().private().pop_spare().is_none());
    // There is no room for all of these in the magazine.
    let more = PRIVATE.div_ceil(BATCH);
    (0..more).for_each(|_| own.owner().private().add_spares(&mut batch(BATCH)));
    let cells = iter::from_fn(|| own.owner().private().pop_spare()).count();
    assert_eq!((cells, own.shard.idle()), (more * BATCH, BATCH));
}

/// Objects and values are put and taken in any order: each comes out once, and is among the newest,
/// and no cell is lost or in two places.
#[test]
fn cells_are_conserved() {
    for seed in 0..repeat(200, 3) {
        let mut rng = Rng::new(seed);
        let limit = [usize::MAX, 0, 31, 32, 64, 70, 600, 2000][rng.below(8)];
        let own = Own::new(limit);
        let (mut made, mut spare, mut generation) = (0, 0, 0);
        let mut idle = std::collections::BTreeSet::new();
        for _ in 0..repeat(400, 80) {
            match rng.below(22) {
                0..5 => {
                    if own.owner().private().put(made).is_ok() {
                        spare -= 1;
                        assert!(idle.insert(made));
                    }
                    made += 1;
                }
                5..10 => {
                    if let Some(value) = own.owner().private().take() {
                        spare += 1;
                        assert!(idle.remove(&value));
                    }
                }
                10..12 => {
                    if own.put(made) {
                        assert!(idle.insert(made));
                    }
                    made += 1;
                }
                12 => {
                    if own.owner().private().push_on_top(EmptyCell::new().fill(made)).is_ok() {
                        assert!(idle.insert(made));
                    }
                    made += 1;
                }
                13 => assert!(own.take().is_none_or(|value| idle.remove(&value))),
                14 => {
                    let full = own.owner().private().pop();
                    assert!(full.is_none_or(|full| idle.remove(full.get())));
                }
                15 => own.owner().private().stage_spares(),
                16 => own.owner().private().stow_spares(),
                17 => spare -= usize::from(own.owner().private().pop_empty().is_some()),
                18 => {
                    spare +=
                        usize::from(own.owner().private().push_empty(EmptyCell::new()).is_none())
                }
                19 => {
                    let cells = 1 + rng.below(BATCH);
                    own.owner().private().add_spares(&mut batch(cells));
                    spare += cells;
                    assert!(!own.owner().private().has_no_spares());
                }
                20 => spare -= usize::from(own.owner().private().pop_spare().is_some()),
                _ if rng.below(4) == 0 => {
                    generation += 1;
                    let gone = own.collect(generation);
                    assert!(gone.iter().all(|value| idle.remove(value)));
                }
                _ => {
                    assert_eq!(own.owner().private().take_empties().len(), spare);
                    spare = 0;
                }
            }
            assert_eq!(own.shard.idle(), idle.len());
            assert!(idle.len() <= limit);
        }
        assert_eq!(own.owner().private().take_empties().len(), spare);
        assert_eq!(own.settle(), idle.len());
    }
}

/// A shard knows whether its primary chain is empty, so objects that were put there are found.
#[test]
fn shards_know_what_they_have_shared() {
    let own = Own::new(usize::MAX);
    for generation in 0..3 {
        assert!(own.put(0));
        assert!(!own.shard.published(), "all is private");
        (0..300).for_each(|i| assert!(own.put(i)));
        assert!(own.shard.published());
        assert!(own.collect(generation + 1).len() >= 300 * usize::from(generation > 0));
        assert!(!own.shard.published(), "the chain is empty");
    }
    // Several rings.
    (0..repeat(2000, 400)).for_each(|i| assert!(own.put(i)));
    while own.take().is_some() {}
    assert!(own.shard.chain(3).len() > 0 && own.shard.published(), "older rings have something");
    while own.shard.steal_victims(3).is_some() {}
    assert!(own.take().is_none() && !own.shard.published());
    (0..2 * PRIVATE).for_each(|i| assert!(own.put(i)));
    assert!(own.shard.published());
    assert!(iter::from_fn(|| own.take()).eq(once(0).chain((1..2 * PRIVATE).rev())));
    assert!(!own.shard.published());
}

/// An object is unchanged, whichever path it took through the shard.
#[test]
fn objects_come_back_whole_from_a_shard() {
    let own = Own::new(usize::MAX);
    let n = repeat(100, 20);
    (0..n).for_each(|i| assert!(own.put(vec![i; i])));
    own.collect(1);
    (n..2 * n).for_each(|i| assert!(own.put(vec![i; i])));
    let private = own.owner().private().pop().map(CellBox::take_value);
    assert_eq!(private.unwrap().0, vec![n; n]);
    let mut all = own.empty();
    all.sort_unstable_by_key(Vec::len);
    all.insert(n, vec![n; n]);
    assert!(all.iter().enumerate().all(|(i, object)| *object == vec![i; i]));
    assert_eq!(all.len(), 2 * n);
}
