//! How a pool makes its objects: the trait [`Manage`].

/// How a [`Pool`](crate::Pool) makes its objects, and what it does with those that come back.
///
/// Every closure `Fn() -> T` that may be shared between threads is a manager. Implement the trait for a
/// type of your own if objects are made or reset with some state, such as a configuration.
///
/// A manager is `Sync`, because an object may come back on any thread. It is dropped with the pool, or
/// with the last of the pool's owned guards. Both methods may block, panic, and use the same pool: no
/// lock is held while they run.
///
/// # Examples
///
/// ```
/// use corepool::{Manage, Pool};
///
/// struct Buffers {
///     capacity: usize,
/// }
///
/// impl Manage<Vec<u8>> for Buffers {
///     fn create(&self) -> Vec<u8> {
///         Vec::with_capacity(self.capacity)
///     }
///
///     fn recycle(&self, buffer: &mut Vec<u8>) -> bool {
///         buffer.clear();
///         buffer.capacity() <= 4 * self.capacity
///     }
/// }
///
/// struct Server {
///     buffers: Pool<Vec<u8>, Buffers>,
/// }
///
/// let server = Server { buffers: Pool::new(Buffers { capacity: 1024 }) };
/// server.buffers.get().push(1);
/// assert!(server.buffers.get().is_empty());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not make objects of type `{T}` for a pool",
    label = "this is no manager of `{T}`",
    note = "a manager is a closure `Fn() -> {T}` that is `Sync`, or a type that implements `Manage<{T}>`"
)]
pub trait Manage<T>: Sync {
    /// Whether [`recycle`](Self::recycle) does anything. If not, objects come back faster, because it
    /// is never called.
    const RECYCLES: bool = true;

    /// Makes an object.
    ///
    /// If it panics, the pool is not affected.
    fn create(&self) -> T;

    /// Resets an object that comes back, when a guard is dropped or in [`put`](crate::Pool::put).
    /// Returns whether the pool should keep it; if not, the object is dropped.
    ///
    /// It does not run on the object of a guard that a panic drops, or whose pool is gone, since such
    /// an object is always dropped. If it panics, the object is dropped.
    fn recycle(&self, object: &mut T) -> bool {
        let _ = object;
        true
    }
}

impl<T, F: Fn() -> T + Sync> Manage<T> for F {
    const RECYCLES: bool = false;

    fn create(&self) -> T {
        self()
    }
}
