//! A thread of a scenario: the operations of `Pool`, written with the crate's internal parts, on a
//! seat of its own.

use shuttle::{
    rand::{Rng, thread_rng},
    thread::yield_now,
};

use super::{
    coverage::Event,
    ledger::Item,
    process::{Pool, Process},
};
use crate::{
    collect::recall::Patience,
    containers::cell::{CellBox, EmptyCell},
    pool::recall::Effort,
    seat::seat::Seat,
    shard::{owner::Owner, shard::Shard},
};

/// What a thread may do next. The pools and the numbers are the schedule's choice.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// Gets some objects, or creates them if none is found.
    Get,
    /// Puts some of the objects that it holds, or new ones.
    Put,
    /// Puts more new objects than fit into one ring.
    Fill,
    /// Gets and drops objects until none is found.
    Drain,
    /// Like `Get`, but moves the objects out of their cells.
    Take,
    /// Drops an object that it holds.
    Forget,
    /// Gives its seat back, and takes another.
    Move,
    /// A collect of all pools.
    Collect,
    Trim,
    Clear,
    /// Reads the counters.
    Look,
    /// Stays pinned for a while, like a preempted thread.
    Stall,
    /// Uses a pool of its own.
    Visit,
}

/// The most objects that a thread holds.
const MOST: usize = 6;

pub(super) struct Actor<'a> {
    process: &'a Process,
    seat: Option<&'a Seat>,
    held: Vec<(&'a Pool, Object)>,
}

enum Object {
    Full(CellBox<Item>),
    Value(Item),
}

pub(super) fn below(n: usize) -> usize {
    thread_rng().gen_range(0..n)
}

impl<'a> Actor<'a> {
    pub(super) fn new(process: &'a Process, seated: bool) -> Self {
        let seat = if seated { process.seats.join() } else { None };
        Self { process, seat, held: Vec::new() }
    }

    /// What a thread does at its exit.
    pub(super) fn leave(mut self) {
        while let Some((pool, object)) = self.held.pop() {
            self.put(pool, object);
        }
        self.give_seat_back();
    }

    pub(super) fn act(&mut self, op: Op) {
        let process = self.process;
        let pool = &process.pools[below(process.pools.len())];
        match op {
            Op::Get => self.some(|actor| actor.hold(pool, Self::get)),
            Op::Take => self.some(|actor| actor.hold(pool, Self::take)),
            Op::Put => self.some(|actor| actor.put_any(pool)),
            Op::Fill => (0..5 + below(8)).for_each(|_| self.put(pool, self.make(pool))),
            Op::Drain => self.drain(pool),
            Op::Forget => self.forget(),
            Op::Move => self.change_seat(),
            Op::Collect => process.collect(),
            Op::Trim => process.trim(pool, false),
            Op::Clear => process.trim(pool, true),
            Op::Look => drop(pool.core.stats()),
            Op::Stall => self.pinned(|| (0..below(20)).for_each(|_| yield_now())),
            Op::Visit => self.visit(),
        }
    }

    fn some(&mut self, f: impl Fn(&mut Self)) {
        (0..=below(3)).for_each(|_| f(self));
    }

    fn hold(&mut self, pool: &'a Pool, get: impl Fn(&Self, &Pool) -> Option<Object>) {
        if self.held.len() < MOST {
            let object = get(self, pool).unwrap_or_else(|| self.make(pool));
            self.held.push((pool, object));
        }
    }

    fn put_any(&mut self, pool: &'a Pool) {
        let (pool, object) = match self.held.len() {
            0 => (pool, self.make(pool)),
            held => self.held.swap_remove(below(held)),
        };
        self.put(pool, object);
    }

    /// Gets and drops every object that it finds.
    pub(super) fn drain(&self, pool: &Pool) {
        while let Some(object) = self.get(pool) {
            object.discard();
        }
    }

    fn forget(&mut self) {
        if let Some((_, object)) = self.held.pop() {
            object.discard();
        }
    }

    /// Runs `meanwhile` while pinned, if the thread has a seat that can be pinned.
    pub(super) fn pinned(&self, meanwhile: impl FnOnce()) {
        // SAFETY: this thread's seat, and its only pin.
        let pin = self.seat.and_then(|seat| unsafe { seat.pin() });
        meanwhile();
        drop(pin);
    }

    fn give_seat_back(&mut self) {
        if let Some(seat) = self.seat.take() {
            self.process.leave(seat);
        }
    }

    fn change_seat(&mut self) {
        self.give_seat_back();
        self.seat = self.process.seats.join();
    }

    /// Opens a pool, uses it, and closes it while others may be collecting.
    fn visit(&self) {
        let pool = self.process.open(usize::MAX);
        for _ in 0..2 {
            (0..=below(6)).for_each(|_| self.put(&pool, self.make(&pool)));
            if let Some(object) = self.get(&pool) {
                self.put(&pool, object);
            }
        }
        self.process.close(pool);
    }

    /// Returns an idle object, if one is found.
    fn get(&self, pool: &Pool) -> Option<Object> {
        let full = pool.ledger.search(|| {
            let near = self.near(pool, (), |owner, ()| owner.private().pop().ok_or(()));
            near.ok().or_else(|| self.find(pool))
        })?;
        full.get().hold();
        Some(Object::Full(full))
    }

    /// Like `get`, by value.
    fn take(&self, pool: &Pool) -> Option<Object> {
        let value = pool.ledger.search(|| {
            match self.near(pool, (), |owner, ()| owner.private().take().ok_or(())) {
                Ok(value) => Some(value),
                Err(()) => self.find(pool).map(|full| self.open(pool, full)),
            }
        })?;
        value.hold();
        Some(Object::Value(value))
    }

    fn find(&self, pool: &Pool) -> Option<CellBox<Item>> {
        let nothing = self.with_own(pool, |shard| pool.core.misses(shard));
        if nothing == Some(true) {
            return None;
        }
        // First without a recall, so that it is known whether one has found the object.
        let shared = if below(2) == 0 { pool.core.take(self.here()) } else { None };
        shared.or_else(|| {
            let found = pool.core.search(self.here(), Effort::Full);
            self.process.coverage.add(Event::Recall, usize::from(found.is_some()));
            found
        })
    }

    fn open(&self, pool: &Pool, full: CellBox<Item>) -> Item {
        let (value, empty) = full.take_value();
        pool.core.push_empty(self.seat, empty);
        value
    }

    fn make(&self, pool: &Pool) -> Object {
        Object::Full(
            pool.core.pop_empty(self.seat).unwrap_or_else(EmptyCell::new).fill(pool.ledger.item()),
        )
    }

    /// Puts an object back.
    fn put(&self, pool: &Pool, object: Object) {
        let kept = match object {
            Object::Full(full) => {
                full.get().release();
                let near = self.near(pool, full, |owner, full| owner.private().push_on_top(full));
                near.or_else(|full| self.keep(pool, full))
            }
            Object::Value(value) => {
                value.release();
                let kept = match below(4) {
                    // As to a pool with a hook, which needs the object in its cell.
                    0 => Err(value),
                    _ => self.near(pool, value, |owner, value| owner.private().put(value)),
                };
                let far = kept.or_else(|value| match below(4) {
                    0 => Err(value),
                    _ => pool.core.put_value(self.here(), value),
                });
                far.or_else(|value| self.keep(pool, self.fill(pool, value)))
            }
        };
        match kept {
            Ok(()) => pool.ledger.kept(),
            Err(full) => {
                // The object still belongs to the caller, who can only drop it.
                full.get().hold();
                Object::Full(full).discard();
            }
        }
    }

    fn fill(&self, pool: &Pool, value: Item) -> CellBox<Item> {
        let empty: EmptyCell<Item> = pool.core.pop_empty(self.seat).unwrap_or_else(EmptyCell::new);
        empty.fill(value)
    }

    fn keep(&self, pool: &Pool, full: CellBox<Item>) -> Result<(), CellBox<Item>> {
        let here = self.here();
        let again = |full| match pool.core.recall_units(here, Patience::GivesUp) {
            true => pool.core.put(here, full),
            false => Err(full),
        };
        pool.core.put(here, full).or_else(again)
    }

    /// Returns the thread's seat, after it has caught up, for the slow path.
    fn here(&self) -> Option<&'a Seat> {
        self.seat.inspect(|seat| self.process.catch_up(seat))
    }

    fn near<A, R>(
        &self,
        pool: &Pool,
        arg: A,
        f: impl FnOnce(Owner<'_, Item>, A) -> Result<R, A>,
    ) -> Result<R, A> {
        let mut arg = Some(arg);
        // SAFETY: pinned.
        let call = |shard: &Shard<Item>| Some(f(unsafe { shard.owner() }, arg.take()?));
        match self.with_own(pool, call).flatten() {
            Some(result) => result,
            None => Err(arg.expect("not used")),
        }
    }

    /// Calls `f` on the thread's own shard, pinned, as on the hit path.
    fn with_own<R>(&self, pool: &Pool, f: impl FnOnce(&Shard<Item>) -> R) -> Option<R> {
        let seat = self.seat?;
        // SAFETY: this thread's seat, and its only pin.
        let _pin = unsafe { seat.pin_fast() }?;
        // SAFETY: pinned.
        unsafe { pool.core.own_shard(seat) }.map(f)
    }
}

impl Object {
    /// Drops an object that is held.
    fn discard(self) {
        match &self {
            Self::Full(full) => full.get().discard(),
            Self::Value(value) => value.discard(),
        }
    }
}
