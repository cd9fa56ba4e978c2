//! Random programs: several threads on several pools, compared with a model of each pool.

use std::sync::Arc;

use super::{
    bytes::Bytes,
    simulation::{PLAYERS, Simulation, Step},
};
use crate::seat::{fence::FenceKind, table::Seats};

/// Bounds of pools: no bound, bounds without private places, with few of them, and with all.
pub(super) const BOUNDS: [usize; 10] = [usize::MAX, 0, 1, 3, 31, 32, 70, 200, 600, 1000];

/// Threads that hold seats and do nothing: the number that holds the first seats, so that the
/// players' seats are in later segments, and the number that holds those before each player's, so
/// that players share a bit of the occupancy map.
pub(super) const SLEEPERS: [(usize, usize); 4] = [(0, 0), (0, 63), (3, 0), (61, 0)];

/// An operation of a player.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Get,
    Put,
    Take,
    PutValue,
    PutHooked,
    Reserve,
    Exit,
    Stop,
    Resume,
}

/// A step of the program. The numbers of pools are taken modulo the number of pools.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// A player repeats `act` `times` times. A stopped player can only be resumed.
    Play {
        who: usize,
        act: Act,
        pool: usize,
        times: usize,
    },
    Collect,
    Trim(usize),
    Clear(usize),
    /// Drops the pool, and makes another in its place.
    Renew(usize),
    /// Drops an object that is out of its pool.
    Discard(usize),
    /// Leaks an object that is out of its pool.
    Forget,
    /// Another thread takes the registry's lock.
    Lock,
    /// Another thread takes the registry's lock and claims the seats.
    Claim,
    /// The other thread releases what it holds.
    Wait,
}

impl Op {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        let (op, who, pool, times) =
            (bytes.byte(), bytes.below(PLAYERS + 1), bytes.below(3), bytes.below(40) + 1);
        let act = match op % 32 {
            0..6 => Act::Get,
            6..12 => Act::Put,
            12..14 => Act::Take,
            14..16 => Act::PutValue,
            16 => Act::Reserve,
            17 => Act::Exit,
            18 | 19 => Act::Stop,
            20 | 21 => Act::Resume,
            22 => return Self::Trim(pool),
            23 => return Self::Clear(pool),
            24 => return Self::Renew(pool),
            25 => return Self::Discard(pool),
            26 => return Self::Forget,
            27 => return Self::Lock,
            28 => return Self::Claim,
            29 => return Self::Wait,
            30 => Act::PutHooked,
            _ => return Self::Collect,
        };
        Self::Play { who, act, pool, times }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) symmetric: bool,
    pub(super) sleepers: (usize, usize),
    /// The size of the objects.
    pub(super) size: Size,
    /// The bound of each pool.
    pub(super) pools: Vec<usize>,
    pub(super) ops: Vec<Op>,
}

/// Sizes of objects: for a full magazine, for a smaller one, and for none.
#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    Small,
    Middling,
    Large,
}

impl super::Program for Program {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        let pools = bytes.below(3) + 1;
        Self {
            symmetric: bytes.below(2) == 1,
            sleepers: bytes.one_of(&SLEEPERS),
            size: bytes.one_of(&[Size::Small, Size::Small, Size::Middling, Size::Large]),
            pools: (0..pools).map(|_| bytes.one_of(&BOUNDS)).collect(),
            ops: bytes.all(Op::decode),
        }
    }

    fn run(&self) {
        match self.size {
            Size::Small => self.play::<0>(),
            Size::Middling => self.play::<6_000>(),
            Size::Large => self.play::<33_000>(),
        }
    }
}

impl Program {
    fn play<const PAD: usize>(&self) {
        let fence_kind = if self.symmetric { FenceKind::Symmetric } else { FenceKind::detect() };
        let seats = Arc::new(Seats::new(fence_kind, usize::MAX));
        let mut simulation = Simulation::<PAD>::new(&seats, self.sleepers, &self.pools);
        for &op in &self.ops {
            self.step(&mut simulation, op);
            simulation.check();
        }
        simulation.end();
    }

    fn step<const PAD: usize>(&self, simulation: &mut Simulation<'_, PAD>, op: Op) {
        let of = |pool| pool % self.pools.len();
        match op {
            Op::Play { who, act: Act::Resume, .. } => simulation.resume(who),
            Op::Play { who, .. } if !simulation.runs(who) => {}
            Op::Play { who, act: Act::Exit, .. } => simulation.exit(who),
            Op::Play { who, act: Act::Stop, .. } => simulation.stop(who),
            Op::Play { who, act, pool, times } => {
                (0..times).for_each(|_| Self::act(simulation, who, act, of(pool)));
            }
            Op::Collect => simulation.step(Step::Collect),
            Op::Trim(pool) => simulation.step(Step::Trim(of(pool))),
            Op::Clear(pool) => simulation.step(Step::Clear(of(pool))),
            Op::Renew(pool) => simulation.renew(of(pool)),
            Op::Discard(pool) => simulation.discard(of(pool)),
            Op::Forget => simulation.forget(),
            Op::Lock => simulation.lock(),
            Op::Claim => simulation.claim(),
            Op::Wait => simulation.wait(),
        }
    }

    fn act<const PAD: usize>(
        simulation: &mut Simulation<'_, PAD>,
        who: usize,
        act: Act,
        pool: usize,
    ) {
        match act {
            Act::Get => simulation.get(who, pool),
            Act::Put => simulation.put(who, pool),
            Act::Take => simulation.take(who, pool),
            Act::PutValue => simulation.put_value(who, pool),
            Act::PutHooked => simulation.put_hooked(who, pool),
            Act::Reserve => simulation.reserve(who, pool),
            Act::Exit | Act::Stop | Act::Resume => {}
        }
    }
}
