//! Reading: one statement in, rows out, values by position.
//!
//! The drivers are used directly here, without a layer above them: [`sqlite`] runs a statement in
//! the thread that asks, [`postgres`] over a connection that is told when an answer is no longer
//! wanted. Both copy the values out into the same [`Rows`].

mod pools;
pub(super) mod postgres;
mod rows;
mod share;
mod sqlite;
mod stop;

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use deadpool::Status;
use deadpool::managed::{Manager, Pool, PoolError, QueueMode, TimeoutType};
use sqlx::postgres::PgConnectOptions;

pub use rows::Rows;
pub use share::Part;
pub use stop::Stop;

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
    /// Integers, keys of parents for instance: an array on PostgreSQL, a JSON array on SQLite.
    Keys(Vec<i64>),
    /// Texts, in the same way.
    Texts(Vec<String>),
    /// Integers, each with a text: two arrays on PostgreSQL, a JSON array of arrays on SQLite.
    Pairs(Vec<i64>, Vec<String>),
}

/// Longest time that opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The reading side of a catalogue: connections that cannot write.
pub struct Reader {
    connections: Connections,
    statement_timeout: Duration,
    statements: AtomicU64,
}

enum Connections {
    Sqlite(Pool<sqlite::Opener>),
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
        let reader = Self::over(
            Connections::Sqlite(pool(opener, options.read_connections as usize)?),
            options,
        );
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
        Self { connections, statement_timeout, statements: AtomicU64::new(0) }
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        match self.connections {
            Connections::Sqlite(_) => Backend::Sqlite,
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
            Connections::Sqlite(_) => 0,
            Connections::Postgres(pools) => pools.joined(),
        }
    }

    /// How the connections are used at present.
    pub fn usage(&self) -> Usage {
        match &self.connections {
            Connections::Sqlite(pool) => pool.status().into(),
            Connections::Postgres(pools) => pools.usage(),
        }
    }

    /// Follow the changes of the catalogue, from the runtime in which it is called.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn changes(&self) -> Result<Changes, Fault> {
        match &self.connections {
            Connections::Sqlite(pool) => Changes::sqlite(pool.manager().path()),
            Connections::Postgres(pools) => Ok(Changes::postgres(pools.connector().clone())),
        }
    }

    /// How many threads can ask at once, each with at least one connection.
    pub fn threads(&self) -> usize {
        threads(self.usage().max)
    }

    /// Run a statement whose text was made of declarations alone, and read all its rows.
    ///
    /// It ends early, and so does the work in the database, when the time of a statement is over or
    /// the work is to stop. On SQLite it blocks the thread that polls it; on PostgreSQL, dropping
    /// the future cancels the statement too.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn fetch(
        &self,
        sql: &Arc<str>,
        parameters: Vec<Parameter>,
        stop: &Stop,
    ) -> Result<Rows, Fault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        // The text alone: values are the client's.
        tracing::debug!(%sql);
        let result = self.run(sql, parameters, stop).await;
        if stop.is_spent() {
            // It is run again.
            self.statements.fetch_sub(1, Ordering::Relaxed);
        }
        result
    }

    /// The same for a statement whose first parameter is keys of rows, and whose rows have, in
    /// their order, the ordinal of their key first. It may be shared with others who run it for
    /// other keys at the same time.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn fetch_for(
        &self,
        sql: &Arc<str>,
        keys: Vec<i64>,
        rest: Vec<Parameter>,
        stop: &Stop,
    ) -> Result<Part, Fault> {
        if let Connections::Postgres(pools) = &self.connections
            && let pools::Here { pool, sharing: Some(sharing) } = pools.here()?
        {
            self.statements.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(%sql);
            return sharing.fetch(&pool, sql, keys, rest).await;
        }
        let mut parameters = vec![Parameter::Keys(keys)];
        parameters.extend(rest);
        self.fetch(sql, parameters, stop).await.map(Part::from)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn ping(&self) -> Result<(), Fault> {
        let never = Stop::after(Duration::from_secs(10));
        self.run(&"SELECT 1".into(), Vec::new(), &never).await.map(|_| ())
    }

    async fn run(
        &self,
        sql: &Arc<str>,
        parameters: Vec<Parameter>,
        stop: &Stop,
    ) -> Result<Rows, Fault> {
        match &self.connections {
            Connections::Sqlite(pool) => {
                let connection = pool.get().await?;
                connection.fetch(sql, parameters, &stop.no_later_than(self.statement_timeout))
            }
            Connections::Postgres(pools) => {
                postgres::Lease::of(pools.here()?.pool.get().await?).fetch(sql, parameters).await
            }
        }
    }

    pub(super) fn close(&self) {
        match &self.connections {
            Connections::Sqlite(pool) => pool.close(),
            Connections::Postgres(pools) => pools.close(),
        }
    }
}

/// Threads between which so many connections can be divided.
fn threads(connections: usize) -> usize {
    available_parallelism().map_or(1, NonZero::get).min(connections).max(1)
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
