//! What a task is to do, and what the tasks of one runtime share.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use crate::{counts::Counts, dice::Dice};

/// The most connections of one runtime. Each takes two descriptors.
const CONNECTIONS: usize = 100;

/// What the tasks of one runtime share.
#[derive(Debug)]
pub struct Place {
    pub counts: Arc<Counts>,
    /// The address of the server. `None` in a runtime without sockets.
    pub server: Option<SocketAddr>,
    stop: AtomicBool,
    connections: AtomicUsize,
}

impl Place {
    pub fn new(server: Option<SocketAddr>) -> Arc<Self> {
        let (stop, connections) = (AtomicBool::new(false), AtomicUsize::new(0));
        Arc::new(Self { counts: Counts::new(), server, stop, connections })
    }

    /// From now on, the runtime may be stopping.
    pub fn stop(&self) {
        self.stop.store(true, SeqCst);
    }

    /// Whether the runtime may be stopping, even during this poll.
    pub fn is_over(&self) -> bool {
        self.stop.load(SeqCst)
    }

    /// Returns the result of an operation that fails only if the runtime ends.
    pub fn expect<T>(&self, what: &str, result: io::Result<T>) -> Option<T> {
        result.inspect_err(|error| assert!(self.is_over(), "{what}: {error}")).ok()
    }
}

/// A task's order. The task returns, or panics with, its name.
pub struct Order {
    pub name: u64,
    pub depth: u32,
    pub dice: Dice,
    pub place: Arc<Place>,
}

impl Order {
    pub fn new(dice: &mut Dice, depth: u32, place: &Arc<Place>) -> Self {
        Self { name: dice.below(u64::MAX), depth, dice: dice.split(), place: Arc::clone(place) }
    }

    pub fn is_over(&self) -> bool {
        self.place.is_over()
    }
}

/// One of the connections that there may be.
pub struct Permit(Arc<Place>);

impl Permit {
    /// Returns `None` if there are too many connections.
    pub fn take(place: &Arc<Place>) -> Option<Self> {
        let permit = Self(Arc::clone(place));
        (place.connections.fetch_add(1, SeqCst) < CONNECTIONS).then_some(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, SeqCst);
    }
}
