//! Sandboxes that forbid `membarrier`, before the first use of a pool and after it.

use std::{
    env,
    sync::{Barrier, mpsc},
    thread,
    time::Duration,
};

use corepool::{Pool, Pooled, collect, janitor, set_collect_interval};

use crate::{alone, fork::fork};

static POOL: Pool<Vec<u8>> = Pool::new(Vec::new);

/// What the sandbox does with a thread that calls `membarrier`.
#[derive(Clone, Copy)]
enum Answer {
    Refuse,
    Kill,
}

/// Forbids `membarrier` to all threads of the process.
fn forbid(answer: Answer) {
    forbid_command(answer, None, libc::SECCOMP_FILTER_FLAG_TSYNC);
}

/// Forbids `membarrier`, or this command of it, to the calling thread, and to all threads of the process
/// if `flags` say so.
fn forbid_command(answer: Answer, command: Option<u32>, flags: libc::c_ulong) {
    const LOAD: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const JUMP: u16 = 0x05;
    const RETURN: u16 = 0x06;
    const NUMBER: u32 = 0;
    const FIRST_ARGUMENT: u32 = if cfg!(target_endian = "little") { 16 } else { 20 };
    let verdict = match answer {
        Answer::Refuse => libc::SECCOMP_RET_ERRNO | libc::EPERM as u32,
        Answer::Kill => libc::SECCOMP_RET_KILL_PROCESS,
    };
    let step = |code, jf, k| libc::sock_filter { code, jt: 0, jf, k };
    let is_command = match command {
        Some(command) => step(JUMP_IF_EQUAL, 1, command),
        None => step(JUMP, 0, 0),
    };
    let program = [
        step(LOAD, 0, NUMBER),
        step(JUMP_IF_EQUAL, 3, libc::SYS_membarrier as u32),
        step(LOAD, 0, FIRST_ARGUMENT),
        is_command,
        step(RETURN, 0, verdict),
        step(RETURN, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog { len: 6, filter: program.as_ptr().cast_mut() };
    // SAFETY: both calls read their arguments, and the second one reads the program.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let mode = libc::SECCOMP_SET_MODE_FILTER;
        assert_eq!(libc::syscall(libc::SYS_seccomp, mode, flags, &raw const filter), 0);
    }
}

/// Uses pools on this thread and on an idle one, enters the sandbox in between if it has not been
/// entered yet, and collects. Returns how many objects were idle after two collects.
///
/// This thread has an object of its own, so that it does not recall that of the idle thread.
fn use_and_collect(enter: impl FnOnce()) -> u64 {
    let (stop, stopped) = mpsc::channel::<()>();
    let (up, is_up) = mpsc::channel();
    let own = POOL.get();
    let idle = thread::spawn(move || {
        drop(POOL.get());
        up.send(()).unwrap();
        // It uses no pool until the collects are over, and so acknowledges no claim.
        let _ = stopped.recv();
        drop(POOL.get());
        POOL.stats().idle
    });
    is_up.recv().unwrap();
    drop(own);
    enter();
    for _ in 0..1000 {
        drop(POOL.get());
    }
    collect();
    collect();
    let left = POOL.stats().idle;
    drop(stop);
    idle.join().unwrap();
    // The seat of that thread is free now, and its object on the shelf.
    collect();
    collect();
    assert_eq!(POOL.stats().idle, 0);
    left
}

#[test]
fn a_sandbox_that_was_entered_before_the_first_use_changes_nothing() {
    alone(|| {
        forbid(Answer::Refuse);
        assert_eq!(use_and_collect(|| {}), 0);
    });
}

/// Collects go on, but leave the objects of threads that use no pool meanwhile.
#[test]
fn a_fence_that_is_refused_after_the_first_use_is_survived() {
    alone(|| {
        // SAFETY: no other thread reads the environment at this time.
        unsafe { env::remove_var("COREPOOL_FENCE") };
        // SAFETY: the call takes integers. It asks for the commands that the system has.
        let has_fence = unsafe { libc::syscall(libc::SYS_membarrier, 0, 0, 0) } > 0;
        assert_eq!(use_and_collect(|| forbid(Answer::Refuse)), u64::from(has_fence));
    });
}

#[test]
fn the_environment_chooses_symmetric_fences() {
    alone(|| {
        // SAFETY: no other thread reads the environment at this time.
        unsafe { env::set_var("COREPOOL_FENCE", "symmetric") };
        forbid(Answer::Kill);
        assert_eq!(use_and_collect(|| {}), 0);
    });
}

/// The command that registers a process for the fence.
const REGISTER: u32 = 1 << 4;

/// It takes milliseconds beside other threads. A thread of the library does it, and a `get` creates
/// objects until it is done.
#[test]
fn no_get_registers() {
    // A process may be registered before the first recall.
    alone(|| (0..8).for_each(|_| drop(fork(|| recall_while_registering_is_forbidden(|| ())))));
}

#[test]
fn no_get_registers_beside_a_janitor() {
    let start = || std::mem::forget(janitor(Duration::from_secs(60)).unwrap());
    alone(|| (0..8).for_each(|_| drop(fork(|| recall_while_registering_is_forbidden(start)))));
}

#[test]
fn no_get_registers_without_a_collect_thread() {
    let start = || set_collect_interval(None);
    alone(|| (0..8).for_each(|_| drop(fork(|| recall_while_registering_is_forbidden(start)))));
}

fn recall_while_registering_is_forbidden(prepare: impl FnOnce() + Send) {
    let (start, put, end) = (Barrier::new(2), Barrier::new(2), Barrier::new(2));
    thread::scope(|s| {
        s.spawn(|| {
            prepare();
            start.wait();
            // Two, so that the library starts its thread. If the thread below did, it would inherit what
            // is forbidden there.
            drop([POOL.get(), POOL.get()]);
            put.wait();
            end.wait();
        });
        // This thread has its seat before the library starts its thread.
        drop(Pooled::detach(POOL.get()));
        forbid_command(Answer::Kill, Some(REGISTER), 0);
        start.wait();
        put.wait();
        while POOL.stats().idle > 0 {
            drop(Pooled::detach(POOL.get()));
        }
        end.wait();
    });
}

/// A process of one thread registers in the call, which takes microseconds, before the library starts
/// its thread.
#[test]
fn the_only_thread_registers() {
    alone(|| {
        let child = fork(|| {
            drop([POOL.get(), POOL.get()]);
            forbid_command(Answer::Kill, Some(REGISTER), 0);
            let (put, end) = (Barrier::new(2), Barrier::new(2));
            thread::scope(|s| {
                s.spawn(|| {
                    drop(POOL.get());
                    put.wait();
                    end.wait();
                });
                put.wait();
                collect();
                collect();
                assert_eq!(POOL.stats().idle, 0);
                end.wait();
            });
        });
        drop(child);
    });
}

#[test]
fn init_registers() {
    alone(|| {
        corepool::init();
        corepool::init();
        forbid_command(Answer::Kill, Some(REGISTER), libc::SECCOMP_FILTER_FLAG_TSYNC);
        assert_eq!(use_and_collect(|| {}), 0);
    });
}
