"""Rings and chains."""
from .planted import bug

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
