//! Size classes, and the rule by which `get` learns. The classes and hints are private, and buffers
//! show them only after many uses.

use super::repeat;
use crate::buffer::{
    class::{CLASSES, LARGEST, Sizes},
    hint::Hints,
};

/// The same result, by a search of all classes.
fn slow_up(sizes: Sizes, capacity: usize) -> Option<u8> {
    (0..=sizes.top()).find(|&class| sizes.max() > 0 && sizes.size(class) >= capacity)
}

fn slow_down(sizes: Sizes, capacity: usize) -> Option<u8> {
    if capacity > sizes.max() || sizes.max() == 0 {
        return None;
    }
    (0..=sizes.top()).rev().find(|&class| sizes.size(class) <= capacity)
}

#[test]
fn classes_are_found_without_a_search() {
    let maxima = [0, 1, 512, 1023, 1024, 1025, 2048, 100_000, 1 << 20, (1 << 20) + 1, 3 << 20];
    for max in maxima.into_iter().chain([1 << LARGEST, usize::MAX]).step_by(repeat(1, 6)) {
        let sizes = Sizes::new(max);
        let edges = (0..usize::BITS).flat_map(|bit| {
            let power = 1_usize << bit;
            [power - 1, power, power.saturating_add(1)]
        });
        let near = [sizes.max().wrapping_sub(1), sizes.max(), sizes.max() + 1, usize::MAX];
        for capacity in edges.chain(near).chain((0..70_000).step_by(repeat(61, 9973))) {
            assert_eq!(
                sizes.class_for_request(capacity),
                slow_up(sizes, capacity),
                "{max} {capacity}"
            );
            let down = slow_down(sizes, capacity);
            assert_eq!(sizes.class_of_capacity(capacity), down, "{max} {capacity}");
            for class in (0..CLASSES as u8).chain([u8::MAX]) {
                let whole = sizes.max() >= 1024 && sizes.max().is_power_of_two();
                let unknown = class == sizes.top() && !whole;
                let still = down == Some(class) && !unknown;
                assert_eq!(
                    sizes.still_in_class(class, capacity),
                    still,
                    "{max} {class} {capacity}"
                );
            }
        }
        assert!(usize::from(sizes.top()) < CLASSES);
    }
}

#[test]
fn a_buffer_of_a_class_serves_requests_of_that_class() {
    for max in [1024, 100_000, 1 << 20] {
        let sizes = Sizes::new(max);
        for capacity in (1..=max).step_by(repeat(7, 9973)) {
            let class = sizes.class_for_request(capacity).unwrap();
            assert!(sizes.size(class) >= capacity);
            assert_eq!(sizes.class_of_capacity(sizes.size(class)), Some(class));
        }
    }
}

#[test]
fn the_idle_limits_of_classes_are_in_bytes() {
    for bytes in [1, 4096, 1 << 20, 16 << 20, usize::MAX] {
        for class in 0..CLASSES as u8 {
            let (limit, size) = (SIZES.limit(class, bytes), 1_usize << (10 + u32::from(class)));
            let most = if class == SIZES.top() { size } else { 2 * size - 1 };
            assert!(limit >= 1 && (limit == 1 || limit * most <= bytes));
        }
    }
    assert_eq!(SIZES.limit(0, 0), 0);
}

const SIZES: Sizes = Sizes::new(1 << 20);

fn hints(uses: impl IntoIterator<Item = usize>) -> Vec<(u8, bool)> {
    let hints = Hints::new(0);
    let stripe = hints.try_make(3).unwrap();
    let learn = |used| {
        let capacity = SIZES.size(stripe.class()).max(used);
        let last = stripe.learn(used, capacity, SIZES);
        (stripe.class(), last)
    };
    uses.into_iter().map(learn).collect()
}

#[test]
fn the_hint_meets_a_larger_need_at_once() {
    assert_eq!(hints([1000, 1025, 100_000]), [(0, false), (1, false), (7, false)]);
}

#[test]
fn the_hint_stops_at_the_largest_class() {
    assert_eq!(hints([usize::MAX]), [(10, false)]);
}

#[test]
fn the_fifth_strike_lowers_the_hint() {
    let uses = [1 << 20, 100, 5000, 100, 100, 100];
    let ends = [(10, false), (10, false), (10, false), (10, false), (10, false), (3, true)];
    assert_eq!(hints(uses), ends);
}

/// The fast check and the full rule agree.
#[test]
fn a_use_that_agrees_with_the_hint_teaches_nothing() {
    for asked in [0, 4097, 1 << 18, 1 << 20] {
        for (strikes, made) in [(0, 0), (0, 1), (1, 0), (2, 1)] {
            for class in 0..=SIZES.top() {
                let size = SIZES.size(class);
                for used in [0, 1, size / 4 - 1, size / 4, size, size + 1, 2 * size - 1] {
                    let hints = Hints::new(0);
                    let stripe = hints.try_make(0).unwrap();
                    (0..2).for_each(|_| _ = stripe.learn(asked, 1 << 20, SIZES));
                    (0..strikes).for_each(|_| _ = stripe.learn(1, 1 << 20, SIZES));
                    (0..made).for_each(|_| _ = stripe.may_make(SIZES));
                    let (asks, before) = (stripe.class(), stripe.word());
                    let knows = stripe.is_settled(class, used);
                    let drops = stripe.learn(used, size.max(used), SIZES);
                    let nothing = class == asks && before == stripe.word() && !drops;
                    assert!(!knows || nothing, "{asked} {strikes} {class} {used}");
                    // The fast check recognises most uses that teach nothing.
                    let usual =
                        strikes + made == 0 && used <= size && (size / 4 <= used || class <= 2);
                    assert!(knows || class != asks || !usual, "{asked} {class} {used}");
                }
            }
        }
    }
}

#[test]
fn a_quarter_used_clears_the_strikes() {
    let uses = [100, 100, 100, 100, 1 << 18].repeat(10);
    assert!(hints([1 << 20].into_iter().chain(uses)).iter().all(|&end| end == (10, false)));
}

#[test]
fn small_buffers_get_no_strikes() {
    let ends = hints([4096, 1, 0, 1, 0, 1, 0, 1, 0]);
    assert!(ends.iter().all(|&end| end == (2, false)));
    assert_eq!(hints([4097, 1, 0, 1, 0, 1]).last(), Some(&(0, true)));
}

/// However sizes change, a large buffer that is handed out has at most twenty times the capacity
/// used, up to rounding.
#[test]
fn the_hint_stays_within_twenty_times_the_use() {
    let (mut handed_out, mut used) = (0_u64, 0_u64);
    let hints = Hints::new(0);
    let stripe = hints.try_make(0).unwrap();
    for round in 0..repeat(1000, 20) {
        for small in [1 << 19, 1, 1, 1, 1, 1].iter().skip(round % 2) {
            handed_out += SIZES.size(stripe.class()) as u64;
            used += *small as u64;
            stripe.learn(*small, 1 << 20, SIZES);
        }
    }
    assert!(handed_out <= 20 * used, "{handed_out} of {used}");
}

/// A buffer that was lent while large ones were needed, and returns when small ones are needed, is
/// dropped. It is kept if it was used, is small, or was found in place of the requested class.
#[test]
fn underused_buffers_far_above_the_hint_are_dropped() {
    let sizes = [1 << 11, 1 << 13, 1 << 20];
    for (asked, used, gone) in [
        (1024, 100, [false, true, true]),
        (1024, 1024, [false, true, true]),
        (8192, 8192, [false, false, true]),
        (8192, 100, [false, false, true]),
        (1 << 19, 1, [false; 3]),
    ] {
        let hints = Hints::new(0);
        let stripe = hints.try_make(0).unwrap();
        stripe.learn(asked, asked, SIZES);
        assert_eq!(
            sizes.map(|capacity| stripe.learn(used, capacity, SIZES)),
            gone,
            "{asked} {used}"
        );
    }
    assert!(!Hints::new(0).try_make(0).unwrap().learn(1 << 18, 1 << 20, SIZES));
}

/// One large message makes few new buffers large until another large use confirms it.
#[test]
fn an_unconfirmed_hint_makes_few_large_buffers() {
    let cases = [(4096, 1000), (4097, 128), (1 << 16, 16), (1 << 18, 4), (1 << 20, 1)];
    for (used, most) in cases {
        let hints = Hints::new(0);
        let stripe = hints.try_make(0).unwrap();
        for _ in 0..3 {
            stripe.learn(used, 1 << 20, SIZES);
            let n = repeat(1000, 150);
            let made = (0..n).filter(|_| stripe.may_make(SIZES)).count();
            assert_eq!(made, most.min(n), "{used}");
        }
    }
    // Neither a strike nor a refused use confirms it; the buffer after the last strike is small.
    let hints = Hints::new(0);
    let stripe = hints.try_make(0).unwrap();
    stripe.learn(1 << 20, 1 << 20, SIZES);
    assert!(stripe.may_make(SIZES));
    for _ in 0..4 {
        stripe.learn(1, 1 << 20, SIZES);
        assert!(!stripe.may_make(SIZES));
    }
    stripe.learn(1, 1 << 20, SIZES);
    assert!(stripe.may_make(SIZES));
}

/// A buffer above all classes is no strike against the largest class, and clears the strikes before
/// it.
#[test]
fn a_use_above_all_classes_is_no_strike() {
    let ends = hints([usize::MAX, 1, 1, usize::MAX, 1, 1, 1, 1, 1]);
    assert!(ends[..8].iter().all(|&end| end == (10, false)));
    assert_eq!(ends[8], (0, true));
}
