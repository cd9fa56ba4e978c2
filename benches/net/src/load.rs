//! Load from wrk.

use std::{
    io,
    net::SocketAddr,
    process::{Output, Stdio},
};

use crate::process::on_cores;

/// What wrk has measured.
#[derive(Debug, PartialEq)]
pub(crate) struct Load {
    /// Requests for each second.
    pub(crate) requests: f64,
    /// The 99th percentile of the latency, in milliseconds.
    pub(crate) p99: f64,
    /// Failed connections, reads and writes, requests without an answer in 2 s, and answers of errors.
    pub(crate) errors: u64,
}

/// Sends requests on `connections` connections for some seconds, from a thread on each of `cores`.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    seconds: usize,
    cores: &str,
) -> io::Result<Load> {
    let threads = cores.split(',').count();
    let Output { status, stdout, .. } = on_cores(Some(cores), "wrk")
        .arg(format!("-t{threads}"))
        .arg(format!("-c{connections}"))
        .arg(format!("-d{seconds}s"))
        .arg("--latency")
        .arg(format!("http://{address}/"))
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&stdout);
    let load = if status.success() { parse(&text) } else { None };
    load.ok_or_else(|| io::Error::other(format!("wrk failed, {status}: {text}")))
}

fn parse(text: &str) -> Option<Load> {
    let after =
        |label: &str| text.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim);
    let numbers = |text: &str| -> u64 {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u64>().ok()).sum()
    };
    Some(Load {
        requests: after("Requests/sec:")?.parse().ok()?,
        p99: milliseconds(after("99%")?)?,
        errors: after("Socket errors:").map_or(0, numbers)
            + after("Non-2xx or 3xx responses:").map_or(0, numbers),
    })
}

/// Reads a time as wrk writes it.
fn milliseconds(text: &str) -> Option<f64> {
    let end = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(end);
    let unit = match unit {
        "us" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        "m" => 60e3,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * unit)
}

/// Checks that the output of wrk is understood.
pub(crate) fn check() {
    let text = "  Latency Distribution\n     50%  250.00us\n     99%    1.25s\n  \
                10 requests in 2.00s, 1.00KB read\n  \
                Socket errors: connect 1, read 0, write 2, timeout 3\n  \
                Non-2xx or 3xx responses: 4\nRequests/sec:  60123.50\nTransfer/sec:  5.00MB\n";
    assert_eq!(parse(text), Some(Load { requests: 60123.5, p99: 1250.0, errors: 10 }));
    assert_eq!(milliseconds("250.00us"), Some(0.25));
    assert_eq!(parse("unable to connect"), None);
}
