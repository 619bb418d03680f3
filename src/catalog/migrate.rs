//! Bringing the schema up to date, one migrator at a time.

use std::collections::HashSet;

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, Statement};

use crate::error::Error;

/// Key of the advisory lock that migrators of one PostgreSQL database take.
const LOCK: i64 = 0x5348_4f54_4c49_5354;

/// Apply the steps that the database lacks. Returns whether there were any.
///
/// # Errors
/// When the database knows a step that this program does not: it is newer.
pub async fn up(connection: &DatabaseConnection) -> Result<bool, Error> {
    refuse_newer(connection).await?;
    if is_current(connection).await? {
        return Ok(false);
    }
    match connection.get_database_backend() {
        DatabaseBackend::Postgres => {
            // A session lock would need one connection for itself; a transaction holds one anyway,
            // and every step joins it.
            let transaction = sea_orm::TransactionTrait::begin(connection).await?;
            transaction
                .execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})"))
                .await?;
            Migrator::up(&transaction, None).await?;
            transaction.commit().await?;
        }
        _ => {
            // The one writing connection of this process; BEGIN EXCLUSIVE keeps other processes out.
            let transaction = sea_orm::TransactionTrait::begin_with_options(
                connection,
                sea_orm::TransactionOptions {
                    sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Exclusive),
                    ..sea_orm::TransactionOptions::default()
                },
            )
            .await?;
            Migrator::up(&transaction, None).await?;
            transaction.commit().await?;
        }
    }
    Ok(true)
}

async fn applied(connection: &DatabaseConnection) -> Result<Option<HashSet<String>>, Error> {
    let backend = connection.get_database_backend();
    let exists = match backend {
        DatabaseBackend::Postgres => {
            "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'seaql_migrations'"
        }
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
    };
    let query = |sql: &str| Statement::from_string(backend, sql.to_owned());
    if connection.query_one_raw(query(exists)).await?.is_none() {
        return Ok(None);
    }
    let rows = connection.query_all_raw(query("SELECT version FROM seaql_migrations")).await?;
    let names = rows.iter().map(|row| row.try_get::<String>("", "version"));
    Ok(Some(names.collect::<Result<_, _>>()?))
}

fn known() -> HashSet<String> {
    Migrator::migrations().iter().map(|step| step.name().to_owned()).collect()
}

async fn is_current(connection: &DatabaseConnection) -> Result<bool, Error> {
    Ok(applied(connection).await?.is_some_and(|applied| applied == known()))
}

async fn refuse_newer(connection: &DatabaseConnection) -> Result<(), Error> {
    let applied = applied(connection).await?.unwrap_or_default();
    let mut newer: Vec<_> = applied.difference(&known()).cloned().collect();
    newer.sort();
    if newer.is_empty() {
        return Ok(());
    }
    Err(Error::refused(format!(
        "the database is newer than this program: it has the schema steps {}, which this program does not know. Run the newer program.",
        newer.join(", ")
    )))
}
