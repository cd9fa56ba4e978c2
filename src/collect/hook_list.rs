//! The functions that run at each collect, in the order of their registration. The registry has the list,
//! and its lock protects it.

use std::{fmt, sync::Arc};

/// A function that runs at each collect.
pub(super) type Hook = dyn Fn() + Send + Sync;

/// The registered functions. Each has a number, which is larger than those of all before.
#[derive(Default)]
pub(super) struct HookList {
    hooks: Vec<(u64, Arc<Hook>)>,
    /// The number of the next one.
    next: u64,
}

impl HookList {
    /// Adds a hook, and returns its number.
    pub(super) fn add(&mut self, hook: Arc<Hook>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.hooks.push((number, hook));
        number
    }

    /// Removes a hook, and returns it. The caller drops it when the registry is unlocked.
    pub(super) fn remove(&mut self, number: u64) -> Option<Arc<Hook>> {
        let place = self.place(number);
        let found = self.hooks.get(place).is_some_and(|hook| hook.0 == number);
        found.then(|| self.hooks.remove(place).1)
    }

    /// Returns a number that is above those of all hooks.
    pub(super) fn end(&self) -> u64 {
        self.next
    }

    /// Returns the first hook whose number is at least `from` and below `end`.
    pub(super) fn first(&self, from: u64, end: u64) -> Option<(u64, Arc<Hook>)> {
        let (number, hook) = self.hooks.get(self.place(from))?;
        // bug: hook runs in the collect that it was registered in
        (*number < end).then(|| (*number, Arc::clone(hook)))
    }

    /// Returns the place of the first hook whose number is at least `number`.
    fn place(&self, number: u64) -> usize {
        self.hooks.partition_point(|hook| hook.0 < number)
    }
}

impl fmt::Debug for HookList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.hooks.iter().map(|hook| hook.0)).finish()
    }
}
