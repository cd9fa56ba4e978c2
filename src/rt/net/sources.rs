//! The table of a poller's sources. An event names its source by a token: a place in the table and
//! the number of the source that has it. An event for a source that is gone finds another number, and
//! is ignored.

use std::{sync::Arc, task::Waker};

use super::readiness::{Readiness, bits::ENDED};
use crate::sync::{Mutex, lock::lock};

/// The bits of a token that are the place: 2^36 of them, or 2^20 if words have 32 bits.
const PLACE_BITS: u32 = usize::BITS / 2 + 4;

/// The largest number of sources. So no token has all bits set.
const MOST: usize = (1 << PLACE_BITS) - 1;

#[derive(Debug, Default)]
pub(crate) struct Sources(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    places: Vec<Place>,
    /// Places without a source. The last one is used first.
    free: Vec<usize>,
    ended: bool,
}

#[derive(Debug, Default)]
struct Place {
    /// The number of the source that has the place, or had it last. It wraps after 4096 sources if words
    /// have 32 bits. An event that comes so late wakes the tasks of another source, which try again.
    number: usize,
    source: Option<Arc<Readiness>>,
}

/// Why there is no new source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The runtime has ended.
    Ended,
    /// There are too many.
    Full,
}

impl Table {
    /// Returns the place that a token names, if the source is still there.
    fn find(&mut self, token: usize) -> Option<&mut Place> {
        let place = self.places.get_mut(token & MOST)?;
        // bug: event of a former source
        (place.number == token >> PLACE_BITS).then_some(place)
    }
}

impl Sources {
    /// Adds a source. Returns its token.
    pub(crate) fn insert(&self, source: &Arc<Readiness>) -> Result<usize, Refused> {
        let mut table = lock(&self.0);
        // bug: source after the end
        if table.ended {
            return Err(Refused::Ended);
        }
        let place = table.free.pop().unwrap_or(table.places.len());
        if place == MOST {
            return Err(Refused::Full);
        }
        if place == table.places.len() {
            table.places.push(Place::default());
        }
        let entry = &mut table.places[place];
        entry.source = Some(Arc::clone(source));
        Ok(entry.number << PLACE_BITS | place)
    }

    /// Removes the source with this token.
    pub(crate) fn remove(&self, token: usize) {
        let mut table = lock(&self.0);
        let Some(place) = table.find(token) else { return };
        let source = place.source.take();
        place.number = (place.number + 1) & (usize::MAX >> PLACE_BITS);
        table.free.push(token & MOST);
        drop(table);
        drop(source);
    }

    /// Records events, and takes the wakers of those that they concern.
    pub(crate) fn set(
        &self,
        events: impl IntoIterator<Item = (usize, usize)>,
        into: &mut Vec<Waker>,
    ) {
        let mut table = lock(&self.0);
        for (token, event) in events {
            let place = table.find(token);
            if let Some(source) = place.and_then(|place| place.source.as_ref()) {
                source.set(event, into);
            }
        }
    }

    /// Marks all sources as ended, and takes all wakers. There are no new ones from now on.
    pub(crate) fn end(&self, into: &mut Vec<Waker>) {
        let mut table = lock(&self.0);
        table.ended = true;
        for source in table.places.iter().filter_map(|place| place.source.as_ref()) {
            source.set(ENDED, into);
        }
    }

    /// Returns whether `end` was called.
    pub(crate) fn has_ended(&self) -> bool {
        lock(&self.0).ended
    }
}
