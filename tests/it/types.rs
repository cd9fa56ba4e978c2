//! Auto traits of the public types. `compile_fail.md` has the programs that must not compile.

use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::{Arc, MutexGuard};

use corepool::{OwnedPooled, Pool, Pooled, Stats};

/// Whether a type has a trait: the inherent constant wins where it applies.
macro_rules! has {
    ($type:ty, $bound:path) => {{
        #[allow(dead_code)]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<T> Otherwise for Probe<T> {}
        struct Probe<T>(std::marker::PhantomData<T>);
        #[allow(dead_code)]
        impl<T: $bound> Probe<T> {
            const HAS: bool = true;
        }
        Probe::<$type>::HAS
    }};
}

macro_rules! send_sync {
    ($type:ty) => {
        (has!($type, Send), has!($type, Sync))
    };
}

macro_rules! unwind {
    ($type:ty) => {
        (has!($type, UnwindSafe), has!($type, RefUnwindSafe))
    };
}

/// Calls a macro with types of objects and of `create` that have different auto traits.
macro_rules! for_all {
    ($check:ident) => {
        for_all!($check: u32, Cell<u8>, Rc<u8>, MutexGuard<'static, u8>, &'static mut u8, &'static Cell<u8>);
    };
    ($check:ident: $($object:ty),*) => {
        $(
            $check!($object, fn() -> $object);
            $check!($object, Box<Plain<$object>>);
            $check!($object, Box<Sending<$object>>);
            $check!($object, Box<Synced<$object>>);
            $check!($object, Box<Shared<$object>>);
            $check!($object, Box<Brave<$object>>);
        )*
    };
}

type Plain<T> = dyn Fn() -> T;
type Sending<T> = dyn Fn() -> T + Send;
type Synced<T> = dyn Fn() -> T + Sync;
type Shared<T> = dyn Fn() -> T + Send + Sync;
type Brave<T> = dyn Fn() -> T + UnwindSafe + RefUnwindSafe;

/// A pool shares objects by sending them from thread to thread. A guard uses the manager, which is
/// `Sync`, but does not hold it.
#[test]
fn send_and_sync_follow_object_and_create() {
    macro_rules! check {
        ($T:ty, $F:ty) => {
            let ((t_send, t_sync), (f_send, f_sync)) = (send_sync!($T), send_sync!($F));
            assert_eq!(send_sync!(Pool<$T, $F>), (t_send && f_send, t_send && f_sync));
            assert_eq!(send_sync!(Pooled<'static, $T>), (t_send, t_send && t_sync));
            assert_eq!(send_sync!(OwnedPooled<$T>), (t_send, t_send && t_sync));
        };
    }
    for_all!(check);
}

/// A pool is as unwind safe as its `create`, because objects that a panic has touched are not
/// handed out again. A guard is also as unwind safe as its object.
#[test]
fn unwind_safety_follows_object_and_create() {
    macro_rules! check {
        ($T:ty, $F:ty) => {
            let ((t, t_ref), (f, f_ref)) = (unwind!($T), unwind!($F));
            assert_eq!(unwind!(Pool<$T, $F>), (f, f_ref));
            assert_eq!(unwind!(Arc<Pool<$T, $F>>), (f_ref, f_ref));
            assert_eq!(unwind!(Pooled<'static, $T>), (t, t_ref));
            assert_eq!(unwind!(OwnedPooled<$T>), (t, t_ref));
        };
    }
    for_all!(check);
}

#[test]
fn a_pool_is_shared_whenever_its_objects_can_be_sent() {
    assert_eq!(send_sync!(Pool<Vec<u8>>), (true, true));
    assert_eq!(send_sync!(Pool<Cell<u8>>), (true, true));
    assert_eq!(send_sync!(Pool<Box<dyn Send>>), (true, true));
    assert_eq!(send_sync!(Pool<Rc<u8>>), (false, false));
    assert_eq!(send_sync!(Pool<MutexGuard<'static, u8>>), (false, false));
    assert_eq!(send_sync!(Pool<*const u8>), (false, false));
}

#[test]
fn a_pool_is_as_shared_as_its_create() {
    assert_eq!(send_sync!(Pool<u32, Box<Shared<u32>>>), (true, true));
    assert_eq!(send_sync!(Pool<u32, Box<Sending<u32>>>), (true, false));
    assert_eq!(send_sync!(Pool<u32, Box<Plain<u32>>>), (false, false));
}

#[test]
fn a_guard_is_send_and_sync_as_its_object_is() {
    assert_eq!(send_sync!(Pooled<'static, Vec<u8>>), (true, true));
    assert_eq!(send_sync!(OwnedPooled<Vec<u8>>), (true, true));
    assert_eq!(send_sync!(Pooled<'static, Cell<u8>>), (true, false));
    assert_eq!(send_sync!(OwnedPooled<Cell<u8>>), (true, false));
    assert_eq!(send_sync!(Pooled<'static, Box<dyn Send>>), (true, false));
}

#[test]
fn common_pools_and_guards_are_unwind_safe() {
    assert_eq!(unwind!(Pool<Vec<u8>>), (true, true));
    assert_eq!(unwind!(Pool<Cell<u8>>), (true, true));
    assert_eq!(unwind!(Arc<Pool<Vec<u8>>>), (true, true));
    assert_eq!(unwind!(Pooled<'static, Vec<u8>>), (true, true));
    assert_eq!(unwind!(OwnedPooled<Vec<u8>>), (true, true));
    assert_eq!(unwind!(Stats), (true, true));
}

#[test]
fn pools_and_guards_are_unpin_and_not_clone() {
    let cloned =
        [has!(Pool<u32>, Clone), has!(Pooled<'static, u32>, Clone), has!(OwnedPooled<u32>, Clone)];
    assert_eq!(cloned, [false; 3]);
    let free = [
        has!(Pool<u32>, Unpin),
        has!(Pooled<'static, u32>, Unpin),
        has!(OwnedPooled<u32>, Unpin),
        has!(Stats, Unpin),
    ];
    assert_eq!(free, [true; 4]);
}

#[test]
fn stats_are_send_sync_and_clone() {
    assert_eq!(send_sync!(Stats), (true, true));
    let derived = [has!(Stats, Clone), has!(Stats, Default), has!(Stats, std::fmt::Debug)];
    assert_eq!(derived, [true; 3]);
}

/// The probe distinguishes types with the trait from types without it.
#[test]
fn the_probe_tells_auto_traits_apart() {
    assert_eq!(send_sync!(u8), (true, true));
    assert_eq!(send_sync!(Cell<u8>), (true, false));
    assert_eq!(send_sync!(MutexGuard<'static, u8>), (false, true));
    assert_eq!(send_sync!(Rc<u8>), (false, false));
    assert_eq!(send_sync!(Box<Sending<u8>>), (true, false));
    assert_eq!(send_sync!(Box<Synced<u8>>), (false, true));
    assert_eq!(unwind!(u8), (true, true));
    assert_eq!(unwind!(Cell<u8>), (true, false));
    assert_eq!(unwind!(&'static mut u8), (false, true));
    assert_eq!(unwind!(&'static Cell<u8>), (false, false));
    assert_eq!(unwind!(Box<Shared<u8>>), (false, false));
    assert_eq!(unwind!(Box<Brave<u8>>), (true, true));
}
