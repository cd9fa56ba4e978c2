"""Byte buffers."""
from .planted import bug

bug("a buffer shows what was in it", "buffer/pool.rs",
    "            guard.vec.clear();\n        } else {",
    "        } else {",
    tests="--test buffers contract::buffers_come_back_empty")

bug("a buffer that has grown shows what was in it", "buffer/pool.rs",
    "self.wipe(&mut guard.vec);\n        guard.vec.clear();\n        if grown",
    "self.wipe(&mut guard.vec);\n        if grown",
    tests="--test buffers contract::buffers_come_back_empty")

bug("rounded down by the length", "buffer/pool.rs",
    "let fits = self.sizes.down(guard.vec.capacity());",
    "let fits = self.sizes.down(guard.vec.len());",
    tests="--test buffers contract::what_comes_back_is_rounded_down")

bug("a grown buffer goes where it came from", "buffer/pool.rs",
    "if grown || underused {",
    "if underused {",
    tests="--test buffers model")

bug("whoever drops learns", "buffer/pool.rs",
    "self.hints.stripe(storage.stripe).learn(",
    "self.hints.stripe(Hints::here()).learn(",
    tests="--test buffers learning::the_getter_learns")

bug("sizes that are told teach", "buffer/pool.rs",
    "            None => self.larger(capacity),\n        };\n        guard.stripe = NONE;\n",
    "            None => self.larger(capacity),\n        };\n        guard.stripe = Hints::here();\n",
    tests="--test buffers learning::others_do_not_teach")

bug("kept in a panic", "buffer/pool.rs",
    "class.filter(|_| !panicking())",
    "class",
    tests="--test buffers contract::panics_discard")

bug("any class will do", "buffer/pool.rs",
    "self.classes[usize::from(class) + 1].try_get()",
    "self.classes[usize::from(class)..].iter().find_map(Pool::try_get)",
    tests="--test buffers contract::the_next_class_will_do")

bug("not wiped", "buffer/pool.rs",
    "zeroize::Zeroize::zeroize(vec);",
    "vec.fill(0);",
    tests="--test buffers wiping")

bug("a secret is discarded as it is", "buffer/guard.rs",
    "        pool.wipe(&mut guard.vec);\n        pool.discard(guard);",
    "        pool.discard(guard);",
    tests="--test buffers wiping::what_is_freed")

bug("a secret is copied", "buffer/guard.rs",
    "if self.pool.wipes() { 0 }",
    "if self.pool.wipes() { COPIED }",
    tests="--test buffers wiping::secrets_are_not_copied")

bug("a power of two rounded up", "buffer/class.rs",
    "capacity.saturating_sub(1) | least",
    "capacity | least",
    tests="--test buffers contract::requests_are_rounded_up")

bug("what is too large is kept", "buffer/class.rs",
    "if capacity == self.max && self.max > 0 {",
    "if self.max > 0 {",
    tests="--test buffers retention::t1_large_uses_leave_nothing")

bug("a glance takes what is too large", "buffer/class.rs",
    "capacity < self.known && ",
    "",
    tests="--lib buffers::classes_are_found")

bug("a glance forgets strikes", "buffer/hint.rs",
    "self.hint.load(Relaxed) == Hint { class, ..Hint::default() }.pack()",
    "self.class() == class",
    tests="--lib buffers::what_is_known")

bug("a glance at a secret", "buffer/pool.rs",
    "if likely(right && known()) && !self.wipes() {",
    "if likely(right && known()) {",
    tests="--test buffers wiping")

bug("a bound of buffers, not of bytes", "buffer/class.rs",
    "bytes / (2 * size)",
    "bytes >> 11",
    tests="--test buffers hostile::bounds_are_in_bytes")

bug("large buffers kept by threads", "buffer/class.rs",
    "size >= SHARED && fit >= UNSHARED_FROM",
    "size >= SHARED && false",
    tests="--test buffers contract::threads_find_what_others_left")

bug("strikes without end", "buffer/hint.rs",
    "self.strikes < STRIKES",
    "true",
    tests="--test buffers retention::t1_small_uses_free_large_buffers")

bug("one strike more", "buffer/hint.rs",
    "self.strikes < STRIKES",
    "self.strikes <= STRIKES",
    tests="--lib buffers::the_fifth_strike")

bug("what was needed before the last strike is forgotten", "buffer/hint.rs",
    "Self { class: peak, ..Self::default() }",
    "Self { class: needed, ..Self::default() }",
    tests="--lib buffers::the_fifth_strike")

bug("a hint need not be confirmed", "buffer/hint.rs",
    "let may = size <= SMALL || usize::from(hint.made) < MADE / size;",
    "let may = size <= SMALL || hint.made < u8::MAX;",
    tests="--test buffers retention::t2")

bug("too large for what is asked for by now, and kept", "buffer/hint.rs",
    "return !fits(used, capacity) && hint.is_far_below(capacity, sizes);",
    "return false;",
    tests="--lib buffers::what_is_not_asked_for")

bug("what was moved is still outstanding", "buffer/pool.rs",
    "        self.here().left(guard.class);\n",
    "",
    tests="--test buffers frozen::t6")

bug("what left the pool is still outstanding", "buffer/pool.rs",
    "self.here().unclassed.fetch_sub((storage.kib as usize) << 10, Relaxed);",
    "let _ = storage.kib;",
    tests="--test buffers frozen::t6")

bug("too much is a strike", "buffer/hint.rs",
    " || self.class == sizes.top())",
    ")",
    tests="--lib buffers::too_much")

bug("all is copied", "buffer/guard.rs",
    "if self.len() <= most {",
    "if true {",
    tests="--test buffers frozen::nothing_is_copied")

bug("nothing is copied", "buffer/guard.rs",
    "if self.len() <= most {",
    "if false {",
    tests="--test buffers frozen::little_is_copied")

bug("classes without memory of their own", "buffer/pool.rs",
    "kept.iter().for_each(|class| class.reserve(0));",
    "let _ = kept;",
    tests="--test no_memory buffers")

bug("a thread's first buffer teaches another", "buffer/hint.rs",
    "seat::current().or_else(join)",
    "seat::current()",
    tests="--test buffers learning")
