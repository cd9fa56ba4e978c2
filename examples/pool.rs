//! A pool of buffers in a `static`.
//!
//! ```console
//! $ cargo run --example pool
//! ```

use std::io::{self, Write};

use corepool::Pool;

static BUFFERS: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));

fn main() -> io::Result<()> {
    for number in 1..=3 {
        let mut buffer = BUFFERS.get(); // an idle buffer, or a new one
        buffer.clear(); // an idle buffer holds what its last user wrote
        writeln!(buffer, "message {number}")?;
        io::stdout().write_all(&buffer)?;
    } // dropping the guard returns the buffer to the pool
    let stats = BUFFERS.stats();
    println!("{} created, {} hits, {} idle", stats.created, stats.hits, stats.idle);
    Ok(())
}
