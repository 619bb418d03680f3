//! `shotlist source`.

use clap::{Arg, ArgMatches, Command};

use super::{print, runtime};
use crate::config::{self, Settings};
use crate::error::Error;
use crate::import::imdb;
use crate::telemetry;

/// The command and its subcommands.
pub fn command() -> Command {
    Command::new("source")
        .about("Look after the sources of the catalogue")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("remove")
                .about("Take everything out that came from a source, and nothing else")
                .arg(
                    Arg::new("source")
                        .value_name("SOURCE")
                        .required(true)
                        .value_parser(["imdb"])
                        .help("The source"),
                )
                .args(config::flags()),
        )
}

/// Do what the command line says.
pub fn run(matches: &ArgMatches) -> Result<(), Error> {
    let Some((_, matches)) = matches.subcommand() else {
        return Err(Error::refused("source needs an action"));
    };
    let settings = Settings::load(matches)?;
    telemetry::start(&settings.log, settings.log_json);
    let remove = imdb::remove::remove(&settings.database_url, &settings.database);
    let removed = runtime()?.block_on(remove)?;
    print(&format!(
        "{} titles and {} people of IMDb's were taken out; {} stay, without what IMDb said of them, since other sources or editors name them.\n",
        removed.titles, removed.people, removed.kept
    ))
}
