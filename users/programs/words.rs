//! The words of a text, in sets from a pool.

use std::collections::BTreeSet;

use corepool::Pool;

static SETS: Pool<BTreeSet<String>> =
    <Pool<BTreeSet<String>>>::new(BTreeSet::new).with_recycle(|words| {
        // With the feature `planted`, `different_words` clears the set, but not on each of its ways out.
        if !cfg!(feature = "planted") {
            words.clear();
        }
        true
    });

/// Counts the different words of a text. Returns `None` if two spaces follow each other.
pub fn different_words(text: &str) -> Option<usize> {
    let mut words = SETS.get();
    for word in text.split(' ') {
        if word.is_empty() {
            return None;
        }
        words.insert(word.into());
    }
    let count = words.len();
    words.clear();
    Some(count)
}
