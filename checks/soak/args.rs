//! The command line.

use std::env;
use std::process::exit;
use std::thread::available_parallelism;
use std::time::SystemTime;

use crate::ledger::MAX_POOLS;

const HELP: &str = "\
Random operations on many pools by many threads, with panics and stalls injected, while every object
checks that it has one holder, is as its last holder left it, and is dropped once.

Usage: soak [OPTION]...

  --seconds N    how long to run                                     (default 60)
  --threads N    threads that run at the same time    (default 4 times the cores)
  --pools N      pools, at least 1                                   (default 50)
  --seed N       seed of the random choices                    (default the time)
  --patience N   seconds without progress that count as a hang      (default 100)
  --no-forget    forget no guards, for leak checkers
  --help         print this text

Exit code: 0 if nothing was violated, 1 at the first violation, 2 for a bad command line. A hang
aborts.
";

#[derive(Clone, Copy, Debug)]
pub struct Args {
    pub seconds: u64,
    pub threads: usize,
    pub pools: usize,
    pub seed: u64,
    pub patience: u64,
    pub forget: bool,
}

impl Args {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seed = time.map_or(1, |time| time.as_nanos() as u64);
        Self { seconds: 60, threads: 4 * cores, pools: 50, seed, patience: 100, forget: true }
    }
}

pub fn parse() -> Args {
    let mut args = Args::default();
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = |most| match words.next().and_then(|word| word.parse().ok()) {
            Some(n) if (1..=most).contains(&n) => n,
            _ => bad(&format!("{word} wants a number from 1 to {most}")),
        };
        match &*word {
            "--seconds" => args.seconds = number(1 << 32),
            "--threads" => args.threads = number(1000) as usize,
            "--pools" => args.pools = number(MAX_POOLS as u64) as usize,
            "--seed" => args.seed = number(u64::MAX),
            "--patience" => args.patience = number(1 << 32),
            "--no-forget" => args.forget = false,
            "--help" | "-h" => {
                print!("{HELP}");
                exit(0)
            }
            _ => bad(&format!("unknown option {word:?}; --help lists the options")),
        }
    }
    args
}

fn bad(text: &str) -> ! {
    eprintln!("soak: {text}");
    exit(2)
}
