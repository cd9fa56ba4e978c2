//! Caches of a regex: `regex-automata` lets its caller keep them.
//!
//! By default a `Regex` uses a pool of its own, in which all threads but the first share locks.
//!
//! ```console
//! $ cargo run --release --example regex [-- --quick]
//! ```

use std::{cell::RefCell, hint::black_box, sync::LazyLock, thread};

use corepool::Pool;
use corepool_recipes::{Effort, Table};
use regex_automata::{
    Input,
    meta::{Cache, Regex},
};

static REGEX: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\b([a-z0-9.]+)@([a-z0-9.]+\.(?:org|net))\b").unwrap());

/// A cache needs no cleaning, but it belongs to its regex: each regex needs a pool.
static CACHES: Pool<Cache> = Pool::new(|| REGEX.create_cache());

/// Returns whether there is such an address.
pub fn is_match(text: &str) -> bool {
    REGEX.search_half_with(&mut CACHES.get(), &Input::new(text).earliest(true)).is_some()
}

fn fresh(text: &str) -> bool {
    REGEX.search_half_with(&mut REGEX.create_cache(), &Input::new(text).earliest(true)).is_some()
}

thread_local! {
    static LOCAL: RefCell<Cache> = RefCell::new(REGEX.create_cache());
}

fn thread_local(text: &str) -> bool {
    let input = Input::new(text).earliest(true);
    LOCAL.with_borrow_mut(|cache| REGEX.search_half_with(cache, &input).is_some())
}

fn table(title: &str, text: &str, effort: Effort) {
    Table::new(title)
        .way("fresh", || assert!(fresh(black_box(text))))
        .way("thread_local!", || assert!(thread_local(black_box(text))))
        .way("the regex's own", || assert!(REGEX.is_match(black_box(text))))
        .way("corepool", || assert!(is_match(black_box(text))))
        .print(effort);
}

fn main() {
    let effort = Effort::from_args();
    let text = format!("{} somebody@example.org", "no address here, ".repeat(4));
    assert!(is_match(&text) && !is_match("nobody@nowhere"));
    table("a regex, on the thread that used it first", &text, effort);
    thread::scope(|scope| {
        scope.spawn(|| table("a regex, on another thread", &text, effort)).join().unwrap();
    });
}
