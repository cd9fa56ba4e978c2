//! Other crates on corepool's runtime and sockets. Here are the examples of the guide, as tests.
//!
#![doc = include_str!("../../../docs/other-crates.md")]
