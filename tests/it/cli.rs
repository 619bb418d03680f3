//! The program as it is started: commands, settings, signals, and what a crash leaves behind.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shotlist::catalog::Backend;
use tempfile::TempDir;

use crate::canary;
use crate::oracle::world::World;
use crate::support::{BACKENDS, Database, agent};

const FREE_PORT: &str = "127.0.0.1:0";
const UNREACHABLE: &str = "postgres://app:C4NARY@127.0.0.1:1/db";

/// The program, started in a folder of its own; it does not outlive this value.
pub struct Program {
    pub child: Child,
    /// Where it serves.
    url: Option<String>,
    folder: TempDir,
    said: TempDir,
}

/// A command without the environment of the tests. The program logs all it can, for the canary.
fn bare(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("SHOTLIST_LOG", "trace");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = bare(env!("CARGO_BIN_EXE_shotlist"));
    command.args(arguments);
    command
}

/// The command line that serves a database on a free port.
pub fn serve(database: &Database) -> Command {
    command(&["serve", "--listen", FREE_PORT, "--database-url", &database.text])
}

impl Program {
    fn spawn(command: Command) -> Self {
        Self::spawn_in(tempfile::tempdir().expect("a temporary folder"), command)
    }

    fn spawn_in(folder: TempDir, mut command: Command) -> Self {
        let said = tempfile::tempdir().expect("a temporary folder");
        // Files: unlike a pipe, they need nobody who reads.
        let file = |name| std::fs::File::create(said.path().join(name)).expect("a file");
        command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"));
        let child = command.spawn().expect("the program starts");
        Self { child, url: None, folder, said }
    }

    /// Start it and wait until it serves; gives the address with a slash at its end.
    pub fn start(command: Command) -> (Self, String) {
        let mut program = Self::spawn(command);
        let url = program.ready();
        let url = url.unwrap_or_else(|| panic!("it does not serve: {}", program.errors()));
        (program, url)
    }

    /// Run it to its end.
    fn run(command: Command) -> Self {
        Self::run_in(tempfile::tempdir().expect("a temporary folder"), command)
    }

    fn run_in(folder: TempDir, command: Command) -> Self {
        let mut program = Self::spawn_in(folder, command);
        program.wait(Duration::from_secs(30));
        program
    }

    /// The address once it serves; none where it ended instead.
    fn ready(&mut self) -> Option<String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let ended = self.child.try_wait().expect("it can be waited for").is_some();
            let output = self.output();
            if output.ends_with('\n') {
                let line = output.lines().next().unwrap_or_default();
                let url = line.strip_prefix("Shotlist is ready at ");
                self.url = Some(url.unwrap_or_else(|| panic!("{output}")).to_owned());
                return self.url.clone();
            }
            if ended {
                return None;
            }
            assert!(Instant::now() < deadline, "neither ready nor ended: {}", self.errors());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn wait(&mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(Instant::now() < deadline, "still there after {limit:?}: {}", self.errors());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The exit code of a program that has ended; none where a signal ended it.
    fn code(&mut self) -> Option<i32> {
        self.wait(Duration::ZERO).code()
    }

    /// Send a signal, such as TERM.
    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").arg(format!("-{name}")).arg(id).status();
        assert!(status.expect("kill starts").success(), "kill -{name}");
    }

    /// Ask it to stop and wait until it has done so.
    pub fn stop(&mut self, signal: &str) {
        self.look_at_metrics();
        self.signal(signal);
        let status = self.wait(Duration::from_secs(30));
        assert_eq!(status.code(), Some(0), "{signal}: {status}: {}", self.errors());
    }

    fn look_at_metrics(&self) {
        if let Some(url) = &self.url {
            canary::look_at_metrics(url.trim_end_matches('/'));
        }
    }

    /// What it has written to standard output.
    fn output(&self) -> String {
        std::fs::read_to_string(self.said.path().join("stdout")).expect("text")
    }

    /// What it has written to standard error.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.said.path().join("stderr")).expect("text")
    }

    /// The one sentence with which it gave up.
    fn sentence(&mut self) -> String {
        let errors = self.errors();
        assert_eq!(self.code(), Some(1), "{errors}");
        assert_eq!(self.output(), "", "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        let sentence = errors.trim_end().strip_prefix("shotlist: ");
        sentence.unwrap_or_else(|| panic!("{errors}")).to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.look_at_metrics();
        }
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            canary::assert_none_in(&self.errors());
            canary::assert_none_in(&self.output());
        }
    }
}

fn status(url: &str, path: &str) -> u16 {
    let response = agent().get(format!("{url}{path}")).call().expect("an answer");
    response.status().as_u16()
}

fn data(url: &str, query: &str) -> Value {
    let request = agent().post(format!("{url}graphql"));
    let mut response = request.send_json(json!({"query": query})).expect("an answer");
    let text = response.body_mut().read_to_string().expect("text");
    let mut answer: Value = serde_json::from_str(&text).expect("JSON");
    assert!(answer.get("errors").is_none(), "{answer:#}");
    answer["data"].take()
}

/// That the built-in catalogue is there whole, and was written once.
fn assert_whole_once(url: &str, database: &Database) {
    let data = data(
        url,
        "{ productions(first: 100) { totalCount nodes { credits { totalCount } } }
           people { totalCount } shots { totalCount } }",
    );
    let credits = data["productions"]["nodes"].as_array().expect("a list").iter();
    let credits: i64 = credits.filter_map(|node| node["credits"]["totalCount"].as_i64()).sum();
    let count = |name: &str| data[name]["totalCount"].as_i64().unwrap_or(-1);
    let counts = [count("productions"), count("people"), credits, count("shots")];
    assert_eq!(counts, [19, 66, 80, 6]);
    assert_eq!(database.texts("SELECT CAST(count(*) AS text) FROM change"), ["1"]);
    assert_eq!(database.texts("SELECT CAST(count(*) AS text) FROM credit"), ["80"]);
}

/// The steps of the schema.
const STEPS: [&str; 8] = [
    "m0001_catalog",
    "m0002_lists",
    "m0003_imports",
    "m0004_awards",
    "m0005_ranking",
    "m0006_changes",
    "m0007_row_ids",
    "m0008_credit_roles",
];

#[test]
fn schema_prints_the_contract() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let contract = std::fs::read_to_string(path).expect("the contract");
    let mut program = Program::run(command(&["schema"]));
    assert_eq!((program.code(), program.errors()), (Some(0), String::new()));
    assert!(program.output() == contract, "stale: make schema");
}

#[test]
fn config_tells_where_each_setting_comes_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = "read_connections = 3\nlog = \"warn\"\nplayground = false\n";
    std::fs::write(folder.path().join("shotlist.toml"), file).expect("written");
    let other = "read_connections = 2\n";
    std::fs::write(folder.path().join("other.toml"), other).expect("written");
    let mut all = command(&["config", "--log", "debug", "--listen", "[::1]:80"]);
    all.env("SHOTLIST_LOG", "error").env("SHOTLIST_PLAYGROUND", "true");
    let program = Program::run_in(folder, all);
    assert_eq!(program.errors(), "");
    let expected = "\
        database_url = \"sqlite://shotlist.db\"  # default\n\
        listen = \"[::1]:80\"  # flag\n\
        builtin_catalog = true  # default\n\
        playground = true  # environment\n\
        read_connections = 3  # shotlist.toml\n\
        statement_timeout_ms = 8000  # default\n\
        share_statements = true  # default\n\
        deadline_ms = 10000  # default\n\
        body_bytes_max = 1048576  # default\n\
        document_bytes_max = 65536  # default\n\
        tokens_max = 15000  # default\n\
        nesting_max = 64  # default\n\
        depth_max = 15  # default\n\
        aliases_max = 30  # default\n\
        root_fields_max = 20  # default\n\
        directives_max = 50  # default\n\
        expanded_fields_max = 10000  # default\n\
        introspection_roots_max = 10  # default\n\
        introspection_lists_max = 100  # default\n\
        introspection_depth_max = 2  # default\n\
        cost_max = 50000  # default\n\
        running_max = 32  # default\n\
        queue_max = 64  # default\n\
        queue_wait_ms = 250  # default\n\
        budget_per_address = 600000  # default\n\
        budget_per_token = 300000  # default\n\
        trusted_proxies = \"127.0.0.0/8,::1/128\"  # default\n\
        forwarded_header = \"x-forwarded-for\"  # default\n\
        header_timeout_ms = 5000  # default\n\
        body_timeout_ms = 10000  # default\n\
        response_timeout_ms = 30000  # default\n\
        read_rate_min = 65536  # default\n\
        keep_alive_ms = 75000  # default\n\
        connections_max = 2000  # default\n\
        request_bytes_max = 67108864  # default\n\
        kept_bytes_max = 16777216  # default\n\
        response_bytes_max = 67108864  # default\n\
        metrics = \"local\"  # default\n\
        sockets_max = 1000  # default\n\
        sockets_per_address_max = 100  # default\n\
        socket_operations_max = 100  # default\n\
        introspection = true  # default\n\
        trusted_documents = \"\"  # default\n\
        trusted_documents_mode = \"off\"  # default\n\
        persisted_queries = true  # default\n\
        batch_max = 0  # default\n\
        cors_origins = \"\"  # default\n\
        cors_credentials = false  # default\n\
        tls_certificate = \"\"  # default\n\
        tls_key = \"\"  # default\n\
        log = \"debug\"  # flag\n\
        log_format = \"text\"  # default\n";
    assert_eq!(program.output(), expected);

    let other = program.folder.path().join("other.toml");
    let named = Program::run(command(&["config", "--config", &other.to_string_lossy()]));
    let line = format!("read_connections = 2  # {}\n", other.display());
    assert!(named.output().contains(&line), "{}", named.output());
    let mut by_variable = command(&["config"]);
    by_variable.env("SHOTLIST_CONFIG", &other);
    assert_eq!(Program::run(by_variable).output(), named.output());
}

#[test]
fn a_password_is_masked_wherever_it_comes_from() {
    for url in [
        "postgres://app:C4NARY@h:5432/db",
        "postgres://app@h/db?password=C4NARY",
        "postgres://app:C4NARY@h/db?options=C4NARY&application_name=x#C4NARY",
    ] {
        let by_flag = command(&["config", "--database-url", url]);
        let mut by_variable = command(&["config"]);
        by_variable.env("SHOTLIST_DATABASE_URL", url);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = format!("database_url = \"{url}\"\n");
        std::fs::write(folder.path().join("shotlist.toml"), file).expect("written");
        let mut help = command(&["--help"]);
        help.env("SHOTLIST_DATABASE_URL", url);
        for (mut program, shown, origin) in [
            (Program::run(by_flag), "***", "# flag"),
            (Program::run(by_variable), "***", "# environment"),
            (Program::run_in(folder, command(&["config"])), "***", "# shotlist.toml"),
            (Program::run(help), "database-url", ""),
        ] {
            let output = program.output();
            assert_eq!(program.code(), Some(0), "{url}: {}", program.errors());
            assert!(output.contains(shown) && output.contains(origin), "{url}: {output}");
            assert!(!output.contains("C4NARY") && !program.errors().contains("C4NARY"), "{output}");
        }
    }
}

#[test]
fn the_example_is_a_settings_file() {
    let example = Program::run(command(&["config", "--example"])).output();
    let settings = example.lines().filter(|line| line.contains(" = ")).count();
    // A reader takes the marks off the lines that set something.
    let active: String = example
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(setting) if setting.contains(" = ") => format!("{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    for (text, origin, count) in
        [(&example, "# default", settings), (&active, "# x.toml", settings)]
    {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("x.toml"), text).expect("written");
        let mut config = command(&["config", "--config", "x.toml"]);
        config.env_remove("SHOTLIST_LOG");
        let program = Program::run_in(folder, config);
        let output = program.output();
        assert_eq!(output.lines().count(), count, "{output}{}", program.errors());
        assert!(output.lines().all(|line| line.ends_with(origin)), "{output}");
    }
}

#[test]
fn a_wrong_setting_is_refused_in_one_sentence() {
    for (file, arguments, about) in [
        (Some("lisen = \"127.0.0.1:0\"\n"), &["config"][..], "lisen"),
        (Some("lisen = \"127.0.0.1:0\"\n"), &["serve"], "lisen"),
        (Some("lisen = \"127.0.0.1:0\"\n"), &["migrate"], "lisen"),
        (Some("listen = [1]\n"), &["serve"], "listen"),
        (Some("listen = \"127.0.0.1:0\n"), &["serve"], "line 1"),
        (Some("read_connections = 0\n"), &["serve"], "read_connections"),
        (None, &["--config", "missing.toml"], "missing.toml"),
        (None, &["--listen", "here"], "--listen"),
        (None, &["--listen", "127.0.0.1:65536"], "--listen"),
        (None, &["--database-url", "mysql://x"], "--database-url"),
        (None, &["--database-url", "sqlite://"], "--database-url"),
        (None, &["--playground", "maybe"], "--playground"),
        (None, &["--body-bytes-max", "1"], "--body-bytes-max"),
        (None, &["--log-format", "xml"], "--log-format"),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if let Some(file) = file {
            std::fs::write(folder.path().join("shotlist.toml"), file).expect("written");
        }
        let mut program = Program::run_in(folder, command(arguments));
        let sentence = program.sentence();
        assert!(sentence.contains(about), "{arguments:?}: {sentence}");
        let database = program.folder.path().join("shotlist.db");
        assert!(!database.exists(), "{arguments:?} left a database");
    }
    let mut by_variable = command(&["serve"]);
    by_variable.env("SHOTLIST_LISTEN", "here");
    assert!(Program::run(by_variable).sentence().contains("SHOTLIST_LISTEN"));
}

#[test]
fn a_wrong_command_line_ends_with_code_2() {
    for arguments in [
        &["--nope"][..],
        &["serve", "--nope"],
        &["nope"],
        &["--listen"],
        &["schema", "--listen", FREE_PORT],
        &["completions"],
        &["completions", "nope"],
    ] {
        let mut program = Program::run(command(arguments));
        assert_eq!(program.code(), Some(2), "{arguments:?}");
        assert_eq!(program.output(), "", "{arguments:?}");
        assert!(program.errors().starts_with("error: "), "{arguments:?}: {}", program.errors());
    }
}

#[test]
fn help_completions_and_version_are_printed() {
    for (arguments, about) in [
        (&["--help"][..], "Examples:\n  shotlist "),
        (&["-h"], "Examples:\n  shotlist "),
        (&["help"], "Examples:\n  shotlist "),
        (&["serve", "--help"], "--database-url <URL>"),
        (&["migrate", "--help"], "--database-url <URL>"),
        (&["--version"], concat!("shotlist ", env!("CARGO_PKG_VERSION"))),
        (&["completions", "bash"], "complete -F _shotlist"),
        (&["completions", "zsh"], "#compdef shotlist"),
        (&["completions", "fish"], "complete -c shotlist"),
    ] {
        let mut program = Program::run(command(arguments));
        assert_eq!((program.code(), program.errors()), (Some(0), String::new()), "{arguments:?}");
        assert!(program.output().contains(about), "{arguments:?}: {}", program.output());
    }
}

#[test]
fn a_port_in_use_is_told_before_anything_is_written() {
    let taken = TcpListener::bind(FREE_PORT).expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut program = Program::run(command(&["--listen", &address]));
    let sentence = program.sentence();
    assert!(sentence.contains(&address), "{sentence}");
    let files = std::fs::read_dir(program.folder.path()).expect("a folder");
    assert_eq!(files.count(), 0, "files were left");
}

#[test]
fn a_database_file_that_cannot_be_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("text.db"), "This is not a database. ".repeat(100)).expect("written");
    std::fs::create_dir(path("folder.db")).expect("a folder");
    for path in [path("missing/catalog.db"), path("text.db"), path("folder.db")] {
        let url = format!("sqlite://{path}");
        let served = command(&["--listen", FREE_PORT, "--database-url", &url]);
        let migrated = command(&["migrate", "--database-url", &url]);
        for mut program in [Program::run(served), Program::run(migrated)] {
            let sentence = program.sentence();
            assert!(sentence.contains(&path), "{sentence}");
        }
    }
    let text = std::fs::read_to_string(path("text.db")).expect("text");
    assert!(text.starts_with("This is not a database. "), "it was changed: {text}");
}

#[test]
fn a_database_out_of_reach_is_told_soon_and_without_its_password() {
    let began = Instant::now();
    let by_query = "postgres:///db?host=127.0.0.1&port=1&user=app&password=C4NARY";
    let served = ["--listen", FREE_PORT];
    let started = [
        (&served[..], UNREACHABLE),
        (&served, by_query),
        (&["migrate"], UNREACHABLE),
        (&["migrate", "--log-format", "json"], by_query),
    ]
    .map(|(arguments, url)| {
        let mut command = command(arguments);
        command.env("SHOTLIST_DATABASE_URL", url);
        Program::spawn(command)
    });
    for mut program in started {
        let status = program.wait(Duration::from_secs(15).saturating_sub(began.elapsed()));
        let errors = program.errors();
        assert_eq!(status.code(), Some(1), "{errors}");
        assert_eq!(program.output(), "");
        assert!(!errors.contains("C4NARY"), "{errors}");
        // The log may come before it.
        let sentence = errors.lines().last().unwrap_or_default();
        assert!(sentence.starts_with("shotlist: cannot reach the database "), "{errors}");
        assert!(sentence.contains("127.0.0.1"), "{errors}");
    }
}

#[test]
fn a_parameter_that_the_driver_does_not_know_is_refused_without_its_value() {
    for parameter in ["passwd", "sslpassword", "%70assword"] {
        let url = format!("postgres://app@127.0.0.1:1/db?{parameter}=C4NARY");
        let mut program = Program::run(command(&["--database-url", &url]));
        assert_eq!(program.code(), Some(1));
        let errors = program.errors();
        assert!(errors.contains("--database-url") && errors.contains("not known"), "{errors}");
        assert!(!errors.contains("C4NARY"), "{errors}");
    }
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let step = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 1)";
        database.sql(step);
        let migrated = command(&["migrate", "--database-url", &database.text]);
        for mut program in [Program::run(serve(&database)), Program::run(migrated)] {
            let sentence = program.sentence();
            assert!(sentence.contains("newer"), "{sentence}");
            assert!(sentence.contains("m9999_later"), "{sentence}");
        }
        let steps = "SELECT version FROM seaql_migrations ORDER BY version";
        assert_eq!(database.texts(steps), [&STEPS[..], &["m9999_later"]].concat());
    }
}

#[test]
fn generate_fills_an_empty_database_with_the_same_rows_everywhere() {
    let [sqlite, postgres] = BACKENDS.map(|backend| {
        let database = Database::empty(backend);
        let generate = |productions: &str| {
            let url = database.text.as_str();
            let arguments = ["generate", "--productions", productions, "--database-url", url];
            Program::run(command(&arguments))
        };
        for (productions, expected) in [
            ("99", "a generated catalogue has 100 to 20000000 productions"),
            ("many", "invalid value"),
        ] {
            let mut program = generate(productions);
            assert_ne!(program.code(), Some(0));
            assert!(program.errors().contains(expected), "{}", program.errors());
        }
        let mut program = generate("1000");
        assert_eq!(program.code(), Some(0), "{}", program.errors());
        let mut program = generate("1000");
        assert_ne!(program.code(), Some(0));
        assert!(program.errors().contains("not empty"), "{}", program.errors());
        World::of(&database)
    });
    assert_eq!(sqlite.rows("production").len(), 1000);
    for (table, rows) in &sqlite.tables {
        assert_eq!(rows, &postgres.tables[table], "{table}");
    }
}

#[test]
fn generate_imdb_writes_files_and_needs_no_database() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = ["generate", "imdb", "day", "--titles", "1000", "--seed", "3", "--day", "2"];
    let mut program = Program::run_in(folder, command(&arguments));
    assert_eq!(program.code(), Some(0), "{}", program.errors());
    let mut files: Vec<_> = std::fs::read_dir(program.folder.path().join("day"))
        .expect("the folder of the files")
        .map(|file| file.expect("a file").file_name().into_string().expect("a name"))
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "manifest.json",
            "name.basics.tsv.gz",
            "title.akas.tsv.gz",
            "title.basics.tsv.gz",
            "title.crew.tsv.gz",
            "title.episode.tsv.gz",
            "title.principals.tsv.gz",
            "title.ratings.tsv.gz",
        ]
    );
    assert_eq!(std::fs::read_dir(program.folder.path()).expect("the folder").count(), 1);

    for (arguments, expected) in [
        (&["--titles", "999", "day"][..], "a generated data set has 1000 to 20000000 titles"),
        (&[], "<DIR>"),
    ] {
        let mut program = Program::run(command(&[&["generate", "imdb"], arguments].concat()));
        assert_ne!(program.code(), Some(0));
        assert!(program.errors().contains(expected), "{}", program.errors());
    }
}

#[test]
fn migrate_gives_an_older_catalogue_its_seasons() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        if backend == Backend::Sqlite {
            let file = database.text.trim_start_matches("sqlite://");
            std::fs::File::create(file).expect("an empty database");
        }
        database.sql(match backend {
            Backend::Sqlite => include_str!("../../migration/src/sql/0001_catalog.sqlite.sql"),
            Backend::Postgres => include_str!("../../migration/src/sql/0001_catalog.postgres.sql"),
        });
        database.sql(
            "CREATE TABLE seaql_migrations (version text PRIMARY KEY, applied_at bigint NOT NULL);
             INSERT INTO seaql_migrations VALUES ('m0001_catalog', 1);
             INSERT INTO production (id, kind, format, title) VALUES (1, 2, 'series', 'Show'), (2, 3, 'episode', 'a'), (3, 3, 'episode', 'b'), (4, 3, 'episode', 'c');
             INSERT INTO show (production_id) VALUES (1);
             INSERT INTO episode (production_id, show_id, season_number) VALUES (2, 1, 2), (3, 1, 2), (4, 1, NULL)",
        );
        let mut program = Program::run(command(&["migrate", "--database-url", &database.text]));
        assert_eq!(program.code(), Some(0), "{}", program.errors());
        let seasons = "SELECT CAST(e.production_id AS text) FROM season s JOIN episode e ON e.season_id = s.id WHERE s.show_id = 1 AND s.number = 2 ORDER BY 1";
        assert_eq!(database.texts(seasons), ["2", "3"]);
    }
}

#[test]
fn migrate_links_an_older_award_to_its_production() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        if backend == Backend::Sqlite {
            let file = database.text.trim_start_matches("sqlite://");
            std::fs::File::create(file).expect("an empty database");
        }
        database.sql(match backend {
            Backend::Sqlite => include_str!("../../migration/src/sql/0001_catalog.sqlite.sql"),
            Backend::Postgres => include_str!("../../migration/src/sql/0001_catalog.postgres.sql"),
        });
        database.sql(
            "CREATE TABLE seaql_migrations (version text PRIMARY KEY, applied_at bigint NOT NULL);
             INSERT INTO seaql_migrations VALUES ('m0001_catalog', 1);
             INSERT INTO source (id, key, name) VALUES (1, 's', 'S');
             INSERT INTO production (id, kind, format, title) VALUES (7, 1, 'feature', 'Film');
             INSERT INTO award (id, body, year, status, production_id, detail, source_id) VALUES (3, 'Body', 1999, 'winner', 7, 'a', 1), (4, 'Body', NULL, 'nominee', NULL, 'b', 1)",
        );
        let mut program = Program::run(command(&["migrate", "--database-url", &database.text]));
        assert_eq!(program.code(), Some(0), "{}", program.errors());
        let links = "SELECT CAST(award_id AS text) || ' ' || CAST(production_id AS text) || ' ' || CAST(position AS text) || ' ' || CAST(year AS text) FROM award_production";
        assert_eq!(database.texts(links), ["3 7 1 1999"]);
        let awards = "SELECT body || ' ' || status || ' ' || detail FROM award ORDER BY id";
        assert_eq!(database.texts(awards), ["Body winner a", "Body nominee b"]);
    }
}

#[test]
fn migrate_makes_an_empty_schema_once() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        for _ in 0..2 {
            let migrated = command(&["migrate", "--database-url", &database.text]);
            let mut program = Program::run(migrated);
            assert_eq!(program.code(), Some(0), "{}", program.errors());
            assert!(program.output().contains("up to date"), "{}", program.output());
        }
        assert_eq!(database.texts("SELECT version FROM seaql_migrations"), STEPS);
        assert_eq!(database.texts("SELECT CAST(count(*) AS text) FROM person"), ["0"]);
        let (_program, url) = Program::start(serve(&database));
        assert_whole_once(&url, &database);
    }
}

#[test]
fn the_first_start_fills_the_database_and_the_second_does_not() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        let (mut program, url) = Program::start(serve(&database));
        assert_whole_once(&url, &database);
        program.stop("TERM");

        database.sql("UPDATE person SET name = 'Somebody Else' WHERE name = 'Patty Jenkins'");
        let (mut program, url) = Program::start(serve(&database));
        assert_whole_once(&url, &database);
        let people = data(
            &url,
            "{ old: person(by: {name: \"Patty Jenkins\"}) { name }
               new: person(by: {name: \"Somebody Else\"}) { name } }",
        );
        assert_eq!(people, json!({"old": null, "new": {"name": "Somebody Else"}}));
        program.stop("TERM");
        assert!(!program.errors().contains("filled"), "{}", program.errors());
    }
}

#[test]
fn without_the_built_in_catalogue_the_database_stays_empty() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        let mut empty = serve(&database);
        empty.args(["--builtin-catalog", "false"]);
        let (_program, url) = Program::start(empty);
        assert_eq!(status(&url, "readyz"), 200);
        let counts = data(&url, "{ people { totalCount } productions { totalCount } }");
        let none = json!({"totalCount": 0});
        assert_eq!(counts, json!({"people": none, "productions": none}));
        assert_eq!(database.texts("SELECT CAST(count(*) AS text) FROM change"), ["0"]);
    }
}

#[test]
fn settings_reach_the_server() {
    let database = Database::built_in(Backend::Sqlite);
    let mut small = serve(&database);
    small.args(["--playground", "false", "--body-bytes-max", "1024", "--log-format", "json"]);
    let (mut program, url) = Program::start(small);
    assert_eq!(status(&url, ""), 404);
    let long = format!("{{ __typename{} }}", " ".repeat(1_024));
    let answer = agent().post(format!("{url}graphql")).send_json(json!({"query": long}));
    assert_eq!(answer.expect("an answer").status().as_u16(), 413);
    program.stop("TERM");
    let log = program.errors();
    assert!(!log.is_empty(), "nothing was logged");
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}");
    }
}

#[test]
fn a_signal_stops_it_cleanly() {
    for backend in BACKENDS {
        for signal in ["TERM", "INT"] {
            let database = Database::built_in(backend);
            let (mut program, url) = Program::start(serve(&database));
            assert_eq!(status(&url, "readyz"), 200);
            // A client that keeps its connection open and says nothing more.
            let address = url.trim_start_matches("http://").trim_end_matches('/');
            let mut idle = TcpStream::connect(address).expect("it listens");
            idle.write_all(b"GET /livez HTTP/1.1\r\nhost: test\r\n\r\n").expect("it reads");
            let mut start = [0; 12];
            idle.read_exact(&mut start).expect("an answer");
            assert_eq!(&start, b"HTTP/1.1 200");
            program.stop(signal);
            if let Some(path) = database.text.strip_prefix("sqlite://") {
                assert!(!Path::new(&format!("{path}-wal")).exists(), "the log was not merged");
            }
        }
    }
}

#[test]
fn a_signal_right_after_the_ready_line_stops_it_cleanly() {
    // A shell reads the line and sends the signal at once; its exit code is the program's.
    let script = r#"mkfifo out; "$@" >out & read -r line <out; kill -TERM $!; wait $!"#;
    let database = Database::built_in(Backend::Sqlite);
    for round in 0..12 {
        let served = serve(&database);
        let mut shell = bare("sh");
        shell.args(["-c", script, "sh"]).arg(served.get_program()).args(served.get_args());
        let mut program = Program::run(shell);
        assert_eq!(program.code(), Some(0), "round {round}: {}", program.errors());
    }
}

#[test]
fn a_request_under_way_is_answered_before_the_stop() {
    let database = Database::built_in(Backend::Sqlite);
    let (mut program, url) = Program::start(serve(&database));
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let body = json!({"query": "{ film(by: {title: \"Heat\"}) { title } }"}).to_string();
    let (start, rest) = body.split_at(10);
    let head = "POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{start}", body.len()).expect("it reads");
    std::thread::sleep(Duration::from_millis(200));
    program.signal("TERM");
    std::thread::sleep(Duration::from_millis(200));
    stream.write_all(rest.as_bytes()).expect("it still reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer, then the end");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.ends_with(r#"{"data":{"film":{"title":"Heat"}}}"#), "{answer}");
    assert_eq!(program.wait(Duration::from_secs(30)).code(), Some(0), "{}", program.errors());
}

#[test]
fn a_first_start_that_is_killed_leaves_nothing_half_done() {
    let kills: [(Backend, &[u64]); 2] = [
        (Backend::Sqlite, &[0, 5, 10, 20, 30, 40, 60, 80, 100, 130, 170, 250]),
        (Backend::Postgres, &[20, 70, 120, 200]),
    ];
    for (backend, moments) in kills {
        for &moment in moments {
            println!("{backend:?}, killed after {moment} ms");
            let database = Database::empty(backend);
            let mut killed = Program::spawn(serve(&database));
            std::thread::sleep(Duration::from_millis(moment));
            killed.signal("KILL");
            assert_eq!(killed.wait(Duration::from_secs(30)).code(), None);
            let (mut program, url) = Program::start(serve(&database));
            assert_whole_once(&url, &database);
            program.stop("TERM");
        }
    }
}

#[test]
fn servers_that_start_together_fill_the_database_once() {
    for backend in BACKENDS {
        for count in [2, 2, 2, 4] {
            let database = Database::empty(backend);
            let mut programs: Vec<_> =
                (0..count).map(|_| Program::spawn(serve(&database))).collect();
            let urls: Vec<_> = programs.iter_mut().map(Program::ready).collect();
            for (program, url) in programs.iter_mut().zip(&urls) {
                if url.is_none() {
                    let errors = program.errors();
                    println!("{backend:?}, one refused: {errors}");
                    assert_eq!(program.code(), Some(1), "{errors}");
                    let sentence = errors.lines().last().unwrap_or_default();
                    assert!(sentence.starts_with("shotlist: "), "{errors}");
                    assert!(!errors.contains("panicked"), "{errors}");
                }
            }
            assert!(urls.iter().any(Option::is_some), "none is ready");
            for url in urls.iter().flatten() {
                assert_whole_once(url, &database);
            }
        }
    }
}
