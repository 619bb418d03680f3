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
use sqlx::{ConnectOptions, Connection, Executor};

use super::read::Reader;
use crate::error::Error;

/// Where the database is. It never shows a password, in whatever way it is printed.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server, with the URL as given.
    Postgres(String),
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            return match path {
                "" => Err("a database URL of SQLite names a file: sqlite://PATH".to_owned()),
                ":memory:" => {
                    Err("a database in memory would be another one for each connection: name a file, sqlite://PATH".to_owned())
                }
                _ => Ok(Self::Sqlite(path.into())),
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            // The driver's own message quotes the whole URL.
            return match PgConnectOptions::from_str(text) {
                Ok(_) => Ok(Self::Postgres(text.to_owned())),
                Err(_) => Err("the database URL is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned()),
            };
        }
        Err("a database URL starts with sqlite:// or postgres://".to_owned())
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(url) => f.write_str(&masked(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The URL without what may be secret: the password, wherever the driver accepts it.
fn masked(url: &str) -> String {
    let (base, query) =
        url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let (scheme, rest) = base.split_once("://").unwrap_or(("postgres", base));
    let rest = match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user =
                user.split_once(':').map_or(user.to_owned(), |(name, _)| format!("{name}:***"));
            format!("{user}@{host}")
        }
        None => rest.to_owned(),
    };
    let query = query.map_or(String::new(), |query| {
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((key, _)) if key.to_ascii_lowercase().contains("pass") => format!("{key}=***"),
                _ => pair.to_owned(),
            })
            .collect();
        format!("?{}", pairs.join("&"))
    });
    format!("{scheme}://{rest}{query}")
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
            let pool = SqlitePoolOptions::new()
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
                .connect_with(connect)
                .await
                .map_err(|error| sqlite_refusal(path, &error))?;
            Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
        }
        DatabaseUrl::Postgres(text) => {
            let pool = postgres_pool(POSTGRES_WRITE_CONNECTIONS)
                .after_release(|connection, _| {
                    // A BEGIN whose caller went away leaves a transaction behind.
                    Box::pin(async move {
                        connection.execute("ROLLBACK").await?;
                        Ok(true)
                    })
                })
                .connect_with(postgres_options(text, options, false)?)
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
        DatabaseUrl::Postgres(text) => {
            let pool = postgres_pool(options.read_connections)
                .connect_with(postgres_options(text, options, true)?)
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
    text: &str,
    options: &Options,
    read_only: bool,
) -> Result<PgConnectOptions, Error> {
    let connect = PgConnectOptions::from_str(text)?
        .application_name("shotlist")
        .statement_cache_capacity(STATEMENT_CACHE)
        .disable_statement_logging();
    let timeout = options.statement_timeout.as_millis().to_string();
    Ok(if read_only {
        connect.options([
            ("default_transaction_read_only", "on"),
            ("statement_timeout", timeout.as_str()),
            // Statements that take arrays would be planned anew at each use otherwise.
            ("plan_cache_mode", "force_generic_plan"),
        ])
    } else {
        connect.options([
            ("idle_in_transaction_session_timeout", "60000"),
            ("lock_timeout", "10000"),
            // The hook's ROLLBACK has mostly nothing to roll back, which is not worth a warning.
            ("client_min_messages", "error"),
        ])
    })
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
        for url in [
            "postgres://app:S3CRET@host:5432/db",
            "postgres://app:S3C@RET@host/db",
            "postgresql://app@host/db?password=S3CRET",
            "postgres:///db?host=/run&user=app&password=S3CRET&sslmode=disable",
        ] {
            let shown = masked(url);
            assert!(!shown.contains("S3C"), "{shown}");
            assert!(!shown.contains("RET"), "{shown}");
        }
        let url = DatabaseUrl::Postgres("postgres://app:S3CRET@host/db".to_owned());
        assert_eq!(
            format!("{url:?} {url}"),
            "postgres://app:***@host/db postgres://app:***@host/db"
        );
    }

    #[test]
    fn a_wrong_url_is_told_what_is_allowed() {
        for url in [
            "",
            "mysql://x",
            "sqlite://",
            "sqlite://:memory:",
            "postgres://u:S3CRET@h1:p1,h2:p2/db",
        ] {
            let error = url.parse::<DatabaseUrl>().expect_err(url);
            assert!(error.contains("sqlite://") || error.contains("postgres://"), "{error}");
            assert!(!error.contains("S3CRET"), "{error}");
        }
    }
}
