//! A Thrift service on the loopback interface, with its message buffers from three places.
//!
//! ```text
//! cargo run --release --example thrift_echo [OPTION]... [FILE]...
//! ```
//!
//! Clients send records made from files; the service sends each of them back; every byte is
//! compared. Three arms differ only in where the buffers come from, on both sides: a fresh `Vec` per
//! message, a `thread_local!` buffer, or a `corepool::buffer::BufferPool`. Client and processor are
//! those that the Thrift compiler generated; everything but the buffers is the same code. The fourth
//! has the code that pilota's compiler generated, which freezes a frame instead of copying out of
//! it, over the buffers of corepool.
//!
//! The code of the first three is regenerated, from the root of the crate, with
//!
//! ```text
//! thrift --gen rs -out examples/thrift_echo examples/thrift_echo/echo.thrift
//! ```

// Nothing in a program can be reached from outside of it.
#![allow(unreachable_pub)]

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;

mod args;
mod arms;
mod check;
mod count;
#[allow(warnings, clippy::all)]
#[rustfmt::skip]
mod echo;
mod fail;
mod fleet;
mod payload;
mod pilota;
mod report;
mod rss;
mod service;
mod stack;
mod wire;

use args::Args;
use arms::{Arm, Corepool, Fresh, ThreadLocal};
use fail::{Failure, Result};
use fleet::{Bench, Fleet, Job};
use payload::Payload;
use pilota::Pilota;
use report::{Pooling, Row, Table};
use stack::{Apache, Stack};

#[global_allocator]
static ALLOCATOR: count::Counting = count::Counting;

/// What a message adds to the record in it is less than this.
const ENVELOPE: usize = 64;

/// Messages of a client that are sent before each measurement and not counted.
const WARM_UP: usize = 4;

type Start = fn(&TcpListener, &Arc<Payload>, usize) -> Result<Box<dyn Bench>>;

/// In the order of the table.
const ARMS: [(&str, Start); 4] = [
    (Fresh::NAME, Fleet::<Apache<Fresh>>::start),
    (ThreadLocal::NAME, Fleet::<Apache<ThreadLocal>>::start),
    (Corepool::NAME, Fleet::<Apache<Corepool>>::start),
    (Pilota::NAME, Fleet::<Pilota>::start),
];

fn main() -> ExitCode {
    let outcome = match args::parse() {
        Ok(None) => say(args::HELP),
        Ok(Some(args)) => run(&args),
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(args: &Args) -> Result<()> {
    let payload = Arc::new(Payload::load(&args.files)?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port))
        .map_err(|e| Failure::input(format!("cannot listen on port {}: {e}", args.port)))?;
    let kept = arms::set_kept_capacity(payload.largest_bytes + ENVELOPE);
    say(&introduction(args, &payload, kept))?;
    check::same_frames::<Corepool>(&payload)?;
    check::stock_client::<Apache<Corepool>>(&listener, &payload)?;
    check::stock_client::<Pilota>(&listener, &payload)?;
    say("A client with the transports of the thrift crate got the same bytes back.\n\n")?;

    let mut benches = Vec::new();
    for (name, start) in ARMS {
        if args.arm.is_none_or(|only| only == name) {
            benches.push(start(&listener, &payload, args.clients)?);
        }
    }
    let rows = measure(&mut benches, args, &payload);
    let finished = benches.into_iter().map(Bench::finish).fold(Ok(()), Result::and);
    let rows = rows?;
    finished?;
    say(&Table(&rows).to_string())?;
    verdict(&rows)
}

fn introduction(args: &Args, payload: &Payload, kept: usize) -> String {
    format!(
        "{} records: {} KiB encoded, the largest {} KiB.\n\
         The kept buffers are made with room for any of them, {} KiB; a fresh one starts at 4 KiB.\n\
         {} rounds; in each, {} messages without a socket, then {} clients with {} calls each.\n",
        payload.records.len(),
        payload.encoded_bytes.div_ceil(1 << 10),
        payload.largest_bytes.div_ceil(1 << 10),
        kept.div_ceil(1 << 10),
        args.rounds,
        args.messages,
        args.clients,
        args.messages,
    )
}

/// All arms in each round, so that what else the machine does hits them alike.
fn measure(benches: &mut [Box<dyn Bench>], args: &Args, payload: &Payload) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = benches.iter().map(|b| Row::new(b.name())).collect();
    for round in 0..args.rounds {
        for turn in 0..benches.len() {
            let arm = (round + turn) % benches.len();
            let first = round * args.messages;
            measure_arm(&mut *benches[arm], &mut rows[arm], first, args, payload)?;
        }
    }
    Ok(rows)
}

fn measure_arm(
    bench: &mut dyn Bench,
    row: &mut Row,
    first: usize,
    args: &Args,
    payload: &Payload,
) -> Result<()> {
    let job = Job { first, step: 1, messages: args.messages };
    let warm_up = Job { first: payload.largest, step: 0, messages: WARM_UP };
    bench.codec(warm_up)?;
    bench.call(warm_up)?;

    let before = bench.stats();
    let own_peak = rss::reset_peak();
    row.codec.add(bench.codec(job)?);
    row.call.add(bench.call(job)?);
    row.add_peak(own_peak, rss::peak_kib());
    if let (Some(before), Some(after)) = (before, bench.stats()) {
        let pooling = row.pooling.get_or_insert_with(Pooling::default);
        pooling.add(&before, &after);
    }
    Ok(())
}

fn verdict(rows: &[Row]) -> Result<()> {
    let messages: u64 = rows.iter().map(Row::messages).sum();
    let came_back = format!("every byte of {messages} messages came back");
    let name = Corepool::NAME;
    match rows.iter().find(|row| row.name == name).map(Row::buffers) {
        None => say(&format!("{came_back}\n")),
        Some(0) => {
            say(&format!("{came_back}; {name}: 0 buffer allocations per message in steady state\n"))
        }
        Some(n) => Err(Failure::run(format!(
            "{came_back}, but {name} made {n} buffer allocations in steady state"
        ))),
    }
}

fn say(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|e| Failure::run(format!("cannot write to the standard output: {e}")))
}
