//! Addresses of sockets.
//!
//! To find the address that the name of a host stands for, the system's resolver is asked, which may
//! take long: then another worker goes on. To find any other address takes next to no time, and
//! nothing here can tell the two apart.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
};

use crate::rt::task::seldom_blocking::seldom_blocking;

/// Returns the addresses that `of` stands for.
pub(crate) fn resolve(of: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    let addresses: Vec<_> = seldom_blocking(|| of.to_socket_addrs().map(Iterator::collect))?;
    if addresses.is_empty() { Err(no_address()) } else { Ok(addresses) }
}

/// Returns the first of the addresses that `of` stands for.
#[inline]
pub(crate) fn resolve_one(of: impl ToSocketAddrs) -> io::Result<SocketAddr> {
    let first = seldom_blocking(|| of.to_socket_addrs().map(|mut addresses| addresses.next()))?;
    first.ok_or_else(no_address)
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
