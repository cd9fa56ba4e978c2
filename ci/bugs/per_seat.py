"""Bugs in `src/per_seat`."""
from .planted import bug


# per_seat/per_seat.rs

bug("value of another seat", "seat.id", "seat.id / 2",
    tests="--test it per_seat_values_of_threads_share")


# per_seat/values.rs

bug("table of values published without release", "Release", "Relaxed",
    models="per_seat_first_uses")

bug("replaced table of values leaked", ".store(old, Relaxed)", ".store(NO_TABLE, Relaxed)",
    miri="user")

bug("value borrowed twice", "compare_exchange(false, true, Acquire, Relaxed).is_ok()", "swap(true, Acquire) || true",
    models="per_seat_without_seats", tests="--test it per_seat_values_are_borrowed")

bug("borrowed value seen without acquire", "Acquire", "Relaxed",
    models="per_seat_without_seats")

bug("borrowed value given back without release", "Release", "Relaxed",
    models="per_seat_without_seats")
