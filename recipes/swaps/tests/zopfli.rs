//! The pool of zopfli's hash tables. Theirs is private, and it is a `LinearObjectPool`.

macro_rules! tests {
    ($name:ident, $pool:path, $prewarm:path) => {
        mod $name {
            #[test]
            fn tables_are_fresh_at_each_use_and_distinct() {
                $prewarm();
                for i in 0..3 {
                    let mut first = $pool.pull();
                    let second = $pool.pull();
                    assert!(first.is_fresh() && second.is_fresh());
                    first.update(i);
                    assert!(!first.is_fresh() && second.is_fresh());
                }
            }
        }
    };
}

tests!(published, crate::hash::PUBLISHED, zopfli::prewarm_object_pools);
tests!(rebuilt, crate::zopfli::HASH_POOL, crate::zopfli::prewarm_object_pools);
