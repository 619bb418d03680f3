//! The databases: the same invented catalogue in a SQLite file and in PostgreSQL, kept for the next
//! run.

use std::path::{Path, PathBuf};
use std::{fs, io};

use tokio_postgres::NoTls;

use crate::support::postgres::Cluster;
use crate::support::program::generate;
use crate::support::text::grouped;
use crate::support::{Result, temporary_folder};

/// Both databases, and a connection for plain SQL.
pub struct Catalogue {
    pub productions: u32,
    /// The SQLite file.
    pub file: PathBuf,
    pub postgres: Cluster,
    /// Where PostgreSQL's database is.
    pub url: String,
    database: String,
    runtime: tokio::runtime::Runtime,
    client: tokio_postgres::Client,
}

impl Catalogue {
    pub fn open(folder: &Path, productions: u32) -> Result<Self> {
        let file = file(folder, productions)?;
        let postgres = Cluster::kept(&folder.join("postgres"), &settings()?)
            .map_err(|error| format!("PostgreSQL in {}: {error}", folder.display()))?;
        let database = format!("catalogue_{productions}");
        fill(&postgres, &database, productions)?;
        // No server shall pay for the first look at the disk.
        read_once(&file)?;
        read_once(&folder.join("postgres/data/base"))?;
        let url = postgres.url(&database);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            Ok::<_, tokio_postgres::Error>(client)
        })?;
        Ok(Self { productions, file, postgres, url, database, runtime, client })
    }

    /// Run statements that return nothing, in PostgreSQL.
    pub fn execute(&self, sql: &str) -> Result {
        self.postgres.sql(&self.database, sql).map(drop)
    }

    /// The first column of what a statement returns, which is text, for each of its parameter's
    /// values.
    pub fn texts(&self, sql: &str, parameters: &[String]) -> Result<Vec<String>> {
        self.runtime.block_on(async {
            let statement = self.client.prepare(sql).await?;
            let mut texts = Vec::new();
            for parameter in parameters {
                for row in self.client.query(&statement, &[parameter]).await? {
                    texts.push(row.try_get(0)?);
                }
            }
            Ok(texts)
        })
    }

    /// The same of a statement without a parameter.
    pub fn all_texts(&self, sql: &str) -> Result<Vec<String>> {
        let rows = self.runtime.block_on(self.client.query(sql, &[]))?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}

/// Read a file, or all files of a folder, so that the system has them in memory.
fn read_once(path: &Path) -> Result {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            read_once(&entry?.path())?;
        }
    } else {
        io::copy(&mut fs::File::open(path)?, &mut io::sink())?;
    }
    Ok(())
}

/// The SQLite file, made where it is missing.
pub fn file(folder: &Path, productions: u32) -> Result<PathBuf> {
    let file = folder.join(format!("catalogue_{productions}.db"));
    if !file.exists() {
        eprintln!("generating {} productions into SQLite", grouped(productions.into()));
        // Elsewhere until it is whole.
        let started = tempfile::Builder::new().prefix("new-").tempdir_in(folder)?;
        let new = started.path().join("catalogue.db");
        generate(started.path(), productions, &format!("sqlite://{}", new.display()))?;
        fs::rename(new, &file)?;
    }
    Ok(file)
}

/// Fill a database of PostgreSQL, unless it is there.
fn fill(postgres: &Cluster, database: &str, productions: u32) -> Result {
    let sql = |sql: &str| postgres.sql("postgres", sql);
    if sql(&format!("SELECT 1 FROM pg_database WHERE datname = '{database}'"))? == "1" {
        return Ok(());
    }
    eprintln!("generating {} productions into PostgreSQL", grouped(productions.into()));
    // It has another name until it is whole.
    sql("DROP DATABASE IF EXISTS unfinished")?;
    sql("CREATE DATABASE unfinished")?;
    generate(temporary_folder()?.path(), productions, &postgres.url("unfinished"))?;
    postgres.sql("unfinished", "VACUUM (ANALYZE)")?;
    sql(&format!("ALTER DATABASE unfinished RENAME TO {database}"))?;
    Ok(())
}

/// Those that one would give it on a computer with solid state disks that serves short requests.
fn settings() -> Result<Vec<String>> {
    let buffers_mib = (memory_mib()? / 4).min(2048);
    let mut settings = vec![format!("shared_buffers={buffers_mib}MB")];
    settings.extend(
        [
            "jit=off",
            "max_parallel_workers_per_gather=0",
            "random_page_cost=1.1",
            // Nothing is written, and it would be taken for work of a connection.
            "autovacuum=off",
            "max_wal_size=4GB",
        ]
        .map(str::to_owned),
    );
    Ok(settings)
}

fn memory_mib() -> Result<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no MemTotal")?;
    Ok(kib.trim().parse::<u64>()? / 1024)
}
