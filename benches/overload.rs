//! What the server does with ten times as many requests as it can serve: `make bench-overload`.
//!
//! The program is started as it is, on a SQLite file with generated data, with its default
//! settings. First as many connections as requests may run ask as fast as they are answered: that
//! is its capacity. Then requests are sent at ten times that rate whatever becomes of them, while a
//! thread of its own asks for `/livez` over a new connection each time. Then the flood ends.
//!
//! The load comes from one thread of this computer, so that it takes processor time from the server
//! that elsewhere would be the clients'. What is wanted is not corrected for it. The cheaper a page,
//! the more refusals are ten times as many: so a page of the usual size is measured, and a large one.

#[allow(dead_code, reason = "the benches share it")]
mod support;

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Arg, ArgAction, value_parser};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use support::process::time as time_of;
use support::program::{Server, generate};
use support::{Result, ended, temporary_folder};

/// A page of the usual size with what stands around it, as a list of a demanding app shows it.
const QUERY: &str = "query Page($first: Int!) {
  productions(first: $first) {
    totalCount
    nodes {
      id
      title
      genres { name }
      credits(first: 10) {
        totalCount
        nodes { person { id name credits(first: 5) { nodes { production { id title } } } } }
      }
    }
  }
}";
const DATABASE: &str = "sqlite://shotlist.db";
/// As many as run at once by default.
const RUNNING_MAX: usize = 32;
/// More than run and wait by default, or too few requests could be under way.
const CONNECTIONS: usize = 256;
const FACTOR: u32 = 10;
const WARM_UP: Duration = Duration::from_secs(3);
const CAPACITY_TIME: Duration = Duration::from_secs(15);
const LIVEZ_INTERVAL: Duration = Duration::from_millis(100);
/// So many requests in a row have to be answered in time for the server to be as before.
const NORMAL_RUN: u32 = 25;
const NORMAL: Duration = Duration::from_millis(250);
const RECOVERY_MAX: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    ended(bench())
}

fn bench() -> Result {
    let matches = clap::Command::new("overload")
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_parser(value_parser!(u64).range(1..=600))
                .default_value("60")
                .help("How long the flood lasts"),
        )
        .arg(
            Arg::new("productions")
                .long("productions")
                .value_parser(value_parser!(u32))
                .default_value("20000")
                .help("Size of the catalogue"),
        )
        .arg(
            Arg::new("first")
                .long("first")
                .value_parser(value_parser!(u32).range(1..=100))
                .action(ArgAction::Append)
                .default_values(["20", "100"])
                .help("Size of the page that is asked for; may be given several times"),
        )
        .arg(Arg::new("bench").long("bench").num_args(0).hide(true))
        .get_matches();
    // `cargo test --all-targets` runs benches without it.
    if !matches.get_flag("bench") {
        return Ok(());
    }
    let seconds = matches.get_one("seconds").copied().unwrap_or(60);
    let productions = matches.get_one("productions").copied().unwrap_or(20_000);
    let folder = temporary_folder()?;
    generate(folder.path(), productions, DATABASE)?;
    for first in matches.get_many::<u32>("first").into_iter().flatten() {
        let table = measured(folder.path(), *first, Duration::from_secs(seconds))?;
        let mut out = io::stdout().lock();
        writeln!(out, "Pages of {first}:\n{table}")?;
        out.flush()?;
    }
    Ok(())
}

/// What becomes of a flood of requests for pages of a size.
fn measured(folder: &Path, first: u32, time: Duration) -> Result<String> {
    let server = Server::start(folder, DATABASE)?;
    let cpu = || time_of(server.process()?.ticks);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let request = Rc::from(request(first));

    let run = |load: Load| LocalSet::new().block_on(&runtime, load.run());
    let closed = |time| Load { to: server.address, request: Rc::clone(&request), time, rate: None };
    run(closed(WARM_UP))?;
    let before = cpu()?;
    let capacity = run(closed(CAPACITY_TIME))?;
    let calm_cpu = cpu()? - before;
    let rate = capacity.answered_per_second();

    let before = cpu()?;
    let watch = Watch::start(server.address);
    let flood = run(Load { rate: Some(rate * f64::from(FACTOR)), ..closed(time) })?;
    let livez = watch.stop()?;
    let flood_cpu = cpu()? - before;
    let recovery = runtime.block_on(recovery(server.address, &request))?;

    let table = table(
        &capacity,
        &flood,
        livez,
        recovery,
        server.process()?.peak_kib()? / 1024,
        [calm_cpu, flood_cpu],
    );
    server.stop()?;
    Ok(table)
}

fn table(
    capacity: &Outcome,
    flood: &Outcome,
    livez: Duration,
    recovery: Option<Duration>,
    peak_mib: u64,
    [calm_cpu, flood_cpu]: [Duration; 2],
) -> String {
    let ms = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1e3);
    let (rate, goodput) = (capacity.answered_per_second(), flood.answered_per_second());
    let share = 100.0 * goodput / rate;
    let refused_p99 = percentile(&flood.refused, 0.99);
    let answered_p99 = percentile(&flood.answered, 0.99);
    let sent = flood.sent() as f64 / flood.time.as_secs_f64();
    let recovered = recovery.is_some_and(|time| time <= Duration::from_secs(5));
    let recovery = recovery.map_or_else(|| format!("> {} s", RECOVERY_MAX.as_secs()), ms);
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get) as f64;
    let left_by = |load: &Outcome| processors - load.cpu.as_secs_f64() / load.time.as_secs_f64();
    let left = left_by(flood) / left_by(capacity);
    let holds = |holds: bool| if holds { "yes" } else { "NO" };
    let rows = [
        ("capacity, closed loop", format!("{rate:.0}/s"), "", ""),
        ("requests sent", format!("{sent:.0}/s, {:.1} times", sent / rate), "10 times", ""),
        ("goodput", format!("{goodput:.0}/s, {share:.0} %"), ">= 80 %", holds(share >= 80.0)),
        // What the load takes here would be the clients' elsewhere.
        ("... of what the load left", format!("{:.0} %", share / left), "", ""),
        ("answers p50", ms(percentile(&flood.answered, 0.5)), "", ""),
        (
            "answers p99",
            ms(answered_p99),
            "<= 1000 ms",
            holds(answered_p99 <= Duration::from_secs(1)),
        ),
        ("refusals", flood.refused.len().to_string(), "", ""),
        ("refusals p50", ms(percentile(&flood.refused, 0.5)), "", ""),
        (
            "refusals p99",
            ms(refused_p99),
            "< 50 ms",
            holds(refused_p99 < Duration::from_millis(50)),
        ),
        ("neither 200 nor 503", flood.other.to_string(), "0", holds(flood.other == 0)),
        ("/livez, slowest", ms(livez), "< 100 ms", holds(livez < Duration::from_millis(100))),
        ("normal again after", recovery, "<= 5 s", holds(recovered)),
        ("peak memory", format!("{peak_mib} MiB"), "", ""),
    ];
    let mut text = format!("{:<26}{:>22}  {:<12}holds\n", "", "measured", "wanted");
    for (what, measured, wanted, holds) in rows {
        text += format!("{what:<26}{measured:>22}  {wanted:<12}{holds}").trim_end();
        text.push('\n');
    }
    let cpu = |server: Duration, outcome: &Outcome| {
        let share = |cpu: Duration| 100.0 * cpu.as_secs_f64() / outcome.time.as_secs_f64();
        format!("server {:.0} %, load {:.0} %", share(server), share(outcome.cpu))
    };
    text += &format!(
        "Processors, of one: at capacity {}; in the flood {}.\n",
        cpu(calm_cpu, capacity),
        cpu(flood_cpu, flood)
    );
    text
}

fn request(first: u32) -> String {
    let body = json!({ "query": QUERY, "variables": { "first": first } }).to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         accept: application/graphql-response+json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Requests at a rate whatever becomes of them, or as fast as they are answered.
struct Load {
    to: SocketAddr,
    request: Rc<str>,
    time: Duration,
    rate: Option<f64>,
}

/// What became of the requests of a load.
#[derive(Default)]
struct Outcome {
    time: Duration,
    /// Processor time of this process.
    cpu: Duration,
    answered: Vec<Duration>,
    refused: Vec<Duration>,
    other: usize,
}

impl Outcome {
    fn answered_per_second(&self) -> f64 {
        self.answered.len() as f64 / self.time.as_secs_f64()
    }

    fn sent(&self) -> usize {
        self.answered.len() + self.refused.len() + self.other
    }
}

impl Load {
    async fn run(self) -> Result<Outcome> {
        let connections = if self.rate.is_some() { CONNECTIONS } else { RUNNING_MAX };
        let (start, cpu) = (Instant::now(), own_cpu()?);
        let load = Rc::new(self);
        let turn = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..connections)
            .map(|_| tokio::task::spawn_local(Rc::clone(&load).ask(start, Rc::clone(&turn))))
            .collect();
        let mut outcome = Outcome::default();
        for task in tasks {
            let one = task.await??;
            outcome.answered.extend(one.answered);
            outcome.refused.extend(one.refused);
            outcome.other += one.other;
        }
        outcome.time = start.elapsed();
        outcome.cpu = own_cpu()? - cpu;
        Ok(outcome)
    }

    /// Send the requests whose turn comes while this connection is free.
    async fn ask(self: Rc<Self>, start: Instant, turn: Rc<Cell<u32>>) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut connection = Connection::open(self.to).await?;
        loop {
            if let Some(rate) = self.rate {
                let due = start + Duration::from_secs_f64(f64::from(turn.get()) / rate);
                turn.set(turn.get() + 1);
                tokio::time::sleep_until(due.into()).await;
            }
            if start.elapsed() >= self.time {
                return Ok(outcome);
            }
            let sent = Instant::now();
            match connection.exchange(&self.request).await {
                Ok(200) => outcome.answered.push(sent.elapsed()),
                Ok(503) => outcome.refused.push(sent.elapsed()),
                other => {
                    outcome.other += 1;
                    if other.is_err() {
                        connection = Connection::open(self.to).await?;
                    }
                }
            }
        }
    }
}

fn own_cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let times = [usage.user_time(), usage.system_time()];
    let micros = times.map(|time| time.tv_sec() * 1_000_000 + time.tv_usec());
    Ok(Duration::from_micros(u64::try_from(micros.iter().sum::<i64>())?))
}

/// An HTTP/1.1 connection, with no more of the protocol than this server's answers need.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    /// Send a request, read its answer to the end, and give the status.
    async fn exchange(&mut self, request: &str) -> Result<u16> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let mut whole = None;
        while whole.is_none_or(|whole| self.buffer.len() < whole) {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the connection ended".into());
            }
            if whole.is_none() {
                whole = whole_length(&self.buffer);
            }
        }
        let status = self.buffer.get(9..12).ok_or("no status")?;
        Ok(std::str::from_utf8(status)?.parse()?)
    }
}

/// The length of an answer, once its head is there.
fn whole_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(bytes.get(..head)?).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some(head + 4 + length.unwrap_or(0))
}

/// Asks for `/livez` all the time.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<io::Result<Duration>>,
}

impl Watch {
    fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut slowest = Duration::ZERO;
            while !told.load(Ordering::Relaxed) {
                let start = Instant::now();
                let mut stream = std::net::TcpStream::connect(address)?;
                stream.set_read_timeout(Some(Duration::from_secs(30)))?;
                stream.write_all(
                    b"GET /livez HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n",
                )?;
                let mut answer = String::new();
                stream.read_to_string(&mut answer)?;
                if !answer.starts_with("HTTP/1.1 200") {
                    return Err(io::Error::other(format!("/livez: {answer}")));
                }
                slowest = slowest.max(start.elapsed());
                std::thread::sleep(LIVEZ_INTERVAL);
            }
            Ok(slowest)
        });
        Self { stop, thread }
    }

    /// The slowest answer.
    fn stop(self) -> Result<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| "the watch failed")??)
    }
}

/// After which time requests are answered as before, one after the other.
async fn recovery(to: SocketAddr, request: &str) -> Result<Option<Duration>> {
    let start = Instant::now();
    let mut connection = Connection::open(to).await?;
    let (mut run, mut since) = (0, start);
    while run < NORMAL_RUN && start.elapsed() < RECOVERY_MAX {
        let sent = Instant::now();
        let status = connection.exchange(request).await?;
        if status == 200 && sent.elapsed() <= NORMAL {
            if run == 0 {
                since = sent;
            }
            run += 1;
        } else {
            run = 0;
        }
    }
    Ok((run == NORMAL_RUN).then(|| since - start))
}

fn percentile(times: &[Duration], share: f64) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    let index = (times.len() as f64 * share) as usize;
    times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}
