//! The load, and what it costs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

use crate::servers::{Database, Entry, Running};
use crate::support::Result;
use crate::support::postgres::Cluster;
use crate::support::process::output;

const SCRIPT: &str = include_str!("load.lua");
/// Of processor time, in a while.
const IDLE: Duration = Duration::from_millis(10);
const IDLE_WHILE: Duration = Duration::from_millis(300);
const IDLE_WAIT_MAX: Duration = Duration::from_secs(60);

/// How servers are asked.
pub struct Load {
    pub connections: u32,
    /// How often each server is asked.
    pub rounds: u32,
    /// How long, each time.
    pub time: Duration,
    pub warm_up: Duration,
    /// For requests and the script.
    pub folder: PathBuf,
}

/// What a query costs on a server.
#[derive(Clone, Serialize)]
pub struct Measurement {
    pub at: u64,
    pub productions: u32,
    pub server: &'static str,
    pub is_sqlite: bool,
    pub query: &'static str,
    pub connections: u32,
    pub seconds: f64,
    pub requests: u64,
    /// Requests that failed or were refused.
    pub errors: u64,
    pub bytes_per_answer: u64,
    pub requests_per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Processor time for a request.
    pub server_cpu_ms: f64,
    pub database_cpu_ms: f64,
    /// How much of one processor the load itself took.
    pub load_cpu_share: f64,
    pub peak_mib: f64,
}

impl Measurement {
    pub fn cpu_ms(&self) -> f64 {
        self.server_cpu_ms + self.database_cpu_ms
    }
}

/// What the script tells at the end.
#[derive(Deserialize)]
struct Outcome {
    requests: u64,
    duration_us: u64,
    bytes: u64,
    p50_us: u64,
    p99_us: u64,
    errors: u64,
    /// Answers that are no data, where they were looked into.
    wrong: u64,
    complaint: String,
}

pub fn find_wrk() -> Result {
    // It tells its version, and that as a failure.
    match Command::new("wrk").arg("--version").output() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("wrk ({error}) makes the load: apt-get install wrk").into()),
    }
}

/// A server with the requests that are put to it.
pub struct Rival<'a> {
    pub entry: &'static Entry,
    pub server: &'a Running,
    pub bodies: Vec<String>,
}

/// What a query cost in one round.
struct Round {
    seconds: f64,
    requests: u64,
    errors: u64,
    bytes: u64,
    p50_ms: f64,
    p99_ms: f64,
    server_cpu_ms: f64,
    database_cpu_ms: f64,
    load_cpu_share: f64,
}

impl Load {
    /// Put a query to some servers, to one after the other in each round: how fast a computer is
    /// changes with time, and what is compared must not.
    pub fn measure(
        &self,
        rivals: &[Rival<'_>],
        postgres: &Cluster,
        query: &'static str,
    ) -> Vec<Result<Measurement>> {
        let warm_up = |rival: &Rival<'_>| -> Result<Vec<Round>> {
            rival.server.forget_peak()?;
            self.warm_up(rival)?;
            Ok(Vec::new())
        };
        let mut measured: Vec<Result<Vec<Round>>> = rivals.iter().map(warm_up).collect();
        for number in 0..self.rounds {
            for (rival, rounds) in rivals.iter().zip(&mut measured) {
                let Ok(of_rival) = rounds else { continue };
                match self.round(rival, postgres, number) {
                    Ok(round) => of_rival.push(round),
                    Err(error) => *rounds = Err(error),
                }
            }
        }
        let told = rivals.iter().zip(measured);
        told.map(|(rival, rounds)| self.median(rival, query, &rounds?)).collect()
    }

    fn warm_up(&self, rival: &Rival<'_>) -> Result {
        // Not with the requests that are measured first, as far as there are others.
        let warm_up = self.wrk(rival, self.warm_up, rival.bodies.len() / 2, true)?;
        if warm_up.errors + warm_up.wrong > 0 {
            return Err(format!(
                "{} of {} requests failed, {} answers were wrong: {}",
                warm_up.errors, warm_up.requests, warm_up.wrong, warm_up.complaint
            )
            .into());
        }
        Ok(())
    }

    fn round(&self, rival: &Rival<'_>, postgres: &Cluster, number: u32) -> Result<Round> {
        // Each with other requests, as far as there are others.
        let skipped = rival.bodies.len() * number as usize / self.rounds as usize;
        let (server_before, postgres_before) = when_idle(rival.server, postgres)?;
        let load_before = load_cpu()?;
        let outcome = self.wrk(rival, self.time, skipped, false)?;
        let load_cpu = load_cpu()?.saturating_sub(load_before);
        let (server_after, postgres_after) = when_idle(rival.server, postgres)?;
        if outcome.requests == 0 {
            return Err("no request was answered".into());
        }

        // Those that were under way at the end cost something, too: half of it, say.
        let requests = outcome.requests as f64 + f64::from(self.connections) / 2.0;
        let cpu_ms =
            |from: Duration, to: Duration| to.saturating_sub(from).as_secs_f64() * 1e3 / requests;
        let seconds = outcome.duration_us as f64 / 1e6;
        Ok(Round {
            seconds,
            requests: outcome.requests,
            errors: outcome.errors,
            bytes: outcome.bytes,
            p50_ms: outcome.p50_us as f64 / 1e3,
            p99_ms: outcome.p99_us as f64 / 1e3,
            server_cpu_ms: cpu_ms(server_before, server_after),
            database_cpu_ms: cpu_ms(postgres_before, postgres_after),
            load_cpu_share: load_cpu.as_secs_f64() / seconds,
        })
    }

    /// All rounds in one: counts are of all of them, and of the rest it is the median.
    fn median(
        &self,
        rival: &Rival<'_>,
        query: &'static str,
        rounds: &[Round],
    ) -> Result<Measurement> {
        let sum = |of: fn(&Round) -> u64| rounds.iter().map(of).sum::<u64>();
        let median = |of: fn(&Round) -> f64| {
            let mut all: Vec<f64> = rounds.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        let requests = sum(|round| round.requests);
        Ok(Measurement {
            at: 0,
            productions: 0,
            server: rival.entry.name,
            is_sqlite: rival.entry.database == Database::Sqlite,
            query,
            connections: self.connections,
            seconds: rounds.iter().map(|round| round.seconds).sum(),
            requests,
            errors: sum(|round| round.errors),
            bytes_per_answer: sum(|round| round.bytes) / requests,
            requests_per_second: median(|round| round.requests as f64 / round.seconds),
            p50_ms: median(|round| round.p50_ms),
            p99_ms: median(|round| round.p99_ms),
            server_cpu_ms: median(|round| round.server_cpu_ms),
            database_cpu_ms: median(|round| round.database_cpu_ms),
            load_cpu_share: median(|round| round.load_cpu_share),
            peak_mib: rival.server.peak_kib()? as f64 / 1024.0,
        })
    }

    fn wrk(
        &self,
        rival: &Rival<'_>,
        time: Duration,
        skipped: usize,
        is_checked: bool,
    ) -> Result<Outcome> {
        let requests = self.folder.join("requests");
        fs::write(&requests, rival.bodies.join("\n") + "\n")?;
        fs::write(self.folder.join("load.lua"), SCRIPT)?;
        let url = rival.server.url();
        let mut wrk = Command::new("wrk");
        wrk.args(["--threads", "1", "--timeout", "30s", "--script"]);
        wrk.arg(self.folder.join("load.lua"));
        wrk.args(["--connections", &self.connections.to_string()]);
        wrk.args(["--duration", &format!("{}s", time.as_secs()), url, "--"]).arg(&requests);
        wrk.arg(skipped.to_string()).arg(if is_checked { "checked" } else { "unchecked" });
        let text = output(&mut wrk)?;
        let line = text.lines().find_map(|line| line.strip_prefix("outcome "));
        let line = line.ok_or_else(|| format!("wrk: {}", text.trim()))?;
        Ok(serde_json::from_str(line)?)
    }
}

/// Processor times of a server and its connections, once both have nothing more to do.
fn when_idle(server: &Running, postgres: &Cluster) -> Result<(Duration, Duration)> {
    let start = Instant::now();
    let now =
        || Ok::<_, Box<dyn std::error::Error>>((server.cpu()?, postgres.cpu_of_connections()?));
    let mut before = now()?;
    loop {
        sleep(IDLE_WHILE);
        let after = now()?;
        if (after.0 + after.1).saturating_sub(before.0 + before.1) <= IDLE {
            return Ok(after);
        }
        if start.elapsed() > IDLE_WAIT_MAX {
            return Err("the server does not come to rest".into());
        }
        before = after;
    }
}

/// Processor time of the commands that this process ran.
fn load_cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let times = [usage.user_time(), usage.system_time()];
    let micros = times.map(|time| time.tv_sec() * 1_000_000 + time.tv_usec());
    Ok(Duration::from_micros(u64::try_from(micros.iter().sum::<i64>())?))
}
