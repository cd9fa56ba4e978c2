//! The pools.

use std::sync::{Arc, Mutex};

use corepool::Pool;

use crate::bursts::{Burst, owned};
use crate::faults::caught;
use crate::held::{Gets, Held, Loan};
use crate::hooks::{NEST, fail, nest, recycle, refuse};
use crate::item::{Boxed, Buffer, Item, Large, Line, Page, Tiny, Zero, create};
use crate::ledger::{LEDGERS, Ledger};
use crate::local::{Op, below, count};
use crate::slot::lock;

/// A pool of any kind.
pub trait Target: Send + Sync {
    fn ledger(&self) -> &'static Ledger;

    /// Runs a series of operations.
    fn burst(&self);

    /// Returns a guard that may outlive the series.
    fn lend(&self) -> Box<dyn Loan>;

    /// Compares the ledger with the pool, when no thread is at work or holds an object.
    fn compare(&self);

    /// Empties the pool when no other thread is left, and drops it unless it is a static.
    fn close(&self);
}

/// A pool in a static.
struct Fixed<T: 'static> {
    pool: &'static Pool<T>,
    ledger: &'static Ledger,
    max_idle: usize,
}

impl<T: Item> Target for Fixed<T> {
    fn ledger(&self) -> &'static Ledger {
        self.ledger
    }

    fn burst(&self) {
        Burst::of(self.pool, self.ledger).any(self.max_idle);
    }

    fn lend(&self) -> Box<dyn Loan> {
        Gets::of(self.ledger).count(Op::Get);
        Box::new(Held::new(self.pool.get()))
    }

    fn compare(&self) {
        self.ledger.compare(|| self.pool.stats(), self.max_idle, true, None);
    }

    /// A single thread must get every object. A search may give up, so it is repeated; it does not
    /// keep searching the same shards.
    fn close(&self) {
        let all = (0..64).flat_map(|_| std::iter::from_fn(|| self.pool.try_take()));
        all.for_each(|item| {
            count(Op::TryTake);
            item.leave();
        });
    }
}

type Create<T> = Box<dyn Fn() -> T + Send + Sync>;
type Handle<T> = Arc<Pool<T, Create<T>>>;

/// A pool that is shared by its handles. If it is transient, a new pool sometimes takes its place;
/// the old one is dropped with its last handle or guard.
struct Shared<T> {
    pool: Mutex<Option<Handle<T>>>,
    ledger: &'static Ledger,
    recycle: Option<fn(&mut T) -> bool>,
    max_idle: usize,
    /// Whether the bound is a total weight.
    weighs: bool,
    transient: bool,
}

/// The weight of an object in a pool that weighs its objects.
const WEIGHT: usize = 3;

/// Checks the object, and sometimes uses pools. Panics are caught: the weight of an object whose
/// weighing panics when it leaves would stay counted.
fn weigh<T: Item>(item: &T) -> usize {
    item.look_free();
    caught(nest);
    WEIGHT
}

impl<T: Item> Shared<T> {
    fn boxed(index: usize) -> Box<dyn Target> {
        let (bounds, hooks) = ([usize::MAX, 100, 7, 1, 0, 40], [recycle, refuse, fail]);
        let shared = Self {
            pool: Mutex::new(None),
            ledger: &LEDGERS[index],
            recycle: hooks.get(index / 2 % 6).copied(),
            max_idle: bounds.get(index / 3 % 9).copied().unwrap_or(usize::MAX),
            weighs: index % 5 == 2,
            transient: index % 2 == 0,
        };
        shared.renew();
        Box::new(shared)
    }

    fn renew(&self) {
        count(Op::New);
        let ledger = self.ledger;
        let create: Create<T> = Box::new(|| create(ledger));
        let mut pool = Pool::new(create);
        if let Some(recycle) = self.recycle {
            pool = pool.with_recycle(recycle);
        }
        if self.weighs {
            let most = self.max_idle.saturating_mul(WEIGHT).min(usize::MAX - 1);
            pool = pool.with_weight(weigh).with_max_idle_bytes(most);
        } else if self.max_idle < usize::MAX {
            pool = pool.with_max_idle(self.max_idle);
        }
        let before = lock(&self.pool).replace(Arc::new(pool));
        drop(before);
    }

    fn current(&self) -> Handle<T> {
        lock(&self.pool).clone().expect("open")
    }
}

impl<T: Item> Target for Shared<T> {
    fn ledger(&self) -> &'static Ledger {
        self.ledger
    }

    fn burst(&self) {
        match below(32) {
            0 if self.transient => self.renew(),
            1..8 => owned(&self.current(), self.ledger),
            _ => Burst::of(&*self.current(), self.ledger).any(self.max_idle),
        }
    }

    fn lend(&self) -> Box<dyn Loan> {
        Gets::of(self.ledger).count(Op::GetOwned);
        Box::new(Held::new(self.current().get_owned()))
    }

    fn compare(&self) {
        let weight = self.weighs.then_some(WEIGHT);
        self.ledger.compare(|| self.current().stats(), self.max_idle, !self.transient, weight);
    }

    fn close(&self) {
        count(Op::Close);
        let last = lock(&self.pool).take();
        drop(last);
    }
}

/// The pools in statics: the index of the ledger, the type of the objects, the hook and the bound.
macro_rules! fixed {
    ($($index:literal: $Item:ty, [$(recycle $recycle:path)?], [$(max_idle $max_idle:literal)?];)*) => {
        fn fixed() -> Vec<Box<dyn Target>> {
            vec![$({
                static POOL: Pool<$Item> = <Pool<$Item>>::new(|| create(&LEDGERS[$index]))
                    $(.with_recycle($recycle))?
                    $(.with_max_idle($max_idle))?;
                let max_idle = [$($max_idle,)? usize::MAX][0];
                Box::new(Fixed { pool: &POOL, ledger: &LEDGERS[$index], max_idle })
            }),*]
        }
    };
}

fixed! {
    1: Line, [], [];
    2: Line, [], [];
    3: Buffer, [], [];
    4: Line, [], [max_idle 100];
    5: Buffer, [recycle refuse], [];
    6: Line, [recycle fail], [];
    7: Line, [], [max_idle 0];
    8: Line, [], [max_idle 1];
    9: Buffer, [recycle recycle], [max_idle 7];
    10: Tiny<10>, [], [];
    11: Zero<11>, [], [];
    12: Zero<12>, [recycle refuse], [max_idle 7];
    13: Tiny<13>, [recycle fail], [max_idle 100];
    14: Large, [], [];
    15: Boxed, [], [];
    16: Page, [], [];
    17: Large, [recycle refuse], [max_idle 7];
    18: Page, [recycle fail], [max_idle 100];
    19: Line, [], [max_idle 10_000];
}

fn shared(index: usize) -> Box<dyn Target> {
    match index % 11 {
        0..5 => Shared::<Line>::boxed(index),
        5..8 => Shared::<Buffer>::boxed(index),
        8 => Shared::<Page>::boxed(index),
        9 => Shared::<Large>::boxed(index),
        _ => Shared::<Boxed>::boxed(index),
    }
}

/// Returns `wanted` pools: the pool of the hooks, those in statics, and others.
pub fn all(wanted: usize) -> Vec<Box<dyn Target>> {
    let nest = Fixed { pool: &NEST, ledger: &LEDGERS[0], max_idle: usize::MAX };
    let mut targets: Vec<Box<dyn Target>> = vec![Box::new(nest)];
    targets.extend(fixed());
    targets.truncate(wanted);
    targets.extend((targets.len()..wanted).map(shared));
    targets
}
