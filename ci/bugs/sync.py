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


# sync/native_thread.rs

bug("signals of the starting thread stay blocked",
    "libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut())",
    "let _ = before",
    tests="--test process signals_are_blocked")

bug("signals reach the collect thread", "all.as_ptr()", "std::ptr::null()",
    tests="--test process signals_are_blocked")


# sync/reclaim.rs

bug("ring freed at once",
    "unsafe { self.0.defer_unchecked(move || free_retired(retired, R::live_check, R::free)) }",
    "unsafe { free_retired(retired, R::live_check, R::free) }",
    tests="--lib stopped", soak="", address="--lib white_box", memcheck="--lib thieves::chain")


# sync/quiescence.rs

bug("ring freed while others are pinned", "state.pins == 0", "true",
    miri="seeds --lib chain_that_grows")
