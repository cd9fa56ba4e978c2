//! Linux: the system call `membarrier(2)`, in the expedited form, for which a process must register.

use libc::{c_int, c_long};

/// Whether the process must register before the first fence.
pub(super) const MUST_REGISTER: bool = true;

/// Commands of membarrier(2).
const QUERY: c_int = 0;
const FENCE: c_int = 1 << 3; // PRIVATE_EXPEDITED
const REGISTER: c_int = 1 << 4; // REGISTER_PRIVATE_EXPEDITED

fn call(command: c_int) -> c_long {
    // SAFETY: the call takes three integers and accesses no memory of the process.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0 as c_int, 0 as c_int) }
}

pub(super) fn is_supported() -> bool {
    let known = call(QUERY);
    let needed = c_long::from(FENCE | REGISTER);
    known > 0 && known & needed == needed
}

pub(super) fn register() -> bool {
    call(REGISTER) == 0
}

pub(super) fn fence() -> bool {
    call(FENCE) == 0
}
