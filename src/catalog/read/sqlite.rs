//! Reading from SQLite, in the thread that asks: a hop to another one costs more than most
//! statements.

use std::path::{Path, PathBuf};

use deadpool::managed::{Manager, Metrics, RecycleResult};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{OpenFlags, ToSql, params_from_iter};

use super::{Parameter, Rows, Stop};
use crate::catalog::database::STATEMENT_CACHE;
use crate::error::Fault;

/// Steps of SQLite's machine between two looks at whether to stop: some ten microseconds.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;

/// The start of the file that is mapped into memory: as much as SQLite can.
const MAPPED_BYTES: i64 = 0x7fff_0000;

/// Opens connections to a file.
pub struct Opener {
    path: PathBuf,
}

impl Opener {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A connection. Between two statements nothing of either is left in it.
pub struct Connection(rusqlite::Connection);

impl Manager for Opener {
    type Type = Connection;
    type Error = Fault;

    async fn create(&self) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(&self.path, flags)?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "temp_store", "memory")?;
        // Pages are read where the system has them, instead of being copied out, one by one.
        connection.pragma_update(None, "mmap_size", MAPPED_BYTES)?;
        // A plan depends on no value. Else statements would be planned anew for each.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(Connection(connection))
    }

    async fn recycle(&self, _: &mut Connection, _: &Metrics) -> RecycleResult<Fault> {
        Ok(())
    }
}

impl Connection {
    /// Run a statement and read all its rows.
    pub fn fetch(&self, sql: &str, parameters: Vec<Parameter>, stop: &Stop) -> Result<Rows, Fault> {
        let stop = stop.clone();
        self.0.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || stop.look()))?;
        let mut statement = self.0.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = Rows::of(columns);
        let mut read = statement.query(params_from_iter(parameters.into_iter().map(value)))?;
        while let Some(row) = read.next()? {
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => rows.push_null(),
                    ValueRef::Integer(value) => rows.push_int(value),
                    ValueRef::Text(bytes) => rows.push_text(bytes)?,
                    ValueRef::Real(_) | ValueRef::Blob(_) => {
                        let detail = format!("column {column} is neither an integer nor text");
                        return Err(Fault::bug(detail));
                    }
                }
            }
        }
        Ok(rows)
    }
}

fn value(parameter: Parameter) -> Box<dyn ToSql> {
    match parameter {
        Parameter::Int(value) => Box::new(value),
        Parameter::Text(text) => Box::new(text),
        Parameter::Keys(keys) => Box::new(json_array(&keys)),
        Parameter::Texts(texts) => Box::new(serde_json::Value::from(texts).to_string()),
        Parameter::Pairs(keys, texts) => {
            let pairs = keys.into_iter().zip(texts);
            let pairs = pairs.map(|(key, text)| serde_json::json!([key, text]));
            Box::new(pairs.collect::<serde_json::Value>().to_string())
        }
    }
}

fn json_array(keys: &[i64]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(keys.len() * 8 + 2);
    text.push('[');
    for (index, key) in keys.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(text, "{comma}{key}");
    }
    text.push(']');
    text
}
