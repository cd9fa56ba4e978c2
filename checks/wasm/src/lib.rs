//! Runs pools in WebAssembly: `node checks/wasm/run.mjs FILE.wasm` runs each case, for the target
//! `wasm32-unknown-unknown` through the functions below, and for `wasm32-wasip1` through `main`.

pub mod cases;

use std::{panic, sync::Mutex};

pub use cases::CASES;

/// What the last panic said. A module without a system has no place to print it to.
static MESSAGE: Mutex<String> = Mutex::new(String::new());

/// Returns the number of cases. Called first: from here on, panics are noted for [`message`].
#[unsafe(no_mangle)]
pub extern "C" fn count() -> usize {
    panic::set_hook(Box::new(|info| {
        *MESSAGE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = info.to_string();
    }));
    CASES.len()
}

/// Runs a case. It traps if the case fails.
#[unsafe(no_mangle)]
pub extern "C" fn run(case: usize) {
    (CASES[case].1)();
}

/// Gets and drops an object `times` times.
#[unsafe(no_mangle)]
pub extern "C" fn hits(times: usize) {
    cases::hits(times);
}

/// Returns the address of the name of a case.
#[unsafe(no_mangle)]
pub extern "C" fn name(case: usize) -> *const u8 {
    CASES[case].0.as_ptr()
}

/// Returns the length of the name of a case, in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn name_len(case: usize) -> usize {
    CASES[case].0.len()
}

/// Returns the address of what the last panic said. It stays there until the next one.
#[unsafe(no_mangle)]
pub extern "C" fn message() -> *const u8 {
    MESSAGE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).as_ptr()
}

/// Returns the length of what the last panic said, in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn message_len() -> usize {
    MESSAGE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).len()
}
