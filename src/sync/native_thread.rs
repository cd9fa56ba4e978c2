//! A thread of the system, for work that nobody has asked for.
//!
//! On Unix it is started by `pthread_create`, not by `std`: in a forked child, a lock of `std` that
//! another thread held at the fork would hang the call that starts the thread. Its signals are
//! blocked, so that the handlers of the program keep running on the threads that it knows.

/// The thread's name. Linux shortens it to 15 characters.
const NAME: &std::ffi::CStr = c"corepool-collect";

/// The size of the thread's stack: that of a thread of `std`, because destructors run here which
/// were written for such threads. Memory is used only for the part of it that they reach. With its
/// guard page, the stack is too small for a huge page of 2 MiB.
const STACK: usize = 2 << 20;

pub(crate) use imp::NativeThread;
#[cfg(feature = "metrics")]
pub(crate) use imp::without_signals;

#[cfg(all(unix, not(miri)))]
mod imp {
    use std::{
        ffi::c_void,
        mem::{self, MaybeUninit},
        ptr,
    };

    use super::{NAME, STACK};

    /// A thread. It must be either joined or detached, except in a forked child.
    pub(crate) struct NativeThread(libc::pthread_t);

    // SAFETY: an id, which any thread may use.
    unsafe impl Send for NativeThread {}

    impl NativeThread {
        /// Starts a thread that runs `main`, which must not panic. `None` if the system refuses.
        pub(crate) fn start(main: fn()) -> Option<Self> {
            // SAFETY: attributes are initialised before they are used. `run` gets the pointer that it
            // expects.
            unsafe {
                let mut attributes = MaybeUninit::uninit();
                if libc::pthread_attr_init(attributes.as_mut_ptr()) != 0 {
                    return None;
                }
                libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK);
                let mut thread = MaybeUninit::uninit();
                let main = main as *mut c_void;
                let error = without_signals(|| {
                    libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), run, main)
                });
                libc::pthread_attr_destroy(attributes.as_mut_ptr());
                (error == 0).then(|| Self(thread.assume_init()))
            }
        }

        pub(crate) fn is_current(&self) -> bool {
            // SAFETY: the call takes two ids.
            unsafe { libc::pthread_equal(self.0, libc::pthread_self()) != 0 }
        }

        /// Waits until the thread has ended. Another thread calls this.
        pub(crate) fn join(self) {
            // SAFETY: neither joined nor detached before: that takes `self`.
            unsafe { libc::pthread_join(self.0, ptr::null_mut()) };
        }

        /// Leaves the thread to itself.
        pub(crate) fn detach(self) {
            // SAFETY: as for `join`.
            unsafe { libc::pthread_detach(self.0) };
        }
    }

    /// Calls `start`, which starts a thread: with the signals blocked that the program may handle.
    pub(crate) fn without_signals<R>(start: impl FnOnce() -> R) -> R {
        let before = block_signals();
        let started = start();
        // SAFETY: the set is initialised.
        // bug: signals of the starting thread stay blocked
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()) };
        started
    }

    extern "C" fn run(main: *mut c_void) -> *mut c_void {
        set_name();
        // SAFETY: `start` made the pointer from a `fn()`.
        let main: fn() = unsafe { mem::transmute(main) };
        main();
        ptr::null_mut()
    }

    /// Blocks the signals of the calling thread, but not those that report a fault of the thread
    /// itself. Returns the mask that it had.
    fn block_signals() -> libc::sigset_t {
        use libc::{SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: the first call initialises `all`, and the last one `before`.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for fault in [SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP] {
                libc::sigdelset(all.as_mut_ptr(), fault);
            }
            // bug: signals reach the collect thread
            libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
            before.assume_init()
        }
    }

    /// Names the calling thread, where the system lets it.
    fn set_name() {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // SAFETY: the name is a string, which the call copies.
        unsafe {
            libc::prctl(libc::PR_SET_NAME, NAME.as_ptr())
        };
        #[cfg(target_vendor = "apple")]
        // SAFETY: as above.
        unsafe {
            libc::pthread_setname_np(NAME.as_ptr())
        };
        #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
        let _ = NAME;
    }
}

#[cfg(not(all(unix, not(miri))))]
mod imp {
    use std::thread::{Builder, JoinHandle, current};

    /// Calls `start`, which starts a thread.
    #[cfg(feature = "metrics")]
    pub(crate) fn without_signals<R>(start: impl FnOnce() -> R) -> R {
        start()
    }

    use super::{NAME, STACK};

    /// A thread. Dropping it detaches the thread.
    pub(crate) struct NativeThread(JoinHandle<()>);

    impl NativeThread {
        /// Starts a thread that runs `main`, which must not panic. `None` if the system refuses, and
        /// always under Miri, which reports threads that outlive `main`.
        pub(crate) fn start(main: fn()) -> Option<Self> {
            if cfg!(miri) {
                return None;
            }
            let name = NAME.to_string_lossy().into_owned();
            Builder::new().name(name).stack_size(STACK).spawn(main).ok().map(Self)
        }

        pub(crate) fn is_current(&self) -> bool {
            self.0.thread().id() == current().id()
        }

        /// Waits until the thread has ended. Another thread calls this.
        pub(crate) fn join(self) {
            let _ = self.0.join();
        }

        /// Leaves the thread to itself.
        pub(crate) fn detach(self) {}
    }
}
