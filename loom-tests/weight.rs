//! The state of a `WeightLimit`, which a pool and its pending objects share.

use loom::thread;

use super::{ledger::Ledger, model};
use crate::containers::{cell::List, weight::WeightLimit};

/// The state is freed once, with the last handle, after every use.
#[test]
fn weight_end() {
    model("weight_end", None, || {
        let ledger = Ledger::new();
        let scale = WeightLimit::try_new(|_| 3, 8).unwrap();
        let mut garbage = [List::new(), List::new()];
        for list in &mut garbage {
            let object = ledger.object();
            assert!(scale.add(scale.weigh(object.get())));
            list.push(object);
        }
        let sweepers = garbage.map(|objects| {
            let scale = scale.share();
            thread::spawn(move || scale.drop_all(objects))
        });
        assert!(scale.held() <= 6);
        drop(scale);
        sweepers.into_iter().for_each(|sweeper| sweeper.join().unwrap());
        assert_eq!(ledger.alive(), 0);
    });
}
