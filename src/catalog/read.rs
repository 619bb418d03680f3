//! Reading: one statement in, rows out, values by position.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::postgres::{PgArguments, PgRow, PgValueFormat};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Decode, PgPool, Row, Sqlite, SqlitePool, ValueRef};

use crate::error::Fault;

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The embedded one.
    Sqlite,
    /// A server.
    Postgres,
}

/// A value bound to a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// An integer.
    Int(i64),
    /// Text.
    Text(String),
    /// Integers, keys of parents for instance: an array on PostgreSQL, a JSON array on SQLite.
    Keys(Vec<i64>),
    /// Texts, in the same way.
    Texts(Vec<String>),
    /// Integers, each with a text: two arrays on PostgreSQL, a JSON array of arrays on SQLite.
    Pairs(Vec<i64>, Vec<String>),
}

/// The reading side of a catalogue: a pool that cannot write.
pub struct Reader {
    pool: Pool,
    statements: AtomicU64,
}

enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Reader {
    pub(super) fn sqlite(pool: SqlitePool) -> Self {
        Self { pool: Pool::Sqlite(pool), statements: AtomicU64::new(0) }
    }

    pub(super) fn postgres(pool: PgPool) -> Self {
        Self { pool: Pool::Postgres(pool), statements: AtomicU64::new(0) }
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        match self.pool {
            Pool::Sqlite(_) => Backend::Sqlite,
            Pool::Postgres(_) => Backend::Postgres,
        }
    }

    /// How many statements have run since the start.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Run a statement whose text was made of declarations alone, and read all its rows.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn fetch(&self, sql: &Arc<str>, parameters: Vec<Parameter>) -> Result<Rows, Fault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        // The text alone: values are the client's.
        tracing::debug!(%sql);
        let sql = AssertSqlSafe(Arc::clone(sql));
        match &self.pool {
            Pool::Sqlite(pool) => {
                let mut arguments = SqliteArguments::default();
                for parameter in parameters {
                    match parameter {
                        Parameter::Int(value) => arguments.add(value),
                        Parameter::Text(value) => arguments.add(value),
                        Parameter::Keys(keys) => arguments.add(json_array(&keys)),
                        Parameter::Texts(texts) => {
                            arguments.add(serde_json::Value::from(texts).to_string())
                        }
                        Parameter::Pairs(keys, texts) => {
                            let pairs = keys.into_iter().zip(texts);
                            let pairs = pairs.map(|(key, text)| serde_json::json!([key, text]));
                            arguments.add(pairs.collect::<serde_json::Value>().to_string())
                        }
                    }
                    .map_err(sqlx::Error::Encode)?;
                }
                Ok(Rows::Sqlite(sqlx::query_with(sql, arguments).fetch_all(pool).await?))
            }
            Pool::Postgres(pool) => {
                let mut arguments = PgArguments::default();
                for parameter in parameters {
                    match parameter {
                        Parameter::Int(value) => arguments.add(value),
                        Parameter::Text(value) => arguments.add(value),
                        Parameter::Keys(keys) => arguments.add(keys),
                        Parameter::Texts(texts) => arguments.add(texts),
                        Parameter::Pairs(keys, texts) => {
                            arguments.add(keys).and_then(|()| arguments.add(texts))
                        }
                    }
                    .map_err(sqlx::Error::Encode)?;
                }
                Ok(Rows::Postgres(sqlx::query_with(sql, arguments).fetch_all(pool).await?))
            }
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn ping(&self) -> Result<(), Fault> {
        match &self.pool {
            Pool::Sqlite(pool) => sqlx::query("SELECT 1").execute(pool).await.map(|_| ())?,
            Pool::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.map(|_| ())?,
        }
        Ok(())
    }

    pub(super) async fn close(&self) {
        match &self.pool {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
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

/// The rows of one statement.
pub enum Rows {
    /// Of SQLite.
    Sqlite(Vec<SqliteRow>),
    /// Of PostgreSQL.
    Postgres(Vec<PgRow>),
}

impl Rows {
    /// No rows.
    pub fn none() -> Self {
        Self::Sqlite(Vec::new())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Sqlite(rows) => rows.len(),
            Self::Postgres(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An integer or a truth value (0 or 1); none where it is NULL.
    ///
    /// # Errors
    /// When the column holds something else.
    pub fn int(&self, row: usize, column: usize) -> Result<Option<i64>, Fault> {
        match self {
            Self::Sqlite(rows) => {
                let value = rows[row].try_get_raw(column)?;
                if value.is_null() {
                    return Ok(None);
                }
                let value = <i64 as Decode<Sqlite>>::decode(value).map_err(sqlx::Error::Decode)?;
                Ok(Some(value))
            }
            Self::Postgres(rows) => {
                let value = rows[row].try_get_raw(column)?;
                if value.is_null() {
                    return Ok(None);
                }
                let bytes = value.as_bytes().map_err(sqlx::Error::Decode)?;
                let value = match (value.format(), bytes) {
                    (PgValueFormat::Binary, &[byte]) => i64::from(byte),
                    (PgValueFormat::Binary, &[a, b]) => i64::from(i16::from_be_bytes([a, b])),
                    (PgValueFormat::Binary, &[a, b, c, d]) => {
                        i64::from(i32::from_be_bytes([a, b, c, d]))
                    }
                    (PgValueFormat::Binary, &[a, b, c, d, e, f, g, h]) => {
                        i64::from_be_bytes([a, b, c, d, e, f, g, h])
                    }
                    _ => return Err(Fault::bug(format!("column {column} is not an integer"))),
                };
                Ok(Some(value))
            }
        }
    }

    /// Text; none where it is NULL.
    ///
    /// # Errors
    /// When the column holds something else.
    pub fn text(&self, row: usize, column: usize) -> Result<Option<&str>, Fault> {
        match self {
            Self::Sqlite(rows) => {
                let value = rows[row].try_get_raw(column)?;
                if value.is_null() {
                    return Ok(None);
                }
                let value = <&str as Decode<Sqlite>>::decode(value).map_err(sqlx::Error::Decode)?;
                Ok(Some(value))
            }
            Self::Postgres(rows) => {
                let value = rows[row].try_get_raw(column)?;
                if value.is_null() {
                    return Ok(None);
                }
                Ok(Some(value.as_str().map_err(sqlx::Error::Decode)?))
            }
        }
    }
}
