//! A pool for each type.

use std::{
    any::{Any, TypeId},
    collections::BTreeMap,
    sync::Mutex,
};

use super::{checker::unseen, pool::Pool};

/// A pool of any type.
type AnyPool = &'static (dyn Any + Send + Sync);

/// Returns the pool of the type `T`, which makes its objects by [`Default`]. It is used like a `static`.
pub fn of<T: Default + Send + 'static>() -> &'static Pool<T> {
    static POOLS: Mutex<BTreeMap<TypeId, AnyPool>> = Mutex::new(BTreeMap::new());
    let new = || -> AnyPool { Box::leak(Box::new(Pool::<T>::default())) };
    let pool = *unseen(&POOLS).entry(TypeId::of::<T>()).or_insert_with(new);
    pool.downcast_ref().expect("entered with its type")
}
