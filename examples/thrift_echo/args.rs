//! The command line.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::ARMS;
use crate::fail::{Failure, Result};

pub const HELP: &str = "\
Sends records made from files to a Thrift echo service on the loopback interface and back, with
message buffers from three places: a fresh Vec per message, a thread_local! buffer, and corepool.
A fourth arm has the code of pilota, which does not copy out of the buffers, and corepool.

Usage: thrift_echo [OPTION]... [FILE]...

Without a FILE, the records are made from the sources of this crate.

  --rounds N     rounds, each of which measures all four arms in turn   (1 to 1000, default 31)
  --messages N   messages of one client, in one arm, in one round        (1 to 100000, default 150)
  --clients N    client threads, each with a connection of its own       (1 to 64, default 2)
  --arm NAME     measures fresh, thread_local, corepool or pilota alone, so that the peak RSS is its own
  --port N       port to listen on; 0 takes any free one                 (0 to 65535, default 0)
  --help         print this text

Exit code: 0 if every byte came back and corepool made hardly any buffer in steady state (at most
one for 100 messages), 1 if not, 2 if the command line or a file is bad.
";

pub struct Args {
    pub files: Vec<PathBuf>,
    pub rounds: usize,
    pub messages: usize,
    pub clients: usize,
    pub arm: Option<&'static str>,
    pub port: u16,
}

/// Parses the command line. Returns `None` if it asks for help.
pub fn parse() -> Result<Option<Args>> {
    let mut args =
        Args { files: Vec::new(), rounds: 31, messages: 150, clients: 2, arm: None, port: 0 };
    let mut words = env::args_os().skip(1);
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--help" | "-h") => return Ok(None),
            Some("--rounds") => args.rounds = number("--rounds", words.next(), 1, 1000)?,
            Some("--messages") => args.messages = number("--messages", words.next(), 1, 100_000)?,
            Some("--clients") => args.clients = number("--clients", words.next(), 1, 64)?,
            Some("--arm") => args.arm = Some(arm(words.next())?),
            Some("--port") => args.port = number("--port", words.next(), 0, 65_535)? as u16,
            Some("--") => args.files.extend(words.by_ref().map(PathBuf::from)),
            Some(flag) if flag.starts_with('-') => {
                return Err(Failure::input(format!(
                    "unknown option {flag:?}; --help lists the options"
                )));
            }
            _ => args.files.push(word.into()),
        }
    }
    Ok(Some(args))
}

fn arm(word: Option<OsString>) -> Result<&'static str> {
    let [a, b, c, d] = ARMS.map(|(name, _)| name);
    let wanted = format!("--arm wants {a}, {b}, {c} or {d}");
    let Some(word) = word else {
        return Err(Failure::input(wanted));
    };
    let name = [a, b, c, d].into_iter().find(|name| word == *name);
    name.ok_or_else(|| Failure::input(format!("{wanted}, not {word:?}")))
}

fn number(flag: &str, word: Option<OsString>, min: usize, max: usize) -> Result<usize> {
    let wanted = format!("{flag} wants a number from {min} to {max}");
    let Some(word) = word else {
        return Err(Failure::input(wanted));
    };
    word.to_str()
        .and_then(|word| word.parse().ok())
        .filter(|n| (min..=max).contains(n))
        .ok_or_else(|| Failure::input(format!("{wanted}, not {word:?}")))
}
