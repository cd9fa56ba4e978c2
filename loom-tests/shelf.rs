//! The shelf.

use loom::{sync::Arc, thread};

use super::{
    ledger::{Ledger, Object},
    model,
};
use crate::containers::{
    cell::{CellBox, List},
    shelf::Shelf,
};

fn finish(full: Option<CellBox<Object>>) -> usize {
    full.into_iter().map(|full| full.get().use_it()).count()
}

/// One thread takes fresh objects and another aged ones, while a third ages the fresh ones and
/// drops the aged ones.
#[test]
fn shelf_lists() {
    model("shelf_lists", Some(3), || {
        let ledger = Ledger::new();
        let shelf = Arc::new(Shelf::new());
        shelf.push(ledger.object());
        let others = [
            {
                let (ledger, shelf) = (ledger.clone(), Arc::clone(&shelf));
                thread::spawn(move || {
                    let mut list = List::new();
                    (0..2).for_each(|_| list.push(ledger.object()));
                    shelf.append_aged(list);
                    finish(shelf.pop_aged())
                })
            },
            {
                let shelf = Arc::clone(&shelf);
                thread::spawn(move || {
                    let mut gone = List::new();
                    shelf.take_aged(&mut gone);
                    shelf.age();
                    gone.len()
                })
            },
        ];
        shelf.push(ledger.object());
        let mut taken = finish(shelf.pop());
        others.into_iter().for_each(|other| taken += other.join().unwrap());
        assert_eq!(shelf.len(), 4 - taken);
        assert_eq!(ledger.alive(), shelf.len() as isize);
        shelf.age();
        let mut gone = List::new();
        shelf.take_aged(&mut gone);
        assert_eq!((gone.len(), shelf.len()), (4 - taken, 0));
        drop(gone);
        assert_eq!(ledger.alive(), 0);
    });
}
