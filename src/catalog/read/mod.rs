//! Reading: one statement in, rows out, values by position.
//!
//! The drivers are used directly here, without a layer above them: [`sqlite`] runs a statement in
//! the thread that asks, [`postgres`] over a connection that is told when an answer is no longer
//! wanted. Both copy the values out into the same [`Rows`].

mod postgres;
mod rows;
mod sqlite;
mod stop;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Pool, PoolError, QueueMode, TimeoutType};
use sqlx::postgres::PgConnectOptions;

pub use rows::Rows;
pub use stop::Stop;

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
    Postgres(Pool<postgres::Connector>),
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
        let reader = Self::over(Connections::Sqlite(pool(opener, options)?), options);
        reader.ping().await.map(|()| reader)
    }

    /// Connect to a server, with the options of its URL.
    pub(super) async fn postgres(
        connect: &PgConnectOptions,
        options: &Options,
    ) -> Result<Self, Error> {
        let connector = postgres::Connector::new(connect, options.statement_timeout)?;
        let reader = Self::over(Connections::Postgres(pool(connector, options)?), options);
        reader.ping().await?;
        Ok(reader)
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

    /// How the connections are used at present.
    pub fn usage(&self) -> Usage {
        let status = match &self.connections {
            Connections::Sqlite(pool) => pool.status(),
            Connections::Postgres(pool) => pool.status(),
        };
        Usage {
            open: status.size,
            idle: status.available,
            waiting: status.waiting,
            max: status.max_size,
        }
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
        self.run(sql, parameters, stop).await
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
            Connections::Postgres(pool) => {
                postgres::Lease::of(pool.get().await?).fetch(sql, parameters).await
            }
        }
    }

    pub(super) fn close(&self) {
        match &self.connections {
            Connections::Sqlite(pool) => pool.close(),
            Connections::Postgres(pool) => pool.close(),
        }
    }
}

fn pool<M: Manager>(manager: M, options: &Options) -> Result<Pool<M>, Fault> {
    Pool::builder(manager)
        .max_size(options.read_connections as usize)
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
