//! Memory that is given back without a request, in a process whose allocator is paced. This is a binary of
//! its own since it has that global allocator.

mod paced;
mod retention;
mod steady;

use std::{
    alloc::System,
    sync::{Mutex, MutexGuard, PoisonError},
    thread::{self, Scope, ScopedJoinHandle},
};

use corepool::{alloc::PacedAlloc, set_collect_interval};

#[global_allocator]
static ALLOCATOR: PacedAlloc<System> = PacedAlloc::new(System);

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The test that holds this is the only one at work, and nobody collects by the clock.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    set_collect_interval(None);
    // Otherwise glibc learns from freed blocks to keep up to 64 MiB.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call takes two integers.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 512 << 10);
    }
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `f` on several threads at once, and waits until they have ended and their thread-locals are destroyed.
fn on_threads<R: Send>(n: usize, f: impl Fn() -> R + Sync) -> Vec<R> {
    thread::scope(|s| {
        let threads: Vec<_> = (0..n).map(|_| s.spawn(&f)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A scope whose threads are gone at its end, with all that they do at theirs.
fn scope<'a>(f: impl for<'s> FnOnce(&'s Scope<'s, 'a>) -> Vec<ScopedJoinHandle<'s, ()>>) {
    thread::scope(|s| f(s).into_iter().for_each(|thread| thread.join().unwrap()));
}

/// Whether two numbers of bytes differ by no more than a third one.
fn near(one: usize, other: usize, by: usize) -> bool {
    one.abs_diff(other) <= by
}
