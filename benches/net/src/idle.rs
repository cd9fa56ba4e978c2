//! The memory of idle connections.

use std::io;

use crate::{
    client,
    process::{Server, Spec},
};

/// Exchanges before the measurement, so that it does not count what a server makes once.
const WARM_UP: usize = 200;

/// Returns the bytes of the server's resident memory for each of `connections` connections that wait
/// for their second request.
pub(crate) fn bytes(spec: Spec<'_>, connections: usize) -> io::Result<usize> {
    let server = Server::start(spec)?;
    for _ in 0..WARM_UP {
        client::open(server.address, spec.kind)?;
    }
    let before = server.resident()?;
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(client::open(server.address, spec.kind)?);
    }
    let after = server.resident()?;
    // All are there.
    for stream in &mut open {
        client::exchange(stream, spec.kind)?;
    }
    Ok(after.saturating_sub(before) / connections)
}
