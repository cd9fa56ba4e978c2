//! Events for the crate `tracing`. Without the feature `tracing`, the functions do nothing.
//!
//! A subscriber is foreign code: it may use pools. So an event is emitted where nothing is pinned, claimed or
//! locked. What happens elsewhere is noted, and emitted at the end of the call.

#[cfg(feature = "tracing")]
mod events;

#[cfg(not(feature = "tracing"))]
mod nothing;

#[cfg(feature = "tracing")]
pub(crate) use events::*;
#[cfg(not(feature = "tracing"))]
pub(crate) use nothing::*;
