//! Settings: a flag beats the environment, which beats the file, which beats the default.
//!
//! [`DEFINITIONS`] is the one list of them, from which come the flags, the variables, the keys of
//! the file, its commented example, and the documentation. Nothing else reads the environment.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};

use crate::catalog::{DatabaseUrl, Options};
use crate::error::Error;
use crate::graphql::documents;
use crate::graphql::guard::Limits;
use crate::http::client::{Proxies, networks};
use crate::http::tls;
use crate::secret::Secret;
use crate::{graphql, http};

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
        default: "auto",
        help: "Database connections that read, 1 to 100, or auto: on PostgreSQL two for each processor of this computer, 4 to 32, on SQLite 8 to 33",
    },
    Definition {
        name: "statement_timeout_ms",
        value: "NUMBER",
        default: "8000",
        help: "Longest time that the database may take for one statement, in milliseconds, 1 to 600000",
    },
    Definition {
        name: "share_statements",
        value: "BOOL",
        default: "true",
        help: "Whether requests that run the same statement at the same time share it, on PostgreSQL",
    },
    Definition {
        name: "deadline_ms",
        value: "NUMBER",
        default: "10000",
        help: "Longest time that a request may take, in milliseconds, 100 to 600000",
    },
    Definition {
        name: "body_bytes_max",
        value: "NUMBER",
        default: "1048576",
        help: "Largest request body, in bytes, 1024 to 67108864",
    },
    Definition {
        name: "document_bytes_max",
        value: "NUMBER",
        default: "65536",
        help: "Longest document, in bytes, 1024 to 1048576",
    },
    Definition {
        name: "tokens_max",
        value: "NUMBER",
        default: "15000",
        help: "Most tokens of a document, 100 to 1000000",
    },
    Definition {
        name: "nesting_max",
        value: "NUMBER",
        default: "64",
        help: "How deep braces, brackets and parentheses may nest in a document, 8 to 100",
    },
    Definition {
        name: "depth_max",
        value: "NUMBER",
        default: "15",
        help: "How deep the fields of an operation may nest, 1 to 100",
    },
    Definition {
        name: "aliases_max",
        value: "NUMBER",
        default: "30",
        help: "Most aliases of an operation, fragments expanded, 0 to 100000",
    },
    Definition {
        name: "root_fields_max",
        value: "NUMBER",
        default: "20",
        help: "Most fields at the root of an operation, fragments expanded, 1 to 100000",
    },
    Definition {
        name: "directives_max",
        value: "NUMBER",
        default: "50",
        help: "Most directives of an operation, fragments expanded, 0 to 100000",
    },
    Definition {
        name: "expanded_fields_max",
        value: "NUMBER",
        default: "10000",
        help: "Most fields of a document, fragments expanded, 1 to 1000000",
    },
    Definition {
        name: "introspection_roots_max",
        value: "NUMBER",
        default: "10",
        help: "How often an operation may ask about the schema, 0 (never) to 1000",
    },
    Definition {
        name: "introspection_lists_max",
        value: "NUMBER",
        default: "100",
        help: "Most lists of the schema that an operation may ask for, 0 to 100000",
    },
    Definition {
        name: "introspection_depth_max",
        value: "NUMBER",
        default: "2",
        help: "How deep lists of the schema that lead from type to type may nest, 0 to 5",
    },
    Definition {
        name: "cost_max",
        value: "NUMBER",
        default: "50000",
        help: "Most that an operation may cost, in points: about the objects that it could return, 1 to 1000000000",
    },
    Definition {
        name: "running_max",
        value: "NUMBER",
        default: "32",
        help: "Requests that are worked on at once, 1 to 10000; some four for each database connection",
    },
    Definition {
        name: "queue_max",
        value: "NUMBER",
        default: "64",
        help: "Requests that wait for others to end, 0 to 100000; more are refused at once",
    },
    Definition {
        name: "queue_wait_ms",
        value: "NUMBER",
        default: "250",
        help: "Longest time that a request waits for others, in milliseconds, 1 to 60000",
    },
    Definition {
        name: "budget_per_address",
        value: "NUMBER",
        default: "600000",
        help: "Points that an IPv4 address or an IPv6 network of 64 bits may use up in a minute, 0 (no limit) to 1000000000000; an address of this machine is not counted, unless a proxy tells for whom it asks",
    },
    Definition {
        name: "budget_per_token",
        value: "NUMBER",
        default: "300000",
        help: "Points that a bearer token may use up in a minute, 0 (no limit) to 1000000000000",
    },
    Definition {
        name: "trusted_proxies",
        value: "NETWORKS",
        default: "127.0.0.0/8,::1/128",
        help: "Proxies that are believed when they tell for whom they ask: addresses and networks, separated by commas",
    },
    Definition {
        name: "forwarded_header",
        value: "HEADER",
        default: "x-forwarded-for",
        help: "Where they tell it: x-forwarded-for or forwarded",
    },
    Definition {
        name: "header_timeout_ms",
        value: "NUMBER",
        default: "5000",
        help: "Longest time that the head of a request may take to arrive, in milliseconds, 100 to 600000",
    },
    Definition {
        name: "body_timeout_ms",
        value: "NUMBER",
        default: "10000",
        help: "Longest time that the body of a request may take to arrive, in milliseconds, 100 to 600000",
    },
    Definition {
        name: "response_timeout_ms",
        value: "NUMBER",
        default: "30000",
        help: "Longest time that a client may take to read an answer, in milliseconds, 100 to 600000, beside the time that it takes at read_rate_min",
    },
    Definition {
        name: "read_rate_min",
        value: "NUMBER",
        default: "65536",
        help: "The lowest rate at which an answer may be read, in bytes per second, 1 to 1000000000",
    },
    Definition {
        name: "keep_alive_ms",
        value: "NUMBER",
        default: "75000",
        help: "Longest time that a connection may wait for its next request, in milliseconds, 100 to 600000",
    },
    Definition {
        name: "connections_max",
        value: "NUMBER",
        default: "2000",
        help: "Most connections, 1 to 100000; for one more, the one that has waited longest for its client is cut off",
    },
    Definition {
        name: "request_bytes_max",
        value: "NUMBER",
        default: "67108864",
        help: "Most bytes of the bodies of all requests that are not answered yet, 1024 to 17179869184",
    },
    Definition {
        name: "kept_bytes_max",
        value: "BYTES",
        default: "16777216",
        help: "Bytes of answers that are kept until the catalogue changes, 0 (none) to 1099511627776; on PostgreSQL, this takes one more connection",
    },
    Definition {
        name: "response_bytes_max",
        value: "NUMBER",
        default: "67108864",
        help: "Most bytes of all answers that are not read yet, 1024 to 17179869184",
    },
    Definition {
        name: "metrics",
        value: "READERS",
        default: "local",
        help: "Who may read /metrics: nobody, local (this machine, through no proxy) or all",
    },
    Definition {
        name: "sockets_max",
        value: "NUMBER",
        default: "1000",
        help: "Most WebSockets at once, 0 (none) to 100000",
    },
    Definition {
        name: "sockets_per_address_max",
        value: "NUMBER",
        default: "100",
        help: "Most WebSockets at once from one address, 1 to 100000",
    },
    Definition {
        name: "socket_operations_max",
        value: "NUMBER",
        default: "100",
        help: "Most operations at once on one WebSocket, 1 to 10000",
    },
    Definition {
        name: "introspection",
        value: "BOOL",
        default: "true",
        help: "Whether clients may ask about the schema",
    },
    Definition {
        name: "trusted_documents",
        value: "PATH",
        default: "",
        help: "Documents that clients name instead of sending them: a folder of .graphql files, or a manifest of Apollo's, Relay's or GraphQL Code Generator's",
    },
    Definition {
        name: "trusted_documents_mode",
        value: "MODE",
        default: "off",
        help: "Whether they are used: off, allow (others can be sent too) or require (no other is executed)",
    },
    Definition {
        name: "persisted_queries",
        value: "BOOL",
        default: "true",
        help: "Whether clients may register a document by sending it once, and name it by its hash from then on",
    },
    Definition {
        name: "batch_max",
        value: "NUMBER",
        default: "0",
        help: "Requests that may be sent together in one body, 0 (no batches) to 100",
    },
    Definition {
        name: "cors_origins",
        value: "ORIGINS",
        default: "",
        help: "Other sites whose pages may ask, separated by commas, as in https://films.example; or * for all",
    },
    Definition {
        name: "cors_credentials",
        value: "BOOL",
        default: "false",
        help: "Whether they may send the credentials of their visitors; not together with *",
    },
    Definition {
        name: "tls_certificate",
        value: "FILE",
        default: "",
        help: "Certificate of the server with those that lead to its authority, PEM; with it the server speaks https only, and reads it again when it changes",
    },
    Definition {
        name: "tls_key",
        value: "FILE",
        default: "",
        help: "Private key of the certificate, PEM",
    },
    Definition {
        name: "log",
        value: "FILTER",
        default: "info,actix_server=warn,sea_orm_migration=warn",
        help: "What is logged: off, error, warn, info, debug or trace, also by module, as in info,shotlist=debug; of what libraries say nothing below info is logged, since it would show what clients send",
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
            .value_parser(|value: &str| Ok::<_, Infallible>(Secret::new(value)))
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

/// The settings in force. None of them shows a secret, however they are printed.
#[derive(Debug)]
pub struct Settings {
    /// The database.
    pub database_url: DatabaseUrl,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether an empty database is filled.
    pub builtin_catalog: bool,
    /// Settings of the pools.
    pub database: Options,
    /// Settings of the API.
    pub api: graphql::Options,
    /// Settings of the server.
    pub http: http::Options,
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
            let given = matches.get_one::<Secret>(setting.name).cloned();
            let origin = match matches.value_source(setting.name) {
                Some(ValueSource::CommandLine) => Origin::Flag,
                _ => Origin::Environment,
            };
            let from_file = file.as_ref().and_then(|(path, keys)| {
                Some((keys.get(setting.name)?.clone(), Origin::File(path.clone())))
            });
            let value = given.map(|value| (value, origin)).or(from_file);
            let value = value.unwrap_or_else(|| (Secret::new(setting.default), Origin::Default));
            values.insert(setting.name, value);
        }
        let database_url: DatabaseUrl = parse(&values, "database_url", str::parse)?;
        let origins = parse(&values, "cors_origins", origins)?;
        let credentials = parse(&values, "cors_credentials", boolean)?;
        if credentials && origins.iter().any(|origin| origin == "*") {
            return Err(Error::refused(
                "cors_credentials and cors_origins = \"*\" would let every site act as its visitors: name the origins",
            ));
        }
        let shown = DEFINITIONS.iter().filter_map(|setting| {
            let (value, origin) = values.get(setting.name)?;
            let value = if setting.name == "database_url" {
                database_url.to_string()
            } else {
                value.expose().to_owned()
            };
            Some((setting.name, value, origin.clone()))
        });
        Ok(Self {
            listen: parse(&values, "listen", |value| {
                value.parse().map_err(|_| format!("\"{value}\" is not of the form ADDRESS:PORT, such as 127.0.0.1:8000 or [::1]:8000"))
            })?,
            builtin_catalog: parse(&values, "builtin_catalog", boolean)?,
            database: Options {
                read_connections: parse(&values, "read_connections", |value| match value {
                    "auto" => Ok(None),
                    value => number(value, 1, 100)
                        .map(Some)
                        .map_err(|reason| format!("{reason}, nor \"auto\"")),
                })?,
                statement_timeout: milliseconds(&values, "statement_timeout_ms", 1, 600_000)?,
                shares_statements: parse(&values, "share_statements", boolean)?,
            },
            api: graphql::Options {
                deadline: milliseconds(&values, "deadline_ms", 100, 600_000)?,
                limits: limits(&values)?,
                load: load(&values)?,
                documents: documents(&values)?,
                introspection: parse(&values, "introspection", boolean)?,
            },
            http: http::Options {
                playground: parse(&values, "playground", boolean)?,
                body_bytes_max: parse(&values, "body_bytes_max", |value| {
                    number(value, 1024, 64 << 20)
                })?,
                header_timeout: milliseconds(&values, "header_timeout_ms", 100, 600_000)?,
                body_timeout: milliseconds(&values, "body_timeout_ms", 100, 600_000)?,
                response_timeout: milliseconds(&values, "response_timeout_ms", 100, 600_000)?,
                read_rate_min: parse(&values, "read_rate_min", |value| {
                    number(value, 1, 1_000_000_000)
                })?,
                keep_alive: milliseconds(&values, "keep_alive_ms", 100, 600_000)?,
                connections_max: parse(&values, "connections_max", |value| {
                    number(value, 1, 100_000)
                })?,
                request_bytes_max: parse(&values, "request_bytes_max", |value| {
                    number(value, 1024, 16 << 30)
                })?,
                kept_bytes_max: parse(&values, "kept_bytes_max", |value| {
                    number(value, 0, 1 << 40)
                })?,
                response_bytes_max: parse(&values, "response_bytes_max", |value| {
                    number(value, 1024, 16 << 30)
                })?,
                proxies: Proxies {
                    trusted: parse(&values, "trusted_proxies", networks)?,
                    header: parse(&values, "forwarded_header", str::parse)?,
                },
                metrics: parse(&values, "metrics", str::parse)?,
                sockets: http::socket::Options {
                    sockets_max: parse(&values, "sockets_max", |value| number(value, 0, 100_000))?,
                    per_address_max: parse(&values, "sockets_per_address_max", |value| {
                        number(value, 1, 100_000)
                    })?,
                    operations_max: parse(&values, "socket_operations_max", |value| {
                        number(value, 1, 10_000)
                    })?,
                    ..http::socket::Options::default()
                },
                batch_max: parse(&values, "batch_max", |value| number(value, 0, 100))?,
                origins,
                credentials,
                tls: tls_files(&values)?,
                ..http::Options::default()
            },
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

/// Whether a value is a secret shows only when its setting is known, and that it has the right name.
type Keys = BTreeMap<String, Secret>;

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
        keys.insert(key, Secret::new(value));
    }
    Ok(Some((path.to_owned(), keys)))
}

type Values = BTreeMap<&'static str, (Secret, Origin)>;

fn limits(values: &Values) -> Result<Limits, Error> {
    let number = |name, min, max| parse(values, name, |value| number(value, min, max));
    Ok(Limits {
        document_bytes: number("document_bytes_max", 1_024, 1_048_576)?,
        tokens: number("tokens_max", 100, 1_000_000)?,
        nesting: number("nesting_max", 8, 100)?,
        depth: number("depth_max", 1, 100)?,
        aliases: number("aliases_max", 0, 100_000)?,
        root_fields: number("root_fields_max", 1, 100_000)?,
        directives: number("directives_max", 0, 100_000)?,
        expanded_fields: number("expanded_fields_max", 1, 1_000_000)?,
        introspection_roots: number("introspection_roots_max", 0, 1_000)?,
        introspection_lists: number("introspection_lists_max", 0, 100_000)?,
        introspection_depth: number("introspection_depth_max", 0, 5)?,
        cost: number("cost_max", 1, 1_000_000_000)?,
    })
}

fn load(values: &Values) -> Result<graphql::load::Options, Error> {
    let points = |name| parse(values, name, |value| number(value, 0, 1_000_000_000_000));
    Ok(graphql::load::Options {
        running_max: parse(values, "running_max", |value| number(value, 1, 10_000))?,
        queue_max: parse(values, "queue_max", |value| number(value, 0, 100_000))?,
        queue_wait: milliseconds(values, "queue_wait_ms", 1, 60_000)?,
        budget_per_address: points("budget_per_address")?,
        budget_per_token: points("budget_per_token")?,
    })
}

fn milliseconds(values: &Values, name: &str, min: u64, max: u64) -> Result<Duration, Error> {
    parse(values, name, |value| number(value, min, max)).map(Duration::from_millis)
}

fn parse<T>(
    values: &Values,
    name: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Error> {
    let definition = DEFINITIONS.iter().find(|setting| setting.name == name);
    let value = definition.and_then(|setting| Some((setting, values.get(setting.name)?)));
    let Some((setting, (value, origin))) = value else {
        return Err(Error::refused(format!("there is no setting {name}")));
    };
    parse(value.expose()).map_err(|reason| {
        let origin = match origin {
            Origin::Flag => format!("the flag --{}", setting.flag()),
            Origin::Environment => format!("the variable {}", setting.variable()),
            Origin::File(path) => format!("{name} in {path}"),
            Origin::Default => format!("the default of {name}"),
        };
        Error::refused(format!("{origin}: {reason}"))
    })
}

/// Both files, or neither.
fn tls_files(values: &Values) -> Result<Option<tls::Files>, Error> {
    let path = |name| {
        let path = parse(values, name, |path| Ok(path.to_owned()))?;
        Ok::<_, Error>(Some(path).filter(|path: &String| !path.is_empty()))
    };
    match (path("tls_certificate")?, path("tls_key")?) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            Ok(Some(tls::Files { certificate: certificate.into(), key: key.into() }))
        }
        _ => Err(Error::refused("tls_certificate and tls_key go together: set both, or neither")),
    }
}

/// Both the documents and what they are for, or neither.
fn documents(values: &Values) -> Result<documents::Options, Error> {
    let path = parse(values, "trusted_documents", |path| Ok(PathBuf::from(path)))?;
    let mode = parse(values, "trusted_documents_mode", str::parse)?;
    if (mode == documents::Mode::Off) != path.as_os_str().is_empty() {
        return Err(Error::refused(
            "trusted_documents and a trusted_documents_mode of allow or require go together",
        ));
    }
    let registering = parse(values, "persisted_queries", boolean)?;
    Ok(documents::Options { mode, path, registering })
}

/// Origins, separated by commas.
fn origins(value: &str) -> Result<Vec<String>, String> {
    let origins = value.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    let fits = |origin: &str| {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        origin == "*"
            || host.is_some_and(|host| {
                !host.is_empty() && !host.contains(['/', '*', ' ', '?', '#', '@'])
            })
    };
    match origins.clone().find(|origin| !fits(origin)) {
        Some(wrong) => Err(format!(
            "\"{wrong}\" is not an origin, such as https://films.example or http://localhost:3000"
        )),
        None => Ok(origins.map(str::to_ascii_lowercase).collect()),
    }
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
        assert_eq!(settings.database.read_connections, Some(3));
        assert_eq!(settings.http.body_bytes_max, 1_048_576);
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
    fn origins_are_names_of_sites() {
        let load =
            |origins| load(&["--cors-origins", origins]).map(|settings| settings.http.origins);
        let two = load("https://Films.example, http://localhost:3000").expect("origins");
        assert_eq!(two, ["https://films.example", "http://localhost:3000"]);
        for wrong in ["films.example", "https://films.example/", "https://*.example", "ftp://a"] {
            assert!(load(wrong).is_err(), "{wrong}");
        }
        let all = ["--cors-origins", "*", "--cors-credentials", "true"];
        assert!(refusal(&all).contains("name the origins"));
    }

    #[test]
    fn what_goes_together_is_set_together() {
        for alone in [
            ["--tls-key", "key.pem"],
            ["--tls-certificate", "certificate.pem"],
            ["--trusted-documents", "documents"],
            ["--trusted-documents-mode", "require"],
        ] {
            assert!(refusal(&alone).contains("together"), "{alone:?}");
        }
    }

    #[test]
    fn settings_are_printed_without_their_secrets() {
        for url in ["postgres://app:S3CRET@h/db", "postgres:///db?host=/run&password=S3CRET"] {
            let command = clap::Command::new("test").no_binary_name(true).args(flags());
            let matches = command.get_matches_from(["--database-url", url]);
            let given = matches.get_one::<Secret>("database_url").expect("it is given");
            let settings = Settings::load(&matches).expect("they fit");
            let printed = format!("{given:?} {settings:?} {settings:#?} {}", settings.show());
            assert!(printed.contains("database_url"), "{printed}");
            assert!(!printed.contains("S3CRET"), "{printed}");
        }
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
