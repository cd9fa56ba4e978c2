//! What the slow path counts. The private part of a shard counts hits.

use crate::util::counter::Counter;

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// With an object from the shelf, or from the tail of the calling thread's own chain.
    ShelfOrOwnTail,
    /// With an object from another shard.
    Steal,
    /// With a victim.
    Victim,
    /// With nothing.
    Nothing,
}

/// A set of counters. Each shard has one, which only its owner writes; each pool has one for
/// threads without a shard.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    others: Counter,
    steals: Counter,
    victims: Counter,
    misses: Counter,
    pub(crate) created: Counter,
}

impl Counters {
    /// Returns whether a search has ended with an object from another shard.
    pub(crate) fn has_stolen(&self) -> bool {
        self.steals.get() > 0
    }

    /// Returns the sum of all counters.
    pub(crate) fn sum(&self) -> usize {
        self.all().iter().fold(0, |sum, counter| sum.wrapping_add(counter.get() as usize))
    }

    /// Adds the counters of `other`.
    pub(crate) fn add_all(&self, other: &Self) {
        self.all().iter().zip(other.all()).for_each(|(to, from)| to.add(from.get() as usize));
    }

    fn all(&self) -> [&Counter; 5] {
        [&self.others, &self.steals, &self.victims, &self.misses, &self.created]
    }

    /// Returns the counter for a search that ended with `found`.
    #[inline]
    pub(crate) fn for_result(&self, found: Found) -> &Counter {
        match found {
            Found::ShelfOrOwnTail => &self.others,
            Found::Steal => &self.steals,
            Found::Victim => &self.victims,
            Found::Nothing => &self.misses,
        }
    }
}
