//! Loans without an object.
//!
//! A pool and its loans keep the pool's manager alive. So a manager that owns something on the heap
//! makes of the pool a shared owner of it, and no thread changes what the others read when it gets or
//! drops a share: see [loans](super::end).

use super::{end::Loan, manage::Manage, pool::Pool};
use crate::{collect::join::slow_path_seat, seat::current::current};

impl<T: Send + 'static, M: Manage<T> + Send + 'static> Pool<T, M> {
    /// Returns a loan. The pool's manager is not dropped before the loan ends.
    #[inline]
    pub(crate) fn lend(&self) -> Loan<T> {
        let lent = self.pin_local().is_some_and(|local| {
            let lends = local.lends();
            if lends {
                // bug: loan without an object not counted
                local.shard.add_loans(1);
            }
            lends
        });
        if !lent {
            self.lend_slow();
        }
        // SAFETY: there is a core, since there was a shard, or `lend_slow` has made it. The loan was
        // counted for this alone.
        unsafe { Loan::new(self.core.used()) }
    }

    #[inline(never)]
    fn lend_slow(&self) {
        let core = self.core();
        // Makes a shard, in which to count from now on.
        drop(core.pin(slow_path_seat()));
        core.lend(current());
    }
}
