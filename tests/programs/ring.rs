//! Random batches on a ring, compared with a deque.

use std::{collections::VecDeque, ops::Range, ptr};

use super::bytes::Bytes;
use crate::containers::{
    cell::ObjectCell,
    ring::{Ring, Steal},
};

/// Dangling pointers: rings and chains never dereference objects.
pub(super) type Batch = Vec<*mut ObjectCell<()>>;

pub(super) fn batch(numbers: Range<usize>) -> Batch {
    numbers.map(|number| ptr::without_provenance_mut(number + 1)).collect()
}

/// Returns the objects of a pop or a steal that was asked for at most `most`.
pub(super) fn out(most: usize, f: impl FnOnce(&mut [*mut ObjectCell<()>]) -> usize) -> Batch {
    let mut into = vec![ptr::null_mut(); most];
    let count = f(&mut into);
    into.truncate(count);
    into
}

/// Returns the number of stolen objects. On one thread a steal never fails.
pub(super) fn stolen(steal: Steal) -> usize {
    match steal {
        Steal::Got(count) => {
            assert!(count > 0, "got nothing");
            count
        }
        Steal::Empty => 0,
        Steal::Busy => panic!("no other thread runs"),
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Push(usize),
    Pop(usize),
    /// At least one.
    Steal(usize),
}

impl Op {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        let n = bytes.below(20);
        match bytes.below(3) {
            0 => Self::Push(n),
            1 => Self::Pop(n),
            _ => Self::Steal(n + 1),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Program {
    /// A power of two.
    pub(super) slots: usize,
    /// The first index, which the ring takes modulo its range.
    pub(super) start: usize,
    pub(super) ops: Vec<Op>,
}

impl super::Program for Program {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        Self { slots: 1 << bytes.below(8), start: bytes.size(), ops: bytes.all(Op::decode) }
    }

    fn run(&self) {
        let ring = Ring::starting_at(self.slots, self.start).unwrap();
        // SAFETY: this thread is the only one.
        let head = unsafe { ring.head() };
        let (mut model, mut made) = (VecDeque::new(), 0);
        for &op in &self.ops {
            match op {
                Op::Push(n) => {
                    let batch = batch(made..made + n);
                    let room = (self.slots - model.len()).min(n);
                    assert_eq!(head.push(&batch), room);
                    model.extend(&batch[..room]);
                    made += n;
                }
                Op::Pop(n) => {
                    let rest = model.len().saturating_sub(n);
                    assert_eq!(model.split_off(rest), out(n, |into| head.pop(into)));
                }
                Op::Steal(n) => {
                    let half = model.len().div_ceil(2).min(n);
                    let stolen = out(n, |into| stolen(ring.steal(into)));
                    assert_eq!(stolen, model.drain(..half).collect::<Batch>());
                }
            }
            assert_eq!(ring.len(), model.len());
        }
        // All remaining objects can be popped, and every slot can be used again.
        assert_eq!(model, out(self.slots, |into| head.pop(into)));
        assert_eq!(head.push(&batch(0..self.slots)), self.slots, "a slot was not handed back");
    }
}
