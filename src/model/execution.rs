//! The execution that the checker is running: which pools it has used.

use std::{
    cell::RefCell,
    mem,
    rc::Rc,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::checker::{self, Order};

/// Tells the executions of a process apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(u64);

/// A pool, as an execution sees it.
pub(super) trait Member {
    /// Takes the objects out that a collect drops, and returns a function that drops them.
    fn age(&self) -> Box<dyn FnOnce() + '_>;

    /// Called at the end of the execution.
    fn end(&self);
}

/// An execution of a model. The checkers run all of its threads on one thread of the system.
pub(super) struct Execution {
    pub(super) id: Id,
    /// Orders the first uses of pools, and the collects.
    order: Order,
    members: RefCell<Vec<Weak<dyn Member>>>,
}

std::thread_local! {
    static CURRENT: RefCell<Option<Rc<Execution>>> = const { RefCell::new(None) };
}

/// Returns the current execution.
///
/// # Panics
///
/// If there is none: the checker says so.
pub(super) fn current() -> Rc<Execution> {
    if let Some(current) = CURRENT.with_borrow(Clone::clone) {
        return current;
    }
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = Id(NEXT.fetch_add(1, Relaxed));
    checker::at_end(end);
    let new = Rc::new(Execution { id, order: Order::new(), members: RefCell::default() });
    CURRENT.set(Some(Rc::clone(&new)));
    new
}

/// Returns whether the execution is still running.
pub(super) fn is_current(id: Id) -> bool {
    CURRENT.with_borrow(|current| current.as_ref().is_some_and(|current| current.id == id))
}

/// Ends the current execution. So idle objects of a `static` are dropped with it.
fn end() {
    let Some(ended) = CURRENT.take() else { return };
    let members = ended.members.take();
    members.iter().filter_map(Weak::upgrade).for_each(|member| member.end());
}

impl Execution {
    /// Adds a pool, which collects reach from now on.
    ///
    /// # Safety
    ///
    /// The member is `'static`, or it is dropped before what it borrows.
    pub(super) unsafe fn enter<'a>(&self, member: &Arc<impl Member + 'a>) {
        let member: Arc<dyn Member + 'a> = Arc::clone(member) as _;
        // SAFETY: the caller's promise.
        let member: Weak<dyn Member> = unsafe {
            mem::transmute::<Weak<dyn Member + 'a>, Weak<dyn Member>>(Arc::downgrade(&member))
        };
        self.order.step();
        self.members.borrow_mut().push(member);
    }

    /// Returns all pools that collects reach.
    pub(super) fn members(&self) -> Vec<Arc<dyn Member>> {
        self.order.step();
        self.members.borrow().iter().filter_map(Weak::upgrade).collect()
    }
}
