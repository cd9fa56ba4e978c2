//! Programs: a test's body in a process of its own, which nothing else has touched.

use std::{
    any::type_name,
    env,
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Set in the environment of a process that is to run a program, not to start one.
const INSIDE: &str = "COREPOOL_PROGRAM";

/// How long a program may take, and all that it has started. What takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(200);

/// How a program ended, and what it printed.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) status: ExitStatus,
    pub(crate) printed: String,
}

/// In the process of a program, what it was started with.
pub(crate) fn argument() -> Option<usize> {
    env::var(INSIDE).ok().map(|argument| argument.parse().unwrap())
}

/// Runs `program`, a closure of the test that calls this, in a process of its own: starts that test
/// again there, which is to find the argument and run the program, and tells how it ended.
pub(crate) fn start<F: FnOnce()>(argument: usize, _program: &F) -> End {
    let child = Command::new(env::current_exe().unwrap())
        .args([test_of::<F>(), "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, argument.to_string())
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = wait(child);
    assert!(end.printed.contains("running 1 test\n"), "not a test's own closure: {end:?}");
    end
}

/// The name of the test that has this closure.
fn test_of<F>() -> &'static str {
    let (_binary, path) = type_name::<F>().split_once("::").unwrap();
    path.split_once("::{{closure}}").expect("a closure").0
}

/// Waits until a process has ended, and with it all that it has started.
fn wait(mut child: Child) -> End {
    let (tell, told) = mpsc::channel();
    let pipes: [Box<dyn Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for mut pipe in pipes {
        let tell = tell.clone();
        thread::spawn(move || {
            let mut printed = Vec::new();
            // Ends when nobody is left who might write.
            let _ = pipe.read_to_end(&mut printed);
            let _ = tell.send(String::from_utf8_lossy(&printed).into_owned());
        });
    }
    let deadline = Instant::now() + PATIENCE;
    let printed = [(); 2].map(|()| {
        let left = deadline.saturating_duration_since(Instant::now());
        told.recv_timeout(left).unwrap_or_else(|_| {
            let _ = child.kill();
            panic!("the program hangs, or one that it started")
        })
    });
    End { status: child.wait().unwrap(), printed: printed.concat() }
}
