//! Whether chaos mode is on, and its seed.

use std::{
    env,
    sync::atomic::{AtomicU8, Ordering::Relaxed},
};

use super::run;

/// The environment variable that turns chaos mode on, unless [`set_seed`] does: `COREPOOL_CHAOS_SEED`. Its
/// value is the seed, a decimal number. It is read at the first use of a pool, which panics if the
/// value is anything else. No value is the same as no variable.
pub const SEED_VARIABLE: &str = "COREPOOL_CHAOS_SEED";

/// Nobody has set a seed, and the environment has not been read.
const UNKNOWN: u8 = 0;
const OFF: u8 = 1;
const ON: u8 = 2;

/// Relaxed everywhere: what the mode stands for is under a lock.
static MODE: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Turns chaos mode on, for all pools of the process and for good, with this seed. See the
/// [module](crate::chaos).
///
/// Each call begins a new run: from then on, the decisions of each thread are those that follow from the new
/// seed. Objects that are idle or lent stay so. Chaos mode is for tests; a library must not call this.
///
/// # Examples
///
/// ```standalone_crate
/// use corepool::{Pool, chaos};
///
/// /// Returns which of the objects that a pool got it returns, and in which order.
/// fn run(seed: u64) -> Vec<i32> {
///     chaos::set_seed(seed);
///     let pool = Pool::new(|| 0);
///     (1..10).for_each(|i| pool.put(i));
///     pool.drain().collect()
/// }
///
/// assert_eq!(run(7), run(7));
/// assert!((0..10).any(|seed| run(seed) != run(7)));
/// ```
pub fn set_seed(seed: u64) {
    run::begin(seed);
    MODE.store(ON, Relaxed);
}

/// Returns whether chaos mode is on, or may be: a hit then takes the slow path, which asks [`on`].
#[inline(always)]
pub(crate) fn may_be_on() -> bool {
    MODE.load(Relaxed) != OFF
}

/// Returns whether chaos mode is on.
#[inline]
pub(crate) fn is_on() -> bool {
    may_be_on() && decide()
}

/// Shows that chaos mode is on: what a pool does only then asks for one.
#[derive(Clone, Copy)]
pub(crate) struct On(());

/// As [`is_on`].
#[inline]
pub(crate) fn on() -> Option<On> {
    is_on().then_some(On(()))
}

/// Returns whether somebody has turned chaos mode on. Does not read the environment.
pub(crate) fn has_begun() -> bool {
    MODE.load(Relaxed) == ON
}

/// Returns whether chaos mode is on. Reads the environment if nobody has set a seed.
#[cold]
#[inline(never)]
fn decide() -> bool {
    if MODE.load(Relaxed) == UNKNOWN {
        match from_environment() {
            Some(seed) => set_seed(seed),
            // A thread that sets a seed at this moment wins.
            None => _ = MODE.compare_exchange(UNKNOWN, OFF, Relaxed, Relaxed),
        }
    }
    has_begun()
}

/// Returns the seed that the environment names.
///
/// # Panics
///
/// If it is no number.
fn from_environment() -> Option<u64> {
    let value = env::var_os(SEED_VARIABLE).filter(|value| !value.is_empty())?;
    let seed = value.to_str().and_then(|value| value.parse().ok());
    Some(seed.unwrap_or_else(|| {
        panic!("{SEED_VARIABLE} must be a number from 0 to {}, and is {value:?}", u64::MAX)
    }))
}
