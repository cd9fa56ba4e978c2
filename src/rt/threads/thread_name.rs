//! The names of worker threads, as the system shows them: with the index of the worker.

use crate::rt::config::Config;

/// The index in the name of the calling thread.
#[derive(Debug)]
pub(crate) struct ThreadName(usize);

impl ThreadName {
    /// For a thread that was started with the index `p`.
    pub(crate) fn new(p: usize, config: &Config) -> Self {
        let name = Self(p);
        name.show(config);
        name
    }

    /// Renames the calling thread, which has got the P `p`, if its name has another index.
    pub(crate) fn set(&mut self, p: usize, config: &Config) {
        if self.0 != p {
            self.0 = p;
            self.show(config);
        }
    }

    /// Tells the system. It shows 15 bytes on Linux, so the prefix may be cut.
    #[cfg(all(target_os = "linux", not(miri)))]
    fn show(&self, config: &Config) {
        const MOST: usize = 15;
        let index = format!("-{}", self.0);
        let prefix = config.thread_name.as_bytes();
        let mut name = prefix[..prefix.len().min(MOST - index.len())].to_vec();
        name.extend(index.bytes());
        name.push(0);
        // SAFETY: the name ends with a zero byte.
        unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
    }

    #[cfg(not(all(target_os = "linux", not(miri))))]
    fn show(&self, _: &Config) {}
}
