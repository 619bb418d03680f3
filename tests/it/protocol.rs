//! GraphQL over HTTP to the letter: the audits, documents by id, caches, and browsers.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::graphql;
use shotlist::graphql::documents::{self, Mode};
use shotlist::http::Options;

use crate::http::{Answer, encoded, get, post, send};
use crate::support::{self, App, Database, each, runtime};

const AS_JSON: (&str, &str) = ("content-type", "application/json");
const TAKES_JSON: (&str, &str) = ("accept", "application/json");
const FILM: &str = "{ film(by: {title: \"Heat\"}) { title } }";
const TYPENAME: &str = r#"{"query": "{ __typename }"}"#;

fn with(options: Options) -> App {
    App::with(Database::built_in(Backend::Sqlite), options)
}

fn with_documents(documents: documents::Options) -> App {
    let api = graphql::Options { documents, ..graphql::Options::default() };
    App::with_api(Database::built_in(Backend::Sqlite), api, Options::default())
}

fn persisted(text: Option<&str>, hash: &str) -> String {
    let extension = json!({"persistedQuery": {"version": 1, "sha256Hash": hash}});
    json!({"query": text, "extensions": extension}).to_string()
}

fn by_hash(hash: &str) -> String {
    let extension = json!({"persistedQuery": {"version": 1, "sha256Hash": hash}});
    format!("/graphql?extensions={}", encoded(&extension.to_string()))
}

fn title(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"]["film"]["title"].clone()
}

#[test]
fn every_audit_of_graphql_http_passes() {
    each(|app| {
        let output = Command::new("node")
            .arg(support::scripts().join("audits.mjs"))
            .arg(format!("{}/graphql", app.url))
            .output()
            .expect("node is missing: install Node.js 20 or newer");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut counts = BTreeMap::new();
        let mut failed = Vec::new();
        for line in printed.lines() {
            println!("{line}");
            let audit: Value = serde_json::from_str(line).expect("a line of JSON");
            *counts.entry(audit["level"].to_string()).or_insert(0) += 1;
            if audit["status"] != "ok" {
                failed.push(audit);
            }
        }
        println!("{counts:?}");
        assert!(counts.values().sum::<i32>() >= 60 && counts.len() == 3, "{counts:?}");
        assert!(failed.is_empty(), "{failed:#?}");
    });
}

#[test]
fn head_is_get_without_a_body() {
    let app = with(Options::default());
    let path = format!("/graphql?query={}", encoded(FILM));
    let got = get(&app, &path, &[]);
    let bytes = format!("HEAD {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    let mut stream = std::net::TcpStream::connect(app.url.trim_start_matches("http://"))
        .expect("the server listens");
    std::io::Write::write_all(&mut stream, bytes.as_bytes()).expect("it is sent");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stream, &mut text).expect("an answer");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains(&format!("content-length: {}\r\n", got.body.len())), "{text}");
    assert!(text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn options_tells_the_methods() {
    let app = with(Options::default());
    let answer = send(&app, "OPTIONS /graphql", &[], "");
    assert_eq!((answer.status, answer.header("allow")), (204, "GET, HEAD, POST, OPTIONS"));
}

#[test]
fn an_encoded_body_is_not_taken() {
    let app = with(Options::default());
    let headers = [AS_JSON, ("content-encoding", "gzip")];
    send(&app, "POST /graphql", &headers, TYPENAME).refusal(415, "BAD_REQUEST");
    let headers = [AS_JSON, ("content-encoding", "identity")];
    assert_eq!(send(&app, "POST /graphql", &headers, TYPENAME).status, 200);
}

#[test]
fn a_long_answer_is_compressed_for_those_who_take_that() {
    let app = with(Options::default());
    let long = json!({"query": "{ __schema { types { name description } } }"}).to_string();
    let agent = support::agent();
    let coding = "gzip";
    for (body, expected) in [(long.as_str(), Some(coding)), (TYPENAME, None)] {
        let answer = agent
            .post(format!("{}/graphql", app.url))
            .header("content-type", "application/json")
            .header("accept-encoding", coding)
            .send(body)
            .expect("an answer");
        assert_eq!(answer.status(), 200);
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header("content-encoding"), expected, "{coding}");
        assert!(header("vary").is_some_and(|vary| vary.contains("Accept-Encoding")));
    }
}

#[test]
fn batches_are_taken_up_to_a_number_where_they_are_switched_on() {
    let app = with(Options { batch_max: 2, ..Options::default() });
    let wrong = r#"{"query": "{ nothing }"}"#;
    let answer = post(&app, format!("[{TYPENAME}, {wrong}]"));
    let json = answer.json();
    assert_eq!(answer.status, 200, "{json}");
    assert_eq!(json[0]["data"]["__typename"], "Query");
    assert_eq!(json[1]["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(json.as_array().map(Vec::len), Some(2));
    for body in ["[]".to_owned(), format!("[{TYPENAME},{TYPENAME},{TYPENAME}]"), "[[]]".to_owned()]
    {
        post(&app, body).refusal(400, "BAD_REQUEST");
    }
    post(&with(Options::default()), format!("[{TYPENAME}]")).refusal(400, "BAD_REQUEST");
}

#[test]
fn a_document_is_registered_by_its_hash_and_then_named() {
    let app = with(Options::default());
    let hash = documents::hash(FILM);
    let missing = get(&app, &by_hash(&hash), &[TAKES_JSON]);
    missing.refusal(200, "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(missing.header("cache-control"), "no-store");
    post(&app, persisted(None, &hash)).refusal(400, "PERSISTED_QUERY_NOT_FOUND");
    post(&app, persisted(Some("{ __typename }"), &hash)).refusal(400, "BAD_REQUEST");
    post(&app, persisted(None, "abc")).refusal(400, "BAD_REQUEST");
    assert_eq!(title(&post(&app, persisted(Some(FILM), &hash))), "Heat");
    assert_eq!(title(&post(&app, persisted(None, &hash))), "Heat");
    assert_eq!(title(&get(&app, &by_hash(&hash), &[])), "Heat");

    // What is not valid is not kept.
    let wrong = "{ nothing }";
    post(&app, persisted(Some(wrong), &documents::hash(wrong)))
        .refusal(400, "GRAPHQL_VALIDATION_FAILED");
    post(&app, persisted(None, &documents::hash(wrong))).refusal(400, "PERSISTED_QUERY_NOT_FOUND");

    let off = with_documents(documents::Options { registering: false, ..Default::default() });
    let answer = post(&off, persisted(None, &hash));
    answer.refusal(400, "PERSISTED_QUERY_NOT_SUPPORTED");
}

#[test]
fn a_trusted_document_is_executed_by_its_id_and_others_only_where_allowed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let hash = documents::hash(FILM);
    let documents = path("documents");
    std::fs::create_dir(&documents).expect("a folder");
    std::fs::write(documents.join("film.graphql"), FILM).expect("written");
    let apollo = json!({
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [{"id": "film", "name": "Film", "type": "query", "body": FILM}],
    });
    std::fs::write(path("apollo.json"), apollo.to_string()).expect("written");
    std::fs::write(path("map.json"), json!({"film": FILM}).to_string()).expect("written");
    for source in ["documents", "apollo.json", "map.json"] {
        for mode in [Mode::Allow, Mode::Require] {
            let path = path(source);
            let app = with_documents(documents::Options { mode, path, registering: true });
            // A file of a folder has no other id than its hash.
            let named = (source != "documents").then(|| "film".to_owned());
            for id in named.into_iter().chain([hash.clone(), format!("sha256:{hash}")]) {
                let body = json!({ "documentId": id }).to_string();
                assert_eq!(title(&post(&app, body)), "Heat", "{source} {id}");
                let path = format!("/graphql?documentId={id}");
                assert_eq!(title(&get(&app, &path, &[])), "Heat", "{source} {id}");
            }
            assert_eq!(title(&post(&app, persisted(None, &hash))), "Heat");
            let unknown = json!({"documentId": "other"}).to_string();
            post(&app, unknown).refusal(400, "PERSISTED_QUERY_NOT_IN_LIST");
            let both = json!({"documentId": "film", "query": FILM}).to_string();
            post(&app, both).refusal(400, "BAD_REQUEST");
            let other = "{ __typename }";
            let sent = [
                json!({"query": other}).to_string(),
                persisted(Some(other), &documents::hash(other)),
                persisted(None, &documents::hash(other)),
            ];
            for body in sent {
                let answer = post(&app, &body);
                match mode {
                    Mode::Require => {
                        answer.refusal(400, "PERSISTED_QUERY_NOT_IN_LIST");
                    }
                    _ => assert_eq!(answer.status, 200, "{body}: {answer:?}"),
                }
            }
        }
    }
}

#[test]
fn trusted_documents_that_do_not_fit_are_told_at_the_start() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("wrong.graphql"), "{ nothing }").expect("written");
    let started = |path: &Path| {
        let catalog = Database::built_in(Backend::Sqlite).open();
        let _guard = runtime().enter();
        let path = path.to_owned();
        let documents = documents::Options { mode: Mode::Require, path, registering: true };
        let options = graphql::Options { documents, ..graphql::Options::default() };
        graphql::Api::new(catalog, options).err().expect("it does not start").to_string()
    };
    let told = started(folder.path());
    assert!(told.contains(&documents::hash("{ nothing }")) && told.contains("nothing"), "{told}");
    assert!(started(Path::new("nowhere.json")).contains("nowhere.json"));
}

#[test]
fn an_answer_without_errors_can_be_kept_by_caches() {
    let app = with(Options::default());
    let genres = "{ genres(first: 2) { nodes { name } } }";
    let wrong = "{ film(by: {}) { title } }";
    for (text, max_age) in [(FILM, 60), (genres, 60)] {
        let hash = documents::hash(text);
        let posted = post(&app, persisted(Some(text), &hash));
        assert_eq!(posted.status, 200, "{posted:?}");
        assert_eq!((posted.header("cache-control"), posted.header("etag")), ("no-store", ""));
        let got = get(&app, &by_hash(&hash), &[]);
        let etag = got.header("etag").to_owned();
        assert_eq!(got.header("cache-control"), format!("public, max-age={max_age}"));
        assert!(etag.len() == 34 && etag.starts_with('"'), "{etag}");
        assert_eq!(got.header("vary"), "Accept, Accept-Encoding");
        for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}")] {
            let again = get(&app, &by_hash(&hash), &[("if-none-match", &known)]);
            assert_eq!((again.status, again.header("etag")), (304, etag.as_str()), "{known}");
            assert!(again.body.is_empty());
        }
        let stale = get(&app, &by_hash(&hash), &[("if-none-match", "\"x\"")]);
        assert_eq!(stale.status, 200);
        let own = get(&app, &by_hash(&hash), &[("authorization", "Bearer C4NARYtoken")]);
        assert_eq!(own.header("cache-control"), format!("private, max-age={max_age}"));
        let costs = get(&app, &by_hash(&hash), &[("x-shotlist-cost", "1")]);
        assert_eq!(costs.header("cache-control"), "no-store");
    }
    let hash = documents::hash(wrong);
    let path = format!("{}&query={}", by_hash(&hash), encoded(wrong));
    let refused = get(&app, &path, &[]);
    assert!(refused.json().get("errors").is_some());
    assert_eq!((refused.header("cache-control"), refused.header("etag")), ("no-store", ""));
}

#[test]
fn each_coding_of_an_answer_has_its_own_validator() {
    let app = with(Options::default());
    let text =
        "{ genres(first: 100) { nodes { id key name } } people(first: 50) { nodes { id name } } }";
    let hash = documents::hash(text);
    assert_eq!(post(&app, persisted(Some(text), &hash)).status, 200);
    let path = format!("{}{}", app.url, by_hash(&hash));
    let agent = support::agent();
    let ask = |coding: &str, known: &str| {
        let request = agent.get(&path).header("accept-encoding", coding);
        let answer = request.header("if-none-match", known).call().expect("an answer");
        let etag = answer.headers().get("etag").and_then(|value| value.to_str().ok());
        (answer.status().as_u16(), etag.unwrap_or_default().to_owned())
    };
    let [(_, plain), (_, gzip)] = ["identity", "gzip"].map(|each| ask(each, "\"\""));
    assert_ne!(plain, gzip);
    for (coding, etag) in [("identity", plain), ("gzip", gzip)] {
        assert_eq!(ask(coding, &etag), (304, etag));
    }
}

#[test]
fn a_page_of_another_site_cannot_send_requests() {
    let app = with(Options::default());
    let path = format!("/graphql?query={}", encoded(FILM));
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site"), ("origin", "https://other.example")],
        vec![("origin", "https://other.example")],
        vec![("origin", "null")],
    ] {
        get(&app, &path, &headers).refusal(403, "FORBIDDEN");
        let headers: Vec<_> = headers.into_iter().chain([AS_JSON]).collect();
        send(&app, "POST /graphql", &headers, TYPENAME).refusal(403, "FORBIDDEN");
    }
    for headers in [
        vec![],
        vec![("sec-fetch-site", "same-origin"), ("origin", "http://test")],
        vec![("sec-fetch-site", "none")],
        vec![("origin", "http://test")],
    ] {
        assert_eq!(title(&get(&app, &path, &headers)), "Heat", "{headers:?}");
    }
}

#[test]
fn pages_of_the_origins_that_are_named_may_use_the_api() {
    let origins = ["https://app.example", "https://b.example"].map(str::to_owned).to_vec();
    let app = with(Options { origins, credentials: true, ..Options::default() });
    let path = format!("/graphql?query={}", encoded(FILM));
    let theirs = [("origin", "https://app.example"), ("sec-fetch-site", "cross-site")];
    let answer = get(&app, &path, &theirs);
    assert_eq!(title(&answer), "Heat");
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert!(answer.header("access-control-expose-headers").contains("x-request-id"));
    let varies = |(name, value): &(String, String)| name == "vary" && value.contains("Origin");
    assert!(answer.headers.iter().any(varies), "{answer:?}");

    let asks = ("access-control-request-method", "POST");
    let granted = send(
        &app,
        "OPTIONS /graphql",
        &[theirs[0], asks, ("access-control-request-headers", "content-type")],
        "",
    );
    assert_eq!(granted.status, 200);
    assert_eq!(granted.header("access-control-allow-origin"), "https://app.example");
    for method in ["GET", "HEAD", "POST"] {
        assert!(granted.header("access-control-allow-methods").contains(method), "{granted:?}");
    }
    assert!(granted.header("access-control-allow-headers").contains("content-type"));
    assert_eq!(granted.header("access-control-max-age"), "3600");
    let other = send(&app, "OPTIONS /graphql", &[("origin", "https://c.example"), asks], "");
    assert_eq!(other.header("access-control-allow-origin"), "");

    let open = with(Options { origins: vec!["*".to_owned()], ..Options::default() });
    let answer = get(&open, &path, &theirs);
    assert_eq!(title(&answer), "Heat");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[test]
fn the_page_cannot_be_framed() {
    let app = with(Options::default());
    let page = get(&app, "/", &[]);
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert!(page.header("permissions-policy").contains("camera=()"));
}

#[test]
fn the_schema_is_kept_to_itself_where_introspection_is_off() {
    let api = graphql::Options { introspection: false, ..graphql::Options::default() };
    let app = App::with_api(Database::built_in(Backend::Sqlite), api, Options::default());
    for query in ["{ __schema { queryType { name } } }", "{ __type(name: \"Film\") { name } }"] {
        let body = json!({ "query": query }).to_string();
        post(&app, body).refusal(400, "INTROSPECTION_DISABLED");
    }
    assert_eq!(post(&app, TYPENAME).status, 200);
    // A message repeats what the client wrote, and suggests no name that it did not.
    for (wrong, near) in
        [("{ flims { nodes { title } } }", "films"), ("{ films { nodes { titel } } }", "`title`")]
    {
        let error = post(&app, json!({ "query": wrong }).to_string());
        let error = error.refusal(400, "GRAPHQL_VALIDATION_FAILED");
        assert!(!error["message"].to_string().contains(near), "{error}");
    }
}
