//! Rows into SQLite: many to a statement, on a connection of its own.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, PrepFlags, Statement, ToSql};

use super::{Cell, Id, Kind, Sink, TABLES, Table};
use crate::error::{Error, Fault};

/// Rows of one statement: its fixed cost, which the counter of ids makes high, is shared by them.
const ROWS: usize = 32;

/// Rows that wait for their statement.
#[derive(Default)]
struct Waiting<'c> {
    /// Takes as many as go into one.
    statement: Option<Statement<'c>>,
    bytes: Vec<u8>,
    cells: Vec<Held>,
    rows: usize,
    /// The id of the last of them, where the database counts too.
    last: Option<i64>,
}

#[derive(Clone, Copy)]
enum Held {
    Null,
    Int(i64),
    Text(usize, usize),
    Bytes(usize, usize),
}

struct Bound<'a>(&'a [u8], Held);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.1 {
            Held::Null => ValueRef::Null,
            Held::Int(value) => ValueRef::Integer(value),
            Held::Text(start, end) => ValueRef::Text(&self.0[start..end]),
            Held::Bytes(start, end) => ValueRef::Blob(&self.0[start..end]),
        }))
    }
}

/// Writes into the tables of a connection, in the transaction that it is in.
pub struct SqliteSink<'c> {
    connection: &'c Connection,
    waiting: Vec<Waiting<'c>>,
}

impl<'c> SqliteSink<'c> {
    /// A sink on a connection.
    pub fn new(connection: &'c Connection) -> Self {
        Self { connection, waiting: TABLES.iter().map(|_| Waiting::default()).collect() }
    }

    fn write(&mut self, table: &Table, place: usize) -> Result<(), Error> {
        let Waiting { statement, bytes, cells, rows, last } = &mut self.waiting[place];
        let mut rest = None;
        let statement = if *rows == ROWS { statement } else { &mut rest };
        let statement = match statement {
            Some(statement) => statement,
            None => {
                let (sql, flags) = (insert(table, *rows), PrepFlags::SQLITE_PREPARE_PERSISTENT);
                statement.insert(self.connection.prepare_with_flags(&sql, flags)?)
            }
        };
        // What is not bound is null.
        statement.clear_bindings();
        let bound = (1..).zip(&*cells).filter(|(_, cell)| !matches!(cell, Held::Null));
        for (place, cell) in bound {
            statement.raw_bind_parameter(place, Bound(bytes, *cell))?;
        }
        statement.raw_execute()?;
        let found = self.connection.last_insert_rowid();
        if let Some(expected) = last.filter(|expected| *expected != found) {
            return Err(Fault::bug(format!("{} has row {found} for {expected}", table.name)).into());
        }
        bytes.clear();
        cells.clear();
        *rows = 0;
        Ok(())
    }
}

/// The columns that are given to the database. What is next it counts by itself, which spares it to
/// look whether the id is taken: a twentieth of a first load.
fn written(table: &Table) -> &'static [(&'static str, Kind)] {
    &table.columns[usize::from(table.is_numbered)..]
}

/// A row that cannot be written ends the transaction, as it ends the load: so the statement needs no
/// journal of its own, which cost a twentieth of a first load.
fn insert(table: &Table, rows: usize) -> String {
    let columns: Vec<_> = written(table).iter().map(|(name, _)| *name).collect();
    let row = format!("({})", vec!["?"; columns.len()].join(", "));
    let rows = vec![row; rows].join(", ");
    format!("INSERT OR ROLLBACK INTO {} ({}) VALUES {rows}", table.name, columns.join(", "))
}

impl Sink for SqliteSink<'_> {
    fn row(&mut self, table: Id, mut cells: &[Cell<'_>]) -> Result<(), Error> {
        let waiting = &mut self.waiting[table as usize];
        if let ([Cell::Int(id), others @ ..], true) = (cells, table.table().is_numbered) {
            (waiting.last, cells) = (Some(*id), others);
        }
        let mut hold = |bytes: &[u8]| {
            let start = waiting.bytes.len();
            waiting.bytes.extend_from_slice(bytes);
            (start, waiting.bytes.len())
        };
        waiting.cells.extend(cells.iter().map(|cell| match *cell {
            Cell::Null => Held::Null,
            Cell::Int(value) => Held::Int(value),
            Cell::Bool(value) => Held::Int(value.into()),
            Cell::Text(text) => {
                let (start, end) = hold(text.as_bytes());
                Held::Text(start, end)
            }
            Cell::Bytes(bytes) => {
                let (start, end) = hold(bytes);
                Held::Bytes(start, end)
            }
        }));
        waiting.rows += 1;
        if waiting.rows == ROWS { self.write(table.table(), table as usize) } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        for (place, table) in TABLES.iter().enumerate() {
            if self.waiting[place].rows > 0 {
                self.write(table, place)?;
            }
        }
        Ok(())
    }
}
