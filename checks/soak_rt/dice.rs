//! Random choices that can be repeated from a seed.

use std::time::Duration;

/// A small xorshift.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) % n
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Returns a duration, mostly a short one.
    pub fn time(&mut self) -> Duration {
        let most = if self.one_in(20) { 5_000 } else { 200 };
        Duration::from_micros(self.below(most))
    }

    /// Returns a second generator with a sequence of its own.
    pub fn split(&mut self) -> Self {
        Self::new(self.below(u64::MAX))
    }
}
