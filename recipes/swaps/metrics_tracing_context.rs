//! The pool of metrics-tracing-context: maps of labels, one for each span.
//!
//! Theirs is a `LinearObjectPool` in an `Arc` in a lazy cell, and each guard counts a reference.

use std::fmt;

use corepool::{OwnedPooled, Pool};
use indexmap::IndexMap;
use metrics::SharedString;
use tracing_core::field::{Field, Visit};

type Map = IndexMap<SharedString, SharedString>;

static MAPS: Pool<Map> = Pool::new(Map::new);

pub struct Labels(pub OwnedPooled<Map>);

/// In place of a hook of the pool, so that all of the drop is inlined.
impl Drop for Labels {
    #[inline]
    fn drop(&mut self) {
        self.0.clear();
    }
}

impl Default for Labels {
    #[inline]
    fn default() -> Self {
        Self(MAPS.get_owned())
    }
}

impl AsRef<Map> for Labels {
    fn as_ref(&self) -> &Map {
        &self.0
    }
}

impl Labels {
    fn record(&mut self, field: &Field, value: impl Into<SharedString>) {
        self.0.insert(field.name().into(), value.into());
    }
}

impl Visit for Labels {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, value.to_owned());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, if value { "true" } else { "false" });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, itoa::Buffer::new().format(value).to_owned());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, itoa::Buffer::new().format(value).to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record(field, format!("{value:?}"));
    }
}
