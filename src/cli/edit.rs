//! `shotlist edit`.

use clap::{Arg, ArgMatches, Command};

use super::{print, runtime};
use crate::catalog::Catalog;
use crate::catalog::edit::{self, Entity, Target, Which};
use crate::config::{self, Settings};
use crate::error::Error;
use crate::graphql::id;
use crate::telemetry;

/// The command and its subcommands.
pub fn command() -> Command {
    let of = || {
        Arg::new("id").value_name("ID").required(true).help(
            "tt0111161 or nm0000151, another CATALOG:SCOPE:VALUE, or the id that the API gives",
        )
    };
    let action = |name: &'static str, about: &'static str| {
        Command::new(name)
            .about(about)
            .arg(of())
            .arg(
                Arg::new("actor")
                    .long("actor")
                    .value_name("NAME")
                    .default_value("editor")
                    .help("Who does it, for the record"),
            )
            .args(config::flags())
    };
    Command::new("edit")
        .about("Change the catalogue by hand; no import changes what was set so")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(action("set", "Set fields of a production, person or credit, and lock them").arg(
            Arg::new("field").value_name("FIELD=VALUE").required(true).num_args(1..).help(
                "A field, by its name in the catalogue's data format; no value for what is not known",
            ),
        ))
        .subcommand(action("delete", "Take a production, person or credit out"))
        .subcommand(
            action("unlock", "Give fields back to the sources: the next import of IMDb's files sets them again; what was taken out returns").arg(
                Arg::new("field")
                    .value_name("FIELD")
                    .num_args(0..)
                    .help("A field; all of them where none is named"),
            ),
        )
}

/// Do what the command line says.
pub fn run(matches: &ArgMatches) -> Result<(), Error> {
    let Some((action, matches)) = matches.subcommand() else {
        return Err(Error::refused("edit needs an action"));
    };
    let settings = Settings::load(matches)?;
    telemetry::start(&settings.log, settings.log_json);
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let fields = matches.try_get_many::<String>("field").ok().flatten();
    let fields: Vec<String> = fields.into_iter().flatten().cloned().collect();
    let (action, of, actor) = (action.to_owned(), text("id"), text("actor"));
    let told = of.clone();
    runtime()?.block_on(async {
        let catalog = Catalog::open(&settings.database_url, &settings.database).await?;
        let work = catalog.write(move |transaction| {
            Box::pin(async move {
                let row = from_api(&of);
                let target = match row {
                    Some(row) => edit::is_there(transaction, row).await?.then_some(row),
                    None => edit::find(transaction, &of).await?,
                };
                let Some(target) = target else {
                    let which = row.map_or(Which::Key(&of), Which::Row);
                    if action == "unlock" && edit::restore(transaction, &actor, which).await? {
                        return Ok(());
                    }
                    return Err(Error::refused(format!(
                        "nothing in the catalogue has the id {of}"
                    )));
                };
                match action.as_str() {
                    "set" => {
                        let values = fields.iter().map(|field| parse(field));
                        let values = values.collect::<Result<Vec<_>, _>>()?;
                        edit::set(transaction, &actor, target, &values).await
                    }
                    "delete" => edit::delete(transaction, &actor, target).await,
                    _ => edit::unlock(transaction, &actor, target, &fields).await,
                }
            })
        });
        work.await?;
        catalog.close().await
    })?;
    print(&format!("{told}: done.\n"))
}

/// The row that an id of the API names.
fn from_api(text: &str) -> Option<Target> {
    let (tag, id) = id::decode(text)?;
    let entity = match tag {
        1 => Entity::Production,
        2 => Entity::Person,
        4 => Entity::Credit,
        _ => return None,
    };
    Some(Target { entity, id })
}

fn parse(field: &str) -> Result<(String, Option<String>), Error> {
    let (name, value) = field
        .split_once('=')
        .ok_or_else(|| Error::refused(format!("\"{field}\" is not of the form FIELD=VALUE")))?;
    let value = (!value.is_empty()).then(|| value.to_owned());
    Ok((name.to_owned(), value))
}
