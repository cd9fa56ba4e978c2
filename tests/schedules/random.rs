//! A scheduler that switches at random: in some schedules at every step, in others rarely.

use shuttle::scheduler::{DataSource, RandomDataSource, Schedule, Scheduler, Task, TaskId};

/// The number of steps that a thread runs at a time, on average: one of these for each schedule.
/// With equal speeds, no thread would ever lag far behind the others.
const STEPS: [u64; 4] = [1, 8, 64, 256];

#[derive(Debug)]
pub(super) struct Random {
    source: RandomDataSource,
    left: usize,
    steps: u64,
}

impl Random {
    /// A scheduler for `times` schedules.
    pub(super) fn new(seed: u64, times: usize) -> Self {
        Self { source: RandomDataSource::initialize(seed), left: times, steps: 1 }
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.source.next_u64() >> 32) % n
    }
}

impl Scheduler for Random {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.left = self.left.checked_sub(1)?;
        let schedule = Schedule::new(self.source.reinitialize());
        self.steps = STEPS[self.below(STEPS.len() as u64) as usize];
        Some(schedule)
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let stays = current.filter(|&id| runnable.iter().any(|task| task.id() == id));
        if stays.is_some() && !is_yielding && self.below(self.steps) > 0 {
            return stays;
        }
        let chosen = self.below(runnable.len() as u64) as usize;
        Some(runnable[chosen].id())
    }

    fn next_u64(&mut self) -> u64 {
        self.source.next_u64()
    }
}
