//! `metrics_tracing_context::Labels`.

macro_rules! tests {
    ($name:ident, $labels:path) => {
        mod $name {
            use tracing_core::field::Visit;

            use $labels as Labels;

            use crate::{site, tests::on_a_thread};

            fn recorded() -> Labels {
                let [path, status, cached] = site::fields();
                let mut labels = Labels::default();
                labels.record_str(&path, "/");
                labels.record_u64(&status, 200);
                labels.record_i64(&status, -1);
                labels.record_bool(&cached, true);
                labels
            }

            fn texts(labels: &Labels) -> Vec<(&str, &str)> {
                labels.as_ref().iter().map(|(name, value)| (&**name, &**value)).collect()
            }

            #[test]
            fn labels_are_recorded_and_the_last_value_counts() {
                let mut labels = recorded();
                assert_eq!(texts(&labels), [("path", "/"), ("status", "-1"), ("cached", "true")]);
                labels.record_debug(&site::fields()[0], &Some(1));
                assert_eq!(texts(&labels)[0], ("path", "Some(1)"));
            }

            #[test]
            fn labels_begin_empty() {
                for _ in 0..100 {
                    assert!(Labels::default().as_ref().is_empty());
                    drop(recorded());
                }
            }

            #[test]
            fn labels_end_on_another_thread() {
                let labels = recorded();
                on_a_thread(move || drop(labels));
                assert!(Labels::default().0.is_empty());
            }
        }
    };
}

tests!(published, metrics_tracing_context::Labels);
tests!(rebuilt, crate::metrics_tracing_context::Labels);
