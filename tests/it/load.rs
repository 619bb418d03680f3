//! More than the server can do, from one client and from many: what is refused, how, and at what
//! cost to the others.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::graphql::load::Options as LoadOptions;
use shotlist::http::client::Proxies;
use shotlist::http::{Options, Readers};
use shotlist::{graphql, http};

use crate::canary;
use crate::support::{App, BACKENDS, Database, runtime};

/// Answers at once and costs a point.
const CHEAP: &str = "{ __typename }";
const READS: &str = "{ productions(first: 1) { nodes { title } } }";
const ELSEWHERE: (&str, &str) = ("x-forwarded-for", "198.51.100.1");
/// Longer than anything here should take on a busy computer.
const PATIENCE: Duration = Duration::from_secs(30);

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Answer {
    /// Read one answer; none where the connection ends before.
    fn read(stream: &mut impl Read) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("a head in ASCII");
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().expect("a status");
        let headers: BTreeMap<_, _> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.get("content-length").map_or(0, |length| length.parse().expect("one"));
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        let body = String::from_utf8(body).expect("text");
        canary::assert_none_in(&head);
        canary::assert_none_in(&body);
        Some(Self { status, headers, body })
    }

    fn number(&self, header: &str) -> u64 {
        let value =
            self.headers.get(header).unwrap_or_else(|| panic!("no {header}: {}", self.body));
        value.parse().unwrap_or_else(|_| panic!("{header}: {value}"))
    }

    fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        let json: Value = serde_json::from_str(&self.body).expect("JSON");
        assert_eq!(json["errors"][0]["extensions"]["code"], code, "{json}");
        assert!(json.get("data").is_none(), "{json}");
        assert!((1..=60).contains(&self.number("retry-after")));
    }

    #[track_caller]
    fn assert_executed(&self) {
        assert_eq!(self.status, 200, "{}", self.body);
        assert!(!self.body.contains("\"errors\""), "{}", self.body);
    }
}

fn connect(app: &App) -> TcpStream {
    let stream = TcpStream::connect(app.url.trim_start_matches("http://")).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

fn head(line: &str, headers: &[(&str, &str)], length: usize) -> String {
    let mut head = format!(
        "{line} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
         accept: application/graphql-response+json\r\ncontent-length: {length}\r\n"
    );
    for (name, value) in [&canary::HEADER].into_iter().chain(headers) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

fn request(query: &str, headers: &[(&str, &str)]) -> String {
    let body = canary::marked(json!({ "query": query })).to_string();
    head("POST /graphql", headers, body.len()) + &body
}

fn exchange(stream: &mut TcpStream, request: &str) -> Option<Answer> {
    // A server that has heard enough may answer before it has read everything.
    let _ = stream.write_all(request.as_bytes());
    Answer::read(stream)
}

fn ask(app: &App, query: &str, headers: &[(&str, &str)]) -> Answer {
    exchange(&mut connect(app), &request(query, headers)).expect("an answer")
}

fn get(app: &App, path: &str, headers: &[(&str, &str)]) -> Answer {
    let head = head(&format!("GET {path}"), headers, 0);
    exchange(&mut connect(app), &head).expect("an answer")
}

/// Whether the server ends a connection, with or without an answer before.
pub fn is_ended(stream: &mut impl Read) -> bool {
    let mut rest = [0; 4096];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return true,
            Ok(_) => {}
            // The latter is what TLS says of an end that is not announced.
            Err(error) => {
                return matches!(
                    error.kind(),
                    ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof
                );
            }
        }
    }
}

fn with_load(backend: Backend, load: LoadOptions) -> App {
    let api = graphql::Options { load, ..graphql::Options::default() };
    // What is kept costs a point, whatever it was.
    let options = Options { kept_bytes_max: 0, ..Options::default() };
    App::with_api(Database::built_in(backend), api, options)
}

fn with_http(options: Options) -> App {
    App::with(Database::built_in(Backend::Sqlite), options)
}

/// The metrics by name and labels.
fn metrics(app: &App) -> BTreeMap<String, f64> {
    let page = get(app, "/metrics", &[]);
    assert_eq!(page.status, 200);
    let lines = page.body.lines().filter(|line| !line.starts_with('#'));
    let numbers = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
    });
    numbers.collect()
}

/// One of them, with its labels.
pub fn metric(app: &App, name: &str) -> f64 {
    let metrics = metrics(app);
    *metrics.get(name).unwrap_or_else(|| panic!("no {name} in {metrics:#?}"))
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Let nobody read the productions of a PostgreSQL catalogue while something happens.
fn while_locked(app: &App, work: impl FnOnce(&dyn Fn())) {
    use sqlx::{Connection, Executor};
    let connection = runtime().block_on(async {
        let mut connection =
            sqlx::PgConnection::connect(&app.database.text).await.expect("it opens");
        let lock = "BEGIN; LOCK TABLE production IN ACCESS EXCLUSIVE MODE";
        connection.execute(lock).await.expect("a lock");
        connection
    });
    let connection = Cell::new(Some(connection));
    let unlock = || {
        let connection = connection.take().expect("it is locked");
        runtime().block_on(connection.close()).expect("unlocked");
    };
    work(&unlock);
}

#[test]
fn beyond_the_queue_requests_are_refused_at_once_and_health_is_told_all_the_same() {
    let load = LoadOptions {
        running_max: 1,
        queue_max: 1,
        queue_wait: PATIENCE,
        ..LoadOptions::default()
    };
    let app = with_load(Backend::Postgres, load);
    let admission = app.api.load().admission();
    std::thread::scope(|scope| {
        while_locked(&app, |unlock| {
            let runs = scope.spawn(|| ask(&app, READS, &[]));
            until("one runs", || admission.running() == 1);
            let waits = scope.spawn(|| ask(&app, READS, &[]));
            until("one waits", || admission.queued() == 1);

            // On one connection: what was small and is refused does not end it.
            let mut stream = connect(&app);
            let mut slowest = Duration::ZERO;
            for _ in 0..50 {
                let start = Instant::now();
                let refused = exchange(&mut stream, &request(READS, &[])).expect("an answer");
                slowest = slowest.max(start.elapsed());
                refused.assert_refused(503, "OVERLOADED");
            }
            println!("the slowest of 50 refusals: {slowest:?}");
            // A large body is not even waited for.
            let head = head("POST /graphql", &[], 1 << 20);
            let refused = exchange(&mut connect(&app), &head).expect("an answer");
            refused.assert_refused(503, "OVERLOADED");

            assert_eq!(get(&app, "/livez", &[]).status, 200);
            let metrics = metrics(&app);
            assert_eq!(metrics["shotlist_requests_running"], 1.0);
            assert_eq!(metrics["shotlist_requests_queued"], 1.0);
            assert_eq!(metrics["shotlist_requests_shed_total"], 51.0);
            assert_eq!(metrics["shotlist_requests_total{outcome=\"overloaded\"}"], 51.0);

            unlock();
            runs.join().expect("an answer").assert_executed();
            waits.join().expect("an answer").assert_executed();
        });
    });
    ask(&app, READS, &[]).assert_executed();
    until("all permits are back", || admission.running() == 0 && admission.queued() == 0);
}

#[test]
fn a_request_does_not_wait_longer_than_the_longest_time() {
    let load = LoadOptions {
        running_max: 1,
        queue_wait: Duration::from_millis(100),
        ..LoadOptions::default()
    };
    let app = with_load(Backend::Postgres, load);
    std::thread::scope(|scope| {
        while_locked(&app, |unlock| {
            let runs = scope.spawn(|| ask(&app, READS, &[]));
            until("one runs", || app.api.load().admission().running() == 1);
            let start = Instant::now();
            ask(&app, READS, &[]).assert_refused(503, "OVERLOADED");
            assert!(start.elapsed() >= Duration::from_millis(100));
            unlock();
            runs.join().expect("an answer").assert_executed();
        });
    });
}

#[test]
fn a_client_that_goes_away_leaves_the_queue() {
    let load = LoadOptions { running_max: 1, queue_wait: PATIENCE, ..LoadOptions::default() };
    let app = with_load(Backend::Postgres, load);
    let admission = app.api.load().admission();
    std::thread::scope(|scope| {
        while_locked(&app, |unlock| {
            let runs = scope.spawn(|| ask(&app, READS, &[]));
            until("one runs", || admission.running() == 1);
            let mut gone = connect(&app);
            gone.write_all(request(READS, &[]).as_bytes()).expect("sent");
            until("one waits", || admission.queued() == 1);
            // A reset, and not the end of what it sends: then it may still want an answer.
            let socket = runtime().block_on(async {
                gone.set_nonblocking(true).expect("a socket");
                tokio::net::TcpStream::from_std(gone).expect("a socket")
            });
            let _guard = runtime().enter();
            socket.set_zero_linger().expect("a reset at the end");
            drop(socket);
            until("nobody waits", || admission.queued() == 0);
            unlock();
            runs.join().expect("an answer").assert_executed();
        });
    });
}

#[test]
fn of_a_flood_every_request_is_answered_or_refused_and_counted() {
    for backend in BACKENDS {
        let load = LoadOptions { running_max: 2, queue_max: 2, ..LoadOptions::default() };
        let app = with_load(backend, load);
        let query = "{ productions(first: 100) { totalCount nodes { title credits(first: 20) {
            totalCount nodes { person { name credits(first: 5) { nodes { production { title } } } } }
        } } } }";
        let (answered, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..24 {
                scope.spawn(|| {
                    let mut stream = connect(&app);
                    for _ in 0..5 {
                        let answer = exchange(&mut stream, &request(query, &[])).expect("one");
                        match answer.status {
                            200 => answered.fetch_add(1, Ordering::Relaxed),
                            _ => {
                                answer.assert_refused(503, "OVERLOADED");
                                refused.fetch_add(1, Ordering::Relaxed)
                            }
                        };
                    }
                });
            }
        });
        let (answered, refused) = (answered.into_inner(), refused.into_inner());
        println!("on {backend:?}: {answered} answered, {refused} refused");
        assert_eq!(answered + refused, 24 * 5);
        assert!(answered > 0 && refused > 0);
        let metrics = metrics(&app);
        assert_eq!(metrics["shotlist_requests_total{outcome=\"executed\"}"], answered as f64);
        assert_eq!(metrics["shotlist_requests_total{outcome=\"overloaded\"}"], refused as f64);
        assert_eq!(metrics["shotlist_request_duration_seconds_count"], answered as f64);
        ask(&app, CHEAP, &[]).assert_executed();
    }
}

fn with_budget(per_address: u64, per_token: u64) -> App {
    let load = LoadOptions {
        budget_per_address: per_address,
        budget_per_token: per_token,
        ..LoadOptions::default()
    };
    with_load(Backend::Sqlite, load)
}

#[test]
fn points_are_told_counted_down_and_come_back() {
    let app = with_budget(60, 0);
    let answer = ask(&app, CHEAP, &[ELSEWHERE, ("x-shotlist-cost", "1")]);
    answer.assert_executed();
    assert_eq!(answer.number("x-ratelimit-limit"), 60);
    assert!(answer.number("x-ratelimit-reset") <= 2);
    let query = "{ productions(first: 20) { nodes { title } } }";
    let before = ask(&app, CHEAP, &[ELSEWHERE]).number("x-ratelimit-remaining");
    let answer = ask(&app, query, &[ELSEWHERE, ("x-shotlist-cost", "1")]);
    answer.assert_executed();
    let json: Value = serde_json::from_str(&answer.body).expect("JSON");
    let cost = json["extensions"]["cost"]["requested"].as_u64().expect("a cost");
    let told = before.saturating_sub(answer.number("x-ratelimit-remaining"));
    // A point comes back each second.
    assert!((cost.saturating_sub(3)..=cost + 1).contains(&told), "{told} told, {cost} cost");

    let refused = std::iter::repeat_with(|| ask(&app, query, &[ELSEWHERE]))
        .take(10)
        .find(|answer| answer.status != 200)
        .expect("the points end");
    refused.assert_refused(429, "RATE_LIMITED");
    assert!(refused.body.contains("try again in"), "{}", refused.body);
    // It is told for that request: a cheaper one may still be answered. And others are not meant.
    ask(&app, query, &[("x-forwarded-for", "198.51.100.2")]).assert_executed();

    std::iter::repeat_with(|| ask(&app, CHEAP, &[ELSEWHERE]))
        .take(200)
        .find(|answer| answer.status == 429)
        .expect("the last points end");
    std::thread::sleep(Duration::from_millis(1_100));
    ask(&app, CHEAP, &[ELSEWHERE]).assert_executed();
    assert!(metric(&app, "shotlist_requests_total{outcome=\"rate_limited\"}") >= 2.0);
}

#[test]
fn eight_clients_of_one_address_get_its_budget_to_within_a_hundredth() {
    let limit = 3_000;
    let app = with_budget(limit, 0);
    let start = Instant::now();
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut stream = connect(&app);
                loop {
                    let answer = exchange(&mut stream, &request(CHEAP, &[ELSEWHERE]));
                    if answer.expect("an answer").status == 429 {
                        break;
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let answered = answered.into_inner() as f64;
    let came_back = limit as f64 * start.elapsed().as_secs_f64() / 60.0;
    println!("{answered} answered of {limit} points and {came_back:.0} that came back");
    assert!(answered >= limit as f64 * 0.99, "{answered}");
    assert!(answered <= (limit as f64 + came_back) * 1.01, "{answered}, {came_back} came back");
}

#[test]
fn what_is_refused_costs_a_point() {
    let app = with_budget(1_000, 0);
    let left = |answer: &Answer| answer.number("x-ratelimit-remaining");
    let mut stream = connect(&app);
    let mut wrong: Vec<String> = ["{", "[]", r#"{"query": "{"}"#, r#"{"query": "{ nothing }"}"#]
        .iter()
        .map(|body| head("POST /graphql", &[ELSEWHERE], body.len()) + body)
        .collect();
    wrong.push(head("PUT /graphql", &[ELSEWHERE], 0));
    for wrong in wrong.iter().cycle().take(100) {
        let answer = exchange(&mut stream, wrong).expect("an answer");
        assert!((400..=405).contains(&answer.status), "{}", answer.body);
    }
    // 17 come back each second.
    let seconds = 1_000 - left(&ask(&app, CHEAP, &[ELSEWHERE]));
    assert!((50..=101).contains(&seconds), "{seconds} points for 101 requests");
}

#[test]
fn a_token_has_a_budget_of_its_own_wherever_it_is_used() {
    let app = with_budget(10_000, 20);
    let with = |token: &'static str, address: &'static str| {
        [("authorization", token), ("x-forwarded-for", address)]
    };
    let query = "{ productions(first: 10) { nodes { title } } }";
    let first = ask(&app, query, &with("Bearer C4NARYone", "198.51.100.1"));
    first.assert_executed();
    assert_eq!(first.number("x-ratelimit-limit"), 20, "the budget that is used up most is told");
    let refused = ask(&app, query, &with("bearer C4NARYone", "198.51.100.2"));
    refused.assert_refused(429, "RATE_LIMITED");
    assert!(!refused.body.contains("one"), "{}", refused.body);
    ask(&app, query, &with("Bearer C4NARYtwo", "198.51.100.1")).assert_executed();
    // Also from this machine, whose addresses are not counted.
    ask(&app, query, &[("authorization", "Bearer C4NARYone")]).assert_refused(429, "RATE_LIMITED");
    ask(&app, query, &[]).assert_executed();
}

#[test]
fn only_a_believed_proxy_tells_for_whom_it_asks() {
    let counted = |trusted: &str, headers: &[(&str, &str)]| {
        let proxies = Proxies {
            trusted: http::client::networks(trusted).expect("one"),
            ..Proxies::default()
        };
        let app = with_http(Options { proxies, ..Options::default() });
        let answer = ask(&app, CHEAP, headers);
        answer.assert_executed();
        answer.headers.contains_key("x-ratelimit-limit")
    };
    assert!(counted("127.0.0.1", &[ELSEWHERE]));
    assert!(!counted("", &[ELSEWHERE]), "this machine itself is not counted");
    assert!(!counted("192.0.2.0/24", &[ELSEWHERE]));
    assert!(!counted("127.0.0.1", &[("forwarded", "for=198.51.100.1")]), "not the header chosen");
    assert!(!counted("127.0.0.1", &[]));
}

/// Timeouts that a test can wait for, each the shortest where it is meant.
pub fn hasty() -> Options {
    Options {
        header_timeout: Duration::from_millis(300),
        body_timeout: Duration::from_millis(300),
        keep_alive: Duration::from_millis(300),
        response_timeout: Duration::from_millis(300),
        ..Options::default()
    }
}

#[test]
fn slow_heads_slow_bodies_and_idle_connections_are_cut_off() {
    let app = with_http(hasty());
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(is_ended(&mut connect(&app)), "nothing is sent"));
        scope.spawn(|| {
            let mut stream = connect(&app);
            stream.write_all(b"GET /livez HTTP/1.1\r\nhost:").expect("sent");
            assert!(is_ended(&mut stream), "half a head is sent");
        });
        scope.spawn(|| {
            // Byte by byte, and after a request that went well.
            let mut stream = connect(&app);
            exchange(&mut stream, &request(CHEAP, &[])).expect("an answer").assert_executed();
            let sent = Instant::now();
            while stream.write_all(b"G").is_ok() {
                assert!(sent.elapsed() < PATIENCE, "a head that never ends is read for ever");
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        scope.spawn(|| {
            let mut stream = connect(&app);
            let head = head("POST /graphql", &[], 100);
            let answer = exchange(&mut stream, &(head + "{")).expect("an answer");
            assert_eq!(answer.status, 408, "{}", answer.body);
            assert!(is_ended(&mut stream), "half a body is sent");
        });
        scope.spawn(|| {
            let mut stream = connect(&app);
            exchange(&mut stream, &request(CHEAP, &[])).expect("an answer").assert_executed();
            assert!(is_ended(&mut stream), "no further request is sent");
        });
    });
    println!("all were cut off within {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(15));
    until("their memory is free", || {
        metric(&app, "shotlist_bytes_in_flight{kind=\"request\"}") == 0.0
            && metric(&app, "shotlist_connections") <= 2.0
    });
}

#[test]
fn a_client_that_does_not_read_its_answer_is_cut_off() {
    let options = Options {
        response_timeout: Duration::from_millis(300),
        read_rate_min: 1 << 30,
        ..Options::default()
    };
    let app = with_http(options);
    // Of some four megabytes, more than the system's buffers take.
    let query = format!("{{ people(first: 100) {{ nodes {{ {}: id }} }} }}", "a".repeat(60_000));
    let whole = request(&query, &[]);
    let answer = exchange(&mut connect(&app), &whole).expect("an answer");
    answer.assert_executed();
    assert!(answer.body.len() > 3_000_000, "{}", answer.body.len());

    let mut lazy: Vec<_> = (0..4)
        .map(|_| {
            // Small buffers on this side, or the answer would be in them.
            let stream = runtime().block_on(async {
                let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
                socket.set_recv_buffer_size(4_096).expect("a size");
                let address = app.url.trim_start_matches("http://").parse().expect("an address");
                socket.connect(address).await.expect("it listens").into_std().expect("a socket")
            });
            stream.set_nonblocking(false).expect("a socket");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            stream
        })
        .collect();
    for stream in &mut lazy {
        stream.write_all(whole.as_bytes()).expect("sent");
    }
    let cut = "shotlist_connections_cut_total{reason=\"slow_reader\"}";
    until("they are cut off", || metric(&app, cut) == 4.0);
    until("their memory is free", || {
        metric(&app, "shotlist_bytes_in_flight{kind=\"response\"}") == 0.0
            && metric(&app, "shotlist_connections") <= 2.0
    });
    exchange(&mut connect(&app), &whole).expect("an answer").assert_executed();
}

#[test]
fn a_new_connection_takes_the_place_of_one_that_waits() {
    let app = with_http(Options { connections_max: 4, ..Options::default() });
    let mut idle: Vec<_> = (0..4).map(|_| connect(&app)).collect();
    until("four wait", || app_connections(&app) >= 4);
    for _ in 0..20 {
        assert_eq!(get(&app, "/livez", &[]).status, 200);
    }
    ask(&app, READS, &[]).assert_executed();
    assert!(is_ended(&mut idle[0]), "the one that waited longest");
    let cut = "shotlist_connections_cut_total{reason=\"room\"}";
    assert!(metric(&app, cut) >= 1.0);
}

fn app_connections(app: &App) -> usize {
    metric(app, "shotlist_connections") as usize
}

#[test]
fn bodies_together_take_no_more_memory_than_they_may() {
    let app = with_http(Options { request_bytes_max: 4_096, ..Options::default() });
    let taken = "shotlist_bytes_in_flight{kind=\"request\"}";
    let mut first = connect(&app);
    let padding = " ".repeat(3_000);
    let body = format!("{}{padding}", json!({ "query": CHEAP }));
    let whole = head("POST /graphql", &[], body.len()) + &body;
    let (most, last) = whole.split_at(whole.len() - 1);
    first.write_all(most.as_bytes()).expect("sent");
    until("it arrives", || metric(&app, taken) >= 3_000.0);

    let refused = exchange(&mut connect(&app), &whole).expect("an answer");
    refused.assert_refused(503, "OVERLOADED");
    ask(&app, CHEAP, &[]).assert_executed();
    first.write_all(last.as_bytes()).expect("sent");
    Answer::read(&mut first).expect("an answer").assert_executed();
    until("its memory is free", || metric(&app, taken) == 0.0);
    exchange(&mut connect(&app), &whole).expect("an answer").assert_executed();
}

#[test]
fn answers_together_take_no_more_memory_than_they_may() {
    let app = with_http(Options { response_bytes_max: 20_000, ..Options::default() });
    let name = "a".repeat(1_500);
    let fields = (0..18).map(|index| format!("{name}{index}: __typename ")).collect::<String>();
    ask(&app, &format!("{{ {fields} }}"), &[]).assert_refused(503, "OVERLOADED");
    ask(&app, READS, &[]).assert_executed();
}

#[test]
fn requests_sent_in_one_piece_are_answered_one_by_one() {
    let app = with_http(Options::default());
    let mut stream = connect(&app);
    let all = request(CHEAP, &[]).repeat(200);
    let mut sending = stream.try_clone().expect("a socket");
    std::thread::scope(|scope| {
        scope.spawn(move || sending.write_all(all.as_bytes()).expect("sent"));
        for _ in 0..200 {
            Answer::read(&mut stream).expect("an answer").assert_executed();
        }
    });
    assert_eq!(app.api.load().admission().shed(), 0);
}

#[test]
fn metrics_are_for_this_machine_unless_it_is_told_otherwise() {
    let app = with_http(Options::default());
    ask(&app, READS, &[]).assert_executed();
    ask(&app, "{", &[]);
    let page = get(&app, "/metrics", &[]);
    assert!(page.headers["content-type"].starts_with("text/plain; version=0.0.4"));
    for line in page.body.lines() {
        let mut words = line.split(' ');
        match words.next() {
            Some("#") => assert!(matches!(words.next(), Some("HELP" | "TYPE")), "{line}"),
            Some(name) => assert!(name.starts_with("shotlist_"), "{line}"),
            None => panic!("an empty line"),
        }
    }
    let metrics = metrics(&app);
    for (name, expected) in [
        ("shotlist_requests_total{outcome=\"executed\"}", 1.0),
        ("shotlist_requests_total{outcome=\"refused\"}", 1.0),
        ("shotlist_request_duration_seconds_bucket{le=\"+Inf\"}", 2.0),
        ("shotlist_compiled{kind=\"documents\"}", 1.0),
        ("shotlist_statements_total", 1.0),
        ("shotlist_limit_refusals_total{limit=\"cost\"}", 0.0),
    ] {
        assert_eq!(metrics.get(name), Some(&expected), "{name} in {}", page.body);
    }
    assert!(metrics["shotlist_resident_memory_bytes"] > 1e6);
    let sent_on = [("x-forwarded-for", "127.0.0.1")];
    assert_eq!(get(&app, "/metrics", &sent_on).status, 404, "a proxy's clients are others");
    let nobody = with_http(Options { metrics: Readers::Nobody, ..Options::default() });
    assert_eq!(get(&nobody, "/metrics", &[]).status, 404);
    let all = with_http(Options { metrics: Readers::All, ..Options::default() });
    assert_eq!(get(&all, "/metrics", &sent_on).status, 200);
}
