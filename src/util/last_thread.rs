//! Whether a thread is the last one of its process. A process ends with its last thread, even if
//! nothing exits it.

/// Returns whether the calling thread is known to be the main thread.
pub(crate) fn is_main() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the calls take nothing.
    unsafe {
        libc::gettid() == libc::getpid()
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    false
}

/// Returns whether the calling thread is known to be the only one of the process.
pub(crate) fn has_one_thread() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use std::os::unix::fs::MetadataExt;
        // A directory has two links, and one for each directory in it.
        std::fs::metadata("/proc/self/task").is_ok_and(|tasks| tasks.nlink() == 3)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    false
}

/// Returns whether the calling thread is known to be the only one that has not ended.
pub(crate) fn is_alone() -> bool {
    if !cfg!(any(target_os = "linux", target_os = "android")) {
        return false;
    }
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return false };
    let stats = tasks.flatten().flat_map(|task| std::fs::read_to_string(task.path().join("stat")));
    stats.filter(|stat| !has_ended(stat)).count() == 1
}

/// Returns whether a line of `/proc/<id>/stat` is that of a thread which has ended. The main thread
/// stays listed until the process ends.
fn has_ended(stat: &str) -> bool {
    // The state follows the name, which is in parentheses and may contain any character.
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    matches!(state, Some('Z' | 'X'))
}
