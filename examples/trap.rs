//! Four programs that hang in other runtimes of Rust. The first three hung in early versions of Go
//! too; the fourth has more endless loops than workers. Here they end after a second, as they do in
//! today's Go.
//!
//! ```console
//! $ cargo run --release --example trap a    # or b, c, d
//! ```

use std::{
    env,
    hint::black_box,
    process,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use corepool::rt::{self, Builder};

const WORKERS: usize = 2;

static X: AtomicU64 = AtomicU64::new(0);

/// Never awaits.
fn hog() {
    loop {
        X.fetch_add(black_box(1), Relaxed);
    }
}

/// Runs a trap. Its main task, which sleeps and then prints, is an ordinary task.
pub fn run(which: &str) {
    let (hogs, pause) = match which {
        // One endless loop for each worker.
        "a" => (WORKERS, Duration::ZERO),
        // One loop fewer.
        "b" => (WORKERS - 1, Duration::ZERO),
        // One loop for each worker; the loops start after the main task has gone to sleep.
        "c" => (WORKERS, Duration::from_secs(1)),
        // More loops than workers.
        "d" => (3 * WORKERS, Duration::ZERO),
        _ => {
            eprintln!("usage: trap a|b|c|d");
            process::exit(2);
        }
    };
    let runtime = Builder::new().workers(WORKERS).build().expect("two threads");
    let main = runtime.spawn(async move {
        for _ in 0..hogs {
            rt::spawn(async move {
                rt::sleep(pause).await;
                hog();
            });
        }
        rt::sleep(Duration::from_secs(1)).await;
        println!("x = {}", X.load(Relaxed));
    });
    runtime.block_on(main).expect("the main task does not panic");
}

fn main() {
    run(&env::args().nth(1).unwrap_or_else(|| "a".into()));
}
