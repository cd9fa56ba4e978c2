//! Programs that proptest generates operation by operation, so that it can shrink a failing one.
//!
//! `PROPTEST_CASES` is the number of programs; the default is 256.

use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};

use super::{
    Program, chain,
    pool::{self, Act},
    ring,
    simulation::PLAYERS,
    sizes,
};

/// The most operations of a program, of which Miri runs a few in a second.
const fn most(ops: usize) -> usize {
    if cfg!(miri) { ops / 10 } else { ops }
}

/// Runs programs of this kind. A failure writes no file.
fn check<P: Program + Clone>(programs: impl Strategy<Value = P>) {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if cfg!(miri) {
        config.cases = 2;
    }
    let played = TestRunner::new(config).run(&programs, |program| {
        program.run();
        Ok(())
    });
    played.unwrap_or_else(|failure| panic!("{failure}"));
}

/// A random size, often a special one.
fn size() -> impl Strategy<Value = usize> {
    let near = (0..usize::BITS, -64..64isize);
    prop_oneof![
        0..2000usize,
        near.prop_map(|(log, offset)| (1usize << log).wrapping_add_signed(offset)),
    ]
}

fn rings() -> impl Strategy<Value = ring::Program> {
    use ring::{Op, Program};
    let op = prop_oneof![
        2 => (0..20usize).prop_map(Op::Push),
        1 => (0..20usize).prop_map(Op::Pop),
        1 => (1..20usize).prop_map(Op::Steal),
    ];
    (0..8u32, size(), prop::collection::vec(op, 0..most(200)))
        .prop_map(|(log, start, ops)| Program { slots: 1 << log, start, ops })
}

fn chains() -> impl Strategy<Value = chain::Program> {
    use chain::{MOST, Op, Program};
    let op = prop_oneof![
        4 => (0..MOST).prop_map(|n| Op::Push(n, 0)),
        1 => (0..MOST, 0..4u32).prop_map(|(n, larger)| Op::Push(n, larger)),
        1 => (0..MOST).prop_map(Op::Try),
        2 => (0..MOST).prop_map(Op::Pop),
        4 => (1..MOST).prop_map(Op::Steal),
        1 => Just(Op::Shrink),
    ];
    prop::collection::vec(op, 0..most(200)).prop_map(|ops| Program { ops })
}

fn ops() -> impl Strategy<Value = pool::Op> {
    use pool::Op;
    let act = prop_oneof![
        6 => Just(Act::Get),
        6 => Just(Act::Put),
        5 => Just(Act::Take),
        5 => Just(Act::PutValue),
        1 => Just(Act::PutHooked),
        1 => Just(Act::Reserve),
        1 => Just(Act::Exit),
        2 => Just(Act::Stop),
        2 => Just(Act::Resume),
    ];
    let play = (0..=PLAYERS, act, 0..3usize, 1..40usize);
    prop_oneof![
        22 => play.prop_map(|(who, act, pool, times)| Op::Play { who, act, pool, times }),
        3 => Just(Op::Collect),
        1 => (0..3usize).prop_map(Op::Trim),
        1 => (0..3usize).prop_map(Op::Clear),
        1 => (0..3usize).prop_map(Op::Renew),
        1 => (0..3usize).prop_map(Op::Discard),
        1 => Just(Op::Forget),
        1 => Just(Op::Lock),
        1 => Just(Op::Claim),
        1 => Just(Op::Wait),
    ]
}

fn pools() -> impl Strategy<Value = pool::Program> {
    use pool::{BOUNDS, Program, SLEEPERS, Size};
    let size = prop_oneof![
        4 => Just(Size::Small),
        1 => Just(Size::Middling),
        1 => Just(Size::Large),
    ];
    let pools = prop::collection::vec(select(&BOUNDS[..]), 1..=3);
    let ops = prop::collection::vec(ops(), 0..most(120));
    (any::<bool>(), select(&SLEEPERS[..]), size, pools, ops).prop_map(
        |(symmetric, sleepers, size, pools, ops)| {
            // Under Miri, large objects and many seats would take minutes.
            let (sleepers, size) =
                if cfg!(miri) { (SLEEPERS[0], Size::Small) } else { (sleepers, size) };
            Program { symmetric, sleepers, size, pools, ops }
        },
    )
}

fn absurd() -> impl Strategy<Value = sizes::Program> {
    use sizes::{OBJECTS, Op, Program};
    let op = prop_oneof![size().prop_map(Op::Lease), size().prop_map(Op::Release)];
    let ops = prop::collection::vec(op, 0..most(50));
    prop_oneof![
        (size(), 0..15u32).prop_map(|(id, log)| Program::Bucket { id, log }),
        (size(), 0..17usize, ops).prop_map(|(limit, places, ops)| Program::Quota {
            limit,
            places,
            ops
        }),
        (size(), prop::collection::vec(size(), 0..20))
            .prop_map(|(max_idle, additional)| Program::Reserve { max_idle, additional }),
        (0..OBJECTS.len()).prop_map(Program::Object),
    ]
}

#[test]
fn rings_are_deques() {
    check(rings());
}

#[test]
fn chains_are_deques() {
    check(chains());
}

#[test]
fn pools_behave_like_their_models() {
    check(pools());
}

#[test]
fn sizes_may_be_absurd() {
    check(absurd());
}
