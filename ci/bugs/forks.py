"""Forks."""
from .planted import bug

bug("no fork handler, and no rest", "fork.rs",
    "libc::pthread_atfork(Some(before), Some(after), Some(after_in_child))",
    "{ let _ = (before, after, after_in_child); }",
    tests="--test process children_go_on")

bug("no fork handler, at rest", "fork.rs",
    "libc::pthread_atfork(Some(before), Some(after), Some(after_in_child))",
    "{ let _ = (before, after, after_in_child); }",
    tests="--test process forks_at_rest")

bug("fork handler outlives its library", "fork.rs",
    "libc::pthread_atfork(Some(before), Some(after), Some(after_in_child))",
    "{\n"
        "            type Call = Option<unsafe extern \"C\" fn()>;\n"
        "            unsafe extern \"C\" {\n"
        "                fn __register_atfork(before: Call, after: Call, in_child: Call, library: *mut u8) -> i32;\n"
        "            }\n"
        "            __register_atfork(Some(before), Some(after), Some(after_in_child), std::ptr::null_mut())\n"
        "        }",
    tests="--test process copies_go_after")

bug("shelves not locked for a fork", "fork.rs",
    "registry.pools().for_each(|pool| pool.freeze());",
    "",
    tests="--test process at_the_shelf")

bug("own seat given away", "fork.rs",
    "frozen.claim.inherit(own);",
    "frozen.claim.inherit(None);",
    tests="--test process children_end_like")

bug("hook passed by", "core.rs",
    "shard.home.belong(self, self.recycle.is_none().then_some(first + i));",
    "shard.home.belong(self, Some(first + i));",
    tests="--test it recycled")

bug("guard gives back where it comes from, whoever drops it", "origin.rs",
    "(unsafe { self.home() }.seat == here.id && !panicking()).then_some(here)",
    "(unsafe { self.home() }.seat < 1 << 40 && !here.seat.is_null() && !panicking()).then_some(here)",
    tests="--test it a_guard_may_be_dropped_on_another_thread", thread="--test it guards")

bug("spoilt object kept by its own thread", "origin.rs",
    "(unsafe { self.home() }.seat == here.id && !panicking()).then_some(here)",
    "(unsafe { self.home() }.seat == here.id).then_some(here)",
    tests="--test it a_panic_keeps_nothing_at_hand")

bug("more places than there are", "private/units.rs",
    "lease.store((lease.load(Relaxed) + back).min(quota.places()), Relaxed);",
    "lease.store(lease.load(Relaxed) + back, Relaxed);",
    tests="--lib places_open", address="--lib white_box::shard")

bug("places stay open", "private/units.rs",
    "        } else if self.is_open() {\n            self.open_first(quota);\n        }\n        all",
    "        }\n        all",
    tests="--lib places_open")

bug("places in a shard that does not age", "private/units.rs",
    "        } else if self.is_open() {\n            self.open_first(quota);\n        }\n        all",
    "        } else {\n            self.open_first(quota);\n        }\n        all",
    tests="--lib closed_shards", schedules="hand_over")
