//! The runtime.

mod smoke;
