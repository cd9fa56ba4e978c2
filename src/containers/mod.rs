//! The data structures that hold objects, one in each file, and the bounds on their number and
//! weight.

pub(crate) mod cell;

pub(crate) mod ring;

pub(crate) mod chain;

pub(crate) mod shelf;

pub(crate) mod stock;

pub(crate) mod occupancy;

pub(crate) mod quota;

pub(crate) mod weight;

pub(crate) mod add_only;

pub(crate) mod pointer_table;
