//! Helpers of all modules.

use std::{
    env,
    future::Future,
    io::Read,
    process::{self, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use corepool::rt::{Builder, Runtime};

/// Longer than any step takes, even on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(150);

pub(crate) fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

/// Waits until `holds` returns true.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "{what}: not in time");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Shuts a runtime down, and waits for its threads. On a busy machine a worker may be taken for stuck and
/// be replaced; a shutdown does not wait for its poll.
pub(crate) fn shut_down(runtime: &Runtime) {
    until("the shutdown", || runtime.shutdown(LONG));
}

/// Keeps the thread busy, without awaiting.
pub(crate) fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Runs a future as a task of the runtime.
pub(crate) fn run<T: Send + 'static>(
    runtime: &Runtime,
    future: impl Future<Output = T> + Send + 'static,
) -> T {
    runtime.block_on(runtime.spawn(future)).unwrap()
}

/// Sets a flag when it is dropped.
pub(crate) struct SetOnDrop(pub(crate) &'static AtomicBool);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// A xorshift generator.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) % n
    }
}

/// The stack of a thread in [`in_a_process`], in bytes.
const STACK: usize = if usize::BITS < 64 { 64 << 20 } else { 1 << 30 };

/// Runs the body of the calling test in a process of its own, which must end. Returns the output of
/// that process. Must be called on the test's own thread, which the test harness names after the
/// test.
pub(crate) fn in_a_process(body: fn()) -> String {
    const CHILD: &str = "COREPOOL_RT_CHILD";
    let thread = thread::current();
    let test = thread.name().expect("the thread of a test");
    if env::var(CHILD).as_deref() == Ok(test) {
        body();
        process::exit(0);
    }
    let mut child = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, test)
        // Large stacks, so that a limit of the address space stops new threads first.
        .env("RUST_MIN_STACK", STACK.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        // A process may wait for several steps.
        if start.elapsed() > 2 * LONG {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{test} hangs");
        }
        thread::sleep(Duration::from_millis(5));
    };
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(status.success(), "{test}: {status}: {said}");
    assert!(said.contains("running 1 test\n"), "{test} is not the name of a test: {said}");
    said
}

/// A limit of the address space that leaves no room for the stack of a thread in [`in_a_process`].
#[cfg(target_os = "linux")]
pub(crate) struct NoRoom(libc::rlim_t);

#[cfg(target_os = "linux")]
pub(crate) fn no_room_for_threads() -> NoRoom {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = pages.split(' ').next().unwrap().parse().unwrap();
    NoRoom(address_space((pages * 4096 + STACK / 2) as libc::rlim_t))
}

#[cfg(target_os = "linux")]
impl NoRoom {
    pub(crate) fn lift(self) {
        address_space(self.0);
    }
}

/// Sets the limit. Returns the previous one.
#[cfg(target_os = "linux")]
fn address_space(limit: libc::rlim_t) -> libc::rlim_t {
    let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointers are valid.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_AS, &mut old), 0);
        let new = libc::rlimit { rlim_cur: limit, rlim_max: old.rlim_max };
        assert_eq!(libc::setrlimit(libc::RLIMIT_AS, &new), 0);
    }
    old.rlim_cur
}
