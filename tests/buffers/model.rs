//! Random programs on one thread, compared with an exact model of a pool: how many buffers of which
//! age each class holds, what `get` hands out next, and every counter of `stats`. The pool may
//! choose among several buffers that fit a request; the model checks that it chose one of them.

use std::collections::BTreeMap;

use corepool::buffer::{Buffer, BufferPool, BufferStats};
use proptest::prelude::*;

use crate::util::{alone, repeat};

#[derive(Clone, Copy, Debug)]
enum Step {
    Get,
    WithCapacity(usize),
    Zeroed(usize),
    Adopt(usize),
    /// Resizes the buffer with this number to this length; it may grow.
    Resize(usize, usize),
    Reserve(usize, usize),
    Clear(usize),
    Drop(usize),
    Discard(usize),
    IntoVec(usize),
    Trim,
    Empty,
}

fn sizes() -> impl Strategy<Value = usize> {
    // Mostly near the edges of classes.
    let near =
        (9_u32..18, -1_isize..=1).prop_map(|(bit, off)| (1_usize << bit).wrapping_add_signed(off));
    prop_oneof![3 => near, 2 => 0_usize..5000, 1 => 0_usize..300_000]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = || 0_usize..8;
    let step = prop_oneof![
        12 => Just(Step::Get),
        6 => sizes().prop_map(Step::WithCapacity),
        2 => sizes().prop_map(Step::Zeroed),
        2 => sizes().prop_map(Step::Adopt),
        10 => (which(), sizes()).prop_map(|(i, len)| Step::Resize(i, len)),
        2 => (which(), sizes()).prop_map(|(i, len)| Step::Reserve(i, len)),
        1 => which().prop_map(Step::Clear),
        20 => which().prop_map(Step::Drop),
        1 => which().prop_map(Step::Discard),
        1 => which().prop_map(Step::IntoVec),
        1 => Just(Step::Trim),
        1 => Just(Step::Empty),
    ];
    prop::collection::vec(step, 1..200)
}

/// A buffer on loan, as the pool knows it.
struct Lent<'p> {
    buffer: Buffer<'p>,
    learns: bool,
    /// The size of the class in which it was found, or 0 if it was new.
    home: usize,
    /// The number of bytes that the pool counts for it.
    bytes: usize,
}

impl<'p> Lent<'p> {
    fn new(buffer: Buffer<'p>, learns: bool, home: usize) -> Self {
        let bytes = if home == 0 { buffer.capacity() / 1024 * 1024 } else { home };
        Self { buffer, learns, home, bytes }
    }
}

/// Idle buffers of one class: address and capacity, by age.
#[derive(Default)]
struct Class {
    fresh: BTreeMap<usize, usize>,
    aged: BTreeMap<usize, usize>,
}

struct Model {
    max: usize,
    bytes: usize,
    classes: BTreeMap<usize, Class>,
    /// The capacity that `get` hands out, the strikes against it, and the largest use since the
    /// first of them.
    hint: (usize, u32, usize),
    /// Buffers of that capacity that were created since a use last confirmed it.
    made: usize,
    stats: BufferStats,
}

impl Model {
    fn sizes(&self) -> impl Iterator<Item = usize> + use<> {
        let max = self.max;
        let powers = (10..=30).map(|bit| 1_usize << bit).take_while(move |&size| size < max);
        powers.chain((max > 0).then_some(max))
    }

    fn up(&self, capacity: usize) -> Option<usize> {
        self.sizes().find(|&size| size >= capacity)
    }

    fn down(&self, capacity: usize) -> Option<usize> {
        self.sizes().filter(|&size| size <= capacity && capacity <= self.max).last()
    }

    fn room(&self, size: usize) -> usize {
        // A buffer of the largest class cannot have grown.
        let most = if size == self.max { size } else { 2 * size };
        if self.bytes == 0 { 0 } else { (self.bytes / most).max(1) }
    }

    /// Returns the class that served a request for at least this capacity.
    fn served(&mut self, capacity: usize, buffer: &Buffer<'_>) -> usize {
        let Some(size) = self.up(capacity) else {
            self.stats.misses += 1;
            assert!(buffer.capacity() >= capacity && buffer.capacity() < capacity + 4096);
            return 0;
        };
        self.found(size, buffer).unwrap_or_else(|| self.made(size, buffer))
    }

    /// The same for `get`.
    fn got(&mut self, buffer: &Buffer<'_>) -> usize {
        let size = self.hint.0;
        if self.max == 0 {
            return self.served(1024, buffer);
        }
        if let Some(home) = self.found(size, buffer) {
            return home;
        }
        if size > 4096 && self.made >= (1 << 20) / size {
            return self.served(0, buffer);
        }
        self.made += usize::from(size > 4096);
        self.made(size, buffer)
    }

    fn made(&mut self, size: usize, buffer: &Buffer<'_>) -> usize {
        assert_eq!(buffer.capacity(), size, "a new one");
        self.stats.misses += 1;
        size
    }

    fn found(&mut self, size: usize, buffer: &Buffer<'_>) -> Option<usize> {
        let address = buffer.as_ptr() as usize;
        let next = self.sizes().find(|&next| next > size);
        for from in [Some(size), next].into_iter().flatten() {
            let class = self.classes.entry(from).or_default();
            let (idle, aged) = if class.fresh.is_empty() {
                (&mut class.aged, true)
            } else {
                (&mut class.fresh, false)
            };
            if idle.is_empty() {
                continue;
            }
            assert_eq!(idle.remove(&address), Some(buffer.capacity()), "from {from}");
            self.stats.hits += 1;
            self.stats.victim_hits += u64::from(aged);
            return Some(from);
        }
        None
    }

    fn learn(&mut self, used: usize, capacity: usize) -> bool {
        let (class, strikes, peak) = self.hint;
        let used = self.up(used).map_or(self.max, |_| used);
        if used > class {
            (self.hint, self.made) = ((self.up(used).unwrap(), 0, 0), 0);
        } else if class <= 4096 || used >= class / 4 {
            (self.hint, self.made) = ((class, 0, 0), 0);
        } else if strikes < 4 {
            self.hint = (class, strikes + 1, peak.max(used));
        } else {
            (self.hint, self.made) = ((self.up(peak.max(used)).unwrap(), 0, 0), 0);
        }
        let lowered = self.hint.0 < class || capacity / 4 >= self.hint.0;
        lowered && capacity > 4096 && used < capacity / 4
    }

    fn dropped(&mut self, lent: &Lent<'_>) {
        let (capacity, len) = (lent.buffer.capacity(), lent.buffer.len());
        let down = self.down(capacity);
        let grown = down != Some(lent.home);
        let used = if grown { len.max(capacity / 2 + 1) } else { len };
        let underused = lent.learns && self.max > 0 && self.learn(used, capacity);
        let Some(size) = down.filter(|_| !underused) else {
            self.stats.dropped += 1;
            self.stats.oversize += u64::from(capacity > self.max);
            self.stats.underused += u64::from(down.is_some());
            return;
        };
        let room = self.room(size);
        let class = self.classes.entry(size).or_default();
        if class.fresh.len() + class.aged.len() < room {
            class.fresh.insert(lent.buffer.as_ptr() as usize, capacity);
        } else {
            self.stats.dropped += 1;
        }
    }

    fn aged(&mut self, all: bool) {
        for class in self.classes.values_mut() {
            self.stats.dropped += class.aged.len() as u64;
            class.aged = std::mem::take(&mut class.fresh);
            if all {
                self.stats.dropped += class.aged.len() as u64;
                class.aged.clear();
            }
        }
    }

    fn stats(&self, out: &[Lent<'_>]) -> BufferStats {
        let mut stats = self.stats.clone();
        stats.outstanding = out.len() as u64;
        stats.outstanding_bytes = out.iter().map(|lent| lent.bytes as u64).sum();
        for (&size, class) in &self.classes {
            let idle = (class.fresh.len() + class.aged.len()) as u64;
            stats.idle += idle;
            stats.idle_bytes += idle * size as u64;
        }
        stats.created = stats.misses;
        stats
    }
}

fn run(max: usize, bytes: usize, steps: Vec<Step>) {
    let pool = BufferPool::new().with_max_capacity(max).with_max_idle_bytes(bytes);
    let mut model = Model {
        max,
        bytes,
        classes: BTreeMap::new(),
        hint: (0, 0, 0),
        made: 0,
        stats: BufferStats::default(),
    };
    model.hint.0 = model.up(0).unwrap_or(0);
    // This thread has a seat, so the same hint learns throughout.
    drop(corepool::Pool::new(|| 0).get());
    let mut out: Vec<Lent<'_>> = Vec::new();
    for step in steps {
        match step {
            Step::Get => {
                let buffer = pool.get();
                let home = model.got(&buffer);
                assert!(buffer.is_empty());
                out.push(Lent::new(buffer, true, home));
            }
            Step::WithCapacity(capacity) => {
                let buffer = pool.with_capacity(capacity);
                let home = model.served(capacity, &buffer);
                assert!(buffer.is_empty());
                out.push(Lent::new(buffer, false, home));
            }
            Step::Zeroed(len) => {
                let buffer = pool.zeroed(len);
                let home = model.served(len, &buffer);
                assert!(buffer.len() == len && buffer.iter().all(|&byte| byte == 0));
                out.push(Lent::new(buffer, false, home));
            }
            Step::Adopt(capacity) => {
                let buffer = pool.adopt(Vec::with_capacity(capacity));
                model.stats.adopted += 1;
                out.push(Lent::new(buffer, false, 0));
            }
            Step::Resize(i, len) if i < out.len() => out[i].buffer.resize(len, 0xAA),
            Step::Reserve(i, more) if i < out.len() => out[i].buffer.reserve(more),
            Step::Clear(i) if i < out.len() => out[i].buffer.clear(),
            Step::Drop(i) if i < out.len() => {
                let lent = out.swap_remove(i);
                model.dropped(&lent);
                drop(lent.buffer);
            }
            Step::Discard(i) if i < out.len() => {
                model.stats.dropped += 1;
                Buffer::discard(out.swap_remove(i).buffer);
            }
            Step::IntoVec(i) if i < out.len() => drop(Buffer::into_vec(out.swap_remove(i).buffer)),
            Step::Trim => {
                model.aged(false);
                pool.trim();
            }
            Step::Empty => {
                model.aged(true);
                pool.clear();
            }
            _ => continue,
        }
        let mut stats = pool.stats();
        // Depends on the place of the buffer, which the pool may choose.
        stats.steals = 0;
        assert_eq!(stats, model.stats(&out), "after {step:?}");
    }
}

#[test]
fn buffer_pools_behave_like_the_model() {
    // The steps of a case take large blocks, which other tests must not count.
    let _alone = alone();
    let config = ProptestConfig {
        failure_persistence: None,
        cases: repeat(ProptestConfig::default().cases as usize, 3) as u32,
        ..ProptestConfig::default()
    };
    let max =
        prop_oneof![Just(0), Just(700), Just(5000), Just(1 << 16), Just(1 << 17), Just(1 << 20)];
    let bytes = prop_oneof![Just(0), Just(1), Just(16 << 10), Just(1 << 20), Just(16 << 20)];
    proptest!(config, |(max in max, bytes in bytes, steps in steps())| {
        run(max, bytes, steps);
    });
}
