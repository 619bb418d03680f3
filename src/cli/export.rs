//! `shotlist export`.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};

use super::{print, runtime};
use crate::catalog::{Catalog, DatabaseUrl, export};
use crate::config::{self, Settings};
use crate::error::Error;
use crate::import::imdb;
use crate::telemetry;

/// The command and its subcommands, one for each format.
pub fn command() -> Command {
    let path = |name: &'static str, value: &'static str| {
        Arg::new(name).value_name(value).value_parser(value_parser!(PathBuf))
    };
    Command::new("export")
        .about("Write the catalogue")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("jsonl")
                .about("The whole catalogue in its own format, one JSON record a line")
                .arg(
                    path("output", "FILE")
                        .long("output")
                        .help("Where to write it instead of standard output"),
                )
                .args(config::flags()),
        )
        .subcommand(
            Command::new("imdb")
                .about("What came from IMDb, as the seven files that it came from")
                .arg(
                    path("directory", "DIR")
                        .required(true)
                        .help("Where the files go; those of the same names are replaced"),
                )
                .args(config::flags()),
        )
}

/// Export what the command line says.
pub fn run(matches: &ArgMatches) -> Result<(), Error> {
    let Some((format, matches)) = matches.subcommand() else {
        return Err(Error::refused("export needs the name of a format"));
    };
    let settings = Settings::load(matches)?;
    telemetry::start(&settings.log, settings.log_json);
    if let DatabaseUrl::Sqlite(path) = &settings.database_url
        && !path.exists()
    {
        return Err(Error::refused(format!("there is no database {}", settings.database_url)));
    }
    runtime()?.block_on(async {
        let catalog = Catalog::open(&settings.database_url, &settings.database).await?;
        match (format, matches.try_get_one::<PathBuf>("output").ok().flatten()) {
            ("imdb", _) => {
                let directory = matches.get_one::<PathBuf>("directory");
                let directory = directory.map_or(Path::new("."), PathBuf::as_path);
                let rows = imdb::export::export(&catalog, directory).await?;
                let lines = rows.iter().map(|(file, rows)| format!("{file:16}  {rows:>10}\n"));
                print(&lines.collect::<String>())?;
            }
            (_, None) => drop(export::jsonl(&catalog, BufWriter::new(io::stdout())).await?),
            (_, Some(path)) => to_file(&catalog, path).await?,
        }
        catalog.close().await
    })
}

/// A file that is there stays whole until the new one is.
async fn to_file(catalog: &Catalog, path: &Path) -> Result<(), Error> {
    let is_special = std::fs::metadata(path).is_ok_and(|file| !file.is_file());
    let mut partial = path.to_owned();
    if !is_special {
        partial.as_mut_os_string().push(".partial");
    }
    let refused =
        |error: io::Error| Error::refused(format!("cannot write {}: {error}", path.display()));
    let file = File::create(&partial).map_err(refused)?;
    let written = export::jsonl(catalog, BufWriter::with_capacity(1 << 16, file)).await;
    if let Err(error) = written {
        if !is_special {
            let _ = std::fs::remove_file(&partial);
        }
        return Err(error);
    }
    if is_special { Ok(()) } else { std::fs::rename(&partial, path).map_err(refused) }
}
