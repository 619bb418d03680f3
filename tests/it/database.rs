//! Database access: what must hold whoever comes and goes.

use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait};
use shotlist::catalog::read::{Parameter, Session};
use shotlist::catalog::{Backend, Catalog, Options, Stop};
use shotlist::error::{Error, FaultClass};

use crate::support::{BACKENDS, Database, FOREVER_ON_SQLITE, fetch, runtime};

/// A unit of work of one statement.
async fn run(catalog: &Catalog, sql: &'static str) -> Result<(), Error> {
    let work = catalog.write(move |transaction| {
        Box::pin(async move {
            transaction.execute_unprepared(sql).await?;
            Ok(())
        })
    });
    work.await
}

#[test]
fn entities_and_tables_agree() {
    macro_rules! read {
        ($transaction:ident: $($table:ident)+) => {
            // Names every column.
            $(entity::$table::Entity::find().one($transaction).await?;)+
        };
    }
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let catalog = database.open();
        let work = catalog.write(|transaction| {
            Box::pin(async move {
                read!(transaction: source genre company person production show episode
                    production_source production_genre production_company credit shot shot_director
                    title_name award award_company award_person award_production video external_id change profession
                    person_profession known_for season
                    import_run import_record quarantine retired field_lock person_source);
                Ok(())
            })
        });
        runtime().block_on(work).expect("every table has the columns of its entity");
        let tables = match backend {
            Backend::Sqlite => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 's%ql%'"
            }
            Backend::Postgres => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'seaql%'"
            }
        };
        assert_eq!(database.texts(tables).len(), 31, "a table has no entity");
    }
}

#[test]
fn the_reading_side_cannot_write() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let catalog = database.open();
        let sql = "INSERT INTO genre (key, name, name_key) VALUES ('x', 'x', 'x')";
        let result = runtime().block_on(fetch(&catalog, sql, Vec::new()));
        assert_eq!(
            result.err().map(|fault| fault.class),
            Some(FaultClass::ReadOnly),
            "{backend:?}"
        );
        assert!(database.texts("SELECT name FROM genre WHERE key = 'x'").is_empty());
    }
}

#[test]
fn a_failed_unit_of_work_leaves_nothing() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let catalog = database.open();
        let two = "INSERT INTO genre (key, name, name_key) VALUES ('x', 'x', 'x'); INSERT INTO genre (key, name, name_key) VALUES ('x', 'again', 'again')";
        let error = runtime().block_on(run(&catalog, two)).expect_err("the key is unique");
        assert!(
            matches!(&error, Error::Database(fault) if fault.class == FaultClass::Constraint),
            "{error:?}"
        );
        assert!(database.texts("SELECT name FROM genre WHERE key = 'x'").is_empty());
    }
}

/// Callers that go away at random moments, while others write.
#[test]
fn a_vanished_caller_poisons_no_connection() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let catalog = database.open();
        runtime().block_on(async {
            for round in 0..200_u64 {
                let work = run(&catalog, "UPDATE genre SET name = name || '.' WHERE key = 'heist'");
                let patience = Duration::from_micros(round * 37 % 3_000);
                let _ = tokio::time::timeout(patience, work).await;
            }
            // Every later write is acknowledged and there.
            for _ in 0..5 {
                run(&catalog, "UPDATE genre SET name = name || '!' WHERE key = 'comedy'")
                    .await
                    .expect("it is written");
            }
        });
        assert_eq!(database.texts("SELECT name FROM genre WHERE key = 'comedy'"), ["Comedy!!!!!"]);
        // Abandoned work ran to its end, every piece of it.
        runtime().block_on(async {
            for _ in 0..50 {
                let dots = database_dots(&catalog).await;
                if dots == 200 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            panic!("{} of 200 pieces of work were done", database_dots(&catalog).await);
        });
        if backend == Backend::Postgres {
            let idle = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
            assert!(database.texts(idle).is_empty());
        }
    }
}

async fn database_dots(catalog: &Catalog) -> usize {
    let sql = "SELECT name FROM genre WHERE key = 'heist'";
    let rows = fetch(catalog, sql, Vec::new()).await.expect("it is read");
    let name = rows.text(0, 0).expect("text").expect("a name");
    name.chars().filter(|letter| *letter == '.').count()
}

#[test]
fn many_writers_take_turns() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let catalog = database.open();
        runtime().block_on(async {
            let writers = (0..40)
                .map(|_| run(&catalog, "UPDATE genre SET name = name || '.' WHERE key = 'heist'"));
            for result in futures_util::future::join_all(writers).await {
                result.expect("it is written");
            }
            assert_eq!(database_dots(&catalog).await, 40);
        });
    }
}

#[test]
fn a_statement_that_takes_too_long_is_stopped() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let options =
            Options { statement_timeout: Duration::from_millis(100), ..Options::default() };
        runtime().block_on(async {
            let catalog = Catalog::open(&database.url, &options).await.expect("it opens");
            let sql = match backend {
                Backend::Sqlite => FOREVER_ON_SQLITE,
                Backend::Postgres => "SELECT pg_sleep(30)::text",
            };
            let result = fetch(&catalog, sql, Vec::new()).await;
            assert_eq!(result.err().map(|fault| fault.class), Some(FaultClass::Timeout));
            catalog.close().await.expect("it closes");
        });
    }
}

#[test]
fn on_sqlite_a_session_sees_one_state_of_the_catalogue() {
    let database = Database::built_in(Backend::Sqlite);
    let catalog = database.open();
    let sql = "SELECT count(*) FROM production WHERE title = ?1".into();
    let stop = Stop::after(Duration::from_secs(60));
    runtime().block_on(async {
        let count = async |session: &Session<'_>| {
            let heat = vec![Parameter::Text("Heat".to_owned())];
            let part = session.fetch(&sql, None, heat, &stop).await.expect("it is read");
            part.rows.int(0, 0).expect("a number")
        };
        let session = catalog.reader().session().await.expect("a connection");
        assert_eq!(count(&session).await, Some(1));
        let written = run(&catalog, "UPDATE production SET title = 'Cold' WHERE title = 'Heat'");
        written.await.expect("it is written");
        assert_eq!(count(&session).await, Some(1));
        drop(session);
        let session = catalog.reader().session().await.expect("a connection");
        assert_eq!(count(&session).await, Some(0));
    });
}

#[test]
fn keys_travel_as_one_parameter() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let catalog = database.open();
        let sql = match backend {
            Backend::Sqlite => "SELECT value FROM json_each(?1)",
            Backend::Postgres => "SELECT unnest($1::bigint[])",
        };
        let keys = vec![1, i64::MAX, -5];
        let rows = fetch(&catalog, sql, vec![Parameter::Keys(keys.clone())]);
        let rows = runtime().block_on(rows).expect("they are read");
        let read: Vec<_> = (0..rows.len()).map(|row| rows.int(row, 0).expect("a number")).collect();
        assert_eq!(read, keys.into_iter().map(Some).collect::<Vec<_>>());
    }
}
