//! Whether the catalogue has changed since something was read from it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::read::postgres::Connector;
use super::read::shared_lock::SharedLock;
use crate::error::Fault;

/// Where PostgreSQL tells of changes.
pub const CHANNEL: &str = "shotlist_change";
/// Time before a server that cannot be reached is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The change number of a catalogue: it moves with every commit, whoever writes.
pub struct Changes(Source);

enum Source {
    /// SQLite counts the commits of other connections; this one writes nothing.
    Sqlite(Mutex<rusqlite::Connection>, Arc<SharedLock>),
    /// PostgreSQL tells of commits, by a trigger of every table. Whoever listens hears of one
    /// within milliseconds, and within [`SILENCE_MAX`](super::read::postgres::SILENCE_MAX) that it
    /// hears nothing any more.
    Postgres { heard: Arc<Heard>, _listener: AbortOnDropHandle<()> },
}

/// What was heard.
#[derive(Default)]
struct Heard {
    number: AtomicU64,
    listens: AtomicBool,
}

impl Changes {
    pub(super) fn sqlite(path: &Path, lock: Arc<SharedLock>) -> Result<Self, Fault> {
        use rusqlite::OpenFlags;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(path, flags)?;
        Ok(Self(Source::Sqlite(Mutex::new(connection), lock)))
    }

    /// Listen to a server, from a task of the runtime.
    pub(super) fn postgres(connector: Connector) -> Self {
        let heard = Arc::new(Heard::default());
        let told = Arc::clone(&heard);
        let listener = tokio::spawn(async move {
            let mut is_first = true;
            loop {
                let result = connector.listen(|| told.hear()).await;
                let listened = told.listens.swap(false, Ordering::AcqRel);
                // Once for each time that it is lost.
                if let (Err(fault), true) = (result, listened || is_first) {
                    tracing::warn!(%fault, "answers are not kept: changes cannot be heard of");
                }
                is_first = false;
                sleep(RETRY).await;
            }
        });
        Self(Source::Postgres { heard, _listener: AbortOnDropHandle::new(listener) })
    }

    /// The number; none while it is not known.
    ///
    /// What was read between two calls that return the same number is what the catalogue holds at
    /// the second one: on SQLite exactly, on PostgreSQL but for a change that was not heard of yet.
    pub fn number(&self) -> Option<u64> {
        match &self.0 {
            Source::Sqlite(connection, lock) => {
                lock.want();
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let mut statement = connection.prepare_cached("PRAGMA data_version").ok()?;
                let number = statement.query_row([], |row| row.get::<_, i64>(0)).ok()?;
                Some(number.cast_unsigned())
            }
            Source::Postgres { heard, .. } => {
                let listens = heard.listens.load(Ordering::Acquire);
                listens.then(|| heard.number.load(Ordering::Acquire))
            }
        }
    }
}

impl Heard {
    /// Listening has begun, or something has changed: what was known before counts no more.
    fn hear(&self) {
        self.number.fetch_add(1, Ordering::AcqRel);
        self.listens.store(true, Ordering::Release);
    }
}
