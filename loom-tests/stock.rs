//! The stock.

use loom::{sync::Arc, thread};

use super::model;
use crate::containers::{
    cell::{EmptyCell, List},
    stock::{Batch, Stock},
};

fn add(stock: &Stock<usize>, count: usize) -> usize {
    let mut cells = List::new();
    (0..count).for_each(|_| cells.push(EmptyCell::new()));
    let batch = Batch::try_new(cells).unwrap();
    count - stock.add(batch).map_or(0, |batch| batch.len())
}

/// Two threads add batches, and two take them. Each batch is taken once, whole, with its cells, or
/// stays.
#[test]
fn stock_hands_over() {
    model("stock_hands_over", Some(3), || {
        let stock = Arc::new(Stock::<usize>::new());
        let adding = {
            let stock = Arc::clone(&stock);
            thread::spawn(move || add(&stock, 2))
        };
        let taking = {
            let stock = Arc::clone(&stock);
            thread::spawn(move || stock.take().map_or(0, |batch| batch.len()))
        };
        let mut added = add(&stock, 1);
        let mut taken = stock.take().map_or(0, |batch| batch.len());
        added += adding.join().unwrap();
        taken += taking.join().unwrap();
        let left = std::iter::from_fn(|| stock.take()).map(|batch| batch.len()).sum::<usize>();
        assert_eq!(added, taken + left, "cells were lost, or taken twice");
    });
}
