//! The table of hostile requests, sent to the program: each is refused at once, and costs nothing.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::canary;
use crate::cli::{Program, serve};
use crate::support::{BACKENDS, Database};

/// In which each request must be answered.
const PATIENCE: Duration = Duration::from_secs(1);
/// By which the program may grow, in KiB.
const GROWTH: u64 = 64 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    sql: Sql,
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sql {
    plain: String,
    texts: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Row {
    name: String,
    query: Option<String>,
    body: Option<String>,
    texts: Vec<String>,
    bytes: Vec<Vec<u8>>,
    unit: String,
    close: String,
    counts: Vec<usize>,
    method: Vec<String>,
    r#type: Vec<String>,
    encoding: Vec<String>,
    gzip: bool,
    slow: bool,
    expect: Expect,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Expect {
    #[default]
    Refused,
    Answered,
    Cut,
}

/// One request, as bytes.
struct Attack {
    name: String,
    bytes: Vec<u8>,
    expect: Expect,
}

fn request(method: &str, kind: &str, encoding: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let (name, value) = canary::HEADER;
    let encoding = match encoding {
        "" => String::new(),
        name => format!("Content-Encoding: {name}\r\n"),
    };
    let mut bytes = format!(
        "{method} /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: application/graphql-response+json\r\nContent-Type: {kind}\r\n{name}: {value}\r\n{encoding}Content-Length: {length}\r\n\r\n",
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn post(query: &str) -> Vec<u8> {
    let body = canary::marked(json!({ "query": query })).to_string();
    request("POST", "application/json", "", body.len(), body.as_bytes())
}

/// The bytes with a part of them replaced.
fn replaced(text: &str, part: &str, by: &[u8]) -> Vec<u8> {
    text.split(part).map(str::as_bytes).collect::<Vec<_>>().join(by)
}

impl Row {
    fn bodies(&self) -> Vec<Vec<u8>> {
        let text = self.query.as_ref().or(self.body.as_ref()).expect("a query or a body");
        let mut bodies: Vec<Vec<u8>> = Vec::new();
        for count in &self.counts {
            let unit = |i: usize| {
                self.unit.replace("«i+1»", &(i + 1).to_string()).replace("«i»", &i.to_string())
            };
            let many: String = (0..*count).map(unit).collect();
            let text = text.replace("«many»", &many).replace("«count»", &count.to_string());
            bodies.push(text.replace("«close»", &self.close.repeat(*count)).into_bytes());
        }
        bodies.extend(self.texts.iter().map(|by| replaced(text, "«text»", by.as_bytes())));
        bodies.extend(self.bytes.iter().map(|by| replaced(text, "«text»", by)));
        if bodies.is_empty() {
            bodies.push(text.clone().into_bytes());
        }
        if self.query.is_some() {
            for body in &mut bodies {
                let query = std::str::from_utf8(body).expect("a query is text");
                *body = json!({ "query": query }).to_string().into_bytes();
            }
        }
        bodies
    }

    fn attacks(&self) -> Vec<Attack> {
        let or = |list: &[String], usual: &str| match list {
            [] => vec![usual.to_owned()],
            list => list.to_vec(),
        };
        let mut attacks = Vec::new();
        for mut body in self.bodies() {
            if self.gzip {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
                encoder.write_all(&body).expect("it is compressed");
                body = encoder.finish().expect("it is compressed");
            }
            let length = body.len() + usize::from(self.slow);
            for method in or(&self.method, "POST") {
                for kind in or(&self.r#type, "application/json") {
                    for encoding in or(&self.encoding, "") {
                        let bytes = request(&method, &kind, &encoding, length, &body);
                        let name = self.name.clone();
                        attacks.push(Attack { name, bytes, expect: self.expect });
                    }
                }
            }
        }
        attacks
    }
}

/// The status and the body that answer some bytes; nothing where the connection is just closed.
fn send(address: &str, bytes: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    // A server that refuses early need not read all.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut chunk = [0; 16_384];
    // The end of the answer counts, not that of the connection, which the server closes slowly.
    while answered(&answer).is_none() {
        match stream.read(&mut chunk) {
            Ok(length) if length > 0 => answer.extend_from_slice(&chunk[..length]),
            _ => break,
        }
    }
    let answer = answered(&answer);
    canary::assert_none_in(answer.as_ref().map_or("", |(_, body)| body));
    answer
}

/// The status and the body, once all of it is there.
fn answered(bytes: &[u8]) -> Option<(u16, String)> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?.parse().ok()?;
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(Ok(0), |(_, length)| length.parse()).ok()?;
    (body.len() >= length).then(|| (status, body.to_owned()))
}

/// A value of a type with the text at its leaves: one value for each way through input objects.
fn values(types: &BTreeMap<String, Value>, of: &Value, text: &str, depth: usize) -> Vec<String> {
    if let Some(name) = of["name"].as_str() {
        let definition = &types[name];
        let Some(fields) = definition["inputFields"].as_array() else {
            return vec![Value::from(text).to_string()];
        };
        if depth == 0 {
            return Vec::new();
        }
        let mut all = Vec::new();
        for field in fields {
            let name = field["name"].as_str().expect("a name");
            let inner = values(types, &field["type"], text, depth - 1);
            all.extend(inner.iter().map(|value| format!("{{{name}: {value}}}")));
        }
        return all;
    }
    values(types, &of["ofType"], text, depth)
}

/// A query for each argument of each root field, and each way into its input objects.
fn everywhere(address: &str, text: &str) -> Vec<String> {
    const KIND: &str = "name ofType { name ofType { name ofType { name } } }";
    let query = format!(
        "{{ __schema {{ types {{ name inputFields {{ name type {{ {KIND} }} }} fields {{ name type {{ {KIND} }} args {{ name type {{ {KIND} }} }} }} }} }} }}"
    );
    let (_, body) = send(address, &post(&query)).expect("an answer");
    // The body may come in chunks.
    let body = &body[body.find('{').expect("JSON")..=body.rfind('}').expect("JSON")];
    let schema: Value = serde_json::from_str(body).expect("JSON");
    let types: BTreeMap<String, Value> = schema["data"]["__schema"]["types"]
        .as_array()
        .expect("types")
        .iter()
        .map(|one| (one["name"].as_str().expect("a name").to_owned(), one.clone()))
        .collect();
    let mut queries = Vec::new();
    for field in types["Query"]["fields"].as_array().expect("fields") {
        let name = field["name"].as_str().expect("a name");
        let mut kind = &field["type"];
        while kind["name"].is_null() {
            kind = &kind["ofType"];
        }
        let connection = kind["name"].as_str().is_some_and(|name| name.ends_with("Connection"));
        let selection = if connection { "nodes { id }" } else { "__typename" };
        for argument in field["args"].as_array().expect("arguments") {
            let key = argument["name"].as_str().expect("a name");
            for value in values(&types, &argument["type"], text, 3) {
                queries.push(format!("{{ {name}({key}: {value}) {{ {selection} }} }}"));
            }
        }
    }
    queries
}

fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it lives");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

#[test]
fn a_thousand_hostile_requests_are_refused_at_once() {
    let table: Table =
        toml::from_str(include_str!("../data/hostile.toml")).expect("the table is readable");
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let mut command = serve(&database);
        command.env("SHOTLIST_BODY_TIMEOUT_MS", "250");
        let (mut program, url) = Program::start(command);
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();

        let plain = everywhere(&address, &table.sql.plain);
        let before: Vec<_> = plain.iter().map(|query| send(&address, &post(query))).collect();
        let memory = resident(program.child.id());
        let mut count = 0;
        let mut slowest: BTreeMap<&str, (usize, Duration)> = BTreeMap::new();
        let mut wrong = Vec::new();

        for text in &table.sql.texts {
            let queries = everywhere(&address, text);
            assert_eq!(queries.len(), plain.len());
            for (query, before) in queries.iter().zip(&before) {
                let started = Instant::now();
                let answer = send(&address, &post(query));
                let took = started.elapsed();
                count += 1;
                let entry = slowest.entry("SQL in every argument").or_default();
                *entry = (entry.0 + 1, entry.1.max(took));
                let same = match (&answer, before) {
                    (Some((200, now)), Some((200, then))) if !then.contains("\"errors\"") => {
                        now == then
                    }
                    (Some((status, _)), Some((then, _))) => *status < 500 && status == then,
                    _ => false,
                };
                if !same || took > PATIENCE {
                    wrong.push(format!("{query}: {took:?} {answer:?}"));
                }
            }
        }
        let attacks: Vec<Attack> = table.row.iter().flat_map(Row::attacks).collect();
        for attack in &attacks {
            let started = Instant::now();
            let answer = send(&address, &attack.bytes);
            let took = started.elapsed();
            count += 1;
            let entry = slowest.entry(&attack.name).or_default();
            *entry = (entry.0 + 1, entry.1.max(took));
            let fine = match &answer {
                None => attack.expect == Expect::Cut,
                Some((status, body)) => {
                    *status < 500
                        && (attack.expect == Expect::Answered
                            || *status >= 400
                            || body.contains("\"errors\""))
                }
            };
            if !fine || took > PATIENCE {
                let text = String::from_utf8_lossy(&attack.bytes);
                let body = text.split_once("\r\n\r\n").map_or(&*text, |(_, body)| body);
                let start: String = body.chars().take(200).collect();
                wrong.push(format!("{}: {took:?} {answer:?} to {start}", attack.name));
            }
        }
        for (name, (count, took)) in &slowest {
            println!("{backend:?}: {name}: {count}, slowest {took:?}");
        }
        let grown = resident(program.child.id()).saturating_sub(memory);
        println!("{backend:?}: {count} requests, memory up by {grown} KiB");
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
        assert!(count >= 1000, "{count}");
        assert!(grown <= GROWTH, "{grown} KiB");
        let (status, _) = send(&address, &post("{ films(first: 1) { nodes { id } } }"))
            .expect("an answer after all");
        assert_eq!(status, 200);
        assert!(program.child.try_wait().expect("it can be asked").is_none(), "it ended");
        let errors = program.errors();
        let of = |word: &str| errors.lines().find(|line| line.contains(word));
        assert_eq!(of("panicked"), None);
        assert_eq!(of(&table.sql.plain), None, "a client's text was logged");
        assert!(of("SELECT").is_some(), "statements are logged");
    }
}
