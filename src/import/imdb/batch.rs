//! Statements over many things at once, in a transaction: rows travel as one JSON text.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, QueryResult, Statement, TryGetable,
};
use serde_json::{Value, json};

use super::bulk::{Id, Kind};
use super::existing::IMDB;
use super::file::Scope;
use super::load;
use crate::catalog::collation;
use crate::error::Error;

/// Statements over a batch of things, in a transaction.
pub struct Batch<'t> {
    /// The transaction.
    pub transaction: &'t DatabaseTransaction,
    /// Id of the source.
    pub source_id: i64,
}

/// A column of a row, by its place.
pub fn get<T: TryGetable>(row: &QueryResult, place: usize) -> Result<T, Error> {
    Ok(row.try_get_by_index(place)?)
}

impl Batch<'_> {
    /// Whether it is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.transaction.get_database_backend() == DatabaseBackend::Postgres
    }

    /// Rows of a query. In it `{keys}` are the items of the list, `{source}` is the source.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn rows(&self, sql: &str, keys: Value) -> Result<Vec<QueryResult>, Error> {
        let sql = sql.replace("{keys}", self.items(&keys));
        self.query(&sql, [keys.to_string().into()]).await
    }

    /// SQL for the items of a list that is the first value.
    fn items(&self, keys: &Value) -> &'static str {
        let is_text = keys.get(0).is_some_and(Value::is_string);
        match (self.is_postgres(), is_text) {
            (true, true) => "(SELECT value FROM json_array_elements_text(CAST($1 AS json)))",
            (true, false) => {
                "(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST($1 AS json)))"
            }
            (false, _) => "(SELECT value FROM json_each($1))",
        }
    }

    /// Run a statement over a list. In it `{keys}` are the items, `{source}` is the source.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn execute_keys(&self, sql: &str, keys: Value) -> Result<(), Error> {
        let sql = sql.replace("{keys}", self.items(&keys));
        let sql = sql.replace("{source}", &self.source_id.to_string());
        let backend = self.transaction.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, [keys.to_string().into()]);
        self.transaction.execute_raw(statement).await?;
        Ok(())
    }

    /// Rows of a query with values of its own. In it `{source}` is the source.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn query<const N: usize>(
        &self,
        sql: &str,
        values: [sea_orm::Value; N],
    ) -> Result<Vec<QueryResult>, Error> {
        let sql = sql.replace("{source}", &self.source_id.to_string());
        let backend = self.transaction.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        Ok(self.transaction.query_all_raw(statement).await?)
    }

    /// Row ids of things with these ids of IMDb's.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn ids(&self, scope: Scope, keys: &[&str]) -> Result<HashMap<String, i64>, Error> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let (name, table) = (scope.name(), scope.table());
        let sql = format!(
            "SELECT value, {table}_id FROM external_id
            WHERE catalog = '{IMDB}' AND scope = '{name}' AND {table}_id IS NOT NULL AND value IN {{keys}}"
        );
        let rows = self.rows(&sql, keys.into()).await?;
        rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
    }

    /// The hashes of what was read of things before.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn hashes(
        &self,
        scope: Scope,
        keys: &[&str],
    ) -> Result<HashMap<String, Vec<u8>>, Error> {
        let sql = format!(
            "SELECT key, hashes FROM import_record
            WHERE source_id = {{source}} AND scope = '{}' AND key IN {{keys}}",
            scope.name()
        );
        let rows = self.rows(&sql, keys.into()).await?;
        rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
    }

    /// The same as [`Self::ids`], where nearly all that are named are known already: only the others
    /// are looked up.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn ids_beside<'n>(
        &self,
        scope: Scope,
        known: impl Iterator<Item = (&'n str, i64)>,
        named: impl Iterator<Item = &'n str>,
    ) -> Result<HashMap<&'n str, i64>, Error> {
        let mut ids: HashMap<&str, i64> = known.collect();
        let others: BTreeSet<&str> = named.filter(|key| !ids.contains_key(key)).collect();
        let others: Vec<&str> = others.into_iter().collect();
        let found = self.ids(scope, &others).await?;
        ids.extend(others.into_iter().filter_map(|key| Some((key, *found.get(key)?))));
        Ok(ids)
    }
}

impl Batch<'_> {
    /// Run a statement over rows, each an array of values.
    async fn run(&self, sql: String, rows: &[Value]) -> Result<(), Error> {
        let rows = Value::from(rows).to_string();
        let backend = self.transaction.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, [rows.into()]);
        self.transaction.execute_raw(statement).await?;
        Ok(())
    }

    /// SQL for the value at a place of a row.
    fn value(&self, place: usize, kind: Kind) -> String {
        match (self.is_postgres(), kind) {
            (false, Kind::Bytes) => format!("unhex(value ->> {place})"),
            (false, _) => format!("value ->> {place}"),
            (true, Kind::Bytes) => format!("decode(value ->> {place}, 'hex')"),
            (true, kind) => {
                let kind = match kind {
                    Kind::Big => "bigint",
                    Kind::Int => "integer",
                    Kind::Small => "smallint",
                    Kind::Bool => "boolean",
                    Kind::Text | Kind::Bytes => "text",
                };
                format!("CAST(value ->> {place} AS {kind})")
            }
        }
    }

    fn each_row(&self) -> &'static str {
        match self.is_postgres() {
            true => {
                "json_array_elements(CAST($1 AS json)) WITH ORDINALITY AS e(value, key) ORDER BY key"
            }
            false => "json_each($1) ORDER BY key",
        }
    }

    /// Write new rows.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn insert(&self, table: Id, columns: &[&str], rows: &[Value]) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let values: Vec<_> = columns
            .iter()
            .enumerate()
            .map(|(place, column)| self.value(place, kind_of(table, column)))
            .collect();
        let (name, columns) = (table.table().name, columns.join(", "));
        let sql = format!(
            "INSERT INTO {name} ({columns}) SELECT {} FROM {}",
            values.join(", "),
            self.each_row()
        );
        self.run(sql, rows).await
    }

    /// Change rows: the first value of each is the one by which it is found.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn update(
        &self,
        table: Id,
        key: &str,
        columns: &[&str],
        rows: &[Value],
    ) -> Result<(), Error> {
        self.update_table(
            table.table().name,
            key,
            columns.iter().map(|name| (*name, kind_of(table, name))),
            rows,
        )
        .await
    }

    /// The same by the name of the table.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn update_table<'n>(
        &self,
        table: &str,
        key: &str,
        columns: impl Iterator<Item = (&'n str, Kind)>,
        rows: &[Value],
    ) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let sets: Vec<_> = (1..)
            .zip(columns)
            .map(|(place, (name, kind))| format!("{name} = {}", self.value(place, kind)))
            .collect();
        let from = match self.is_postgres() {
            true => "json_array_elements(CAST($1 AS json)) AS e(value)",
            false => "json_each($1) AS e",
        };
        let sql = format!(
            "UPDATE {table} SET {} FROM {from} WHERE {table}.{key} = {}",
            sets.join(", "),
            self.value(0, Kind::Big)
        );
        self.run(sql, rows).await
    }

    /// Run a statement. In it `{source}` is the source.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn execute(&self, sql: &str) -> Result<(), Error> {
        let sql = sql.replace("{source}", &self.source_id.to_string());
        self.transaction.execute_unprepared(&sql).await?;
        Ok(())
    }

    /// Episodes leave their shows.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn leave_shows(&self, episodes: &[i64]) -> Result<(), Error> {
        let loose: Vec<Value> = episodes.iter().map(|id| json!([id, null, null])).collect();
        let columns = ["show_id", "season_id"];
        self.update(Id::Episode, "production_id", &columns, &loose).await
    }

    /// Take rows away.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn delete(&self, table: &str, column: &str, keys: &[i64]) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        self.execute_keys(&format!("DELETE FROM {table} WHERE {column} IN {{keys}}"), keys.into())
            .await
    }

    /// Take away what was written down of things that were read before.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn forget(&self, scope: Scope, keys: &[&str]) -> Result<(), Error> {
        for table in ["import_record", "quarantine"] {
            let sql = format!(
                "DELETE FROM {table} WHERE source_id = {{source}} AND scope = '{}' AND key IN {{keys}}",
                scope.name()
            );
            self.execute_keys(&sql, keys.into()).await?;
        }
        Ok(())
    }

    /// Have the hash of what title.basics said of titles differ from whatever it says.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn change_hash_of_basics(&self, keys: &[&str]) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        // It stands first. No hash is as small, and none at all would be a file that says nothing.
        let hashes = match self.is_postgres() {
            true => "decode('0100000000000000', 'hex') || substr(hashes, 9)",
            // Of an empty one SQLite knows no part.
            false => "CAST(x'0100000000000000' || coalesce(substr(hashes, 9), x'') AS BLOB)",
        };
        let sql = format!(
            "UPDATE import_record SET hashes = {hashes}
            WHERE source_id = {{source}} AND scope = '{}' AND key IN {{keys}}",
            Scope::Title.name()
        );
        self.execute_keys(&sql, keys.into()).await
    }

    /// Write down of everything that has an id from the source that it was read, but not what was
    /// said of it: a copy of the catalogue brings ids without that. Returns how many had nothing.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn record_what_has_ids(&self) -> Result<u64, Error> {
        let none = if self.is_postgres() { "''::bytea" } else { "x''" };
        let scopes = Scope::ALL.map(|scope| format!("'{}'", scope.name())).join(", ");
        let sql = format!(
            "INSERT INTO import_record (source_id, scope, key, hashes)
            SELECT DISTINCT source_id, scope, value, {none} FROM external_id AS x
            WHERE source_id = {} AND catalog = '{IMDB}' AND scope IN ({scopes})
                AND NOT EXISTS (SELECT 1 FROM import_record AS r
                    WHERE r.source_id = x.source_id AND r.scope = x.scope AND r.key = x.value)",
            self.source_id
        );
        Ok(self.transaction.execute_unprepared(&sql).await?.rows_affected())
    }

    /// Ids for so many new rows of a table.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn new_ids(&self, table: Id, count: usize) -> Result<Vec<i64>, Error> {
        let name = table.table().name;
        let sql = match self.is_postgres() {
            true => format!(
                "SELECT nextval(pg_get_serial_sequence('{name}', 'id')) FROM generate_series(1, {count})"
            ),
            false => {
                format!("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '{name}'")
            }
        };
        let rows = self.query(&sql, []).await?;
        if self.is_postgres() {
            return rows.iter().map(|row| get(row, 0)).collect();
        }
        // It is the transaction that writes: nobody else takes them.
        let last: i64 = rows.first().map_or(Ok(0), |row| get(row, 0))?;
        Ok((last + 1..).take(count).collect())
    }

    /// The fields that were set by hand, by row id.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn locks(
        &self,
        entity: &str,
        ids: &[i64],
    ) -> Result<HashMap<i64, HashSet<String>>, Error> {
        let sql = format!(
            "SELECT entity_id, field FROM field_lock WHERE entity = '{entity}' AND entity_id IN {{keys}}"
        );
        let mut locks: HashMap<i64, HashSet<String>> = HashMap::new();
        if !ids.is_empty() {
            for row in self.rows(&sql, ids.into()).await? {
                locks.entry(get(&row, 0)?).or_default().insert(get(&row, 1)?);
            }
        }
        Ok(locks)
    }

    /// Row ids of words, made where they are new.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn words<'w>(
        &self,
        table: Id,
        words: impl Iterator<Item = &'w str>,
    ) -> Result<HashMap<String, i64>, Error> {
        let column = if table == Id::Genre { "name" } else { "key" };
        let sql = format!("SELECT {column}, id, key FROM {} ORDER BY id DESC", table.table().name);
        let mut ids = HashMap::new();
        let mut keys = HashSet::new();
        for row in self.query(&sql, []).await? {
            ids.insert(get::<String>(&row, 0)?, get(&row, 1)?);
            keys.insert(get::<String>(&row, 2)?);
        }
        let mut new: Vec<&str> = Vec::new();
        for word in words {
            if !ids.contains_key(word) && !new.contains(&word) {
                new.push(word);
            }
        }
        for (word, id) in new.iter().zip(self.new_ids(table, new.len()).await?) {
            if table == Id::Genre {
                let key = load::free_key(word, &keys);
                let row = json!([id, key, word, collation::key(word)]);
                self.insert(table, &["id", "key", "name", "name_key"], &[row]).await?;
                keys.insert(key);
            } else {
                let row = json!([id, word, word.replace('_', " ")]);
                self.insert(table, &["id", "key", "name"], &[row]).await?;
            }
            ids.insert((*word).to_owned(), id);
        }
        Ok(ids)
    }
}

/// Changes of rows of one table, by the columns that change: writing a column writes all indexes that
/// have it, whether its value is another one or not.
#[derive(Default)]
pub struct Updates(BTreeMap<Vec<&'static str>, Vec<Value>>);

impl Updates {
    /// Change some columns of a row.
    pub fn add(&mut self, id: i64, values: impl Iterator<Item = (&'static str, Value)>) {
        let (columns, values): (Vec<_>, Vec<_>) = values.unzip();
        if !columns.is_empty() {
            let row = [json!(id)].into_iter().chain(values).collect();
            self.0.entry(columns).or_default().push(row);
        }
    }

    /// Write them.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn write(&self, batch: &Batch<'_>, table: Id) -> Result<(), Error> {
        for (columns, rows) in &self.0 {
            batch.update(table, "id", columns, rows).await?;
        }
        Ok(())
    }
}

fn kind_of(table: Id, column: &str) -> Kind {
    let columns = table.table().columns;
    columns.iter().find(|(name, _)| *name == column).map_or(Kind::Text, |(_, kind)| *kind)
}
