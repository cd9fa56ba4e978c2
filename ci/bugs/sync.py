"""Bugs in `src/sync`."""
from .planted import bug


# sync/imp.rs

bug("no fork handler, threads at work",
    "libc::pthread_atfork(Some(before), Some(parent), Some(child))",
    "{ let _ = (before, parent, child); }",
    tests="--test process children_go_on")

bug("no fork handler, threads at rest",
    "libc::pthread_atfork(Some(before), Some(parent), Some(child))",
    "{ let _ = (before, parent, child); }",
    tests="--test process forks_at_rest")

bug("fork handler outlives its library",
    "libc::pthread_atfork(Some(before), Some(parent), Some(child))",
    "{ type Call = Option<unsafe extern \"C\" fn()>; unsafe extern \"C\" { fn __register_atfork(before: Call, after: Call, in_child: Call, library: *mut u8) -> i32; } __register_atfork(Some(before), Some(parent), Some(child), std::ptr::null_mut()) }",
    tests="--test process copies_are_unloaded_after")


# sync/reclaim.rs

bug("ring freed at once",
    "unsafe { self.0.defer_unchecked(move || drop_retired(Box::from_raw(retired))) }",
    "drop_retired(unsafe { Box::from_raw(retired) })",
    tests="--lib stopped", soak="", address="--lib white_box", memcheck="--lib thieves::chain")
