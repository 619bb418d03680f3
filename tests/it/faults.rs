//! What can go wrong in a database, and what is made of it: one test for each class of fault that
//! no other test brings about.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::json;
use shotlist::catalog::{Backend, Catalog, Options};
use shotlist::error::{Error, FaultClass};

use crate::load::metric;
use crate::support::{App, BACKENDS, Database, fetch, runtime};

fn class(error: &Error) -> Option<FaultClass> {
    match error {
        Error::Database(fault) => Some(fault.class),
        Error::Refused(_) => None,
    }
}

/// Run statements in a unit of work, which fails.
async fn failed(catalog: &Catalog, statements: &'static [&'static str]) -> Error {
    let work = catalog.write(move |transaction| {
        Box::pin(async move {
            for statement in statements {
                transaction.execute_unprepared(statement).await?;
            }
            Ok(())
        })
    });
    work.await.expect_err("it fails")
}

#[test]
fn a_write_that_another_one_holds_up_for_too_long_is_a_conflict() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let catalog = database.open();
        let other = database.open();
        runtime().block_on(async {
            let (begun, has_begun) = tokio::sync::oneshot::channel();
            let (end, ended) = tokio::sync::oneshot::channel::<()>();
            let holder = tokio::spawn(async move {
                let work = other.write(move |transaction| {
                    Box::pin(async move {
                        let sql = "UPDATE genre SET name = name || '.' WHERE key = 'heist'";
                        transaction.execute_unprepared(sql).await?;
                        let _ = begun.send(());
                        let _ = ended.await;
                        Ok(())
                    })
                });
                work.await.expect("it is written");
                other.close().await.expect("it closes");
            });
            has_begun.await.expect("it holds the row");
            let statements: &[&str] = match backend {
                Backend::Sqlite => &["UPDATE genre SET name = name || '!' WHERE key = 'heist'"],
                Backend::Postgres => &[
                    "SET LOCAL lock_timeout = '100ms'",
                    "UPDATE genre SET name = name || '!' WHERE key = 'heist'",
                ],
            };
            let error = failed(&catalog, statements).await;
            assert_eq!(class(&error), Some(FaultClass::Conflict), "{error:?}");
            end.send(()).expect("the holder waits");
            holder.await.expect("it ends");
            catalog.close().await.expect("it closes");
        });
        let name = "SELECT name FROM genre WHERE key = 'heist'";
        assert_eq!(database.texts(name), ["Heist."], "one of the two was written");
    }
}

#[test]
fn a_disk_that_is_full_is_told_and_keeps_what_was_there() {
    let database = Database::built_in(Backend::Sqlite);
    let catalog = database.open();
    // The database counts its pages instead of the system: the connection that writes is one.
    let fill: &[&str] = &[
        "PRAGMA max_page_count = 1",
        "CREATE TABLE filler AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000)
            SELECT i, hex(randomblob(100)) AS text FROM n",
    ];
    runtime().block_on(async {
        let error = failed(&catalog, fill).await;
        assert_eq!(class(&error), Some(FaultClass::Full), "{error:?}");
        let rows = fetch(&catalog, "SELECT count(*) FROM genre", Vec::new()).await;
        assert!(rows.expect("it is read").int(0, 0).expect("a number") > Some(0));
        catalog.close().await.expect("it closes");
    });
    let tables = database.texts("SELECT name FROM sqlite_master WHERE name = 'filler'");
    assert!(tables.is_empty(), "{tables:?}");
}

#[test]
fn a_damaged_file_is_told_as_a_defect_without_its_cause() {
    let app = App::on(Database::built_in(Backend::Sqlite));
    let path = app.database.text.trim_start_matches("sqlite://");
    damage(Path::new(path));
    let query = "{ people(first: 50) { nodes { name credits(first: 50) { nodes { id } } } } }";
    let (_, answer) = app.post(&json!({ "query": query }));
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "INTERNAL_SERVER_ERROR", "{answer}");
    assert!(error["extensions"]["requestId"].is_string(), "{answer}");
    let text = answer.to_string();
    assert!(!text.contains("malformed") && !text.contains("disk image"), "{text}");
    let corrupt = metric(&app, "shotlist_database_faults_total{class=\"corrupt\"}");
    assert!(corrupt > 0.0, "those who run it are told");
    let sql = "SELECT count(name_key) FROM person";
    let fault = runtime().block_on(fetch(app.api.catalog(), sql, Vec::new()));
    assert_eq!(fault.err().map(|fault| fault.class), Some(FaultClass::Corrupt));
}

/// Overwrite all pages of a database file but the first.
fn damage(path: &Path) {
    // What is still in the log is written to the file first.
    let length = std::fs::metadata(path).expect("a file").len();
    let mut file = std::fs::OpenOptions::new().write(true).open(path).expect("it opens");
    file.seek(SeekFrom::Start(4_096)).expect("it is longer than a page");
    let length = usize::try_from(length - 4_096).expect("a small file");
    file.write_all(&vec![0xA5; length]).expect("it is written");
}

#[test]
fn a_statement_that_finds_no_connection_is_told_that_the_server_is_busy() {
    let database = Database::built_in(Backend::Postgres);
    let options = Options { read_connections: Some(1), ..Options::default() };
    runtime().block_on(async {
        let catalog = Catalog::open(&database.url, &options).await.expect("it opens");
        let slow = fetch(&catalog, "SELECT pg_sleep(7)::text", Vec::new());
        let next = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            fetch(&catalog, "SELECT 1", Vec::new()).await
        };
        let (slow, next) = tokio::join!(slow, next);
        assert_eq!(slow.expect("it is read").len(), 1);
        assert_eq!(next.err().map(|fault| fault.class), Some(FaultClass::Overloaded));
        catalog.close().await.expect("it closes");
    });
}

#[test]
fn a_statement_that_is_wrong_is_a_defect_and_harms_no_other() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let catalog = database.open();
        runtime().block_on(async {
            for _ in 0..20 {
                let wrong = fetch(&catalog, "SELECT nothing FROM nowhere", Vec::new()).await;
                assert_eq!(wrong.err().map(|fault| fault.class), Some(FaultClass::Bug));
                let right = fetch(&catalog, "SELECT count(*) FROM genre", Vec::new()).await;
                assert_eq!(right.expect("it is read").len(), 1);
            }
            catalog.close().await.expect("it closes");
        });
    }
}
