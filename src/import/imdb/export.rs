//! The seven files, written back: what the catalogue holds of IMDb, line by line.

use std::collections::HashMap;
use std::fs::{self, File as Disk};
use std::io::{BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::batch::{Batch, get};
use super::file::{File, Scope};
use super::stored;
use crate::catalog::Catalog;
use crate::error::Error;

/// Things that are read at once.
const CHUNK: usize = 1_000;

/// The files that are written.
struct Output {
    folder: std::path::PathBuf,
    files: HashMap<File, GzEncoder<BufWriter<Disk>>>,
    rows: HashMap<File, u64>,
}

fn refuse(folder: &Path, error: std::io::Error) -> Error {
    Error::refused(format!("cannot write to {}: {error}", folder.display()))
}

impl Output {
    fn new(folder: &Path) -> Result<Self, Error> {
        let mut files = HashMap::new();
        let mut open = || {
            fs::create_dir_all(folder)?;
            for file in File::ALL {
                let disk = Disk::create(folder.join(format!("{}.tsv.gz.partial", file.name())))?;
                let mut out = GzEncoder::new(BufWriter::new(disk), Compression::default());
                writeln!(out, "{}", file.header())?;
                files.insert(file, out);
            }
            Ok(())
        };
        open().map_err(|error| refuse(folder, error))?;
        Ok(Self { folder: folder.to_owned(), files, rows: HashMap::new() })
    }

    fn line(&mut self, file: File, line: &str) -> Result<(), Error> {
        *self.rows.entry(file).or_default() += 1;
        let Some(out) = self.files.get_mut(&file) else { return Ok(()) };
        writeln!(out, "{line}").map_err(|error| refuse(&self.folder, error))
    }

    fn finish(self) -> Result<HashMap<File, u64>, Error> {
        for (file, out) in self.files {
            // Files that are there stay whole until the new ones are.
            let close = || -> std::io::Result<()> {
                let disk =
                    out.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
                disk.sync_all()?;
                let whole = self.folder.join(format!("{}.tsv.gz", file.name()));
                fs::rename(self.folder.join(format!("{}.tsv.gz.partial", file.name())), whole)
            };
            close().map_err(|error| refuse(&self.folder, error))?;
        }
        Ok(self.rows)
    }
}

/// Write the files into a folder. Returns how many rows each has.
///
/// # Errors
/// A sentence when nothing of IMDb is there or the folder takes no files, or the fault of the
/// database.
pub async fn export(catalog: &Catalog, folder: &Path) -> Result<Vec<(&'static str, u64)>, Error> {
    let transaction = catalog.snapshot().await?;
    let source_id = super::source_id(&transaction).await?;
    let source_id =
        source_id.ok_or_else(|| Error::refused("the catalogue has nothing that came from IMDb"))?;
    let batch = Batch { transaction: &transaction, source_id };
    let mut output = Output::new(folder)?;
    let sql = format!(
        "SELECT key, hashes FROM import_record
        WHERE source_id = {{source}} AND scope = $1 AND key > $2 ORDER BY key LIMIT {CHUNK}"
    );
    for scope in Scope::ALL {
        let mut after = String::new();
        loop {
            let rows = batch.query(&sql, [scope.name().into(), after.as_str().into()]).await?;
            let mut records: Vec<(String, Vec<u8>)> = Vec::with_capacity(rows.len());
            for row in &rows {
                records.push((get(row, 0)?, get(row, 1)?));
            }
            let Some((last, _)) = records.last() else { break };
            after.clone_from(last);
            write(&batch, scope, &records, &mut output).await?;
        }
    }
    transaction.rollback().await?;
    let rows = output.finish()?;
    Ok(File::ALL.map(|file| (file.name(), rows.get(&file).copied().unwrap_or_default())).into())
}

/// Write what is known of some things.
async fn write(
    batch: &Batch<'_>,
    scope: Scope,
    records: &[(String, Vec<u8>)],
    output: &mut Output,
) -> Result<(), Error> {
    let keys: Vec<&str> = records.iter().map(|(key, _)| key.as_str()).collect();
    let ids = batch.ids(scope, &keys).await?;
    let kept = stored::quarantine(batch, scope, &keys).await?;
    let rows: Vec<i64> = ids.values().copied().collect();
    if scope == Scope::Name {
        let people = stored::people(batch, &rows).await?;
        for key in keys {
            let person = ids.get(key).and_then(|id| people.get(id));
            let lines = person.map(|person| person.line(key));
            put(output, File::NameBasics, lines, kept.get(key))?;
        }
        return Ok(());
    }
    let titles = stored::titles(batch, &rows).await?;
    for (key, hashes) in records {
        let kept = kept.get(key);
        let title = ids.get(key).and_then(|id| titles.get(id));
        // A title without a row of title.crew has nobody in it, as one with an empty row has.
        let has_crew = hashes.is_empty() || super::hash_of(hashes, File::TitleCrew).is_some();
        put(output, File::TitleBasics, title.map(|title| title.basics_line(key)), kept)?;
        let akas = title.into_iter().flat_map(|title| &title.akas);
        put(output, File::TitleAkas, akas.map(|aka| aka.line(key)), kept)?;
        let crew = title.filter(|_| has_crew).map(|title| title.crew_line(key));
        put(output, File::TitleCrew, crew, kept)?;
        let episode = title.and_then(|title| title.episode_line(key));
        put(output, File::TitleEpisode, episode, kept)?;
        let credits = title.into_iter().flat_map(|title| &title.credits);
        put(output, File::TitlePrincipals, credits.filter_map(|credit| credit.line(key)), kept)?;
        let rating = title.and_then(|title| title.rating_line(key));
        put(output, File::TitleRatings, rating, kept)?;
    }
    Ok(())
}

/// Write the lines of a file about one thing: those that the catalogue gives, and those that were
/// kept word for word, each in the place of what it was loaded as.
fn put(
    output: &mut Output,
    file: File,
    lines: impl IntoIterator<Item = String>,
    kept: Option<&Vec<stored::Kept>>,
) -> Result<(), Error> {
    let kept = kept.into_iter().flatten().filter(|kept| kept.file == file.name());
    let mut loaded: Vec<&stored::Kept> = kept.clone().filter(|kept| kept.is_loaded).collect();
    for line in lines {
        let place = loaded.iter().position(|kept| stored::stands_for(file, &kept.raw, &line));
        match place {
            Some(place) => output.line(file, &loaded.remove(place).raw)?,
            None => output.line(file, &line)?,
        }
    }
    // What gave no line at all.
    for kept in kept.filter(|kept| !kept.is_loaded).chain(loaded) {
        output.line(file, &kept.raw)?;
    }
    Ok(())
}
