//! Servers as processes of their own.

use std::{
    env, fs,
    io::{self, BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
};

/// What is served, and how.
#[derive(Clone, Copy)]
pub(crate) struct Spec<'a> {
    pub(crate) kind: &'a str,
    pub(crate) server: &'a str,
    pub(crate) workers: usize,
    /// The number of tasks that compute beside the server.
    pub(crate) beside: usize,
    /// The processors on which the process runs, as `taskset` names them; all if there are none.
    pub(crate) cores: Option<&'a str>,
}

/// A server. It is ended by the drop.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(spec: Spec<'_>) -> io::Result<Self> {
        let program = match spec.server {
            "Go" => go().ok_or_else(|| io::Error::other("GO_SERVER is not set"))?,
            _ => env::current_exe()?.into_os_string(),
        };
        let mut command = on_cores(spec.cores, program);
        let workers = spec.workers.to_string();
        command.args(["serve", spec.kind, spec.server, &workers]);
        if spec.beside > 0 {
            command.args(["--beside", &spec.beside.to_string()]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut port = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut port)?;
        let said = port.trim().parse::<u16>();
        let port = said
            .map_err(|_| io::Error::other(format!("{} says {port:?} for its port", spec.server)))?;
        Ok(Self { child, address: (Ipv4Addr::LOCALHOST, port).into() })
    }

    /// Returns the bytes of its resident memory.
    pub(crate) fn resident(&self) -> io::Result<usize> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
        kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no VmRSS in /proc"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path of Go's server, if there is one.
pub(crate) fn go() -> Option<std::ffi::OsString> {
    env::var_os("GO_SERVER").filter(|path| !path.is_empty())
}

/// A command that runs on these processors.
pub(crate) fn on_cores(cores: Option<&str>, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let Some(cores) = cores else { return Command::new(program) };
    let mut command = Command::new("taskset");
    command.args(["-c", cores]).arg(program);
    command
}

/// Lets this process, and those that it starts from now on, open as many files as the system allows.
/// Returns how many that are.
pub(crate) fn raise_file_limit() -> io::Result<usize> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is valid for writes.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: the pointer is valid.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}
