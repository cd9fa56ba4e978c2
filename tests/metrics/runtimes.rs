//! The metrics of runtimes.

use corepool::{
    metrics::install,
    rt::{Builder, Runtime},
};

use crate::recorder::Values;

fn runtime(name: &str) -> Runtime {
    Builder::new().workers(2).thread_name(name).build().unwrap()
}

/// The key of the only metric of the runtime that has this name.
fn key(values: &Values, metric: &str, runtime: &str) -> String {
    let keys = values.keys(&format!(",name={runtime:?}"));
    let mut found = keys.into_iter().filter(|key| key.starts_with(&format!("{metric}{{")));
    let key = found.next().unwrap_or_else(|| panic!("no {metric} of {runtime}"));
    assert_eq!(found.next(), None);
    key
}

#[test]
fn a_runtime_reports_its_metrics_and_its_end() {
    let values = Values::default();
    values.with(|| {
        let guard = install().unwrap();
        let runtime = runtime("reports");
        (0..10).for_each(|_| runtime.block_on(runtime.spawn(async {})).unwrap());
        guard.update();
        let gauge = |metric| values.gauge(&key(&values, metric, "reports")).unwrap();
        let counter = |metric| values.counter(&key(&values, metric, "reports")).unwrap();
        assert_eq!((gauge("corepool_rt_workers"), gauge("corepool_rt_alive")), (2.0, 0.0));
        assert!(gauge("corepool_rt_threads") >= 1.0);
        assert!(counter("corepool_rt_spawned_total") >= 10);
        assert!(counter("corepool_rt_polls_total") >= 10);
        drop(runtime);
        guard.update();
        assert_eq!((gauge("corepool_rt_workers"), gauge("corepool_rt_threads")), (0.0, 0.0));
        assert!(counter("corepool_rt_spawned_total") >= 10);
        for key in values.keys(",name=\"reports\"") {
            let name = key.split('{').next().unwrap();
            assert!(values.description(name).is_some_and(|text| text.len() > 10), "{name}");
        }
        assert_eq!(values.keys(",name=\"reports\"").len(), 9 + 7);
    });
}

#[test]
fn runtimes_of_one_name_are_told_apart() {
    let values = Values::default();
    values.with(|| {
        let _runtimes = [runtime("twins"), runtime("twins")];
        let _guard = install().unwrap();
        let found = values.keys(",name=\"twins\"");
        assert_eq!(found.iter().filter(|key| key.starts_with("corepool_rt_workers{")).count(), 2);
    });
}
