//! What the tests stand on: a throw-away PostgreSQL cluster, databases, and the app on a port.

use std::fs::Permissions;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::{Value, json};
use shotlist::catalog::read::{Parameter, Rows};
use shotlist::catalog::{Backend, Catalog, DatabaseUrl, Options, Stop};
use shotlist::error::Fault;
use shotlist::graphql::{self, Api};
use shotlist::http::{self, Server};
use shotlist::import;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use ureq::middleware::MiddlewareNext;

use crate::canary;

/// The runtime on which the servers under test run.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        canary::watch();
        Runtime::new().expect("a runtime")
    })
}

/// Read with a statement, as the program does.
pub async fn fetch(
    catalog: &Catalog,
    sql: &str,
    parameters: Vec<Parameter>,
) -> Result<Arc<Rows>, Fault> {
    let stop = Stop::after(Duration::from_secs(60));
    let session = catalog.reader().session().await?;
    session.fetch(&sql.into(), None, parameters, &stop).await.map(|part| part.rows)
}

/// A query that ends only when it is stopped.
pub const FOREVER_ON_SQLITE: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// A database of its own, gone at the end.
pub struct Database {
    pub url: DatabaseUrl,
    pub text: String,
    pub backend: Backend,
    _owned: Option<Owned>,
}

/// What goes with the database to which it belongs.
enum Owned {
    Folder {
        _folder: TempDir,
    },
    /// A database of the cluster: together those of all tests take more room than any disk must have.
    Named(String),
}

impl Drop for Owned {
    fn drop(&mut self) {
        let Self::Named(name) = self else { return };
        let sql = format!("DROP DATABASE {name} WITH (FORCE)");
        // A test may end within a runtime, where another one cannot be waited for.
        let dropped = std::thread::scope(|scope| scope.spawn(|| cluster().try_admin(&sql)).join());
        if let Ok(Err(error)) = dropped {
            eprintln!("{sql}: {error}");
        }
    }
}

impl Database {
    /// An empty one: on SQLite a file that does not exist yet.
    pub fn empty(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite(tempfile::tempdir().expect("a temporary folder")),
            Backend::Postgres => Self::postgres("template0"),
        }
    }

    /// A copy of the built-in catalogue.
    pub fn built_in(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => {
                static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
                let template = TEMPLATE.get_or_init(|| {
                    let folder = tempfile::tempdir().expect("a temporary folder");
                    let url = format!("sqlite://{}", folder.path().join("catalog.db").display());
                    fill(&url);
                    folder
                });
                let folder = tempfile::tempdir().expect("a temporary folder");
                let name = "catalog.db";
                std::fs::copy(template.path().join(name), folder.path().join(name))
                    .expect("a copy");
                Self::sqlite(folder)
            }
            Backend::Postgres => {
                static TEMPLATE: OnceLock<String> = OnceLock::new();
                let template = TEMPLATE.get_or_init(|| {
                    let name = "built_in".to_owned();
                    cluster().built_in(&name);
                    name
                });
                Self::postgres(template)
            }
        }
    }

    fn sqlite(folder: TempDir) -> Self {
        let text = format!("sqlite://{}", folder.path().join("catalog.db").display());
        Self {
            url: text.parse().expect("a database URL"),
            text,
            backend: Backend::Sqlite,
            _owned: Some(Owned::Folder { _folder: folder }),
        }
    }

    fn postgres(template: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let cluster = cluster();
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        cluster.admin(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        let database = Self::at(cluster.url(&name));
        Self { _owned: Some(Owned::Named(name)), ..database }
    }

    /// On PostgreSQL, where it is already.
    fn at(text: String) -> Self {
        let url = text.parse().expect("a database URL");
        Self { url, text, backend: Backend::Postgres, _owned: None }
    }

    /// The same one, which is gone with the first of the two.
    pub fn share(&self) -> Self {
        let (url, text) = (self.url.clone(), self.text.clone());
        Self { url, text, backend: self.backend, _owned: None }
    }

    pub fn open(&self) -> Catalog {
        runtime()
            .block_on(Catalog::open(&self.url, &Options::default()))
            .expect("the database opens")
    }

    /// Links carry what their production says.
    pub fn assert_copies_agree(&self) {
        for table in ["credit", "production_genre", "production_company", "episode"] {
            let differs = |column| {
                format!(
                    "(p.{column} = l.{column}) IS NOT TRUE AND NOT (p.{column} IS NULL AND l.{column} IS NULL)"
                )
            };
            let columns: &[&str] = match table {
                "production_genre" => &["released_on", "kind", "rating_votes"],
                _ => &["released_on"],
            };
            let differs: Vec<_> = columns.iter().map(differs).collect();
            let sql = format!(
                "SELECT CAST(count(*) AS text) FROM {table} l JOIN production p ON p.id = l.production_id WHERE {}",
                differs.join(" OR ")
            );
            assert_eq!(self.texts(&sql), ["0"], "rows of {table} differ from their productions");
        }
    }

    /// Run SQL on it, from outside the program.
    pub fn sql(&self, sql: &str) {
        use sqlx::{Connection, Executor};
        runtime().block_on(async {
            let sql = sqlx::AssertSqlSafe(sql.to_owned());
            match self.backend {
                Backend::Sqlite => {
                    let mut connection =
                        sqlx::SqliteConnection::connect(&self.text).await.expect("it opens");
                    connection.execute(sqlx::raw_sql(sql)).await.expect("the SQL runs");
                    connection.close().await.expect("it closes");
                }
                Backend::Postgres => {
                    let mut connection =
                        sqlx::PgConnection::connect(&self.text).await.expect("it opens");
                    connection.execute(sqlx::raw_sql(sql)).await.expect("the SQL runs");
                    connection.close().await.expect("it closes");
                }
            }
        });
    }

    /// The text that a query of one column gives, row by row.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        use sqlx::Connection;
        runtime().block_on(async {
            let sql = sqlx::AssertSqlSafe(sql.to_owned());
            match self.backend {
                Backend::Sqlite => {
                    let mut connection =
                        sqlx::SqliteConnection::connect(&self.text).await.expect("it opens");
                    sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("the SQL runs")
                }
                Backend::Postgres => {
                    let mut connection =
                        sqlx::PgConnection::connect(&self.text).await.expect("it opens");
                    sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("the SQL runs")
                }
            }
        })
    }
}

fn fill(url: &str) {
    let url: DatabaseUrl = url.parse().expect("a database URL");
    runtime().block_on(async {
        let catalog = Catalog::open(&url, &Options::default()).await.expect("it opens");
        assert!(import::fill_empty(&catalog).await.expect("it is filled"));
        catalog.close().await.expect("it closes");
    });
}

/// The app on a port.
pub struct App {
    pub database: Database,
    pub api: Arc<Api>,
    pub sockets: Arc<http::socket::Sockets>,
    pub url: String,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl App {
    pub fn on(database: Database) -> Self {
        Self::with(database, http::Options::default())
    }

    pub fn with(database: Database, options: http::Options) -> Self {
        Self::with_api(database, graphql::Options::default(), options)
    }

    pub fn with_api(database: Database, api: graphql::Options, options: http::Options) -> Self {
        Self::over(database, &Options::default(), api, options)
    }

    /// One that reads in its own way.
    pub fn over(
        database: Database,
        read: &Options,
        api: graphql::Options,
        options: http::Options,
    ) -> Self {
        let catalog = runtime().block_on(Catalog::open(&database.url, read));
        let catalog = catalog.expect("the database opens");
        let _guard = runtime().enter();
        let api = Arc::new(Api::new(catalog, api).expect("its documents"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let server = Server::start(Arc::clone(&api), listener, options).expect("it starts");
        let sockets = server.sockets();
        let url = format!("http://{}", server.address());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = runtime().spawn(async move {
            let stop = async {
                let _ = stopped.await;
            };
            server.until_stopped(stop).await.expect("it stops");
        });
        Self { database, api, sockets, url, stop: Some(stop), task: Some(task) }
    }

    /// POST any JSON to the API.
    pub fn post(&self, body: &Value) -> (u16, Value) {
        let mut response = agent()
            .post(format!("{}/graphql", self.url))
            .header("accept", "application/graphql-response+json")
            .send_json(body)
            .expect("an answer");
        let text = response.body_mut().read_to_string().expect("text");
        (response.status().as_u16(), serde_json::from_str(&text).expect("JSON"))
    }

    /// The whole answer to a query.
    pub fn answer(&self, query: &str, variables: Value) -> Value {
        self.post(&json!({ "query": query, "variables": variables })).1
    }

    /// The data of a query that goes well.
    pub fn data(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.answer(query, variables);
        assert!(answer.get("errors").is_none(), "{query}\n{answer:#}");
        answer["data"].take()
    }

    /// A number among the metrics.
    pub fn metric(&self, name: &str) -> u64 {
        let page = agent().get(format!("{}/metrics", self.url)).call().expect("an answer");
        let text = page.into_body().read_to_string().expect("text");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|number| number.parse().ok()).expect(name)
    }

    /// How many statements the work costs.
    pub fn statements<T>(&self, work: impl FnOnce() -> T) -> (u64, T) {
        let before = self.api.catalog().reader().statements();
        let value = work();
        (self.api.catalog().reader().statements() - before, value)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        canary::look_at_metrics(&self.url);
        drop(self.stop.take());
        let task = self.task.take();
        let catalog = self.api.catalog().clone();
        runtime().block_on(async {
            if let Some(task) = task {
                let _ = task.await;
            }
            let _ = catalog.close().await;
        });
        canary::assert_none_logged();
    }
}

/// An HTTP client that takes every status for an answer. What it sends carries the canary, which
/// must not come back.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        .middleware(with_canary)
        .build()
        .into()
}

fn with_canary(
    request: ureq::http::Request<ureq::SendBody<'_>>,
    next: MiddlewareNext<'_>,
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    let (mut head, body) = request.into_parts();
    let (name, value) = canary::HEADER;
    head.headers.insert(name, value.parse().expect("a header"));
    // All that tests send with it is JSON or nothing.
    let body = match serde_json::from_reader(body.into_reader()) {
        Ok(json) => ureq::SendBody::from_json(&canary::marked(json))?,
        Err(_) => ureq::SendBody::none(),
    };
    let mut response = next.handle(ureq::http::Request::from_parts(head, body))?;
    let bytes = response.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
    canary::assert_none_in(&String::from_utf8_lossy(&bytes));
    Ok(response.map(|_| ureq::Body::builder().data(bytes)))
}

pub const BACKENDS: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

/// Run a test on the built-in catalogue in each database.
pub fn each(test: impl Fn(&App)) {
    for backend in BACKENDS {
        println!("on {backend:?}");
        test(&App::on(Database::built_in(backend)));
    }
}

/// A PostgreSQL.
pub struct Cluster {
    folder: PathBuf,
    /// Waits at the end of its pipe.
    keeper: Child,
    port: AtomicU16,
}

/// The PostgreSQL that the tests of this run share.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start("shared"))
}

impl Cluster {
    /// A cluster on a unix socket, owned by a user who is not root, as PostgreSQL demands. It ends
    /// with this value or this process, however that ends: its keeper waits for the end of a pipe.
    pub fn start(name: &str) -> Self {
        let bin = postgres_programs();
        let user = Unprivileged::choose();
        let folder = format!("shotlist-test-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder for the cluster");
        user.give(&folder);
        let mut initdb = Command::new(bin.join("initdb"));
        initdb.args([
            "--username=shotlist",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ]);
        let output = user.run(initdb.arg(&folder)).output().expect("initdb starts");
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));

        // Nobody reads its log, which is kept small.
        let settings = "listen_addresses = ''\nfsync = off\nmax_connections = 300\n\
            wal_level = minimal\nmax_wal_senders = 0\nmax_wal_size = 128MB\n";
        write(&folder.join("postgresql.auto.conf"), settings);

        // A line in the pipe is a signal after which the server starts again. No arguments in the
        // script: paths are passed beside it.
        let script = r#"
            more=yes
            while [ "$more" ]; do
                "$0/postgres" -D "$1" -k "$1" >>"$1/log" 2>&1 &
                read -r signal || more=
                kill -"${signal:-INT}" $!
                wait $!
            done
            rm -rf "$1""#;
        let mut keeper = Command::new("sh");
        keeper.arg("-c").arg(script).arg(&bin).arg(&folder).stdin(Stdio::piped());
        let keeper = user.run(&mut keeper).spawn().expect("the keeper starts");
        let cluster = Self { folder, keeper, port: AtomicU16::new(5432) };
        cluster.wait();
        cluster
    }

    /// Wait until it answers.
    pub fn wait(&self) {
        for _ in 0..400 {
            if self.try_admin("SELECT 1").is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("PostgreSQL did not start: {log}");
    }

    /// The port at which it listens, of the socket too.
    pub fn port(&self) -> u16 {
        self.port.load(Ordering::Relaxed)
    }

    /// Write a file that it can read, and nobody else can.
    pub fn give(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        write(&path, text);
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("permissions");
        Unprivileged::choose().give(&path);
        path
    }

    /// Serve on a port of this computer too, with other settings besides; where that is.
    pub fn listen(&self, settings: &str) -> u16 {
        // Below those that the system gives to clients, which come and go.
        let first = 20_000 + u16::try_from(std::process::id() % 10_000).expect("a small number");
        let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let port = (first..32_000).find(free).expect("a free port");
        let name = "postgresql.auto.conf";
        let text = std::fs::read_to_string(self.folder.join(name)).expect("its settings");
        let text = format!("{text}listen_addresses = '127.0.0.1'\nport = {port}\n{settings}");
        self.give(name, &text);
        self.restart("INT");
        self.port.store(port, Ordering::Relaxed);
        self.wait();
        port
    }

    /// Have it end by a signal, and start again.
    pub fn restart(&self, signal: &str) {
        let mut keeper = self.keeper.stdin.as_ref().expect("a pipe");
        keeper.write_all(format!("{signal}\n").as_bytes()).expect("the keeper listens");
    }

    /// Send a signal to all its processes.
    pub fn signal(&self, signal: Signal) {
        let lines = std::fs::read_to_string(self.folder.join("postmaster.pid")).expect("it runs");
        let main = lines.lines().next().expect("a process id");
        let children = std::fs::read_to_string(format!("/proc/{main}/task/{main}/children"));
        let children = children.expect("its processes");
        for process in std::iter::once(main).chain(children.split_whitespace()) {
            let process = process.parse().expect("a process id");
            // A child may end just now.
            let _ = nix::sys::signal::kill(Pid::from_raw(process), signal);
        }
    }

    /// A database on it with the built-in catalogue.
    pub fn built_in(&self, name: &str) -> Database {
        self.admin(&format!("CREATE DATABASE {name}"));
        let database = Database::at(self.url(name));
        fill(&database.text);
        database
    }

    fn url(&self, database: &str) -> String {
        let (folder, port) = (self.folder.display(), self.port());
        format!(
            "postgres:///{database}?host={folder}&port={port}&user=shotlist&password=C4NARYpassword"
        )
    }

    fn admin(&self, sql: &str) {
        self.try_admin(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn try_admin(&self, sql: &str) -> Result<(), sqlx::Error> {
        use sqlx::{Connection, Executor};
        // A template must have no other user; two tests may want a copy at once.
        static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        runtime().block_on(async {
            let mut connection = sqlx::PgConnection::connect(&self.url("postgres")).await?;
            connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await?;
            connection.close().await
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn postgres_programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<_> =
            versions.flatten().map(|entry| entry.path().join("bin")).collect();
        versions.sort();
        folders.extend(versions.into_iter().rev());
    }
    let found = folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists());
    let found = found.expect(
        "PostgreSQL's programs initdb and postgres are missing: apt-get install postgresql",
    );
    // A link in the PATH stands for the folder where the program has its libraries.
    let real = std::fs::canonicalize(found.join("initdb")).expect("a real path");
    real.parent().map(Path::to_path_buf).expect("a folder")
}

/// A user to run PostgreSQL as.
struct Unprivileged(Option<(u32, u32)>);

impl Unprivileged {
    fn choose() -> Self {
        let id = |flag| {
            let output = Command::new("id").arg(flag).output().expect("id runs");
            String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().expect("a number")
        };
        if id("-u") != 0 {
            return Self(None);
        }
        let passwd = std::fs::read_to_string("/etc/passwd").expect("the users of the system");
        let entry = |name: &str| {
            let line = passwd.lines().find(|line| line.starts_with(&format!("{name}:")))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        Self(Some(entry("postgres").or_else(|| entry("nobody")).expect("a user who is not root")))
    }

    fn run<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        match self.0 {
            Some((user, group)) => command.uid(user).gid(group).current_dir("/"),
            None => command,
        }
    }

    fn give(&self, folder: &Path) {
        if let Some((user, group)) = self.0 {
            std::os::unix::fs::chown(folder, Some(user), Some(group)).expect("root may give away");
        }
    }
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("it is written");
}

/// The folder of the tests' own scripts, with the packages they need installed.
pub fn scripts() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/js");
        let lock =
            std::fs::metadata(folder.join("package-lock.json")).and_then(|file| file.modified());
        let installed = std::fs::metadata(folder.join("node_modules/.package-lock.json"))
            .and_then(|file| file.modified());
        let fresh = matches!((lock, installed), (Ok(lock), Ok(installed)) if installed >= lock);
        if !fresh {
            let output = Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(&folder)
                .output()
                .expect("npm is missing: install Node.js 20 or newer");
            assert!(output.status.success(), "npm ci: {}", String::from_utf8_lossy(&output.stderr));
        }
        folder
    })
}
