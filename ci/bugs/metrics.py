"""Bugs in src/metrics."""
from .planted import bug

bug("total decreases", "if more > 0", "if more != 0",
    tests="--lib totals_never_decrease")

bug("counters stand still", "if more > 0", "if more > 0 && self.total == 0",
    page="")

bug("gauges stand still", "value(stats) as f64", "value(&Stats::default()) as f64",
    page="")

bug("first pool left out", "in all", "in all.into_iter().skip(1)",
    page="")

bug("gauges of ended runtimes stay", "totals.sample(&Metrics::default(), samples);", "let _ = &totals;",
    tests="--test metrics a_runtime_reports")

bug("recorder called under the lock", "let samples = self.samples();",
    "let samples = self.samples(); let _sources = lock(&self.sources);",
    tests="--test metrics a_recorder_may_use_pools")

bug("sampler not woken to end", "self.stop.notify_all();", "",
    tests="--test process dropping_the_guard_ends_the_reports")

bug("signals reach the sampler", "without_signals(|| thread.spawn(move || shared.run(interval)))",
    "thread.spawn(move || shared.run(interval))",
    tests="--test process signals_are_blocked_on_the_thread_that_reports")

bug("parent's sampler joined in a child", "!self.is_in_its_process()", "false",
    tests="--test process a_forked_child_reports")

bug("sampler joins itself", "thread.thread().id() != thread::current().id()", "true",
    tests="--test process a_recorder_may_drop_the_guard")

bug("child waits for a report of its parent", "crate::rt::context::fork::watch();", "",
    tests="--lib white_box::metrics::")
