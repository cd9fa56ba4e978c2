//! The pools that are measured. Each pair is the same program, with the published crate and with the
//! module that takes its place.

use std::{
    hint::black_box,
    sync::{Arc, LazyLock},
};

use ::regex_automata::{
    Input,
    meta::{Cache, Regex},
};
use tracing_core::field::{Field, Visit};

use crate::{
    hash::{self, ZopfliHash},
    measure::{self, Contestant, Effort},
    site, zopfli,
};

static REGEX: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\b([a-z0-9.]+)@([a-z0-9.]+\.(?:org|net))\b").unwrap());

const TEXT: &str = "no address here, no address here, and then somebody@example.org";

static FIELDS: LazyLock<[Field; 3]> = LazyLock::new(site::fields);

/// Defines a contestant: its name, its pool and guard, how to make and get them, and a use.
macro_rules! contestant {
    ($name:ident($pool:ty) -> $guard:ty, $new:expr, |$this:ident| $get:expr, |$object:ident| $touch:expr) => {
        pub struct $name($pool);

        impl Contestant for $name {
            type Guard<'a> = $guard;

            fn new() -> Self {
                Self($new)
            }

            #[inline(always)]
            fn get(&self) -> Self::Guard<'_> {
                let $this = &self.0;
                $get
            }

            #[inline(always)]
            fn touch(&self, $object: &mut Self::Guard<'_>) {
                $touch;
            }
        }
    };
}

macro_rules! contestants {
    ($side:ident: $regex:ident, $linear:ident, $labels:ident, $poolshark:ident) => {
        mod $side {
            use super::{$labels as Labels, $linear as linear, $poolshark as poolshark, $regex as regex, *};

            type Make<T> = fn() -> T;

            contestant!(Scratch(regex::Pool<Vec<u8>, Make<Vec<u8>>>) -> regex::PoolGuard<'a, Vec<u8>, Make<Vec<u8>>>,
                regex::Pool::new(Vec::new), |pool| pool.get(), |vec| black_box(&mut **vec));
            contestant!(Search(regex::Pool<Cache, Make<Cache>>) -> regex::PoolGuard<'a, Cache, Make<Cache>>,
                regex::Pool::new(|| REGEX.create_cache()), |pool| pool.get(), |cache| {
                    let input = Input::new(black_box(TEXT)).earliest(true);
                    assert!(REGEX.search_half_with(cache, &input).is_some());
                });
            contestant!(Linear(linear::LinearObjectPool<Vec<u8>>) -> linear::LinearReusable<'a, Vec<u8>>,
                linear::LinearObjectPool::new(Vec::new, Vec::clear), |pool| pool.pull(), |vec| black_box(vec).push(1));
            contestant!(LinearOwned(Arc<linear::LinearObjectPool<Vec<u8>>>) -> linear::LinearOwnedReusable<Vec<u8>>,
                Arc::new(linear::LinearObjectPool::new(Vec::new, Vec::clear)), |pool| pool.pull_owned(), |vec| black_box(vec).push(1));
            contestant!(Empty(()) -> Labels, (), |_pool| Labels::default(), |labels| black_box(labels));
            contestant!(Fields(()) -> Labels, (), |_pool| Labels::default(), |labels| {
                let [path, status, cached] = &*FIELDS;
                labels.record_str(path, black_box("/index"));
                labels.record_u64(status, black_box(200));
                labels.record_bool(cached, black_box(true));
            });
            contestant!(Local(()) -> poolshark::local::LPooled<Vec<u8>>, (),
                |_pool| poolshark::local::LPooled::take(), |vec| black_box(vec).push(1));
            contestant!(Global(poolshark::global::Pool<Vec<u8>>) -> poolshark::global::GPooled<Vec<u8>>,
                poolshark::global::Pool::new(1024, 1024), |pool| pool.take(), |vec| black_box(vec).push(1));
        }
    };
}

use crate::{
    lockfree_object_pool as our_linear, metrics_tracing_context::Labels as OurLabels,
    poolshark as our_poolshark, regex_automata as our_regex,
};
use ::{
    lockfree_object_pool as their_linear, metrics_tracing_context::Labels as TheirLabels,
    poolshark as their_poolshark, regex_automata::util::pool as their_regex,
};

contestants!(theirs: their_regex, their_linear, TheirLabels, their_poolshark);
contestants!(ours: our_regex, our_linear, OurLabels, our_poolshark);

contestant!(TheirHash(()) -> lockfree_object_pool::LinearReusable<'a, Box<ZopfliHash>>,
    (), |_pool| hash::PUBLISHED.pull(), |hash| hash.update(7));
contestant!(OurHash(()) -> corepool::Pooled<'a, Box<ZopfliHash>>,
    (), |_pool| zopfli::HASH_POOL.pull(), |hash| hash.update(7));

/// Measures all, and prints a table.
pub fn print(effort: Effort) {
    measure::print_head();
    measure::print::<theirs::Scratch, ours::Scratch>("regex-automata, get and drop", effort);
    measure::print::<theirs::Search, ours::Search>("regex-automata, with a search", effort);
    measure::print::<TheirHash, OurHash>("zopfli, with a reset", effort);
    measure::print::<theirs::Empty, ours::Empty>("metrics-tracing-context, without labels", effort);
    measure::print::<theirs::Fields, ours::Fields>("metrics-tracing-context, three labels", effort);
    measure::print::<theirs::Linear, ours::Linear>("lockfree-object-pool, `pull`", effort);
    measure::print::<theirs::LinearOwned, ours::LinearOwned>(
        "lockfree-object-pool, `pull_owned`",
        effort,
    );
    measure::print::<theirs::Local, ours::Local>("poolshark, local", effort);
    measure::print::<theirs::Global, ours::Global>("poolshark, global", effort);
}
