//! What importing the IMDb data set costs, beside the plain limit and a peer: `make bench-import`.
//!
//! For each number of titles, all in one run, so that a slow computer cancels out: files of two days
//! are generated, decompressed and nothing else, imported into SQLite and into a PostgreSQL of their
//! own, and imported by imdb-sqlite. On Linux only: PostgreSQL's processes are read from `/proc`.
//!
//! The program calls itself for two things. To measure a command it lies between the two as a small
//! process whose only child is the command, for the system tells the CPU time and the memory of
//! children, not of one child. To decompress, it is that command.

#[allow(dead_code, reason = "the benches share it")]
mod support;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};
use std::{env, iter};

use clap::{Arg, value_parser};
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use nix::sys::resource::{UsageWho, getrusage};
use shotlist::import::generate::imdb::{self, Options};
use tempfile::TempDir;

use support::postgres::Cluster;
use support::process::output;
use support::text::{self, grouped, mib};
use support::{Result, ended, temporary_folder};

/// First arguments with which the program calls itself.
const DECOMPRESS: &str = "--decompress-alone";
const MEASURE: &str = "--measure-command";

const PEER: &str = "imdb-sqlite==2.1.0";
const CHURN_PER_MILLE: u32 = 4;
const DECOMPRESS_RUNS: u32 = 3;
const DATABASE: &str = "bench";
/// What the project reads at once, too.
const BUFFER_BYTES: usize = 64 * 1024;

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    ended(match args.next() {
        Some(first) if first == DECOMPRESS => args.map(PathBuf::from).try_for_each(decompress),
        Some(first) if first == MEASURE => measure_alone(args),
        _ => bench(),
    })
}

fn bench() -> Result {
    let matches = clap::Command::new("import")
        .arg(
            Arg::new("titles")
                .num_args(0..)
                .value_parser(value_parser!(u32).range(1_000..=20_000_000))
                .default_value("200000")
                .help("Sizes of data sets, one after the other"),
        )
        .arg(Arg::new("no-peer").long("no-peer").num_args(0).help("Leave imdb-sqlite out"))
        .arg(Arg::new("bench").long("bench").num_args(0).hide(true))
        .get_matches();
    // `cargo test --all-targets` runs benches without it.
    if !matches.get_flag("bench") {
        return Ok(());
    }
    let peer = if matches.get_flag("no-peer") { Err("--no-peer".into()) } else { Peer::install() };
    if let Err(error) = &peer {
        eprintln!("imdb-sqlite is left out: {error}");
    }
    for titles in matches.get_many("titles").into_iter().flatten() {
        let table = Comparison::run(*titles, peer.as_ref().ok())?.table();
        let mut out = io::stdout().lock();
        out.write_all(table.as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

/// What a command cost, with all of its threads and children.
struct Cost {
    /// Of user and system.
    cpu: Duration,
    wall: Duration,
    /// The most memory that one of its processes had.
    peak_kib: u64,
}

/// Run a command in a folder and see what it costs; one that fails is an error.
fn measure(command: &Command, folder: &Path) -> Result<Cost> {
    let mut between = Command::new(env::current_exe()?);
    between.arg(MEASURE).arg(command.get_program()).args(command.get_args()).current_dir(folder);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("SHOTLIST_") {
            between.env_remove(name);
        }
    }
    let numbers = output(&mut between)?;
    let mut numbers = numbers.split_whitespace().map(str::parse);
    let mut next = || numbers.next().ok_or("the measuring process said too little");
    let (cpu_us, wall_us, peak_kib) = (next()??, next()??, next()??);
    let (cpu, wall) = (Duration::from_micros(cpu_us), Duration::from_micros(wall_us));
    Ok(Cost { cpu, wall, peak_kib })
}

/// Run a command, of which this process has no other beside it, and print its cost.
fn measure_alone(mut command: impl Iterator<Item = OsString>) -> Result {
    let program = command.next().ok_or("there is no command")?;
    let start = Instant::now();
    let status = Command::new(&program).args(command).stdout(Stdio::null()).status()?;
    let wall = start.elapsed();
    if !status.success() {
        return Err(format!("{} ended with {status}", program.display()).into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let us = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    let cpu_us = us(usage.user_time()) + us(usage.system_time());
    writeln!(io::stdout(), "{cpu_us} {} {}", wall.as_micros(), usage.max_rss())?;
    Ok(())
}

/// The plain limit: what every importer has to do.
fn decompress(path: PathBuf) -> Result {
    let file = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
    let mut text = BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(file));
    io::copy(&mut text, &mut io::sink())?;
    Ok(())
}

/// The files of a day.
struct Day {
    folder: PathBuf,
    files: Vec<PathBuf>,
    rows: u64,
    text_bytes: u64,
}

impl Day {
    fn generate(folder: PathBuf, titles: u32, day: u32) -> Result<Self> {
        let options = Options { titles, seed: 1, day, churn_per_mille: CHURN_PER_MILLE };
        let sizes = imdb::generate(&folder, &options)
            .map_err(|error| format!("the files cannot be generated: {error}"))?
            .files;
        Ok(Self {
            files: sizes.keys().map(|name| folder.join(name)).collect(),
            rows: sizes.values().map(|size| size.rows).sum(),
            text_bytes: sizes.values().map(|size| size.text_bytes).sum(),
            folder,
        })
    }

    fn packed_bytes(&self) -> Result<u64> {
        self.files.iter().map(|file| Ok(fs::metadata(file)?.len())).sum()
    }

    /// A folder of the same files, but without the lines that repeat the one before where the peer
    /// stops at them: at the keys of two of its tables.
    fn without_repeated_keys(&self) -> Result<PathBuf> {
        let folder = self.folder.join("peer");
        fs::create_dir(&folder)?;
        for file in &self.files {
            let name = file.file_name().unwrap_or_default();
            let path = folder.join(name);
            if name != "title.basics.tsv.gz" && name != "title.ratings.tsv.gz" {
                fs::hard_link(file, path)?;
                continue;
            }
            let mut lines = BufReader::new(MultiGzDecoder::new(BufReader::new(File::open(file)?)));
            let mut kept = BufWriter::new(GzEncoder::new(File::create(path)?, Compression::new(6)));
            let (mut line, mut last) = (Vec::new(), Vec::new());
            while lines.read_until(b'\n', &mut line)? > 0 {
                if line != last {
                    kept.write_all(&line)?;
                }
                (line, last) = (last, line);
                line.clear();
            }
            kept.into_inner().map_err(IntoInnerError::into_error)?.finish()?;
        }
        Ok(folder)
    }

    fn import_into(&self, url: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shotlist"));
        command.args(["import", "imdb", "--database-url", url]).arg(&self.folder);
        command
    }
}

/// A line of the table.
struct Row {
    what: &'static str,
    cost: Cost,
    /// Rows of the files that were read.
    rows: u64,
    result_bytes: Option<u64>,
}

/// Everything of one size.
struct Comparison {
    heading: String,
    rows: Vec<Row>,
    has_peer: bool,
}

impl Comparison {
    fn run(titles: u32, peer: Option<&Peer>) -> Result<Self> {
        let say = |what: &str| eprintln!("{} titles: {what}", grouped(titles.into()));
        let folder = temporary_folder()?;
        let folder = folder.path();

        say("generating two days");
        let first = Day::generate(folder.join("day1"), titles, 1)?;
        let second = Day::generate(folder.join("day2"), titles, 2)?;
        let imports = |names: [&'static str; 3]| names.into_iter().zip([&first, &second, &second]);
        let mut rows = Vec::new();

        say("decompressing");
        let mut command = Command::new(env::current_exe()?);
        command.arg(DECOMPRESS).args(&first.files);
        let mut cost = measure(&command, folder)?;
        for _ in 1..DECOMPRESS_RUNS {
            let again = measure(&command, folder)?;
            if again.cpu < cost.cpu {
                cost = again;
            }
        }
        rows.push(Row { what: "decompress alone", cost, rows: first.rows, result_bytes: None });

        let file = folder.join("shotlist.db");
        for (what, day) in imports([
            "shotlist, SQLite: first import",
            "shotlist, SQLite: refresh with the next day",
            "shotlist, SQLite: the same files again",
        ]) {
            say(what);
            let url = format!("sqlite://{}", file.display());
            let cost = measure(&day.import_into(&url), folder)?;
            let result_bytes = Some(fs::metadata(&file)?.len());
            rows.push(Row { what, cost, rows: day.rows, result_bytes });
        }
        fs::remove_file(&file)?;

        let cluster = Cluster::temporary()?;
        cluster.sql("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
        for (what, day) in imports([
            "shotlist, PostgreSQL: first import",
            "shotlist, PostgreSQL: refresh with the next day",
            "shotlist, PostgreSQL: the same files again",
        ]) {
            say(what);
            let before = cluster.cpu_when_left()?;
            let mut cost = measure(&day.import_into(&cluster.url(DATABASE)), folder)?;
            cost.cpu += cluster.cpu_when_left()?.saturating_sub(before);
            let result_bytes = Some(
                cluster.sql(DATABASE, "SELECT pg_database_size(current_database())")?.parse()?,
            );
            rows.push(Row { what, cost, rows: day.rows, result_bytes });
        }
        let heading = format!(
            "{} titles: {} rows, {} MiB of text, {} MiB compressed ({}, {} cores)",
            grouped(titles.into()),
            grouped(first.rows),
            mib(first.text_bytes),
            mib(first.packed_bytes()?),
            cluster.version()?,
            available_parallelism()?,
        );
        drop(cluster);

        if let Some(peer) = peer {
            let what = "imdb-sqlite 2.1.0, SQLite: first import";
            say(what);
            let file = folder.join("peer.db");
            let cost = measure(&peer.import(&first.without_repeated_keys()?, &file), folder)?;
            let result_bytes = Some(fs::metadata(&file)?.len());
            rows.push(Row { what, cost, rows: first.rows, result_bytes });
        }
        Ok(Self { heading, rows, has_peer: peer.is_some() })
    }

    /// As Markdown.
    fn table(&self) -> String {
        let header =
            ["what", "CPU s", "× decompress", "wall s", "rows/CPU s", "peak MiB", "result MiB"]
                .map(str::to_owned);
        let limit = self.rows.first().map_or(f64::NAN, |row| row.cost.cpu.as_secs_f64());
        let cells = self.rows.iter().map(|row| {
            let cpu = row.cost.cpu.as_secs_f64();
            [
                row.what.to_owned(),
                format!("{cpu:.2}"),
                format!("{:.1}", cpu / limit),
                format!("{:.2}", row.cost.wall.as_secs_f64()),
                grouped((row.rows as f64 / cpu) as u64),
                mib(row.cost.peak_kib * 1024),
                row.result_bytes.map_or_else(|| "-".to_owned(), mib),
            ]
        });
        let lines: Vec<_> = iter::once(header).chain(cells).map(Vec::from).collect();
        let mut text = format!("\n{}\n\n{}", self.heading, text::table(&lines));
        text += "\nCPU is user and system, with PostgreSQL that of the server too; its memory is the \
            client's alone.\nRows are those of all seven files.";
        if self.has_peer {
            text += " imdb-sqlite reads six of them, cannot refresh, and is spared repeated\nlines, \
                at which it stops.";
        }
        text.push('\n');
        text
    }
}

/// imdb-sqlite in a Python environment of its own.
struct Peer {
    folder: TempDir,
}

impl Peer {
    fn install() -> Result<Self> {
        eprintln!("installing {PEER}");
        let folder = temporary_folder()?;
        output(Command::new("python3").args(["-m", "venv"]).arg(folder.path()))?;
        let python = folder.path().join("bin/python");
        output(Command::new(python).args(["-m", "pip", "install", "--quiet", PEER]))?;
        Ok(Self { folder })
    }

    /// It downloads only what the folder lacks.
    fn import(&self, files: &Path, database: &Path) -> Command {
        let mut command = Command::new(self.folder.path().join("bin/imdb-sqlite"));
        command.arg("--cache-dir").arg(files).arg("--db").arg(database);
        command
    }
}
