//! The runtime's queues, and the seats of its Ps: at full size, on one thread or on several. The
//! queues are private, and a runtime does not show the order of single steps. Most tests are ports
//! of tests of Go's.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashSet},
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::Waker,
    thread,
    time::{Duration, Instant},
};

use super::{Done, ROUNDS, repeat};
use crate::{
    collect::join::current_or_join,
    rt::{
        self, Builder,
        context::current,
        sched::{
            clock::{Clock, NEVER},
            driver::Driver,
            owned::{Owned, SLOTS, Slot},
            parker::{Order, Parker},
            proc::P,
            ready::Ready,
            run_queue::{Batch, LEN, RunQueue, StealOrder},
            sched::{Parked, Sched},
            timers::Timers,
        },
        threads::{
            global_turn::{GlobalTurn, Look},
            net_turn::{NetTurn, Queue},
            timer_turn::TimerTurn,
        },
    },
    seat,
};

/// A task that is a number, and is never run.
fn task(i: usize) -> Ready {
    NonNull::new(std::ptr::without_provenance_mut(i + 1)).unwrap()
}

fn number(task: Ready) -> usize {
    task.addr().get() - 1
}

fn push(queue: &RunQueue, i: usize) -> bool {
    // SAFETY: the test's own queue.
    unsafe { queue.push(task(i)) }.is_ok()
}

fn pop(queue: &RunQueue) -> Option<usize> {
    // SAFETY: as above.
    unsafe { queue.pop() }.map(number)
}

/// Go's `TestSchedLocalQueue`.
#[test]
fn the_run_queue_is_first_in_first_out() {
    let queue = RunQueue::new();
    for len in (0..=LEN).step_by(repeat(1, LEN / 2)) {
        assert!(queue.is_empty());
        assert!((0..len).all(|i| push(&queue, i)));
        assert_eq!(queue.len(), len);
        assert!((0..len).all(|i| pop(&queue) == Some(i)));
        assert_eq!(pop(&queue), None);
    }
    assert!((0..LEN).all(|i| push(&queue, i)));
    assert!(!push(&queue, LEN));
}

/// Go's `TestSchedLocalQueueSteal`: a thief takes half, rounded up, and no task is lost.
#[test]
fn steal_takes_half_of_a_run_queue() {
    let (queue, thief) = (RunQueue::new(), RunQueue::new());
    for len in (0..LEN).step_by(repeat(1, 50)) {
        assert!((0..len).all(|i| push(&queue, i)));
        let mut batch = Batch::new();
        let stolen = queue.grab(true, &mut batch);
        assert!(stolen == len / 2 || stolen == len / 2 + 1);
        // SAFETY: the test's own queue.
        let last = unsafe { thief.keep(&batch) };
        let mut all: Vec<_> = std::iter::from_fn(|| pop(&thief)).chain(last.map(number)).collect();
        assert_eq!(all.len(), if stolen == 0 { usize::from(last.is_some()) } else { stolen });
        all.extend(std::iter::from_fn(|| pop(&queue)));
        assert_eq!(all, (0..len).collect::<Vec<_>>());
    }
}

/// Go's `TestSchedLocalQueueEmpty`: a queue that has a task is never seen empty while another one
/// is put and one is taken.
#[test]
fn a_run_queue_with_a_task_is_never_seen_empty() {
    let p = P::new(0);
    let (round, looked, stop) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let rounds = ROUNDS / 10;
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut seen = 0;
            while !stop.load(SeqCst) {
                let now = round.load(SeqCst);
                if now != seen {
                    for _ in 0..20 {
                        assert!(p.has_work(), "a task was overlooked");
                    }
                    seen = now;
                    looked.store(now, SeqCst);
                }
                thread::yield_now();
            }
        });
        let _done = Done(&stop);
        let put = |i, next| match next {
            true => {
                if let Some(before) = p.next.put(task(i)) {
                    // SAFETY: this thread's P.
                    unsafe { p.queue.push(before) }.unwrap();
                }
            }
            false => assert!(push(&p.queue, i)),
        };
        // SAFETY: as above.
        let get = || p.next.take().or_else(|| unsafe { p.queue.pop() }).unwrap();
        for i in 1..=rounds {
            put(0, i & 1 != 0);
            round.store(i, SeqCst);
            put(1, i & 2 != 0);
            get();
            while looked.load(SeqCst) != i {
                thread::yield_now();
                assert!(!thread::panicking());
            }
            get();
            assert!(!p.has_work());
        }
    });
}

/// Go's `TestStealOrder`: from each start every worker is visited once, and starts and strides
/// differ.
#[test]
fn the_steal_order_visits_every_worker_once() {
    for len in 1..=repeat(32, 8) {
        let mut orders = HashSet::new();
        for random in 0..(len * len) as u32 {
            let order: Vec<_> = StealOrder::new(len, random).collect();
            assert_eq!(order.iter().collect::<HashSet<_>>().len(), len);
            assert!(order.iter().all(|&at| at < len));
            orders.insert(order);
        }
        let coprime =
            (1..=len).filter(|&stride| (2..=len).all(|d| stride % d != 0 || len % d != 0));
        assert_eq!(orders.len(), len * coprime.count(), "of {len}");
    }
}

/// Thieves take half of a full queue in one claim, and all of it in several.
#[test]
fn thieves_and_the_owner_share_a_full_run_queue() {
    let queue = RunQueue::new();
    let stop = AtomicBool::new(false);
    let total = ROUNDS;
    let mut all: Vec<usize> = thread::scope(|scope| {
        let thieves: Vec<_> = [true, false]
            .map(|half| {
                let (queue, stop) = (&queue, &stop);
                scope.spawn(move || {
                    let (mut batch, mut stolen) = (Batch::new(), Vec::new());
                    while !stop.load(SeqCst) {
                        if queue.grab(half, &mut batch) > 0 {
                            stolen.extend(batch.iter().map(number));
                        }
                        thread::yield_now();
                    }
                    stolen
                })
            })
            .into();
        let mut own = Vec::new();
        let done = Done(&stop);
        for i in 0..total {
            while !push(&queue, i) {
                own.extend(pop(&queue));
            }
        }
        own.extend(std::iter::from_fn(|| pop(&queue)));
        drop(done);
        own.into_iter().chain(thieves.into_iter().flat_map(|thief| thief.join().unwrap())).collect()
    });
    all.sort_unstable();
    assert!(all.into_iter().eq(0..total));
}

/// A seat moves from thread to thread with its P, and is given back with it.
#[test]
fn a_seat_stays_with_its_p() {
    let mut highest = 0;
    for _ in 0..repeat(500, 10) {
        let p = P::new(0);
        let ids: Vec<_> = (0..3)
            .map(|_| {
                let serve = || {
                    p.attach_seat();
                    let id = current_or_join().unwrap().id;
                    p.detach_seat();
                    assert!(seat::current::current().is_none());
                    id
                };
                thread::scope(|scope| scope.spawn(serve).join().unwrap())
            })
            .collect();
        assert!(ids.iter().all(|&id| id == ids[0]), "{ids:?}");
        highest = highest.max(ids[0]);
    }
    assert!(highest < 400, "seats are lost: {highest}");
}

/// A thread that has used a pool without a P keeps its seat for a P that has none, and gives it back for another.
#[test]
fn a_thread_gives_back_its_own_seat() {
    let mut highest = 0;
    for _ in 0..repeat(500, 10) {
        let p = P::new(0);
        let serve = || {
            let own = current_or_join().unwrap().id;
            p.attach_seat();
            let id = current_or_join().unwrap().id;
            p.detach_seat();
            assert!(seat::current::current().is_none());
            (own, id)
        };
        let served = [(); 3].map(|()| thread::scope(|scope| scope.spawn(serve).join().unwrap()));
        let seat = served[0].0;
        assert!(served.iter().all(|&(_, id)| id == seat), "{served:?}");
        assert!(served[1..].iter().all(|&(own, _)| own != seat), "{served:?}");
        highest = served.iter().map(|&(own, _)| own).fold(highest, usize::max);
    }
    assert!(highest < 400, "seats are lost: {highest}");
}

/// A share of the global queue fills at most half of the worker's own queue.
#[test]
fn a_batch_leaves_room_in_the_queue() {
    let sched = Sched::new(1, 1, 0);
    let p = sched.p(sched.wake_one().unwrap().p);
    let half = LEN / 2;
    assert!(sched.inject((0..2 * LEN).map(task)).is_ok());
    let mut expected = 0;
    for before in [0, half - 1, half, LEN - 1] {
        assert!((0..before).all(|i| push(&p.queue, i)));
        // SAFETY: the test's own P.
        let first = unsafe { sched.pop_some(p, LEN) }.map(number);
        assert_eq!(first, Some(expected));
        assert_eq!(p.queue.len(), before.max(half - 1));
        expected += 1 + p.queue.len() - before;
        while pop(&p.queue).is_some() {}
    }
}

/// Lists a task, which is a number, and returns its slot.
fn list(owned: &Owned, i: usize) -> NonNull<Slot> {
    // SAFETY: the test's own list.
    let slot = unsafe { owned.reserve() };
    // Even, as the address of a task.
    // SAFETY: the slot stays until it is freed.
    unsafe { slot.as_ref() }.fill(task(2 * i + 1));
    slot
}

fn free(slot: NonNull<Slot>) {
    // SAFETY: as above, and used once.
    assert!(unsafe { slot.as_ref() }.free().is_some());
}

fn listed(owned: &Owned) -> Vec<usize> {
    let mut found = Vec::new();
    owned.visit(|task| number(task) / 2, |i| found.push(i));
    found.sort_unstable();
    found
}

/// A visit finds the tasks that have not ended, and only those, however many have come and gone.
#[test]
fn a_list_has_the_tasks_that_have_not_ended() {
    let owned = Owned::new();
    let mut slots: BTreeMap<usize, NonNull<Slot>> = BTreeMap::new();
    for i in 0..repeat(20_000, 600) {
        slots.insert(i, list(&owned, i));
        // Between none and a few thousand remain.
        let ends = if i / 1000 % 2 == 0 { i / 3 } else { i.wrapping_sub(1) };
        if let Some(slot) = slots.remove(&ends) {
            free(slot);
        }
        if i % 501 == 0 {
            owned.trim();
            assert!(listed(&owned).iter().eq(slots.keys()));
        }
    }
    let most = slots.len().max(SLOTS);
    assert!(!owned.is_empty());
    assert!(owned.capacity() <= 4 * most + 2 * SLOTS, "{} for {most}", owned.capacity());
    slots.into_values().for_each(free);
    assert!(owned.is_empty());
    owned.trim();
    assert!(owned.capacity() <= SLOTS);
    // The owner's segment is kept: a task in it is found.
    let last = list(&owned, 7);
    owned.trim();
    assert_eq!(listed(&owned), [7]);
    free(last);
}

/// A list of tasks that come and go does not grow, and shrinks while it is used.
#[test]
fn a_list_does_not_grow_with_the_tasks_that_have_ended() {
    let owned = Owned::new();
    let many: Vec<_> = (0..100 * SLOTS).map(|i| list(&owned, i)).collect();
    many.into_iter().for_each(free);
    assert_eq!(owned.capacity(), 100 * SLOTS);
    for i in 0..200 * SLOTS {
        free(list(&owned, i));
    }
    assert!(owned.capacity() <= 4 * SLOTS, "{}", owned.capacity());
}

/// Nothing is kept of many tasks that have waited and ended, once the runtime is idle.
#[test]
#[cfg_attr(miri, ignore = "the time until it rests is long there")]
fn a_runtime_that_rests_keeps_nothing_of_ended_tasks() {
    // Under sanitizers, where segments are small, there are many of them even so.
    let count = if cfg!(corepool_tiny) { 2_000 } else { 100_000 };
    let runtime = Builder::new().workers(2).build().unwrap();
    let shared = runtime.block_on(async { current::current(|shared| shared.unwrap().arc()) });
    let capacity = || {
        let outside = shared.outside.owned().capacity();
        outside + shared.sched.ps().map(|p| p.owned.capacity()).sum::<usize>()
    };
    let handles = runtime.block_on(runtime.spawn(async move {
        (0..count).map(|_| rt::spawn(std::future::pending::<()>())).collect::<Vec<_>>()
    }));
    assert!(capacity() >= count);
    handles.unwrap().iter().for_each(rt::JoinHandle::abort);
    let limit = Instant::now() + Duration::from_secs(300);
    // The lists are trimmed when the runtime rests and a thousand tasks have ended since the last time.
    while capacity() > count / 50 {
        assert!(Instant::now() < limit, "{} slots are kept", capacity());
        thread::sleep(Duration::from_millis(1));
    }
}

/// The turns of the global queue: by the number of short polls, and by the time of long ones.
#[test]
fn the_global_queue_has_turns_by_polls_and_by_time() {
    let start = Instant::now();
    let mut turn = GlobalTurn::new();
    // `micros` after the start, at the given number of polls.
    let mut look = |polls, micros| turn.look(polls, || start + Duration::from_micros(micros));
    assert_eq!(look(1000, 0), Look::One, "the first time");
    assert_eq!(look(1001, 100), Look::One, "the turn lasts");
    assert_eq!(look(1002, 200), Look::Nothing, "the turn is used up");
    for i in 0..60 {
        assert_eq!(look(1003 + i, 201 + i as u64), Look::Nothing, "short polls");
    }
    assert_eq!(look(1063, 261), Look::Batch { most: 61 }, "61 polls");
    assert_eq!(look(1064, 3000), Look::One, "a long poll");
    assert_eq!(look(1066, 3100), Look::Nothing, "the queue was empty, and another task has run");
    assert_eq!(look(1067, 6000), Look::One, "a long poll");
    assert_eq!(look(1068, 9000), Look::Nothing, "a long task of the global queue");
    assert_eq!(look(1069, 12000), Look::One, "a long task of the worker's own queue");
    // Another P, with another count of polls.
    assert_eq!(look(5, 15000), Look::One);
}

/// While polls are short the clock is read ever less often.
#[test]
fn the_clock_is_read_seldom_among_short_polls() {
    let (start, reads) = (Instant::now(), Cell::new(0));
    let mut turn = GlobalTurn::new();
    assert_eq!(turn.look(0, || start), Look::One);
    // The first turn ends here, since the queue was empty before the next poll.
    for polls in 2..10 * 61 {
        turn.look(polls, || {
            reads.set(reads.get() + 1);
            start
        });
    }
    assert!(reads.get() <= 10 * 10, "{}", reads.get());
}

/// While polls are short a worker looks ever less often whether timers are due. One long poll is
/// enough to look after each again.
#[test]
fn the_clock_is_read_for_timers_after_each_long_poll() {
    let mut turn = TimerTurn::new();
    let mut look = |polls, now| turn.look(polls, || now).is_some();
    assert!(look(1, 1_000_000));
    let looks = (2..1000).filter(|&polls| look(polls, 1_000_000 + polls as u64)).count();
    assert!((40..100).contains(&looks), "{looks}");
    let first = (1000..1020).find(|&polls| look(polls, 3_000_000 * polls as u64)).unwrap();
    assert!((1..10).all(|i| look(first + i, 3_000_000 * (first + i) as u64)));
    assert!(look(5, 1), "another P");
}

/// A worker with tasks asks which sockets are ready if nobody has for half a millisecond. Their tasks
/// pass by long ones.
#[test]
fn a_busy_worker_asks_for_sockets() {
    const MS: u64 = 1_000_000;
    let mut turn = NetTurn::new();
    // The first look, and one after others have asked.
    assert_eq!(turn.look(7, 0, 100 * MS), None);
    assert_eq!(turn.look(8, 1, 101 * MS), None);
    assert_eq!(turn.look(8, 2, 101 * MS + 1), None, "a moment later");
    assert_eq!(turn.look(8, 3, 102 * MS), Some(Queue::Global));
    // The worker has asked.
    assert_eq!(turn.look(9, 3, 102 * MS), None);
    assert_eq!(turn.look(9, 300, 102 * MS + MS / 4), None);
    assert_eq!(turn.look(9, 600, 102 * MS + MS / 2), Some(Queue::Own));
}

/// The thread that waits passes by those that were cancelled. The heap does not grow with them, nor
/// does it keep their memory when nobody looks at it.
#[test]
fn cancelled_timers_are_cleaned() {
    let timers = Arc::new(Timers::new());
    let set = |at| timers.set(at, Waker::noop()).unwrap().0;
    for _ in 0..2 {
        let all: Vec<_> = (0..1000).map(set).collect();
        assert_eq!(timers.first(), 0);
        all[..100].iter().for_each(|timer| timer.cancel());
        assert_eq!(timers.prune(), 100);
        assert_eq!(timers.len(), 900);
        all.iter().skip(1).step_by(2).for_each(|timer| timer.cancel());
        all.iter().for_each(|timer| timer.cancel());
        assert!(timers.len() < 200, "{}", timers.len());
        let mut due = Vec::new();
        timers.take_due(NEVER - 1, &mut due);
        assert!(due.is_empty());
        assert_eq!((timers.len(), timers.first()), (0, NEVER));
    }
    for at in 0..100_000 {
        let _kept = (at % 1000 == 0).then(|| set(1_000_000 + at));
        set(1_000_000 + at).cancel();
    }
    assert!(timers.len() < 1000, "{}", timers.len());
    // A timer and its heap keep each other alive.
    drop(timers.stop());
}

/// Wakers come in the order of their times, a few at a time.
#[test]
fn timers_fire_in_order() {
    struct Number(std::sync::mpsc::Sender<u64>, u64);
    impl std::task::Wake for Number {
        fn wake(self: Arc<Self>) {
            self.0.send(self.1).unwrap();
        }
    }

    let timers = Arc::new(Timers::new());
    let (sender, receiver) = std::sync::mpsc::channel();
    for i in 0..100 {
        let at = i * 37 % 100;
        let waker = Waker::from(Arc::new(Number(sender.clone(), at)));
        let (_, first) = timers.set(at, &waker).unwrap();
        assert_eq!(first, (0..i).all(|j| j * 37 % 100 > at));
    }
    let mut due = Vec::new();
    loop {
        timers.take_due(49, &mut due);
        if due.is_empty() {
            break;
        }
        due.drain(..).for_each(Waker::wake);
    }
    assert!(receiver.try_iter().eq(0..50));
    assert_eq!(timers.first(), 50);
    assert_eq!(timers.stop().len(), 50);
    assert!(timers.set(1, Waker::noop()).is_err());
}

/// The second thread to park sleeps elsewhere, until the first has left the driver.
#[test]
fn one_thread_is_in_the_driver() {
    let driver = Driver::new();
    for _ in 0..2 {
        assert!(!driver.is_occupied());
        assert!(driver.enter());
        assert!(!driver.enter());
        assert!(driver.is_occupied());
        assert_eq!(driver.begin_wait(|| 0), 0);
        assert!(driver.is_occupied(), "also with a timer for the beginning of time");
        driver.leave();
    }
}

/// If there are to be fewer workers, the thread in the driver stays: the others have found it occupied,
/// and sleep elsewhere.
#[test]
fn fewer_workers_leave_a_thread_in_the_driver() {
    let (sched, driver) = (Sched::new(3, 3, 0), Arc::new(Driver::new()));
    let ps = [(); 3].map(|()| {
        let launch = sched.wake_one().expect("a worker is woken");
        sched.give_up_spinning();
        sched.p(launch.p)
    });
    let sleepers = ps.map(|p| {
        let me = Arc::new(Parker::new());
        // SAFETY: nobody else has the P.
        assert!(matches!(unsafe { sched.park(p, &me, false) }, Parked::Asleep));
        me
    });
    let [first, ..] = &sleepers;
    thread::scope(|scope| {
        let drives = scope.spawn(|| {
            assert!(driver.enter());
            first.drive(&driver, &Clock::new(), &mut Vec::new(), || NEVER)
        });
        while !first.is_driving() && !drives.is_finished() {
            thread::yield_now();
        }
        let (surplus, _) = sched.resize(1, || true);
        first.give(Order::End);
        assert_eq!(drives.join().unwrap(), Some(Order::End));
        assert_eq!(surplus.len(), 2);
        assert!(surplus.iter().all(|other| !Arc::ptr_eq(other, first)));
    });
}

/// A thread that has not yet run a task, or looks for one, is in no poll: sysmon must not count its
/// poll as stuck.
#[test]
fn no_poll_is_under_way_before_the_first() {
    let sched = Sched::new(1, 1, 0);
    let me = Arc::new(Parker::new());
    for polls in 0..3 {
        let p = sched.p(sched.wake_one().unwrap().p);
        assert!(!p.tick().is_poll(), "its thread is yet to run");
        sched.give_up_spinning();
        p.begin_poll();
        assert!(p.tick().is_poll());
        assert_eq!(p.tick().polls(), polls + 1);
        // SAFETY: the test's own P, which has no tasks.
        assert!(matches!(unsafe { sched.park(p, &me, false) }, Parked::Asleep));
    }
}

/// Only the thread that requests a short time slice has it.
#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn a_short_slice_is_not_inherited() {
    use crate::rt::threads::timeslice::{request_short_slice, timeslice};

    on_thread(|| {
        // Linux before 6.12 does not report the slice.
        let Some(before) = timeslice() else { return };
        request_short_slice();
        assert!(timeslice().unwrap() < before);
        assert_eq!(on_thread(timeslice), Some(before));
    });
}

#[cfg(all(target_os = "linux", not(miri)))]
fn on_thread<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(f).join().unwrap())
}
