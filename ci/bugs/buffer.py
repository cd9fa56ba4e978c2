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


# buffer/classes.rs

bug("class without memory of its own", "pool.try_first_use(self.common.clone())?;", "",
    tests="--test no_memory buffers")

bug("classes leaked", "drop(unsafe { Box::from_raw(pool) });", "",
    tests="--test buffers owned::nothing_is_left")


# buffer/core.rs

bug("with_capacity teaches the hint", "NONE", "Hints::here()",
    tests="--test buffers learning::explicit_capacities_and_adopted_buffers")

bug("search continues in all larger classes", "self.sizes().top().min(class + 1)", "self.sizes().top()",
    tests="--test buffers contract::requests_take_buffers_of_the_next_class")

bug("an initial capacity has to be confirmed", "class <= initial ||", "",
    tests="--test buffers options::an_initial_capacity_needs")

bug("the fast check skips wiping", "options.wipes()", "false",
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

bug("moved buffers not outstanding", "pool.put_attached(storage)", "pool.put(storage)",
    tests="--test buffers frozen::outstanding")

bug("detached buffers still outstanding",
    "self.stripe().unclassed.fetch_sub((storage.kib as usize) << 10, Relaxed)",
    "let _ = storage.kib",
    tests="--test buffers frozen::outstanding")

bug("grown buffer that must have memory", "self.classes.try_make(class, &self.options)", "Some(self.class(class))",
    tests="--test no_memory buffers")

bug("buffer kept after the end", "self.ended.store(true, Relaxed);", "",
    tests="--test buffers owned::buffers_that_come_back_after_the_end")

bug("a secret is discarded as it is", "wipe(&mut guard.vec); self.", "",
    tests="--test buffers wiping::freed_buffers_are_wiped")

bug("spare capacity not wiped", "zeroize::Zeroize::zeroize(vec", "vec.fill(0",
    tests="--test buffers wiping")


# buffer/guard.rs

bug("a secret is copied", "self.core().wipes() ||", "",
    tests="--test buffers wiping::secrets_are_not_copied")

bug("freeze always copies", "self.len() <= limit", "true",
    tests="--test buffers frozen::freezing_copies_no_large_buffer")

bug("freeze never copies", "self.len() <= limit", "false",
    tests="--test buffers frozen::freezing_copies_small_buffers")


# buffer/heap.rs

bug("heap part leaked", "drop(unsafe { Box::from_raw(self.0.as_ptr()) });", "",
    tests="--test buffers owned::nothing_is_left")

bug("idle buffers kept for the last share", "!this.lender.is_unused()", "false",
    tests="--test buffers owned::a_buffer_outlives_its_pool")


# buffer/hint.rs

bug("counts lost without memory", "unwrap_or(&self.rest)", "unwrap_or(self.stripe(index))",
    tests="--test no_memory buffers")

bug("a new stripe forgets the initial capacity", "self.rest.class()", "0",
    tests="--test buffers options::get_begins")

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
