"""Bugs in rings and chains."""
from .planted import bug

bug("lost publication", "Release", "Relaxed",
    models="ring_push_against_steal", thread="--lib fences::objects_are")

bug("claim without acquire", "Acquire", "Relaxed",
    models="ring_push_against_steal")

bug("double steal",
    "let claim = self.indices.compare_exchange(indices, claimed, Acquire, Relaxed",
    "self.indices.store(claimed, Release); self.indices.load(Acquire); let claim: Result<usize, usize> = Ok(0",
    models="ring_pop_against_two_thieves", schedules="theft", soak="")

bug("push over a slot that is not handed back", "!slot.load(Relaxed).is_null()", "false",
    models="ring_full_and_handed_back", schedules="theft")

bug("head not wrapped", "wrapping_sub(count) & TAIL", "saturating_sub(count)",
    models="ring_wraps", programs="random::rings")

bug("half of one too many", "len.div_ceil(2", "(len + 1",
    models="ring_batches_against_half", programs="random::rings")

bug("pop without a claim",
    "match ring.indices.compare_exchange_weak(indices, pack(head, tail), Relaxed, Relaxed",
    "ring.indices.store(pack(head, tail), Relaxed); match Ok::<usize, usize>(indices",
    schedules="theft")

bug("indices do not wrap", "& TAIL", "",
    programs="random::rings", fuzz="ring")

bug("tail runs into the head", "& TAIL", "",
    programs="random::rings")

bug("thief keeps the slot", "self.take_slots(tail, &mut into[..count]);",
    "into[..count].iter_mut().enumerate().for_each(|(i, place)| *place = self.slot(tail + i).load(Relaxed));",
    programs="random::rings", fuzz="ring")

bug("owner keeps the slot", "ring.take_slots(head, &mut into[..count]);",
    "into[..count].iter_mut().enumerate().for_each(|(i, place)| *place = ring.slot(head + i).load(Relaxed));",
    programs="random::rings")

bug("ring that must have memory",
    "try_slice(slots, |_| AtomicPtr::new(ptr::null_mut()))?",
    "(0..slots).map(|_| AtomicPtr::new(ptr::null_mut())).collect()",
    tests="--test no_memory growth")

bug("slot read before the claim (ABA)",
    "let claim = self.indices.compare_exchange(indices, claimed, Acquire, Relaxed); if claim.is_ok() { self.take_slots(tail, &mut into[..count]);",
    "for (i, place) in into[..count].iter_mut().enumerate() { *place = self.slot(tail + i).load(Relaxed); } "
    "let claim = self.indices.compare_exchange(indices, claimed, Acquire, Relaxed); "
    "if claim.is_ok() { for i in 0..count { self.slot(tail + i).store(ptr::null_mut(), Relaxed); }",
    models="ring_batches_against_half")

bug("next ring looked at too late",
    "match ring.steal(into)",
    "let found = ring.steal(into); let next = ring.next.load(Acquire); match found",
    models="chain_grow_against_steal", schedules="theft")

bug("ring linked without release", "Release", "Relaxed",
    models="chain_grow_against_steal")

bug("missed grace period", "guard = pin();", "mut at = self.tail.load(Acquire); let guard = pin(); #[cfg(any())]",
    models="chain_unlink_against_steal", schedules="theft")

bug("missed grace period, of the epochs that ship",
    "guard = pin();",
    "mut at = self.tail.load(Acquire); let guard = pin(); #[cfg(any())]",
    models="epochs::epochs_unlink_against_steal")

bug("counting without a grace period", "_guard = pin(); let", "",
    models="chain_counted_while_it_is_unlinked")

bug("early free", "match", "unsafe { guard.retire(at) }; match",
    models="chain_unlink_against_steal", schedules="theft")

bug("ring shrunk away while it is not alone",
    "return Steal::Empty,",
    "{ unsafe { guard.retire(at) }; return Steal::Empty }",
    models="chain_shrink_against_steal")

bug("rings do not double", "slots() * 2", "slots()",
    programs="random::chains")

bug("a ring with something in it is unlinked", "=> return found,", "if next.is_null() => return found, _ => {}",
    programs="random::chains", fuzz="chain")

bug("shrunk though not alone", "|| !self.is_alone()", "",
    programs="random::chains")

bug("rings left behind", "Box::from_raw(at)", "&*at",
    address="--lib white_box::chain::", memcheck="--lib white_box::chain::")

bug("ring freed at once",
    "unsafe { self.0.defer_unchecked(move || drop_retired(Box::from_raw(retired))) }",
    "drop_retired(unsafe { Box::from_raw(retired) })",
    tests="--lib stopped", soak="", address="--lib white_box", memcheck="--lib thieves::chain")
