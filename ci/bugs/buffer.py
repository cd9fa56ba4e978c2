"""Bugs in `src/buffer`."""
from .planted import bug


# buffer/class.rs

bug("oversize buffers kept", "capacity == self.max &&", "",
    tests="--test buffers retention::large_uses_leave_no_memory_behind")

bug("the fast check accepts oversize buffers", "< self.fast_limit && capacity", "",
    tests="--lib buffers::classes_are_found")

bug("a bound of buffers, not of bytes", "/ most", ">> 11",
    tests="--test buffers hostile::bounds_are_in_bytes")

bug("power of two rounded up to the next class", ".saturating_sub(1)", "",
    tests="--test buffers contract::requested_capacities_are_rounded_up")


# buffer/core.rs

bug("with_capacity teaches the hint", "NONE", "Hints::here()",
    tests="--test buffers learning::explicit_capacities_and_adopted_buffers")

bug("search continues in all larger classes", "+ 1].try_get_with(Effort::Modest)", "..].iter().find_map(|class| class.try_get_with(Effort::Modest))",
    tests="--test buffers contract::requests_take_buffers_of_the_next_class")

bug("classes without memory of their own", "kept.iter().for_each(|class| class.reserve(0))", "let _ = kept",
    tests="--test no_memory buffers")

bug("the fast check skips wiping", "&& !self.wipes()", "",
    tests="--test buffers wiping")

bug("a buffer shows old bytes", "guard.vec.clear();", "",
    tests="--test buffers contract::buffers_come_back_empty")

bug("rounded down by the length", "capacity", "len",
    tests="--test buffers contract::returned_buffers_are_rounded_down")

bug("a grown buffer shows old bytes", "guard.vec.clear();", "",
    tests="--test buffers contract::buffers_come_back_empty")

bug("a grown buffer stays in its class", "grown ||", "",
    tests="--test buffers model")

bug("the dropping thread learns", "storage.stripe", "Hints::here()",
    tests="--test buffers learning::the_thread_that_got_the_buffer_learns")

bug("buffer kept during a panic", ".filter(|_| !panicking())", "",
    tests="--test buffers contract::a_panic_discards_its_buffer")

bug("moved buffers still outstanding", "self.stripe().moved_out(guard.class);", "",
    tests="--test buffers frozen::outstanding")

bug("detached buffers still outstanding",
    "self.stripe().unclassed.fetch_sub((storage.kib as usize) << 10, Relaxed)",
    "let _ = storage.kib",
    tests="--test buffers frozen::outstanding")

bug("spare capacity not wiped", "zeroize::Zeroize::zeroize(vec", "vec.fill(0",
    tests="--test buffers wiping")


# buffer/guard.rs

bug("a secret is discarded as it is", "wipe(&mut guard.vec); core.", "",
    tests="--test buffers wiping::freed_buffers_are_wiped")

bug("a secret is copied", "wipes() { 0", "wipes() { COPIED",
    tests="--test buffers wiping::secrets_are_not_copied")

bug("freeze always copies", "self.len() <= limit", "true",
    tests="--test buffers frozen::freezing_copies_no_large_buffer")

bug("freeze never copies", "self.len() <= limit", "false",
    tests="--test buffers frozen::freezing_copies_small_buffers")


# buffer/hint.rs

bug("use above all classes counts as a strike", "|| self.class == sizes.top()", "",
    tests="--lib buffers::a_use_above_all_classes")

bug("one strike more", "strikes <", "strikes <=",
    tests="--lib buffers::the_fifth_strike")

bug("strikes without end", "self.strikes < MAX_STRIKES", "true",
    tests="--test buffers retention::small_uses_free_large_buffers")

bug("peak before the last strike forgotten", "peak", "needed",
    tests="--lib buffers::the_fifth_strike")

bug("a thread's first buffer teaches another", "or_else(join).", "",
    tests="--test buffers learning")

bug("a hint need not be confirmed", "usize::from(hint.made) < UNCONFIRMED_BYTES / size", "hint.made < u8::MAX",
    tests="--test buffers retention::rare_large_use")

bug("the fast check forgets strikes", "hint.load(Relaxed) == Hint { class, ..Hint::default() }.pack()", "class() == class",
    tests="--lib buffers::a_use_that_agrees_with_the_hint")

bug("a buffer far above the hint is kept",
    "!fits(used, capacity) && hint.is_far_below(capacity, sizes)",
    "false",
    tests="--lib buffers::underused_buffers_far_above_the_hint")
