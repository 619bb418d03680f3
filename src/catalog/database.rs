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
use super::tls;
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
        let query = query.split('#').next().unwrap_or_default();
        for name in query.split('&').filter_map(|pair| pair.split('=').next()) {
            if !name.is_empty() && !POSTGRES_PARAMETERS.contains(&name) {
                return Err(format!(
                    "a parameter of the database URL is not known; known are {}",
                    POSTGRES_PARAMETERS.join(", ")
                ));
            }
        }
        // The driver's own message quotes the whole URL.
        let connect = PgConnectOptions::from_str(text).map_err(|_| {
            "the database URL is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE"
                .to_owned()
        })?;
        let mode = query.split('&').find_map(|pair| pair.strip_prefix("sslmode="));
        let mode = mode.map(str::to_owned).or_else(|| std::env::var("PGSSLMODE").ok());
        Ok(Self::Postgres(Box::new(tls::settle(connect, mode.as_deref())?)))
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
    /// Connections that read; without a number as many as suit the database and this computer.
    pub read_connections: Option<u32>,
    /// Longest time that one statement may take.
    pub statement_timeout: Duration,
    /// Whether requests that run the same statement at the same time share it, on PostgreSQL.
    pub shares_statements: bool,
}

impl Default for Options {
    fn default() -> Self {
        let statement_timeout = Duration::from_secs(8);
        Self { read_connections: None, statement_timeout, shares_statements: true }
    }
}

/// Longest wait for a free connection.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections to PostgreSQL that write; SQLite has one writer by nature.
const POSTGRES_WRITE_CONNECTIONS: u32 = 4;
/// Memory in which SQLite's writer holds pages, as its setting has it: 64 MiB, as far as they are
/// needed. A refresh touches pages all over the indexes.
const WRITE_CACHE: &str = "-65536";
/// Pages in the log before whoever writes brings them to the file, as many as the log keeps room
/// for. Whatever is written again in between goes there once. A server that is asked meanwhile brings
/// them there when a second has passed without more.
const CHECKPOINT_PAGES: &str = "16384";
/// Prepared statements that a connection keeps.
pub(super) const STATEMENT_CACHE: usize = 512;

/// Open the writing pool.
pub async fn connect_write(url: &DatabaseUrl) -> Result<DatabaseConnection, Error> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let connect = sqlite_options(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("cache_size", WRITE_CACHE)
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
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
                    Err(error) => break Err(sqlite_refusal(path, &reason(&error))),
                }
            }
        }
        DatabaseUrl::Postgres(connect) => {
            let connect = connect
                .as_ref()
                .clone()
                .application_name("shotlist")
                .statement_cache_capacity(STATEMENT_CACHE)
                .disable_statement_logging()
                .options([
                    ("idle_in_transaction_session_timeout", "60000"),
                    ("lock_timeout", "10000"),
                    // The hook's ROLLBACK has mostly nothing to roll back, which is not worth a
                    // warning.
                    ("client_min_messages", "error"),
                ]);
            // A pool would go on trying, and forget why it did not succeed.
            let first = PgConnection::connect_with(&connect);
            let first = tokio::time::timeout(ACQUIRE_TIMEOUT, first).await;
            let first = first.unwrap_or(Err(sqlx::Error::PoolTimedOut));
            first.map_err(|error| postgres_refusal(url, &reason(&error)))?.close().await?;
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_WRITE_CONNECTIONS)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                // Young connections find a node that has taken over.
                .max_lifetime(Duration::from_secs(300))
                .after_release(|connection, _| {
                    // A BEGIN whose caller went away leaves a transaction behind.
                    Box::pin(async move {
                        connection.execute("ROLLBACK").await?;
                        Ok(true)
                    })
                })
                .connect_with(connect)
                .await
                .map_err(|error| postgres_refusal(url, &reason(&error)))?;
            Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
        }
    }
}

/// Open the reading side, of a database that exists.
pub async fn connect_read(url: &DatabaseUrl, options: &Options) -> Result<Reader, Error> {
    match url {
        DatabaseUrl::Sqlite(path) => Reader::sqlite(path, options)
            .await
            .map_err(|fault| sqlite_refusal(path, &fault.to_string())),
        DatabaseUrl::Postgres(connect) => {
            Reader::postgres(connect, options).await.map_err(|error| match error {
                Error::Database(fault) => postgres_refusal(url, &fault.to_string()),
                refused @ Error::Refused(_) => refused,
            })
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

/// What the driver of the writing side says, in words for who set the URL.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => database.message().to_owned(),
        sqlx::Error::Io(io) => io.to_string(),
        sqlx::Error::Tls(error) => format!("no encrypted connection: {error}"),
        sqlx::Error::PoolTimedOut => "no answer in time".to_owned(),
        _ => "the connection failed".to_owned(),
    }
}

fn sqlite_refusal(path: &Path, reason: &str) -> Error {
    Error::refused(format!("cannot open the database file {}: {reason}", path.display()))
}

fn postgres_refusal(url: &DatabaseUrl, reason: &str) -> Error {
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
