//! The levels of memory pressure, read from files like those of the system, and a janitor that
//! watches them.

use std::{
    alloc::System,
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use corepool::{JanitorBuilder, Level, Pool, Pressure, alloc::PacedAlloc, set_collect_interval};

use crate::alone;

/// A directory that is removed at the end of its test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let name = format!("corepool-{}-{}", process::id(), LAST.fetch_add(1, Relaxed));
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        // Replaced in one step, like the system's files.
        let new = self.0.join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, &path).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn stall(some: &str, full: &str) -> String {
    format!(
        "some avg10={some} avg60=0.00 avg300=0.00 total=7\n\
         full avg10={full} avg60=99.00 avg300=0.00 total=0\n"
    )
}

#[test]
fn memory_stalls_have_three_levels() {
    let folder = Folder::new();
    let mut pressure = Pressure::new().stalls(folder.0.join("stalls"));
    let levels = [
        ("0.00", "0.00", Level::Low),
        ("4.99", "0.00", Level::Low),
        ("5.00", "0.00", Level::Medium),
        ("19.99", "4.99", Level::Medium),
        ("20.00", "0.00", Level::High),
        ("6.00", "5.00", Level::High),
    ];
    for (some, full, level) in levels {
        folder.file("stalls", &stall(some, full));
        assert_eq!(pressure.level().unwrap(), level, "{some} {full}");
    }
    folder.file("stalls", "some avg10=30.00 avg60=0.00 avg300=0.00 total=7\n");
    assert_eq!(pressure.level().unwrap(), Level::High, "no line for all");
}

#[test]
fn available_memory_has_three_levels() {
    let folder = Folder::new();
    for (free, level) in
        [(100, Level::Low), (38, Level::Low), (37, Level::Medium), (19, Level::High)]
    {
        let text = format!("MemTotal:  100 kB\nMemFree:  1 kB\nMemAvailable:  {free} kB\n");
        let mut pressure = Pressure::new().available(folder.file("meminfo", &text));
        assert_eq!(pressure.level().unwrap(), level, "{free} of 100");
    }
}

fn cgroup(folder: &Folder, held: [u32; 2], limits: [&str; 2], current: u32, cache: u32) {
    let [high, max] = held;
    folder.file("memory.events", &format!("low 0\nhigh {high}\nmax {max}\noom 0\noom_kill 0\n"));
    folder.file("memory.high", limits[0]);
    folder.file("memory.max", limits[1]);
    folder.file("memory.current", &format!("{current}\n"));
    folder.file("memory.stat", &format!("anon 5\nfile 9\ninactive_file {cache}\nactive_file 3\n"));
}

#[test]
fn cgroups_have_three_levels() {
    let folder = Folder::new();
    let mut pressure = Pressure::new().cgroup(&folder.0);
    let mut level = || pressure.level().unwrap();
    cgroup(&folder, [3, 0], ["max\n", "max\n"], 1000, 0);
    assert_eq!(level(), Level::Low, "no limit, and held in former times only");
    cgroup(&folder, [3, 0], ["max\n", "1000\n"], 700, 0);
    assert_eq!(level(), Level::Medium);
    cgroup(&folder, [3, 0], ["800\n", "1000\n"], 700, 0);
    assert_eq!(level(), Level::High, "the lower limit counts");
    cgroup(&folder, [3, 0], ["800\n", "1000\n"], 700, 400);
    assert_eq!(level(), Level::Low, "cache is not in use");
    cgroup(&folder, [4, 0], ["max\n", "max\n"], 0, 0);
    assert_eq!(level(), Level::High, "held since the last look");
    assert_eq!(level(), Level::Low);
    cgroup(&folder, [4, 1], ["max\n", "max\n"], 0, 0);
    assert_eq!(level(), Level::High, "held since the last look");
}

/// The root cgroup has no limits.
#[test]
fn a_cgroup_without_limits_is_never_short() {
    let folder = Folder::new();
    folder.file("memory.events", "high 0\nmax 0\n");
    assert_eq!(Pressure::new().cgroup(&folder.0).level().unwrap(), Level::Low);
}

#[test]
fn the_worst_of_all_levels_counts() {
    let folder = Folder::new();
    let stalls = folder.file("stalls", &stall("9.00", "0.00"));
    let free = folder.file("meminfo", "MemTotal: 100 kB\nMemAvailable: 90 kB\n");
    let mut both = Pressure::new().stalls(stalls).available(free);
    assert_eq!(both.level().unwrap(), Level::Medium);
    assert_eq!(Pressure::new().level().unwrap(), Level::Low, "nothing to look at");
}

/// The builder returns an error that names the file.
#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let folder = Folder::new();
    let missing = Path::new("/nowhere/at all");
    let odd = folder.file("odd", "avg10=x\nsome avg10=x\nMemTotal: many\n");
    let sources = [
        (Pressure::new().stalls(missing), ErrorKind::NotFound, "/nowhere"),
        (Pressure::new().cgroup(missing), ErrorKind::NotFound, "/nowhere"),
        (Pressure::new().available(missing), ErrorKind::NotFound, "/nowhere"),
        (Pressure::new().stalls(&odd), ErrorKind::InvalidData, "odd"),
        (Pressure::new().available(&odd), ErrorKind::InvalidData, "odd"),
        (Pressure::new().stalls(&folder.0), ErrorKind::IsADirectory, "corepool-"),
    ];
    for (source, kind, name) in sources {
        let error = JanitorBuilder::new(Duration::from_secs(9)).watch(source).start().unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(name), "{error}");
    }
}

/// The files contain numbers that no kernel writes.
#[test]
fn absurd_numbers_do_no_harm() {
    let folder = Folder::new();
    let most = u64::MAX;
    folder.file("memory.events", &format!("high {most}\nmax {most}\n"));
    folder.file("memory.max", &format!("{most}\n"));
    folder.file("memory.current", &format!("{most}\n"));
    assert_eq!(Pressure::new().cgroup(&folder.0).level().unwrap(), Level::High);
    folder.file("memory.max", "0\n");
    assert_eq!(Pressure::new().cgroup(&folder.0).level().unwrap(), Level::High);
    for share in ["NaN", "-1", "inf"] {
        let file = folder.file("stalls", &stall(share, "0"));
        assert!(Pressure::new().stalls(file).level().is_ok());
    }
    let file = folder.file("meminfo", "MemTotal: 0 kB\nMemAvailable: 9 kB\n");
    assert_eq!(Pressure::new().available(file).level().unwrap(), Level::Low);
}

/// The files of this machine, whatever they hold.
#[test]
#[cfg(target_os = "linux")]
fn the_files_of_the_system_can_be_read() {
    let mut pressure = Pressure::system().unwrap();
    assert!(pressure.level().unwrap() <= Level::High);
}

static POOL: Pool<Vec<u8>> = Pool::new(|| vec![0; 1 << 16]);

fn idle() -> u64 {
    POOL.stats().idle
}

fn soon(holds: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !holds() && start.elapsed() < Duration::from_secs(100) {
        thread::sleep(Duration::from_millis(1));
    }
    holds()
}

/// Idle objects are dropped soon after memory gets short, and a file that disappears does no harm.
#[test]
fn high_pressure_empties_pools() {
    alone(|| {
        set_collect_interval(None);
        let folder = Folder::new();
        let file = folder.file("stalls", &stall("0.00", "0.00"));
        let pressure = Pressure::new().stalls(&file);
        let long = Duration::from_secs(1 << 20);
        let janitor = JanitorBuilder::new(long).watch(pressure).start().unwrap();
        drop(POOL.get());
        thread::sleep(Duration::from_millis(1500));
        assert_eq!(idle(), 1, "there is enough");
        folder.file("stalls", &stall("50.00", "0.00"));
        assert!(soon(|| idle() == 0));
        let again = || {
            fs::remove_file(&file).unwrap();
            drop(POOL.get());
            thread::sleep(Duration::from_millis(1500));
            assert_eq!(idle(), 1, "an unreadable file counts as low");
            folder.file("stalls", &stall("50.00", "0.00"));
            let start = Instant::now();
            assert!(soon(|| idle() == 0));
            // The level was low in between, so the pause after the previous high level does not apply.
            start.elapsed() < Duration::from_secs(7)
        };
        // The whole machine may stop for some seconds, but not each time.
        assert!((0..5).any(|_| again()));
        drop(janitor);
    });
}

/// The other files still count when one disappears.
#[test]
fn a_file_that_is_gone_hides_no_other_file() {
    alone(|| {
        set_collect_interval(None);
        let folder = Folder::new();
        let gone = folder.file("gone", &stall("0.00", "0.00"));
        let file = folder.file("stalls", &stall("0.00", "0.00"));
        let pressure = Pressure::new().stalls(&gone).stalls(&file);
        let long = Duration::from_secs(1 << 20);
        let janitor = JanitorBuilder::new(long).watch(pressure).start().unwrap();
        fs::remove_file(&gone).unwrap();
        drop(POOL.get());
        folder.file("stalls", &stall("50.00", "0.00"));
        assert!(soon(|| idle() == 0));
        drop(janitor);
    });
}

fn collects() -> u64 {
    PacedAlloc::new(System).collections()
}

/// At medium pressure the janitor waits a quarter of its interval.
#[test]
fn medium_pressure_shortens_the_interval() {
    alone(|| {
        set_collect_interval(None);
        let folder = Folder::new();
        let pressure = Pressure::new().stalls(folder.file("stalls", &stall("6.00", "0.00")));
        let start = Instant::now();
        let janitor = JanitorBuilder::new(Duration::from_secs(30)).watch(pressure).start().unwrap();
        assert!(soon(|| collects() > 0));
        let time = start.elapsed();
        assert!((Duration::from_secs(5)..Duration::from_secs(29)).contains(&time), "{time:?}");
        drop(janitor);
    });
}

/// A quarter of a shorter interval is not rounded to 0.
#[test]
fn the_shortest_interval_is_one_millisecond() {
    alone(|| {
        set_collect_interval(None);
        let folder = Folder::new();
        let pressure = Pressure::new().stalls(folder.file("stalls", &stall("6.00", "0.00")));
        let start = Instant::now();
        let janitor = JanitorBuilder::new(Duration::from_nanos(3)).watch(pressure).start().unwrap();
        thread::sleep(Duration::from_millis(200));
        drop(janitor);
        assert!(collects() > 0);
        assert!(u128::from(collects()) <= start.elapsed().as_millis() + 1);
    });
}
