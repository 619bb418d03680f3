//! Bringing data into the catalogue, through its one writing code.

pub mod generate;
pub mod imdb;
pub mod jsonl;
pub mod matching;
pub mod oscars;
pub mod report;
pub mod wikipedia;

use std::path::Path;

use sea_orm::{DatabaseTransaction, TransactionTrait};

use crate::catalog::Catalog;
use crate::catalog::write::Writer;
use crate::error::Error;

/// The built-in catalogue, in the catalogue's own format.
pub const BUILT_IN: &str = include_str!("builtin/one-perfect-shot.jsonl");

/// Fill a catalogue that has never been written to with the built-in one, in one transaction: it
/// is there whole, once, or not at all. Returns whether it did so.
///
/// # Errors
/// A sentence about a faulty line, or the fault of the database.
pub async fn fill_empty(catalog: &Catalog) -> Result<bool, Error> {
    let records = jsonl::parse(BUILT_IN)?;
    catalog
        .write(move |transaction| {
            Box::pin(async move {
                let mut writer = Writer::new(transaction, "builtin");
                if !writer.catalogue_is_empty().await? {
                    return Ok(false);
                }
                jsonl::write(records, &mut writer).await?;
                writer.finish().await?;
                Ok(true)
            })
        })
        .await
}

/// A text file to import.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name, for the report.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl Input {
    /// Read a file.
    ///
    /// # Errors
    /// The file and why it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::refused(format!("cannot read {}: {error}", path.display())))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, text })
    }
}

/// Do the work of an import within a transaction, and undo it where it is a trial or fails.
async fn on_trial<T>(
    transaction: &DatabaseTransaction,
    dry_run: bool,
    work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, Error>,
) -> Result<T, Error> {
    let within = transaction.begin().await?;
    let done = work(&within).await;
    if dry_run || done.is_err() {
        within.rollback().await?;
    } else {
        within.commit().await?;
    }
    done
}
