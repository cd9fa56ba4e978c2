//! The scenarios.

#[cfg(feature = "rt")]
#[path = "tasks.rs"]
mod tasks;

use std::sync::Arc;

use shuttle::thread;

use super::{
    actor::{
        Actor,
        Op::{self, *},
        below,
    },
    rest,
    run::run,
    seen::{Event::*, Seen},
    world::World,
};
use crate::seat::fence::FenceKind;

/// No bound.
const FREE: usize = usize::MAX;

/// One thread of a scenario.
#[derive(Clone, Copy)]
struct Role {
    /// What it does, chosen at random.
    ops: &'static [Op],
    /// How often in each of one or two rounds, at least and at most.
    turns: (usize, usize),
    seated: bool,
}

const fn role(turns: (usize, usize), ops: &'static [Op]) -> Role {
    Role { ops, turns, seated: true }
}

/// Plays a scenario once, in a process of up to so many seats and of pools with these bounds: two
/// threads of the cast at least.
fn play(seats: usize, bounds: &[usize], cast: &[Role], seen: &Arc<Seen>) {
    let strategy = if below(4) == 0 { FenceKind::Symmetric } else { FenceKind::Asymmetric };
    let sleepers = [0, 1, 3][below(3)];
    let world = World::new(strategy, seats, sleepers, bounds, Arc::clone(seen));
    let mut cast: Vec<_> = cast.iter().map(|role| (role, None)).collect();
    for _ in 0..below(cast.len() - 1) {
        cast.swap_remove(below(cast.len()));
    }
    for last in [false, true].into_iter().skip(below(2)) {
        // Half of the time the threads are still there when nobody is at work.
        let leave = last && below(2) == 0;
        cast = round(&world, cast, leave);
        rest::counts_are_exact(&world);
    }
    let actors: Vec<_> = cast.into_iter().filter_map(|(_, actor)| actor).collect();
    if !actors.is_empty() {
        rest::before_leaving(&world, &actors);
        actors.into_iter().for_each(Actor::leave);
    }
    rest::after_leaving(world);
}

/// A role and who plays it, if they have come and not left.
type Part<'a> = (&'a Role, Option<Actor<'a>>);

/// Each thread comes, plays, and leaves or not.
fn round<'a>(world: &'a World, cast: Vec<Part<'a>>, leave: bool) -> Vec<Part<'a>> {
    let play = |(role, actor): Part<'a>| {
        let mut actor = actor.unwrap_or_else(|| Actor::new(world, role.seated));
        let (least, most) = role.turns;
        for _ in 0..least + below(most - least + 1) {
            actor.act(role.ops[below(role.ops.len())]);
        }
        if leave {
            actor.leave();
            return (role, None);
        }
        (role, Some(actor))
    };
    thread::scope(|scope| {
        let spawn = |part| scope.spawn(|| play(part));
        let threads: Vec<_> = cast.into_iter().map(spawn).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// All that a thread can do, four times at once.
#[test]
fn everything() {
    const ALL: &[Op] =
        &[Get, Get, Put, Put, Put, Take, Forget, Move, Collect, Trim, Clear, Look, Stall, Visit];
    const CAST: &[Role] = &[role((10, 20), ALL); 4];
    run("everything", 3000, &[Steal, Victim, Ring, Late, Aged], |seen| {
        play(4, &[FREE, 3, 8], CAST, seen)
    });
}

/// Chains that grow under several thieves, who unlink their rings, beside a collector who takes the
/// last ones away.
#[test]
fn theft() {
    const OWNER: Role = role((4, 12), &[Fill, Put, Get]);
    const THIEF: Role = role((4, 12), &[Drain, Get, Take, Put, Forget]);
    const CAST: &[Role] = &[OWNER, OWNER, THIEF, THIEF, THIEF, role((0, 3), &[Collect])];
    run("theft", 3000, &[Steal, Victim, Ring], |seen| play(6, &[FREE], CAST, seen));
}

/// Two collectors at a time.
#[test]
fn collectors() {
    const USER: Role = role((10, 30), &[Get, Put, Put, Take]);
    const COLLECTOR: Role = role((3, 10), &[Collect, Collect, Trim, Clear, Look]);
    const CAST: &[Role] = &[USER, USER, USER, COLLECTOR, COLLECTOR];
    run("collectors", 3000, &[Steal, Victim, Aged], |seen| play(5, &[FREE, 6], CAST, seen));
}

/// Threads that lose the processor while pinned, and collectors that pass over them.
#[test]
fn stall() {
    const LATE: Role = role((10, 20), &[Stall, Get, Put, Put]);
    const CAST: &[Role] =
        &[LATE, LATE, role((10, 20), &[Get, Put]), role((3, 8), &[Collect, Trim])];
    run("stall", 3000, &[Victim, Late, Aged], |seen| play(4, &[FREE, FREE], CAST, seen));
}

/// Seats that go from hand to hand.
#[test]
fn hand_over() {
    const GUEST: Role = role((10, 20), &[Move, Get, Put, Put, Take]);
    const CAST: &[Role] = &[GUEST, GUEST, GUEST, GUEST, GUEST, role((0, 3), &[Collect])];
    run("hand_over", 3000, &[Steal, Victim], |seen| play(5, &[FREE, 4], CAST, seen));
}

/// More threads than seats, and such as never take one.
#[test]
fn crowd() {
    const USER: Role = role((10, 20), &[Get, Put, Put, Take, Move]);
    const GUEST: Role = Role { ops: &[Get, Put, Put, Take], turns: (10, 20), seated: false };
    const CAST: &[Role] = &[USER, USER, USER, USER, GUEST, role((1, 4), &[Collect, Clear])];
    run("crowd", 3000, &[Steal, Victim, Aged], |seen| play(2, &[FREE, 5], CAST, seen));
}

/// Pools that may hold next to nothing, between thieves, collectors and threads that go.
#[test]
fn bound() {
    const USER: Role = role((10, 30), &[Get, Put, Put, Put, Take, Forget, Move]);
    const CAST: &[Role] = &[USER, USER, USER, role((1, 5), &[Collect, Trim, Look])];
    run("bound", 3000, &[Steal, Victim, Aged], |seen| play(4, &[1, 3, 12], CAST, seen));
}

/// Pools that come and go while they are collected.
#[test]
fn visits() {
    const GUEST: Role = role((3, 8), &[Visit, Visit, Put, Get]);
    const CAST: &[Role] =
        &[GUEST, GUEST, GUEST, role((3, 8), &[Collect]), role((3, 8), &[Collect])];
    run("visits", 3000, &[Steal, Ring, Aged], |seen| play(5, &[FREE], CAST, seen));
}
