//! The system's files of memory pressure. Which files are read is private.

use std::io::ErrorKind;

use crate::Pressure;

/// Files that are missing or cannot be read are left out; the others count.
#[test]
#[cfg_attr(miri, ignore = "reads files of the system")]
fn unreadable_files_are_left_out() {
    let files = || {
        let all = Pressure::new().stalls("/nowhere/memory").cgroup("/nowhere");
        // Like pressure stall information that is disabled on the kernel's command line: the file
        // opens but cannot be read.
        all.stalls("/proc/self/mem")
    };
    assert_eq!(files().readable().unwrap_err().kind(), ErrorKind::Unsupported);
    let mut rest = files().available("/proc/meminfo").readable().unwrap();
    assert!(rest.level().is_ok());
    assert!(files().available("/proc/meminfo").level().is_err());
}
