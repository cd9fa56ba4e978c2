//! The decisions of a thread.

use std::cell::Cell;

use super::run::{self, Place, mix};

std::thread_local! {
    /// Has no destructor, so that a thread that is ending can use pools.
    static PLACE: Cell<Place> = const { Cell::new(Place::NONE) };
}

/// Returns the place of the calling thread in the current run.
fn place() -> Place {
    let place = PLACE.get();
    // bug: thread keeps its place in a new run
    if place.run == run::number() {
        return place;
    }
    let place = run::new_place();
    PLACE.set(place);
    place
}

/// Returns the number of the calling thread.
pub(super) fn thread() -> usize {
    place().thread
}

/// Returns the next number of the calling thread's sequence, below `limit`, which is not 0.
pub(crate) fn below(limit: usize) -> usize {
    let mut place = place();
    place.state = mix(place.state);
    PLACE.set(place);
    (place.state % limit as u64) as usize
}

/// Returns true once in `n` calls, at random.
pub(crate) fn one_in(n: usize) -> bool {
    below(n) == 0
}
