"""The pool."""
from .planted import bug

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
    "        if panicking() {\n            return discard(core, full);",
    "        if false {\n            return discard(core, full);",
    soak="")

bug("values are kept as they are", "pool.rs",
    "if self.recycle.is_none() && unsafe",
    "if unsafe",
    tests="--test it guards")

bug("refused, and kept", "origin.rs",
    "if !accepts(core, full.get_mut()) {",
    "if !accepts(core, full.get_mut()) && false {",
    tests="--test it guards::only_objects")

bug("refused, and not counted", "origin.rs",
    "        if accepted {\n            std::mem::forget(counted);\n        }",
    "        std::mem::forget(counted);",
    tests="--test it stats")

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
