//! The servers: how each is got, started, asked and stopped.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{env, fs};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Map, Value, json};
use shotlist::graphql::id;

use crate::answers;
use crate::catalogue::Catalogue;
use crate::questions::{INTROSPECTION, Question, folder_of};
use crate::support::Result;
use crate::support::postgres::free_port;
use crate::support::process::{Process, output, time};
use crate::support::program::shotlist;

const START_MAX: Duration = Duration::from_secs(90);
const STOP_MAX: Duration = Duration::from_secs(10);
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A server that can be measured.
pub struct Entry {
    pub name: &'static str,
    pub database: Database,
    pub kind: Kind,
}

/// Where it reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Postgres,
    Sqlite,
}

/// What it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// This program, with further settings.
    Shotlist(&'static [&'static str]),
    /// The plain limit, of the package with this name in a folder of the same name: a program that
    /// knows the queries by name and has the statements written out.
    Limit,
    /// A program on Node.js, in the folder with this name.
    Node(&'static str),
    /// A program in Rust, in the folder with this name.
    Rust(&'static str),
}

/// No request has anything of another one.
const ALONE: &[&str] = &["--kept-bytes-max", "0", "--share-statements", "false"];
/// None has an answer of another one.
const SHARING: &[&str] = &["--kept-bytes-max", "0"];

/// Answers are kept.
pub static KEPT: Entry =
    Entry { name: "kept", database: Database::Sqlite, kind: Kind::Shotlist(&[]) };
/// The plain limit, told to give one answer.
pub static BARE: Entry = Entry { name: "bare", database: Database::Sqlite, kind: Kind::Limit };

pub const SERVERS: &[Entry] = &[
    Entry { name: "shotlist", database: Database::Postgres, kind: Kind::Shotlist(ALONE) },
    Entry { name: "shotlist-sharing", database: Database::Postgres, kind: Kind::Shotlist(SHARING) },
    Entry { name: "limit", database: Database::Postgres, kind: Kind::Limit },
    Entry { name: "postgraphile", database: Database::Postgres, kind: Kind::Node("postgraphile") },
    Entry { name: "mercurius", database: Database::Postgres, kind: Kind::Node("mercurius") },
    Entry { name: "seaography", database: Database::Postgres, kind: Kind::Rust("seaography") },
    Entry { name: "shotlist-sqlite", database: Database::Sqlite, kind: Kind::Shotlist(ALONE) },
    Entry { name: "limit-sqlite", database: Database::Sqlite, kind: Kind::Limit },
];

impl Entry {
    /// The words of a query, where it has them.
    fn document(&self, query: &str) -> Result<Option<String>> {
        let folder = match self.kind {
            Kind::Limit if query == INTROSPECTION => return Ok(None),
            Kind::Limit => return Ok(Some(query.to_owned())),
            // It is the same one everywhere.
            _ if query == INTROSPECTION => folder_of("queries"),
            Kind::Shotlist(_) => folder_of("queries"),
            Kind::Node(folder) | Kind::Rust(folder) => peer(folder).join("queries"),
        };
        let path = folder.join(format!("{query}.graphql"));
        if path.exists() { Ok(Some(fs::read_to_string(path)?)) } else { Ok(None) }
    }
}

fn peer(folder: &str) -> PathBuf {
    folder_of("peers").join(folder)
}

/// The peers, each of which is got once.
pub struct Peers {
    /// Where those in Rust are built.
    target: PathBuf,
    built: HashMap<&'static str, std::result::Result<PathBuf, String>>,
}

impl Peers {
    pub fn new(target: PathBuf) -> Self {
        Self { target, built: HashMap::new() }
    }

    /// What starts a server, but for its port.
    pub fn command(&mut self, entry: &Entry, catalogue: &Catalogue) -> Result<Command> {
        let file = catalogue.file.display();
        let url = match entry.database {
            Database::Postgres => catalogue.url.clone(),
            Database::Sqlite if matches!(entry.kind, Kind::Shotlist(_)) => {
                format!("sqlite://{file}")
            }
            Database::Sqlite => file.to_string(),
        };
        let mut command = match entry.kind {
            Kind::Shotlist(settings) => {
                let mut command = shotlist(Path::new("/"));
                command.args(["--database-url", &url, "--builtin-catalog", "false"]);
                command.args(["--log", "warn", "--budget-per-address", "0"]).args(settings);
                command
            }
            Kind::Limit => Command::new(self.build("limit")?),
            Kind::Rust(folder) => Command::new(self.build(folder)?),
            Kind::Node(folder) => node(&peer(folder))?,
        };
        if let Kind::Node(folder) | Kind::Rust(folder) = entry.kind {
            // Functions and the like, where a server has to have them in its database.
            let setup = peer(folder).join("setup.sql");
            if setup.exists() {
                catalogue.execute(&fs::read_to_string(setup)?)?;
            }
        }
        command.env("DATABASE_URL", url).env("NODE_ENV", "production");
        Ok(command)
    }

    /// Build a program in Rust.
    fn build(&mut self, folder: &'static str) -> Result<PathBuf> {
        let target = &self.target;
        let built = self.built.entry(folder);
        Ok(built.or_insert_with(|| build(folder, target).map_err(|e| e.to_string())).clone()?)
    }
}

fn build(folder: &str, target: &Path) -> Result<PathBuf> {
    let manifest = peer(folder).join("Cargo.toml");
    if !manifest.exists() {
        return Err("it is not there".into());
    }
    eprintln!("building {folder}");
    // The one that runs this, or the usual one.
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--quiet", "--message-format=json-render-diagnostics"]);
    cargo.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(target);
    // Cargo tells what it made, a line of JSON each.
    let made = output(&mut cargo)?;
    let program = made.lines().find_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        line.get("executable")?.as_str().map(PathBuf::from)
    });
    program.ok_or_else(|| "cargo made no program".into())
}

/// A program on Node.js: of the version that it brings along, where it does.
fn node(folder: &Path) -> Result<Command> {
    if !folder.join("package.json").exists() {
        return Err("it is not there".into());
    }
    let modified = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    let installed = folder.join("node_modules/.package-lock.json");
    let wanted = modified(&folder.join("package-lock.json"))?;
    if modified(&installed).map_or(true, |installed| installed < wanted) {
        eprintln!("installing {}", folder.display());
        output(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))?;
    }
    let own = folder.join("node_modules/.bin/node");
    let mut command = Command::new(if own.exists() { own } else { "node".into() });
    command.arg("server.mjs").current_dir(folder);
    Ok(command)
}

/// A server that runs; it ends with this value, and with this process, however that ends: its
/// keeper waits for the end of a pipe.
pub struct Running {
    keeper: Child,
    id: u32,
    url: String,
    log: PathBuf,
    agent: ureq::Agent,
}

impl Running {
    /// Start a server, and wait until it answers.
    pub fn start(entry: &Entry, mut command: Command, folder: &Path) -> Result<Self> {
        let port = free_port()?;
        if matches!(entry.kind, Kind::Shotlist(_)) {
            command.args(["--listen", &format!("127.0.0.1:{port}")]);
        }
        let log = folder.join(format!("{}.log", entry.name));
        // No arguments in the script: paths are passed beside it.
        let script = r#"log=$1; shift; "$@" </dev/null >"$log" 2>&1 & echo $!; read -r _; kill -TERM $!; wait $!"#;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", script, "keeper"]).arg(&log);
        keeper.arg(command.get_program()).args(command.get_args());
        keeper.env("PORT", port.to_string());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => keeper.env(name, value),
                None => keeper.env_remove(name),
            };
        }
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("SHOTLIST_") {
                keeper.env_remove(name);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            keeper.current_dir(folder);
        }
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut keeper = keeper.process_group(0).spawn()?;
        let mut line = String::new();
        if let Some(output) = keeper.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_MAX))
            .build();
        let url = format!("http://127.0.0.1:{port}/graphql");
        let id = line.trim().parse()?;
        let server = Self { keeper, id, url, log, agent: agent.into() };
        let start = Instant::now();
        while !server.post(r#"{"query":"{__typename}"}"#).is_ok_and(|(status, _)| status == 200) {
            if server.has_ended() || start.elapsed() > START_MAX {
                return Err(format!("it does not start: {}", server.log()).into());
            }
            sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The status and the body of an answer.
    pub fn post(&self, body: &str) -> Result<(u16, String)> {
        let request = self.agent.post(&self.url).header("content-type", "application/json");
        let mut response = request.header("accept", "application/json").send(body)?;
        Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
    }

    pub fn has_ended(&self) -> bool {
        Process::read(self.id).is_none_or(|process| process.has_ended)
    }

    /// The end of what it wrote.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let mut lines: Vec<_> = text.lines().rev().take(20).collect();
        lines.reverse();
        lines.join("\n")
    }

    /// Processor time so far, with all processes that it started.
    pub fn cpu(&self) -> Result<Duration> {
        let tree = Process::tree(self.id)?;
        time(tree.iter().map(|process| process.ticks + process.reaped_ticks).sum())
    }

    /// The peaks of its processes since they were forgotten.
    pub fn peak_kib(&self) -> Result<u64> {
        Process::tree(self.id)?.iter().map(Process::peak_kib).sum()
    }

    pub fn forget_peak(&self) -> Result {
        Process::tree(self.id)?.iter().try_for_each(Process::forget_peak)
    }

    /// End it in the usual way.
    pub fn stop(&mut self) -> Result {
        drop(self.keeper.stdin.take());
        let start = Instant::now();
        while self.keeper.try_wait()?.is_none() {
            if start.elapsed() > STOP_MAX {
                killpg(Pid::from_raw(i32::try_from(self.keeper.id())?), Signal::SIGKILL)?;
                self.keeper.wait()?;
                return Err(format!("it did not end within {} s", STOP_MAX.as_secs()).into());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

/// The requests of a question in a server's words; none where it has no such query.
pub fn bodies(entry: &Entry, server: &Running, question: &Question) -> Result<Option<Vec<String>>> {
    let Some(document) = entry.document(question.query)? else { return Ok(None) };
    let cursors = match entry.kind {
        Kind::Shotlist(_) if question.query == "page" => cursors(server, question)?,
        _ => HashMap::new(),
    };
    let body = |variables: &Map<String, Value>| {
        let variables = match entry.kind {
            Kind::Shotlist(_) => own_variables(question.query, variables, &cursors)?,
            Kind::Limit => variables.clone(),
            Kind::Node(_) | Kind::Rust(_) => variables
                .iter()
                .filter(|(name, _)| document.contains(&format!("${name}:")))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        };
        Ok(match variables.is_empty() {
            true => json!({ "query": document }),
            false => json!({ "query": document, "variables": variables }),
        }
        .to_string())
    };
    question.variables.iter().map(body).collect::<Result<_>>().map(Some)
}

/// This program's clients know no keys of the database.
fn own_variables(
    query: &str,
    variables: &Map<String, Value>,
    cursors: &HashMap<u64, Cursor>,
) -> Result<Map<String, Value>> {
    let key = |name| variables.get(name).and_then(Value::as_i64).ok_or("no key");
    // The tags of their tables, as clients have them in their ids.
    let tag = match query {
        "film" | "show" => 1,
        "walk" => 2,
        "company" => 3,
        "page" => {
            let place = u64::try_from(key("offset")?)?;
            let cursor = cursors.get(&place).ok_or_else(|| format!("no cursor at {place}"))?;
            if cursor.id != global_id(1, key("id")?)? {
                return Err(format!("another production than in SQL at {place}").into());
            }
            return Ok(Map::from_iter([("after".to_owned(), json!(cursor.after))]));
        }
        _ => return Ok(variables.clone()),
    };
    Ok(Map::from_iter([("id".to_owned(), json!(global_id(tag, key("id")?)?))]))
}

fn global_id(tag: u8, key: i64) -> Result<String> {
    let mut bytes = Vec::new();
    id::encode(tag, key, &mut bytes);
    Ok(String::from_utf8(bytes)?)
}

/// A place in the list of productions.
struct Cursor {
    after: String,
    /// Of the production there.
    id: String,
}

/// This program's cursors, as a client comes to them: by walking through the list. By their place
/// in it, from 1.
fn cursors(server: &Running, question: &Question) -> Result<HashMap<u64, Cursor>> {
    const WALK: &str = "query Walk($after: String) {
        productions(orderBy: [{ field: VOTES, direction: DESC }], first: 100, after: $after) {
            edges { cursor node { id } }
        }
    }";
    let places = question.variables.iter().filter_map(|it| it.get("offset")?.as_u64());
    let last = places.max().unwrap_or_default();
    let mut cursors = HashMap::new();
    let (mut place, mut after) = (0, Value::Null);
    while place < last {
        let body = json!({ "query": WALK, "variables": { "after": after } });
        let (status, answer) = server.post(&body.to_string())?;
        let data = answers::data(status, &answer)?;
        let edges = data.pointer("/productions/edges").and_then(Value::as_array);
        for edge in edges.filter(|edges| !edges.is_empty()).ok_or("the list ends early")? {
            let text = |path| edge.pointer(path).and_then(Value::as_str).map(str::to_owned);
            let cursor = text("/cursor").ok_or("an edge has no cursor")?;
            place += 1;
            after = json!(cursor);
            let id = text("/node/id").unwrap_or_default();
            cursors.insert(place, Cursor { after: cursor, id });
        }
    }
    Ok(cursors)
}
