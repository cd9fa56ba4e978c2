//! A simulation: virtual threads, and the pools that they share.

use std::{mem::take, sync::Arc};

use super::{
    oracle::Oracle,
    steps,
    token::{Book, Token},
};
use crate::{
    collect::{
        collect::{Which, age_seat, drop_pending, vacate_seat},
        recall::Patience,
        registry::Registry,
    },
    containers::cell::{CellBox, EmptyCell},
    pool::recall::Effort,
    seat::{
        claim::Claim,
        seat::{Pin, Seat},
        table::Seats,
    },
    sync::{MutexGuard, Relaxed},
};

/// The number of virtual threads that may have seats. There is one more, which never has one.
pub(super) const PLAYERS: usize = 6;

/// The operations that age pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Collect,
    Trim(usize),
    Clear(usize),
}

/// A virtual thread.
#[derive(Default)]
struct Player<'a> {
    seat: Option<&'a Seat>,
    /// The pin of a player that was stopped inside an operation.
    pin: Option<Pin<'a>>,
}

/// A thread besides the players, which is at work until a player has to wait for it.
enum Other<'a> {
    Nowhere,
    /// It holds the registry's lock.
    Registry {
        _lock: MutexGuard<'static, Registry>,
    },
    /// It is in the middle of a trim of another pool.
    Trim {
        // In this order: the claim ends first.
        _claim: Claim<'a>,
        _lock: MutexGuard<'static, Registry>,
    },
}

pub(super) struct Simulation<'a, const PAD: usize> {
    seats: &'a Seats,
    players: [Player<'a>; PLAYERS + 1],
    other: Other<'a>,
    registry: Registry,
    pools: Vec<Oracle<PAD>>,
    book: Arc<Book>,
    /// Objects out of the pools: in cells, by value, and leaked.
    held: Vec<CellBox<Token<PAD>>>,
    values: Vec<Token<PAD>>,
    forgotten: Vec<CellBox<Token<PAD>>>,
}

/// The players.
impl<'a, const PAD: usize> Simulation<'a, PAD> {
    /// A simulation with pools of these bounds. `sleepers`: the number of seats that are taken
    /// before the players' seats, and before each one of them.
    pub(super) fn new(seats: &'a Arc<Seats>, sleepers: (usize, usize), pools: &[usize]) -> Self {
        let (before_all, before_each) = sleepers;
        let join = || seats.join().expect("a free seat");
        let skip = |seats| (0..seats).for_each(|_| _ = join());
        skip(before_all);
        let join_later = |_| {
            skip(before_each);
            join()
        };
        let free: Vec<_> = (0..PLAYERS).map(join_later).collect();
        // SAFETY: joined above, and not used yet.
        free.into_iter().for_each(|seat| unsafe { seats.leave(seat) });
        let mut registry = Registry::default();
        let pools = pools.iter().map(|&max_idle| Oracle::new(seats, &mut registry, max_idle));
        let pools = pools.collect();
        Self {
            seats,
            players: Default::default(),
            other: Other::Nowhere,
            registry,
            pools,
            book: Arc::default(),
            held: Vec::new(),
            values: Vec::new(),
            forgotten: Vec::new(),
        }
    }

    /// Whether the player has not been stopped.
    pub(super) fn runs(&self, who: usize) -> bool {
        self.players[who].pin.is_none()
    }

    /// Stops a player inside a pin, if it can pin.
    pub(super) fn stop(&mut self, who: usize) {
        if let Some(seat) = self.here(who) {
            // SAFETY: the player's seat, and its only pin.
            self.players[who].pin = unsafe { seat.pin() };
        }
    }

    pub(super) fn resume(&mut self, who: usize) {
        self.players[who].pin = None;
    }

    /// Returns the seat of a player, which joins if it has none. A late seat has caught up.
    fn here(&mut self, who: usize) -> Option<&'a Seat> {
        if who < PLAYERS && self.players[who].seat.is_none() {
            if matches!(self.other, Other::Trim { .. }) {
                self.wait();
            }
            self.players[who].seat = self.seats.join();
        }
        let seat = self.players[who].seat;
        seat.filter(|seat| seat.is_late()).inspect(|seat| {
            if matches!(self.other, Other::Nowhere) {
                self.catch_up(seat);
            }
        });
        seat
    }

    /// Does the missed work of a seat. No thread holds the registry's lock, and the seat's player
    /// is not pinned.
    fn catch_up(&self, seat: &Seat) {
        // SAFETY: as above.
        unsafe { age_seat(&self.registry, seat) };
    }

    /// A player's thread exits. From then on the player is another thread.
    pub(super) fn exit(&mut self, who: usize) {
        self.wait();
        let Some(seat) = self.players[who].seat.take() else { return };
        // SAFETY: no thread holds the registry's lock, and the player is not pinned.
        unsafe { vacate_seat(&self.registry, seat) };
        for pool in &self.pools {
            let stranded = pool.shard(seat).map_or(0, |shard| shard.private.len());
            assert_eq!(stranded, 0, "an ended thread has kept objects");
        }
        // SAFETY: the player's seat, which it no longer uses.
        unsafe { self.seats.leave(seat) };
    }

    /// Another thread takes the registry's lock.
    pub(super) fn lock(&mut self) {
        self.wait();
        self.other = Other::Registry { _lock: Registry::lock() };
    }

    /// Another thread starts to trim a pool of its own.
    pub(super) fn claim(&mut self) {
        self.wait();
        let lock = Registry::lock();
        // SAFETY: locked.
        let claim = unsafe { Claim::new(self.seats, false) };
        self.other = Other::Trim { _claim: claim, _lock: lock };
    }

    /// The other thread ends its work.
    pub(super) fn wait(&mut self) {
        self.other = Other::Nowhere;
    }
}

/// The players' operations on pools.
impl<const PAD: usize> Simulation<'_, PAD> {
    /// A player gets an object, if it finds one.
    pub(super) fn get(&mut self, who: usize, pool: usize) {
        let full = self.find(who, pool);
        self.held.extend(full);
    }

    fn find(&mut self, who: usize, pool: usize) -> Option<CellBox<Token<PAD>>> {
        let current = self.players[who].seat;
        self.pools[pool].pop(current).or_else(|| self.search(who, pool))
    }

    fn search(&mut self, who: usize, pool: usize) -> Option<CellBox<Token<PAD>>> {
        let current = self.players[who].seat;
        if self.pools[pool].has_nothing(current) {
            return None;
        }
        let seat = self.here(who);
        // A search that must not wait for the other thread gives up a recall.
        let effort = match self.other {
            Other::Nowhere => Effort::Full,
            Other::Registry { .. } | Other::Trim { .. } => Effort::Modest,
        };
        let stopped: Vec<_> = self.stopped().collect();
        self.pools[pool].search(seat, effort, &stopped)
    }

    /// The seats of players that were stopped, and so keep what is private to them.
    fn stopped(&self) -> impl Iterator<Item = usize> {
        let stopped = self.players.iter().filter(|player| player.pin.is_some());
        stopped.filter_map(|player| Some(player.seat?.id))
    }

    /// A player gives back an object, or a new one if none is out.
    pub(super) fn put(&mut self, who: usize, pool: usize) {
        let full = self.held.pop().unwrap_or_else(|| self.make(who, pool));
        self.keep(who, pool, full);
    }

    fn make(&mut self, who: usize, pool: usize) -> CellBox<Token<PAD>> {
        let empty = self.pools[pool].make(self.players[who].seat);
        empty.fill(Token::new(&self.book))
    }

    fn keep(&mut self, who: usize, pool: usize, full: CellBox<Token<PAD>>) {
        let current = self.players[who].seat;
        if let Err(full) = self.pools[pool].push(current, full) {
            self.keep_far(who, pool, full);
        }
    }

    fn keep_far(&mut self, who: usize, pool: usize, full: CellBox<Token<PAD>>) {
        let seat = self.here(who);
        let mut kept = self.pools[pool].put(seat, full);
        if let Err(full) = kept {
            self.pools[pool].core.recall_units(seat, Patience::GivesUp);
            let has_room = self.pools[pool].core.quota.has_room();
            kept = self.pools[pool].put(seat, full);
            assert_eq!(kept.is_ok(), has_room, "refused without a reason, or kept without a unit");
        }
        self.drop_refused(pool, kept);
    }

    fn drop_refused(&mut self, pool: usize, kept: Result<(), CellBox<Token<PAD>>>) {
        if let Err(full) = kept {
            let number = full.get().number();
            self.pools[pool].discard(full);
            assert_eq!(self.book.take_dropped(), [number]);
        }
    }

    /// A player takes an object out of its cell.
    pub(super) fn take(&mut self, who: usize, pool: usize) {
        let current = self.players[who].seat;
        let value = self.pools[pool].pop_value(current).or_else(|| {
            let (value, empty) = self.search(who, pool)?.take_value();
            self.pools[pool].core.push_empty(self.players[who].seat, empty);
            Some(value)
        });
        self.values.extend(value);
    }

    /// A player puts an object without a cell, or a new one if none is out.
    pub(super) fn put_value(&mut self, who: usize, pool: usize) {
        let current = self.players[who].seat;
        let value = self.values.pop().unwrap_or_else(|| Token::new(&self.book));
        if let Err(value) = self.pools[pool].push_value(current, value) {
            let seat = self.here(who);
            if let Err(value) = self.pools[pool].put_value(seat, value) {
                self.put_filled(who, pool, value);
            }
        }
    }

    /// Like `put_value`, to a pool with a hook, which needs the object in its cell.
    pub(super) fn put_hooked(&mut self, who: usize, pool: usize) {
        let value = self.values.pop().unwrap_or_else(|| Token::new(&self.book));
        self.put_filled(who, pool, value);
    }

    fn put_filled(&mut self, who: usize, pool: usize, value: Token<PAD>) {
        let empty = self.pools[pool].core.pop_empty(self.players[who].seat);
        self.keep_far(who, pool, empty.unwrap_or_else(EmptyCell::new).fill(value));
    }

    /// Creates an object ahead of time.
    pub(super) fn reserve(&mut self, who: usize, pool: usize) {
        if self.pools[pool].core.quota.has_room() {
            let full = self.make(who, pool);
            let kept = self.pools[pool].shelve(full);
            self.drop_refused(pool, kept);
        }
    }

    /// Drops an object that is out of its pool.
    pub(super) fn discard(&mut self, pool: usize) {
        if let Some(full) = self.held.pop() {
            self.drop_refused(pool, Err(full));
        }
    }

    /// Leaks an object that is out of its pool.
    pub(super) fn forget(&mut self) {
        self.forgotten.extend(self.held.pop());
    }

    pub(super) fn step(&mut self, which: Step) {
        self.wait();
        let (pools, clear) = match which {
            Step::Collect => (0..self.pools.len(), false),
            Step::Trim(pool) => (pool..pool + 1, false),
            Step::Clear(pool) => (pool..pool + 1, true),
        };
        let ages = match which {
            Step::Collect => Which::all(&self.registry),
            Step::Trim(pool) | Step::Clear(pool) => {
                Which::one(&self.registry, &**self.pools[pool].core)
            }
        };
        // SAFETY: no other thread holds the registry's lock.
        drop_pending(unsafe { steps::age(self.seats, ages, clear) }, |_| ());
        let mut dropped = self.book.take_dropped();
        for pool in &mut self.pools[pools] {
            let own;
            (own, dropped) = dropped.into_iter().partition(|&number| pool.model.is_idle(number));
            pool.stepped(&own, clear);
            for player in &self.players {
                let shard = player.seat.and_then(|seat| pool.shard(seat));
                if let Some(shard) = shard.filter(|shard| shard.open.load(Relaxed)) {
                    let missed = pool.missed(shard) > 0;
                    assert_eq!(missed, player.pin.is_some(), "a step skips the pinned only");
                }
            }
        }
        assert_eq!(dropped, [], "dropped, but not idle");
    }

    /// Drops a pool, and makes another in its place.
    pub(super) fn renew(&mut self, pool: usize) {
        self.wait();
        let old = self.pools.remove(pool);
        let (another, idle) = old.another(&mut self.registry);
        self.pools.insert(pool, another);
        assert_eq!(self.book.take_dropped().len(), idle);
    }

    /// Compares all pools with their models.
    pub(super) fn check(&self) {
        for pool in &self.pools {
            pool.check();
        }
        assert!(self.book.take_dropped().is_empty(), "dropped without a reason");
        let idle: usize = self.pools.iter().map(|pool| pool.model.idle()).sum();
        let out = self.held.len() + self.values.len() + self.forgotten.len();
        assert_eq!(self.book.alive(), idle + out);
    }

    /// Drops all pools, and the objects that are out of them. Only the leaked objects remain.
    pub(super) fn end(mut self) {
        self.wait();
        (0..PLAYERS).for_each(|who| self.resume(who));
        for pool in take(&mut self.pools) {
            let idle = pool.end(&mut self.registry);
            assert_eq!(self.book.take_dropped().len(), idle);
        }
        self.held.clear();
        self.values.clear();
        assert_eq!(self.book.alive(), self.forgotten.len());
        self.forgotten.clear();
        assert_eq!(self.book.alive(), 0);
    }
}
