//! The measurements: servers in turns.

use std::{io, time::Duration};

use crate::{
    burst, client, idle, load,
    process::{self, Server, Spec},
};

/// Who serves, where, and beside what.
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    workers: usize,
    beside: usize,
    server_cores: &'static str,
    client_cores: &'static str,
}

pub(crate) const SETTINGS: [Setting; 3] = [
    Setting {
        name: "pinned",
        title: "One worker on one core, wrk on the other",
        workers: 1,
        beside: 0,
        server_cores: "0",
        client_cores: "1",
    },
    Setting {
        name: "shared",
        title: "Two workers, which share two cores with wrk",
        workers: 2,
        beside: 0,
        server_cores: "0,1",
        client_cores: "0,1",
    },
    Setting {
        name: "beside",
        title: "The same, beside 16 tasks that compute for 1 ms, yield, and go on",
        workers: 2,
        beside: 16,
        server_cores: "0,1",
        client_cores: "0,1",
    },
];

pub(crate) const CONNECTIONS: [usize; 2] = [32, 256];

/// The servers, in the order of the tables. The last has one worker, and no tasks.
pub(crate) const SERVERS: [&str; 5] = ["corepool", "tokio", "smol", "Go", "epoll"];

/// The number of idle connections. Fewer if the process may not open that many files.
const IDLE: usize = 10_000;

/// The number of connections that come at once. Fewer if the process may not open that many files.
const BURST: usize = 4_000;
/// The number of times that they come.
const BURSTS: usize = 3;

/// The files of a process that are no connections of its clients.
const OTHER_FILES: usize = 200;

/// The servers that take part. Go's does if it was built.
fn servers() -> Vec<&'static str> {
    let go = process::go().is_some();
    SERVERS.into_iter().filter(|&server| server != "Go" || go).collect()
}

/// Prints a line for each sample: round, setting, connections, server, requests per second, p99 in
/// milliseconds, errors. In each round the servers take turns, in random order.
pub(crate) fn load(round: usize, seconds: usize) -> io::Result<()> {
    for setting in &SETTINGS {
        for connections in CONNECTIONS {
            let mut servers = servers();
            servers.retain(|&server| server != "epoll" || setting.workers == 1);
            fastrand::shuffle(&mut servers);
            for server in servers {
                let load = sample(setting, server, connections, seconds)?;
                let (name, load::Load { requests, p99, errors }) = (setting.name, load);
                println!(
                    "{round}\t{name}\t{connections}\t{server}\t{requests:.1}\t{p99:.4}\t{errors}"
                );
            }
        }
    }
    Ok(())
}

fn sample(
    setting: &Setting,
    server: &str,
    connections: usize,
    seconds: usize,
) -> io::Result<load::Load> {
    let (workers, beside) = (setting.workers, setting.beside);
    let cores = Some(setting.server_cores);
    let server = Server::start(Spec { kind: "http", server, workers, beside, cores })?;
    // It has started, and answers as the others.
    client::open(server.address, "http")?;
    load::run(server.address, connections, seconds, setting.client_cores)
}

/// Prints the memory of idle connections, and whether connections that come at once are served, as
/// Markdown.
pub(crate) fn connections() -> io::Result<()> {
    let files = process::raise_file_limit()?.saturating_sub(OTHER_FILES);
    print_idle(IDLE.min(files))?;
    println!();
    print_bursts(BURST.min(files))
}

fn echoes() -> impl Iterator<Item = Spec<'static>> {
    let spec = |server| Spec { kind: "echo", server, workers: 2, beside: 0, cores: None };
    servers().into_iter().filter(|&server| server != "epoll").map(spec)
}

fn print_idle(count: usize) -> io::Result<()> {
    println!("| bytes for each of {count} idle connections | echo | HTTP |\n|---|--:|--:|");
    for spec in echoes() {
        let echo = idle::bytes(spec, count)?;
        let http = idle::bytes(Spec { kind: "http", ..spec }, count)?;
        println!("| {} | {echo} | {http} |", spec.server);
    }
    Ok(())
}

fn print_bursts(count: usize) -> io::Result<()> {
    println!("| {count} connections at once, {BURSTS} times | lost | ms |\n|---|--:|--:|");
    for spec in echoes() {
        let server = Server::start(spec)?;
        client::open(server.address, spec.kind)?;
        let (mut lost, mut times) = (0, Vec::new());
        for _ in 0..BURSTS {
            let (echoed, time) = burst::run(server.address, count)?;
            lost += count - echoed;
            times.push(time);
        }
        times.sort_unstable();
        let median: Duration = times[BURSTS / 2];
        println!("| {} | {lost} | {} |", spec.server, median.as_millis());
    }
    Ok(())
}

/// Checks that each server answers, also beside tasks that compute, and the parts that need neither
/// wrk nor Go.
pub(crate) fn smoke() -> io::Result<()> {
    load::check();
    for server in servers() {
        for (workers, beside) in [(1, 0), (2, 2)] {
            if server == "epoll" && beside > 0 {
                continue;
            }
            let spec = Spec { kind: "http", server, workers, beside, cores: None };
            let server = Server::start(spec)?;
            let mut stream = client::open(server.address, spec.kind)?;
            client::exchange(&mut stream, spec.kind)?;
        }
    }
    for spec in echoes() {
        idle::bytes(spec, 10)?;
        let server = Server::start(spec)?;
        let (echoed, _) = burst::run(server.address, 100)?;
        assert_eq!(echoed, 100, "{}", spec.server);
    }
    Ok(())
}
