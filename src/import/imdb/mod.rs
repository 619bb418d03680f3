//! The IMDb non-commercial data set: seven files, read whole, kept whole, and read again day by day.
//!
//! A first load fills tables that nobody reads yet and puts them in their place at once
//! ([`fresh`], [`load`]). Every later run compares each thing's lines with a hash of what they were
//! ([`diff`]), and writes what differs while the catalogue is read ([`plan`], [`apply`]).

mod alone;
mod apply;
mod batch;
pub mod bulk;
mod changes;
pub mod compose;
mod count;
mod diff;
mod existing;
pub mod export;
pub mod file;
mod fresh;
pub mod group;
mod load;
pub mod numbers;
mod plan;
mod progress;
pub mod remove;
mod spool;
mod stored;
mod tally;
mod titles;
mod withdraw;

use std::path::PathBuf;

use entity::{change, import_run, source};
use futures_util::StreamExt;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::sync::mpsc;

use crate::catalog::{Catalog, DatabaseUrl, Options as DatabaseOptions};
use crate::error::{Error, Fault};
use crate::import::report::Report;

use alone::Alone;
use batch::Batch;
use bulk::NoSink;
use compose::World;
use diff::{CopiedRecords, Difference, SqliteRecords};
use existing::{Existing, IMDB};
use file::{File, Inputs, Scope};
use load::Loader;
use plan::Plan;
use progress::Progress;
use spool::Spool;
use tally::Tally;

/// Bytes of what was read before that are handed over at once.
const BLOCK_BYTES: usize = 1 << 16;

/// The licence of the data.
pub const LICENCE: &str =
    "IMDb non-commercial licensing: personal and non-commercial use only, not to be republished";
/// The line that must be shown with the data.
pub const ATTRIBUTION: &str =
    "Information courtesy of IMDb (https://www.imdb.com). Used with permission.";
/// Where the data come from.
pub const URL: &str = "https://developer.imdb.com/non-commercial-datasets/";

/// What to import.
#[derive(Clone, Debug)]
pub struct Options {
    /// A folder with the seven files, or the files; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// Take files of different days.
    pub any_day: bool,
    /// Withdraw whatever is gone, however much it is.
    pub force: bool,
    /// Only tell what would be done.
    pub dry_run: bool,
    /// Show progress on a terminal.
    pub progress: bool,
}

/// Import the files.
///
/// # Errors
/// A sentence about a file or the catalogue, or the fault of the database.
pub async fn import(
    url: &DatabaseUrl,
    database: &DatabaseOptions,
    options: &Options,
) -> Result<Report, Error> {
    let started = changes::now();
    let inputs = Inputs::find(&options.paths, options.any_day)?;
    let files = files_json(&inputs);
    let alone = Alone::take(url).await?;
    let mut catalog = Catalog::open(url, database).await?;
    let snapshot = catalog.snapshot().await?;
    let existing = Existing::read(&snapshot).await?;
    let is_same = match existing.source_id {
        Some(source_id) if !options.force => {
            last_files(&snapshot, source_id).await? == Some(files.clone())
        }
        _ => false,
    };
    snapshot.rollback().await?;
    if is_same {
        let notes = vec!["these files have been imported already: nothing to do".to_owned()];
        return Ok(Report {
            notes,
            attribution: Some(ATTRIBUTION.to_owned()),
            ..Report::default()
        });
    }
    let change = existing.change;
    // Brought by a copy of another catalogue: nobody has written down what was read.
    let is_copied = existing.source_id.is_some() && !existing.is_imported;
    let (mut tally, plan) = if existing.is_imported {
        compare(url, existing, inputs, options).await?
    } else {
        // A first load may replace the file.
        catalog.close().await?;
        let loaded = load_first(url, existing, inputs, options).await?;
        catalog = Catalog::open(url, database).await?;
        loaded
    };
    if !options.dry_run {
        // Killed half-way, the files of the last run are read again too.
        outdate(&catalog).await?;
    }
    tally.add(carry_out(&catalog, plan, options.dry_run).await?);
    if !options.dry_run {
        let counts = tally.json();
        catalog
            .write(move |transaction| {
                Box::pin(async move {
                    let source_id = source_id(transaction).await?.unwrap_or_default();
                    let batch = Batch { transaction, source_id };
                    // What the files do not have is told from what they never had by the next run,
                    // which has all that was read to measure it by.
                    let is_short = is_copied && batch.record_what_has_ids().await? > 0;
                    // What was given back meanwhile may have been read before.
                    let is_outdated = is_short || others_wrote(transaction, change).await?;
                    let status = if is_outdated { "outdated" } else { "complete" };
                    let row = import_run::ActiveModel {
                        id: NotSet,
                        source_id: Set(source_id),
                        started_at_ms: Set(started),
                        finished_at_ms: Set(changes::now()),
                        status: Set(status.to_owned()),
                        files: Set(files),
                        counts: Set(counts),
                    };
                    row.insert(transaction).await?;
                    Ok(())
                })
            })
            .await?;
    }
    catalog.close().await?;
    alone.release().await;
    Ok(tally.report(ATTRIBUTION))
}

/// The files by name, size and SHA-256.
fn files_json(inputs: &Inputs) -> String {
    let files = inputs.iter().map(|input| {
        let (name, bytes, sha256) = (input.file.name(), input.bytes, &input.sha256);
        serde_json::json!({"name": name, "bytes": bytes, "sha256": sha256})
    });
    serde_json::Value::from_iter(files).to_string()
}

/// The files of the last run, unless they would give other rows now.
async fn last_files(
    connection: &impl ConnectionTrait,
    source_id: i64,
) -> Result<Option<String>, Error> {
    let runs = import_run::Entity::find().filter(import_run::Column::SourceId.eq(source_id));
    let last = runs.order_by_desc(import_run::Column::Id).one(connection).await?;
    Ok(last.filter(|run| run.status == "complete").map(|run| run.files))
}

/// What was read last is not what is in the catalogue any more.
async fn outdate(catalog: &Catalog) -> Result<(), Error> {
    let work = catalog.write(|transaction| {
        Box::pin(async move {
            let source_id = source_id(transaction).await?.unwrap_or_default();
            import_run::Entity::update_many()
                .col_expr(import_run::Column::Status, Expr::value("outdated"))
                .filter(import_run::Column::SourceId.eq(source_id))
                .exec(transaction)
                .await?;
            Ok(())
        })
    });
    work.await
}

/// Whether anybody else has written since a change.
async fn others_wrote(connection: &impl ConnectionTrait, change: i64) -> Result<bool, Error> {
    let later = change::Entity::find().filter(change::Column::Id.gt(change));
    let others = later.filter(change::Column::Actor.ne(changes::ACTOR));
    Ok(others.one(connection).await?.is_some())
}

/// The id of IMDb among the sources, once something came from it.
async fn source_id(connection: &impl ConnectionTrait) -> Result<Option<i64>, Error> {
    let imdb = source::Entity::find().filter(source::Column::Key.eq(IMDB));
    Ok(imdb.one(connection).await?.map(|source| source.id))
}

/// The hash of a file's part among those of a title; none where the file says nothing of it.
fn hash_of(hashes: &[u8], file: File) -> Option<u64> {
    let place = File::OF_TITLES.iter().position(|is| *is == file).unwrap_or_default();
    let bytes = hashes.get(place * 8..place * 8 + 8)?;
    let hash = u64::from_le_bytes(bytes.try_into().ok()?);
    (hash != 0).then_some(hash)
}

/// Load everything that is new into tables that nobody reads yet; what is known is left to do.
async fn load_first(
    url: &DatabaseUrl,
    existing: Existing,
    inputs: Inputs,
    options: &Options,
) -> Result<(Tally, Plan), Error> {
    let is_new = existing.source_id.is_none();
    let change = existing.change;
    let (shown, dry_run) = (options.progress, options.dry_run);
    let mut spool = Spool::new()?;
    let mut tally = Tally::default();
    // The one row that tells of it.
    let told = |(tally, ..): &(Tally, World, Spool, i64)| {
        format!(
            "INSERT INTO change (at_ms, actor, entity, action, fields) VALUES ({}, '{}', 'catalog', 'load', '{}');
            DELETE FROM retired WHERE catalog = '{IMDB}' AND EXISTS (SELECT 1 FROM external_id AS x
                WHERE x.catalog = retired.catalog AND x.scope = retired.scope AND x.value = retired.value)",
            changes::now(),
            changes::ACTOR,
            tally.json()
        )
    };
    let path = match url {
        DatabaseUrl::Sqlite(path) => Some(path.clone()),
        DatabaseUrl::Postgres(_) => None,
    };
    let loaded = match url {
        DatabaseUrl::Postgres(connect) if !dry_run => {
            let load = move |sink| {
                let progress = Progress::new(shown);
                let mut world = load::scan(&inputs, &existing.removed, &progress)?;
                let loader = Loader::new(sink, &mut world, existing, &mut spool, &mut tally);
                let source_id = loader.load(&inputs, is_new, &progress)?;
                Ok((tally, world, spool, source_id))
            };
            fresh::postgres(connect, change, &Progress::new(shown), load, told).await?
        }
        _ => {
            blocking(move || {
                let progress = Progress::new(shown);
                let mut world = load::scan(&inputs, &existing.removed, &progress)?;
                match path {
                    Some(path) if !dry_run => fresh::sqlite(
                        &path,
                        change,
                        &progress,
                        |sink| {
                            let loader =
                                Loader::new(sink, &mut world, existing, &mut spool, &mut tally);
                            let source_id = loader.load(&inputs, is_new, &progress)?;
                            Ok((tally, world, spool, source_id))
                        },
                        told,
                    ),
                    _ => {
                        let loader =
                            Loader::new(NoSink, &mut world, existing, &mut spool, &mut tally);
                        let source_id = loader.load(&inputs, is_new, &progress)?;
                        Ok((tally, world, Spool::new()?, source_id))
                    }
                }
            })
            .await?
        }
    };
    let (tally, world, spool, source_id) = loaded;
    Ok((tally, Plan::new(spool, Vec::new(), world, source_id)?))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|error| Fault::bug(format!("reading ended early: {error}")))?
}

/// Find what differs from what was read before.
async fn compare(
    url: &DatabaseUrl,
    existing: Existing,
    inputs: Inputs,
    options: &Options,
) -> Result<(Tally, Plan), Error> {
    let source_id = existing.source_id.unwrap_or_default();
    let removed = existing.removed;
    let (shown, force) = (options.progress, options.force);
    let find = move |records: &mut dyn diff::Records| {
        let progress = Progress::new(shown);
        let world = load::scan(&inputs, &removed, &progress)?;
        let mut difference = Difference::new()?;
        let mut tally = Tally::default();
        for scope in Scope::ALL {
            records.each(scope, &mut |stored| {
                difference.find(scope, &inputs, &world, stored, &mut tally, &progress)
            })?;
        }
        if !force {
            difference.refuse_losses()?;
        }
        let Difference { changed, gone, .. } = difference;
        Ok((tally, Plan::new(changed, gone, world, source_id)?))
    };
    match url {
        DatabaseUrl::Sqlite(path) => {
            let path = path.clone();
            blocking(move || find(&mut SqliteRecords::open(&path, source_id)?)).await
        }
        DatabaseUrl::Postgres(connect) => {
            let mut connection = PgConnection::connect_with(connect).await?;
            let (names, read_names) = mpsc::channel(64);
            let (titles, read_titles) = mpsc::channel(64);
            let mut records = [CopiedRecords::new(read_names), CopiedRecords::new(read_titles)];
            let finding = tokio::spawn(blocking(move || find(&mut records)));
            let copied = async move {
                for (scope, send) in Scope::ALL.into_iter().zip([names, titles]) {
                    let sql = diff::copy_statement(scope, source_id);
                    let mut rows = connection.copy_out_raw(&sql).await?;
                    let mut block = Vec::new();
                    while let Some(bytes) = rows.next().await {
                        block.extend_from_slice(&bytes?);
                        if block.len() > BLOCK_BYTES
                            && send.send(std::mem::take(&mut block)).await.is_err()
                        {
                            // Whoever compares has found something wrong, and tells it.
                            return Ok(());
                        }
                    }
                    let _ = send.send(block).await;
                }
                Ok::<_, Error>(())
            };
            copied.await?;
            finding.await.map_err(|error| Fault::bug(format!("comparing ended early: {error}")))?
        }
    }
}

/// Do what is to be done: each task in a transaction of its own, or, for trying, all in one that is
/// taken back.
async fn carry_out(catalog: &Catalog, mut plan: Plan, dry_run: bool) -> Result<Tally, Error> {
    if dry_run {
        let work = catalog.rehearse(move |transaction| {
            Box::pin(async move {
                while let Some(task) = plan.next()? {
                    plan.done(task.perform(transaction).await?);
                }
                Ok(plan.tally())
            })
        });
        return work.await;
    }
    while let Some(task) = plan.next()? {
        let done = catalog.write(move |transaction| Box::pin(task.perform(transaction))).await?;
        plan.done(done);
    }
    Ok(plan.tally())
}
