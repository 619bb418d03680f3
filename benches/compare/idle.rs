//! What this program takes while nobody asks: to start, to be there, and for each connection.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::program::Server;
use crate::support::text::{grouped, mib, table};
use crate::support::{Result, temporary_folder};

const CONNECTIONS: u32 = 1_000;
/// So many requests on one connection come first, so that what is made once is not counted for
/// connections.
const FIRST_REQUESTS: u32 = 1_000;
const QUERY: &str = "{ productions(first: 10) { nodes { id title } } }";
const STARTS: usize = 5;
/// What a start leaves to be done is done by then.
const REST: Duration = Duration::from_secs(1);

pub fn run(file: &Path) -> Result<String> {
    let folder = temporary_folder()?;
    let url = format!("sqlite://{}", file.display());
    let start = || -> Result<(Server, Duration)> {
        let start = Instant::now();
        Ok((Server::start(folder.path(), &url)?, start.elapsed()))
    };
    let mut starts = Vec::new();
    for _ in 1..STARTS {
        let (server, time) = start()?;
        server.stop()?;
        starts.push(time);
    }
    let (server, time) = start()?;
    starts.push(time);
    starts.sort_unstable();

    allow_connections()?;
    let resident = || -> Result<u64> {
        sleep(REST);
        Ok(server.process()?.resident_kib()? * 1024)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let idle = resident()?;
    let connection = runtime.block_on(async {
        let mut stream = TcpStream::connect(server.address).await?;
        for _ in 0..FIRST_REQUESTS {
            ask(&mut stream).await?;
        }
        Ok::<_, Box<dyn std::error::Error>>(stream)
    })?;
    let used = resident()?;
    let connections = runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(server.address).await?;
            ask(&mut stream).await?;
            streams.push(stream);
        }
        Ok::<_, Box<dyn std::error::Error>>(streams)
    })?;
    let held = resident()?;
    drop((connection, connections));
    server.stop()?;

    let each = held.saturating_sub(used) as f64 / f64::from(CONNECTIONS) / 1024.0;
    let median = starts[STARTS / 2].as_secs_f64() * 1e3;
    let row = |what: String, value: String| vec![what, value];
    Ok(format!(
        "\n{}",
        table(&[
            row("SQLite".to_owned(), String::new()),
            row(format!("start, until it is ready, median of {STARTS}"), format!("{median:.0} ms")),
            row("memory, idle".to_owned(), format!("{} MiB", mib(idle))),
            row(
                format!("memory after {} requests on a connection", grouped(FIRST_REQUESTS.into())),
                format!("{} MiB", mib(used)),
            ),
            row(
                format!("memory with {} more open connections", grouped(CONNECTIONS.into())),
                format!("{} MiB", mib(held)),
            ),
            row("memory for each of them".to_owned(), format!("{each:.1} KiB")),
        ])
    ))
}

/// Each connection is an open file here and there, and children have the limit of their parent; the
/// server raises its own.
fn allow_connections() -> Result {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}

/// Ask on a connection, and read the answer to its end.
async fn ask(stream: &mut TcpStream) -> Result {
    let body = json!({ "query": QUERY }).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         accept: application/graphql-response+json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(4 << 10);
    while !is_whole(&answer) {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err("the server closed a connection".into());
        }
    }
    if !answer.starts_with(b"HTTP/1.1 200") {
        return Err(String::from_utf8_lossy(&answer).into());
    }
    Ok(())
}

/// Answers to the query are short, and their length is told.
fn is_whole(answer: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(answer) else { return false };
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or_default()
}
