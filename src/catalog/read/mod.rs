//! Reading: one statement in, rows out, values by position.
//!
//! The drivers are used directly here, without a layer above them: [`sqlite`] runs a statement in
//! the thread that asks, [`postgres`] over a connection that is told when an answer is no longer
//! wanted. Both copy the values out into the same [`Rows`].

mod pools;
pub(super) mod postgres;
mod rows;
mod share;
pub(super) mod shared_lock;
mod sqlite;
mod stop;

use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use deadpool::Status;
use deadpool::managed::{Manager, Pool, PoolError, QueueMode, TimeoutType, Timeouts};
use sqlx::postgres::PgConnectOptions;

pub use rows::Rows;
pub use share::Part;
pub use stop::Stop;

use shared_lock::SharedLock;

use super::changes::Changes;
use super::database::{ACQUIRE_TIMEOUT, Options};
use crate::error::{Error, Fault, FaultClass};

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The embedded one.
    Sqlite,
    /// A server.
    Postgres,
}

/// A value bound to a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// An integer.
    Int(i64),
    /// Text.
    Text(String),
    /// Integers: an array on PostgreSQL, a JSON array on SQLite.
    Keys(Vec<i64>),
    /// Texts, in the same way.
    Texts(Vec<String>),
}

/// What a statement reads for, each of them once.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyList {
    /// Of rows.
    Ids(Vec<i64>),
    /// Texts by which rows are looked up.
    Texts(Vec<String>),
    /// Of rows, each with the name of a group.
    Groups(Vec<i64>, Vec<String>),
}

impl KeyList {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Ids(ids) | Self::Groups(ids, _) => ids.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many parameters they are.
    pub fn width(&self) -> usize {
        match self {
            Self::Ids(_) | Self::Texts(_) => 1,
            Self::Groups(..) => 2,
        }
    }
}

/// Longest time that opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Without a timer: a connection that is there is had at once.
const AT_ONCE: Timeouts =
    Timeouts { wait: Some(Duration::ZERO), create: Some(CONNECT_TIMEOUT), recycle: None };

/// The reading side of a catalogue: connections that cannot write.
pub struct Reader {
    connections: Connections,
    statement_timeout: Duration,
    statements: AtomicU64,
    faults: [AtomicU64; FaultClass::ALL.len()],
}

enum Connections {
    Sqlite(Pool<sqlite::Opener>, Arc<SharedLock>),
    Postgres(Box<pools::Pools>),
}

/// How the connections of a pool are used at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Connections that are open.
    pub open: usize,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// Statements that wait for a connection.
    pub waiting: usize,
    /// How many may be open.
    pub max: usize,
}

impl Reader {
    /// Open a database file that exists.
    pub(super) async fn sqlite(path: &Path, options: &Options) -> Result<Self, Fault> {
        let opener = sqlite::Opener::new(path.to_owned());
        // As many as can be used at once: by threads that serve, and by work that is heavy.
        let connections = connections(options, (2 * processors() + 1).clamp(8, 33));
        let lock = Arc::new(SharedLock::of(path));
        let reader = Self::over(Connections::Sqlite(pool(opener, connections)?, lock), options);
        reader.ping().await.map(|()| reader)
    }

    /// Connect to a server, with the options of its URL.
    pub(super) async fn postgres(
        connect: &PgConnectOptions,
        options: &Options,
    ) -> Result<Self, Error> {
        let connector = postgres::Connector::new(connect, options.statement_timeout)?;
        // Whoever asks opens connections of their own.
        connector.create().await?.close().await;
        let pools = pools::Pools::new(connector, options);
        Ok(Self::over(Connections::Postgres(Box::new(pools)), options))
    }

    fn over(connections: Connections, options: &Options) -> Self {
        let statement_timeout = options.statement_timeout;
        Self {
            connections,
            statement_timeout,
            statements: AtomicU64::new(0),
            faults: Default::default(),
        }
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        match self.connections {
            Connections::Sqlite(..) => Backend::Sqlite,
            Connections::Postgres(_) => Backend::Postgres,
        }
    }

    /// How many statements have run since the start.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How many of them needed none of their own, since another one gave the rows.
    pub fn shared_statements(&self) -> u64 {
        match &self.connections {
            Connections::Sqlite(..) => 0,
            Connections::Postgres(pools) => pools.joined(),
        }
    }

    /// How many statements have failed for each class of reason since the start, or found no
    /// connection.
    pub fn faults(&self) -> impl Iterator<Item = (FaultClass, u64)> {
        let counts = self.faults.iter().map(|count| count.load(Ordering::Relaxed));
        FaultClass::ALL.into_iter().zip(counts)
    }

    fn count(&self, fault: &Fault) {
        let index = FaultClass::ALL.iter().position(|class| *class == fault.class);
        self.faults[index.unwrap_or_default()].fetch_add(1, Ordering::Relaxed);
    }

    /// How the connections are used at present.
    pub fn usage(&self) -> Usage {
        match &self.connections {
            Connections::Sqlite(pool, _) => pool.status().into(),
            Connections::Postgres(pools) => pools.usage(),
        }
    }

    /// Follow the changes of the catalogue, from the runtime in which it is called.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn changes(&self) -> Result<Changes, Fault> {
        match &self.connections {
            Connections::Sqlite(pool, lock) => {
                Changes::sqlite(pool.manager().path(), Arc::clone(lock))
            }
            Connections::Postgres(pools) => Ok(Changes::postgres(pools.connector().clone())),
        }
    }

    /// How many threads can ask at once, each with at least one connection.
    pub fn threads(&self) -> usize {
        threads(self.usage().max)
    }

    /// Begin to read for a request.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn session(&self) -> Result<Session<'_>, Fault> {
        let snapshot = match &self.connections {
            Connections::Sqlite(pool, lock) => {
                lock.want();
                let connection = match pool.timeout_get(&AT_ONCE).await {
                    Err(PoolError::Timeout(TimeoutType::Wait)) => pool.get().await,
                    other => other,
                };
                let snapshot = connection.map_err(Fault::from).and_then(sqlite::Snapshot::of);
                Some(Mutex::new(snapshot.inspect_err(|fault| self.count(fault))?))
            }
            Connections::Postgres(_) => None,
        };
        Ok(Session { reader: self, snapshot, count: AtomicU64::new(0) })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn ping(&self) -> Result<(), Fault> {
        let never = Stop::after(Duration::from_secs(10));
        self.session().await?.run(&"SELECT 1".into(), None, Vec::new(), &never).await.map(|_| ())
    }

    pub(super) fn close(&self) {
        match &self.connections {
            Connections::Sqlite(pool, lock) => {
                pool.close();
                lock.end();
            }
            Connections::Postgres(pools) => pools.close(),
        }
    }
}

/// The statements of a request. On SQLite they have one connection and see one state of the
/// catalogue; on PostgreSQL each has one of its own, so that they can run at once.
pub struct Session<'r> {
    reader: &'r Reader,
    /// The lock is never waited for: a statement runs within one poll.
    snapshot: Option<Mutex<sqlite::Snapshot>>,
    /// How many statements it has run.
    count: AtomicU64,
}

impl Session<'_> {
    /// Run a statement whose text was made of declarations alone, and read all its rows: with keys,
    /// those of each together, in their order, the ordinal of the key first.
    ///
    /// It ends early, and so does the work in the database, when the time of a statement is over or
    /// the work is to stop. On SQLite it runs once for each key, whose values are the first
    /// parameters, and blocks the thread that polls it. On PostgreSQL the keys are arrays; others
    /// who run it at the same time for other keys may share it; and dropping the future cancels it.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn fetch(
        &self,
        sql: &Arc<str>,
        keys: Option<KeyList>,
        rest: Vec<Parameter>,
        stop: &Stop,
    ) -> Result<Part, Fault> {
        self.reader.statements.fetch_add(1, Ordering::Relaxed);
        // The text alone: values are the client's.
        tracing::debug!(%sql);
        self.count.fetch_add(1, Ordering::Relaxed);
        let read = self.run(sql, keys, rest, stop).await;
        // What is given up is run again, and fails then if it does.
        read.inspect_err(|fault| {
            if !stop.is_spent() {
                self.reader.count(fault);
            }
        })
    }

    /// Its statements were in vain and are run again by another one.
    pub fn give_up(self) {
        self.reader.statements.fetch_sub(self.count.into_inner(), Ordering::Relaxed);
    }

    async fn run(
        &self,
        sql: &Arc<str>,
        keys: Option<KeyList>,
        rest: Vec<Parameter>,
        stop: &Stop,
    ) -> Result<Part, Fault> {
        let time = self.reader.statement_timeout;
        match (&self.reader.connections, &self.snapshot) {
            // In a box: SQLite's statements do not need the room.
            (Connections::Postgres(pools), _) => Box::pin(pools.fetch(sql, keys, rest)).await,
            (Connections::Sqlite(..), Some(snapshot)) => {
                let snapshot = snapshot.lock().unwrap_or_else(PoisonError::into_inner);
                let stop = stop.no_later_than(time);
                snapshot.fetch(sql, keys.as_ref(), &rest, stop).map(Part::from)
            }
            (Connections::Sqlite(..), None) => Err(Fault::bug("a session without a snapshot")),
        }
    }
}

/// How many connections there may be: as many as are set, or as suit the database.
fn connections(options: &Options, suitable: usize) -> usize {
    options.read_connections.map_or(suitable, |number| number as usize)
}

fn processors() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

/// Threads between which so many connections can be divided.
fn threads(connections: usize) -> usize {
    processors().min(connections).max(1)
}

impl From<Status> for Usage {
    fn from(status: Status) -> Self {
        let Status { size, available, waiting, max_size } = status;
        Self { open: size, idle: available, waiting, max: max_size }
    }
}

fn pool<M: Manager>(manager: M, connections: usize) -> Result<Pool<M>, Fault> {
    Pool::builder(manager)
        .max_size(connections)
        // The connection that was used last has the warmest caches.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(Some(ACQUIRE_TIMEOUT))
        .create_timeout(Some(CONNECT_TIMEOUT))
        .recycle_timeout(Some(CONNECT_TIMEOUT))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(|error| Fault::bug(error.to_string()))
}

impl From<PoolError<Fault>> for Fault {
    fn from(error: PoolError<Fault>) -> Self {
        match error {
            PoolError::Backend(fault) => fault,
            PoolError::Timeout(TimeoutType::Wait) => {
                Self::new(FaultClass::Overloaded, "no connection became free")
            }
            PoolError::Timeout(_) => {
                Self::new(FaultClass::Unavailable, "a connection took too long to open")
            }
            PoolError::Closed => Self::new(FaultClass::Unavailable, "the pool is closed"),
            other => Self::bug(other.to_string()),
        }
    }
}
