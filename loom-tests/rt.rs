//! The runtime's scheduler: its queues, and workers that fall asleep while tasks arrive.

use std::{
    ptr::NonNull,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    task::{Poll, Wake, Waker},
};

use loom::{sync::Arc, thread};

use super::model;
use crate::rt::{
    sched::{
        clock::{Clock, NEVER},
        driver::Driver,
        owned::{Owned, SLOTS},
        parker::{Order, Parker},
        proc::{P, state},
        ready::Ready,
        run_queue::{Batch, LEN, RunNext, RunQueue},
        sched::{Launch, Parked, Sched},
        shared::{enter_again, hurry, leave_driver},
        timers::{Timers, first_set},
        watch::{Watch, Why},
    },
    task::block_on::block_on,
};

/// A task: a cell that the thread which runs it writes to.
struct Task(loom::cell::UnsafeCell<usize>);

impl Task {
    fn create() -> Ready {
        let task = Box::new(Self(loom::cell::UnsafeCell::new(0)));
        // The thread that runs the task sees the writes of the thread that created it.
        // SAFETY: no other thread has the task yet.
        // SAFETY: as above.
        task.0.with_mut(|runs| unsafe { *runs += 1 });
        NonNull::from(Box::leak(task)).cast()
    }

    /// Runs the task. No other thread runs it.
    fn run(task: Ready) -> usize {
        // SAFETY: from `create`; the checker reports two runs, and a run without an order.
        let task = unsafe { Box::from_raw(task.cast::<Self>().as_ptr()) };
        // SAFETY: as above.
        task.0.with_mut(|runs| unsafe {
            *runs += 1;
            assert_eq!(*runs, 2);
        });
        1
    }
}

/// Makes `task` the next one, and puts the previous next task at the end of the queue.
fn wake(p: &P, task: Ready) {
    if let Some(before) = p.next.put(task) {
        // SAFETY: the caller's P.
        unsafe { p.queue.push(before) }.expect("there is room");
    }
}

fn run_all(queue: &RunQueue) -> usize {
    // SAFETY: the caller is the producer.
    std::iter::from_fn(|| unsafe { queue.pop() }).map(Task::run).sum()
}

fn steal(queue: &RunQueue, half: bool) -> usize {
    let mut batch = Batch::new();
    queue.grab(half, &mut batch);
    batch.iter().map(Task::run).sum()
}

/// The owner pushes and pops while a thief takes half: each task runs once, by a thread that sees
/// its writes.
#[test]
fn rt_queue_against_thief() {
    model("rt_queue_against_thief", Some(3), || {
        let queue = Arc::new(RunQueue::new());
        let thief = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || steal(&queue, true))
        };
        for _ in 0..2 {
            // SAFETY: this thread is the producer.
            unsafe { queue.push(Task::create()) }.expect("there is room");
        }
        let ran = run_all(&queue);
        assert_eq!(ran + thief.join().unwrap() + run_all(&queue), 2);
    });
}

/// The ring is full, and its slots are used again while a thief reads them.
#[test]
fn rt_queue_wraps_under_a_thief() {
    model("rt_queue_wraps_under_a_thief", Some(3), || {
        let queue = Arc::new(RunQueue::new());
        for _ in 0..LEN {
            // SAFETY: this thread is the producer.
            unsafe { queue.push(Task::create()) }.expect("there is room");
        }
        let thief = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || steal(&queue, true))
        };
        let mut ran = 0;
        for _ in 0..2 {
            let task = Task::create();
            // SAFETY: as above.
            if let Err(task) = unsafe { queue.push(task) } {
                ran += Task::run(task);
            }
        }
        // SAFETY: as above.
        ran += unsafe { queue.pop() }.map_or(0, Task::run);
        assert_eq!(ran + thief.join().unwrap() + run_all(&queue), LEN + 2);
    });
}

/// Two thieves, one of which takes the whole queue.
#[test]
fn rt_queue_against_two_thieves() {
    model("rt_queue_against_two_thieves", Some(2), || {
        let queue = Arc::new(RunQueue::new());
        for _ in 0..3 {
            // SAFETY: this thread is the producer.
            unsafe { queue.push(Task::create()) }.expect("there is room");
        }
        let thieves: Vec<_> = [true, false]
            .into_iter()
            .map(|half| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || steal(&queue, half))
            })
            .collect();
        // SAFETY: as above.
        let ran = unsafe { queue.pop() }.map_or(0, Task::run);
        let stolen: usize = thieves.into_iter().map(|thief| thief.join().unwrap()).sum();
        assert_eq!(ran + stolen + run_all(&queue), 3);
    });
}

/// The queue has a task at any time, since the owner pushes the second before it pops the first:
/// every thread sees that it is not empty, and a thief finds a task.
#[test]
fn rt_queue_is_not_seen_empty() {
    model("rt_queue_is_not_seen_empty", None, || {
        let queue = Arc::new(RunQueue::new());
        // SAFETY: this thread is the producer.
        unsafe { queue.push(Task::create()) }.expect("there is room");
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                assert!(!queue.is_empty(), "a task was overlooked");
                let stolen = steal(&queue, true);
                assert_eq!(stolen, 1, "a task was overlooked");
                stolen
            })
        };
        // SAFETY: as above.
        unsafe { queue.push(Task::create()) }.expect("there is room");
        // SAFETY: as above.
        let ran = unsafe { queue.pop() }.map_or(0, Task::run);
        assert_eq!(ran + other.join().unwrap() + run_all(&queue), 2);
    });
}

/// The same, when a thief takes the first task.
#[test]
fn rt_queue_is_not_seen_empty_beside_a_thief() {
    model("rt_queue_is_not_seen_empty_beside_a_thief", Some(3), || {
        let queue = Arc::new(RunQueue::new());
        // SAFETY: this thread is the producer.
        unsafe { queue.push(Task::create()) }.expect("there is room");
        let thief = {
            let queue = Arc::clone(&queue);
            // It takes one of two tasks.
            thread::spawn(move || if queue.len() == 2 { steal(&queue, true) } else { 0 })
        };
        let looker = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || assert!(!queue.is_empty(), "a task was overlooked"))
        };
        // SAFETY: as above.
        unsafe { queue.push(Task::create()) }.expect("there is room");
        looker.join().unwrap();
        assert_eq!(thief.join().unwrap() + run_all(&queue), 2);
    });
}

/// The next task is stolen, replaced and taken.
#[test]
fn rt_next_against_thief() {
    model("rt_next_against_thief", None, || {
        let next = Arc::new(RunNext::new());
        assert!(next.put(Task::create()).is_none());
        let thief = {
            let next = Arc::clone(&next);
            thread::spawn(move || next.take().map_or(0, Task::run))
        };
        let mut ran = next.put(Task::create()).map_or(0, Task::run);
        ran += next.take().map_or(0, Task::run);
        assert_eq!(ran + thief.join().unwrap() + next.take().map_or(0, Task::run), 2);
    });
}

/// A P with a task is never seen without one, while a second is put and one is taken.
#[test]
fn rt_work_is_seen() {
    model("rt_work_is_seen", None, || {
        let p = Arc::new(P::new(0));
        wake(&p, Task::create());
        let looker = {
            let p = Arc::clone(&p);
            thread::spawn(move || assert!(p.has_work(), "a task was overlooked"))
        };
        wake(&p, Task::create());
        Task::run(p.next.take().unwrap());
        looker.join().unwrap();
        assert_eq!(run_all(&p.queue), 1);
    });
}

/// Parks like a worker. Returns the number of tasks that it runs.
fn park(sched: &Sched, p: usize, me: &std::sync::Arc<Parker>) -> usize {
    // SAFETY: the caller's P, which has no tasks.
    match unsafe { sched.park(sched.p(p), me, false) } {
        Parked::Found(task) => {
            // The other tasks of the batch.
            Task::run(task) + run_all(&sched.p(p).queue)
        }
        Parked::Asleep | Parked::Spare => {
            let found = sched.look_again(me);
            let p = found.map_or_else(|| me.wait(None), |p| Some(Order::Run(p)));
            match p {
                Some(Order::Run(p)) => serve(sched, p),
                _ => 0,
            }
        }
        Parked::Ended => 0,
    }
}

/// Spins like a worker: steals, or takes tasks from the global queue. Returns the number of tasks
/// that it runs.
fn serve(sched: &Sched, p: usize) -> usize {
    let own = sched.p(p);
    let mut ran = sched
        .ps()
        .filter(|other| other.id != p)
        .map(|other| steal(&other.queue, false) + other.next.take().map_or(0, Task::run))
        .sum();
    // SAFETY: the caller's P, which has no tasks.
    if let Some(task) = unsafe { sched.pop_batch(own) } {
        ran += Task::run(task) + run_all(&own.queue);
    }
    sched.give_up_spinning();
    ran
}

fn launch(launch: Option<Launch>) -> bool {
    let Some(launch) = launch else { return false };
    launch.on.expect("there is one that sleeps").give(Order::Run(launch.p));
    true
}

/// One thread parks while another submits from outside: the thread does not sleep while the task is
/// queued.
#[test]
fn rt_park_against_inject() {
    model("rt_park_against_inject", Some(3), || {
        let sched = Arc::new(Sched::new(1, 1, 0));
        let first = sched.wake_one().expect("a worker is woken");
        sched.give_up_spinning();
        let worker = {
            let sched = Arc::clone(&sched);
            thread::spawn(move || park(&sched, first.p, &std::sync::Arc::new(Parker::new())))
        };
        launch(
            sched
                .inject([Task::create()])
                .unwrap_or_else(|_| panic!("the scheduler is not stopped")),
        );
        // Without the wake-up, `join` would never return.
        assert_eq!(worker.join().unwrap(), 1);
    });
}

/// One worker parks while another wakes a second task from a first one that never returns: the
/// second task is run.
#[test]
fn rt_park_against_submit() {
    model("rt_park_against_submit", Some(3), || {
        let sched = Arc::new(Sched::new(2, 2, 0));
        let stays = sched.wake_one().expect("a worker is woken").p;
        sched.give_up_spinning();
        let parks = sched.wake_one().expect("a worker is woken").p;
        sched.give_up_spinning();
        let worker = {
            let sched = Arc::clone(&sched);
            thread::spawn(move || park(&sched, parks, &std::sync::Arc::new(Parker::new())))
        };
        let own = sched.p(stays);
        wake(own, Task::create());
        if sched.wants_wake() {
            launch(sched.wake_one());
        }
        // Without the wake-up, `join` would never return.
        assert_eq!(worker.join().unwrap(), 1);
        assert!(!own.has_work());
    });
}

/// Sysmon detaches a worker whose poll has just ended: both agree whether the P is active, and its
/// task runs once.
#[test]
fn rt_detach_against_loop_head() {
    model("rt_detach_against_loop_head", Some(3), || {
        let sched = Arc::new(Sched::new(1, 2, 0));
        let id = sched.wake_one().expect("a worker is woken").p;
        sched.give_up_spinning();
        wake(sched.p(id), Task::create());
        let sysmon = {
            let sched = Arc::clone(&sched);
            thread::spawn(move || {
                let Some(other) = sched.replace(sched.p(id), state::RUNNING) else { return 0 };
                assert_ne!(other.p, id, "two threads have it");
                assert_eq!(sched.active(), 1);
                let moved = sched.clear().into_iter().map(Task::run).sum::<usize>();
                // No thread can be started for it, so the first one may reattach.
                sched.give_up(&other);
                moved
            })
        };
        let p = sched.p(id);
        let me = std::sync::Arc::new(Parker::new());
        let mut ran = 0;
        let mut has_p = true;
        for _ in 0..2 {
            if p.state() != state::RUNNING {
                // SAFETY: this thread's P.
                has_p = unsafe { sched.reattach(p, &me) }.is_none();
            }
            if !has_p {
                break;
            }
            // SAFETY: as above.
            ran += unsafe { p.pop() }.map_or(0, Task::run);
        }
        let moved = sysmon.join().unwrap();
        let queued = sched.pop_global().map_or(0, Task::run);
        assert_eq!(ran + moved + queued, 1);
        let detached = usize::from(p.state() == state::DETACHED);
        assert_eq!(sched.lock().detached, detached);
        assert_eq!(sched.active(), usize::from(has_p) - detached);
        if detached == 1 {
            // SAFETY: as above.
            assert!(unsafe { sched.reattach(p, &me) }.is_none(), "there is a vacancy");
            assert_eq!(sched.active(), 1);
        }
    });
}

/// Sysmon finds a worker stuck that blocks meanwhile.
fn detach_against(blocks: impl Fn(&P) + Copy + Send + Sync + 'static) {
    let sched = Arc::new(Sched::new(1, 2, 0));
    let id = sched.wake_one().expect("a worker is woken").p;
    sched.give_up_spinning();
    let sysmon = {
        let sched = Arc::clone(&sched);
        thread::spawn(move || {
            let p = sched.p(id);
            let seen = p.watched_state();
            let launch = sched.replace(p, seen);
            launch.is_some_and(|launch| {
                sched.give_up(&launch);
                true
            })
        })
    };
    let p = sched.p(id);
    blocks(p);
    let detached = sysmon.join().unwrap();
    assert_eq!(p.state() == state::DETACHED, detached, "the mark was lost");
    assert_eq!(sched.active(), usize::from(!detached));
}

/// The state of a worker that blocks while sysmon finds it stuck.
#[test]
fn rt_detach_against_blocking() {
    model("rt_detach_against_blocking", None, || {
        detach_against(|p| {
            if p.change(state::RUNNING, state::BLOCKING) {
                p.change(state::BLOCKING, state::RUNNING);
            }
        });
    });
}

/// The same, in a call that seldom blocks.
#[cfg(feature = "net")]
#[test]
fn rt_detach_against_call() {
    model("rt_detach_against_call", Some(3), || {
        detach_against(|p| {
            p.set_calling(true);
            p.set_calling(false);
        });
    });
}

/// A P passes from thread to thread with its seat: the next thread sees the previous thread's
/// writes to the shards.
#[test]
fn rt_p_hands_over() {
    model("rt_p_hands_over", Some(3), || {
        struct Shards(loom::cell::UnsafeCell<usize>);
        // SAFETY: the model checks that accesses do not overlap.
        unsafe impl Sync for Shards {}
        // SAFETY: as above.
        unsafe impl Send for Shards {}

        let sched = Arc::new(Sched::new(1, 2, 0));
        let shards = Arc::new(Shards(loom::cell::UnsafeCell::new(0)));
        let first = sched.wake_one().expect("a worker is woken");
        sched.give_up_spinning();
        let worker = {
            let (sched, shards) = (Arc::clone(&sched), Arc::clone(&shards));
            thread::spawn(move || {
                // SAFETY: the checker reports accesses without an order.
                shards.0.with_mut(|uses| unsafe { *uses += 1 });
                let me = std::sync::Arc::new(Parker::new());
                // SAFETY: this thread's P.
                let parked = unsafe { sched.park(sched.p(first.p), &me, false) };
                assert!(matches!(parked, Parked::Asleep | Parked::Spare));
            })
        };
        if let Some(next) = sched.wake_one() {
            assert_eq!(next.p, first.p);
            // SAFETY: as above.
            shards.0.with_mut(|uses| unsafe { *uses += 1 });
        }
        worker.join().unwrap();
    });
}

/// A worker enters and leaves a blocking call while it is marked STOPPED or SURPLUS.
fn marked(stops: bool) {
    let sched = Arc::new(Sched::new(2, 2, 0));
    let ids = [0, 1].map(|_| {
        let id = sched.wake_one().expect("a worker is woken").p;
        sched.give_up_spinning();
        id
    });
    let marker = {
        let sched = Arc::clone(&sched);
        thread::spawn(move || {
            if stops {
                assert!(sched.stop().is_empty());
            } else {
                assert!(sched.resize(1, || true).1.is_none());
            }
        })
    };
    let p = sched.p(ids[1]);
    for _ in 0..2 {
        if p.change(state::RUNNING, state::BLOCKING) {
            p.change(state::BLOCKING, state::RUNNING);
        }
    }
    marker.join().unwrap();
    assert_eq!(p.state(), if stops { state::STOPPED } else { state::SURPLUS });
    assert_eq!(sched.active(), usize::from(!stops));
    assert_eq!(sched.lock().detached, 0);
}

/// The mark is STOPPED: the runtime stops.
#[test]
fn rt_stop_against_blocking() {
    model("rt_stop_against_blocking", Some(6), || marked(true));
}

/// The mark is SURPLUS: the number of workers is reduced.
#[test]
fn rt_resize_against_blocking() {
    model("rt_resize_against_blocking", Some(6), || marked(false));
}

/// A P becomes active while sysmon is about to sleep without a timeout: sysmon does not fall
/// asleep, or is woken.
#[test]
fn rt_idle_against_notify() {
    model("rt_idle_against_notify", Some(3), || {
        let (sched, watch) = (Arc::new(Sched::new(1, 1, 0)), Arc::new(Watch::new()));
        // The P exists, and is idle.
        let id = sched.wake_one().expect("a worker is woken").p;
        sched.give_up_spinning();
        let me = std::sync::Arc::new(Parker::new());
        // SAFETY: this thread's P.
        assert!(matches!(unsafe { sched.park(sched.p(id), &me, false) }, Parked::Asleep));
        let sysmon = {
            let (sched, watch) = (Arc::clone(&sched), Arc::clone(&watch));
            thread::spawn(move || watch.try_idle(|| sched.is_quiet()))
        };
        let _runs = sched.wake_one().expect("a worker is woken");
        watch.notify(Why::Work);
        let idle = sysmon.join().unwrap();
        assert!(!idle || watch.is_woken(), "no thread watches the P");
    });
}

/// A call that blocks ends, or queues a task, while sysmon is about to sleep without a timeout.
fn blocks_beside_sysmon(then: impl Fn(&P) + Copy + Send + Sync + 'static) {
    let (sched, watch) = (Arc::new(Sched::new(1, 1, 0)), Arc::new(Watch::new()));
    let id = sched.wake_one().expect("a worker is woken").p;
    sched.give_up_spinning();
    let p = sched.p(id);
    assert!(p.change(state::RUNNING, state::BLOCKING));
    let sysmon = {
        let (sched, watch) = (Arc::clone(&sched), Arc::clone(&watch));
        thread::spawn(move || watch.try_idle(|| sched.is_quiet()))
    };
    then(p);
    watch.notify(Why::Work);
    let idle = sysmon.join().unwrap();
    assert!(!idle || watch.is_woken(), "no thread watches the P");
    p.next.take().map(Task::run);
}

/// The call ends.
#[test]
fn rt_idle_against_end_of_blocking() {
    model("rt_idle_against_end_of_blocking", Some(3), || {
        blocks_beside_sysmon(|p| assert!(p.change(state::BLOCKING, state::RUNNING)));
    });
}

/// The call wakes a task.
#[test]
fn rt_idle_against_wake_in_blocking() {
    model("rt_idle_against_wake_in_blocking", Some(3), || {
        blocks_beside_sysmon(|p| wake(p, Task::create()));
    });
}

/// Counts the calls of a timer's waker.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn counted() -> (std::sync::Arc<Woken>, Waker) {
    let woken = std::sync::Arc::<Woken>::default();
    (std::sync::Arc::clone(&woken), Waker::from(woken))
}

/// Fires what is due at `now`. Returns how many timers that were.
fn fire(timers: &Timers, now: u64) -> usize {
    let (mut fired, mut due) = (0, Vec::new());
    loop {
        timers.take_due(now, &mut due);
        if due.is_empty() {
            return fired;
        }
        fired += due.len();
        due.drain(..).for_each(Waker::wake);
    }
}

/// A thief fires timers while their owner sets one and cancels another: each is fired once or
/// cancelled.
#[test]
fn rt_timer_fire_against_cancel() {
    model("rt_timer_fire_against_cancel", Some(3), || {
        let timers = std::sync::Arc::new(Timers::new());
        let (first, waker) = counted();
        let (timer, earliest) = timers.set(1, &waker).expect("not stopped");
        assert!(earliest);
        let thief = {
            let timers = std::sync::Arc::clone(&timers);
            thread::spawn(move || fire(&timers, 2))
        };
        let (second, waker) = counted();
        timers.set(2, &waker).expect("not stopped");
        timer.cancel();
        let fired = thief.join().unwrap() + fire(&timers, 2);
        assert_eq!(timers.first(), NEVER);
        let woken = [first, second].map(|fate| fate.0.load(Relaxed));
        assert_eq!(woken[1], 1, "a timer was lost");
        assert!(woken[0] <= 1, "a timer was fired twice");
        assert_eq!(fired, woken[0] + woken[1]);
    });
}

/// Two threads fire the timers of a P while these are moved elsewhere: each is fired once, and those
/// that were moved are seen in their new place.
#[test]
fn rt_timer_fire_against_move() {
    model("rt_timer_fire_against_move", Some(2), || {
        let [from, to] = [(); 2].map(|()| std::sync::Arc::new(Timers::new()));
        let fates = [1, 2].map(|at| {
            let (fate, waker) = counted();
            from.set(at, &waker).expect("not stopped");
            fate
        });
        let thief = {
            let from = std::sync::Arc::clone(&from);
            thread::spawn(move || fire(&from, 1))
        };
        let mover = {
            let [from, to] = [&from, &to].map(std::sync::Arc::clone);
            thread::spawn(move || assert!(from.move_to(&to).1.is_empty()))
        };
        thief.join().unwrap();
        mover.join().unwrap();
        fire(&to, 2);
        assert!(fates.iter().all(|fate| fate.0.load(Relaxed) == 1), "a timer was lost");
    });
}

/// The runtime stops while timers are moved: the waker is called all the same.
#[test]
fn rt_timer_stop_against_move() {
    model("rt_timer_stop_against_move", None, || {
        let [from, to] = [(); 2].map(|()| std::sync::Arc::new(Timers::new()));
        let (fate, waker) = counted();
        let (timer, _) = from.set(1, &waker).expect("not stopped");
        let mover = {
            let [from, to] = [&from, &to].map(std::sync::Arc::clone);
            thread::spawn(move || from.move_to(&to).1.into_iter().for_each(Waker::wake))
        };
        for timers in [&from, &to] {
            timers.stop().into_iter().for_each(Waker::wake);
        }
        mover.join().unwrap();
        assert_eq!(fate.0.load(Relaxed), 1, "a timer of a stopped runtime is left");
        assert!(timer.renew(&waker).is_err());
    });
}

/// A thread looks for the first timer of two Ps while the worker of one fires its own: the timer of the other is
/// not overlooked.
#[test]
fn rt_first_timer_against_fire() {
    model("rt_first_timer_against_fire", None, || {
        let ps = [(); 2].map(|()| std::sync::Arc::new(Timers::new()));
        for (at, timers) in [1, 2].into_iter().zip(&ps) {
            timers.set(at, Waker::noop()).expect("not stopped");
        }
        let worker = {
            let own = std::sync::Arc::clone(&ps[0]);
            thread::spawn(move || assert_eq!(fire(&own, 1), 1))
        };
        let first = first_set(|| ps.iter());
        assert!([1, 2].contains(&first), "a timer was overlooked");
        worker.join().unwrap();
        assert_eq!(first_set(|| ps.iter()), 2);
    });
}

/// Parks in the driver, like a worker, and returns the order; or `None` if a timer is due.
fn drive(driver: &std::sync::Arc<Driver>, me: &Parker, timers: &Timers) -> Option<Order> {
    assert!(driver.enter());
    // Time does not pass here. So a timer that is set counts as due.
    let order = me.drive(driver, &Clock::new(), &mut Vec::new(), || match timers.prune() {
        NEVER => NEVER,
        _ => 0,
    });
    driver.leave();
    order
}

/// One thread waits in the driver while another sets a timer: the thread does not wait without end.
#[test]
fn rt_drive_against_timer() {
    model("rt_drive_against_timer", Some(3), || {
        let (driver, timers) =
            (std::sync::Arc::new(Driver::new()), std::sync::Arc::new(Timers::new()));
        let watch = Watch::new();
        let sleeper = {
            let (driver, timers) = (std::sync::Arc::clone(&driver), std::sync::Arc::clone(&timers));
            thread::spawn(move || drive(&driver, &Parker::new(), &timers))
        };
        let (_, first) = timers.set(1, Waker::noop()).expect("not stopped");
        assert!(first);
        hurry(&driver, &watch, 1);
        // Without the wake-up, `join` would never return.
        assert!(sleeper.join().unwrap().is_none());
    });
}

/// One thread waits in the driver, with a timer that is not due, while another submits from outside:
/// the thread gets its order.
#[test]
fn rt_drive_against_inject() {
    model("rt_drive_against_inject", Some(3), || {
        let sched = Arc::new(Sched::new(1, 1, 0));
        let driver = std::sync::Arc::new(Driver::new());
        let first = sched.wake_one().expect("a worker is woken");
        sched.give_up_spinning();
        let worker = {
            let (sched, driver) = (Arc::clone(&sched), std::sync::Arc::clone(&driver));
            thread::spawn(move || {
                let me = std::sync::Arc::new(Parker::new());
                // SAFETY: this thread's P, which has no tasks.
                match unsafe { sched.park(sched.p(first.p), &me, false) } {
                    Parked::Found(task) => Task::run(task),
                    _ => {
                        assert!(driver.enter());
                        let order = me.drive(&driver, &Clock::new(), &mut Vec::new(), || NEVER - 1);
                        driver.leave();
                        let Some(Order::Run(p)) = order else { panic!("no timer is due") };
                        serve(&sched, p)
                    }
                }
            })
        };
        launch(sched.inject([Task::create()]).unwrap_or_else(|_| panic!("not stopped")));
        // Without the wake-up, `join` would never return.
        assert_eq!(worker.join().unwrap(), 1);
    });
}

/// The only worker parks while the thread in the driver, for which a timer is due, finds that it gets no
/// P: one of the two is in the driver when both sleep.
#[test]
fn rt_drive_without_a_p_against_park() {
    model("rt_drive_without_a_p_against_park", Some(3), || {
        let sched = Arc::new(Sched::new(2, 2, 0));
        let (driver, watch) = (Arc::new(Driver::new()), Watch::new());
        let [worker, drives] = [(); 2].map(|()| {
            let launch = sched.wake_one().expect("a worker is woken");
            sched.give_up_spinning();
            launch.p
        });
        let me = std::sync::Arc::new(Parker::new());
        // SAFETY: this thread's P, which has no tasks.
        assert!(matches!(unsafe { sched.park(sched.p(drives), &me, false) }, Parked::Asleep));
        assert!(driver.enter());
        let (surplus, launch) = sched.resize(1, || true);
        assert!(surplus.is_empty() && launch.is_none());
        let parks = {
            let (sched, driver) = (Arc::clone(&sched), Arc::clone(&driver));
            thread::spawn(move || {
                let me = std::sync::Arc::new(Parker::new());
                // SAFETY: this thread's P, which has no tasks.
                let parked = unsafe { sched.park(sched.p(worker), &me, false) };
                assert!(!matches!(parked, Parked::Found(_)));
                assert!(sched.look_again(&me).is_none(), "there are no tasks");
                driver.enter()
            })
        };
        let gets_p = sched.rise_for_timer(&me).is_some();
        leave_driver(&driver, &watch);
        let again = !gets_p && enter_again(&driver, &sched);
        let enters = parks.join().unwrap();
        assert!(gets_p || again || enters, "no thread is in the driver");
        assert!(!(again && enters), "two threads are");
    });
}

/// A timer is set, elsewhere than on a worker, while the thread in the driver leaves it and sysmon
/// falls asleep: sysmon sees the timer, or is woken.
#[test]
fn rt_timer_against_idle_and_leave() {
    model("rt_timer_against_idle_and_leave", Some(3), || {
        let (driver, timers) = (Arc::new(Driver::new()), std::sync::Arc::new(Timers::new()));
        let watch = Arc::new(Watch::new());
        assert!(driver.enter());
        driver.begin_wait(|| NEVER);
        let sysmon = {
            let (driver, watch) = (Arc::clone(&driver), Arc::clone(&watch));
            let timers = std::sync::Arc::clone(&timers);
            thread::spawn(move || {
                watch.try_idle(|| true);
                if driver.is_occupied() { NEVER } else { timers.first() }
            })
        };
        let leaver = {
            let (driver, watch) = (Arc::clone(&driver), Arc::clone(&watch));
            thread::spawn(move || {
                leave_driver(&driver, &watch);
            })
        };
        timers.set(1, Waker::noop()).expect("not stopped");
        hurry(&driver, &watch, 1);
        let seen = sysmon.join().unwrap();
        leaver.join().unwrap();
        assert!(seen == 1 || watch.is_woken(), "no thread waits for the timer");
        if seen != 1 {
            // The woken sysmon looks again.
            watch.try_idle(|| true);
            assert!(!driver.is_occupied() && timers.first() == 1);
        }
    });
}

/// A future in `block_on` is woken: its next poll sees the writes before the wake.
#[test]
fn rt_block_on_against_wake() {
    struct Shared(loom::cell::UnsafeCell<bool>);
    // SAFETY: the model checks that accesses do not overlap.
    unsafe impl Sync for Shared {}
    // SAFETY: as above.
    unsafe impl Send for Shared {}

    model("rt_block_on_against_wake", None, || {
        let shared = Arc::new(Shared(loom::cell::UnsafeCell::new(false)));
        let mut other = None;
        block_on(std::future::poll_fn(|cx| {
            if other.is_none() {
                let (shared, waker) = (Arc::clone(&shared), cx.waker().clone());
                other = Some(thread::spawn(move || {
                    // SAFETY: the checker reports accesses without an order.
                    shared.0.with_mut(|done| unsafe { *done = true });
                    waker.wake();
                }));
                return Poll::Pending;
            }
            // SAFETY: as above.
            assert!(shared.0.with(|done| unsafe { *done }));
            Poll::Ready(())
        }));
        other.take().unwrap().join().unwrap();
    });
}

/// A task of a list, which its last user frees: the cell is written when it ends.
struct Listed(loom::cell::UnsafeCell<usize>);

impl Listed {
    fn create() -> NonNull<()> {
        let task = Box::new(Self(loom::cell::UnsafeCell::new(0)));
        // SAFETY: no other thread has the task yet.
        task.0.with_mut(|uses| unsafe { *uses = 1 });
        NonNull::from(Box::leak(task)).cast()
    }

    /// Uses the task, as a thread that counts a reference.
    fn look(task: NonNull<()>) -> usize {
        // SAFETY: from `create`; the checker reports a look without an order.
        let task = unsafe { task.cast::<Self>().as_ref() };
        // SAFETY: as above.
        task.0.with(|uses| unsafe { *uses })
    }

    /// Ends the task's life. Leaked until the model ends, so that the checker reports later looks.
    fn end(task: NonNull<()>) {
        // SAFETY: as above.
        let task = unsafe { task.cast::<Self>().as_ref() };
        // SAFETY: as above.
        task.0.with_mut(|uses| unsafe { *uses = 2 });
    }
}

/// A place that another thread may use: a slot, or a task.
struct Foreign<T>(NonNull<T>);
// SAFETY: what it leads to may be used by any thread.
unsafe impl<T> Send for Foreign<T> {}

/// A task ends while the runtime's end visits it: the visitor uses it only before it has ended.
#[test]
fn rt_task_visit_against_end() {
    model("rt_task_visit_against_end", Some(3), || {
        let list = Arc::new(Owned::new());
        let visitor = {
            let list = Arc::clone(&list);
            thread::spawn(move || list.visit(Listed::look, |uses| assert_eq!(uses, 1)))
        };
        // SAFETY: this thread is the owner.
        let slot = unsafe { list.reserve() };
        let task = Listed::create();
        // SAFETY: the slot stays until it is freed.
        unsafe { slot.as_ref() }.fill(task);
        let ender = {
            let (slot, task) = (Foreign(slot), Foreign(task));
            thread::spawn(move || {
                let (slot, task) = (slot, task);
                // SAFETY: as above.
                assert_eq!(unsafe { slot.0.as_ref() }.free(), Some(task.0));
                Listed::end(task.0);
            })
        };
        ender.join().unwrap();
        visitor.join().unwrap();
        assert!(list.is_empty());
    });
}

/// Tasks come and go, and the list is trimmed, while another task waits: a visit finds that one.
#[test]
fn rt_task_list_against_trim() {
    model("rt_task_list_against_trim", Some(2), || {
        let list = Arc::new(Owned::new());
        let add = || {
            // SAFETY: this thread is the owner.
            let slot = unsafe { list.reserve() };
            // SAFETY: the slot stays until it is freed.
            unsafe { slot.as_ref() }.fill(Listed::create());
            slot
        };
        let first: Vec<_> = (0..SLOTS).map(|_| Foreign(add())).collect();
        let ender = thread::spawn(move || {
            // SAFETY: as above.
            first.into_iter().for_each(|slot| _ = unsafe { slot.0.as_ref() }.free());
        });
        let trimmer = {
            let list = Arc::clone(&list);
            thread::spawn(move || list.trim())
        };
        add();
        ender.join().unwrap();
        trimmer.join().unwrap();
        let mut found = 0;
        list.visit(Listed::look, |uses| found += uses);
        assert_eq!(found, 1, "the task that waits is lost");
    });
}

/// Sysmon looks for the name of the task that is polled while that poll ends and the next begins: it finds
/// no name of another poll.
#[test]
fn rt_name_against_the_next_poll() {
    model("rt_name_against_the_next_poll", None, || {
        let p = Arc::new(P::new(0));
        let sysmon = {
            let p = Arc::clone(&p);
            thread::spawn(move || {
                let tick = p.tick();
                let found = p.task_name(tick);
                let names = ["none", "one", "two"];
                assert!(found.is_none_or(|name| name == names[tick.polls()]), "another task's");
            })
        };
        for name in ["one", "two"] {
            p.begin_poll();
            p.set_task_name(Some(name));
            p.set_task_name(None);
        }
        sysmon.join().unwrap();
    });
}
