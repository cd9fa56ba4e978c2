//! The same programs, with the published crate and with the module that takes its place. They assert
//! what the crate's documentation promises, and what its own tests expect.

mod lockfree_object_pool;
mod metrics_tracing_context;
mod poolshark;
mod regex_automata;
mod zopfli;

/// Runs a test of `module` on another thread, to have pools that no other test uses.
fn on_a_thread<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| scope.spawn(f).join().unwrap())
}
