//! Other crates on corepool's runtime and sockets: see `tests`.
