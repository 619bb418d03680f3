//! GraphQL over WebSocket: sessions, close codes and limits, with a raw client and with the
//! client of npm.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::http::{Options, socket};
use sqlx::{Connection, Executor};
use tungstenite::handshake::HandshakeError;
use tungstenite::handshake::client::Response;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};
use tungstenite::{ClientRequestBuilder, Error, Message, WebSocket};

use crate::canary;
use crate::support::{self, App, Database, agent, each, runtime};

const PROTOCOL: &str = "graphql-transport-ws";
const FILM: &str = "query($t: String!) { film(by: {title: $t}) { id title } }";
/// Reads the table that [`Lock`] locks.
const LOCKED: &str = "{ films { totalCount } }";
/// Answers of about a hundred kilobytes, without the database.
const LARGE: &str = "{ __schema { types { name description fields { name description
    args { name description } } inputFields { name description } } } }";

/// The client's end of a socket.
pub struct Client(WebSocket<TcpStream>);

impl Client {
    /// Connect without a word of the sub-protocol.
    fn open(app: &App) -> Self {
        Self::with_headers(app, &[]).expect("the server takes the socket")
    }

    /// Connect and introduce itself.
    pub fn acknowledged(app: &App) -> Self {
        let mut client = Self::open(app);
        let payload = json!({ "authorization": "Bearer C4NARYtoken" });
        client.send(&json!({ "type": "connection_init", "payload": payload }));
        assert_eq!(client.receive(), json!({ "type": "connection_ack" }));
        client
    }

    /// Connect with more headers; gives the answer of a server that does not take the socket.
    fn with_headers(app: &App, headers: &[(&str, &str)]) -> Result<Self, Box<Response>> {
        let uri = app.url.replace("http://", "ws://") + "/graphql";
        let request = ClientRequestBuilder::new(uri.parse().expect("an address"));
        let request = request.with_sub_protocol(PROTOCOL);
        let request = [&canary::HEADER]
            .into_iter()
            .chain(headers)
            .fold(request, |request, (name, value)| request.with_header(*name, *value));
        Self::handshake(app, request)
    }

    fn handshake(app: &App, request: ClientRequestBuilder) -> Result<Self, Box<Response>> {
        match tungstenite::client(request, tcp(app)) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(HandshakeError::Failure(Error::Http(response))) => Err(response),
            Err(error) => panic!("{error:?}"),
        }
    }

    pub fn send(&mut self, message: &Value) {
        let mut message = message.clone();
        if message["type"] == "subscribe" {
            message["payload"] = canary::marked(message["payload"].take());
        }
        self.text(&message.to_string());
    }

    pub fn text(&mut self, text: &str) {
        self.0.send(Message::text(text)).expect("it is sent");
    }

    fn subscribe(&mut self, id: &str, query: &str) {
        self.send(&json!({ "type": "subscribe", "id": id, "payload": { "query": query } }));
    }

    /// The next message of the sub-protocol.
    pub fn receive(&mut self) -> Value {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => {
                    canary::assert_none_in(&text);
                    return serde_json::from_str(&text).expect("JSON");
                }
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// How the server closes the socket, after any other messages.
    pub fn closed(&mut self) -> (u16, String) {
        loop {
            match self.0.read() {
                Ok(Message::Close(Some(close))) => {
                    canary::assert_none_in(&close.reason);
                    return (close.code.into(), close.reason.to_string());
                }
                Ok(Message::Close(None)) => return (1005, String::new()),
                Ok(_) => {}
                Err(error) => panic!("the connection breaks: {error}"),
            }
        }
    }

    /// Send bytes that need not be frames.
    fn raw(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).expect("they are sent");
    }

    fn frame(&mut self, bytes: impl Into<Vec<u8>>, kind: Data, is_final: bool) {
        let frame = Frame::message(bytes.into(), OpCode::Data(kind), is_final);
        self.0.send(Message::Frame(frame)).expect("it is sent");
    }
}

fn tcp(app: &App) -> TcpStream {
    let stream = TcpStream::connect(app.url.trim_start_matches("http://")).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    stream.set_write_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    stream
}

fn app(options: socket::Options) -> App {
    let options = Options { sockets: options, ..Options::default() };
    App::with(Database::built_in(Backend::Sqlite), options)
}

/// Holds a table of PostgreSQL: reading it takes until this is dropped.
pub struct Lock(Option<sqlx::PgConnection>);

impl Lock {
    pub fn films(database: &Database) -> Self {
        Self(Some(runtime().block_on(async {
            let mut connection =
                sqlx::PgConnection::connect(&database.text).await.expect("it opens");
            let lock = "BEGIN; LOCK TABLE production IN ACCESS EXCLUSIVE MODE";
            connection.execute(sqlx::raw_sql(lock)).await.expect("it is locked");
            connection
        })))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            let _ = runtime().block_on(connection.close());
        }
    }
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "it never holds: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn closes(app: &App, code: u16) -> u64 {
    let mut counts = app.sockets.gauges().closed();
    counts.find(|(known, _)| *known == Some(code)).map_or(0, |(_, count)| count)
}

#[test]
fn a_session_runs_queries_with_the_answers_that_post_gives() {
    each(|app| {
        let mut client = Client::acknowledged(app);
        for (id, title) in [("a", "Heat"), ("b", "No such film"), ("a", "Alien")] {
            let variables = json!({ "t": title });
            let payload = json!({ "query": FILM, "variables": variables });
            client.send(&json!({ "type": "subscribe", "id": id, "payload": payload }));
            let next = client.receive();
            assert_eq!((&next["type"], &next["id"]), (&json!("next"), &json!(id)));
            assert_eq!(next["payload"], app.answer(FILM, variables));
            assert_eq!(client.receive(), json!({ "type": "complete", "id": id }));
        }
        // Large answers come in several frames, and are the same.
        client.subscribe("large", LARGE);
        let large = client.receive();
        assert!(large.to_string().len() > 50_000, "{}", large.to_string().len());
        assert_eq!(large["payload"], app.answer(LARGE, json!({})));
        assert_eq!(client.receive()["type"], "complete");

        client.0.close(None).expect("it is sent");
        assert_eq!(client.closed().0, 1005);
        eventually("the socket is gone", || app.sockets.gauges().open() == 0);
        assert_eq!(closes(app, 1005), 1);
    });
}

#[test]
fn operations_run_side_by_side_and_keep_their_ids() {
    each(|app| {
        let mut client = Client::acknowledged(app);
        let ids: Vec<String> = (0..50).map(|number| format!("operation {number}")).collect();
        for id in &ids {
            client.subscribe(
                id,
                &format!("{{ films(first: 1) {{ nodes {{ \"\"\"x\"\"\" }} }} }}{id}"),
            );
        }
        let mut refused: Vec<String> = ids
            .iter()
            .map(|_| {
                let message = client.receive();
                assert_eq!(message["type"], "error", "{message}");
                assert_eq!(message["payload"][0]["extensions"]["code"], "GRAPHQL_PARSE_FAILED");
                message["id"].as_str().expect("an id").to_owned()
            })
            .collect();
        refused.sort();
        let mut expected = ids.clone();
        expected.sort();
        assert_eq!(refused, expected);
        for id in &ids {
            client.subscribe(id, "{ films(first: 2) { nodes { title } } }");
        }
        let expected = app.answer("{ films(first: 2) { nodes { title } } }", json!({}));
        let mut completed = Vec::new();
        let mut answered = Vec::new();
        while completed.len() < ids.len() {
            let message = client.receive();
            let id = message["id"].as_str().expect("an id").to_owned();
            if message["type"] == "complete" {
                assert_eq!(answered.last(), Some(&id));
                completed.push(id);
            } else {
                assert_eq!(message["payload"], expected);
                answered.push(id);
            }
        }
        eventually("nothing runs", || app.sockets.gauges().operations() == 0);
    });
}

#[test]
fn a_request_that_is_not_executed_is_an_error_message() {
    each(|app| {
        let mut client = Client::acknowledged(app);
        for (payload, code) in [
            (json!({ "query": "{" }), "GRAPHQL_PARSE_FAILED"),
            (json!({ "query": "{ nothing }" }), "GRAPHQL_VALIDATION_FAILED"),
            (json!({ "query": FILM }), "BAD_USER_INPUT"),
            (json!({ "query": FILM, "variables": { "t": [] } }), "BAD_USER_INPUT"),
            (
                json!({ "query": "query A { __typename } query B { __typename }" }),
                "OPERATION_RESOLUTION_FAILURE",
            ),
        ] {
            client.send(&json!({ "type": "subscribe", "id": "1", "payload": payload }));
            let message = client.receive();
            assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("1")));
            let (_, posted) = app.post(&payload);
            assert_eq!(message["payload"], posted["errors"]);
            assert_eq!(message["payload"][0]["extensions"]["code"], code, "{message}");
        }
        // An error ends its operation alone.
        client.subscribe("1", "{ __typename }");
        assert_eq!(client.receive()["payload"], json!({ "data": { "__typename": "Query" } }));
    });
}

#[test]
fn each_breach_of_the_protocol_has_its_close_code() {
    let app = app(socket::Options::default());
    let subscribe = r#"{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}"#;
    let init = r#"{"type":"connection_init"}"#;
    let mut closed = 0;
    for (messages, code, reason) in [
        (vec![subscribe], 4401, "Unauthorized"),
        (vec![init, init], 4429, "Too many initialisation requests"),
        (vec!["nonsense"], 4400, "JSON object"),
        (vec![init, r#"{"type":"start","id":"1"}"#], 4400, "no message of this type"),
        (vec![init, r#"{"type":"subscribe","id":"1","payload":{}}"#], 4400, "with `query`"),
        (vec![init, r#"{"type":"subscribe","payload":{"query":"{ a }"}}"#], 4400, "`id`"),
        (vec![r#"{"type":"connection_init","payload":1}"#], 4400, "`payload`"),
        (vec![init, r#"{"type":"connection_ack"}"#], 4400, "Clients send no connection_ack"),
    ] {
        let mut client = Client::open(&app);
        messages.iter().for_each(|message| client.text(message));
        let close = client.closed();
        assert_eq!(close.0, code, "{messages:?}: {}", close.1);
        assert!(close.1.contains(reason), "{messages:?}: {}", close.1);
        closed += u64::from(code == 4400);
    }
    assert_eq!(closes(&app, 4400), closed);
    eventually("the sockets are gone", || app.sockets.gauges().open() == 0);
}

#[test]
fn an_id_that_is_in_use_closes_the_socket() {
    let app = App::on(Database::built_in(Backend::Postgres));
    let lock = Lock::films(&app.database);
    let mut client = Client::acknowledged(&app);
    client.subscribe("film 1", LOCKED);
    client.subscribe("film 1", "{ __typename }");
    assert_eq!(client.closed(), (4409, "Subscriber for film 1 already exists".to_owned()));
    eventually("the operation is stopped", || app.sockets.gauges().operations() == 0);
    drop(lock);
}

#[test]
fn a_client_that_does_not_introduce_itself_is_closed() {
    let init_timeout = Duration::from_millis(300);
    let app = app(socket::Options { init_timeout, ..socket::Options::default() });
    let began = Instant::now();
    let mut client = Client::open(&app);
    // Pings are no introduction.
    client.send(&json!({ "type": "ping" }));
    assert_eq!(client.receive(), json!({ "type": "pong" }));
    assert_eq!(client.closed(), (4408, "Connection initialisation timeout".to_owned()));
    assert!(began.elapsed() >= init_timeout);
}

#[test]
fn another_sub_protocol_is_not_acceptable() {
    let app = app(socket::Options::default());
    let uri = app.url.replace("http://", "ws://") + "/graphql";
    let request = ClientRequestBuilder::new(uri.parse().expect("an address"));
    let mut client = Client::handshake(&app, request).expect("it is told on the socket");
    let (code, reason) = client.closed();
    assert_eq!(code, 4406);
    assert!(reason.contains(PROTOCOL), "{reason}");

    // The old protocol of the same name.
    let mut stream = tcp(&app);
    let head = handshake(&[("sec-websocket-protocol", "graphql-ws, other")]);
    stream.write_all(head.as_bytes()).expect("it is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 101"), "{text}");
    assert!(!text.to_ascii_lowercase().contains("sec-websocket-protocol"), "{text}");
    assert!(
        answer.windows(4).any(|bytes| bytes[0] == 0x88 && bytes[2..4] == 4406_u16.to_be_bytes())
    );
    eventually("the sockets are gone", || app.sockets.gauges().open() == 0);
}

/// A handshake with these headers beside those that it needs; one of the same name replaces them.
fn handshake(headers: &[(&str, &str)]) -> String {
    let needed = [
        ("host", "test"),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let replaced = |name: &str| headers.iter().any(|(other, _)| *other == name);
    let kept = needed.iter().filter(|(name, _)| !replaced(name));
    let lines = kept.chain(headers).map(|(name, value)| format!("{name}: {value}\r\n"));
    format!("GET /graphql HTTP/1.1\r\n{}\r\n", lines.collect::<String>())
}

#[test]
fn what_is_no_handshake_is_refused_in_http() {
    let app = app(socket::Options::default());
    for (headers, status, text) in [
        ([("sec-websocket-version", "8")], 426, "sec-websocket-version: 13"),
        ([("sec-websocket-key", "short")], 400, "BAD_REQUEST"),
        ([("connection", "close")], 400, "BAD_REQUEST"),
        ([("origin", "https://evil.example")], 403, "FORBIDDEN"),
    ] {
        let mut stream = tcp(&app);
        let head = handshake(&headers).replace("\r\n\r\n", "\r\naccept: */*\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("it is sent");
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers:?}: {answer}");
        assert!(answer.contains(text) && answer.contains("errors"), "{headers:?}: {answer}");
    }
    assert_eq!(app.sockets.gauges().opened(), 0);
    // A plain request of the same path is not in the way.
    let url = format!("{}/graphql?query=%7B__typename%7D", app.url);
    let mut plain = agent().get(url).call().expect("an answer");
    assert!(plain.body_mut().read_to_string().expect("text").contains("Query"));
}

#[test]
fn only_pages_of_the_server_and_of_allowed_origins_may_open_a_socket() {
    let origins = vec!["https://films.example".to_owned()];
    let options = Options { origins, ..Options::default() };
    let app = App::with(Database::built_in(Backend::Sqlite), options);
    let evil = Client::with_headers(&app, &[("origin", "https://evil.example")]);
    assert_eq!(evil.err().expect("it is refused").status(), 403);
    assert_eq!(
        Client::with_headers(&app, &[("origin", "null")]).err().map(|r| r.status().as_u16()),
        Some(403)
    );
    for origin in [app.url.as_str(), "https://films.example"] {
        let mut client = Client::with_headers(&app, &[("origin", origin)]).expect("it is taken");
        client.send(&json!({ "type": "connection_init" }));
        assert_eq!(client.receive()["type"], "connection_ack");
    }
}

#[test]
fn sockets_are_bounded_for_each_address_and_in_all() {
    for (sockets_max, per_address_max, status) in [(2, 10, 503), (10, 2, 429)] {
        let options =
            socket::Options { sockets_max, per_address_max, ..socket::Options::default() };
        let app = app(options);
        let clients = [Client::acknowledged(&app), Client::acknowledged(&app)];
        let refused = Client::with_headers(&app, &[]).err().expect("there is no room");
        assert_eq!(refused.status(), status);
        assert!(refused.headers().contains_key("retry-after"));
        let body: Value =
            serde_json::from_slice(refused.body().as_deref().unwrap_or_default()).expect("JSON");
        assert!(body["errors"][0]["message"].is_string(), "{body}");
        let gauges = app.sockets.gauges();
        assert_eq!((gauges.open(), gauges.opened(), gauges.refused()), (2, 2, 1));
        // POST is another matter.
        app.data("{ __typename }", json!({}));
        drop(clients);
        eventually("the sockets are gone", || gauges.open() == 0);
        Client::acknowledged(&app);
    }
}

#[test]
fn sockets_are_counted_for_the_address_that_a_proxy_tells() {
    let app = app(socket::Options { per_address_max: 1, ..socket::Options::default() });
    let from = |address| Client::with_headers(&app, &[("x-forwarded-for", address)]);
    let _one = from("198.51.100.1").expect("there is room");
    let _other = from("198.51.100.2").expect("there is room");
    let refused = from("198.51.100.1").err().expect("there is no room");
    assert_eq!(refused.status(), 429);
    let _network = from("2001:db8::1").expect("there is room");
    assert_eq!(from("2001:db8::2").err().map(|refused| refused.status().as_u16()), Some(429));

    let mut metrics = agent().get(format!("{}/metrics", app.url)).call().expect("an answer");
    let metrics = metrics.body_mut().read_to_string().expect("text");
    for line in [
        "shotlist_sockets 3",
        "shotlist_sockets_opened_total 3",
        "shotlist_sockets_refused_total 2",
        "shotlist_sockets_closed_total{code=\"4400\"} 0",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line} is not in\n{metrics}");
    }
}

#[test]
fn operations_cost_their_client_points() {
    let mut api = shotlist::graphql::Options::default();
    api.load.budget_per_address = 10;
    let database = Database::built_in(Backend::Sqlite);
    let app = App::with_api(database, api, Options::default());
    let from = |address| Client::with_headers(&app, &[("x-forwarded-for", address)]);
    let mut client = from("198.51.100.1").expect("it has points");
    client.send(&json!({ "type": "connection_init" }));
    assert_eq!(client.receive()["type"], "connection_ack");
    let mut answered = 0;
    let refused = loop {
        client.subscribe("1", "{ __typename }");
        let message = client.receive();
        if message["type"] == "error" {
            break message;
        }
        assert_eq!(client.receive()["type"], "complete");
        answered += 1;
    };
    assert!((1..=10).contains(&answered), "{answered}");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED", "{refused}");
    // The socket stays, but another one is not opened; other clients have points of their own.
    client.send(&json!({ "type": "ping" }));
    assert_eq!(client.receive()["type"], "pong");
    assert_eq!(from("198.51.100.1").err().map(|refused| refused.status().as_u16()), Some(429));
    assert!(from("198.51.100.2").is_ok());
}

#[test]
fn operations_are_bounded_and_can_be_given_up() {
    let operations_max = 3;
    let sockets = socket::Options { operations_max, ..socket::Options::default() };
    let options = Options { sockets, ..Options::default() };
    let app = App::with(Database::built_in(Backend::Postgres), options);
    let lock = Lock::films(&app.database);
    let mut client = Client::acknowledged(&app);
    for id in ["1", "2", "3"] {
        client.subscribe(id, LOCKED);
    }
    client.subscribe("4", "{ __typename }");
    let refused = client.receive();
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("4")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "TOO_MANY_OPERATIONS");
    assert_eq!(app.sockets.gauges().operations(), 3);

    client.send(&json!({ "type": "complete", "id": "2" }));
    eventually("it is stopped", || app.sockets.gauges().operations() == 2);
    // Those that wait are not in the way of one that need not.
    client.subscribe("4", "{ __typename }");
    assert_eq!(client.receive()["id"], "4");
    assert_eq!(client.receive(), json!({ "type": "complete", "id": "4" }));
    drop(lock);
    let mut completed = Vec::new();
    while completed.len() < 2 {
        let message = client.receive();
        if message["type"] == "complete" {
            completed.push(message["id"].clone());
        } else {
            assert!(message["payload"]["data"]["films"].is_object(), "{message}");
        }
    }
    completed.sort_by_key(ToString::to_string);
    assert_eq!(completed, ["1", "3"]);
    // Nothing came of the one that was given up: the next message is the answer to this.
    client.send(&json!({ "type": "ping", "payload": { "last": true } }));
    assert_eq!(client.receive(), json!({ "type": "pong", "payload": { "last": true } }));
}

#[test]
fn one_socket_does_not_have_the_server_for_itself() {
    let app = App::on(Database::built_in(Backend::Postgres));
    let lock = Lock::films(&app.database);
    let mut greedy = Client::acknowledged(&app);
    (0..50).for_each(|id| greedy.subscribe(&id.to_string(), LOCKED));
    eventually("they are open", || app.sockets.gauges().operations() == 50);
    // This one needs the database, too.
    let genres = "{ genres { totalCount } }";
    let mut other = Client::acknowledged(&app);
    for _ in 0..20 {
        other.subscribe("1", genres);
        let next = other.receive();
        assert!(next["payload"]["data"]["genres"].is_object(), "{next}");
        assert_eq!(other.receive()["type"], "complete");
    }
    drop(lock);
    // And those that waited for their turn get it.
    let mut ended = 0;
    while ended < 50 {
        ended += u32::from(greedy.receive()["type"] != "next");
    }
}

#[test]
fn a_client_that_vanishes_takes_its_operations_along() {
    let app = App::on(Database::built_in(Backend::Postgres));
    let lock = Lock::films(&app.database);
    for shutdown in [Some(Shutdown::Both), None] {
        let mut client = Client::acknowledged(&app);
        client.subscribe("1", LOCKED);
        client.subscribe("2", LOCKED);
        eventually("they run", || app.sockets.gauges().operations() == 2);
        if let Some(how) = shutdown {
            client.0.get_ref().shutdown(how).expect("it is shut");
        }
        drop(client);
        let gauges = app.sockets.gauges();
        eventually("nothing is left", || gauges.operations() == 0 && gauges.open() == 0);
    }
    assert_eq!(closes(&app, 1006), 2);
    drop(lock);
}

#[test]
fn a_message_that_is_too_large_is_not_even_buffered() {
    let options = Options { body_bytes_max: 10_000, ..Options::default() };
    let app = App::with(Database::built_in(Backend::Sqlite), options);
    let long = |bytes: usize| {
        let message = json!({ "type": "ping", "payload": { "x": "" } }).to_string();
        message.replace(r#""x":"""#, &format!(r#""x":"{}""#, "x".repeat(bytes - message.len())))
    };
    let mut client = Client::acknowledged(&app);
    client.text(&long(10_000));
    assert_eq!(client.receive()["type"], "pong");
    client.text(&long(10_001));
    assert_eq!(client.closed().0, 1009);

    // The header alone is enough, whatever it promises.
    for length in [10_001_u64, 1 << 40, u64::MAX >> 1, u64::MAX] {
        let mut client = Client::acknowledged(&app);
        client.raw(&[&[0x81, 0xff], length.to_be_bytes().as_slice(), &[0; 4]].concat());
        assert_eq!(client.closed().0, 1009, "{length}");
    }

    // Fragments count together, even those that do not end.
    let mut client = Client::acknowledged(&app);
    client.frame(vec![b' '; 5000], Data::Text, false);
    client.frame(vec![b' '; 5000], Data::Continue, false);
    client.frame(vec![b' '; 1], Data::Continue, false);
    assert_eq!(client.closed().0, 1009);

    // Within the bound they are one message, and a ping may come between them.
    let mut client = Client::acknowledged(&app);
    let text = json!({ "type": "ping", "payload": { "é": "é" } }).to_string();
    for (index, byte) in text.bytes().enumerate() {
        client.frame([byte], if index == 0 { Data::Text } else { Data::Continue }, false);
    }
    client.0.send(Message::Ping(vec![7].into())).expect("it is sent");
    client.frame([], Data::Continue, true);
    assert!(matches!(client.0.read(), Ok(Message::Pong(bytes)) if bytes[..] == [7]));
    assert_eq!(client.receive(), json!({ "type": "pong", "payload": { "é": "é" } }));
}

#[test]
fn the_memory_of_all_sockets_is_bounded() {
    let sockets = socket::Options { buffered_bytes_max: 1_000_000, ..socket::Options::default() };
    let app = app(sockets);
    let gauges = app.sockets.gauges();
    let mut greedy = Client::acknowledged(&app);
    // A message of nearly all of it is announced, and does not come.
    greedy.raw(&[&[0x81, 0xff], 990_000_u64.to_be_bytes().as_slice(), &[0; 4], b"{"].concat());
    eventually("it is held", || gauges.buffered() > 900_000);
    let mut other = Client::acknowledged(&app);
    other.raw(&[&[0x81, 0xff], 990_000_u64.to_be_bytes().as_slice(), &[0; 4], b"{"].concat());
    assert_eq!(other.closed().0, 1013);
    let mut other = Client::acknowledged(&app);
    other.frame(vec![b' '; 4096], Data::Text, false);
    (0..3).for_each(|_| other.frame(vec![b' '; 4096], Data::Continue, false));
    assert_eq!(other.closed().0, 1013);
    // What is small still finds room, and what is large is told that there is none.
    let mut other = Client::acknowledged(&app);
    other.subscribe("1", "{ __typename }");
    assert_eq!(other.receive()["type"], "next");
    assert_eq!(other.receive()["type"], "complete");
    other.subscribe("2", LARGE);
    let refused = other.receive();
    assert_eq!(refused["payload"][0]["extensions"]["code"], "OVERLOADED", "{refused}");
    drop(greedy);
    eventually("it is given back", || gauges.buffered() == 0);
    other.subscribe("3", LARGE);
    assert_eq!(other.receive()["type"], "next");
}

#[test]
fn what_is_no_text_closes_the_socket() {
    let app = app(socket::Options::default());
    type Send = fn(&mut Client);
    let breaches: [(&str, u16, Send); 10] = [
        ("a binary message", 4400, |client| client.frame(b"{}".to_vec(), Data::Binary, true)),
        ("a binary fragment", 4400, |client| client.frame(b"{".to_vec(), Data::Binary, false)),
        ("text that is no UTF-8", 1007, |client| client.frame([0xff, 0xfe], Data::Text, true)),
        ("a fragment that is no UTF-8", 1007, |client| {
            client.frame([0xc3], Data::Text, false);
            client.frame([0x28], Data::Continue, true);
        }),
        ("a continuation of nothing", 1002, |client| client.frame([b'{'], Data::Continue, true)),
        ("a message inside of another", 1002, |client| {
            client.frame([b'{'], Data::Text, false);
            client.frame([b'{'], Data::Text, true);
        }),
        ("a frame without a mask", 1002, |client| client.raw(&[0x81, 0x02, b'{', b'}'])),
        ("a reserved bit", 1002, |client| client.raw(&[0xc1, 0x80, 0, 0, 0, 0])),
        ("an unknown kind of frame", 1002, |client| client.raw(&[0x83, 0x80, 0, 0, 0, 0])),
        ("a ping that is too long", 1002, |client| {
            let mut ping = vec![0x89, 0x80 | 126, 0, 126, 0, 0, 0, 0];
            ping.extend([b'x'; 126]);
            client.raw(&ping);
        }),
    ];
    for (what, code, send) in breaches {
        let mut client = Client::acknowledged(&app);
        send(&mut client);
        assert_eq!(client.closed().0, code, "{what}");
    }
    eventually("the sockets are gone", || app.sockets.gauges().open() == 0);
}

#[test]
fn a_client_that_does_not_read_is_not_served_and_at_last_cut_off() {
    let sockets = socket::Options {
        operations_max: 10_000,
        write_timeout: Duration::from_secs(1),
        ..socket::Options::default()
    };
    let app = app(sockets);
    let mut client = Client::acknowledged(&app);
    let total = 1000;
    // What is not read on one side is at some time not taken from the other.
    client.0.get_ref().set_write_timeout(Some(Duration::from_secs(1))).expect("a timeout");
    for number in 0..total {
        let payload = json!({ "query": LARGE });
        let message = json!({ "type": "subscribe", "id": number.to_string(), "payload": payload });
        if client.0.send(Message::text(message.to_string())).is_err() {
            break;
        }
    }
    eventually("it is cut off", || app.sockets.gauges().open() == 0);
    assert_eq!(closes(&app, 1013), 1);
    assert_eq!(app.sockets.gauges().operations(), 0);
    let mut completed = 0;
    while let Ok(message) = client.0.read() {
        completed += u32::from(message.to_text().is_ok_and(|text| text.contains("complete")));
    }
    println!("{completed} of {total} operations were answered");
    assert!(completed < total, "all were answered");
    app.data("{ __typename }", json!({}));
}

#[test]
fn a_client_that_answers_no_pings_is_taken_for_gone() {
    let ping_interval = Duration::from_millis(100);
    let app = app(socket::Options { ping_interval, ..socket::Options::default() });
    let mut talker = Client::acknowledged(&app);
    let silent = Client::acknowledged(&app);
    // This one answers pings by reading.
    while app.sockets.gauges().open() > 1 {
        assert!(matches!(talker.0.read(), Ok(Message::Ping(_))));
    }
    assert_eq!(closes(&app, 1001), 1);
    talker.send(&json!({ "type": "ping" }));
    assert_eq!(talker.receive(), json!({ "type": "pong" }));
    drop(silent);
}

#[test]
fn a_socket_without_operations_is_closed_at_last() {
    let idle_timeout = Duration::from_millis(200);
    let app = app(socket::Options { idle_timeout, ..socket::Options::default() });
    let mut client = Client::acknowledged(&app);
    assert_eq!(client.closed(), (1000, "No operation for a long time".to_owned()));
}

#[test]
fn a_server_that_stops_answers_what_it_has_begun_and_says_goodbye() {
    let app = App::on(Database::built_in(Backend::Postgres));
    let lock = Lock::films(&app.database);
    let mut idle = Client::acknowledged(&app);
    let mut busy = Client::acknowledged(&app);
    busy.subscribe("1", LOCKED);
    eventually("it runs", || app.sockets.gauges().operations() == 1);
    let began = Instant::now();
    let stop = std::thread::spawn(move || drop(app));
    assert_eq!(idle.closed().0, 1001);
    drop(lock);
    let answer = busy.receive();
    assert!(answer["payload"]["data"]["films"].is_object(), "{answer}");
    assert_eq!(busy.receive()["type"], "complete");
    let (code, reason) = busy.closed();
    assert_eq!(code, 1001);
    assert!(reason.contains("stopping"), "{reason}");
    drop((idle, busy));
    stop.join().expect("it stops");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn control_frames_are_answered_by_the_rules() {
    let app = app(socket::Options::default());
    let mut client = Client::open(&app);
    client.0.send(Message::Ping(b"before the introduction".to_vec().into())).expect("it is sent");
    assert!(
        matches!(client.0.read(), Ok(Message::Pong(bytes)) if &bytes[..] == b"before the introduction")
    );
    let header = FrameHeader {
        opcode: OpCode::Control(tungstenite::protocol::frame::coding::Control::Close),
        ..FrameHeader::default()
    };
    // The code comes back.
    let close = Frame::from_payload(header, [&4123_u16.to_be_bytes()[..], b"why"].concat().into());
    client.0.send(Message::Frame(close)).expect("it is sent");
    assert_eq!(client.closed(), (4123, String::new()));
    eventually("the socket is gone", || app.sockets.gauges().open() == 0);
}

#[test]
fn the_client_of_npm_runs_a_session_and_provokes_every_close_code() {
    let app = App::on(Database::built_in(Backend::Sqlite));
    let hasty = self::app(socket::Options {
        init_timeout: Duration::from_millis(500),
        ..socket::Options::default()
    });
    let slow = App::on(Database::built_in(Backend::Postgres));
    let lock = Lock::films(&slow.database);
    let address = |app: &App| app.url.replace("http://", "ws://") + "/graphql";
    let output = Command::new("node")
        .arg(support::scripts().join("socket.mjs"))
        .args([address(&app), address(&hasty), address(&slow)])
        .output()
        .expect("node is missing: install Node.js 20 or newer");
    drop(lock);
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    println!("{printed}");
    let report: Value = serde_json::from_str(printed.trim()).expect("one line of JSON");
    let variables = json!({ "t": "Heat" });
    assert_eq!(report["film"], app.answer(FILM, variables));
    assert_eq!(report["refused"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(report["sideBySide"], 20);
    assert_eq!(report["ponged"], true);
    assert_eq!(
        report["closes"],
        json!({
            "4400": "There is no message of this type",
            "4401": "Unauthorized: send connection_init first",
            "4406": "Subprotocol not acceptable: only graphql-transport-ws is spoken here",
            "4408": "Connection initialisation timeout",
            "4409": "Subscriber for same already exists",
            "4429": "Too many initialisation requests",
        })
    );
}
