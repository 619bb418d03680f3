//! What a request costs, beside other GraphQL servers and the plain limit: `make bench`.
//!
//! The same questions are put to every server over the same invented catalogue, one server after
//! the other, in several rounds. Its answers are first compared with those of plain SQL, value by
//! value; then `wrk` asks as fast as it is answered. Costs are processor times, of the server and
//! of the connections that it has to PostgreSQL: requests per second say less where load, server
//! and database share the processors, as here. On Linux only: costs are read from `/proc`.
//!
//! What every server is asked stands in `variables` and `answers`, as SQL; in which words, in
//! `queries` for this program and in `peers` for the others.

mod answers;
mod catalogue;
mod idle;
mod kept;
mod load;
mod plot;
mod questions;
mod servers;
#[allow(dead_code, reason = "the benches share it")]
#[path = "../support/mod.rs"]
mod support;
mod table;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Arg, ArgMatches, value_parser};

use catalogue::Catalogue;
use load::{Load, Measurement, Rival};
use questions::{QUERIES, Question};
use servers::{Entry, Peers, Running, SERVERS};
use support::Result;
use support::text::grouped;

fn main() -> ExitCode {
    match bench() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => support::ended(Err(error)),
    }
}

fn command() -> clap::Command {
    let number = |name: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_parser(value_parser!(u32).range(1..))
            .default_value(default)
            .help(help)
    };
    let names = |name: &'static str, known: Vec<&'static str>, help: &'static str| {
        let known = clap::builder::PossibleValuesParser::new(known);
        Arg::new(name).long(name).value_delimiter(',').value_parser(known).help(help)
    };
    let folder = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_parser(value_parser!(PathBuf)).help(help)
    };
    let servers = SERVERS.iter().map(|server| server.name).collect();
    clap::Command::new("compare")
        .arg(number("productions", "10000", "Size of the catalogue, 100 to 20000000"))
        .arg(names("servers", servers, "Only these, separated by commas"))
        .arg(names("queries", QUERIES.to_vec(), "Only these, separated by commas"))
        .arg(number("rounds", "3", "How often each query is put to each server, in turns"))
        .arg(number("seconds", "4", "How long, each time"))
        .arg(number("warm-up", "3", "How many seconds it runs before"))
        .arg(number("connections", "32", "Connections that ask at once"))
        .arg(folder("folder", "Where catalogues and results are kept, rather than below target"))
        .arg(folder("plots", "Where pictures of the results are written"))
        .arg(Arg::new("kept").long("kept").num_args(0).help(
            "Tell what an answer costs that is kept, beside a handler that does nothing, instead",
        ))
        .arg(
            Arg::new("idle")
                .long("idle")
                .num_args(0)
                .help("Tell what this program takes to start and to hold connections, instead"),
        )
        .arg(Arg::new("bench").long("bench").num_args(0).hide(true))
}

/// Whether all went well.
fn bench() -> Result<bool> {
    let matches = command().get_matches();
    // `cargo test --all-targets` runs benches without it.
    if !matches.get_flag("bench") {
        return Ok(true);
    }
    let number = |name: &str| matches.get_one(name).copied().ok_or_else(|| format!("no {name}"));
    let productions: u32 = number("productions")?;
    let folder = match matches.get_one::<PathBuf>("folder") {
        Some(folder) => std::path::absolute(folder)?,
        None => target().join("compare"),
    };
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("the folder {}: {error}", folder.display()))?;
    if matches.get_flag("idle") {
        let text = idle::run(&catalogue::file(&folder, productions)?)?;
        print(&text)?;
        return Ok(true);
    }
    load::find_wrk()?;
    let queries = chosen(&matches, "queries", QUERIES, |query| query);
    let servers = chosen(&matches, "servers", SERVERS, |server| server.name);
    let load = Load {
        connections: number("connections")?,
        rounds: number("rounds")?,
        time: Duration::from_secs(number("seconds")?.into()),
        warm_up: Duration::from_secs(number("warm-up")?.into()),
        folder: folder.clone(),
    };

    let catalogue = Catalogue::open(&folder, productions)?;
    let mut peers = Peers::new(target().join("peers"));
    if matches.get_flag("kept") {
        print(&kept::run(&catalogue, &load, &mut peers)?)?;
        return Ok(true);
    }
    let mut questions = Vec::new();
    for query in queries {
        questions.push(Question::read(&catalogue, query)?);
    }
    let mut run = Run { catalogue, load, at: now()?, failures: Vec::new(), measured: Vec::new() };
    let mut running = Vec::new();
    for server in servers {
        let Ok(command) = peers
            .command(server, &run.catalogue)
            .inspect_err(|error| eprintln!("{} is left out: {error}", server.name))
        else {
            continue;
        };
        match Running::start(server, command, &run.load.folder) {
            Ok(started) => running.push((server, started)),
            Err(error) => run.fail(format!("{}: {error}", server.name)),
        }
    }
    for question in &questions {
        run.question(question, &mut running)?;
    }
    for (entry, mut server) in running {
        if let Err(error) = server.stop() {
            run.fail(format!("{}: {error}", entry.name));
        }
    }
    let heading = format!(
        "{} productions, {}, {} processors, {} connections, {} rounds of {} s",
        grouped(productions.into()),
        run.catalogue.postgres.version()?,
        std::thread::available_parallelism()?,
        run.load.connections,
        run.load.rounds,
        run.load.time.as_secs(),
    );
    print(&table::text(&heading, &run.measured, run.load.connections))?;
    if let Some(plots) = matches.get_one::<PathBuf>("plots") {
        plot::write(plots, &heading, &run.measured)?;
    }
    for failure in &run.failures {
        eprintln!("error: {failure}");
    }
    Ok(run.failures.is_empty())
}

/// Those that are named, or all.
fn chosen<'a, T>(
    matches: &ArgMatches,
    argument: &str,
    all: &'a [T],
    name: impl Fn(&'a T) -> &'a str,
) -> Vec<&'a T> {
    let named: Option<Vec<&String>> = matches.get_many(argument).map(Iterator::collect);
    let is_named = |it: &str| named.as_ref().is_none_or(|named| named.iter().any(|n| *n == it));
    all.iter().filter(|it| is_named(name(it))).collect()
}

/// Everything that is measured for one size of catalogue.
struct Run {
    catalogue: Catalogue,
    load: Load,
    /// Seconds since 1970, by which the results of a run belong together.
    at: u64,
    failures: Vec<String>,
    measured: Vec<Measurement>,
}

impl Run {
    fn fail(&mut self, failure: String) {
        eprintln!("error: {failure}");
        self.failures.push(failure);
    }

    /// Put a question to all servers; where one fails, that is told, and not measured.
    fn question(
        &mut self,
        question: &Question,
        running: &mut Vec<(&'static Entry, Running)>,
    ) -> Result {
        let query = question.query;
        let mut rivals = Vec::new();
        for (entry, server) in running.iter() {
            match servers::bodies(entry, server, question) {
                Ok(None) => eprintln!("{}: {query} is left out: it has no such query", entry.name),
                Ok(Some(bodies)) => match question.compare(server, &bodies) {
                    Ok(()) => rivals.push(Rival { entry, server, bodies }),
                    Err(error) => self.fail(format!("{}: {query}: {error}", entry.name)),
                },
                Err(error) => self.fail(format!("{}: {query}: {error}", entry.name)),
            }
        }
        let measured = self.load.measure(&rivals, &self.catalogue.postgres, query);
        for (rival, measured) in rivals.iter().zip(measured) {
            match measured {
                Ok(measurement) => {
                    let (at, productions) = (self.at, self.catalogue.productions);
                    let measurement = Measurement { at, productions, ..measurement };
                    eprintln!("{}", table::line(&measurement));
                    self.keep(&measurement)?;
                    self.measured.push(measurement);
                }
                Err(error) => self.fail(format!("{}: {query}: {error}", rival.entry.name)),
            }
        }
        running.retain(|(entry, server)| {
            let is_there = !server.has_ended();
            if !is_there {
                self.fail(format!("{} ended: {}", entry.name, server.log()));
            }
            is_there
        });
        Ok(())
    }

    /// A line of JSON for each result, so that runs can be compared.
    fn keep(&self, measurement: &Measurement) -> Result {
        let path = self.load.folder.join("results.jsonl");
        let mut file = std::fs::File::options().create(true).append(true).open(path)?;
        writeln!(file, "{}", serde_json::to_string(measurement)?)?;
        Ok(())
    }
}

/// The folder for what benches make.
fn target() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap_or(temporary).join("bench")
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn print(text: &str) -> Result {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
