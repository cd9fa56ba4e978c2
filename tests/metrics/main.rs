//! `corepool::metrics`: what reaches a recorder.
#![cfg(feature = "metrics")]

mod guards;
mod pools;
mod recorder;
mod runtimes;
