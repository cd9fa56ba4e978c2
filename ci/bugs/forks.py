"""Bugs in the handling of forks."""
from .planted import bug

bug("no fork handler, and no rest",
    "libc::pthread_atfork(Some(before), Some(parent), Some(child))",
    "{ let _ = (before, parent, child); }",
    tests="--test process children_go_on")

bug("no fork handler, at rest",
    "libc::pthread_atfork(Some(before), Some(parent), Some(child))",
    "{ let _ = (before, parent, child); }",
    tests="--test process forks_at_rest")

bug("fork handler outlives its library",
    "libc::pthread_atfork(Some(before), Some(parent), Some(child))",
    "{ type Call = Option<unsafe extern \"C\" fn()>; unsafe extern \"C\" { fn __register_atfork(before: Call, after: Call, in_child: Call, library: *mut u8) -> i32; } __register_atfork(Some(before), Some(parent), Some(child), std::ptr::null_mut()) }",
    tests="--test process copies_are_unloaded_after")

bug("shelves not locked for a fork", "registry.pools().for_each(|pool| pool.lock_for_fork());", "",
    tests="--test process at_the_shelf")

bug("own seat given away", "own", "None",
    tests="--test process children_end_like")

bug("hook passed by", "self.recycle.is_none().then_some", "Some",
    tests="--test it recycled")

bug("guard gives back to a shard of another thread", "== here.id", "< 1 << 40 && !here.seat.is_null()",
    tests="--test it a_guard_may_be_dropped_on_another_thread", thread="--test it guards")

bug("spoilt object kept by its own thread", "&& !panicking()", "",
    tests="--test it a_panic_drops_held_objects_of_a_pool_without_hooks")

bug("more places than there are", "(lease.load(Relaxed) + back).min(quota.places())", "lease.load(Relaxed) + back",
    tests="--lib places_open", address="--lib white_box::shard")

bug("places stay open", "else if is_open { self.lease_initial(quota); }", "",
    tests="--lib places_open")

bug("places in a shard that does not age", "if is_open", "",
    tests="--lib closed_shards", schedules="hand_over")
