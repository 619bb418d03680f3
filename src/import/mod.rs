//! Bringing data into the catalogue, through its one writing code.

pub mod generate;
pub mod jsonl;

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
