//! Series of operations on one pool.

use std::mem;
use std::sync::Arc;

use corepool::{Manage, OwnedPooled, Pool, Pooled};

use crate::faults::{self, Fault};
use crate::held::{Gets, Held, Own};
use crate::item::Item;
use crate::ledger::{Ledger, Run, violation};
use crate::local::{Op, below, chance, count};

/// Returns the number of words to write for the next holder: mostly few.
fn words() -> usize {
    match below(1024) {
        0 => 8192,
        1..16 => below(512),
        few => 1 + few % 3,
    }
}

/// Returns the number of objects to hold at once: at most 1 MiB of them.
fn many<T>() -> usize {
    (1 << below(12)).min((1 << 20) / size_of::<T>().max(1))
}

/// One pool, as a thread uses it for a while.
pub struct Burst<'a, T, M> {
    pool: &'a Pool<T, M>,
    ledger: &'static Ledger,
    gets: Gets,
}

impl<'a, T: Item, M: Manage<T>> Burst<'a, T, M> {
    pub fn of(pool: &'a Pool<T, M>, ledger: &'static Ledger) -> Self {
        Self { pool, ledger, gets: Gets::of(ledger) }
    }

    /// Runs a random series, mostly one that takes the hit path.
    pub fn any(&self, max_idle: usize) {
        match below(1024) {
            0..64 => self.several(),
            64..128 => self.moves(),
            128..160 => self.tries(),
            160..190 => self.hoard(),
            190..200 => self.crash(),
            200..210 => self.remove(),
            210..220 => self.reserve(),
            220..230 => self.look(max_idle),
            230..240 => self.trim(),
            240..242 => self.clear(),
            _ => self.hits(64 + below(512)),
        }
    }

    fn get(&self) -> Held<Pooled<'a, T>> {
        self.gets.count(Op::Get);
        Held::new(self.pool.get())
    }

    fn hits(&self, times: usize) {
        for _ in 0..times {
            self.get().fill(words());
        }
    }

    /// Holds some objects at once, so that they come from the magazine.
    fn several(&self) {
        for _ in 0..16 {
            let mut held: Vec<_> = (0..1 + below(40)).map(|_| self.get()).collect();
            held.iter_mut().for_each(|held| held.fill(words()));
        }
    }

    /// Holds many objects at once, so that chains grow, and returns them in either order.
    fn hoard(&self) {
        let mut held: Vec<_> = (0..many::<T>()).map(|_| self.get()).collect();
        if chance(2) {
            held.reverse();
        }
    }

    fn moves(&self) {
        for _ in 0..64 {
            let item = if chance(4) {
                self.gets.count(Op::TryTake);
                self.pool.try_take()
            } else {
                self.gets.count(Op::Take);
                Some(self.pool.take())
            };
            if let Some(item) = item {
                let mut held = Held::new(Own(item));
                held.fill(words());
                let item = held.free().0;
                count(Op::Put);
                self.pool.put(item);
            }
        }
    }

    fn tries(&self) {
        for _ in 0..64 {
            self.gets.count(Op::TryGet);
            if let Some(guard) = self.pool.try_get() {
                Held::new(guard).fill(words());
            }
        }
    }

    /// Panics while holding guards.
    fn crash(&self) {
        let _held: Vec<_> = (0..below(4)).map(|_| self.get()).collect();
        faults::maybe(Fault::User, 2);
    }

    /// Takes an object that is not returned to the pool.
    fn remove(&self) {
        let guard = self.get().free();
        match below(40) {
            0 if Run::get().args.forget => {
                count(Op::Forget);
                self.ledger.leaked.add(1);
                mem::forget(guard);
            }
            0..20 => {
                count(Op::Detach);
                Pooled::detach(guard).leave();
            }
            _ => {
                count(Op::Discard);
                Pooled::discard(guard);
            }
        }
    }

    fn reserve(&self) {
        count(Op::Reserve);
        self.pool.reserve(below(32));
    }

    /// Repeated trims meet other threads at every point of a pin.
    fn trim(&self) {
        for _ in 0..if chance(4) { 256 } else { 1 } {
            count(Op::Trim);
            self.pool.trim();
        }
    }

    fn clear(&self) {
        count(Op::Clear);
        self.pool.clear();
    }

    /// The counters are read at different moments and cannot be compared, except that a pool that
    /// keeps nothing never shows idle objects.
    fn look(&self, max_idle: usize) {
        count(Op::Stats);
        let stats = self.pool.stats();
        if max_idle == 0 && stats.idle > 0 {
            violation(format_args!("pool {} must keep nothing: {stats:?}", self.ledger.index));
        }
    }
}

/// Operations on `OwnedPooled`.
pub fn owned<T: Item, M: Manage<T> + Send + 'static>(
    pool: &Arc<Pool<T, M>>,
    ledger: &'static Ledger,
) {
    let gets = Gets::of(ledger);
    for _ in 0..64 {
        gets.count(Op::GetOwned);
        let mut held = Held::new(pool.get_owned());
        held.fill(words());
        if chance(64) {
            count(Op::Detach);
            OwnedPooled::detach(held.free()).leave();
        }
    }
}
