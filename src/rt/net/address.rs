//! Addresses of sockets.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
};

use crate::rt::task::blocking::blocking;

/// Returns the addresses that `of` stands for. If it is the name of a host, this asks the system's
/// resolver, which may take long: another worker goes on meanwhile.
pub(crate) fn resolve(of: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    let addresses: Vec<_> = blocking(|| of.to_socket_addrs().map(Iterator::collect))?;
    if addresses.is_empty() { Err(no_address()) } else { Ok(addresses) }
}

/// Calls `f` with one address after the other until it succeeds. Returns the last error if it does
/// for none.
pub(crate) fn first<R>(
    of: impl ToSocketAddrs,
    mut f: impl FnMut(SocketAddr) -> io::Result<R>,
) -> io::Result<R> {
    let mut last = Err(no_address());
    for address in resolve(of)? {
        last = f(address);
        if last.is_ok() {
            break;
        }
    }
    last
}

pub(crate) fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "the name stands for no address")
}
