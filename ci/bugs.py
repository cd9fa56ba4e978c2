"""The planted bugs: the one list that all negative controls and the matrix in DESIGN.md are made from.

Each replaces a text that must stand exactly once in a file of `src`, and names for every stage that notices it what to
run there: a model, a scenario, tests (with a word for `cargo test`), a fuzz target, or "" for all that the stage has.
"""
from typing import NamedTuple


class Bug(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    stages: dict


BUGS: list[Bug] = []


def bug(name, file, old, new, **stages):
    BUGS.append(Bug(name, file, old, new, stages))



# Rings and chains.

bug("lost publication", "ring.rs",
    "fetch_add(count << HALF, Release)",
    "fetch_add(count << HALF, Relaxed)",
    models="ring_push_against_steal", thread="--lib fences::objects_are")

bug("claim without acquire", "ring.rs",
    "compare_exchange(indices, claimed, Acquire, Relaxed)",
    "compare_exchange(indices, claimed, Relaxed, Relaxed)",
    models="ring_push_against_steal")

bug("double steal", "ring.rs",
    "let claim = self.indices.compare_exchange(indices, claimed, Acquire, Relaxed);",
    "self.indices.store(claimed, Release); self.indices.load(Acquire); let claim: Result<usize, usize> = Ok(0);",
    models="ring_pop_against_two_thieves", schedules="theft", soak="")

bug("push over a slot that is not handed back", "ring.rs",
    "if !slot.load(Relaxed).is_null() {",
    "if false {",
    models="ring_full_and_handed_back", schedules="theft")

bug("head not wrapped", "ring.rs",
    "let head = head.wrapping_sub(count) & TAIL;\n",
    "let head = head.saturating_sub(count);\n",
    models="ring_wraps", programs="random::rings")

bug("half of one too many", "ring.rs",
    "let count = len.div_ceil(2).min(into.len());",
    "let count = (len + 1).min(into.len());",
    models="ring_batches_against_half", programs="random::rings")

bug("pop without a claim", "ring.rs",
    "match ring.indices.compare_exchange_weak(indices, pack(head, tail), Relaxed, Relaxed) {",
    "ring.indices.store(pack(head, tail), Relaxed);\n            match Ok::<usize, usize>(indices) {",
    schedules="theft")

bug("indices do not wrap", "ring.rs",
    "    head.wrapping_sub(tail) & TAIL\n",
    "    head.wrapping_sub(tail)\n",
    programs="random::rings", fuzz="ring")

bug("tail runs into the head", "ring.rs",
    "head << HALF | tail & TAIL",
    "head << HALF | tail",
    programs="random::rings")

bug("thief keeps the slot", "ring.rs",
    "                    slot.store(ptr::null_mut(), Relaxed);\n"
        "                }\n"
        "                return Steal::Got(count);",
    "                }\n                return Steal::Got(count);",
    programs="random::rings", fuzz="ring")

bug("owner keeps the slot", "ring.rs",
    "                        slot.store(ptr::null_mut(), Relaxed);\n"
        "                    }\n"
        "                    return count;",
    "                    }\n                    return count;",
    programs="random::rings")

bug("ring that must have memory", "ring.rs",
    "try_slice(slots, |_| AtomicPtr::new(ptr::null_mut()))?",
    "(0..slots).map(|_| AtomicPtr::new(ptr::null_mut())).collect()",
    tests="--test no_memory growth")

bug("slot read before the claim (ABA)", "ring.rs",
    "            let claim = self.indices.compare_exchange(indices, claimed, Acquire, Relaxed);\n"
        "            if claim.is_ok() {\n"
        "                let slots = Slots(&self.slots);\n"
        "                for (i, place) in into[..count].iter_mut().enumerate() {\n"
        "                    let slot = slots.at(tail + i);\n",
    "            for (i, place) in into[..count].iter_mut().enumerate() {\n"
        "                *place = self.slot(tail + i).load(Relaxed);\n"
        "            }\n"
        "            let claim = self.indices.compare_exchange(indices, claimed, Acquire, Relaxed);\n"
        "            if claim.is_ok() {\n"
        "                let slots = Slots(&self.slots);\n"
        "                for (i, place) in into[..count].iter_mut().enumerate() {\n"
        "                    let slot = slots.at(tail + i);\n"
        "                    slot.store(ptr::null_mut(), Relaxed);\n"
        "                    continue;\n",
    models="ring_batches_against_half")

bug("next ring looked at too late", "chain.rs",
    "match ring.steal(into) {",
    "let found = ring.steal(into);\n"
        "            let next = ring.next.load(Acquire);\n"
        "            match found {",
    models="chain_grow_against_steal", schedules="theft")

bug("ring linked without release", "chain.rs",
    "link.store(new, Release);",
    "link.store(new, Relaxed);",
    models="chain_grow_against_steal")

bug("missed grace period", "chain.rs",
    "        let guard = pin();\n        // Acquire: pairs with the Release of",
    "        let mut at = self.tail.load(Acquire);\n"
        "        let guard = pin();\n"
        "        #[cfg(any())]\n"
        "        // ",
    models="chain_unlink_against_steal", schedules="theft")

bug("missed grace period, of the epochs that ship", "chain.rs",
    "        let guard = pin();\n        // Acquire: pairs with the Release of",
    "        let mut at = self.tail.load(Acquire);\n"
        "        let guard = pin();\n"
        "        #[cfg(any())]\n"
        "        // ",
    models="epochs::epochs_unlink_against_steal")

bug("counting without a grace period", "chain.rs",
    "let _guard = pin();",
    "",
    models="chain_counted_while_it_is_unlinked")

bug("early free", "chain.rs",
    "            match self.tail.compare_exchange(at, next, Release, Acquire) {",
    "            unsafe { guard.retire(at) };\n"
        "            match self.tail.compare_exchange(at, next, Release, Acquire) {",
    models="chain_unlink_against_steal", schedules="theft")

bug("ring shrunk away while it is not alone", "chain.rs",
    "Steal::Empty if next.is_null() => return Steal::Empty,",
    "Steal::Empty if next.is_null() => { unsafe { guard.retire(at) }; return Steal::Empty }",
    models="chain_shrink_against_steal")

bug("rings do not double", "chain.rs",
    "let slots = ring.slots() * 2;",
    "let slots = ring.slots();",
    programs="random::chains")

bug("a ring with something in it is unlinked", "chain.rs",
    "                found => return found,\n",
    "                found if next.is_null() => return found,\n                _ => {}\n",
    programs="random::chains", fuzz="chain")

bug("shrunk though not alone", "chain.rs",
    "if ring.is_null() || !self.is_alone() {",
    "if ring.is_null() {",
    programs="random::chains")

bug("rings left behind", "chain.rs",
    "let ring = unsafe { Box::from_raw(at) };\n            at",
    "let ring = unsafe { &*at };\n            at",
    address="--lib white_box::chain::", memcheck="--lib white_box::chain::")

bug("ring freed at once", "reclaim.rs",
    "unsafe { self.0.defer_unchecked(move || free(Box::from_raw(ring))) };",
    "free(unsafe { Box::from_raw(ring) });",
    tests="--lib stopped", soak="", address="--lib white_box", memcheck="--lib thieves::chain")

# Seats and fences.

bug("missing light fence", "seat.rs",
    "        self.token.light();\n",
    "",
    models="pin_asymmetric")

bug("missing symmetric fence, owner", "seat.rs",
    "            fence(SeqCst);\n",
    "            let _ = (fence, SeqCst);\n",
    models="pin_symmetric")

bug("unpin without release", "seat.rs",
    "self.0.pinned.store(false, Release);",
    "self.0.pinned.store(false, Relaxed);",
    models="pin_asymmetric", thread="--lib fences::objects_are")

bug("claim does not see the unpin", "seat.rs",
    "let reached = !self.pinned.load(Acquire);",
    "let reached = !self.pinned.load(Relaxed);",
    models="pin_asymmetric")

bug("gate opened without release", "seat.rs",
    "self.gate.fetch_and(FENCED | keep, Release);",
    "self.gate.fetch_and(FENCED | keep, Relaxed);",
    models="pin_asymmetric", thread="--lib fences::objects_are")

bug("gate read without acquire", "seat.rs",
    "(self.gate.load(Acquire) == OPEN)",
    "(self.gate.load(Relaxed) == OPEN)",
    models="pin_asymmetric")

bug("gate read without acquire, after a fence", "seat.rs",
    "if self.gate.load(Acquire) & !FENCED == OPEN {",
    "if self.gate.load(Relaxed) & !FENCED == OPEN {",
    models="pin_symmetric")

bug("notice of a claim that is over", "seat.rs",
    "(gate & CLAIMED != 0).then_some(gate | SEEN)",
    "Some(gate | SEEN)",
    models="pin_seen")

bug("notice without release", "seat.rs",
    "fetch_update(Release, Relaxed, seen)",
    "fetch_update(Relaxed, Relaxed, seen)",
    models="pin_seen")

bug("notice read without acquire", "seat.rs",
    "self.gate.load(Acquire) & SEEN != 0",
    "self.gate.load(Relaxed) & SEEN != 0",
    models="pin_seen")

bug("notice of one believed of all", "seats.rs",
    "self.vacant.is_taken(seat.id)).all(",
    "self.vacant.is_taken(seat.id)).any(",
    models="pin_asymmetric")

bug("notice waited for without end", "seats.rs",
    "                looks -= 1;\n",
    "",
    tests="--test it a_collect_does_not_wait_for_idle_threads")

bug("late seat used", "seat.rs",
    "if !reached {\n            self.gate",
    "if false {\n            self.gate",
    models="pin_late_asymmetric", schedules="stall", fuzz="pool", tests="--lib stopped", soak="")

bug("late mark forgotten", "seat.rs",
    "self.open(if all && self.is_reached() { 0 } else { LATE });",
    "let _ = all; self.open(0);",
    models="pin_late_asymmetric", schedules="stall", programs="random::pools", tests="--lib stopped")

bug("late mark lost to a trim", "seat.rs",
    "if all && self.is_reached() { 0 } else { LATE }",
    "if self.is_reached() { 0 } else { LATE }",
    models="late_after_a_trim", schedules="stall", programs="random::pools")

bug("late seat used by its owner", "seat.rs",
    "if self.gate.load(Acquire) & !FENCED == OPEN {",
    "if self.gate.load(Acquire) & CLAIMED == 0 {",
    schedules="stall")

bug("seat wanted when thread-locals are gone", "seat.rs",
    "TENANCY.try_with(|_| ()).ok()?;",
    "TENANCY.with(|_| ());",
    tests="--test process exits")

bug("collector that waits for ever", "seat.rs",
    "(0..PATIENCE).any(",
    "(0..usize::MAX).any(",
    tests="--lib stopped")

bug("seat given back before it is vacated", "seat.rs",
    "            crate::collect::vacate(seat);\n"
        "            // SAFETY: this thread held it, and has just forgotten it.\n"
        "            unsafe { Seats::process().leave(seat) };\n",
    "            // SAFETY: none.\n"
        "            unsafe { Seats::process().leave(seat) };\n"
        "            crate::collect::vacate(seat);\n",
    soak="")

bug("missing heavy fence", "fence.rs",
    "Self::Asymmetric => crate::sync::membarrier(),",
    "Self::Asymmetric => {}",
    models="pin_asymmetric", soak="")

bug("missing symmetric fence, collector", "fence.rs",
    "Self::Symmetric => fence(SeqCst),",
    "Self::Symmetric => { let _ = (fence, SeqCst); }",
    models="pin_symmetric")

bug("stale seat", "seats.rs",
    "        self.taken[full] |= 1 << (id % 64);\n",
    "",
    models="seat_hand_over", schedules="hand_over", programs="random::pools", soak="")

bug("gate left closed", "seats.rs",
    "self.existing().for_each(|seat| seat.release(self.all));",
    "self.existing().skip(1).for_each(|seat| seat.release(self.all));",
    schedules="collectors")

bug("buckets overlap", "seats.rs",
    "id - (first << log)",
    "id - (first << (log / 2 * 2))",
    programs="random::pools", fuzz="sizes")

bug("half done places of the dead used", "seats.rs",
    "reached: seat.is_reached() })",
    "reached: true })",
    tests="--test process between")

bug("seats that must have memory", "seats.rs",
    "try_slice(len, |i| Seat::new(id - offset + i, self.strategy))?",
    "(0..len).map(|i| Seat::new(id - offset + i, self.strategy)).collect()",
    tests="--test no_memory without_a_seat")

# Shards, ageing, collects.

bug("victims published without release", "owner.rs",
    "aged.swap(private.into_raw(), Release)",
    "aged.swap(private.into_raw(), Relaxed)",
    models="flip_against_owner_asymmetric", thread="--lib fences::objects_are")

bug("private objects dropped a generation early", "owner.rs",
    "if missed == 1 {",
    "if missed == 0 {",
    models="flip_against_owner", schedules="collectors", programs="random::pools")

bug("shard open before its generation is known", "owner.rs",
    "self.shard.open.store(true, Release);",
    "self.shard.open.store(true, Relaxed);",
    models="open_against_drain")

bug("units given back twice", "private/units.rs",
    "quota.release(units - all.len());",
    "quota.release(units);",
    models="bound_against_collect", schedules="bound", programs="random::pools", fuzz="pool", soak="")

bug("late seat keeps what is old", "owner.rs",
    "            drain(self.primary(), gone);\n",
    "",
    schedules="stall")

bug("units stay behind a spill", "owner.rs",
    "        if quota.bounded() {\n            // The units go",
    "        if false {\n            // The units go",
    schedules="bound", programs="random::pools")

bug("what is overdue is aged once more", "owner.rs",
    "if missed == 1 {",
    "if missed >= 1 {",
    programs="random::pools")

bug("units of loot given back", "private/units.rs",
    "quota.release(units - new);",
    "quota.release(units);",
    programs="random::pools")

bug("slot not emptied", "private.rs",
    "            private.slot.store(vacant(), Relaxed);\n            slot\n",
    "            slot\n",
    programs="random::pools", fuzz="pool")

bug("magazine loses its top", "private.rs",
    "            private.load.store(top, Relaxed);",
    "            private.load.store(top / 2 * 2, Relaxed);",
    programs="random::pools")

bug("what is taken stays in the slot", "private.rs",
    "            private.slot.store(spare(slot), Relaxed);\n",
    "",
    models="flip_against_values", schedules="collectors", programs="random::pools", fuzz="pool")

bug("cell that is used again stays a spare one", "private.rs",
    "        private.load.store(load + 1 - SPARE, Relaxed);",
    "        private.load.store(load + 1, Relaxed);",
    programs="random::pools", tests="--lib cells_are_conserved")

bug("spare cell lost when put away", "private/spare.rs",
    "(count..count + spares).for_each(|i| self.keep_empty(self.place(i)));",
    "(count + 1..count + spares).for_each(|i| self.keep_empty(self.place(i)));",
    tests="--lib cells_are_conserved", address="--lib white_box::shard::spare_cells_make_way")

bug("spare cell of the slot lost when put away", "private/spare.rs",
    "            private.slot.store(vacant(), Relaxed);\n            self.keep_empty(cell);\n",
    "            private.slot.store(vacant(), Relaxed);\n            let _ = cell;\n",
    tests="--lib cells_are_conserved", address="--lib white_box::shard::spare_cells_make_way")

bug("spare cells overwritten by a batch", "private/batch.rs",
    "            all.copy_within(from..from + spares, to);\n",
    "",
    programs="random::pools")

bug("spare cell overwritten by one object", "private/batch.rs",
    "        self.set_place(count + spares, self.place(count));\n",
    "",
    programs="random::pools")

bug("spare cells without a bound", "core.rs",
    "let surplus = owner.surplus_empties();",
    "let surplus = None;",
    tests="--lib spare_cells_are_few")

bug("spill that its owner does not know of", "owner.rs",
    "            self.published.set(true);\n            self.shard.published.store(true, Relaxed);\n",
    "            self.published.set(true);\n",
    models="published_against", programs="random::pools", tests="--lib shards_know")

bug("older rings forgotten", "owner.rs",
    "self.shard.published.store(!head.is_alone(), Relaxed);",
    "let _ = head.is_alone();\n            self.shard.published.store(false, Relaxed);",
    models="published_against_thief", tests="--lib shards_know")

bug("own chain looked for in vain for ever", "owner.rs",
    "self.shard.published.store(!head.is_alone(), Relaxed);",
    "let _ = head.is_alone();",
    tests="--lib shards_know")

bug("spill of another generation known", "owner.rs",
    "        self.shard.published.store(false, Relaxed);\n        self.shard.generation",
    "        self.shard.generation",
    tests="--lib shards_know")

bug("unit without a ring lost", "owner.rs",
    "        quota.release(1);\n        // SAFETY: not pushed",
    "        // SAFETY: not pushed",
    tests="--test no_memory growth")

bug("victims taken without acquire", "shard.rs",
    "swap(ptr::null_mut(), Acquire)",
    "swap(ptr::null_mut(), Relaxed)",
    models="flip_against_owner")

bug("wrong generation", "shard.rs",
    "let victim = self.chain(generation.wrapping_add(1));",
    "let victim = self.chain(generation);",
    models="flip_against_thief", programs="random::pools", soak="")

bug("count of victims overwritten", "shard.rs",
    "self.shared.aged_len.fetch_sub(aged.len(), Relaxed);",
    "self.shared.aged_len.store(0, Relaxed);",
    models="idle_is_exact_at_rest")

bug("count of victims not taken back", "shard.rs",
    "        self.shared.aged_len.fetch_sub(aged.len(), Relaxed);\n",
    "",
    programs="random::pools")

bug("flip without a claim", "age.rs",
    "for seat in seats {\n",
    "for seat in seats.chain(0..1) {\n",
    models="flip_against_owner", schedules="collectors", soak="")

bug("private objects left behind", "age.rs",
    "self.shelf.append(owner.take_all(&self.quota));",
    "let _ = &owner;",
    models="vacate_hands_over", schedules="hand_over", programs="random::pools", soak="")

bug("shelf does not age", "age.rs",
    "            self.shelf.age();\n            self.forget",
    "            self.forget",
    schedules="crowd", programs="random::pools")

bug("what is overdue lives on", "age.rs",
    "self.shelf.append_aged(late.objects);",
    "self.shelf.append(late.objects);",
    programs="seeds")

bug("victims without a mark", "age.rs",
    "        if shard.has_aged() {\n            self.map.mark(victims, seat);\n        }\n",
    "        let _ = victims;\n",
    programs="random::pools")

bug("private objects of the dead left behind", "age.rs",
    "                self.catch_up(seat);\n                self.vacate(seat);\n",
    "                self.catch_up(seat);\n",
    tests="--test process forks_at_rest")

bug("half done rings of the dead used", "age.rs",
    "self.shards().for_each(|shard| unsafe { shard.mend() });",
    "",
    tests="--lib white_box::fork")

bug("units of the dead lost", "age.rs",
    "self.quota.recount(self.shards().map(Shard::units).sum::<usize>() + self.shelf.len());",
    "",
    tests="--test process between")

bug("mark lost", "map.rs",
    "        let holds = holds();\n",
    "        let holds = false && holds();\n",
    schedules="theft")

bug("mark before what it is about", "map.rs",
    "word.fetch_or(bit, Release);",
    "word.fetch_or(bit, Relaxed);",
    models="map_seen_is_found")

bug("mark about one of several shards", "core.rs",
    "self.sharing(bit).find_map(&mut visit)",
    "self.sharing(bit).take(1).find_map(&mut visit)",
    models="put_is_found_behind_the_own_bit", programs="random::pools", tests="--lib those_who_share")

bug("own bit believed in a crowd", "core.rs",
    "            && !self.crowded.load(Relaxed)\n",
    "",
    models="put_is_found_behind_the_own_bit", programs="random::pools", tests="--lib those_who_share")

bug("crowd seen too late", "core.rs",
    "if index >= FIRST_TO_SHARE {",
    "if index > FIRST_TO_SHARE {",
    models="put_is_found_behind_the_own_bit", programs="random::pools")

bug("glance that overlooks victims", "map.rs",
    " | self.word(parity ^ 1).load(Relaxed) == 0",
    " == 0",
    models="put_is_found_as_a_victim", programs="random::pools", tests="--lib nothing_is_overlooked")

bug("glance that overlooks the shelf", "core.rs",
    "            && self.shelf.len() == 0;\n",
    ";\n",
    models="put_is_found_on_the_shelf", programs="random::pools", tests="--lib nothing_is_overlooked")

bug("glance that overlooks what is private", "shard.rs",
    "        self.private.is_empty() && !self.published()\n",
    "        !self.published()\n",
    programs="random::pools")

bug("segment brought near without release", "lazy.rs",
    "near.store(segment, Release);",
    "near.store(segment, Relaxed);",
    models="lazy_near_by_another")

bug("segment that must have memory", "core.rs",
    "try_slice(len, |i| Shard::<T>::new(first + i))?",
    "(0..len).map(|i| Shard::<T>::new(first + i)).collect::<Box<[_]>>()",
    tests="--test no_memory without_a_shard")

bug("late work left undone", "collect.rs",
    "unsafe { pool.catch_up(seat.id) };",
    "let _ = pool;",
    models="late_catch_up")

bug("collect without the registry's lock", "collect.rs",
    "        let registry = Registry::lock();\n        // SAFETY: locked.\n",
    "        let registry = Registry { pools: Registry::lock().pools.clone(), bells: Vec::new() };\n",
    models="lazy_end_against_collect")

bug("entry of a moved pool", "collect.rs",
    "            moved.get().set_entry(entry);\n",
    "            let _ = moved;\n",
    schedules="visits")

bug("collect that must have memory", "collect.rs",
    "if garbage.try_reserve(registry.pools.len()).is_ok() {",
    "garbage.reserve(registry.pools.len());\n            {",
    tests="--test no_memory growth")

bug("postponed garbage lost", "collect.rs",
    "garbage.extend(registry.pools().filter_map(|pool| pool.take_remains()));\n            }",
    "garbage.extend(registry.pools().filter_map(|pool| pool.take_remains()));\n"
        "            } else {\n"
        "                registry.pools().for_each(|pool| std::mem::forget(pool.take_remains()));\n"
        "            }",
    tests="--test no_memory growth")

bug("destructors under the registry's lock", "collect.rs",
    "            garbage\n        }\n    };\n    sweep(garbage);\n",
    "            sweep(garbage);\n        }\n    };\n",
    soak="")

# The pool.

bug("new shard a generation behind", "core.rs",
    "open(|| self.generation.load(Relaxed), &self.quota)",
    "open(|| self.generation.load(Relaxed).wrapping_sub(1), &self.quota)",
    models="join_against_collect", programs="random::pools")

bug("segment of a quicker thread overwritten", "core.rs",
    "self.segments[index].compare_exchange(ptr::null_mut(), new.cast(), Release, Relaxed);",
    "{ self.segments[index].store(new.cast(), Release); Ok::<(), ()>(()) };",
    models="growth_against_growth", schedules="theft")

bug("leftovers of a theft dropped", "core.rs",
    "        self.shelf.append(rest);\n",
    "        drop(rest);\n",
    schedules="theft")

bug("victims lost with the one that is used", "core.rs",
    "        self.shelf.append_aged(got);\n",
    "        drop(got);\n",
    schedules="collectors")

bug("generation read before the pin", "core.rs",
    "        let _pin = unsafe { seat.pin() }?;\n"
        "        // SAFETY: pinned.\n"
        "        let owner = unsafe { shard.owner() };\n"
        "        // The generation is read while pinned: a collect comes either before, and then the shard is\n"
        "        // empty, or after, and then it ages the shard.\n"
        "        owner.open(|| self.generation.load(Relaxed), &self.quota);",
    "        let generation = self.generation.load(Relaxed);\n"
        "        let _pin = unsafe { seat.pin() }?;\n"
        "        let owner = unsafe { shard.owner() };\n"
        "        owner.open(|| generation, &self.quota);",
    schedules="stall")

bug("unit lost at the shelf", "core.rs",
    "        if let Some(full) = self.shelf.pop() {\n            self.quota.release(1);",
    "        if let Some(full) = self.shelf.pop() {",
    schedules="bound", programs="random::pools")

bug("units of what is stolen are lost", "core.rs",
    "            None => {\n"
    "                self.quota.release(1);\n"
    "                0\n"
    "            }\n",
    "            None => 0,\n",
    programs="random::pools")

bug("victims become young", "core.rs",
    "self.shelf.append_aged(got);",
    "self.shelf.append(got);",
    programs="random::pools")

bug("victims before the shelf", "core.rs",
    "match self.take_victim(seat, generation.wrapping_add(1)) {",
    "match self.take_victim(seat, generation) {",
    programs="random::pools")

bug("first use that aborts", "core.rs",
    "        core.expect(NO_MEMORY)\n",
    "        core.unwrap_or_else(|| std::process::abort())\n",
    tests="--test no_memory first_use")

bug("object without a ring lost", "core.rs",
    "if ring.is_none() {\n                        return self.shelve(full);",
    "if ring.is_none() {\n"
        "                        std::mem::forget(full);\n"
        "                        return Ok(());",
    tests="--test no_memory growth")

bug("drop inside the pin", "core.rs",
    "            drop(pinned);\n"
        "            let Err(refused) = pushed else { return Ok(()) };\n"
        "            match refused {\n"
        "                Refused::Bound(full) => return Err(full),\n",
    "            let Err(refused) = pushed else { return Ok(()) };\n"
        "            match refused {\n"
        "                Refused::Bound(full) => {\n"
        "                    drop(full);\n"
        "                    return Ok(());\n"
        "                }\n",
    soak="")

bug("reserve ignores the bound", "pool.rs",
    "            if !core.quota.has_room() {\n                return;\n            }\n",
    "",
    programs="random::sizes", fuzz="sizes")

bug("cell that must have memory", "pool.rs",
    "spare.or_else(Empty::try_new)",
    "spare.or_else(|| Some(Empty::new()))",
    tests="--test no_memory growth")

bug("object dropped without being counted", "pool.rs",
    "            let _counted = Counted(core);\n            return drop(value);",
    "            return drop(value);",
    tests="--test no_memory growth")

bug("spoilt object kept", "origin.rs",
    "    if panicking() {\n        discard(core, full);",
    "    if false {\n        discard(core, full);",
    soak="")

bug("two cores of one pool", "lazy.rs",
    "if let Some(core) = self.get() {",
    "if let Some(core) = None {",
    models="lazy_first_use_by_two")

bug("pool shared whatever its objects", "lazy.rs",
    "unsafe impl<T: Send> Sync for Lazy<T> {}",
    "unsafe impl<T> Sync for Lazy<T> {}",
    tests="--test it types")

bug("pool sent whatever its objects", "lazy.rs",
    "unsafe impl<T: Send> Send for Lazy<T> {}",
    "unsafe impl<T> Send for Lazy<T> {}",
    tests="--test it types")

bug("units leased twice", "quota.rs",
    "match self.left.fetch_update(Relaxed, Relaxed, take) {",
    "let left = self.left.load(Relaxed);\n"
        "        match take(left).map(|rest| { self.left.store(rest, Relaxed); left }).ok_or(()) {",
    models="quota_units")

bug("a lease of more than there is", "quota.rs",
    "Ok(left) => wanted.min(left),",
    "Ok(_) => wanted,",
    programs="random::pools")

bug("length of the shelf told after its lock", "shelf.rs",
    "        let _guard = lock(&self.lock);\n"
        "        self.lists.with_mut(|lists| {\n"
        "            // SAFETY: locked, and no `f` comes here again.\n"
        "            let lists = unsafe { &mut *lists };\n"
        "            let result = f(lists);\n"
        "            self.len.store(lists.fresh.len() + lists.aged.len(), Relaxed);\n"
        "            result\n"
        "        })\n",
    "        let guard = lock(&self.lock);\n"
        "        let (result, len) = self.lists.with_mut(|lists| {\n"
        "            let lists = unsafe { &mut *lists };\n"
        "            (f(lists), lists.fresh.len() + lists.aged.len())\n"
        "        });\n"
        "        drop(guard);\n"
        "        self.len.store(len, Relaxed);\n"
        "        result\n",
    models="shelf_lists")

bug("guard shared whatever its object", "cell.rs",
    "unsafe impl<T: Sync> Sync for Full<T> {}",
    "unsafe impl<T> Sync for Full<T> {}",
    tests="--test it types")

bug("guard passes panics whatever its object", "cell.rs",
    "impl<T: RefUnwindSafe> RefUnwindSafe for Full<T> {}",
    "impl<T> RefUnwindSafe for Full<T> {}",
    tests="--test it types")

bug("objects lost to a panic", "cell.rs",
    "panics.guard(|| drop(full));",
    "drop(full);",
    soak="", tests="--test it panics::")

# Forks.

bug("no fork handler, and no rest", "fork.rs",
    "libc::pthread_atfork(Some(before), Some(after), Some(after_in_child))",
    "{ let _ = (before, after, after_in_child); }",
    tests="--test process children_go_on")

bug("no fork handler, at rest", "fork.rs",
    "libc::pthread_atfork(Some(before), Some(after), Some(after_in_child))",
    "{ let _ = (before, after, after_in_child); }",
    tests="--test process forks_at_rest")

bug("fork handler outlives its library", "fork.rs",
    "libc::pthread_atfork(Some(before), Some(after), Some(after_in_child))",
    "{\n"
        "            type Call = Option<unsafe extern \"C\" fn()>;\n"
        "            unsafe extern \"C\" {\n"
        "                fn __register_atfork(before: Call, after: Call, in_child: Call, library: *mut u8) -> i32;\n"
        "            }\n"
        "            __register_atfork(Some(before), Some(after), Some(after_in_child), std::ptr::null_mut())\n"
        "        }",
    tests="--test process copies_go_after")

bug("shelves not locked for a fork", "fork.rs",
    "registry.pools().for_each(|pool| pool.freeze());",
    "",
    tests="--test process at_the_shelf")

bug("own seat given away", "fork.rs",
    "frozen.claim.inherit(own);",
    "frozen.claim.inherit(None);",
    tests="--test process children_end_like")

bug("hook passed by", "core.rs",
    "shard.home.belong(self, self.recycle.is_none().then_some(first + i));",
    "shard.home.belong(self, Some(first + i));",
    tests="--test it recycled")

bug("guard gives back where it comes from, whoever drops it", "origin.rs",
    "(unsafe { self.home() }.seat == here.id && !panicking()).then_some(here)",
    "(unsafe { self.home() }.seat < 1 << 40 && !here.seat.is_null() && !panicking()).then_some(here)",
    tests="--test it a_guard_may_be_dropped_on_another_thread", thread="--test it guards")

bug("spoilt object kept by its own thread", "origin.rs",
    "(unsafe { self.home() }.seat == here.id && !panicking()).then_some(here)",
    "(unsafe { self.home() }.seat == here.id).then_some(here)",
    tests="--test it a_panic_keeps_nothing_at_hand")

bug("more places than there are", "private/units.rs",
    "lease.store((lease.load(Relaxed) + back).min(quota.places()), Relaxed);",
    "lease.store(lease.load(Relaxed) + back, Relaxed);",
    tests="--lib places_open", address="--lib white_box::shard")

bug("places stay open", "private/units.rs",
    "        } else if self.is_open() {\n            self.open_first(quota);\n        }\n        all",
    "        }\n        all",
    tests="--lib places_open")

bug("places in a shard that does not age", "private/units.rs",
    "        } else if self.is_open() {\n            self.open_first(quota);\n        }\n        all",
    "        } else {\n            self.open_first(quota);\n        }\n        all",
    tests="--lib closed_shards", schedules="hand_over")

# Memory that comes back by itself.

bug("request without release", "due.rs",
    "self.0.swap(true, Release);",
    "self.0.swap(true, Relaxed);",
    models="due_is_not_lost")

bug("request taken without acquire", "due.rs",
    "self.0.swap(false, Acquire)",
    "self.0.swap(false, Relaxed)",
    models="due_is_not_lost")

bug("request taken twice", "due.rs",
    "self.is_asked() && self.0.swap(false, Acquire)",
    "self.is_asked() && { self.0.swap(false, Acquire); true }",
    models="due_is_taken_once")

bug("collect in the midst of a collect", "due.rs",
    "!BUSY.get() && ",
    "",
    tests="--test process due::destructors")

bug("panic of an old object goes on", "due.rs",
    "if let Err(payload) = catch_unwind(AssertUnwindSafe(collect)) {\n        lose(payload);\n    }",
    "collect();",
    tests="--test process due::panics")

bug("clock that is not looked at", "due.rs",
    "    if left == 0 {\n",
    "    if left == 1 {\n",
    tests="--test process due::idle_objects")

bug("time that is long ago before it begins", "clock.rs",
    "if time > usize::MAX - ABOUT { 0 } else { time }",
    "time",
    tests="--lib due::")

bug("time cut off", "due.rs",
    "time.as_millis().clamp(1, most as u128) as usize",
    "(time.as_millis() as usize).clamp(1, most)",
    tests="--test process nothing_goes_before")

bug("round that skips the clock", "due.rs",
    "    look_at_the_clock();\n    DUE.is_asked() && take_on()",
    "    DUE.is_asked() && take_on()",
    tests="--lib due::")

bug("janitor passed over", "due.rs",
    "!ring_for_janitor() && ",
    "",
    tests="--test process due::the_janitor_collects")

bug("count of an ended thread lost", "live.rs",
    "add(COUNT.replace(NONE).wrapping_sub(MOST));",
    "COUNT.set(NONE);",
    tests="--test memory ended_threads")

bug("growth since the beginning", "live.rs",
    "    BASE.store(clamp(LIVE.load(Relaxed)), Relaxed);\n",
    "",
    tests="--test memory each_doubling")

bug("refused memory is counted", "alloc.rs",
    "if !moved.is_null() {",
    "if true {",
    tests="--test memory refused_memory")

bug("collect below the floor", "alloc.rs",
    ".max(self.floor)",
    "",
    tests="--test memory no_collect")

bug("janitor that waits for itself", "janitor.rs",
    "thread.thread().id() != thread::current().id()",
    "thread.thread().id() != thread::current().id() || true",
    tests="--test process a_janitor_may_end")

bug("handle of a thread that is another by now", "janitor.rs",
    "        if gone.is_none() {\n",
    "        if false {\n",
    tests="--test process children_have_no")

bug("janitor that comes late to its end", "janitor.rs",
    "        self.bell.ring();\n",
    "",
    tests="--test process a_janitor_ends")

bug("janitor that listens to a file that is gone", "janitor.rs",
    "pressure.level().unwrap_or(Level::Low)",
    "pressure.level().unwrap_or(Level::High)",
    tests="--test process high_pressure")

bug("child with the janitor of its parent", "fork.rs",
    "        std::mem::forget(std::mem::take(&mut frozen.registry.bells));\n",
    "",
    tests="--test process children_have_no")

bug("cache in use", "pressure.rs",
    "current.saturating_sub(cache)",
    "current",
    tests="--test process cgroups_have")

bug("weight not given back", "weight.rs",
    "Some(held.saturating_sub(weight))",
    "{ let _ = weight; Some(held) }",
    tests="--test it weights::")

bug("too heavy", "weight.rs",
    ".filter(|&sum| sum <= shared.most)",
    "",
    tests="--test it weights::")

bug("end of a scale that sees no other", "weight.rs",
    "            fence(Acquire);\n",
    "",
    models="scale_end")

bug("scale freed by the first", "weight.rs",
    "fetch_sub(1, Release) == 1",
    "fetch_sub(1, Release) == 2",
    models="scale_end")

bug("scale that must have memory", "weight.rs",
    "try_box(Shared { weigh, most, held, users, life })?",
    "Box::new(Shared { weigh, most, held, users, life })",
    tests="--test no_memory a_first_use")

bug("lent objects weigh", "pool.rs",
    "        found.iter().for_each(|full| origin::leaves(core, full));\n",
    "",
    tests="--test it weights::")

bug("private places in a pool that weighs", "quota.rs",
    "Self { bounded: true, slots: false, places: 0, ..self }",
    "self",
    tests="--test it weights::")


# Byte buffers.

bug("a buffer shows what was in it", "buffer/pool.rs",
    "        guard.vec.clear();\n",
    "",
    tests="--test buffers contract::buffers_come_back_empty")

bug("rounded down by the length", "buffer/pool.rs",
    "let fits = self.sizes.down(guard.vec.capacity());",
    "let fits = self.sizes.down(guard.vec.len());",
    tests="--test buffers contract::what_comes_back_is_rounded_down")

bug("a grown buffer goes where it came from", "buffer/pool.rs",
    "if grown || underused {",
    "if underused {",
    tests="--test buffers model")

bug("whoever drops learns", "buffer/pool.rs",
    "self.hints.stripe(storage.stripe).learn(",
    "self.hints.stripe(Hints::here()).learn(",
    tests="--test buffers learning::the_getter_learns")

bug("sizes that are told teach", "buffer/pool.rs",
    "            None => self.larger(capacity),\n        };\n        guard.stripe = NONE;\n",
    "            None => self.larger(capacity),\n        };\n        guard.stripe = Hints::here();\n",
    tests="--test buffers learning::others_do_not_teach")

bug("kept in a panic", "buffer/pool.rs",
    "class.filter(|_| !panicking())",
    "class",
    tests="--test buffers contract::panics_discard")

bug("any class will do", "buffer/pool.rs",
    "self.classes[usize::from(class) + 1].try_get()",
    "self.classes[usize::from(class)..].iter().find_map(Pool::try_get)",
    tests="--test buffers contract::the_next_class_will_do")

bug("not wiped", "buffer/pool.rs",
    "zeroize::Zeroize::zeroize(vec);",
    "vec.fill(0);",
    tests="--test buffers wiping")

bug("a power of two rounded up", "buffer/class.rs",
    "capacity.saturating_sub(1).leading_zeros()",
    "capacity.leading_zeros()",
    tests="--test buffers contract::requests_are_rounded_up")

bug("what is too large is kept", "buffer/class.rs",
    "if capacity == self.max && self.max > 0 {",
    "if self.max > 0 {",
    tests="--test buffers retention::large_uses_leave_nothing")

bug("a bound of buffers, not of bytes", "buffer/class.rs",
    "bytes / (2 * size)",
    "bytes >> 11",
    tests="--test buffers hostile::bounds_are_in_bytes")

bug("large buffers kept by threads", "buffer/class.rs",
    "size >= SHARED && fit >= UNSHARED_FROM",
    "size >= SHARED && false",
    tests="--test buffers contract::threads_find_what_others_left")

bug("strikes without end", "buffer/hint.rs",
    "self.strikes < STRIKES",
    "true",
    tests="--test buffers retention::small_uses_free_large_buffers")

bug("one strike more", "buffer/hint.rs",
    "self.strikes < STRIKES",
    "self.strikes <= STRIKES",
    tests="--lib buffers::the_fifth_strike")

bug("what was needed before the last strike is forgotten", "buffer/hint.rs",
    "Self { class: peak, ..Self::default() }",
    "Self { class: needed, ..Self::default() }",
    tests="--lib buffers::the_fifth_strike")

bug("too much is a strike", "buffer/hint.rs",
    " || self.class == sizes.top())",
    ")",
    tests="--lib buffers::too_much")

bug("all is copied", "buffer/guard.rs",
    "if self.len() <= COPIED {",
    "if true {",
    tests="--test buffers frozen::nothing_is_copied")

bug("nothing is copied", "buffer/guard.rs",
    "if self.len() <= COPIED {",
    "if false {",
    tests="--test buffers frozen::little_is_copied")

bug("classes without memory of their own", "buffer/pool.rs",
    "kept.iter().for_each(|class| class.reserve(0));",
    "let _ = kept;",
    tests="--test no_memory buffers")

bug("a thread's first buffer teaches another", "buffer/hint.rs",
    "seat::current().or_else(join)",
    "seat::current()",
    tests="--test buffers learning")


# The runtime.

bug("task pushed without release", "rt/runq.rs",
    "self.tail.store(tail.wrapping_add(1), Release);",
    "self.tail.store(tail.wrapping_add(1), Relaxed);",
    models="rt_queue_against_thief")

bug("task stolen without acquire", "rt/runq.rs",
    "let len = self.tail.load(Acquire).wrapping_sub(head);",
    "let len = self.tail.load(Relaxed).wrapping_sub(head);",
    models="rt_queue_against_thief")

bug("task taken by two", "rt/runq.rs",
    "self.head.compare_exchange(head, next, Release, Relaxed).is_ok()",
    "{ self.head.store(next, Release); true }",
    models="rt_queue_against_two_thieves", tests="--features rt --lib white_box::rt::thieves_and")

bug("owner pops without a claim", "rt/runq.rs",
    "match self.head.compare_exchange_weak(head, head.wrapping_add(1), Release, Relaxed) {",
    "self.head.store(head.wrapping_add(1), Relaxed);\n            match Ok::<usize, usize>(head) {",
    models="rt_queue_against_thief", tests="--features rt --lib white_box::rt::thieves_and")

bug("queue one too small for half", "rt/runq.rs",
    "if half { len - len / 2 } else",
    "if half { len / 3 } else",
    tests="--features rt --lib white_box::rt::half_is")

bug("next task taken by two", "rt/runq.rs",
    "NonNull::new(self.0.swap(std::ptr::null_mut(), AcqRel))",
    "{ let task = self.0.load(Acquire); self.0.store(std::ptr::null_mut(), Release); NonNull::new(task) }",
    models="rt_next_against_thief")

bug("submit without a fence", "rt/runq.rs",
    "NonNull::new(full_swap(&self.0, task.as_ptr()))",
    "NonNull::new(self.0.swap(task.as_ptr(), AcqRel))",
    models="rt_park_against_submit")

bug("park without a fence", "rt/sched.rs",
    "        fence(SeqCst);\n        if !self.ps().any(P::has_work)",
    "        if !self.ps().any(P::has_work)",
    models="rt_park_against_submit")

bug("park without a second look", "rt/sched.rs",
    "if !self.ps().any(P::has_work) || !self.has_vacancy() {",
    "if true {",
    models="rt_park_against_submit")

bug("park without a look at the global queue", "rt/sched.rs",
    "if let Some(task) = unsafe { self.take_batch(&mut inner, p) } {",
    "if let Some(task) = None {",
    models="rt_park_against_inject")

bug("inject wakes nobody", "rt/sched.rs",
    "let launch = wake.then(|| self.launch(&mut inner)).flatten();",
    "let launch = None;",
    models="rt_park_against_inject")

bug("woken thread still counts as asleep", "rt/sched.rs",
    "let on = inner.idle.pop();",
    "let on = inner.idle.last().cloned();",
    schedules="tasks::runtimes")

bug("detached for good", "rt/sched.rs",
    "if !inner.stopping && self.has_vacancy() {\n            p.state.store",
    "if false {\n            p.state.store",
    models="rt_detach_against_loop_head")

bug("detached and still active", "rt/sched.rs",
    "            self.active.fetch_sub(1, SeqCst);\n            inner.detached += 1;",
    "            inner.detached += 1;",
    models="rt_detach_against_blocking", tests="--features rt --test rt stalls::others_run")

bug("mark of sysmon erased", "rt/proc.rs",
    "self.state.compare_exchange(from, to, Relaxed, Relaxed).is_ok()",
    "{ let was = self.state(); if was == from { self.state.store(to, Relaxed) }; was == from }",
    models="rt_detach_against_blocking")

bug("seat given away with its P", "rt/proc.rs",
    "let seat = self.seat.swap(ptr::null_mut(), Relaxed);",
    "let seat: *mut Seat = ptr::null_mut();",
    tests="--features rt --lib white_box::rt::a_seat")

bug("seat lost with its P", "rt/proc.rs",
    "unsafe { Seats::process().leave(seat) };",
    "let _ = Seats::process;",
    tests="--features rt --lib white_box::rt::a_seat")

bug("slice that never ends", "rt/worker.rs",
    "if !p.expired.load(Relaxed) && self.inherited < SLICE {",
    "if true {",
    tests="--features rt --test rt fairness::the_queue_beside")

bug("global queue without a turn", "rt/worker.rs",
    "if p.tick.load(Relaxed) % GLOBAL == GLOBAL - 1 {",
    "if false {",
    tests="--features rt --test rt fairness::the_global")

bug("next task not for thieves", "rt/worker.rs",
    "victim.tick.load(Relaxed) == tick",
    "{ let _ = tick; false }",
    tests="--features rt --test rt parallel::what_is_woken")

bug("late task dropped by its waker", "rt/shared.rs",
    "Err(late) => grave::bury(late),",
    "Err(late) => late.into_iter().for_each(task::cancel),",
    tests="--features rt --test rt shutdown::a_chain")

bug("workers without an end", "rt/sched.rs",
    "            if self.active() <= workers {\n                break;",
    "            if true {\n                break;",
    tests="--features rt --test rt workers::fewer")

bug("idle worker found stuck", "rt/sysmon.rs",
    "acted |= self.look(p, state, same.then_some(limit), now, &mut seen);",
    "acted |= self.look(p, p.state(), same.then_some(limit), now, &mut seen);",
    schedules="tasks::runtimes")
