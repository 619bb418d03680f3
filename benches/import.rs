//! What importing the IMDb data set costs, beside the plain limit and a peer: `make bench-import`.
//!
//! For each number of titles, all in one run, so that a slow computer cancels out: files of two days
//! are generated, decompressed and nothing else, imported into SQLite and into a PostgreSQL of their
//! own, and imported by imdb-sqlite. On Linux only: PostgreSQL's processes are read from `/proc`.
//!
//! The program calls itself for two things. To measure a command it lies between the two as a small
//! process whose only child is the command, for the system tells the CPU time and the memory of
//! children, not of one child. To decompress, it is that command.

use std::error::Error;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, IntoInnerError, Write};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};
use std::{env, iter};

use clap::{Arg, value_parser};
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::{SysconfVar, Uid, User, sysconf};
use shotlist::import::generate::imdb::{self, Options};
use tempfile::TempDir;

/// First arguments with which the program calls itself.
const DECOMPRESS: &str = "--decompress-alone";
const MEASURE: &str = "--measure-command";

const PEER: &str = "imdb-sqlite==2.1.0";
const CHURN_PER_MILLE: u32 = 4;
const DECOMPRESS_RUNS: u32 = 3;
const DATABASE: &str = "bench";
/// What the project reads at once, too.
const BUFFER_BYTES: usize = 64 * 1024;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let ended = match args.next() {
        Some(first) if first == DECOMPRESS => args.map(PathBuf::from).try_for_each(decompress),
        Some(first) if first == MEASURE => measure_alone(args),
        _ => bench(),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
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

/// What a command prints; one that fails is an error, with what it complained of.
fn output(command: &mut Command) -> Result<String> {
    let output = command.output();
    let program = Path::new(command.get_program()).display();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}: {}", output.status, complaint.trim()).into())
}

fn temporary_folder() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("shotlist-bench-").tempdir()
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

        let cluster = Cluster::start()?;
        for (what, day) in imports([
            "shotlist, PostgreSQL: first import",
            "shotlist, PostgreSQL: refresh with the next day",
            "shotlist, PostgreSQL: the same files again",
        ]) {
            say(what);
            let before = cluster.cpu()?;
            let mut cost = measure(&day.import_into(&cluster.url()), folder)?;
            cost.cpu += cluster.cpu()?.saturating_sub(before);
            let result_bytes = Some(cluster.database_bytes()?);
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
            ["what", "CPU s", "× decompress", "wall s", "rows/CPU s", "peak MiB", "result MiB"];
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
        let lines: Vec<_> = iter::once(header.map(str::to_owned)).chain(cells).collect();
        let width = |column: usize| {
            lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
        };
        let widths: [usize; 7] = std::array::from_fn(width);
        let mut text = format!("\n{}\n\n", self.heading);
        for (number, line) in lines.iter().enumerate() {
            for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
                text += &match column {
                    0 => format!("| {cell:<width$} |"),
                    _ => format!(" {cell:>width$} |"),
                };
            }
            text.push('\n');
            if number == 0 {
                for (column, width) in widths.into_iter().enumerate() {
                    text += &match column {
                        0 => format!("|{:-<1$}|", "", width + 2),
                        _ => format!("{:->1$}:|", "", width + 1),
                    };
                }
                text.push('\n');
            }
        }
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

fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// With a comma before each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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

/// A PostgreSQL with its default settings, on a unix socket.
struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    keeper: Child,
    clock_ticks: u64,
}

impl Cluster {
    /// It ends with this process, however this process ends: its keeper waits for the end of a pipe.
    fn start() -> Result<Self> {
        let programs = postgres_programs()?;
        let folder = temporary_folder()?;
        // PostgreSQL refuses to run as root.
        let user = match Uid::effective().is_root() {
            false => None,
            true => User::from_name("postgres")?.or(User::from_name("nobody")?),
        };
        if let Some(user) = &user {
            chown(folder.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        }
        let unprivileged = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir("/");
            if let Some(user) = &user {
                command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
            }
            command
        };
        let mut initdb = unprivileged(&programs.join("initdb"));
        initdb.args(["--username=shotlist", "--auth=trust", "--encoding=UTF8", "--locale=C", "-D"]);
        output(initdb.arg(folder.path()))?;

        // No arguments in the script: paths are passed beside it. A group of its own, which an
        // interrupt from the keyboard does not reach.
        let script = r#""$0/postgres" -D "$1" -k "$1" -c listen_addresses= >"$1/log" 2>&1 & read -r _; kill -INT $!; wait $!; rm -rf "$1""#;
        let mut keeper = unprivileged(Path::new("sh"));
        keeper.arg("-c").arg(script).arg(&programs).arg(folder.path());
        let keeper = keeper.stdin(Stdio::piped()).stderr(Stdio::null()).process_group(0).spawn()?;
        let clock_ticks = sysconf(SysconfVar::CLK_TCK)?.ok_or("the clock has no ticks")?;
        let cluster = Self { folder, programs, keeper, clock_ticks: clock_ticks.try_into()? };
        let mut tries = 0..200;
        loop {
            match cluster.sql("postgres", &format!("CREATE DATABASE {DATABASE}")) {
                Ok(_) => return Ok(cluster),
                Err(_) if tries.next().is_some() => sleep(Duration::from_millis(50)),
                Err(error) => {
                    let log = fs::read_to_string(cluster.folder.path().join("log"));
                    return Err(format!("{error}\n{}", log.unwrap_or_default()).into());
                }
            }
        }
    }

    fn url(&self) -> String {
        format!("postgres:///{DATABASE}?host={}&user=shotlist", self.folder.path().display())
    }

    fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--username=shotlist"]);
        psql.args(["--dbname", database, "--command", sql]).arg("--host").arg(self.folder.path());
        Ok(output(&mut psql)?.trim().to_owned())
    }

    fn version(&self) -> Result<String> {
        let version = self.sql(DATABASE, "SHOW server_version")?;
        Ok(format!("PostgreSQL {}", version.split(' ').next().unwrap_or_default()))
    }

    fn database_bytes(&self) -> Result<u64> {
        Ok(self.sql(DATABASE, "SELECT pg_database_size(current_database())")?.parse()?)
    }

    /// The CPU time that the server has used so far, once nobody is connected to it.
    fn cpu(&self) -> Result<Duration> {
        let file = fs::read_to_string(self.folder.path().join("postmaster.pid"))?;
        let postmaster: u32 = file.lines().next().unwrap_or_default().parse()?;
        loop {
            let server = Process::read(postmaster).ok_or("PostgreSQL has ended")?;
            let children = Process::children(postmaster)?;
            let is_idle = !children.iter().any(Process::serves);
            // A child that ended in between would be in neither sum, or in both.
            let after = Process::read(postmaster).ok_or("PostgreSQL has ended")?;
            if is_idle && after.reaped_ticks == server.reaped_ticks {
                let ticks = children.iter().map(|child| child.ticks).sum::<u64>()
                    + after.ticks
                    + after.reaped_ticks;
                return Ok(Duration::from_secs_f64(ticks as f64 / self.clock_ticks as f64));
            }
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn postgres_programs() -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<_> =
            versions.flatten().map(|entry| entry.path().join("bin")).collect();
        versions.sort();
        folders.extend(versions.into_iter().rev());
    }
    let has_all = |folder: &PathBuf| {
        ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists())
    };
    let found = folders.into_iter().find(has_all).ok_or(
        "PostgreSQL's programs initdb, postgres and psql are missing: apt-get install postgresql",
    )?;
    // A link in the PATH stands for the folder where the program has its libraries.
    let real = fs::canonicalize(found.join("initdb"))?;
    Ok(real.parent().ok_or("initdb lies nowhere")?.to_owned())
}

/// A process of PostgreSQL, as `/proc` has it.
struct Process {
    id: u32,
    parent: u32,
    /// CPU time of its own.
    ticks: u64,
    /// CPU time of its children that have ended.
    reaped_ticks: u64,
}

impl Process {
    fn read(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name, in brackets, may have any character in it.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
        Some(Self {
            id,
            parent: number(1)?.try_into().ok()?,
            ticks: number(11)? + number(12)?,
            reaped_ticks: number(13)? + number(14)?,
        })
    }

    fn children(parent: u32) -> Result<Vec<Self>> {
        let ids = fs::read_dir("/proc")?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Ok(ids.filter_map(Self::read).filter(|process| process.parent == parent).collect())
    }

    /// Whether it works for a connection.
    fn serves(&self) -> bool {
        let title = fs::read_to_string(format!("/proc/{}/cmdline", self.id)).unwrap_or_default();
        title.contains("[local]") || title.contains("parallel worker")
    }
}
