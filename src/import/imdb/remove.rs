//! Taking everything out that came from IMDb, and nothing else.

use std::collections::{BTreeSet, HashMap};

use super::alone::Alone;
use super::batch::{Batch, get};
use super::existing::IMDB;
use super::file::Scope;
use super::withdraw;
use crate::catalog::{Catalog, DatabaseUrl, Options};
use crate::error::Error;

/// Things of one transaction.
const THINGS: usize = 500;

/// What was taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Productions.
    pub titles: u64,
    /// People.
    pub people: u64,
    /// Productions and people that others hold on to.
    pub kept: u64,
}

/// Take it all out, some things at a time: killed in between, it goes on where it was.
///
/// # Errors
/// A sentence when nothing came from IMDb, or the fault of the database.
pub async fn remove(url: &DatabaseUrl, options: &Options) -> Result<Removed, Error> {
    let alone = Alone::take(url).await?;
    let catalog = Catalog::open(url, options).await?;
    let source = catalog
        .write(|transaction| Box::pin(async move { super::source_id(transaction).await }))
        .await?;
    let source_id =
        source.ok_or_else(|| Error::refused("the catalogue has nothing that came from IMDb"))?;
    super::outdate(&catalog).await?;
    let task = catalog.write(move |transaction| {
        Box::pin(async move {
            // What a copy of another catalogue brought goes too.
            Batch { transaction, source_id }.record_what_has_ids().await
        })
    });
    task.await?;
    let mut removed = Removed::default();
    let mut words: [BTreeSet<i64>; 2] = Default::default();
    for scope in [Scope::Title, Scope::Name] {
        loop {
            let task = catalog.write(move |transaction| {
                Box::pin(async move {
                    let batch = Batch { transaction, source_id };
                    portion(&batch, scope).await
                })
            });
            let Some(portion) = task.await? else { break };
            let left = match scope {
                Scope::Title => &mut removed.titles,
                Scope::Name => &mut removed.people,
            };
            *left += portion.left;
            removed.kept += portion.kept;
            words[scope as usize].extend(portion.words);
        }
    }
    let task = catalog.write(move |transaction| {
        Box::pin(async move {
            let batch = Batch { transaction, source_id };
            finish(&batch, &words).await
        })
    });
    task.await?;
    catalog.close().await?;
    alone.release().await;
    Ok(removed)
}

struct Portion {
    left: u64,
    kept: u64,
    /// The genres or professions that they had.
    words: Vec<i64>,
}

async fn portion(batch: &Batch<'_>, scope: Scope) -> Result<Option<Portion>, Error> {
    let sql = format!(
        "SELECT key FROM import_record WHERE source_id = {{source}} AND scope = $1 ORDER BY key LIMIT {THINGS}"
    );
    let rows = batch.query(&sql, [scope.name().into()]).await?;
    let keys: Vec<String> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Ok(None);
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let ids = batch.ids(scope, &keys).await?;
    batch.forget(scope, &keys).await?;
    if ids.is_empty() {
        return Ok(Some(Portion { left: 0, kept: 0, words: Vec::new() }));
    }
    let rows: Vec<i64> = ids.values().copied().collect();
    let words = match scope {
        Scope::Title => {
            "SELECT DISTINCT genre_id FROM production_genre WHERE production_id IN {keys}"
        }
        Scope::Name => {
            "SELECT DISTINCT profession_id FROM person_profession WHERE person_id IN {keys}"
        }
    };
    let words = batch.rows(words, rows.as_slice().into()).await?;
    let words = words.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    if scope == Scope::Title {
        withdraw::loosen_episodes(batch, &rows).await?;
    }
    withdraw::leave(batch, scope, &ids).await?;
    let still = batch.ids(scope, &keys).await?;
    let kept: HashMap<&String, &i64> = still.iter().collect();
    let own = "SELECT id FROM external_id WHERE source_id = {source} AND value IN {keys}";
    let own = batch.rows(own, keys.as_slice().into()).await?;
    let own: Vec<i64> = own.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    batch.delete("external_id", "id", &own).await?;
    let kept = kept.len() as u64;
    Ok(Some(Portion { left: ids.len() as u64 - kept, kept, words }))
}

/// What is left of the source itself.
async fn finish(batch: &Batch<'_>, words: &[BTreeSet<i64>; 2]) -> Result<(), Error> {
    for (words, table, link) in [
        (&words[Scope::Title as usize], "genre", "production_genre"),
        (&words[Scope::Name as usize], "profession", "person_profession"),
    ] {
        let words: Vec<i64> = words.iter().copied().collect();
        if words.is_empty() {
            continue;
        }
        let sql = format!(
            "SELECT id FROM {table} AS w WHERE id IN {{keys}} AND NOT EXISTS (SELECT 1 FROM {link} AS l WHERE l.{table}_id = w.id)"
        );
        let unused = batch.rows(&sql, words.into()).await?;
        let unused: Vec<i64> = unused.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
        batch.delete(table, "id", &unused).await?;
    }
    // People whom it brought and others name are theirs now.
    let theirs = "UPDATE person SET source_id = coalesce(
            (SELECT min(source_id) FROM credit AS c WHERE c.person_id = person.id AND c.source_id <> {source}),
            (SELECT min(a.source_id) FROM award_person AS l JOIN award AS a ON a.id = l.award_id WHERE l.person_id = person.id),
            (SELECT min(s.source_id) FROM shot_director AS l JOIN shot AS s ON s.id = l.shot_id WHERE l.person_id = person.id),
            (SELECT min(f.source_id) FROM person_source AS f WHERE f.person_id = person.id AND f.source_id <> {source}),
            source_id)
        WHERE source_id = {source}";
    batch.execute(theirs).await?;
    let retired = format!("DELETE FROM retired WHERE catalog = '{IMDB}' AND NOT is_by_hand");
    batch.execute(&retired).await?;
    batch.execute("DELETE FROM import_run WHERE source_id = {source}").await?;
    // A person whom an editor holds on to may still name it.
    let unused = "DELETE FROM source WHERE id = {source}
        AND NOT EXISTS (SELECT 1 FROM person WHERE source_id = {source})
        AND NOT EXISTS (SELECT 1 FROM credit WHERE source_id = {source})
        AND NOT EXISTS (SELECT 1 FROM title_name WHERE source_id = {source})
        AND NOT EXISTS (SELECT 1 FROM external_id WHERE source_id = {source})
        AND NOT EXISTS (SELECT 1 FROM production_source WHERE source_id = {source})
        AND NOT EXISTS (SELECT 1 FROM person_source WHERE source_id = {source})";
    batch.execute(unused).await
}
