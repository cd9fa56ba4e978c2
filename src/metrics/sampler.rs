//! The state of a sampler, which reads all statistics and passes them on.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[cfg(all(feature = "rt", not(target_family = "wasm")))]
use super::runtimes::AllRuntimes;
use super::{pools::Pools, sample::Sample};
use crate::util::panics::catch_and_discard;

/// What a guard and its thread share.
#[derive(Debug, Default)]
pub(crate) struct Sampler {
    sources: Mutex<Sources>,
    stopped: Mutex<bool>,
    /// Notified when `stopped` is set.
    stop: Condvar,
}

#[derive(Debug, Default)]
struct Sources {
    pools: Pools,
    #[cfg(all(feature = "rt", not(target_family = "wasm")))]
    runtimes: AllRuntimes,
}

impl Sampler {
    /// Describes the metrics to the recorder of the calling thread.
    pub(crate) fn describe() {
        super::pools::describe();
        #[cfg(all(feature = "rt", not(target_family = "wasm")))]
        super::runtimes::describe();
    }

    /// Reads all statistics, and passes them to the recorder of the calling thread. Nothing is locked while
    /// the recorder runs, which may use pools.
    pub(crate) fn update(&self) {
        // bug: recorder called under the lock
        let samples = self.samples();
        samples.into_iter().for_each(Sample::record);
    }

    fn samples(&self) -> Vec<Sample> {
        let (mut sources, mut samples) = (lock(&self.sources), Vec::new());
        sources.pools.sample(&mut samples);
        #[cfg(all(feature = "rt", not(target_family = "wasm")))]
        sources.runtimes.sample(&mut samples);
        samples
    }

    /// The main function of the thread: updates the metrics once in each interval.
    pub(crate) fn run(&self, interval: Duration) {
        while !self.wait(interval) {
            // A recorder that panics is called again: the panic hook has reported it.
            catch_and_discard(|| self.update());
        }
    }

    /// Waits for an interval. Returns whether the thread must end.
    fn wait(&self, interval: Duration) -> bool {
        let stopped = lock(&self.stopped);
        let waited = self.stop.wait_timeout_while(stopped, interval, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Makes the thread end.
    pub(crate) fn stop(&self) {
        *lock(&self.stopped) = true;
        // bug: sampler not woken to end
        self.stop.notify_all();
    }
}

/// Locks a mutex, poisoned or not. No model covers samplers.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
