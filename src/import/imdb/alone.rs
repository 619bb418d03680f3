//! One import at a time into one database.

use std::fs::{File, TryLockError};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row};
use tokio::time::sleep;

use crate::catalog::DatabaseUrl;
use crate::error::Error;

/// Key of the advisory lock that imports into one PostgreSQL database take.
const LOCK: i64 = 0x5348_4f54_494d_5054;
/// PostgreSQL needs a moment to notice that the one who has it was killed.
const GIVEN_BACK_WITHIN: Duration = Duration::from_millis(200);

/// Held while an import runs; the system takes it back from one that was killed.
pub enum Alone {
    /// A lock on a file beside the database.
    Sqlite(#[allow(dead_code, reason = "it is held, not used")] File),
    /// A session that holds a lock.
    Postgres(Box<PgConnection>),
}

fn busy() -> Error {
    Error::refused("another import into this database is running")
}

impl Alone {
    /// Take the lock.
    ///
    /// # Errors
    /// When another import has it, or the database cannot be reached.
    pub async fn take(url: &DatabaseUrl) -> Result<Self, Error> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let mut name = path.as_os_str().to_owned();
                name.push(".import");
                let refuse = |error| {
                    Error::refused(format!("cannot write beside {}: {error}", path.display()))
                };
                let file = File::create(name).map_err(refuse)?;
                match file.try_lock() {
                    Ok(()) => Ok(Self::Sqlite(file)),
                    Err(TryLockError::WouldBlock) => Err(busy()),
                    Err(TryLockError::Error(error)) => Err(refuse(error)),
                }
            }
            DatabaseUrl::Postgres(connect) => {
                let connect = connect.clone().application_name("shotlist import");
                let mut connection = PgConnection::connect_with(&connect).await?;
                let start = Instant::now();
                loop {
                    let taken = sqlx::query("SELECT pg_try_advisory_lock($1)").bind(LOCK);
                    if taken.fetch_one(&mut connection).await?.try_get(0)? {
                        return Ok(Self::Postgres(Box::new(connection)));
                    }
                    if start.elapsed() >= GIVEN_BACK_WITHIN {
                        return Err(busy());
                    }
                    sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }

    /// Give it back.
    pub async fn release(self) {
        if let Self::Postgres(connection) = self {
            // The server notices in any case.
            let _ = connection.close().await;
        }
    }
}
