//! The heap core of a pool: where an object is looked for, and where it is kept.
//!
//! Everything here works on seats that are passed in, knows nothing of the process, and calls no
//! user code: what is to be dropped is handed back.

use std::{
    marker::PhantomData,
    ptr::{self, NonNull},
};

use crossbeam_utils::CachePadded;

use crate::{
    age::Remains,
    cell::{Empty, Full, List},
    memory::try_box,
    owner::{Owner, Refused},
    quota::Quota,
    ring::Ring,
    seat::{Pin, Seat},
    seats::{MAX_SEATS, bucket, bucket_len},
    segment::{Place, Segment},
    shard::{Shard, Size},
    shelf::Shelf,
    stats::{Counter, Found, Tally},
    sync::{Acquire, AtomicPtr, AtomicU32, AtomicUsize, Relaxed, Release, UnsafeCell},
};

/// Segments for all seats, if the first covers but one.
const SEGMENTS: usize = bucket(MAX_SEATS - 1, 1).0 + 1;

/// Shards that a search tries to steal from, in each generation.
const PROBES: usize = 8;

/// What the first use of a pool panics with, where other uses find a way.
pub(crate) const NO_MEMORY: &str = "no memory for a pool";

#[repr(C, align(128))]
pub(crate) struct Core<T> {
    /// The first segment's shards, and the bytes that they take: all that a hit reads.
    first: NonNull<Shard<T>>,
    first_bytes: usize,
    first_len: usize,
    segments: [AtomicPtr<Segment<T>>; SEGMENTS],
    /// Counts the collects. Written under the registry's lock.
    pub(crate) generation: AtomicU32,
    pub(crate) quota: Quota,
    pub(crate) shelf: CachePadded<Shelf<T>>,
    /// What is not counted by shards.
    pub(crate) tally: Tally,
    pub(crate) dropped: Counter,
    /// Where the registry lists this pool. Used under its lock.
    pub(crate) entry: AtomicUsize,
    /// What a collect is about to drop. Used under the registry's lock.
    pub(crate) remains: UnsafeCell<Remains<T>>,
    owns: PhantomData<T>,
}

// SAFETY: a core owns objects and hands each to one thread at a time.
unsafe impl<T: Send> Send for Core<T> {}
// SAFETY: as above; no `&T` is ever made.
unsafe impl<T: Send> Sync for Core<T> {}

impl<T> Core<T> {
    /// A core whose first segment has `first` shards (a power of two), for `max_idle` objects.
    pub(crate) fn new(first: usize, max_idle: usize) -> Box<Self> {
        let segment = Segment::try_new(first).expect(NO_MEMORY);
        let core = try_box(Self {
            first: NonNull::from(&*segment.shards).cast(),
            first_bytes: first * size_of::<Shard<T>>(),
            first_len: first,
            segments: [const { ptr::null_mut() }; SEGMENTS].map(AtomicPtr::new),
            generation: AtomicU32::new(0),
            quota: Quota::new(max_idle, Size::<T>::MAGAZINE),
            shelf: CachePadded::new(Shelf::new()),
            tally: Tally::default(),
            dropped: Counter::default(),
            entry: AtomicUsize::new(usize::MAX),
            remains: UnsafeCell::new(Remains::new()),
            owns: PhantomData,
        });
        let core = core.expect(NO_MEMORY);
        core.segments[0].store(Box::into_raw(segment), Relaxed);
        core
    }

    /// The shard of a seat, if the first segment has it.
    #[inline(always)]
    pub(crate) fn near_shard(&self, seat: &Seat) -> Option<&Shard<T>> {
        const { assert!(size_of::<Shard<T>>() == Shard::BYTES) };
        let near = seat.offset < self.first_bytes;
        // SAFETY: within the first segment, which lives as long as `self`.
        near.then(|| unsafe { self.first.byte_add(seat.offset).as_ref() })
    }

    fn segment(&self, index: usize) -> Option<&Segment<T>> {
        // Acquire: pairs with the Release in `place_or_grow`.
        let segment = self.segments.get(index)?.load(Acquire);
        // SAFETY: a segment lives as long as `self`.
        unsafe { segment.as_ref() }.inspect(|segment| segment.life().alive())
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &Segment<T>> {
        (0..SEGMENTS).filter_map(|index| self.segment(index))
    }

    pub(crate) fn places(&self) -> impl Iterator<Item = Place<'_, T>> {
        self.segments().flat_map(|segment| {
            (0..segment.shards.len()).map(move |index| Place { segment, index })
        })
    }

    pub(crate) fn shards(&self) -> impl Iterator<Item = &Shard<T>> {
        self.places().map(|place| place.shard())
    }

    /// Where a seat's shard is, if there is one yet.
    pub(crate) fn place(&self, id: usize) -> Option<Place<'_, T>> {
        let (segment, index) = bucket(id, self.first_len);
        Some(Place { segment: self.segment(segment)?, index })
    }

    /// Where a seat's shard is. `None` if there is no memory for it.
    fn place_or_grow(&self, id: usize) -> Option<Place<'_, T>> {
        self.place(id).or_else(|| {
            let (index, _) = bucket(id, self.first_len);
            let new = Box::into_raw(Segment::try_new(bucket_len(index, self.first_len))?);
            // Release: pairs with the Acquire in `segment`.
            let grown =
                self.segments[index].compare_exchange(ptr::null_mut(), new, Release, Relaxed);
            if grown.is_err() {
                // SAFETY: another thread was quicker, and nobody has seen ours.
                drop(unsafe { Box::from_raw(new) });
            }
            self.place(id)
        })
    }

    /// The seat's shard, pinned and open. `None` if it is not to be had just now.
    fn pin<'a>(&'a self, seat: Option<&'a Seat>) -> Option<Pinned<'a, T>> {
        let seat = seat?;
        let place = self.place_or_grow(seat.id)?;
        // SAFETY: callers pass their own seat, and no code of this module pins while pinned.
        let pinned = Pinned { place, _pin: unsafe { seat.pin() }? };
        // The generation is read while pinned: a collect comes either before, and then the shard is
        // empty, or after, and then it ages the shard.
        pinned.owner().open(|| self.generation.load(Relaxed), &self.quota);
        Some(pinned)
    }

    /// An idle object, by the long way: own shard, other shards, shelf, victims.
    pub(crate) fn take(&self, seat: Option<&Seat>) -> Option<Full<T>> {
        let (found, full) = self.search(seat);
        self.count(seat, |tally| tally.of(found));
        full
    }

    fn search(&self, seat: Option<&Seat>) -> (Found, Option<Full<T>>) {
        let own = self.pin(seat).and_then(|shard| shard.owner().pop(&self.quota));
        if own.is_some() {
            return (Found::Own, own);
        }
        let generation = self.generation.load(Relaxed);
        let (found, full) = self.steal(seat, generation);
        if full.is_some() {
            return (found, full);
        }
        if let Some(full) = self.shelf.pop() {
            self.quota.release(1);
            return (Found::Other, Some(full));
        }
        match self.take_victim(seat, generation.wrapping_add(1)) {
            None => (Found::Nothing, None),
            full => (Found::Victim, full),
        }
    }

    /// Counts where it costs least: in the shard if the seat has one, which only its owner does.
    pub(crate) fn count(&self, seat: Option<&Seat>, of: impl Fn(&Tally) -> Option<&Counter>) {
        match seat.and_then(|seat| self.place(seat.id)) {
            Some(place) => of(&place.shard().tally).into_iter().for_each(Counter::count),
            None => of(&self.tally).into_iter().for_each(|counter| counter.add(1)),
        }
    }

    /// Looks for objects in the chains of this parity. What is found beyond one goes to the thief's
    /// shard.
    fn steal(&self, seat: Option<&Seat>, parity: u32) -> (Found, Option<Full<T>>) {
        let (own, mut got) =
            self.around(seat, parity, |place| place.steal(parity, self.quota.batch()));
        let full = got.pop();
        if full.is_some() {
            match self.pin(seat) {
                Some(shard) => shard.owner().stash(&mut got, &self.quota),
                None => self.quota.release(1),
            }
            self.shelf.append(got);
        }
        (if own { Found::Other } else { Found::Steal }, full)
    }

    /// Looks for one victim. The others stay victims: only what is used lives on.
    fn take_victim(&self, seat: Option<&Seat>, parity: u32) -> Option<Full<T>> {
        let (_, mut got) = self.around(seat, parity, |place| place.steal_victims(parity));
        let full = got.pop().or_else(|| self.shelf.pop_aged());
        self.shelf.append_aged(got);
        self.quota.release(usize::from(full.is_some()));
        full
    }

    /// Visits shards that may hold something until one does: the seat's own, then at most so many
    /// others. The segments come in turn, the words of their maps and the bits of those from a
    /// random one on. Tells whether it was the own one, too.
    fn around(
        &self,
        seat: Option<&Seat>,
        parity: u32,
        visit: impl Fn(Place<'_, T>) -> List<T>,
    ) -> (bool, List<T>) {
        let own = seat.and_then(|seat| self.place(seat.id)).map_or_else(List::new, &visit);
        if own.len() > 0 {
            return (true, own);
        }
        let random = seat.map_or(0, Seat::random);
        let mut probes = PROBES;
        for segment in self.segments() {
            let map = segment.occupied(parity);
            for turn in 0..map.len() {
                let word = (random as usize + turn) % map.len();
                // Acquire: pairs with the Release of `Place::mark`.
                let mut bits = map[word].load(Acquire);
                while bits != 0 && probes > 0 {
                    let ahead = bits.rotate_right(random % usize::BITS).trailing_zeros();
                    let bit = (ahead + random % usize::BITS) % usize::BITS;
                    let got = visit(Place::of_bit(segment, word, bit));
                    if got.len() > 0 {
                        return (false, got);
                    }
                    bits &= !(1 << bit);
                    probes -= 1;
                }
            }
        }
        (false, List::new())
    }

    /// Keeps an object. If the pool holds as many as it may, it comes back to be dropped.
    pub(crate) fn put(&self, seat: Option<&Seat>, mut full: Full<T>) -> Result<(), Full<T>> {
        let mut ring = None;
        loop {
            let Some(shard) = self.pin(seat) else {
                return self.shelve(full);
            };
            let refused = match shard.push(full, &self.quota, &mut ring) {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            drop(shard);
            match refused {
                Refused::Bound(full) => return Err(full),
                Refused::Room(full) => return self.shelve(full),
                Refused::Grow(back, slots) => {
                    full = back;
                    ring = Ring::try_new(slots);
                    if ring.is_none() {
                        return self.shelve(full);
                    }
                }
            }
        }
    }

    /// Keeps an object on the shelf, where every thread finds it.
    pub(crate) fn shelve(&self, full: Full<T>) -> Result<(), Full<T>> {
        if self.quota.lease(1) == 0 {
            return Err(full);
        }
        self.shelf.push(full);
        Ok(())
    }

    /// A cell that a `take` has left.
    pub(crate) fn pop_empty(&self, seat: Option<&Seat>) -> Option<Empty<T>> {
        self.pin(seat).and_then(|shard| shard.owner().pop_empty())
    }

    /// Keeps a cell for the next object, or frees it.
    pub(crate) fn push_empty(&self, seat: Option<&Seat>, empty: Empty<T>) {
        let mut empty = Some(empty);
        if let Some(shard) = self.pin(seat) {
            empty = empty.and_then(|empty| shard.owner().push_empty(empty));
        }
        drop(empty);
    }
}

impl<T> Drop for Core<T> {
    /// Frees the memory. The objects are gone by now: see `Core::empty`.
    fn drop(&mut self) {
        for segment in &self.segments {
            let segment = segment.load(Relaxed);
            if !segment.is_null() {
                // SAFETY: nobody else is here, and it came from a `Box`.
                drop(unsafe { Box::from_raw(segment) });
            }
        }
    }
}

/// A shard whose seat is pinned.
struct Pinned<'a, T> {
    place: Place<'a, T>,
    _pin: Pin<'a>,
}

impl<T> Pinned<'_, T> {
    fn owner(&self) -> Owner<'_, T> {
        // SAFETY: pinned.
        unsafe { self.place.shard().owner() }
    }

    fn push(
        &self,
        full: Full<T>,
        quota: &Quota,
        ring: &mut Option<Box<Ring<T>>>,
    ) -> Result<(), Refused<T>> {
        let owner = self.owner();
        let result = owner.push(full, quota, ring);
        if owner.has_published() {
            self.place.mark(owner.generation());
        }
        result
    }
}
