//! A socket that outlives its runtime.

use std::thread::{self, JoinHandle};

use corepool::rt::{Runtime, net::TcpListener};

/// Starts a thread that waits on a socket until the runtime ends. Nobody connects.
pub fn start(runtime: &Runtime) -> JoinHandle<()> {
    let handle = runtime.handle().clone();
    let listener = handle.block_on(async { TcpListener::bind("127.0.0.1:0") }).expect("a port");
    thread::spawn(move || {
        let result = handle.block_on(listener.accept());
        assert!(result.is_err(), "a socket of a runtime that has ended: {result:?}");
        assert!(listener.try_accept().is_err_and(|error| error.to_string().contains("ended")));
    })
}
