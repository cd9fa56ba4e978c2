//! Windows: `FlushProcessWriteBuffers`, for which no process need register.

use std::ffi::{CStr, c_char, c_void};

/// Whether the process must register before the first fence.
pub(super) const MUST_REGISTER: bool = false;

#[link(name = "kernel32")]
unsafe extern "system" {
    safe fn FlushProcessWriteBuffers();
    fn GetModuleHandleA(name: *const c_char) -> *mut c_void;
    fn GetProcAddress(module: *mut c_void, name: *const c_char) -> *const c_void;
}

/// Returns whether the system is Wine, where the call does nothing up to version 10, and later depends on
/// the system below.
fn is_wine() -> bool {
    const NTDLL: &CStr = c"ntdll.dll";
    const ONLY_WINE_HAS: &CStr = c"wine_get_version";
    // SAFETY: both names are strings, and the module is never unloaded.
    unsafe {
        let ntdll = GetModuleHandleA(NTDLL.as_ptr());
        !ntdll.is_null() && !GetProcAddress(ntdll, ONLY_WINE_HAS.as_ptr()).is_null()
    }
}

pub(super) fn is_supported() -> bool {
    !is_wine()
}

pub(super) fn register() -> bool {
    true
}

pub(super) fn fence() -> bool {
    FlushProcessWriteBuffers();
    true
}
