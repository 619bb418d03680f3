//! How many instructions the steps of a request take, beside the committed figures:
//! `make bench-instructions`.
//!
//! Times of a busy computer differ from run to run; instructions hardly do. So each step of some
//! queries is run under callgrind, in a process of its own, and counted once everything that is kept
//! from one request to the next is there:
//!
//! - `parse`: from the text to a valid document;
//! - `plan-sqlite`, `plan-postgres`: from the document to a plan;
//! - `bind`: from the plan and the variables to what the statements are given;
//! - `answer`: a request whose document and plan are known, without HTTP: checking the variables,
//!   binding, SQLite's work for the statements, rendering;
//! - `render`: of that, writing the members of the answer. The function around is inlined.
//!
//! The data are generated, the same each time. What varies from run to run are the seeds of hash
//! tables, and with them how often keys collide. Another compiler or kind of processor gives figures
//! of its own.

#[allow(dead_code, reason = "the benches share it")]
mod support;

use std::collections::HashMap;
use std::env::current_exe;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use clap::{Arg, ArgAction};
use serde_json::json;
use shotlist::catalog::{Backend, Catalog, Options};
use shotlist::graphql::plan::argument::Shapes;
use shotlist::graphql::plan::bind::bind;
use shotlist::graphql::plan::compile::compile;
use shotlist::graphql::schema::Schema;
use shotlist::graphql::{self, Api, Context, Outcome, Request, id, validated};

use support::process::output;
use support::program::generate;
use support::text::{grouped, table};
use support::{Result, ended, temporary_folder};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STEPS: [&str; 6] = ["parse", "plan-sqlite", "plan-postgres", "bind", "answer", "render"];
/// Queries of the bench `compare`, each with the tag and the row of what is asked for: a film with
/// two directors, a director of films with shots, a company with more productions than are shown.
const QUERIES: [(&str, u8, i64); 3] = [("film", 1, 9511), ("walk", 2, 15), ("company", 3, 51)];
const PRODUCTIONS: u32 = 10_000;
/// [`counted`], as callgrind names it.
const COUNTED: &str = "instructions::counted*";
const RENDERING: &str = "*render::Renderer*::members";

fn main() -> ExitCode {
    ended(bench())
}

fn bench() -> Result {
    let matches = clap::Command::new("instructions")
        .arg(
            Arg::new("save")
                .long("save")
                .action(ArgAction::SetTrue)
                .help("Keep the figures, to be committed"),
        )
        // A step, a query, and where the database is: what callgrind is to run.
        .arg(Arg::new("of").long("of").num_args(3).hide(true))
        .arg(Arg::new("bench").long("bench").num_args(0).hide(true))
        .get_matches();
    // `cargo test --all-targets` runs benches without it.
    if !matches.get_flag("bench") {
        return Ok(());
    }
    let of: Vec<&String> = matches.get_many("of").into_iter().flatten().collect();
    if let [step, query, url] = of.as_slice() {
        return run(step, query, url);
    }
    find_valgrind()?;
    let folder = temporary_folder()?;
    let url = format!("sqlite://{}", folder.path().join("shotlist.db").display());
    generate(folder.path(), PRODUCTIONS, &url)?;

    let committed = committed()?;
    let mut lines = vec![["step", "committed", "now", "ratio"].map(str::to_owned).to_vec()];
    let mut figures = String::new();
    for step in STEPS {
        for (query, ..) in QUERIES {
            let name = format!("{step} {query}");
            let now = instructions(step, query, &url, folder.path())
                .map_err(|error| format!("{name}: {error}"))?;
            let before = committed.get(&name).copied();
            let ratio = before.map(|before| format!("{:.3}", now as f64 / before as f64));
            let cell = |cell: Option<String>| cell.unwrap_or_else(|| "-".to_owned());
            figures += &format!("{name} {now}\n");
            lines.push(vec![name, cell(before.map(grouped)), grouped(now), cell(ratio)]);
        }
    }
    let mut out = io::stdout().lock();
    write!(out, "{}", table(&lines))?;
    out.flush()?;
    if matches.get_flag("save") {
        fs::write(file(), figures)?;
    }
    Ok(())
}

fn find_valgrind() -> Result {
    match Command::new("valgrind").arg("--version").output() {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(format!("valgrind ({error}) counts instructions: apt-get install valgrind").into())
        }
    }
}

/// Where the committed figures are: a step, a query and the count on each line.
fn file() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "benches", "instructions.txt"].iter().collect()
}

fn committed() -> Result<HashMap<String, u64>> {
    let mut figures = HashMap::new();
    for line in fs::read_to_string(file()).unwrap_or_default().lines() {
        let (name, count) = line.rsplit_once(' ').ok_or("a committed figure has no name")?;
        figures.insert(name.to_owned(), count.parse()?);
    }
    Ok(figures)
}

/// How many a step takes, counted in a process of its own.
fn instructions(step: &str, query: &str, url: &str, folder: &Path) -> Result<u64> {
    let file = folder.join("callgrind");
    let function = if step == "render" { RENDERING } else { COUNTED };
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind"]);
    valgrind.arg(format!("--callgrind-out-file={}", file.display()));
    // What is rendered before the last time does not count.
    valgrind.args([format!("--toggle-collect={function}"), format!("--zero-before={COUNTED}")]);
    valgrind.arg(current_exe()?).args(["--bench", "--of", step, query, url]);
    output(&mut valgrind)?;
    let text = fs::read_to_string(file)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals:"));
    match total.ok_or("callgrind tells no total")?.trim().parse()? {
        0 => Err(format!("callgrind finds no function {function}").into()),
        count => Ok(count),
    }
}

/// What callgrind counts. It is called once.
#[inline(never)]
fn counted<T>(step: impl FnOnce() -> T) -> T {
    black_box(step())
}

/// A step, first to fill the caches and then to be counted.
fn twice<T>(step: impl Fn() -> T) -> T {
    black_box(step());
    counted(step)
}

fn run(step: &str, query: &str, url: &str) -> Result {
    let (_, tag, row) =
        QUERIES.into_iter().find(|(name, ..)| *name == query).ok_or("an unknown query")?;
    let mut id = Vec::new();
    id::encode(tag, row, &mut id);
    let variables = serde_json::from_value(json!({ "id": String::from_utf8(id)? }))?;
    let path = format!("benches/compare/queries/{query}.graphql");
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))?;
    if matches!(step, "answer" | "render") {
        return answer(Request { variables: Some(variables), ..Request::of(text) }, url);
    }

    let options = graphql::Options::default();
    let schema = Schema::of(options.clone());
    let valid = || validated(black_box(&text), &options.limits, &schema);
    if step == "parse" {
        return twice(valid).map(drop).map_err(|errors| format!("{errors:?}").into());
    }
    let document = valid().map_err(|errors| format!("{errors:?}"))?;
    let operation = document.operations.get(None).map_err(|_| "there is no operation")?;
    let told = |error: graphql::error::GraphQLError| error.message().to_owned();
    let shapes = Shapes::of(operation, &variables, &schema).map_err(told)?;
    let backend = if step == "plan-postgres" { Backend::Postgres } else { Backend::Sqlite };
    let plan = || compile(&schema, &document, black_box(operation), &shapes, backend);
    if step == "bind" {
        let plan = plan().map_err(told)?;
        twice(|| bind(&plan, black_box(&variables))).map_err(told)?;
    } else {
        twice(plan).map_err(told)?;
    }
    Ok(())
}

fn answer(request: Request, url: &str) -> Result {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let here = runtime()?;
    let catalog = here.block_on(Catalog::open(&url.parse()?, &Options::default()))?;
    // What another thread reads would not be counted. Here none is left to do it, so that such a
    // request fails.
    let elsewhere = runtime()?;
    let api = {
        let _entered = elsewhere.enter();
        Arc::new(Api::new(catalog, graphql::Options::default())?)
    };
    drop(elsewhere);
    let response =
        twice(|| here.block_on(api.execute(black_box(request.clone()), Context::default())));
    let body = String::from_utf8(response.body)?;
    if response.outcome == Outcome::Executed && !body.ends_with(":null}}") {
        Ok(())
    } else {
        Err(format!("{:?}: {body}", response.outcome).into())
    }
}
