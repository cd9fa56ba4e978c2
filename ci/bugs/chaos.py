"""Bugs in `src/chaos`, and in what pools do in chaos mode."""
from .planted import bug


def planted(name, old, new, test):
    bug(name, old, new, tests=f"--features chaos --test chaos {test}")


# chaos/block.rs

planted("change of filled memory overlooked", "bytes[0] == self.fill &&", "true ||",
        "misuse::a_write_after_a_guard")


# chaos/run.rs

planted("all threads decide alike", "name.bytes()", '"".bytes()',
        "decisions::the_name_of_a_thread")


# chaos/dice.rs

planted("thread keeps its place in a new run", "place.run == run::number()", "place.run != 0",
        "decisions::one_seed")


# chaos/ledger.rs

planted("second way back overlooked", "State::Idle(_) | State::Gone", "State::Idle(_)",
        "misuse::a_guard_that_is_dropped_twice")

planted("second guard overlooked", "Some(Misuse::Held { by })", "None",
        "misuse::a_pointer_that_becomes_two_guards")

planted("guard of another pool's object", "entry.pool != self.id", "false",
        "misuse::a_pointer_that_comes_back_to_another_pool")


# chaos/hooks.rs

planted("memory of a pool that has ended kept", "self.ledger().end();", "",
        "memory::")


# containers/shelf.rs

planted("objects found in order", "random.checked_rem", "0_usize.checked_rem",
        "decisions::any_idle_object")


# buffer/classes.rs

planted("chaos mode spoils what was wiped", "if wipes", "if false",
        "buffers::wiped")


# buffer/guard.rs

planted("short bytes are copied in chaos mode", "chaos_mode::on().is_some()", "false",
        "buffers::a_write_after_short_bytes")


# pool/pool.rs

planted("hit in chaos mode", "chaos_mode::may_be_on()", "false",
        "off::a_seed_ends_the_hits")

planted("owned hit in chaos mode", "chaos_mode::may_be_on()", "false",
        "off::a_seed_ends_the_hits")


# pool/return_to.rs

planted("object kept by its own thread in chaos mode", "chaos_mode::may_be_on()", "false",
        "off::a_write_after_a_guard")


# pool/values.rs

planted("hit by value in chaos mode", "chaos_mode::may_be_on()", "false",
        "off::a_seed_ends_the_hits")

planted("value kept by its own thread in chaos mode", "chaos_mode::may_be_on()", "false",
        "off::a_seed_ends_the_puts")


# pool/chaos.rs

planted("search of a caller that creates nothing gives up", "effort == Effort::Modest &&", "",
        "promises::what_is_idle")

planted("scoped pool ages at random", "self.is_collected &&", "",
        "promises::scoped_pools")

planted("change of an idle object overlooked", "known.fingerprint.is_none() ||", "true ||",
        "misuse::an_idle_object_that_changes")

planted("no value is dropped", "dice::one_in(DROPS)", "false",
        "decisions::one_put_in_four")

planted("no object is spoilt", "self.chaos.options.poison", "self.chaos.options.poison.filter(|_| false)",
        "misuse::an_object_that_is_not_reset")

planted("buffers of idle objects stay where they are", "rehouse(object)", "None.filter(|_| rehouse(object).is_some())",
        "misuse::a_write_to_the_buffer")

planted("memory of an object that moved freed at once", "self.keep(old);", "drop(old);",
        "misuse::a_write_that_the_end_of_the_pool_finds")

planted("memory of a refused object freed at once", "self.retire(full, None)", "drop(full)",
        "misuse::a_write_after_an_object_was_refused")

planted("memory of a discarded object freed at once", "self.retire(full, Some(Reason::Discarded));",
        "self.drop_counted(full, Reason::Discarded);", "misuse::a_write_after_an_object_has_left")

planted("cell of a detached object reused at once", "self.keep(empty);", "self.push_empty(current(), empty);",
        "misuse::a_write_after_an_object_has_left")

planted("end of a pool reads the environment", "chaos::has_begun()", "chaos::on().is_some()",
        "off::the_end_of_a_pool")
