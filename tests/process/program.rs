//! Programs: the body of a test, run in a new process that has done nothing else.

use std::{
    env,
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// The environment variable that marks a process which runs a program.
const INSIDE: &str = "COREPOOL_PROGRAM";

/// The time limit of a program, and of all processes that it has started.
const PATIENCE: Duration = Duration::from_secs(900);

/// The exit status of a program, and its output.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) status: ExitStatus,
    pub(crate) printed: String,
}

/// In the process of a program, returns the argument of [`start`].
pub(crate) fn argument() -> Option<usize> {
    env::var(INSIDE).ok().map(|argument| argument.parse().unwrap())
}

/// Starts the calling test again, in a process of its own, with this argument, and reports how it
/// ended. In the new process `argument` returns the argument, and the test runs its program.
pub(crate) fn start(argument: usize) -> End {
    let test = current_test();
    let child = Command::new(env::current_exe().unwrap())
        .args([&test, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, argument.to_string())
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = wait(child);
    assert!(end.printed.contains("running 1 test\n"), "{test} is not the name of a test: {end:?}");
    end
}

/// Returns the name of the test that the calling thread runs. The test harness names the thread
/// after it.
fn current_test() -> String {
    thread::current().name().expect("the thread of a test").into()
}

/// Waits until a process, and all processes that it has started, have ended.
fn wait(mut child: Child) -> End {
    let (tell, told) = mpsc::channel();
    let pipes: [Box<dyn Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for mut pipe in pipes {
        let tell = tell.clone();
        thread::spawn(move || {
            let mut printed = Vec::new();
            // Ends when no process has the pipe open for writing.
            let _ = pipe.read_to_end(&mut printed);
            let _ = tell.send(String::from_utf8_lossy(&printed).into_owned());
        });
    }
    let deadline = Instant::now() + PATIENCE;
    let printed = [(); 2].map(|()| {
        let left = deadline.saturating_duration_since(Instant::now());
        told.recv_timeout(left).unwrap_or_else(|_| {
            let _ = child.kill();
            panic!("the program, or a process that it started, hangs")
        })
    });
    End { status: child.wait().unwrap(), printed: printed.concat() }
}
