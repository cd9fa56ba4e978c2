//! The pools of other crates, rebuilt on corepool as modules with the same interface: what they are
//! worth, in lines and in speed.
//!
//! ```console
//! $ cargo test --example swaps                     # both behave alike
//! $ cargo run --release --example swaps            # the tables, in a minute or two
//! $ cargo run --release --example swaps -- --quick # a few samples only
//! ```

mod contestants;
mod hash;
mod lines;
mod measure;
mod site;
#[cfg(test)]
mod tests;

// The interfaces are whole, so some of their items have no use here.
#[allow(dead_code)]
mod lockfree_object_pool;
#[allow(dead_code)]
mod metrics_tracing_context;
#[allow(dead_code)]
mod poolshark;
#[allow(dead_code)]
mod regex_automata;
#[allow(dead_code)]
mod zopfli;

fn main() {
    let effort = measure::Effort::from_args();
    lines::print();
    contestants::print(effort);
}
