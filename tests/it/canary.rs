//! That no secret gets into a log, an answer or the metrics, and no value of a client into a log or
//! the metrics.
//!
//! All tests are about that: their passwords, tokens, headers and variables carry a mark, and
//! servers log all they can. What comes out of a server is searched wherever a test reads it, and
//! what it logged when it ends.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

use crate::cli::{Program, serve};
use crate::socket::{Client, Lock};
use crate::support::{BACKENDS, Cluster, Database, agent, each};

const CANARY: &str = "C4NARY";
/// What every request has among its headers.
pub const HEADER: (&str, &str) = ("x-c4nary", "C4NARYheader");

/// A request with one variable more, which its operation does not declare.
pub fn marked(mut request: Value) -> Value {
    let variables = &request["variables"];
    if request.is_object() && (variables.is_null() || variables.is_object()) {
        request["variables"]["c4nary"] = "C4NARYvariable".into();
    }
    request
}

#[track_caller]
pub fn assert_none_in(text: &str) {
    if text.contains(CANARY) {
        panic!("it leaks: {}", text.lines().find(|line| line.contains(CANARY)).unwrap_or(text));
    }
}

/// Search the metrics of a server that may have ended.
pub fn look_at_metrics(url: &str) {
    if !std::thread::panicking() {
        let page = agent().get(format!("{url}/metrics")).config();
        // The client searches what it reads.
        let _ = page.timeout_global(Some(Duration::from_secs(5))).build().call();
    }
}

/// What the servers in this process logged of the canary.
static LOGGED: Mutex<String> = Mutex::new(String::new());

struct Watcher;

impl io::Write for Watcher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        if line.contains(CANARY) {
            // What has several lines is told whole.
            let line = line.trim_end().replace('\n', " ") + "\n";
            *LOGGED.lock().unwrap_or_else(PoisonError::into_inner) += &line;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Watch what this process logs, within the bounds that the program sets itself.
pub fn watch() {
    let bounds =
        Targets::new().with_default(LevelFilter::INFO).with_target("shotlist", LevelFilter::TRACE);
    registry().with(bounds).with(fmt::layer().with_ansi(false).with_writer(|| Watcher)).init();
}

/// Whichever test it was: they run side by side.
pub fn assert_none_logged() {
    if !std::thread::panicking() {
        let logged = std::mem::take(&mut *LOGGED.lock().unwrap_or_else(PoisonError::into_inner));
        assert_none_in(&logged);
    }
}

const FILM: &str = "query C4NARYname($t: String!) { film(by: {title: $t}) { title } }";

/// Ask as somebody with a token; the answer is searched by the client.
fn ask(url: &str, accept: &str, query: &str, variables: &Value) -> String {
    let request = agent()
        .post(format!("{url}graphql"))
        .header("accept", accept)
        .header("authorization", "Bearer C4NARYtoken")
        .header("cookie", "session=C4NARYcookie");
    let body = json!({ "query": query, "variables": variables });
    let mut response = request.send_json(body).expect("an answer");
    response.body_mut().read_to_string().expect("text")
}

/// Nothing is proved by a log in which nothing is.
fn assert_statements_are_logged(program: &Program) {
    let log = program.errors();
    assert!(log.contains("SELECT"), "{log}");
}

#[test]
fn requests_right_and_wrong_leak_nothing() {
    for backend in BACKENDS {
        for format in ["text", "json"] {
            let database = Database::built_in(backend);
            let mut command = serve(&database);
            command.args(["--log-format", format]);
            let (mut program, url) = Program::start(command);
            for (query, variables) in [
                (FILM, json!({ "t": "C4NARYvalue" })),
                (FILM, json!({ "t": { "x": "C4NARYvalue" } })),
                ("{ film(by: {title: \"C4NARYliteral\"}) { title } }", json!({})),
                (
                    "query($c: String) { films(after: $c) { nodes { title } } }",
                    json!({ "c": "C4NARYcursor" }),
                ),
                (
                    "query($n: Int) { films(first: $n) { nodes { title } } }",
                    json!({ "n": "C4NARYnumber" }),
                ),
            ] {
                for accept in ["application/json", "text/event-stream"] {
                    ask(&url, accept, query, &variables);
                }
            }
            for parameters in
                ["query=%7B%20__typename%20%23C4NARY%20", "query=%7BC4NARY", "C4NARY=1"]
            {
                let get = agent().get(format!("{url}graphql?{parameters}"));
                get.header("authorization", "Bearer C4NARYtoken").call().expect("an answer");
            }
            let mut metrics = agent().get(format!("{url}metrics")).call().expect("an answer");
            let metrics = metrics.body_mut().read_to_string().expect("text");
            assert!(metrics.contains("shotlist_"), "{metrics}");
            program.stop("TERM");
            assert_statements_are_logged(&program);
        }
    }
}

#[test]
fn a_websocket_session_leaks_nothing() {
    each(|app| {
        assert!(tracing::enabled!(target: "shotlist", tracing::Level::TRACE));
        for (variables, kind) in [
            (json!({ "t": "C4NARYvalue" }), "next"),
            (json!({ "t": { "x": "C4NARYvalue" } }), "error"),
        ] {
            // Its introduction has a token.
            let mut client = Client::acknowledged(app);
            let payload = json!({ "query": FILM, "variables": variables });
            client.send(&json!({ "type": "subscribe", "id": "1", "payload": payload }));
            assert_eq!(client.receive()["type"], kind);
        }
        for text in [
            r#"{"type":"subscribe","id":"1","payload":{"query":"C4NARYbroken"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":["C4NARYquery"]}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":"C4NARY"}}"#,
            r#"{"type":"subscribe","id":"1","payload":"C4NARYpayload"}"#,
            r#"{"type":"connection_init","payload":"C4NARYtoken"}"#,
            r#"{"type":"C4NARYtype"}"#,
            "C4NARY",
        ] {
            let mut client = Client::acknowledged(app);
            client.text(text);
            let (code, reason) = client.closed();
            assert!((4400..4500).contains(&code), "{text}: {code} {reason}");
        }
    });
}

#[test]
fn a_database_that_stops_under_requests_leaks_nothing() {
    let cluster = Cluster::start("canary");
    let database = cluster.built_in("catalog");
    let mut command = serve(&database);
    command.args(["--deadline-ms", "1000"]);
    let (mut program, url) = Program::start(command);
    let waiting = "SELECT pid::text FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    for fault in [None, Some("INT"), Some("QUIT")] {
        let lock = Lock::films(&database);
        std::thread::scope(|scope| {
            let ask = |number| {
                let variables = json!({ "t": format!("C4NARYvalue {number}") });
                ask(&url, "application/json", FILM, &variables)
            };
            let asked: Vec<_> = (0..4).map(|number| scope.spawn(move || ask(number))).collect();
            while database.texts(waiting).is_empty() {
                std::thread::sleep(Duration::from_millis(5));
            }
            match fault {
                Some(signal) => cluster.restart(signal),
                None => cluster.signal(Signal::SIGSTOP),
            }
            for answer in asked {
                let answer = answer.join().expect("an answer");
                assert!(answer.contains("\"errors\""), "{fault:?}: {answer}");
            }
        });
        if fault.is_none() {
            cluster.signal(Signal::SIGCONT);
        }
        drop(lock);
        cluster.wait();
    }
    program.stop("TERM");
    assert_statements_are_logged(&program);
    assert!(program.errors().contains("a field failed"), "{}", program.errors());
}
