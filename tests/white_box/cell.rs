//! Cells, and lists of cells. They are private: each holds one idle object.

use std::{
    cell::Cell as Count,
    collections::HashSet,
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
    thread,
};

use super::{Rng, repeat};
use crate::containers::{
    cell::{CellBox, EmptyCell, List},
    stock::{BATCH, Batch, Stock},
};

/// Counts its drops, and panics in its drop if it has a text.
struct Counted(Rc<Count<usize>>, Option<&'static str>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
        if let Some(text) = self.1 {
            resume_unwind(Box::new(text));
        }
    }
}

fn full<T>(value: T) -> CellBox<T> {
    EmptyCell::new().fill(value)
}

/// A list of numbers, the last one on top.
fn list(numbers: impl IntoIterator<Item = usize>) -> List<usize> {
    let mut list = List::new();
    numbers.into_iter().for_each(|number| list.push(full(number)));
    list
}

/// The numbers of a list, the top first.
fn numbers(mut list: List<usize>) -> Vec<usize> {
    let len = list.len();
    let numbers: Vec<_> =
        std::iter::from_fn(|| list.pop()).map(|full| full.take_value().0).collect();
    assert_eq!((numbers.len(), list.len()), (len, 0));
    numbers
}

/// The text that `f` panics with.
fn panics(f: impl FnOnce()) -> &'static str {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("no panic");
    payload.downcast_ref().copied().expect("a planned panic")
}

/// Moves an object into a cell, through a raw pointer and out again, and another object into the
/// same cell.
fn round_trip<T: Clone + PartialEq + Debug>(one: &T, other: &T) {
    let mut cell = full(one.clone());
    assert!((&raw const *cell.get()).is_aligned());
    assert_eq!(cell.get(), one);
    *cell.get_mut() = other.clone();
    let raw = cell.into_raw();
    // SAFETY: from `into_raw`, just above.
    let (value, empty) = unsafe { CellBox::from_raw(raw) }.take_value();
    assert_eq!(value, *other);
    let again = empty.fill(one.clone());
    assert_eq!(again.into_raw(), raw, "a cell never moves");
    // SAFETY: as above.
    assert_eq!(unsafe { CellBox::from_raw(raw) }.get(), one);
}

#[test]
fn cells_hold_objects_of_all_kinds() {
    #[derive(Clone, Debug, PartialEq)]
    #[repr(align(128))]
    struct Aligned(u8);

    #[derive(Clone, Debug, PartialEq)]
    #[repr(align(4096))]
    struct AlignedZst;

    round_trip(&(), &());
    round_trip(&AlignedZst, &AlignedZst);
    round_trip(&1u8, &2);
    round_trip(&Aligned(1), &Aligned(2));
    round_trip(&String::from("one"), &String::from("other"));
    round_trip(&Some(Box::new(1)), &None);
}

/// Unoptimised code copies an object of 1 MiB through the stack.
#[test]
fn cells_hold_objects_of_a_mebibyte() {
    const SIZE: usize = repeat(1 << 20, 1 << 10);
    let thread = thread::Builder::new().stack_size(64 << 20);
    let test = || round_trip(&Box::new([1u8; SIZE]).map(|x| x), &[2; SIZE]);
    thread.spawn(test).unwrap().join().unwrap();
}

/// A full cell drops its object, and an empty one drops nothing.
#[test]
fn cells_drop_their_object_once() {
    let drops = Rc::default();
    drop(full(Counted(Rc::clone(&drops), None)));
    assert_eq!(drops.get(), 1);
    drop(EmptyCell::<Counted>::new());
    let (value, empty) = full(Counted(Rc::clone(&drops), None)).take_value();
    drop(empty);
    assert_eq!(drops.get(), 1, "an empty cell has dropped its former object");
    drop(value);
    assert_eq!((drops.get(), Rc::strong_count(&drops)), (2, 1));
    assert_eq!(panics(|| drop(full(Counted(Rc::clone(&drops), Some("cell"))))), "cell");
    assert_eq!((drops.get(), Rc::strong_count(&drops)), (3, 1));
}

#[test]
fn lists_are_stacks() {
    assert_eq!(numbers(list([])), []);
    assert_eq!(numbers(list([1, 2, 3])), [3, 2, 1]);
    let mut empty = list([]);
    empty.append(list([]));
    empty.append(list([1, 2]));
    empty.append(list([]));
    empty.append(list([3, 4]));
    assert_eq!(numbers(empty), [4, 3, 2, 1]);
}

/// Operations on a list have the same results as on a vector whose end is the top.
#[test]
fn lists_behave_like_vectors() {
    for seed in 0..repeat(100, 2) {
        let mut rng = Rng::new(seed);
        let (mut list, mut model) = (list([]), Vec::new());
        for i in 0..200 {
            match rng.below(8) {
                0..3 => {
                    list.push(full(i));
                    model.push(i);
                }
                3..6 => assert_eq!(list.pop().map(|full| *full.get()), model.pop()),
                6 => {
                    let more = i..i + rng.below(4);
                    list.append(self::list(more.clone()));
                    model.extend(more);
                }
                _ => {
                    let raw = list.into_raw();
                    assert_eq!(raw.is_null(), model.is_empty());
                    // SAFETY: from `into_raw`, just above.
                    list = unsafe { List::from_raw(raw) };
                }
            }
            assert_eq!(list.len(), model.len());
        }
        model.reverse();
        assert_eq!(numbers(list), model);
    }
}

/// A split takes the top of a list, and a split of a shelf takes first what has not aged.
#[test]
fn splits_take_what_came_last() {
    for n in 0..7 {
        let mut rest = list(0..5);
        let first = rest.split(n);
        assert_eq!((first.len(), rest.len()), (n.min(5), 5 - n.min(5)));
        let mut all = numbers(first);
        assert!(all.iter().copied().eq(5 - n.min(5)..5));
        all.extend(numbers(rest));
        all.sort_unstable();
        assert!(all.into_iter().eq(0..5));
    }
}

fn batch(cells: usize) -> Box<Batch<u8>> {
    let mut list = List::new();
    (0..cells).for_each(|_| list.push(EmptyCell::new()));
    Batch::try_new(list).unwrap()
}

/// A batch hands out each of its cells once, and frees the others. It has a fixed number of places.
#[test]
fn a_batch_keeps_its_cells() {
    let mut one = batch(1);
    assert!(one.pop().is_some() && one.pop().is_none());
    assert_eq!(batch(BATCH).len(), BATCH);
    let mut full = batch(BATCH + 1);
    let cells: Vec<_> = std::iter::from_fn(|| full.pop()).collect();
    let addresses: HashSet<_> = cells.iter().map(|cell| cell.as_raw()).collect();
    assert_eq!((cells.len(), addresses.len(), full.len()), (BATCH, BATCH, 0));
}

/// A stock has places for a few batches, and hands each out once.
#[test]
fn a_stock_keeps_few_batches() {
    let stock = Stock::<u8>::new();
    assert!(stock.is_empty() && stock.take().is_none());
    let batch = || batch(2);
    let kept = (0..10).take_while(|_| stock.add(batch()).is_none()).count();
    assert_eq!(kept, if cfg!(corepool_tiny) { 1 } else { 4 });
    assert_eq!(stock.add(batch()).map(|batch| batch.len()), Some(2), "it is full");
    assert_eq!(stock.take().map(|batch| batch.len()), Some(2));
    assert!(stock.add(batch()).is_none());
    assert_eq!((0..10).map_while(|_| stock.take()).count(), kept);
    assert!(stock.is_empty());
}

/// A list drops each object once even if destructors panic, and then resumes the first panic.
#[test]
fn lists_drop_every_object() {
    let drops = Rc::default();
    let list = |texts: [Option<&'static str>; 5]| {
        let mut list = List::new();
        texts.into_iter().for_each(|text| list.push(full(Counted(Rc::clone(&drops), text))));
        list
    };
    drop(list([None; 5]));
    assert_eq!(drops.take(), 5);
    let bad = || list([Some("last"), None, Some("second"), Some("first"), None]);
    assert_eq!(panics(|| drop(bad())), "first");
    assert_eq!(drops.take(), 5);
    let text = panics(|| {
        let _bad = bad();
        resume_unwind(Box::new("before"));
    });
    assert_eq!((text, drops.take()), ("before", 5), "during another panic");
    assert_eq!(Rc::strong_count(&drops), 1);
}
