//! The pages of the repository, as rustdoc renders them. Each page ends with the definitions of its
//! links, which are paths in the repository. The definitions before a page lead to the same pages
//! in this documentation, and take precedence.

/// How to use pools well.
pub mod guide {
    /// A `Pool`, a `BufferPool`, a `thread_local!`, or none.
    ///
    // The examples need the feature; other pages link to this one without it, too.
    #[cfg(any(feature = "bytes", not(doctest)))]
    pub mod choosing {
        #![doc = "[guide-buffers]: crate::guide::buffers\n\n"]
        #![doc = include_str!("../docs/choosing.md")]
    }

    /// Where a pool lives, how it makes its objects, and every call.
    ///
    pub mod statics {
        #![doc = "[guide-memory]: crate::guide::memory"]
        #![doc = "[guide-observability]: crate::guide::observability\n\n"]
        #![doc = include_str!("../docs/statics.md")]
    }

    /// Pools under tokio, rayon and plain threads.
    ///
    // `recipes` runs the examples, since it has these crates.
    #[cfg(not(doctest))]
    pub mod threads {
        #![doc = "[guide-errors]: crate::guide::errors"]
        #![doc = "[guide-memory]: crate::guide::memory"]
        #![doc = "[guide-runtime]: crate::guide::runtime\n\n"]
        #![doc = include_str!("../docs/threads.md")]
    }

    /// What to do with an object when something went wrong.
    ///
    pub mod errors {
        #![doc = "[guide-limits]: crate::guide::limits\n\n"]
        #![doc = include_str!("../docs/errors.md")]
    }

    /// Which objects are worth pooling, and how.
    ///
    #[cfg(any(feature = "bytes", not(doctest)))]
    pub mod buffers {
        #![doc = "[guide-choosing]: crate::guide::choosing"]
        #![doc = "[guide-errors]: crate::guide::errors"]
        #![doc = "[guide-memory]: crate::guide::memory"]
        #![doc = "[benchmarks]: crate::guide::repository\n\n"]
        #![doc = include_str!("../docs/buffers.md")]
    }

    /// What to set, and where the memory of a pool goes.
    ///
    pub mod memory {
        #![doc = include_str!("../docs/memory.md")]
    }

    /// How to check code that uses pools.
    ///
    pub mod testing {
        #![doc = include_str!("../docs/testing.md")]
    }

    /// Forks, and the ends of threads, pools, processes and libraries.
    ///
    pub mod fork {
        #![doc = "[guide-sandboxes]: crate::guide::sandboxes"]
        #![doc = "[design-fork]: crate::design#fork\n\n"]
        #![doc = include_str!("../docs/fork.md")]
    }

    /// Processes that may not make every system call.
    ///
    pub mod sandboxes {
        #![doc = "[guide-platforms]: crate::guide::platforms\n\n"]
        #![doc = include_str!("../docs/sandboxes.md")]
    }

    /// Where pools run, and what has been checked there.
    ///
    pub mod platforms {
        #![doc = "[guide-sandboxes]: crate::guide::sandboxes\n\n"]
        #![doc = include_str!("../docs/platforms.md")]
    }

    /// The calls of other pools, and those of this one.
    ///
    pub mod coming_from {
        #![doc = "[guide-memory]: crate::guide::memory"]
        #![doc = "[`Pool::from_raw`]: crate::Pool::from_raw\n\n"]
        #![doc = include_str!("../docs/coming-from.md")]
    }

    /// The runtime and its sockets.
    ///
    #[cfg(any(feature = "net", not(doctest)))]
    pub mod runtime {
        #![doc = "[benchmarks]: crate::guide::repository"]
        #![doc = "[guide-limits]: crate::guide::limits"]
        #![doc = "[guide-other-crates]: crate::guide::other_crates\n\n"]
        #![doc = include_str!("../docs/runtime.md")]
    }

    /// axum, TLS, WebSockets and `futures` on the runtime.
    ///
    // `recipes/rt` runs the examples, since it has these crates.
    #[cfg(not(doctest))]
    pub mod other_crates {
        #![doc = include_str!("../docs/other-crates.md")]
    }

    /// Statistics, metrics for Prometheus and others, and events.
    ///
    #[cfg(all(feature = "bytes", feature = "metrics", feature = "rt"))]
    pub mod observability {
        #![doc = "[`Pool::stats`]: crate::Pool::stats"]
        #![doc = "[`Runtime::metrics`]: crate::rt::Runtime::metrics"]
        #![doc = "[`BufferPool::stats`]: crate::buffer::BufferPool::stats"]
        #![doc = "[`corepool::metrics`]: crate::metrics"]
        #![doc = "[`with_min_idle`]: crate::Pool::with_min_idle"]
        #![doc = "[`install_with_interval`]: crate::metrics::install_with_interval"]
        #![doc = "[`Guard::update`]: crate::metrics::Guard::update"]
        #![doc = "[`named`]: crate::rt::named()"]
        #![doc = "[`Builder::stall_after`]: crate::rt::Builder::stall_after"]
        #![doc = "[`Builder::on_stall`]: crate::rt::Builder::on_stall"]
        #![doc = "[dashboard]: crate::guide::repository\n\n"]
        #![doc = include_str!("../docs/observability.md")]
    }
    /// Statistics, metrics for Prometheus and others, and events. The features `bytes`, `metrics` and `rt` have the page.
    #[cfg(not(any(doctest, all(feature = "bytes", feature = "metrics", feature = "rt"))))]
    pub mod observability {}

    /// What pools cannot do.
    ///
    pub mod limits {
        #![doc = "[design]: crate::design"]
        #![doc = "[guide-fork]: crate::guide::fork"]
        #![doc = "[guide-memory]: crate::guide::memory"]
        #![doc = "[guide-platforms]: crate::guide::platforms"]
        #![doc = "[guide-sandboxes]: crate::guide::sandboxes\n\n"]
        #![doc = include_str!("../docs/limits.md")]
    }

    /// Pages that are in the repository only.
    ///
    /// | file | holds |
    /// |---|---|
    /// | `BENCHMARKS.md` | measurements of this pool, other pools and Go's, with plots |
    /// | `CONTRIBUTING.md` | how to test a change, and how to submit it |
    /// | `examples/README.md` | programs to copy from |
    /// | `examples/dashboard` | a live page of pools and runtimes |
    /// | `tests/README.md` | what each test suite is, and how to run one test |
    /// | `ci/bugs/README.md` | planted bugs, and the checks that notice them |
    pub mod repository {}
}

/// How pools work, and why that is correct.
///
pub mod design {
    #![doc = "[design-buffers]: crate::design::buffers"]
    #![doc = "[design-runtime]: crate::design::runtime"]
    #![doc = "[design-checks]: crate::design::checks"]
    #![doc = "[guide-limits]: crate::guide::limits"]
    #![doc = "[benchmarks]: crate::guide::repository"]
    #![doc = include_str!("../docs/pictures/design.md")]
    #![doc = include_str!("../DESIGN.md")]

    /// The runtime.
    ///
    pub mod runtime {
        #![doc = "[design]: crate::design\n[design-checks]: crate::design::checks\n\n"]
        #![doc = include_str!("../docs/design/runtime.md")]
    }

    /// Byte buffers.
    ///
    pub mod buffers {
        #![doc = "[design]: crate::design"]
        #![doc = "[design-objects]: crate::design#objects"]
        #![doc = "[design-manager]: crate::design#the-manager"]
        #![doc = "[guide-buffers]: crate::guide::buffers\n\n"]
        #![doc = include_str!("../docs/design/buffers.md")]
    }

    /// How the claims of these pages are checked.
    ///
    pub mod checks {
        #![doc = "[design]: crate::design"]
        #![doc = "[benchmarks]: crate::guide::repository"]
        #![doc = "[bugs]: crate::guide::repository"]
        #![doc = "[tests]: crate::guide::repository"]
        #![doc = "[contributing]: crate::guide::repository\n\n"]
        #![doc = include_str!("../docs/design/checks.md")]
    }
}
