//! Values for seats, and what users may know of their seat.

pub(crate) mod values;

pub(crate) mod per_seat;

pub(crate) mod with_seat;
