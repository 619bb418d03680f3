//! Requests that end before they are answered: by their deadline, by a client that goes away, by a
//! database that stops.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::{graphql, http};

use crate::canary;
use crate::support::{App, BACKENDS, Cluster, Database, FOREVER_ON_SQLITE, fetch, runtime};

/// Reads a table that answers at once.
const QUICK: &str = "{ people(first: 50) { nodes { name credits(first: 5) {
    nodes { production { id title } } } } } }";
/// Reads a table that does not answer, once the database has been [`slowed`].
const SLOW: &str = "{ sources(first: 5) { nodes { name } } }";

/// Make one table take forever.
fn slowed(app: &App) {
    let forever = match app.database.backend {
        Backend::Sqlite => FOREVER_ON_SQLITE,
        Backend::Postgres => "SELECT pg_sleep(600)",
    };
    app.database.sql(&format!(
        "ALTER TABLE source RENAME TO source_kept;
        CREATE VIEW source AS SELECT kept.* FROM source_kept AS kept, ({forever}) AS forever",
    ));
}

fn app(backend: Backend, deadline: Duration) -> App {
    let api = graphql::Options { deadline, ..graphql::Options::default() };
    App::with_api(Database::built_in(backend), api, http::Options::default())
}

/// Wait for something that is to come within so much time.
fn soon(within: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < within, "{what}: not within {within:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether no connection is used, and PostgreSQL knows of no statement either.
fn is_at_rest(app: &App) -> bool {
    let usage = app.api.catalog().reader().usage();
    usage.open == usage.idle && statements(app).is_empty()
}

/// What PostgreSQL runs for the program.
fn statements(app: &App) -> Vec<String> {
    match app.database.backend {
        Backend::Sqlite => Vec::new(),
        Backend::Postgres => app.database.texts(
            "SELECT state || ': ' || query FROM pg_stat_activity WHERE datname = current_database()
                AND application_name = 'shotlist' AND state <> 'idle'",
        ),
    }
}

/// All connections at once do something that takes a while.
fn assert_the_pool_is_full(app: &App) {
    let sql = match app.database.backend {
        Backend::Sqlite => {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000) SELECT count(*) FROM n"
        }
        Backend::Postgres => "SELECT pg_sleep(0.2)::text",
    };
    let catalog = app.api.catalog();
    let max = catalog.reader().usage().max;
    let start = Instant::now();
    let all = join_all((0..max).map(|_| fetch(catalog, sql, Vec::new())));
    for rows in runtime().block_on(all) {
        assert_eq!(rows.expect("it is read").len(), 1);
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(2), "{max} connections took {took:?}");
}

fn whole_request(query: &str) -> Vec<u8> {
    let body = canary::marked(json!({ "query": query })).to_string();
    let length = body.len();
    format!(
        "POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
        content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Send a request and do not wait for its answer.
fn send(app: &App, query: &str) -> TcpStream {
    let address = app.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.write_all(&whole_request(query)).expect("the server reads");
    stream
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[test]
fn a_request_ends_by_its_deadline_and_its_statement_too() {
    for backend in BACKENDS {
        let app = app(backend, Duration::from_millis(500));
        slowed(&app);
        let start = Instant::now();
        let (status, answer) = app.post(&json!({ "query": SLOW }));
        let took = start.elapsed();
        assert_eq!((status, code(&answer)), (503, "TIMEOUT"), "{answer}");
        assert!(answer.get("data").is_none(), "{answer}");
        assert!((450..1_500).contains(&took.as_millis()), "{took:?}");
        soon(Duration::from_secs(2), "the statement ends", || is_at_rest(&app));
        assert_eq!(app.post(&json!({ "query": QUICK })).0, 200);
    }
}

#[test]
fn a_client_that_goes_away_stops_its_statement() {
    for backend in BACKENDS {
        let app = app(backend, Duration::from_secs(60));
        slowed(&app);
        let client = send(&app, SLOW);
        let busy = || {
            let usage = app.api.catalog().reader().usage();
            usage.open > usage.idle && (backend == Backend::Sqlite || !statements(&app).is_empty())
        };
        soon(Duration::from_secs(10), "the statement runs", busy);
        drop(client);
        soon(Duration::from_secs(2), "the statement ends", || is_at_rest(&app));
        assert_the_pool_is_full(&app);
    }
}

#[test]
fn requests_cut_at_random_moments_leave_nothing_behind() {
    const CLIENTS: u64 = 8;
    const CUTS: u64 = 10_000;
    for backend in BACKENDS {
        let app = app(backend, Duration::from_secs(2));
        slowed(&app);
        let start = Instant::now();
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let app = &app;
                scope.spawn(move || {
                    // Numerical Recipes' generator, so that a run can be repeated.
                    let mut random = client;
                    for _ in 0..CUTS / CLIENTS {
                        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        let chosen = random >> 16;
                        let query = if chosen % 20 == 0 { SLOW } else { QUICK };
                        let connection = send(app, query);
                        std::thread::sleep(Duration::from_micros(chosen % 12_000));
                        drop(connection);
                    }
                });
            }
        });
        let (cut, end) = (start.elapsed(), Instant::now());
        // Under a second where nothing else runs; other tests do.
        soon(Duration::from_secs(60), "everything is at rest", || is_at_rest(&app));
        let rest = end.elapsed();
        println!("{backend:?}: {CUTS} requests cut in {cut:?}, at rest after {rest:?}");
        assert_the_pool_is_full(&app);
        assert_eq!(app.post(&json!({ "query": QUICK })).0, 200);
    }
}

/// Ask again and again from several sides while the database is treated badly.
struct Askers {
    stop: AtomicBool,
    answered: AtomicU64,
}

impl Askers {
    const DEADLINE: Duration = Duration::from_secs(3);

    /// What the clients met besides data is one of the errors that say so.
    fn ask(&self, app: &App) {
        while !self.stop.load(Ordering::Relaxed) {
            let start = Instant::now();
            let (status, answer) = app.post(&json!({ "query": QUICK }));
            let took = start.elapsed();
            let limit = Self::DEADLINE + Duration::from_secs(1);
            assert!(took < limit, "an answer took {took:?}: {answer}");
            match code(&answer) {
                "" => {
                    assert_eq!(status, 200, "{answer}");
                    self.answered.fetch_add(1, Ordering::Relaxed);
                }
                "TIMEOUT" | "DATABASE_UNAVAILABLE" | "OVERLOADED" => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                other => panic!("{other}: {answer}"),
            }
        }
    }

    /// The service is back.
    fn soon_answered(&self, what: &str) {
        let before = self.answered.load(Ordering::Relaxed);
        let more = || self.answered.load(Ordering::Relaxed) > before + 10;
        soon(Duration::from_secs(2), what, more);
    }
}

#[test]
fn a_database_that_stops_and_comes_back_is_survived() {
    let cluster = Cluster::start("shaken");
    let api = graphql::Options { deadline: Askers::DEADLINE, ..graphql::Options::default() };
    let app = App::with_api(cluster.built_in("catalog"), api, http::Options::default());
    let askers = Askers { stop: AtomicBool::new(false), answered: AtomicU64::new(0) };
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| askers.ask(&app));
        }
        // The clients end with this value, whatever happens here.
        let end = End(&askers.stop);
        askers.soon_answered("at the start");
        cluster.signal(Signal::SIGSTOP);
        std::thread::sleep(Duration::from_secs(30));
        cluster.signal(Signal::SIGCONT);
        askers.soon_answered("after it stood still");
        for round in 0..20 {
            // In turn in good order and at once, which is recovered from as from a crash.
            cluster.restart(["INT", "QUIT"][round % 2]);
            std::thread::sleep(Duration::from_millis(300));
            cluster.wait();
            askers.soon_answered(&format!("after restart {round}"));
        }
        drop(end);
    });
    soon(Duration::from_secs(2), "everything is at rest", || is_at_rest(&app));
    assert_the_pool_is_full(&app);
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
