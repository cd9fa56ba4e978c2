"""Bugs in the pool."""
from .planted import bug

bug("new shard a generation behind", "Relaxed),", "Relaxed).wrapping_sub(1),",
    models="join_against_collect", programs="random::pools")

bug("segment of a quicker thread overwritten",
    "self.segments[index].compare_exchange(ptr::null_mut(), new.cast(), Release, Relaxed)",
    "{ self.segments[index].store(new.cast(), Release); Ok::<(), ()>(()) }",
    models="growth_against_growth", schedules="theft")

bug("leftovers of a theft dropped", "self.shelf.append", "drop",
    schedules="theft")

bug("victims lost with the one that is used", "self.shelf.append_aged", "drop",
    schedules="collectors")

bug("generation read before the pin",
    "_pin = unsafe { seat.pin() }?; let owner = unsafe { shard.owner() }; owner.open(|| self.generation.load(Relaxed)",
    "generation = self.generation.load(Relaxed); let _pin = unsafe { seat.pin() }?; let owner = unsafe { shard.owner() }; owner.open(|| generation",
    schedules="stall")

bug("unit lost at the shelf", "self.quota.release(1);", "",
    schedules="bound", programs="random::pools")

bug("units of stolen objects lost", "{ self.quota.release(1); 0 }", "0,",
    programs="random::pools")

bug("victims become young", "append_aged", "append",
    programs="random::pools")

bug("victims before the shelf", ".wrapping_add(1)", "",
    programs="random::pools")

bug("first use that aborts", "expect(NO_MEMORY", "unwrap_or_else(|| std::process::abort()",
    tests="--test no_memory first_use")

bug("object without a ring lost", "return self.shelve(full", "std::mem::forget(full); return Ok(()",
    tests="--test no_memory growth")

bug("drop inside the pin",
    "drop(pinned); let slots = match pushed { Ok(()) => return Ok(()), Err(PushError::AtLimit(full)) => return Err(full),",
    "let slots = match pushed { Ok(()) => return Ok(()), Err(PushError::AtLimit(full)) => { drop(full); return Ok(()); }",
    soak="")

bug("reserve ignores the bound", "if !core.quota.has_room() { return; }", "",
    programs="random::sizes", fuzz="sizes")

bug("cell that must have memory", "EmptyCell::try_new", "|| Some(EmptyCell::new())",
    tests="--test no_memory growth")

bug("object dropped without being counted", "let _count = CountOnDrop(core);", "",
    tests="--test no_memory growth")

bug("spoilt object kept", "panicking()", "false",
    soak="")

bug("values are kept as they are", "self.recycle.is_none() &&", "",
    tests="--test it guards")

bug("refused, and kept", "get_mut()) {", "get_mut()) && false {",
    tests="--test it guards::only_objects")

bug("refused, and not counted", "if accepted { mem::forget(count); }", "mem::forget(count);",
    tests="--test it stats")

bug("two cores of one pool", "self.get()", "None",
    models="lazy_first_use_by_two")

bug("pool shared whatever its objects", ": Send", "",
    tests="--test it types")

bug("pool sent whatever its objects", ": Send", "",
    tests="--test it types")

bug("units leased twice",
    "match self.left.fetch_update(Relaxed, Relaxed, take",
    "let left = self.left.load(Relaxed); match take(left).map(|rest| { self.left.store(rest, Relaxed); left }).ok_or(()",
    models="quota_units")

bug("a lease of more than there is", "left) => wanted.min(left)", "_) => wanted",
    programs="random::pools")

bug("length of the shelf stored after its lock",
    "_guard = lock(&self.lock); self.lists.with_mut(|lists| { let lists = unsafe { &mut *lists }; let result = f(lists); self.len.store(lists.fresh.len() + lists.aged.len(), Relaxed); result })",
    "guard = lock(&self.lock); let (result, len) = self.lists.with_mut(|lists| { let lists = unsafe { &mut *lists }; (f(lists), lists.fresh.len() + lists.aged.len()) }); drop(guard); self.len.store(len, Relaxed); result",
    models="shelf_lists")

bug("guard shared whatever its object", ": Sync", "",
    tests="--test it types")

bug("guard passes panics whatever its object", ": RefUnwindSafe", "",
    tests="--test it types")

bug("objects lost to a panic", "panics.guard(|| drop(full)", "drop(full",
    soak="", tests="--test it panics::")
