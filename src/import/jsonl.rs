//! The catalogue's own format: one JSON record a line.

use crate::catalog::record::Record;
use crate::catalog::write::Writer;
use crate::error::Error;

/// A record with the number of its line, from 1.
pub type Line = (usize, Record);

/// Read every line; blank lines are skipped.
///
/// # Errors
/// The line and what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Line>, Error> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let record = serde_json::from_str(line)
                .map_err(|error| Error::refused(format!("line {number}: {error}")))?;
            Ok((number, record))
        })
        .collect()
}

/// Write records in their order.
///
/// # Errors
/// The line and what is wrong with it, or the fault of the database.
pub async fn write(lines: Vec<Line>, writer: &mut Writer<'_>) -> Result<(), Error> {
    for (number, record) in lines {
        writer.put(record).await.map_err(|error| match error {
            Error::Refused(sentence) => Error::Refused(format!("line {number}: {sentence}")),
            fault @ Error::Database(_) => fault,
        })?;
    }
    Ok(())
}
