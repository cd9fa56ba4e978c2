//! The workloads.

mod alone;
mod list;
mod passing;
mod ring;
mod values;

pub use list::{Made, WORKLOADS, Workload};

use crate::clock::{Plan, Sample};

/// A peer that can do a workload.
pub struct Entry {
    pub peer: &'static str,
    pub measure: fn(&Plan) -> Sample,
}
