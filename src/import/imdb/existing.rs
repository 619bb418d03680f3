//! What the catalogue has of IMDb's things before an import.

use std::collections::{HashMap, HashSet};

use sea_orm::{ConnectionTrait, DatabaseBackend, FromQueryResult, Statement};

use super::bulk::{ALL, Id};
use super::file::Scope;
use super::numbers::Number;
use crate::error::Error;

/// Key of IMDb among the sources, and of its ids among the catalogues.
pub const IMDB: &str = "imdb";

/// What has become of a thing that was in the catalogue before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is there, with this row id.
    Here(i64),
    /// It has left, and gets this row id back.
    Retired(i64),
    /// It was taken out by hand, and does not return.
    Removed,
}

/// What a first load starts from.
#[derive(Debug, Default)]
pub struct Existing {
    /// Id of the source; none where it is new.
    pub source_id: Option<i64>,
    /// Whether anything of this source has been read before.
    pub is_imported: bool,
    /// The last row of `change`: it tells whether somebody wrote meanwhile.
    pub change: i64,
    /// What was taken out by hand.
    pub removed: Vec<(Scope, Number)>,
    /// Row ids of the shows that there are.
    pub shows: HashSet<i64>,
    /// Titles with an id.
    pub titles: HashMap<Number, Known>,
    /// People with an id.
    pub people: HashMap<Number, Known>,
    /// Genres by name.
    pub genres: HashMap<String, i64>,
    /// The keys that genres have.
    pub genre_keys: HashSet<String>,
    /// Seasons by show and number.
    pub seasons: HashMap<(i64, i32), i64>,
    /// Professions by key.
    pub professions: HashMap<String, i64>,
    /// The last id that each table has given.
    last: HashMap<&'static str, i64>,
}

#[derive(FromQueryResult)]
struct Row {
    text: String,
    id: i64,
    word: i64,
}

impl Existing {
    /// Read it.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn read(connection: &impl ConnectionTrait) -> Result<Self, Error> {
        let backend = connection.get_database_backend();
        let rows = async |sql: String| -> Result<Vec<Row>, Error> {
            let statement = Statement::from_string(backend, sql);
            Ok(Row::find_by_statement(statement).all(connection).await?)
        };
        let mut existing = Self::default();
        let source = format!(
            "SELECT key AS text, id, CAST(0 AS bigint) AS word FROM source WHERE key = '{IMDB}'"
        );
        existing.source_id = rows(source).await?.first().map(|row| row.id);
        let change =
            "SELECT '' AS text, coalesce(max(id), 0) AS id, CAST(0 AS bigint) AS word FROM change";
        existing.change = rows(change.to_owned()).await?.first().map_or(0, |row| row.id);
        if let Some(source_id) = existing.source_id {
            let any = format!(
                "SELECT key AS text, source_id AS id, CAST(0 AS bigint) AS word FROM import_record WHERE source_id = {source_id} LIMIT 1"
            );
            existing.is_imported = !rows(any).await?.is_empty();
        }
        for scope in Scope::ALL {
            let removed = format!(
                "SELECT value AS text, entity_id AS id, CAST(0 AS bigint) AS word FROM retired
                WHERE catalog = '{IMDB}' AND scope = '{}' AND is_by_hand",
                scope.name()
            );
            let numbers = rows(removed).await?.into_iter();
            let numbers =
                numbers.filter_map(|row| Number::parse(scope.prefix(), row.text.as_bytes()));
            existing.removed.extend(numbers.map(|number| (scope, number)));
        }
        if existing.is_imported {
            // A refresh looks things up as it needs them.
            return Ok(existing);
        }
        for scope in Scope::ALL {
            let (name, column) = (scope.name(), format!("{}_id", scope.table()));
            let ids = format!(
                "SELECT value AS text, {column} AS id, CAST(0 AS bigint) AS word FROM external_id
                WHERE catalog = '{IMDB}' AND scope = '{name}' AND {column} IS NOT NULL
                UNION ALL SELECT value, entity_id, CASE WHEN is_by_hand THEN 2 ELSE 1 END FROM retired AS r
                WHERE catalog = '{IMDB}' AND scope = '{name}' AND NOT EXISTS (
                    SELECT 1 FROM external_id AS x
                    WHERE x.catalog = r.catalog AND x.scope = r.scope AND x.value = r.value
                )"
            );
            let known = rows(ids).await?.into_iter().filter_map(|row| {
                let number = Number::parse(scope.prefix(), row.text.as_bytes())?;
                Some((
                    number,
                    match row.word {
                        0 => Known::Here(row.id),
                        1 => Known::Retired(row.id),
                        _ => Known::Removed,
                    },
                ))
            });
            match scope {
                Scope::Title => existing.titles.extend(known),
                Scope::Name => existing.people.extend(known),
            }
        }
        let words = async |table: &str, column: &str| -> Result<HashMap<String, i64>, Error> {
            let sql = format!(
                "SELECT {column} AS text, id, CAST(0 AS bigint) AS word FROM {table} ORDER BY id DESC"
            );
            Ok(rows(sql).await?.into_iter().map(|row| (row.text, row.id)).collect())
        };
        existing.genres = words("genre", "name").await?;
        existing.genre_keys = words("genre", "key").await?.into_keys().collect();
        let shows = "SELECT '' AS text, production_id AS id, CAST(0 AS bigint) AS word FROM show";
        existing.shows = rows(shows.to_owned()).await?.into_iter().map(|row| row.id).collect();
        let seasons = "SELECT CAST(number AS text) AS text, id, show_id AS word FROM season";
        let seasons = rows(seasons.to_owned()).await?.into_iter();
        let seasons = seasons.map(|row| ((row.word, row.text.parse().unwrap_or_default()), row.id));
        existing.seasons = seasons.collect();
        existing.professions = words("profession", "key").await?;
        for table in ALL {
            let name = table.table().name;
            if !has_own_ids(*table) {
                continue;
            }
            let last = match backend {
                DatabaseBackend::Postgres => format!(
                    "SELECT '' AS text, coalesce(pg_sequence_last_value(pg_get_serial_sequence('{name}', 'id')::regclass), 0) AS id, CAST(0 AS bigint) AS word"
                ),
                _ => format!(
                    "SELECT '' AS text, coalesce(max(seq), 0) AS id, CAST(0 AS bigint) AS word FROM sqlite_sequence WHERE name = '{name}'"
                ),
            };
            let last = rows(last).await?.first().map_or(0, |row| row.id);
            existing.last.insert(name, last);
        }
        Ok(existing)
    }

    /// The last id that a table has given.
    pub fn last(&self, table: Id) -> i64 {
        self.last.get(table.table().name).copied().unwrap_or_default()
    }
}

/// Whether a table numbers its rows itself.
pub fn has_own_ids(table: Id) -> bool {
    table.table().columns.iter().any(|(name, _)| *name == "id")
}
