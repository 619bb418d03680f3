//! GraphQL over server-sent events: one stream for each operation.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::http::Options;

use crate::socket::Lock;
use crate::support::{self, App, Database, agent, each};

const FILM: &str = "query($t: String!) { film(by: {title: $t}) { id title } }";

/// Status, media type and body of a POST.
fn post(app: &App, accept: &str, body: &Value) -> (u16, String, String) {
    let response = agent()
        .post(format!("{}/graphql", app.url))
        .header("accept", accept)
        .send_json(body)
        .expect("an answer");
    parts(response)
}

fn parts(mut response: ureq::http::Response<ureq::Body>) -> (u16, String, String) {
    let media_type = response.headers()["content-type"].to_str().expect("text").to_owned();
    let body = response.body_mut().read_to_string().expect("text");
    (response.status().as_u16(), media_type, body)
}

/// The result in a stream that has one.
fn result(stream: &str) -> Value {
    let data = stream.strip_prefix("event: next\ndata: ").expect(stream);
    let (data, rest) = data.split_once('\n').expect(stream);
    assert_eq!(rest, "\nevent: complete\ndata: \n\n", "{stream}");
    serde_json::from_str(data).expect("JSON")
}

#[test]
fn an_operation_is_answered_with_a_stream_of_events() {
    each(|app| {
        let body = json!({ "query": FILM, "variables": { "t": "Heat" } });
        let (status, media_type, stream) = post(app, "text/event-stream", &body);
        assert_eq!((status, media_type.as_str()), (200, "text/event-stream"));
        assert_eq!(result(&stream), app.post(&body).1);

        let url = format!("{}/graphql?query=%7B__typename%7D", app.url);
        let get = agent().get(url).header("accept", "text/event-stream");
        let (status, _, stream) = parts(get.call().expect("an answer"));
        assert_eq!(status, 200);
        assert_eq!(result(&stream), json!({ "data": { "__typename": "Query" } }));
    });
}

#[test]
fn a_request_that_is_not_executed_is_told_so_on_the_stream() {
    let app = App::on(Database::built_in(Backend::Sqlite));
    for (body, code) in [
        (json!({ "query": "{" }), "GRAPHQL_PARSE_FAILED"),
        (json!({ "query": "{ nothing }" }), "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "query": FILM }), "BAD_USER_INPUT"),
    ] {
        let (status, media_type, stream) = post(&app, "text/event-stream", &body);
        assert_eq!((status, media_type.as_str()), (200, "text/event-stream"));
        let result = result(&stream);
        assert_eq!(result["errors"][0]["extensions"]["code"], code, "{result}");
        assert!(result.get("data").is_none(), "{result}");
    }
    // What is no GraphQL request begins no stream.
    let (status, media_type, body) = post(&app, "text/event-stream", &json!({ "query": 1 }));
    assert_eq!((status, media_type.as_str()), (400, "application/json; charset=utf-8"));
    assert!(body.contains("BAD_REQUEST"), "{body}");
}

#[test]
fn a_stream_is_for_those_who_want_it_most() {
    let app = App::on(Database::built_in(Backend::Sqlite));
    for (accept, expected) in [
        ("text/event-stream", "text/event-stream"),
        ("application/json;q=0.5, text/event-stream", "text/event-stream"),
        ("application/json, text/event-stream;q=0.5", "application/json; charset=utf-8"),
        (
            "application/graphql-response+json, text/event-stream",
            "application/graphql-response+json; charset=utf-8",
        ),
        ("*/*", "application/json; charset=utf-8"),
    ] {
        let (status, media_type, _) = post(&app, accept, &json!({ "query": "{ __typename }" }));
        assert_eq!((status, media_type.as_str()), (200, expected), "{accept}");
    }
}

#[test]
fn a_stream_that_waits_is_kept_alive_with_comments() {
    let event_comment_interval = Duration::from_millis(50);
    let options = Options { event_comment_interval, ..Options::default() };
    let app = App::with(Database::built_in(Backend::Postgres), options);
    let lock = Lock::films(&app.database);
    let unlock = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        drop(lock);
    });
    let body = json!({ "query": "{ films { totalCount } }" });
    let (_, _, stream) = post(&app, "text/event-stream", &body);
    unlock.join().expect("no panic");
    let rest = stream.trim_start_matches(":\n\n");
    assert!(rest.len() < stream.len(), "{stream}");
    assert!(result(rest)["data"]["films"].is_object(), "{stream}");
}

#[test]
fn streams_that_serve_many_operations_are_refused() {
    let app = App::on(Database::built_in(Backend::Sqlite));
    let url = format!("{}/graphql", app.url);
    let (status, _, body) = parts(agent().put(&url).send_empty().expect("an answer"));
    assert_eq!(status, 405);
    assert!(body.contains("serves one operation"), "{body}");
    let post = agent().post(&url).header("x-graphql-event-stream-token", "t");
    let (status, _, body) =
        parts(post.send_json(json!({ "query": "{ __typename }" })).expect("an answer"));
    assert_eq!(status, 400);
    assert!(body.contains("serves one operation"), "{body}");
}

#[test]
fn the_client_of_npm_runs_a_session() {
    each(|app| {
        let output = Command::new("node")
            .arg(support::scripts().join("sse.mjs"))
            .arg(format!("{}/graphql", app.url))
            .output()
            .expect("node is missing: install Node.js 20 or newer");
        let printed = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{printed}\n{errors}");
        println!("{printed}");
        let report: Value = serde_json::from_str(printed.trim()).expect("one line of JSON");
        assert_eq!(report["film"], json!([app.answer(FILM, json!({ "t": "Heat" }))]));
        let refused = &report["refused"][0]["errors"][0];
        assert_eq!(refused["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{report}");
        assert_eq!(report["sideBySide"], 20);
        assert_eq!(report["singleConnection"], 405);
    });
}
