//! Something to look at: tasks and threads that use pools, more and fewer of them in waves.

use std::{
    f64::consts::TAU,
    io,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use corepool::{
    Janitor, Pool, Pooled, janitor,
    rt::{self, Builder, Runtime},
};

/// How long a wave lasts.
const WAVE: Duration = Duration::from_secs(16);

/// How often tasks are spawned, and how many at the crest of a wave.
const TICK: Duration = Duration::from_millis(20);
const CREST: f64 = 60.0;

/// Buffers that are not kept when they have grown too large.
static BODIES: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(|| Vec::with_capacity(1 << 10))
    .with_recycle(|body| {
        body.clear();
        body.capacity() <= 4800
    })
    .with_name("bodies");

/// Objects of which a few are kept, and which may break.
static SESSIONS: Pool<u64> =
    <Pool<u64>>::new(|| random(u64::MAX)).with_max_idle(24).with_name("sessions");

/// Objects of which some stay in quiet times.
static PARSERS: Pool<Box<[u8; 512]>> =
    <Pool<Box<[u8; 512]>>>::new(|| Box::new([0; 512])).with_min_idle(8).with_name("parsers");

/// Keeps the load going.
pub(crate) struct Load {
    _jobs: Runtime,
    _janitor: Janitor,
}

/// Starts a runtime with tasks, two threads outside it, and a janitor, which collects often: idle objects are
/// to age while somebody watches.
pub(crate) fn start() -> io::Result<Load> {
    let janitor = janitor(Duration::from_secs(4))?;
    let jobs = Builder::new().workers(3).thread_name("jobs").build()?;
    drop(jobs.spawn(waves()));
    drop(jobs.spawn(troubles()));
    for _ in 0..2 {
        thread::Builder::new().name("outside".into()).spawn(outside)?;
    }
    Ok(Load { _jobs: jobs, _janitor: janitor })
}

/// Returns a number below `limit`, another one each time.
fn random(limit: u64) -> u64 {
    static STATE: AtomicU64 = AtomicU64::new(1);
    let mut x = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) % limit
}

/// Spawns tasks, more or fewer of them by the time.
async fn waves() {
    let start = Instant::now();
    loop {
        let phase = start.elapsed().as_secs_f64() / WAVE.as_secs_f64();
        let height = (1.0 - (phase * TAU).cos()) / 2.0;
        for _ in 0..(CREST * height) as u32 {
            drop(rt::spawn(request()));
        }
        rt::sleep(TICK).await;
    }
}

/// A request that holds objects while it waits.
async fn request() {
    let mut body = BODIES.get();
    body.resize(random(5000) as usize, b'.');
    rt::sleep(Duration::from_millis(5 + random(60))).await;
    let session = SESSIONS.get();
    {
        let mut parser = PARSERS.get();
        for (to, from) in parser.iter_mut().zip(body.iter()) {
            *to ^= from;
        }
        rt::yield_now().await;
    }
    rt::sleep(Duration::from_millis(random(20))).await;
    if *session % 97 == 0 || random(50) == 0 {
        Pooled::discard(session);
    }
}

/// Now and then a task panics with an object in hand, and another one does not await for too long.
async fn troubles() {
    loop {
        rt::sleep(Duration::from_millis(800)).await;
        for _ in 0..1 + random(4) {
            let failed = rt::spawn(async {
                let _parser = PARSERS.get();
                // A panic that is not printed.
                std::panic::resume_unwind(Box::new("a planned panic"));
            });
            let _: Result<(), _> = failed.await;
        }
        if random(4) == 0 {
            let busy = rt::spawn(async {
                let start = Instant::now();
                while start.elapsed() < Duration::from_millis(40) {
                    std::hint::spin_loop();
                }
            });
            let _ = busy.await;
        }
        if random(12) == 0 {
            SESSIONS.clear();
        }
    }
}

/// What a thread outside every runtime does.
fn outside() {
    loop {
        let bodies: Vec<_> = (0..random(6)).map(|_| BODIES.get()).collect();
        thread::sleep(Duration::from_millis(random(25)));
        drop(bodies);
        PARSERS.put(PARSERS.take());
        thread::sleep(Duration::from_millis(random(10)));
    }
}
