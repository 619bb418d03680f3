//! The catalogue: connections, transactions, reads and writes over the entities. It knows neither
//! GraphQL nor HTTP and can be used without a server.

pub mod changes;
pub mod collation;
pub mod database;
pub mod date;
pub mod edit;
pub mod export;
pub mod merge;
mod migrate;
pub mod read;
pub mod record;
pub mod tls;
pub mod write;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction,
    IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

pub use database::{DatabaseUrl, Options};
pub use read::{Backend, Stop};

use crate::error::{Error, Fault};

/// An open catalogue. Cheap to clone.
#[derive(Clone)]
pub struct Catalog {
    read: Arc<read::Reader>,
    write: DatabaseConnection,
}

/// A unit of work on a transaction.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

impl Catalog {
    /// Open the database, creating an embedded one that does not exist, and bring its schema up to
    /// date.
    ///
    /// # Errors
    /// When the database cannot be opened or reached, or is newer than this program.
    pub async fn open(url: &DatabaseUrl, options: &Options) -> Result<Self, Error> {
        let mut write = database::connect_write(url).await?;
        if migrate::up(&write).await? {
            // A connection of SQLite's that has migrated goes on holding temporary tables.
            write.close().await?;
            write = database::connect_write(url).await?;
        }
        let read = database::connect_read(url, options).await?;
        Ok(Self { read: Arc::new(read), write })
    }

    /// The read side.
    pub fn reader(&self) -> &read::Reader {
        &self.read
    }

    /// Run a unit of work in a transaction: all of it happens, or nothing.
    ///
    /// It runs in a task of its own. A caller that goes away abandons the answer and not the
    /// connection, which would go back to the pool in the middle of a transaction otherwise.
    ///
    /// # Errors
    /// What the work returns, or the fault of the database.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a DatabaseTransaction) -> Work<'a, T> + Send + 'static,
    {
        self.transact(work, true).await
    }

    async fn transact<T, F>(&self, work: F, keep: bool) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a DatabaseTransaction) -> Work<'a, T> + Send + 'static,
    {
        let connection = self.write.clone();
        let task = tokio::spawn(async move {
            // Taking the write lock at the start, SQLite never has to give up half-way.
            let options = TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            };
            let transaction = connection.begin_with_options(options).await?;
            match work(&transaction).await {
                Ok(value) if keep => {
                    transaction.commit().await?;
                    Ok(value)
                }
                Ok(value) => {
                    transaction.rollback().await?;
                    Ok(value)
                }
                Err(error) => {
                    transaction.rollback().await?;
                    Err(error)
                }
            }
        });
        task.await.map_err(|error| Fault::bug(format!("a unit of work ended early: {error}")))?
    }

    /// Run a unit of work as [`Self::write`] does, and take everything back that it wrote.
    ///
    /// # Errors
    /// What the work returns, or the fault of the database.
    pub async fn rehearse<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a DatabaseTransaction) -> Work<'a, T> + Send + 'static,
    {
        self.transact(work, false).await
    }

    /// A transaction that reads one state of the catalogue, whatever is written meanwhile. It holds
    /// up nobody who writes.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction, Error> {
        let postgres = self.write.get_database_backend() == DatabaseBackend::Postgres;
        let options = TransactionOptions {
            isolation_level: postgres.then_some(IsolationLevel::RepeatableRead),
            access_mode: postgres.then_some(AccessMode::ReadOnly),
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
        };
        let transaction = self.write.begin_with_options(options).await?;
        if postgres {
            // Whoever takes what is read may be slow.
            let patient = "SET LOCAL idle_in_transaction_session_timeout = 0";
            transaction.execute_unprepared(patient).await?;
        }
        Ok(transaction)
    }

    /// Close every connection, finishing what SQLite has still to write.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close(self) -> Result<(), Error> {
        self.read.close();
        if self.read.backend() == Backend::Sqlite {
            // Whoever has the file open still reads faster from it than from its log.
            let checkpoint = self.write.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)").await;
            if let Err(error) = checkpoint {
                // What is committed is safe in the log.
                tracing::warn!(fault = %Fault::from(error), "the log is left beside the file");
            }
        }
        self.write.close().await?;
        Ok(())
    }
}
