"""Bugs in `src/containers`."""
from .planted import bug


# containers/add_only.rs

bug("entry published without release", "Release", "Relaxed",
    models="keys_have_one_value")

bug("two values of one key", "if let Some(value) = self.find(first, &new.key) { return value; }", "",
    models="keys_have_one_value")

bug("values leaked by a panic", "panics.guard(|| drop(entry));", "drop(entry);",
    tests="--test it per_seat_drops")


# containers/cell.rs

bug("guard shared whatever its object", ": Sync", "",
    tests="--test it types")

bug("guard passes panics whatever its object", ": RefUnwindSafe", "",
    tests="--test it types")

bug("objects lost to a panic", "panics.guard(|| drop(full)", "drop(full",
    soak="", tests="--test it panics::")

bug("cell freed with the layout of its object", "Layout::new::<ObjectCell<T>>()", "Layout::new::<T>()",
    miri="user")


# containers/chain.rs

bug("missed grace period", "guard = pin_epoch();", "mut at = self.tail.load(Acquire); let guard = pin_epoch(); #[cfg(any())]",
    models="chain_unlink_against_steal", schedules="theft")

bug("missed grace period, with crossbeam-epoch",
    "guard = pin_epoch();",
    "mut at = self.tail.load(Acquire); let guard = pin_epoch(); #[cfg(any())]",
    models="epochs::epochs_unlink_against_steal")

bug("next ring read after the steal",
    "match ring.steal(into)",
    "let found = ring.steal(into); let next = ring.next.load(Acquire); match found",
    models="chain_grow_against_steal", schedules="theft")

bug("ring shrunk away while it is not alone",
    "return Steal::Empty,",
    "{ unsafe { guard.retire(at) }; return Steal::Empty }",
    models="chain_shrink_against_steal")

bug("a ring with something in it is unlinked", "=> return found,", "if next.is_null() => return found, _ => {}",
    programs="random::chains", fuzz="chain")

bug("ring retired before it is unlinked", "match self.tail", "unsafe { guard.retire(at) }; match self.tail",
    models="chain_unlink_against_steal", schedules="theft")

bug("counting without a grace period", "_guard = pin_epoch(); let", "",
    models="chain_counted_while_it_is_unlinked")

bug("rings do not double", "slots() * 2", "slots()",
    programs="random::chains")

bug("ring linked without release", "Release", "Relaxed",
    models="chain_grow_against_steal")

bug("ring with objects freed", "&& self.ring().is_none_or(|ring| ring.len() == 0)", "",
    programs="random::pools")

bug("shrunk though not alone", "|| !self.is_alone()", "",
    programs="random::chains")

bug("rings leaked with their chain", "Box::from_raw(at)", "&*at",
    address="--lib white_box::chain::", memcheck="--lib white_box::chain::")


# containers/occupancy.rs

bug("mark before the objects it stands for", "Release", "Relaxed",
    models="occupancy_seen_is_found")

bug("mark lost", "= holds", "= false && holds",
    schedules="theft")

bug("quick check overlooks victims", "| self.word(parity ^ 1).load(Relaxed)", "",
    models="put_is_found_as_a_victim", programs="random::pools", tests="--lib a_search_overlooks_no_object")

bug("quick check overlooks private parts", "| private", "| (private & 0)",
    models="recall_finds_what_was_put", programs="random::pools", tests="--test it reach::")

bug("enabled private part without a mark", "self.private.fetch_or(1 << (id % BITS), Release)", "let _ = id",
    programs="random::pools", tests="--lib white_box::occupancy")

bug("mark of another shard's private part lost", "still()", "still() && false",
    programs="random::pools", tests="--lib white_box::occupancy")


bug("cleared mark read without acquire", "Acquire", "Relaxed",
    models="recall_against_vacate")


# containers/pointer_table.rs

bug("larger table without the entries of the old one", "(*place).store(pointer, Relaxed);", "let _ = (pointer, place);",
    models="growth_of_a_table")


# containers/quota.rs

bug("bound of several pools ignored", "take(&common.left, wanted)", "wanted",
    tests="--test buffers options::at_most")

bug("common units lost", "self.common.iter()", "None::<&Arc<CommonUnits>>.iter()",
    tests="--test buffers options::at_most")

bug("units leased twice",
    "match left.fetch_update(Relaxed, Relaxed, take",
    "let now = left.load(Relaxed); match take(now).map(|rest| { left.store(rest, Relaxed); now }).ok_or(()",
    models="quota_units")

bug("more units leased than exist", "left) => wanted.min(left)", "_) => wanted",
    programs="random::pools")


# containers/ring.rs

bug("tail runs into the head", "& TAIL", "",
    programs="random::rings")

bug("indices do not wrap", "& TAIL", "",
    programs="random::rings", fuzz="ring")

bug("ring that must have memory",
    "try_slice(slots, |_| AtomicPtr::new(ptr::null_mut()))?",
    "(0..slots).map(|_| AtomicPtr::new(ptr::null_mut())).collect()",
    tests="--test no_memory growth")

bug("steal takes more than half", "len.div_ceil(2", "(len + 1",
    models="ring_batches_against_half", programs="random::rings")

bug("claim without acquire", "Acquire", "Relaxed",
    models="ring_push_against_steal")

bug("double steal",
    "let claim = self.indices.compare_exchange(indices, claimed, Acquire, Relaxed",
    "self.indices.store(claimed, Release); self.indices.load(Acquire); let claim: Result<usize, usize> = Ok(0",
    models="ring_pop_against_two_thieves", schedules="theft", soak="")

bug("slot read before the claim (ABA)",
    "let claim = self.indices.compare_exchange(indices, claimed, Acquire, Relaxed); if claim.is_ok() { self.take_slots(tail, &mut into[..count]);",
    "for (i, place) in into[..count].iter_mut().enumerate() { *place = self.slot(tail + i).load(Relaxed); } "
    "let claim = self.indices.compare_exchange(indices, claimed, Acquire, Relaxed); "
    "if claim.is_ok() { for i in 0..count { self.slot(tail + i).store(ptr::null_mut(), Relaxed); }",
    models="ring_batches_against_half")

bug("thief keeps the slot", "self.take_slots(tail, &mut into[..count]);",
    "into[..count].iter_mut().enumerate().for_each(|(i, place)| *place = self.slot(tail + i).load(Relaxed));",
    programs="random::rings", fuzz="ring")

bug("push over a slot that is not handed back", "!slot.load(Relaxed).is_null()", "false",
    models="ring_full_and_handed_back", schedules="theft")

bug("lost publication", "Release", "Relaxed",
    models="ring_push_against_steal", thread="--lib fences::objects_are")

bug("head not wrapped", "wrapping_sub(count) & TAIL", "saturating_sub(count)",
    models="ring_wraps", programs="random::rings")

bug("pop without a claim",
    "match ring.indices.compare_exchange_weak(indices, pack(head, tail), Relaxed, Relaxed",
    "ring.indices.store(pack(head, tail), Relaxed); match Ok::<usize, usize>(indices",
    schedules="theft")

bug("owner keeps the slot", "ring.take_slots(head, &mut into[..count]);",
    "into[..count].iter_mut().enumerate().for_each(|(i, place)| *place = ring.slot(head + i).load(Relaxed));",
    programs="random::rings")


# containers/shelf.rs

bug("length of the shelf stored after its lock",
    "_guard = lock(&self.lock); self.lists.with_mut(|lists| { let lists = unsafe { &mut *lists }; let result = f(lists); self.len.store(lists.fresh.len() + lists.aged.len(), Relaxed); result })",
    "guard = lock(&self.lock); let (result, len) = self.lists.with_mut(|lists| { let lists = unsafe { &mut *lists }; (f(lists), lists.fresh.len() + lists.aged.len()) }); drop(guard); self.len.store(len, Relaxed); result",
    models="shelf_lists")


# containers/weight.rs

bug("weight state that must have memory",
    "try_box(WeightState { weigh, most, held, users, live_check })?",
    "Box::new(WeightState { weigh, most, held, users, live_check })",
    tests="--test no_memory a_first_use")

bug("object above the weight limit kept", ".filter(|&sum| sum <= most)", "",
    tests="--test it weights::")

bug("weight not given back", "Some(held.saturating_sub(weight))", "{ let _ = weight; Some(held) }",
    tests="--test it weights::")

bug("weight state freed by the first handle", "== 1", "== 2",
    models="weight_end")

bug("weight state freed without acquire", "fence(Acquire);", "",
    models="weight_end")


# containers/stock.rs

bug("cells of a dropped batch leaked", "while self.pop().is_some() {} } } pub(crate) struct Stock", "} } pub(crate) struct Stock",
    address="--lib white_box::cell")

bug("stock filled without release", "Release", "Relaxed",
    models="stock_hands_over")

bug("batch of the stock overwritten", "place.compare_exchange(ptr::null_mut(), batch, Release, Relaxed).is_ok()",
    "place.swap(batch, Release).is_null() || true",
    models="stock_hands_over", tests="--lib a_stock_keeps")

bug("stock emptied without acquire", "Acquire", "Relaxed",
    models="stock_hands_over")
