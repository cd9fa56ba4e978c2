//! A subscriber that keeps events, and may do more with each.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::Interest,
};

/// An event: its level, its message, and its other fields.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) level: Level,
    pub(crate) message: String,
    pub(crate) fields: BTreeMap<&'static str, String>,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            name => _ = self.fields.insert(name, text.trim_matches('"').into()),
        }
    }
}

/// Keeps the events of corepool.
#[derive(Clone)]
pub(crate) struct Keeper {
    seen: Arc<Mutex<Vec<Seen>>>,
    then: Arc<dyn Fn(&Seen) + Send + Sync>,
    asked: Arc<dyn Fn() + Send + Sync>,
}

impl Keeper {
    pub(crate) fn new() -> Self {
        Self::that(|_| ())
    }

    /// Calls `then` with each event, after it was kept.
    pub(crate) fn that(then: impl Fn(&Seen) + Send + Sync + 'static) -> Self {
        Self { seen: Arc::default(), then: Arc::new(then), asked: Arc::new(|| ()) }
    }

    /// Calls `asked` each time it is asked whether it wants an event.
    pub(crate) fn when_asked(asked: impl Fn() + Send + Sync + 'static) -> Self {
        Self { asked: Arc::new(asked), ..Self::new() }
    }

    /// Runs `f` with this subscriber as that of the calling thread.
    pub(crate) fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        tracing::subscriber::with_default(self.clone(), f)
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap()
    }

    /// Takes the events with this message.
    pub(crate) fn take(&self, message: &str) -> Vec<Seen> {
        let (taken, left) = self.seen().drain(..).partition(|seen| seen.message == message);
        *self.seen() = left;
        taken
    }
}

/// What the subscriber of the process does with each event.
pub(crate) static HOOK: Mutex<Option<Hook>> = Mutex::new(None);

pub(crate) type Hook = Arc<dyn Fn(&Seen) + Send + Sync>;

/// Returns the subscriber of the process, which calls [`HOOK`]. The crate `tracing` keeps the subscriber of a
/// thread from being called within an event, but not that of the process.
pub(crate) fn process() -> &'static Keeper {
    static KEEPER: OnceLock<Keeper> = OnceLock::new();
    KEEPER.get_or_init(|| {
        let keeper = Keeper::that(|seen| {
            let hook = HOOK.lock().unwrap().clone();
            hook.iter().for_each(|hook| hook(seen));
        });
        tracing::subscriber::set_global_default(keeper.clone()).expect("there is no other");
        keeper
    })
}

impl Subscriber for Keeper {
    // It is asked each time, not once for each event of the program.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        (self.asked)();
        metadata.target() == "corepool"
    }

    fn event(&self, event: &Event<'_>) {
        let level = *event.metadata().level();
        let mut seen = Seen { level, message: String::new(), fields: BTreeMap::new() };
        event.record(&mut seen);
        self.seen().push(seen.clone());
        (self.then)(&seen);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
