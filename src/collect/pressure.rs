//! Memory pressure on Linux: pressure stall information, cgroups, and available memory.
//!
//! All sources are text files, which are read anew each time. There is no trigger, which would need
//! a permission, and no descriptor that stays open.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// How short memory is, in the three levels of .NET's pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// There is enough memory.
    Low,
    /// Memory is getting short: 63 percent is in use, or some thread waits for memory 5 percent of
    /// the time.
    Medium,
    /// Memory is short: 81 percent is in use; some thread waits for memory 20 percent of the time,
    /// or all do 5 percent of the time; or a cgroup was held to its limit since the previous
    /// reading.
    High,
}

/// The sources to read the memory pressure from. The highest level of all sources counts.
///
/// The thresholds are those of .NET's pools: 70 and 90 percent of 90 percent of memory. Page cache
/// that can be reclaimed at once does not count as used.
///
/// # Examples
///
/// ```
/// use corepool::{Level, Pressure};
///
/// if let Ok(mut pressure) = Pressure::system() {
///     assert!(pressure.level().unwrap() <= Level::High);
/// }
/// ```
#[derive(Debug, Default)]
pub struct Pressure {
    sources: Vec<Source>,
}

#[derive(Debug)]
enum Source {
    Stalls(PathBuf),
    Cgroup { folder: PathBuf, held: Option<u64> },
    Available(PathBuf),
}

impl Pressure {
    /// Creates a `Pressure` without sources. Its level is [`Level::Low`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a `Pressure` with all sources of this machine: `/proc/pressure/memory`, the
    /// process's cgroup (version 2) and those above it, and `/proc/meminfo`. A source that is
    /// missing or may not be read is left out.
    ///
    /// # Errors
    ///
    /// If no source is left. This is always so on systems other than Linux.
    pub fn system() -> io::Result<Self> {
        let all = Self::new().stalls("/proc/pressure/memory").available("/proc/meminfo");
        own_cgroups().into_iter().fold(all, Self::cgroup).readable()
    }

    /// Keeps only the sources that can be read now.
    pub(crate) fn readable(mut self) -> io::Result<Self> {
        // bug: one unreadable source hides the others
        self.sources.retain_mut(|source| source.level().is_ok());
        if self.sources.is_empty() {
            let why = "no source of memory pressure can be read";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        Ok(self)
    }

    /// Adds pressure stall information from `file`: `/proc/pressure/memory`, or `memory.pressure`
    /// of a cgroup. The averages over ten seconds count.
    #[must_use]
    pub fn stalls(self, file: impl Into<PathBuf>) -> Self {
        self.with(Source::Stalls(file.into()))
    }

    /// Adds the cgroup of version 2 in `folder`: how often it was held to `memory.high` or
    /// `memory.max` (in `memory.events`), and how much of the lower of the two limits is in use, if
    /// there is a limit.
    #[must_use]
    pub fn cgroup(self, folder: impl Into<PathBuf>) -> Self {
        self.with(Source::Cgroup { folder: folder.into(), held: None })
    }

    /// Adds `MemAvailable` and `MemTotal` from `file`, which is `/proc/meminfo`.
    #[must_use]
    pub fn available(self, file: impl Into<PathBuf>) -> Self {
        self.with(Source::Available(file.into()))
    }

    fn with(mut self, source: Source) -> Self {
        self.sources.push(source);
        self
    }

    /// Reads all sources, and returns the highest level.
    ///
    /// # Errors
    ///
    /// If a file is missing, may not be read, or does not have the expected content. The error
    /// names the file.
    pub fn level(&mut self) -> io::Result<Level> {
        let mut levels = self.sources.iter_mut().map(Source::level);
        levels.try_fold(Level::Low, |worst, level| Ok(worst.max(level?)))
    }

    /// Like [`level`](Self::level), but a source that cannot be read counts as low, and hides no
    /// other.
    pub(crate) fn level_as_far_as_known(&mut self) -> Level {
        let levels = self.sources.iter_mut().filter_map(|source| source.level().ok());
        levels.max().unwrap_or(Level::Low)
    }
}

impl Source {
    fn level(&mut self) -> io::Result<Level> {
        match self {
            Self::Stalls(file) => stalls(file),
            Self::Cgroup { folder, held } => cgroup(folder, held),
            Self::Available(file) => {
                let text = read(file)?;
                let [total, free] = ["MemTotal:", "MemAvailable:"].map(|name| number(&text, name));
                let (total, free) = total.zip(free).ok_or_else(|| odd(file))?;
                Ok(of_used(total.saturating_sub(free), total))
            }
        }
    }
}

/// Returns the level if `used` out of `of` is in use.
fn of_used(used: u64, of: u64) -> Level {
    let percent = u128::from(used) * 100 / u128::from(of.max(1));
    match percent {
        81.. => Level::High,
        63.. => Level::Medium,
        _ => Level::Low,
    }
}

fn stalls(file: &Path) -> io::Result<Level> {
    let text = read(file)?;
    let share = |kind: &str| -> Option<f64> {
        let line = text.lines().find(|line| line.starts_with(kind))?;
        line.split("avg10=").nth(1)?.split_whitespace().next()?.parse().ok()
    };
    let some = share("some ").ok_or_else(|| odd(file))?;
    // Old kernels have one line only.
    let full = share("full ").unwrap_or(0.0);
    Ok(if some >= 20.0 || full >= 5.0 {
        Level::High
    } else if some >= 5.0 {
        Level::Medium
    } else {
        Level::Low
    })
}

fn cgroup(folder: &Path, held: &mut Option<u64>) -> io::Result<Level> {
    let events = folder.join("memory.events");
    let text = read(&events)?;
    let [high, max] = ["high", "max"].map(|name| number(&text, name));
    // bug: sum of system counters overflows
    let times =
        high.zip(max).map(|(high, max)| high.saturating_add(max)).ok_or_else(|| odd(&events))?;
    let again = held.replace(times).is_some_and(|before| before < times);
    if again {
        return Ok(Level::High);
    }
    let limits = ["memory.high", "memory.max"].map(|name| read(&folder.join(name)));
    // "max" does not parse as a number, and means no limit. The root cgroup has neither file.
    let limits = limits.iter().flatten().filter_map(|text| text.trim().parse().ok());
    let Some(limit) = limits.min() else { return Ok(Level::Low) };
    let file = folder.join("memory.current");
    let current: u64 = read(&file)?.trim().parse().map_err(|_| odd(&file))?;
    let stat = read(&folder.join("memory.stat")).unwrap_or_default();
    let cache = number(&stat, "inactive_file").unwrap_or(0);
    // bug: page cache counted as used
    Ok(of_used(current.saturating_sub(cache), limit))
}

/// Returns the folders of this process's cgroup and of the visible ones above it. Empty where there
/// are no cgroups of version 2.
fn own_cgroups() -> Vec<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = text.lines().find_map(|line| line.strip_prefix("0::/"));
    let up = |path| Path::new(path).ancestors().map(|path| Path::new("/sys/fs/cgroup").join(path));
    path.map(|path| up(path).collect()).unwrap_or_default()
}

/// Returns the number in the line that begins with the word `name`.
fn number(text: &str, name: &str) -> Option<u64> {
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if words.next() != Some(name) {
            continue;
        }
        if let Some(number) = words.next().and_then(|word| word.parse().ok()) {
            return Some(number);
        }
    }
    None
}

fn read(file: &Path) -> io::Result<String> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
    fs::read_to_string(file).map_err(named)
}

/// The error for a file without the expected content.
fn odd(file: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: unexpected content", file.display()))
}
