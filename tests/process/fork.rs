//! Forked child processes, and how each must end.

/// The time limit of a child, in seconds. After it the alarm kills the child.
const PATIENCE: libc::c_uint = 200;

/// The two processes after a fork.
pub(crate) enum Fork {
    Child,
    Parent(Child),
}

impl Fork {
    pub(crate) fn new() -> Self {
        // SAFETY: the tests check that the code which the child runs works after a fork. The child
        // ends by `_exit`.
        match unsafe { libc::fork() } {
            -1 => panic!("no fork"),
            0 => {
                // SAFETY: the call takes an integer.
                unsafe { libc::alarm(PATIENCE) };
                Self::Child
            }
            pid => Self::Parent(Child(pid)),
        }
    }

    /// In the child, runs `f` and ends.
    pub(crate) fn child(self, f: impl FnOnce()) -> Child {
        match self {
            Self::Parent(child) => child,
            Self::Child => {
                f();
                // SAFETY: the call takes an integer.
                unsafe { libc::_exit(0) }
            }
        }
    }
}

/// Forks. The child runs `f` and ends. If `f` starts threads, they get the stacks of the parent's
/// other threads, so data on those stacks can no longer be used.
pub(crate) fn fork(f: impl FnOnce()) -> Child {
    Fork::new().child(f)
}

/// A child process.
#[must_use = "it is waited for at once"]
pub(crate) struct Child(libc::pid_t);

impl Drop for Child {
    /// Waits for the child, which must exit with 0.
    fn drop(&mut self) {
        let mut status = 0;
        // SAFETY: a child of this process, which no other thread waits for.
        let waited = unsafe { libc::waitpid(self.0, &raw mut status, 0) };
        assert_eq!(waited, self.0);
        let signal = libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status));
        assert_ne!(signal, Some(libc::SIGALRM), "the child hangs");
        assert_eq!(signal, None, "the child crashed");
        assert_eq!(libc::WEXITSTATUS(status), 0, "the child panicked");
    }
}
