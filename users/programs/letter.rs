//! Letters, which are written in drafts from a pool.

use corepool::Pool;

static DRAFTS: Pool<String> = Pool::new(String::new);

/// Writes a letter. With the feature `planted`, it puts the draft aside half-way, and takes for granted that
/// it finds the same one again.
pub fn write_letter(name: &str) -> String {
    let mut draft = DRAFTS.take();
    draft.clear();
    draft.push_str("Dear ");
    if cfg!(feature = "planted") {
        DRAFTS.put(draft);
        draft = DRAFTS.take();
    }
    draft.push_str(name);
    let letter = draft.clone();
    DRAFTS.put(draft);
    letter
}
