//! Taking away what is gone.

use std::collections::{BTreeSet, HashMap, HashSet};

use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};

use super::apply::may_write;
use super::batch::{Batch, get};
use super::bulk::Id;
use super::changes::{Changes, now};
use super::compose::EPISODE;
use super::existing::IMDB;
use super::file::{File, Scope};
use super::stored;
use super::tally::Tally;
use super::titles::{remove_empty_seasons, with, write_released, write_votes};
use crate::error::Error;

/// Take away what is gone: the rows that the source gave, and the thing itself, where nobody else
/// holds on to it. Its row id is kept, for its return.
///
/// # Errors
/// The fault of the database.
pub async fn withdraw(
    transaction: &DatabaseTransaction,
    source_id: i64,
    scope: Scope,
    keys: &[String],
) -> Result<Tally, Error> {
    let batch = Batch { transaction, source_id };
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let ids = batch.ids(scope, &keys).await?;
    let mut tally = Tally::default();
    let kept = stored::quarantine(&batch, scope, &keys).await?;
    for (key, hashes) in batch.hashes(scope, &keys).await? {
        for (file, hash) in scope.files().iter().zip(hashes.chunks(8)) {
            let is_there = hash.iter().any(|byte| *byte != 0);
            match file {
                // Their rows are counted below.
                File::TitleAkas | File::TitlePrincipals => {
                    let kept = kept.get(&key).into_iter().flatten();
                    let kept = kept.filter(|kept| kept.file == file.name() && !kept.is_loaded);
                    tally.of(*file).withdrawn += kept.count() as u64;
                }
                _ => tally.of(*file).withdrawn += u64::from(is_there),
            }
        }
    }
    batch.forget(scope, &keys).await?;
    let rows: Vec<i64> = ids.values().copied().collect();
    if rows.is_empty() {
        return Ok(tally);
    }
    if scope == Scope::Title {
        for (table, column, file) in [
            ("title_name", "id", File::TitleAkas),
            ("credit", "CASE WHEN is_billed THEN 1 ELSE 0 END", File::TitlePrincipals),
        ] {
            let sql = format!(
                "SELECT CAST({} AS bigint) FROM {table} WHERE source_id = {{source}} AND production_id IN {{keys}}",
                if table == "credit" {
                    format!("coalesce(sum({column}), 0)")
                } else {
                    "count(*)".to_owned()
                }
            );
            let counted = batch.rows(&sql, rows.as_slice().into()).await?;
            let counted: i64 = counted.first().map_or(Ok(0), |row| get(row, 0))?;
            tally.of(file).withdrawn += u64::try_from(counted).unwrap_or_default();
        }
    }
    if scope == Scope::Title {
        loosen_episodes(&batch, &rows).await?;
    }
    leave(&batch, scope, &ids).await?;
    Ok(tally)
}

/// Let the source's episodes of these shows stand on their own: they go too, or have another show.
///
/// # Errors
/// The fault of the database.
pub async fn loosen_episodes(batch: &Batch<'_>, shows: &[i64]) -> Result<(), Error> {
    // Another source or an editor may have put them there, too.
    let sql = r#"SELECT production_id, season_id FROM episode AS e WHERE show_id IN {keys}
        AND EXISTS (SELECT 1 FROM external_id AS x
            WHERE x.production_id = e.production_id AND x.source_id = {source})
        AND NOT EXISTS (SELECT 1 FROM production_source AS c
            WHERE c.production_id = e.production_id AND c.source_id <> {source} AND c.fields LIKE '%"show"%')
        AND NOT EXISTS (SELECT 1 FROM field_lock AS l
            WHERE l.entity = 'production' AND l.entity_id = e.production_id AND l.field = 'show')"#;
    let (mut loose, mut seasons) = (Vec::new(), Vec::new());
    for row in batch.rows(sql, shows.into()).await? {
        loose.push(get(&row, 0)?);
        seasons.extend(get::<Option<i64>>(&row, 1)?);
    }
    batch.leave_shows(&loose).await?;
    remove_empty_seasons(batch, &seasons).await
}

/// SQL for whether somebody else holds on to a thing.
fn is_claimed(scope: Scope) -> String {
    let table = scope.table();
    let mut claims = vec![
        format!(
            "EXISTS (SELECT 1 FROM {table}_source AS c WHERE c.{table}_id = t.id AND c.source_id <> {{source}})"
        ),
        format!(
            "EXISTS (SELECT 1 FROM field_lock AS c WHERE c.entity = '{table}' AND c.entity_id = t.id)"
        ),
        format!(
            "EXISTS (SELECT 1 FROM credit AS c WHERE c.{table}_id = t.id AND c.source_id <> {{source}})"
        ),
        format!(
            "EXISTS (SELECT 1 FROM credit AS c JOIN field_lock AS l ON l.entity = 'credit' AND l.entity_id = c.id WHERE c.{table}_id = t.id)"
        ),
        format!(
            "EXISTS (SELECT 1 FROM external_id AS c WHERE c.{table}_id = t.id AND c.source_id <> {{source}})"
        ),
    ];
    let others: &[(&str, &str)] = match scope {
        Scope::Name => {
            claims.push("t.source_id <> {source}".to_owned());
            &[("shot_director", "person_id"), ("award_person", "person_id")]
        }
        Scope::Title => {
            claims.push("EXISTS (SELECT 1 FROM title_name AS c WHERE c.production_id = t.id AND c.source_id <> {source})".to_owned());
            &[
                ("shot", "film_id"),
                ("shot", "episode_id"),
                ("award_production", "production_id"),
                ("video", "production_id"),
                ("production_company", "production_id"),
                ("episode", "show_id"),
            ]
        }
    };
    claims.extend(others.iter().map(|(other, column)| {
        format!("EXISTS (SELECT 1 FROM {other} AS c WHERE c.{column} = t.id)")
    }));
    claims.join(" OR ")
}

/// Let things go that nobody else holds on to; of the others, take what the source gave.
pub async fn leave(
    batch: &Batch<'_>,
    scope: Scope,
    ids: &HashMap<String, i64>,
) -> Result<(), Error> {
    let table = scope.table();
    let rows: Vec<i64> = ids.values().copied().collect();
    let mut seasons = Vec::new();
    if scope == Scope::Title {
        let sql = "SELECT DISTINCT season_id FROM episode WHERE season_id IS NOT NULL AND production_id IN {keys}";
        for row in batch.rows(sql, rows.as_slice().into()).await? {
            seasons.push(get::<i64>(&row, 0)?);
        }
    }
    let sql =
        format!("SELECT t.id FROM {table} AS t WHERE t.id IN {{keys}} AND ({})", is_claimed(scope));
    let claimed = batch.rows(&sql, rows.as_slice().into()).await?;
    let claimed: HashSet<i64> = claimed.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    let mut changes = Changes::default();
    let (mut retired, mut free) = (Vec::new(), Vec::new());
    for (key, id) in ids {
        if claimed.contains(id) {
            changes.add(table, *id, "update", &BTreeSet::from(["sources"]));
        } else {
            changes.add(table, *id, "delete", &BTreeSet::new());
            retired.push(json!([IMDB, scope.name(), key, table, id, false, now()]));
            free.push(*id);
        }
    }
    let columns = ["catalog", "scope", "value", "entity", "entity_id", "is_by_hand", "at_ms"];
    batch.insert(Id::Retired, &columns, &retired).await?;
    batch.delete(table, "id", &free).await?;
    let held: Vec<i64> = claimed.into_iter().collect();
    if !held.is_empty() {
        take_back(batch, scope, &held).await?;
    }
    remove_empty_seasons(batch, &seasons).await?;
    changes.write(batch).await
}

/// Take away what the source gave to things that others hold on to.
async fn take_back(batch: &Batch<'_>, scope: Scope, ids: &[i64]) -> Result<(), Error> {
    let own = |table: &str, column: &str| {
        let keep = match table {
            // What was set by hand stays.
            "credit" => {
                "AND NOT EXISTS (SELECT 1 FROM field_lock AS l WHERE l.entity = 'credit' AND l.entity_id = credit.id)"
            }
            _ => "",
        };
        format!(
            "SELECT id FROM {table} WHERE source_id = {{source}} AND {column} IN {{keys}} {keep}"
        )
    };
    let column = format!("{}_id", scope.table());
    let tables: &[&str] = match scope {
        Scope::Name => &["credit", "person_source"],
        Scope::Title => &["credit", "title_name"],
    };
    match scope {
        Scope::Name => {
            let held = held_fields(batch, scope, ids).await?;
            for (id, person) in stored::people(batch, ids).await? {
                let fields = person.fields.unwrap_or_default();
                let gave = |field: &str| {
                    let is_own = person.is_own || fields.iter().any(|own| own == field);
                    is_own && !held.get(&id).is_some_and(|held| held.contains(field))
                };
                // Nobody else has named whom it brought.
                if gave("name") && !person.is_own {
                    let nobody = json!([id, null, null]);
                    batch.update(Id::Person, "id", &["name", "name_key"], &[nobody]).await?;
                }
                if gave("professions") {
                    batch.delete("person_profession", "person_id", &[id]).await?;
                }
                if gave("known_for") {
                    batch.delete("known_for", "person_id", &[id]).await?;
                }
                for (field, column) in [("born", "born_on"), ("died", "died_on")] {
                    if gave(field) {
                        batch.update(Id::Person, "id", &[column], &[json!([id, null])]).await?;
                    }
                }
            }
        }
        Scope::Title => {
            let held = held_fields(batch, scope, ids).await?;
            let mut given = HashMap::new();
            for (id, title) in stored::titles(batch, ids).await? {
                let fields = title.fields.as_deref().unwrap_or_default();
                let gave = |field: &str| may_write(Some(fields), held.get(&id), field, false);
                take_title_back(batch, &title, &gave).await?;
                // What it cannot be without stays the source's, and so does its part of a list.
                let needed = NEEDED.into_iter().filter(|field| !is_dispensable(&title, field));
                let mut left: Vec<&str> = needed.filter(|field| gave(field)).collect();
                if fields.iter().any(|field| field == "genres") && !gave("genres") {
                    left.push("genres");
                }
                given.insert(id, left);
            }
            let sql = "SELECT id, production_id FROM production_source
                WHERE source_id = {source} AND production_id IN {keys}";
            let (mut none, mut left) = (Vec::new(), Vec::new());
            for row in batch.rows(sql, ids.into()).await? {
                let (id, of): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
                match given.get(&of) {
                    Some(fields) if !fields.is_empty() => {
                        left.push(json!([id, Value::from(fields.as_slice()).to_string()]));
                    }
                    _ => none.push(id),
                }
            }
            batch.update(Id::ProductionSource, "id", &["fields"], &left).await?;
            batch.delete("production_source", "id", &none).await?;
        }
    }
    for table in tables {
        let rows = batch.rows(&own(table, &column), ids.into()).await?;
        let rows: Vec<i64> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
        batch.delete(table, "id", &rows).await?;
    }
    Ok(())
}

/// The fields that an editor has set, and those that other sources gave too.
async fn held_fields(
    batch: &Batch<'_>,
    scope: Scope,
    ids: &[i64],
) -> Result<HashMap<i64, HashSet<String>>, Error> {
    let table = scope.table();
    let mut held = batch.locks(table, ids).await?;
    let sql = format!(
        "SELECT {table}_id, fields FROM {table}_source
        WHERE source_id <> {{source}} AND {table}_id IN {{keys}}"
    );
    for row in batch.rows(&sql, ids.into()).await? {
        let fields: String = get(&row, 1)?;
        let fields: Vec<String> = serde_json::from_str(&fields).unwrap_or_default();
        held.entry(get(&row, 0)?).or_default().extend(fields);
    }
    Ok(held)
}

/// What every production has. Only an episode may lack one of them.
const NEEDED: [&str; 3] = ["adult", "format", "title"];

fn is_dispensable(title: &stored::Title, field: &str) -> bool {
    field == "title" && title.kind == EPISODE
}

/// Take the fields back that the source gave to a title.
async fn take_title_back(
    batch: &Batch<'_>,
    title: &stored::Title,
    gave: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let id = title.id;
    let empty = async |table: Id, key: &str, columns: &[&str]| {
        let values = Value::from(vec![Value::Null; columns.len()]);
        batch.update(table, key, columns, &[with(json!([id]), &values)]).await
    };
    for (field, columns) in [
        ("title", &["title", "title_key"][..]),
        ("original_title", &["original_title"]),
        ("released", &["released_on"]),
        ("runtime_minutes", &["runtime_minutes"]),
        ("rating_tenths", &["rating_tenths", "rating_votes"]),
    ] {
        let stays = NEEDED.contains(&field) && !is_dispensable(title, field);
        if gave(field) && !stays {
            empty(Id::Production, "id", columns).await?;
        }
    }
    if gave("released") {
        write_released(batch, &[json!([id, null])]).await?;
    }
    if gave("rating_tenths") {
        write_votes(batch, &[json!([id, null])]).await?;
    }
    if gave("genres") {
        batch.delete("production_genre", "production_id", &[id]).await?;
    }
    for (table, field, columns) in [
        (Id::Show, "ended", &["ended_on"][..]),
        (Id::Episode, "show", &["show_id", "season_id"]),
        (Id::Episode, "season", &["season_number", "season_id"]),
        (Id::Episode, "episode", &["episode_number"]),
    ] {
        if gave(field) {
            empty(table, "production_id", columns).await?;
        }
    }
    Ok(())
}
