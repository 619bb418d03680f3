//! Connections: one pool to write, one to read.
//!
//! A pool is more than a list of connections: each comes back from its user in a state that the
//! next user inherits. The hooks against that are here, once.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

use super::read::Reader;
use crate::error::{Error, Fault, FaultClass};

/// Where the database is. It never shows a password, in whatever way it is printed.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<PgConnectOptions>),
}

/// The parameters that a URL of PostgreSQL may have. The driver logs one that it does not know,
/// value and all, so that it must not see any.
const POSTGRES_PARAMETERS: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            return match path {
                "" => Err("a database URL of SQLite names a file: sqlite://PATH".to_owned()),
                ":memory:" => Err("a database in memory would be another one for each connection: name a file, sqlite://PATH".to_owned()),
                _ => Ok(Self::Sqlite(path.into())),
            };
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err("a database URL starts with sqlite:// or postgres://".to_owned());
        }
        let query = text.split_once('?').map_or("", |(_, query)| query);
        for name in query.split('&').filter_map(|pair| pair.split('=').next()) {
            if !name.is_empty() && !POSTGRES_PARAMETERS.contains(&name) {
                return Err(format!(
                    "a parameter of the database URL is not known; known are {}",
                    POSTGRES_PARAMETERS.join(", ")
                ));
            }
        }
        // The driver's own message quotes the whole URL.
        match PgConnectOptions::from_str(text) {
            Ok(options) => Ok(Self::Postgres(Box::new(options))),
            Err(_) => Err(
                "the database URL is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE"
                    .to_owned(),
            ),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    /// Of a server, what tells it apart, never more: secrets can stand in many of its options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(options) => {
                let user = options.get_username();
                let database = options.get_database().unwrap_or(user);
                match options.get_socket() {
                    Some(socket) => {
                        write!(f, "postgres://{user}@/{database}?host={}", socket.display())
                    }
                    None => write!(
                        f,
                        "postgres://{user}:***@{}:{}/{database}",
                        options.get_host(),
                        options.get_port(),
                    ),
                }
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Settings of the pools.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections that read.
    pub read_connections: u32,
    /// Longest time that one statement may take.
    pub statement_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { read_connections: 8, statement_timeout: Duration::from_secs(8) }
    }
}

/// Longest wait for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections to PostgreSQL that write; SQLite has one writer by nature.
const POSTGRES_WRITE_CONNECTIONS: u32 = 4;
/// Prepared statements that a connection keeps.
const STATEMENT_CACHE: usize = 512;

/// Open the writing pool.
pub async fn connect_write(
    url: &DatabaseUrl,
    options: &Options,
) -> Result<DatabaseConnection, Error> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let connect = sqlite_options(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .optimize_on_close(true, Some(400));
            let pool = || {
                SqlitePoolOptions::new()
                    .max_connections(1)
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .test_before_acquire(false)
                    // Units of work queue here: SQLite has one writer by nature.
                    .acquire_timeout(Duration::from_secs(30))
                    .after_release(|connection, _| {
                        // A COMMIT that met a full disk leaves the transaction open.
                        Box::pin(async move { Ok(!connection.is_in_transaction()) })
                    })
            };
            let mut tries = 0;
            loop {
                match pool().connect_with(connect.clone()).await {
                    Ok(pool) => break Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)),
                    // The switch to WAL does not wait for another program that makes it too.
                    Err(error)
                        if tries < 50 && Fault::from(&error).class == FaultClass::Conflict =>
                    {
                        tries += 1;
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    Err(error) => break Err(sqlite_refusal(path, &error)),
                }
            }
        }
        DatabaseUrl::Postgres(connect) => {
            let connect = postgres_options(connect, options, false);
            // A pool would go on trying, and forget why it did not succeed.
            let first = PgConnection::connect_with(&connect);
            let first = tokio::time::timeout(ACQUIRE_TIMEOUT, first).await;
            let first = first.unwrap_or(Err(sqlx::Error::PoolTimedOut));
            first.map_err(|error| postgres_refusal(url, &error))?.close().await?;
            let pool = postgres_pool(POSTGRES_WRITE_CONNECTIONS)
                .after_release(|connection, _| {
                    // A BEGIN whose caller went away leaves a transaction behind.
                    Box::pin(async move {
                        connection.execute("ROLLBACK").await?;
                        Ok(true)
                    })
                })
                .connect_with(connect)
                .await
                .map_err(|error| postgres_refusal(url, &error))?;
            Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
        }
    }
}

/// Open the reading pool, of a database that exists.
pub async fn connect_read(url: &DatabaseUrl, options: &Options) -> Result<Reader, Error> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let connect = sqlite_options(path).read_only(true).row_buffer_size(1024);
            let pool = SqlitePoolOptions::new()
                .max_connections(options.read_connections)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect_with(connect)
                .await
                .map_err(|error| sqlite_refusal(path, &error))?;
            Ok(Reader::sqlite(pool))
        }
        DatabaseUrl::Postgres(connect) => {
            let pool = postgres_pool(options.read_connections)
                .connect_with(postgres_options(connect, options, true))
                .await
                .map_err(|error| postgres_refusal(url, &error))?;
            Ok(Reader::postgres(pool))
        }
    }
}

fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(STATEMENT_CACHE)
        .pragma("temp_store", "memory")
        .pragma("journal_size_limit", "67108864")
        .disable_statement_logging()
}

fn postgres_pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // Young connections spread over the nodes again after one of them was away.
        .max_lifetime(Duration::from_secs(300))
}

fn postgres_options(
    connect: &PgConnectOptions,
    options: &Options,
    read_only: bool,
) -> PgConnectOptions {
    let connect = connect
        .clone()
        .application_name("shotlist")
        .statement_cache_capacity(STATEMENT_CACHE)
        .disable_statement_logging();
    let timeout = options.statement_timeout.as_millis().to_string();
    if read_only {
        connect.options([
            ("default_transaction_read_only", "on"),
            ("statement_timeout", timeout.as_str()),
            // Statements that take arrays would be planned anew at each use otherwise.
            ("plan_cache_mode", "force_generic_plan"),
            // Such a plan does not know how small a page is, nor how few rows a filter leaves, and
            // would read whole tables to find, to join or to sort them. Every join of ours looks up
            // a few rows by their key, and every page is read in the order of an index.
            ("enable_seqscan", "off"),
            ("enable_bitmapscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("enable_sort", "off"),
            // What is switched off counts as very dear, which would make every sort of a few rows
            // worth compiling, or a second process.
            ("jit", "off"),
            ("max_parallel_workers_per_gather", "0"),
        ])
    } else {
        connect.options([
            ("idle_in_transaction_session_timeout", "60000"),
            ("lock_timeout", "10000"),
            // The hook's ROLLBACK has mostly nothing to roll back, which is not worth a warning.
            ("client_min_messages", "error"),
        ])
    }
}

fn sqlite_refusal(path: &Path, error: &sqlx::Error) -> Error {
    let reason = match error {
        sqlx::Error::Database(database) => database.message().to_owned(),
        sqlx::Error::PoolTimedOut => "it did not open in time".to_owned(),
        other => other.to_string(),
    };
    Error::refused(format!("cannot open the database file {}: {reason}", path.display()))
}

fn postgres_refusal(url: &DatabaseUrl, error: &sqlx::Error) -> Error {
    let reason = match error {
        sqlx::Error::Database(database) => database.message().to_owned(),
        sqlx::Error::Io(io) => io.to_string(),
        sqlx::Error::PoolTimedOut => "no answer in time".to_owned(),
        _ => "the connection failed".to_owned(),
    };
    Error::refused(format!("cannot reach the database {url}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("postgres://app:S3CRET@host/db", "postgres://app:***@host:5432/db"),
            ("postgresql://app@host:5/db?password=S3CRET", "postgres://app:***@host:5/db"),
            ("postgres:///db?host=/run&user=app&password=S3CRET", "postgres://app@/db?host=/run"),
            ("postgres://app@host/db?options=S3CRET#S3CRET", "postgres://app:***@host:5432/db"),
        ] {
            let url: DatabaseUrl = url.parse().expect(url);
            assert_eq!(format!("{url} {url:?}"), format!("{shown} {shown}"));
        }
    }

    #[test]
    fn a_wrong_url_is_told_what_is_allowed() {
        for url in [
            "",
            "mysql://x",
            "sqlite://",
            "sqlite://:memory:",
            "postgres://u:S3CRET@h1:p1,h2:p2/db",
            "postgres://u@h/db?passwd=S3CRET",
            "postgres://u@h/db?%70assword=S3CRET",
        ] {
            let error = url.parse::<DatabaseUrl>().expect_err(url);
            let allowed = ["sqlite://", "postgres://", "known are"];
            assert!(allowed.iter().any(|words| error.contains(words)), "{error}");
            assert!(!error.contains("S3CRET"), "{error}");
        }
    }
}
