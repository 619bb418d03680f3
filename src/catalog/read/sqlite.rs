//! Reading from SQLite, in the thread that asks: a hop to another one costs more than most
//! statements.

use std::path::{Path, PathBuf};

use deadpool::managed::{Manager, Metrics, Object, RecycleResult};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{OpenFlags, Statement};

use super::{KeyList, Parameter, Rows, Stop};
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

/// A connection. Between two snapshots nothing of either is left in it.
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

/// A connection that reads one state of the file, until it is dropped.
pub struct Snapshot(Option<Object<Opener>>);

impl Snapshot {
    pub fn of(connection: Object<Opener>) -> Result<Self, Fault> {
        // The state is that of the first statement; until then nothing is locked.
        connection.0.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self(Some(connection)))
    }

    /// Run a statement and read all its rows: once, or for each key, whose number is written over
    /// the first column then. To run a statement is to call a function here, and one that reads for
    /// one key is the cheapest.
    pub fn fetch(
        &self,
        sql: &str,
        keys: Option<&KeyList>,
        rest: &[Parameter],
        stop: Stop,
    ) -> Result<Rows, Fault> {
        let Some(connection) = &self.0 else {
            return Err(Fault::bug("the connection is gone"));
        };
        connection.0.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || stop.look()))?;
        let mut statement = connection.0.prepare_cached(sql)?;
        for (place, parameter) in (keys.map_or(0, KeyList::width) + 1..).zip(rest) {
            bind(&mut statement, place, parameter)?;
        }
        let mut rows = Rows::of(statement.column_count());
        match keys {
            None => read(&mut statement, None, &mut rows)?,
            Some(KeyList::Ids(ids)) => {
                for (ordinal, id) in (0..).zip(ids) {
                    statement.raw_bind_parameter(1, id)?;
                    read(&mut statement, Some(ordinal), &mut rows)?;
                }
            }
            Some(KeyList::Texts(texts)) => {
                for (ordinal, text) in (0..).zip(texts) {
                    statement.raw_bind_parameter(1, text)?;
                    read(&mut statement, Some(ordinal), &mut rows)?;
                }
            }
            Some(KeyList::Groups(ids, names)) => {
                for (ordinal, (id, name)) in (0..).zip(ids.iter().zip(names)) {
                    statement.raw_bind_parameter(1, id)?;
                    statement.raw_bind_parameter(2, name)?;
                    read(&mut statement, Some(ordinal), &mut rows)?;
                }
            }
        }
        Ok(rows)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let Some(connection) = self.0.take() else { return };
        let end = || -> rusqlite::Result<()> {
            connection.0.progress_handler(0, None::<fn() -> bool>)?;
            connection.0.prepare_cached("COMMIT")?.execute([]).map(|_| ())
        };
        if let Err(error) = end() {
            tracing::warn!(%error, "a reading connection is given up");
            drop(Object::take(connection));
        }
    }
}

/// Run a statement whose parameters are bound.
fn read(statement: &mut Statement<'_>, ordinal: Option<i64>, rows: &mut Rows) -> Result<(), Fault> {
    let columns = statement.column_count();
    let mut read = statement.raw_query();
    while let Some(row) = read.next()? {
        let mut first = 0;
        if let Some(ordinal) = ordinal {
            rows.push_int(ordinal);
            first = 1;
        }
        for column in first..columns {
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
    Ok(())
}

fn bind(statement: &mut Statement<'_>, place: usize, value: &Parameter) -> rusqlite::Result<()> {
    match value {
        Parameter::Int(value) => statement.raw_bind_parameter(place, value),
        Parameter::Text(text) => statement.raw_bind_parameter(place, text),
        Parameter::Keys(keys) => {
            statement.raw_bind_parameter(place, serde_json::json!(keys).to_string())
        }
        Parameter::Texts(texts) => {
            statement.raw_bind_parameter(place, serde_json::json!(texts).to_string())
        }
    }
}
