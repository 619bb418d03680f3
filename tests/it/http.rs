//! HTTP on a real port: methods, media types, limits, faults, and the playground's files.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::http::Options;
use shotlist::http::playground::{ASSETS, BUNDLED};

use crate::canary;
use crate::support::{App, Database, agent, each, runtime};

const AS_JSON: (&str, &str) = ("content-type", "application/json");
const TAKES_JSON: (&str, &str) = ("accept", "application/json");
const TAKES_GRAPHQL: (&str, &str) = ("accept", "application/graphql-response+json");
const TAKES_HTML: (&str, &str) = ("accept", "text/html");
const TYPENAME: &str = r#"{"query": "{ __typename }"}"#;

/// An answer as it comes over the wire.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Read one answer and leave the connection open.
    fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let mut chunk = [0; 16_384];
        loop {
            if let Some(answer) = Self::parse(&bytes) {
                return answer;
            }
            let read = stream.read(&mut chunk);
            let length = *read.as_ref().unwrap_or(&0);
            assert!(length > 0, "{read:?} after {:?}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&chunk[..length]);
        }
    }

    /// The answer, once all of it is there.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, value)| value.parse::<usize>().expect("a length"));
        let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
        canary::assert_none_in(&head);
        canary::assert_none_in(&String::from_utf8_lossy(&body));
        Some(Self { status, headers, body })
    }

    /// The value of a header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map_or("", |(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        let json = serde_json::from_slice(&self.body);
        json.unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The first error of a request that was not executed.
    pub fn refusal(&self, status: u16, code: &str) -> Value {
        let json = self.json();
        assert_eq!(self.status, status, "{json}");
        assert!(json.get("data").is_none(), "{json}");
        let error = json["errors"][0].clone();
        assert_eq!(error["extensions"]["code"], code, "{json}");
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 5), "{json}");
        assert!(error.get("path").is_none(), "{json}");
        error
    }
}

fn app() -> App {
    App::on(Database::built_in(Backend::Sqlite))
}

fn address(app: &App) -> &str {
    app.url.trim_start_matches("http://")
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    stream.set_write_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    stream
}

/// The bytes of a request, such as `GET /livez`.
fn request(line: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut head = format!("{line} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in [&canary::HEADER].into_iter().chain(headers) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// Send bytes over a connection and read the answer.
fn exchange(stream: &mut TcpStream, bytes: &[u8]) -> Answer {
    // A server that has heard enough may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    Answer::read(stream)
}

pub fn send(app: &App, line: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
    exchange(&mut connect(address(app)), &request(line, headers, body))
}

pub fn get(app: &App, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(app, &format!("GET {path}"), headers, "")
}

pub fn post(app: &App, body: impl AsRef<[u8]>) -> Answer {
    send(app, "POST /graphql", &[AS_JSON, TAKES_GRAPHQL], body)
}

fn ask(app: &App, query: &str, variables: &Value) -> Answer {
    post(app, canary::marked(json!({"query": query, "variables": variables})).to_string())
}

/// That the server still does its work.
fn assert_alive(app: &App, after: &str) {
    let answer = ask(app, "{ film(by: {title: \"Heat\"}) { title } }", &json!({}));
    assert_eq!(answer.json(), json!({"data": {"film": {"title": "Heat"}}}), "after {after}");
}

/// Text as a part of a URL.
pub fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Text within the same brackets many times over.
fn nested(depth: usize, open: &str, inner: &str, close: &str) -> String {
    [open.repeat(depth), inner.to_owned(), close.repeat(depth)].concat()
}

/// Far more than anything should take, for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_query_is_answered_by_post_and_by_get() {
    let app = app();
    let query =
        "query Film($t: String!) { film(by: {title: $t}) { title } } query B { __typename }";
    let variables = json!({"t": "Heat"});
    let body = json!({
        "query": query, "operationName": "Film", "variables": variables, "extensions": {"a": [1]},
    });
    let path = format!(
        "/graphql?query={}&operationName=Film&variables={}",
        encoded(query),
        encoded(&variables.to_string()),
    );
    let posted = post(&app, body.to_string());
    let got = get(&app, &path, &[TAKES_GRAPHQL]);
    for (answer, caching) in [(posted, "no-store"), (got, "public, max-age=60")] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json(), json!({"data": {"film": {"title": "Heat"}}}));
        assert_eq!(
            answer.header("content-type"),
            "application/graphql-response+json; charset=utf-8"
        );
        assert_eq!(answer.header("cache-control"), caching);
        assert_eq!(answer.header("vary"), "Accept, Accept-Encoding");
    }
    let absent = r#"{"query": "{ __typename }", "operationName": null, "variables": null, "extensions": null, "more": 1}"#;
    let path = format!("/graphql?query={}&operationName=&variables=", encoded("{ __typename }"));
    for answer in [post(&app, absent), get(&app, &path, &[])] {
        assert_eq!(answer.json(), json!({"data": {"__typename": "Query"}}));
    }
}

#[test]
fn a_body_that_is_no_graphql_request_is_refused() {
    let app = app();
    for (body, about) in [
        ("", "JSON"),
        ("{", "JSON"),
        (r#"{"query": "{ __typename }"} more"#, "JSON"),
        ("[]", "batches"),
        (r#"[{"query": "{ __typename }"}]"#, "batches"),
        ("null", "query"),
        ("1", "query"),
        (r#""{ __typename }""#, "query"),
        ("{}", "query"),
        (r#"{"query": null}"#, "query"),
        (r#"{"query": 1}"#, "query"),
        (r#"{"query": ["{ __typename }"]}"#, "query"),
        (r#"{"query": "{ __typename }", "variables": []}"#, "variables"),
        (r#"{"query": "{ __typename }", "variables": "{}"}"#, "variables"),
        (r#"{"query": "{ __typename }", "operationName": 1}"#, "operationName"),
        (r#"{"query": "{ __typename }", "extensions": 1}"#, "extensions"),
        (r#"{"query": "{ __typename }", "extensions": []}"#, "extensions"),
        (r#"{"query": "{ __typename }", "query": "{ nothing }"}"#, "twice"),
    ] {
        for accept in [TAKES_JSON, TAKES_GRAPHQL] {
            let answer = send(&app, "POST /graphql", &[AS_JSON, accept], body);
            let error = answer.refusal(400, "BAD_REQUEST");
            assert!(error["message"].to_string().contains(about), "{body}: {error}");
        }
    }
    post(&app, b"{\"query\": \"\xff\"}").refusal(400, "BAD_REQUEST");
    let deep = nested(2_000, "[", "", "]");
    let deep = format!(r#"{{"query": "{{ __typename }}", "variables": {{"a": {deep}}}}}"#);
    post(&app, deep).refusal(400, "BAD_REQUEST");
    assert_alive(&app, "wrong bodies");
}

#[test]
fn a_url_that_is_no_graphql_request_is_refused() {
    let app = app();
    let query = encoded("{ __typename }");
    for (parameters, about) in [
        (String::new(), "query"),
        ("?query=".to_owned(), "query"),
        ("?variables=%7B%7D".to_owned(), "query"),
        (format!("?query={query}&variables=x"), "variables"),
        (format!("?query={query}&variables=%5B%5D"), "variables"),
        (format!("?query={query}&query={query}"), "parameters"),
    ] {
        let answer = get(&app, &format!("/graphql{parameters}"), &[TAKES_GRAPHQL]);
        let error = answer.refusal(400, "BAD_REQUEST");
        assert!(error["message"].to_string().contains(about), "{parameters}: {error}");
    }
}

#[test]
fn only_json_in_utf8_is_taken() {
    let app = app();
    for content_type in [
        None,
        Some(""),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/graphql"),
        Some("application/json; charset=latin1"),
        Some("application/json; charset=utf-16"),
        Some("text/plain; application/json"),
    ] {
        let header = content_type.map(|value| ("content-type", value));
        let headers: Vec<_> = header.into_iter().chain([TAKES_GRAPHQL]).collect();
        send(&app, "POST /graphql", &headers, TYPENAME).refusal(415, "BAD_REQUEST");
    }
    for content_type in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
    ] {
        let answer = send(&app, "POST /graphql", &[("content-type", content_type)], TYPENAME);
        assert_eq!(answer.status, 200, "{content_type}: {answer:?}");
    }
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let max = 2_048;
    let options = Options { body_bytes_max: max, ..Options::default() };
    let app = App::with(Database::built_in(Backend::Sqlite), options);
    let padded = |length: usize| format!("{TYPENAME}{}", " ".repeat(length - TYPENAME.len()));
    assert_eq!(post(&app, padded(max)).status, 200);
    post(&app, padded(max + 1)).refusal(413, "BAD_REQUEST");

    // Announced and never sent.
    let head = "POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n";
    let announced = format!("{head}content-length: {}\r\n\r\n", max + 1);
    exchange(&mut connect(address(&app)), announced.as_bytes()).refusal(413, "BAD_REQUEST");

    // Sent without being announced.
    let chunked = |length: usize| {
        let chunks: String = padded(length)
            .as_bytes()
            .chunks(100)
            .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)))
            .collect();
        let bytes = format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
        exchange(&mut connect(address(&app)), bytes.as_bytes())
    };
    assert_eq!(chunked(max).status, 200);
    chunked(max + 1).refusal(413, "BAD_REQUEST");
    chunked(10 * max).refusal(413, "BAD_REQUEST");
    assert_alive(&app, "large bodies");
}

#[test]
fn a_body_of_a_mebibyte_is_taken_and_a_larger_one_is_not() {
    let app = app();
    let max = 1 << 20;
    let padded = |length: usize| format!("{TYPENAME}{}", " ".repeat(length - TYPENAME.len()));
    assert_eq!(post(&app, padded(max)).status, 200);
    post(&app, padded(max + 1)).refusal(413, "BAD_REQUEST");
}

#[test]
fn a_body_that_does_not_arrive_is_given_up() {
    let body_timeout = Duration::from_millis(300);
    let options = Options { body_timeout, ..Options::default() };
    let app = App::with(Database::built_in(Backend::Sqlite), options);
    let whole = request("POST /graphql", &[AS_JSON], TYPENAME);
    let began = Instant::now();
    let mut slow: Vec<TcpStream> = (0..20).map(|_| connect(address(&app))).collect();
    for stream in &mut slow {
        stream.write_all(&whole[..whole.len() - 5]).expect("the server reads");
    }
    assert_alive(&app, "bodies that do not arrive");
    for stream in &mut slow {
        Answer::read(stream).refusal(408, "BAD_REQUEST");
    }
    assert!(began.elapsed() >= body_timeout, "too early: {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(10), "too late: {:?}", began.elapsed());
}

#[test]
fn other_methods_are_told_which_ones_there_are() {
    let app = app();
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = send(&app, &format!("{method} /graphql"), &[AS_JSON], TYPENAME);
        answer.refusal(405, "BAD_REQUEST");
        assert_eq!(answer.header("allow"), "GET, HEAD, POST, OPTIONS", "{method}");
    }
}

#[test]
fn the_client_gets_the_media_type_it_asks_for() {
    const JSON: &str = "application/json; charset=utf-8";
    const GRAPHQL: &str = "application/graphql-response+json; charset=utf-8";
    let app = app();
    for (accept, content_type) in [
        (None, JSON),
        (Some(""), JSON),
        (Some("*/*"), JSON),
        (Some("application/*"), JSON),
        (Some("application/json"), JSON),
        (Some("application/json; charset=utf-8"), JSON),
        (Some("application/graphql-response+json"), GRAPHQL),
        (Some("application/graphql-response+json; charset=utf-8"), GRAPHQL),
        (Some("application/graphql-response+json, application/json;q=0.9"), GRAPHQL),
        (Some("application/json, application/graphql-response+json;q=0.9"), JSON),
        (Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), JSON),
    ] {
        let header = accept.map(|value| ("accept", value));
        let headers: Vec<_> = header.into_iter().chain([AS_JSON]).collect();
        let good = send(&app, "POST /graphql", &headers, TYPENAME);
        let wrong = send(&app, "POST /graphql", &headers, r#"{"query": "{ nothing }"}"#);
        assert_eq!(good.status, 200, "{accept:?}");
        wrong.refusal(if content_type == JSON { 200 } else { 400 }, "GRAPHQL_VALIDATION_FAILED");
        for answer in [good, wrong] {
            assert_eq!(answer.header("content-type"), content_type, "{accept:?}");
            assert_eq!(answer.header("vary"), "Accept, Accept-Encoding", "{accept:?}");
        }
    }
    let path = format!("/graphql?query={}", encoded("{ __typename }"));
    for accept in ["text/html", "image/*, text/*;q=0.5", "application/json;q=0"] {
        let headers = [AS_JSON, ("accept", accept)];
        for answer in
            [send(&app, "POST /graphql", &headers, TYPENAME), get(&app, &path, &headers[1..])]
        {
            answer.refusal(406, "BAD_REQUEST");
            assert_eq!(answer.header("content-type"), JSON, "{accept}");
        }
    }
}

#[test]
fn every_answer_has_an_id_of_its_own_and_is_not_sniffed() {
    let app = app();
    let mut ids = HashSet::new();
    type Request<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, u16);
    let requests: [Request<'_>; 11] = [
        ("GET /", &[], "", 200),
        ("GET /livez", &[], "", 200),
        ("GET /readyz", &[], "", 200),
        ("GET /nothing", &[], "", 404),
        ("GET /graphql", &[], "", 400),
        ("PUT /graphql", &[], "", 405),
        ("POST /graphql", &[], TYPENAME, 415),
        ("POST /graphql", &[AS_JSON], "{", 400),
        ("POST /graphql", &[AS_JSON, TAKES_HTML], TYPENAME, 406),
        ("POST /graphql", &[AS_JSON], TYPENAME, 200),
        ("POST /graphql", &[AS_JSON], TYPENAME, 200),
    ];
    for (line, headers, body, status) in requests {
        let answer = send(&app, line, headers, body);
        assert_eq!(answer.status, status, "{line} {answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{line}");
        let id = answer.header("x-request-id");
        assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}: {id}");
        assert!(ids.insert(id.to_owned()), "{line}: {id} was there before");
    }
}

#[test]
fn other_paths_are_not_found() {
    let app = app();
    for line in ["GET /nothing", "POST /nothing", "GET /graphql/x", "GET /assets/../../Cargo.toml"]
    {
        let answer = send(&app, line, &[], "");
        assert_eq!(answer.status, 404, "{line}");
        assert!(answer.text().contains("/graphql"), "{line}: {answer:?}");
    }
}

#[test]
fn a_lost_database_makes_the_server_unready_but_not_dead() {
    each(|app| {
        for path in ["/livez", "/readyz"] {
            assert_eq!(get(app, path, &[]).status, 200, "{path}");
        }
        runtime().block_on(app.api.catalog().clone().close()).expect("it closes");
        assert_eq!(get(app, "/livez", &[]).status, 200);
        let ready = get(app, "/readyz", &[]);
        assert_eq!(ready.status, 503);
        assert_eq!(ready.text(), "The database cannot be reached.\n");
        // What was not asked before: of a database that cannot have changed, answers are kept.
        let query = "{ person(by: {name: \"Patty Jenkins\"}) { name lost: name } }";
        let answer = ask(app, query, &json!({}));
        assert_eq!(answer.status, 200);
        let answer = answer.json();
        assert_eq!(answer["data"], json!({"person": null}));
        assert_eq!(answer["errors"][0]["extensions"]["code"], "DATABASE_UNAVAILABLE");
        assert_eq!(answer["errors"][0]["path"], json!(["person"]));
    });
}

#[test]
fn every_kind_of_wrong_request_has_its_code() {
    const PARSE: &str = "GRAPHQL_PARSE_FAILED";
    const VALIDATION: &str = "GRAPHQL_VALIDATION_FAILED";
    const INPUT: &str = "BAD_USER_INPUT";
    const OPERATION: &str = "OPERATION_RESOLUTION_FAILURE";
    let title = "query($t: String!) { film(by: {title: $t}) { title } }";
    let by = "query($by: FilmBy!) { film(by: $by) { title } }";
    let first = "query($n: Int) { films(first: $n) { nodes { title } } }";
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let app = app();
    for (query, variables, code) in [
        ("", json!({}), PARSE),
        ("# nothing", json!({}), PARSE),
        ("{ film(", json!({}), PARSE),
        ("{ nothing }", json!({}), VALIDATION),
        ("{ film(by: {title: \"Heat\"}) }", json!({}), VALIDATION),
        ("{ film { title } }", json!({}), VALIDATION),
        ("mutation { x }", json!({}), VALIDATION),
        ("subscription { x }", json!({}), VALIDATION),
        (
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
            json!({}),
            VALIDATION,
        ),
        ("{ films(filter: {kind: FILM, kind: SHOW}) { totalCount } }", json!({}), VALIDATION),
        (
            "query($f: ProductionFilter = {year: {min: 1, min: 2}}) { films(filter: $f) { totalCount } }",
            json!({}),
            VALIDATION,
        ),
        ("query A { __typename } query B { __typename }", json!({}), OPERATION),
        (title, json!({}), INPUT),
        (title, json!({"t": null}), INPUT),
        (title, json!({"t": 1}), INPUT),
        (title, json!({"t": ["Heat"]}), INPUT),
        // Exactly one key.
        ("{ film(by: {}) { title } }", json!({}), VALIDATION),
        ("{ film(by: {title: \"Heat\", imdbId: \"tt0113277\"}) { title } }", json!({}), VALIDATION),
        ("{ film(by: {title: \"Heat\", imdbId: null}) { title } }", json!({}), VALIDATION),
        ("{ film(by: {title: null}) { title } }", json!({}), VALIDATION),
        ("{ film(by: {name: \"Heat\"}) { title } }", json!({}), VALIDATION),
        ("query($t: String) { film(by: {title: $t}) { title } }", json!({"t": null}), VALIDATION),
        (by, json!({"by": {}}), INPUT),
        (by, json!({"by": {"title": "Heat", "imdbId": "tt0113277"}}), INPUT),
        (by, json!({"by": {"title": "Heat", "imdbId": null}}), INPUT),
        (by, json!({"by": {"title": null}}), INPUT),
        (by, json!({"by": {"name": "Heat"}}), INPUT),
        (by, json!({"by": null}), INPUT),
        // Numbers that are no Int.
        ("{ films(first: 91989739147080048) { nodes { title } } }", json!({}), VALIDATION),
        ("{ films(first: 2147483648) { nodes { title } } }", json!({}), VALIDATION),
        ("{ films(first: 1.5) { nodes { title } } }", json!({}), VALIDATION),
        (first, json!({"n": 91_989_739_147_080_048_i64}), INPUT),
        (first, json!({"n": 1.5}), INPUT),
        (first, json!({"n": "1"}), INPUT),
        // Global ids.
        ("{ node(id: \"x\") { id } }", json!({}), INPUT),
        ("{ node(id: \"\") { id } }", json!({}), INPUT),
        ("{ node(id: 1) { id } }", json!({}), INPUT),
        ("{ film(by: {id: \"../etc/passwd\"}) { id } }", json!({}), INPUT),
        ("{ nodes(ids: [\"AQE\", \"x\"]) { id } }", json!({}), INPUT),
        (nodes, json!({"ids": ["AQE", "x"]}), INPUT),
        (nodes, json!({"ids": [null]}), INPUT),
    ] {
        ask(&app, query, &variables).refusal(400, code);
    }
    let named = json!({"query": "query A { __typename }", "operationName": "B"}).to_string();
    post(&app, named).refusal(400, OPERATION);
}

#[test]
fn an_argument_out_of_range_is_named() {
    let app = app();
    let first = "query($n: Int) { films(first: $n) { nodes { title } } }";
    let films = "Query.films(first:)";
    let ids = json!({"ids": vec!["AQE"; 101]});
    for (query, variables, argument) in [
        ("{ films(first: 101) { nodes { title } } }", json!({}), films),
        ("{ films(first: -1) { nodes { title } } }", json!({}), films),
        ("{ films(last: 101) { nodes { title } } }", json!({}), "Query.films(last:)"),
        ("{ films(last: -1) { nodes { title } } }", json!({}), "Query.films(last:)"),
        (first, json!({"n": 101}), films),
        (first, json!({"n": -1}), films),
        (
            "{ film(by: {title: \"Heat\"}) { shots(first: 101) { nodes { title } } } }",
            json!({}),
            "Film.shots(first:)",
        ),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids, "Query.nodes(ids:)"),
    ] {
        let error = ask(&app, query, &variables).refusal(400, "BAD_USER_INPUT");
        assert_eq!(error["extensions"]["argument"], argument, "{error}");
        assert!(error["message"].to_string().contains(argument), "{error}");
    }
    for n in [json!(0), json!(100), json!(null)] {
        assert_eq!(ask(&app, first, &json!({"n": n})).status, 200, "{n}");
    }
    let full = json!({"ids": vec!["AQE"; 100]});
    let data = app.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", full);
    assert_eq!(data["nodes"].as_array().map(Vec::len), Some(100));
}

#[test]
fn a_cursor_that_is_not_of_the_list_is_refused() {
    let app = app();
    let data = app.data(
        "{ films(first: 1) { pageInfo { endCursor } } people(first: 1) { pageInfo { endCursor } }
           film(by: {title: \"Heat\"}) { credits(first: 1) { pageInfo { endCursor } } } }",
        json!({}),
    );
    let cursor = |list: &Value| list["pageInfo"]["endCursor"].as_str().expect("one").to_owned();
    let films = "query($c: String) { films(after: $c) { nodes { title } } }";
    let good = cursor(&data["films"]);
    assert_eq!(ask(&app, films, &json!({"c": good})).status, 200);
    let unfiltered =
        "query($c: String) { films(after: $c, filter: {kind: null}) { nodes { id } } }";
    assert_eq!(ask(&app, unfiltered, &json!({"c": good})).status, 200, "it is the same list");

    let bytes = URL_SAFE_NO_PAD.decode(&good).expect("base64");
    let forged = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        URL_SAFE_NO_PAD.encode(bytes)
    };
    let mut cursors = vec![
        String::new(),
        "x".to_owned(),
        "not base64!".to_owned(),
        "AAAAAAAAAAAAAAAAAAAA".to_owned(),
        "\0".to_owned(),
        good[..4].to_owned(),
        forged(0),
        forged(1),
        forged(8),
        cursor(&data["people"]),
        cursor(&data["film"]["credits"]),
    ];
    let head = &bytes[..9];
    for values in ["", "null", "\"1\"", "1.5", "1,2", "99999999999999999999", "[1]", "1]", "{}"] {
        cursors.push(URL_SAFE_NO_PAD.encode([head, values.as_bytes()].concat()));
    }
    for cursor in cursors {
        let error = ask(&app, films, &json!({"c": cursor})).refusal(400, "INVALID_CURSOR");
        assert_eq!(error["extensions"]["argument"], "Query.films(after:)", "{cursor:?}: {error}");
    }
    let filtered = "query($c: String) { film(by: {title: \"Heat\"}) {
        credits(filter: {role: DIRECTOR}, after: $c) { nodes { id } } } }";
    let variables = json!({"c": cursor(&data["film"]["credits"])});
    ask(&app, filtered, &variables).refusal(400, "INVALID_CURSOR");
}

#[test]
fn a_wrong_filter_is_told_what_is_allowed() {
    let app = app();
    let films = "query($f: ProductionFilter) { films(filter: $f) { totalCount } }";
    let many: Vec<_> = (0..101).map(|number| number.to_string()).collect();
    let tests: Vec<_> = (0..51).map(|_| json!({"isAdult": true})).collect();
    // From a production to its credits to their productions, and round again.
    let around = |rounds| {
        let round = |inner: Value, _| json!({"credit": {"production": inner}});
        (0..rounds).fold(json!({"isAdult": true}), round)
    };
    let deep =
        |levels| (0..levels).fold(json!({"isAdult": true}), |inner, _| json!({"not": inner}));
    for (filter, about) in [
        (json!({"released": {"from": "1995-13"}}), "YYYY-MM"),
        (json!({"released": {"to": "next year"}}), "YYYY-MM"),
        (json!({"genre": {"any": many}}), "at most 100 values"),
        (json!({"genre": {"none": ["a\0"]}}), "U+0000"),
        (json!({"titlePrefix": "\0"}), "U+0000"),
        (json!({"credit": {"person": ["nonsense"]}}), "not a global id"),
        (json!({"or": tests}), "more than 50 tests"),
        (deep(60), "more than 50 tests"),
        (json!({"or": vec![json!({}); 51]}), "more than 50 tests"),
        (json!({"or": vec![json!({}); 101]}), "at most 100"),
        (json!({"format": vec!["OTHER"; 101]}), "at most 100"),
        (around(2), "from row to row more than 3 times"),
    ] {
        let answer = ask(&app, films, &json!({"f": filter}));
        assert_eq!(answer.status, 400, "{}", answer.text());
        let error = &answer.json()["errors"][0];
        let code = error["extensions"]["code"].as_str().unwrap_or_default();
        assert!(["BAD_USER_INPUT", "QUERY_TOO_COMPLEX"].contains(&code), "{error}");
        assert!(error["message"].to_string().contains(about), "{error}");
    }
    // A filter that nests as deep as a document may is refused, not followed.
    let document = |levels: usize| {
        let filter =
            (0..levels).fold("isAdult: true".to_owned(), |inner, _| format!("not: {{ {inner} }}"));
        format!("{{ films(filter: {{ {filter} }}) {{ totalCount }} }}")
    };
    for levels in [60, 90] {
        ask(&app, &document(levels), &json!({})).refusal(400, "QUERY_TOO_COMPLEX");
    }
    let keys: Vec<_> = (0..101).map(|number| json!({"imdbId": format!("tt{number}")})).collect();
    let query = "query($k: [ProductionBy!]!) { productionsBy(keys: $k) { id } }";
    let error = ask(&app, query, &json!({"k": keys})).refusal(400, "BAD_USER_INPUT");
    assert!(error["message"].to_string().contains("at most 100"), "{error}");
    assert_alive(&app, "a wrong filter");
}

#[test]
fn null_is_refused_where_it_may_not_stand() {
    let app = app();
    for (query, name) in [
        (
            "query($x: PersonOrderField = NAME) { people(orderBy: [{field: $x}]) { totalCount } }",
            "x",
        ),
        ("query($x: FilmBy = {title: \"x\"}) { film(by: $x) { id } }", "x"),
        ("query($x: String = \"x\") { film(by: {title: $x}) { id } }", "x"),
        ("query($x: [ID!] = []) { nodes(ids: $x) { id } }", "x"),
        ("query($x: ID = \"AQE\") { nodes(ids: [$x]) { id } }", "x"),
        ("query($x: ID = \"AQE\") { node(id: $x) { id } }", "x"),
        ("query($x: Boolean = true) { __typename @skip(if: $x) }", "x"),
        ("query($x: Boolean = true) { __typename @include(if: $x) }", "x"),
        ("query($x: String = \"Film\") { __type(name: $x) { name } }", "x"),
        (
            "query($x: Boolean = true) { __type(name: \"Film\") { fields(includeDeprecated: $x) { name } } }",
            "x",
        ),
        ("query($x: Boolean = true) { __schema { queryType { name @skip(if: $x) } } }", "x"),
        (
            "query($x: OrderDirection = DESC) {
               films(orderBy: [{field: TITLE, direction: $x}]) { totalCount } }",
            "x",
        ),
    ] {
        let given = app.answer(query, json!({ name: null }));
        assert!(given.get("data").is_none_or(Value::is_null), "{query}: {given}");
        // Of `by`, the validator has a word of its own.
        let code = &given["errors"][0]["extensions"]["code"];
        assert!(
            code == "BAD_USER_INPUT" || code == "GRAPHQL_VALIDATION_FAILED",
            "{query}: {given}"
        );
        let absent = app.answer(query, json!({}));
        assert!(
            absent.get("data").is_some() || code == "GRAPHQL_VALIDATION_FAILED",
            "{query}: {absent}"
        );
    }
}

#[test]
fn a_field_whose_variable_has_no_value_has_its_default() {
    let app = app();
    let query = "query($d: OrderDirection, $k: [ProductionKind!]) {
        films(orderBy: [{field: TITLE, direction: $d}], filter: {kind: $k}) { nodes { title } } }";
    let ask = |variables| app.data(query, variables)["films"]["nodes"].clone();
    let ascending = ask(json!({"d": "ASC"}));
    assert_eq!(ask(json!({})), ascending);
    assert_ne!(ask(json!({"d": "DESC"})), ascending);
}

#[test]
fn a_page_that_is_not_read_is_checked_all_the_same() {
    let app = app();
    ask(&app, "{ films(first: 1000) { totalCount } }", &json!({})).refusal(400, "BAD_USER_INPUT");
    ask(&app, "{ films(last: -1) { __typename } }", &json!({})).refusal(400, "BAD_USER_INPUT");
    let forged = "{ films(after: \"garbage\") { totalCount } }";
    ask(&app, forged, &json!({})).refusal(400, "INVALID_CURSOR");
}

#[test]
fn a_response_that_grows_without_end_is_refused() {
    let app = app();
    let inner = (0..9).fold("title".to_owned(), |inner, _| {
        format!("episodes {{ nodes {{ show {{ {inner} }} }} }}")
    });
    let query = format!("{{ shows {{ nodes {{ {inner} }} }} }}");
    ask(&app, &query, &json!({})).refusal(400, "QUERY_TOO_COMPLEX");
    assert_alive(&app, "a large response");
}

#[test]
fn the_schema_is_not_asked_for_over_and_over() {
    let app = app();
    let lists: String = (0..200).map(|n| format!(" a{n}: types {{ name }}")).collect();
    let query = format!("{{ __schema {{ {lists} }} }}");
    ask(&app, &query, &json!({})).refusal(400, "QUERY_TOO_COMPLEX");
    let roots: String = (0..20)
        .map(|n| format!(" a{n}: __typename b{n}: __schema {{ queryType {{ name }} }}"))
        .collect();
    ask(&app, &format!("{{ {roots} }}"), &json!({})).refusal(400, "QUERY_TOO_COMPLEX");
}

#[test]
fn many_nodes_can_be_asked_for_one_by_one() {
    let app = app();
    let nodes: String = (0..20).map(|n| format!(" a{n}: node(id: \"AgE\") {{ id }} ")).collect();
    let (count, data) = app.statements(|| app.data(&format!("{{ {nodes} }}"), json!({})));
    assert_eq!(data["a19"]["id"], "AgE");
    assert_eq!(count, 1, "the same one is read once");
}

#[test]
fn of_many_errors_ten_are_told() {
    let app = app();
    let fields: String = (0..100).map(|number| format!(" nothing{number}")).collect();
    let query = format!("{{ films {{ {fields} }} }}");
    let answer = ask(&app, &query, &json!({}));
    answer.refusal(400, "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(answer.json()["errors"].as_array().map(Vec::len), Some(10));
}

#[test]
fn an_error_tells_its_place_in_characters() {
    let app = app();
    let line = "  b: person(by: {name: \"Zoë 🎬\"}) { nothing }";
    let before = line.split("nothing").next().expect("a start");
    let query = format!("{{ a: person(by: {{name: \"Zoë\"}}) {{ name }}\n{line} }}");
    let error = ask(&app, &query, &json!({})).refusal(400, "GRAPHQL_VALIDATION_FAILED");
    let expected = json!([{"line": 2, "column": before.chars().count() + 1}]);
    assert_eq!(error["locations"], expected, "{error}");
}

#[test]
fn a_hostile_document_is_refused_and_harms_nobody() {
    let app = app();
    let shots = "{ shots { nodes { film ";
    for (name, query) in [
        ("a long document", format!("{{ __typename{} }}", " ".repeat(65_536))),
        ("many tokens", format!("{{{} __typename }}", " a:__typename".repeat(5_000))),
        (
            "a list in lists",
            format!("{{ films(after: {}) {{ nodes {{ id }} }} }}", nested(2_000, "[", "", "]")),
        ),
        ("a list without an end", format!("{{ films(after: {}", "[".repeat(20_000))),
        (
            "an object in objects",
            format!("{{ film(by: {}) {{ title }} }}", nested(2_000, "{a: ", "1", "}")),
        ),
        (
            "selections in selections",
            format!(
                "{{ film(by: {{title: \"Heat\"}}) {} }}",
                nested(170, shots, "{ title }", " } } }")
            ),
        ),
        ("selections without an end", "{ a ".repeat(15_000)),
        (
            "types in types",
            format!("query($a: {}) {{ __typename }}", nested(2_000, "[", "Int", "]")),
        ),
        ("a fragment of itself", "{ ...A } fragment A on Query { ...A }".to_owned()),
    ] {
        let began = Instant::now();
        let answer = ask(&app, &query, &json!({}));
        assert!(began.elapsed() < PATIENCE, "{name}: {:?}", began.elapsed());
        assert_eq!(answer.status, 400, "{name}: {}", answer.text());
        let json = answer.json();
        assert!(json.get("data").is_none(), "{name}: {json}");
        let code = json["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
        let codes = ["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COMPLEX"];
        assert!(codes.contains(&code), "{name}: {json}");
        assert_alive(&app, name);
    }
    let long = format!("{{ __typename{} }}", " ".repeat(65_536));
    ask(&app, &long, &json!({})).refusal(400, "QUERY_TOO_COMPLEX");
}

/// Thirty fragments, each of which uses the next one twice.
fn doubling(on: &str, start: &str, last: &str, twice: fn(usize) -> String) -> String {
    let levels: String = (0..30)
        .map(|level| format!(" fragment F{level} on {on} {{ {} }}", twice(level + 1)))
        .collect();
    format!("{start}{levels} fragment F30 on {on} {{ {last} }}")
}

#[test]
fn fragments_that_double_thirty_times_are_answered_or_refused_quickly() {
    let app = app();
    for query in [
        doubling("Query", "{ ...F0 }", "__typename", |next| format!("...F{next} ...F{next}")),
        doubling("Query", "{ ...F0 }", "__typename", |next| {
            format!("... {{ ...F{next} }} ... @include(if: true) {{ ...F{next} }}")
        }),
        doubling("Film", "{ film(by: {title: \"Heat\"}) { ...F0 } }", "title", |next| {
            format!(
                "shots {{ nodes {{ film {{ ...F{next} }} }} }}
                 more: shots {{ nodes {{ film {{ ...F{next} }} }} }}"
            )
        }),
    ] {
        let began = Instant::now();
        let answer = ask(&app, &query, &json!({}));
        assert!(began.elapsed() < PATIENCE, "{query}: {:?}", began.elapsed());
        assert!([200, 400].contains(&answer.status), "{query}: {answer:?}");
        if answer.status == 400 {
            answer.refusal(400, "QUERY_TOO_COMPLEX");
        }
        assert_alive(&app, "a bomb");
    }
}

#[test]
fn text_is_a_value_and_never_sql() {
    each(|app| {
        let by_name = "query($n: String!) { person(by: {name: $n}) { name } }";
        for query in [
            r#"{ person(by: {name: "\u0000"}) { name } }"#,
            r#"{ production(by: {imdbId: "tt\u0000"}) { title } }"#,
            r#"{ film(by: {title: "Heat"}) { externalIds(filter: {catalog: "\u0000"}) { value } } }"#,
        ] {
            ask(app, query, &json!({})).refusal(400, "BAD_USER_INPUT");
        }
        ask(app, by_name, &json!({"n": "Patty\0Jenkins"})).refusal(400, "BAD_USER_INPUT");
        for name in [
            "",
            "'",
            "\"",
            "\\",
            "%",
            "Patty%",
            "Patty_Jenkins",
            "$1",
            "?",
            "' OR '1'='1",
            "'; DROP TABLE person; --",
            "\"; DROP TABLE person; --",
            "Patty Jenkins ",
            "patty jenkins",
            "\u{1f3ac}\u{7f}\u{feff}",
        ] {
            assert_eq!(app.data(by_name, json!({"n": name})), json!({"person": null}), "{name}");
            let literal = format!("{{ person(by: {{name: {}}}) {{ name }} }}", json!(name));
            assert_eq!(app.data(&literal, json!({})), json!({"person": null}), "{name}");
        }
        let people = app.data("{ people { totalCount } }", json!({}));
        assert_eq!(people["people"]["totalCount"], 66);
    });
}

#[test]
fn a_fault_of_one_list_leaves_the_rest_and_tells_no_cause() {
    each(|app| {
        app.database.sql("ALTER TABLE shot RENAME TO gone");
        let query = "{ film(by: {title: \"Heat\"}) { title shots { nodes { title } } }
                       show(by: {title: \"One Perfect Shot\"}) { title } }";
        // The second time the plan is there already.
        for _ in 0..2 {
            let answer = ask(app, query, &json!({}));
            let id = answer.header("x-request-id");
            assert_eq!(answer.status, 200);
            let json = answer.json();
            let expected = json!({"film": null, "show": {"title": "One Perfect Shot"}});
            assert_eq!(json["data"], expected, "{json}");
            assert_eq!(json["errors"].as_array().map(Vec::len), Some(1), "{json}");
            let error = &json["errors"][0];
            // On PostgreSQL they are read together.
            let path = match app.database.backend {
                Backend::Sqlite => json!(["film", "shots"]),
                Backend::Postgres => json!(["film"]),
            };
            assert_eq!(error["path"], path, "{json}");
            let extensions = json!({"code": "INTERNAL_SERVER_ERROR", "requestId": id});
            assert_eq!(error["extensions"], extensions, "{json}");
            let message = error["message"].as_str().unwrap_or_default().to_lowercase();
            assert!(!message.is_empty(), "{json}");
            for word in ["shot", "gone", "select", "relation", "no such table", "sql", "column"] {
                assert!(!message.contains(word), "{json}");
            }
        }
    });
}

#[test]
fn a_name_of_two_people_is_ambiguous_and_their_ids_are_not() {
    each(|app| {
        let by_name = "{ person(by: {name: \"Michael Mann\"}) { id name } }";
        let id = app.data(by_name, json!({}))["person"]["id"].clone();
        app.database
            .sql("INSERT INTO person (id, name, name_key, source_id) VALUES (9001, 'Michael Mann', 'michael mann', 1)");
        let query = "query($id: ID!) {
            person(by: {name: \"Michael Mann\"}) { id }
            known: person(by: {id: $id}) { id name } }";
        let answer = ask(app, query, &json!({"id": id}));
        assert_eq!(answer.status, 200);
        let json = answer.json();
        let known = json!({"id": id, "name": "Michael Mann"});
        assert_eq!(json["data"], json!({"person": null, "known": known}), "{json}");
        assert_eq!(json["errors"].as_array().map(Vec::len), Some(1), "{json}");
        assert_eq!(json["errors"][0]["path"], json!(["person"]), "{json}");
        assert_eq!(json["errors"][0]["extensions"]["code"], "AMBIGUOUS", "{json}");
    });
}

#[test]
fn each_of_many_nulls_has_its_error() {
    const COUNT: usize = 100;
    let app = app();
    app.database
        .sql("INSERT INTO person (id, name, name_key, source_id) VALUES (9001, 'Michael Mann', 'michael mann', 1)");
    let keys = vec![json!({"name": "Michael Mann"}); COUNT];
    let query = "query($k: [PersonBy!]!) { peopleBy(keys: $k) { id } }";
    let answer = app.answer(query, json!({"k": keys}));
    assert_eq!(answer["data"]["peopleBy"], json!(vec![Value::Null; COUNT]));
    let errors = answer["errors"].as_array().expect("errors");
    let paths: Vec<_> = errors.iter().map(|error| &error["path"]).collect();
    assert_eq!(json!(paths), json!((0..COUNT).map(|n| json!(["peopleBy", n])).collect::<Vec<_>>()));
}

#[test]
fn a_date_of_which_only_the_year_is_known_counts_as_the_start_of_it() {
    each(|app| {
        app.database.sql("UPDATE production SET released_on = 19900000 WHERE title = 'Heat'");
        app.database.sql("UPDATE production SET released_on = 19900300 WHERE title = '13th'");
        for (from, to, found) in [
            ("1990", "1990", 2),
            ("1990-01", "1990-12", 2),
            ("1990-01-01", "1990-12-31", 2),
            ("1990-01-01", "1990-01-01", 1),
            ("1989-12-31", "1990-01-01", 1),
            ("1990-01-02", "1990-03-01", 1),
            ("1990-03", "1990-03", 1),
            ("1990-03-01", "1990-03-01", 1),
            ("1990-03-02", "1990-12-31", 0),
            ("1989", "1989-12-31", 0),
        ] {
            let query = "query($r: DateRange) { films(filter: {released: $r}) { totalCount } }";
            let data = app.data(query, json!({"r": {"from": from, "to": to}}));
            assert_eq!(data["films"]["totalCount"], found, "{from} to {to}");
        }
    });
}

const TITLES: [&str; 5] = ["Heat", "Wonder Woman", "Harriet", "Girls Trip", "13th"];

/// A request for a film, and its answer.
fn film(title: &str) -> (Vec<u8>, Value) {
    let query = "query($t: String!) { film(by: {title: $t}) { title } }";
    let body = json!({"query": query, "variables": {"t": title}}).to_string();
    let expected = json!({"data": {"film": {"title": title}}});
    (request("POST /graphql", &[AS_JSON], body), expected)
}

#[test]
fn one_connection_serves_many_requests() {
    each(|app| {
        let mut stream = connect(address(app));
        for title in TITLES.repeat(10) {
            let (bytes, expected) = film(title);
            assert_eq!(exchange(&mut stream, &bytes).json(), expected);
        }
        // A refusal of what was read to its end does not end the connection.
        let wrong = request("POST /graphql", &[AS_JSON], "{");
        exchange(&mut stream, &wrong).refusal(400, "BAD_REQUEST");
        let (bytes, expected) = film("Heat");
        assert_eq!(exchange(&mut stream, &bytes).json(), expected);

        let agent = agent();
        for _ in 0..20 {
            let url = format!("{}/livez", app.url);
            let mut response = agent.get(url).call().expect("an answer");
            assert_eq!(response.body_mut().read_to_string().expect("text"), "alive\n");
        }
    });
}

#[test]
fn fifty_clients_at_once_get_their_own_answers() {
    each(|app| {
        let address = address(app);
        std::thread::scope(|scope| {
            for client in 0..50 {
                scope.spawn(move || {
                    let mut stream = connect(address);
                    for turn in 0..10 {
                        let (bytes, expected) = film(TITLES[(client + turn) % TITLES.len()]);
                        assert_eq!(exchange(&mut stream, &bytes).json(), expected);
                    }
                });
            }
        });
    });
}

#[test]
fn a_client_that_goes_away_harms_nobody() {
    each(|app| {
        let query = "{ people(first: 100) { nodes { name credits { nodes { production { title
            credits { nodes { person { name } } } } } } } } }";
        let body = json!({"query": query}).to_string();
        let whole = request("POST /graphql", &[AS_JSON], &body);
        for length in [10, whole.len() - body.len(), whole.len() - 10, whole.len()] {
            for _ in 0..20 {
                let mut stream = connect(address(app));
                stream.write_all(&whole[..length]).expect("the server reads");
                drop(stream);
            }
            assert_alive(app, "clients that went away");
        }
        assert_eq!(get(app, "/readyz", &[]).status, 200);
    });
}

#[test]
fn the_playground_is_in_the_program() {
    let bundled = std::hint::black_box(BUNDLED);
    assert!(bundled, "npm was missing when this was built: install Node.js and npm, then rebuild");
    let app = app();
    let page = get(&app, "/", &[]);
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("<title>Shotlist</title>"), "{}", page.text());
    let policy = page.header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    for host in ["http://", "https://", "unpkg", "esm.sh", "jsdelivr"] {
        assert!(!policy.contains(host), "{policy}");
    }
    let loads: Vec<String> = page
        .text()
        .split(['"', '\''])
        .filter(|part| part.starts_with("http") || part.starts_with("//"))
        .filter(|part| *part != "http://www.w3.org/2000/svg")
        .map(str::to_owned)
        .collect();
    assert!(loads.is_empty(), "{loads:?}");
}

#[test]
fn the_playground_is_sent_compressed_to_those_who_take_that() {
    let app = app();
    assert!(ASSETS.iter().any(|asset| asset.immutable && asset.gzipped));
    for asset in ASSETS {
        let name = asset.path;
        let path = if name == "index.html" { "/".to_owned() } else { format!("/{name}") };
        let plain = get(&app, &path, &[]);
        let refusing = get(&app, &path, &[("accept-encoding", "gzip;q=0, br")]);
        let packed = get(&app, &path, &[("accept-encoding", "deflate, gzip, br")]);
        let caching =
            if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        for answer in [&plain, &refusing, &packed] {
            assert_eq!(answer.status, 200, "{name}");
            assert_eq!(answer.header("content-type"), asset.content_type, "{name}");
            assert_eq!(answer.header("cache-control"), caching, "{name}");
            assert_eq!(answer.header("vary"), "Accept-Encoding", "{name}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{name}");
        }
        assert_eq!(plain.header("content-encoding"), "", "{name}");
        assert_eq!(refusing.header("content-encoding"), "", "{name}");
        assert!(plain.body == refusing.body, "{name}");
        let unpacked = if asset.gzipped {
            assert_eq!(packed.header("content-encoding"), "gzip", "{name}");
            // A file of a few bytes is larger for being packed.
            assert!(plain.body.len() < 512 || packed.body.len() < plain.body.len(), "{name}");
            let mut unpacked = Vec::new();
            let mut decoder = flate2::read::GzDecoder::new(packed.body.as_slice());
            decoder.read_to_end(&mut unpacked).expect("gzip");
            unpacked
        } else {
            packed.body
        };
        assert!(!plain.body.is_empty() && plain.body == unpacked, "{name}");
    }
}

#[test]
fn a_page_that_did_not_change_is_not_sent_again() {
    let app = app();
    let takes_gzip = ("accept-encoding", "gzip");
    let page = get(&app, "/", &[takes_gzip]);
    let etag = page.header("etag");
    assert!(etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    for known in [etag.to_owned(), format!("\"other\", {etag}")] {
        let answer = get(&app, "/", &[takes_gzip, ("if-none-match", &known)]);
        assert_eq!(answer.status, 304, "{known}");
        assert!(answer.body.is_empty(), "{known}");
        assert_eq!(answer.header("etag"), etag, "{known}");
    }
    let answer = get(&app, "/", &[takes_gzip, ("if-none-match", "\"other\"")]);
    assert_eq!((answer.status, answer.body), (200, page.body));
}

#[test]
fn the_playground_can_be_left_out() {
    let options = Options { playground: false, ..Options::default() };
    let app = App::with(Database::built_in(Backend::Sqlite), options);
    for asset in ASSETS {
        assert_eq!(get(&app, &format!("/{}", asset.path), &[]).status, 404, "{}", asset.path);
    }
    assert_eq!(get(&app, "/", &[]).status, 404);
    assert_alive(&app, "the playground was left out");
}
