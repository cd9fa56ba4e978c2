//! Sockets.

#![allow(dead_code, reason = "the sockets come next")]

pub(crate) mod forks;

pub(crate) mod readiness;

pub(crate) mod sources;

pub(crate) mod poller;

pub(crate) mod lazy;

pub(crate) mod driver;
