//! Answers that are kept: the same bytes, and never those of yesterday.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::http;

use crate::support::{App, BACKENDS, Database, agent};

const QUERY: &str = "{ films(first: 1) { nodes { id title } } }";

fn request() -> Value {
    json!({ "query": QUERY })
}

fn served(app: &App) -> u64 {
    app.metric("shotlist_kept_answers_served_total")
}

fn title(app: &App) -> String {
    let (status, answer) = app.post(&request());
    assert_eq!(status, 200, "{answer}");
    answer["data"]["films"]["nodes"][0]["title"].as_str().expect("a title").to_owned()
}

fn rename(app: &App, title: &str) {
    let first = "(SELECT min(id) FROM production WHERE kind = 1)";
    app.database.sql(&format!("UPDATE production SET title = '{title}' WHERE id = {first}"));
}

/// Wait until the node follows the changes of its database.
fn follows(app: &App) {
    let start = Instant::now();
    loop {
        let before = served(app);
        title(app);
        title(app);
        if served(app) > before {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "nothing is kept");
    }
}

#[test]
fn a_second_answer_is_the_first_one_and_costs_no_statement() {
    for backend in BACKENDS {
        let app = App::on(Database::built_in(backend));
        follows(&app);
        let (statements, (_, second)) = app.statements(|| app.post(&request()));
        assert_eq!(statements, 0);
        let (_, other) = app.post(&json!({ "query": format!("{QUERY} ") }));
        assert_eq!(second, other);

        // As a query in a URL, with its validator, and compressed.
        let url = format!("{}/graphql?query={}", app.url, QUERY.replace(' ', "%20"));
        let get = |name: &str, value: &str| {
            agent().get(&url).header(name, value).call().expect("an answer")
        };
        let [first, second] = [(); 2].map(|()| get("accept", "application/json"));
        let tag = |response: &ureq::http::Response<ureq::Body>| {
            response.headers()["etag"].to_str().expect("text").to_owned()
        };
        assert_eq!(tag(&first), tag(&second));
        assert_eq!(get("if-none-match", &tag(&first)).status(), 304);
    }
}

#[test]
fn no_answer_outlives_a_change() {
    let app = App::on(Database::built_in(Backend::Sqlite));
    follows(&app);
    for round in 0..100 {
        let name = format!("Renamed {round}");
        rename(&app, &name);
        // Read twice: anew, and kept.
        assert_eq!([title(&app), title(&app)], [name.clone(), name]);
    }
    assert!(served(&app) >= 100);
}

#[test]
fn on_postgresql_none_outlives_the_news_of_it() {
    let app = App::on(Database::built_in(Backend::Postgres));
    follows(&app);
    let mut slowest = Duration::ZERO;
    for round in 0..50 {
        let name = format!("Renamed {round}");
        rename(&app, &name);
        let start = Instant::now();
        while title(&app) != name {
            assert!(start.elapsed() < Duration::from_secs(2), "the old answer is still given");
        }
        slowest = slowest.max(start.elapsed());
        for _ in 0..3 {
            assert_eq!(title(&app), name, "the old answer comes back");
        }
    }
    println!("the news took {slowest:?} at most");
}

#[test]
fn without_news_nothing_is_kept() {
    let app = App::on(Database::built_in(Backend::Postgres));
    follows(&app);
    // The listener is cut off, and cannot come back while nobody may connect.
    let name = &app.database.texts("SELECT current_database()::text")[0];
    let listener = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
        WHERE datname = current_database() AND query IN ('SELECT 1', 'LISTEN shotlist_change')";
    app.database.sql(&format!("ALTER DATABASE \"{name}\" CONNECTION LIMIT 0"));
    assert!(!app.database.texts(listener).is_empty());
    let start = Instant::now();
    loop {
        let before = served(&app);
        title(&app);
        title(&app);
        if served(&app) == before {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(2), "answers are kept that may be old");
    }
    rename(&app, "Unheard of");
    assert_eq!(title(&app), "Unheard of");
    app.database.sql(&format!("ALTER DATABASE \"{name}\" CONNECTION LIMIT -1"));
    follows(&app);
}

#[test]
fn what_is_not_everyones_is_not_kept() {
    let app = App::on(Database::built_in(BACKENDS[0]));
    follows(&app);
    let before_all = served(&app);
    let post = |name: &str, value: &str| {
        let url = format!("{}/graphql", app.url);
        let response = agent().post(url).header(name, value).send_json(request());
        assert_eq!(response.expect("an answer").status(), 200);
    };
    post("x-shotlist-cost", "1");
    post("authorization", "Bearer C4NARYtoken");
    post("cookie", "a=C4NARYcookie");
    assert_eq!(served(&app), before_all);
    // Errors, of the request and of a field.
    for query in [
        "{ nothing }",
        "{ film(by: {title: \"\"}) { id } }",
        "{ films(first: 1000) { nodes { id } } }",
    ] {
        let before = served(&app);
        let body = json!({ "query": query });
        let both = [(); 2].map(|()| app.post(&body).1);
        if both[0].get("errors").is_some() {
            assert_eq!(served(&app), before, "{}", both[0]);
        }
    }
}

#[test]
fn a_node_may_keep_none() {
    let options = http::Options { kept_bytes_max: 0, ..http::Options::default() };
    let app = App::with(Database::built_in(BACKENDS[0]), options);
    title(&app);
    let (statements, _) = app.statements(|| title(&app));
    assert!(statements > 0);
}

#[test]
fn what_many_ask_at_once_is_answered_once() {
    let app = App::on(Database::built_in(BACKENDS[0]));
    follows(&app);
    rename(&app, "Anew");
    let (statements, _) = app.statements(|| {
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| assert_eq!(title(&app), "Anew"));
            }
        });
    });
    assert!(statements <= 2, "{statements} statements");
}
