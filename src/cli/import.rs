//! `shotlist import`.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use serde::Serialize;

use super::{print, runtime};
use crate::catalog::Catalog;
use crate::config::{self, Settings};
use crate::error::Error;
use crate::import::{Input, imdb, jsonl, oscars, wikipedia};
use crate::telemetry;

/// The command and its subcommands, one for each source.
pub fn command() -> Command {
    let files = |help| {
        Arg::new("file")
            .value_name("FILE")
            .required(true)
            .value_parser(value_parser!(PathBuf))
            .help(help)
    };
    let switch = |name, help| Arg::new(name).long(name).num_args(0).help(help);
    let source = |name: &'static str, about: &'static str, files: Arg| {
        Command::new(name)
            .about(about)
            .arg(files)
            .arg(switch("dry-run", "Do everything, report it and undo it"))
            .arg(switch("json", "Print the report as JSON"))
            .args(config::flags())
    };
    Command::new("import")
        .about("Import data from elsewhere; a second time changes nothing")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            source(
                "imdb",
                "Import the IMDb non-commercial data set, or what changed of it since",
                files("The folder with the seven files, or the files, as .tsv or .tsv.gz; - is one of them on standard input")
                    .num_args(1..),
            )
            .arg(switch("force", "Withdraw whatever is gone, even more than 5 %; read files again that were imported"))
            .arg(switch("any-day", "Take files of different days")),
        )
        .subcommand(source(
            "wikipedia",
            "Import film lists of Wikipedia (prust/wikipedia-movie-data)",
            files("JSON files, each a list of films").num_args(1..),
        ))
        .subcommand(source(
            "oscars",
            "Import the nominations of the Academy Awards (DLu/oscar_data)",
            files("oscars.csv: columns parted by tabs"),
        ))
        .subcommand(source(
            "jsonl",
            "Files in the catalogue's own format: what is there stays, what is not known is filled in, the rest is new",
            files("A file; - is standard input").num_args(1..),
        ))
}

/// Import what the command line says.
pub fn run(matches: &ArgMatches) -> Result<(), Error> {
    let Some((source, matches)) = matches.subcommand() else {
        return Err(Error::refused("import needs the name of a source"));
    };
    let settings = Settings::load(matches)?;
    telemetry::start(&settings.log, settings.log_json);
    let paths = matches.get_many::<PathBuf>("file").into_iter().flatten();
    let dry_run = matches.get_flag("dry-run");
    let is_json = matches.get_flag("json");
    let open = Catalog::open(&settings.database_url, &settings.database);
    match source {
        "imdb" => {
            let options = imdb::Options {
                paths: paths.cloned().collect(),
                any_day: matches.get_flag("any-day"),
                force: matches.get_flag("force"),
                dry_run,
                progress: !is_json,
            };
            let import = imdb::import(&settings.database_url, &settings.database, &options);
            show(&runtime()?.block_on(import)?, is_json)
        }
        "jsonl" => {
            let files = paths.map(|path| read_text(path)).collect::<Result<_, _>>()?;
            let report = runtime()?.block_on(async {
                let catalog = open.await?;
                let report = jsonl::import(&catalog, files, dry_run).await?;
                catalog.close().await?;
                Ok::<_, Error>(report)
            })?;
            if is_json {
                return print(&format!("{}\n", report.json()));
            }
            print(&report.table())
        }
        _ => {
            let mut files = paths.map(|path| Input::read(path)).collect::<Result<Vec<_>, _>>()?;
            let report = runtime()?.block_on(async {
                let catalog = open.await?;
                let report = match (source, files.pop()) {
                    ("oscars", Some(file)) => oscars::import(&catalog, file, dry_run).await?,
                    (_, last) => {
                        files.extend(last);
                        wikipedia::import(&catalog, files, dry_run).await?
                    }
                };
                catalog.close().await?;
                Ok::<_, Error>(report)
            })?;
            show(&report, is_json)
        }
    }
}

fn show(report: &(impl fmt::Display + Serialize), is_json: bool) -> Result<(), Error> {
    if !is_json {
        return print(&report.to_string());
    }
    let json = serde_json::to_string_pretty(report)
        .map_err(|error| Error::refused(format!("the report cannot be printed: {error}")))?;
    print(&format!("{json}\n"))
}

fn read_text(path: &Path) -> Result<jsonl::File, Error> {
    let is_input = path == Path::new("-");
    let name = if is_input { "standard input".to_owned() } else { path.display().to_string() };
    let mut text = String::new();
    let read = match is_input {
        true => io::stdin().read_to_string(&mut text),
        false => File::open(path).and_then(|mut file| file.read_to_string(&mut text)),
    };
    read.map_err(|error| Error::refused(format!("cannot read {name}: {error}")))?;
    Ok(jsonl::File { name, text })
}
