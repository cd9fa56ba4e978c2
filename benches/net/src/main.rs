//! The same small HTTP server on corepool's runtime and sockets, on tokio, on smol, as a loop around
//! epoll, and in Go (`go/main.go`).
//!
//! ```text
//! corepool-net-bench serve http|echo SERVER WORKERS [--beside N]
//!                                       serves on a port that it prints, until its input ends
//! corepool-net-bench load ROUND SECONDS
//!                                       the load of wrk on each server: a line for each sample
//! corepool-net-bench connections        idle connections, and many at once
//! corepool-net-bench report FOLDER PAGE writes the page's tables from the files in the folder
//! corepool-net-bench smoke              checks that everything works, without wrk and Go
//! ```
//!
//! SERVER is `corepool`, `tokio`, `smol` or `epoll`, which has one worker and only `http`. `--beside N`
//! spawns N tasks beside the server that compute for 1 ms, yield, and go on. The other commands start
//! servers as processes. `GO_SERVER` in the environment is the path of Go's.

mod burst;
mod client;
mod epoll;
mod idle;
mod load;
mod measure;
mod process;
mod report;
mod serve;
mod side;

use std::{env, io, process::ExitCode};

use serve::Kind;
use side::{Core, Smol, Tokio};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse().expect("a number");
    let done = match arguments[..] {
        ["serve", kind, server, workers] => serve(kind, server, number(workers), 0),
        ["serve", kind, server, workers, "--beside", tasks] => {
            serve(kind, server, number(workers), number(tasks))
        }
        ["load", round, seconds] => measure::load(number(round), number(seconds)),
        ["connections"] => measure::connections(),
        ["report", folder, page] => report::write(folder.as_ref(), page.as_ref()),
        ["smoke"] => measure::smoke(),
        _ => {
            eprintln!(
                "usage: corepool-net-bench serve http|echo SERVER WORKERS [--beside N] | load ROUND SECONDS | \
                 connections | report FOLDER PAGE | smoke"
            );
            return ExitCode::from(2);
        }
    };
    done.map_or_else(
        |error| {
            eprintln!("corepool-net-bench: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn serve(kind: &str, server: &str, workers: usize, beside: usize) -> io::Result<()> {
    let kind = match kind {
        "http" => Kind::Http,
        "echo" => Kind::Echo,
        _ => return Err(io::Error::other(format!("there is no kind {kind:?}"))),
    };
    match (server, kind) {
        ("corepool", _) => serve::run::<Core>(kind, workers, beside),
        ("tokio", _) => serve::run::<Tokio>(kind, workers, beside),
        ("smol", _) => serve::run::<Smol>(kind, workers, beside),
        ("epoll", Kind::Http) if workers == 1 && beside == 0 => epoll::run(),
        _ => Err(io::Error::other(format!("there is no such server {server:?}"))),
    }
}
