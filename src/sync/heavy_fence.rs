//! The heavy side of the asymmetric fence: a full fence in every running thread of the process, by
//! the system call `membarrier(2)` on Linux.

#![allow(dead_code, reason = "models use tokens instead")]

/// Registers the process for the expedited form. Returns whether the system supports it.
pub(crate) fn register() -> bool {
    sys::register()
}

/// Runs a full fence in every thread of the process. Returns false if the system refuses, which it
/// may do even after a successful registration: when the process has entered a sandbox since.
pub(crate) fn heavy_fence() -> bool {
    sys::fence()
}

#[cfg(all(target_os = "linux", not(miri)))]
mod sys {
    use libc::{c_int, c_long};

    /// Commands of membarrier(2).
    const QUERY: c_int = 0;
    const FENCE: c_int = 1 << 3; // PRIVATE_EXPEDITED
    const REGISTER: c_int = 1 << 4; // REGISTER_PRIVATE_EXPEDITED

    fn call(command: c_int) -> c_long {
        // SAFETY: the call takes three integers and accesses no memory of the process.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0 as c_int, 0 as c_int) }
    }

    pub(super) fn register() -> bool {
        let known = call(QUERY);
        let needed = c_long::from(FENCE | REGISTER);
        known > 0 && known & needed == needed && call(REGISTER) == 0 && fence()
    }

    pub(super) fn fence() -> bool {
        call(FENCE) == 0
    }
}

#[cfg(any(not(target_os = "linux"), miri))]
mod sys {
    pub(super) fn register() -> bool {
        false
    }

    pub(super) fn fence() -> bool {
        false
    }
}
