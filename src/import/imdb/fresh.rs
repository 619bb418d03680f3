//! Where a first load goes: copies of the tables that nobody reads, which take the place of the
//! others at the end, at once.

use std::fs::{self, File as Disk};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _, Executor, Row};
use tokio::sync::mpsc;

use super::bulk::postgres::{PostgresSink, copy_statement};
use super::bulk::sqlite::SqliteSink;
use super::progress::Progress;
use crate::catalog::changes::CHANNEL;
use crate::error::{Error, Fault};
use crate::import::generate::DEFINITIONS_SQLITE;

/// The tables of the catalogue. Others that stand beside them are not touched.
const TABLES: &str =
    "award award_company award_person award_production change company credit episode
    external_id field_lock genre import_record import_run known_for person person_profession
    person_source production production_company production_genre production_source profession
    quarantine retired season shot shot_director show source title_name video";

/// The schema that holds PostgreSQL's copies; there is none but during a load.
const SCHEMA: &str = "shotlist_load";

/// A connection of one thread, which needs no locks.
const OURS_ALONE: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

fn moved() -> Error {
    Error::refused("somebody wrote to the catalogue meanwhile: try again")
}

/// Fill a copy of an SQLite database with `load`, and put it in its place.
///
/// Where nobody else has the database open the copy is a file beside it, which is fast: until it
/// is whole it needs no journal. Else it is a transaction, and whoever reads goes on reading.
///
/// # Errors
/// What `load` returns, or the fault of the database: it is as before then.
pub fn sqlite<T>(
    path: &Path,
    change: i64,
    progress: &Progress,
    load: impl FnOnce(SqliteSink<'_>) -> Result<T, Error>,
    after: impl FnOnce(&T) -> String,
) -> Result<T, Error> {
    let path = &fs::canonicalize(path)
        .map_err(|error| Error::refused(format!("cannot find {}: {error}", path.display())))?;
    let beside = Beside::new(path);
    let place = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    place.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let mode = place.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0));
    let is_alone = mode.is_ok_and(|mode| mode == "delete")
        && place.execute_batch("BEGIN EXCLUSIVE; COMMIT").is_ok();
    if !is_alone {
        drop(place);
        return in_transaction(path, change, progress, load, after);
    }
    refuse_if_moved(&place, change)?;
    place.execute("VACUUM INTO ?", [beside.0.to_string_lossy()])?;
    let copy = Connection::open_with_flags(&beside.0, OURS_ALONE)?;
    copy.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA cache_size = -65536; PRAGMA temp_store = FILE; PRAGMA foreign_keys = OFF; BEGIN",
    )?;
    let loaded = fill(&copy, progress, load, after)?;
    copy.execute_batch("COMMIT; PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL")?;
    copy.close().map_err(|(_, error)| error)?;
    let replace = || {
        // Whoever waits to open the old file must not take it for the database.
        let old = Disk::options().write(true).open(path)?;
        beside.take_place(path)?;
        old.write_all_at(&[0; 100], 0)?;
        // Closing any handle of a file gives its locks back.
        drop(place);
        Ok(())
    };
    replace().map_err(|error: io::Error| {
        let path = path.display();
        Error::refused(format!("cannot put the new file in the place of {path}: {error}"))
    })?;
    Ok(loaded)
}

fn in_transaction<T>(
    path: &Path,
    change: i64,
    progress: &Progress,
    load: impl FnOnce(SqliteSink<'_>) -> Result<T, Error>,
    after: impl FnOnce(&T) -> String,
) -> Result<T, Error> {
    let connection = Connection::open_with_flags(path, OURS_ALONE)?;
    connection.execute_batch(
        "PRAGMA busy_timeout = 10000; PRAGMA cache_size = -65536; PRAGMA temp_store = FILE;
        PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE",
    )?;
    refuse_if_moved(&connection, change)?;
    let loaded = fill(&connection, progress, load, after)?;
    connection.execute_batch("COMMIT")?;
    Ok(loaded)
}

fn refuse_if_moved(connection: &Connection, change: i64) -> Result<(), Error> {
    let last = "SELECT coalesce(max(id), 0) FROM change";
    let last: i64 = connection.query_row(last, [], |row| row.get(0))?;
    if last == change { Ok(()) } else { Err(moved()) }
}

/// Fill tables without their indexes, which are far cheaper to make at the end.
fn fill<T>(
    connection: &Connection,
    progress: &Progress,
    load: impl FnOnce(SqliteSink<'_>) -> Result<T, Error>,
    after: impl FnOnce(&T) -> String,
) -> Result<T, Error> {
    let mut definitions: Vec<(String, String)> = Vec::new();
    let mut statement = connection.prepare(DEFINITIONS_SQLITE)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        definitions.push((row.get(0)?, row.get(1)?));
    }
    drop(rows);
    drop(statement);
    for (remove, _) in &definitions {
        connection.execute_batch(remove)?;
    }
    let loaded = load(SqliteSink::new(connection))?;
    connection.execute_batch(&after(&loaded))?;
    // Short runs sort faster.
    connection.execute_batch("PRAGMA cache_size = -2000; PRAGMA analysis_limit = 400")?;
    let bar = progress.steps("indexes", definitions.len() as u64);
    for (_, restore) in &definitions {
        connection.execute_batch(restore)?;
        bar.inc(1);
    }
    bar.finish();
    connection.execute_batch("ANALYZE")?;
    Ok(loaded)
}

/// A file beside the database, which goes away with whoever made it.
struct Beside(PathBuf);

impl Beside {
    fn new(path: &Path) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push(".loading");
        let beside = Self(PathBuf::from(name));
        // What a load left that was killed.
        beside.remove();
        beside
    }

    fn remove(&self) {
        for end in ["", "-journal", "-wal", "-shm"] {
            let mut name = self.0.as_os_str().to_owned();
            name.push(end);
            let _ = fs::remove_file(name);
        }
    }

    fn take_place(&self, of: &Path) -> io::Result<()> {
        let metadata = fs::metadata(of)?;
        fs::set_permissions(&self.0, metadata.permissions())?;
        if fs::metadata(&self.0)?.uid() != metadata.uid() {
            std::os::unix::fs::chown(&self.0, Some(metadata.uid()), Some(metadata.gid()))?;
        }
        Disk::open(&self.0)?.sync_all()?;
        fs::rename(&self.0, of)?;
        let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty());
        Disk::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Fill copies of PostgreSQL's tables with `load`, and put them in their place, in one transaction.
/// Others go on reading meanwhile; whoever writes waits.
///
/// # Errors
/// What `load` returns, or the fault of the database: it is as before then.
pub async fn postgres<T: Send + 'static>(
    options: &PgConnectOptions,
    change: i64,
    progress: &Progress,
    load: impl FnOnce(PostgresSink) -> Result<T, Error> + Send + 'static,
    after: impl FnOnce(&T) -> String,
) -> Result<T, Error> {
    let options = options.clone().application_name("shotlist import");
    let mut connection = PgConnection::connect_with(&options).await?;
    let run = async |connection: &mut PgConnection, sql: String| -> Result<(), Error> {
        connection.execute(AssertSqlSafe(sql)).await?;
        Ok(())
    };
    let texts = async |connection: &mut PgConnection, sql: String| -> Result<Vec<String>, Error> {
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    };
    let begin = "BEGIN; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL maintenance_work_mem = '128MB';
        SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
    run(&mut connection, begin.to_owned()).await?;
    let tables: Vec<&str> = TABLES.split_whitespace().collect();
    let lock = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", tables.join(", "));
    run(&mut connection, lock).await?;
    let last = "SELECT coalesce(max(id), 0)::text FROM change".to_owned();
    if texts(&mut connection, last).await? != [change.to_string()] {
        return Err(moved());
    }
    let schema = texts(&mut connection, "SELECT quote_ident(current_schema())".to_owned()).await?;
    let schema = schema.first().cloned().unwrap_or_default();
    let grants = texts(&mut connection, grant_statements()).await?;
    let numbered = "SELECT table_name FROM information_schema.columns
        WHERE table_schema = current_schema() AND is_identity = 'YES' AND table_name = ANY(string_to_array('TABLES', ' '))
        ORDER BY 1";
    let numbered = texts(&mut connection, ours(numbered)).await?;
    let restore = texts(&mut connection, restore_statements()).await?;
    run(&mut connection, format!("CREATE SCHEMA {SCHEMA}")).await?;
    for table in &tables {
        run(
            &mut connection,
            format!(
                "CREATE TABLE {SCHEMA}.{table} (LIKE {schema}.{table} INCLUDING ALL EXCLUDING INDEXES)"
            ),
        )
        .await?;
    }
    let copies = texts(&mut connection, copy_statements()).await?;
    for copy in copies {
        run(&mut connection, copy).await?;
    }
    run(&mut connection, format!("SET LOCAL search_path = {SCHEMA}")).await?;

    let (send, mut rows) = mpsc::channel(2);
    let loading = tokio::task::spawn_blocking(move || load(PostgresSink::new(send)));
    while let Some(copy) = rows.recv().await {
        let mut stream = connection.copy_in_raw(&copy_statement(copy.table)).await?;
        stream.send(copy.bytes).await?;
        stream.finish().await?;
    }
    let loaded =
        loading.await.map_err(|error| Fault::bug(format!("the load ended early: {error}")))??;
    for table in &numbered {
        run(&mut connection, next_id(&schema, table)).await?;
    }
    run(&mut connection, after(&loaded)).await?;
    let bar = progress.steps("indexes", restore.len() as u64);
    for statement in restore {
        run(&mut connection, statement).await?;
        bar.inc(1);
    }
    bar.finish();
    for grant in grants {
        run(&mut connection, grant).await?;
    }
    run(&mut connection, format!("ANALYZE {}", tables.join(", "))).await?;
    // Only now do readers wait, and not for long.
    let old: Vec<_> = tables.iter().map(|table| format!("{schema}.{table}")).collect();
    run(&mut connection, format!("DROP TABLE {}", old.join(", "))).await?;
    for table in &tables {
        run(&mut connection, format!("ALTER TABLE {SCHEMA}.{table} SET SCHEMA {schema}")).await?;
    }
    // No trigger of a table tells that it has become another one.
    let end = format!("DROP SCHEMA {SCHEMA}; NOTIFY {CHANNEL}; COMMIT");
    run(&mut connection, end).await?;
    connection.close().await?;
    Ok(loaded)
}

/// The next row that is written takes an id that no row has had.
fn next_id(schema: &str, table: &str) -> String {
    format!(
        "SELECT setval(pg_get_serial_sequence('{SCHEMA}.{table}', 'id'), last) FROM (
            SELECT greatest(
                (SELECT max(id) FROM {SCHEMA}.{table}),
                pg_sequence_last_value(pg_get_serial_sequence('{schema}.{table}', 'id')::regclass)
            ) AS last
        ) AS ids WHERE last IS NOT NULL"
    )
}

/// A query for the statements that give the copies what the tables hold.
fn copy_statements() -> String {
    ours(&format!(
        "SELECT format('INSERT INTO {SCHEMA}.%I (%s) SELECT %s FROM %I.%I', table_name,
            string_agg(quote_ident(column_name), ', '), string_agg(quote_ident(column_name), ', '),
            table_schema, table_name)
        FROM information_schema.columns
        WHERE table_schema = current_schema() AND is_generated = 'NEVER'
            AND table_name = ANY(string_to_array('TABLES', ' '))
        GROUP BY table_schema, table_name"
    ))
}

/// A query for the statements that give the copies the keys, indexes, references and triggers of the
/// tables.
fn restore_statements() -> String {
    ours(&format!(
        "SELECT restore FROM (
            SELECT 2 AS rank, replace(indexdef, format(' ON %I.', schemaname), ' ON {SCHEMA}.') AS restore
            FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ANY(string_to_array('TABLES', ' '))
                AND indexname NOT IN (
                    SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
                )
            UNION ALL
            SELECT CASE contype WHEN 'f' THEN 3 ELSE 1 END,
                format('ALTER TABLE {SCHEMA}.%I ADD CONSTRAINT %I ', relname, conname) || pg_get_constraintdef(c.oid)
            FROM pg_constraint AS c JOIN pg_class AS r ON r.oid = conrelid
            WHERE contype IN ('f', 'p', 'u') AND connamespace = current_schema()::regnamespace
                AND relname = ANY(string_to_array('TABLES', ' '))
            UNION ALL
            SELECT 4, replace(
                replace(pg_get_triggerdef(t.oid), format(' ON %I.', current_schema()), ' ON {SCHEMA}.'),
                ' EXECUTE FUNCTION ', format(' EXECUTE FUNCTION %I.', current_schema()))
            FROM pg_trigger AS t JOIN pg_class AS r ON r.oid = tgrelid
            WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace
                AND relname = ANY(string_to_array('TABLES', ' '))
        ) AS definitions ORDER BY rank, restore"
    ))
}

/// A query for the statements that give others the rights to the copies that they have to the tables.
fn grant_statements() -> String {
    ours(&format!(
        "SELECT format('GRANT %s ON {SCHEMA}.%I TO %s', privilege_type, relname,
            CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
        FROM pg_class, aclexplode(relacl)
        WHERE relnamespace = current_schema()::regnamespace AND grantee <> relowner
            AND relname = ANY(string_to_array('TABLES', ' '))"
    ))
}

/// A query about the catalogue's own tables.
fn ours(sql: &str) -> String {
    sql.replace(
        "'TABLES'",
        &format!("'{}'", TABLES.split_whitespace().collect::<Vec<_>>().join(" ")),
    )
}
