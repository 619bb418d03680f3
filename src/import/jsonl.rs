//! The catalogue's own format: one JSON record a line.

use std::fmt::Write;

use sea_orm::DatabaseTransaction;

use crate::catalog::Catalog;
use crate::catalog::merge::{self, Outcome};
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

/// A file of the format.
#[derive(Clone, Debug)]
pub struct File {
    /// How sentences name it.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// What an import did with the records of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// They were not there.
    pub new: u64,
    /// They were there, and lacked something that they have now.
    pub filled: u64,
    /// They were there.
    pub unchanged: u64,
}

/// What an import did, by the type of record, in the order in which the types first appear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether it was all taken back.
    pub is_dry_run: bool,
    /// The counts.
    pub counts: Vec<(&'static str, Count)>,
}

impl Report {
    fn add(&mut self, record: &'static str, outcome: Outcome) {
        let known = self.counts.iter().position(|(name, _)| *name == record);
        let index = known.unwrap_or(self.counts.len());
        if known.is_none() {
            self.counts.push((record, Count::default()));
        }
        let count = &mut self.counts[index].1;
        *match outcome {
            Outcome::New => &mut count.new,
            Outcome::Filled => &mut count.filled,
            Outcome::Unchanged => &mut count.unchanged,
        } += 1;
    }

    /// Of all types together.
    pub fn total(&self) -> Count {
        self.counts.iter().fold(Count::default(), |total, (_, count)| Count {
            new: total.new + count.new,
            filled: total.filled + count.filled,
            unchanged: total.unchanged + count.unchanged,
        })
    }

    /// A table to read.
    pub fn table(&self) -> String {
        let all = self.total();
        let mut text = format!("{:20}{:>10}{:>10}{:>11}\n", "record", "new", "filled", "unchanged");
        for (name, count) in self.counts.iter().chain([&("total", all)]) {
            let Count { new, filled, unchanged } = count;
            let _ = writeln!(text, "{name:20}{new:>10}{filled:>10}{unchanged:>11}");
        }
        if self.is_dry_run {
            text.push_str("Nothing was written: it was a dry run.\n");
        }
        text
    }

    /// One JSON object.
    pub fn json(&self) -> serde_json::Value {
        let counts = self.counts.iter().map(|(name, count)| {
            let Count { new, filled, unchanged } = count;
            let count = serde_json::json!({ "new": new, "filled": filled, "unchanged": unchanged });
            ((*name).to_owned(), count)
        });
        let counts: serde_json::Map<_, _> = counts.collect();
        serde_json::json!({ "dry_run": self.is_dry_run, "records": counts })
    }
}

/// Bring files into a catalogue that may be empty or not, in one transaction: all of them, or
/// nothing.
///
/// # Errors
/// The file, the line and what is wrong with it, or the fault of the database.
pub async fn import(
    catalog: &Catalog,
    files: Vec<File>,
    is_dry_run: bool,
) -> Result<Report, Error> {
    let mut parsed = Vec::with_capacity(files.len());
    for File { name, text } in files {
        let lines = parse(&text).map_err(|error| in_file(&name, error))?;
        parsed.push((name, lines));
    }
    if is_dry_run {
        catalog.rehearse(move |transaction| Box::pin(merge(transaction, parsed, true))).await
    } else {
        catalog.write(move |transaction| Box::pin(merge(transaction, parsed, false))).await
    }
}

async fn merge(
    transaction: &DatabaseTransaction,
    files: Vec<(String, Vec<Line>)>,
    is_dry_run: bool,
) -> Result<Report, Error> {
    let mut writer = Writer::new(transaction, "import jsonl");
    let mut report = Report { is_dry_run, counts: Vec::new() };
    // This also keeps others from writing what is being looked for.
    writer.catalogue_is_empty().await?;
    for (name, lines) in files {
        let mut tell = |record, outcome| report.add(record, outcome);
        let merged = merge::file(lines, &mut writer, &mut tell).await;
        merged.map_err(|error| in_file(&name, error))?;
    }
    if !writer.wrote_nothing() {
        writer.finish().await?;
    }
    Ok(report)
}

fn in_file(name: &str, error: Error) -> Error {
    match error {
        Error::Refused(sentence) => Error::Refused(format!("{name}: {sentence}")),
        fault @ Error::Database(_) => fault,
    }
}
