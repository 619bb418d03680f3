//! The command line.

mod edit;
mod export;
mod import;
mod source;

use std::io::{self, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;

use crate::catalog::Catalog;
use crate::config::{self, Settings};
use crate::error::Error;
use crate::graphql::Api;
use crate::graphql::schema::Schema;
use crate::http::{self, Server};
use crate::import::generate::{self, Options, imdb};
use crate::telemetry;

const EXAMPLES: &str = "\
Examples:
  shotlist                                         serve the embedded database shotlist.db
  shotlist --listen 0.0.0.0:80                     serve it to others
  shotlist serve --database-url postgres://app@db/shotlist
  shotlist import imdb downloads/                  import the IMDb data set, or what changed of it
  shotlist export jsonl --output catalogue.jsonl   write the whole catalogue to a file
  shotlist import jsonl catalogue.jsonl            bring it into another database
  shotlist schema > schema.graphql                 print the GraphQL schema
  shotlist config --example > shotlist.toml        start a settings file
  shotlist completions bash > /etc/bash_completion.d/shotlist";

/// The command line.
pub fn command() -> Command {
    Command::new("shotlist")
        .about("A film and television catalogue, served with GraphQL")
        .version(env!("CARGO_PKG_VERSION"))
        .args_conflicts_with_subcommands(true)
        .after_help(EXAMPLES)
        .args(config::flags())
        .subcommand(
            Command::new("serve")
                .about("Serve the catalogue; the same as no command at all")
                .args(config::flags()),
        )
        .subcommand(
            Command::new("migrate")
                .about("Bring the database's schema up to date, creating the database file where there is none")
                .args(config::flags()),
        )
        .subcommand(
            Command::new("generate")
                .about("Fill an empty database with a large catalogue of invented data, the same for the same seed")
                .arg(
                    Arg::new("productions")
                        .long("productions")
                        .value_parser(value_parser!(u32))
                        .default_value("100000")
                        .help("Films, shows and episodes together, 100 to 20000000"),
                )
                .arg(
                    Arg::new("seed")
                        .long("seed")
                        .value_parser(value_parser!(u32))
                        .default_value("1")
                        .help("Other seeds give other data of the same shape"),
                )
                .args(config::flags())
                .args_conflicts_with_subcommands(true)
                .subcommand(generate_imdb_command()),
        )
        .subcommand(import::command())
        .subcommand(export::command())
        .subcommand(edit::command())
        .subcommand(source::command())
        .subcommand(Command::new("schema").about("Print the GraphQL schema (SDL)"))
        .subcommand(
            Command::new("config")
                .about("Print the settings in force, each with where it comes from; passwords are masked")
                .arg(
                    Arg::new("example")
                        .long("example")
                        .num_args(0)
                        .help("Print a commented settings file with every default instead"),
                )
                .args(config::flags()),
        )
        .subcommand(
            Command::new("completions").about("Print a completion script").arg(
                Arg::new("shell").required(true).value_parser(value_parser!(Shell)).help("The shell"),
            ),
        )
}

fn generate_imdb_command() -> Command {
    let number = |name: &'static str, default: &'static str| {
        Arg::new(name).long(name).value_parser(value_parser!(u32)).default_value(default)
    };
    Command::new("imdb")
        .about("Write invented data as files in IMDb's format, with their usual defects and a manifest")
        .arg(
            Arg::new("directory")
                .value_name("DIR")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("Where the files go; those of the same names are replaced"),
        )
        .arg(number("titles", "200000").help("Titles of all kinds, 1000 to 20000000"))
        .arg(number("seed", "1").help("Other seeds give other data of the same shape"))
        .arg(number("day", "1").help("The day of the data: each differs a little from the one before"))
        .arg(
            number("churn", "4")
                .value_name("PER_MILLE")
                .help("How many titles of a thousand change from one day to the next"),
        )
}

/// Run what the command line says.
///
/// # Errors
/// A sentence for whoever typed it.
pub fn run(matches: &ArgMatches) -> Result<(), Error> {
    match matches.subcommand() {
        None => serve(&Settings::load(matches)?),
        Some(("serve", matches)) => serve(&Settings::load(matches)?),
        Some(("migrate", matches)) => migrate(&Settings::load(matches)?),
        Some(("generate", matches)) => match matches.subcommand() {
            Some((_, matches)) => generate_imdb(matches),
            None => generate(&Settings::load(matches)?, matches),
        },
        Some(("import", matches)) => import::run(matches),
        Some(("export", matches)) => export::run(matches),
        Some(("edit", matches)) => edit::run(matches),
        Some(("source", matches)) => source::run(matches),
        Some(("schema", _)) => print(&Schema::new().sdl),
        Some(("config", matches)) if matches.get_flag("example") => print(&config::example()),
        Some(("config", matches)) => print(&Settings::load(matches)?.show()),
        Some(("completions", matches)) => {
            let mut script = Vec::new();
            if let Some(shell) = matches.get_one::<Shell>("shell") {
                clap_complete::generate(*shell, &mut command(), "shotlist", &mut script);
            }
            print(&String::from_utf8_lossy(&script))
        }
        Some((other, _)) => Err(Error::refused(format!("there is no command {other}"))),
    }
}

/// Write to standard output; whoever stopped reading it has what they wanted.
fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::refused(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().map_err(|error| Error::refused(format!("cannot start: {error}")))
}

fn migrate(settings: &Settings) -> Result<(), Error> {
    telemetry::start(&settings.log, settings.log_json);
    runtime()?.block_on(async {
        Catalog::open(&settings.database_url, &settings.database).await?.close().await
    })?;
    print(&format!("The schema of {} is up to date.\n", settings.database_url))
}

fn generate(settings: &Settings, matches: &ArgMatches) -> Result<(), Error> {
    telemetry::start(&settings.log, settings.log_json);
    let number = |name: &str| matches.get_one(name).copied().unwrap_or_default();
    let options = Options { productions: number("productions"), seed: number("seed") };
    runtime()?.block_on(async {
        let catalog = Catalog::open(&settings.database_url, &settings.database).await?;
        generate::generate(&catalog, options).await?;
        catalog.close().await
    })?;
    let (url, count) = (&settings.database_url, options.productions);
    print(&format!("{url} has {count} generated productions.\n"))
}

fn generate_imdb(matches: &ArgMatches) -> Result<(), Error> {
    let number = |name: &str| matches.get_one(name).copied().unwrap_or_default();
    let options = imdb::Options {
        titles: number("titles"),
        seed: number("seed"),
        day: number("day"),
        churn_per_mille: number("churn"),
    };
    let Some(directory) = matches.get_one::<PathBuf>("directory") else {
        return Err(Error::refused("there is no directory"));
    };
    let manifest = imdb::generate(directory, &options)?;
    let rows: u64 = manifest.files.values().map(|size| size.rows).sum();
    let (directory, titles) = (directory.display(), manifest.titles.total);
    print(&format!("{directory} has {rows} generated rows of {titles} titles in IMDb's format.\n"))
}

fn serve(settings: &Settings) -> Result<(), Error> {
    telemetry::start(&settings.log, settings.log_json);
    // Before anything is opened or written: a second server on one port changes nothing.
    let listener = TcpListener::bind(settings.listen).map_err(|error| {
        Error::refused(format!("cannot listen on {}: {error}", settings.listen))
    })?;
    runtime()?.block_on(async {
        let mut stop = pin!(http::stop_signal()?);
        let start = async {
            let catalog = Catalog::open(&settings.database_url, &settings.database).await?;
            if settings.builtin_catalog && crate::import::fill_empty(&catalog).await? {
                tracing::info!("filled the empty database with the built-in catalogue");
            }
            let api = Arc::new(Api::new(catalog.clone(), settings.api.clone())?);
            let server = Server::start(api, listener, settings.http.clone())?;
            print(&format!("Shotlist is ready at {}\n", server.url()))?;
            Ok::<_, Error>((catalog, server))
        };
        let (catalog, server) = tokio::select! {
            started = start => started?,
            // What was begun is undone by the database.
            () = &mut stop => return Ok(()),
        };
        server.until_stopped(stop).await?;
        catalog.close().await
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
