//! Random batches on a chain, compared with a deque for each of its rings.

use std::{collections::VecDeque, mem::ManuallyDrop};

use super::{
    bytes::Bytes,
    ring::{Batch, batch, out, stolen},
};
use crate::containers::{
    cell::ObjectCell,
    chain::{Chain, ChainHead, FIRST_SLOTS, Push},
    ring::Ring,
};

/// Batches are shorter than this.
pub(super) const MOST: usize = 40;

#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// Pushes a batch of this length. If the chain asks for a ring, adds one that is larger by this
    /// power of two.
    Push(usize, u32),
    /// Pushes a batch of this length. If the chain asks for a ring, adds none.
    Try(usize),
    Pop(usize),
    /// At least one.
    Steal(usize),
    /// Only when this is allowed: if the chain is empty, or has more than one ring.
    Shrink,
}

impl Op {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        let n = bytes.below(MOST);
        match bytes.below(16) {
            0..5 => Self::Push(n, 0),
            5 => Self::Push(n, 1 + n as u32 % 3),
            6 => Self::Try(n),
            7..10 => Self::Pop(n),
            10..15 => Self::Steal(n + 1),
            _ => Self::Shrink,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
}

/// The rings of a chain, the oldest first. Each knows its slots.
#[derive(Default)]
struct Model(VecDeque<(usize, VecDeque<*mut ObjectCell<()>>)>);

impl Model {
    fn slots(&self) -> usize {
        self.0.back().map_or(0, |&(slots, _)| slots)
    }

    fn len(&self) -> usize {
        self.0.iter().map(|(_, ring)| ring.len()).sum()
    }

    fn push(&mut self, batch: &[*mut ObjectCell<()>]) -> Push {
        let Some((slots, ring)) = self.0.back_mut() else {
            return Push::Grow { pushed: 0, slots: FIRST_SLOTS };
        };
        let pushed = batch.len().min(*slots - ring.len());
        ring.extend(&batch[..pushed]);
        if pushed == batch.len() { Push::Done } else { Push::Grow { pushed, slots: 2 * *slots } }
    }

    fn pop(&mut self, most: usize) -> Batch {
        let Some((_, ring)) = self.0.back_mut() else { return Batch::new() };
        ring.split_off(ring.len().saturating_sub(most)).into()
    }

    /// Takes half of the oldest ring that is not empty, and removes the spent ones before it.
    fn steal(&mut self, most: usize) -> Batch {
        while self.0.len() > 1 && self.0[0].1.is_empty() {
            self.0.pop_front();
        }
        let Some((_, ring)) = self.0.front_mut() else { return Batch::new() };
        ring.drain(..ring.len().div_ceil(2).min(most)).collect()
    }
}

/// Pushes to the chain and to the model, which must agree on the number of objects that fit.
fn push(
    head: &ChainHead<'_, ()>,
    model: &mut Model,
    batch: &[*mut ObjectCell<()>],
    grow: Option<u32>,
) {
    let pushed = head.push(batch);
    assert_eq!(pushed, model.push(batch));
    if let (Push::Grow { pushed, slots }, Some(larger)) = (pushed, grow) {
        let slots = slots << larger;
        head.grow(Ring::try_new(slots).unwrap());
        model.0.push_back((slots, VecDeque::new()));
        push(head, model, &batch[pushed..], grow);
    }
}

impl super::Program for Program {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        Self { ops: bytes.all(Op::decode) }
    }

    fn run(&self) {
        // If the program fails, the chain is not dropped, because it would have to be empty.
        let chain = ManuallyDrop::new(Chain::new());
        // SAFETY: this thread is the only one.
        let head = unsafe { chain.head() };
        let (mut model, mut made) = (Model::default(), 0);
        for &op in &self.ops {
            match op {
                Op::Push(n, larger) => {
                    push(&head, &mut model, &batch(made..made + n), Some(larger))
                }
                Op::Try(n) => push(&head, &mut model, &batch(made..made + n), None),
                Op::Pop(n) => assert_eq!(out(n, |into| head.pop(into)), model.pop(n)),
                Op::Steal(n) => {
                    assert_eq!(out(n, |into| stolen(chain.steal(into))), model.steal(n));
                }
                Op::Shrink if model.0.len() == 1 && model.len() > 0 => {}
                Op::Shrink => {
                    head.shrink();
                    if model.0.len() == 1 {
                        model.0.clear();
                    }
                }
            }
            made += MOST;
            assert_eq!((head.slots(), chain.len()), (model.slots(), model.len()));
        }
        while model.len() > 0 {
            assert_eq!(out(64, |into| stolen(chain.steal(into))), model.steal(64));
        }
        assert_eq!(chain.len(), 0);
        drop(ManuallyDrop::into_inner(chain));
    }
}
