//! The scenarios: which operations the threads of a schedule choose from.

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
    coverage::{Coverage, Event::*},
    process::Process,
    quiescent,
    run::run,
};
use crate::seat::fence::FenceKind;

/// No bound.
const FREE: usize = usize::MAX;

/// One thread of a scenario.
#[derive(Clone, Copy)]
struct Role {
    /// The operations from which it chooses at random.
    ops: &'static [Op],
    /// The least and the greatest number of operations in each of one or two rounds.
    turns: (usize, usize),
    seated: bool,
}

const fn role(turns: (usize, usize), ops: &'static [Op]) -> Role {
    Role { ops, turns, seated: true }
}

/// Plays a scenario once, in a process of up to `seats` seats and of pools with these bounds, with
/// at least two threads of the cast.
fn play(seats: usize, bounds: &[usize], cast: &[Role], coverage: &Arc<Coverage>) {
    let fence_kind = if below(4) == 0 { FenceKind::Symmetric } else { FenceKind::Asymmetric };
    let sleepers = [0, 1, 3][below(3)];
    let process = Process::new(fence_kind, seats, sleepers, bounds, Arc::clone(coverage));
    let mut cast: Vec<_> = cast.iter().map(|role| (role, None)).collect();
    for _ in 0..below(cast.len() - 1) {
        cast.swap_remove(below(cast.len()));
    }
    for last in [false, true].into_iter().skip(below(2)) {
        // Half of the time the threads are still alive when no thread is at work.
        let leave = last && below(2) == 0;
        cast = round(&process, cast, leave);
        quiescent::counts_are_exact(&process);
    }
    let actors: Vec<_> = cast.into_iter().filter_map(|(_, actor)| actor).collect();
    if !actors.is_empty() {
        quiescent::before_leaving(&process, &actors);
        actors.into_iter().for_each(Actor::leave);
    }
    quiescent::after_leaving(process);
}

/// A role, and its actor while one is in the process.
type Part<'a> = (&'a Role, Option<Actor<'a>>);

/// Each thread joins, plays, and leaves if `leave` is set.
fn round<'a>(process: &'a Process, cast: Vec<Part<'a>>, leave: bool) -> Vec<Part<'a>> {
    let play = |(role, actor): Part<'a>| {
        let mut actor = actor.unwrap_or_else(|| Actor::new(process, role.seated));
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

/// Four threads choose from all operations.
#[test]
fn every_operation_at_once() {
    const ALL: &[Op] =
        &[Get, Get, Put, Put, Put, Take, Forget, Move, Collect, Trim, Clear, Look, Stall, Visit];
    const CAST: &[Role] = &[role((10, 20), ALL); 4];
    run("every_operation_at_once", 3000, &[Steal, Victim, Ring, Late, Aged], |coverage| {
        play(4, &[FREE, 3, 8], CAST, coverage)
    });
}

/// Chains grow under several thieves, which unlink their rings, while a collector frees the last
/// rings.
#[test]
fn theft_from_growing_chains() {
    const OWNER: Role = role((4, 12), &[Fill, Put, Get]);
    const THIEF: Role = role((4, 12), &[Drain, Get, Take, Put, Forget]);
    const CAST: &[Role] = &[OWNER, OWNER, THIEF, THIEF, THIEF, role((0, 3), &[Collect])];
    run("theft_from_growing_chains", 3000, &[Steal, Victim, Ring], |coverage| {
        play(6, &[FREE], CAST, coverage)
    });
}

#[test]
fn collectors_at_the_same_time() {
    const USER: Role = role((10, 30), &[Get, Put, Put, Take]);
    const COLLECTOR: Role = role((3, 10), &[Collect, Collect, Trim, Clear, Look]);
    const CAST: &[Role] = &[USER, USER, USER, COLLECTOR, COLLECTOR];
    run("collectors_at_the_same_time", 3000, &[Steal, Victim, Aged], |coverage| {
        play(5, &[FREE, 6], CAST, coverage)
    });
}

/// Threads are preempted while pinned, and collectors skip them.
#[test]
fn stall_of_pinned_threads() {
    const LATE: Role = role((10, 20), &[Stall, Get, Put, Put]);
    const CAST: &[Role] =
        &[LATE, LATE, role((10, 20), &[Get, Put]), role((3, 8), &[Collect, Trim])];
    run("stall_of_pinned_threads", 3000, &[Victim, Late, Aged], |coverage| {
        play(4, &[FREE, FREE], CAST, coverage)
    });
}

/// Seats pass from thread to thread.
#[test]
fn hand_over_of_seats() {
    const GUEST: Role = role((10, 20), &[Move, Get, Put, Put, Take]);
    const CAST: &[Role] = &[GUEST, GUEST, GUEST, GUEST, GUEST, role((0, 3), &[Collect])];
    run("hand_over_of_seats", 3000, &[Steal, Victim], |coverage| {
        play(5, &[FREE, 4], CAST, coverage)
    });
}

/// There are more threads than seats, and one thread that never takes a seat.
#[test]
fn more_threads_than_seats() {
    const USER: Role = role((10, 20), &[Get, Put, Put, Take, Move]);
    const GUEST: Role = Role { ops: &[Get, Put, Put, Take], turns: (10, 20), seated: false };
    const CAST: &[Role] = &[USER, USER, USER, USER, GUEST, role((1, 4), &[Collect, Clear])];
    run("more_threads_than_seats", 3000, &[Steal, Victim, Aged], |coverage| {
        play(2, &[FREE, 5], CAST, coverage)
    });
}

/// Pools with very small bounds, used by thieves, collectors and threads that leave.
#[test]
fn bound_of_few_objects() {
    const USER: Role = role((10, 30), &[Get, Put, Put, Put, Take, Forget, Move]);
    const CAST: &[Role] = &[USER, USER, USER, role((1, 5), &[Collect, Trim, Look])];
    run("bound_of_few_objects", 3000, &[Steal, Victim, Aged], |coverage| {
        play(4, &[1, 3, 12], CAST, coverage)
    });
}

/// Threads recall what others keep private, while those use it, stall, leave, or recall, too.
#[test]
fn recalls_from_each_other() {
    const OWNER: Role = role((10, 20), &[Put, Get, Get, Put, Take, Stall, Move]);
    const ROBBER: Role = role((6, 14), &[Drain, Put, Get]);
    const CAST: &[Role] = &[OWNER, OWNER, ROBBER, ROBBER, role((0, 3), &[Collect, Trim])];
    run("recalls_from_each_other", 3000, &[Steal, Recall], |coverage| {
        play(5, &[FREE, 2, 6], CAST, coverage)
    });
}

/// Pools are opened and closed while they are collected.
#[test]
fn pools_open_and_close_under_collects() {
    const GUEST: Role = role((3, 8), &[Visit, Visit, Put, Get]);
    const CAST: &[Role] =
        &[GUEST, GUEST, GUEST, role((3, 8), &[Collect]), role((3, 8), &[Collect])];
    run("pools_open_and_close_under_collects", 3000, &[Steal, Ring, Aged], |coverage| {
        play(5, &[FREE], CAST, coverage)
    });
}
