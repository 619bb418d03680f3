//! Settings: a flag beats the environment, which beats the file, which beats the default.
//!
//! [`DEFINITIONS`] is the one list of them, from which come the flags, the variables, the keys of
//! the file, its commented example, and the documentation. Nothing else reads the environment.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};

use crate::catalog::{DatabaseUrl, Options};
use crate::error::Error;

/// File that is read when none is named and it exists.
pub const DEFAULT_FILE: &str = "shotlist.toml";

/// One setting.
pub struct Definition {
    /// Key of the file; with dashes the flag, in upper case after `SHOTLIST_` the variable.
    pub name: &'static str,
    /// What its value is, for the help.
    pub value: &'static str,
    /// Default.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// Every setting.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "database_url",
        value: "URL",
        default: "sqlite://shotlist.db",
        help: "The database: sqlite://PATH, created when missing, or postgres://USER:PASSWORD@HOST:PORT/DATABASE",
    },
    Definition {
        name: "listen",
        value: "ADDRESS:PORT",
        default: "127.0.0.1:8000",
        help: "Where to listen; port 0 takes a free one and prints it",
    },
    Definition {
        name: "builtin_catalog",
        value: "BOOL",
        default: "true",
        help: "Whether an empty database is filled with the built-in catalogue",
    },
    Definition {
        name: "playground",
        value: "BOOL",
        default: "true",
        help: "Whether the playground is served at /",
    },
    Definition {
        name: "read_connections",
        value: "NUMBER",
        default: "8",
        help: "Database connections that read, 1 to 100",
    },
    Definition {
        name: "statement_timeout_ms",
        value: "NUMBER",
        default: "8000",
        help: "Longest time that PostgreSQL may take for one statement, in milliseconds, 1 to 600000",
    },
    Definition {
        name: "body_bytes_max",
        value: "NUMBER",
        default: "1048576",
        help: "Largest request body, in bytes, 1024 to 67108864",
    },
    Definition {
        name: "log",
        value: "FILTER",
        default: "info,actix_server=warn,sea_orm_migration=warn",
        help: "What is logged: off, error, warn, info, debug or trace, also by module, as in info,shotlist=debug",
    },
    Definition {
        name: "log_format",
        value: "FORMAT",
        default: "text",
        help: "How it is logged: text or json",
    },
];

impl Definition {
    fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    fn variable(&self) -> String {
        format!("SHOTLIST_{}", self.name.to_ascii_uppercase())
    }
}

/// The flags of a command that needs settings.
pub fn flags() -> impl Iterator<Item = Arg> {
    let file = Arg::new("config")
        .long("config")
        .env("SHOTLIST_CONFIG")
        .value_name("FILE")
        .help(format!("Settings file, TOML [default: {DEFAULT_FILE} where it exists]"));
    let settings = DEFINITIONS.iter().map(|setting| {
        Arg::new(setting.name)
            .long(setting.flag())
            .env(setting.variable())
            // The help of a running system must not show a password.
            .hide_env_values(true)
            .value_name(setting.value)
            .help(format!("{} [default: {}]", setting.help, setting.default))
    });
    std::iter::once(file).chain(settings)
}

/// Where the value of a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// A file.
    File(String),
    /// Nobody set it.
    Default,
}

/// The settings in force.
pub struct Settings {
    /// The database.
    pub database_url: DatabaseUrl,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether an empty database is filled.
    pub builtin_catalog: bool,
    /// Whether the playground is served.
    pub playground: bool,
    /// Settings of the pools.
    pub database: Options,
    /// Largest request body.
    pub body_bytes_max: usize,
    /// Log filter.
    pub log: String,
    /// Whether the log is JSON.
    pub log_json: bool,
    shown: Vec<(&'static str, String, Origin)>,
}

/// How the log is written.
enum LogFormat {
    Text,
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("\"{text}\" is neither text nor json")),
        }
    }
}

impl Settings {
    /// The settings that a command line, the environment and the settings file give together.
    ///
    /// # Errors
    /// The setting, where its value comes from, and what is wrong with it.
    pub fn load(matches: &ArgMatches) -> Result<Self, Error> {
        let file = read_file(matches.get_one::<String>("config").map(String::as_str))?;
        let mut values = BTreeMap::new();
        for setting in DEFINITIONS {
            let given = matches.get_one::<String>(setting.name).cloned();
            let origin = match matches.value_source(setting.name) {
                Some(ValueSource::CommandLine) => Origin::Flag,
                _ => Origin::Environment,
            };
            let from_file = file.as_ref().and_then(|(path, keys)| {
                Some((keys.get(setting.name)?.clone(), Origin::File(path.clone())))
            });
            let value = given.map(|value| (value, origin)).or(from_file);
            let value = value.unwrap_or_else(|| (setting.default.to_owned(), Origin::Default));
            values.insert(setting.name, value);
        }
        let database_url: DatabaseUrl = parse(&values, "database_url", str::parse)?;
        let shown = DEFINITIONS.iter().filter_map(|setting| {
            let (value, origin) = values.get(setting.name)?;
            let value = if setting.name == "database_url" {
                database_url.to_string()
            } else {
                value.clone()
            };
            Some((setting.name, value, origin.clone()))
        });
        Ok(Self {
            listen: parse(&values, "listen", |value| {
                value.parse().map_err(|_| format!("\"{value}\" is not of the form ADDRESS:PORT, such as 127.0.0.1:8000 or [::1]:8000"))
            })?,
            builtin_catalog: parse(&values, "builtin_catalog", boolean)?,
            playground: parse(&values, "playground", boolean)?,
            database: Options {
                read_connections: parse(&values, "read_connections", |value| {
                    number(value, 1, 100)
                })?,
                statement_timeout: Duration::from_millis(parse(
                    &values,
                    "statement_timeout_ms",
                    |value| number(value, 1, 600_000),
                )?),
            },
            body_bytes_max: parse(&values, "body_bytes_max", |value| {
                number(value, 1024, 64 << 20)
            })?,
            log: parse(&values, "log", |value| {
                match tracing_subscriber::EnvFilter::try_new(value) {
                    Ok(_) => Ok(value.to_owned()),
                    Err(_) => Err(format!(
                        "\"{value}\" is not a log filter, such as info or info,shotlist=debug"
                    )),
                }
            })?,
            log_json: matches!(parse(&values, "log_format", str::parse)?, LogFormat::Json),
            shown: shown.collect(),
            database_url,
        })
    }

    /// The settings as a file, each with where it comes from; no secret is shown.
    pub fn show(&self) -> String {
        let mut text = String::new();
        for (name, value, origin) in &self.shown {
            let origin = match origin {
                Origin::Flag => "flag".to_owned(),
                Origin::Environment => "environment".to_owned(),
                Origin::File(path) => path.clone(),
                Origin::Default => "default".to_owned(),
            };
            let _ = writeln!(text, "{name} = {}  # {origin}", toml_value(value));
        }
        text
    }
}

/// A commented settings file with every default.
pub fn example() -> String {
    let mut text = String::from(
        "# Settings of Shotlist. A flag or a variable of the environment beats this file.\n",
    );
    for setting in DEFINITIONS {
        let value = toml_value(setting.default);
        let _ = write!(
            text,
            "\n# {}.\n# Flag --{}, variable {}.\n# {} = {value}\n",
            setting.help,
            setting.flag(),
            setting.variable(),
            setting.name,
        );
    }
    text
}

fn toml_value(value: &str) -> String {
    match (value.parse::<i64>(), value) {
        (Ok(number), _) => number.to_string(),
        (_, "true" | "false") => value.to_owned(),
        _ => toml::Value::from(value).to_string(),
    }
}

type Keys = BTreeMap<String, String>;

fn read_file(named: Option<&str>) -> Result<Option<(String, Keys)>, Error> {
    let path = match named {
        Some(path) => path,
        None if Path::new(DEFAULT_FILE).exists() => DEFAULT_FILE,
        None => return Ok(None),
    };
    let refused = |reason: String| Error::refused(format!("the settings file {path}: {reason}"));
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    // The parser's message quotes the line at fault, which may hold a password.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map(|span| text[..span.start].lines().count().max(1));
        let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        refused(format!("{place}{}", error.message()))
    })?;
    let mut keys = Keys::new();
    for (key, value) in table {
        if !DEFINITIONS.iter().any(|setting| setting.name == key) {
            let known: Vec<_> = DEFINITIONS.iter().map(|setting| setting.name).collect();
            return Err(refused(format!("unknown key \"{key}\"; known are {}", known.join(", "))));
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(value) => value.to_string(),
            _ => return Err(refused(format!("{key} must be a string, a number or true or false"))),
        };
        keys.insert(key, value);
    }
    Ok(Some((path.to_owned(), keys)))
}

fn parse<T>(
    values: &BTreeMap<&'static str, (String, Origin)>,
    name: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Error> {
    let definition = DEFINITIONS.iter().find(|setting| setting.name == name);
    let value = definition.and_then(|setting| Some((setting, values.get(setting.name)?)));
    let Some((setting, (value, origin))) = value else {
        return Err(Error::refused(format!("there is no setting {name}")));
    };
    parse(value).map_err(|reason| {
        let origin = match origin {
            Origin::Flag => format!("the flag --{}", setting.flag()),
            Origin::Environment => format!("the variable {}", setting.variable()),
            Origin::File(path) => format!("{name} in {path}"),
            Origin::Default => format!("the default of {name}"),
        };
        Error::refused(format!("{origin}: {reason}"))
    })
}

fn boolean(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("\"{value}\" is neither true nor false"))
}

fn number<T>(value: &str, min: T, max: T) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display + Copy,
{
    match value.parse::<T>() {
        Ok(number) if min <= number && number <= max => Ok(number),
        _ => Err(format!("\"{value}\" is not a number from {min} to {max}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(arguments: &[&str]) -> Result<Settings, Error> {
        let command = clap::Command::new("test").no_binary_name(true).args(flags());
        Settings::load(&command.get_matches_from(arguments))
    }

    fn refusal(arguments: &[&str]) -> String {
        match load(arguments) {
            Ok(_) => panic!("{arguments:?} should be refused"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_flag_beats_the_file_which_beats_the_default() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("settings.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\nread_connections = 3\n").expect("written");
        let path = file.to_str().expect("a name in UTF-8");
        let settings = load(&["--config", path, "--listen", "127.0.0.1:2"]).expect("they fit");
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.database.read_connections, 3);
        assert_eq!(settings.body_bytes_max, 1_048_576);
        let shown = settings.show();
        assert!(shown.contains("listen = \"127.0.0.1:2\"  # flag"), "{shown}");
        assert!(shown.contains(&format!("read_connections = 3  # {path}")), "{shown}");
        assert!(shown.contains("playground = true  # default"), "{shown}");
    }

    #[test]
    fn the_example_names_every_setting_and_is_a_valid_file() {
        let example = example();
        let active = example.lines().map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") => rest,
            _ => line,
        });
        let table: toml::Table = active.collect::<Vec<_>>().join("\n").parse().expect("TOML");
        assert_eq!(table.len(), DEFINITIONS.len());
    }

    #[test]
    fn wrong_values_are_told_where_they_stand() {
        assert!(refusal(&["--listen", "here"]).contains("--listen"));
        assert!(refusal(&["--read-connections", "0"]).contains("1 to 100"));
        assert!(refusal(&["--log-format", "xml"]).contains("neither text nor json"));
        let secret = refusal(&["--database-url", "postgres://app:S3CRET@h1:1,h2:2/db"]);
        assert!(secret.contains("--database-url") && !secret.contains("S3CRET"), "{secret}");
    }

    #[test]
    fn a_password_in_a_broken_file_is_not_quoted() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("settings.toml");
        let path = file.to_str().expect("a name in UTF-8");
        std::fs::write(&file, "\ndatabase_url = \"postgres://app:S3CRET@h/db\n").expect("written");
        let message = refusal(&["--config", path]);
        assert!(message.contains("line 2") && !message.contains("S3CRET"), "{message}");
        std::fs::write(&file, "databse_url = \"postgres://app:S3CRET@h/db\"\n").expect("written");
        let message = refusal(&["--config", path]);
        assert!(message.contains("databse_url") && !message.contains("S3CRET"), "{message}");
    }
}
