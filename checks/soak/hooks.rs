//! Pool operations inside `create`, `recycle` and destructors, up to a depth.

use std::cell::Cell;

use corepool::Pool;

use crate::faults::{self, Fault};
use crate::held::{Gets, Held};
use crate::item::{Item, Line, create};
use crate::ledger::LEDGERS;
use crate::local::{Op, chance, count};

/// The pool that hooks use, even the hooks of this pool.
pub static NEST: Pool<Line> = <Pool<Line>>::new(|| create(&LEDGERS[0])).with_recycle(recycle);

const DEEPEST: usize = 2;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Uses pools in some of its calls.
pub fn nest() {
    struct Deeper;

    impl Drop for Deeper {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
        }
    }

    if DEPTH.get() >= DEEPEST || !chance(16) {
        return;
    }
    DEPTH.set(DEPTH.get() + 1);
    let _deeper = Deeper;
    let gets = Gets::of(&LEDGERS[0]);
    gets.count(Op::Get);
    Held::new(NEST.get()).fill(1);
    if chance(64) {
        count(Op::Collect);
        corepool::collect();
    }
}

/// Ends nesting on this thread.
pub fn stop_nesting() {
    DEPTH.set(DEEPEST);
}

/// Keeps the object.
pub fn recycle<T: Item>(item: &mut T) -> bool {
    item.look_free();
    nest();
    true
}

/// Keeps or refuses the object.
pub fn refuse<T: Item>(item: &mut T) -> bool {
    recycle(item) && !chance(16)
}

/// Keeps the object, refuses it or panics.
pub fn fail<T: Item>(item: &mut T) -> bool {
    faults::maybe(Fault::Recycle, 256);
    refuse(item)
}
